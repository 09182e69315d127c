#pragma once
// How a tree grows; grower.cpp alone includes this.

#include <algorithm>
#include <cstring>
#include <functional>
#include <limits>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include "base/executor.hpp"
#include "trees/event_shares.hpp"
#include "trees/grower.hpp"
#include "trees/grower_finder.hpp"
#include "trees/histogram_kinds.hpp"
#include "trees/training_kernels.hpp"

namespace diskern::trees {

// One tree in the making. The events belong to shares, about one for each thread, from the root to the leaves: what a
// thread has divided it adds up next, out of its own cache. A node is expanded (events divided, histograms and best cuts
// of both children found) in two steps that all threads take together: over the shares, then over the variables. All
// sums are integers, so neither the shares nor the order of expansions change a bit.
template <class Integer>
struct Grower<Integer>::Run {
  struct Node {
    Split split;
    WideCell sums;
    std::size_t begin = 0;  // as in the tree
    std::size_t end = 0;
    std::int32_t depth = 0;
    std::int32_t list = 0;    // which of the two lists holds its events
    std::int32_t left = -1;   // expanded if >= 0; its sibling is the next
    std::int32_t place = -1;  // in the tree
    bool ascending = false;   // its events are all there are: no list is looked at
    HistogramPointer histogram;  // none: given up for want of memory
    NodeLimits limits;           // with constraints only

    std::size_t size() const { return end - begin; }
  };

  using Target = typename Finder::Target;
  // The nodes of a target.
  struct Pair {
    std::int32_t node;
    std::int32_t sibling = -1;
  };

  Grower& grower;
  const Context& context;
  const GrowerRules& rules;
  const CellScales& scales;
  const Entry* entries;
  GrownTree& tree;
  std::size_t n_features;
  std::size_t n_shares;
  std::size_t block_size;  // of a share
  Finder finder;
  std::vector<Node> nodes{};
  std::vector<std::vector<Range>> segments{};  // of share s and node k, places in the node's list: [s][k]
  std::vector<std::int32_t> open{};  // in the tree, with a cut, in the order of their making
  std::uint32_t* lists[2]{};
  std::optional<TreeLimits> tree_limits{};
  std::size_t held = 0;  // histograms of open nodes
  std::size_t most_held = 0;

  static constexpr std::size_t batch_events = 65536;

  // Nanoseconds of dividing so many events and of adding up the smaller half of them.
  double work_of(std::size_t events) const {
    return static_cast<double>(events) * (0.5 * 0.25 * static_cast<double>(n_features) + 1.5);
  }

  Node& at(std::int32_t node) { return nodes[static_cast<std::size_t>(node)]; }
  const Node& at(std::int32_t node) const { return nodes[static_cast<std::size_t>(node)]; }
  Range& segment(std::int32_t node, std::size_t share) {
    return segments[share][static_cast<std::size_t>(node)];
  }

  std::int32_t new_node() {
    nodes.emplace_back();
    if (segments.empty()) segments.resize(n_shares);
    // Ahead, since threads write to them.
    for (std::vector<Range>& of_share : segments) {
      if (of_share.size() < nodes.size()) of_share.resize(2 * nodes.size() + 62);
    }
    return static_cast<std::int32_t>(nodes.size()) - 1;
  }

  bool worth_scanning(const Node& node) const { return finder.worth_scanning(node.sums, node.depth); }

  // Calls body(rows or nullptr, first event, n, place in the share) for a node's events in a share.
  template <class Body>
  void for_pieces(std::int32_t node, std::size_t share, const Body& body) {
    const Range& range = segment(node, share);
    if (!at(node).ascending) {
      body(lists[at(node).list] + range.begin, std::size_t{0}, range.end - range.begin, std::size_t{0});
      return;
    }
    const std::size_t n = grower.events_.n_events;
    std::size_t done = 0;
    for (std::size_t first = share * block_size; first < n; first += n_shares * block_size) {
      const std::size_t size = std::min(block_size, n - first);
      body(static_cast<const std::uint32_t*>(nullptr), first, size, done);
      done += size;
    }
  }

  // Divides the events of an expanded node within one share among its children.
  void divide(std::int32_t parent, std::size_t share, Workspace& workspace) {
    const TrainingKernels& kernels = training_kernels();
    const Node& node = at(parent);
    const auto bin = static_cast<std::uint32_t>(node.split.bin);
    const std::uint32_t width = (node.split.missing_right ? 256U : 255U) - bin;
    const std::uint8_t* column = grower.events_.column(static_cast<std::size_t>(node.split.feature));
    const Range range = segment(parent, share);
    const std::size_t n = range.end - range.begin;
    std::vector<std::uint64_t>& mask = workspace.mask;
    if (mask.size() < (n + 63) / 64) mask.resize((n + 63) / 64);
    std::vector<std::size_t>& marked = workspace.marked;
    marked.clear();
    std::size_t n_right = 0;
    for_pieces(parent, share, [&](const std::uint32_t* rows, std::size_t first, std::size_t size, std::size_t place) {
      marked.push_back(kernels.mark(column, rows, first, size, bin, width, mask.data() + place / 64));
      n_right += marked.back();
    });
    const std::size_t middle = range.end - n_right;
    std::uint32_t* left = lists[1 - node.list] + range.begin;
    std::uint32_t* right = lists[1 - node.list] + middle;
    std::size_t piece = 0;
    for_pieces(parent, share, [&](const std::uint32_t* rows, std::size_t first, std::size_t size, std::size_t place) {
      kernels.divide(rows, first, size, mask.data() + place / 64, left, right);
      left += size - marked[piece];
      right += marked[piece++];
    });
    segment(node.left, share) = {range.begin, middle};
    segment(node.left + 1, share) = {middle, range.end};
  }

  // Adds up a node's events in the shares.
  void add_up(std::int32_t node, const Range& shares, Part& part) {
    for (std::size_t share = shares.begin; share < shares.end; ++share) {
      for_pieces(node, share, [&](const std::uint32_t* rows, std::size_t first, std::size_t size, std::size_t) {
        part.add(grower.events_, grower.layout_, entries, rows, first, size);
      });
    }
  }

  // Of the squares of the weights, where the constraints ask for an effective count.
  Histogram<std::int64_t> squares_of(std::int32_t node) {
    Histogram<std::int64_t> sum(n_features * cells_per_feature);
    if (!worth_scanning(at(node))) return sum;
    std::vector<Histogram<std::int64_t>> of_share(n_shares);
    finder.together(
        n_shares,
        [&](std::size_t share) {
          of_share[share].resize(sum.size());
          for_pieces(node, share, [&](const std::uint32_t* rows, std::size_t first, std::size_t size, std::size_t) {
            add_cells(grower.events_, rules.constraints.squares, rows, first, size, of_share[share]);
          });
        },
        work_of(at(node).size()));
    for (const Histogram<std::int64_t>& other : of_share) {
      for (std::size_t c = 0; c < sum.size(); ++c) sum[c] = sum[c] + other[c];
    }
    return sum;
  }

  // A node, and its sibling if any, as the finder wants them.
  void describe(std::int32_t index, typename Finder::Side& side) {
    const Node& node = at(index);
    side.sums = &node.sums;
    side.scan = worth_scanning(node);
    if (!tree_limits) return;
    side.limits = &node.limits;
    if (rules.constraints.squares != nullptr) side.squares = squares_of(index);
  }

  void take_over(std::int32_t index, typename Finder::Side& side) {
    Node& node = at(index);
    node.split = side.found;
    node.histogram = std::move(side.histogram);
    if (node.histogram) ++held;
  }

  void let_go(Node& node) {
    if (!node.histogram) return;
    grower.give(std::move(node.histogram));
    --held;
  }

  // Makes the children of the nodes of the batch.
  void expand(const std::vector<std::int32_t>& batch, bool scan) {
    std::size_t events = 0;
    for (const std::int32_t parent : batch) {
      const std::int32_t first = new_node();
      new_node();
      Node& node = at(parent);
      node.left = first;
      events += node.size();
      Node& left = at(first);
      Node& right = at(first + 1);
      left.sums = node.split.left;
      right.sums = node.split.right;
      left.depth = right.depth = node.depth + 1;
      left.list = right.list = 1 - node.list;
      if (tree_limits) {
        // The numbers of the children count only where a node draws variables of its own, and then no node is expanded
        // ahead of its turn.
        const auto place = static_cast<std::int32_t>(tree.nodes.size());
        tree_limits->children(node.limits, node.split, scales, left.depth, place, place + 1, left.limits,
                              right.limits);
      }
    }
    std::vector<Pair> pairs;
    std::vector<Target> targets;
    for (const std::int32_t parent : batch) {
      Node& node = at(parent);
      const std::int32_t left = node.left;
      const bool scan_left = scan && worth_scanning(at(left));
      const bool scan_right = scan && worth_scanning(at(left + 1));
      if (scan_left || scan_right) {
        const bool left_is_smaller = at(left).sums.count <= at(left + 1).sums.count;
        if (node.histogram) {
          pairs.push_back({left_is_smaller ? left : left + 1, left_is_smaller ? left + 1 : left});
          targets.emplace_back();
          targets.back().parent = std::move(node.histogram);
          --held;
        } else {
          if (scan_left) pairs.push_back({left});
          if (scan_right) pairs.push_back({left + 1});
          targets.resize(pairs.size());
        }
      }
      let_go(node);
    }
    for (std::size_t t = 0; t < targets.size(); ++t) targets[t].node.sums = &at(pairs[t].node).sums;
    const double work = work_of(events);
    const std::size_t groups = finder.groups_of(work);
    const bool by_variables = finder.by_variables(targets);
    finder.prepare_parts(targets, by_variables ? 1 : groups);
    if (grower.workspaces_.size() < groups) grower.workspaces_.resize(groups);
    finder.together(
        groups,
        [&](std::size_t group) {
          const Range shares = finder.shares_of(group, groups);
          for (const std::int32_t parent : batch) {
            for (std::size_t share = shares.begin; share < shares.end; ++share) {
              divide(parent, share, grower.workspaces_[group]);
            }
          }
          if (by_variables) return;
          for (std::size_t t = 0; t < targets.size(); ++t) {
            add_up(pairs[t].node, shares, grower.parts_[targets[t].first_part + group]);
          }
        },
        work);
    for (const std::int32_t parent : batch) {
      const Node& node = at(parent);
      std::size_t n_left = 0;
      for (std::size_t share = 0; share < n_shares; ++share) {
        n_left += segment(node.left, share).end - segment(node.left, share).begin;
      }
      at(node.left).begin = node.begin;
      at(node.left).end = at(node.left + 1).begin = node.begin + n_left;
      at(node.left + 1).end = node.end;
    }
    if (targets.empty()) return;
    for (std::size_t t = 0; t < targets.size(); ++t) {
      describe(pairs[t].node, targets[t].node);
      if (pairs[t].sibling >= 0) describe(pairs[t].sibling, targets[t].sibling);
    }
    const typename Finder::AddUp all_shares = [&](std::size_t target, const Range& features, Part& part) {
      if constexpr (Finder::packed) {
        for (std::size_t share = 0; share < n_shares; ++share) {
          for_pieces(pairs[target].node, share,
                     [&](const std::uint32_t* rows, std::size_t first, std::size_t size, std::size_t) {
                       part.add_range(grower.events_, features, entries, rows, first, size);
                     });
        }
      }
    };
    finder.find(targets, by_variables ? 1 : groups, by_variables ? &all_shares : nullptr);
    for (std::size_t t = 0; t < targets.size(); ++t) {
      take_over(pairs[t].node, targets[t].node);
      if (pairs[t].sibling >= 0) take_over(pairs[t].sibling, targets[t].sibling);
    }
  }

  bool before(std::int32_t a, std::int32_t b) const {
    // Leaf-wise: the largest gain first, ties to the older node. Level by level: the oldest.
    const Node& one = nodes[static_cast<std::size_t>(a)];
    const Node& other = nodes[static_cast<std::size_t>(b)];
    if (rules.leaf_wise && one.split.gain != other.split.gain) return one.split.gain > other.split.gain;
    return one.place < other.place;
  }

  // Expands `next` and, where all open nodes have their turn anyway, small ones whose turn comes soon.
  void expand_from(std::int32_t next, std::size_t leaves_left) {
    std::vector<std::int32_t> batch{next};
    const bool all_have_their_turn = !rules.leaf_wise || rules.max_leaf_nodes == 0;
    if (all_have_their_turn && rules.constraints.column_fraction_node >= 1 && at(next).size() < batch_events) {
      std::vector<std::int32_t> candidates;
      for (const std::int32_t node : open) {
        if (node != next && at(node).left < 0 && at(node).size() < batch_events) candidates.push_back(node);
      }
      std::sort(candidates.begin(), candidates.end(), [&](std::int32_t a, std::int32_t b) { return before(a, b); });
      std::size_t events = at(next).size();
      std::size_t to_scan = at(next).depth + 1 == rules.max_depth ? 0 : 1;
      for (const std::int32_t node : candidates) {
        // The sums of a few nodes stay in the cache.
        constexpr std::size_t most_to_scan = 4;
        to_scan += at(node).depth + 1 == rules.max_depth ? 0 : 1;
        events += at(node).size();
        if (batch.size() == leaves_left || to_scan > most_to_scan || (to_scan > 0 && events > batch_events)) break;
        batch.push_back(node);
      }
    }
    expand(batch, leaves_left > batch.size());
  }

  void add_to_tree(std::int32_t index) {
    Node& node = at(index);
    node.place = static_cast<std::int32_t>(tree.nodes.size());
    GrownNode grown;
    grown.depth = node.depth;
    grown.sums = node.sums;
    grown.begin = node.begin;
    grown.end = node.end;
    if (tree_limits) {
      grown.lower = node.limits.lower;
      grown.upper = node.limits.upper;
    }
    tree.nodes.push_back(grown);
    if (node.split.valid()) open.push_back(index);
  }

  void grow_root(const std::vector<std::uint32_t>* rows) {
    new_node();
    Node& root = nodes[0];
    root.ascending = rows == nullptr;
    if (rules.constraints.any()) {
      tree_limits.emplace(rules.constraints, n_features, rules.split.lambda_l2);
      root.limits = tree_limits->root();
    }
    deal_out(rows);
    std::vector<Target> targets(1);
    root.sums = finder.sum_root(targets, root.size(), [&](const Range& shares, Part& part) {
      add_up(0, shares, part);
    });
    describe(0, targets[0].node);
    finder.find(targets, finder.root_groups, nullptr);
    take_over(0, targets[0].node);
    add_to_tree(0);
  }

  // The root's events in each share.
  void deal_out(const std::vector<std::uint32_t>* rows) {
    std::size_t begin = 0;
    if (rows == nullptr) {
      for (std::size_t share = 0; share < n_shares; ++share) {
        std::size_t size = 0;
        for_pieces(0, share, [&](const std::uint32_t*, std::size_t, std::size_t piece, std::size_t) { size += piece; });
        segment(0, share) = {begin, begin + size};
        begin += size;
      }
    } else {
      std::vector<std::size_t> place(n_shares + 1, 0);
      for (const std::uint32_t row : *rows) ++place[row / block_size % n_shares + 1];
      for (std::size_t share = 0; share < n_shares; ++share) {
        place[share + 1] += place[share];
        segment(0, share) = {place[share], place[share + 1]};
      }
      begin = place[n_shares];
      for (const std::uint32_t row : *rows) lists[0][place[row / block_size % n_shares]++] = row;
    }
    nodes[0].end = begin;
  }

  void grow_rest() {
    std::size_t n_leaves = 1;
    const auto most_leaves = rules.max_leaf_nodes == 0 ? std::numeric_limits<std::size_t>::max()
                                                       : static_cast<std::size_t>(rules.max_leaf_nodes);
    while (!open.empty() && n_leaves < most_leaves) {
      if (context.interrupted()) {
        tree.interrupted = true;
        break;
      }
      const auto next = rules.leaf_wise ? std::min_element(open.begin(), open.end(),
                                                           [&](std::int32_t a, std::int32_t b) { return before(a, b); })
                                        : open.begin();
      const std::int32_t index = *next;
      if (at(index).left < 0) expand_from(index, most_leaves - n_leaves);
      open.erase(std::find(open.begin(), open.end(), index));
      const Node& node = at(index);
      const auto left = static_cast<std::int32_t>(tree.nodes.size());
      GrownNode& grown = tree.nodes[static_cast<std::size_t>(node.place)];
      grown.split = node.split;
      grown.left = left;
      grown.right = left + 1;
      const std::int32_t first = node.left;
      add_to_tree(first);
      add_to_tree(first + 1);
      ++n_leaves;
      save_memory(most_leaves - n_leaves);
    }
  }

  // Histograms of the open nodes whose turn comes last are given up; should it come, both children are summed.
  void save_memory(std::size_t leaves_left) {
    while (held > std::min(most_held, leaves_left)) {
      std::int32_t last = -1;
      for (const std::int32_t node : open) {
        if (at(node).histogram && (last < 0 || before(last, node))) last = node;
      }
      if (last < 0) return;  // those of nodes that were expanded ahead of their turn
      let_go(at(last));
    }
  }

  void hand_over(bool ordered);
  bool is_leaf(const Node& node) const;
  void copy_to_tree(std::int32_t leaf, std::size_t share);
  void merge_shares(std::int32_t leaf);
};

}  // namespace diskern::trees

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

  // A node to be summed, and from which nodes it is told apart.
  struct Target {
    std::int32_t node;
    std::int32_t sibling = -1;  // whose histogram is that of the parent minus the node's; -1: none
    HistogramPointer parent{};
    HistogramPointer own{};
    std::size_t first_part = 0;
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
  std::vector<Node> nodes{};
  std::vector<std::vector<Range>> segments{};  // of share s and node k, places in the node's list: [s][k]
  std::vector<std::int32_t> open{};  // in the tree, with a cut, in the order of their making
  std::uint32_t* lists[2]{};
  std::optional<TreeLimits> tree_limits{};
  std::size_t held = 0;  // histograms of open nodes
  std::size_t most_held = 0;

  // Handing work to other threads costs 1 to 2 microseconds.
  static constexpr double shared_work = 5e3;
  static constexpr double scan_work = 170;  // nanoseconds of one variable of one node
  static constexpr std::size_t batch_events = 65536;
  static constexpr std::size_t few_events = 100;  // for each variable

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

  bool worth_scanning(const Node& node) const {
    return (rules.max_depth == 0 || node.depth < rules.max_depth) &&
           scales.count.value(node.sums.count) >= 2 * rules.split.min_samples_leaf;
  }

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

  // How many groups of shares are worth a thread each.
  std::size_t groups_of(double work) const {
    return std::clamp<std::size_t>(static_cast<std::size_t>(work / shared_work * 2.0), 1, n_shares);
  }
  Range shares_of(std::size_t group, std::size_t groups) const {
    return {group * n_shares / groups, (group + 1) * n_shares / groups};
  }
  void together(std::size_t chunks, const std::function<void(std::size_t)>& body, double work) const {
    parallel_for(context, chunks, body, work < shared_work ? 0.0 : 1e9);
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

  // Adds up a node's events in the shares, the variables of the range only.
  void add_up(std::int32_t node, const Range& shares, const Range& features, Part& part) {
    for (std::size_t share = shares.begin; share < shares.end; ++share) {
      for_pieces(node, share, [&](const std::uint32_t* rows, std::size_t first, std::size_t size, std::size_t) {
        part.add(grower.events_, grower.layout_, features, entries, rows, first, size);
      });
    }
  }

  void prepare_parts(std::vector<Target>& targets, std::size_t groups) {
    std::size_t used = 0;
    for (Target& target : targets) {
      target.own = grower.take();
      target.first_part = used;
      const bool one_block = Part::fits(grower.layout_, at(target.node).sums);
      for (std::size_t g = 0; g < groups; ++g, ++used) {
        if (used == grower.parts_.size()) grower.parts_.emplace_back(n_features);
        Part& part = grower.parts_[used];
        if (!one_block && g > 0 && !part.kept) part.kept = grower.take();
        part.start(g == 0 ? target.own.get() : part.kept.get());
      }
    }
  }

  // Of the squares of the weights, where the constraints ask for an effective count.
  Histogram<std::int64_t> squares_of(std::int32_t node) {
    Histogram<std::int64_t> sum(n_features * cells_per_feature);
    if (!worth_scanning(at(node))) return sum;
    std::vector<Histogram<std::int64_t>> of_share(n_shares);
    together(
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

  // Brings the parts of the targets together, makes the histograms of their siblings, and finds the best cuts.
  // add: the events have to be added up first.
  void find_splits(std::vector<Target>& targets, std::size_t groups, bool add) {
    std::vector<Split>& splits = grower.splits_;
    splits.assign(2 * targets.size() * n_features, Split{});
    std::vector<Histogram<std::int64_t>> squares(2 * targets.size());
    if (tree_limits && rules.constraints.squares != nullptr) {
      for (std::size_t t = 0; t < targets.size(); ++t) {
        squares[2 * t] = squares_of(targets[t].node);
        if (targets[t].sibling >= 0) squares[2 * t + 1] = squares_of(targets[t].sibling);
      }
    }
    const auto scan = [&](const Node& node, const HistogramType& histogram, std::size_t f,
                          const Histogram<std::int64_t>& of_squares) {
      const std::size_t bin_count = grower.edges_.bin_count(f);
      if (!tree_limits) return scan_feature(histogram, f, bin_count, node.sums, scales, rules.split);
      return scan_constrained(histogram, of_squares.empty() ? nullptr : of_squares.data() + f * cells_per_feature, f,
                              bin_count, node.sums, scales, rules, node.limits);
    };
    // One range of variables for each share, the same in every node: histograms stay in the cache of their thread.
    const std::size_t at_once = (n_features + n_shares - 1) / n_shares;
    const std::size_t chunks = chunk_count(n_features, at_once);
    together(
        chunks * targets.size(),
        [&](std::size_t chunk) {
          Target& target = targets[chunk / chunks];
          const Range range = chunk_range(n_features, at_once, chunk % chunks);
          std::vector<Part>& parts = grower.parts_;
          const Node& node = at(target.node);
          const bool scan_own = worth_scanning(node);
          const bool scan_sibling = target.sibling >= 0 && worth_scanning(at(target.sibling));
          if (add) add_up(target.node, {0, n_shares}, range, parts[target.first_part]);
          for (std::size_t f = range.begin; f < range.end; ++f) {
            Part::collect(grower.layout_, parts.data() + target.first_part, groups, f);
            Split* found = splits.data() + 2 * (chunk / chunks) * n_features + f;
            if (scan_own) *found = scan(node, *target.own, f, squares[2 * (chunk / chunks)]);
            if (target.sibling < 0) continue;
            subtract_feature(*target.parent, *target.own, f);
            if (scan_sibling) {
              found[n_features] = scan(at(target.sibling), *target.parent, f, squares[2 * (chunk / chunks) + 1]);
            }
          }
        },
        static_cast<double>(2 * targets.size() * n_features) * scan_work * (add ? 2.0 : 1.0));
    for (std::size_t t = 0; t < targets.size(); ++t) {
      choose(at(targets[t].node), splits.data() + 2 * t * n_features, std::move(targets[t].own));
      if (targets[t].sibling < 0) continue;
      choose(at(targets[t].sibling), splits.data() + (2 * t + 1) * n_features, std::move(targets[t].parent));
    }
  }

  void choose(Node& node, const Split* candidates, HistogramPointer histogram) {
    for (std::size_t f = 0; f < n_features; ++f) {
      const Split& candidate = candidates[f];
      if (candidate.valid() && (!node.split.valid() || candidate.gain > node.split.gain)) node.split = candidate;
    }
    if (node.split.valid()) {
      node.histogram = std::move(histogram);
      ++held;
    } else {
      grower.give(std::move(histogram));
    }
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
    std::vector<Target> targets;
    for (const std::int32_t parent : batch) {
      Node& node = at(parent);
      const std::int32_t left = node.left;
      const bool scan_left = scan && worth_scanning(at(left));
      const bool scan_right = scan && worth_scanning(at(left + 1));
      if (scan_left || scan_right) {
        const bool left_is_smaller = at(left).sums.count <= at(left + 1).sums.count;
        if (node.histogram) {
          targets.push_back({left_is_smaller ? left : left + 1, left_is_smaller ? left + 1 : left});
          targets.back().parent = std::move(node.histogram);
          --held;
        } else {
          if (scan_left) targets.push_back({left});
          if (scan_right) targets.push_back({left + 1});
        }
      }
      let_go(node);
    }
    const double work = work_of(events);
    const std::size_t groups = groups_of(work);
    // Bringing the parts of a histogram together costs the traffic of half of it between any two threads. For few events
    // it is cheaper when every thread adds up all of them, each for its own variables.
    bool by_variables = n_shares > 1;
    for (const Target& target : targets) {
      const WideCell& sums = at(target.node).sums;
      by_variables = by_variables && Part::fits(grower.layout_, sums) &&
                     sums.count <= static_cast<std::int64_t>(few_events * n_features);
    }
    prepare_parts(targets, by_variables ? 1 : groups);
    if (grower.workspaces_.size() < groups) grower.workspaces_.resize(groups);
    together(
        groups,
        [&](std::size_t group) {
          const Range shares = shares_of(group, groups);
          for (const std::int32_t parent : batch) {
            for (std::size_t share = shares.begin; share < shares.end; ++share) {
              divide(parent, share, grower.workspaces_[group]);
            }
          }
          if (by_variables) return;
          for (const Target& target : targets) {
            add_up(target.node, shares, {0, n_features}, grower.parts_[target.first_part + group]);
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
    if (!targets.empty()) find_splits(targets, by_variables ? 1 : groups, by_variables);
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
    const double work = 2 * work_of(root.size());
    const std::size_t groups = groups_of(work);
    std::vector<Target> targets;
    targets.push_back({0});
    root.sums.count = std::numeric_limits<std::int64_t>::max();  // not known yet
    prepare_parts(targets, groups);
    together(
        groups, [&](std::size_t group) { add_up(0, shares_of(group, groups), {0, n_features}, grower.parts_[group]); },
        work);
    together(
        n_features, [&](std::size_t f) { Part::collect(grower.layout_, grower.parts_.data(), groups, f); },
        static_cast<double>(n_features) * scan_work);
    nodes[0].sums = total(*targets[0].own);
    find_splits(targets, 0, false);
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

  bool is_leaf(const Node& node) const {
    return node.place >= 0 && tree.nodes[static_cast<std::size_t>(node.place)].left < 0;
  }

  // Hands the events of the leaves to the tree: as they are, share by share in its own list, or leaf by leaf.
  void hand_over(bool ordered) {
    tree.n_shares = ordered ? 1 : n_shares;
    tree.block_size = block_size;
    tree.segments.assign(tree.nodes.size() * tree.n_shares, Range{0, 0});
    const bool merge = ordered && n_shares > 1;
    if (merge) grower.merged_.resize(tree.rows.size());
    std::vector<std::int32_t> leaves;
    for (std::size_t k = 0; k < nodes.size(); ++k) {
      if (is_leaf(nodes[k])) leaves.push_back(static_cast<std::int32_t>(k));
    }
    const double work = static_cast<double>(tree.rows.size()) * 0.3;
    const auto of_tree = [&](std::int32_t leaf) {
      return tree.segments.data() + static_cast<std::size_t>(at(leaf).place) * tree.n_shares;
    };
    if (merge) {
      together(
          leaves.size(),
          [&](std::size_t k) {
            merge_shares(leaves[k]);
            *of_tree(leaves[k]) = {at(leaves[k]).begin, at(leaves[k]).end};
          },
          work);
    } else {
      for (const std::int32_t leaf : leaves) {
        for (std::size_t share = 0; share < n_shares; ++share) of_tree(leaf)[share] = segment(leaf, share);
      }
      together(
          n_shares,
          [&](std::size_t share) {
            for (const std::int32_t leaf : leaves) copy_to_tree(leaf, share);
          },
          work);
    }
    if (merge) tree.rows.swap(grower.merged_);
    for (Node& node : nodes) let_go(node);
  }

  void copy_to_tree(std::int32_t leaf, std::size_t share) {
    const Node& node = at(leaf);
    const Range& range = segment(leaf, share);
    std::uint32_t* out = lists[0] + range.begin;
    if (node.ascending) {
      for_pieces(leaf, share, [&](const std::uint32_t*, std::size_t first, std::size_t n, std::size_t) {
        std::iota(out, out + n, static_cast<std::uint32_t>(first));
        out += n;
      });
    } else if (node.list == 1) {
      std::memcpy(out, lists[1] + range.begin, (range.end - range.begin) * sizeof(std::uint32_t));
    }
  }

  // A leaf's events of all shares, ascending. Blocks lie in one share each.
  void merge_shares(std::int32_t leaf) {
    const Node& node = at(leaf);
    std::uint32_t* out = grower.merged_.data() + node.begin;
    if (node.ascending) {
      std::iota(out, out + node.size(), 0U);
      return;
    }
    const std::uint32_t* list = lists[node.list];
    std::vector<std::size_t> next(n_shares);
    for (std::size_t share = 0; share < n_shares; ++share) next[share] = segment(leaf, share).begin;
    std::uint32_t* const end = out + node.size();
    while (out != end) {
      std::size_t lowest = n_shares;
      for (std::size_t share = 0; share < n_shares; ++share) {
        if (next[share] == segment(leaf, share).end) continue;
        if (lowest == n_shares || list[next[share]] < list[next[lowest]]) lowest = share;
      }
      const std::size_t block = list[next[lowest]] / block_size;
      const std::size_t stop = segment(leaf, lowest).end;
      while (next[lowest] != stop && list[next[lowest]] / block_size == block) *out++ = list[next[lowest]++];
    }
  }
};

}  // namespace diskern::trees

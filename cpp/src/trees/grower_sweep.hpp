#pragma once
// Shallow trees in sweeps over the events; grower.cpp alone includes this.

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "trees/event_shares.hpp"
#include "trees/grower.hpp"
#include "trees/grower_finder.hpp"
#include "trees/training_kernels.hpp"

namespace diskern::trees {

// A tree level by level: every event has the number of its node in one byte, and one sweep in the order of the events
// brings all of them one level down, 64 at a time, and adds up those in the smaller children. No list of events is kept
// in order, and what is read is read forwards. The tree is the same as in the other way of growing, to the bit.
template <class Integer>
struct Grower<Integer>::Sweep {
  using Target = typename Finder::Target;

  struct Node {
    Split split{};
    WideCell sums{};
    std::uint8_t number = 0;  // within its level: twice the parent's, one more to the right
    std::int32_t depth = 0;
    std::int32_t left = -1;  // its sibling is the next
    std::int32_t place = -1;  // in the tree
    HistogramPointer histogram{};
  };

  Grower& grower;
  const Context& context;
  const GrowerRules& rules;
  const CellScales& scales;
  const Entry* entries;
  GrownTree& tree;
  EventShares shares;
  Finder finder;
  std::vector<Node> nodes{};
  std::int32_t levels = 0;  // that the events have gone down

  static constexpr std::size_t chunk_events = 16384;  // their rows of bins stay in the second cache

  Node& at(std::int32_t node) { return nodes[static_cast<std::size_t>(node)]; }

  // Calls body(events) for the events of a share in pieces of at most chunk_events.
  template <class Body>
  void for_chunks(std::size_t share, const Body& body) const {
    for (std::size_t block = share; block < shares.block_count(); block += shares.n_shares) {
      const Range range = chunk_range(shares.n_events, shares.block_size, block);
      for (std::size_t begin = range.begin; begin < range.end; begin += chunk_events) {
        body(Range{begin, std::min(begin + chunk_events, range.end)});
      }
    }
  }

  void grow(const LeafWork& at_leaves) {
    // Room for a complete tree: targets point to the sums of nodes.
    nodes.reserve(std::size_t{2} << static_cast<unsigned>(rules.max_depth));
    nodes.emplace_back();
    std::vector<Target> root(1);
    nodes[0].sums = finder.sum_root(root, shares.n_events, [&](const Range& of_shares, Part& part) {
      for (std::size_t share = of_shares.begin; share < of_shares.end; ++share) {
        for_chunks(share, [&](const Range& range) {
          part.add(grower.events_, grower.layout_, entries, nullptr, range.begin, range.end - range.begin);
        });
      }
    });
    describe(0, root[0].node);
    finder.find(root, finder.root_groups, nullptr);
    take_over(0, root[0].node);
    tree.leaf_of.resize(chunk_count(shares.n_events, 64) * 64);
    bool leaves_visited = false;
    std::size_t begin = 0;
    while (levels < rules.max_depth && !tree.interrupted) {
      const std::size_t end = nodes.size();
      std::vector<std::int32_t> parents;
      for (std::size_t k = begin; k < end; ++k) {
        if (nodes[k].split.valid()) parents.push_back(static_cast<std::int32_t>(k));
      }
      if (parents.empty()) break;
      leaves_visited = levels + 1 == rules.max_depth;
      go_down(parents, leaves_visited ? &at_leaves : nullptr);
      begin = end;
      if (context.interrupted()) tree.interrupted = true;
    }
    if (!leaves_visited && !tree.interrupted) {
      over_shares([&](std::size_t share) {
        for_chunks(share, [&](const Range& range) {
          if (levels == 0) start_at_root(range);
          at_leaves(share, range, tree.leaf_of.data());
        });
      });
    }
    for (Node& node : nodes) grower.give(std::move(node.histogram));
    if (!tree.interrupted) make_tree();
  }

  void over_shares(const std::function<void(std::size_t)>& body) const {
    parallel_for(context, shares.n_shares, body, shares.n_shares > 1 ? 1e9 : 0.0);
  }

  // By the thread that works on the events: what another one has written comes late.
  void start_at_root(const Range& events) {
    std::fill(tree.leaf_of.begin() + static_cast<std::ptrdiff_t>(events.begin),
              tree.leaf_of.begin() + static_cast<std::ptrdiff_t>(chunk_count(events.end, 64) * 64), std::uint8_t{0});
  }

  void describe(std::int32_t node, typename Finder::Side& side) {
    side.sums = &at(node).sums;
    side.scan = finder.worth_scanning(at(node).sums, at(node).depth);
  }
  void take_over(std::int32_t node, typename Finder::Side& side) {
    at(node).split = side.found;
    at(node).histogram = std::move(side.histogram);
  }

  void go_down(const std::vector<std::int32_t>& parents, const LeafWork* at_leaves) {
    std::vector<SweepCut> cuts;
    std::vector<Target> targets;
    std::vector<std::int32_t> target_nodes;
    for (const std::int32_t parent : parents) {
      const auto left = static_cast<std::int32_t>(nodes.size());
      nodes.resize(nodes.size() + 2);
      Node& node = at(parent);
      node.left = left;
      const auto bin = static_cast<std::uint32_t>(node.split.bin);
      cuts.push_back({grower.events_.column(static_cast<std::size_t>(node.split.feature)), node.number,
                      static_cast<std::uint8_t>(bin),
                      static_cast<std::uint8_t>((node.split.missing_right ? 255U : 254U) - bin)});
      at(left).sums = node.split.left;
      at(left + 1).sums = node.split.right;
      for (const std::int32_t child : {left, left + 1}) at(child).depth = node.depth + 1;
    }
    ++levels;
    for (const std::int32_t parent : parents) {
      Node& node = at(parent);
      const std::int32_t left = node.left;
      at(left).number = static_cast<std::uint8_t>(2 * node.number);
      at(left + 1).number = static_cast<std::uint8_t>(2 * node.number + 1);
      if (!finder.worth_scanning(at(left).sums, levels) && !finder.worth_scanning(at(left + 1).sums, levels)) continue;
      const bool left_is_smaller = at(left).sums.count <= at(left + 1).sums.count;
      targets.emplace_back();
      targets.back().parent = std::move(node.histogram);
      target_nodes.push_back(left_is_smaller ? left : left + 1);
      target_nodes.push_back(left_is_smaller ? left + 1 : left);
      describe(target_nodes[target_nodes.size() - 2], targets.back().node);
      describe(target_nodes.back(), targets.back().sibling);
    }
    const bool by_variables = finder.by_variables(targets);
    const std::size_t groups = by_variables ? 1 : shares.n_shares;
    finder.prepare_parts(targets, groups);
    std::vector<SweepRows>& rows = grower.sweep_rows_;
    if (rows.size() < shares.n_shares) rows.resize(shares.n_shares);
    over_shares([&](std::size_t share) { sweep(share, cuts, targets, target_nodes, by_variables, at_leaves); });
    if (targets.empty()) return;
    const typename Finder::AddUp all_shares = [&](std::size_t target, const Range& features, Part& part) {
      if constexpr (Finder::packed) {
        for (const SweepRows& of_share : rows) {
          part.add_range(grower.events_, features, entries, of_share.lists[target].data(), 0, of_share.sizes[target]);
        }
      }
    };
    finder.find(targets, groups, by_variables ? &all_shares : nullptr);
    for (std::size_t t = 0; t < targets.size(); ++t) {
      take_over(target_nodes[2 * t], targets[t].node);
      take_over(target_nodes[2 * t + 1], targets[t].sibling);
    }
  }

  void sweep(std::size_t share, const std::vector<SweepCut>& cuts, const std::vector<Target>& targets,
             const std::vector<std::int32_t>& target_nodes, bool by_variables, const LeafWork* at_leaves) {
    const TrainingKernels& kernels = training_kernels();
    std::uint8_t* node_of = tree.leaf_of.data();
    SweepRows& rows = grower.sweep_rows_[share];
    if (rows.lists.size() < targets.size()) rows.lists.resize(targets.size());
    rows.sizes.assign(targets.size(), 0);
    for_chunks(share, [&](const Range& range) {
      const std::size_t n = range.end - range.begin;
      if (levels == 1) start_at_root(range);
      kernels.route(cuts.data(), cuts.size(), range.begin, n, node_of);
      if (at_leaves != nullptr) (*at_leaves)(share, range, node_of);
      for (std::size_t t = 0; t < targets.size(); ++t) {
        std::vector<std::uint32_t>& list = rows.lists[t];
        std::size_t& size = rows.sizes[t];
        constexpr std::size_t room = 16;
        if (list.size() < size + n + room) list.resize(size + n + room);
        const std::uint8_t number = at(target_nodes[2 * t]).number;
        const std::size_t found = kernels.list_node(node_of, range.begin, n, number, list.data() + size);
        if (by_variables) {
          size += found;
        } else {
          grower.parts_[targets[t].first_part + share].add(grower.events_, grower.layout_, entries, list.data(), 0,
                                                           found);
        }
      }
    });
  }

  // Nodes in the order in which they would have been split one by one.
  void make_tree() {
    std::vector<std::int32_t> open;
    const auto add = [&](std::int32_t index) {
      Node& node = at(index);
      node.place = static_cast<std::int32_t>(tree.nodes.size());
      GrownNode grown;
      grown.depth = node.depth;
      grown.sums = node.sums;
      tree.nodes.push_back(grown);
      if (node.left >= 0) open.push_back(index);
    };
    tree.leaves.assign(std::size_t{1} << static_cast<unsigned>(levels), -1);
    add(0);
    while (!open.empty()) {
      const auto next = rules.leaf_wise ? std::min_element(open.begin(), open.end(),
                                                           [&](std::int32_t a, std::int32_t b) {
                                                             const double one = at(a).split.gain;
                                                             const double other = at(b).split.gain;
                                                             if (one != other) return one > other;
                                                             return at(a).place < at(b).place;
                                                           })
                                        : open.begin();
      const Node& node = at(*next);
      open.erase(next);
      GrownNode& grown = tree.nodes[static_cast<std::size_t>(node.place)];
      grown.split = node.split;
      grown.left = static_cast<std::int32_t>(tree.nodes.size());
      grown.right = grown.left + 1;
      add(node.left);
      add(node.left + 1);
    }
    for (const Node& node : nodes) {
      if (node.left >= 0) continue;
      const auto below = static_cast<unsigned>(levels - node.depth);
      tree.leaves[std::size_t{node.number} << below] = node.place;
    }
  }
};

}  // namespace diskern::trees

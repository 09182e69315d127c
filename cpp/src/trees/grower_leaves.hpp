#pragma once
// How the events of the leaves are handed to the tree; grower.cpp alone includes this.

#include <cstring>
#include <numeric>
#include <vector>

#include "trees/grower_run.hpp"

namespace diskern::trees {

template <class Integer>
bool Grower<Integer>::Run::is_leaf(const Node& node) const {
  return node.place >= 0 && tree.nodes[static_cast<std::size_t>(node.place)].left < 0;
}

// Hands the events of the leaves to the tree: as they are, share by share in its own list, or leaf by leaf.
template <class Integer>
void Grower<Integer>::Run::hand_over(bool ordered) {
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
    finder.together(
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
    finder.together(
        n_shares,
        [&](std::size_t share) {
          for (const std::int32_t leaf : leaves) copy_to_tree(leaf, share);
        },
        work);
  }
  if (merge) tree.rows.swap(grower.merged_);
  for (Node& node : nodes) let_go(node);
}

template <class Integer>
void Grower<Integer>::Run::copy_to_tree(std::int32_t leaf, std::size_t share) {
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
template <class Integer>
void Grower<Integer>::Run::merge_shares(std::int32_t leaf) {
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

}  // namespace diskern::trees

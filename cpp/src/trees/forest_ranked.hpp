#pragma once
// One event through a forest of shallow trees without comparing floats in the trees. Each variable has a rank among the
// cuts of the forest on it, which two comparisons of sixteen cuts find; ranks are bytes, and so are those of the nodes.
// A register of 64 bytes compares 64 nodes: a permutation brings each node the rank of its variable. Every comparison of
// a tree is made before the walk, which then only adds: at = 2 at + left[at]. Eight trees walk side by side. Sums are
// float64 in the order of the trees: the same bits as every other way. Nothing is allocated.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/aligned.hpp"
#include "base/dispatch.hpp"
#include "trees/forest.hpp"
#include "trees/forest_ranked_table.hpp"

namespace diskern::trees {

class ForestRanked {
 public:
  ForestRanked() = default;
  // Of a validated forest without linear nodes. Not usable() where a tree is deeper than ranked_depth or would mostly be
  // filling, where the cuts need more slots than the level has, and where the level has no kernel.
  ForestRanked(const Forest& forest, InstructionSet level);

  bool usable() const noexcept { return add_leaves_ != nullptr; }
  // About how long one event takes.
  double nanoseconds() const noexcept;

  // Adds tree weight times leaf, in the order of the trees, to sums[output].
  void evaluate(const float* variables, double* sums) const noexcept { add_leaves_(view(), variables, sums); }

 private:
  bool add_slots(const Forest& forest, std::size_t most);
  void add_group(const Forest& forest, std::size_t begin, std::size_t end, unsigned depth);
  void set_node(const Tree& tree, std::size_t node, std::size_t place);
  RankedForest view() const noexcept {
    return {slots_.data(), feature_.data(),       feature_.size(),       groups_.data(), groups_.size(), n_outputs_,
            slot_.data(),  node_rank_.data(), missing_right_.data(), value_.data()};
  }

  void (*add_leaves_)(const RankedForest&, const float*, double*) = nullptr;
  std::size_t n_outputs_ = 1;
  AlignedVector<RankedSlot> slots_;
  std::vector<std::uint32_t> feature_;     // of each slot
  std::vector<std::uint32_t> first_slot_;  // of each variable, and one more
  std::vector<RankedGroup> groups_;
  AlignedVector<std::uint8_t> slot_;
  AlignedVector<std::uint8_t> node_rank_;
  AlignedVector<std::uint8_t> missing_right_;
  AlignedVector<double> value_;
};

}  // namespace diskern::trees

#pragma once
// Many events through a forest: the nodes packed into eight bytes, sixteen events walked at once, so that the processor
// waits for several of them at a time. The same bits as one event after the other.

#include <cstdint>
#include <vector>

#include "diskern/context.hpp"
#include "diskern/view.hpp"
#include "trees/forest.hpp"

namespace diskern::trees {

class ForestBatch {
 public:
  ForestBatch() = default;
  // Of a validated forest. Not usable() where the packed form does not hold it: another aggregation than the sum,
  // linear nodes, a preselection, a tree of more than 65536 nodes, more than 32767 variables.
  explicit ForestBatch(const Forest& forest);

  bool usable() const noexcept { return !trees_.empty(); }

  // The sums over the trees, before the link. events has forest.n_features columns.
  void evaluate(View<const float, 2> events, View<double, 2> sums) const;

 private:
  struct Node {
    float threshold;        // right if x >= threshold; NaN at leaves, which therefore lead to themselves
    std::uint16_t left;     // the right child is the next one
    std::uint16_t feature;  // times two, plus one where NaN goes right
  };
  struct PackedTree {
    std::uint32_t begin;
    std::uint32_t shallowest;  // depth of the leaf nearest to the root
  };
  void walk(const PackedTree& tree, const float* const* rows, std::uint32_t* node) const noexcept;

  std::size_t n_features_ = 0;
  std::size_t n_outputs_ = 1;
  std::vector<double> base_score_;
  std::vector<PackedTree> trees_;
  std::vector<Node> nodes_;
  std::vector<double> values_;  // tree weight times leaf
};

}  // namespace diskern::trees

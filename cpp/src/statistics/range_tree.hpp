#pragma once
// A k-d tree for boxes around a point: weights are summed node by node where a node is inside as a whole.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/aligned.hpp"
#include "base/dispatch.hpp"
#include "statistics/range_tree_table.hpp"

namespace diskern::statistics {

class RangeTree {
 public:
  RangeTree() = default;
  // columns: dimension after dimension, `stride` events each, finite. events: those that belong to the tree, fewer than
  // 2^32. inverse: one per dimension, the units in which boxes are cubes.
  void build(const float* columns, std::size_t stride, const double* weight, std::vector<std::uint32_t> events,
             const std::vector<double>& inverse);
  std::size_t size() const noexcept { return size_; }
  // Events rounded up to whole blocks: what a list may have to hold.
  std::size_t places() const noexcept { return index_.size(); }
  RangeTreeView view() const noexcept;

 private:
  std::size_t size_ = 0;
  std::size_t dimensions_ = 0;
  AlignedVector<float> columns_;
  AlignedVector<double> weight_;
  AlignedVector<std::uint32_t> index_;
  std::vector<AlignedVector<float>> boxes_;
  std::vector<std::vector<double>> sums_;
  std::vector<std::vector<std::uint32_t>> counts_;
  std::vector<const float*> box_pointers_;
  std::vector<const double*> sum_pointers_;
  std::vector<const std::uint32_t*> count_pointers_;
};

// The kernels of one level.
const RangeTreeKernels& range_tree_kernels(InstructionSet level);

}  // namespace diskern::statistics

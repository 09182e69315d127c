#pragma once
// The best cut of a node: integer prefix sums, gain in float64, both directions for missing values.

#include <cstddef>
#include <cstdint>

#include "trees/binning.hpp"
#include "trees/fixed_point.hpp"
#include "trees/histogram.hpp"

namespace diskern::trees {

struct SplitRules {
  double lambda_l2 = 0;
  double min_child_weight = 0;  // sum of hessians (of weights, for squared error); both children must exceed 0 as well
  double min_samples_leaf = 1;
  double min_gain = 0;
  bool signed_weights = false;  // then both children need a positive sum of weights

  // Whether the rules are only those above, which the vectorised scan knows. Otherwise cuts are searched one by one.
  bool plain() const noexcept { return !signed_weights; }
};

// What one unit of each sum is worth.
struct CellScales {
  FixedPoint gradient;
  FixedPoint hessian;
  FixedPoint count;
  FixedPoint weight;
};

struct Split {
  double gain = 0;
  std::int32_t feature = -1;  // -1: no cut is allowed or worth it
  std::int32_t bin = 0;       // right if bin >= this
  bool missing_right = false;
  WideCell left;
  WideCell right;

  bool valid() const noexcept { return feature >= 0; }
};

template <class Integer>
WideCell wide(const Cell<Integer>& cell) noexcept {
  return {cell.gradient, cell.hessian, cell.count, cell.weight};
}

// Smallest integer sum whose value is at least `least`; the unit is a power of two, so nothing is rounded.
std::int64_t smallest_sum(double least, const FixedPoint& scale) noexcept;

// G^2 / (H + lambda), 0 for an empty denominator.
double score(double gradient, double hessian, double lambda_l2) noexcept;

// The best cut on one variable. Ties go to the lowest bin, then to missing right.
// bin_count counts the bins of values; cells has cells_per_feature entries.
template <class Integer>
Split best_split(const Cell<Integer>* cells, std::size_t bin_count, std::int32_t feature, const WideCell& node,
                 const CellScales& scales, const SplitRules& rules) noexcept;

// The same from planes, by the kernels of the machine.
Split best_split(const Planes& planes, std::size_t bin_count, std::int32_t feature, const WideCell& node,
                 const CellScales& scales, const SplitRules& rules) noexcept;

}  // namespace diskern::trees

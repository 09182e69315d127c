#include "trees/split.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace diskern::trees {

double score(double gradient, double hessian, double lambda_l2) noexcept {
  const double denominator = hessian + lambda_l2;
  return denominator > 0 ? gradient * gradient / denominator : 0.0;
}

namespace {

template <class Integer>
WideCell wide(const Cell<Integer>& cell) noexcept {
  return {cell.gradient, cell.hessian, cell.count, cell.weight};
}

// Smallest integer sum whose value is at least `least`; the unit is a power of two, so nothing is rounded.
std::int64_t smallest_sum(double least, const FixedPoint& scale) noexcept {
  return static_cast<std::int64_t>(std::ceil(std::min(least / scale.inverse, 0x1p62)));
}

}  // namespace

template <class Integer>
Split best_split(const Cell<Integer>* cells, std::size_t bin_count, std::int32_t feature, const WideCell& node,
                 const CellScales& scales, const SplitRules& rules) noexcept {
  const double unit_gradient = scales.gradient.inverse;
  const double unit_hessian = scales.hessian.inverse;
  const double lambda = rules.lambda_l2;
  const std::int64_t least_count = smallest_sum(rules.min_samples_leaf, scales.count);
  const std::int64_t least_hessian = std::max<std::int64_t>(1, smallest_sum(rules.min_child_weight, scales.hessian));
  const std::int64_t least_weight = rules.signed_weights ? 1 : std::numeric_limits<std::int64_t>::min();
  const auto score_of = [&](const WideCell& side) {
    return score(static_cast<double>(side.gradient) * unit_gradient, static_cast<double>(side.hessian) * unit_hessian,
                 lambda);
  };
  const double node_score = score_of(node);
  Split best;
  // Less than rounding can make out of nothing is no gain.
  best.gain = std::max(rules.min_gain, 1e-12 * node_score);

  const auto allowed = [&](const WideCell& side) {
    return side.count >= least_count && side.hessian >= least_hessian && side.weight >= least_weight;
  };
  const auto consider = [&](const WideCell& left, std::size_t bin, bool missing_right) {
    const WideCell right = node - left;
    if (!allowed(left) || !allowed(right)) return;
    const double gain = score_of(left) + score_of(right) - node_score;
    if (gain > best.gain) {
      best.gain = gain;
      best.feature = feature;
      best.bin = static_cast<std::int32_t>(bin);
      best.missing_right = missing_right;
      best.left = left;
      best.right = right;
    }
  };

  const WideCell missing = wide(cells[missing_bin]);
  const bool any_missing = missing.count != 0;
  WideCell below;
  if (any_missing) consider(missing, 0, false);
  for (std::size_t bin = 1; bin < bin_count; ++bin) {
    const Cell<Integer>& cell = cells[bin - 1];
    if (cell.count == 0) continue;  // no event: the same two sides as at the bin before, which wins ties
    below = below + wide(cell);
    const std::int64_t above_count = node.count - below.count - missing.count;
    if (above_count == 0) break;  // no value is left above
    if (below.count + missing.count < least_count) continue;
    if (above_count + missing.count < least_count) break;
    consider(below, bin, true);
    if (any_missing) consider(below + missing, bin, false);
  }
  // Without missing values in training the larger child takes those of later.
  if (best.valid() && !any_missing) best.missing_right = best.right.count > best.left.count;
  if (!best.valid()) best.gain = 0;
  return best;
}

template Split best_split(const NarrowCell*, std::size_t, std::int32_t, const WideCell&, const CellScales&,
                          const SplitRules&) noexcept;
template Split best_split(const WideCell*, std::size_t, std::int32_t, const WideCell&, const CellScales&,
                          const SplitRules&) noexcept;

}  // namespace diskern::trees

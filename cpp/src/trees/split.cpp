#include "trees/split.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>

#include "trees/training_kernels.hpp"

namespace diskern::trees {

std::int64_t smallest_sum(double least, const FixedPoint& scale) noexcept {
  return static_cast<std::int64_t>(std::ceil(std::min(least / scale.inverse, 0x1p62)));
}

double score(double gradient, double hessian, double lambda_l2) noexcept {
  const double denominator = hessian + lambda_l2;
  return denominator > 0 ? gradient * gradient / denominator : 0.0;
}

namespace {

// What a gain of one unit of the sums is worth. 0 where that leaves float64: then nothing is worth a cut.
double gain_unit(const CellScales& scales) noexcept {
  return scales.gradient.inverse * scales.gradient.inverse / scales.hessian.inverse;
}

// Cut after cut, under any rules.
template <class Integer>
Split best_cut(const Cell<Integer>* cells, std::size_t bin_count, std::int32_t feature, const WideCell& node,
               const CellScales& scales, const SplitRules& rules) noexcept {
  // Gains in units of the sums, in which no product of three overflows; the units are powers of two, so this rounds as
  // the same in the units of the loss would.
  const double unit = gain_unit(scales);
  const double lambda = rules.lambda_l2 / scales.hessian.inverse;
  const std::int64_t least_count = smallest_sum(rules.min_samples_leaf, scales.count);
  const std::int64_t least_hessian = std::max<std::int64_t>(1, smallest_sum(rules.min_child_weight, scales.hessian));
  const std::int64_t least_weight = rules.signed_weights ? 1 : std::numeric_limits<std::int64_t>::min();
  const double node_score = score(static_cast<double>(node.gradient), static_cast<double>(node.hessian), lambda);
  Split best;
  if (unit == 0) return best;
  // Less than rounding can make out of nothing is no gain.
  best.gain = std::max(rules.min_gain / unit, 1e-12 * node_score);

  const auto allowed = [&](const WideCell& side) {
    return side.count >= least_count && side.hessian >= least_hessian && side.weight >= least_weight;
  };
  const auto consider = [&](const WideCell& left, std::size_t bin, bool missing_right) {
    const WideCell right = node - left;
    if (!allowed(left) || !allowed(right)) return;
    const auto lg = static_cast<double>(left.gradient);
    const auto rg = static_cast<double>(right.gradient);
    const double lh = static_cast<double>(left.hessian) + lambda;
    const double rh = static_cast<double>(right.hessian) + lambda;
    const double gain = (lg * lg * rh + rg * rg * lh) / (lh * rh) - node_score;
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
  best.gain = best.valid() ? best.gain * unit : 0.0;
  return best;
}

// By the kernels of the machine, for plain rules. add_weights(found, left) sees to the weight of the left side.
template <class AddWeights>
Split best_plain_split(const Planes& planes, std::size_t bin_count, std::int32_t feature, const WideCell& node,
                       const CellScales& scales, const SplitRules& rules, const AddWeights& add_weights) noexcept {
  Split best;
  const std::int64_t least_count = smallest_sum(rules.min_samples_leaf, scales.count);
  const std::int64_t least_hessian = std::max<std::int64_t>(1, smallest_sum(rules.min_child_weight, scales.hessian));
  if (least_count > node.count || least_hessian > node.hessian) return best;  // from here on they fit into 32 bits
  const double unit = gain_unit(scales);
  if (unit == 0) return best;
  const double lambda = rules.lambda_l2 / scales.hessian.inverse;
  const double node_score = score(static_cast<double>(node.gradient), static_cast<double>(node.hessian), lambda);
  const ScanRequest request = {static_cast<std::int32_t>(node.gradient),
                               static_cast<std::int32_t>(node.hessian),
                               static_cast<std::int32_t>(node.count),
                               static_cast<std::int32_t>(least_hessian),
                               static_cast<std::int32_t>(std::max<std::int64_t>(1, least_count)),
                               lambda,
                               node_score,
                               std::max(rules.min_gain / unit, 1e-12 * node_score)};
  const ScanResult found = training_kernels().scan(&planes, bin_count, request);
  if (found.bin < 0) return best;
  best.gain = found.gain * unit;
  best.feature = feature;
  best.bin = found.bin;
  best.left = {found.gradient, found.hessian, found.count, 0};
  const bool any_missing = planes.count[missing_bin] != 0;
  best.missing_right = any_missing ? found.missing_right != 0 : node.count - best.left.count > best.left.count;
  add_weights(found, best.left);
  best.right = node - best.left;
  return best;
}

}  // namespace

template <class Integer>
Split best_split(const Cell<Integer>* cells, std::size_t bin_count, std::int32_t feature, const WideCell& node,
                 const CellScales& scales, const SplitRules& rules) noexcept {
  if constexpr (std::is_same_v<Integer, std::int32_t>) {
    if (rules.plain()) {
      Planes planes;
      training_kernels().planes_of(&cells->gradient, &planes);
      return best_plain_split(planes, bin_count, feature, node, scales, rules,
                              [&](const ScanResult& found, WideCell& left) {
                                for (std::int32_t bin = 0; bin < found.bin; ++bin) left.weight += cells[bin].weight;
                                if (found.missing_right == 0) left.weight += cells[missing_bin].weight;
                              });
    }
  }
  return best_cut(cells, bin_count, feature, node, scales, rules);
}

template Split best_split(const NarrowCell*, std::size_t, std::int32_t, const WideCell&, const CellScales&,
                          const SplitRules&) noexcept;
template Split best_split(const WideCell*, std::size_t, std::int32_t, const WideCell&, const CellScales&,
                          const SplitRules&) noexcept;

Split best_split(const Planes& planes, std::size_t bin_count, std::int32_t feature, const WideCell& node,
                 const CellScales& scales, const SplitRules& rules) noexcept {
  if (!rules.plain()) {
    WideCell cells[cells_per_feature];
    for (std::size_t i = 0; i < cells_per_feature; ++i) cells[i] = cell_of(planes, i);
    return best_split(cells, bin_count, feature, node, scales, rules);
  }
  return best_plain_split(planes, bin_count, feature, node, scales, rules,
                          [](const ScanResult& found, WideCell& left) { left.weight = found.count; });
}

}  // namespace diskern::trees

#include "trees/split.hpp"

#include <algorithm>

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

}  // namespace

template <class Integer>
Split best_split(const Cell<Integer>* cells, std::size_t bin_count, std::int32_t feature, const WideCell& node,
                 const CellScales& scales, const SplitRules& rules) noexcept {
  const double node_score =
      score(scales.gradient.value(node.gradient), scales.hessian.value(node.hessian), rules.lambda_l2);
  Split best;
  // Less than rounding can make out of nothing is no gain.
  best.gain = std::max(rules.min_gain, 1e-12 * node_score);

  const auto allowed = [&](const WideCell& side) {
    return side.hessian > 0 && scales.hessian.value(side.hessian) >= rules.min_child_weight &&
           scales.count.value(side.count) >= rules.min_samples_leaf && (!rules.signed_weights || side.weight > 0);
  };
  const auto consider = [&](const WideCell& left, std::size_t bin, bool missing_right) {
    const WideCell right = node - left;
    if (!allowed(left) || !allowed(right)) return;
    const double gain =
        score(scales.gradient.value(left.gradient), scales.hessian.value(left.hessian), rules.lambda_l2) +
        score(scales.gradient.value(right.gradient), scales.hessian.value(right.hessian), rules.lambda_l2) - node_score;
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
    below = below + wide(cells[bin - 1]);
    if (below.count == 0) continue;
    if (below.count + missing.count == node.count) break;  // no value is left above
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

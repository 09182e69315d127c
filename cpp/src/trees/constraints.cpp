#include "trees/constraints.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace diskern::trees {

namespace {

// Elements of the random numbers: one sequence for each kind of draw.
constexpr std::uint32_t element_of_tree = 0;
std::uint32_t element_of_level(std::int32_t depth) { return (1U << 30U) | static_cast<std::uint32_t>(depth); }
std::uint32_t element_of_node(std::int32_t node) { return (2U << 30U) | static_cast<std::uint32_t>(node); }

// What a step of both sides would bring, with the regularisation.
double score_of_step(double gradient, double hessian, double lambda_l1, double lambda_l2, double step) noexcept {
  return -(2.0 * gradient * step + (hessian + lambda_l2) * step * step + 2.0 * lambda_l1 * std::abs(step));
}

}  // namespace

double bounded_step(double gradient, double hessian, double lambda_l1, double lambda_l2, double lower,
                    double upper) noexcept {
  const double denominator = hessian + lambda_l2;
  const double size = std::abs(gradient) - lambda_l1;
  double step = 0;
  if (denominator > 0 && size > 0) step = (gradient > 0 ? -size : size) / denominator;
  return std::clamp(step, lower, upper);
}

TreeLimits::TreeLimits(const GrowthConstraints& constraints, std::size_t n_features, double lambda_l2)
    : constraints_(constraints),
      n_features_(n_features),
      lambda_l2_(lambda_l2),
      random_(constraints.seed, Purpose::features) {
  of_tree_ = drawn(std::vector<std::uint8_t>(n_features, 1), constraints.column_fraction_tree, element_of_tree);
}

// The features with the smallest random numbers, at least one.
std::vector<std::uint8_t> TreeLimits::drawn(std::vector<std::uint8_t> from, double fraction,
                                            std::uint32_t element) const {
  if (fraction >= 1) return from;
  std::vector<std::pair<double, std::size_t>> order;
  for (std::size_t f = 0; f < from.size(); ++f) {
    if (from[f] != 0) order.emplace_back(random_.uniform(f, constraints_.tree, element), f);
  }
  const auto wanted = std::max<std::size_t>(
      1, static_cast<std::size_t>(std::floor(fraction * static_cast<double>(order.size()) + 0.5)));
  std::sort(order.begin(), order.end());
  for (std::size_t k = wanted; k < order.size(); ++k) from[order[k].second] = 0;
  return from;
}

// Which variables a node may cut on: drawn for it, and in one of the groups that hold its path.
void TreeLimits::draw(std::int32_t depth, std::int32_t node, NodeLimits& limits) const {
  std::vector<std::uint8_t> level = drawn(of_tree_, constraints_.column_fraction_level, element_of_level(depth));
  if (constraints_.interaction_groups.empty()) {
    limits.features = drawn(std::move(level), constraints_.column_fraction_node, element_of_node(node));
    return;
  }
  std::vector<std::uint8_t> together(n_features_, 0);
  for (const std::uint32_t group : limits.groups) {
    for (const std::int32_t f : constraints_.interaction_groups[group]) together[static_cast<std::size_t>(f)] = 1;
  }
  const auto meet = [&](std::vector<std::uint8_t> variables) {
    for (std::size_t f = 0; f < n_features_; ++f) variables[f] = variables[f] != 0 && together[f] != 0 ? 1 : 0;
    return variables;
  };
  const auto any = [](const std::vector<std::uint8_t>& variables) {
    return std::find(variables.begin(), variables.end(), 1) != variables.end();
  };
  level = meet(std::move(level));
  if (!any(level)) {
    // The draws left nothing that the groups allow: one variable remains, of the tree's if it has any of them.
    std::vector<std::uint8_t> of_tree = meet(of_tree_);
    level = drawn(any(of_tree) ? std::move(of_tree) : std::move(together), 0.0, element_of_level(depth));
  }
  limits.features = drawn(std::move(level), constraints_.column_fraction_node, element_of_node(node));
}

NodeLimits TreeLimits::root() const {
  NodeLimits limits;
  limits.lower = -constraints_.max_leaf_value;
  limits.upper = constraints_.max_leaf_value;
  for (std::uint32_t g = 0; g < constraints_.interaction_groups.size(); ++g) limits.groups.push_back(g);
  draw(0, 0, limits);
  return limits;
}

void TreeLimits::children(const NodeLimits& parent, const Split& split, const CellScales& scales,
                          std::int32_t child_depth, std::int32_t left_node, std::int32_t right_node, NodeLimits& left,
                          NodeLimits& right) const {
  left.lower = right.lower = parent.lower;
  left.upper = right.upper = parent.upper;
  const int direction =
      constraints_.monotone.empty() ? 0 : constraints_.monotone[static_cast<std::size_t>(split.feature)];
  // A cut at bin 0 parts missing values from the others, which has no direction.
  if (direction != 0 && split.bin > 0) {
    const auto step = [&](const WideCell& side) {
      return bounded_step(scales.gradient.value(side.gradient), scales.hessian.value(side.hessian),
                          constraints_.l1_regularization, lambda_l2_, parent.lower, parent.upper);
    };
    const double middle = 0.5 * (step(split.left) + step(split.right));
    (direction > 0 ? left : right).upper = middle;
    (direction > 0 ? right : left).lower = middle;
  }
  for (const std::uint32_t group : parent.groups) {
    const std::vector<std::int32_t>& members = constraints_.interaction_groups[group];
    if (std::find(members.begin(), members.end(), split.feature) != members.end()) left.groups.push_back(group);
  }
  right.groups = left.groups;
  draw(child_depth, left_node, left);
  draw(child_depth, right_node, right);
}

template <class Integer>
Split best_constrained_split(const Cell<Integer>* cells, const WideCell* squares, std::size_t bin_count,
                             std::int32_t feature, const WideCell& node, const CellScales& scales,
                             const SplitRules& rules, const GrowthConstraints& constraints,
                             const NodeLimits& limits) noexcept {
  Split best;
  if (limits.features[static_cast<std::size_t>(feature)] == 0) return best;
  const double l1 = constraints.l1_regularization;
  const double l2 = rules.lambda_l2;
  const int direction = constraints.monotone.empty() ? 0 : constraints.monotone[static_cast<std::size_t>(feature)];
  const std::int64_t least_count = smallest_sum(rules.min_samples_leaf, scales.count);
  const std::int64_t least_hessian = std::max<std::int64_t>(1, smallest_sum(rules.min_child_weight, scales.hessian));
  const std::int64_t least_weight = rules.signed_weights ? 1 : std::numeric_limits<std::int64_t>::min();
  struct Side {
    double step, score;
  };
  const auto evaluate = [&](const WideCell& side) {
    const double g = static_cast<double>(side.gradient) * scales.gradient.inverse;
    const double h = static_cast<double>(side.hessian) * scales.hessian.inverse;
    const double step = bounded_step(g, h, l1, l2, limits.lower, limits.upper);
    return Side{step, score_of_step(g, h, l1, l2, step)};
  };
  const double node_score = evaluate(node).score;
  // Less than rounding can make out of nothing is no gain.
  best.gain = std::max(rules.min_gain, 1e-12 * std::abs(node_score));
  std::int64_t all_squares = 0;
  if (squares != nullptr) {
    for (std::size_t bin = 0; bin < bin_count; ++bin) all_squares += squares[bin].gradient;
    all_squares += squares[missing_bin].gradient;
  }
  const auto allowed = [&](const WideCell& side, std::int64_t side_squares) {
    if (side.count < least_count || side.hessian < least_hessian || side.weight < least_weight) return false;
    if (squares == nullptr) return true;
    const double weight = scales.weight.value(side.weight);
    return weight * weight >= constraints.min_effective_count * constraints.squares_scale.value(side_squares);
  };
  const auto consider = [&](const WideCell& left, std::int64_t left_squares, std::size_t bin, bool missing_right) {
    const WideCell right = node - left;
    if (!allowed(left, left_squares) || !allowed(right, all_squares - left_squares)) return;
    const Side a = evaluate(left);
    const Side b = evaluate(right);
    if (bin > 0 && direction * (b.step - a.step) < 0) return;
    const double gain = a.score + b.score - node_score;
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
  const std::int64_t missing_squares = squares == nullptr ? 0 : squares[missing_bin].gradient;
  const bool any_missing = missing.count != 0;
  WideCell below;
  std::int64_t below_squares = 0;
  if (any_missing) consider(missing, missing_squares, 0, false);
  for (std::size_t bin = 1; bin < bin_count; ++bin) {
    const Cell<Integer>& cell = cells[bin - 1];
    if (cell.count == 0) continue;  // no event: the same two sides as at the bin before, which wins ties
    below = below + wide(cell);
    if (squares != nullptr) below_squares += squares[bin - 1].gradient;
    if (node.count - below.count - missing.count == 0) break;  // no value is left above
    consider(below, below_squares, bin, true);
    if (any_missing) consider(below + missing, below_squares + missing_squares, bin, false);
  }
  // Without missing values in training the larger child takes those of later.
  if (best.valid() && !any_missing) best.missing_right = best.right.count > best.left.count;
  if (!best.valid()) best.gain = 0;
  return best;
}

template Split best_constrained_split(const NarrowCell*, const WideCell*, std::size_t, std::int32_t, const WideCell&,
                                      const CellScales&, const SplitRules&, const GrowthConstraints&,
                                      const NodeLimits&) noexcept;
template Split best_constrained_split(const WideCell*, const WideCell*, std::size_t, std::int32_t, const WideCell&,
                                      const CellScales&, const SplitRules&, const GrowthConstraints&,
                                      const NodeLimits&) noexcept;

}  // namespace diskern::trees

#include "trees/loss.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "trees/boosting_check.hpp"
#include "trees/fixed_point.hpp"
#include "trees/loss_classification.hpp"
#include "trees/loss_regression.hpp"

namespace diskern::trees {

namespace {

constexpr int wide_bits = 62;

}  // namespace

void Loss::evaluate_all(const Context& context, const BoostingSample& sample, const double* score, double* loss,
                        double* gradient, double* hessian) const {
  constexpr std::size_t chunk_size = 1024;
  parallel_for(
      context, chunk_count(sample.n, chunk_size),
      [&](std::size_t chunk) {
        const Range range = chunk_range(sample.n, chunk_size, chunk);
        evaluate(sample, score, range, loss + range.begin, gradient + range.begin, hessian + range.begin, sample.n);
      },
      static_cast<double>(sample.n * output_count()) * 10.0);
}

double Loss::refit_leaf(const BoostingSample& /*sample*/, const IterationWeights& /*weights*/, const double* /*score*/,
                        const std::uint32_t* /*rows*/, std::size_t /*n*/, double newton_step) const {
  return newton_step;
}

std::unique_ptr<Loss> make_loss(const GradientBoostingParams& params, std::int32_t n_classes) {
  if (n_classes == 2) return std::make_unique<LogisticLoss>();
  if (n_classes > 2) {
    const auto classes = static_cast<std::size_t>(n_classes);
    if (params.loss == LossKind::one_vs_all) return std::make_unique<OneVsAllLoss>(classes);
    return std::make_unique<SoftmaxLoss>(classes);
  }
  switch (params.loss) {
    case LossKind::absolute_error:
      return std::make_unique<QuantileLoss>(0.5, 2.0);
    case LossKind::quantile:
      return std::make_unique<QuantileLoss>(params.quantile, 1.0);
    case LossKind::huber:
      return std::make_unique<HuberLoss>(params.huber_quantile);
    case LossKind::poisson:
      return std::make_unique<PoissonLoss>();
    case LossKind::gamma:
      return std::make_unique<GammaLoss>();
    case LossKind::tweedie:
      return std::make_unique<TweedieLoss>(params.tweedie_power);
    default:
      return std::make_unique<SquaredLoss>();
  }
}

std::vector<double> class_weights(const BoostingSample& sample, std::size_t n_classes) {
  const FixedPoint fixed = FixedPoint::for_sums(1.0, sample.absolute_weight, wide_bits);
  std::vector<std::int64_t> sums(n_classes, 0);
  for (std::size_t i = 0; i < sample.n; ++i) {
    sums[static_cast<std::size_t>(sample.class_index[i])] += fixed(sample.weight[i], 1.0);
  }
  std::vector<double> result;
  for (std::size_t k = 0; k < sums.size(); ++k) {
    check(sums[k] > 0, "the sum of weights of class " + std::to_string(k) + " is " +
                           std::to_string(fixed.value(sums[k])) + ", it must be positive: every class needs events");
    result.push_back(fixed.value(sums[k]));
  }
  return result;
}

double weighted_mean(const BoostingSample& sample) {
  double largest = 0;
  for (const double y : sample.target) largest = std::max(largest, std::abs(y));
  const FixedPoint fixed_target = FixedPoint::for_sums(largest, sample.absolute_weight, wide_bits);
  const FixedPoint fixed_weight = FixedPoint::for_sums(1.0, sample.absolute_weight, wide_bits);
  std::int64_t targets = 0;
  std::int64_t weights = 0;
  for (std::size_t i = 0; i < sample.n; ++i) {
    targets += fixed_target(sample.weight[i], sample.target[i]);
    weights += fixed_weight(sample.weight[i], 1.0);
  }
  return fixed_target.value(targets) / fixed_weight.value(weights);
}

double weighted_quantile(std::vector<WeightedValue>& values, double fraction, double absolute_weight) {
  check(!values.empty(), "the weighted quantile of no values was asked for");
  std::sort(values.begin(), values.end(),
            [](const WeightedValue& a, const WeightedValue& b) { return a.value < b.value; });
  const FixedPoint fixed = FixedPoint::for_sums(1.0, absolute_weight, wide_bits);
  std::int64_t all = 0;
  for (const WeightedValue& it : values) all += fixed(it.weight, 1.0);
  const double wanted = fraction * static_cast<double>(all);
  std::int64_t below = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    below += fixed(values[i].weight, 1.0);
    // Events of one value count together, so that their order does not matter (with negative weights it would).
    if (i + 1 < values.size() && values[i + 1].value == values[i].value) continue;
    if (static_cast<double>(below) >= wanted) return values[i].value;
  }
  return values.back().value;
}

}  // namespace diskern::trees

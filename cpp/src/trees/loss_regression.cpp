#include "trees/loss_regression.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "base/elementwise.hpp"
#include "base/maths.hpp"
#include "trees/boosting_check.hpp"
#include "trees/fixed_point.hpp"

namespace diskern::trees {

namespace {

// Of the residuals y - F of a leaf.
std::vector<WeightedValue> residuals(const BoostingSample& sample, const double* weight, const double* score,
                                     const std::uint32_t* rows, std::size_t n) {
  std::vector<WeightedValue> result(n);
  for (std::size_t k = 0; k < n; ++k) {
    const std::size_t i = rows[k];
    result[k] = {sample.target[i] - score[i], weight[i]};
  }
  return result;
}

double quantile_of_targets(const BoostingSample& sample, double fraction) {
  std::vector<WeightedValue> values(sample.n);
  for (std::size_t i = 0; i < sample.n; ++i) values[i] = {sample.target[i], sample.weight[i]};
  return weighted_quantile(values, fraction, sample.absolute_weight);
}

void check_targets(const BoostingSample& sample, bool positive, const std::string& loss) {
  for (const double y : sample.target) {
    check(positive ? y > 0 : y >= 0, "the loss " + loss + " needs targets that are " +
                                         (positive ? "positive" : "not negative") + ", got " + short_number(y));
  }
}

}  // namespace

void SquaredLoss::evaluate_events(const double* score, const double* target, std::size_t n, double* loss,
                                  double* gradient, double* hessian) const {
  for (std::size_t i = 0; i < n; ++i) {
    const double difference = score[i] - target[i];
    loss[i] = 0.5 * difference * difference;
    gradient[i] = difference;
    hessian[i] = 1.0;
  }
}

std::vector<double> QuantileLoss::base_scores(const BoostingSample& training) const {
  return {quantile_of_targets(training, quantile_)};
}

void QuantileLoss::evaluate_events(const double* score, const double* target, std::size_t n, double* loss,
                                   double* gradient, double* hessian) const {
  const double above = scale_ * quantile_;  // slope where y > F
  const double below = scale_ - above;
  for (std::size_t i = 0; i < n; ++i) {
    const double residual = target[i] - score[i];
    loss[i] = residual > 0.0 ? above * residual : -below * residual;
    gradient[i] = residual > 0.0 ? -above : residual < 0.0 ? below : 0.0;
    hessian[i] = 1.0;
  }
}

double QuantileLoss::refit_leaf(const BoostingSample& sample, const IterationWeights& weights, const double* score,
                                const std::uint32_t* rows, std::size_t n, double /*newton_step*/) const {
  std::vector<WeightedValue> values = residuals(sample, weights.weight, score, rows, n);
  return weighted_quantile(values, quantile_, weights.absolute_weight);
}

double QuantileLoss::largest_signed_step(double /*largest_gradient*/) const noexcept {
  return std::numeric_limits<double>::infinity();
}

std::vector<double> HuberLoss::base_scores(const BoostingSample& training) const {
  return {quantile_of_targets(training, 0.5)};
}

void HuberLoss::update(const Context& /*context*/, const BoostingSample& training, const double* score) {
  std::vector<WeightedValue> sizes(training.n);
  // |w|: with weights of both signs the quantile of a distribution that is not one would be no scale.
  for (std::size_t i = 0; i < training.n; ++i) {
    sizes[i] = {std::abs(training.target[i] - score[i]), std::abs(training.weight[i])};
  }
  delta_ = weighted_quantile(sizes, quantile_, training.absolute_weight);
}

void HuberLoss::evaluate_events(const double* score, const double* target, std::size_t n, double* loss,
                                double* gradient, double* hessian) const {
  const double delta = delta_;
  for (std::size_t i = 0; i < n; ++i) {
    const double difference = score[i] - target[i];
    const double size = maths::absolute(difference);
    loss[i] = size <= delta ? 0.5 * difference * difference : delta * (size - 0.5 * delta);
    gradient[i] = size <= delta ? difference : difference > 0.0 ? delta : -delta;
    hessian[i] = 1.0;
  }
}

double HuberLoss::refit_leaf(const BoostingSample& sample, const IterationWeights& weights, const double* score,
                             const std::uint32_t* rows, std::size_t n, double /*newton_step*/) const {
  std::vector<WeightedValue> values = residuals(sample, weights.weight, score, rows, n);
  const double median = weighted_quantile(values, 0.5, weights.absolute_weight);
  constexpr int wide_bits = 62;
  const FixedPoint fixed = FixedPoint::for_sums(delta_, weights.absolute_weight, wide_bits);
  const FixedPoint fixed_weight = FixedPoint::for_sums(1.0, weights.absolute_weight, wide_bits);
  std::int64_t sum = 0;
  std::int64_t norm = 0;
  for (const WeightedValue& it : values) {
    sum += fixed(it.weight, std::clamp(it.value - median, -delta_, delta_));
    norm += fixed_weight(it.weight, 1.0);
  }
  if (norm <= 0 || !(delta_ > 0)) return median;
  return median + fixed.value(sum) / fixed_weight.value(norm);
}

double HuberLoss::largest_signed_step(double /*largest_gradient*/) const noexcept {
  return std::numeric_limits<double>::infinity();
}

std::vector<double> LogLinkLoss::base_scores(const BoostingSample& training) const {
  const double mean = weighted_mean(training);
  check(mean > 0, "the mean of the targets is " + short_number(mean) + ", the logarithm of it needs a positive one");
  return {maths::log(mean)};
}

void PoissonLoss::prepare(const Context& /*context*/, const BoostingSample& sample) {
  check_targets(sample, false, "poisson");
}

void PoissonLoss::evaluate_events(const double* score, const double* target, std::size_t n, double* loss,
                                  double* gradient, double* hessian) const {
  elementwise_kernels().exp_double(score, hessian, n);
  for (std::size_t i = 0; i < n; ++i) {
    loss[i] = hessian[i] - target[i] * score[i];
    gradient[i] = hessian[i] - target[i];
  }
}

void GammaLoss::prepare(const Context& /*context*/, const BoostingSample& sample) {
  check_targets(sample, true, "gamma");
}

void GammaLoss::evaluate_events(const double* score, const double* target, std::size_t n, double* loss,
                                double* gradient, double* hessian) const {
  for (std::size_t i = 0; i < n; ++i) loss[i] = -score[i];
  elementwise_kernels().exp_double(loss, hessian, n);
  for (std::size_t i = 0; i < n; ++i) {
    hessian[i] = target[i] * hessian[i];
    loss[i] = score[i] + hessian[i];
    gradient[i] = 1.0 - hessian[i];
  }
}

void TweedieLoss::prepare(const Context& /*context*/, const BoostingSample& sample) {
  check_targets(sample, false, "tweedie");
}

void TweedieLoss::evaluate_events(const double* score, const double* target, std::size_t n, double* loss,
                                  double* gradient, double* hessian) const {
  const double one = 1.0 - power_;  // negative
  const double two = 2.0 - power_;
  const ElementwiseKernels& kernels = elementwise_kernels();
  for (std::size_t i = 0; i < n; ++i) {
    gradient[i] = one * score[i];
    hessian[i] = two * score[i];
  }
  kernels.exp_double(gradient, gradient, n);
  kernels.exp_double(hessian, hessian, n);
  for (std::size_t i = 0; i < n; ++i) {
    const double a = target[i] * gradient[i];
    const double b = hessian[i];
    loss[i] = b / two - a / one;
    gradient[i] = b - a;
    hessian[i] = two * b - one * a;
  }
}

}  // namespace diskern::trees

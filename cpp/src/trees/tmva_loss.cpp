#include "trees/tmva_loss.hpp"

#include <algorithm>
#include <cmath>

namespace diskern::trees {

namespace {

double sum_of_weights(const std::vector<WeightedValue>& values) noexcept {
  double sum = 0;
  for (const WeightedValue& one : values) sum += one.weight;
  return sum;
}

double weighted_mean(const std::vector<WeightedValue>& values) noexcept {
  double sum = 0;
  for (const WeightedValue& one : values) sum += one.weight * one.value;
  const double norm = sum_of_weights(values);
  return norm > 0 ? sum / norm : 0;
}

}  // namespace

double tmva_quantile(std::vector<WeightedValue>& values, double quantile, double norm) {
  std::sort(values.begin(), values.end(), [](const WeightedValue& a, const WeightedValue& b) {
    return a.value < b.value || (a.value == b.value && a.weight < b.weight);
  });
  double sum = 0;
  std::size_t i = 0;
  while (i < values.size() && sum <= norm * quantile) sum += values[i++].weight;
  return i < values.size() ? values[i].value : 0;
}

void GradientLeaf::add(double weight, float residual) noexcept {
  const auto r = static_cast<double>(residual);
  numerator += r * weight;
  denominator += std::abs(r) * (1.0 - std::abs(r)) * weight * weight;
}

double RegressionLoss::start(std::vector<WeightedValue> targets) const {
  if (loss_ == TmvaRegressionLoss::LeastSquares) return weighted_mean(targets);
  return tmva_quantile(targets, 0.5, sum_of_weights(targets));
}

void RegressionLoss::look_at(const std::vector<WeightedValue>& residuals) {
  if (loss_ != TmvaRegressionLoss::Huber) return;
  std::vector<WeightedValue> absolute = residuals;
  for (WeightedValue& one : absolute) one.value = std::abs(one.value);
  transition_ = tmva_quantile(absolute, huber_quantile_, sum_of_weights(residuals));
}

double RegressionLoss::target(double residual) const noexcept {
  switch (loss_) {
    case TmvaRegressionLoss::Huber:
      return std::abs(residual) <= transition_ ? residual : (residual < 0 ? -transition_ : transition_);
    case TmvaRegressionLoss::AbsoluteDeviation:
      return residual < 0 ? -1.0 : 1.0;
    case TmvaRegressionLoss::LeastSquares:
      return residual;
  }
  return residual;
}

double RegressionLoss::leaf(std::vector<WeightedValue>& residuals) const {
  if (residuals.empty()) return 0;
  if (loss_ == TmvaRegressionLoss::LeastSquares) return weighted_mean(residuals);
  const double median = tmva_quantile(residuals, 0.5, sum_of_weights(residuals));
  if (loss_ == TmvaRegressionLoss::AbsoluteDeviation) return median;
  double shift = 0;
  const double share = 1.0 / static_cast<double>(residuals.size());
  for (const WeightedValue& one : residuals) {
    const double difference = one.value - median;
    shift += share * (difference < 0 ? -1.0 : 1.0) * std::min(transition_, std::abs(difference));
  }
  return median + shift;
}

double RegressionLoss::mean_loss(const std::vector<WeightedValue>& residuals) const noexcept {
  double sum = 0;
  for (const WeightedValue& one : residuals) {
    const double size = std::abs(one.value);
    double loss = size * size;
    if (loss_ == TmvaRegressionLoss::AbsoluteDeviation) loss = size;
    if (loss_ == TmvaRegressionLoss::Huber) {
      loss = size <= transition_ ? size * size / 2 : transition_ * (size - transition_ / 2);
    }
    sum += one.weight * loss;
  }
  const double norm = sum_of_weights(residuals);
  return norm > 0 ? sum / norm : 0;
}

}  // namespace diskern::trees

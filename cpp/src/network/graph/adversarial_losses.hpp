#pragma once
// Losses of generative adversarial networks: what a score costs, and its slope.

#include <algorithm>
#include <cmath>

#include "network/graph/adversarial.hpp"

namespace diskern::network::graph {

inline double softplus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }
inline double sigmoid(double x) { return x < 0.0 ? std::exp(x) / (1.0 + std::exp(x)) : 1.0 / (1.0 + std::exp(-x)); }

struct Slope {
  double loss;
  double slope;
};

inline Slope of_real(const AdversarialParams& params, double s) {
  if (params.loss == AdversarialLoss::wasserstein) return {-s, -1.0};
  if (params.loss == AdversarialLoss::hinge) return s < 1.0 ? Slope{1.0 - s, -1.0} : Slope{0.0, 0.0};
  const double target = 1.0 - params.smoothing;
  return {target * softplus(-s) + (1.0 - target) * softplus(s), sigmoid(s) - target};
}

inline Slope of_generated(const AdversarialParams& params, double s) {
  if (params.loss == AdversarialLoss::wasserstein) return {s, 1.0};
  if (params.loss == AdversarialLoss::hinge) return s > -1.0 ? Slope{1.0 + s, 1.0} : Slope{0.0, 0.0};
  return {softplus(s), sigmoid(s)};
}

inline Slope of_generator(const AdversarialParams& params, double s) {
  if (params.loss != AdversarialLoss::non_saturating) return {-s, -1.0};
  return {softplus(-s), sigmoid(s) - 1.0};
}

}  // namespace diskern::network::graph

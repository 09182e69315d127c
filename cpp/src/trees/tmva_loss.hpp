#pragma once
// Targets, leaves and losses of BoostType=Grad.

#include <cstdint>
#include <vector>

#include "trees/tmva_params.hpp"

namespace diskern::trees {

struct WeightedValue {
  double value;
  double weight;
};

// Sorts, then the first value behind a cumulative weight above quantile * norm; 0 where the sum runs off the end, as in
// TMVA.
double tmva_quantile(std::vector<WeightedValue>& values, double quantile, double norm);

// Leaves of classification trees: sum w r / sum w^2 |r| (1 - |r|), the residuals r being float32 as in TMVA.
struct GradientLeaf {
  double numerator = 0;
  double denominator = 0;
  void add(double weight, float residual) noexcept;
};

// Leaves and targets of regression.
class RegressionLoss {
 public:
  RegressionLoss(TmvaRegressionLoss loss, double huber_quantile) : loss_(loss), huber_quantile_(huber_quantile) {}
  // F_0.
  double start(std::vector<WeightedValue> targets) const;
  // Called with all residuals before targets are taken (Huber's transition point).
  void look_at(const std::vector<WeightedValue>& residuals);
  double target(double residual) const noexcept;
  double leaf(std::vector<WeightedValue>& residuals) const;
  // Mean loss of all residuals.
  double mean_loss(const std::vector<WeightedValue>& residuals) const noexcept;

 private:
  TmvaRegressionLoss loss_;
  double huber_quantile_;
  double transition_ = 0;
};

}  // namespace diskern::trees

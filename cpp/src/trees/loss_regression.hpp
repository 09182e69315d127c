#pragma once
// Losses of one number.

#include "trees/loss.hpp"

namespace diskern::trees {

// (F - y)^2 / 2.
class SquaredLoss final : public Loss {
 public:
  Link link() const noexcept override { return Link::identity; }
  std::vector<double> base_scores(const BoostingSample& training) const override { return {weighted_mean(training)}; }
  void evaluate(const BoostingSample& sample, const double* score, Range range, double* loss, double* gradient,
                double* hessian, std::size_t stride) const override;
  double largest_signed_step(double largest_gradient) const noexcept override { return largest_gradient; }
};

}  // namespace diskern::trees

#include "trees/loss_regression.hpp"

namespace diskern::trees {

void SquaredLoss::evaluate(const BoostingSample& sample, const double* score, Range range, double* loss,
                           double* gradient, double* hessian, std::size_t /*stride*/) const {
  const std::size_t n = range.end - range.begin;
  score += range.begin;
  const double* target = sample.target.data() + range.begin;
  for (std::size_t i = 0; i < n; ++i) {
    const double difference = score[i] - target[i];
    loss[i] = 0.5 * difference * difference;
    gradient[i] = difference;
    hessian[i] = 1.0;
  }
}

}  // namespace diskern::trees

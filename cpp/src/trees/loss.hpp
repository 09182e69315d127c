#pragma once
// Losses of gradient boosting: value, gradient and hessian of one event of weight one.

#include <cmath>
#include <cstddef>
#include <cstdint>

namespace diskern::trees {

enum class Loss : std::uint8_t {
  binary_logistic = 0,  // -log p of the true class, p = 1 / (1 + exp(-F)); one tree per iteration
  softmax = 1,          // -log p of the true class; one tree per class and iteration
  squared_error = 2,    // (F - y)^2 / 2
};

struct LossPoint {
  double loss;
  double gradient;
  double hessian;
};

inline LossPoint logistic_point(double score, bool signal) noexcept {
  // Everything from exp(-|F|), so that nothing overflows and small probabilities keep their digits.
  const double e = std::exp(-std::abs(score));
  const double large = 1.0 / (1.0 + e);
  const double small = e * large;
  const double p = score >= 0 ? large : small;
  const double q = score >= 0 ? small : large;
  const double wrong = signal ? q : p;  // probability of the other class
  const double loss = std::log1p(e) + ((score >= 0) == signal ? 0.0 : std::abs(score));
  return {loss, signal ? -wrong : wrong, large * small};
}

// Fills gradient[k] and hessian[k] of all classes; returns the loss.
inline double softmax_point(const double* scores, std::size_t classes, std::size_t truth, double* gradient,
                            double* hessian) noexcept {
  double largest = scores[0];
  for (std::size_t k = 1; k < classes; ++k) largest = scores[k] > largest ? scores[k] : largest;
  double sum = 0;
  for (std::size_t k = 0; k < classes; ++k) {
    gradient[k] = std::exp(scores[k] - largest);
    sum += gradient[k];
  }
  for (std::size_t k = 0; k < classes; ++k) {
    const double p = gradient[k] / sum;
    gradient[k] = k == truth ? p - 1.0 : p;
    hessian[k] = p * (1.0 - p);
  }
  return std::log(sum) - (scores[truth] - largest);
}

inline LossPoint squared_point(double score, double target) noexcept {
  const double difference = score - target;
  return {0.5 * difference * difference, difference, 1.0};
}

}  // namespace diskern::trees

#pragma once
// Losses of gradient boosting: value, gradient and hessian of events of weight one. With the functions of
// base/maths.hpp, so that the same bits come out on every machine.

#include <cstddef>
#include <cstdint>

#include "base/elementwise.hpp"
#include "base/maths.hpp"

namespace diskern::trees {

enum class Loss : std::uint8_t {
  binary_logistic = 0,  // -log p of the true class, p = 1 / (1 + exp(-F)); one tree per iteration
  softmax = 1,          // -log p of the true class; one tree per class and iteration
  squared_error = 2,    // (F - y)^2 / 2
};

// sign: +1 for class 1, -1 for class 0.
inline void logistic_loss(const double* score, const double* sign, std::size_t n, double* loss, double* gradient,
                          double* hessian) noexcept {
  // Everything from e = exp(-|margin|), so that nothing overflows and small probabilities keep their digits.
  // exp and log run over the whole array with the widest vectors of the machine.
  const ElementwiseKernels& kernels = elementwise_kernels();
  for (std::size_t i = 0; i < n; ++i) loss[i] = -maths::absolute(score[i]);
  kernels.exp_double(loss, gradient, n);
  for (std::size_t i = 0; i < n; ++i) loss[i] = 1.0 + gradient[i];
  for (std::size_t i = 0; i < n; ++i) {
    const double margin = sign[i] * score[i];
    const double large = 1.0 / loss[i];
    const double small = gradient[i] * large;
    hessian[i] = large * small;
    gradient[i] = -sign[i] * (margin >= 0.0 ? small : large);  // times the probability of the other class
  }
  kernels.log_double(loss, loss, n);
  for (std::size_t i = 0; i < n; ++i) {
    const double margin = sign[i] * score[i];
    loss[i] += margin >= 0.0 ? 0.0 : -margin;
  }
}

inline void squared_loss(const double* score, const double* target, std::size_t n, double* loss, double* gradient,
                         double* hessian) noexcept {
  for (std::size_t i = 0; i < n; ++i) {
    const double difference = score[i] - target[i];
    loss[i] = 0.5 * difference * difference;
    gradient[i] = difference;
    hessian[i] = 1.0;
  }
}

// One event: fills gradient[k] and hessian[k] of all classes, returns the loss.
inline double softmax_loss(const double* score, std::size_t classes, std::size_t truth, double* gradient,
                           double* hessian) noexcept {
  double largest = score[0];
  for (std::size_t k = 1; k < classes; ++k) largest = score[k] > largest ? score[k] : largest;
  double sum = 0;
  for (std::size_t k = 0; k < classes; ++k) {
    gradient[k] = maths::exp(score[k] - largest);
    sum += gradient[k];
  }
  for (std::size_t k = 0; k < classes; ++k) {
    const double p = gradient[k] / sum;
    gradient[k] = k == truth ? p - 1.0 : p;
    hessian[k] = p * (1.0 - p);
  }
  return maths::log(sum) - (score[truth] - largest);
}

}  // namespace diskern::trees

#pragma once
// What turns the sums over the trees into responses: one definition for the processor and for CUDA.

#include "base/maths.hpp"

namespace diskern::trees {

enum class Link : uint8_t {
  identity = 0,
  tmva_gradient = 1,  // 2 / (1 + exp(-2 F)) - 1
  logistic = 2,       // 1 / (1 + exp(-F))
  softmax = 3,        // over the outputs
  exponential = 4,
  normalised_logistic = 5,  // the logistic of each output over their sum (one against all)
};
constexpr Link last_link = Link::normalised_logistic;

// The n scores of one event, element k at responses[k * stride], in place.
DISKERN_HD void apply_link_to_event(Link link, double* responses, size_t n, ptrdiff_t stride) {
  const auto at = [&](size_t k) -> double& { return responses[static_cast<ptrdiff_t>(k) * stride]; };
  if (link == Link::identity) return;
  if (link == Link::tmva_gradient) {
    for (size_t k = 0; k < n; ++k) at(k) = 2.0 / (1.0 + maths::exp(-2.0 * at(k))) - 1.0;
    return;
  }
  if (link == Link::logistic) {
    for (size_t k = 0; k < n; ++k) at(k) = maths::sigmoid(at(k));
    return;
  }
  if (link == Link::exponential) {
    for (size_t k = 0; k < n; ++k) at(k) = maths::exp(at(k));
    return;
  }
  if (link == Link::normalised_logistic) {
    // The softmax of the logarithms, so that outputs that are all small are still compared.
    for (size_t k = 0; k < n; ++k) at(k) = -maths::softplus(-at(k));
  }
  double largest = at(0);
  for (size_t k = 1; k < n; ++k) largest = largest < at(k) ? at(k) : largest;
  double sum = 0;
  for (size_t k = 0; k < n; ++k) {
    at(k) = maths::exp(at(k) - largest);
    sum += at(k);
  }
  for (size_t k = 0; k < n; ++k) at(k) /= sum;
}

}  // namespace diskern::trees

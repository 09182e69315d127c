// Compiled once per instruction set (cmake/isa.cmake): the compiler makes vector loops of the functions.
#include "network/optimizer_functions.hpp"
#include "network/optimizer_table.hpp"

namespace diskern::DISKERN_ISA_NAMESPACE {

using network::OptimizerKind;
using network::OptimizerStep;

namespace {

template <OptimizerKind kind>
void step_of(const OptimizerStep<float> step, const float* __restrict gradient, float* __restrict weights,
             float* __restrict first, float* __restrict second, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    float w = weights[i];
    float one = 0.0F;
    float two = 0.0F;
    if constexpr (network::optimizer_has_first<kind>) one = first[i];
    if constexpr (network::optimizer_has_second<kind>) two = second[i];
    network::optimizer_update<kind>(step, gradient[i], w, one, two);
    weights[i] = w;
    if constexpr (network::optimizer_has_first<kind>) first[i] = one;
    if constexpr (network::optimizer_has_second<kind>) second[i] = two;
  }
}

void step(OptimizerKind kind, const OptimizerStep<float>& numbers, const float* gradient, float* weights, float* first,
          float* second, size_t count) {
  network::with_optimizer(kind, [&](auto tag) {
    step_of<decltype(tag)::value>(numbers, gradient, weights, first, second, count);
  });
}

void add(const float* __restrict part, float* __restrict sum, size_t count) {
  for (size_t i = 0; i < count; ++i) sum[i] += part[i];
}

// Sixteen sums side by side, whatever the width of the registers.
double sum_of_squares(const float* values, size_t count) {
  double sums[16] = {};
  size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    for (size_t j = 0; j < 16; ++j) {
      const double value = static_cast<double>(values[i + j]);
      sums[j] += value * value;
    }
  }
  for (; i < count; ++i) {
    const double value = static_cast<double>(values[i]);
    sums[i % 16] += value * value;
  }
  for (size_t width = 8; width > 0; width /= 2) {
    for (size_t j = 0; j < width; ++j) sums[j] += sums[j + width];
  }
  return sums[0];
}

void blend(const float* __restrict value, float fraction, float* __restrict mean, size_t count) {
  for (size_t i = 0; i < count; ++i) mean[i] += fraction * (value[i] - mean[i]);
}

}  // namespace

extern const network::OptimizerKernels optimizer_kernels;
const network::OptimizerKernels optimizer_kernels = {step, add, sum_of_squares, blend};

}  // namespace diskern::DISKERN_ISA_NAMESPACE

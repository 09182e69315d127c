#pragma once
// The names of the functions of a neuron.

#include <stdint.h>

namespace diskern::network {

// The values stand in model files: append, never renumber.
enum class Activation : uint8_t {
  linear = 0,
  sigmoid = 1,
  tanh = 2,
  radial = 3,  // exp(-x^2 / 2)
  relu = 4,
  tmva_tanh = 5,       // TMVA's float rational approximation (tmva.md 7.4); float64 networks only
  leaky_relu = 6,      // x, below zero 0.01 x
  elu = 7,             // x, below zero exp(x) - 1
  selu = 8,            // self-normalising, arXiv:1706.02515
  gelu = 9,            // x times the normal distribution function, arXiv:1606.08415 (the exact form)
  silu = 10,           // x sigmoid(x)
  softsign = 11,       // x / (1 + |x|)
  softplus = 12,       // ln(1 + exp(x))
  gauss = 13,          // exp(-x^2)
  gauss_complement = 14,  // 1 - exp(-x^2)
  hard_sigmoid = 15,   // a step with a slope: x / 6 + 1/2 between 0 and 1
  symmetric_relu = 16,  // |x|
  exponential = 17,    // exp(x): positive outputs, such as expected counts
};
constexpr Activation last_activation = Activation::exponential;

}  // namespace diskern::network

// Compiled once per instruction set (cmake/isa.cmake): the compiler makes vector loops of the functions.
#include "network/activation_functions.hpp"
#include "network/activation_table.hpp"

namespace diskern::DISKERN_ISA_NAMESPACE {

using network::Activation;

namespace {

constexpr size_t block = 64;

// In blocks through a local array, so that x and y may be the same without the compiler having to ask.
template <Activation kind>
void forward_of(const float* x, float* y, size_t count) {
  float values[block];
  size_t i = 0;
  for (; i + block <= count; i += block) {
    for (size_t j = 0; j < block; ++j) values[j] = network::activation_value<kind>(x[i + j]);
    for (size_t j = 0; j < block; ++j) y[i + j] = values[j];
  }
  for (; i < count; ++i) y[i] = network::activation_value<kind>(x[i]);
}

template <Activation kind>
void backward_of(const float* x, const float* y, float* delta, size_t count) {
  float values[block];
  size_t i = 0;
  for (; i + block <= count; i += block) {
    for (size_t j = 0; j < block; ++j) values[j] = network::activation_slope<kind>(x[i + j], y[i + j]);
    for (size_t j = 0; j < block; ++j) delta[i + j] *= values[j];
  }
  for (; i < count; ++i) delta[i] *= network::activation_slope<kind>(x[i], y[i]);
}

void forward(Activation activation, const float* x, float* y, size_t count) {
  network::with_activation(activation, [=](auto tag) {
    if (decltype(tag)::value != Activation::linear || x != y) forward_of<decltype(tag)::value>(x, y, count);
  });
}

void backward(Activation activation, const float* x, const float* y, float* delta, size_t count) {
  // Where x is not needed y stands in for it.
  const float* input = x != nullptr ? x : y;
  network::with_activation(activation, [=](auto tag) {
    if (decltype(tag)::value != Activation::linear) backward_of<decltype(tag)::value>(input, y, delta, count);
  });
}

}  // namespace

extern const network::ActivationKernels activation_kernels;
const network::ActivationKernels activation_kernels = {forward, backward};

}  // namespace diskern::DISKERN_ISA_NAMESPACE

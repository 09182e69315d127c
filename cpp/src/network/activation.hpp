#pragma once
// The functions of a neuron in float64: for networks with TMVA's arithmetic, and as the reference of the float kernels
// (activation_kernels.hpp).

#include <cmath>
#include <string_view>

#include "network/activation_functions.hpp"
#include "network/activation_kind.hpp"

namespace diskern::network {

// TMVA's tanh: a rational function in float32. Reproduced operation by operation, since weights trained with it are
// only right together with it.
inline double tmva_tanh(double x) noexcept {
  const float q = static_cast<float>(x * x);
  const float numerator = static_cast<float>(x * static_cast<double>(135135.0F + q * (17325.0F + q * (378.0F + q))));
  const float denominator = 135135.0F + q * (62370.0F + q * (3150.0F + q * 28.0F));
  return static_cast<double>(numerator / denominator);
}

inline double activate(Activation activation, double x) noexcept {
  switch (activation) {
    case Activation::linear:
      return x;
    case Activation::sigmoid:
      return 1.0 / (1.0 + std::exp(-x));
    case Activation::tanh:
      return std::tanh(x);
    case Activation::radial:
      return std::exp(-x * x / 2.0);
    case Activation::relu:
      // Not (x > 0 ? x : 0): NaN must stay NaN.
      return x < 0.0 ? 0.0 : x;
    case Activation::tmva_tanh:
      return tmva_tanh(x);
    default: {
      double y = x;
      with_activation(activation, [&](auto tag) { y = activation_value<decltype(tag)::value>(x); });
      return y;
    }
  }
}

// The derivative at x, where y = activate(activation, x).
inline double derivative(Activation activation, double x, double y) noexcept {
  switch (activation) {
    case Activation::linear:
      return 1.0;
    case Activation::sigmoid:
      return y * (1.0 - y);
    case Activation::tanh:
    case Activation::tmva_tanh:
      // For the rational function as well: that is what TMVA does, beyond |y| = 1 too.
      return 1.0 - y * y;
    case Activation::radial:
      return -x * y;
    case Activation::relu:
      return x > 0.0 ? 1.0 : 0.0;
    default: {
      double slope = 1.0;
      with_activation(activation, [&](auto tag) { slope = activation_slope<decltype(tag)::value>(x, y); });
      return slope;
    }
  }
}

const char* name(Activation activation) noexcept;
// InvalidArgument for an unknown name; the message lists the known ones, near misses first.
Activation activation_of_name(std::string_view name);

}  // namespace diskern::network

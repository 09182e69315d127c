// Activation functions against their definitions, their derivatives against central differences, and the float kernels
// of every instruction set.
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "check.hpp"
#include "diskern/error.hpp"
#include "network/activation.hpp"
#include "network/activation_kernels.hpp"

using namespace diskern;
using namespace diskern::network;

namespace {

std::vector<Activation> all_kinds() {
  std::vector<Activation> kinds;
  for (int kind = 0; kind <= static_cast<int>(last_activation); ++kind) {
    if (static_cast<Activation>(kind) != Activation::tmva_tanh) kinds.push_back(static_cast<Activation>(kind));
  }
  return kinds;
}

// Written out with the C library.
double definition(Activation kind, double x) {
  switch (kind) {
    case Activation::linear:
      return x;
    case Activation::sigmoid:
      return 1.0 / (1.0 + std::exp(-x));
    case Activation::tanh:
    case Activation::tmva_tanh:
      return std::tanh(x);
    case Activation::radial:
      return std::exp(-x * x / 2.0);
    case Activation::relu:
      return std::max(x, 0.0);
    case Activation::leaky_relu:
      return x > 0.0 ? x : 0.01 * x;
    case Activation::elu:
      return x > 0.0 ? x : std::expm1(x);
    case Activation::selu:
      return 1.0507009873554804934 * (x > 0.0 ? x : 1.6732632423543772848 * std::expm1(x));
    case Activation::gelu:
      return 0.5 * x * std::erfc(-x / std::sqrt(2.0));
    case Activation::silu:
      return x / (1.0 + std::exp(-x));
    case Activation::softsign:
      return x / (1.0 + std::abs(x));
    case Activation::softplus:
      return std::log1p(std::exp(x));
    case Activation::gauss:
      return std::exp(-x * x);
    case Activation::gauss_complement:
      return 1.0 - std::exp(-x * x);
    case Activation::hard_sigmoid:
      return std::min(std::max(x / 6.0 + 0.5, 0.0), 1.0);
    case Activation::symmetric_relu:
      return std::abs(x);
    case Activation::exponential:
      return std::exp(x);
  }
  return 0.0;
}

// Away from the corners of the functions that have some.
std::vector<double> arguments() {
  std::vector<double> x;
  for (int i = -61; i <= 61; ++i) x.push_back(0.131 * i + 0.0171);
  return x;
}

}  // namespace

TEST(values_in_float64) {
  for (const Activation kind : all_kinds()) {
    for (const double x : arguments()) {
      const double expected = definition(kind, x);
      CHECK_NEAR(activate(kind, x), expected, 4e-15 * (1.0 + std::abs(expected)));
    }
  }
}

TEST(derivatives_by_central_differences) {
  for (const Activation kind : all_kinds()) {
    for (const double x : arguments()) {
      constexpr double step = 1e-5;
      const double expected = (definition(kind, x + step) - definition(kind, x - step)) / (2.0 * step);
      const double found = derivative(kind, x, activate(kind, x));
      if (!(std::abs(found - expected) <= 1e-8 * (1.0 + std::abs(expected)))) {
        check::fail(__FILE__, __LINE__, name(kind), " at ", x, ": ", found, " against ", expected);
      }
    }
  }
}

TEST(float_kernels) {
  std::vector<float> x;
  for (const double value : arguments()) x.push_back(static_cast<float>(value));
  const std::size_t n = x.size();
  for (const Activation kind : all_kinds()) {
    std::vector<float> scalar_y;
    std::vector<float> scalar_delta;
    for (const InstructionSet level : supported_instruction_sets()) {
      const ActivationKernels& kernels = activation_kernels(level);
      std::vector<float> y(n);
      kernels.forward(kind, x.data(), y.data(), n);
      std::vector<float> in_place = x;
      kernels.forward(kind, in_place.data(), in_place.data(), n);
      CHECK(in_place == y);
      std::vector<float> delta(n, -1.5F);
      kernels.backward(kind, activation_needs_input(kind) ? x.data() : nullptr, y.data(), delta.data(), n);
      for (std::size_t i = 0; i < n; ++i) {
        const double at = static_cast<double>(x[i]);
        const double expected = definition(kind, at);
        if (!(std::abs(static_cast<double>(y[i]) - expected) <= 4e-7 * (0.1 + std::abs(expected)))) {
          check::fail(__FILE__, __LINE__, name(kind), " at ", at, ": ", y[i], " against ", expected);
        }
        const double slope = -1.5 * derivative(kind, at, activate(kind, at));
        if (!(std::abs(static_cast<double>(delta[i]) - slope) <= 2e-6 * (1.0 + std::abs(slope)))) {
          check::fail(__FILE__, __LINE__, "slope of ", name(kind), " at ", at, ": ", delta[i], " against ", slope);
        }
      }
      if (level == InstructionSet::scalar) {
        scalar_y = y;
        scalar_delta = delta;
      }
      CHECK(y == scalar_y);
      CHECK(delta == scalar_delta);
    }
  }
}

TEST(small_arguments_keep_their_digits) {
  for (const Activation kind : {Activation::elu, Activation::tanh, Activation::gelu, Activation::silu}) {
    const float x = -1e-6F;
    float y = 0.0F;
    activation_kernels().forward(kind, &x, &y, 1);
    CHECK_NEAR(static_cast<double>(y) / definition(kind, static_cast<double>(x)), 1.0, 3e-7);
  }
}

TEST(nan_stays_and_large_arguments_stay_finite) {
  for (const Activation kind : all_kinds()) {
    float x[3] = {std::numeric_limits<float>::quiet_NaN(), 80.0F, -80.0F};
    activation_kernels().forward(kind, x, x, 3);
    CHECK(std::isnan(x[0]));
    CHECK(std::isfinite(x[1]));
    CHECK(std::isfinite(x[2]));
  }
}

TEST(names) {
  for (int kind = 0; kind <= static_cast<int>(last_activation); ++kind) {
    CHECK(activation_of_name(name(static_cast<Activation>(kind))) == static_cast<Activation>(kind));
  }
  CHECK_THROWS(activation_of_name("rellu"), InvalidArgument);
}

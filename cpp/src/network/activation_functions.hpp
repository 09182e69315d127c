#pragma once
// The functions of a neuron and their derivatives, once for float and double, for kernel units too: they compile to
// vector loops since no branch depends on the data. NaN stays NaN.

#include "base/error_function.hpp"
#include "base/maths.hpp"
#include "network/activation_kind.hpp"

namespace diskern::network {

// NOLINTBEGIN(readability-identifier-naming)
template <class Real>
struct ActivationConstants {
  static constexpr Real leak = static_cast<Real>(0.01);
  static constexpr Real selu_scale = static_cast<Real>(1.0507009873554804934);
  static constexpr Real selu_alpha = static_cast<Real>(1.6732632423543772848);
  static constexpr Real root_half = static_cast<Real>(0.70710678118654752440);
  static constexpr Real root_half_over_pi = static_cast<Real>(0.39894228040143267794);  // 1 / sqrt(2 pi)
  static constexpr Real sixth = static_cast<Real>(1.0 / 6.0);
};
// NOLINTEND(readability-identifier-naming)

// exp(x) - 1 for x <= 0, which keeps the digits of a small argument: tanh(x/2) (exp(x) + 1).
template <class Real>
DISKERN_HD Real negative_exp_minus_one(Real x) {
  return maths::tanh(static_cast<Real>(0.5) * x) * (maths::exp(x) + static_cast<Real>(1));
}

// y = f(x) for one activation known at compile time.
template <Activation kind, class Real>
DISKERN_HD Real activation_value(Real x) {
  using Constants = ActivationConstants<Real>;
  constexpr Real zero = 0;
  constexpr Real one = 1;
  constexpr Real half = static_cast<Real>(0.5);
  if constexpr (kind == Activation::sigmoid) {
    return maths::sigmoid(x);
  } else if constexpr (kind == Activation::tanh) {
    return maths::tanh(x);
  } else if constexpr (kind == Activation::radial) {
    return maths::exp(-x * x * half);
  } else if constexpr (kind == Activation::relu) {
    return x < zero ? zero : x;
  } else if constexpr (kind == Activation::leaky_relu) {
    return x < zero ? Constants::leak * x : x;
  } else if constexpr (kind == Activation::elu) {
    const Real below = negative_exp_minus_one(x > zero ? zero : x);
    return x > zero ? x : below;
  } else if constexpr (kind == Activation::selu) {
    const Real below = Constants::selu_alpha * negative_exp_minus_one(x > zero ? zero : x);
    return Constants::selu_scale * (x > zero ? x : below);
  } else if constexpr (kind == Activation::gelu) {
    return x * (half * maths::erfc(-x * Constants::root_half));
  } else if constexpr (kind == Activation::silu) {
    return x * maths::sigmoid(x);
  } else if constexpr (kind == Activation::softsign) {
    return x / (one + maths::absolute(x));
  } else if constexpr (kind == Activation::softplus) {
    return maths::softplus(x);
  } else if constexpr (kind == Activation::gauss) {
    return maths::exp(-x * x);
  } else if constexpr (kind == Activation::gauss_complement) {
    return one - maths::exp(-x * x);
  } else if constexpr (kind == Activation::hard_sigmoid) {
    const Real y = x * Constants::sixth + half;
    const Real above = y < zero ? zero : y;
    return above > one ? one : above;
  } else if constexpr (kind == Activation::symmetric_relu) {
    return maths::absolute(x);
  } else if constexpr (kind == Activation::exponential) {
    return maths::exp(x);
  } else {
    return x;
  }
}

// df/dx at x, where y = f(x). Where activation_needs_input says no, x is not looked at.
template <Activation kind, class Real>
DISKERN_HD Real activation_slope(Real x, Real y) {
  using Constants = ActivationConstants<Real>;
  constexpr Real zero = 0;
  constexpr Real one = 1;
  constexpr Real half = static_cast<Real>(0.5);
  if constexpr (kind == Activation::sigmoid) {
    return y * (one - y);
  } else if constexpr (kind == Activation::tanh) {
    return one - y * y;
  } else if constexpr (kind == Activation::radial) {
    return -x * y;
  } else if constexpr (kind == Activation::relu) {
    return y > zero ? one : zero;
  } else if constexpr (kind == Activation::leaky_relu) {
    return y > zero ? one : Constants::leak;
  } else if constexpr (kind == Activation::elu) {
    return y > zero ? one : y + one;
  } else if constexpr (kind == Activation::selu) {
    return y > zero ? Constants::selu_scale : y + Constants::selu_scale * Constants::selu_alpha;
  } else if constexpr (kind == Activation::gelu) {
    return half * maths::erfc(-x * Constants::root_half) +
           x * Constants::root_half_over_pi * maths::exp(-x * x * half);
  } else if constexpr (kind == Activation::silu) {
    const Real s = maths::sigmoid(x);
    return s + y * (one - s);
  } else if constexpr (kind == Activation::softsign) {
    const Real rest = one - maths::absolute(y);
    return rest * rest;
  } else if constexpr (kind == Activation::softplus) {
    return maths::sigmoid(x);
  } else if constexpr (kind == Activation::gauss) {
    return static_cast<Real>(-2) * x * y;
  } else if constexpr (kind == Activation::gauss_complement) {
    return static_cast<Real>(2) * x * (one - y);
  } else if constexpr (kind == Activation::hard_sigmoid) {
    return (y > zero) & (y < one) ? Constants::sixth : zero;
  } else if constexpr (kind == Activation::symmetric_relu) {
    return x > zero ? one : (x < zero ? -one : zero);
  } else if constexpr (kind == Activation::exponential) {
    return y;
  } else {
    return one;
  }
}

// Whether the derivative asks for x, so that training keeps the sums before activation.
DISKERN_HD bool activation_needs_input(Activation kind) {
  return kind == Activation::radial || kind == Activation::gelu || kind == Activation::silu ||
         kind == Activation::softplus || kind == Activation::gauss || kind == Activation::gauss_complement ||
         kind == Activation::symmetric_relu;
}

// Calls body(std::integral_constant-like tag) for the activation that `kind` names: the switch stands outside of loops.
template <Activation kind>
struct ActivationTag {
  static constexpr Activation value = kind;
};
template <class Body>
DISKERN_HD void with_activation(Activation kind, const Body& body) {
  switch (kind) {
    case Activation::linear:
    case Activation::tmva_tanh:  // has no float form; networks with it are evaluated in float64
      return body(ActivationTag<Activation::linear>{});
    case Activation::sigmoid:
      return body(ActivationTag<Activation::sigmoid>{});
    case Activation::tanh:
      return body(ActivationTag<Activation::tanh>{});
    case Activation::radial:
      return body(ActivationTag<Activation::radial>{});
    case Activation::relu:
      return body(ActivationTag<Activation::relu>{});
    case Activation::leaky_relu:
      return body(ActivationTag<Activation::leaky_relu>{});
    case Activation::elu:
      return body(ActivationTag<Activation::elu>{});
    case Activation::selu:
      return body(ActivationTag<Activation::selu>{});
    case Activation::gelu:
      return body(ActivationTag<Activation::gelu>{});
    case Activation::silu:
      return body(ActivationTag<Activation::silu>{});
    case Activation::softsign:
      return body(ActivationTag<Activation::softsign>{});
    case Activation::softplus:
      return body(ActivationTag<Activation::softplus>{});
    case Activation::gauss:
      return body(ActivationTag<Activation::gauss>{});
    case Activation::gauss_complement:
      return body(ActivationTag<Activation::gauss_complement>{});
    case Activation::hard_sigmoid:
      return body(ActivationTag<Activation::hard_sigmoid>{});
    case Activation::symmetric_relu:
      return body(ActivationTag<Activation::symmetric_relu>{});
    case Activation::exponential:
      return body(ActivationTag<Activation::exponential>{});
  }
}

}  // namespace diskern::network

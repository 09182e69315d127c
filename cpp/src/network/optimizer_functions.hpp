#pragma once
// One step of an optimizer for one weight, once for float and double, for kernel units too.

#include "base/maths.hpp"
#include "network/optimizer_kind.hpp"

namespace diskern::network {

// The numbers of one step, the same for all weights; what depends on the number of the step is computed beforehand.
template <class Real>
struct OptimizerStep {
  Real gradient_factor;  // on the gradient as it comes: 1 / events, and the scale of clip_norm
  Real clip_value;       // infinity: none
  Real l1;
  Real l2;
  Real shrink;   // w *= shrink first (decoupled weight decay)
  Real rate;     // on the first moment or the gradient
  Real rate_2;   // nadam: on the gradient
  Real decay_1;  // momentum, beta_1 or rho
  Real rest_1;   // 1 - decay_1
  Real decay_2;  // beta_2
  Real rest_2;
  Real root_factor;  // adam: 1 / sqrt(1 - beta_2^t)
  Real epsilon;
};

DISKERN_HD double root(double x) { return maths::square_root(x); }
DISKERN_HD float root(float x) {
#if defined(__CUDA_ARCH__)
  return __fsqrt_rn(x);
#else
  return __builtin_sqrtf(x);
#endif
}

template <OptimizerKind kind>
constexpr bool optimizer_has_first = kind != OptimizerKind::gradient_descent;
template <OptimizerKind kind>
constexpr bool optimizer_has_second = kind >= OptimizerKind::adam || kind == OptimizerKind::adadelta;

// Weight w, its state (first: velocity, mean, or mean of squares; second: mean of squares, or of steps), gradient g.
template <OptimizerKind kind, class Real>
DISKERN_HD void optimizer_update(const OptimizerStep<Real>& step, Real g, Real& w, Real& first, Real& second) {
  constexpr Real zero = 0;
  g *= step.gradient_factor;
  g = g > step.clip_value ? step.clip_value : g;
  g = g < -step.clip_value ? -step.clip_value : g;
  g += step.l2 * w + (w > zero ? step.l1 : (w < zero ? -step.l1 : zero));
  w *= step.shrink;
  if constexpr (kind == OptimizerKind::gradient_descent) {
    w -= step.rate * g;
  } else if constexpr (kind == OptimizerKind::momentum) {
    first = step.decay_1 * first + g;
    w -= step.rate * first;
  } else if constexpr (kind == OptimizerKind::nesterov) {
    first = step.decay_1 * first + g;
    w -= step.rate * (g + step.decay_1 * first);
  } else if constexpr (kind == OptimizerKind::adagrad) {
    first += g * g;
    w -= step.rate * g / (root(first) + step.epsilon);
  } else if constexpr (kind == OptimizerKind::adadelta) {
    first = step.decay_1 * first + step.rest_1 * (g * g);
    const Real move = g * (root(second + step.epsilon) / root(first + step.epsilon));
    second = step.decay_1 * second + step.rest_1 * (move * move);
    w -= step.rate * move;
  } else if constexpr (kind == OptimizerKind::rmsprop) {
    first = step.decay_1 * first + step.rest_1 * (g * g);
    w -= step.rate * g / (root(first) + step.epsilon);
  } else {
    first = step.decay_1 * first + step.rest_1 * g;
    second = step.decay_2 * second + step.rest_2 * (g * g);
    const Real size = root(second) * step.root_factor + step.epsilon;
    if constexpr (kind == OptimizerKind::nadam) {
      w -= (step.rate * first + step.rate_2 * g) / size;
    } else {
      w -= step.rate * first / size;
    }
  }
}

// Calls body(tag) for the optimizer that `kind` names; tag.value is the kind. The switch stands outside of loops.
template <OptimizerKind kind>
struct OptimizerTag {
  static constexpr OptimizerKind value = kind;
};
template <class Body>
DISKERN_HD void with_optimizer(OptimizerKind kind, const Body& body) {
  switch (kind) {
    case OptimizerKind::gradient_descent:
      return body(OptimizerTag<OptimizerKind::gradient_descent>{});
    case OptimizerKind::momentum:
      return body(OptimizerTag<OptimizerKind::momentum>{});
    case OptimizerKind::nesterov:
      return body(OptimizerTag<OptimizerKind::nesterov>{});
    case OptimizerKind::adagrad:
      return body(OptimizerTag<OptimizerKind::adagrad>{});
    case OptimizerKind::adadelta:
      return body(OptimizerTag<OptimizerKind::adadelta>{});
    case OptimizerKind::rmsprop:
      return body(OptimizerTag<OptimizerKind::rmsprop>{});
    case OptimizerKind::adam:
    case OptimizerKind::adamw:
      return body(OptimizerTag<OptimizerKind::adam>{});
    case OptimizerKind::nadam:
      return body(OptimizerTag<OptimizerKind::nadam>{});
  }
}

}  // namespace diskern::network

#pragma once
// Losses and their derivatives, once for float and double, for kernel units too.

#include <stddef.h>

#include "base/maths.hpp"
#include "network/loss_kind.hpp"

namespace diskern::network {

template <class Real>
struct LossAndSlope {
  Real loss;
  Real slope;  // d loss / d z
};

// Losses that are sums over outputs: the part of one output.
template <Loss kind, class Real>
DISKERN_HD LossAndSlope<Real> loss_of_output(Real z, Real t, Real huber_distance, Real quantile) {
  constexpr Real zero = 0;
  constexpr Real one = 1;
  constexpr Real half = static_cast<Real>(0.5);
  if constexpr (kind == Loss::squared) {
    const Real r = z - t;
    return {half * r * r, r};
  } else if constexpr (kind == Loss::cross_entropy || kind == Loss::multi_label) {
    // t softplus(-z) + (1 - t) softplus(z), which loses no digits where both are tiny.
    return {t * maths::softplus(-z) + (one - t) * maths::softplus(z), maths::sigmoid(z) - t};
  } else if constexpr (kind == Loss::absolute) {
    const Real r = z - t;
    return {maths::absolute(r), r > zero ? one : (r < zero ? -one : zero)};
  } else if constexpr (kind == Loss::huber) {
    const Real r = z - t;
    const Real size = maths::absolute(r);
    const Real outside = huber_distance * (size - half * huber_distance);
    const Real slope = r > zero ? huber_distance : -huber_distance;
    return {size > huber_distance ? outside : half * r * r, size > huber_distance ? slope : r};
  } else if constexpr (kind == Loss::quantile) {
    const Real r = t - z;
    const Real above = quantile * r;
    const Real below = (quantile - one) * r;
    return {r > zero ? above : below, r > zero ? -quantile : (r < zero ? one - quantile : zero)};
  } else if constexpr (kind == Loss::hinge) {
    const Real side = t + t - one;
    const Real gap = one - side * z;
    return {gap < zero ? zero : gap, gap > zero ? -side : zero};
  } else {
    static_assert(kind == Loss::poisson);
    const Real mean = maths::exp(z);
    return {mean - t * z, mean - t};
  }
}

DISKERN_HD bool loss_is_sum_over_outputs(Loss loss) {
  return loss != Loss::softmax_cross_entropy && loss != Loss::kullback_leibler;
}

// Calls body(tag) for a loss that is a sum over outputs; tag.value is the loss. The switch stands outside of loops.
template <Loss kind>
struct LossTag {
  static constexpr Loss value = kind;
};
template <class Body>
DISKERN_HD void with_loss(Loss kind, const Body& body) {
  switch (kind) {
    case Loss::cross_entropy:
    case Loss::multi_label:
      return body(LossTag<Loss::multi_label>{});
    case Loss::absolute:
      return body(LossTag<Loss::absolute>{});
    case Loss::huber:
      return body(LossTag<Loss::huber>{});
    case Loss::quantile:
      return body(LossTag<Loss::quantile>{});
    case Loss::hinge:
      return body(LossTag<Loss::hinge>{});
    case Loss::poisson:
      return body(LossTag<Loss::poisson>{});
    case Loss::squared:
    case Loss::softmax_cross_entropy:
    case Loss::kullback_leibler:
      return body(LossTag<Loss::squared>{});
  }
}

// softmax_cross_entropy and kullback_leibler of one event. slope may be z itself.
template <class Real>
DISKERN_HD Real softmax_loss(bool minus_entropy, const Real* z, const Real* t, size_t n_outputs, Real* slope) {
  Real largest = z[0];
  for (size_t k = 1; k < n_outputs; ++k) largest = z[k] > largest ? z[k] : largest;
  Real norm = 0;
  Real share = 0;
  for (size_t k = 0; k < n_outputs; ++k) {
    norm += maths::exp(z[k] - largest);
    share += t[k];
  }
  const Real log_norm = maths::log(norm) + largest;
  Real loss = 0;
  for (size_t k = 0; k < n_outputs; ++k) {
    const Real log_probability = z[k] - log_norm;
    const Real entropy = minus_entropy && t[k] > 0 ? t[k] * maths::log(t[k]) : static_cast<Real>(0);
    if (t[k] != 0) loss += entropy - t[k] * log_probability;
    slope[k] = maths::exp(log_probability) * share - t[k];
  }
  return loss;
}

// Loss of one event; slope, which may be z itself, is set to d loss / d z.
template <class Real>
DISKERN_HD Real loss_of_event(Loss kind, const LossParams& params, const Real* z, const Real* t, size_t n_outputs,
                              Real* slope) {
  if (!loss_is_sum_over_outputs(kind)) return softmax_loss(kind == Loss::kullback_leibler, z, t, n_outputs, slope);
  const Real huber_distance = static_cast<Real>(params.huber_distance);
  const Real quantile = static_cast<Real>(params.quantile);
  Real loss = 0;
  with_loss(kind, [&](auto tag) {
    for (size_t k = 0; k < n_outputs; ++k) {
      const LossAndSlope<Real> part = loss_of_output<decltype(tag)::value>(z[k], t[k], huber_distance, quantile);
      loss += part.loss;
      slope[k] = part.slope;
    }
  });
  return loss;
}

// Divergence of a normal distribution with the given mean and logarithm of the variance from the standard one: the
// latent part of the loss of a variational autoencoder, for one latent variable (arXiv:1312.6114, appendix B).
template <class Real>
struct NormalDivergence {
  Real loss;
  Real mean_slope;
  Real log_variance_slope;
};
template <class Real>
DISKERN_HD NormalDivergence<Real> normal_divergence(Real mean, Real log_variance) {
  constexpr Real half = static_cast<Real>(0.5);
  const Real variance = maths::exp(log_variance);
  return {half * (mean * mean + variance - static_cast<Real>(1) - log_variance), mean,
          half * (variance - static_cast<Real>(1))};
}

}  // namespace diskern::network

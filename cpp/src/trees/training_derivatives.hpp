#pragma once
// Losses, derivatives, and their integers. Part of the training kernel unit.

#include <stddef.h>
#include <stdint.h>

#include "base/maths.hpp"
#include "trees/training_intrinsics.hpp"
#include "trees/training_table.hpp"

namespace diskern::DISKERN_ISA_NAMESPACE {

using namespace trees;  // NOLINT(google-build-using-namespace)

namespace {

// Adding this rounds to the nearest integer, ties to even, which then stands in the lowest bits.
constexpr double round_to_integer = 0x1.8p52;

inline __attribute__((always_inline)) int64_t rounded(double x) {
  return static_cast<int64_t>(__builtin_bit_cast(uint64_t, x + round_to_integer) -
                              __builtin_bit_cast(uint64_t, round_to_integer));
}

bool pack_entries(const double* __restrict gradient, const double* __restrict hessian, size_t n, double gradient_scale,
                  double hessian_scale, const PackedLayout& layout, uint64_t* __restrict entries, int64_t* sums) {
  const int count_bits = layout.count_bits;
  const int below_gradient = layout.count_bits + layout.hessian_bits;
  uint64_t signs = 0;
  uint64_t gradient_sum = 0;
  uint64_t hessian_sum = 0;
  for (size_t i = 0; i < n; ++i) {
    const auto g = static_cast<uint64_t>(rounded(gradient[i] * gradient_scale));
    const auto h = static_cast<uint64_t>(rounded(hessian[i] * hessian_scale));
    signs |= h;
    gradient_sum += g;
    hessian_sum += h;
    entries[i] = (g << below_gradient) + (h << count_bits) + 1;
  }
  sums[0] += static_cast<int64_t>(gradient_sum);
  sums[1] += static_cast<int64_t>(hessian_sum);
  return (signs >> 63U) == 0;
}

void sum_rows(const double* gradient, const double* hessian, const uint32_t* rows, size_t n, double gradient_scale,
              double hessian_scale, int64_t* gradient_sum, int64_t* hessian_sum) {
  int64_t g = 0;
  int64_t h = 0;
  for (size_t k = 0; k < n; ++k) {
    g += rounded(gradient[rows[k]] * gradient_scale);
    h += rounded(hessian[rows[k]] * hessian_scale);
  }
  *gradient_sum += g;
  *hessian_sum += h;
}

void logistic(const double* __restrict score, const double* __restrict sign, size_t n, double* __restrict loss,
              double* __restrict gradient, double* __restrict hessian) {
  // Everything from e = exp(-|margin|), so that nothing overflows and small probabilities keep their digits. In blocks,
  // so that each loop is short enough for the compiler to make vector code of it.
  constexpr size_t block = 64;
  double e[block];
  double sum[block];
  for (size_t begin = 0; begin < n; begin += block) {
    const size_t size = n - begin < block ? n - begin : block;
    for (size_t i = 0; i < size; ++i) e[i] = -maths::absolute(score[begin + i]);
    for (size_t i = size; i < block; ++i) e[i] = 0;
    for (size_t i = 0; i < block; ++i) e[i] = maths::exp(e[i]);
    for (size_t i = 0; i < block; ++i) sum[i] = 1.0 + e[i];
    for (size_t i = 0; i < size; ++i) {
      const double margin = sign[begin + i] * score[begin + i];
      const double large = 1.0 / sum[i];
      const double small = e[i] * large;
      hessian[begin + i] = large * small;
      gradient[begin + i] = -sign[begin + i] * (margin >= 0.0 ? small : large);  // the other class's probability
    }
    for (size_t i = 0; i < block; ++i) sum[i] = maths::log(sum[i]);
    for (size_t i = 0; i < size; ++i) {
      const double margin = sign[begin + i] * score[begin + i];
      loss[begin + i] = sum[i] + (margin >= 0.0 ? 0.0 : -margin);
    }
  }
}

// Eight lanes at every level, so that the order of the additions is the same; the compiler takes as many registers as
// they need.
using Lanes = double __attribute__((vector_size(64)));

inline __attribute__((always_inline)) void load_lanes(const double* from, size_t n, Lanes& lanes) {
  lanes = Lanes{};
  __builtin_memcpy(&lanes, from, n * sizeof(double));
}

DerivativeSummary summarise(const double* weight, const double* loss, const double* gradient, const double* hessian,
                            size_t n) {
  constexpr size_t lanes = 8;
  Lanes losses{};
  Lanes largest_gradient{};
  Lanes largest_hessian{};
  Lanes squares{};
  const auto add = [&](size_t i, size_t size) __attribute__((always_inline)) {
    Lanes w;
    Lanes l;
    Lanes g;
    Lanes h;
    load_lanes(weight + i, size, w);
    load_lanes(loss + i, size, l);
    load_lanes(gradient + i, size, g);
    load_lanes(hessian + i, size, h);
    losses += w * l;
    const Lanes g_size = g < 0.0 ? -g : g;
    largest_gradient = g_size > largest_gradient ? g_size : largest_gradient;
    largest_hessian = h > largest_hessian ? h : largest_hessian;
    squares += (w < 0.0 ? -w : w) * g * g;
  };
  size_t i = 0;
  for (; i + lanes <= n; i += lanes) add(i, lanes);
  if (i < n) add(i, n - i);
  DerivativeSummary result{0, 0, 0, 0};
  for (size_t k = 0; k < lanes; ++k) {
    if (largest_gradient[k] > result.largest_gradient) result.largest_gradient = largest_gradient[k];
    if (largest_hessian[k] > result.largest_hessian) result.largest_hessian = largest_hessian[k];
  }
  const auto total = [](const Lanes& x) {
    return ((x[0] + x[1]) + (x[2] + x[3])) + ((x[4] + x[5]) + (x[6] + x[7]));
  };
  result.loss = total(losses);
  result.squares = total(squares);
  return result;
}

// The loss of so many events is one logarithm of a product of numbers from 1 to 2.
constexpr size_t product_events = 4096;

DerivativeSummary logistic_of_units(const double* __restrict score, const int32_t* __restrict class_index, size_t n,
                                    double* __restrict gradient, double* __restrict hessian) {
  constexpr size_t lanes = 8;
  constexpr size_t block = 64;
  Lanes losses{};
  Lanes product = Lanes{} + 1.0;
  Lanes largest_gradient{};
  Lanes largest_hessian{};
  Lanes squares{};
  double logarithms = 0;
  const auto total = [](const Lanes& x) {
    return ((x[0] + x[1]) + (x[2] + x[3])) + ((x[4] + x[5]) + (x[6] + x[7]));
  };
  const auto take_logarithm = [&]() __attribute__((always_inline)) {
    Lanes logarithm;
    for (size_t k = 0; k < lanes; ++k) logarithm[k] = maths::log(product[k]);
    logarithms += total(logarithm);
    product = Lanes{} + 1.0;
  };
  double last_score[block];
  double last_gradient[block];
  double last_hessian[block];
  for (size_t begin = 0; begin < n; begin += block) {
    const bool whole = n - begin >= block;
    const size_t size = whole ? block : n - begin;
    const double* s_of = score + begin;
    double* g_of = gradient + begin;
    double* h_of = hessian + begin;
    double sign[block];
    if (whole) {
      for (size_t i = 0; i < block; ++i) sign[i] = class_index[begin + i] == 1 ? 1.0 : -1.0;
    } else {  // filled up with events of sign 0 and of exp(-|score|) = 0, which add nothing
      for (size_t i = 0; i < block; ++i) {
        last_score[i] = i < size ? score[begin + i] : 1e4;
        sign[i] = i < size ? (class_index[begin + i] == 1 ? 1.0 : -1.0) : 0.0;
      }
      s_of = last_score;
      g_of = last_gradient;
      h_of = last_hessian;
    }
    double e[block];
    for (size_t i = 0; i < block; ++i) e[i] = maths::exp(-maths::absolute(s_of[i]));
    for (size_t i = 0; i < block; i += lanes) {
      Lanes s;
      Lanes t;
      Lanes small;
      __builtin_memcpy(&s, s_of + i, sizeof s);
      __builtin_memcpy(&t, sign + i, sizeof t);
      __builtin_memcpy(&small, e + i, sizeof small);
      const Lanes margin = t * s;
      const Lanes sum = 1.0 + small;
      const Lanes large = 1.0 / sum;
      small = small * large;
      const Lanes h = large * small;
      const Lanes g = -t * (margin >= 0.0 ? small : large);  // the other class's probability
      losses += margin >= 0.0 ? Lanes{} : -margin;
      product *= sum;
      __builtin_memcpy(g_of + i, &g, sizeof g);
      __builtin_memcpy(h_of + i, &h, sizeof h);
      const Lanes g_size = g < 0.0 ? -g : g;
      largest_gradient = g_size > largest_gradient ? g_size : largest_gradient;
      largest_hessian = h > largest_hessian ? h : largest_hessian;
      squares += g * g;
    }
    if (!whole) {
      __builtin_memcpy(gradient + begin, last_gradient, size * sizeof(double));
      __builtin_memcpy(hessian + begin, last_hessian, size * sizeof(double));
    }
    if ((begin + block) % product_events == 0) take_logarithm();
  }
  take_logarithm();
  DerivativeSummary result{0, 0, 0, 0};
  for (size_t k = 0; k < lanes; ++k) {
    if (largest_gradient[k] > result.largest_gradient) result.largest_gradient = largest_gradient[k];
    if (largest_hessian[k] > result.largest_hessian) result.largest_hessian = largest_hessian[k];
  }
  result.loss = total(losses) + logarithms;
  result.squares = total(squares);
  return result;
}

}  // namespace

}  // namespace diskern::DISKERN_ISA_NAMESPACE

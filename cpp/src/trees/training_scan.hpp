#pragma once
// The best cut of a variable. Part of the training kernel unit.

#include <stddef.h>
#include <stdint.h>

#include "trees/training_intrinsics.hpp"
#include "trees/training_table.hpp"

namespace diskern::DISKERN_ISA_NAMESPACE {

using namespace trees;  // NOLINT(google-build-using-namespace)

namespace {

constexpr double no_gain = -1e300;

struct Prefix {
  alignas(64) int32_t gradient[plane_cells];
  alignas(64) int32_t hessian[plane_cells];
  alignas(64) int32_t count[plane_cells];
};

// Gains of the cuts begin .. end - 1, whose left sides are the prefixes plus what is shifted to the left; those not
// allowed: no_gain. One division for both sides. Products stay far below the largest float64: sums have 31 bits.
inline __attribute__((always_inline)) void gains_of(const Prefix& left, int32_t gradient, int32_t hessian,
                                                    int32_t count, size_t begin, size_t end, const ScanRequest& r,
                                                    double* __restrict gain) {
  for (size_t i = begin; i < end; ++i) {
    const int32_t left_gradient = left.gradient[i] + gradient;
    const int32_t left_hessian = left.hessian[i] + hessian;
    const int32_t left_count = left.count[i] + count;
    const int32_t right_gradient = r.gradient - left_gradient;
    const int32_t right_hessian = r.hessian - left_hessian;
    const int32_t right_count = r.count - left_count;
    const bool allowed = (left_count >= r.least_count) & (right_count >= r.least_count) &
                         (left_hessian >= r.least_hessian) & (right_hessian >= r.least_hessian);
    const double lg = left_gradient;
    const double rg = right_gradient;
    const double lh = static_cast<double>(left_hessian) + r.lambda;
    const double rh = static_cast<double>(right_hessian) + r.lambda;
    const double value = (lg * lg * rh + rg * rg * lh) / (lh * rh) - r.node_score;
    gain[i] = allowed ? value : no_gain;
  }
}

inline __attribute__((always_inline)) double largest_of(const double* gain, size_t begin, size_t n) {
  constexpr size_t lanes = 8;
  double best[lanes];
  for (double& b : best) b = no_gain;
  size_t i = begin;
  for (; i + lanes <= n; i += lanes) {
    for (size_t k = 0; k < lanes; ++k) best[k] = gain[i + k] > best[k] ? gain[i + k] : best[k];
  }
  double result = no_gain;
  for (; i < n; ++i) result = gain[i] > result ? gain[i] : result;
  for (const double b : best) result = b > result ? b : result;
  return result;
}

// out[i] = in[0] + ... + in[i] for i < n; more may be written, up to plane_cells.
inline __attribute__((always_inline)) void prefix_sums(const int32_t* in, size_t n, int32_t* out) {
#if defined(__AVX512F__)
  const __m512i zero = _mm512_setzero_si512();
  const __m512i last = _mm512_set1_epi32(15);
  __m512i before = zero;
  for (size_t i = 0; i < n; i += 16) {
    __m512i x = _mm512_loadu_si512(in + i);
    x = _mm512_add_epi32(x, _mm512_alignr_epi32(x, zero, 15));
    x = _mm512_add_epi32(x, _mm512_alignr_epi32(x, zero, 14));
    x = _mm512_add_epi32(x, _mm512_alignr_epi32(x, zero, 12));
    x = _mm512_add_epi32(x, _mm512_alignr_epi32(x, zero, 8));
    x = _mm512_add_epi32(x, before);
    before = _mm512_permutexvar_epi32(last, x);
    _mm512_storeu_si512(out + i, x);
  }
#else
  int32_t sum = 0;
  for (size_t i = 0; i < n; ++i) {
    sum += in[i];
    out[i] = sum;
  }
#endif
}

// The first i < n with ascending[i] >= least, else n.
inline __attribute__((always_inline)) size_t first_at_least(const int32_t* ascending, size_t n, int32_t least) {
  size_t first = 0;
  while (n > 0) {
    const size_t half = n / 2;
    const bool below = ascending[first + half] < least;
    first = below ? first + half + 1 : first;
    n = below ? n - half - 1 : half;
  }
  return first;
}

ScanResult scan(const Planes* planes, size_t bin_count, const ScanRequest& request) {
  ScanResult result = {request.least_gain, -1, 0, 0, 0, 0};
  const size_t n = bin_count - 1;  // cuts at the bins 1 .. bin_count - 1
  Prefix prefix;                   // of the left side of cut i + 1
  prefix_sums(planes->gradient, n, prefix.gradient);
  prefix_sums(planes->hessian, n, prefix.hessian);
  prefix_sums(planes->count, n, prefix.count);
  constexpr size_t missing = plane_cells - 1;
  const bool any_missing = planes->count[missing] != 0;
  // Counts rise from cut to cut: those with enough events on both sides, wherever the missing ones go, lie together.
  const int32_t missing_count = planes->count[missing];
  const size_t begin = first_at_least(prefix.count, n, request.least_count - missing_count);
  const size_t end = first_at_least(prefix.count, n, request.count - request.least_count + 1);
  alignas(64) double gain[plane_cells];
  const auto take = [&](double best, int32_t missing_right) {
    size_t i = begin;
    while (gain[i] != best) ++i;
    result.gain = best;
    result.bin = static_cast<int32_t>(i) + 1;
    result.missing_right = missing_right;
    result.gradient = prefix.gradient[i] + (missing_right != 0 ? 0 : planes->gradient[missing]);
    result.hessian = prefix.hessian[i] + (missing_right != 0 ? 0 : planes->hessian[missing]);
    result.count = prefix.count[i] + (missing_right != 0 ? 0 : planes->count[missing]);
  };
  if (any_missing) {
    // The missing ones against all values.
    Prefix nothing;
    nothing.gradient[0] = 0;
    nothing.hessian[0] = 0;
    nothing.count[0] = 0;
    double alone = no_gain;
    gains_of(nothing, planes->gradient[missing], planes->hessian[missing], planes->count[missing], 0, 1, request,
             &alone);
    if (alone > result.gain) {
      result = {alone, 0, 0, planes->gradient[missing], planes->hessian[missing], planes->count[missing]};
    }
  }
  gains_of(prefix, 0, 0, 0, begin, end, request, gain);
  const double right_best = largest_of(gain, begin, end);
  if (right_best > result.gain) take(right_best, 1);
  if (any_missing) {
    gains_of(prefix, planes->gradient[missing], planes->hessian[missing], planes->count[missing], begin, end, request,
             gain);
    const double left_best = largest_of(gain, begin, end);
    if (left_best > result.gain) {
      take(left_best, 0);
    } else if (left_best == result.gain && result.bin > 1 && right_best == result.gain) {
      // Of equal gains the lower bin wins.
      const int32_t before = result.bin;
      size_t i = begin;
      while (gain[i] != left_best) ++i;
      if (static_cast<int32_t>(i) + 1 < before) take(left_best, 0);
    }
  }
  return result;
}

void planes_of(const int32_t* __restrict cells, Planes* __restrict planes) {
  for (size_t i = 0; i < plane_cells; ++i) {
    planes->gradient[i] = cells[4 * i];
    planes->hessian[i] = cells[4 * i + 1];
    planes->count[i] = cells[4 * i + 2];
  }
}

}  // namespace

}  // namespace diskern::DISKERN_ISA_NAMESPACE

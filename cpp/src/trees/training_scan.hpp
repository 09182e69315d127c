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

// The gain of the cut that leaves these sums on the left; a cut that is not allowed: no_gain. One division for both
// sides. Products stay far below the largest float64: sums have 31 bits.
inline __attribute__((always_inline)) double gain_of(int32_t left_gradient, int32_t left_hessian, int32_t left_count,
                                                     const ScanRequest& r) {
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
  return allowed ? value : no_gain;
}

#if defined(__AVX512F__)

// Of eight cuts.
inline __attribute__((always_inline)) __m512d gains_of_eight(__m256i left_gradient, __m256i left_hessian,
                                                             __m256i right_gradient, __m256i right_hessian,
                                                             __mmask8 allowed, const ScanRequest& r) {
  const __m512d lambda = _mm512_set1_pd(r.lambda);
  const __m512d lg = _mm512_cvtepi32_pd(left_gradient);
  const __m512d rg = _mm512_cvtepi32_pd(right_gradient);
  const __m512d lh = _mm512_add_pd(_mm512_cvtepi32_pd(left_hessian), lambda);
  const __m512d rh = _mm512_add_pd(_mm512_cvtepi32_pd(right_hessian), lambda);
  const __m512d left = _mm512_mul_pd(_mm512_mul_pd(lg, lg), rh);
  const __m512d right = _mm512_mul_pd(_mm512_mul_pd(rg, rg), lh);
  const __m512d both = _mm512_add_pd(left, right);
  const __m512d value = _mm512_sub_pd(_mm512_div_pd(both, _mm512_mul_pd(lh, rh)), _mm512_set1_pd(r.node_score));
  return _mm512_mask_mov_pd(_mm512_set1_pd(no_gain), allowed, value);
}

// Gains of the cuts begin .. end - 1, whose left sides are the prefixes plus what is shifted to the left; returns the
// largest. Up to 15 elements behind the last are written.
inline __attribute__((always_inline)) double gains_of(const Prefix& left, int32_t gradient, int32_t hessian,
                                                      int32_t count, size_t begin, size_t end, const ScanRequest& r,
                                                      double* gain) {
  __m512d best = _mm512_set1_pd(no_gain);
  for (size_t i = begin; i < end; i += 16) {
    const auto within = static_cast<__mmask16>(end - i < 16 ? (1U << (end - i)) - 1 : 0xffffU);
    const auto shifted = [&](const int32_t* prefix, int32_t by) __attribute__((always_inline)) {
      return _mm512_add_epi32(_mm512_maskz_loadu_epi32(within, prefix + i), _mm512_set1_epi32(by));
    };
    const __m512i lg = shifted(left.gradient, gradient);
    const __m512i lh = shifted(left.hessian, hessian);
    const __m512i lc = shifted(left.count, count);
    const __m512i rg = _mm512_sub_epi32(_mm512_set1_epi32(r.gradient), lg);
    const __m512i rh = _mm512_sub_epi32(_mm512_set1_epi32(r.hessian), lh);
    const __m512i rc = _mm512_sub_epi32(_mm512_set1_epi32(r.count), lc);
    const __m512i least_count = _mm512_set1_epi32(r.least_count);
    const __m512i least_hessian = _mm512_set1_epi32(r.least_hessian);
    __mmask16 allowed = _mm512_mask_cmpge_epi32_mask(within, lc, least_count);
    allowed = _mm512_mask_cmpge_epi32_mask(allowed, rc, least_count);
    allowed = _mm512_mask_cmpge_epi32_mask(allowed, lh, least_hessian);
    allowed = _mm512_mask_cmpge_epi32_mask(allowed, rh, least_hessian);
    const __m512d low = gains_of_eight(_mm512_castsi512_si256(lg), _mm512_castsi512_si256(lh),
                                       _mm512_castsi512_si256(rg), _mm512_castsi512_si256(rh),
                                       static_cast<__mmask8>(allowed), r);
    const __m512d high = gains_of_eight(_mm512_extracti64x4_epi64(lg, 1), _mm512_extracti64x4_epi64(lh, 1),
                                        _mm512_extracti64x4_epi64(rg, 1), _mm512_extracti64x4_epi64(rh, 1),
                                        static_cast<__mmask8>(allowed >> 8U), r);
    _mm512_storeu_pd(gain + i, low);
    _mm512_storeu_pd(gain + i + 8, high);
    best = _mm512_max_pd(best, _mm512_max_pd(low, high));
  }
  return _mm512_reduce_max_pd(best);
}

// The first element from `begin` on that is `value`; there is one, behind which fifteen more may be read.
inline __attribute__((always_inline)) size_t place_of(double value, const double* gain, size_t begin) {
  const __m512d wanted = _mm512_set1_pd(value);
  for (size_t i = begin;; i += 16) {
    const auto low = static_cast<unsigned>(_mm512_cmpeq_pd_mask(_mm512_loadu_pd(gain + i), wanted));
    const auto high = static_cast<unsigned>(_mm512_cmpeq_pd_mask(_mm512_loadu_pd(gain + i + 8), wanted));
    if ((low | high) != 0) return i + static_cast<size_t>(__builtin_ctz(low | high << 8U));
  }
}

// out[i] = in[0] + ... + in[i] for i < n; more may be written, up to plane_cells. at_each(i, sums) sees every sixteen.
template <class AtEach>
inline __attribute__((always_inline)) void prefix_sums(const int32_t* in, size_t n, int32_t* out,
                                                       const AtEach& at_each) {
  const __m512i zero = _mm512_setzero_si512();
  const __m512i last = _mm512_set1_epi32(15);
  __m512i before = zero;
  for (size_t i = 0; i < n; i += 16) {
    __m512i x = _mm512_loadu_si512(in + i);
    x = _mm512_add_epi32(x, _mm512_alignr_epi32(x, zero, 15));
    x = _mm512_add_epi32(x, _mm512_alignr_epi32(x, zero, 14));
    x = _mm512_add_epi32(x, _mm512_alignr_epi32(x, zero, 12));
    x = _mm512_add_epi32(x, _mm512_alignr_epi32(x, zero, 8));
    const __m512i sums = _mm512_add_epi32(x, before);
    // From one sixteen to the next only this addition waits.
    before = _mm512_add_epi32(before, _mm512_permutexvar_epi32(last, x));
    _mm512_storeu_si512(out + i, sums);
    at_each(i, sums);
  }
}
inline __attribute__((always_inline)) void prefix_sums(const int32_t* in, size_t n, int32_t* out) {
  prefix_sums(in, n, out, [](size_t, __m512i) __attribute__((always_inline)) {});
}

// The same of counts, which are not negative; also the first i < n whose sum is at least least[k], else n.
inline __attribute__((always_inline)) void prefix_counts(const int32_t* in, size_t n, int32_t* out,
                                                         const int32_t (&least)[2], size_t (&first)[2]) {
  const __m512i limit[2] = {_mm512_set1_epi32(least[0]), _mm512_set1_epi32(least[1])};
  first[0] = first[1] = 0;
  prefix_sums(in, n, out, [&](size_t i, __m512i sums) __attribute__((always_inline)) {
    const auto within = static_cast<__mmask16>(n - i < 16 ? (1U << (n - i)) - 1 : 0xffffU);
    for (size_t k = 0; k < 2; ++k) {
      first[k] += static_cast<size_t>(__builtin_popcount(_mm512_mask_cmplt_epi32_mask(within, sums, limit[k])));
    }
  });
}

#else

inline __attribute__((always_inline)) double gains_of(const Prefix& left, int32_t gradient, int32_t hessian,
                                                      int32_t count, size_t begin, size_t end, const ScanRequest& r,
                                                      double* __restrict gain) {
  for (size_t i = begin; i < end; ++i) {
    gain[i] = gain_of(left.gradient[i] + gradient, left.hessian[i] + hessian, left.count[i] + count, r);
  }
  constexpr size_t lanes = 8;
  double best[lanes];
  for (double& b : best) b = no_gain;
  size_t i = begin;
  for (; i + lanes <= end; i += lanes) {
    for (size_t k = 0; k < lanes; ++k) best[k] = gain[i + k] > best[k] ? gain[i + k] : best[k];
  }
  double result = no_gain;
  for (; i < end; ++i) result = gain[i] > result ? gain[i] : result;
  for (const double b : best) result = b > result ? b : result;
  return result;
}

inline __attribute__((always_inline)) size_t place_of(double value, const double* gain, size_t begin) {
  while (gain[begin] != value) ++begin;
  return begin;
}

inline __attribute__((always_inline)) void prefix_sums(const int32_t* in, size_t n, int32_t* out) {
  int32_t sum = 0;
  for (size_t i = 0; i < n; ++i) {
    sum += in[i];
    out[i] = sum;
  }
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

inline __attribute__((always_inline)) void prefix_counts(const int32_t* in, size_t n, int32_t* out,
                                                         const int32_t (&least)[2], size_t (&first)[2]) {
  prefix_sums(in, n, out);
  for (size_t k = 0; k < 2; ++k) first[k] = first_at_least(out, n, least[k]);
}

#endif

ScanResult scan(const Planes* planes, size_t bin_count, const ScanRequest& request) {
  ScanResult result = {request.least_gain, -1, 0, 0, 0, 0};
  const size_t n = bin_count - 1;  // cuts at the bins 1 .. bin_count - 1
  Prefix prefix;                   // of the left side of cut i + 1
  prefix_sums(planes->gradient, n, prefix.gradient);
  prefix_sums(planes->hessian, n, prefix.hessian);
  constexpr size_t missing = plane_cells - 1;
  const bool any_missing = planes->count[missing] != 0;
  // Counts rise from cut to cut: those with enough events on both sides, wherever the missing ones go, lie together.
  const int32_t limits[2] = {request.least_count - planes->count[missing], request.count - request.least_count + 1};
  size_t bounds[2];
  prefix_counts(planes->count, n, prefix.count, limits, bounds);
  const size_t begin = bounds[0];
  const size_t end = bounds[1];
  alignas(64) double gain[plane_cells + 16];
  const auto take = [&](double best, int32_t missing_right) {
    const size_t i = place_of(best, gain, begin);
    result.gain = best;
    result.bin = static_cast<int32_t>(i) + 1;
    result.missing_right = missing_right;
    result.gradient = prefix.gradient[i] + (missing_right != 0 ? 0 : planes->gradient[missing]);
    result.hessian = prefix.hessian[i] + (missing_right != 0 ? 0 : planes->hessian[missing]);
    result.count = prefix.count[i] + (missing_right != 0 ? 0 : planes->count[missing]);
  };
  if (any_missing) {
    // The missing ones against all values.
    const double alone =
        gain_of(planes->gradient[missing], planes->hessian[missing], planes->count[missing], request);
    if (alone > result.gain) {
      result = {alone, 0, 0, planes->gradient[missing], planes->hessian[missing], planes->count[missing]};
    }
  }
  const double right_best = gains_of(prefix, 0, 0, 0, begin, end, request, gain);
  if (right_best > result.gain) take(right_best, 1);
  if (any_missing) {
    const double left_best = gains_of(prefix, planes->gradient[missing], planes->hessian[missing],
                                      planes->count[missing], begin, end, request, gain);
    if (left_best > result.gain) {
      take(left_best, 0);
    } else if (left_best == result.gain && result.bin > 1 && right_best == result.gain) {
      // Of equal gains the lower bin wins.
      const int32_t before = result.bin;
      if (static_cast<int32_t>(place_of(left_best, gain, begin)) + 1 < before) take(left_best, 0);
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

#pragma once
// Bins of values. Part of the training kernel unit.

#include <stddef.h>
#include <stdint.h>

#include "trees/training_intrinsics.hpp"
#include "trees/training_table.hpp"

namespace diskern::DISKERN_ISA_NAMESPACE {

using namespace trees;  // NOLINT(google-build-using-namespace)

namespace {

void bin_values(const float* values, ptrdiff_t stride, size_t n, const float* edges, uint8_t* out) {
  constexpr size_t block = 64;
  float x[block];
#if defined(__AVX512F__)
  // Five steps among every eighth edge, which fit into two registers, then three among the eight between.
  alignas(64) float pivots[32];
  pivots[0] = 0;  // never looked at
  for (size_t p = 1; p < 32; ++p) pivots[p] = edges[8 * p - 1];
  const __m512 low = _mm512_load_ps(pivots);
  const __m512 high = _mm512_load_ps(pivots + 16);
#endif
  for (size_t begin = 0; begin < n; begin += block) {
    const size_t size = n - begin < block ? n - begin : block;
    for (size_t k = 0; k < size; ++k) x[k] = values[static_cast<ptrdiff_t>(begin + k) * stride];
    for (size_t k = size; k < block; ++k) x[k] = 0;
    uint8_t bins[block];
#if defined(__AVX512F__)
    for (size_t k = 0; k < block; k += 16) {
      const __m512 value = _mm512_loadu_ps(x + k);
      __m512i bin = _mm512_setzero_si512();
      for (int s = 16; s >= 1; s /= 2) {
        const __m512i next = _mm512_add_epi32(bin, _mm512_set1_epi32(s));
        const __m512 edge = _mm512_permutex2var_ps(low, next, high);
        bin = _mm512_mask_mov_epi32(bin, _mm512_cmp_ps_mask(edge, value, _CMP_LE_OQ), next);
      }
      bin = _mm512_slli_epi32(bin, 3);
      for (int s = 4; s >= 1; s /= 2) {
        const __m512i next = _mm512_add_epi32(bin, _mm512_set1_epi32(s));
        const __m512 edge = _mm512_i32gather_ps(_mm512_sub_epi32(next, _mm512_set1_epi32(1)), edges, 4);
        bin = _mm512_mask_mov_epi32(bin, _mm512_cmp_ps_mask(edge, value, _CMP_LE_OQ), next);
      }
      bin = _mm512_mask_mov_epi32(bin, _mm512_cmp_ps_mask(value, value, _CMP_UNORD_Q), _mm512_set1_epi32(255));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(bins + k), _mm512_cvtepi32_epi8(bin));
    }
#else
    uint32_t bin[block] = {};
    for (uint32_t step = 128; step != 0; step /= 2) {
      for (size_t k = 0; k < block; ++k) bin[k] += edges[bin[k] + step - 1] <= x[k] ? step : 0;
    }
    for (size_t k = 0; k < block; ++k) bins[k] = static_cast<uint8_t>(x[k] != x[k] ? 255 : bin[k]);
#endif
    __builtin_memcpy(out + begin, bins, size);
  }
}

}  // namespace

}  // namespace diskern::DISKERN_ISA_NAMESPACE

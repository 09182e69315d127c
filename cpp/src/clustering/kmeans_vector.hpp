#pragma once
// Vectors of float32 as wide as the registers of the instruction set. Part of the k-means kernel unit.

#if defined(__AVX2__) || defined(__AVX512F__)
#include <immintrin.h>
#endif

#include "clustering/kmeans_table.hpp"

#define DISKERN_INLINE inline __attribute__((always_inline))
#define DISKERN_INLINE_LAMBDA __attribute__((always_inline))

namespace diskern::DISKERN_ISA_NAMESPACE {

using namespace clustering;  // NOLINT(google-build-using-namespace)

namespace {

constexpr float lowest = -3.4e38F;

#if defined(__AVX512F__)
constexpr size_t lanes = 16;
using Floats = __m512;
using Integers = __m512i;
DISKERN_INLINE Floats load(const float* p) { return _mm512_loadu_ps(p); }
DISKERN_INLINE void store(float* p, Floats x) { _mm512_storeu_ps(p, x); }
DISKERN_INLINE void store(int32_t* p, Integers x) { _mm512_storeu_si512(p, x); }
DISKERN_INLINE Floats broadcast(float x) { return _mm512_set1_ps(x); }
DISKERN_INLINE Integers broadcast(int32_t x) { return _mm512_set1_epi32(x); }
DISKERN_INLINE Floats multiply_add(Floats a, Floats b, Floats c) { return _mm512_fmadd_ps(a, b, c); }
// Masked forms of all lanes: GCC warns of the undefined register in the others.
DISKERN_INLINE Floats larger(Floats a, Floats b) { return _mm512_maskz_max_ps(0xffff, a, b); }
DISKERN_INLINE Floats smaller(Floats a, Floats b) { return _mm512_maskz_min_ps(0xffff, a, b); }
// (x and mask) or index, bit by bit
DISKERN_INLINE Floats with_index(Floats x, Integers mask, Integers index) {
  return _mm512_castsi512_ps(_mm512_ternarylogic_epi32(_mm512_castps_si512(x), mask, index, 0xea));
}
DISKERN_INLINE Integers index_of(Floats x, Integers mask, Integers base) {
  return _mm512_add_epi32(_mm512_maskz_andnot_epi32(0xffff, mask, _mm512_castps_si512(x)), base);
}
// a > b ? x : y
DISKERN_INLINE Integers where_above(Floats a, Floats b, Integers x, Integers y) {
  return _mm512_mask_mov_epi32(y, _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ), x);
}
// One bit per lane: not a - b > limit, also where one of them is no number.
DISKERN_INLINE uint64_t not_apart(Floats a, Floats b, Floats limit) {
  return _mm512_cmp_ps_mask(_mm512_sub_ps(a, b), limit, _CMP_NGT_UQ);
}
#elif defined(__AVX2__)
constexpr size_t lanes = 8;
using Floats = __m256;
using Integers = __m256i;
DISKERN_INLINE Floats load(const float* p) { return _mm256_loadu_ps(p); }
DISKERN_INLINE void store(float* p, Floats x) { _mm256_storeu_ps(p, x); }
DISKERN_INLINE void store(int32_t* p, Integers x) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), x); }
DISKERN_INLINE Floats broadcast(float x) { return _mm256_set1_ps(x); }
DISKERN_INLINE Integers broadcast(int32_t x) { return _mm256_set1_epi32(x); }
DISKERN_INLINE Floats multiply_add(Floats a, Floats b, Floats c) { return _mm256_fmadd_ps(a, b, c); }
DISKERN_INLINE Floats larger(Floats a, Floats b) { return _mm256_max_ps(a, b); }
DISKERN_INLINE Floats smaller(Floats a, Floats b) { return _mm256_min_ps(a, b); }
DISKERN_INLINE Floats with_index(Floats x, Integers mask, Integers index) {
  return _mm256_castsi256_ps(_mm256_or_si256(_mm256_and_si256(_mm256_castps_si256(x), mask), index));
}
DISKERN_INLINE Integers index_of(Floats x, Integers mask, Integers base) {
  return _mm256_add_epi32(_mm256_andnot_si256(mask, _mm256_castps_si256(x)), base);
}
DISKERN_INLINE Integers where_above(Floats a, Floats b, Integers x, Integers y) {
  return _mm256_castps_si256(
      _mm256_blendv_ps(_mm256_castsi256_ps(y), _mm256_castsi256_ps(x), _mm256_cmp_ps(a, b, _CMP_GT_OQ)));
}
DISKERN_INLINE uint64_t not_apart(Floats a, Floats b, Floats limit) {
  return static_cast<uint64_t>(
      static_cast<unsigned>(_mm256_movemask_ps(_mm256_cmp_ps(_mm256_sub_ps(a, b), limit, _CMP_NGT_UQ))));
}
#else
constexpr size_t lanes = 4;
typedef float Floats __attribute__((vector_size(16)));
typedef int32_t Integers __attribute__((vector_size(16)));
DISKERN_INLINE Floats load(const float* p) { return Floats{p[0], p[1], p[2], p[3]}; }
template <class T, class Vector>
DISKERN_INLINE void store(T* p, Vector x) {
  for (size_t i = 0; i < lanes; ++i) p[i] = x[i];
}
DISKERN_INLINE Floats broadcast(float x) { return Floats{x, x, x, x}; }
DISKERN_INLINE Integers broadcast(int32_t x) { return Integers{x, x, x, x}; }
DISKERN_INLINE Floats multiply_add(Floats a, Floats b, Floats c) { return a * b + c; }
DISKERN_INLINE Floats larger(Floats a, Floats b) { return a > b ? a : b; }
DISKERN_INLINE Floats smaller(Floats a, Floats b) { return a < b ? a : b; }
DISKERN_INLINE Integers bits(Floats x) { return reinterpret_cast<Integers>(x); }
DISKERN_INLINE Floats with_index(Floats x, Integers mask, Integers index) {
  return reinterpret_cast<Floats>((bits(x) & mask) | index);
}
DISKERN_INLINE Integers index_of(Floats x, Integers mask, Integers base) { return (bits(x) & ~mask) + base; }
DISKERN_INLINE Integers where_above(Floats a, Floats b, Integers x, Integers y) { return a > b ? x : y; }
DISKERN_INLINE uint64_t not_apart(Floats a, Floats b, Floats limit) {
  const Integers apart = a - b > limit;
  uint64_t result = 0;
  for (size_t i = 0; i < lanes; ++i) result |= static_cast<uint64_t>(apart[i] == 0) << i;
  return result;
}
#endif

constexpr size_t vectors_per_block = block_points / lanes;
constexpr size_t vectors_per_group = group_points / lanes;
constexpr int32_t index_mask = -(1 << index_bits);

// Rounded once at every level.
#if defined(__AVX2__)
DISKERN_INLINE Floats fused(Floats a, Floats b, Floats c) { return multiply_add(a, b, c); }
#else
DISKERN_INLINE Floats fused(Floats a, Floats b, Floats c) {
  for (size_t i = 0; i < lanes; ++i) c[i] = __builtin_fmaf(a[i], b[i], c[i]);
  return c;
}
#endif

}  // namespace

}  // namespace diskern::DISKERN_ISA_NAMESPACE

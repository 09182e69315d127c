#pragma once
// Vectors as wide as the registers of the instruction set. Part of the k-d tree kernel unit.

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#if defined(__AVX2__) || defined(__AVX512F__)
// GCC 12 takes the undefined vectors within its own header for an oversight.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#include <immintrin.h>
#endif

#include "neighbours/kd_tree_table.hpp"

#define DISKERN_INLINE inline __attribute__((always_inline))
#define DISKERN_LAMBDA __attribute__((always_inline))

namespace diskern::DISKERN_ISA_NAMESPACE {

namespace {

constexpr float infinity = __builtin_inff();
constexpr double exact_infinity = __builtin_inf();
constexpr double least_power = 1e-300;

// Vectors of float32, `Single::lanes` wide; masks are integers.
#if defined(__AVX512F__)
struct Single {
  static constexpr size_t lanes = 16;
  using Type = __m512;
  static DISKERN_INLINE Type load(const float* p) { return _mm512_loadu_ps(p); }
  static DISKERN_INLINE void store(float* p, Type x) { _mm512_storeu_ps(p, x); }
  static DISKERN_INLINE Type broadcast(float x) { return _mm512_set1_ps(x); }
  static DISKERN_INLINE Type subtract(Type a, Type b) { return _mm512_sub_ps(a, b); }
  static DISKERN_INLINE Type add(Type a, Type b) { return _mm512_add_ps(a, b); }
  static DISKERN_INLINE Type square_add(Type a, Type sum) { return _mm512_fmadd_ps(a, a, sum); }
  static DISKERN_INLINE Type multiply_add(Type a, Type b, Type sum) { return _mm512_fmadd_ps(a, b, sum); }
  // NaN in b stays.
  static DISKERN_INLINE Type larger(Type a, Type b) { return _mm512_max_ps(a, b); }
  static DISKERN_INLINE Type smaller(Type a, Type b) { return _mm512_min_ps(a, b); }
  static DISKERN_INLINE Type absolute(Type x) { return _mm512_abs_ps(x); }
  static DISKERN_INLINE uint32_t at_most(Type x, Type limit) { return _mm512_cmp_ps_mask(x, limit, _CMP_LE_OQ); }
  static DISKERN_INLINE uint32_t below(Type x, Type limit) { return _mm512_cmp_ps_mask(x, limit, _CMP_LT_OQ); }
};
struct Double {
  static constexpr size_t lanes = 8;
  using Type = __m512d;
  static DISKERN_INLINE Type load(const double* p) { return _mm512_loadu_pd(p); }
  static DISKERN_INLINE void store(double* p, Type x) { _mm512_storeu_pd(p, x); }
  static DISKERN_INLINE Type broadcast(double x) { return _mm512_set1_pd(x); }
  static DISKERN_INLINE Type absolute(Type x) { return _mm512_abs_pd(x); }
  static DISKERN_INLINE Type larger(Type a, Type b) { return _mm512_max_pd(a, b); }
  static DISKERN_INLINE Type smaller(Type a, Type b) { return _mm512_min_pd(a, b); }
  static DISKERN_INLINE uint32_t at_most(Type x, Type limit) { return _mm512_cmp_pd_mask(x, limit, _CMP_LE_OQ); }
};
#elif defined(__AVX2__)
struct Single {
  static constexpr size_t lanes = 8;
  using Type = __m256;
  static DISKERN_INLINE Type load(const float* p) { return _mm256_loadu_ps(p); }
  static DISKERN_INLINE void store(float* p, Type x) { _mm256_storeu_ps(p, x); }
  static DISKERN_INLINE Type broadcast(float x) { return _mm256_set1_ps(x); }
  static DISKERN_INLINE Type subtract(Type a, Type b) { return _mm256_sub_ps(a, b); }
  static DISKERN_INLINE Type add(Type a, Type b) { return _mm256_add_ps(a, b); }
  static DISKERN_INLINE Type square_add(Type a, Type sum) { return _mm256_fmadd_ps(a, a, sum); }
  static DISKERN_INLINE Type multiply_add(Type a, Type b, Type sum) { return _mm256_fmadd_ps(a, b, sum); }
  static DISKERN_INLINE Type larger(Type a, Type b) { return _mm256_max_ps(a, b); }
  static DISKERN_INLINE Type smaller(Type a, Type b) { return _mm256_min_ps(a, b); }
  static DISKERN_INLINE Type absolute(Type x) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0F), x); }
  static DISKERN_INLINE uint32_t at_most(Type x, Type limit) {
    return static_cast<uint32_t>(_mm256_movemask_ps(_mm256_cmp_ps(x, limit, _CMP_LE_OQ)));
  }
  static DISKERN_INLINE uint32_t below(Type x, Type limit) {
    return static_cast<uint32_t>(_mm256_movemask_ps(_mm256_cmp_ps(x, limit, _CMP_LT_OQ)));
  }
};
struct Double {
  static constexpr size_t lanes = 4;
  using Type = __m256d;
  static DISKERN_INLINE Type load(const double* p) { return _mm256_loadu_pd(p); }
  static DISKERN_INLINE void store(double* p, Type x) { _mm256_storeu_pd(p, x); }
  static DISKERN_INLINE Type broadcast(double x) { return _mm256_set1_pd(x); }
  static DISKERN_INLINE Type absolute(Type x) { return _mm256_andnot_pd(_mm256_set1_pd(-0.0), x); }
  static DISKERN_INLINE Type larger(Type a, Type b) { return _mm256_max_pd(a, b); }
  static DISKERN_INLINE Type smaller(Type a, Type b) { return _mm256_min_pd(a, b); }
  static DISKERN_INLINE uint32_t at_most(Type x, Type limit) {
    return static_cast<uint32_t>(_mm256_movemask_pd(_mm256_cmp_pd(x, limit, _CMP_LE_OQ)));
  }
};
#else
struct Single {
  static constexpr size_t lanes = 1;
  using Type = float;
  static DISKERN_INLINE Type load(const float* p) { return *p; }
  static DISKERN_INLINE void store(float* p, Type x) { *p = x; }
  static DISKERN_INLINE Type broadcast(float x) { return x; }
  static DISKERN_INLINE Type subtract(Type a, Type b) { return a - b; }
  static DISKERN_INLINE Type add(Type a, Type b) { return a + b; }
  static DISKERN_INLINE Type square_add(Type a, Type sum) { return a * a + sum; }
  static DISKERN_INLINE Type multiply_add(Type a, Type b, Type sum) { return a * b + sum; }
  static DISKERN_INLINE Type larger(Type a, Type b) { return a > b ? a : b; }
  static DISKERN_INLINE Type smaller(Type a, Type b) { return a < b ? a : b; }
  static DISKERN_INLINE Type absolute(Type x) { return __builtin_fabsf(x); }
  static DISKERN_INLINE uint32_t at_most(Type x, Type limit) { return x <= limit ? 1U : 0U; }
  static DISKERN_INLINE uint32_t below(Type x, Type limit) { return x < limit ? 1U : 0U; }
};
struct Double {
  static constexpr size_t lanes = 1;
  using Type = double;
  static DISKERN_INLINE Type load(const double* p) { return *p; }
  static DISKERN_INLINE void store(double* p, Type x) { *p = x; }
  static DISKERN_INLINE Type broadcast(double x) { return x; }
  static DISKERN_INLINE Type absolute(Type x) { return __builtin_fabs(x); }
  static DISKERN_INLINE Type larger(Type a, Type b) { return a > b ? a : b; }
  static DISKERN_INLINE Type smaller(Type a, Type b) { return a < b ? a : b; }
  static DISKERN_INLINE uint32_t at_most(Type x, Type limit) { return x <= limit ? 1U : 0U; }
};
#endif

}  // namespace

}  // namespace diskern::DISKERN_ISA_NAMESPACE

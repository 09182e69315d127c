#pragma once
// Float vectors as wide as the registers of the instruction set, for kernel units (cmake/isa.cmake): arithmetic by the
// compiler's vector extensions, and the few operations that these lack. Include in kernel units only.
//
// multiply_add rounds once at every level, so kernels whose sums have one shape give the same bits everywhere. The
// scalar level has vectors of four that compilers map to what the baseline has; its multiply_add is the C library's.

#include <stddef.h>
#include <stdint.h>

#if defined(__AVX512F__)
// GCC 12 takes the undefined vectors within its own header for an oversight.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#include <immintrin.h>
#pragma GCC diagnostic pop
#elif defined(__AVX2__)
#include <immintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

#define DISKERN_VECTOR_INLINE static inline __attribute__((always_inline, unused))

namespace diskern::DISKERN_ISA_NAMESPACE {

namespace {

#if defined(__AVX512F__)
constexpr size_t lanes = 16;
constexpr size_t vector_registers = 32;
#elif defined(__AVX2__)
constexpr size_t lanes = 8;
constexpr size_t vector_registers = 16;
#elif defined(__ARM_NEON)
constexpr size_t lanes = 4;
constexpr size_t vector_registers = 32;
#else
constexpr size_t lanes = 4;
constexpr size_t vector_registers = 16;
#endif
typedef float Floats __attribute__((vector_size(4 * lanes), may_alias));
typedef float UnalignedFloats __attribute__((vector_size(4 * lanes), may_alias, aligned(4)));
typedef int32_t Integers __attribute__((vector_size(4 * lanes), may_alias));

DISKERN_VECTOR_INLINE Floats load(const float* from) { return *reinterpret_cast<const UnalignedFloats*>(from); }
DISKERN_VECTOR_INLINE void store(float* to, Floats values) { *reinterpret_cast<UnalignedFloats*>(to) = values; }

// "value + zeros" could not be folded, because of the sign of zero.
DISKERN_VECTOR_INLINE Floats broadcast(float value) { return value - Floats{}; }

// a * b + c with one rounding.
DISKERN_VECTOR_INLINE Floats multiply_add(Floats a, Floats b, Floats c) {
#if defined(__AVX512F__)
  return _mm512_fmadd_ps(a, b, c);
#elif defined(__AVX2__)
  return _mm256_fmadd_ps(a, b, c);
#elif defined(__ARM_NEON)
  return vfmaq_f32(c, a, b);
#else
  Floats result{};
  for (size_t i = 0; i < lanes; ++i) result[i] = __builtin_fmaf(a[i], b[i], c[i]);
  return result;
#endif
}

// condition ? yes : no, lane by lane; condition is a comparison of Floats.
DISKERN_VECTOR_INLINE Floats choose(Integers condition, Floats yes, Floats no) { return condition ? yes : no; }

// NaN stays NaN.
DISKERN_VECTOR_INLINE Floats rectified(Floats x) { return choose(x < Floats{}, Floats{}, x); }

}  // namespace

}  // namespace diskern::DISKERN_ISA_NAMESPACE

#pragma once
// A vector of bits as wide as the registers of the instruction set. Part of the bit-sliced kernel unit.

#include <stddef.h>
#include <stdint.h>

#if defined(__AVX512BW__) || defined(__AVX2__)
#include <immintrin.h>
#endif

#include "trees/forest_bitsliced_table.hpp"

namespace diskern::DISKERN_ISA_NAMESPACE {

using namespace trees;  // NOLINT(google-build-using-namespace)

namespace {

#if defined(__AVX512BW__)
using Bits = __m512i;
#elif defined(__AVX2__)
using Bits = __m256i;
#elif defined(__ARM_NEON)
typedef uint64_t Bits __attribute__((vector_size(16), may_alias));
#else
typedef uint64_t Bits __attribute__((may_alias));
#endif

inline __attribute__((always_inline)) Bits load(const void* from) { return *static_cast<const Bits*>(from); }
inline __attribute__((always_inline)) void store(void* to, Bits bits) { *static_cast<Bits*>(to) = bits; }

inline __attribute__((always_inline)) Bits all_ones() {
  const Bits zeros = Bits();
  return ~zeros;
}

// selector ? right : left, bit by bit
inline __attribute__((always_inline)) Bits choose(Bits selector, Bits right, Bits left) {
#if defined(__AVX512BW__)
  return _mm512_ternarylogic_epi64(selector, right, left, 0xca);
#else
  return left ^ (selector & (left ^ right));
#endif
}

}  // namespace

}  // namespace diskern::DISKERN_ISA_NAMESPACE

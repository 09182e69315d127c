#pragma once
// The rank of every event of a block among the cuts of a group, as planes of bits: a branch-free binary search.
// Part of the bit-sliced kernel unit.

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

// The cuts of level l stand at tree[2^l .. 2^(l+1)), j is the place in level order. Up to 32 cuts are looked up by one
// permutation, which reads the low bits of j alone; above that the first comparisons choose among several.
template <unsigned Levels>
inline __attribute__((always_inline)) void search_levels(const float* column, const float* tree,
                                                         unsigned char (*planes)[bitsliced_line]) {
  const __m512i one = _mm512_set1_epi32(1);
  const __m512 top = _mm512_load_ps(tree);
  for (size_t i = 0; i < bitsliced_block; i += 16) {
    const __m512 x = _mm512_loadu_ps(column + i);
    __m512i j = one;
    __mmask16 right[Levels];
#pragma GCC unroll 8
    for (unsigned level = 0; level < Levels; ++level) {
      __m512 cut;
      if (level < 4) {
        cut = _mm512_permutexvar_ps(j, top);
      } else if (level == 4) {
        cut = _mm512_permutexvar_ps(j, _mm512_load_ps(tree + 16));
      } else if (level == 5) {
        cut = _mm512_permutex2var_ps(_mm512_load_ps(tree + 32), j, _mm512_load_ps(tree + 48));
      } else if (level == 6) {
        cut = _mm512_mask_blend_ps(right[0],
                                   _mm512_permutex2var_ps(_mm512_load_ps(tree + 64), j, _mm512_load_ps(tree + 80)),
                                   _mm512_permutex2var_ps(_mm512_load_ps(tree + 96), j, _mm512_load_ps(tree + 112)));
      } else {
        const __m512 first = _mm512_mask_blend_ps(
            right[1], _mm512_permutex2var_ps(_mm512_load_ps(tree + 128), j, _mm512_load_ps(tree + 144)),
            _mm512_permutex2var_ps(_mm512_load_ps(tree + 160), j, _mm512_load_ps(tree + 176)));
        const __m512 second = _mm512_mask_blend_ps(
            right[1], _mm512_permutex2var_ps(_mm512_load_ps(tree + 192), j, _mm512_load_ps(tree + 208)),
            _mm512_permutex2var_ps(_mm512_load_ps(tree + 224), j, _mm512_load_ps(tree + 240)));
        cut = _mm512_mask_blend_ps(right[0], first, second);
      }
      right[level] = _mm512_cmp_ps_mask(x, cut, _CMP_GE_OQ);
      if (level + 1 < Levels) {
        j = _mm512_add_epi32(j, j);
        j = _mm512_mask_add_epi32(j, right[level], j, one);
      }
    }
#pragma GCC unroll 8
    for (unsigned level = 0; level < Levels; ++level) {
      *reinterpret_cast<__mmask16*>(planes[Levels - 1 - level] + i / 8) = right[level];
    }
  }
}

inline void find_missing(const float* column, unsigned char* plane) {
  for (size_t i = 0; i < bitsliced_block; i += 16) {
    const __m512 x = _mm512_loadu_ps(column + i);
    *reinterpret_cast<__mmask16*>(plane + i / 8) = _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q);
  }
}

#elif defined(__AVX2__)

// The same with eight lanes. A permutation looks eight cuts up; the last two levels are gathered.
template <unsigned Levels>
inline __attribute__((always_inline)) void search_levels(const float* column, const float* tree,
                                                         unsigned char (*planes)[bitsliced_line]) {
  for (size_t i = 0; i < bitsliced_block; i += 8) {
    const __m256 x = _mm256_loadu_ps(column + i);
    __m256i j = _mm256_set1_epi32(1);
    __m256 right[Levels];
#pragma GCC unroll 8
    for (unsigned level = 0; level < Levels; ++level) {
      __m256 cut;
      if (level < 3) {
        cut = _mm256_permutevar8x32_ps(_mm256_load_ps(tree), j);
      } else if (level < 6) {
        const unsigned tables = 1U << (level - 3);
        __m256 candidate[4];
#pragma GCC unroll 4
        for (unsigned t = 0; t < tables; ++t) {
          candidate[t] = _mm256_permutevar8x32_ps(_mm256_load_ps(tree + (size_t{1} << level) + 8 * t), j);
        }
#pragma GCC unroll 2
        for (unsigned up = 1; up <= level - 3; ++up) {
          const unsigned chooser = level - 3 - up;
#pragma GCC unroll 2
          for (unsigned t = 0; t < tables >> up; ++t) {
            candidate[t] = _mm256_blendv_ps(candidate[2 * t], candidate[2 * t + 1], right[chooser]);
          }
        }
        cut = candidate[0];
      } else {
        cut = _mm256_i32gather_ps(tree, j, 4);
      }
      right[level] = _mm256_cmp_ps(x, cut, _CMP_GE_OQ);
      j = _mm256_sub_epi32(_mm256_add_epi32(j, j), _mm256_castps_si256(right[level]));
    }
#pragma GCC unroll 8
    for (unsigned level = 0; level < Levels; ++level) {
      planes[Levels - 1 - level][i / 8] = static_cast<unsigned char>(_mm256_movemask_ps(right[level]));
    }
  }
}

inline void find_missing(const float* column, unsigned char* plane) {
  for (size_t i = 0; i < bitsliced_block; i += 8) {
    const __m256 x = _mm256_loadu_ps(column + i);
    plane[i / 8] = static_cast<unsigned char>(_mm256_movemask_ps(_mm256_cmp_ps(x, x, _CMP_UNORD_Q)));
  }
}

#else

// Bit `bit` of eight bytes, as the bits of one.
inline __attribute__((always_inline)) unsigned char gather_bits(const uint8_t* bytes, unsigned bit) {
  uint64_t word;
  __builtin_memcpy(&word, bytes, sizeof word);
  return static_cast<unsigned char>(((word >> bit & 0x0101010101010101U) * 0x0102040810204080U) >> 56U);
}

inline void find_missing(const float* column, unsigned char* plane) {
  for (size_t i = 0; i < bitsliced_block; i += 8) {
    uint8_t missing[8];
    for (size_t k = 0; k < 8; ++k) missing[k] = column[i + k] != column[i + k] ? 1 : 0;
    plane[i / 8] = gather_bits(missing, 0);
  }
}

inline void search(const float* column, const float* tree, unsigned levels, uint8_t* bytes,
                   unsigned char (*planes)[bitsliced_line]) {
  constexpr size_t together = 8;  // searches that wait for the memory at the same time
  for (size_t i = 0; i < bitsliced_block; i += together) {
    uint32_t j[together];
    for (size_t k = 0; k < together; ++k) j[k] = 1;
    for (unsigned level = 0; level < levels; ++level) {
#pragma GCC unroll 8
      for (size_t k = 0; k < together; ++k) j[k] = 2 * j[k] + (column[i + k] >= tree[j[k]] ? 1U : 0U);
    }
    for (size_t k = 0; k < together; ++k) bytes[i + k] = static_cast<uint8_t>(j[k]);
  }
  for (unsigned b = 0; b < levels; ++b) {
    for (size_t i = 0; i < bitsliced_block; i += 8) planes[b][i / 8] = gather_bits(bytes + i, b);
  }
}

#endif

#if defined(__AVX512BW__) || defined(__AVX2__)

inline void search(const float* column, const float* tree, unsigned levels, uint8_t* /*bytes*/,
                   unsigned char (*planes)[bitsliced_line]) {
  switch (levels) {
    case 1:
      return search_levels<1>(column, tree, planes);
    case 2:
      return search_levels<2>(column, tree, planes);
    case 3:
      return search_levels<3>(column, tree, planes);
    case 4:
      return search_levels<4>(column, tree, planes);
    case 5:
      return search_levels<5>(column, tree, planes);
    case 6:
      return search_levels<6>(column, tree, planes);
    case 7:
      return search_levels<7>(column, tree, planes);
    default:
      return search_levels<8>(column, tree, planes);
  }
}

#endif

}  // namespace

}  // namespace diskern::DISKERN_ISA_NAMESPACE

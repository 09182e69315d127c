#pragma once
// From planes of the bits of leaf numbers to the values of the leaves, added to the sums. Part of the bit-sliced kernel
// unit.

#include <stddef.h>
#include <stdint.h>

#if defined(__AVX512BW__) || defined(__AVX2__)
#include <immintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

#include "trees/forest_bitsliced_table.hpp"

namespace diskern::DISKERN_ISA_NAMESPACE {

using namespace trees;  // NOLINT(google-build-using-namespace)

namespace {

#if defined(__AVX512BW__)

// Within sixteen events the sums stand in the order 0 1 4 5 8 9 12 13, 2 3 6 7 10 11 14 15.
inline __attribute__((always_inline)) size_t place_in_sums(size_t event) {
  return (event & ~size_t{15}) + ((event & 2U) != 0 ? 8U : 0U) + (event >> 1U & 6U) + (event & 1U);
}

inline __attribute__((always_inline)) uint64_t word_of(const unsigned char* plane, size_t word) {
  return *reinterpret_cast<const uint64_t __attribute__((may_alias))*>(plane + 8 * word);
}

// Values are float64, but registers permute faster by 32 bits: low and high halves are looked up apart and joined.
template <unsigned Width>
inline __attribute__((always_inline)) void add_leaves_of(const unsigned char* const* plane, const double* values,
                                                         uint8_t* bytes, double* sums) {
  constexpr unsigned tables = Width <= 4 ? 1 : 1U << (Width - 4);
  constexpr unsigned index_bits = Width <= 5 ? Width : 5;
  const __m512i even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
  const __m512i odd = _mm512_add_epi32(even, _mm512_set1_epi32(1));
  __m512i half[2][tables];
#pragma GCC unroll 16
  for (unsigned t = 0; t < tables; ++t) {
    const __m512i first = _mm512_loadu_si512(values + 16 * t);
    const __m512i second = _mm512_loadu_si512(values + 16 * t + 8);
    half[0][t] = _mm512_permutex2var_epi32(first, even, second);
    half[1][t] = _mm512_permutex2var_epi32(first, odd, second);
  }
  for (size_t word = 0; word < 8; ++word) {
    __m512i number = _mm512_maskz_set1_epi8(word_of(plane[Width - 1], word), 1);
#pragma GCC unroll 8
    for (unsigned b = 1; b < index_bits; ++b) {
      number = _mm512_mask_add_epi8(number, word_of(plane[Width - 1 - b], word), number,
                                    _mm512_set1_epi8(static_cast<char>(1U << b)));
    }
    _mm512_store_si512(bytes, number);
#pragma GCC unroll 4
    for (size_t quarter = 0; quarter < 4; ++quarter) {
      const __m512i index =
          _mm512_cvtepu8_epi32(_mm_load_si128(reinterpret_cast<const __m128i*>(bytes + 16 * quarter)));
      __m512i found[2];
#pragma GCC unroll 2
      for (unsigned h = 0; h < 2; ++h) {
        if constexpr (Width <= 4) {
          found[h] = _mm512_permutexvar_epi32(index, half[h][0]);
        } else {
          __m512i candidate[tables / 2];
#pragma GCC unroll 8
          for (unsigned t = 0; t < tables / 2; ++t) {
            candidate[t] = _mm512_permutex2var_epi32(half[h][2 * t], index, half[h][2 * t + 1]);
          }
#pragma GCC unroll 3
          for (unsigned up = 0; up < Width - 5; ++up) {
            const unsigned b = Width - 6 - up;
            const auto mask = static_cast<__mmask16>(word_of(plane[b], word) >> (16 * quarter));
#pragma GCC unroll 4
            for (unsigned t = 0; t < 1U << b; ++t) {
              candidate[t] = _mm512_mask_blend_epi32(mask, candidate[2 * t], candidate[2 * t + 1]);
            }
          }
          found[h] = candidate[0];
        }
      }
      double* const sum = sums + 64 * word + 16 * quarter;
      _mm512_store_pd(
          sum, _mm512_add_pd(_mm512_load_pd(sum), _mm512_castsi512_pd(_mm512_unpacklo_epi32(found[0], found[1]))));
      _mm512_store_pd(sum + 8, _mm512_add_pd(_mm512_load_pd(sum + 8),
                                             _mm512_castsi512_pd(_mm512_unpackhi_epi32(found[0], found[1]))));
    }
  }
}

void to_event_order(double* sums) {
  for (size_t i = 0; i < bitsliced_block; i += 16) {
    const __m512d a = _mm512_load_pd(sums + i);
    const __m512d b = _mm512_load_pd(sums + i + 8);
    _mm512_store_pd(sums + i, _mm512_permutex2var_pd(a, _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11), b));
    _mm512_store_pd(sums + i + 8, _mm512_permutex2var_pd(a, _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15), b));
  }
}

#elif defined(__AVX2__)

// Within eight events the sums stand in the order 0 1 4 5, 2 3 6 7.
inline __attribute__((always_inline)) size_t place_in_sums(size_t event) {
  return (event & ~size_t{7}) + ((event & 2U) != 0 ? 4U : 0U) + (event >> 1U & 2U) + (event & 1U);
}

// Up to 32 values by permutations of halves of float64, as with AVX-512; more are loaded one by one.
template <unsigned Width>
inline __attribute__((always_inline)) void add_leaves_of(const double* values, const uint8_t* numbers, double* sums) {
  constexpr unsigned tables = Width <= 3 ? 1 : 1U << (Width - 3);
  __m256i half[2][tables];
#pragma GCC unroll 4
  for (unsigned t = 0; t < tables; ++t) {
    const __m256 first = _mm256_loadu_ps(reinterpret_cast<const float*>(values + 8 * t));
    const __m256 second = _mm256_loadu_ps(reinterpret_cast<const float*>(values + 8 * t + 4));
    const auto in_order = [](__m256 x) { return _mm256_permute4x64_epi64(_mm256_castps_si256(x), 0xd8); };
    half[0][t] = in_order(_mm256_shuffle_ps(first, second, 0x88));
    half[1][t] = in_order(_mm256_shuffle_ps(first, second, 0xdd));
  }
  for (size_t i = 0; i < bitsliced_block; i += 8) {
    const __m256i index = _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(numbers + i)));
    __m256i found[2];
#pragma GCC unroll 2
    for (unsigned h = 0; h < 2; ++h) {
      __m256i candidate[tables];
#pragma GCC unroll 4
      for (unsigned t = 0; t < tables; ++t) candidate[t] = _mm256_permutevar8x32_epi32(half[h][t], index);
#pragma GCC unroll 2
      for (unsigned b = 3; b < Width; ++b) {
        // blendv looks at the highest bit
        const __m256 upper = _mm256_castsi256_ps(_mm256_slli_epi32(index, static_cast<int>(31 - b)));
#pragma GCC unroll 2
        for (unsigned t = 0; t < tables >> (b - 2); ++t) {
          candidate[t] = _mm256_castps_si256(_mm256_blendv_ps(_mm256_castsi256_ps(candidate[2 * t]),
                                                              _mm256_castsi256_ps(candidate[2 * t + 1]), upper));
        }
      }
      found[h] = candidate[0];
    }
    double* const sum = sums + i;
    _mm256_store_pd(sum,
                    _mm256_add_pd(_mm256_load_pd(sum), _mm256_castsi256_pd(_mm256_unpacklo_epi32(found[0], found[1]))));
    _mm256_store_pd(sum + 4, _mm256_add_pd(_mm256_load_pd(sum + 4),
                                           _mm256_castsi256_pd(_mm256_unpackhi_epi32(found[0], found[1]))));
  }
}

void to_event_order(double* sums) {
  for (size_t i = 0; i < bitsliced_block; i += 8) {
    const __m256d a = _mm256_load_pd(sums + i);
    const __m256d b = _mm256_load_pd(sums + i + 4);
    _mm256_store_pd(sums + i, _mm256_permute2f128_pd(a, b, 0x20));
    _mm256_store_pd(sums + i + 4, _mm256_permute2f128_pd(a, b, 0x31));
  }
}

#else

inline __attribute__((always_inline)) size_t place_in_sums(size_t event) { return event; }
void to_event_order(double* /*sums*/) {}

#endif

// Bits plane[0] (highest) .. plane[width - 1] as numbers of one byte; width at most 8.
#if defined(__AVX2__)

inline __attribute__((always_inline)) void join_planes(const unsigned char* const* plane, unsigned width,
                                                       uint8_t* bytes) {
  const __m256i own_bit = _mm256_set1_epi64x(static_cast<long long>(0x8040201008040201U));
  const __m256i own_byte = _mm256_setr_epi64x(0, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303);
  for (size_t i = 0; i < bitsliced_line; i += 4) {
    __m256i numbers = _mm256_setzero_si256();
    for (unsigned b = 0; b < width; ++b) {
      int bits;
      __builtin_memcpy(&bits, plane[b] + i, sizeof bits);
      const __m256i copies = _mm256_shuffle_epi8(_mm256_set1_epi32(bits), own_byte);
      const __m256i set = _mm256_cmpeq_epi8(_mm256_and_si256(copies, own_bit), own_bit);  // -1
      numbers = _mm256_sub_epi8(_mm256_add_epi8(numbers, numbers), set);
    }
    _mm256_store_si256(reinterpret_cast<__m256i*>(bytes + 8 * i), numbers);
  }
}

#elif defined(__ARM_NEON)

inline __attribute__((always_inline)) void join_planes(const unsigned char* const* plane, unsigned width,
                                                       uint8_t* bytes) {
  const uint8x16_t own_bit = vreinterpretq_u8_u64(vdupq_n_u64(0x8040201008040201U));
  for (size_t i = 0; i < bitsliced_line; i += 2) {
    uint8x16_t numbers = vdupq_n_u8(0);
    for (unsigned b = 0; b < width; ++b) {
      const uint8x16_t copies = vcombine_u8(vdup_n_u8(plane[b][i]), vdup_n_u8(plane[b][i + 1]));
      numbers = vsubq_u8(vaddq_u8(numbers, numbers), vtstq_u8(copies, own_bit));  // set bits give -1
    }
    vst1q_u8(bytes + 8 * i, numbers);
  }
}

#else

// Eight bits to eight bytes of 0 or 1.
inline __attribute__((always_inline)) uint64_t spread_bits(unsigned char bits) {
  // Each byte keeps its own bit of a copy; adding 0x7f carries it to the top of the byte.
  const uint64_t own = (bits * 0x0101010101010101U) & 0x8040201008040201U;
  return ((own + 0x7f7f7f7f7f7f7f7fU) | own) >> 7U & 0x0101010101010101U;
}

inline __attribute__((always_inline)) void join_planes(const unsigned char* const* plane, unsigned width,
                                                       uint8_t* bytes) {
  for (size_t i = 0; i < bitsliced_line; ++i) {
    uint64_t numbers = 0;
    for (unsigned b = 0; b < width; ++b) numbers = 2 * numbers + spread_bits(plane[b][i]);
    __builtin_memcpy(bytes + 8 * i, &numbers, sizeof numbers);
  }
}

#endif

inline void add_leaves(const unsigned char* const* plane, unsigned width, const double* values, uint8_t* bytes,
                       double* sums) {
#if defined(__AVX512BW__)
  switch (width) {
    case 1:
      return add_leaves_of<1>(plane, values, bytes, sums);
    case 2:
      return add_leaves_of<2>(plane, values, bytes, sums);
    case 3:
      return add_leaves_of<3>(plane, values, bytes, sums);
    case 4:
      return add_leaves_of<4>(plane, values, bytes, sums);
    case 5:
      return add_leaves_of<5>(plane, values, bytes, sums);
    case 6:
      return add_leaves_of<6>(plane, values, bytes, sums);
    case 7:
      return add_leaves_of<7>(plane, values, bytes, sums);
    case 8:
      return add_leaves_of<8>(plane, values, bytes, sums);
    default:
      break;
  }
#endif
  if (width <= 8) {
    join_planes(plane, width, bytes);
#if defined(__AVX2__) && !defined(__AVX512BW__)
    switch (width) {
      case 1:
      case 2:
      case 3:
        return add_leaves_of<3>(values, bytes, sums);
      case 4:
        return add_leaves_of<4>(values, bytes, sums);
      case 5:
        return add_leaves_of<5>(values, bytes, sums);
      default:
        break;
    }
#endif
    // Pairs of neighbours are neighbours among the sums too.
    for (size_t i = 0; i < bitsliced_block; i += 2) {
      double* const sum = sums + place_in_sums(i);
      sum[0] += values[bytes[i]];
      sum[1] += values[bytes[i + 1]];
    }
    return;
  }
  uint8_t* const high = bytes + bitsliced_block;
  join_planes(plane, width - 8, high);
  join_planes(plane + (width - 8), 8, bytes);
  for (size_t i = 0; i < bitsliced_block; ++i) sums[place_in_sums(i)] += values[size_t{256} * high[i] + bytes[i]];
}

}  // namespace

}  // namespace diskern::DISKERN_ISA_NAMESPACE

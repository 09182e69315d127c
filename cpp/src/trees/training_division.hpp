#pragma once
// Events told apart by a cut. Part of the training kernel unit.

#include <stddef.h>
#include <stdint.h>

#include "trees/training_intrinsics.hpp"
#include "trees/training_table.hpp"

namespace diskern::DISKERN_ISA_NAMESPACE {

using namespace trees;  // NOLINT(google-build-using-namespace)

namespace {

#if defined(__AVX512F__)
inline __attribute__((always_inline)) uint64_t mark_word(const uint8_t* bins, uint32_t bin, uint32_t width) {
  const __m512i values = _mm512_sub_epi8(_mm512_loadu_si512(bins), _mm512_set1_epi8(static_cast<char>(bin)));
  return _mm512_cmple_epu8_mask(values, _mm512_set1_epi8(static_cast<char>(width - 1)));
}
#else
inline __attribute__((always_inline)) uint64_t mark_word(const uint8_t* bins, uint32_t bin, uint32_t width) {
  uint8_t set[64];
  for (size_t k = 0; k < 64; ++k) set[k] = static_cast<uint8_t>(bins[k] - bin) <= static_cast<uint8_t>(width - 1);
  uint64_t word = 0;
  for (size_t b = 0; b < 8; ++b) {
    uint64_t eight;
    __builtin_memcpy(&eight, set + 8 * b, 8);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    eight = __builtin_bswap64(eight);
#endif
    word |= ((eight * 0x0102040810204080U) >> 56U) << (8 * b);
  }
  return word;
}
#endif

size_t mark(const uint8_t* column, const uint32_t* rows, size_t first, size_t n, uint32_t bin, uint32_t width,
            uint64_t* mask) {
  size_t set = 0;
  constexpr size_t block = 256;  // gathered first, so that the vector loads do not wait for the byte stores
  uint8_t gathered[block] = {};
  for (size_t begin = 0; begin < n; begin += block) {
    const size_t size = n - begin < block ? n - begin : block;
    const uint8_t* values = gathered;
    if (rows != nullptr) {
      for (size_t k = 0; k < size; ++k) gathered[k] = column[rows[begin + k]];
    } else if (size == block) {
      values = column + first + begin;
    } else {
      for (size_t k = 0; k < size; ++k) gathered[k] = column[first + begin + k];
    }
    for (size_t k = 0; k < size; k += 64) {
      uint64_t word = mark_word(values + k, bin, width);
      if (size - k < 64) word &= (uint64_t{1} << (size - k)) - 1;
      mask[(begin + k) / 64] = word;
      set += static_cast<size_t>(__builtin_popcountll(word));
    }
  }
  return set;
}

void divide(const uint32_t* rows, size_t first, size_t n, const uint64_t* mask, uint32_t* left, uint32_t* right) {
  size_t k = 0;
#if defined(__AVX512F__)
  // Compressed in the register: to memory it is slow on some processors.
  __m512i ascending = _mm512_add_epi32(_mm512_set1_epi32(static_cast<int>(static_cast<uint32_t>(first))),
                                       _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
  const __m512i step = _mm512_set1_epi32(16);
  for (; k + 16 <= n; k += 16) {
    const auto bits = static_cast<uint32_t>(mask[k / 64] >> (k % 64)) & 0xffffU;
    const auto to_right = static_cast<unsigned>(__builtin_popcount(bits));
    const __m512i row = rows == nullptr ? ascending : _mm512_loadu_si512(rows + k);
    ascending = _mm512_add_epi32(ascending, step);
    const __m512i lefts = _mm512_maskz_compress_epi32(static_cast<__mmask16>(~bits), row);
    const __m512i rights = _mm512_maskz_compress_epi32(static_cast<__mmask16>(bits), row);
    _mm512_mask_storeu_epi32(left, static_cast<__mmask16>(0xffffU >> to_right), lefts);
    _mm512_mask_storeu_epi32(right, static_cast<__mmask16>((1U << to_right) - 1), rights);
    left += 16 - to_right;
    right += to_right;
  }
#else
  // Through arrays of their own, so that the store which does not count hits nobody else's element.
  constexpr size_t block = 256;
  uint32_t lefts[block];
  uint32_t rights[block];
  for (; k + block <= n; k += block) {
    size_t n_left = 0;
    for (size_t w = 0; w < block; w += 64) {
      uint64_t word = mask[(k + w) / 64];
      for (size_t b = 0; b < 64; ++b, word >>= 1U) {
        const uint32_t row = rows == nullptr ? static_cast<uint32_t>(first + k + w + b) : rows[k + w + b];
        lefts[n_left] = row;
        rights[w + b - n_left] = row;
        n_left += (word & 1U) == 0 ? 1 : 0;
      }
    }
    __builtin_memcpy(left, lefts, n_left * sizeof(uint32_t));
    __builtin_memcpy(right, rights, (block - n_left) * sizeof(uint32_t));
    left += n_left;
    right += block - n_left;
  }
#endif
  for (; k < n; ++k) {
    const uint32_t row = rows == nullptr ? static_cast<uint32_t>(first + k) : rows[k];
    if (((mask[k / 64] >> (k % 64)) & 1U) != 0) {
      *right++ = row;
    } else {
      *left++ = row;
    }
  }
}

}  // namespace

}  // namespace diskern::DISKERN_ISA_NAMESPACE

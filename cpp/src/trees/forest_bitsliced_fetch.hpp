#pragma once
// Blocks of events from whatever layout the caller has to columns of float32. Part of the bit-sliced kernel unit.

#include <stddef.h>
#include <stdint.h>

#if defined(__AVX512BW__) && defined(__AVX512DQ__)
#include <immintrin.h>
#endif

#include "trees/forest_bitsliced_table.hpp"

namespace diskern::DISKERN_ISA_NAMESPACE {

using namespace trees;  // NOLINT(google-build-using-namespace)

namespace {

inline __attribute__((always_inline)) const void* column_begin(const EventSource& events, size_t feature) {
  if (events.columns != nullptr) return events.columns[feature];
  const ptrdiff_t offset = static_cast<ptrdiff_t>(feature) * events.column_stride;
  return events.is_double ? static_cast<const void*>(static_cast<const double*>(events.base) + offset)
                          : static_cast<const void*>(static_cast<const float*>(events.base) + offset);
}

// One variable of `count` events from `begin` on; what is left of the block becomes 0.
inline void fetch_column(const EventSource& events, size_t feature, size_t begin, size_t count, float* to) {
  const void* column = column_begin(events, feature);
  const ptrdiff_t stride = events.row_stride;
  const ptrdiff_t first = static_cast<ptrdiff_t>(begin) * stride;
  if (events.is_double) {
    const double* from = static_cast<const double*>(column) + first;
    if (stride == 1) {
      for (size_t i = 0; i < count; ++i) to[i] = static_cast<float>(from[i]);
    } else {
      for (size_t i = 0; i < count; ++i) to[i] = static_cast<float>(from[static_cast<ptrdiff_t>(i) * stride]);
    }
  } else {
    const float* from = static_cast<const float*>(column) + first;
    if (stride == 1) {
      for (size_t i = 0; i < count; ++i) to[i] = from[i];
    } else {
      for (size_t i = 0; i < count; ++i) to[i] = from[static_cast<ptrdiff_t>(i) * stride];
    }
  }
  for (size_t i = count; i < bitsliced_block; ++i) to[i] = 0.0F;
}

#if defined(__AVX512BW__) && defined(__AVX512DQ__)

inline __attribute__((always_inline)) __m512 load_row(const float* row, __mmask16 columns) {
  return _mm512_maskz_loadu_ps(columns, row);
}
inline __attribute__((always_inline)) __m512 load_row(const double* row, __mmask16 columns) {
  const __m256 low = _mm512_cvtpd_ps(_mm512_maskz_loadu_pd(static_cast<__mmask8>(columns), row));
  const __m256 high = _mm512_cvtpd_ps(_mm512_maskz_loadu_pd(static_cast<__mmask8>(columns >> 8U), row + 8));
  return _mm512_insertf32x8(_mm512_castps256_ps512(low), high, 1);
}

// 16 x 16 elements at a time, in registers.
template <class T>
inline void transpose_window(const T* from, ptrdiff_t stride, size_t columns, size_t count, float* to) {
  const auto mask = static_cast<__mmask16>((1U << columns) - 1U);
  for (size_t i = 0; i < bitsliced_block; i += 16) {
    __m512 a[16];
    __m512 b[16];
#pragma GCC unroll 16
    for (size_t r = 0; r < 16; ++r) {
      a[r] = i + r < count ? load_row(from + static_cast<ptrdiff_t>(i + r) * stride, mask) : _mm512_setzero_ps();
    }
    // Pairs, then quadruples of rows inside the quarters of the registers ...
#pragma GCC unroll 8
    for (size_t r = 0; r < 16; r += 2) {
      b[r] = _mm512_unpacklo_ps(a[r], a[r + 1]);
      b[r + 1] = _mm512_unpackhi_ps(a[r], a[r + 1]);
    }
#pragma GCC unroll 4
    for (size_t r = 0; r < 16; r += 4) {
      a[r] = _mm512_shuffle_ps(b[r], b[r + 2], 0x44);
      a[r + 1] = _mm512_shuffle_ps(b[r], b[r + 2], 0xee);
      a[r + 2] = _mm512_shuffle_ps(b[r + 1], b[r + 3], 0x44);
      a[r + 3] = _mm512_shuffle_ps(b[r + 1], b[r + 3], 0xee);
    }
    // ... then the quarters: a[4 q + c] has columns c, c + 4, c + 8, c + 12 of rows 4 q .. 4 q + 3.
#pragma GCC unroll 4
    for (size_t c = 0; c < 4; ++c) {
      const __m512 p = _mm512_shuffle_f32x4(a[c], a[4 + c], 0x44);
      const __m512 q = _mm512_shuffle_f32x4(a[8 + c], a[12 + c], 0x44);
      const __m512 r = _mm512_shuffle_f32x4(a[c], a[4 + c], 0xee);
      const __m512 s = _mm512_shuffle_f32x4(a[8 + c], a[12 + c], 0xee);
      float* const out = to + c * bitsliced_block + i;
      _mm512_store_ps(out, _mm512_shuffle_f32x4(p, q, 0x88));
      _mm512_store_ps(out + 4 * bitsliced_block, _mm512_shuffle_f32x4(p, q, 0xdd));
      _mm512_store_ps(out + 8 * bitsliced_block, _mm512_shuffle_f32x4(r, s, 0x88));
      _mm512_store_ps(out + 12 * bitsliced_block, _mm512_shuffle_f32x4(r, s, 0xdd));
    }
  }
}

#else

template <class T>
inline void transpose_window(const T* from, ptrdiff_t stride, size_t columns, size_t count, float* to) {
  constexpr size_t tile = 16;  // events whose rows stay in the cache
  for (size_t i = 0; i < bitsliced_block; i += tile) {
    for (size_t j = 0; j < columns; ++j) {
      for (size_t r = i; r < i + tile; ++r) {
        to[j * bitsliced_block + r] =
            r < count ? static_cast<float>(from[static_cast<ptrdiff_t>(r) * stride + static_cast<ptrdiff_t>(j)]) : 0.0F;
      }
    }
  }
}

#endif

// Gives the columns of one block, fetching each, or its window of neighbours, when it is asked for the first time.
// Ask in ascending order.
struct Columns {
  const EventSource& events;
  size_t begin;
  size_t count;
  float* window;
  size_t current;  // window or feature that is in there

  inline const float* get(size_t feature) {
    if (!events.is_double && events.row_stride == 1 && count == bitsliced_block) {
      return static_cast<const float*>(column_begin(events, feature)) + begin;
    }
    if (events.columns != nullptr || events.column_stride != 1) {
      if (current != feature) fetch_column(events, feature, begin, count, window);
      current = feature;
      return window;
    }
    const size_t number = feature / bitsliced_window;
    if (number != current) {
      current = number;
      const size_t first = number * bitsliced_window;
      const size_t columns =
          events.column_count - first < bitsliced_window ? events.column_count - first : bitsliced_window;
      const void* from = column_begin(events, first);
      const ptrdiff_t offset = static_cast<ptrdiff_t>(begin) * events.row_stride;
      if (events.is_double) {
        transpose_window(static_cast<const double*>(from) + offset, events.row_stride, columns, count, window);
      } else {
        transpose_window(static_cast<const float*>(from) + offset, events.row_stride, columns, count, window);
      }
    }
    return window + (feature % bitsliced_window) * bitsliced_block;
  }
};

}  // namespace

}  // namespace diskern::DISKERN_ISA_NAMESPACE

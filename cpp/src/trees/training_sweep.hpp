#pragma once
// Shallow trees, swept over in the order of the events: every event has the number of its node. Part of the training
// kernel unit.

#include <stddef.h>
#include <stdint.h>

#include "trees/training_derivatives.hpp"
#include "trees/training_division.hpp"
#include "trees/training_intrinsics.hpp"
#include "trees/training_table.hpp"

namespace diskern::DISKERN_ISA_NAMESPACE {

using namespace trees;  // NOLINT(google-build-using-namespace)

namespace {

void route(const SweepCut* cuts, size_t n_cuts, size_t first, size_t n, uint8_t* node_of) {
  for (size_t begin = first; begin < first + n; begin += 64) {
#if defined(__AVX512F__)
    const __m512i node = _mm512_loadu_si512(node_of + begin);
    __mmask64 right = 0;
    for (size_t c = 0; c < n_cuts; ++c) {
      const SweepCut& cut = cuts[c];
      const __mmask64 here = _mm512_cmpeq_epi8_mask(node, _mm512_set1_epi8(static_cast<char>(cut.node)));
      const __m512i values = _mm512_sub_epi8(_mm512_loadu_si512(cut.column + begin),
                                             _mm512_set1_epi8(static_cast<char>(cut.bin)));
      right |= _mm512_mask_cmple_epu8_mask(here, values, _mm512_set1_epi8(static_cast<char>(cut.last)));
    }
    const __m512i twice = _mm512_add_epi8(node, node);
    _mm512_storeu_si512(node_of + begin, _mm512_mask_add_epi8(twice, right, twice, _mm512_set1_epi8(1)));
#else
    uint8_t node[64];
    uint8_t next[64];
    __builtin_memcpy(node, node_of + begin, 64);
    for (size_t k = 0; k < 64; ++k) next[k] = static_cast<uint8_t>(2 * node[k]);
    for (size_t c = 0; c < n_cuts; ++c) {
      const SweepCut cut = cuts[c];
      const uint8_t* column = cut.column + begin;
      for (size_t k = 0; k < 64; ++k) {
        const bool here = node[k] == cut.node;
        const bool right = static_cast<uint8_t>(column[k] - cut.bin) <= cut.last;
        next[k] = static_cast<uint8_t>(next[k] + (here & right ? 1 : 0));
      }
    }
    __builtin_memcpy(node_of + begin, next, 64);
#endif
  }
}

size_t list_node(const uint8_t* node_of, size_t first, size_t n, uint8_t node, uint32_t* rows) {
  uint32_t* out = rows;
  for (size_t begin = 0; begin < n; begin += 64) {
    uint64_t word = mark_word(node_of + first + begin, node, 1);
    if (n - begin < 64) word &= (uint64_t{1} << (n - begin)) - 1;
#if defined(__AVX512F__)
    __m512i row = _mm512_add_epi32(_mm512_set1_epi32(static_cast<int>(static_cast<uint32_t>(first + begin))),
                                   _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
    for (size_t k = 0; k < 64; k += 16, word >>= 16U) {
      const auto bits = static_cast<__mmask16>(word & 0xffffU);
      _mm512_storeu_si512(out, _mm512_maskz_compress_epi32(bits, row));
      out += __builtin_popcount(bits);
      row = _mm512_add_epi32(row, _mm512_set1_epi32(16));
    }
#else
    for (; word != 0; word &= word - 1) {
      *out++ = static_cast<uint32_t>(first + begin) + static_cast<uint32_t>(__builtin_ctzll(word));
    }
#endif
  }
  return static_cast<size_t>(out - rows);
}

void sum_leaves(const uint8_t* node_of, size_t first, size_t n, const double* gradient, const double* hessian,
                double gradient_scale, double hessian_scale, size_t n_leaves, int64_t* sums) {
  size_t begin = 0;
#if defined(__AVX512F__)
  // With more leaves it is cheaper to add to the sums in memory, event by event.
  constexpr size_t few_leaves = 16;
  if (n_leaves <= few_leaves) {
    const __m512d magic = _mm512_set1_pd(round_to_integer);
    const auto rounded_lanes = [&](const double* values, double scale) __attribute__((always_inline)) {
      const __m512d shifted = _mm512_add_pd(_mm512_mul_pd(_mm512_loadu_pd(values), _mm512_set1_pd(scale)), magic);
      return _mm512_sub_epi64(_mm512_castpd_si512(shifted), _mm512_castpd_si512(magic));
    };
    __m512i sum[2 * few_leaves];
    for (size_t k = 0; k < 2 * n_leaves; ++k) sum[k] = _mm512_setzero_si512();
    for (; begin + 64 <= n; begin += 64) {
      __m512i g[8];
      __m512i h[8];
      for (size_t k = 0; k < 8; ++k) {
        g[k] = rounded_lanes(gradient + first + begin + 8 * k, gradient_scale);
        h[k] = rounded_lanes(hessian + first + begin + 8 * k, hessian_scale);
      }
      const __m512i node = _mm512_loadu_si512(node_of + first + begin);
      for (size_t leaf = 0; leaf < n_leaves; ++leaf) {
        uint64_t word = _mm512_cmpeq_epi8_mask(node, _mm512_set1_epi8(static_cast<char>(leaf)));
        sums[3 * leaf + 2] += __builtin_popcountll(word);
        __m512i g_sum = sum[2 * leaf];
        __m512i h_sum = sum[2 * leaf + 1];
        for (size_t k = 0; k < 8; ++k, word >>= 8U) {
          g_sum = _mm512_mask_add_epi64(g_sum, static_cast<__mmask8>(word), g_sum, g[k]);
          h_sum = _mm512_mask_add_epi64(h_sum, static_cast<__mmask8>(word), h_sum, h[k]);
        }
        sum[2 * leaf] = g_sum;
        sum[2 * leaf + 1] = h_sum;
      }
    }
    for (size_t leaf = 0; leaf < n_leaves; ++leaf) {
      sums[3 * leaf] += _mm512_reduce_add_epi64(sum[2 * leaf]);
      sums[3 * leaf + 1] += _mm512_reduce_add_epi64(sum[2 * leaf + 1]);
    }
  }
#else
  (void)n_leaves;
#endif
  for (; begin < n; ++begin) {
    const size_t i = first + begin;
    int64_t* leaf = sums + 3 * size_t{node_of[i]};
    leaf[0] += rounded(gradient[i] * gradient_scale);
    leaf[1] += rounded(hessian[i] * hessian_scale);
    leaf[2] += 1;
  }
}

void move_scores(const uint8_t* node_of, size_t first, size_t n, const double* step, size_t n_leaves, double* score) {
  size_t i = first;
  const size_t end = first + n;
#if defined(__AVX512F__)
  if (n_leaves <= 16) {
    const __m512d low = _mm512_loadu_pd(step);
    const __m512d high = _mm512_loadu_pd(step + 8);
    for (; i + 8 <= end; i += 8) {
      const __m512i leaf = _mm512_cvtepu8_epi64(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(node_of + i)));
      const __m512d move = _mm512_permutex2var_pd(low, leaf, high);
      _mm512_storeu_pd(score + i, _mm512_add_pd(_mm512_loadu_pd(score + i), move));
    }
  }
#else
  (void)n_leaves;
#endif
  for (; i < end; ++i) score[i] += step[node_of[i]];
}

}  // namespace

}  // namespace diskern::DISKERN_ISA_NAMESPACE

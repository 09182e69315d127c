// Compiled once per instruction set (cmake/isa.cmake): one event through a forest of shallow trees. forest_ranked.hpp
// tells the idea. Only AVX-512 has a kernel; the walk of forest_single.cpp is the readable twin.

#if defined(__GNUC__) && !defined(__clang__)
// GCC 12 warns of its own _mm512_undefined_epi32() (its bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

#if defined(__AVX512BW__)
#include <immintrin.h>
#endif

#include "trees/forest_ranked_table.hpp"

namespace diskern::DISKERN_ISA_NAMESPACE {

using namespace trees;  // NOLINT(google-build-using-namespace)

#if defined(__AVX512BW__)

namespace {

// How many of sixteen ascending cuts are not above x; NaN is above everything, and above NaN is nothing.
inline __attribute__((always_inline)) size_t count_passed(const float* cuts, float x) {
  return static_cast<size_t>(
      __builtin_popcount(_mm512_cmp_ps_mask(_mm512_set1_ps(x), _mm512_load_ps(cuts), _CMP_GE_OQ)));
}

// The ranks of the event, 255 in `missing` for NaN; whether there is one.
inline __attribute__((always_inline)) bool find_ranks(const RankedForest& forest, const float* variables,
                                                      uint8_t* ranks, uint8_t* missing) {
  unsigned any = 0;
  for (size_t s = 0; s < forest.slot_count; ++s) {
    const RankedSlot& slot = forest.slots[s];
    const float x = variables[forest.feature[s]];
    const size_t part = count_passed(slot.fence, x);
    ranks[s] = static_cast<uint8_t>(ranked_fence * part + count_passed(slot.cut + ranked_fence * part, x));
    missing[s] = x != x ? 255 : 0;
    any |= missing[s];
  }
  return any != 0;
}

// The leaf of every tree of a group: left[node] is 1 where the event goes left.
// A function of its own, as it needs all registers.
template <unsigned Depth>
__attribute__((noinline)) void walk(const uint8_t* left, const double* value, double* leaves) {
  constexpr size_t size = size_t{1} << Depth;
  size_t at[ranked_lanes];
#pragma GCC unroll 8
  for (size_t lane = 0; lane < ranked_lanes; ++lane) at[lane] = 2U + left[lane * size + 1];
#pragma GCC unroll 8
  for (unsigned d = 1; d < Depth; ++d) {
#pragma GCC unroll 8
    for (size_t lane = 0; lane < ranked_lanes; ++lane) at[lane] = 2 * at[lane] + left[lane * size + at[lane]];
  }
#pragma GCC unroll 8
  for (size_t lane = 0; lane < ranked_lanes; ++lane) leaves[lane] = value[lane * size + at[lane] - size];
}

inline __attribute__((always_inline)) void find_leaves(const RankedGroup& group, const uint8_t* left,
                                                       const double* value, double* leaves) {
  switch (group.depth) {
    case 3:
      return walk<3>(left, value, leaves);
    case 4:
      return walk<4>(left, value, leaves);
    case 5:
      return walk<5>(left, value, leaves);
    case 6:
      return walk<6>(left, value, leaves);
    case 7:
      return walk<7>(left, value, leaves);
    default:
      return walk<8>(left, value, leaves);
  }
}

// t - r with saturation is 0 where the rank r reaches that of the node, t; the smaller of it and 1 says "left".
// Compares `nodes` nodes, a multiple of 64.
using Compare = void (*)(const RankedForest& forest, size_t begin, size_t nodes, const uint8_t* ranks,
                         const uint8_t* missing, uint8_t* left);

inline __attribute__((always_inline)) __m256i load(const uint8_t* bytes) {
  return _mm256_load_si256(reinterpret_cast<const __m256i*>(bytes));
}
inline __attribute__((always_inline)) __m256i load_twice(const uint8_t* bytes) {
  return _mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(bytes)));
}

// Up to 32 slots, which are looked up in two halves: each gives 0 for those of the other.
constexpr size_t slots_of_halves = 32;
template <bool Missing>
void compare_halves(const RankedForest& forest, size_t begin, size_t nodes, const uint8_t* ranks,
                    const uint8_t* missing, uint8_t* left) {
  const __m256i rank[2] = {load_twice(ranks), load_twice(ranks + 16)};
  const __m256i is_missing[2] = {load_twice(missing), load_twice(missing + 16)};
  const __m256i other_half = _mm256_set1_epi8(-128);
  const __m256i one = _mm256_set1_epi8(1);
  for (size_t i = 0; i < nodes; i += 32) {
    const __m256i low = load(forest.slot + begin + i);
    const __m256i high = _mm256_xor_si256(low, other_half);
    const __m256i r = _mm256_or_si256(_mm256_shuffle_epi8(rank[0], low), _mm256_shuffle_epi8(rank[1], high));
    __m256i result = _mm256_min_epu8(_mm256_subs_epu8(load(forest.rank + begin + i), r), one);
    if (Missing) {
      const __m256i m =
          _mm256_or_si256(_mm256_shuffle_epi8(is_missing[0], low), _mm256_shuffle_epi8(is_missing[1], high));
      result = _mm256_andnot_si256(_mm256_and_si256(m, load(forest.missing_right + begin + i)), result);
    }
    _mm256_store_si256(reinterpret_cast<__m256i*>(left + i), result);
  }
}

// All slots in one permutation of bytes, which not every processor with AVX-512 has.
#define DISKERN_VBMI __attribute__((target("avx512vbmi"), noinline))

template <bool Missing>
DISKERN_VBMI void compare_permuted(const RankedForest& forest, size_t begin, size_t nodes, const uint8_t* ranks,
                                   const uint8_t* missing, uint8_t* left) {
  const __m512i rank = _mm512_load_si512(ranks);
  const __m512i is_missing = _mm512_load_si512(missing);
  const __m512i one = _mm512_set1_epi8(1);
  for (size_t i = 0; i < nodes; i += 64) {
    const __m512i slot = _mm512_load_si512(forest.slot + begin + i);
    const __m512i limit = _mm512_load_si512(forest.rank + begin + i);
    __m512i result = _mm512_min_epu8(_mm512_subs_epu8(limit, _mm512_permutexvar_epi8(slot, rank)), one);
    if (Missing) {
      const __m512i right = _mm512_and_si512(_mm512_permutexvar_epi8(slot, is_missing),
                                             _mm512_load_si512(forest.missing_right + begin + i));
      result = _mm512_andnot_si512(right, result);
    }
    _mm512_store_si512(left + i, result);
  }
}

template <Compare compare>
inline __attribute__((always_inline)) void add_groups(const RankedForest& forest, const uint8_t* ranks,
                                                      const uint8_t* missing, double* sums) {
  // Many groups are compared before the first is walked: a byte of a register that was just stored comes late.
  alignas(64) uint8_t left[ranked_nodes];
  double leaves[ranked_lanes];
  double sum = sums[0];
  size_t output = 0;
  for (size_t first = 0; first < forest.group_count;) {
    const size_t begin = forest.groups[first].begin;
    size_t last = first;
    size_t nodes = 0;
    while (last < forest.group_count && nodes + (ranked_lanes << forest.groups[last].depth) <= ranked_nodes) {
      nodes += ranked_lanes << forest.groups[last++].depth;
    }
    compare(forest, begin, nodes, ranks, missing, left);
    for (; first < last; ++first) {
      const RankedGroup& group = forest.groups[first];
      find_leaves(group, left + (group.begin - begin), forest.value + group.begin, leaves);
      if (forest.output_count == 1) {
        if (group.trees == ranked_lanes) {
#pragma GCC unroll 8
          for (size_t lane = 0; lane < ranked_lanes; ++lane) sum += leaves[lane];
        } else {
          for (size_t lane = 0; lane < group.trees; ++lane) sum += leaves[lane];
        }
        continue;
      }
      for (size_t lane = 0; lane < group.trees; ++lane) {
        sums[output] += leaves[lane];
        output = output + 1 == forest.output_count ? 0 : output + 1;
      }
    }
  }
  if (forest.output_count == 1) sums[0] = sum;
}

template <Compare known, Compare with_missing>
void add_leaves(const RankedForest& forest, const float* variables, double* sums) {
  alignas(64) uint8_t ranks[ranked_slots] = {};
  alignas(64) uint8_t missing[ranked_slots] = {};
  if (find_ranks(forest, variables, ranks, missing)) {
    add_groups<with_missing>(forest, ranks, missing, sums);
  } else {
    add_groups<known>(forest, ranks, missing, sums);
  }
}

}  // namespace

extern const RankedKernels ranked_kernels;
const RankedKernels ranked_kernels = {add_leaves<compare_halves<false>, compare_halves<true>>, slots_of_halves,
                                      add_leaves<compare_permuted<false>, compare_permuted<true>>, ranked_slots};

#else

extern const RankedKernels ranked_kernels;
const RankedKernels ranked_kernels = {nullptr, 0, nullptr, 0};

#endif

}  // namespace diskern::DISKERN_ISA_NAMESPACE

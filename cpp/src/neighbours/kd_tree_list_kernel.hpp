#pragma once
// The nearest points met so far. Part of the k-d tree kernel unit.

#include "neighbours/kd_tree_vector.hpp"

namespace diskern::DISKERN_ISA_NAMESPACE {

namespace {

DISKERN_INLINE bool before(double d, uint32_t i, double other, uint32_t other_index) {
  return d < other || (d == other && i < other_index);
}

// The k best so far. `insert` takes what may belong to them; `worst` is the distance of the last, infinite while there
// are fewer; after `finish` they are sorted in the caller's memory.
struct SortedList {
  double* distance;
  uint32_t* index;
  size_t k;
  size_t size = 0;
  DISKERN_INLINE SortedList(size_t of, double* distances, uint32_t* indices) : distance(distances), index(indices), k(of) {}
  DISKERN_INLINE double worst() const { return size < k ? exact_infinity : distance[k - 1]; }
  DISKERN_INLINE void insert(double d, uint32_t i) {
    if (size == k && !before(d, i, distance[k - 1], index[k - 1])) return;
    size_t place = size < k ? size++ : k - 1;
    for (; place > 0 && before(d, i, distance[place - 1], index[place - 1]); --place) {
      distance[place] = distance[place - 1];
      index[place] = index[place - 1];
    }
    distance[place] = d;
    index[place] = i;
  }
  DISKERN_INLINE void finish() {}
};

// For many: a binary heap with the worst on top.
struct Heap {
  double* distance;
  uint32_t* index;
  size_t k;
  size_t size = 0;
  DISKERN_INLINE Heap(size_t of, double* distances, uint32_t* indices) : distance(distances), index(indices), k(of) {}
  DISKERN_INLINE double worst() const { return size < k ? exact_infinity : distance[0]; }
  DISKERN_INLINE void sink(size_t place, size_t count, double d, uint32_t i) {
    while (true) {
      size_t child = 2 * place + 1;
      if (child >= count) break;
      if (child + 1 < count && before(distance[child], index[child], distance[child + 1], index[child + 1])) ++child;
      if (!before(d, i, distance[child], index[child])) break;
      distance[place] = distance[child];
      index[place] = index[child];
      place = child;
    }
    distance[place] = d;
    index[place] = i;
  }
  DISKERN_INLINE void insert(double d, uint32_t i) {
    if (size == k) {
      if (before(d, i, distance[0], index[0])) sink(0, k, d, i);
      return;
    }
    size_t place = size++;
    while (place > 0) {
      const size_t parent = (place - 1) / 2;
      if (!before(distance[parent], index[parent], d, i)) break;
      distance[place] = distance[parent];
      index[place] = index[parent];
      place = parent;
    }
    distance[place] = d;
    index[place] = i;
  }
  DISKERN_INLINE void finish() {
    for (size_t count = size; count > 1; --count) {
      const double d = distance[count - 1];
      const uint32_t i = index[count - 1];
      distance[count - 1] = distance[0];
      index[count - 1] = index[0];
      sink(0, count - 1, d, i);
    }
  }
};

#if defined(__AVX512F__)
// Sorted, in registers: up to 8 * vectors, more than 8 * (vectors - 1). Places beyond k hold what fell off the end.
template <size_t vectors>
struct RegisterList {
  __m512d distance[vectors];
  __m256i index[vectors];
  double* out_distance;
  uint32_t* out_index;
  size_t k;
  DISKERN_INLINE RegisterList(size_t of, double* distances, uint32_t* indices)
      : out_distance(distances), out_index(indices), k(of) {
    for (size_t v = 0; v < vectors; ++v) {
      distance[v] = _mm512_set1_pd(exact_infinity);
      index[v] = _mm256_set1_epi32(-1);
    }
  }
  DISKERN_INLINE double worst() const {
    const __m512i lane = _mm512_set1_epi64(static_cast<long long>((k - 1) & 7));
    return _mm512_cvtsd_f64(_mm512_permutexvar_pd(lane, distance[vectors - 1]));
  }
  DISKERN_INLINE void insert(double d, uint32_t i) {
    const __m512d one = _mm512_set1_pd(d);
    const __m256i one_index = _mm256_set1_epi32(static_cast<int>(i));
    // Which places stay: those before the new one.
    unsigned stay[vectors];
    for (size_t v = 0; v < vectors; ++v) {
      const unsigned same = _mm512_cmp_pd_mask(distance[v], one, _CMP_EQ_OQ);
      stay[v] = _mm512_cmp_pd_mask(distance[v], one, _CMP_LT_OQ) | (same & _mm256_cmplt_epu32_mask(index[v], one_index));
    }
    for (size_t v = vectors; v-- > 0;) {
      const __m512d previous = v > 0 ? distance[v - 1] : one;
      const __m256i previous_index = v > 0 ? index[v - 1] : one_index;
      __m512d moved = _mm512_castsi512_pd(
          _mm512_alignr_epi64(_mm512_castpd_si512(distance[v]), _mm512_castpd_si512(previous), 7));
      __m256i moved_index = _mm256_alignr_epi32(index[v], previous_index, 7);
      // The first place that does not stay comes right after one that does.
      const unsigned after = stay[v] << 1 | (v > 0 ? stay[v - 1] >> 7 : 1U);
      moved = _mm512_mask_mov_pd(moved, static_cast<__mmask8>(after), one);
      moved_index = _mm256_mask_mov_epi32(moved_index, static_cast<__mmask8>(after), one_index);
      distance[v] = _mm512_mask_mov_pd(moved, static_cast<__mmask8>(stay[v]), distance[v]);
      index[v] = _mm256_mask_mov_epi32(moved_index, static_cast<__mmask8>(stay[v]), index[v]);
    }
  }
  DISKERN_INLINE void finish() {
    for (size_t v = 0; v < vectors; ++v) {
      const size_t left = k - 8 * v;
      const auto mask = static_cast<__mmask8>(left >= 8 ? 0xFFU : (1U << left) - 1U);
      _mm512_mask_storeu_pd(out_distance + 8 * v, mask, distance[v]);
      _mm256_mask_storeu_epi32(out_index + 8 * v, mask, index[v]);
    }
  }
};
#endif

constexpr size_t longest_sorted = 64;

}  // namespace

}  // namespace diskern::DISKERN_ISA_NAMESPACE

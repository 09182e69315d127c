#pragma once
// All leaves for many queries by products, Euclidean. Part of the k-d tree kernel unit.
//
// |x - q|^2 = |q|^2 - 2 s with the score s = x q - |x|^2 / 2: one fused operation per coordinate, in tiles of several
// queries and points as in a matrix product. Scores are float32 sums of products that cancel, so they only rule out:
// what rounding may have kept out of the answer is always let in, and what is left is judged in float64.

#include "neighbours/kd_tree_scan_kernel.hpp"

namespace diskern::DISKERN_ISA_NAMESPACE {

namespace {

#if defined(__AVX512F__)
// As many sums as leave registers for the points: 12 queries x 2 vectors, or 8 x 3 where a leaf has 48 slots.
template <size_t vectors>
constexpr size_t product_group = vectors == 3 ? 8 : 12;
#else
template <size_t vectors>
constexpr size_t product_group = 6;
#endif

using ProductDistances = Distances<Metric::euclidean, 0, false>;

// What scores of one query say about distances.
struct ScoreBounds {
  const ProductDistances distances;
  double square;  // |q|^2
  double error;   // of a score
  DISKERN_INLINE ScoreBounds(const KdTreeView& tree, const KdQuery& query) : distances(tree, query) {
    square = 0;
    for (size_t d = 0; d < tree.dimensions; ++d) {
      square += static_cast<double>(query.single[d]) * static_cast<double>(query.single[d]);
    }
    // Each of the additions of products rounds by up to 2^-24 of what the sums may reach (Cauchy and Schwarz).
    error = static_cast<double>(tree.dimensions + 8) * 0x1.04p-24 *
                (0.5 * tree.largest_norm * tree.largest_norm + __builtin_sqrt(square) * tree.largest_norm) +
            1e-35;
  }
  // A float32 score below which no point is within `reach` in float32 coordinates.
  DISKERN_INLINE float outer(double reach) const {
    const double score = 0.5 * (square - reach * reach * (1.0 + 1e-12)) - error;
    const double safe = score - __builtin_fabs(score) * 0x1p-22 - 1e-35;
    return safe > -3e38 ? static_cast<float>(safe) : -infinity;
  }
  // All points within a reduced distance have at least this score.
  DISKERN_INLINE float least_score(double reduced) const {
    return outer(distances.scaled(reduced + least_power) + distances.query.error);
  }
  // All points of at least this score are within a reduced distance; infinite: none is sure to be.
  DISKERN_INLINE float sure_score(double reduced) const {
    const double reach = reduced < least_power ? -1.0 : distances.scaled(reduced) - distances.query.error;
    if (!(reach > 0)) return infinity;
    const double score = 0.5 * (square - reach * reach * (1.0 - 1e-12)) + error;
    const double safe = score + __builtin_fabs(score) * 0x1p-22 + 1e-35;
    return safe < 3e38 ? static_cast<float>(safe) : infinity;
  }
  // What the points have at least that are as near as one of this score.
  DISKERN_INLINE float as_near_as(float score) const {
    const double farthest = square - 2 * (static_cast<double>(score) - error);
    const double reach = farthest > 0 ? __builtin_sqrt(farthest) : 0.0;
    return outer((reach + 2 * distances.query.error) * (1.0 + 1e-12) + 1e-30);
  }
};

// Scores of a group of queries at `vectors` vectors of slots. q: dimension after dimension, the group side by side.
template <size_t vectors>
DISKERN_INLINE void product_tile(const float* x, const float* half_squares, size_t capacity, const float* q,
                                 size_t dimensions, Single::Type (&score)[product_group<vectors>][vectors]) {
  constexpr size_t group = product_group<vectors>;
#pragma GCC unroll 3
  for (size_t v = 0; v < vectors; ++v) {
    const Single::Type start = Single::subtract(Single::broadcast(0.0F), Single::load(half_squares + v * Single::lanes));
#pragma GCC unroll 12
    for (size_t j = 0; j < group; ++j) score[j][v] = start;
  }
  for (size_t d = 0; d < dimensions; ++d) {
    Single::Type at[vectors];
#pragma GCC unroll 3
    for (size_t v = 0; v < vectors; ++v) at[v] = Single::load(x + d * capacity + v * Single::lanes);
#pragma GCC unroll 12
    for (size_t j = 0; j < group; ++j) {
      const Single::Type of_query = Single::broadcast(q[d * group + j]);
#pragma GCC unroll 3
      for (size_t v = 0; v < vectors; ++v) score[j][v] = Single::multiply_add(at[v], of_query, score[j][v]);
    }
  }
}

// Calls found(j, first slot of the tile, mask, scores) for the queries of a group that have slots of a leaf whose scores
// are not below their thresholds. Lanes without a point have NaN and are never found.
template <size_t vectors, class Found>
DISKERN_INLINE void product_leaf(const KdTreeView& tree, size_t leaf, const float* q, const float* thresholds,
                                 const Found& found) {
  constexpr size_t group = product_group<vectors>;
  constexpr size_t step = vectors * Single::lanes;
  const float* x = tree.single + leaf * tree.capacity * tree.dimensions;
  const float* half_squares = tree.half_squares + leaf * tree.capacity;
  alignas(64) float scores[group][step];
  uint64_t masks[group];
  for (size_t slot = 0; slot < tree.capacity; slot += step) {
    Single::Type score[group][vectors];
    product_tile<vectors>(x + slot, half_squares + slot, tree.capacity, q, tree.dimensions, score);
    uint64_t any = 0;
#pragma GCC unroll 12
    for (size_t j = 0; j < group; ++j) {
      uint64_t mask = 0;
      const Single::Type threshold = Single::broadcast(thresholds[j]);
#pragma GCC unroll 3
      for (size_t v = 0; v < vectors; ++v) {
        mask |= static_cast<uint64_t>(Single::at_most(threshold, score[j][v])) << (v * Single::lanes);
        Single::store(scores[j] + v * Single::lanes, score[j][v]);
      }
      masks[j] = mask;
      any |= mask;
    }
    if (any == 0) continue;
    for (size_t j = 0; j < group; ++j) {
      if (masks[j] != 0) found(j, slot, masks[j], scores[j]);
    }
  }
}

// Packs the queries which(0 .. used - 1) side by side; zeros stand in for those that are missing.
template <size_t group, class Which>
DISKERN_INLINE void pack_queries(const KdQuery* queries, size_t used, size_t dimensions, float* q, const Which& which) {
  for (size_t j = 0; j < group; ++j) {
    for (size_t d = 0; d < dimensions; ++d) q[d * group + j] = j < used ? queries[which(j)].single[d] : 0.0F;
  }
}

// The best candidates of one query, some of them judged already.
struct Candidates {
  float* score;
  uint32_t* place;  // leaf * capacity + slot
  size_t size;
};

// The k-th largest of the scores; moves the larger ones to the front (Hoare's selection).
DISKERN_INLINE float kth_largest(const Candidates& all, size_t k) {
  const auto wanted = static_cast<ptrdiff_t>(k) - 1;
  ptrdiff_t first = 0;
  auto last = static_cast<ptrdiff_t>(all.size) - 1;
  while (first < last) {
    const float pivot = all.score[wanted];
    ptrdiff_t i = first;
    ptrdiff_t j = last;
    while (i <= j) {
      while (all.score[i] > pivot) ++i;
      while (all.score[j] < pivot) --j;
      if (i > j) break;
      const float score = all.score[i];
      const uint32_t place = all.place[i];
      all.score[i] = all.score[j];
      all.place[i] = all.place[j];
      all.score[j] = score;
      all.place[j] = place;
      ++i;
      --j;
    }
    if (j < wanted) first = i;
    if (wanted < i) last = j;
  }
  return all.score[wanted];
}

// In float64, four at a time since each sum waits for its additions; then into the list.
template <class List>
DISKERN_INLINE void judge_candidates(const ProductDistances& distances, const Candidates& all, List& list) {
  const KdTreeView& tree = distances.tree;
  constexpr size_t together = 4;
  for (size_t first = 0; first < all.size; first += together) {
    const double* x[together];
    double sum[together] = {};
    const size_t used = all.size - first < together ? all.size - first : together;
    for (size_t j = 0; j < together; ++j) {
      const size_t place = all.place[first + (j < used ? j : 0)];
      const size_t leaf = place / tree.capacity;
      x[j] = tree.exact + leaf * tree.capacity * tree.dimensions + (place - leaf * tree.capacity);
    }
    for (size_t d = 0; d < tree.dimensions; ++d) {
      const double at = distances.query.exact[d];
#pragma GCC unroll 4
      for (size_t j = 0; j < together; ++j) {
        const double difference = x[j][d * tree.capacity] - at;
        sum[j] += difference * difference;
      }
    }
    for (size_t j = 0; j < used; ++j) list.insert(sum[j], tree.index[all.place[first + j]]);
  }
}

template <size_t vectors>
DISKERN_INLINE void append(Candidates& to, uint64_t mask, const float* scores, uint32_t place) {
#if defined(__AVX512F__)
  const __m512i lane = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  for (size_t v = 0; v < vectors; ++v) {
    const auto here = static_cast<__mmask16>(mask >> (v * Single::lanes));
    if (here == 0) continue;
    const __m512i places = _mm512_add_epi32(lane, _mm512_set1_epi32(static_cast<int>(place + v * Single::lanes)));
    _mm512_storeu_ps(to.score + to.size, _mm512_maskz_compress_ps(here, _mm512_load_ps(scores + v * Single::lanes)));
    _mm512_storeu_si512(to.place + to.size, _mm512_maskz_compress_epi32(here, places));
    to.size += static_cast<size_t>(__builtin_popcount(here));
  }
#else
  for (; mask != 0; mask &= mask - 1) {
    const auto j = static_cast<uint32_t>(__builtin_ctzll(mask));
    to.score[to.size] = scores[j];
    to.place[to.size] = place + j;
    ++to.size;
  }
#endif
}

// Leaves out what is certainly not among the k nearest and returns the threshold from now on.
DISKERN_INLINE float drop_candidates(const ScoreBounds& bounds, Candidates& all, size_t k, float threshold) {
  if (all.size >= k) {
    const float least = bounds.as_near_as(kth_largest(all, k));
    if (least > threshold) threshold = least;
  }
  size_t kept = 0;
  for (size_t i = 0; i < all.size; ++i) {
    all.score[kept] = all.score[i];
    all.place[kept] = all.place[i];
    kept += all.score[i] >= threshold ? 1 : 0;
  }
  all.size = kept;
  return threshold;
}

template <size_t vectors, class List>
void scan_products_of(const KdTreeView& tree, const KdQuery* queries, size_t count, size_t k,
                      const ProductScratch& scratch, double* out, uint32_t* out_index) {
  constexpr size_t group = product_group<vectors>;
  const size_t room = product_candidates(k);
  float* packed = scratch.packed;
  constexpr size_t groups = (kd_scan_queries + group - 1) / group;
  float thresholds[groups * group];
  Candidates candidates[kd_scan_queries];
  size_t judged[kd_scan_queries];  // length of the list
  for (size_t q = 0; q < groups * group; ++q) thresholds[q] = q < count ? -infinity : infinity;
  for (size_t q = 0; q < count; ++q) {
    candidates[q] = {scratch.scores + q * room, scratch.places + q * room, 0};
    judged[q] = 0;
  }
  for (size_t first = 0; first < count; first += group) {
    pack_queries<group>(queries, count - first < group ? count - first : group, tree.dimensions,
                        packed + first * tree.dimensions, [&](size_t j) DISKERN_LAMBDA { return first + j; });
  }
  // Not inlined: a rare call in the middle of everything.
  const auto judge = [&](size_t q) __attribute__((noinline)) {
    const ScoreBounds bounds(tree, queries[q]);
    List list(k, out + q * k, out_index + q * k);
    list.size = judged[q];
    judge_candidates(bounds.distances, candidates[q], list);
    judged[q] = list.size;
    candidates[q].size = 0;
    const float least = bounds.least_score(list.worst());
    if (least > thresholds[q]) thresholds[q] = least;
  };
  const ScanBlocks blocks(tree, queries[0]);
  for (size_t b = 0; b < blocks.count; ++b) {
    const size_t leaf_begin = blocks.begin(b);
    const size_t leaf_end = blocks.end(leaf_begin);
    for (size_t first = 0; first < count; first += group) {
      for (size_t leaf = leaf_begin; leaf < leaf_end; ++leaf) {
        product_leaf<vectors>(tree, leaf, packed + first * tree.dimensions, thresholds + first,
                              [&](size_t j, size_t slot, uint64_t mask, const float* scores) DISKERN_LAMBDA {
                                const size_t q = first + j;
                                append<vectors>(candidates[q], mask, scores,
                                                static_cast<uint32_t>(leaf * tree.capacity + slot));
                                if (candidates[q].size + product_spare <= room) return;
                                thresholds[q] = drop_candidates(ScoreBounds(tree, queries[q]), candidates[q], k,
                                                                thresholds[q]);
                                // Many that are as good as equally near.
                                if (candidates[q].size + 2 * product_spare > room) judge(q);
                              });
      }
    }
  }
  for (size_t q = 0; q < count; ++q) {
    drop_candidates(ScoreBounds(tree, queries[q]), candidates[q], k, thresholds[q]);
    judge(q);
    List list(k, out + q * k, out_index + q * k);
    list.size = judged[q];
    list.finish();
  }
}

void scan_products(const KdTreeView& tree, const KdQuery* queries, size_t count, size_t k,
                   const ProductScratch& scratch, double* distance, uint32_t* index) {
  const bool sorted = k <= longest_sorted;
  if (three_vectors(tree)) {
    return sorted ? scan_products_of<3, SortedList>(tree, queries, count, k, scratch, distance, index)
                  : scan_products_of<3, Heap>(tree, queries, count, k, scratch, distance, index);
  }
  return sorted ? scan_products_of<2, SortedList>(tree, queries, count, k, scratch, distance, index)
                : scan_products_of<2, Heap>(tree, queries, count, k, scratch, distance, index);
}

// The same for counting. A query that has enough is not looked for any more.
template <size_t vectors>
void scan_products_count_of(const KdTreeView& tree, const KdQuery* queries, size_t count, double limit, size_t enough,
                            float* packed, size_t* counts) {
  constexpr size_t group = product_group<vectors>;
  size_t waiting[kd_scan_queries];  // queries that have not enough
  size_t left = count;
  for (size_t q = 0; q < count; ++q) {
    waiting[q] = q;
    counts[q] = 0;
  }
  const ScanBlocks blocks(tree, queries[0]);
  for (size_t b = 0; b < blocks.count && left > 0; ++b) {
    const size_t leaf_begin = blocks.begin(b);
    const size_t leaf_end = blocks.end(leaf_begin);
    for (size_t first = 0; first < left; first += group) {
      const size_t used = left - first < group ? left - first : group;
      float least[group];
      float sure[group];
      for (size_t j = 0; j < group; ++j) {
        least[j] = sure[j] = infinity;
        if (j >= used) continue;
        const ScoreBounds bounds(tree, queries[waiting[first + j]]);
        least[j] = bounds.least_score(limit);
        sure[j] = bounds.sure_score(limit);
      }
      pack_queries<group>(queries, used, tree.dimensions, packed,
                          [&](size_t j) DISKERN_LAMBDA { return waiting[first + j]; });
      for (size_t leaf = leaf_begin; leaf < leaf_end; ++leaf) {
        product_leaf<vectors>(
            tree, leaf, packed, least, [&](size_t j, size_t slot, uint64_t mask, const float* scores) DISKERN_LAMBDA {
              uint64_t certain = 0;
              for (uint64_t maybe = mask; maybe != 0; maybe &= maybe - 1) {
                const uint64_t lowest = maybe & (~maybe + 1);
                if (scores[__builtin_ctzll(maybe)] >= sure[j]) certain |= lowest;
              }
              const size_t q = waiting[first + j];
              counts[q] += static_cast<size_t>(__builtin_popcountll(certain));
              mask &= ~certain;
              if (mask == 0) return;
              const ProductDistances distances(tree, queries[q]);
              alignas(64) double distance[kd_leaf_multiple];
              over_parts(slot, mask, [&](size_t part, uint32_t here) DISKERN_LAMBDA {
                counts[q] += static_cast<size_t>(__builtin_popcount(distances.judge(leaf, part, here, limit, distance)));
              });
            });
      }
    }
    size_t kept = 0;
    for (size_t w = 0; w < left; ++w) {
      if (counts[waiting[w]] < enough) waiting[kept++] = waiting[w];
    }
    left = kept;
  }
}

void scan_products_count(const KdTreeView& tree, const KdQuery* queries, size_t count, double limit, size_t enough,
                         float* packed, size_t* counts) {
  if (three_vectors(tree)) {
    return scan_products_count_of<3>(tree, queries, count, limit, enough, packed, counts);
  }
  scan_products_count_of<2>(tree, queries, count, limit, enough, packed, counts);
}

}  // namespace

}  // namespace diskern::DISKERN_ISA_NAMESPACE

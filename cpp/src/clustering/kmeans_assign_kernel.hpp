#pragma once
// The nearest centres: scores of points by centres. Part of the k-means kernel unit.

#include "clustering/kmeans_vector.hpp"

namespace diskern::DISKERN_ISA_NAMESPACE {

using namespace clustering;  // NOLINT(google-build-using-namespace)

namespace {

// The highest and second highest score met so far, per lane.
struct Best {
  Floats first;
  Floats second;

  DISKERN_INLINE void clear() { first = second = broadcast(lowest); }
  DISKERN_INLINE void add(Floats score) {
    second = larger(second, smaller(first, score));
    first = larger(first, score);
  }
};

// The same over sets of centres.
struct Found {
  Best best;
  Integers base;  // number of the first centre of the set that has the best

  DISKERN_INLINE void clear() {
    best.clear();
    base = broadcast(0);
  }
  DISKERN_INLINE void add(const Best& set, size_t first_centre) {
    base = where_above(set.first, best.first, broadcast(static_cast<int32_t>(first_centre)), base);
    best.second = larger(larger(best.second, set.second), smaller(best.first, set.first));
    best.first = larger(best.first, set.first);
  }
  DISKERN_INLINE void write(float band, int32_t* labels, uint64_t& uncertain, float* first, float* second,
                            size_t vector) const {
    if (first != nullptr) {
      store(first + vector * lanes, best.first);
      store(second + vector * lanes, best.second);
    }
    store(labels + vector * lanes, index_of(best.first, broadcast(index_mask), base));
    uncertain |= not_apart(best.first, best.second, broadcast(band)) << (vector * lanes);
  }
};

// `vectors` of points at a time in registers, one centre after the other.
template <size_t dimensions, size_t vectors>
struct InRegisters {
  static void assign(const float* blocks, size_t groups, const float* band, const CentreTiles& centres, int32_t* labels,
                     uint64_t* uncertain, float* first_scores, float* second_scores) {
    const Integers mask = broadcast(index_mask);
    for (size_t group = 0; group < groups; ++group) {
      uint64_t unsure = 0;
      for (size_t vector = 0; vector < vectors_per_group; vector += vectors) {
        Floats x[vectors][dimensions];
        Found found[vectors];
        for (size_t v = 0; v < vectors; ++v) {
          const float* from = blocks + (vector + v) / vectors_per_block * dimensions * block_points +
                              (vector + v) % vectors_per_block * lanes;
          for (size_t d = 0; d < dimensions; ++d) x[v][d] = load(from + d * block_points);
          found[v].clear();
        }
        for (size_t first = 0; first < centres.count; first += centres_per_set) {
          const size_t end = centres.count - first < centres_per_set ? centres.count : first + centres_per_set;
          Best best[vectors];
          for (size_t v = 0; v < vectors; ++v) best[v].clear();
          for (size_t k = first; k < end; ++k) {
            Floats score[vectors];
            for (size_t v = 0; v < vectors; ++v) score[v] = broadcast(centres.constant[k]);
            for (size_t d = 0; d < dimensions; ++d) {
              const Floats c = broadcast(centres.coordinates[k * dimensions + d]);
              for (size_t v = 0; v < vectors; ++v) score[v] = multiply_add(x[v][d], c, score[v]);
            }
            const Integers index = broadcast(static_cast<int32_t>(k - first));
            for (size_t v = 0; v < vectors; ++v) best[v].add(with_index(score[v], mask, index));
          }
          for (size_t v = 0; v < vectors; ++v) found[v].add(best[v], first);
        }
        for (size_t v = 0; v < vectors; ++v) {
          found[v].write(band[(vector + v) / vectors_per_block], labels, unsure, first_scores, second_scores, vector + v);
        }
      }
      uncertain[group] = unsure;
      blocks += dimensions * group_points;
      band += blocks_per_group;
      labels += group_points;
      if (first_scores != nullptr) first_scores += group_points;
      if (second_scores != nullptr) second_scores += group_points;
    }
  }
};

// Tiles of centres by vectors of points, all scores of a tile in registers.
#if defined(__AVX512F__)
constexpr size_t tile_vectors = 4;
#else
constexpr size_t tile_vectors = 2;
#endif

void assign_tiled(const float* blocks, size_t groups, const float* band, const CentreTiles& centres, int32_t* labels,
                  uint64_t* uncertain, float* first_scores, float* second_scores) {
  const size_t dimensions = centres.dimensions;
  const size_t tiles = centres.count / tile_centres;
  constexpr size_t tiles_per_set = centres_per_tiled_set / tile_centres;
  const Integers mask = broadcast(index_mask);
  for (size_t group = 0; group < groups; ++group) {
    uint64_t unsure = 0;
    for (size_t vector = 0; vector < vectors_per_group; vector += tile_vectors) {
      const float* from[tile_vectors];
      Found found[tile_vectors];
      for (size_t v = 0; v < tile_vectors; ++v) {
        from[v] = blocks + (vector + v) / vectors_per_block * dimensions * block_points +
                  (vector + v) % vectors_per_block * lanes;
        found[v].clear();
      }
      for (size_t set = 0; set < tiles; set += tiles_per_set) {
        const size_t end = tiles - set < tiles_per_set ? tiles : set + tiles_per_set;
        Best best[tile_vectors];
        for (size_t v = 0; v < tile_vectors; ++v) best[v].clear();
        for (size_t tile = set; tile < end; ++tile) {
          Floats score[tile_vectors][tile_centres];
          for (size_t j = 0; j < tile_centres; ++j) {
            const Floats constant = broadcast(centres.constant[tile * tile_centres + j]);
            for (size_t v = 0; v < tile_vectors; ++v) score[v][j] = constant;
          }
          const float* c = centres.coordinates + tile * dimensions * tile_centres;
          for (size_t d = 0; d < dimensions; ++d) {
            Floats x[tile_vectors];
            for (size_t v = 0; v < tile_vectors; ++v) x[v] = load(from[v] + d * block_points);
            for (size_t j = 0; j < tile_centres; ++j) {
              const Floats coordinate = broadcast(c[d * tile_centres + j]);
              for (size_t v = 0; v < tile_vectors; ++v) score[v][j] = multiply_add(x[v], coordinate, score[v][j]);
            }
          }
          for (size_t j = 0; j < tile_centres; ++j) {
            const Integers index = broadcast(static_cast<int32_t>((tile - set) * tile_centres + j));
            for (size_t v = 0; v < tile_vectors; ++v) best[v].add(with_index(score[v][j], mask, index));
          }
        }
        for (size_t v = 0; v < tile_vectors; ++v) found[v].add(best[v], set * tile_centres);
      }
      for (size_t v = 0; v < tile_vectors; ++v) {
        found[v].write(band[(vector + v) / vectors_per_block], labels, unsure, first_scores, second_scores, vector + v);
      }
    }
    uncertain[group] = unsure;
    blocks += dimensions * group_points;
    band += blocks_per_group;
    labels += group_points;
    if (first_scores != nullptr) first_scores += group_points;
    if (second_scores != nullptr) second_scores += group_points;
  }
}

#if defined(__AVX512F__)
constexpr size_t few_vectors = 4;   // up to four dimensions
constexpr size_t many_vectors = 2;  // up to eight
#else
constexpr size_t few_vectors = 2;
constexpr size_t many_vectors = 1;
#endif

void assign(const float* blocks, size_t groups, const float* band, const CentreTiles& centres, int32_t* labels,
            uint64_t* uncertain, float* first, float* second) {
  switch (centres.dimensions) {
    case 1:
      return InRegisters<1, few_vectors>::assign(blocks, groups, band, centres, labels, uncertain, first, second);
    case 2:
      return InRegisters<2, few_vectors>::assign(blocks, groups, band, centres, labels, uncertain, first, second);
    case 3:
      return InRegisters<3, few_vectors>::assign(blocks, groups, band, centres, labels, uncertain, first, second);
    case 4:
      return InRegisters<4, few_vectors>::assign(blocks, groups, band, centres, labels, uncertain, first, second);
    case 5:
      return InRegisters<5, many_vectors>::assign(blocks, groups, band, centres, labels, uncertain, first, second);
    case 6:
      return InRegisters<6, many_vectors>::assign(blocks, groups, band, centres, labels, uncertain, first, second);
    case 7:
      return InRegisters<7, many_vectors>::assign(blocks, groups, band, centres, labels, uncertain, first, second);
    case 8:
      return InRegisters<8, many_vectors>::assign(blocks, groups, band, centres, labels, uncertain, first, second);
    default:
      return assign_tiled(blocks, groups, band, centres, labels, uncertain, first, second);
  }
}

}  // namespace

}  // namespace diskern::DISKERN_ISA_NAMESPACE

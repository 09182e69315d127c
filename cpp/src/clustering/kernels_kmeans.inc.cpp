// Compiled once per instruction set (cmake/isa.cmake). Points are lanes. The scores of `assign` may differ between levels
// (fused or not): whoever calls it decides the uncertain points in float64, so that labels do not. All else gives the
// same bits at every level.
#include "clustering/kmeans_table.hpp"

#if defined(__AVX2__) || defined(__AVX512F__)
#include <immintrin.h>
#endif

namespace diskern::DISKERN_ISA_NAMESPACE {

using namespace clustering;  // NOLINT(google-build-using-namespace)

namespace {

#define DISKERN_INLINE inline __attribute__((always_inline))
#define DISKERN_INLINE_LAMBDA __attribute__((always_inline))

constexpr float lowest = -3.4e38F;

#if defined(__AVX512F__)
constexpr size_t lanes = 16;
using Floats = __m512;
using Integers = __m512i;
DISKERN_INLINE Floats load(const float* p) { return _mm512_loadu_ps(p); }
DISKERN_INLINE void store(float* p, Floats x) { _mm512_storeu_ps(p, x); }
DISKERN_INLINE void store(int32_t* p, Integers x) { _mm512_storeu_si512(p, x); }
DISKERN_INLINE Floats broadcast(float x) { return _mm512_set1_ps(x); }
DISKERN_INLINE Integers broadcast(int32_t x) { return _mm512_set1_epi32(x); }
DISKERN_INLINE Floats multiply_add(Floats a, Floats b, Floats c) { return _mm512_fmadd_ps(a, b, c); }
// Masked forms of all lanes: GCC warns of the undefined register in the others.
DISKERN_INLINE Floats larger(Floats a, Floats b) { return _mm512_maskz_max_ps(0xffff, a, b); }
DISKERN_INLINE Floats smaller(Floats a, Floats b) { return _mm512_maskz_min_ps(0xffff, a, b); }
// (x and mask) or index, bit by bit
DISKERN_INLINE Floats with_index(Floats x, Integers mask, Integers index) {
  return _mm512_castsi512_ps(_mm512_ternarylogic_epi32(_mm512_castps_si512(x), mask, index, 0xea));
}
DISKERN_INLINE Integers index_of(Floats x, Integers mask, Integers base) {
  return _mm512_add_epi32(_mm512_maskz_andnot_epi32(0xffff, mask, _mm512_castps_si512(x)), base);
}
// a > b ? x : y
DISKERN_INLINE Integers where_above(Floats a, Floats b, Integers x, Integers y) {
  return _mm512_mask_mov_epi32(y, _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ), x);
}
// One bit per lane: not a - b > limit, also where one of them is no number.
DISKERN_INLINE uint64_t not_apart(Floats a, Floats b, Floats limit) {
  return _mm512_cmp_ps_mask(_mm512_sub_ps(a, b), limit, _CMP_NGT_UQ);
}
#elif defined(__AVX2__)
constexpr size_t lanes = 8;
using Floats = __m256;
using Integers = __m256i;
DISKERN_INLINE Floats load(const float* p) { return _mm256_loadu_ps(p); }
DISKERN_INLINE void store(float* p, Floats x) { _mm256_storeu_ps(p, x); }
DISKERN_INLINE void store(int32_t* p, Integers x) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), x); }
DISKERN_INLINE Floats broadcast(float x) { return _mm256_set1_ps(x); }
DISKERN_INLINE Integers broadcast(int32_t x) { return _mm256_set1_epi32(x); }
DISKERN_INLINE Floats multiply_add(Floats a, Floats b, Floats c) { return _mm256_fmadd_ps(a, b, c); }
DISKERN_INLINE Floats larger(Floats a, Floats b) { return _mm256_max_ps(a, b); }
DISKERN_INLINE Floats smaller(Floats a, Floats b) { return _mm256_min_ps(a, b); }
DISKERN_INLINE Floats with_index(Floats x, Integers mask, Integers index) {
  return _mm256_castsi256_ps(_mm256_or_si256(_mm256_and_si256(_mm256_castps_si256(x), mask), index));
}
DISKERN_INLINE Integers index_of(Floats x, Integers mask, Integers base) {
  return _mm256_add_epi32(_mm256_andnot_si256(mask, _mm256_castps_si256(x)), base);
}
DISKERN_INLINE Integers where_above(Floats a, Floats b, Integers x, Integers y) {
  return _mm256_castps_si256(
      _mm256_blendv_ps(_mm256_castsi256_ps(y), _mm256_castsi256_ps(x), _mm256_cmp_ps(a, b, _CMP_GT_OQ)));
}
DISKERN_INLINE uint64_t not_apart(Floats a, Floats b, Floats limit) {
  return static_cast<uint64_t>(
      static_cast<unsigned>(_mm256_movemask_ps(_mm256_cmp_ps(_mm256_sub_ps(a, b), limit, _CMP_NGT_UQ))));
}
#else
constexpr size_t lanes = 4;
typedef float Floats __attribute__((vector_size(16)));
typedef int32_t Integers __attribute__((vector_size(16)));
DISKERN_INLINE Floats load(const float* p) { return Floats{p[0], p[1], p[2], p[3]}; }
template <class T, class Vector>
DISKERN_INLINE void store(T* p, Vector x) {
  for (size_t i = 0; i < lanes; ++i) p[i] = x[i];
}
DISKERN_INLINE Floats broadcast(float x) { return Floats{x, x, x, x}; }
DISKERN_INLINE Integers broadcast(int32_t x) { return Integers{x, x, x, x}; }
DISKERN_INLINE Floats multiply_add(Floats a, Floats b, Floats c) { return a * b + c; }
DISKERN_INLINE Floats larger(Floats a, Floats b) { return a > b ? a : b; }
DISKERN_INLINE Floats smaller(Floats a, Floats b) { return a < b ? a : b; }
DISKERN_INLINE Integers bits(Floats x) { return reinterpret_cast<Integers>(x); }
DISKERN_INLINE Floats with_index(Floats x, Integers mask, Integers index) {
  return reinterpret_cast<Floats>((bits(x) & mask) | index);
}
DISKERN_INLINE Integers index_of(Floats x, Integers mask, Integers base) { return (bits(x) & ~mask) + base; }
DISKERN_INLINE Integers where_above(Floats a, Floats b, Integers x, Integers y) { return a > b ? x : y; }
DISKERN_INLINE uint64_t not_apart(Floats a, Floats b, Floats limit) {
  const Integers apart = a - b > limit;
  uint64_t result = 0;
  for (size_t i = 0; i < lanes; ++i) result |= static_cast<uint64_t>(apart[i] == 0) << i;
  return result;
}
#endif

constexpr size_t vectors_per_block = block_points / lanes;
constexpr size_t vectors_per_group = group_points / lanes;
constexpr int32_t index_mask = -(1 << index_bits);

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

// The compiler makes vectors of the loop over centres.
void squared_distances(const double* point, const double* centres, size_t count, size_t dimensions, double* distances) {
  constexpr size_t width = 8;
  for (size_t k = 0; k < count; k += width) {
    double sum[width] = {};
    for (size_t d = 0; d < dimensions; ++d) {
      const double x = point[d];
      const double* c = centres + d * count + k;
      for (size_t i = 0; i < width; ++i) {
        const double difference = x - c[i];
        sum[i] += difference * difference;
      }
    }
    for (size_t i = 0; i < width; ++i) distances[k + i] = sum[i];
  }
}

#if defined(__AVX512F__)
constexpr size_t double_lanes = 8;
#elif defined(__AVX2__)
constexpr size_t double_lanes = 4;
#else
constexpr size_t double_lanes = 2;
#endif

// So many float64 in a register, and where they come from.
template <size_t count>
struct Register;
#define DISKERN_REGISTER(count)                                        \
  template <>                                                          \
  struct Register<count> {                                             \
    typedef double Part __attribute__((vector_size(8 * (count))));     \
    typedef float Single __attribute__((vector_size(4 * (count))));    \
    static DISKERN_INLINE void load(const float* from, Part& to) {     \
      Single single;                                                   \
      __builtin_memcpy(&single, from, sizeof(single));                 \
      to = __builtin_convertvector(single, Part);                      \
    }                                                                  \
  };
template <>
struct Register<1> {
  using Part = double;
  static DISKERN_INLINE void load(const float* from, double& to) { to = static_cast<double>(*from); }
};
DISKERN_REGISTER(2)
#if defined(__AVX2__)
DISKERN_REGISTER(4)
#endif
#if defined(__AVX512F__)
DISKERN_REGISTER(8)
#endif
#undef DISKERN_REGISTER

// A row of up to eight dimensions as float64, in as many registers as it takes. width: a power of two.
template <size_t width>
struct Row {
  static constexpr size_t lanes_each = width < double_lanes ? width : double_lanes;
  static constexpr size_t parts = width / lanes_each;
  using Part = typename Register<lanes_each>::Part;
  Part part[parts];

  DISKERN_INLINE void clear() {
    for (size_t p = 0; p < parts; ++p) part[p] = Part{};
  }
  DISKERN_INLINE void load(const double* from) {
    for (size_t p = 0; p < parts; ++p) __builtin_memcpy(&part[p], from + p * lanes_each, sizeof(Part));
  }
  DISKERN_INLINE void load(const float* from) {
    for (size_t p = 0; p < parts; ++p) Register<lanes_each>::load(from + p * lanes_each, part[p]);
  }
  // Only `count` elements may be read.
  template <class T>
  DISKERN_INLINE void load_some(const T* from, size_t count) {
    double values[width] = {};
    for (size_t i = 0; i < count; ++i) values[i] = static_cast<double>(from[i]);
    load(values);
  }
  DISKERN_INLINE void store(double* to) const {
    for (size_t p = 0; p < parts; ++p) __builtin_memcpy(to + p * lanes_each, &part[p], sizeof(Part));
  }
  DISKERN_INLINE void add(const Row& other) {
    for (size_t p = 0; p < parts; ++p) part[p] += other.part[p];
  }
  DISKERN_INLINE void subtract(const Row& other) {
    for (size_t p = 0; p < parts; ++p) part[p] -= other.part[p];
  }
  DISKERN_INLINE void multiply(const Row& other) {
    for (size_t p = 0; p < parts; ++p) part[p] *= other.part[p];
  }
  DISKERN_INLINE void multiply(double factor) {
    for (size_t p = 0; p < parts; ++p) part[p] *= factor;
  }
};

#if defined(__AVX512F__)
// 16 rows of four or eight float32 beside each other: columns, each a register.
DISKERN_INLINE void transpose(const float* rows, const float* centre, float factor, float* block,
                              Register<4>::Part /*four columns*/) {
  const __m512 offset = _mm512_maskz_broadcast_f32x4(0xffff, _mm_loadu_ps(centre));
  const __m512 scale = _mm512_set1_ps(factor);
  __m512 z[4];
  for (size_t r = 0; r < 4; ++r) z[r] = (_mm512_loadu_ps(rows + 16 * r) - offset) * scale;
  const __m512i low = _mm512_setr_epi32(0, 4, 8, 12, 16, 20, 24, 28, 1, 5, 9, 13, 17, 21, 25, 29);
  const __m512i high = _mm512_setr_epi32(2, 6, 10, 14, 18, 22, 26, 30, 3, 7, 11, 15, 19, 23, 27, 31);
  for (size_t pair = 0; pair < 2; ++pair) {
    const __m512 first = _mm512_permutex2var_ps(z[0], pair == 0 ? low : high, z[1]);
    const __m512 second = _mm512_permutex2var_ps(z[2], pair == 0 ? low : high, z[3]);
    _mm512_storeu_ps(block + 2 * pair * block_points, _mm512_maskz_shuffle_f32x4(0xffff, first, second, 0x44));
    _mm512_storeu_ps(block + (2 * pair + 1) * block_points, _mm512_maskz_shuffle_f32x4(0xffff, first, second, 0xee));
  }
}
DISKERN_INLINE void transpose(const float* rows, const float* centre, float factor, float* block,
                              Register<8>::Part /*eight columns*/) {
  const __m512 offset = _mm512_maskz_broadcast_f32x8(0xffff, _mm256_loadu_ps(centre));
  const __m512 scale = _mm512_set1_ps(factor);
  const __m512i low = _mm512_setr_epi32(0, 8, 16, 24, 1, 9, 17, 25, 2, 10, 18, 26, 3, 11, 19, 27);
  const __m512i high = _mm512_setr_epi32(4, 12, 20, 28, 5, 13, 21, 29, 6, 14, 22, 30, 7, 15, 23, 31);
  __m512 z[8];
  for (size_t r = 0; r < 8; ++r) z[r] = (_mm512_loadu_ps(rows + 16 * r) - offset) * scale;
  for (size_t half = 0; half < 2; ++half) {
    __m512 four[4];  // [column][four rows], of rows 4 g to 4 g + 3
    for (size_t g = 0; g < 4; ++g) four[g] = _mm512_permutex2var_ps(z[2 * g], half == 0 ? low : high, z[2 * g + 1]);
    const __m512 a = _mm512_maskz_shuffle_f32x4(0xffff, four[0], four[1], 0x88);  // columns 0 and 2
    const __m512 b = _mm512_maskz_shuffle_f32x4(0xffff, four[2], four[3], 0x88);
    const __m512 c = _mm512_maskz_shuffle_f32x4(0xffff, four[0], four[1], 0xdd);  // columns 1 and 3
    const __m512 d = _mm512_maskz_shuffle_f32x4(0xffff, four[2], four[3], 0xdd);
    float* to = block + 4 * half * block_points;
    _mm512_storeu_ps(to, _mm512_maskz_shuffle_f32x4(0xffff, a, b, 0x88));
    _mm512_storeu_ps(to + block_points, _mm512_maskz_shuffle_f32x4(0xffff, c, d, 0x88));
    _mm512_storeu_ps(to + 2 * block_points, _mm512_maskz_shuffle_f32x4(0xffff, a, b, 0xdd));
    _mm512_storeu_ps(to + 3 * block_points, _mm512_maskz_shuffle_f32x4(0xffff, c, d, 0xdd));
  }
}
#endif

template <class A, class B>
constexpr bool same_type = false;
template <class A>
constexpr bool same_type<A, A> = true;

// Some columns of up to 16 rows, which begin `stride` elements after each other.
template <class T, size_t columns>
DISKERN_INLINE void columns_to_block(const T* rows, size_t stride, size_t count, const double* offset, double scale,
                                     float* block) {
  T centre[columns];
  for (size_t d = 0; d < columns; ++d) centre[d] = static_cast<T>(offset[d]);
  const T factor = static_cast<T>(scale);
#if defined(__AVX512F__)
  if constexpr (same_type<T, float> && (columns == 4 || columns == 8)) {
    if (count == block_points && stride == columns) {
      transpose(rows, centre, factor, block, typename Register<columns>::Part{});
      return;
    }
  }
#endif
  if (count == block_points) {  // known to the compiler: transposed in registers
    for (size_t d = 0; d < columns; ++d) {
      for (size_t i = 0; i < block_points; ++i) {
        block[d * block_points + i] = static_cast<float>((rows[i * stride + d] - centre[d]) * factor);
      }
    }
    return;
  }
  for (size_t d = 0; d < columns; ++d) {
    for (size_t i = 0; i < count; ++i) {
      block[d * block_points + i] = static_cast<float>((rows[i * stride + d] - centre[d]) * factor);
    }
    for (size_t i = count; i < block_points; ++i) block[d * block_points + i] = 0.0F;
  }
}

// fixed: the number of dimensions, up to register_dimensions.
template <class T, size_t fixed>
struct Rows {
  static constexpr size_t width = padded_dimensions(fixed);
  // Rows are dealt to so many sums in turn, so that none waits for the one before, then folded.
  static constexpr size_t turns = 4;

  // Registers are filled beyond the end of a row, except for the last ones: so many rows may be read so.
  static DISKERN_INLINE size_t whole_rows(size_t count) {
    return count * fixed < width ? 0 : (count * fixed - width) / fixed + 1;
  }

  // body(i, row, turn) for all rows.
  template <class Body>
  static DISKERN_INLINE void for_rows(const T* rows, size_t count, const Body& body) {
    const size_t past = whole_rows(count);
    size_t i = 0;
    Row<width> row;
    for (; i + turns <= past; i += turns) {
      for (size_t t = 0; t < turns; ++t) {
        row.load(rows + (i + t) * fixed);
        body(i + t, row, t);
      }
    }
    for (size_t t = 0; i < count; ++i, t = (t + 1) % turns) {
      row.load_some(rows + i * fixed, fixed);
      body(i, row, t);
    }
  }

  static void accumulate(const T* rows, size_t count, size_t /*dimensions*/, const int32_t* labels,
                         const double* weight, const double* offset, double* sums, double* weights) {
    Row<width> centre;
    centre.load(offset);
    const auto add = [&](size_t i, Row<width>& row, double w) DISKERN_INLINE_LAMBDA {
      const auto label = static_cast<size_t>(labels[i]);
      Row<width> sum;
      sum.load(sums + label * width);
      sum.add(row);
      sum.store(sums + label * width);
      weights[label] += w;
    };
    if (weight == nullptr) {
      for_rows(rows, count, [&](size_t i, Row<width>& row, size_t) DISKERN_INLINE_LAMBDA {
        row.subtract(centre);
        add(i, row, 1.0);
      });
    } else {
      for_rows(rows, count, [&](size_t i, Row<width>& row, size_t) DISKERN_INLINE_LAMBDA {
        row.subtract(centre);
        row.multiply(weight[i]);
        add(i, row, weight[i]);
      });
    }
  }

  static void move(const T* rows, size_t count, size_t /*dimensions*/, const uint32_t* which, size_t moved,
                   const int32_t* from, const int32_t* to, const double* offset, double* sums, double* weights) {
    const size_t past = whole_rows(count);
    Row<width> centre;
    centre.load(offset);
    for (size_t m = 0; m < moved; ++m) {
      const size_t i = which[m];
      const auto old_label = static_cast<size_t>(from[i]);
      const auto new_label = static_cast<size_t>(to[i]);
      Row<width> row;
      if (i < past) {
        row.load(rows + i * fixed);
      } else {
        row.load_some(rows + i * fixed, fixed);
      }
      row.subtract(centre);
      Row<width> sum;
      sum.load(sums + old_label * width);
      sum.subtract(row);
      sum.store(sums + old_label * width);
      sum.load(sums + new_label * width);
      sum.add(row);
      sum.store(sums + new_label * width);
      weights[old_label] -= 1.0;
      weights[new_label] += 1.0;
    }
  }

  static DISKERN_INLINE void fold(Row<width>* turn, double* sums) {
    for (size_t half = turns / 2; half > 0; half /= 2) {
      for (size_t t = 0; t < half; ++t) turn[t].add(turn[t + half]);
    }
    turn[0].store(sums);
  }

  static void sum(const T* rows, size_t count, size_t /*dimensions*/, const double* offset, double* sums) {
    Row<width> turn[turns];
    for (size_t t = 0; t < turns; ++t) turn[t].clear();
    Row<width> centre;
    centre.load(offset);
    for_rows(rows, count, [&](size_t, Row<width>& row, size_t t) DISKERN_INLINE_LAMBDA {
      row.subtract(centre);
      turn[t].add(row);
    });
    double folded[width];
    fold(turn, folded);
    for (size_t d = 0; d < fixed; ++d) sums[d] = folded[d];
  }

  static double inertia(const T* rows, size_t count, size_t /*dimensions*/, const int32_t* labels,
                        const double* weight, const double* centres) {
    Row<width> turn[turns];
    for (size_t t = 0; t < turns; ++t) turn[t].clear();
    for_rows(rows, count, [&](size_t i, Row<width>& row, size_t t) DISKERN_INLINE_LAMBDA {
      Row<width> centre;
      centre.load(centres + (labels == nullptr ? 0 : static_cast<size_t>(labels[i])) * width);
      row.subtract(centre);
      row.multiply(row);
      if (weight != nullptr) row.multiply(weight[i]);
      turn[t].add(row);
    });
    double folded[width];
    fold(turn, folded);
    double total = 0.0;
    for (size_t d = 0; d < fixed; ++d) total += folded[d];
    return total;
  }

  static void to_block(const T* rows, size_t count, size_t /*dimensions*/, const double* offset, double scale,
                       float* block) {
    columns_to_block<T, fixed>(rows, fixed, count, offset, scale, block);
  }
};

// The same for any number of dimensions; the compiler makes vectors of the loops over them.
template <class T>
struct Rows<T, 0> {
  static constexpr size_t at_once = 64;  // dimensions

  static void accumulate(const T* rows, size_t count, size_t dimensions, const int32_t* labels, const double* weight,
                         const double* offset, double* sums, double* weights) {
    for (size_t i = 0; i < count; ++i) {
      const auto label = static_cast<size_t>(labels[i]);
      double* sum = sums + label * dimensions;
      const T* row = rows + i * dimensions;
      const double w = weight == nullptr ? 1.0 : weight[i];
      for (size_t d = 0; d < dimensions; ++d) sum[d] += w * (static_cast<double>(row[d]) - offset[d]);
      weights[label] += w;
    }
  }

  static void move(const T* rows, size_t /*count*/, size_t dimensions, const uint32_t* which, size_t moved,
                   const int32_t* from, const int32_t* to, const double* offset, double* sums, double* weights) {
    for (size_t m = 0; m < moved; ++m) {
      const size_t i = which[m];
      const auto old_label = static_cast<size_t>(from[i]);
      const auto new_label = static_cast<size_t>(to[i]);
      const T* row = rows + i * dimensions;
      double* less = sums + old_label * dimensions;
      double* more = sums + new_label * dimensions;
      for (size_t d = 0; d < dimensions; ++d) {
        const double difference = static_cast<double>(row[d]) - offset[d];
        less[d] -= difference;
        more[d] += difference;
      }
      weights[old_label] -= 1.0;
      weights[new_label] += 1.0;
    }
  }

  static void sum(const T* rows, size_t count, size_t dimensions, const double* offset, double* sums) {
    for (size_t first = 0; first < dimensions; first += at_once) {
      const size_t width = dimensions - first < at_once ? dimensions - first : at_once;
      double total[at_once] = {};
      for (size_t i = 0; i < count; ++i) {
        const T* row = rows + i * dimensions + first;
        for (size_t d = 0; d < width; ++d) total[d] += static_cast<double>(row[d]) - offset[first + d];
      }
      for (size_t d = 0; d < width; ++d) sums[first + d] = total[d];
    }
  }

  static double inertia(const T* rows, size_t count, size_t dimensions, const int32_t* labels, const double* weight,
                        const double* centres) {
    double all = 0.0;
    for (size_t first = 0; first < dimensions; first += at_once) {
      const size_t width = dimensions - first < at_once ? dimensions - first : at_once;
      double total[at_once] = {};
      for (size_t i = 0; i < count; ++i) {
        const T* row = rows + i * dimensions + first;
        const double* centre = centres + (labels == nullptr ? 0 : static_cast<size_t>(labels[i])) * dimensions + first;
        const double w = weight == nullptr ? 1.0 : weight[i];
        for (size_t d = 0; d < width; ++d) {
          const double difference = static_cast<double>(row[d]) - centre[d];
          total[d] += w * (difference * difference);
        }
      }
      for (size_t d = 0; d < width; ++d) all += total[d];
    }
    return all;
  }

  static void to_block(const T* rows, size_t count, size_t dimensions, const double* offset, double scale,
                       float* block) {
    size_t d = 0;
    for (; d + 8 <= dimensions; d += 8) {
      // Put beside each other first: the compiler then transposes in registers.
      T beside[block_points * 8];
      for (size_t i = 0; i < count; ++i) {
        __builtin_memcpy(beside + i * 8, rows + i * dimensions + d, 8 * sizeof(T));
      }
      columns_to_block<T, 8>(beside, 8, count, offset + d, scale, block + d * block_points);
    }
    for (; d < dimensions; ++d) {
      columns_to_block<T, 1>(rows + d, dimensions, count, offset + d, scale, block + d * block_points);
    }
  }
};

template <class T>
void label_distances(const T* rows, size_t count, size_t dimensions, const int32_t* labels, const double* centres,
                     double* distances) {
  const size_t padded = padded_dimensions(dimensions);
  for (size_t i = 0; i < count; ++i) {
    const double* centre = centres + static_cast<size_t>(labels[i]) * padded;
    double distance = 0.0;
    for (size_t d = 0; d < dimensions; ++d) {
      const double difference = static_cast<double>(rows[i * dimensions + d]) - centre[d];
      distance += difference * difference;
    }
    distances[i] = distance;
  }
}

#define DISKERN_FOR_DIMENSIONS(call) \
  switch (dimensions) {              \
    case 1:                          \
      return Rows<T, 1>::call;       \
    case 2:                          \
      return Rows<T, 2>::call;       \
    case 3:                          \
      return Rows<T, 3>::call;       \
    case 4:                          \
      return Rows<T, 4>::call;       \
    case 5:                          \
      return Rows<T, 5>::call;       \
    case 6:                          \
      return Rows<T, 6>::call;       \
    case 7:                          \
      return Rows<T, 7>::call;       \
    case 8:                          \
      return Rows<T, 8>::call;       \
    default:                         \
      return Rows<T, 0>::call;       \
  }

template <class T>
void accumulate(const T* rows, size_t count, size_t dimensions, const int32_t* labels, const double* weight,
                const double* offset, double* sums, double* weights) {
  DISKERN_FOR_DIMENSIONS(accumulate(rows, count, dimensions, labels, weight, offset, sums, weights))
}

template <class T>
void move(const T* rows, size_t count, size_t dimensions, const uint32_t* which, size_t moved, const int32_t* from,
          const int32_t* to, const double* offset, double* sums, double* weights) {
  DISKERN_FOR_DIMENSIONS(move(rows, count, dimensions, which, moved, from, to, offset, sums, weights))
}

template <class T>
void sum(const T* rows, size_t count, size_t dimensions, const double* offset, double* sums) {
  DISKERN_FOR_DIMENSIONS(sum(rows, count, dimensions, offset, sums))
}

template <class T>
double inertia(const T* rows, size_t count, size_t dimensions, const int32_t* labels, const double* weight,
               const double* centres) {
  DISKERN_FOR_DIMENSIONS(inertia(rows, count, dimensions, labels, weight, centres))
}

template <class T>
void to_block(const T* rows, size_t count, size_t dimensions, const double* offset, double scale, float* block) {
  DISKERN_FOR_DIMENSIONS(to_block(rows, count, dimensions, offset, scale, block))
}

// The same bits at every level: fused multiplications round once wherever they are made, and sums are per lane of a block
// of 16.
#if defined(__AVX2__)
DISKERN_INLINE Floats fused(Floats a, Floats b, Floats c) { return multiply_add(a, b, c); }
#else
DISKERN_INLINE Floats fused(Floats a, Floats b, Floats c) {
  for (size_t i = 0; i < lanes; ++i) c[i] = __builtin_fmaf(a[i], b[i], c[i]);
  return c;
}
#endif

template <size_t fixed>
struct Seeds {
  static DISKERN_INLINE Floats distance(const float* from, const float* centre, size_t dimensions) {
    Floats sum = broadcast(0.0F);
    for (size_t d = 0; d < dimensions; ++d) {
      const Floats difference = load(from + d * block_points) - broadcast(centre[d]);
      sum = fused(difference, difference, sum);
    }
    return sum;
  }

  // at_once candidates, whose sums stay in registers.
  template <size_t at_once>
  static void pass(const float* blocks, size_t groups, size_t given, const float* weight, const float* chosen,
                   size_t chosen_count, const float* const* candidates, float* closest, double* sums) {
    const size_t dimensions = fixed == 0 ? given : fixed;
    // Few float32 additions per lane before they go into a float64 sum.
    for (size_t group = 0; group < groups; ++group) {
      float values[at_once][block_points];
      for (size_t v = 0; v < vectors_per_block; ++v) {
        Floats lane_sums[at_once];
        for (size_t l = 0; l < at_once; ++l) lane_sums[l] = broadcast(0.0F);
        for (size_t b = 0; b < blocks_per_group; ++b) {
          const size_t block = group * blocks_per_group + b;
          const float* from = blocks + block * dimensions * block_points + v * lanes;
          const size_t point = block * block_points + v * lanes;
          Floats near = load(closest + point);
          if (chosen_count > 0) {
            for (size_t c = 0; c < chosen_count; ++c) {
              near = smaller(near, distance(from, chosen + c * dimensions, dimensions));
            }
            store(closest + point, near);
          }
          const Floats factor = weight == nullptr ? broadcast(1.0F) : load(weight + point);
          Floats square[at_once];
          for (size_t l = 0; l < at_once; ++l) square[l] = broadcast(0.0F);
          for (size_t d = 0; d < dimensions; ++d) {
            const Floats x = load(from + d * block_points);
            for (size_t l = 0; l < at_once; ++l) {
              const Floats difference = x - broadcast(candidates[l][d]);
              square[l] = fused(difference, difference, square[l]);
            }
          }
          for (size_t l = 0; l < at_once; ++l) lane_sums[l] = lane_sums[l] + smaller(near, square[l]) * factor;
        }
        for (size_t l = 0; l < at_once; ++l) store(values[l] + v * lanes, lane_sums[l]);
      }
      for (size_t l = 0; l < at_once; ++l) {
        // A fixed tree over the 16 lanes.
        for (size_t half = block_points / 2; half > 0; half /= 2) {
          for (size_t i = 0; i < half; ++i) values[l][i] += values[l][i + half];
        }
        sums[l] += static_cast<double>(values[l][0]);
      }
    }
  }

  static void run(const float* blocks, size_t groups, size_t given, const float* weight, const float* chosen,
                  size_t chosen_count, const float* candidates, size_t candidate_count, float* closest, double* sums) {
    const size_t dimensions = fixed == 0 ? given : fixed;
    constexpr size_t most = 8;
    // Without candidates there are still the distances to the chosen ones to be taken into account.
    for (size_t first = 0; first == 0 || first < candidate_count; first += most) {
      const size_t rest = candidate_count - first;
      const size_t count = rest < most ? rest : most;
      const float* rows[most];
      double total[most] = {};
      // Filled up with the last one, or any, whose sums nobody asked for.
      for (size_t l = 0; l < most; ++l) {
        rows[l] = count == 0 ? chosen : candidates + (first + (l < count ? l : count - 1)) * dimensions;
      }
      const size_t new_chosen = first == 0 ? chosen_count : 0;
      if (count <= 2) {
        pass<2>(blocks, groups, dimensions, weight, chosen, new_chosen, rows, closest, total);
      } else if (count <= 4) {
        pass<4>(blocks, groups, dimensions, weight, chosen, new_chosen, rows, closest, total);
      } else if (count <= 6) {
        pass<6>(blocks, groups, dimensions, weight, chosen, new_chosen, rows, closest, total);
      } else {
        pass<8>(blocks, groups, dimensions, weight, chosen, new_chosen, rows, closest, total);
      }
      for (size_t l = 0; l < count; ++l) sums[first + l] = total[l];
    }
  }
};

void try_seeds(const float* blocks, size_t groups, size_t dimensions, const float* weight, const float* chosen,
               size_t chosen_count, const float* candidates, size_t candidate_count, float* closest, double* sums) {
#define DISKERN_SEEDS(fixed)                                                                             \
  Seeds<fixed>::run(blocks, groups, dimensions, weight, chosen, chosen_count, candidates, candidate_count, \
                    closest, sums)
  switch (dimensions) {
    case 1:
      return DISKERN_SEEDS(1);
    case 2:
      return DISKERN_SEEDS(2);
    case 3:
      return DISKERN_SEEDS(3);
    case 4:
      return DISKERN_SEEDS(4);
    case 5:
      return DISKERN_SEEDS(5);
    case 6:
      return DISKERN_SEEDS(6);
    case 7:
      return DISKERN_SEEDS(7);
    case 8:
      return DISKERN_SEEDS(8);
    default:
      return DISKERN_SEEDS(0);
  }
#undef DISKERN_SEEDS
}

#undef DISKERN_FOR_DIMENSIONS
#undef DISKERN_INLINE
#undef DISKERN_INLINE_LAMBDA

}  // namespace

extern const KMeansKernels kmeans_kernels;
const KMeansKernels kmeans_kernels = {assign,
                                      squared_distances,
                                      try_seeds,
                                      {accumulate<float>, move<float>, sum<float>, inertia<float>, label_distances<float>, to_block<float>},
                                      {accumulate<double>, move<double>, sum<double>, inertia<double>, label_distances<double>, to_block<double>}};

}  // namespace diskern::DISKERN_ISA_NAMESPACE

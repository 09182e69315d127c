// Compiled once per instruction set (cmake/isa.cmake). Sixteen lanes of float32 at every level and nothing contracted, so
// that every level makes the same lists.
#include <stddef.h>
#include <stdint.h>
#if defined(__AVX2__) || defined(__AVX512F__)
// GCC 12 takes the undefined vectors within its own header for an oversight.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#include <immintrin.h>
#endif

#include "base/maths.hpp"
#include "statistics/range_box_table.hpp"

#define DISKERN_INLINE inline __attribute__((always_inline))

namespace diskern::DISKERN_ISA_NAMESPACE {

namespace {

using namespace statistics;  // NOLINT(google-build-using-namespace)

static_assert(range_block == 16);

#if defined(__AVX512F__)
struct Sixteen {
  __m512 x;
  static DISKERN_INLINE Sixteen load(const float* from) { return {_mm512_loadu_ps(from)}; }
  static DISKERN_INLINE Sixteen of(float value) { return {_mm512_set1_ps(value)}; }
};
DISKERN_INLINE Sixteen operator-(Sixteen a, Sixteen b) { return {_mm512_sub_ps(a.x, b.x)}; }
DISKERN_INLINE Sixteen operator+(Sixteen a, Sixteen b) { return {_mm512_add_ps(a.x, b.x)}; }
DISKERN_INLINE Sixteen operator*(Sixteen a, Sixteen b) { return {_mm512_mul_ps(a.x, b.x)}; }
DISKERN_INLINE Sixteen larger(Sixteen a, Sixteen b) { return {_mm512_max_ps(a.x, b.x)}; }
DISKERN_INLINE Sixteen magnitude(Sixteen a) { return {_mm512_abs_ps(a.x)}; }
DISKERN_INLINE uint32_t at_most(Sixteen a, Sixteen b) { return _mm512_cmp_ps_mask(a.x, b.x, _CMP_LE_OQ); }
// Writes the lanes of the mask one after the other; sixteen places are touched.
DISKERN_INLINE void pack(float* to, const Sixteen& a, uint32_t mask) {
  _mm512_storeu_ps(to, _mm512_maskz_compress_ps(static_cast<__mmask16>(mask), a.x));
}
DISKERN_INLINE void pack(double* to, const double* from, uint32_t mask) {
  const auto low = static_cast<__mmask8>(mask);
  const auto high = static_cast<__mmask8>(mask >> 8);
  _mm512_storeu_pd(to, _mm512_maskz_compress_pd(low, _mm512_loadu_pd(from)));
  _mm512_storeu_pd(to + __builtin_popcount(low), _mm512_maskz_compress_pd(high, _mm512_loadu_pd(from + 8)));
}
DISKERN_INLINE void pack_numbers(uint32_t* to, uint32_t first, uint32_t mask) {
  const __m512i numbers = _mm512_add_epi32(_mm512_set1_epi32(static_cast<int>(first)),
                                           _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0));
  _mm512_storeu_si512(to, _mm512_maskz_compress_epi32(static_cast<__mmask16>(mask), numbers));
}
DISKERN_INLINE void pack(uint32_t* to, const uint32_t* from, uint32_t mask) {
  _mm512_storeu_si512(to, _mm512_maskz_compress_epi32(static_cast<__mmask16>(mask), _mm512_loadu_si512(from)));
}
struct Lanes {
  __m512d even;
  __m512d odd;
  static DISKERN_INLINE Lanes zero() { return {_mm512_setzero_pd(), _mm512_setzero_pd()}; }
  DISKERN_INLINE void add(const double* weight, uint32_t mask) {
    even = _mm512_mask_add_pd(even, static_cast<__mmask8>(mask), even, _mm512_loadu_pd(weight));
    odd = _mm512_mask_add_pd(odd, static_cast<__mmask8>(mask >> 8), odd, _mm512_loadu_pd(weight + 8));
  }
  DISKERN_INLINE void add_products(const float* value, const double* weight) {
    even = _mm512_add_pd(even, _mm512_mul_pd(_mm512_cvtps_pd(_mm256_loadu_ps(value)), _mm512_loadu_pd(weight)));
    odd = _mm512_add_pd(odd, _mm512_mul_pd(_mm512_cvtps_pd(_mm256_loadu_ps(value + 8)), _mm512_loadu_pd(weight + 8)));
  }
  DISKERN_INLINE double sum() const {
    double lanes[8];
    _mm512_storeu_pd(lanes, _mm512_add_pd(even, odd));
    double total = 0.0;
    for (const double lane : lanes) total += lane;
    return total;
  }
};
#else
struct Sixteen {
  typedef float Type __attribute__((vector_size(64), may_alias));
  typedef float Unaligned __attribute__((vector_size(64), may_alias, aligned(4)));
  Type x;
  static DISKERN_INLINE Sixteen load(const float* from) { return {*reinterpret_cast<const Unaligned*>(from)}; }
  static DISKERN_INLINE Sixteen of(float value) { return {value - Type{}}; }
};
DISKERN_INLINE Sixteen operator-(Sixteen a, Sixteen b) { return {a.x - b.x}; }
DISKERN_INLINE Sixteen operator+(Sixteen a, Sixteen b) { return {a.x + b.x}; }
DISKERN_INLINE Sixteen operator*(Sixteen a, Sixteen b) { return {a.x * b.x}; }
DISKERN_INLINE Sixteen larger(Sixteen a, Sixteen b) { return {a.x > b.x ? a.x : b.x}; }
DISKERN_INLINE Sixteen magnitude(Sixteen a) { return {a.x < 0.0F ? -a.x : a.x}; }
DISKERN_INLINE uint32_t at_most(Sixteen a, Sixteen b) {
  const auto result = a.x <= b.x;
#if defined(__AVX2__)
  const auto* half = reinterpret_cast<const __m256*>(&result);
  return static_cast<uint32_t>(_mm256_movemask_ps(half[0]) | _mm256_movemask_ps(half[1]) << 8);
#else
  uint32_t mask = 0;
  for (size_t k = 0; k < range_block; ++k) mask |= (result[k] != 0 ? 1U : 0U) << k;
  return mask;
#endif
}
DISKERN_INLINE void pack(float* to, const Sixteen& a, uint32_t mask) {
  for (; mask != 0; mask &= mask - 1) *to++ = a.x[__builtin_ctz(mask)];
}
DISKERN_INLINE void pack(double* to, const double* from, uint32_t mask) {
  for (; mask != 0; mask &= mask - 1) *to++ = from[__builtin_ctz(mask)];
}
DISKERN_INLINE void pack_numbers(uint32_t* to, uint32_t first, uint32_t mask) {
  for (; mask != 0; mask &= mask - 1) *to++ = first + static_cast<uint32_t>(__builtin_ctz(mask));
}
DISKERN_INLINE void pack(uint32_t* to, const uint32_t* from, uint32_t mask) {
  for (; mask != 0; mask &= mask - 1) *to++ = from[__builtin_ctz(mask)];
}
struct Lanes {
  double even[8];
  double odd[8];
  static DISKERN_INLINE Lanes zero() { return {}; }
  DISKERN_INLINE void add(const double* weight, uint32_t mask) {
    for (size_t k = 0; k < 8; ++k) even[k] += (mask >> k & 1U) != 0 ? weight[k] : 0.0;
    for (size_t k = 0; k < 8; ++k) odd[k] += (mask >> (k + 8) & 1U) != 0 ? weight[k + 8] : 0.0;
  }
  DISKERN_INLINE void add_products(const float* value, const double* weight) {
    for (size_t k = 0; k < 8; ++k) even[k] += static_cast<double>(value[k]) * weight[k];
    for (size_t k = 0; k < 8; ++k) odd[k] += static_cast<double>(value[k + 8]) * weight[k + 8];
  }
  DISKERN_INLINE double sum() const {
    double total = 0.0;
    for (size_t k = 0; k < 8; ++k) total += even[k] + odd[k];
    return total;
  }
};
#endif

// Children that are not certainly outside. Rounding is monotonic, so what holds for the corners holds for the events.
template <size_t fixed>
DISKERN_INLINE uint32_t near_children(const RangeTreeView& tree, const RangeSingleQuery& query, size_t level, size_t node,
                                      Sixteen largest) {
  const size_t dimensions = fixed == 0 ? tree.dimensions : fixed;
  const float* box = tree.box[level] + node * dimensions * 2 * range_block;
  Sixteen nearest = Sixteen::of(0.0F);
  for (size_t j = 0; j < dimensions; ++j) {
    const float* low = box + j * 2 * range_block;
    const Sixteen centre = Sixteen::of(query.centre[j]);
    const Sixteen outside = larger(Sixteen::load(low) - centre, centre - Sixteen::load(low + range_block));
    nearest = larger(outside * Sixteen::of(query.inverse[j]), nearest);
  }
  return at_most(nearest, largest);
}

template <size_t fixed, bool with_squares>
void collect_of(const RangeTreeView& tree, const RangeSingleQuery& query, float largest, RangeSingleList* list) {
  const size_t dimensions = fixed == 0 ? tree.dimensions : fixed;
  const Sixteen limit = Sixteen::of(largest);
  // In registers, as the compiler cannot know that lists are not written over them.
  constexpr size_t kept = fixed == 0 ? 1 : fixed;
  Sixteen centres[kept];
  Sixteen inverses[kept];
  for (size_t j = 0; j < fixed; ++j) {
    centres[j] = Sixteen::of(query.centre[j]);
    inverses[j] = Sixteen::of(query.inverse[j]);
  }
  const float* const all = tree.columns;
  const double* const weights = tree.weight;
  float* const sizes = list->size;
  float* const squares = list->square;
  double* const list_weights = list->weight;
  uint32_t* const places = list->place;
  size_t length = list->length;
  const auto look_at = [&](size_t block) __attribute__((always_inline)) {
    const float* columns = all + block * dimensions * range_block;
    Sixteen size = Sixteen::of(0.0F);
    Sixteen square = Sixteen::of(0.0F);
    for (size_t j = 0; j < dimensions; ++j) {
      const Sixteen centre = fixed == 0 ? Sixteen::of(query.centre[j]) : centres[fixed == 0 ? 0 : j];
      const Sixteen inverse = fixed == 0 ? Sixteen::of(query.inverse[j]) : inverses[fixed == 0 ? 0 : j];
      const Sixteen distance = (Sixteen::load(columns + j * range_block) - centre) * inverse;
      size = larger(magnitude(distance), size);
      if (with_squares) square = square + distance * distance;
    }
    const uint32_t mask = at_most(size, limit);
    const size_t first = block * range_block;
    pack(sizes + length, size, mask);
    if (with_squares) pack(squares + length, square, mask);
    pack(list_weights + length, weights + first, mask);
    pack_numbers(places + length, static_cast<uint32_t>(first), mask);
    length += static_cast<size_t>(__builtin_popcount(mask));
  };
  if (tree.levels == 0) {
    look_at(0);
  } else {
    // Children to go, level by level: 16^9 blocks of 16 events are more than 2^32 events.
    struct Open {
      uint32_t left;
      size_t node;
    };
    Open open[10];
    size_t level = tree.levels;
    open[level] = {near_children<fixed>(tree, query, level, 0, limit), 0};
    while (true) {
      Open& at = open[level];
      if (at.left == 0) {
        if (level == tree.levels) break;
        ++level;
        continue;
      }
      const size_t node = at.node * range_block + static_cast<size_t>(__builtin_ctz(at.left));
      at.left &= at.left - 1;
      if (level == 1) {
        look_at(node);
      } else {
        --level;
        open[level] = {near_children<fixed>(tree, query, level, node, limit), node};
      }
    }
  }
  for (; length % range_block != 0; ++length) {
    sizes[length] = __builtin_inff();
    squares[length] = __builtin_inff();
    list_weights[length] = 0.0;
    places[length] = 0;
  }
  list->length = length;
}

template <bool with_squares>
DISKERN_INLINE void collect_by_dimensions(const RangeTreeView& tree, const RangeSingleQuery& query, float largest,
                                          RangeSingleList* list) {
  switch (tree.dimensions) {
    case 1:
      return collect_of<1, with_squares>(tree, query, largest, list);
    case 2:
      return collect_of<2, with_squares>(tree, query, largest, list);
    case 3:
      return collect_of<3, with_squares>(tree, query, largest, list);
    case 4:
      return collect_of<4, with_squares>(tree, query, largest, list);
    case 5:
      return collect_of<5, with_squares>(tree, query, largest, list);
    case 6:
      return collect_of<6, with_squares>(tree, query, largest, list);
    default:
      return collect_of<0, with_squares>(tree, query, largest, list);
  }
}

void collect(const RangeTreeView& tree, const RangeSingleQuery& query, float largest, bool with_squares,
             RangeSingleList* list) {
  if (with_squares) return collect_by_dimensions<true>(tree, query, largest, list);
  collect_by_dimensions<false>(tree, query, largest, list);
}

double weight_within(const RangeSingleList* list, size_t begin, size_t length, RangeBorder size, uint32_t* unsure,
                     size_t* unsure_count) {
  const Sixteen low = Sixteen::of(size.low);
  const Sixteen high = Sixteen::of(size.high);
  Lanes lanes[2] = {Lanes::zero(), Lanes::zero()};
  size_t count = 0;
  const auto add = [&](size_t i, Lanes& to) __attribute__((always_inline)) {
    const Sixteen sizes = Sixteen::load(list->size + i);
    const uint32_t inside = at_most(sizes, low);
    to.add(list->weight + i, inside);
    for (uint32_t left = at_most(sizes, high) & ~inside; left != 0; left &= left - 1) {
      unsure[count++] = static_cast<uint32_t>(i) + static_cast<uint32_t>(__builtin_ctz(left));
    }
  };
  size_t i = begin;
  for (; i + 2 * range_block <= begin + length; i += 2 * range_block) {
    add(i, lanes[0]);
    add(i + range_block, lanes[1]);
  }
  if (i < begin + length) add(i, lanes[0]);
  *unsure_count = count;
  return lanes[0].sum() + lanes[1].sum();
}

void select(const RangeSingleList* list, size_t begin, size_t length, RangeBorder size, RangeBorder square,
            RangeSingleList* selected, uint32_t* unsure, size_t* unsure_count) {
  const Sixteen size_low = Sixteen::of(size.low);
  const Sixteen size_high = Sixteen::of(size.high);
  const Sixteen square_low = Sixteen::of(square.low);
  const Sixteen square_high = Sixteen::of(square.high);
  size_t at = selected->length;
  size_t count = 0;
  for (size_t i = begin; i < begin + length; i += range_block) {
    const Sixteen sizes = Sixteen::load(list->size + i);
    const Sixteen squares = Sixteen::load(list->square + i);
    const uint32_t inside = at_most(sizes, size_low) & at_most(squares, square_low);
    pack(selected->square + at, squares, inside);
    pack(selected->weight + at, list->weight + i, inside);
    pack(selected->place + at, list->place + i, inside);
    at += static_cast<size_t>(__builtin_popcount(inside));
    for (uint32_t left = at_most(sizes, size_high) & at_most(squares, square_high) & ~inside; left != 0;
         left &= left - 1) {
      unsure[count++] = static_cast<uint32_t>(i) + static_cast<uint32_t>(__builtin_ctz(left));
    }
  }
  selected->length = at;
  *unsure_count = count;
}

double gauss(const float* __restrict square, const double* __restrict weight, size_t length, float factor,
             float* __restrict value) {
  Lanes lanes = Lanes::zero();
  for (size_t i = 0; i < length; i += range_block) {
    // exp of maths.hpp without what overflow and subnormal results need: exponents are moderate.
    float* to = value + i;
    const float* from = square + i;
    for (size_t k = 0; k < range_block; ++k) {
      const maths::detail::Reduced32 part = maths::detail::reduce(from[k] * factor);
      const float mantissa = 1.0F + (part.rest + part.rest * part.rest * maths::detail::exp_tail(part.rest));
      to[k] = mantissa * maths::detail::power_of_two(part.n);
    }
    lanes.add_products(value + i, weight + i);
  }
  return lanes.sum();
}

}  // namespace

extern const statistics::RangeBoxKernels range_box_kernels;
const statistics::RangeBoxKernels range_box_kernels = {&collect, &weight_within, &select, &gauss};

}  // namespace diskern::DISKERN_ISA_NAMESPACE

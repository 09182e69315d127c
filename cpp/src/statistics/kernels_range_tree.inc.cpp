// Compiled once per instruction set (cmake/isa.cmake). Float64 throughout, eight lanes at every level and nothing
// contracted, so that sums have the same bits everywhere.
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#if defined(__AVX2__) || defined(__AVX512F__)
// GCC 12 takes the undefined vectors within its own header for an oversight.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#include <immintrin.h>
#endif

#include "statistics/range_tree_table.hpp"

#define DISKERN_INLINE inline __attribute__((always_inline))

namespace diskern::DISKERN_ISA_NAMESPACE {

namespace {

using namespace statistics;  // NOLINT(google-build-using-namespace)

constexpr size_t width = 8;

#if defined(__AVX512F__)
struct Eight {
  __m512d x;
  static DISKERN_INLINE Eight load(const double* from) { return {_mm512_loadu_pd(from)}; }
  static DISKERN_INLINE Eight load(const float* from) { return {_mm512_cvtps_pd(_mm256_loadu_ps(from))}; }
  static DISKERN_INLINE Eight of(double value) { return {_mm512_set1_pd(value)}; }
};
DISKERN_INLINE void store(double* to, Eight a) { _mm512_storeu_pd(to, a.x); }
DISKERN_INLINE Eight operator+(Eight a, Eight b) { return {_mm512_add_pd(a.x, b.x)}; }
DISKERN_INLINE Eight operator-(Eight a, Eight b) { return {_mm512_sub_pd(a.x, b.x)}; }
DISKERN_INLINE Eight operator*(Eight a, Eight b) { return {_mm512_mul_pd(a.x, b.x)}; }
DISKERN_INLINE Eight larger(Eight a, Eight b) { return {_mm512_max_pd(a.x, b.x)}; }
DISKERN_INLINE Eight magnitude(Eight a) { return {_mm512_abs_pd(a.x)}; }
DISKERN_INLINE uint32_t at_most(Eight a, Eight b) { return _mm512_cmp_pd_mask(a.x, b.x, _CMP_LE_OQ); }
DISKERN_INLINE Eight where(uint32_t mask, Eight a) { return {_mm512_maskz_mov_pd(static_cast<__mmask8>(mask), a.x)}; }
// Writes the lanes of the mask one after the other; eight places are touched.
DISKERN_INLINE void pack(double* to, Eight a, uint32_t mask) {
  _mm512_storeu_pd(to, _mm512_maskz_compress_pd(static_cast<__mmask8>(mask), a.x));
}
DISKERN_INLINE void pack(uint32_t* to, const uint32_t* from, uint32_t mask) {
  const __m256i values = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm256_maskz_compress_epi32(static_cast<__mmask8>(mask), values));
}
#else
struct Eight {
  typedef double Type __attribute__((vector_size(8 * width), may_alias));
  typedef double Unaligned __attribute__((vector_size(8 * width), may_alias, aligned(8)));
  typedef float Singles __attribute__((vector_size(4 * width), may_alias, aligned(4)));
  Type x;
  static DISKERN_INLINE Eight load(const double* from) { return {*reinterpret_cast<const Unaligned*>(from)}; }
  static DISKERN_INLINE Eight load(const float* from) {
    return {__builtin_convertvector(*reinterpret_cast<const Singles*>(from), Type)};
  }
  static DISKERN_INLINE Eight of(double value) { return {value - Type{}}; }
};
DISKERN_INLINE void store(double* to, Eight a) { *reinterpret_cast<Eight::Unaligned*>(to) = a.x; }
DISKERN_INLINE Eight operator+(Eight a, Eight b) { return {a.x + b.x}; }
DISKERN_INLINE Eight operator-(Eight a, Eight b) { return {a.x - b.x}; }
DISKERN_INLINE Eight operator*(Eight a, Eight b) { return {a.x * b.x}; }
// b where one of them is NaN.
DISKERN_INLINE Eight larger(Eight a, Eight b) { return {a.x > b.x ? a.x : b.x}; }
DISKERN_INLINE Eight magnitude(Eight a) { return {a.x < 0.0 ? -a.x : a.x}; }
DISKERN_INLINE uint32_t at_most(Eight a, Eight b) {
  const auto result = a.x <= b.x;
#if defined(__AVX2__)
  const auto* half = reinterpret_cast<const __m256d*>(&result);
  return static_cast<uint32_t>(_mm256_movemask_pd(half[0]) | _mm256_movemask_pd(half[1]) << 4);
#else
  uint32_t mask = 0;
  for (size_t k = 0; k < width; ++k) mask |= (result[k] != 0 ? 1U : 0U) << k;
  return mask;
#endif
}
DISKERN_INLINE Eight where(uint32_t mask, Eight a) {
  for (size_t k = 0; k < width; ++k) a.x[k] = (mask >> k & 1U) != 0 ? a.x[k] : 0.0;
  return a;
}
DISKERN_INLINE void pack(double* to, Eight a, uint32_t mask) {
  double values[width];
  store(values, a);
  for (; mask != 0; mask &= mask - 1) *to++ = values[__builtin_ctz(mask)];
}
DISKERN_INLINE void pack(uint32_t* to, const uint32_t* from, uint32_t mask) {
  for (; mask != 0; mask &= mask - 1) *to++ = from[__builtin_ctz(mask)];
}
#endif

DISKERN_INLINE double sum_of(Eight a) {
  double lanes[width];
  store(lanes, a);
  double total = 0.0;
  for (size_t k = 0; k < width; ++k) total += lanes[k];
  return total;
}

struct Sizes {
  Eight size;
  Eight square;
};

// Of eight events of a block. fixed: the number of dimensions, 0: any.
template <bool with_square, size_t fixed>
DISKERN_INLINE Sizes sizes(const RangeTreeView& tree, const RangeQuery& query, size_t block, size_t part) {
  const size_t dimensions = fixed == 0 ? tree.dimensions : fixed;
  const float* columns = tree.columns + block * dimensions * range_block + part * width;
  Sizes result = {Eight::of(0.0), Eight::of(0.0)};
  for (size_t j = 0; j < dimensions; ++j) {
    const Eight distance =
        magnitude(Eight::load(columns + j * range_block) - Eight::of(static_cast<double>(query.centre[j]))) *
        Eight::of(query.inverse[j]);
    result.size = larger(distance, result.size);
    if (with_square) result.square = result.square + distance * distance;
  }
  return result;
}

struct Children {
  uint32_t near;   // not certainly outside
  uint32_t whole;  // certainly inside
};

// Rounding is monotonic, so what holds for the corners holds for the events.
DISKERN_INLINE Children children(const RangeTreeView& tree, const RangeQuery& query, size_t level, size_t node,
                                 double largest) {
  const float* box = tree.box[level] + node * tree.dimensions * 2 * range_block;
  Children result = {0, 0};
  for (size_t part = 0; part < range_block / width; ++part) {
    Eight nearest = Eight::of(0.0);
    Eight farthest = Eight::of(0.0);
    for (size_t j = 0; j < tree.dimensions; ++j) {
      const float* low = box + j * 2 * range_block + part * width;
      const Eight centre = Eight::of(static_cast<double>(query.centre[j]));
      const Eight inverse = Eight::of(query.inverse[j]);
      const Eight below = (Eight::load(low) - centre) * inverse;
      const Eight above = (centre - Eight::load(low + range_block)) * inverse;
      nearest = larger(larger(below, above), nearest);
      farthest = larger(larger(magnitude(below), magnitude(above)), farthest);
    }
    const uint32_t near = at_most(nearest, Eight::of(largest));
    result.near |= near << (part * width);
    result.whole |= (at_most(farthest, Eight::of(largest)) & near) << (part * width);
  }
  return result;
}

// Calls block(number) for the blocks that are near, and whole(level, node), where that is wanted, for nodes that are
// inside as a whole; in the order of the tree.
template <bool nodes, class Block, class Whole>
DISKERN_INLINE void traverse(const RangeTreeView& tree, const RangeQuery& query, double largest, const Block& block,
                             const Whole& whole) {
  if (tree.levels == 0) {
    block(size_t{0});
    return;
  }
  // Children to go, level by level: 16^9 blocks of 16 events are more than 2^32 events.
  struct Open {
    Children left;
    size_t node;
  };
  Open open[10];
  size_t level = tree.levels;
  open[level] = {children(tree, query, level, 0, largest), 0};
  while (true) {
    Open& at = open[level];
    if (at.left.near == 0) {
      if (level == tree.levels) return;
      ++level;
      continue;
    }
    const auto child = static_cast<size_t>(__builtin_ctz(at.left.near));
    at.left.near &= at.left.near - 1;
    const size_t node = at.node * range_block + child;
    if (nodes && (at.left.whole >> child & 1U) != 0) {
      whole(level - 1, node);
    } else if (level == 1) {
      block(node);
    } else {
      --level;
      open[level] = {children(tree, query, level, node, largest), node};
    }
  }
}

template <size_t fixed>
size_t count_of(const RangeTreeView& tree, const RangeQuery& query, double largest, double* sum) {
  size_t events = 0;
  double whole_nodes = 0.0;
  Eight lanes = Eight::of(0.0);
  const Eight limit = Eight::of(largest);
  traverse<true>(
      tree, query, largest,
      [&](size_t block) __attribute__((always_inline)) {
        for (size_t part = 0; part < range_block / width; ++part) {
          const uint32_t mask = at_most(sizes<false, fixed>(tree, query, block, part).size, limit);
          events += static_cast<size_t>(__builtin_popcount(mask));
          lanes = lanes + where(mask, Eight::load(tree.weight + block * range_block + part * width));
        }
      },
      [&](size_t level, size_t node) __attribute__((always_inline)) {
        events += tree.count[level][node];
        whole_nodes += tree.sum[level][node];
      });
  *sum += whole_nodes + sum_of(lanes);
  return events;
}

template <size_t fixed>
void collect_of(const RangeTreeView& tree, const RangeQuery& query, double largest, RangeList* list) {
  size_t length = list->length;
  const Eight limit = Eight::of(largest);
  traverse<false>(
      tree, query, largest,
      [&](size_t block) __attribute__((always_inline)) {
        for (size_t part = 0; part < range_block / width; ++part) {
          const Sizes of = sizes<true, fixed>(tree, query, block, part);
          const uint32_t mask = at_most(of.size, limit);
          if (mask == 0) continue;
          const size_t first = block * range_block + part * width;
          pack(list->size + length, of.size, mask);
          pack(list->square + length, of.square, mask);
          pack(list->weight + length, Eight::load(tree.weight + first), mask);
          pack(list->index + length, tree.index + first, mask);
          length += static_cast<size_t>(__builtin_popcount(mask));
        }
      },
      [](size_t, size_t) {});
  list->length = length;
}

#define DISKERN_BY_DIMENSIONS(function, ...)     \
  switch (tree.dimensions) {                     \
    case 1:                                      \
      return function<1>(__VA_ARGS__);           \
    case 2:                                      \
      return function<2>(__VA_ARGS__);           \
    case 3:                                      \
      return function<3>(__VA_ARGS__);           \
    case 4:                                      \
      return function<4>(__VA_ARGS__);           \
    case 5:                                      \
      return function<5>(__VA_ARGS__);           \
    case 6:                                      \
      return function<6>(__VA_ARGS__);           \
    default:                                     \
      return function<0>(__VA_ARGS__);           \
  }

size_t count(const RangeTreeView& tree, const RangeQuery& query, double largest, double* sum) {
  DISKERN_BY_DIMENSIONS(count_of, tree, query, largest, sum)
}

void collect(const RangeTreeView& tree, const RangeQuery& query, double largest, RangeList* list) {
  DISKERN_BY_DIMENSIONS(collect_of, tree, query, largest, list)
}

// Four sums at a time, for the latency of additions.
double weight_within(const double* size, const double* weight, size_t length, double largest) {
  Eight lanes[4] = {Eight::of(0.0), Eight::of(0.0), Eight::of(0.0), Eight::of(0.0)};
  const Eight limit = Eight::of(largest);
  size_t i = 0;
  for (; i + 4 * width <= length; i += 4 * width) {
    for (size_t u = 0; u < 4; ++u) {
      const size_t at = i + u * width;
      lanes[u] = lanes[u] + where(at_most(Eight::load(size + at), limit), Eight::load(weight + at));
    }
  }
  for (; i < length; i += width) {
    lanes[0] = lanes[0] + where(at_most(Eight::load(size + i), limit), Eight::load(weight + i));
  }
  return sum_of((lanes[0] + lanes[1]) + (lanes[2] + lanes[3]));
}

void select(const RangeList* list, size_t begin, size_t length, double largest, double largest_square,
            RangeList* selected) {
  size_t at = selected->length;
  const Eight limit = Eight::of(largest);
  const Eight square_limit = Eight::of(largest_square);
  for (size_t i = begin; i < begin + length; i += width) {
    const Eight square = Eight::load(list->square + i);
    const uint32_t mask = at_most(Eight::load(list->size + i), limit) & at_most(square, square_limit);
    pack(selected->square + at, square, mask);
    pack(selected->weight + at, Eight::load(list->weight + i), mask);
    pack(selected->index + at, list->index + i, mask);
    at += static_cast<size_t>(__builtin_popcount(mask));
  }
  selected->length = at;
}

double dot(const double* a, const double* b, size_t length) {
  Eight lanes[4] = {Eight::of(0.0), Eight::of(0.0), Eight::of(0.0), Eight::of(0.0)};
  size_t i = 0;
  for (; i + 4 * width <= length; i += 4 * width) {
    for (size_t u = 0; u < 4; ++u) {
      const size_t at = i + u * width;
      lanes[u] = lanes[u] + Eight::load(a + at) * Eight::load(b + at);
    }
  }
  double total = sum_of((lanes[0] + lanes[1]) + (lanes[2] + lanes[3]));
  for (; i < length; ++i) total += a[i] * b[i];
  return total;
}

}  // namespace

extern const statistics::RangeTreeKernels range_tree_kernels;
const statistics::RangeTreeKernels range_tree_kernels = {&count, &collect, &weight_within, &select, &dot};

}  // namespace diskern::DISKERN_ISA_NAMESPACE

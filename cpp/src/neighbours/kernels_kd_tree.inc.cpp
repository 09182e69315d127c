// Compiled once per instruction set (cmake/isa.cmake). Answers do not depend on the level: float32 only rules out what
// is certainly too far, and what is left is judged in float64, summed over the dimensions in ascending order without
// contraction, equal distances by index.
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

#include "neighbours/kd_tree_table.hpp"

#define DISKERN_INLINE inline __attribute__((always_inline))
#define DISKERN_LAMBDA __attribute__((always_inline))

namespace diskern::DISKERN_ISA_NAMESPACE {

namespace {

constexpr float infinity = __builtin_inff();
constexpr double exact_infinity = __builtin_inf();
constexpr double least_power = 1e-300;

// Vectors of float32, `Single::lanes` wide; masks are integers.
#if defined(__AVX512F__)
struct Single {
  static constexpr size_t lanes = 16;
  using Type = __m512;
  static DISKERN_INLINE Type load(const float* p) { return _mm512_loadu_ps(p); }
  static DISKERN_INLINE void store(float* p, Type x) { _mm512_storeu_ps(p, x); }
  static DISKERN_INLINE Type broadcast(float x) { return _mm512_set1_ps(x); }
  static DISKERN_INLINE Type subtract(Type a, Type b) { return _mm512_sub_ps(a, b); }
  static DISKERN_INLINE Type add(Type a, Type b) { return _mm512_add_ps(a, b); }
  static DISKERN_INLINE Type square_add(Type a, Type sum) { return _mm512_fmadd_ps(a, a, sum); }
  // NaN in b stays.
  static DISKERN_INLINE Type larger(Type a, Type b) { return _mm512_max_ps(a, b); }
  static DISKERN_INLINE Type smaller(Type a, Type b) { return _mm512_min_ps(a, b); }
  static DISKERN_INLINE Type absolute(Type x) { return _mm512_abs_ps(x); }
  static DISKERN_INLINE uint32_t at_most(Type x, Type limit) { return _mm512_cmp_ps_mask(x, limit, _CMP_LE_OQ); }
  static DISKERN_INLINE uint32_t below(Type x, Type limit) { return _mm512_cmp_ps_mask(x, limit, _CMP_LT_OQ); }
};
struct Double {
  static constexpr size_t lanes = 8;
  using Type = __m512d;
  static DISKERN_INLINE Type load(const double* p) { return _mm512_loadu_pd(p); }
  static DISKERN_INLINE void store(double* p, Type x) { _mm512_storeu_pd(p, x); }
  static DISKERN_INLINE Type broadcast(double x) { return _mm512_set1_pd(x); }
  static DISKERN_INLINE Type absolute(Type x) { return _mm512_abs_pd(x); }
  static DISKERN_INLINE Type larger(Type a, Type b) { return _mm512_max_pd(a, b); }
  static DISKERN_INLINE Type smaller(Type a, Type b) { return _mm512_min_pd(a, b); }
  static DISKERN_INLINE uint32_t at_most(Type x, Type limit) { return _mm512_cmp_pd_mask(x, limit, _CMP_LE_OQ); }
};
#elif defined(__AVX2__)
struct Single {
  static constexpr size_t lanes = 8;
  using Type = __m256;
  static DISKERN_INLINE Type load(const float* p) { return _mm256_loadu_ps(p); }
  static DISKERN_INLINE void store(float* p, Type x) { _mm256_storeu_ps(p, x); }
  static DISKERN_INLINE Type broadcast(float x) { return _mm256_set1_ps(x); }
  static DISKERN_INLINE Type subtract(Type a, Type b) { return _mm256_sub_ps(a, b); }
  static DISKERN_INLINE Type add(Type a, Type b) { return _mm256_add_ps(a, b); }
  static DISKERN_INLINE Type square_add(Type a, Type sum) { return _mm256_fmadd_ps(a, a, sum); }
  static DISKERN_INLINE Type larger(Type a, Type b) { return _mm256_max_ps(a, b); }
  static DISKERN_INLINE Type smaller(Type a, Type b) { return _mm256_min_ps(a, b); }
  static DISKERN_INLINE Type absolute(Type x) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0F), x); }
  static DISKERN_INLINE uint32_t at_most(Type x, Type limit) {
    return static_cast<uint32_t>(_mm256_movemask_ps(_mm256_cmp_ps(x, limit, _CMP_LE_OQ)));
  }
  static DISKERN_INLINE uint32_t below(Type x, Type limit) {
    return static_cast<uint32_t>(_mm256_movemask_ps(_mm256_cmp_ps(x, limit, _CMP_LT_OQ)));
  }
};
struct Double {
  static constexpr size_t lanes = 4;
  using Type = __m256d;
  static DISKERN_INLINE Type load(const double* p) { return _mm256_loadu_pd(p); }
  static DISKERN_INLINE void store(double* p, Type x) { _mm256_storeu_pd(p, x); }
  static DISKERN_INLINE Type broadcast(double x) { return _mm256_set1_pd(x); }
  static DISKERN_INLINE Type absolute(Type x) { return _mm256_andnot_pd(_mm256_set1_pd(-0.0), x); }
  static DISKERN_INLINE Type larger(Type a, Type b) { return _mm256_max_pd(a, b); }
  static DISKERN_INLINE Type smaller(Type a, Type b) { return _mm256_min_pd(a, b); }
  static DISKERN_INLINE uint32_t at_most(Type x, Type limit) {
    return static_cast<uint32_t>(_mm256_movemask_pd(_mm256_cmp_pd(x, limit, _CMP_LE_OQ)));
  }
};
#else
struct Single {
  static constexpr size_t lanes = 1;
  using Type = float;
  static DISKERN_INLINE Type load(const float* p) { return *p; }
  static DISKERN_INLINE void store(float* p, Type x) { *p = x; }
  static DISKERN_INLINE Type broadcast(float x) { return x; }
  static DISKERN_INLINE Type subtract(Type a, Type b) { return a - b; }
  static DISKERN_INLINE Type add(Type a, Type b) { return a + b; }
  static DISKERN_INLINE Type square_add(Type a, Type sum) { return a * a + sum; }
  static DISKERN_INLINE Type larger(Type a, Type b) { return a > b ? a : b; }
  static DISKERN_INLINE Type smaller(Type a, Type b) { return a < b ? a : b; }
  static DISKERN_INLINE Type absolute(Type x) { return __builtin_fabsf(x); }
  static DISKERN_INLINE uint32_t at_most(Type x, Type limit) { return x <= limit ? 1U : 0U; }
  static DISKERN_INLINE uint32_t below(Type x, Type limit) { return x < limit ? 1U : 0U; }
};
struct Double {
  static constexpr size_t lanes = 1;
  using Type = double;
  static DISKERN_INLINE Type load(const double* p) { return *p; }
  static DISKERN_INLINE void store(double* p, Type x) { *p = x; }
  static DISKERN_INLINE Type broadcast(double x) { return x; }
  static DISKERN_INLINE Type absolute(Type x) { return __builtin_fabs(x); }
  static DISKERN_INLINE Type larger(Type a, Type b) { return a > b ? a : b; }
  static DISKERN_INLINE Type smaller(Type a, Type b) { return a < b ? a : b; }
  static DISKERN_INLINE uint32_t at_most(Type x, Type limit) { return x <= limit ? 1U : 0U; }
};
#endif

// Distances of one query. Internal linkage, so instances of one level never stand in for another's. fixed: number of
// dimensions; 0: as many as the tree says. A Minkowski distance is never below the largest difference (Chebyshev), which
// is what stands in for it in float32.
template <Metric metric, size_t fixed, bool periodic>
struct Distances {
  const KdTreeView& tree;
  const KdQuery& query;
  size_t dimensions;

  DISKERN_INLINE Distances(const KdTreeView& of, const KdQuery& with)
      : tree(of), query(with), dimensions(fixed == 0 ? of.dimensions : fixed) {}

  static DISKERN_INLINE Single::Type accumulate(Single::Type sum, Single::Type difference) {
    if (metric == Metric::euclidean) return Single::square_add(difference, sum);
    if (metric == Metric::manhattan) return Single::add(sum, Single::absolute(difference));
    return Single::larger(sum, Single::absolute(difference));
  }

  // Which of the 16 slots at `slot` of a leaf are within the float32 limit.
  DISKERN_INLINE uint32_t near(size_t leaf, size_t slot, float limit) const {
    const float* x = tree.single + leaf * tree.capacity * dimensions + slot;
    uint32_t mask = 0;
    for (size_t lane = 0; lane < kd_leaf_multiple; lane += Single::lanes) {
      Single::Type sum = Single::broadcast(0.0F);
      for (size_t d = 0; d < dimensions; ++d) {
        Single::Type difference =
            Single::subtract(Single::load(x + d * tree.capacity + lane), Single::broadcast(query.single[d]));
        if (periodic) {
          const Single::Type direct = Single::absolute(difference);
          difference = Single::smaller(Single::subtract(Single::broadcast(tree.period32[d]), direct), direct);
        }
        sum = accumulate(sum, difference);
      }
      mask |= Single::at_most(sum, Single::broadcast(limit)) << lane;
    }
    return mask;
  }

  // Distances to the boxes of the children, and which are within the limit.
  DISKERN_INLINE uint32_t children(const float* box, float limit, float* bound) const {
    const Single::Type zero = Single::broadcast(0.0F);
    uint32_t mask = 0;
    for (size_t lane = 0; lane < kd_fan_out; lane += Single::lanes) {
      Single::Type sum = zero;
      for (size_t d = 0; d < dimensions; ++d) {
        const Single::Type q = Single::broadcast(query.single[d]);
        const Single::Type low = Single::load(box + 2 * d * kd_fan_out + lane);
        const Single::Type high = Single::load(box + (2 * d + 1) * kd_fan_out + lane);
        Single::Type outside =
            Single::larger(Single::larger(Single::subtract(low, q), Single::subtract(q, high)), zero);
        if (periodic) {
          // Around the axis: the period less the way to the farther side.
          const Single::Type farther = Single::larger(Single::subtract(high, q), Single::subtract(q, low));
          const Single::Type around = Single::subtract(Single::broadcast(tree.period32[d]), farther);
          outside = Single::smaller(outside, Single::larger(around, zero));
        }
        sum = accumulate(sum, outside);
      }
      Single::store(bound + lane, sum);
      mask |= Single::at_most(sum, Single::broadcast(limit)) << lane;
    }
    return mask;
  }

  // Which children lie within the limit as a whole (never more than there are).
  DISKERN_INLINE uint32_t swallowed(const float* box, float limit) const {
    uint32_t mask = 0;
    for (size_t lane = 0; lane < kd_fan_out; lane += Single::lanes) {
      Single::Type sum = Single::broadcast(0.0F);
      for (size_t d = 0; d < dimensions; ++d) {
        const Single::Type q = Single::broadcast(query.single[d]);
        const Single::Type low = Single::load(box + 2 * d * kd_fan_out + lane);
        const Single::Type high = Single::load(box + (2 * d + 1) * kd_fan_out + lane);
        sum = accumulate(sum, Single::larger(Single::subtract(high, q), Single::subtract(q, low)));
      }
      mask |= Single::at_most(sum, Single::broadcast(limit)) << lane;
    }
    return mask;
  }

  // Reduced distances in float64 of those of the 16 slots that are in the mask; returns which are within the limit.
  DISKERN_INLINE uint32_t judge(size_t leaf, size_t slot, uint32_t mask, double limit, double* distance) const {
    const double* x = tree.exact + leaf * tree.capacity * dimensions + slot;
    if (metric == Metric::minkowski) {
      uint32_t within = 0;
      for (; mask != 0; mask &= mask - 1) {
        const auto j = static_cast<size_t>(__builtin_ctz(mask));
        double sum = 0;
        for (size_t d = 0; d < dimensions; ++d) {
          double difference = __builtin_fabs(x[d * tree.capacity + j] - query.exact[d]);
          if (periodic) difference = tree.period[d] - difference < difference ? tree.period[d] - difference : difference;
          sum += pow(difference, tree.power);
        }
        distance[j] = sum;
        if (sum <= limit) within |= 1U << j;
      }
      return within;
    }
    uint32_t within = 0;
    constexpr uint32_t block = (1U << Double::lanes) - 1U;
    for (size_t lane = 0; lane < kd_leaf_multiple; lane += Double::lanes) {
      if ((mask >> lane & block) == 0) continue;
      Double::Type sum = Double::broadcast(0.0);
      for (size_t d = 0; d < dimensions; ++d) {
        Double::Type difference = Double::load(x + d * tree.capacity + lane) - Double::broadcast(query.exact[d]);
        if (periodic) {
          const Double::Type direct = Double::absolute(difference);
          difference = Double::smaller(Double::broadcast(tree.period[d]) - direct, direct);
        }
        if (metric == Metric::euclidean) {
          sum = sum + difference * difference;
        } else if (metric == Metric::manhattan) {
          sum = sum + Double::absolute(difference);
        } else {
          sum = Double::larger(sum, Double::absolute(difference));
        }
      }
      Double::store(distance + lane, sum);
      within |= Double::at_most(sum, Double::broadcast(limit)) << lane;
    }
    return within & mask;
  }

  // From a reduced distance to one in the scaled units of float32.
  DISKERN_INLINE double scaled(double reduced) const {
    if (metric == Metric::euclidean) return __builtin_sqrt(reduced) * tree.scale;
    if (metric == Metric::minkowski) return pow(reduced, 1.0 / tree.power) * tree.scale * (1.0 + 1e-12);
    return reduced * tree.scale;
  }
  DISKERN_INLINE double rounding() const { return static_cast<double>(dimensions + 8) * 0x1p-22; }
  // No point within `reduced` has a larger float32 distance. The last addition covers float32's smallest numbers.
  DISKERN_INLINE float upper_limit(double reduced) const {
    // Squares and powers that are too small for float64 have become zero.
    const bool powers = metric == Metric::euclidean || metric == Metric::minkowski;
    const double reach = scaled(powers ? reduced + least_power : reduced) + query.error;
    const double limit = metric == Metric::euclidean ? reach * reach : reach;
    const double safe = limit * (1.0 + rounding()) + 1e-35;
    return safe < 3e38 ? static_cast<float>(safe) : infinity;
  }
  // Every point with a float32 distance up to this is within `reduced`; negative: none is sure to be.
  DISKERN_INLINE float lower_limit(double reduced) const {
    if (metric == Metric::minkowski || reduced < least_power) return -1.0F;
    const double reach = scaled(reduced) - query.error;
    if (!(reach > 0)) return -1.0F;
    const double limit = metric == Metric::euclidean ? reach * reach : reach;
    const double safe = limit * (1.0 - rounding()) - 1e-35;
    return safe < 3e38 ? static_cast<float>(safe) : 3e38F;
  }
};

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

struct Visit {
  float bound;
  uint32_t level;
  uint32_t node;
};
// Levels of sixteen children for 2^32 points, and the children of each on the way down.
constexpr size_t most_visits = 9 * kd_fan_out;

DISKERN_INLINE uint32_t child_mask(const KdTreeView& tree, size_t level) {
  return level == 0 ? (1U << tree.root_children) - 1U : (1U << kd_fan_out) - 1U;
}

// Calls leaf(number) for every leaf that is not farther than limit() says, near ones first.
template <class Of, class Limit, class Leaf>
DISKERN_INLINE void traverse(const KdTreeView& tree, const Of& distances, const Limit& limit, const Leaf& leaf) {
  if (tree.levels == 0) {
    leaf(size_t{0});
    return;
  }
  Visit stack[most_visits];
  size_t top = 0;
  stack[top++] = {0.0F, 0, 0};
  alignas(64) float bound[kd_fan_out];
  while (top > 0) {
    const Visit visit = stack[--top];
    if (!(visit.bound <= limit())) continue;
    if (visit.level == tree.levels) {
      leaf(size_t{visit.node});
      continue;
    }
    const float* box = tree.box[visit.level] + size_t{visit.node} * 2 * distances.dimensions * kd_fan_out;
    uint32_t mask = distances.children(box, limit(), bound) & child_mask(tree, visit.level);
    const size_t base = top;
    for (; mask != 0; mask &= mask - 1) {
      const auto child = static_cast<uint32_t>(__builtin_ctz(mask));
      const float to_box = bound[child];
      size_t place = top++;
      for (; place > base && stack[place - 1].bound < to_box; --place) stack[place] = stack[place - 1];
      stack[place] = {to_box, visit.level + 1, visit.node * static_cast<uint32_t>(kd_fan_out) + child};
    }
  }
}

template <class Of, class List>
DISKERN_INLINE void nearest_of(const KdTreeView& tree, const KdQuery& query, size_t k, double* out, uint32_t* out_index) {
  const Of distances(tree, query);
  List list(k, out, out_index);
  float limit = infinity;
  double worst = exact_infinity;
  const auto look_at = [&](size_t leaf) DISKERN_LAMBDA {
    alignas(64) double distance[kd_leaf_multiple];
    const uint32_t* index = tree.index + leaf * tree.capacity;
    bool changed = false;
    for (size_t slot = 0; slot < tree.capacity; slot += kd_leaf_multiple) {
      const uint32_t mask = distances.near(leaf, slot, limit);
      if (mask == 0) continue;
      for (uint32_t left = distances.judge(leaf, slot, mask, worst, distance); left != 0; left &= left - 1) {
        const auto j = static_cast<size_t>(__builtin_ctz(left));
        // The limit may have become smaller since.
        if (distance[j] > worst) continue;
        list.insert(distance[j], index[slot + j]);
        worst = list.worst();
        changed = true;
      }
    }
    if (changed) limit = distances.upper_limit(worst);
  };
  look_at(query.home);
  traverse(
      tree, distances, [&]() DISKERN_LAMBDA { return limit; },
      [&](size_t leaf) DISKERN_LAMBDA {
        if (leaf != query.home) look_at(leaf);
      });
  list.finish();
}

template <class Of>
void nearest_any(const KdTreeView& tree, const KdQuery& query, size_t k, double* out, uint32_t* out_index) {
#if defined(__AVX512F__)
  switch ((k + 7) / 8) {
    case 1:
      return nearest_of<Of, RegisterList<1>>(tree, query, k, out, out_index);
    case 2:
      return nearest_of<Of, RegisterList<2>>(tree, query, k, out, out_index);
    case 3:
      return nearest_of<Of, RegisterList<3>>(tree, query, k, out, out_index);
    case 4:
      return nearest_of<Of, RegisterList<4>>(tree, query, k, out, out_index);
    default:
      break;
  }
#endif
  if (k <= longest_sorted) return nearest_of<Of, SortedList>(tree, query, k, out, out_index);
  nearest_of<Of, Heap>(tree, query, k, out, out_index);
}

template <class Of>
void within_of(const KdTreeView& tree, const KdQuery& query, double limit, KdFound& found) {
  const Of distances(tree, query);
  const float limit32 = distances.upper_limit(limit);
  traverse(
      tree, distances, [&]() DISKERN_LAMBDA { return limit32; },
      [&](size_t leaf) DISKERN_LAMBDA {
        alignas(64) double distance[kd_leaf_multiple];
        const uint32_t* index = tree.index + leaf * tree.capacity;
        for (size_t slot = 0; slot < tree.capacity; slot += kd_leaf_multiple) {
          const uint32_t mask = distances.near(leaf, slot, limit32);
          if (mask == 0) continue;
          uint32_t left = distances.judge(leaf, slot, mask, limit, distance);
          if (found.capacity - found.size < kd_leaf_multiple) found.grow(found);
          for (; left != 0; left &= left - 1) {
            const auto j = static_cast<size_t>(__builtin_ctz(left));
            found.index[found.size] = index[slot + j];
            found.distance[found.size] = distance[j];
            ++found.size;
          }
        }
      });
}

// Points below a node. Leaf i holds the points from i * size / leaves on, in the order of the tree.
DISKERN_INLINE size_t points_between(const KdTreeView& tree, size_t level, size_t node) {
  size_t shift = 0;
  for (size_t l = level; l < tree.levels; ++l) shift += 4;
  const size_t first = node << shift;
  const size_t last = (node + 1) << shift;
  return last * tree.size / tree.leaves - first * tree.size / tree.leaves;
}

template <class Of>
size_t count_of(const KdTreeView& tree, const KdQuery& query, double limit, size_t enough) {
  const Of distances(tree, query);
  const float upper = distances.upper_limit(limit);
  const float lower = distances.lower_limit(limit);
  size_t count = 0;
  alignas(64) double distance[kd_leaf_multiple];
  const auto look_at = [&](size_t leaf) DISKERN_LAMBDA {
    for (size_t slot = 0; slot < tree.capacity; slot += kd_leaf_multiple) {
      const uint32_t mask = distances.near(leaf, slot, upper);
      if (mask == 0) continue;
      count += static_cast<size_t>(__builtin_popcount(distances.judge(leaf, slot, mask, limit, distance)));
    }
  };
  if (tree.levels == 0) {
    look_at(0);
    return count;
  }
  Visit stack[most_visits];
  size_t top = 0;
  stack[top++] = {0.0F, 0, 0};
  alignas(64) float bound[kd_fan_out];
  while (top > 0 && count < enough) {
    const Visit visit = stack[--top];
    if (visit.level == tree.levels) {
      look_at(visit.node);
      continue;
    }
    const float* box = tree.box[visit.level] + size_t{visit.node} * 2 * distances.dimensions * kd_fan_out;
    uint32_t mask = distances.children(box, upper, bound) & child_mask(tree, visit.level);
    uint32_t whole = lower < 0 ? 0U : distances.swallowed(box, lower) & mask;
    mask &= ~whole;
    for (; whole != 0; whole &= whole - 1) {
      count += points_between(tree, visit.level + 1, visit.node * kd_fan_out + static_cast<size_t>(__builtin_ctz(whole)));
    }
    const size_t base = top;
    for (; mask != 0; mask &= mask - 1) {
      const auto child = static_cast<uint32_t>(__builtin_ctz(mask));
      const float to_box = bound[child];
      size_t place = top++;
      for (; place > base && stack[place - 1].bound < to_box; --place) stack[place] = stack[place - 1];
      stack[place] = {to_box, visit.level + 1, visit.node * static_cast<uint32_t>(kd_fan_out) + child};
    }
  }
  return count;
}

template <class Of>
void visit_of(const KdTreeView& tree, const KdQuery& query, double limit, double inner_limit, KdVisitor& visitor) {
  const Of distances(tree, query);
  const float upper = distances.upper_limit(limit);
  const float lower = inner_limit < 0 ? -1.0F : distances.lower_limit(inner_limit);
  alignas(64) double distance[kd_leaf_multiple];
  const auto look_at = [&](size_t leaf) DISKERN_LAMBDA {
    if (visitor.skip(visitor, leaf)) return;
    for (size_t slot = 0; slot < tree.capacity; slot += kd_leaf_multiple) {
      const uint32_t mask = distances.near(leaf, slot, upper);
      if (mask == 0) continue;
      const uint32_t within = distances.judge(leaf, slot, mask, limit, distance);
      if (within != 0) visitor.found(visitor, leaf, slot, within);
    }
  };
  if (tree.levels == 0) {
    look_at(0);
    return;
  }
  Visit stack[most_visits];
  size_t top = 0;
  stack[top++] = {0.0F, 0, 0};
  alignas(64) float bound[kd_fan_out];
  while (top > 0 && !visitor.finished) {
    const Visit visit = stack[--top];
    if (visit.level == tree.levels) {
      look_at(visit.node);
      continue;
    }
    const float* box = tree.box[visit.level] + size_t{visit.node} * 2 * distances.dimensions * kd_fan_out;
    uint32_t mask = distances.children(box, upper, bound) & child_mask(tree, visit.level);
    uint32_t whole = lower < 0 ? 0U : distances.swallowed(box, lower) & mask;
    mask &= ~whole;
    for (; whole != 0; whole &= whole - 1) {
      visitor.whole(visitor, visit.level + 1, visit.node * kd_fan_out + static_cast<size_t>(__builtin_ctz(whole)));
    }
    const size_t base = top;
    for (; mask != 0; mask &= mask - 1) {
      const auto child = static_cast<uint32_t>(__builtin_ctz(mask));
      const float to_box = bound[child];
      size_t place = top++;
      for (; place > base && stack[place - 1].bound < to_box; --place) stack[place] = stack[place - 1];
      stack[place] = {to_box, visit.level + 1, visit.node * static_cast<uint32_t>(kd_fan_out) + child};
    }
  }
}

template <class Of>
size_t leaves_of(const KdTreeView& tree, const KdQuery& query, double limit) {
  const Of distances(tree, query);
  const float limit32 = distances.upper_limit(limit);
  size_t count = 0;
  traverse(
      tree, distances, [&]() DISKERN_LAMBDA { return limit32; }, [&](size_t) DISKERN_LAMBDA { ++count; });
  return count;
}

// For many dimensions, where boxes rule out next to nothing: every leaf for every query, four queries at a time and so
// many leaves that they stay in the cache while all queries look at them.
template <class Of, class List>
DISKERN_INLINE void scan_of(const KdTreeView& tree, const KdQuery* queries, size_t count, size_t k, double* out,
                            uint32_t* out_index) {
  constexpr size_t group = 4;
  constexpr size_t vectors = 2;
  constexpr size_t step = vectors * Single::lanes;
  constexpr size_t cache_bytes = size_t{1} << 18;
  const size_t dimensions = tree.dimensions;
  const size_t leaf_bytes = tree.capacity * dimensions * sizeof(float);
  const size_t leaves_per_block = leaf_bytes < cache_bytes ? cache_bytes / leaf_bytes : 1;
  const size_t blocks = (tree.leaves + leaves_per_block - 1) / leaves_per_block;
  size_t sizes[kd_scan_queries];
  float limits[kd_scan_queries];
  for (size_t q = 0; q < count; ++q) {
    sizes[q] = 0;
    limits[q] = infinity;
  }
  const size_t first_block = queries[0].home / leaves_per_block;
  for (size_t b = 0; b < blocks; ++b) {
    const size_t block = first_block + b < blocks ? first_block + b : first_block + b - blocks;
    const size_t leaf_end = (block + 1) * leaves_per_block < tree.leaves ? (block + 1) * leaves_per_block : tree.leaves;
    for (size_t first = 0; first < count; first += group) {
      // The last group looks for its last query more than once.
      const float* single[group];
      for (size_t j = 0; j < group; ++j) single[j] = queries[first + j < count ? first + j : count - 1].single;
      for (size_t leaf = block * leaves_per_block; leaf < leaf_end; ++leaf) {
        for (size_t slot = 0; slot < tree.capacity; slot += step) {
          const float* x = tree.single + leaf * tree.capacity * dimensions + slot;
          Single::Type sum[group][vectors];
          for (size_t j = 0; j < group; ++j) {
            for (size_t v = 0; v < vectors; ++v) sum[j][v] = Single::broadcast(0.0F);
          }
          for (size_t d = 0; d < dimensions; ++d) {
            Single::Type at[vectors];
            for (size_t v = 0; v < vectors; ++v) at[v] = Single::load(x + d * tree.capacity + v * Single::lanes);
            for (size_t j = 0; j < group; ++j) {
              const Single::Type q = Single::broadcast(single[j][d]);
              for (size_t v = 0; v < vectors; ++v) sum[j][v] = Of::accumulate(sum[j][v], Single::subtract(at[v], q));
            }
          }
          for (size_t j = 0; j < group && first + j < count; ++j) {
            const size_t q = first + j;
            uint32_t mask = 0;
            for (size_t v = 0; v < vectors; ++v) {
              mask |= Single::at_most(sum[j][v], Single::broadcast(limits[q])) << (v * Single::lanes);
            }
            if (mask == 0) continue;
            const Of distances(tree, queries[q]);
            List list(k, out + q * k, out_index + q * k);
            list.size = sizes[q];
            double worst = list.worst();
            const uint32_t* index = tree.index + leaf * tree.capacity;
            alignas(64) double distance[kd_leaf_multiple];
            // Blocks of 16 slots, of which a step may be a part.
            for (size_t part = slot / kd_leaf_multiple * kd_leaf_multiple; part < slot + step; part += kd_leaf_multiple) {
              const uint32_t here =
                  (part >= slot ? mask >> (part - slot) : mask << (slot - part)) & ((1U << kd_leaf_multiple) - 1U);
              if (here == 0) continue;
              for (uint32_t left = distances.judge(leaf, part, here, worst, distance); left != 0; left &= left - 1) {
                const auto lane = static_cast<size_t>(__builtin_ctz(left));
                if (distance[lane] > worst) continue;
                list.insert(distance[lane], index[part + lane]);
                worst = list.worst();
              }
            }
            sizes[q] = list.size;
            limits[q] = distances.upper_limit(worst);
          }
        }
      }
    }
  }
  for (size_t q = 0; q < count; ++q) {
    List list(k, out + q * k, out_index + q * k);
    list.size = sizes[q];
    list.finish();
  }
}

void scan(const KdTreeView& tree, Metric metric, const KdQuery* queries, size_t count, size_t k, double* distance,
          uint32_t* index) {
  const bool sorted = k <= longest_sorted;
  switch (metric) {
    case Metric::euclidean:
      return sorted ? scan_of<Distances<Metric::euclidean, 0, false>, SortedList>(tree, queries, count, k, distance, index)
                    : scan_of<Distances<Metric::euclidean, 0, false>, Heap>(tree, queries, count, k, distance, index);
    case Metric::manhattan:
      return sorted ? scan_of<Distances<Metric::manhattan, 0, false>, SortedList>(tree, queries, count, k, distance, index)
                    : scan_of<Distances<Metric::manhattan, 0, false>, Heap>(tree, queries, count, k, distance, index);
    case Metric::chebyshev:
      return sorted ? scan_of<Distances<Metric::chebyshev, 0, false>, SortedList>(tree, queries, count, k, distance, index)
                    : scan_of<Distances<Metric::chebyshev, 0, false>, Heap>(tree, queries, count, k, distance, index);
    default:
      return sorted ? scan_of<Distances<Metric::minkowski, 0, false>, SortedList>(tree, queries, count, k, distance, index)
                    : scan_of<Distances<Metric::minkowski, 0, false>, Heap>(tree, queries, count, k, distance, index);
  }
}

// The same for counting. A query that has enough is not looked for any more.
template <class Of>
DISKERN_INLINE void scan_count_of(const KdTreeView& tree, const KdQuery* queries, size_t count, double limit,
                                  size_t enough, size_t* counts) {
  constexpr size_t group = 4;
  constexpr size_t vectors = 2;
  constexpr size_t step = vectors * Single::lanes;
  constexpr size_t cache_bytes = size_t{1} << 18;
  const size_t dimensions = tree.dimensions;
  const size_t leaf_bytes = tree.capacity * dimensions * sizeof(float);
  const size_t leaves_per_block = leaf_bytes < cache_bytes ? cache_bytes / leaf_bytes : 1;
  const size_t blocks = (tree.leaves + leaves_per_block - 1) / leaves_per_block;
  size_t waiting[kd_scan_queries];  // queries that have not enough
  float limits[kd_scan_queries];
  size_t left = count;
  for (size_t q = 0; q < count; ++q) {
    waiting[q] = q;
    counts[q] = 0;
    limits[q] = Of(tree, queries[q]).upper_limit(limit);
  }
  const size_t first_block = queries[0].home / leaves_per_block;
  for (size_t b = 0; b < blocks && left > 0; ++b) {
    const size_t block = first_block + b < blocks ? first_block + b : first_block + b - blocks;
    const size_t leaf_end = (block + 1) * leaves_per_block < tree.leaves ? (block + 1) * leaves_per_block : tree.leaves;
    for (size_t first = 0; first < left; first += group) {
      const float* single[group];
      for (size_t j = 0; j < group; ++j) single[j] = queries[waiting[first + j < left ? first + j : left - 1]].single;
      for (size_t leaf = block * leaves_per_block; leaf < leaf_end; ++leaf) {
        for (size_t slot = 0; slot < tree.capacity; slot += step) {
          const float* x = tree.single + leaf * tree.capacity * dimensions + slot;
          Single::Type sum[group][vectors];
          for (size_t j = 0; j < group; ++j) {
            for (size_t v = 0; v < vectors; ++v) sum[j][v] = Single::broadcast(0.0F);
          }
          for (size_t d = 0; d < dimensions; ++d) {
            Single::Type at[vectors];
            for (size_t v = 0; v < vectors; ++v) at[v] = Single::load(x + d * tree.capacity + v * Single::lanes);
            for (size_t j = 0; j < group; ++j) {
              const Single::Type q = Single::broadcast(single[j][d]);
              for (size_t v = 0; v < vectors; ++v) sum[j][v] = Of::accumulate(sum[j][v], Single::subtract(at[v], q));
            }
          }
          for (size_t j = 0; j < group && first + j < left; ++j) {
            const size_t q = waiting[first + j];
            uint32_t mask = 0;
            for (size_t v = 0; v < vectors; ++v) {
              mask |= Single::at_most(sum[j][v], Single::broadcast(limits[q])) << (v * Single::lanes);
            }
            if (mask == 0) continue;
            const Of distances(tree, queries[q]);
            alignas(64) double distance[kd_leaf_multiple];
            for (size_t part = slot / kd_leaf_multiple * kd_leaf_multiple; part < slot + step; part += kd_leaf_multiple) {
              const uint32_t here =
                  (part >= slot ? mask >> (part - slot) : mask << (slot - part)) & ((1U << kd_leaf_multiple) - 1U);
              if (here == 0) continue;
              counts[q] += static_cast<size_t>(__builtin_popcount(distances.judge(leaf, part, here, limit, distance)));
            }
          }
        }
      }
    }
    size_t kept = 0;
    for (size_t w = 0; w < left; ++w) {
      if (counts[waiting[w]] < enough) waiting[kept++] = waiting[w];
    }
    left = kept;
  }
}

void scan_count(const KdTreeView& tree, Metric metric, const KdQuery* queries, size_t count, double limit, size_t enough,
                size_t* counts) {
  switch (metric) {
    case Metric::euclidean:
      return scan_count_of<Distances<Metric::euclidean, 0, false>>(tree, queries, count, limit, enough, counts);
    case Metric::manhattan:
      return scan_count_of<Distances<Metric::manhattan, 0, false>>(tree, queries, count, limit, enough, counts);
    case Metric::chebyshev:
      return scan_count_of<Distances<Metric::chebyshev, 0, false>>(tree, queries, count, limit, enough, counts);
    default:
      return scan_count_of<Distances<Metric::minkowski, 0, false>>(tree, queries, count, limit, enough, counts);
  }
}

// Calls the function object for the metric, the dimensions and the kind of axes.
template <template <class> class Function, class... Arguments>
DISKERN_INLINE auto choose(const KdTreeView& tree, Metric metric, Arguments... arguments) {
  if (tree.period != nullptr) {
    switch (metric) {
      case Metric::euclidean:
        return Function<Distances<Metric::euclidean, 0, true>>::call(tree, arguments...);
      case Metric::manhattan:
        return Function<Distances<Metric::manhattan, 0, true>>::call(tree, arguments...);
      case Metric::chebyshev:
        return Function<Distances<Metric::chebyshev, 0, true>>::call(tree, arguments...);
      default:
        return Function<Distances<Metric::minkowski, 0, true>>::call(tree, arguments...);
    }
  }
  switch (metric) {
    case Metric::euclidean:
      break;
    case Metric::manhattan:
      return Function<Distances<Metric::manhattan, 0, false>>::call(tree, arguments...);
    case Metric::chebyshev:
      return Function<Distances<Metric::chebyshev, 0, false>>::call(tree, arguments...);
    default:
      return Function<Distances<Metric::minkowski, 0, false>>::call(tree, arguments...);
  }
  switch (tree.dimensions) {
    case 2:
      return Function<Distances<Metric::euclidean, 2, false>>::call(tree, arguments...);
    case 3:
      return Function<Distances<Metric::euclidean, 3, false>>::call(tree, arguments...);
    case 4:
      return Function<Distances<Metric::euclidean, 4, false>>::call(tree, arguments...);
    case 5:
      return Function<Distances<Metric::euclidean, 5, false>>::call(tree, arguments...);
    case 6:
      return Function<Distances<Metric::euclidean, 6, false>>::call(tree, arguments...);
    case 7:
      return Function<Distances<Metric::euclidean, 7, false>>::call(tree, arguments...);
    case 8:
      return Function<Distances<Metric::euclidean, 8, false>>::call(tree, arguments...);
    default:
      return Function<Distances<Metric::euclidean, 0, false>>::call(tree, arguments...);
  }
}

template <class Of>
struct Nearest {
  static void call(const KdTreeView& tree, const KdQuery* query, size_t k, double* distance, uint32_t* index) {
    nearest_any<Of>(tree, *query, k, distance, index);
  }
};
template <class Of>
struct Within {
  static void call(const KdTreeView& tree, const KdQuery* query, double limit, KdFound* found) {
    within_of<Of>(tree, *query, limit, *found);
  }
};
template <class Of>
struct Count {
  static size_t call(const KdTreeView& tree, const KdQuery* query, double limit, size_t enough) {
    return count_of<Of>(tree, *query, limit, enough);
  }
};
template <class Of>
struct VisitAll {
  static void call(const KdTreeView& tree, const KdQuery* query, double limit, double inner_limit, KdVisitor* visitor) {
    visit_of<Of>(tree, *query, limit, inner_limit, *visitor);
  }
};
template <class Of>
struct Leaves {
  static size_t call(const KdTreeView& tree, const KdQuery* query, double limit) {
    return leaves_of<Of>(tree, *query, limit);
  }
};

void nearest(const KdTreeView& tree, Metric metric, const KdQuery& query, size_t k, double* distance, uint32_t* index) {
  choose<Nearest>(tree, metric, &query, k, distance, index);
}
void within(const KdTreeView& tree, Metric metric, const KdQuery& query, double limit, KdFound& found) {
  choose<Within>(tree, metric, &query, limit, &found);
}
size_t count(const KdTreeView& tree, Metric metric, const KdQuery& query, double limit, size_t enough) {
  return choose<Count>(tree, metric, &query, limit, enough);
}
void visit(const KdTreeView& tree, Metric metric, const KdQuery& query, double limit, double inner_limit,
           KdVisitor& visitor) {
  choose<VisitAll>(tree, metric, &query, limit, inner_limit, &visitor);
}
size_t leaves_visited(const KdTreeView& tree, Metric metric, const KdQuery& query, double limit) {
  return choose<Leaves>(tree, metric, &query, limit);
}

void add_weights(const double* weights, size_t columns, double* sums) {
  for (size_t c = 0; c < columns; ++c) sums[c] += weights[c];
}

// Point by point in float64 where a box of the tree is neither inside nor outside.
size_t box_sums(const KdTreeView& tree, const KdBox& box, double* sums) {
  const size_t dimensions = tree.dimensions;
  size_t count = 0;
  const auto look_at = [&](size_t leaf) DISKERN_LAMBDA {
    const double* x = tree.exact + leaf * tree.capacity * dimensions;
    const double* weight = tree.weights + leaf * tree.capacity * tree.weight_columns;
    for (size_t slot = 0; slot < tree.capacity; slot += Double::lanes) {
      uint32_t mask = (1U << Double::lanes) - 1U;
      for (size_t d = 0; d < dimensions && mask != 0; ++d) {
        const Double::Type at = Double::load(x + d * tree.capacity + slot);
        mask &= Double::at_most(Double::broadcast(box.low[d]), at) & Double::at_most(at, Double::broadcast(box.high[d]));
      }
      for (; mask != 0; mask &= mask - 1) {
        const size_t at = slot + static_cast<size_t>(__builtin_ctz(mask));
        ++count;
        for (size_t c = 0; c < tree.weight_columns; ++c) sums[c] += weight[c * tree.capacity + at];
      }
    }
  };
  if (tree.levels == 0) {
    look_at(0);
    return count;
  }
  Visit stack[most_visits];
  size_t top = 0;
  stack[top++] = {0.0F, 0, 0};
  while (top > 0) {
    const Visit visit = stack[--top];
    if (visit.level == tree.levels) {
      look_at(visit.node);
      continue;
    }
    const float* child_box = tree.box[visit.level] + size_t{visit.node} * 2 * dimensions * kd_fan_out;
    uint32_t touched = child_mask(tree, visit.level);
    uint32_t whole = touched;
    for (size_t d = 0; d < dimensions; ++d) {
      const Single::Type low_limit = Single::broadcast(box.low32[d]);
      const Single::Type high_limit = Single::broadcast(box.high32[d]);
      uint32_t touch = 0;
      uint32_t inside = 0;
      for (size_t lane = 0; lane < kd_fan_out; lane += Single::lanes) {
        const Single::Type low = Single::load(child_box + 2 * d * kd_fan_out + lane);
        const Single::Type high = Single::load(child_box + (2 * d + 1) * kd_fan_out + lane);
        touch |= (Single::at_most(low, high_limit) & Single::at_most(low_limit, high)) << lane;
        // Rounded to float32 a point may come to stand on the limit, but never cross it.
        inside |= (Single::below(low_limit, low) & Single::below(high, high_limit)) << lane;
      }
      touched &= touch;
      whole &= inside;
    }
    whole &= touched;
    touched &= ~whole;
    for (; whole != 0; whole &= whole - 1) {
      const size_t child = visit.node * kd_fan_out + static_cast<size_t>(__builtin_ctz(whole));
      count += points_between(tree, visit.level + 1, child);
      add_weights(tree.weight_sums[visit.level + 1] + child * tree.weight_columns, tree.weight_columns, sums);
    }
    // The first child on top.
    for (uint32_t mask = touched; mask != 0;) {
      const auto child = 31U - static_cast<uint32_t>(__builtin_clz(mask));
      mask &= ~(1U << child);
      stack[top++] = {0.0F, visit.level + 1, visit.node * static_cast<uint32_t>(kd_fan_out) + child};
    }
  }
  return count;
}

}  // namespace

extern const KdTreeKernels kd_tree_kernels;
const KdTreeKernels kd_tree_kernels = {nearest, scan, within, count, scan_count, visit, box_sums, leaves_visited};

}  // namespace diskern::DISKERN_ISA_NAMESPACE

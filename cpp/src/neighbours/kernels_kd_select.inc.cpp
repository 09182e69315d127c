// Compiled once per instruction set (cmake/isa.cmake). The set of points that is found does not depend on the level, nor
// on the limit and the guess: where float32 leaves a doubt nothing is found.
#include "neighbours/kd_select_table.hpp"
#include "neighbours/kd_tree_distance_kernel.hpp"

namespace diskern::DISKERN_ISA_NAMESPACE {

namespace {

constexpr size_t vectors_per_block = kd_leaf_multiple / Single::lanes;

// Writes the lanes of the mask one after the other.
DISKERN_INLINE void pack(float* to, uint32_t* slots, Single::Type x, uint32_t first, uint32_t mask) {
#if defined(__AVX512F__)
  const __m512i numbers = _mm512_add_epi32(_mm512_set1_epi32(static_cast<int>(first)),
                                           _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0));
  _mm512_storeu_ps(to, _mm512_maskz_compress_ps(static_cast<__mmask16>(mask), x));
  _mm512_storeu_si512(slots, _mm512_maskz_compress_epi32(static_cast<__mmask16>(mask), numbers));
#else
  alignas(64) float lanes[Single::lanes];
  Single::store(lanes, x);
  for (; mask != 0; mask &= mask - 1) {
    const auto lane = static_cast<uint32_t>(__builtin_ctz(mask));
    *to++ = lanes[lane];
    *slots++ = first + lane;
  }
#endif
}

template <size_t fixed>
struct Search {
  using Of = Distances<Metric::euclidean, fixed, false>;
  const KdTreeView& tree;
  const Of distances;
  KdSelection* selection;
  Single::Type limits;
  Single::Type query[fixed == 0 ? 1 : fixed];  // in registers
  size_t found = 0;
  bool full = false;

  DISKERN_INLINE Search(const KdTreeView& of, const KdQuery& with, float limit, KdSelection* to)
      : tree(of), distances(of, with), selection(to), limits(Single::broadcast(limit)) {
    for (size_t d = 0; d < fixed; ++d) query[d] = Single::broadcast(with.single[d]);
  }

  DISKERN_INLINE void look_at(size_t leaf) {
    if (found + tree.capacity > kd_select_capacity) {
      full = true;
      return;
    }
    const size_t capacity = tree.capacity;
    const float* x = tree.single + leaf * capacity * distances.dimensions;
    size_t at = found;
    for (size_t slot = 0; slot < capacity; slot += Single::lanes) {
      Single::Type sum = Single::broadcast(0.0F);
      for (size_t d = 0; d < distances.dimensions; ++d) {
        const Single::Type q = fixed == 0 ? Single::broadcast(distances.query.single[d]) : query[fixed == 0 ? 0 : d];
        sum = Single::square_add(Single::subtract(Single::load(x + d * capacity + slot), q), sum);
      }
      // Without a branch: half of the vectors have a point within the limit.
      const uint32_t mask = Single::at_most(sum, limits);
      pack(selection->distance + at, selection->slot + at, sum, static_cast<uint32_t>(leaf * capacity + slot), mask);
      at += static_cast<size_t>(__builtin_popcount(mask));
    }
    found = at;
  }

  // Children that are not farther than the limit.
  DISKERN_INLINE uint32_t near(size_t level, size_t node) const {
    const float* box = tree.box[level] + node * 2 * distances.dimensions * kd_fan_out;
    const Single::Type zero = Single::broadcast(0.0F);
    uint32_t mask = 0;
    for (size_t v = 0; v < vectors_per_block; ++v) {
      const size_t lane = v * Single::lanes;
      Single::Type sum = zero;
      for (size_t d = 0; d < distances.dimensions; ++d) {
        const Single::Type q = fixed == 0 ? Single::broadcast(distances.query.single[d]) : query[fixed == 0 ? 0 : d];
        const Single::Type low = Single::load(box + 2 * d * kd_fan_out + lane);
        const Single::Type high = Single::load(box + (2 * d + 1) * kd_fan_out + lane);
        sum = Single::square_add(
            Single::larger(Single::larger(Single::subtract(low, q), Single::subtract(q, high)), zero), sum);
      }
      mask |= Single::at_most(sum, limits) << lane;
    }
    return level == 0 ? mask & ((1U << tree.root_children) - 1U) : mask;
  }

  DISKERN_INLINE void run() {
    if (tree.levels == 0) {
      look_at(0);
      return;
    }
    struct Open {
      uint32_t left;
      size_t node;
    };
    Open open[9];  // sixteen children for 2^32 points
    size_t level = 0;
    open[0] = {near(0, 0), 0};
    while (!full) {
      Open& at = open[level];
      if (at.left == 0) {
        if (level == 0) return;
        --level;
        continue;
      }
      const size_t node = at.node * kd_fan_out + static_cast<size_t>(__builtin_ctz(at.left));
      at.left &= at.left - 1;
      if (level + 1 == tree.levels) {
        look_at(node);
      } else {
        ++level;
        open[level] = {near(level, node), node};
      }
    }
  }
};

// How many of the distances are at most x.
DISKERN_INLINE size_t count_below(const float* distance, size_t padded, float x) {
  const Single::Type limit = Single::broadcast(x);
  size_t count = 0;
  for (size_t i = 0; i < padded; i += Single::lanes) {
    count += static_cast<size_t>(__builtin_popcount(Single::at_most(Single::load(distance + i), limit)));
  }
  return count;
}

template <size_t fixed>
KdSelected select_of(const KdTreeView& tree, const KdQuery& query, size_t k, float limit, float guess,
                     KdSelection* selection) {
  Search<fixed> search(tree, query, limit, selection);
  search.run();
  if (search.full) return KdSelected::too_many;
  const size_t found = search.found;
  if (found < k) return KdSelected::too_few;
  float* distance = selection->distance;
  size_t padded = found;
  for (; padded % Single::lanes != 0; ++padded) distance[padded] = infinity;
  // A value with k distances below: the guess, then interpolation between values with fewer and with more.
  float border = limit;
  if (found > k) {
    float low = -1.0F;
    float high = limit;
    size_t below_low = 0;
    size_t below_high = found;
    border = guess > 0.0F && guess < limit ? guess : 0.75F * limit;
    for (size_t round = 0;; ++round) {
      const size_t count = count_below(distance, padded, border);
      if (count == k) break;
      if (count < k) {
        low = border;
        below_low = count;
      } else {
        high = border;
        below_high = count;
      }
      const float start = low < 0.0F ? 0.0F : low;
      float share = (static_cast<float>(k - below_low) + 0.5F) / (static_cast<float>(below_high - below_low) + 1.0F);
      if (round % 4 == 3) share = 0.5F;  // in case that the distances are far from even
      border = start + (high - start) * share;
      if (!(border > low && border < high) || round == 60) return KdSelected::ambiguous;
    }
  }
  const Single::Type limits = Single::broadcast(border);
  float kth = 0.0F;
  float next = infinity;
  size_t kept = 0;
  for (size_t i = 0; i < padded; i += Single::lanes) {
    const Single::Type x = Single::load(distance + i);
    const uint32_t mask = Single::at_most(x, limits);
#if defined(__AVX512F__)
    const auto inside = static_cast<__mmask16>(mask);
    // Signs are positive, so that integers compare as the numbers do, and reductions of integers are short.
    const float last = _mm512_mask_reduce_max_ps(inside, x);
    const float first = _mm512_mask_reduce_min_ps(static_cast<__mmask16>(~mask), x);
    if (mask != 0) kth = last > kth ? last : kth;
    if (mask != 0xFFFFU) next = first < next ? first : next;
    const __m512i slots = _mm512_loadu_si512(selection->slot + i);
    _mm512_storeu_si512(selection->slot + kept, _mm512_maskz_compress_epi32(inside, slots));
    kept += static_cast<size_t>(__builtin_popcount(mask));
#else
    for (size_t lane = 0; lane < Single::lanes; ++lane) {
      const float one = distance[i + lane];
      if ((mask >> lane & 1U) != 0) {
        kth = one > kth ? one : kth;
        selection->slot[kept++] = selection->slot[i + lane];
      } else {
        next = one < next ? one : next;
      }
    }
#endif
  }
  if (next > limit) next = limit;
  selection->kth = kth;
  const double rounding = search.distances.rounding();
  const double farthest = __builtin_sqrt(static_cast<double>(kth)) * (1.0 + rounding) + query.error;
  const double nearest = __builtin_sqrt(static_cast<double>(next)) * (1.0 - rounding) - query.error;
  return farthest < nearest ? KdSelected::found : KdSelected::ambiguous;
}

KdSelected select(const KdTreeView& tree, const KdQuery& query, size_t k, float limit, float guess,
                  KdSelection* selection) {
  switch (tree.dimensions) {
    case 1:
      return select_of<1>(tree, query, k, limit, guess, selection);
    case 2:
      return select_of<2>(tree, query, k, limit, guess, selection);
    case 3:
      return select_of<3>(tree, query, k, limit, guess, selection);
    case 4:
      return select_of<4>(tree, query, k, limit, guess, selection);
    case 5:
      return select_of<5>(tree, query, k, limit, guess, selection);
    case 6:
      return select_of<6>(tree, query, k, limit, guess, selection);
    default:
      return select_of<0>(tree, query, k, limit, guess, selection);
  }
}

}  // namespace

extern const KdSelectKernels kd_select_kernels;
const KdSelectKernels kd_select_kernels = {&select};

}  // namespace diskern::DISKERN_ISA_NAMESPACE

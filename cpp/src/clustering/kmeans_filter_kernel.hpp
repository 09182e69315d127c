#pragma once
// Which points a centre may be nearer to than what they have, from coordinates of 16 bits. Part of the k-means kernel
// unit. Lists and sums are the same bits at every level.

#include "clustering/kmeans_vector.hpp"

namespace diskern::DISKERN_ISA_NAMESPACE {

using namespace clustering;  // NOLINT(google-build-using-namespace)

namespace {

#if defined(__AVX512F__)
constexpr size_t filter_lanes = 16;
using Pairs = __m512i;
DISKERN_INLINE Pairs load_pairs(const void* p) { return _mm512_loadu_si512(p); }
DISKERN_INLINE Pairs same_pair(int32_t x) { return _mm512_set1_epi32(x); }
DISKERN_INLINE Pairs add_products(Pairs a, Pairs b, Pairs c) { return _mm512_add_epi32(c, _mm512_madd_epi16(a, b)); }
DISKERN_INLINE uint32_t below(Pairs a, Pairs b) { return _mm512_cmplt_epi32_mask(a, b); }
#elif defined(__AVX2__)
constexpr size_t filter_lanes = 8;
using Pairs = __m256i;
DISKERN_INLINE Pairs load_pairs(const void* p) { return _mm256_loadu_si256(static_cast<const __m256i*>(p)); }
DISKERN_INLINE Pairs same_pair(int32_t x) { return _mm256_set1_epi32(x); }
DISKERN_INLINE Pairs add_products(Pairs a, Pairs b, Pairs c) { return _mm256_add_epi32(c, _mm256_madd_epi16(a, b)); }
DISKERN_INLINE uint32_t below(Pairs a, Pairs b) {
  return static_cast<uint32_t>(_mm256_movemask_ps(_mm256_castsi256_ps(_mm256_cmpgt_epi32(b, a))));
}
#else
constexpr size_t filter_lanes = 1;
struct Pairs {
  int32_t value;
};
DISKERN_INLINE Pairs load_pairs(const void* p) { return Pairs{*static_cast<const int32_t*>(p)}; }
DISKERN_INLINE Pairs same_pair(int32_t x) { return Pairs{x}; }
DISKERN_INLINE int32_t low_half(int32_t x) { return static_cast<int16_t>(static_cast<uint32_t>(x) & 0xffffU); }
DISKERN_INLINE Pairs add_products(Pairs a, Pairs b, Pairs c) {
  return Pairs{c.value + low_half(a.value) * low_half(b.value) + (a.value >> 16) * (b.value >> 16)};
}
DISKERN_INLINE uint32_t below(Pairs a, Pairs b) { return a.value < b.value ? 1U : 0U; }
#endif

// Appends the points of a vector that are in the mask; room for a whole vector is needed.
DISKERN_INLINE size_t append(uint32_t* list, uint32_t mask, uint32_t first) {
#if defined(__AVX512F__)
  const __m512i numbers = _mm512_add_epi32(
      _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0), _mm512_set1_epi32(static_cast<int>(first)));
  _mm512_storeu_si512(list, _mm512_maskz_compress_epi32(static_cast<__mmask16>(mask), numbers));
  return static_cast<size_t>(__builtin_popcount(mask));
#else
  size_t count = 0;
  for (; mask != 0; mask &= mask - 1) list[count++] = first + static_cast<uint32_t>(__builtin_ctz(mask));
  return count;
#endif
}

template <size_t fixed>
struct Filter {
  // at_once centres, so that each coordinate of a point is loaded once for them.
  template <size_t at_once>
  static DISKERN_INLINE void of_vector(const int32_t* points, size_t given, const int32_t* centres,
                                       const int32_t* constant, const int32_t* limits, uint32_t first, uint32_t* lists,
                                       size_t list_stride, size_t* counts) {
    const size_t pairs = fixed == 0 ? given : fixed;
    Pairs sums[at_once];
    for (size_t l = 0; l < at_once; ++l) sums[l] = same_pair(constant[l]);
    for (size_t p = 0; p < pairs; ++p) {
      const Pairs x = load_pairs(points + p * block_points);
      for (size_t l = 0; l < at_once; ++l) sums[l] = add_products(x, same_pair(centres[l * pairs + p]), sums[l]);
    }
    const Pairs limit = load_pairs(limits);
    for (size_t l = 0; l < at_once; ++l) {
      counts[l] += append(lists + l * list_stride + counts[l], below(sums[l], limit), first);
    }
  }

  static void run(const int16_t* points, size_t blocks, size_t given, const int16_t* centres, const int32_t* constant,
                  size_t count, const int32_t* limits, uint32_t* lists, size_t list_stride, size_t* counts) {
    typedef int32_t Word __attribute__((may_alias));  // a pair of coordinates
    const size_t pairs = fixed == 0 ? given : fixed;
    const auto* from = reinterpret_cast<const Word*>(points);
    const auto* to = reinterpret_cast<const Word*>(centres);
    for (size_t l = 0; l < count; ++l) counts[l] = 0;
    for (size_t b = 0; b < blocks; ++b) {
      for (size_t v = 0; v < block_points; v += filter_lanes) {
        const int32_t* at = from + b * pairs * block_points + v;
        const size_t first = b * block_points + v;
        size_t l = 0;
        const auto next = [&](auto at_once) DISKERN_INLINE_LAMBDA {
          of_vector<decltype(at_once)::value>(at, pairs, to + l * pairs, constant + l, limits + first,
                                              static_cast<uint32_t>(first), lists + l * list_stride, list_stride,
                                              counts + l);
          l += decltype(at_once)::value;
        };
        while (l + 7 <= count) next(Count<7>{});
        while (l + 3 <= count) next(Count<3>{});
        while (l < count) next(Count<1>{});
      }
    }
  }

 private:
  template <size_t n>
  struct Count {
    static constexpr size_t value = n;
  };
};

void may_be_nearer(const int16_t* points, size_t blocks, size_t pairs, const int16_t* centres, const int32_t* constant,
                   size_t count, const int32_t* limits, uint32_t* lists, size_t list_stride, size_t* counts) {
#define DISKERN_FILTER(fixed) \
  Filter<fixed>::run(points, blocks, pairs, centres, constant, count, limits, lists, list_stride, counts)
  switch (pairs) {
    case 1:
      return DISKERN_FILTER(1);
    case 2:
      return DISKERN_FILTER(2);
    case 3:
      return DISKERN_FILTER(3);
    case 4:
      return DISKERN_FILTER(4);
    default:
      return DISKERN_FILTER(0);
  }
#undef DISKERN_FILTER
}

// To the nearest integer, whichever of two: half a unit away at most. The compiler makes vectors of these loops.
void to_integers(const float* blocks, size_t block_count, size_t dimensions, float inverse_unit, int16_t* integers,
                 int32_t* norms) {
  const size_t pairs = (dimensions + 1) / 2;
  for (size_t b = 0; b < block_count; ++b) {
    int32_t norm[block_points] = {};
    for (size_t p = 0; p < pairs; ++p) {
      const float* first = blocks + (b * dimensions + 2 * p) * block_points;
      const bool two = 2 * p + 1 < dimensions;
      const float* second = two ? first + block_points : first;
      int16_t* to = integers + (b * pairs + p) * block_points * 2;
      for (size_t i = 0; i < block_points; ++i) {
        const float x = first[i] * inverse_unit;
        const float y = two ? second[i] * inverse_unit : 0.0F;
        const auto m = static_cast<int32_t>(x + (x < 0 ? -0.5F : 0.5F));
        const auto n = static_cast<int32_t>(y + (y < 0 ? -0.5F : 0.5F));
        to[2 * i] = static_cast<int16_t>(m);
        to[2 * i + 1] = static_cast<int16_t>(n);
        norm[i] += m * m + n * n;
      }
    }
    for (size_t i = 0; i < block_points; ++i) norms[b * block_points + i] = norm[i];
  }
}

// A point is left out if the distance of the integers is at least that to its nearest centre and what rounding may take
// away. Nothing is nearer than a centre that the point is on.
void filter_limits(const float* closest, const int32_t* norms, size_t count, double stretch, double slack,
                   int32_t* limits) {
  for (size_t i = 0; i < count; ++i) {
    const double distance = __builtin_sqrt(static_cast<double>(closest[i])) * stretch + slack;
    const double limit = distance * distance + 1.0 - static_cast<double>(norms[i]);
    const double below_all = limit < 2147483647.0 ? limit : 2147483647.0;
    limits[i] = closest[i] > 0 ? static_cast<int32_t>(below_all) : -2147483647 - 1;
  }
}

// Squared distance of float32((row - offset) * scale), as to_block has it, to a centre: below eight dimensions one sum,
// else eight of every eighth coordinate, brought together by a fixed tree, and one of the rest. Every operation rounds.
typedef float Eight __attribute__((vector_size(32)));
template <class T>
struct EightOf {
  typedef T Type __attribute__((vector_size(8 * sizeof(T)), aligned(alignof(T)), may_alias));
};
typedef float UnalignedEight __attribute__((vector_size(32), aligned(4), may_alias));

DISKERN_INLINE float sum_of_eight(const Eight& x) {
#if defined(__AVX2__)
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
#else
  const float four[4] = {x[0] + x[4], x[1] + x[5], x[2] + x[6], x[3] + x[7]};
  return (four[0] + four[2]) + (four[1] + four[3]);
#endif
}

template <size_t fixed, class T>
DISKERN_INLINE float row_distance(const NearerRows<T>& rows, const T* row, const float* centre) {
  const size_t dimensions = fixed == 0 ? rows.dimensions : fixed;
  const T scale = rows.scale;
  float sum = 0;
  size_t d = 0;
  if (fixed == 0 || fixed >= 8) {
    Eight sums = {};
    for (; d + 8 <= dimensions; d += 8) {
      const auto& x = *reinterpret_cast<const typename EightOf<T>::Type*>(row + d);
      const auto& offset = *reinterpret_cast<const typename EightOf<T>::Type*>(rows.offset + d);
      const Eight centred = __builtin_convertvector((x - offset) * scale, Eight);
      const Eight difference = centred - *reinterpret_cast<const UnalignedEight*>(centre + d);
      sums = sums + difference * difference;
    }
    sum = sum_of_eight(sums);
  }
  for (; d < dimensions; ++d) {
    const float difference = static_cast<float>((row[d] - rows.offset[d]) * scale) - centre[d];
    sum += difference * difference;
  }
  return sum;
}

template <size_t fixed, class T>
struct Nearer {
  static size_t lower(const NearerRows<T>& rows, const float* centre, const uint32_t* list, size_t count,
                      float* closest, uint32_t* changed) {
    const size_t dimensions = fixed == 0 ? rows.dimensions : fixed;
    size_t lowered = 0;
    for (size_t k = 0; k < count; ++k) {
      const size_t i = list[k];
      const float distance = row_distance<fixed>(rows, rows.rows + i * dimensions, centre);
      const float before = closest[i];
      closest[i] = distance < before ? distance : before;
      changed[lowered] = static_cast<uint32_t>(i);
      lowered += distance < before ? 1 : 0;
    }
    return lowered;
  }

  static double gain(const NearerRows<T>& rows, const float* centre, const uint32_t* list, size_t count,
                     const float* closest, const float* weight) {
    const size_t dimensions = fixed == 0 ? rows.dimensions : fixed;
    double sum = 0;
    for (size_t k = 0; k < count; ++k) {
      const size_t i = list[k];
      const float distance = row_distance<fixed>(rows, rows.rows + i * dimensions, centre);
      const double less = static_cast<double>(closest[i]) - static_cast<double>(distance);
      const double gained = less > 0 ? less : 0;
      sum += weight == nullptr ? gained : gained * static_cast<double>(weight[i]);
    }
    return sum;
  }
};

#define DISKERN_NEARER(call)     \
  switch (rows.dimensions) {     \
    case 2:                      \
      return Nearer<2, T>::call; \
    case 3:                      \
      return Nearer<3, T>::call; \
    case 4:                      \
      return Nearer<4, T>::call; \
    case 5:                      \
      return Nearer<5, T>::call; \
    case 6:                      \
      return Nearer<6, T>::call; \
    case 7:                      \
      return Nearer<7, T>::call; \
    case 8:                      \
      return Nearer<8, T>::call; \
    default:                     \
      return Nearer<0, T>::call; \
  }

template <class T>
size_t lower_closest(const NearerRows<T>& rows, const float* centre, const uint32_t* list, size_t count, float* closest,
                     uint32_t* changed) {
  DISKERN_NEARER(lower(rows, centre, list, count, closest, changed))
}

template <class T>
double gain_of(const NearerRows<T>& rows, const float* centre, const uint32_t* list, size_t count, const float* closest,
               const float* weight) {
  DISKERN_NEARER(gain(rows, centre, list, count, closest, weight))
}
#undef DISKERN_NEARER

}  // namespace

}  // namespace diskern::DISKERN_ISA_NAMESPACE

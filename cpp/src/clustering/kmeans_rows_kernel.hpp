#pragma once
// Sums over rows, and rows to blocks. Part of the k-means kernel unit.

#include "clustering/kmeans_vector.hpp"

namespace diskern::DISKERN_ISA_NAMESPACE {

using namespace clustering;  // NOLINT(google-build-using-namespace)

namespace {

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

#undef DISKERN_FOR_DIMENSIONS

}  // namespace

}  // namespace diskern::DISKERN_ISA_NAMESPACE

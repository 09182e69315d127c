// Compiled once per instruction set (cmake/isa.cmake). Vectors have eight lanes at every level and nothing is contracted,
// so that every level gives the same bits.
#include "base/maths.hpp"
#include "clustering/gaussian_mixture_table.hpp"

#define DISKERN_INLINE inline __attribute__((always_inline))

namespace diskern::DISKERN_ISA_NAMESPACE {

namespace {

typedef double Lanes __attribute__((vector_size(8 * mixture_lanes), may_alias, aligned(8)));

DISKERN_INLINE Lanes* at(double* p) { return reinterpret_cast<Lanes*>(p); }
DISKERN_INLINE const Lanes* at(const double* p) { return reinterpret_cast<const Lanes*>(p); }

// Two vectors of points at a time where there are two.
template <size_t vectors>
DISKERN_INLINE void squares_of(const double* block, size_t dimensions, const double* mean, const double* factor,
                               double* scratch, double* square) {
  for (size_t d = 0; d < dimensions; ++d) {
    for (size_t v = 0; v < vectors; ++v) {
      *at(scratch + (d * vectors + v) * mixture_lanes) = *at(block + d * mixture_block + v * mixture_lanes) - mean[d];
    }
  }
  Lanes sum[vectors] = {};
  for (size_t j = 0; j < dimensions; ++j) {
    Lanes projected[vectors] = {};
    for (size_t i = 0; i <= j; ++i) {
      for (size_t v = 0; v < vectors; ++v) {
        projected[v] += *at(scratch + (i * vectors + v) * mixture_lanes) * factor[i * dimensions + j];
      }
    }
    for (size_t v = 0; v < vectors; ++v) sum[v] += projected[v] * projected[v];
  }
  for (size_t v = 0; v < vectors; ++v) *at(square + v * mixture_lanes) = sum[v];
}

void squares(const double* block, size_t count, size_t dimensions, const double* mean, const double* factor,
             double* scratch, double* square) {
  size_t p = 0;
  for (; p + 2 * mixture_lanes <= count; p += 2 * mixture_lanes) {
    squares_of<2>(block + p, dimensions, mean, factor, scratch, square + p);
  }
  if (p < count) squares_of<1>(block + p, dimensions, mean, factor, scratch, square + p);
}

void diagonal_squares(const double* block, size_t count, size_t dimensions, const double* mean, const double* factor,
                      double* square) {
  for (size_t p = 0; p < count; p += mixture_lanes) {
    Lanes sum{};
    for (size_t d = 0; d < dimensions; ++d) {
      const Lanes scaled = (*at(block + d * mixture_block + p) - mean[d]) * factor[d];
      sum += scaled * scaled;
    }
    *at(square + p) = sum;
  }
}

void normalise(double* densities, size_t components, size_t count, double* norm) {
  for (size_t p = 0; p < count; p += mixture_lanes) {
    Lanes largest = *at(densities + p);
    for (size_t k = 1; k < components; ++k) {
      const Lanes one = *at(densities + k * mixture_block + p);
      largest = one > largest ? one : largest;
    }
    // All infinitely far away: nothing is to be taken off.
    double top[mixture_lanes];
    double sum[mixture_lanes];
    for (size_t j = 0; j < mixture_lanes; ++j) {
      top[j] = largest[j] > -1e300 ? largest[j] : 0.0;
      sum[j] = 0;
    }
    for (size_t k = 0; k < components; ++k) {
      double* one = densities + k * mixture_block + p;
      for (size_t j = 0; j < mixture_lanes; ++j) {
        one[j] = maths::exp(one[j] - top[j]);
        sum[j] += one[j];
      }
    }
    for (size_t j = 0; j < mixture_lanes; ++j) {
      norm[p + j] = top[j] + maths::log(sum[j]);
      sum[j] = 1.0 / sum[j];
    }
    for (size_t k = 0; k < components; ++k) {
      double* one = densities + k * mixture_block + p;
      for (size_t j = 0; j < mixture_lanes; ++j) one[j] *= sum[j];
    }
  }
}

void add(const double* block, size_t count, size_t dimensions, const double* about, const double* responsibility,
         double* scratch, double* sums) {
  double* first = sums + mixture_lanes;
  double* second = first + dimensions * mixture_lanes;
  for (size_t p = 0; p < count; p += mixture_lanes) {
    const Lanes r = *at(responsibility + p);
    *at(sums) += r;
    double* product = second;
    for (size_t i = 0; i < dimensions; ++i) {
      const Lanes difference = *at(block + i * mixture_block + p) - about[i];
      *at(scratch + i * mixture_lanes) = difference;
      const Lanes weighted = r * difference;
      *at(first + i * mixture_lanes) += weighted;
      for (size_t j = 0; j <= i; ++j, product += mixture_lanes) {
        *at(product) += weighted * *at(scratch + j * mixture_lanes);
      }
    }
  }
}

void diagonal_add(const double* block, size_t count, size_t dimensions, const double* about,
                  const double* responsibility, double* sums) {
  double* first = sums + mixture_lanes;
  double* second = first + dimensions * mixture_lanes;
  for (size_t p = 0; p < count; p += mixture_lanes) *at(sums) += *at(responsibility + p);
  for (size_t i = 0; i < dimensions; ++i) {
    Lanes sum = *at(first + i * mixture_lanes);
    Lanes square = *at(second + i * mixture_lanes);
    for (size_t p = 0; p < count; p += mixture_lanes) {
      const Lanes difference = *at(block + i * mixture_block + p) - about[i];
      const Lanes weighted = *at(responsibility + p) * difference;
      sum += weighted;
      square += weighted * difference;
    }
    *at(first + i * mixture_lanes) = sum;
    *at(second + i * mixture_lanes) = square;
  }
}

}  // namespace

extern const MixtureKernels mixture_kernels;
const MixtureKernels mixture_kernels = {squares, diagonal_squares, normalise, add, diagonal_add};

}  // namespace diskern::DISKERN_ISA_NAMESPACE

// Compiled once per instruction set (cmake/isa.cmake).
#include "statistics/moments_table.hpp"

#if defined(__AVX512F__)
// GCC 12 takes the undefined vectors within its own header for an oversight.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#include <immintrin.h>
#pragma GCC diagnostic pop
#elif defined(__AVX2__)
#include <immintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

namespace diskern::DISKERN_ISA_NAMESPACE {

namespace {

using statistics::panel_columns;

#if defined(__AVX512F__)
constexpr size_t lanes = 8;
constexpr size_t tile_rows = 8;
#elif defined(__AVX2__)
constexpr size_t lanes = 4;
constexpr size_t tile_rows = 4;
#else
constexpr size_t lanes = 2;
constexpr size_t tile_rows = 2;
#endif
constexpr size_t vectors = panel_columns / lanes;
typedef double Vector __attribute__((vector_size(8 * lanes), may_alias));
typedef double UnalignedVector __attribute__((vector_size(8 * lanes), may_alias, aligned(8)));

inline Vector load(const double* from) { return *reinterpret_cast<const UnalignedVector*>(from); }
inline void store(double* to, Vector values) { *reinterpret_cast<UnalignedVector*>(to) = values; }
inline Vector broadcast(double value) { return value - Vector{}; }

// a * b + c with one rounding.
inline Vector multiply_add(Vector a, Vector b, Vector c) {
#if defined(__AVX512F__)
  return _mm512_fmadd_pd(a, b, c);
#elif defined(__AVX2__)
  return _mm256_fmadd_pd(a, b, c);
#elif defined(__ARM_NEON)
  return vfmaq_f64(c, a, b);
#else
  return Vector{__builtin_fma(a[0], b[0], c[0]), __builtin_fma(a[1], b[1], c[1])};
#endif
}

template <class T>
void add_rows(const T* rows, ptrdiff_t stride, size_t n, size_t columns, const double* weight,
              double* __restrict__ sums) {
  for (size_t i = 0; i < n; ++i) {
    const T* row = rows + static_cast<ptrdiff_t>(i) * stride;
    if (weight == nullptr) {
      for (size_t j = 0; j < columns; ++j) sums[j] += static_cast<double>(row[j]);
    } else {
      const double w = weight[i];
      for (size_t j = 0; j < columns; ++j) sums[j] += w * static_cast<double>(row[j]);
    }
  }
}

template <class T>
void pack(const T* rows, ptrdiff_t stride, size_t n, size_t columns, const double* shift,
          double* __restrict__ panels) {
  const size_t whole = columns / panel_columns;
  const size_t rest = columns % panel_columns;
  for (size_t i = 0; i < n; ++i) {
    const T* row = rows + static_cast<ptrdiff_t>(i) * stride;
    for (size_t p = 0; p < whole; ++p) {
      double* to = panels + (p * n + i) * panel_columns;
      for (size_t c = 0; c < panel_columns; ++c) {
        to[c] = static_cast<double>(row[p * panel_columns + c]) - shift[p * panel_columns + c];
      }
    }
    if (rest == 0) continue;
    double* to = panels + (whole * n + i) * panel_columns;
    for (size_t c = 0; c < panel_columns; ++c) {
      const size_t j = whole * panel_columns + c;
      to[c] = c < rest ? static_cast<double>(row[j]) - shift[j] : 0.0;
    }
  }
}

void weigh(const double* panels, size_t n, size_t panel_count, const double* weight, double* __restrict__ weighted) {
  for (size_t p = 0; p < panel_count; ++p) {
    for (size_t i = 0; i < n; ++i) {
      const size_t at = (p * n + i) * panel_columns;
      for (size_t c = 0; c < panel_columns; ++c) weighted[at + c] = weight[i] * panels[at + c];
    }
  }
}

// Rows r .. r + tile_rows - 1 of one panel with the eight columns of another.
inline void add_tile(const double* left, const double* right, size_t n, double* products, size_t stride) {
  Vector sums[tile_rows][vectors];
#pragma GCC unroll 8
  for (size_t r = 0; r < tile_rows; ++r) {
#pragma GCC unroll 8
    for (size_t v = 0; v < vectors; ++v) sums[r][v] = load(products + r * stride + v * lanes);
  }
  for (size_t i = 0; i < n; ++i) {
    Vector column[vectors];
#pragma GCC unroll 8
    for (size_t v = 0; v < vectors; ++v) column[v] = load(right + i * panel_columns + v * lanes);
#pragma GCC unroll 8
    for (size_t r = 0; r < tile_rows; ++r) {
      const Vector factor = broadcast(left[i * panel_columns + r]);
#pragma GCC unroll 8
      for (size_t v = 0; v < vectors; ++v) sums[r][v] = multiply_add(factor, column[v], sums[r][v]);
    }
  }
#pragma GCC unroll 8
  for (size_t r = 0; r < tile_rows; ++r) {
#pragma GCC unroll 8
    for (size_t v = 0; v < vectors; ++v) store(products + r * stride + v * lanes, sums[r][v]);
  }
}

void add_products(const double* left, const double* right, size_t n, size_t panel_count, double* products) {
  const size_t stride = panel_columns * panel_count;
  for (size_t p = 0; p < panel_count; ++p) {
    for (size_t q = 0; q <= p; ++q) {
      for (size_t r = 0; r < panel_columns; r += tile_rows) {
        add_tile(left + p * n * panel_columns + r, right + q * n * panel_columns, n,
                 products + (p * panel_columns + r) * stride + q * panel_columns, stride);
      }
    }
  }
}

void add_panels(const double* panels, size_t n, size_t panel_count, double* sums) {
  for (size_t p = 0; p < panel_count; ++p) {
    Vector sum[vectors];
    for (size_t v = 0; v < vectors; ++v) sum[v] = load(sums + p * panel_columns + v * lanes);
    for (size_t i = 0; i < n; ++i) {
      const double* row = panels + (p * n + i) * panel_columns;
      for (size_t v = 0; v < vectors; ++v) sum[v] = sum[v] + load(row + v * lanes);
    }
    for (size_t v = 0; v < vectors; ++v) store(sums + p * panel_columns + v * lanes, sum[v]);
  }
}

// `Rows` rows and `Panels` panels at once, so that each element of either is loaded once for all of the other. The last
// panel has `count` outputs.
template <size_t Rows, size_t Panels, class T>
inline void project_rows(const T* rows, ptrdiff_t stride, size_t columns, const double* shift, const double* panels,
                         double* const* to, size_t count) {
  Vector sums[Rows][Panels * vectors] = {};
  for (size_t j = 0; j < columns; ++j) {
    Vector column[Panels * vectors];
#pragma GCC unroll 8
    for (size_t p = 0; p < Panels; ++p) {
#pragma GCC unroll 8
      for (size_t v = 0; v < vectors; ++v) {
        column[p * vectors + v] = load(panels + (p * columns + j) * panel_columns + v * lanes);
      }
    }
#pragma GCC unroll 8
    for (size_t i = 0; i < Rows; ++i) {
      const double x = static_cast<double>(rows[static_cast<ptrdiff_t>(i) * stride + static_cast<ptrdiff_t>(j)]);
      const Vector factor = broadcast(x - shift[j]);
#pragma GCC unroll 8
      for (size_t v = 0; v < Panels * vectors; ++v) sums[i][v] = multiply_add(factor, column[v], sums[i][v]);
    }
  }
  for (size_t i = 0; i < Rows; ++i) {
    for (size_t p = 0; p < Panels; ++p) {
      const Vector* from = sums[i] + p * vectors;
      double* place = to[i] + p * panel_columns;
      if (p + 1 < Panels || count == panel_columns) {
        for (size_t v = 0; v < vectors; ++v) store(place + v * lanes, from[v]);
      } else {
        double values[panel_columns];
        for (size_t v = 0; v < vectors; ++v) store(values + v * lanes, from[v]);
        for (size_t c = 0; c < count; ++c) place[c] = values[c];
      }
    }
  }
}

// All rows on `Panels` panels from output k on.
template <size_t Panels, class T>
inline void project_panels(const T* rows, ptrdiff_t stride, size_t n, size_t columns, const double* shift,
                           const double* panels, size_t outputs, size_t k, double* responses) {
  constexpr size_t together = tile_rows;
  const size_t left = outputs - k - (Panels - 1) * panel_columns;
  const size_t count = left < panel_columns ? left : panel_columns;
  const double* from = panels + k * columns;
  size_t i = 0;
  for (; i + together <= n; i += together) {
    double* to[together];
    for (size_t r = 0; r < together; ++r) to[r] = responses + (i + r) * outputs + k;
    project_rows<together, Panels>(rows + static_cast<ptrdiff_t>(i) * stride, stride, columns, shift, from, to, count);
  }
  for (; i < n; ++i) {
    double* to[1] = {responses + i * outputs + k};
    project_rows<1, Panels>(rows + static_cast<ptrdiff_t>(i) * stride, stride, columns, shift, from, to, count);
  }
}

template <class T>
void project(const T* rows, ptrdiff_t stride, size_t n, size_t columns, const double* shift, const double* panels,
             size_t outputs, double* responses) {
  // Two panels where the registers hold their sums.
  constexpr size_t most = vectors == 1 ? 2 : 1;
  for (size_t k = 0; k < outputs; k += most * panel_columns) {
    if (most == 2 && outputs - k > panel_columns) {
      project_panels<most>(rows, stride, n, columns, shift, panels, outputs, k, responses);
    } else {
      project_panels<1>(rows, stride, n, columns, shift, panels, outputs, k, responses);
    }
  }
}

}  // namespace

extern const statistics::MomentsKernels moments_kernels;
const statistics::MomentsKernels moments_kernels = {
    add_rows<float>, add_rows<double>, pack<float>, pack<double>,  weigh,
    add_products,    add_panels,       project<float>, project<double>};

}  // namespace diskern::DISKERN_ISA_NAMESPACE

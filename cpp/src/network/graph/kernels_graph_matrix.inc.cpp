// Compiled once per instruction set (cmake/isa.cmake), with contraction: products of networks are promised to a
// tolerance, not to the bit, across instruction sets. A tile of the result stays in registers while the sum runs.
#include "network/graph/matrix_table.hpp"

namespace diskern::DISKERN_ISA_NAMESPACE {

namespace {

using namespace network::graph;

typedef float Vector8 __attribute__((vector_size(32)));

#if defined(__AVX512F__)
typedef float Vector16 __attribute__((vector_size(64)));
#endif

// Vectors go by reference: by value they would change the calling convention where the level lacks their width. Places
// in memory have the alignment of one float.
template <class V>
inline __attribute__((always_inline)) void fetch(V& to, const float* from) {
  __builtin_memcpy(&to, from, sizeof(V));
}
template <class V>
inline __attribute__((always_inline)) void put(float* to, const V& from) {
  __builtin_memcpy(to, &from, sizeof(V));
}

// A scalar s becomes a vector as s - V{}: "V{} + s" would cost an addition, for the sake of -0.

// Rows of the left factor: three by one pointer, as an address may hold a pointer plus a step or two.
template <class V, int rows, int vectors>
inline __attribute__((always_inline)) void rows_tile(const RowsRequest& request, const float* a, const float* b,
                                                     size_t panel_step, const float* bias, float* c, size_t columns) {
  constexpr int width = sizeof(V) / sizeof(float);
  constexpr int groups = (rows + 2) / 3;
  // With AVX-512 two vectors are two panels, else they are the halves of one.
  constexpr size_t panel = width == 16 ? 16 : static_cast<size_t>(width) * vectors;
  V sum[rows][vectors];
  for (int j = 0; j < vectors; ++j) {
    V start{};
    if (bias != nullptr) fetch(start, bias + j * width);
    for (int i = 0; i < rows; ++i) sum[i][j] = start;
  }
  const size_t step = request.a_step;
  for (size_t r = 0; r < request.runs; ++r) {
    const float* group[groups];
    for (int g = 0; g < groups; ++g) group[g] = a + request.run_offset[r] + 3 * static_cast<size_t>(g) * step;
    for (size_t k = 0; k < request.run_length; ++k) {
      V right[vectors];
      for (int j = 0; j < vectors; ++j) {
        fetch(right[j], b + (width == 16 ? static_cast<size_t>(j) * panel_step : static_cast<size_t>(j) * width));
      }
#pragma GCC unroll 14
      for (int i = 0; i < rows; ++i) {
        const V left = group[i / 3][static_cast<size_t>(i % 3) * step] - V{};
#pragma GCC unroll 2
        for (int j = 0; j < vectors; ++j) sum[i][j] += left * right[j];
      }
      for (int g = 0; g < groups; ++g) ++group[g];
      b += panel;
    }
  }
  if (columns >= static_cast<size_t>(vectors) * width) {
#pragma GCC unroll 14
    for (int i = 0; i < rows; ++i) {
#pragma GCC unroll 2
      for (int j = 0; j < vectors; ++j) {
        float* place = c + static_cast<size_t>(i) * request.c_step + j * width;
        if (request.accumulate) {
          V before;
          fetch(before, place);
          sum[i][j] += before;
        }
        put(place, sum[i][j]);
      }
    }
    return;
  }
  for (int i = 0; i < rows; ++i) {
    float line[vectors * width];
    for (int j = 0; j < vectors; ++j) put(line + j * width, sum[i][j]);
    float* place = c + static_cast<size_t>(i) * request.c_step;
    for (size_t n = 0; n < columns; ++n) place[n] = request.accumulate ? place[n] + line[n] : line[n];
  }
}

// All rows for one panel, or two with AVX-512, in tiles of up to `most` rows; the last two tiles share what is left.
template <class V, int most, int vectors, int rows>
inline __attribute__((always_inline)) void rows_some(const RowsRequest& request, size_t first, size_t count,
                                                     const float* b, size_t panel_step, const float* bias, float* c,
                                                     size_t columns) {
  if constexpr (rows > 0) {
    if (count == rows) {
      rows_tile<V, rows, vectors>(request, request.a + first * request.a_step, b, panel_step, bias,
                                  c + first * request.c_step, columns);
    } else {
      rows_some<V, most, vectors, rows - 1>(request, first, count, b, panel_step, bias, c, columns);
    }
  }
}
template <class V, int most, int vectors>
__attribute__((noinline)) void rows_panel(const RowsRequest& request, const float* b, size_t panel_step,
                                          const float* bias, float* c, size_t columns) {
  size_t first = 0;
  while (first < request.rows) {
    const size_t left = request.rows - first;
    const size_t count = left >= 2 * most ? most : left > most ? (left + 1) / 2 : left;
    rows_some<V, most, vectors, most>(request, first, count, b, panel_step, bias, c, columns);
    first += count;
  }
}

void rows(const RowsRequest* given) {
  const RowsRequest& request = *given;
  const size_t depth = request.runs * request.run_length;
  const float* b = request.b;
  size_t n = 0;
#if defined(__AVX512F__)
  while (request.columns - n > panel_width + 8) {
    const size_t left = request.columns - n;
    const float* bias = request.bias != nullptr ? request.bias + n : nullptr;
    rows_panel<Vector16, 14, 2>(request, b, depth * panel_width, bias, request.c + n, left < 32 ? left : 32);
    b += 2 * depth * panel_width;
    n += 2 * panel_width;
    if (n >= request.columns) return;
  }
#endif
  while (n < request.columns) {
    const size_t left = request.columns - n;
    const float* bias = request.bias != nullptr ? request.bias + n : nullptr;
    if (left <= 8) {
      rows_panel<Vector8, 12, 1>(request, b, 0, bias, request.c + n, left);
      return;
    }
#if defined(__AVX512F__)
    rows_panel<Vector16, 14, 1>(request, b, 0, bias, request.c + n, left < 16 ? left : 16);
#else
    rows_panel<Vector8, 6, 2>(request, b, 0, bias, request.c + n, left < 16 ? left : 16);
#endif
    b += depth * panel_width;
    n += panel_width;
  }
}

template <class V, int count, int vectors>
inline __attribute__((always_inline)) void outer_tile(const OuterRequest& request, const float* a, const float* b,
                                                      float* c, size_t columns) {
  constexpr int width = sizeof(V) / sizeof(float);
  V sum[count][vectors];
  for (int i = 0; i < count; ++i) {
    for (int j = 0; j < vectors; ++j) sum[i][j] = V{};
  }
  for (size_t line = 0; line < request.lines; ++line) {
    const float* left = a + line * request.a_line;
    const float* right = b + line * request.b_line;
    for (size_t m = 0; m < request.rows; ++m) {
      V factor[vectors];
      for (int j = 0; j < vectors; ++j) fetch(factor[j], right + j * width);
#pragma GCC unroll 14
      for (int i = 0; i < count; ++i) {
        const V one = left[i] - V{};
#pragma GCC unroll 2
        for (int j = 0; j < vectors; ++j) sum[i][j] += one * factor[j];
      }
      left += request.a_step;
      right += request.b_step;
    }
  }
  for (int i = 0; i < count; ++i) {
    float values[vectors * width];
    for (int j = 0; j < vectors; ++j) put(values + j * width, sum[i][j]);
    float* place = c + static_cast<size_t>(i) * request.c_step;
    const size_t most = columns < static_cast<size_t>(vectors) * width ? columns : static_cast<size_t>(vectors) * width;
    for (size_t n = 0; n < most; ++n) place[n] += values[n];
  }
}

template <class V, int vectors, int most, int count>
inline __attribute__((always_inline)) void outer_some(const OuterRequest& request, size_t first, size_t wanted,
                                                      const float* b, float* c, size_t columns) {
  if constexpr (count > 0) {
    if (wanted == count) {
      outer_tile<V, count, vectors>(request, request.a + first, b, c + first * request.c_step, columns);
    } else {
      outer_some<V, vectors, most, count - 1>(request, first, wanted, b, c, columns);
    }
  }
}
template <class V, int most, int vectors>
__attribute__((noinline)) void outer_columns(const OuterRequest& request, const float* b, float* c, size_t columns) {
  size_t first = 0;
  while (first < request.count) {
    const size_t left = request.count - first;
    const size_t wanted = left >= 2 * most ? most : left > most ? (left + 1) / 2 : left;
    outer_some<V, vectors, most, most>(request, first, wanted, b, c, columns);
    first += wanted;
  }
}

void outer(const OuterRequest* given) {
  const OuterRequest& request = *given;
  size_t n = 0;
#if defined(__AVX512F__)
  for (; request.columns - n > 24; n += 32) {
    outer_columns<Vector16, 14, 2>(request, request.b + n, request.c + n, request.columns - n);
    if (request.columns - n <= 32) return;
  }
#endif
  for (; n < request.columns; n += 16) {
    const size_t left = request.columns - n;
    if (left <= 8) {
      outer_columns<Vector8, 12, 1>(request, request.b + n, request.c + n, left);
      return;
    }
#if defined(__AVX512F__)
    outer_columns<Vector16, 14, 1>(request, request.b + n, request.c + n, left);
#else
    outer_columns<Vector8, 6, 2>(request, request.b + n, request.c + n, left);
#endif
  }
}

// Four rows at a time, so that additions need not wait for each other.
template <class V>
inline __attribute__((always_inline)) void sums_of_columns(const float* values, size_t step, float* sums, size_t rows) {
  V part[4] = {};
  size_t m = 0;
  for (; m + 4 <= rows; m += 4) {
    for (int i = 0; i < 4; ++i) {
      V value;
      fetch(value, values + (m + static_cast<size_t>(i)) * step);
      part[i] += value;
    }
  }
  for (; m < rows; ++m) {
    V value;
    fetch(value, values + m * step);
    part[0] += value;
  }
  V sum;
  fetch(sum, sums);
  sum += (part[0] + part[1]) + (part[2] + part[3]);
  put(sums, sum);
}

void column_sums(const float* values, size_t step, float* sums, size_t rows, size_t columns) {
  size_t n = 0;
#if defined(__AVX512F__)
  for (; n + 16 <= columns; n += 16) sums_of_columns<Vector16>(values + n, step, sums + n, rows);
#endif
  for (; n + 8 <= columns; n += 8) sums_of_columns<Vector8>(values + n, step, sums + n, rows);
  for (; n < columns; ++n) {
    float sum = 0.0F;
    for (size_t m = 0; m < rows; ++m) sum += values[m * step + n];
    sums[n] += sum;
  }
}

}  // namespace

extern const network::graph::MatrixKernels graph_matrix_kernels;
const network::graph::MatrixKernels graph_matrix_kernels = {rows, outer, column_sums};

}  // namespace diskern::DISKERN_ISA_NAMESPACE

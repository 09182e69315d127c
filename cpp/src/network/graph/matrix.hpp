#pragma once
// Products of matrices as layers need them: float32 by the kernels of this machine, any scalar by plain loops, which
// are also what tests hold the kernels to.

#include <algorithm>
#include <cstddef>
#include <type_traits>

#include "base/dispatch.hpp"
#include "base/gemm.hpp"
#include "network/graph/matrix_table.hpp"

namespace diskern::network::graph {

const MatrixKernels& matrix_kernels();
const MatrixKernels& matrix_kernels(InstructionSet level);

// Arrays that a kernel reads a little beyond their end are that much longer.
constexpr std::size_t slack = panel_width;

constexpr std::size_t padded_columns(std::size_t columns) {
  return columns % panel_width == 0   ? columns
         : columns % panel_width <= 8 ? columns - columns % panel_width + 8
                                      : columns - columns % panel_width + panel_width;
}
constexpr std::size_t packed_size(std::size_t depth, std::size_t columns) { return depth * padded_columns(columns); }

// Element (k, n) of a matrix of depth x columns, where it stands when packed.
constexpr std::size_t packed_place(std::size_t depth, std::size_t columns, std::size_t k, std::size_t n) {
  const std::size_t panel = n / panel_width;
  const std::size_t width = std::min(panel_width, padded_columns(columns) - panel * panel_width);
  return panel * panel_width * depth + k * width + n % panel_width;
}

// A matrix in memory: element (k, n) stands at data[k * k_step + n * n_step], one of the steps being 1.
template <class T>
struct Strided {
  const T* data;
  std::size_t k_step;
  std::size_t n_step;
};

// Part of a panel: rows of `width` numbers from the columns [first, columns) of a matrix, and zeros beyond.
template <class T>
void pack_part(const Strided<T>& from, std::size_t depth, std::size_t first, std::size_t columns, std::size_t width,
               T* to) {
  const T* data = from.data + first * from.n_step;
  const std::size_t count = std::min(width, columns > first ? columns - first : 0);
  if (from.n_step == 1) {
    for (std::size_t k = 0; k < depth; ++k) {
      std::copy_n(data + k * from.k_step, count, to + k * width);
      std::fill_n(to + k * width + count, width - count, T{0});
    }
    return;
  }
  if constexpr (std::is_same_v<T, float>) {
    if (count == width) {
      gemm_kernels().transpose(data, from.n_step, width, depth, to, width);
      return;
    }
  }
  for (std::size_t n = 0; n < width; ++n) {
    for (std::size_t k = 0; k < depth; ++k) to[k * width + n] = n < count ? data[k + n * from.n_step] : T{0};
  }
}

// Packs element(k, n).
template <class T, class Element>
void pack(std::size_t depth, std::size_t columns, const Element& element, T* packed) {
  const std::size_t padded = padded_columns(columns);
  for (std::size_t first = 0; first < padded; first += panel_width) {
    const std::size_t width = std::min(panel_width, padded - first);
    T* panel = packed + first * depth;
    for (std::size_t k = 0; k < depth; ++k) {
      for (std::size_t n = 0; n < width; ++n) {
        panel[k * width + n] = first + n < columns ? static_cast<T>(element(k, first + n)) : T{0};
      }
    }
  }
}
// Packs a matrix in memory, which every training step does with all weights.
template <class T>
void pack(std::size_t depth, std::size_t columns, const Strided<T>& from, T* packed) {
  const std::size_t padded = padded_columns(columns);
  for (std::size_t first = 0; first < padded; first += panel_width) {
    pack_part(from, depth, first, columns, std::min(panel_width, padded - first), packed + first * depth);
  }
}

// See RowsRequest.
template <class T>
struct Rows {
  const T* a;
  std::size_t a_step;
  const std::ptrdiff_t* run_offset;
  std::size_t runs;
  std::size_t run_length;
  const T* b;
  const T* bias;
  T* c;
  std::size_t c_step;
  std::size_t rows;
  std::size_t columns;
  bool accumulate = false;
};

template <class T>
void multiply_rows_plainly(const Rows<T>& call) {
  const std::size_t depth = call.runs * call.run_length;
  for (std::size_t m = 0; m < call.rows; ++m) {
    for (std::size_t n = 0; n < call.columns; ++n) {
      T sum = call.bias != nullptr ? call.bias[n] : T{0};
      for (std::size_t r = 0; r < call.runs; ++r) {
        for (std::size_t k = 0; k < call.run_length; ++k) {
          sum += call.a[static_cast<std::ptrdiff_t>(m * call.a_step + k) + call.run_offset[r]] *
                 call.b[packed_place(depth, call.columns, r * call.run_length + k, n)];
        }
      }
      T& place = call.c[m * call.c_step + n];
      place = call.accumulate ? place + sum : sum;
    }
  }
}

template <class T>
void multiply_rows(const Rows<T>& call) {
  if constexpr (std::is_same_v<T, float>) {
    const RowsRequest request{call.a,    call.a_step, call.run_offset, call.runs, call.run_length, call.b,
                              call.bias, call.c,      call.c_step,     call.rows, call.columns,    call.accumulate};
    matrix_kernels().rows(&request);
  } else {
    multiply_rows_plainly(call);
  }
}

// c = bias + a b for a of rows x depth in C order with row distance a_step, b packed.
template <class T>
void multiply(const T* a, std::size_t a_step, const T* b, const T* bias, T* c, std::size_t c_step, std::size_t rows,
              std::size_t depth, std::size_t columns, bool accumulate = false) {
  const std::ptrdiff_t none = 0;
  multiply_rows<T>({a, a_step, &none, 1, depth, b, bias, c, c_step, rows, columns, accumulate});
}

// See OuterRequest.
template <class T>
struct Outer {
  const T* a;
  std::size_t a_line;
  std::size_t a_step;
  const T* b;
  std::size_t b_line;
  std::size_t b_step;
  T* c;
  std::size_t c_step;
  std::size_t lines;
  std::size_t rows;
  std::size_t count;
  std::size_t columns;
};

template <class T>
void add_outer_plainly(const Outer<T>& call) {
  for (std::size_t line = 0; line < call.lines; ++line) {
    for (std::size_t m = 0; m < call.rows; ++m) {
      const T* left = call.a + line * call.a_line + m * call.a_step;
      const T* right = call.b + line * call.b_line + m * call.b_step;
      for (std::size_t k = 0; k < call.count; ++k) {
        for (std::size_t n = 0; n < call.columns; ++n) call.c[k * call.c_step + n] += left[k] * right[n];
      }
    }
  }
}

template <class T>
void add_outer(const Outer<T>& call) {
  if constexpr (std::is_same_v<T, float>) {
    const OuterRequest request{call.a, call.a_line, call.a_step, call.b,    call.b_line, call.b_step,
                               call.c, call.c_step, call.lines,  call.rows, call.count,  call.columns};
    matrix_kernels().outer(&request);
  } else {
    add_outer_plainly(call);
  }
}

// c += transpose(a) b for rows x count and rows x columns.
template <class T>
void add_transposed_product(const T* a, std::size_t a_step, const T* b, std::size_t b_step, T* c, std::size_t rows,
                            std::size_t count, std::size_t columns) {
  add_outer<T>({a, 0, a_step, b, 0, b_step, c, columns, 1, rows, count, columns});
}

// sums[n] += sum over rows of values.
template <class T>
void add_column_sums(const T* values, std::size_t step, T* sums, std::size_t rows, std::size_t columns) {
  if constexpr (std::is_same_v<T, float>) {
    matrix_kernels().column_sums(values, step, sums, rows, columns);
  } else {
    for (std::size_t m = 0; m < rows; ++m) {
      for (std::size_t n = 0; n < columns; ++n) sums[n] += values[m * step + n];
    }
  }
}

}  // namespace diskern::network::graph

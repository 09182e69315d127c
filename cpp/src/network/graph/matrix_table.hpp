#pragma once
// Products of matrices whose rows overlap or stand apart, one table per instruction set (cmake/isa.cmake): the inner
// loops of dense, convolution and recurrent layers. Nothing but C headers may be included here.

#include <stddef.h>

namespace diskern::network::graph {

// The right factor is kept in panels of 16 columns (the last one has 8 where that is enough), row after row, padded
// with zeros.
constexpr size_t panel_width = 16;

// c[m * c_step + n] = bias[n] + sum over runs r and k < run_length of
//   a[m * a_step + run_offset[r] + k] * b(r * run_length + k, n)   for m < rows, n < columns.
struct RowsRequest {
  const float* a;
  size_t a_step;
  const ptrdiff_t* run_offset;
  size_t runs;
  size_t run_length;
  const float* b;     // packed
  const float* bias;  // padded to a whole panel; null: zero
  float* c;
  size_t c_step;
  size_t rows;
  size_t columns;
  bool accumulate;  // add to c; without bias
};

// c[k * c_step + n] += sum over l < lines, m < rows of
//   a[l * a_line + m * a_step + k] * b[l * b_line + m * b_step + n]   for k < count, n < columns.
// b is read up to 15 elements beyond its last one.
struct OuterRequest {
  const float* a;
  size_t a_line;
  size_t a_step;
  const float* b;
  size_t b_line;
  size_t b_step;
  float* c;
  size_t c_step;
  size_t lines;
  size_t rows;
  size_t count;
  size_t columns;
};

struct MatrixKernels {
  void (*rows)(const RowsRequest* request);
  void (*outer)(const OuterRequest* request);
  // sums[n] += sum over m < rows of values[m * step + n], n < columns.
  void (*column_sums)(const float* values, size_t step, float* sums, size_t rows, size_t columns);
};

}  // namespace diskern::network::graph

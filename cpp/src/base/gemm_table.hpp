#pragma once
// The table of matrix products that every instruction-set unit fills. Nothing but C headers may be included here
// (cmake/isa.cmake).

#include <stddef.h>

namespace diskern {

// C = A B, float32, C being rows x columns and `depth` the length of the sums. Strides count elements. A may lie either
// way round (a_row = 1 for a transposed matrix) since its elements are read one by one; rows of B and C are contiguous.
//
//   forward            Y = X W + bias      a = X (a_column = 1), b = W (inputs x outputs)
//   backward, data     dX = dY W^T         a = dY, b = W transposed beforehand (transpose below)
//   backward, weights  dW = X^T dY         a = X with a_row = 1, a_column = its row stride; b = dY
struct MatrixProduct {
  size_t rows;
  size_t columns;
  size_t depth;
  const float* a;  // A(i, k) = a[i * a_row + k * a_column]
  size_t a_row;
  size_t a_column;
  const float* b;  // B(k, j) = b[k * b_row + j]
  size_t b_row;
  float* c;  // C(i, j) = c[i * c_row + j]; overlaps neither A nor B
  size_t c_row;
  const float* bias;  // one per column, where the sums start; nullptr: at 0
  bool accumulate;    // the sums start at what C holds; bias is not looked at
  bool rectify;       // max(C, 0) at the end; NaN stays
};

struct GemmKernels {
  // Each element is one chain of fused multiply-adds in the order of k: the same bits for every instruction set, and for
  // however rows or columns are cut into several products.
  void (*multiply)(const MatrixProduct& product);
  // to (columns x rows) becomes the transpose of from (rows x columns).
  void (*transpose)(const float* from, size_t from_row, size_t rows, size_t columns, float* to, size_t to_row);
};

}  // namespace diskern

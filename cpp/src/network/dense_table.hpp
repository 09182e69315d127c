#pragma once
// The table of what dense networks need besides matrix products; every instruction-set unit fills it. Nothing but C
// headers may be included here (cmake/isa.cmake).

#include <stddef.h>

namespace diskern::network {

struct DenseKernels {
  // Row i of out becomes (x - shift) * scale of event index[i], or of event i where index is null. shift and scale may
  // be null: x itself. What lies beyond the columns of a row of out is left alone.
  void (*gather)(const float* events, size_t events_row, const size_t* index, size_t rows, size_t columns,
                 const float* shift, const float* scale, float* out, size_t out_row);
  // result[i] = bias + sum over k of rows[i][k] * weights[k], as sixteen sums side by side, folded in halves. width is a
  // multiple of 16.
  void (*dot)(const float* in, size_t in_row, size_t rows, size_t width, const float* weights, float bias,
              float* result);
};

}  // namespace diskern::network

// Compiled once per instruction set (cmake/isa.cmake).
#include "base/vector.hpp"
#include "network/dense_table.hpp"

namespace diskern::DISKERN_ISA_NAMESPACE {

namespace {

// Columns in whole vectors, the last one of them moved back so that it ends with the row.
template <bool Standardise>
void gather_rows(const float* events, size_t events_row, const size_t* index, size_t rows, size_t columns,
                 const float* shift, const float* scale, float* out, size_t out_row) {
  for (size_t i = 0; i < rows; ++i) {
    const float* from = events + (index != nullptr ? index[i] : i) * events_row;
    float* to = out + i * out_row;
    if (columns < lanes) {
      for (size_t j = 0; j < columns; ++j) to[j] = Standardise ? (from[j] - shift[j]) * scale[j] : from[j];
      continue;
    }
    for (size_t begin = 0; begin < columns; begin += lanes) {
      const size_t j = begin + lanes <= columns ? begin : columns - lanes;
      const Floats x = load(from + j);
      store(to + j, Standardise ? (x - load(shift + j)) * load(scale + j) : x);
    }
  }
}

void gather(const float* events, size_t events_row, const size_t* index, size_t rows, size_t columns,
            const float* shift, const float* scale, float* out, size_t out_row) {
  if (index != nullptr) {
    // The rows lie anywhere in memory: all of them are asked for at once.
    constexpr size_t line = 16;
    for (size_t i = 0; i < rows; ++i) {
      const float* from = events + index[i] * events_row;
      for (size_t j = 0; j < columns; j += line) __builtin_prefetch(from + j);
      __builtin_prefetch(from + columns - 1);
    }
  }
  if (scale != nullptr) {
    gather_rows<true>(events, events_row, index, rows, columns, shift, scale, out, out_row);
  } else {
    gather_rows<false>(events, events_row, index, rows, columns, shift, scale, out, out_row);
  }
}

void dot(const float* in, size_t in_row, size_t rows, size_t width, const float* weights, float bias, float* result) {
  constexpr size_t parts = 16 / lanes;
  for (size_t i = 0; i < rows; ++i) {
    const float* x = in + i * in_row;
    Floats sums[parts] = {};
    for (size_t k = 0; k < width; k += 16) {
#pragma GCC unroll 4
      for (size_t p = 0; p < parts; ++p) {
        sums[p] = multiply_add(load(x + k + p * lanes), load(weights + k + p * lanes), sums[p]);
      }
    }
    alignas(64) float folded[16];
    for (size_t p = 0; p < parts; ++p) store(folded + p * lanes, sums[p]);
    for (size_t half = 8; half > 0; half /= 2) {
      for (size_t j = 0; j < half; ++j) folded[j] += folded[j + half];
    }
    result[i] = bias + folded[0];
  }
}

}  // namespace

extern const network::DenseKernels dense_kernels;
const network::DenseKernels dense_kernels = {gather, dot};

}  // namespace diskern::DISKERN_ISA_NAMESPACE

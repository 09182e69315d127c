#pragma once
// The table of mixture kernels that every instruction-set unit fills. Nothing but C headers may be included here
// (cmake/isa.cmake).

#include <stddef.h>

namespace diskern {

constexpr size_t mixture_block = 128;  // points of a block, one dimension after the other
constexpr size_t mixture_lanes = 8;    // sums side by side, whatever the registers are, so that results do not differ

// What add sums up, mixture_lanes of each: the responsibilities, times the differences, times their squares (diagonal)
// or times the lower triangle of their products, row after row.
static constexpr size_t mixture_sums(size_t dimensions, bool products) {
  return 1 + dimensions + (products ? dimensions * (dimensions + 1) / 2 : dimensions);
}

// Blocks are [dimension][mixture_block]; `count` a multiple of mixture_lanes. Sums over the dimensions run upwards.
struct MixtureKernels {
  // |(x - mean) factor|^2: factor upper triangular, C order. scratch: 2 * mixture_lanes * dimensions.
  void (*squares)(const double* block, size_t count, size_t dimensions, const double* mean, const double* factor,
                  double* scratch, double* square);
  // The same for a diagonal factor.
  void (*diagonal_squares)(const double* block, size_t count, size_t dimensions, const double* mean,
                           const double* factor, double* square);
  // Logarithms of densities [component][mixture_block] become responsibilities; norm: the logarithm of their sum.
  void (*normalise)(double* densities, size_t components, size_t count, double* norm);
  // Adds the sums of one component over the block about `about`. scratch as above.
  void (*add)(const double* block, size_t count, size_t dimensions, const double* about, const double* responsibility,
              double* scratch, double* sums);
  void (*diagonal_add)(const double* block, size_t count, size_t dimensions, const double* about,
                       const double* responsibility, double* sums);
};

}  // namespace diskern

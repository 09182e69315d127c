#pragma once
// The table of optimizer steps over arrays that every instruction-set unit fills. Nothing but C headers and headers of
// always-inlined functions may be included here (cmake/isa.cmake).

#include <stddef.h>

#include "network/optimizer_functions.hpp"

namespace diskern::network {

struct OptimizerKernels {
  // Moves `count` weights. first and second are the state; one that the kind lacks (optimizer_has_first, _second) may be
  // null.
  void (*step)(OptimizerKind kind, const OptimizerStep<float>& step, const float* gradient, float* weights,
               float* first, float* second, size_t count);
  // sum[i] += part[i]
  void (*add)(const float* part, float* sum, size_t count);
  // The sum of squares, in float64 and in one fixed shape.
  double (*sum_of_squares)(const float* values, size_t count);
  // mean[i] += fraction * (value[i] - mean[i])
  void (*blend)(const float* value, float fraction, float* mean, size_t count);
};

}  // namespace diskern::network

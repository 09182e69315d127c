#pragma once
// The table that every instruction-set unit fills. Nothing but C headers may be included here (cmake/isa.cmake).

#include <stddef.h>

namespace diskern {

// out[i] = f(in[i]) for i < count; in and out are the same array or do not overlap.
using FloatKernel = void (*)(const float* in, float* out, size_t count);
using DoubleKernel = void (*)(const double* in, double* out, size_t count);

struct ElementwiseKernels {
  FloatKernel exp_float;
  FloatKernel log_float;
  FloatKernel tanh_float;
  FloatKernel sigmoid_float;
  FloatKernel softplus_float;
  DoubleKernel exp_double;
  DoubleKernel log_double;
  DoubleKernel tanh_double;
  DoubleKernel sigmoid_double;
  DoubleKernel softplus_double;
};

}  // namespace diskern

#pragma once
// The table of activation functions over arrays that every instruction-set unit fills. Nothing but C headers and headers
// of always-inlined functions may be included here (cmake/isa.cmake).

#include <stddef.h>

#include "network/activation_kind.hpp"

namespace diskern::network {

struct ActivationKernels {
  // y[i] = f(x[i]); x and y are the same array or do not overlap.
  void (*forward)(Activation activation, const float* x, float* y, size_t count);
  // delta[i] *= f'(x[i]) where y[i] = f(x[i]). x is looked at where activation_needs_input says so, else it may be null.
  void (*backward)(Activation activation, const float* x, const float* y, float* delta, size_t count);
};

}  // namespace diskern::network

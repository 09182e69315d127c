#pragma once
// The table of what training event by event needs; every instruction-set unit fills it. Nothing but C headers and headers
// of always-inlined functions may be included here (cmake/isa.cmake).

#include <stddef.h>

#include "network/activation_kind.hpp"

namespace diskern::network {

// A layer of sums. Rows are padded to a multiple of 8 with zeros, which stay zero.
struct SequentialLayer {
  size_t inputs;
  size_t outputs;
  size_t row;        // padded outputs
  size_t input_row;  // padded inputs
  Activation activation;
  double* weights;     // inputs x row
  double* transposed;  // the same again, outputs x input_row; null in the first layer, which passes nothing back
  double* biases;      // row
  double* sums;        // row
  double* outputs_of;  // row: the activations
  double* deltas;      // row
};

struct SequentialKernels {
  // From `in` to layer.outputs_of. Every sum is made in the order of its inputs, the bias last: TMVA's order.
  void (*forward)(const SequentialLayer& layer, const double* in);
  // Sets the deltas of `before` from those of `layer`, in the order of the outputs.
  void (*backward)(const SequentialLayer& layer, const SequentialLayer& before);
  // Moves the weights against the gradient.
  void (*step)(const SequentialLayer& layer, const double* in, double learning_rate);
};

}  // namespace diskern::network

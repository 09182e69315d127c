// Compiled once per instruction set (cmake/isa.cmake): one event through a layer and back, in float64. Outputs lie side by
// side, so that the sum of each runs in the order of TMVA and the weights keep the bits of the plain loops.
#include "network/activation_functions.hpp"
#include "network/sequential_table.hpp"

namespace diskern::DISKERN_ISA_NAMESPACE {

using network::Activation;
using network::SequentialLayer;

namespace {

constexpr size_t group = 8;

// Sums of `rows` rows of a matrix, each times its factor, for `Groups` groups of columns.
template <size_t Groups>
inline __attribute__((always_inline)) void sum_rows(const double* matrix, size_t row, const double* factors,
                                                    size_t rows, const double* last, double* result) {
  double sums[Groups * group] = {};
  for (size_t i = 0; i < rows; ++i, matrix += row) {
    const double factor = factors[i];
    for (size_t o = 0; o < Groups * group; ++o) sums[o] += matrix[o] * factor;
  }
  for (size_t o = 0; o < Groups * group; ++o) result[o] = last != nullptr ? sums[o] + last[o] : sums[o];
}

void sum_all(const double* matrix, size_t row, const double* factors, size_t rows, const double* last, double* result) {
  size_t o = 0;
  for (; o + 4 * group <= row; o += 4 * group) {
    sum_rows<4>(matrix + o, row, factors, rows, last != nullptr ? last + o : nullptr, result + o);
  }
  for (; o < row; o += group) {
    sum_rows<1>(matrix + o, row, factors, rows, last != nullptr ? last + o : nullptr, result + o);
  }
}

// network/activation.hpp has the same for one number.
inline __attribute__((always_inline)) double tmva_tanh(double x) {
  const float q = static_cast<float>(x * x);
  const float numerator = static_cast<float>(x * static_cast<double>(135135.0F + q * (17325.0F + q * (378.0F + q))));
  const float denominator = 135135.0F + q * (62370.0F + q * (3150.0F + q * 28.0F));
  return static_cast<double>(numerator / denominator);
}

void forward(const SequentialLayer& layer, const double* in) {
  sum_all(layer.weights, layer.row, in, layer.inputs, layer.biases, layer.sums);
  const double* x = layer.sums;
  double* y = layer.outputs_of;
  const size_t n = layer.row;
  if (layer.activation == Activation::tmva_tanh) {
    for (size_t o = 0; o < n; ++o) y[o] = tmva_tanh(x[o]);
  } else {
    network::with_activation(layer.activation, [=](auto tag) {
      for (size_t o = 0; o < n; ++o) y[o] = network::activation_value<decltype(tag)::value>(x[o]);
    });
  }
  for (size_t o = layer.outputs; o < n; ++o) y[o] = 0.0;
}

void backward(const SequentialLayer& layer, const SequentialLayer& before) {
  sum_all(layer.transposed, layer.input_row, layer.deltas, layer.outputs, nullptr, before.deltas);
  const double* x = before.sums;
  const double* y = before.outputs_of;
  double* delta = before.deltas;
  const size_t n = before.row;
  if (before.activation == Activation::tmva_tanh) {
    for (size_t o = 0; o < n; ++o) delta[o] *= 1.0 - y[o] * y[o];
    return;
  }
  network::with_activation(before.activation, [=](auto tag) {
    for (size_t o = 0; o < n; ++o) delta[o] *= network::activation_slope<decltype(tag)::value>(x[o], y[o]);
  });
}

inline __attribute__((always_inline)) void move_rows(double* matrix, size_t row, const double* factors, size_t rows,
                                                     const double* deltas, double learning_rate) {
  for (size_t i = 0; i < rows; ++i, matrix += row) {
    const double factor = factors[i];
    for (size_t o = 0; o < row; o += group) {
      for (size_t e = 0; e < group; ++e) matrix[o + e] += -learning_rate * (deltas[o + e] * factor);
    }
  }
}

void step(const SequentialLayer& layer, const double* in, double learning_rate) {
  move_rows(layer.weights, layer.row, in, layer.inputs, layer.deltas, learning_rate);
  if (layer.transposed != nullptr) {
    move_rows(layer.transposed, layer.input_row, layer.deltas, layer.outputs, in, learning_rate);
  }
  for (size_t o = 0; o < layer.row; ++o) layer.biases[o] += -learning_rate * layer.deltas[o];
}

}  // namespace

extern const network::SequentialKernels sequential_kernels;
const network::SequentialKernels sequential_kernels = {forward, backward, step};

}  // namespace diskern::DISKERN_ISA_NAMESPACE

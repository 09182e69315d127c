#include "network/dense_forward.hpp"

#include <algorithm>

namespace diskern::network {

DenseLayout::DenseLayout(const Shape& shape) {
  for (const LayerShape& from : shape.layers) {
    const bool last = layers.size() + 1 == shape.layers.size();
    DenseFloatLayer layer;
    layer.inputs = from.n_inputs;
    layer.outputs = from.n_outputs;
    layer.input_row = padded(from.n_inputs);
    layer.output_row = last && from.n_outputs == 1 ? 1 : padded(from.n_outputs);
    layer.activation = from.activation;
    layer.weights = parameters;
    layer.biases = parameters + (layer.output_row == 1 ? layer.input_row : layer.inputs * layer.output_row);
    parameters = layer.biases + padded(layer.output_row);
    layer.transposed = transposed;
    // The first layer passes nothing back, and one output is its own transpose.
    if (!layers.empty() && layer.output_row != 1) transposed += layer.outputs * layer.input_row;
    operations += layer.inputs * layer.outputs;
    layers.push_back(layer);
  }
}

void DenseLayout::to_float(const Shape& shape, const double* from, float* to) const {
  std::fill_n(to, parameters, 0.0F);
  for (std::size_t l = 0; l < layers.size(); ++l) {
    const DenseFloatLayer& layer = layers[l];
    const LayerShape& given = shape.layers[l];
    for (std::size_t o = 0; o < layer.outputs; ++o) {
      for (std::size_t i = 0; i < layer.inputs; ++i) {
        to[layer.weights + (layer.output_row == 1 ? i : i * layer.output_row + o)] =
            static_cast<float>(from[given.weights + o * layer.inputs + i]);
      }
      to[layer.biases + o] = static_cast<float>(from[given.biases + o]);
    }
  }
}

void DenseLayout::to_double(const Shape& shape, const float* from, double* to) const {
  for (std::size_t l = 0; l < layers.size(); ++l) {
    const DenseFloatLayer& layer = layers[l];
    const LayerShape& given = shape.layers[l];
    for (std::size_t o = 0; o < layer.outputs; ++o) {
      for (std::size_t i = 0; i < layer.inputs; ++i) {
        to[given.weights + o * layer.inputs + i] =
            static_cast<double>(from[layer.weights + (layer.output_row == 1 ? i : i * layer.output_row + o)]);
      }
      to[given.biases + o] = static_cast<double>(from[layer.biases + o]);
    }
  }
}

DenseTables::DenseTables()
    : gemm(&gemm_kernels()), activation(&activation_kernels()), dense(&network::dense_kernels()) {}
DenseTables::DenseTables(InstructionSet level)
    : gemm(&gemm_kernels(level)), activation(&activation_kernels(level)), dense(&network::dense_kernels(level)) {}

void DenseBuffers::prepare(const DenseLayout& layout, std::size_t rows, bool with_gradient) {
  std::vector<std::size_t> wanted = {rows, with_gradient ? std::size_t{1} : std::size_t{0}};
  std::size_t widest = 0;
  for (const DenseFloatLayer& layer : layout.layers) {
    wanted.push_back(layer.input_row);
    wanted.push_back(layer.output_row);
    wanted.push_back(with_gradient && activation_needs_input(layer.activation) ? 1 : 0);
    widest = std::max({widest, layer.input_row, layer.output_row});
  }
  if (wanted == shape_) return;
  shape_ = wanted;
  const auto size_of = [rows](std::size_t row) { return padded(rows * row); };
  std::size_t size = size_of(layout.layers.front().input_row) + (with_gradient ? 2 * size_of(widest) : 0);
  for (const DenseFloatLayer& layer : layout.layers) {
    const bool apart = with_gradient && activation_needs_input(layer.activation);
    size += (apart ? 2 : 1) * size_of(layer.output_row);
  }
  storage_.assign(size, 0.0F);
  activations_.clear();
  sums_.clear();
  float* next = storage_.data();
  const auto take = [&](std::size_t row) {
    float* taken = next;
    next += size_of(row);
    return taken;
  };
  activations_.push_back(take(layout.layers.front().input_row));
  for (const DenseFloatLayer& layer : layout.layers) {
    activations_.push_back(take(layer.output_row));
    const bool apart = with_gradient && activation_needs_input(layer.activation);
    sums_.push_back(apart ? take(layer.output_row) : activations_.back());
  }
  if (with_gradient) {
    for (float*& deltas : deltas_) deltas = take(widest);
  }
}

void dense_forward_layer(const DenseTables& tables, const DenseFloatLayer& layer, std::size_t l,
                         const float* parameters, std::size_t rows, DenseBuffers& buffers, bool activate) {
  const float* in = buffers.activation(l);
  float* sums = buffers.sums(l);
  const bool rectify = activate && layer.activation == Activation::relu;
  if (layer.output_row == 1) {
    tables.dense->dot(in, layer.input_row, rows, layer.input_row, parameters + layer.weights, parameters[layer.biases],
                      sums);
  } else {
    tables.gemm->multiply({rows, layer.output_row, layer.inputs, in, layer.input_row, 1, parameters + layer.weights,
                           layer.output_row, sums, layer.output_row, parameters + layer.biases, false, rectify});
  }
  if (activate && (!rectify || layer.output_row == 1)) {
    tables.activation->forward(layer.activation, sums, buffers.activation(l + 1), rows * layer.output_row);
  }
}

void dense_forward(const DenseTables& tables, const DenseLayout& layout, const float* parameters, std::size_t rows,
                   DenseBuffers& buffers, bool activate_last) {
  for (std::size_t l = 0; l < layout.layers.size(); ++l) {
    const bool active = l + 1 < layout.layers.size() || activate_last;
    dense_forward_layer(tables, layout.layers[l], l, parameters, rows, buffers, active);
  }
}

}  // namespace diskern::network

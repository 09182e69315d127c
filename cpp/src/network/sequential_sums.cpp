#include "network/sequential_sums.hpp"

namespace diskern::network {

namespace {

constexpr std::size_t padded_to_eight(std::size_t n) noexcept { return (n + 7) / 8 * 8; }

}  // namespace

SequentialSums::SequentialSums(const Shape& shape) : shape_(shape), kernels_(sequential_kernels()) {
  std::size_t size = padded_to_eight(shape.n_inputs());
  for (const LayerShape& layer : shape.layers) {
    const std::size_t row = padded_to_eight(layer.n_outputs);
    size += layer.n_inputs * row + layer.n_outputs * padded_to_eight(layer.n_inputs) + 4 * row;
  }
  storage_.assign(size, 0.0);
  double* next = storage_.data();
  const auto take = [&](std::size_t count) {
    double* taken = next;
    next += count;
    return taken;
  };
  inputs_ = take(padded_to_eight(shape.n_inputs()));
  for (const LayerShape& from : shape.layers) {
    SequentialLayer layer{};
    layer.inputs = from.n_inputs;
    layer.outputs = from.n_outputs;
    layer.row = padded_to_eight(from.n_outputs);
    layer.input_row = padded_to_eight(from.n_inputs);
    layer.activation = from.activation;
    layer.weights = take(layer.inputs * layer.row);
    layer.transposed = layers_.empty() ? nullptr : take(layer.outputs * layer.input_row);
    layer.biases = take(layer.row);
    layer.sums = take(layer.row);
    layer.outputs_of = take(layer.row);
    layer.deltas = take(layer.row);
    layers_.push_back(layer);
  }
}

void SequentialSums::take(const std::vector<double>& parameters) {
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    const LayerShape& from = shape_.layers[l];
    const SequentialLayer& layer = layers_[l];
    for (std::size_t o = 0; o < layer.outputs; ++o) {
      for (std::size_t i = 0; i < layer.inputs; ++i) {
        const double weight = parameters[from.weights + o * layer.inputs + i];
        layer.weights[i * layer.row + o] = weight;
        if (layer.transposed != nullptr) layer.transposed[o * layer.input_row + i] = weight;
      }
      layer.biases[o] = parameters[from.biases + o];
    }
  }
}

void SequentialSums::give(std::vector<double>& parameters) const {
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    const LayerShape& to = shape_.layers[l];
    const SequentialLayer& layer = layers_[l];
    for (std::size_t o = 0; o < layer.outputs; ++o) {
      for (std::size_t i = 0; i < layer.inputs; ++i) {
        parameters[to.weights + o * layer.inputs + i] = layer.weights[i * layer.row + o];
      }
      parameters[to.biases + o] = layer.biases[o];
    }
  }
}

void SequentialSums::forward(const Events& events, std::size_t i) {
  for (std::size_t j = 0; j < shape_.n_inputs(); ++j) inputs_[j] = events.variable(i, j);
  const double* in = inputs_;
  for (const SequentialLayer& layer : layers_) {
    kernels_.forward(layer, in);
    in = layer.outputs_of;
  }
}

void SequentialSums::update(double learning_rate) {
  // All deltas are known before any weight moves.
  for (std::size_t l = layers_.size(); l-- > 1;) kernels_.backward(layers_[l], layers_[l - 1]);
  const double* in = inputs_;
  for (const SequentialLayer& layer : layers_) {
    kernels_.step(layer, in, learning_rate);
    in = layer.outputs_of;
  }
}

}  // namespace diskern::network

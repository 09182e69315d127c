#pragma once
// The weights of a network in one vector: what optimizers see.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "network/network.hpp"

namespace diskern::network {

struct LayerShape {
  std::size_t n_inputs = 0;
  std::size_t n_outputs = 0;
  std::size_t weights = 0;  // offset of n_outputs x n_inputs weights, C order
  std::size_t biases = 0;   // offset of n_outputs biases
  Activation activation = Activation::linear;
  InputFunction input_function = InputFunction::sum;
};

struct Shape {
  std::vector<LayerShape> layers;
  std::size_t parameters = 0;

  std::size_t n_inputs() const noexcept { return layers.front().n_inputs; }
  std::size_t n_outputs() const noexcept { return layers.back().n_outputs; }
  std::size_t largest_width() const noexcept {
    std::size_t width = n_inputs();
    for (const LayerShape& layer : layers) width = layer.n_outputs > width ? layer.n_outputs : width;
    return width;
  }
};

// Hidden layers share activation and input function; so does the input function of the output layer.
inline Shape make_shape(std::size_t n_inputs, const std::vector<std::int32_t>& hidden, std::size_t n_outputs,
                        Activation activation, Activation output_activation, InputFunction input_function) {
  Shape shape;
  std::size_t previous = n_inputs;
  for (std::size_t l = 0; l <= hidden.size(); ++l) {
    const bool last = l == hidden.size();
    LayerShape layer;
    layer.n_inputs = previous;
    layer.n_outputs = last ? n_outputs : static_cast<std::size_t>(hidden[l]);
    layer.weights = shape.parameters;
    layer.biases = layer.weights + layer.n_inputs * layer.n_outputs;
    layer.activation = last ? output_activation : activation;
    layer.input_function = input_function;
    shape.parameters = layer.biases + layer.n_outputs;
    shape.layers.push_back(layer);
    previous = layer.n_outputs;
  }
  return shape;
}

inline Network to_network(const Shape& shape, const std::vector<double>& parameters, Output output) {
  Network network;
  network.output = output;
  for (const LayerShape& one : shape.layers) {
    DenseLayer layer;
    layer.n_inputs = static_cast<std::int32_t>(one.n_inputs);
    layer.n_outputs = static_cast<std::int32_t>(one.n_outputs);
    const auto begin = parameters.begin();
    layer.weights.assign(begin + static_cast<std::ptrdiff_t>(one.weights),
                         begin + static_cast<std::ptrdiff_t>(one.biases));
    layer.biases.assign(begin + static_cast<std::ptrdiff_t>(one.biases),
                        begin + static_cast<std::ptrdiff_t>(one.biases + one.n_outputs));
    layer.activation = one.activation;
    layer.input_function = one.input_function;
    network.layers.push_back(layer);
  }
  return network;
}

}  // namespace diskern::network

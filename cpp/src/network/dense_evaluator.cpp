#include "network/dense_evaluator.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/executor.hpp"
#include "base/maths.hpp"

namespace diskern::network {

namespace {

Shape shape_of(const Network& network) {
  Shape shape;
  for (const DenseLayer& from : network.layers) {
    LayerShape layer;
    layer.n_inputs = static_cast<std::size_t>(from.n_inputs);
    layer.n_outputs = static_cast<std::size_t>(from.n_outputs);
    layer.weights = shape.parameters;
    layer.biases = layer.weights + from.weights.size();
    layer.activation = from.activation;
    shape.parameters = layer.biases + from.biases.size();
    shape.layers.push_back(layer);
  }
  return shape;
}

std::vector<double> parameters_of(const Network& network) {
  std::vector<double> parameters;
  for (const DenseLayer& layer : network.layers) {
    parameters.insert(parameters.end(), layer.weights.begin(), layer.weights.end());
    parameters.insert(parameters.end(), layer.biases.begin(), layer.biases.end());
  }
  return parameters;
}

}  // namespace

DenseEvaluator::DenseEvaluator(const Network& network)
    : layout_(shape_of(network)), softmax_(network.output == Output::softmax), parameters_(layout_.parameters) {
  layout_.to_float(shape_of(network), parameters_of(network).data(), parameters_.data());
  for (const double value : network.input_shift) shift_.push_back(static_cast<float>(value));
  for (const double value : network.input_scale) scale_.push_back(static_cast<float>(value));
}

void DenseEvaluator::respond(const float* outputs, double* responses, std::size_t stride) const noexcept {
  const std::size_t n = layout_.layers.back().outputs;
  if (!softmax_) {
    for (std::size_t k = 0; k < n; ++k) responses[k * stride] = static_cast<double>(outputs[k]);
    return;
  }
  float largest = outputs[0];
  for (std::size_t k = 1; k < n; ++k) largest = outputs[k] > largest ? outputs[k] : largest;
  double sum = 0.0;
  for (std::size_t k = 0; k < n; ++k) {
    const double share = maths::exp(static_cast<double>(outputs[k]) - static_cast<double>(largest));
    responses[k * stride] = share;
    sum += share;
  }
  for (std::size_t k = 0; k < n; ++k) responses[k * stride] /= sum;
}

void DenseEvaluator::evaluate_one_in(const float* variables, double* responses, float* current,
                                     float* next) const noexcept {
  const DenseFloatLayer& first = layout_.layers.front();
  tables_.dense->gather(variables, 0, nullptr, 1, first.inputs, shift_.empty() ? nullptr : shift_.data(),
                        scale_.empty() ? nullptr : scale_.data(), current, first.input_row);
  for (std::size_t i = first.inputs; i < first.input_row; ++i) current[i] = 0.0F;
  for (const DenseFloatLayer& layer : layout_.layers) {
    const float* weights = parameters_.data() + layer.weights;
    if (layer.output_row == 1) {
      tables_.dense->dot(current, layer.input_row, 1, layer.input_row, weights, parameters_[layer.biases], next);
    } else {
      tables_.gemm->multiply({1, layer.output_row, layer.inputs, current, layer.input_row, 1, weights,
                              layer.output_row, next, layer.output_row, parameters_.data() + layer.biases, false,
                              false});
    }
    tables_.activation->forward(layer.activation, next, next, layer.output_row);
    std::swap(current, next);
  }
  respond(current, responses, 1);
}

void DenseEvaluator::evaluate(const Context& context, View<const float, 2> events, View<double, 2> responses) const {
  constexpr std::size_t block_rows = 96;
  constexpr std::size_t chunk_size = 16 * block_rows;
  const DenseFloatLayer& first = layout_.layers.front();
  const std::size_t n = events.rows();
  const bool beside = events.strides()[1] == 1 && events.strides()[0] >= 0;
  parallel_for(
      context, chunk_count(n, chunk_size),
      [&](std::size_t chunk) {
        thread_local DenseBuffers buffers;
        buffers.prepare(layout_, block_rows, false);
        const Range range = chunk_range(n, chunk_size, chunk);
        for (std::size_t begin = range.begin; begin < range.end; begin += block_rows) {
          const std::size_t rows = std::min(block_rows, range.end - begin);
          if (beside) {
            tables_.dense->gather(&events(begin, 0), static_cast<std::size_t>(events.strides()[0]), nullptr, rows,
                                  first.inputs, shift_.empty() ? nullptr : shift_.data(),
                                  scale_.empty() ? nullptr : scale_.data(), buffers.inputs(), first.input_row);
          } else {
            for (std::size_t i = 0; i < rows; ++i) {
              for (std::size_t j = 0; j < first.inputs; ++j) {
                const float x = events(begin + i, j);
                buffers.inputs()[i * first.input_row + j] = shift_.empty() ? x : (x - shift_[j]) * scale_[j];
              }
            }
          }
          dense_forward(tables_, layout_, parameters_.data(), rows, buffers, true);
          const float* outputs = buffers.activation(layout_.layers.size());
          const std::size_t row = layout_.layers.back().output_row;
          const auto stride = static_cast<std::size_t>(responses.strides()[1]);
          for (std::size_t i = 0; i < rows; ++i) respond(outputs + i * row, &responses(begin + i, 0), stride);
        }
      },
      static_cast<double>(n) * static_cast<double>(layout_.operations) / 50.0);
}

}  // namespace diskern::network

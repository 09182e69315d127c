#include "network/network.hpp"

#include <cmath>
#include <cstddef>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "base/archive.hpp"
#include "diskern/error.hpp"
#include "network/activation.hpp"
#include "network/dense_evaluator.hpp"

namespace diskern::network {

namespace {

// Layout 2 has the arithmetic, and shift and scale of the inputs; networks that need neither are written as 1.
constexpr std::int64_t layout_version = 2;
constexpr std::size_t narrow = 1024;
constexpr std::size_t maximum_layers = 4096;

[[noreturn]] void refuse(std::size_t layer, const std::string& what) {
  throw FormatError("network: layer " + std::to_string(layer) + ": " + what);
}

void check_finite(const std::vector<double>& values, std::size_t layer, const char* name) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) {
      refuse(layer, std::string(name) + " " + std::to_string(i) + " is " + std::to_string(values[i]) +
                        ", expected a finite number");
    }
  }
}

// The weighted inputs of one neuron, combined in the order of the inputs with the bias last (TMVA's bias neuron is the
// last one of its layer).
double combine(InputFunction function, const double* weights, const double* inputs, std::size_t n,
               double bias) noexcept {
  double sum = 0.0;
  switch (function) {
    case InputFunction::sum:
      for (std::size_t i = 0; i < n; ++i) sum += weights[i] * inputs[i];
      return sum + bias;
    case InputFunction::sum_of_squares:
      for (std::size_t i = 0; i < n; ++i) {
        const double value = weights[i] * inputs[i];
        sum += value * value;
      }
      return sum + bias * bias;
    case InputFunction::sum_of_absolutes:
      for (std::size_t i = 0; i < n; ++i) sum += std::abs(weights[i] * inputs[i]);
      return sum + std::abs(bias);
  }
  return sum;
}

// In place. 1 / (1 + sum of exp(y_j - y_i)) is TMVA's form; a large difference gives exp = inf and so 0.
void softmax(const double* values, std::size_t n, double* result) noexcept {
  for (std::size_t i = 0; i < n; ++i) {
    double others = 0.0;
    for (std::size_t j = 0; j < n; ++j) {
      if (j != i) others += std::exp(values[j] - values[i]);
    }
    result[i] = 1.0 / (1.0 + others);
  }
}

std::size_t largest_width(const Network& network) noexcept {
  std::int32_t width = network.layers.front().n_inputs;
  for (const DenseLayer& layer : network.layers) width = layer.n_outputs > width ? layer.n_outputs : width;
  return static_cast<std::size_t>(width);
}

// scratch holds two rows of `width` values.
void evaluate_layers(const Network& network, const float* variables, double* responses, double* scratch,
                     std::size_t width) noexcept {
  double* current = scratch;
  double* next = scratch + width;
  const std::size_t n_inputs = static_cast<std::size_t>(network.layers.front().n_inputs);
  for (std::size_t j = 0; j < n_inputs; ++j) {
    const double x = static_cast<double>(variables[j]);
    current[j] = network.input_shift.empty() ? x : (x - network.input_shift[j]) * network.input_scale[j];
  }
  for (const DenseLayer& layer : network.layers) {
    const std::size_t n = static_cast<std::size_t>(layer.n_inputs);
    const double* weights = layer.weights.data();
    for (std::size_t o = 0; o < static_cast<std::size_t>(layer.n_outputs); ++o, weights += n) {
      next[o] = activate(layer.activation, combine(layer.input_function, weights, current, n, layer.biases[o]));
    }
    std::swap(current, next);
  }
  const std::size_t n_outputs = static_cast<std::size_t>(network.layers.back().n_outputs);
  if (network.output == Output::softmax) {
    softmax(current, n_outputs, responses);
  } else {
    for (std::size_t k = 0; k < n_outputs; ++k) responses[k] = current[k];
  }
}

// A function of its own, so that a narrow network never asks for the stack of a wide one.
template <std::size_t most>
[[gnu::noinline]] void evaluate_on_stack(const Network& network, const float* variables, double* responses,
                                         std::size_t width) noexcept {
  double scratch[2 * most];  // NOLINT(modernize-avoid-c-arrays): left uninitialised on purpose
  evaluate_layers(network, variables, responses, scratch, width);
}

}  // namespace

void validate(const Network& network) {
  if (network.layers.empty()) throw FormatError("network: no layers, expected 1 or more");
  if (network.layers.size() > maximum_layers) {
    throw FormatError("network: " + std::to_string(network.layers.size()) + " layers, expected at most " +
                      std::to_string(maximum_layers));
  }
  if (network.output != Output::identity && network.output != Output::softmax) {
    throw FormatError("network: unknown output function " + std::to_string(static_cast<int>(network.output)));
  }
  for (std::size_t l = 0; l < network.layers.size(); ++l) {
    const DenseLayer& layer = network.layers[l];
    if (layer.n_inputs < 1 || layer.n_inputs > maximum_width) {
      refuse(l, std::to_string(layer.n_inputs) + " inputs, expected 1 to " + std::to_string(maximum_width));
    }
    if (layer.n_outputs < 1 || layer.n_outputs > maximum_width) {
      refuse(l, std::to_string(layer.n_outputs) + " outputs, expected 1 to " + std::to_string(maximum_width));
    }
    if (l > 0 && layer.n_inputs != network.layers[l - 1].n_outputs) {
      refuse(l, std::to_string(layer.n_inputs) + " inputs, but the layer before has " +
                    std::to_string(network.layers[l - 1].n_outputs) + " outputs");
    }
    const std::size_t expected = static_cast<std::size_t>(layer.n_inputs) * static_cast<std::size_t>(layer.n_outputs);
    if (layer.weights.size() != expected) {
      refuse(l, std::to_string(layer.weights.size()) + " weights, expected " + std::to_string(layer.n_outputs) + " x " +
                    std::to_string(layer.n_inputs));
    }
    if (layer.biases.size() != static_cast<std::size_t>(layer.n_outputs)) {
      refuse(l, std::to_string(layer.biases.size()) + " biases, expected " + std::to_string(layer.n_outputs));
    }
    if (static_cast<int>(layer.activation) > static_cast<int>(last_activation)) {
      refuse(l, "unknown activation " + std::to_string(static_cast<int>(layer.activation)));
    }
    if (static_cast<int>(layer.input_function) > static_cast<int>(InputFunction::sum_of_absolutes)) {
      refuse(l, "unknown input function " + std::to_string(static_cast<int>(layer.input_function)));
    }
    check_finite(layer.weights, l, "weight");
    check_finite(layer.biases, l, "bias");
    if (network.arithmetic == Arithmetic::float32 &&
        (layer.input_function != InputFunction::sum || layer.activation == Activation::tmva_tanh)) {
      refuse(l, "sums of squares or of absolute values, and tmva_tanh, need the arithmetic float64");
    }
  }
  if (network.arithmetic != Arithmetic::float64 && network.arithmetic != Arithmetic::float32) {
    throw FormatError("network: unknown arithmetic " + std::to_string(static_cast<int>(network.arithmetic)));
  }
  const std::size_t n_inputs = static_cast<std::size_t>(network.layers.front().n_inputs);
  if (network.input_shift.size() != network.input_scale.size() ||
      (!network.input_shift.empty() && network.input_shift.size() != n_inputs)) {
    throw FormatError("network: " + std::to_string(network.input_shift.size()) + " shifts and " +
                      std::to_string(network.input_scale.size()) + " scales of the inputs, expected none or " +
                      std::to_string(n_inputs));
  }
  check_finite(network.input_shift, 0, "shift of input");
  check_finite(network.input_scale, 0, "scale of input");
}

Network with_folded_inputs(const Network& network) {
  Network folded = network;
  folded.arithmetic = Arithmetic::float64;
  folded.input_shift.clear();
  folded.input_scale.clear();
  DenseLayer& layer = folded.layers.front();
  const std::size_t n = network.input_shift.size();
  if (n > 0 && layer.input_function != InputFunction::sum) {
    throw FormatError("network: shift and scale of the inputs can only become part of a layer of sums");
  }
  for (std::size_t o = 0; n > 0 && o < layer.biases.size(); ++o) {
    for (std::size_t j = 0; j < n; ++j) {
      double& weight = layer.weights[o * n + j];
      weight *= network.input_scale[j];
      layer.biases[o] -= weight * network.input_shift[j];
    }
  }
  return folded;
}

NetworkPredictor::NetworkPredictor(Network network) : network_(std::move(network)) {
  validate(network_);
  width_ = largest_width(network_);
  if (network_.arithmetic == Arithmetic::float32) in_float_ = std::make_shared<const DenseEvaluator>(network_);
}

std::size_t NetworkPredictor::input_count() const noexcept {
  return static_cast<std::size_t>(network_.layers.front().n_inputs);
}

std::size_t NetworkPredictor::output_count() const noexcept {
  return static_cast<std::size_t>(network_.layers.back().n_outputs);
}

void NetworkPredictor::evaluate(const float* variables, double* responses) const noexcept {
  if (in_float_ != nullptr) {
    if (width_ <= narrow) {
      in_float_->evaluate_one<narrow>(variables, responses);
    } else {
      in_float_->evaluate_one<static_cast<std::size_t>(maximum_width)>(variables, responses);
    }
  } else if (width_ <= narrow) {
    evaluate_on_stack<narrow>(network_, variables, responses, width_);
  } else {
    evaluate_on_stack<static_cast<std::size_t>(maximum_width)>(network_, variables, responses, width_);
  }
}

void NetworkPredictor::evaluate(const Context& context, View<const float, 2> events, View<double, 2> responses) const {
  if (in_float_ != nullptr) {
    in_float_->evaluate(context, events, responses);
  } else {
    Predictor::evaluate(context, events, responses);
  }
}

void NetworkPredictor::write(archive::Group& group) const {
  const bool plain = network_.arithmetic == Arithmetic::float64 && network_.input_shift.empty();
  group.set("layout", plain ? std::int64_t{1} : layout_version);
  if (!plain) {
    group.set("arithmetic", static_cast<std::int64_t>(network_.arithmetic));
    group.set("input_shift", network_.input_shift);
    group.set("input_scale", network_.input_scale);
  }
  group.set("output", static_cast<std::int64_t>(network_.output));
  for (const DenseLayer& layer : network_.layers) {
    archive::Group& child = group.append("layers");
    child.set("n_inputs", static_cast<std::int64_t>(layer.n_inputs));
    child.set("n_outputs", static_cast<std::int64_t>(layer.n_outputs));
    child.set("activation", static_cast<std::int64_t>(layer.activation));
    child.set("input_function", static_cast<std::int64_t>(layer.input_function));
    child.set("weights", layer.weights);
    child.set("biases", layer.biases);
  }
}

PredictorPointer NetworkPredictor::read(const archive::Group& group) {
  Network network;
  if (group.integer("layout", 1, layout_version) == 2) {
    network.arithmetic =
        static_cast<Arithmetic>(group.integer("arithmetic", 0, static_cast<std::int64_t>(Arithmetic::float32)));
    network.input_shift = group.doubles("input_shift");
    network.input_scale = group.doubles("input_scale");
  }
  network.output = static_cast<Output>(group.integer("output", 0, static_cast<std::int64_t>(Output::softmax)));
  for (const archive::Group* child : group.children("layers")) {
    DenseLayer layer;
    layer.n_inputs = static_cast<std::int32_t>(child->integer("n_inputs", 1, maximum_width));
    layer.n_outputs = static_cast<std::int32_t>(child->integer("n_outputs", 1, maximum_width));
    layer.activation =
        static_cast<Activation>(child->integer("activation", 0, static_cast<std::int64_t>(last_activation)));
    layer.input_function = static_cast<InputFunction>(
        child->integer("input_function", 0, static_cast<std::int64_t>(InputFunction::sum_of_absolutes)));
    layer.weights =
        child->doubles("weights", static_cast<std::size_t>(layer.n_inputs) * static_cast<std::size_t>(layer.n_outputs));
    layer.biases = child->doubles("biases", static_cast<std::size_t>(layer.n_outputs));
    network.layers.push_back(std::move(layer));
  }
  return std::make_shared<const NetworkPredictor>(std::move(network));
}

}  // namespace diskern::network

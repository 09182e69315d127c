// TMVA's two old networks, CFMlpANN and TMlpANN, in its weight files: read as networks like those of MLP.
#include <algorithm>
#include <cctype>
#include <charconv>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "diskern/error.hpp"
#include "model/tmva_xml.hpp"

namespace diskern::model::tmva {

namespace {

using network::Activation;
using network::DenseLayer;
using network::Network;

constexpr std::int64_t most_neurons = 1 << 14;

DenseLayer dense(std::size_t inputs, std::size_t outputs, Activation activation) {
  DenseLayer layer;
  layer.n_inputs = static_cast<std::int32_t>(inputs);
  layer.n_outputs = static_cast<std::int32_t>(outputs);
  layer.weights.assign(inputs * outputs, 0.0);
  layer.biases.assign(outputs, 0.0);
  layer.activation = activation;
  return layer;
}

// x = low + relu(x - low) - relu(x - high): TMVA keeps the variables in their range.
DenseLayer kept_in_range(const std::vector<double>& ranges) {
  const std::size_t n = ranges.size() / 2;
  DenseLayer layer = dense(n, 2 * n, Activation::relu);
  for (std::size_t j = 0; j < n; ++j) {
    for (std::size_t side = 0; side < 2; ++side) {
      layer.weights[(2 * j + side) * n + j] = 1.0;
      layer.biases[2 * j + side] = -ranges[2 * j + side];
    }
  }
  return layer;
}

}  // namespace

// Neurons say tanh(u / 2); the response is half of one more than the first of two outputs, the sigmoid of its u.
PredictorPointer read_cern_network(const xml::Element& weights, const Context& context) {
  const std::size_t n = context.variable_count();
  weights.integer("NVars", static_cast<std::int64_t>(n), static_cast<std::int64_t>(n));
  weights.integer("NClasses", 2, 2);
  const auto layers = static_cast<std::size_t>(weights.integer("NLayers", 2, 100));
  const std::vector<double> ranges = weights.child("VarMinMax").numbers(2 * n);
  for (std::size_t j = 0; j < n; ++j) {
    if (!(ranges[2 * j] < ranges[2 * j + 1])) {
      weights.child("VarMinMax").fail("has an empty range of variable " + std::to_string(j));
    }
  }
  const std::vector<double> counts = weights.child("NNeurons").numbers(layers);
  const std::vector<double> temperature = weights.child("LayerTemp").numbers(layers);
  Network network;
  network.layers.push_back(kept_in_range(ranges));
  std::size_t before = n;
  for (std::size_t l = 1; l < layers; ++l) {
    const xml::Element element = weights.child("Layer" + std::to_string(l));
    const auto neurons = static_cast<std::size_t>(element.integer("NNeurons", 1, most_neurons));
    if (counts[l] != static_cast<double>(neurons)) {
      weights.child("NNeurons").fail("does not say the " + std::to_string(neurons) + " neurons of layer " +
                                     std::to_string(l));
    }
    if (!(temperature[l] > 0.0)) weights.child("LayerTemp").fail("has a number that is not positive");
    const bool last = l + 1 == layers;
    if (last && neurons != 2) element.fail("has " + std::to_string(neurons) + " neurons, expected 2 outputs");
    // Of the output the first neuron only, as a sigmoid.
    DenseLayer layer = dense(l == 1 ? 2 * n : before, last ? 1 : neurons, last ? Activation::sigmoid : Activation::tanh);
    const double factor = (last ? 1.0 : 0.5) / temperature[l];
    const auto inputs = static_cast<std::size_t>(layer.n_inputs);
    for (std::size_t o = 0; o < neurons; ++o) {
      const std::vector<double> numbers = element.child("Neuron" + std::to_string(o)).numbers(before + 1);
      if (o >= static_cast<std::size_t>(layer.n_outputs)) continue;
      layer.biases[o] = factor * numbers[0];
      for (std::size_t i = 0; i < before; ++i) {
        const double weight = factor * numbers[i + 1];
        if (l > 1) {
          layer.weights[o * inputs + i] = weight;
          continue;
        }
        // From the range to [-1, 1]: -1 at its lower end, and what the two neurons in front say over its half width.
        const double scale = 2.0 / (ranges[2 * i + 1] - ranges[2 * i]);
        layer.biases[o] -= weight;
        layer.weights[o * inputs + 2 * i] = weight * scale;
        layer.weights[o * inputs + 2 * i + 1] = -weight * scale;
      }
    }
    before = neurons;
    network.layers.push_back(std::move(layer));
  }
  return std::make_shared<const network::NetworkPredictor>(std::move(network));
}

// ROOT's TMultiLayerPerceptron: sigmoids between normalised variables and a linear output. Synapses come neuron by
// neuron of the layer behind them.
PredictorPointer read_root_network(const xml::Element& weights, const Context& context) {
  const std::size_t n = context.variable_count();
  const xml::Element architecture = weights.child("Architecture");
  const std::string text = architecture.text("BuildOptions");
  std::vector<std::size_t> widths = {n};
  std::size_t at = text.find(':');
  if (at == std::string::npos) architecture.fail("has BuildOptions without layers: '" + text + "'");
  if (std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), ',') + 1 !=
      static_cast<std::ptrdiff_t>(n)) {
    architecture.fail("has other variables than the file: '" + text + "'");
  }
  for (++at; at < text.size() && std::isdigit(static_cast<unsigned char>(text[at])) != 0;) {
    std::size_t end = text.find(':', at);
    if (end == std::string::npos) end = text.size();
    std::size_t width = 0;
    const auto [stop, error] = std::from_chars(text.data() + at, text.data() + end, width);
    if (error != std::errc() || stop != text.data() + end || width < 1 || width > most_neurons) {
      architecture.fail("has a hidden layer that is no number of neurons: '" + text + "'");
    }
    widths.push_back(width);
    at = end + 1;
  }
  const std::string output = at < text.size() ? text.substr(at) : "";
  if (output.empty() || output.find_first_of(":,!@") != std::string::npos) {
    architecture.fail("has the output '" + output + "', expected one that is linear and not normalised");
  }
  widths.push_back(1);
  const std::vector<double> input = weights.child("input").numbers(2 * n);  // width and mean of each variable
  std::size_t neurons = 0;
  std::size_t synapses = 0;
  for (std::size_t l = 0; l < widths.size(); ++l) {
    neurons += widths[l];
    if (l > 0) synapses += widths[l] * widths[l - 1];
  }
  const std::vector<double> biases = weights.child("neurons").numbers(neurons);
  const std::vector<double> values = weights.child("synapses").numbers(synapses);
  Network network;
  std::size_t bias = n;
  std::size_t value = 0;
  for (std::size_t l = 1; l < widths.size(); ++l) {
    DenseLayer layer =
        dense(widths[l - 1], widths[l], l + 1 == widths.size() ? Activation::linear : Activation::sigmoid);
    for (std::size_t o = 0; o < widths[l]; ++o) {
      layer.biases[o] = biases[bias++];
      for (std::size_t i = 0; i < widths[l - 1]; ++i) {
        double weight = values[value++];
        if (l == 1) {
          if (!(input[2 * i] != 0.0)) weights.child("input").fail("has a variable of width 0");
          weight /= input[2 * i];
          layer.biases[o] -= weight * input[2 * i + 1];
        }
        layer.weights[o * widths[l - 1] + i] = weight;
      }
    }
    network.layers.push_back(std::move(layer));
  }
  return std::make_shared<const network::NetworkPredictor>(std::move(network));
}

}  // namespace diskern::model::tmva

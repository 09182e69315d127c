// MLP in TMVA's weight files: layers of neurons, each with its weights to the neurons of the next layer; the last
// neuron of every layer but the output is the bias of value 1.
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "diskern/error.hpp"
#include "model/tmva_xml.hpp"

namespace diskern::model::tmva {

namespace {

using network::Activation;
using network::DenseLayer;
using network::InputFunction;
using network::Network;

struct ActivationName {
  const char* name;
  Activation activation;
};
constexpr ActivationName activation_names[] = {{"linear", Activation::linear},
                                               {"sigmoid", Activation::sigmoid},
                                               {"tanh", Activation::tanh},
                                               {"radial", Activation::radial},
                                               {"ReLU", Activation::relu}};
struct InputName {
  const char* name;
  InputFunction function;
};
constexpr InputName input_names[] = {
    {"sum", InputFunction::sum}, {"sqsum", InputFunction::sum_of_squares}, {"abssum", InputFunction::sum_of_absolutes}};

// Our own attribute of <Layout>, for networks whose hyperbolic tangent is not that of the file's release of ROOT.
constexpr const char* exact_tanh = "ExactTanh";

Activation hidden_activation(const xml::Element& layout, const Context& context) {
  const std::string name = context.option("NeuronType", "sigmoid");
  if (name == "tanh") {
    const bool exact = layout.has(exact_tanh) ? layout.integer(exact_tanh, 0, 1) == 1 : !tanh_is_approximate(context);
    return exact ? Activation::tanh : Activation::tmva_tanh;
  }
  for (const ActivationName& one : activation_names) {
    if (name == one.name) return one.activation;
  }
  throw FormatError("weight file: NeuronType '" + name +
                    "' is not known, expected linear, sigmoid, tanh, radial or ReLU");
}

InputFunction input_function(const Context& context) {
  const std::string name = context.option("NeuronInputType", "sum");
  for (const InputName& one : input_names) {
    if (name == one.name) return one.function;
  }
  throw FormatError("weight file: NeuronInputType '" + name + "' is not known, expected sum, sqsum or abssum");
}

const char* name_of(Activation activation) {
  if (activation == Activation::tmva_tanh) return "tanh";
  for (const ActivationName& one : activation_names) {
    if (activation == one.activation) return one.name;
  }
  return nullptr;
}

}  // namespace

PredictorPointer read_network(const xml::Element& weights, const Context& context) {
  constexpr std::int64_t most_neurons = 1 << 20;
  const xml::Element layout = weights.child("Layout");
  const std::vector<xml::Element> layers = layout.children("Layer");
  layout.integer("NLayers", static_cast<std::int64_t>(layers.size()), static_cast<std::int64_t>(layers.size()));
  if (layers.size() < 2) layout.fail("has fewer than 2 layers");

  Network network;
  const Activation hidden = hidden_activation(layout, context);
  const InputFunction function = input_function(context);
  // The estimator decides on the output neuron in classification; without the option it is the old default.
  const bool cross_entropy =
      context.info.analysis_type == AnalysisType::classification && context.option("EstimatorType", "MSE") == "CE";
  for (std::size_t l = 0; l + 1 < layers.size(); ++l) {
    const std::vector<xml::Element> neurons = layers[l].children("Neuron");
    const auto count = static_cast<std::int64_t>(neurons.size());
    layers[l].integer("Index", static_cast<std::int64_t>(l), static_cast<std::int64_t>(l));
    layers[l].integer("NNeurons", count, count);
    if (neurons.size() < 2) layers[l].fail("has fewer than 2 neurons, the last of which is the bias");
    const auto outputs = static_cast<std::size_t>(neurons[0].integer("NSynapses", 1, most_neurons));
    const std::size_t inputs = neurons.size() - 1;
    // Every weight was written out, so that these products are bounded by the size of the text.
    std::vector<std::vector<double>> synapses;
    for (const xml::Element& neuron : neurons) {
      neuron.integer("NSynapses", static_cast<std::int64_t>(outputs), static_cast<std::int64_t>(outputs));
      synapses.push_back(neuron.numbers(outputs));
    }
    DenseLayer layer;
    layer.n_inputs = static_cast<std::int32_t>(inputs);
    layer.n_outputs = static_cast<std::int32_t>(outputs);
    layer.weights.resize(inputs * outputs);
    for (std::size_t i = 0; i < inputs; ++i) {
      for (std::size_t o = 0; o < outputs; ++o) layer.weights[o * inputs + i] = synapses[i][o];
    }
    layer.biases = std::move(synapses.back());
    const bool last = l + 2 == layers.size();
    layer.activation = !last ? hidden : cross_entropy ? Activation::sigmoid : Activation::linear;
    layer.input_function = function;
    network.layers.push_back(std::move(layer));
  }
  const xml::Element& output_layer = layers.back();
  const auto outputs = static_cast<std::int64_t>(network.layers.back().n_outputs);
  output_layer.integer("NNeurons", outputs, outputs);
  if (context.info.analysis_type == AnalysisType::multiclass) network.output = network::Output::softmax;
  return std::make_shared<const network::NetworkPredictor>(std::move(network));
}

Options network_options(const Network& network, const ModelInfo& info) {
  const auto refuse = [](const std::string& why) {
    throw InvalidArgument("this network cannot be written as a TMVA weight file: " + why);
  };
  const Activation output = network.layers.back().activation;
  const Activation hidden = network.layers.size() > 1 ? network.layers.front().activation : Activation::sigmoid;
  std::string hidden_layers;
  for (std::size_t l = 0; l < network.layers.size(); ++l) {
    const DenseLayer& layer = network.layers[l];
    if (layer.input_function != network.layers.front().input_function) refuse("its layers combine inputs differently");
    if (l + 1 == network.layers.size()) break;
    if (layer.activation != hidden) refuse("its hidden layers have different activations");
    if (!hidden_layers.empty()) hidden_layers += ',';
    hidden_layers += std::to_string(layer.n_outputs);
  }
  const bool multiclass = info.analysis_type == AnalysisType::multiclass;
  if (multiclass != (network.output == network::Output::softmax)) refuse("softmax belongs to multiclass analyses only");
  const bool cross_entropy = output == Activation::sigmoid && info.analysis_type == AnalysisType::classification;
  if (output != Activation::linear && !cross_entropy) {
    refuse("its output neuron is neither linear nor the sigmoid of a classification");
  }
  if (name_of(hidden) == nullptr) refuse("TMVA does not have its activation");
  std::string function;
  for (const InputName& one : input_names) {
    if (one.function == network.layers.front().input_function) function = one.name;
  }
  return {{"HiddenLayers", hidden_layers},
          {"NeuronType", name_of(hidden)},
          {"NeuronInputType", function},
          {"EstimatorType", cross_entropy ? "CE" : "MSE"}};
}

void write_network(xml::Writer& writer, const Network& network, const Context& context) {
  writer.open("Layout");
  writer.attribute("NLayers", static_cast<std::int64_t>(network.layers.size() + 1));
  const Activation hidden = network.layers.front().activation;
  const bool exact = hidden == Activation::tanh;
  if (network.layers.size() > 1 && (exact || hidden == Activation::tmva_tanh) &&
      exact == tanh_is_approximate(context)) {
    writer.attribute(exact_tanh, std::int64_t{exact ? 1 : 0});
  }
  for (std::size_t l = 0; l < network.layers.size(); ++l) {
    const DenseLayer& layer = network.layers[l];
    const auto inputs = static_cast<std::size_t>(layer.n_inputs);
    const auto outputs = static_cast<std::size_t>(layer.n_outputs);
    writer.open("Layer");
    writer.attribute("Index", static_cast<std::int64_t>(l));
    writer.attribute("NNeurons", static_cast<std::int64_t>(inputs + 1));
    std::vector<double> synapses(outputs);
    for (std::size_t i = 0; i <= inputs; ++i) {
      for (std::size_t o = 0; o < outputs; ++o) {
        synapses[o] = i < inputs ? layer.weights[o * inputs + i] : layer.biases[o];
      }
      writer.open("Neuron");
      writer.attribute("NSynapses", static_cast<std::int64_t>(outputs));
      writer.content(synapses);
      writer.close();
    }
    writer.close();
  }
  const std::int64_t outputs = network.layers.back().n_outputs;
  writer.open("Layer");
  writer.attribute("Index", static_cast<std::int64_t>(network.layers.size()));
  writer.attribute("NNeurons", outputs);
  for (std::int64_t o = 0; o < outputs; ++o) {
    writer.open("Neuron");
    writer.attribute("NSynapses", std::int64_t{0});
    writer.close();
  }
  writer.close();
  writer.close();
}

}  // namespace diskern::model::tmva

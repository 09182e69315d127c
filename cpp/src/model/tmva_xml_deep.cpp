// DL in TMVA's weight files, read: dense, convolution, maximum pooling, reshape, batch normalisation and recurrent
// layers. TMVA has images with the channels first, graphs have them last: the numbers are put in order in front and
// before they become flat.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "diskern/error.hpp"
#include "model/tmva_xml.hpp"
#include "model/tmva_xml_deep.hpp"
#include "network/graph/predictor.hpp"

namespace diskern::model::tmva {

namespace {

using network::graph::Graph;
using network::graph::GraphPredictor;
using network::graph::Input;
using network::graph::LayerPointer;
using network::graph::Link;
using network::graph::Node;
using network::graph::Output;
using network::graph::Shape;

constexpr std::int64_t largest = 1 << 20;

// Collects a chain of layers with their parameters.
class Chain {
 public:
  explicit Chain(Shape input) : shape_(input), inputs_{{"variables", std::move(input), 0}} {}

  const Shape& shape() const noexcept { return shape_; }

  template <class Fill>
  void add(const char* kind, const Fill& fill, const std::vector<float>& parameters = {}) {
    archive::Group group;
    group.set("kind", std::string(kind));
    group.set("name", std::string(kind) + "_" + std::to_string(layers_.size() + 1));
    fill(group);
    layers_.push_back(network::graph::make_layer(group));
    shape_ = layers_.back()->build({shape_});
    nodes_.push_back({layers_.size() - 1, {layers_.size() - 1}});  // the value of the node before, or the input
    parameters_.insert(parameters_.end(), parameters.begin(), parameters.end());
  }

  void add_function(const xml::Element& element) {
    const std::int64_t code = element.integer("ActivationFunction", 0, 7);
    if (code == 0) return;
    const char* function = deep_functions[static_cast<std::size_t>(code)];
    add("activation", [&](archive::Group& group) { group.set("function", std::string(function)); });
  }

  PredictorPointer finish(Link link) {
    auto graph = std::make_shared<const Graph>(inputs_, layers_, nodes_, std::vector<Output>{{layers_.size(), link}});
    return std::make_shared<const GraphPredictor>(std::move(graph), parameters_);
  }

 private:
  Shape shape_;
  std::vector<Input> inputs_;
  std::vector<LayerPointer> layers_;
  std::vector<Node> nodes_;
  std::vector<float> parameters_;
};

void permute(Chain& chain, std::vector<std::int64_t> order) {
  chain.add("permute", [&](archive::Group& group) { group.set("order", std::move(order)); });
}
void reshape(Chain& chain, std::vector<std::int64_t> shape) {
  chain.add("reshape", [&](archive::Group& group) { group.set("shape", std::move(shape)); });
}
void flatten(Chain& chain) {
  if (chain.shape().size() == 1) return;
  if (chain.shape().size() == 3) permute(chain, {2, 0, 1});
  reshape(chain, {});
}

std::size_t size_attribute(const xml::Element& element, const char* name, std::int64_t least = 1) {
  return static_cast<std::size_t>(element.integer(name, least, largest));
}

// The numbers of a matrix, row by row.
std::vector<double> matrix(const xml::Element& element, const char* name, std::size_t rows, std::size_t columns) {
  const xml::Element child = element.child(name);
  const auto check = [&](const char* attribute, std::size_t expected) {
    if (!child.has(attribute)) return;
    const auto size = static_cast<std::int64_t>(expected);
    if (child.integer(attribute, 0, std::numeric_limits<std::int32_t>::max()) != size) {
      child.fail("has " + std::string(attribute) + "=\"" + child.text(attribute) + "\", expected " +
                 std::to_string(expected));
    }
  };
  check("Rows", rows);
  check("Columns", columns);
  std::vector<double> numbers = child.numbers(rows * columns);
  for (const double number : numbers) {
    if (!std::isfinite(static_cast<float>(number))) child.fail("holds a number that is not finite in float32");
  }
  return numbers;
}

void read_dense(Chain& chain, const xml::Element& element) {
  flatten(chain);
  const std::size_t width = size_attribute(element, "Width");
  const std::size_t inputs = chain.shape()[0];
  const std::vector<double> weights = matrix(element, "Weights", width, inputs);
  const std::vector<double> biases = matrix(element, "Biases", width, 1);
  std::vector<float> parameters;
  for (std::size_t i = 0; i < inputs; ++i) {
    for (std::size_t o = 0; o < width; ++o) parameters.push_back(static_cast<float>(weights[o * inputs + i]));
  }
  for (const double bias : biases) parameters.push_back(static_cast<float>(bias));
  chain.add(
      "dense",
      [&](archive::Group& group) {
        group.set("units", static_cast<std::int64_t>(width));
        group.set("bias", true);
      },
      parameters);
  chain.add_function(element);
}

void expect_image(const Chain& chain, const xml::Element& element) {
  if (chain.shape().size() != 3) element.fail("comes after the numbers have become flat");
}

void read_convolution(Chain& chain, const xml::Element& element) {
  expect_image(chain, element);
  const std::size_t maps = size_attribute(element, "Depth");
  const std::size_t height = size_attribute(element, "FilterHeight");
  const std::size_t width = size_attribute(element, "FilterWidth");
  const std::size_t channels = chain.shape()[2];
  if (height > chain.shape()[0] + 2 * largest || maps * height > static_cast<std::size_t>(largest)) {
    element.fail("is too large");
  }
  const std::vector<double> weights = matrix(element, "Weights", maps, channels * height * width);
  const std::vector<double> biases = matrix(element, "Biases", maps, 1);
  std::vector<float> parameters;
  for (std::size_t y = 0; y < height; ++y) {
    for (std::size_t x = 0; x < width; ++x) {
      for (std::size_t c = 0; c < channels; ++c) {
        for (std::size_t o = 0; o < maps; ++o) {
          parameters.push_back(static_cast<float>(weights[((o * channels + c) * height + y) * width + x]));
        }
      }
    }
  }
  for (const double bias : biases) parameters.push_back(static_cast<float>(bias));
  const auto number = [&](const char* name, std::int64_t least) { return element.integer(name, least, 65536); };
  const std::int64_t top = number("PaddingHeight", 0);
  const std::int64_t left = number("PaddingWidth", 0);
  chain.add(
      "convolution",
      [&](archive::Group& group) {
        group.set("dimensions", std::int64_t{2});
        group.set("maps", static_cast<std::int64_t>(maps));
        group.set("kernel",
                  std::vector<std::int64_t>{static_cast<std::int64_t>(height), static_cast<std::int64_t>(width)});
        group.set("stride", std::vector<std::int64_t>{number("StrideRows", 1), number("StrideCols", 1)});
        group.set("dilation", std::vector<std::int64_t>{1, 1});
        group.set("border", std::vector<std::int64_t>{top, top, left, left});
        group.set("groups", std::int64_t{1});
        group.set("padding", std::string("explicit"));
        group.set("bias", true);
      },
      parameters);
  chain.add_function(element);
}

void read_pooling(Chain& chain, const xml::Element& element) {
  expect_image(chain, element);
  const auto number = [&](const char* name) { return element.integer(name, 1, 65536); };
  chain.add("pooling", [&](archive::Group& group) {
    group.set("dimensions", std::int64_t{2});
    group.set("operation", std::string("maximum"));
    group.set("window", std::vector<std::int64_t>{number("FilterHeight"), number("FilterWidth")});
    group.set("stride", std::vector<std::int64_t>{number("StrideRows"), number("StrideCols")});
    group.set("border", std::vector<std::int64_t>{0, 0, 0, 0});
    group.set("padding", std::string("valid"));
    group.set("count_border", false);
  });
}

void read_reshape(Chain& chain, const xml::Element& element) {
  if (element.integer("Flattening", 0, 1) == 1) return flatten(chain);
  const auto number = [&](const char* name) { return element.integer(name, 1, 65536); };
  flatten(chain);
  reshape(chain, {number("Depth"), number("Height"), number("Width")});
  permute(chain, {1, 2, 0});
}

// Of images behind a convolution or pooling one number for each channel, else one for each number of an event.
void read_normalisation(Chain& chain, const xml::Element& element) {
  const Shape before = chain.shape();
  const std::size_t size = network::graph::size_of(before);
  const xml::Element gammas = element.child("Gamma");
  const bool channels =
      before.size() == 3 && static_cast<std::size_t>(gammas.integer("Columns", 1, largest)) == before[2];
  const std::size_t count = channels ? before[2] : size;
  if (!channels) flatten(chain);
  const double momentum = element.number("Momentum");
  const double epsilon = element.number("Epsilon");
  if (!(momentum <= 1.0) || std::isinf(momentum)) element.fail("has a Momentum that is not 1 or less");
  if (!(epsilon >= 0.0) || std::isinf(epsilon)) element.fail("has an Epsilon that is not 0 or more");
  std::vector<float> parameters;
  for (const char* name : {"Gamma", "Beta", "Training-mu", "Training-variance"}) {
    for (const double number : matrix(element, name, 1, count)) {
      if (std::string_view(name) == "Training-variance" && !(number + epsilon > 0.0)) {
        element.fail("has a variance that is not positive");
      }
      parameters.push_back(static_cast<float>(number));
    }
  }
  parameters.push_back(1.0F);  // batches
  chain.add(
      "batch_normalisation",
      [&](archive::Group& group) {
        // TMVA's momentum is what stays of the average.
        group.set("momentum", momentum < 0.0 ? momentum : 1.0 - momentum);
        group.set("epsilon", epsilon);
      },
      parameters);
  if (channels || before.size() == 1) return;
  const auto extent = [&](std::size_t d) { return static_cast<std::int64_t>(before[d]); };
  if (before.size() == 2) return reshape(chain, {extent(0), extent(1)});
  reshape(chain, {extent(2), extent(0), extent(1)});
  permute(chain, {1, 2, 0});
}

void read_recurrent(Chain& chain, const xml::Element& element, const RecurrentNames& names) {
  const std::size_t units = size_attribute(element, "StateSize");
  const std::size_t features = size_attribute(element, "InputSize");
  const std::size_t steps = size_attribute(element, "TimeSteps");
  if (element.integer("RememberState", 0, 1) == 1) {
    element.fail("has RememberState=\"1\": responses would depend on the events before, which is not available");
  }
  // Releases without the attribute give all states.
  const bool sequences = !element.has("ReturnSequence") || element.integer("ReturnSequence", 0, 1) == 1;
  const bool gru = std::string_view(names.kind) == "gru";
  const bool reset_after = gru && element.has("ResetGateAfter") && element.integer("ResetGateAfter", 0, 1) == 1;
  if (units > static_cast<std::size_t>(largest) / std::max(features, units)) element.fail("is too large");
  if (chain.shape() != Shape{steps, features}) {
    flatten(chain);
    if (features > chain.shape()[0] || steps > chain.shape()[0] || steps * features != chain.shape()[0]) {
      element.fail("wants " + std::to_string(steps) + " steps of " + std::to_string(features) +
                   " numbers, the layer before gives " + std::to_string(chain.shape()[0]) + " numbers");
    }
    reshape(chain, {static_cast<std::int64_t>(steps), static_cast<std::int64_t>(features)});
  }
  // The list of TMVA: weights of the input for all gates, then those of the state.
  const std::size_t columns = names.gates * units;
  std::vector<float> weights(features * columns);
  std::vector<float> outer(units * columns);
  std::vector<float> biases(columns);
  for (std::size_t g = 0; g < names.gates; ++g) {
    const std::size_t first = names.our_gates[g] * units;
    const std::vector<double> from_input = matrix(element, names.matrices[g], units, features);
    const std::vector<double> from_state = matrix(element, names.matrices[names.gates + g], units, units);
    const std::vector<double> bias = matrix(element, names.biases[g], units, 1);
    for (std::size_t o = 0; o < units; ++o) {
      for (std::size_t i = 0; i < features; ++i) {
        weights[i * columns + first + o] = static_cast<float>(from_input[o * features + i]);
      }
      for (std::size_t i = 0; i < units; ++i) {
        outer[i * columns + first + o] = static_cast<float>(from_state[o * units + i]);
      }
      biases[first + o] = static_cast<float>(bias[o]);
    }
  }
  std::vector<float> parameters = std::move(weights);
  parameters.insert(parameters.end(), outer.begin(), outer.end());
  parameters.insert(parameters.end(), biases.begin(), biases.end());
  // TMVA's candidate has no bias of its own for what comes from the state.
  if (reset_after) parameters.insert(parameters.end(), units, 0.0F);
  chain.add(
      names.kind,
      [&](archive::Group& group) {
        group.set("units", static_cast<std::int64_t>(units));
        group.set("sequences", sequences);
        group.set("backwards", false);
        if (gru) group.set("reset_after", reset_after);
      },
      parameters);
}

PredictorPointer read(const xml::Element& weights, const Context& context) {
  const std::size_t depth = size_attribute(weights, "InputDepth");
  const std::size_t height = size_attribute(weights, "InputHeight");
  const std::size_t width = size_attribute(weights, "InputWidth");
  const std::size_t variables = context.variable_count();
  if (depth > variables || height > variables || width > variables || depth * height * width != variables) {
    weights.fail("has an input of " + std::to_string(depth) + " x " + std::to_string(height) + " x " +
                 std::to_string(width) + ", the file declares " + std::to_string(variables) + " variables");
  }
  const std::vector<xml::Element> layers = weights.children();
  // Numbers are an image where the first layer that does not normalise wants one.
  const auto first = std::find_if(layers.begin(), layers.end(),
                                  [](const xml::Element& layer) { return layer.name() != "BatchNormLayer"; });
  const bool image = first != layers.end() && (first->name() == "ConvLayer" || first->name() == "MaxPoolLayer");
  Chain chain(image ? Shape{depth, height, width} : Shape{variables});
  if (image) permute(chain, {1, 2, 0});
  const auto count = static_cast<std::int64_t>(layers.size());
  weights.integer("NetDepth", count, count);
  if (layers.empty()) weights.fail("has no layers");
  for (const xml::Element& layer : layers) {
    if (layer.name() == "DenseLayer") {
      read_dense(chain, layer);
    } else if (layer.name() == "ConvLayer") {
      read_convolution(chain, layer);
    } else if (layer.name() == "MaxPoolLayer") {
      read_pooling(chain, layer);
    } else if (layer.name() == "ReshapeLayer") {
      read_reshape(chain, layer);
    } else if (layer.name() == "BatchNormLayer") {
      read_normalisation(chain, layer);
    } else {
      const auto* names = std::find_if(recurrent_names.begin(), recurrent_names.end(),
                                       [&](const RecurrentNames& one) { return layer.name() == one.element; });
      if (names == recurrent_names.end()) {
        layer.fail(
            "is a layer that is not read; DenseLayer, ConvLayer, MaxPoolLayer, ReshapeLayer, BatchNormLayer, RNNLayer, "
            "LSTMLayer and GRULayer are");
      }
      read_recurrent(chain, layer, *names);
    }
  }
  flatten(chain);
  const std::string function = weights.text("OutputFunction");
  Link link = Link::identity;
  if (context.info.analysis_type == AnalysisType::multiclass || function == "M") {
    link = Link::softmax;
  } else if (function == "S") {
    link = Link::sigmoid;
  } else if (function != "I") {
    weights.fail("has OutputFunction=\"" + function + "\", expected I, S or M");
  }
  return chain.finish(link);
}

}  // namespace

PredictorPointer read_deep_network(const xml::Element& weights, const Context& context) {
  try {
    return read(weights, context);
  } catch (const InvalidArgument& error) {
    throw FormatError(std::string("weight file: ") + error.what());
  }
}

}  // namespace diskern::model::tmva

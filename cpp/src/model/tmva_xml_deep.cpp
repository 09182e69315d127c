// DL in TMVA's weight files: dense, convolution, maximum pooling and reshape layers (tmva.md 3.3). TMVA has images with
// the channels first, graphs have them last: the numbers are put in order in front and before they become flat.
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "diskern/error.hpp"
#include "model/tmva_xml.hpp"
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

constexpr const char* functions[] = {"linear",         "relu",     "sigmoid", "tanh",
                                     "symmetric_relu", "softsign", "gauss",   "tanh"};
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
    if (code != 0)
      add("activation", [&](archive::Group& group) { group.set("function", std::string(functions[code])); });
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
void flatten(Chain& chain) {
  if (chain.shape().size() == 1) return;
  permute(chain, {2, 0, 1});
  chain.add("reshape", [](archive::Group& group) { group.set("shape", std::vector<std::int64_t>{}); });
}

std::size_t size_attribute(const xml::Element& element, const char* name, std::int64_t least = 1) {
  return static_cast<std::size_t>(element.integer(name, least, largest));
}

void read_dense(Chain& chain, const xml::Element& element) {
  flatten(chain);
  const std::size_t width = size_attribute(element, "Width");
  const std::size_t inputs = chain.shape()[0];
  const std::vector<double> weights = element.child("Weights").numbers(width * inputs);
  const std::vector<double> biases = element.child("Biases").numbers(width);
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
  const std::vector<double> weights = element.child("Weights").numbers(maps * channels * height * width);
  const std::vector<double> biases = element.child("Biases").numbers(maps);
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
  chain.add("reshape", [&](archive::Group& group) {
    group.set("shape", std::vector<std::int64_t>{number("Depth"), number("Height"), number("Width")});
  });
  permute(chain, {1, 2, 0});
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
  const bool flat = depth == 1 && height == 1;
  Chain chain(flat ? Shape{width} : Shape{depth, height, width});
  if (!flat) permute(chain, {1, 2, 0});
  const std::vector<xml::Element> layers = weights.children();
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
    } else {
      layer.fail("is a layer that is not read; DenseLayer, ConvLayer, MaxPoolLayer and ReshapeLayer are");
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

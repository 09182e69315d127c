// Dense networks as ONNX.
#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "diskern/error.hpp"
#include "model/implementation.hpp"
#include "model/onnx_message.hpp"

namespace diskern::model::onnx {

namespace {

using network::Activation;
using network::DenseLayer;
using network::InputFunction;
using network::Network;

// A graph that grows at its end: every operation takes the value before it.
class Chain {
 public:
  explicit Chain(std::string start) : current_(std::move(start)) {}

  const std::string& current() const noexcept { return current_; }
  // The name of a new value, and from now on the current one.
  void apply(const char* kind, const std::vector<std::string>& more = {}, const std::vector<Message>& attributes = {}) {
    std::vector<std::string> inputs = {current_};
    inputs.insert(inputs.end(), more.begin(), more.end());
    emit(kind, inputs, attributes);
  }
  // With the current value not as the first input.
  void emit(const char* kind, const std::vector<std::string>& inputs, const std::vector<Message>& attributes = {}) {
    const std::string output = "value_" + std::to_string(++values_);
    nodes_.push_back(Node{kind, inputs, output, attributes});
    current_ = output;
  }
  std::string constant_of(const std::vector<std::size_t>& shape, const std::vector<double>& numbers) {
    std::vector<float> values;
    for (const double number : numbers) {
      values.push_back(static_cast<float>(number));
      if (!std::isfinite(values.back())) {
        throw InvalidArgument("this network cannot be written as ONNX: " + std::to_string(number) +
                              " is too large for float32");
      }
    }
    const std::string name = "constant_" + std::to_string(constants_.size());
    constants_.push_back(constant(name, shape, values));
    return name;
  }
  std::string number(double value) { return constant_of({}, {value}); }

  Message graph() {
    // The last value is the response; without any operation a copy of the variables.
    if (nodes_.empty()) apply("Identity");
    nodes_.back().output = "responses";
    Message result;
    for (const Node& one : nodes_) result.message(1, node(one.kind, "", one.inputs, one.output, one.attributes));
    for (const Message& one : constants_) result.message(5, one);
    return result;
  }

 private:
  struct Node {
    const char* kind;
    std::vector<std::string> inputs;
    std::string output;
    std::vector<Message> attributes;
  };
  std::string current_;
  std::size_t values_ = 0;
  std::vector<Node> nodes_;
  std::vector<Message> constants_;
};

Message real_attribute(std::string_view name, double value) {
  return Message().text(1, name).real(2, static_cast<float>(value)).integer(20, 1);
}

// exp(factor x^2)
void exponential_of_square(Chain& chain, double factor) {
  const std::string x = chain.current();
  chain.emit("Mul", {x, x});
  chain.apply("Mul", {chain.number(factor)});
  chain.apply("Exp");
}

// TMVA's rational approximation (network/activation.hpp), all of it in float32.
void tmva_tanh(Chain& chain) {
  const std::string x = chain.current();
  chain.emit("Mul", {x, x});
  const std::string square = chain.current();
  const auto horner = [&](std::initializer_list<double> coefficients) {
    bool first = true;
    for (const double coefficient : coefficients) {
      if (!first) chain.apply("Mul", {square});
      chain.apply("Add", {chain.number(coefficient)});
      first = false;
    }
  };
  horner({378.0, 17325.0, 135135.0});  // square + 378, x square + 17325, ...
  chain.apply("Mul", {x});
  const std::string numerator = chain.current();
  chain.emit("Mul", {square, chain.number(28.0)});
  horner({3150.0, 62370.0, 135135.0});
  chain.emit("Div", {numerator, chain.current()});
}

void activate(Chain& chain, Activation activation) {
  const std::string x = chain.current();
  switch (activation) {
    case Activation::linear:
      return;
    case Activation::sigmoid:
      return chain.apply("Sigmoid");
    case Activation::tanh:
      return chain.apply("Tanh");
    case Activation::relu:
      return chain.apply("Relu");
    case Activation::leaky_relu:
      return chain.apply("LeakyRelu", {}, {real_attribute("alpha", 0.01)});
    case Activation::elu:
      return chain.apply("Elu");
    case Activation::selu:
      return chain.apply("Selu", {}, {real_attribute("alpha", 1.6732632423543772848),
                                      real_attribute("gamma", 1.0507009873554804934)});
    case Activation::softsign:
      return chain.apply("Softsign");
    case Activation::softplus:
      return chain.apply("Softplus");
    case Activation::hard_sigmoid:
      return chain.apply("HardSigmoid", {}, {real_attribute("alpha", 1.0 / 6.0), real_attribute("beta", 0.5)});
    case Activation::symmetric_relu:
      return chain.apply("Abs");
    case Activation::exponential:
      return chain.apply("Exp");
    case Activation::radial:
      return exponential_of_square(chain, -0.5);
    case Activation::gauss:
      return exponential_of_square(chain, -1.0);
    case Activation::gauss_complement:
      exponential_of_square(chain, -1.0);
      return chain.emit("Sub", {chain.number(1.0), chain.current()});
    case Activation::silu:
      chain.apply("Sigmoid");
      return chain.apply("Mul", {x});
    case Activation::gelu:
      chain.apply("Mul", {chain.number(0.70710678118654752440)});
      chain.apply("Erf");
      chain.apply("Add", {chain.number(1.0)});
      chain.apply("Mul", {x});
      return chain.apply("Mul", {chain.number(0.5)});
    case Activation::tmva_tanh:
      return tmva_tanh(chain);
  }
}

}  // namespace

std::string write_network(const Model& model, const Network& network) {
  if (model.implementation()->chain != nullptr) {
    throw InvalidArgument("a model with transformations of its variables cannot be written as ONNX");
  }
  Chain chain("variables");
  if (!network.input_shift.empty()) {
    const std::size_t n = network.input_shift.size();
    chain.apply("Sub", {chain.constant_of({n}, network.input_shift)});
    chain.apply("Mul", {chain.constant_of({n}, network.input_scale)});
  }
  for (const DenseLayer& layer : network.layers) {
    // The sum of squares of w x is a sum with the squares of both; likewise with absolute values.
    std::vector<double> weights = layer.weights;
    std::vector<double> biases = layer.biases;
    if (layer.input_function == InputFunction::sum_of_squares) {
      const std::string x = chain.current();
      chain.emit("Mul", {x, x});
      for (std::vector<double>* numbers : {&weights, &biases}) {
        for (double& value : *numbers) value *= value;
      }
    } else if (layer.input_function == InputFunction::sum_of_absolutes) {
      chain.apply("Abs");
      for (std::vector<double>* numbers : {&weights, &biases}) {
        for (double& value : *numbers) value = std::abs(value);
      }
    }
    const auto outputs = static_cast<std::size_t>(layer.n_outputs);
    const auto inputs = static_cast<std::size_t>(layer.n_inputs);
    const std::string matrix = chain.constant_of({outputs, inputs}, weights);
    const std::string vector = chain.constant_of({outputs}, biases);
    chain.apply("Gemm", {matrix, vector}, {attribute("transB", std::int64_t{1})});
    activate(chain, layer.activation);
  }
  if (network.output == network::Output::softmax) {
    chain.apply("Softmax", {}, {attribute("axis", std::int64_t{1})});
  }
  return file_of(chain.graph(), model.info(), static_cast<std::size_t>(network.layers.back().n_outputs), false);
}

}  // namespace diskern::model::onnx

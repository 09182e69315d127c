// Activation functions as layers of their own.
#include "network/activation.hpp"

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "diskern/error.hpp"
#include "network/activation_kernels.hpp"
#include "network/graph/layers.hpp"

namespace diskern::network::graph {

namespace {

class ActivationLayer final : public LayerOf<ActivationLayer> {
 public:
  explicit ActivationLayer(const archive::Group& group) : LayerOf(group) {
    try {
      function_ = activation_of_name(group.text("function"));
    } catch (const InvalidArgument& error) {
      throw FormatError("layer '" + name() + "': " + error.what());
    }
    if (function_ == Activation::tmva_tanh) throw FormatError("layer '" + name() + "': tmva_tanh is for MLP only");
  }
  const char* kind() const noexcept override { return "activation"; }
  Activation function() const noexcept override { return function_; }

  template <class T>
  void forward_of(const Forward<T>& call) const {
    const std::size_t count = call.events * size_;
    if constexpr (std::is_same_v<T, float>) {
      activation_kernels().forward(function_, call.inputs[0], call.output, count);
    } else {
      for (std::size_t i = 0; i < count; ++i) call.output[i] = activate(function_, call.inputs[0][i]);
    }
  }

  template <class T>
  void backward_of(const Backward<T>& call) const {
    T* gradient = call.input_gradients[0];
    if (gradient == nullptr) return;
    const std::size_t count = call.events * size_;
    if constexpr (std::is_same_v<T, float>) {
      std::copy_n(call.output_gradient, count, gradient);
      activation_kernels().backward(function_, call.inputs[0], call.output, gradient, count);
    } else {
      for (std::size_t i = 0; i < count; ++i) {
        gradient[i] = call.output_gradient[i] * derivative(function_, call.inputs[0][i], call.output[i]);
      }
    }
  }

 private:
  Shape shape_output(const std::vector<Shape>& inputs) override {
    expect_inputs(inputs, 1, 1);
    size_ = size_of(inputs[0]);
    return inputs[0];
  }
  void write_attributes(archive::Group& group) const override {
    group.set("function", std::string(diskern::network::name(function_)));
  }

  Activation function_ = Activation::linear;
  std::size_t size_ = 0;
};

// Along the last dimension: exp(x_i) / sum of exp(x_k).
class Softmax final : public LayerOf<Softmax> {
 public:
  using LayerOf::LayerOf;
  const char* kind() const noexcept override { return "softmax"; }

  template <class T>
  void forward_of(const Forward<T>& call) const {
    for (std::size_t row = 0; row < call.events * rows_; ++row) {
      const T* x = call.inputs[0] + row * width_;
      T* y = call.output + row * width_;
      const T largest = *std::max_element(x, x + width_);
      T sum{0};
      for (std::size_t i = 0; i < width_; ++i) sum += y[i] = std::exp(x[i] - largest);
      for (std::size_t i = 0; i < width_; ++i) y[i] /= sum;
    }
  }
  template <class T>
  void backward_of(const Backward<T>& call) const {
    if (call.input_gradients[0] == nullptr) return;
    for (std::size_t row = 0; row < call.events * rows_; ++row) {
      const T* y = call.output + row * width_;
      const T* g = call.output_gradient + row * width_;
      T sum{0};
      for (std::size_t i = 0; i < width_; ++i) sum += y[i] * g[i];
      for (std::size_t i = 0; i < width_; ++i) call.input_gradients[0][row * width_ + i] = y[i] * (g[i] - sum);
    }
  }

 private:
  Shape shape_output(const std::vector<Shape>& inputs) override {
    expect_inputs(inputs, 1, 1);
    width_ = inputs[0].back();
    rows_ = size_of(inputs[0]) / width_;
    return inputs[0];
  }
  std::size_t width_ = 1;
  std::size_t rows_ = 1;
};

}  // namespace

LayerPointer make_activation(const archive::Group& group) { return std::make_shared<ActivationLayer>(group); }
LayerPointer make_softmax(const archive::Group& group) { return std::make_shared<Softmax>(group); }

}  // namespace diskern::network::graph

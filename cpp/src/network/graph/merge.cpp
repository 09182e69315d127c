// Layers that bring branches together.
#include <algorithm>
#include <cmath>

#include "network/graph/layers.hpp"

namespace diskern::network::graph {

namespace {

class Add final : public LayerOf<Add> {
 public:
  using LayerOf::LayerOf;
  const char* kind() const noexcept override { return "add"; }

  template <class T>
  void forward_of(const Forward<T>& call) const {
    const std::size_t count = call.events * size_;
    std::copy_n(call.inputs[0], count, call.output);
    for (std::size_t k = 1; k < input_shapes().size(); ++k) {
      for (std::size_t i = 0; i < count; ++i) call.output[i] += call.inputs[k][i];
    }
  }
  template <class T>
  void backward_of(const Backward<T>& call) const {
    for (std::size_t k = 0; k < input_shapes().size(); ++k) {
      if (call.input_gradients[k] != nullptr) {
        std::copy_n(call.output_gradient, call.events * size_, call.input_gradients[k]);
      }
    }
  }

 private:
  Shape shape_output(const std::vector<Shape>& inputs) override {
    expect_inputs(inputs, 2, 64);
    for (const Shape& shape : inputs) {
      if (shape != inputs[0]) {
        refuse("adds shapes " + text_of(inputs[0]) + " and " + text_of(shape) + ", expected equal ones");
      }
    }
    size_ = size_of(inputs[0]);
    return inputs[0];
  }
  std::size_t size_ = 0;
};

class Multiply final : public LayerOf<Multiply> {
 public:
  using LayerOf::LayerOf;
  const char* kind() const noexcept override { return "multiply"; }

  template <class T>
  void forward_of(const Forward<T>& call) const {
    const std::size_t count = call.events * size_;
    std::copy_n(call.inputs[0], count, call.output);
    for (std::size_t k = 1; k < input_shapes().size(); ++k) {
      for (std::size_t i = 0; i < count; ++i) call.output[i] *= call.inputs[k][i];
    }
  }
  template <class T>
  void backward_of(const Backward<T>& call) const {
    const std::size_t inputs = input_shapes().size();
    for (std::size_t k = 0; k < inputs; ++k) {
      T* gradient = call.input_gradients[k];
      if (gradient == nullptr) continue;
      for (std::size_t i = 0; i < call.events * size_; ++i) {
        T product = call.output_gradient[i];
        for (std::size_t other = 0; other < inputs; ++other) {
          if (other != k) product *= call.inputs[other][i];
        }
        gradient[i] = product;
      }
    }
  }

 private:
  Shape shape_output(const std::vector<Shape>& inputs) override {
    expect_inputs(inputs, 2, 64);
    for (const Shape& shape : inputs) {
      if (shape != inputs[0]) {
        refuse("multiplies shapes " + text_of(inputs[0]) + " and " + text_of(shape) + ", expected equal ones");
      }
    }
    size_ = size_of(inputs[0]);
    return inputs[0];
  }
  std::size_t size_ = 0;
};

// Along the last dimension; the others must agree.
class Concatenate final : public LayerOf<Concatenate> {
 public:
  using LayerOf::LayerOf;
  const char* kind() const noexcept override { return "concatenate"; }

  template <class T>
  void forward_of(const Forward<T>& call) const {
    std::size_t first = 0;
    for (std::size_t k = 0; k < widths_.size(); ++k) {
      for (std::size_t row = 0; row < call.events * rows_; ++row) {
        std::copy_n(call.inputs[k] + row * widths_[k], widths_[k], call.output + row * width_ + first);
      }
      first += widths_[k];
    }
  }
  template <class T>
  void backward_of(const Backward<T>& call) const {
    std::size_t first = 0;
    for (std::size_t k = 0; k < widths_.size(); ++k) {
      if (call.input_gradients[k] != nullptr) {
        for (std::size_t row = 0; row < call.events * rows_; ++row) {
          std::copy_n(call.output_gradient + row * width_ + first, widths_[k],
                      call.input_gradients[k] + row * widths_[k]);
        }
      }
      first += widths_[k];
    }
  }

 private:
  Shape shape_output(const std::vector<Shape>& inputs) override {
    expect_inputs(inputs, 2, 64);
    Shape shape = inputs[0];
    for (const Shape& one : inputs) {
      if (one.size() != shape.size() || !std::equal(one.begin(), one.end() - 1, shape.begin())) {
        refuse("joins shapes " + text_of(inputs[0]) + " and " + text_of(one) +
               ", which must agree in all dimensions but the last");
      }
      widths_.push_back(one.back());
      width_ += one.back();
    }
    rows_ = size_of(shape) / shape.back();
    shape.back() = width_;
    return shape;
  }
  std::vector<std::size_t> widths_;
  std::size_t width_ = 0;
  std::size_t rows_ = 0;
};

// The Kullback-Leibler divergence of a normal distribution of mean m and logarithm of the variance v from the standard
// one, sum of (m^2 + exp(v) - 1 - v) / 2: what a variational autoencoder adds to its loss (Kingma and Welling,
// arXiv:1312.6114, appendix B).
class Divergence final : public LayerOf<Divergence> {
 public:
  using LayerOf::LayerOf;
  const char* kind() const noexcept override { return "divergence"; }

  template <class T>
  void forward_of(const Forward<T>& call) const {
    for (std::size_t e = 0; e < call.events; ++e) {
      T sum{0};
      for (std::size_t i = e * size_; i < (e + 1) * size_; ++i) {
        const T m = call.inputs[0][i];
        const T v = call.inputs[1][i];
        sum += T{0.5} * (m * m + std::exp(v) - T{1} - v);
      }
      call.output[e] = sum;
    }
  }
  template <class T>
  void backward_of(const Backward<T>& call) const {
    for (std::size_t e = 0; e < call.events; ++e) {
      for (std::size_t i = e * size_; i < (e + 1) * size_; ++i) {
        const T g = call.output_gradient[e];
        if (call.input_gradients[0] != nullptr) call.input_gradients[0][i] = g * call.inputs[0][i];
        if (call.input_gradients[1] != nullptr) {
          call.input_gradients[1][i] = g * T{0.5} * (std::exp(call.inputs[1][i]) - T{1});
        }
      }
    }
  }

 private:
  Shape shape_output(const std::vector<Shape>& inputs) override {
    expect_inputs(inputs, 2, 2);
    if (inputs[0] != inputs[1]) {
      refuse("has means of shape " + text_of(inputs[0]) + " and logarithms of variances of shape " +
             text_of(inputs[1]) + ", expected equal ones");
    }
    size_ = size_of(inputs[0]);
    return {1};
  }
  std::size_t size_ = 0;
};

// The mean of (a - b)^2 over all numbers of an event: what an autoencoder minimises, and its anomaly score.
class Distance final : public LayerOf<Distance> {
 public:
  using LayerOf::LayerOf;
  const char* kind() const noexcept override { return "distance"; }

  template <class T>
  void forward_of(const Forward<T>& call) const {
    for (std::size_t e = 0; e < call.events; ++e) {
      T sum{0};
      for (std::size_t i = e * size_; i < (e + 1) * size_; ++i) {
        const T d = call.inputs[0][i] - call.inputs[1][i];
        sum += d * d;
      }
      call.output[e] = sum / static_cast<T>(size_);
    }
  }
  template <class T>
  void backward_of(const Backward<T>& call) const {
    for (std::size_t e = 0; e < call.events; ++e) {
      const T factor = T{2} * call.output_gradient[e] / static_cast<T>(size_);
      for (std::size_t i = e * size_; i < (e + 1) * size_; ++i) {
        const T d = factor * (call.inputs[0][i] - call.inputs[1][i]);
        if (call.input_gradients[0] != nullptr) call.input_gradients[0][i] = d;
        if (call.input_gradients[1] != nullptr) call.input_gradients[1][i] = -d;
      }
    }
  }

 private:
  Shape shape_output(const std::vector<Shape>& inputs) override {
    expect_inputs(inputs, 2, 2);
    if (inputs[0] != inputs[1]) {
      refuse("compares shapes " + text_of(inputs[0]) + " and " + text_of(inputs[1]) + ", expected equal ones");
    }
    size_ = size_of(inputs[0]);
    return {1};
  }
  std::size_t size_ = 0;
};

}  // namespace

LayerPointer make_add(const archive::Group& group) { return std::make_shared<Add>(group); }
LayerPointer make_multiply(const archive::Group& group) { return std::make_shared<Multiply>(group); }
LayerPointer make_concatenate(const archive::Group& group) { return std::make_shared<Concatenate>(group); }
LayerPointer make_distance(const archive::Group& group) { return std::make_shared<Distance>(group); }
LayerPointer make_divergence(const archive::Group& group) { return std::make_shared<Divergence>(group); }

}  // namespace diskern::network::graph

// Dense layers, and the embedding, which is one of indicator variables.
#include <cmath>

#include "network/graph/layers.hpp"
#include "network/graph/matrix.hpp"

namespace diskern::network::graph {

namespace {

// y = x W + b along the last dimension; every other dimension is one more row.
class Dense final : public LayerOf<Dense> {
 public:
  explicit Dense(const archive::Group& attributes)
      : LayerOf(attributes), units_(attributes.count("units", maximum_elements)), bias_(attributes.boolean("bias")) {}
  const char* kind() const noexcept override { return "dense"; }

  std::size_t prepared_size() const noexcept override {
    return packed_size(inputs_, units_) + packed_size(units_, inputs_) + padded_columns(units_);
  }

  template <class T>
  void prepare_of(const T* parameters, T* prepared) const {
    pack(inputs_, units_, Strided<T>{parameters, units_, 1}, prepared);
    prepared += packed_size(inputs_, units_);
    pack(units_, inputs_, Strided<T>{parameters, 1, units_}, prepared);
    prepared += packed_size(units_, inputs_);
    std::fill_n(prepared, padded_columns(units_), T{0});
    if (bias_) std::copy_n(parameters + inputs_ * units_, units_, prepared);
  }

  template <class T>
  void forward_of(const Forward<T>& call) const {
    const T* bias = call.prepared + packed_size(inputs_, units_) + packed_size(units_, inputs_);
    multiply(call.inputs[0], inputs_, call.prepared, bias, call.output, units_, call.events * rows_, inputs_, units_);
  }

  template <class T>
  void backward_of(const Backward<T>& call) const {
    const std::size_t rows = call.events * rows_;
    if (call.input_gradients[0] != nullptr) {
      multiply<T>(call.output_gradient, units_, call.prepared + packed_size(inputs_, units_), nullptr,
                  call.input_gradients[0], inputs_, rows, units_, inputs_);
    }
    add_transposed_product(call.inputs[0], inputs_, call.output_gradient, units_, call.parameter_gradients, rows,
                           inputs_, units_);
    if (bias_) {
      add_column_sums(call.output_gradient, units_, call.parameter_gradients + inputs_ * units_, rows, units_);
    }
  }

 private:
  Shape shape_output(const std::vector<Shape>& inputs) override {
    expect_inputs(inputs, 1, 1);
    if (units_ == 0) refuse("has 0 units");
    Shape shape = inputs[0];
    inputs_ = shape.back();
    rows_ = size_of(shape) / inputs_;
    shape.back() = units_;
    parameters_.push_back({"weights", {inputs_, units_}, Start::weights, true, true, inputs_, units_});
    if (bias_) parameters_.push_back({"biases", {units_}});
    return shape;
  }
  void write_attributes(archive::Group& group) const override {
    group.set("units", static_cast<std::int64_t>(units_));
    group.set("bias", bias_);
  }

  std::size_t units_;
  bool bias_;
  std::size_t inputs_ = 0;
  std::size_t rows_ = 0;
};

// y[..., :] = W[x[...], :] for x that holds whole numbers 0 ... categories - 1. Others, which training refuses, give
// NaN.
class Embedding final : public LayerOf<Embedding> {
 public:
  explicit Embedding(const archive::Group& attributes)
      : LayerOf(attributes),
        categories_(attributes.count("categories", maximum_elements)),
        units_(attributes.count("units", maximum_elements)) {}
  const char* kind() const noexcept override { return "embedding"; }
  void check_input(const float* values, std::size_t event) const override {
    for (std::size_t i = 0; i < values_; ++i) {
      if (values[i] >= 0.0F && values[i] < static_cast<float>(categories_) && values[i] == std::floor(values[i]))
        continue;
      refuse("has the number " + std::to_string(values[i]) + " in event " + std::to_string(event) +
             ", expected a whole number from 0 to " + std::to_string(categories_ - 1));
    }
  }

  template <class T>
  void forward_of(const Forward<T>& call) const {
    for (std::size_t i = 0; i < call.events * values_; ++i) {
      const T x = call.inputs[0][i];
      T* y = call.output + i * units_;
      if (x >= T{0} && x < static_cast<T>(categories_) && x == std::floor(x)) {
        std::copy_n(call.parameters + static_cast<std::size_t>(x) * units_, units_, y);
      } else {
        std::fill_n(y, units_, static_cast<T>(NAN));
      }
    }
  }

  template <class T>
  void backward_of(const Backward<T>& call) const {
    for (std::size_t i = 0; i < call.events * values_; ++i) {
      const T x = call.inputs[0][i];
      if (!(x >= T{0} && x < static_cast<T>(categories_) && x == std::floor(x))) continue;
      T* row = call.parameter_gradients + static_cast<std::size_t>(x) * units_;
      for (std::size_t n = 0; n < units_; ++n) row[n] += call.output_gradient[i * units_ + n];
    }
    // The category has no derivative.
    if (call.input_gradients[0] != nullptr) std::fill_n(call.input_gradients[0], call.events * values_, T{0});
  }

 private:
  Shape shape_output(const std::vector<Shape>& inputs) override {
    expect_inputs(inputs, 1, 1);
    if (units_ == 0 || categories_ == 0) refuse("needs 1 or more categories and units");
    values_ = size_of(inputs[0]);
    Shape shape = inputs[0];
    shape.push_back(units_);
    parameters_.push_back({"weights", {categories_, units_}, Start::weights, true, true, categories_, units_});
    return shape;
  }
  void write_attributes(archive::Group& group) const override {
    group.set("categories", static_cast<std::int64_t>(categories_));
    group.set("units", static_cast<std::int64_t>(units_));
  }

  std::size_t categories_;
  std::size_t units_;
  std::size_t values_ = 0;
};

}  // namespace

LayerPointer make_dense(const archive::Group& attributes) { return std::make_shared<Dense>(attributes); }
LayerPointer make_embedding(const archive::Group& attributes) { return std::make_shared<Embedding>(attributes); }

}  // namespace diskern::network::graph

// Layers that move numbers without changing them.
#include <algorithm>
#include <numeric>

#include "diskern/error.hpp"
#include "network/graph/layers.hpp"

namespace diskern::network::graph {

namespace {

// The same numbers in the same order. An empty target shape: flat. One extent may be -1: what is left.
class Reshape final : public LayerOf<Reshape> {
 public:
  explicit Reshape(const archive::Group& group) : LayerOf(group), target_(group.integers64("shape")) {
    if (target_.size() > 8) throw FormatError("layer '" + name() + "': shape has more than 8 dimensions");
  }
  const char* kind() const noexcept override { return "reshape"; }
  bool is_view() const noexcept override { return true; }

  template <class T>
  void forward_of(const Forward<T>& call) const {
    std::copy_n(call.inputs[0], call.events * size_of(output_shape()), call.output);
  }
  template <class T>
  void backward_of(const Backward<T>& call) const {
    if (call.input_gradients[0] == nullptr) return;
    std::copy_n(call.output_gradient, call.events * size_of(output_shape()), call.input_gradients[0]);
  }

 private:
  Shape shape_output(const std::vector<Shape>& inputs) override {
    expect_inputs(inputs, 1, 1);
    const std::size_t size = size_of(inputs[0]);
    if (target_.empty()) return {size};
    Shape shape;
    std::size_t known = 1;
    std::size_t open = target_.size();
    for (std::size_t i = 0; i < target_.size(); ++i) {
      if (target_[i] == -1 && open == target_.size()) {
        open = i;
        shape.push_back(1);
        continue;
      }
      if (target_[i] < 1 || static_cast<std::uint64_t>(target_[i]) > maximum_elements / known) {
        refuse("asks for the extent " + std::to_string(target_[i]) + ", expected a positive one, or -1 once");
      }
      shape.push_back(static_cast<std::size_t>(target_[i]));
      known *= shape.back();
    }
    if (open < target_.size()) shape[open] = size / known;
    if (size_of(shape) != size) {
      refuse("makes " + text_of(shape) + " of an input of shape " + text_of(inputs[0]) + ": " + std::to_string(size) +
             " numbers");
    }
    return shape;
  }
  void write_attributes(archive::Group& group) const override { group.set("shape", target_); }

  std::vector<std::int64_t> target_;
};

// Dimension k of the output is dimension order[k] of the input.
class Permute final : public LayerOf<Permute> {
 public:
  explicit Permute(const archive::Group& group) : LayerOf(group), order_(group.integers64("order")) {
    std::vector<std::int64_t> sorted = order_;
    std::sort(sorted.begin(), sorted.end());
    for (std::size_t i = 0; i < sorted.size(); ++i) {
      if (sorted.size() > 8 || sorted[i] != static_cast<std::int64_t>(i)) {
        throw FormatError("layer '" + name() + "': order must hold each of 0, 1, ... once");
      }
    }
  }
  const char* kind() const noexcept override { return "permute"; }

  template <class T>
  void forward_of(const Forward<T>& call) const {
    const std::size_t size = source_.size();
    for (std::size_t e = 0; e < call.events; ++e) {
      for (std::size_t i = 0; i < size; ++i) call.output[e * size + i] = call.inputs[0][e * size + source_[i]];
    }
  }
  template <class T>
  void backward_of(const Backward<T>& call) const {
    if (call.input_gradients[0] == nullptr) return;
    const std::size_t size = source_.size();
    for (std::size_t e = 0; e < call.events; ++e) {
      for (std::size_t i = 0; i < size; ++i) {
        call.input_gradients[0][e * size + source_[i]] = call.output_gradient[e * size + i];
      }
    }
  }

 private:
  Shape shape_output(const std::vector<Shape>& inputs) override {
    expect_inputs(inputs, 1, 1);
    const Shape& shape = inputs[0];
    if (order_.size() != shape.size()) {
      refuse("orders " + std::to_string(order_.size()) + " dimensions, its input of shape " + text_of(shape) + " has " +
             std::to_string(shape.size()));
    }
    std::vector<std::size_t> stride(shape.size(), 1);
    for (std::size_t d = shape.size() - 1; d-- > 0;) stride[d] = stride[d + 1] * shape[d + 1];
    Shape result;
    for (const std::int64_t d : order_) result.push_back(shape[static_cast<std::size_t>(d)]);
    source_.resize(size_of(shape));
    for (std::size_t i = 0; i < source_.size(); ++i) {
      std::size_t rest = i;
      std::size_t place = 0;
      for (std::size_t d = result.size(); d-- > 0;) {
        place += rest % result[d] * stride[static_cast<std::size_t>(order_[d])];
        rest /= result[d];
      }
      source_[i] = static_cast<std::uint32_t>(place);
    }
    return result;
  }
  void write_attributes(archive::Group& group) const override { group.set("order", order_); }

  std::vector<std::int64_t> order_;
  std::vector<std::uint32_t> source_;
};

// Passes values on and gradients back with the opposite sign: what lies behind it learns against what lies before it
// (Ganin and Lempitsky, arXiv:1409.7495).
class GradientReversal final : public LayerOf<GradientReversal> {
 public:
  explicit GradientReversal(const archive::Group& group) : LayerOf(group), strength_(group.finite_real("strength")) {}
  const char* kind() const noexcept override { return "gradient_reversal"; }

  template <class T>
  void forward_of(const Forward<T>& call) const {
    std::copy_n(call.inputs[0], call.events * size_of(output_shape()), call.output);
  }
  template <class T>
  void backward_of(const Backward<T>& call) const {
    if (call.input_gradients[0] == nullptr) return;
    const T factor = static_cast<T>(-strength_);
    for (std::size_t i = 0; i < call.events * size_of(output_shape()); ++i) {
      call.input_gradients[0][i] = factor * call.output_gradient[i];
    }
  }

 private:
  Shape shape_output(const std::vector<Shape>& inputs) override {
    expect_inputs(inputs, 1, 1);
    return inputs[0];
  }
  void write_attributes(archive::Group& group) const override { group.set("strength", strength_); }

  double strength_;
};

}  // namespace

LayerPointer make_reshape(const archive::Group& group) { return std::make_shared<Reshape>(group); }
LayerPointer make_permute(const archive::Group& group) { return std::make_shared<Permute>(group); }
LayerPointer make_gradient_reversal(const archive::Group& group) { return std::make_shared<GradientReversal>(group); }

}  // namespace diskern::network::graph

#pragma once
// What recurrent layers share: a series of steps with a mask, the order in which they are gone through, and what of the
// states goes out.

#include <algorithm>
#include <string>
#include <vector>

#include "network/graph/layer.hpp"

namespace diskern::network::graph {

template <class Derived>
class SeriesLayer : public LayerOf<Derived> {
 public:
  explicit SeriesLayer(const archive::Group& group)
      : LayerOf<Derived>(group),
        units_(group.count("units", 65536)),
        sequences_(group.boolean("sequences")),
        backwards_(group.boolean("backwards")) {}

 protected:
  // The step that is the i-th to be gone through.
  std::size_t time(std::size_t i) const noexcept { return backwards_ ? steps_ - 1 - i : i; }

  // Whether event e has nothing at step t.
  template <class T>
  bool absent(const T* const* inputs, std::size_t e, std::size_t t) const noexcept {
    return masked_ && inputs[1][e * steps_ + t] == T{0};
  }

  // The state of event e after the i-th step, where it is part of the output.
  template <class T>
  void put_state(const Forward<T>& call, std::size_t e, std::size_t i, const T* state) const {
    if (sequences_) {
      std::copy_n(state, units_, call.output + (e * steps_ + time(i)) * units_);
    } else if (i + 1 == steps_) {
      std::copy_n(state, units_, call.output + e * units_);
    }
  }
  template <class T>
  void add_output_gradient(const Backward<T>& call, std::size_t e, std::size_t i, T* gradient) const {
    if (!sequences_ && i + 1 != steps_) return;
    const T* add = call.output_gradient + (sequences_ ? e * steps_ + time(i) : e) * units_;
    for (std::size_t j = 0; j < units_; ++j) gradient[j] += add[j];
  }
  // A mask learns nothing.
  template <class T>
  void clear_mask_gradient(const Backward<T>& call) const {
    if (masked_ && call.input_gradients[1] != nullptr) std::fill_n(call.input_gradients[1], call.events * steps_, T{0});
  }

  // columns: of both weights; biases: their number; saved: numbers that are kept of each step.
  Shape shape_series(const std::vector<Shape>& inputs, std::size_t columns, std::size_t biases, std::size_t saved) {
    if (masked_ && size_of(inputs[1]) != steps_) {
      this->refuse("has a mask of shape " + text_of(inputs[1]) + ", expected one number for each of its " +
                   std::to_string(steps_) + " steps");
    }
    if (6 * units_ > maximum_elements / steps_ || 4 * units_ > maximum_elements / std::max(features_, units_)) {
      this->refuse("works on more than 2^26 numbers");
    }
    this->saved_size_ = steps_ * saved;
    this->parameters_.push_back({"weights", {features_, columns}, Start::weights, true, true, features_, units_});
    this->parameters_.push_back({"recurrent_weights", {units_, columns}, Start::weights, true, true, units_, units_});
    this->parameters_.push_back({"biases", {biases}});
    return sequences_ ? Shape{steps_, units_} : Shape{units_};
  }
  // Before shape_series: what the inputs are.
  void look_at(const std::vector<Shape>& inputs) {
    this->expect_inputs(inputs, 1, 2);
    this->expect_rank(inputs[0], 2, "steps, features");
    if (units_ == 0) this->refuse("has 0 units");
    steps_ = inputs[0][0];
    features_ = inputs[0][1];
    masked_ = inputs.size() == 2;
  }

  void write_attributes(archive::Group& group) const override {
    group.set("units", static_cast<std::int64_t>(units_));
    group.set("sequences", sequences_);
    group.set("backwards", backwards_);
  }

  std::size_t units_;
  bool sequences_;
  bool backwards_;
  bool masked_ = false;
  std::size_t steps_ = 0;
  std::size_t features_ = 0;
};

}  // namespace diskern::network::graph

#include "network/graph/layer.hpp"

#include "diskern/error.hpp"

namespace diskern::network::graph {

std::size_t size_of(const Shape& shape) noexcept {
  std::size_t size = 1;
  for (const std::size_t extent : shape) size *= extent;
  return size;
}

std::string text_of(const Shape& shape) {
  std::string text = "(";
  for (std::size_t i = 0; i < shape.size(); ++i) text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  return text + (shape.size() == 1 ? ",)" : ")");
}

Layer::Layer(const archive::Group& attributes) : name_(attributes.text("name")) {}

const Shape& Layer::build(const std::vector<Shape>& inputs) {
  if (!input_shapes_.empty()) {
    if (inputs != input_shapes_) {
      refuse("is used more than once, with inputs of shape " + text_of(input_shapes_[0]) + " and of shape " +
             text_of(inputs.empty() ? Shape{} : inputs[0]) + "; a shared layer needs equal shapes");
    }
    return output_shape_;
  }
  for (const Shape& shape : inputs) {
    if (shape.empty()) refuse("has an input without a shape");
  }
  output_shape_ = shape_output(inputs);
  input_shapes_ = inputs;
  std::size_t size = 1;
  for (const std::size_t extent : output_shape_) {
    if (extent == 0) refuse("would give nothing: shape " + text_of(output_shape_));
    if (extent > maximum_elements / size) refuse("gives more than 2^26 numbers per event");
    size *= extent;
  }
  for (const ParameterInfo& info : parameters_) {
    std::size_t count = 1;
    for (const std::size_t extent : info.shape) {
      if (extent != 0 && count > maximum_elements / extent) refuse("has more than 2^26 parameters");
      count *= extent;
    }
  }
  return output_shape_;
}

void Layer::write(archive::Group& group) const {
  group.set("kind", std::string(kind()));
  group.set("name", name_);
  write_attributes(group);
}

void Layer::refuse(const std::string& what) const {
  throw InvalidArgument("layer '" + name_ + "' (" + kind() + ") " + what);
}

void Layer::expect_inputs(const std::vector<Shape>& inputs, std::size_t least, std::size_t most) const {
  if (inputs.size() >= least && inputs.size() <= most) return;
  refuse("has " + std::to_string(inputs.size()) + " inputs, expected " +
         (least == most ? std::to_string(least) : std::to_string(least) + " to " + std::to_string(most)));
}

void Layer::expect_rank(const Shape& shape, std::size_t rank, const char* meaning) const {
  if (shape.size() == rank) return;
  refuse("has an input of shape " + text_of(shape) + ", expected " + std::to_string(rank) + " dimensions: " + meaning);
}

}  // namespace diskern::network::graph

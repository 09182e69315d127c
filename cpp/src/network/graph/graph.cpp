#include "network/graph/graph.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/maths.hpp"
#include "diskern/error.hpp"

namespace diskern::network::graph {

namespace {

constexpr std::int64_t layout_version = 1;
constexpr std::size_t maximum_layers = 4096;

std::string quoted(const std::string& name) { return "'" + name + "'"; }

}  // namespace

Graph::Graph(std::vector<Input> inputs, std::vector<LayerPointer> layers, std::vector<Node> nodes,
             std::vector<Output> outputs)
    : inputs_(std::move(inputs)), layers_(std::move(layers)), nodes_(std::move(nodes)), outputs_(std::move(outputs)) {
  if (inputs_.empty()) throw InvalidArgument("a network needs 1 or more inputs");
  if (outputs_.empty()) throw InvalidArgument("a network needs 1 or more outputs");
  if (nodes_.size() > maximum_layers || layers_.size() > maximum_layers || inputs_.size() > maximum_layers) {
    throw InvalidArgument("a network has at most " + std::to_string(maximum_layers) + " layers and inputs");
  }
  check_names();
  build();
  check_use();
}

void Graph::check_names() const {
  std::set<std::string> names;
  const auto check = [&](const std::string& name, const char* what) {
    if (name.empty()) throw InvalidArgument(std::string(what) + " without a name");
    if (!names.insert(name).second) throw InvalidArgument("two layers or inputs are called " + quoted(name));
  };
  for (const Input& input : inputs_) check(input.name, "an input");
  for (const LayerPointer& layer : layers_) check(layer->name(), "a layer");
}

void Graph::build() {
  for (Input& input : inputs_) {
    if (input.shape.empty() || input.shape.size() > 8) {
      throw InvalidArgument("input " + quoted(input.name) + " has the shape " + text_of(input.shape) +
                            ", expected 1 to 8 dimensions");
    }
    std::size_t size = 1;
    for (const std::size_t extent : input.shape) {
      if (extent == 0 || extent > maximum_elements / size) {
        throw InvalidArgument("input " + quoted(input.name) + " has the shape " + text_of(input.shape) +
                              ", expected extents of 1 or more and at most 2^26 numbers");
      }
      size *= extent;
    }
    input.column = input_count_;
    input_count_ += size;
    sizes_.push_back(size);
  }
  for (std::size_t n = 0; n < nodes_.size(); ++n) {
    const Node& node = nodes_[n];
    if (node.layer >= layers_.size()) throw InvalidArgument("node " + std::to_string(n) + " names no layer");
    std::vector<Shape> shapes;
    for (const std::size_t value : node.inputs) {
      if (value >= inputs_.size() + n) {
        throw InvalidArgument("layer " + quoted(layers_[node.layer]->name()) +
                              " takes the result of a layer that comes after it");
      }
      shapes.push_back(shape(value));
    }
    sizes_.push_back(size_of(layers_[node.layer]->build(shapes)));
  }
  for (const LayerPointer& layer : layers_) {
    offsets_.push_back(parameter_count_);
    prepared_offsets_.push_back(prepared_size_);
    if (layer->input_shapes().empty())
      throw InvalidArgument("layer " + quoted(layer->name()) + " is applied to nothing");
    for (const ParameterInfo& info : layer->parameters()) parameter_count_ += info.size();
    prepared_size_ += layer->prepared_size();
    if (parameter_count_ > maximum_elements) throw InvalidArgument("the network has more than 2^26 parameters");
  }
  for (const Output& output : outputs_) {
    if (output.value >= value_count()) throw InvalidArgument("an output names no layer");
    output_count_ += size(output.value);
  }
}

void Graph::check_use() const {
  std::vector<bool> used(value_count(), false);
  for (const Output& output : outputs_) used[output.value] = true;
  for (std::size_t n = nodes_.size(); n-- > 0;) {
    if (!used[inputs_.size() + n]) {
      throw InvalidArgument("layer " + quoted(layer_of(nodes_[n]).name()) + " leads to no output");
    }
    for (const std::size_t value : nodes_[n].inputs) used[value] = true;
  }
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    if (!used[i]) throw InvalidArgument("input " + quoted(inputs_[i].name) + " leads to no output");
  }
}

const Shape& Graph::shape(std::size_t value) const noexcept {
  return value < inputs_.size() ? inputs_[value].shape : layer_of(nodes_[value - inputs_.size()]).output_shape();
}

void Graph::write(archive::Group& group) const {
  const auto numbers = [](const std::vector<std::size_t>& values) {
    std::vector<std::int64_t> result;
    for (const std::size_t value : values) result.push_back(static_cast<std::int64_t>(value));
    return result;
  };
  group.set("layout", layout_version);
  for (const Input& input : inputs_) {
    archive::Group& child = group.append("inputs");
    child.set("name", input.name);
    child.set("shape", numbers(input.shape));
  }
  for (const LayerPointer& layer : layers_) layer->write(group.append("layers"));
  for (const Node& node : nodes_) {
    archive::Group& child = group.append("nodes");
    child.set("layer", static_cast<std::int64_t>(node.layer));
    child.set("inputs", numbers(node.inputs));
  }
  for (const Output& output : outputs_) {
    archive::Group& child = group.append("outputs");
    child.set("value", static_cast<std::int64_t>(output.value));
    child.set("link", static_cast<std::int64_t>(output.link));
  }
}

GraphPointer Graph::read(const archive::Group& group) {
  group.integer("layout", layout_version, layout_version);
  const auto sizes = [](const archive::Group& child, const char* key) {
    std::vector<std::size_t> result;
    for (const std::int64_t value : child.integers64(key)) {
      if (value < 0) throw FormatError("network: " + std::string(key) + " holds " + std::to_string(value));
      result.push_back(static_cast<std::size_t>(value));
    }
    return result;
  };
  std::vector<Input> inputs;
  for (const archive::Group* child : group.children("inputs")) {
    inputs.push_back({child->text("name"), sizes(*child, "shape"), 0});
  }
  std::vector<LayerPointer> layers;
  for (const archive::Group* child : group.children("layers")) layers.push_back(make_layer(*child));
  std::vector<Node> nodes;
  for (const archive::Group* child : group.children("nodes")) {
    nodes.push_back({child->count("layer", maximum_layers), sizes(*child, "inputs")});
  }
  std::vector<Output> outputs;
  for (const archive::Group* child : group.children("outputs")) {
    outputs.push_back({child->count("value", 2 * maximum_layers),
                       static_cast<Link>(child->integer("link", 0, static_cast<std::int64_t>(last_link)))});
  }
  return std::make_shared<const Graph>(std::move(inputs), std::move(layers), std::move(nodes), std::move(outputs));
}

template <class T>
void apply_link(Link link, const T* values, const Shape& shape, double* responses) {
  const std::size_t count = size_of(shape);
  for (std::size_t k = 0; k < count; ++k) responses[k] = static_cast<double>(values[k]);
  switch (link) {
    case Link::identity:
      return;
    case Link::sigmoid:
      for (std::size_t k = 0; k < count; ++k) responses[k] = maths::sigmoid(responses[k]);
      return;
    case Link::exponential:
      for (std::size_t k = 0; k < count; ++k) responses[k] = maths::exp(responses[k]);
      return;
    case Link::softmax:
      for (double* end = responses + count; responses != end; responses += shape.back()) {
        const double largest = *std::max_element(responses, responses + shape.back());
        double sum = 0.0;
        for (std::size_t k = 0; k < shape.back(); ++k) sum += responses[k] = maths::exp(responses[k] - largest);
        for (std::size_t k = 0; k < shape.back(); ++k) responses[k] /= sum;
      }
      return;
  }
}
template void apply_link<float>(Link, const float*, const Shape&, double*);
template void apply_link<double>(Link, const double*, const Shape&, double*);

}  // namespace diskern::network::graph

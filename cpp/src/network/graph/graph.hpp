#pragma once
// A graph of layers: inputs, nodes that apply layers to earlier nodes, outputs. Immutable once built.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "network/graph/layer.hpp"

namespace diskern::network::graph {

// What a model applies to an output; training works on the numbers before it.
enum class Link : std::uint8_t { identity = 0, sigmoid = 1, softmax = 2, exponential = 3 };
constexpr Link last_link = Link::exponential;

struct Input {
  std::string name;
  Shape shape;
  std::size_t column = 0;  // of an event's numbers, where those of this input begin
};

struct Node {
  std::size_t layer = 0;            // several nodes with the same layer share its parameters
  std::vector<std::size_t> inputs;  // values: inputs first, then nodes in their order
};

struct Output {
  std::size_t value = 0;
  Link link = Link::identity;
};

class Graph {
 public:
  // Checks names, order, shapes; throws InvalidArgument that names the layer.
  Graph(std::vector<Input> inputs, std::vector<LayerPointer> layers, std::vector<Node> nodes,
        std::vector<Output> outputs);

  const std::vector<Input>& inputs() const noexcept { return inputs_; }
  const std::vector<LayerPointer>& layers() const noexcept { return layers_; }
  const std::vector<Node>& nodes() const noexcept { return nodes_; }
  const std::vector<Output>& outputs() const noexcept { return outputs_; }

  // Values are numbered: the inputs, then the nodes.
  std::size_t value_count() const noexcept { return inputs_.size() + nodes_.size(); }
  const Shape& shape(std::size_t value) const noexcept;
  std::size_t size(std::size_t value) const noexcept { return sizes_[value]; }
  const Layer& layer_of(const Node& node) const noexcept { return *layers_[node.layer]; }

  std::size_t input_count() const noexcept { return input_count_; }    // numbers of an event
  std::size_t output_count() const noexcept { return output_count_; }  // numbers of all outputs
  std::size_t parameter_count() const noexcept { return parameter_count_; }
  // Where the parameters of a layer begin.
  std::size_t parameter_offset(std::size_t layer) const noexcept { return offsets_[layer]; }
  std::size_t prepared_size() const noexcept { return prepared_size_; }
  std::size_t prepared_offset(std::size_t layer) const noexcept { return prepared_offsets_[layer]; }

  template <class T>
  void prepare(const T* parameters, T* prepared) const {
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      layers_[l]->prepare(parameters + offsets_[l], prepared + prepared_offsets_[l]);
    }
  }

  void write(archive::Group& group) const;
  static std::shared_ptr<const Graph> read(const archive::Group& group);

 private:
  void check_names() const;
  void build();
  void check_use() const;

  std::vector<Input> inputs_;
  std::vector<LayerPointer> layers_;
  std::vector<Node> nodes_;
  std::vector<Output> outputs_;
  std::vector<std::size_t> sizes_;
  std::vector<std::size_t> offsets_;
  std::vector<std::size_t> prepared_offsets_;
  std::size_t input_count_ = 0;
  std::size_t output_count_ = 0;
  std::size_t parameter_count_ = 0;
  std::size_t prepared_size_ = 0;
};

using GraphPointer = std::shared_ptr<const Graph>;

// Applies the link of an output to the numbers of one event; a softmax along the last dimension of the shape.
template <class T>
void apply_link(Link link, const T* values, const Shape& shape, double* responses);

}  // namespace diskern::network::graph

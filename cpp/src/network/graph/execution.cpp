#include "network/graph/execution.hpp"

#include <algorithm>

#include "network/graph/matrix.hpp"

namespace diskern::network::graph {

namespace {

constexpr std::size_t alignment = 16;  // elements: a cache line of float32

std::size_t rounded(std::size_t elements) { return (elements + slack + alignment - 1) / alignment * alignment; }

// Places that are free again are given to the next value that fits.
class Places {
 public:
  std::size_t take(std::size_t elements) {
    const std::size_t wanted = rounded(elements);
    std::size_t best = free_.size();
    for (std::size_t i = 0; i < free_.size(); ++i) {
      if (free_[i].size >= wanted && (best == free_.size() || free_[i].size < free_[best].size)) best = i;
    }
    if (best == free_.size()) {
      const std::size_t begin = end_;
      end_ += wanted;
      return begin;
    }
    const std::size_t begin = free_[best].begin;
    free_[best].begin += wanted;
    free_[best].size -= wanted;
    return begin;
  }
  void give_back(std::size_t begin, std::size_t elements) { free_.push_back({begin, rounded(elements)}); }
  std::size_t end() const noexcept { return end_; }

 private:
  struct Piece {
    std::size_t begin;
    std::size_t size;
  };
  std::vector<Piece> free_;
  std::size_t end_ = 0;
};

}  // namespace

std::size_t Plan::take(std::size_t elements) {
  const std::size_t begin = size_;
  size_ += rounded(elements);
  return begin;
}

Plan::Plan(const Graph& graph, std::size_t events, bool training, bool input_gradients) : events_(events) {
  const std::size_t inputs = graph.inputs().size();
  const std::vector<Node>& nodes = graph.nodes();
  // A view has the place of what it looks at.
  std::vector<std::size_t> root(graph.value_count());
  for (std::size_t v = 0; v < root.size(); ++v) {
    root[v] = v >= inputs && graph.layer_of(nodes[v - inputs]).is_view() ? root[nodes[v - inputs].inputs[0]] : v;
  }
  value_.assign(graph.value_count(), none);
  gradient_.assign(graph.value_count(), none);
  saved_.assign(nodes.size(), none);
  std::size_t scratch = 0;
  for (const Node& node : nodes) scratch = std::max(scratch, graph.layer_of(node).scratch_size(events));

  if (!training) {
    // The last node that looks at each value; outputs are looked at in the end.
    std::vector<std::size_t> last(graph.value_count(), 0);
    for (std::size_t n = 0; n < nodes.size(); ++n) {
      for (const std::size_t v : nodes[n].inputs) last[root[v]] = n;
    }
    for (const Output& output : graph.outputs()) last[root[output.value]] = nodes.size();
    Places places;
    for (std::size_t i = 0; i < inputs; ++i) value_[i] = places.take(events * graph.size(i));
    for (std::size_t n = 0; n < nodes.size(); ++n) {
      const std::size_t v = inputs + n;
      const std::size_t saved = events * graph.layer_of(nodes[n]).saved_size();
      if (root[v] != v) {
        value_[v] = value_[root[v]];
        continue;
      }
      value_[v] = places.take(events * graph.size(v));
      if (saved > 0) {
        saved_[n] = places.take(saved);
        places.give_back(saved_[n], saved);
      }
      for (std::size_t other = 0; other < v; ++other) {
        if (root[other] == other && last[other] == n && value_[other] != none) {
          places.give_back(value_[other], events * graph.size(other));
          last[other] = nodes.size();
        }
      }
    }
    size_ = places.end();
    scratch_ = take(scratch);
    return;
  }

  for (std::size_t v = 0; v < graph.value_count(); ++v) {
    value_[v] = root[v] == v ? take(events * graph.size(v)) : value_[root[v]];
  }
  for (std::size_t n = 0; n < nodes.size(); ++n) {
    const std::size_t saved = events * graph.layer_of(nodes[n]).saved_size();
    if (saved > 0) saved_[n] = take(saved);
  }
  scratch_ = take(scratch);

  // A value needs a gradient where something before it learns.
  std::vector<bool> needed(graph.value_count(), false);
  for (std::size_t i = 0; i < inputs; ++i) needed[i] = input_gradients;
  runs_backward_.assign(nodes.size(), false);
  for (std::size_t n = 0; n < nodes.size(); ++n) {
    const Layer& layer = graph.layer_of(nodes[n]);
    bool any = std::any_of(layer.parameters().begin(), layer.parameters().end(),
                           [](const ParameterInfo& info) { return info.trained; });
    for (const std::size_t v : nodes[n].inputs) any = any || needed[v];
    needed[inputs + n] = any;
    runs_backward_[n] = any && !layer.is_view();
  }
  // In the order of going back the first to write to a gradient sets it, others write beside and add.
  std::vector<bool> written(graph.value_count(), false);
  const auto place_of = [&](std::size_t v) {
    if (gradient_[root[v]] == none) gradient_[root[v]] = take(events * graph.size(v));
    return gradient_[root[v]];
  };
  for (const Output& output : graph.outputs()) {
    const std::size_t v = root[output.value];
    if (written[v]) {
      output_gradient_.push_back(take(events * graph.size(v)));
    } else {
      output_gradient_.push_back(place_of(v));
      written[v] = true;
    }
  }
  edge_.resize(nodes.size());
  edge_adds_.resize(nodes.size());
  for (std::size_t n = nodes.size(); n-- > 0;) {
    for (const std::size_t v : nodes[n].inputs) {
      if (!runs_backward_[n] || !needed[root[v]]) {
        edge_[n].push_back(none);
        edge_adds_[n].push_back(false);
      } else if (written[root[v]]) {
        edge_[n].push_back(take(events * graph.size(v)));
        edge_adds_[n].push_back(true);
      } else {
        edge_[n].push_back(place_of(v));
        edge_adds_[n].push_back(false);
        written[root[v]] = true;
      }
    }
  }
  for (std::size_t v = 0; v < graph.value_count(); ++v) gradient_[v] = gradient_[root[v]];
}

template <class T>
void Tile<T>::point(std::size_t node, const T** inputs) const noexcept {
  const std::vector<std::size_t>& values = graph_.nodes()[node].inputs;
  for (std::size_t k = 0; k < values.size(); ++k) inputs[k] = memory_ + plan_.value(values[k]);
}

template <class T>
Forward<T> Tile<T>::forward_call(const Step& step, std::size_t node, const T** inputs) noexcept {
  const std::size_t layer = graph_.nodes()[node].layer;
  point(node, inputs);
  Forward<T> call;
  call.events = step.events;
  call.inputs = inputs;
  call.output = memory_ + plan_.value(graph_.inputs().size() + node);
  call.saved = plan_.saved(node) == Plan::none ? nullptr : memory_ + plan_.saved(node);
  call.scratch = memory_ + plan_.scratch();
  call.parameters = step.parameters + graph_.parameter_offset(layer);
  call.prepared = step.prepared + graph_.prepared_offset(layer);
  call.training = step.training;
  call.random = step.random;
  call.random.layer = static_cast<std::uint32_t>(node);
  call.statistics = step.statistics == nullptr ? nullptr : step.statistics[node];
  return call;
}

template <class T>
Backward<T> Tile<T>::backward_call(const Step& step, std::size_t node, const T** inputs, T** gradients,
                                   T* parameter_gradients) noexcept {
  const std::size_t layer = graph_.nodes()[node].layer;
  point(node, inputs);
  for (std::size_t k = 0; k < graph_.nodes()[node].inputs.size(); ++k) {
    gradients[k] = plan_.edge(node, k) == Plan::none ? nullptr : memory_ + plan_.edge(node, k);
  }
  Backward<T> call;
  call.events = step.events;
  call.inputs = inputs;
  call.output = memory_ + plan_.value(graph_.inputs().size() + node);
  call.output_gradient = memory_ + plan_.gradient(graph_.inputs().size() + node);
  call.input_gradients = gradients;
  call.parameter_gradients =
      parameter_gradients == nullptr ? nullptr : parameter_gradients + graph_.parameter_offset(layer);
  call.saved = plan_.saved(node) == Plan::none ? nullptr : memory_ + plan_.saved(node);
  call.scratch = memory_ + plan_.scratch();
  call.parameters = step.parameters + graph_.parameter_offset(layer);
  call.prepared = step.prepared + graph_.prepared_offset(layer);
  call.random = step.random;
  call.random.layer = static_cast<std::uint32_t>(node);
  call.statistics = step.statistics == nullptr ? nullptr : step.statistics[node];
  call.gradient_statistics = step.gradient_statistics == nullptr ? nullptr : step.gradient_statistics[node];
  return call;
}

template <class T>
void Tile<T>::forward(const Step& step, std::size_t begin, std::size_t end) {
  const T* inputs[most_inputs];
  for (std::size_t n = begin; n < end; ++n) {
    const Layer& layer = graph_.layer_of(graph_.nodes()[n]);
    if (!layer.is_view()) layer.forward(forward_call(step, n, inputs));
  }
}

template <class T>
void Tile<T>::collect(const Step& step, std::size_t node, double* sums) {
  const T* inputs[most_inputs];
  graph_.layer_of(graph_.nodes()[node]).collect(forward_call(step, node, inputs), sums);
}

template <class T>
void Tile<T>::begin_backward(const Step& step) {
  for (std::size_t o = 0; o < graph_.outputs().size(); ++o) {
    const std::size_t v = graph_.outputs()[o].value;
    if (plan_.places_of_outputs()[o] == plan_.gradient(v)) continue;
    T* sum = memory_ + plan_.gradient(v);
    const T* one = memory_ + plan_.places_of_outputs()[o];
    for (std::size_t i = 0; i < step.events * graph_.size(v); ++i) sum[i] += one[i];
  }
}

template <class T>
void Tile<T>::backward(const Step& step, T* parameter_gradients, std::size_t begin, std::size_t end) {
  const T* inputs[most_inputs];
  T* gradients[most_inputs];
  for (std::size_t n = end; n-- > begin;) {
    if (!plan_.runs_backward(n)) continue;
    const Node& node = graph_.nodes()[n];
    graph_.layer_of(node).backward(backward_call(step, n, inputs, gradients, parameter_gradients));
    for (std::size_t k = 0; k < node.inputs.size(); ++k) {
      if (!plan_.edge_adds(n, k)) continue;
      T* sum = memory_ + plan_.gradient(node.inputs[k]);
      const T* one = memory_ + plan_.edge(n, k);
      for (std::size_t i = 0; i < step.events * graph_.size(node.inputs[k]); ++i) sum[i] += one[i];
    }
  }
}

template <class T>
void Tile<T>::collect_gradient(const Step& step, std::size_t node, double* sums) {
  const T* inputs[most_inputs];
  T* gradients[most_inputs];
  graph_.layer_of(graph_.nodes()[node]).collect_gradient(backward_call(step, node, inputs, gradients, nullptr), sums);
}

template class Tile<float>;
template class Tile<double>;

}  // namespace diskern::network::graph

#pragma once
// Carries a graph out for a handful of events (a tile): values forward, gradients backward. Knows nothing of losses,
// threads and batches.

#include <cstddef>
#include <vector>

#include "base/aligned.hpp"
#include "network/graph/graph.hpp"

namespace diskern::network::graph {

// Where the numbers of a tile stand: worked out once for a graph and a number of events.
class Plan {
 public:
  // training: gradients and what layers save have places of their own. Without it values share places once they are no
  // longer needed. input_gradients: those of the inputs are wanted, too.
  Plan(const Graph& graph, std::size_t events, bool training, bool input_gradients = false);

  std::size_t events() const noexcept { return events_; }
  std::size_t size() const noexcept { return size_; }  // elements of the whole

  static constexpr std::size_t none = static_cast<std::size_t>(-1);
  std::size_t value(std::size_t v) const noexcept { return value_[v]; }
  std::size_t gradient(std::size_t v) const noexcept { return gradient_[v]; }
  std::size_t saved(std::size_t node) const noexcept { return saved_[node]; }
  std::size_t scratch() const noexcept { return scratch_; }
  // Of input k of a node: where its gradient is written, and whether it is then added to that of the value.
  std::size_t edge(std::size_t node, std::size_t k) const noexcept { return edge_[node][k]; }
  bool edge_adds(std::size_t node, std::size_t k) const noexcept { return edge_adds_[node][k]; }
  bool runs_backward(std::size_t node) const noexcept { return runs_backward_[node]; }
  // Whether any loss works on the value directly.
  const std::vector<std::size_t>& places_of_outputs() const noexcept { return output_gradient_; }

 private:
  std::size_t take(std::size_t elements);

  std::size_t events_;
  std::size_t size_ = 0;
  std::vector<std::size_t> value_;
  std::vector<std::size_t> gradient_;
  std::vector<std::size_t> saved_;
  std::vector<std::vector<std::size_t>> edge_;
  std::vector<std::vector<bool>> edge_adds_;
  std::vector<bool> runs_backward_;
  std::vector<std::size_t> output_gradient_;
  std::size_t scratch_ = 0;
};

// The numbers of a tile and the steps over them. Memory, parameters and prepared parameters are the caller's.
template <class T>
class Tile {
 public:
  Tile(const Graph& graph, const Plan& plan, T* memory) : graph_(graph), plan_(plan), memory_(memory) {}

  struct Step {
    std::size_t events = 0;
    const T* parameters = nullptr;
    const T* prepared = nullptr;
    bool training = false;
    RandomPlace random;
    // Of each node, null where it has none.
    const double* const* statistics = nullptr;
    const double* const* gradient_statistics = nullptr;
  };

  T* input(std::size_t i) noexcept { return memory_ + plan_.value(i); }
  const T* output(std::size_t o) const noexcept { return memory_ + plan_.value(graph_.outputs()[o].value); }
  // Where a loss writes its gradient before backward runs.
  T* output_gradient(std::size_t o) noexcept { return memory_ + plan_.places_of_outputs()[o]; }
  const T* input_gradient(std::size_t i) const noexcept { return memory_ + plan_.gradient(i); }
  const T* value(std::size_t v) const noexcept { return memory_ + plan_.value(v); }

  // Nodes [begin, end).
  void forward(const Step& step, std::size_t begin, std::size_t end);
  void collect(const Step& step, std::size_t node, double* sums);
  // To be called once before backward: brings the gradients of losses that meet in one value together.
  void begin_backward(const Step& step);
  // Nodes end-1 down to begin. Gradients of parameters are added to parameter_gradients.
  void backward(const Step& step, T* parameter_gradients, std::size_t begin, std::size_t end);
  void collect_gradient(const Step& step, std::size_t node, double* sums);

 private:
  static constexpr std::size_t most_inputs = 64;
  void point(std::size_t node, const T** inputs) const noexcept;
  Forward<T> forward_call(const Step& step, std::size_t node, const T** inputs) noexcept;
  Backward<T> backward_call(const Step& step, std::size_t node, const T** inputs, T** gradients,
                            T* parameter_gradients) noexcept;

  const Graph& graph_;
  const Plan& plan_;
  T* memory_;
};

}  // namespace diskern::network::graph

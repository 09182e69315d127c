#pragma once
// A graph with its parameters: what training returns and model files hold.

#include <memory>
#include <vector>

#include "base/aligned.hpp"
#include "base/predictor.hpp"
#include "network/graph/execution.hpp"

namespace diskern::network::graph {

class GraphPredictor final : public Predictor {
 public:
  // parameters: graph.parameter_count() of them, finite, or FormatError.
  GraphPredictor(GraphPointer graph, std::vector<float> parameters);

  std::string_view kind() const noexcept override { return "graph"; }
  std::size_t input_count() const noexcept override { return graph_->input_count(); }
  std::size_t output_count() const noexcept override { return graph_->output_count(); }
  // No allocation: values lie on the stack, or, for networks that need more than 256 KiB, in memory that each thread
  // keeps from its first event on.
  void evaluate(const float* variables, double* responses) const noexcept override;
  void evaluate(const Context& context, View<const float, 2> events, View<double, 2> responses) const override;
  using Predictor::evaluate;
  void write(archive::Group& group) const override;
  static PredictorPointer read(const archive::Group& group);

  const Graph& graph() const noexcept { return *graph_; }
  const GraphPointer& graph_pointer() const noexcept { return graph_; }
  const std::vector<float>& parameters() const noexcept { return parameters_; }

 private:
  void run(const Plan& plan, float* memory, std::size_t events) const noexcept;

  GraphPointer graph_;
  std::vector<float> parameters_;
  AlignedVector<float> prepared_;
  Plan one_;
  Plan many_;
};

}  // namespace diskern::network::graph

#pragma once
// Quasi-Newton training of graphs: every step sees the whole sample, in float64.

#include <functional>
#include <string_view>
#include <vector>

#include "network/graph/sample.hpp"
#include "network/graph/training.hpp"

namespace diskern::network::graph {

// As fit_graph, which checks the parameters and calls it for the solvers lbfgs and bfgs.
GraphFit fit_whole_sample(const Context& context, const GraphPointer& graph, const GraphParams& params,
                          const Sample& training, std::vector<float> parameters,
                          const std::function<double(const std::vector<float>& parameters)>& validation);

}  // namespace diskern::network::graph

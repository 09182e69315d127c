#pragma once
// Steps of an optimizer on the parameters of a graph.

#include <vector>

#include "base/aligned.hpp"
#include "diskern/context.hpp"
#include "network/graph/graph.hpp"
#include "network/optimizer.hpp"

namespace diskern::network::graph {

// Which parameters penalties act on.
std::vector<ParameterRange> ranges_of(const Graph& graph);
// One step, pieces of the parameters side by side; the optimizer's begin_step has been called.
void apply(const Context& context, Optimizer& optimizer, const AlignedVector<float>& gradient,
           std::vector<float>& parameters);
bool all_finite(const std::vector<float>& values);

}  // namespace diskern::network::graph

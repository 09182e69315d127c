#include "network/graph/update.hpp"

#include <algorithm>
#include <cmath>

#include "base/executor.hpp"

namespace diskern::network::graph {

std::vector<ParameterRange> ranges_of(const Graph& graph) {
  std::vector<ParameterRange> ranges;
  for (std::size_t l = 0; l < graph.layers().size(); ++l) {
    std::size_t begin = graph.parameter_offset(l);
    for (const ParameterInfo& info : graph.layers()[l]->parameters()) {
      ranges.push_back({begin, begin + info.size(), info.trained && info.decays});
      begin += info.size();
    }
  }
  return ranges;
}

void apply(const Context& context, Optimizer& optimizer, const AlignedVector<float>& gradient,
           std::vector<float>& parameters) {
  constexpr std::size_t piece = 16384;
  parallel_for(
      context, chunk_count(parameters.size(), piece),
      [&](std::size_t chunk) {
        const Range range = chunk_range(parameters.size(), piece, chunk);
        optimizer.apply(range.begin, range.end, gradient.data(), parameters.data());
      },
      0.5 * static_cast<double>(parameters.size()));
}

bool all_finite(const std::vector<float>& values) {
  return std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); });
}

}  // namespace diskern::network::graph

#pragma once
// Events of a training as the loop over batches wants them: checked, with scaled weights; and losses over them.

#include <cstddef>
#include <vector>

#include "diskern/context.hpp"
#include "network/graph/execution.hpp"
#include "network/graph/training.hpp"
#include "network/loss_kernels.hpp"

namespace diskern::network::graph {

// Weights of |w| of mean 1 as float32, with what they were divided by.
struct Sample {
  View<const float, 2> variables;
  View<const float, 2> targets;
  std::vector<float> weight;
  double total = 0.0;  // sum of |weight|
  double scale = 1.0;  // by which the weights given were multiplied

  std::size_t size() const noexcept { return weight.size(); }
};

// Throws InvalidArgument.
void check_params(const Graph& graph, const GraphParams& params);
// scale: what weights are multiplied with; by default such that their mean absolute value is 1.
Sample make_sample(const Graph& graph, const GraphParams& params, const GraphData& data, const char* which,
                   const double* given_scale = nullptr);
// Constants of layers that standardise an input: mean and deviation per channel by the weights' absolute values. A
// channel that is constant is shifted only.
void standardise(const Graph& graph, const Sample& sample, std::vector<float>& parameters);
// The inputs of a tile from rows of a sample.
void load(const Graph& graph, const Sample& sample, const std::size_t* index, std::size_t count, Tile<float>& tile);
// Mean loss per unit weight with everything random switched off.
double mean_loss(const Context& context, const Graph& graph, const GraphParams& params, const Sample& sample,
                 const std::vector<float>& parameters);

// Sum of weight times loss; slopes of output o go where place(o) says.
template <class Place>
double sum_losses(const Graph& graph, const GraphParams& params, const Sample& sample, const std::size_t* index,
                  std::size_t count, const Tile<float>& tile, const Place& place) {
  double sum = 0.0;
  std::size_t column = 0;
  std::vector<float> targets;
  std::vector<float> weight(count);
  for (std::size_t e = 0; e < count; ++e) weight[e] = sample.weight[index[e]];
  for (std::size_t o = 0; o < graph.outputs().size(); ++o) {
    const OutputLoss& loss = params.losses[o];
    const std::size_t size = graph.size(graph.outputs()[o].value);
    const float* scores = tile.output(o);
    float* slopes = place(o);
    double one = 0.0;
    if (loss.is_value) {
      for (std::size_t e = 0; e < count; ++e) {
        for (std::size_t k = 0; k < size; ++k) {
          one += static_cast<double>(weight[e]) * static_cast<double>(scores[e * size + k]);
          slopes[e * size + k] = weight[e];
        }
      }
    } else {
      targets.resize(count * size);
      for (std::size_t e = 0; e < count; ++e) {
        for (std::size_t k = 0; k < size; ++k) targets[e * size + k] = sample.targets(index[e], column + k);
      }
      column += size;
      const EventLosses events{count, size, scores, size, targets.data(), size, weight.data()};
      one = loss_kernels().evaluate(loss.loss, loss.params, events, slopes);
    }
    sum += loss.factor * one;
    if (loss.factor != 1.0) {
      for (std::size_t i = 0; i < count * size; ++i) slopes[i] *= static_cast<float>(loss.factor);
    }
  }
  return sum;
}

}  // namespace diskern::network::graph

#pragma once
// Events of a training as the loop over batches wants them: checked, with scaled weights; and losses over them.

#include <algorithm>
#include <cstddef>
#include <vector>

#include "diskern/context.hpp"
#include "network/graph/execution.hpp"
#include "network/graph/training.hpp"
#include "network/loss_functions.hpp"
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
// What the solvers over the whole sample cannot do; part of check_params.
void check_whole_sample(const Graph& graph, const GraphParams& params);
// scale: what weights are multiplied with; by default such that their mean absolute value is 1.
Sample make_sample(const Graph& graph, const GraphParams& params, const GraphData& data, const char* which,
                   const double* given_scale = nullptr);
// Constants of layers that standardise an input: mean and deviation per channel by the weights' absolute values. A
// channel that is constant is shifted only.
void standardise(const Graph& graph, const Sample& sample, std::vector<float>& parameters);
// The inputs of a tile from rows of a sample.
template <class T>
void load(const Graph& graph, const Sample& sample, const std::size_t* index, std::size_t count, Tile<T>& tile);
// Mean loss per unit weight with everything random switched off. Layers whose value belongs to a batch have those of
// batches as large as in training, of events in a shuffled order that is always the same.
double mean_loss(const Context& context, const Graph& graph, const GraphParams& params, const Sample& sample,
                 const std::vector<float>& parameters);

// Losses and slopes of one output: float32 by the kernels, float64 event by event.
inline double losses_of(const OutputLoss& loss, std::size_t count, std::size_t size, const float* scores,
                        const float* targets, const float* weight, float* slopes) {
  return loss_kernels().evaluate(loss.loss, loss.params, {count, size, scores, size, targets, size, weight}, slopes);
}
inline double losses_of(const OutputLoss& loss, std::size_t count, std::size_t size, const double* scores,
                        const double* targets, const double* weight, double* slopes) {
  double sum = 0.0;
  for (std::size_t e = 0; e < count; ++e) {
    double* slope = slopes + e * size;
    sum += weight[e] * loss_of_event(loss.loss, loss.params, scores + e * size, targets + e * size, size, slope);
    for (std::size_t k = 0; k < size; ++k) slope[k] *= weight[e];
  }
  return sum;
}

// Sum of weight times loss; slopes of output o go where place(o) says.
template <class T, class Place>
double sum_losses(const Graph& graph, const GraphParams& params, const Sample& sample, const std::size_t* index,
                  std::size_t count, const Tile<T>& tile, const Place& place) {
  double sum = 0.0;
  std::size_t column = 0;
  std::vector<T> targets;
  std::vector<T> weight;
  for (std::size_t o = 0; o < graph.outputs().size(); ++o) {
    const OutputLoss& loss = params.losses[o];
    const std::size_t size = graph.size(graph.outputs()[o].value);
    const T* scores = tile.output(o);
    T* slopes = place(o);
    double one = 0.0;
    if (loss.is_value) {
      for (std::size_t e = 0; e < count; ++e) {
        for (std::size_t k = 0; k < size; ++k) {
          one += static_cast<double>(sample.weight[index[e]]) * static_cast<double>(scores[e * size + k]);
          slopes[e * size + k] = static_cast<T>(sample.weight[index[e]]);
        }
      }
    } else {
      // Each pixel has a softmax of its own, with the weight of its event.
      const std::size_t group = loss_is_sum_over_outputs(loss.loss) ? size : graph.shape(graph.outputs()[o].value).back();
      const std::size_t groups = size / group;
      targets.resize(count * size);
      weight.resize(count * groups);
      for (std::size_t e = 0; e < count; ++e) {
        std::fill_n(weight.begin() + static_cast<std::ptrdiff_t>(e * groups), groups,
                    static_cast<T>(sample.weight[index[e]]));
        for (std::size_t k = 0; k < size; ++k) targets[e * size + k] = static_cast<T>(sample.targets(index[e], column + k));
      }
      column += size;
      one = losses_of(loss, count * groups, group, scores, targets.data(), weight.data(), slopes);
    }
    sum += loss.factor * one;
    if (loss.factor != 1.0) {
      for (std::size_t i = 0; i < count * size; ++i) slopes[i] *= static_cast<T>(loss.factor);
    }
  }
  return sum;
}

}  // namespace diskern::network::graph

#pragma once
// k-means on small samples of the points, one after the other (Sculley, WWW 2010, 1177), with scikit-learn's
// conventions.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "clustering/kmeans.hpp"
#include "diskern/context.hpp"

namespace diskern::clustering {

// What the batches so far have led to.
struct MiniBatchState {
  std::vector<double> centres;  // (clusters, dimensions)
  std::vector<double> weights;  // of all points that each cluster has seen
};

// One batch of rows beside each other (weight empty: 1 each): finds the nearest centre of each, then moves each centre
// towards the mean of its rows by their share in all the weight it has seen. Returns the inertia of the batch before the
// centres moved. Throws InvalidArgument: sizes that do not fit, NaN or infinity, negative weights.
template <class T>
double mini_batch_step(const Context& context, View<const T, 2> rows, View<const double> weight, MiniBatchState& state);

constexpr std::size_t never = static_cast<std::size_t>(-1);

struct MiniBatchParams {
  std::size_t batch_size = 1024;
  std::size_t steps = 0;
  // The fit ends when the squared shift of all centres in one step is at most this; 0: never.
  double tolerance = 0.0;
  // The fit ends after so many steps without a new smallest smoothed inertia, or `never`.
  std::size_t max_no_improvement = 10;
  double reassignment_ratio = 0.01;
  bool trace = false;
};

enum class MiniBatchStop : std::uint8_t { steps = 0, tolerance = 1, no_improvement = 2, interrupted = 3 };

struct MiniBatchResult {
  MiniBatchState state;
  std::size_t steps = 0;
  MiniBatchStop stop = MiniBatchStop::steps;
  double smoothed_inertia = 0;  // exponentially weighted mean of the batches' mean inertia; NaN before the second step
  // With params.trace, per step: mean inertia of the batch, the smoothed one, clusters reassigned.
  std::vector<double> batch_inertia;
  std::vector<double> smoothed;
  std::vector<std::size_t> reassigned;
  std::size_t since_reassignment = 0;
};

// Batches drawn with a probability proportional to the weight of the points, with return. In the beginning, after every
// 10 x clusters points and whenever a cluster has seen nothing, clusters that have seen less than reassignment_ratio
// times what the heaviest has are moved to points of the batch.
template <class T>
MiniBatchResult fit_mini_batches(const Context& context, const MiniBatchParams& params, View<const T, 2> rows,
                                 View<const double> weight, const std::vector<double>& centres);

// Moves light clusters to different rows of the batch, as above. Returns how many. step: separates the draws of one seed.
template <class T>
std::size_t reassign_light_clusters(const Context& context, View<const T, 2> rows, double ratio, std::uint32_t step,
                                    MiniBatchState& state);

}  // namespace diskern::clustering

#include "clustering/mini_batch_kmeans.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>

#include "base/executor.hpp"
#include "base/random.hpp"
#include "clustering/kmeans_points.hpp"
#include "diskern/error.hpp"

namespace diskern::clustering {

namespace {

void check_state(const MiniBatchState& state, std::size_t dimensions) {
  const std::size_t clusters = state.weights.size();
  if (clusters == 0 || state.centres.size() != clusters * dimensions) {
    throw InvalidArgument("there are " + std::to_string(state.centres.size()) + " coordinates of " +
                          std::to_string(clusters) + " centres, expected a positive number of clusters x " +
                          std::to_string(dimensions) + " dimensions");
  }
}

template <class T>
void check_rows(View<const T, 2> rows, View<const double> weight) {
  if (rows.empty()) throw InvalidArgument("no points: at least one is needed");
  if (!rows.contiguous()) throw InvalidArgument("the points must be rows beside each other (C order)");
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    for (std::size_t d = 0; d < rows.columns(); ++d) {
      const auto x = static_cast<double>(rows(i, d));
      if (!(std::abs(x) <= 1e150)) refuse_coordinate(x, i, d);
    }
  }
  if (weight.empty()) return;
  if (weight.size() != rows.rows()) {
    throw InvalidArgument("one weight per point is expected: " + std::to_string(rows.rows()) + ", got " +
                          std::to_string(weight.size()));
  }
  for (std::size_t i = 0; i < weight.size(); ++i) {
    if (!(weight[i] >= 0) || !std::isfinite(weight[i])) {
      throw InvalidArgument("sample_weight of point " + std::to_string(i) + " is " + std::to_string(weight[i]) +
                            "; k-means needs finite weights that are not negative");
    }
  }
}

// Without the checks.
template <class T>
double step(const Context& context, View<const T, 2> rows, View<const double> weight, MiniBatchState& state) {
  const std::size_t dimensions = rows.columns();
  const std::size_t clusters = state.weights.size();
  double inertia = 0;
  const std::vector<std::int32_t> labels = predict_kmeans<T>(
      context, rows, View<const double, 2>(state.centres.data(), clusters, dimensions), weight, inertia);
  std::vector<double> sums(clusters * dimensions, 0.0);
  std::vector<double> seen(clusters, 0.0);
  // Differences with the centres, so that nothing is lost far from the origin.
  for (std::size_t i = 0; i < rows.rows(); ++i) {
    const auto k = static_cast<std::size_t>(labels[i]);
    const double w = weight.empty() ? 1.0 : weight[i];
    for (std::size_t d = 0; d < dimensions; ++d) {
      sums[k * dimensions + d] += w * (static_cast<double>(rows(i, d)) - state.centres[k * dimensions + d]);
    }
    seen[k] += w;
  }
  for (std::size_t k = 0; k < clusters; ++k) {
    if (!(seen[k] > 0)) continue;
    state.weights[k] += seen[k];
    for (std::size_t d = 0; d < dimensions; ++d) {
      state.centres[k * dimensions + d] += sums[k * dimensions + d] / state.weights[k];
    }
  }
  return inertia;
}

}  // namespace

template <class T>
double mini_batch_step(const Context& context, View<const T, 2> rows, View<const double> weight,
                       MiniBatchState& state) {
  check_rows(rows, weight);
  check_state(state, rows.columns());
  return step(context, rows, weight, state);
}

template <class T>
std::size_t reassign_light_clusters(const Context& context, View<const T, 2> rows, double ratio, std::uint32_t number,
                                    MiniBatchState& state) {
  const std::size_t clusters = state.weights.size();
  const std::size_t dimensions = rows.columns();
  check_state(state, dimensions);
  const double limit = ratio * *std::max_element(state.weights.begin(), state.weights.end());
  std::vector<std::size_t> light;
  for (std::size_t k = 0; k < clusters; ++k) {
    if (state.weights[k] < limit) light.push_back(k);
  }
  // At most half of the batch becomes centres: the lightest.
  const std::size_t most = rows.rows() / 2;
  if (light.size() > most) {
    std::stable_sort(light.begin(), light.end(),
                     [&](std::size_t a, std::size_t b) { return state.weights[a] < state.weights[b]; });
    light.resize(most);
    std::sort(light.begin(), light.end());
  }
  if (light.empty()) return 0;
  RandomSequence random(context.seed, Purpose::seeding, number ^ 0x80000000U);
  const std::vector<std::size_t> order = random_order(rows.rows(), random);
  double lightest = std::numeric_limits<double>::infinity();
  std::size_t next = 0;
  for (std::size_t k = 0; k < clusters; ++k) {
    if (next < light.size() && light[next] == k) {
      ++next;
    } else {
      lightest = std::min(lightest, state.weights[k]);
    }
  }
  for (std::size_t j = 0; j < light.size(); ++j) {
    for (std::size_t d = 0; d < dimensions; ++d) {
      state.centres[light[j] * dimensions + d] = static_cast<double>(rows(order[j], d));
    }
    // So that it is not moved again at once.
    if (std::isfinite(lightest)) state.weights[light[j]] = lightest;
  }
  return light.size();
}

template <class T>
MiniBatchResult fit_mini_batches(const Context& context, const MiniBatchParams& params, View<const T, 2> rows,
                                 View<const double> weight, const std::vector<double>& centres) {
  check_rows(rows, weight);
  if (params.batch_size == 0) throw InvalidArgument("batch_size must be 1 or more, got 0");
  if (params.steps == 0) throw InvalidArgument("the number of steps must be 1 or more, got 0");
  const std::size_t dimensions = rows.columns();
  const std::size_t clusters = centres.size() / dimensions;
  MiniBatchResult result;
  result.state = {centres, std::vector<double>(clusters, 0.0)};
  check_state(result.state, dimensions);
  for (const double c : centres) {
    if (!(std::abs(c) <= 1e150)) throw InvalidArgument("a centre has the coordinate " + std::to_string(c));
  }
  std::vector<double> cumulative;
  if (!weight.empty()) {
    double sum = 0;
    for (std::size_t i = 0; i < weight.size(); ++i) cumulative.push_back(sum += weight[i]);
    if (!(sum > 0) || !std::isfinite(sum)) {
      throw InvalidArgument("the sum of sample_weight is " + std::to_string(sum) + ", expected a positive number");
    }
  }
  const auto n = static_cast<double>(rows.rows());
  const double share = std::min(1.0, 2.0 * static_cast<double>(params.batch_size) / (n + 1));
  double smoothed = std::numeric_limits<double>::quiet_NaN();
  double smallest = std::numeric_limits<double>::infinity();
  std::size_t without = 0;
  std::vector<T> batch(params.batch_size * dimensions);
  std::vector<double> before;
  for (std::size_t number = 0; number < params.steps; ++number) {
    RandomSequence random(context.seed, Purpose::shuffle, static_cast<std::uint32_t>(number));
    for (std::size_t b = 0; b < params.batch_size; ++b) {
      std::size_t i = 0;
      if (cumulative.empty()) {
        i = static_cast<std::size_t>(random.below(rows.rows()));
      } else {
        const double at = random.uniform() * cumulative.back();
        i = static_cast<std::size_t>(std::upper_bound(cumulative.begin(), cumulative.end(), at) - cumulative.begin());
        i = std::min(i, rows.rows() - 1);
      }
      std::copy_n(rows.data() + i * dimensions, dimensions, batch.data() + b * dimensions);
    }
    const View<const T, 2> drawn(batch.data(), params.batch_size, dimensions);
    result.since_reassignment += params.batch_size;
    const bool reassign = result.since_reassignment >= 10 * clusters ||
                          std::find(result.state.weights.begin(), result.state.weights.end(), 0.0) !=
                              result.state.weights.end();
    if (reassign) result.since_reassignment = 0;
    before = result.state.centres;
    const double mean = step(context, drawn, View<const double>(), result.state) / static_cast<double>(params.batch_size);
    const std::size_t moved =
        reassign && params.reassignment_ratio > 0
            ? reassign_light_clusters(context, drawn, params.reassignment_ratio, static_cast<std::uint32_t>(number),
                                      result.state)
            : 0;
    result.steps = number + 1;
    // The first batch only tells how bad the start was.
    if (number > 0) smoothed = std::isnan(smoothed) ? mean : smoothed * (1 - share) + mean * share;
    if (params.trace) {
      result.batch_inertia.push_back(mean);
      result.smoothed.push_back(smoothed);
      result.reassigned.push_back(moved);
    }
    if (number > 0) {
      double shift = 0;
      for (std::size_t i = 0; i < before.size(); ++i) {
        shift += (result.state.centres[i] - before[i]) * (result.state.centres[i] - before[i]);
      }
      if (params.tolerance > 0 && shift <= params.tolerance) {
        result.stop = MiniBatchStop::tolerance;
        break;
      }
      if (smoothed < smallest) {
        smallest = smoothed;
        without = 0;
      } else {
        ++without;
      }
      if (without >= params.max_no_improvement) {
        result.stop = MiniBatchStop::no_improvement;
        break;
      }
    }
    if (context.interrupted()) {
      result.stop = MiniBatchStop::interrupted;
      break;
    }
  }
  result.smoothed_inertia = smoothed;
  return result;
}

#define DISKERN_INSTANTIATE(T)                                                                                       \
  template double mini_batch_step(const Context&, View<const T, 2>, View<const double>, MiniBatchState&);           \
  template std::size_t reassign_light_clusters(const Context&, View<const T, 2>, double, std::uint32_t,             \
                                               MiniBatchState&);                                                    \
  template MiniBatchResult fit_mini_batches(const Context&, const MiniBatchParams&, View<const T, 2>,               \
                                            View<const double>, const std::vector<double>&);
DISKERN_INSTANTIATE(float)
DISKERN_INSTANTIATE(double)
#undef DISKERN_INSTANTIATE

}  // namespace diskern::clustering

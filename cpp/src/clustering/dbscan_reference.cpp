// DBSCAN from its definition.
#include <algorithm>
#include <cmath>
#include <vector>

#include "clustering/dbscan.hpp"
#include "clustering/dbscan_check.hpp"
#include "neighbours/sphere_tree.hpp"

namespace diskern::clustering {

namespace {

// Between two points, in the kernels' order of operations; to be compared with reduced_limit.
double separation(const DbscanParams& params, View<const double, 2> points, std::size_t i, std::size_t j) {
  if (params.metric == Metric::haversine) return haversine(points(i, 0), points(i, 1), points(j, 0), points(j, 1));
  double sum = 0;
  for (std::size_t d = 0; d < points.columns(); ++d) {
    double difference = std::abs(points(i, d) - points(j, d));
    if (!params.periods.empty() && params.periods[d] > 0) {
      const double period = params.periods[d];
      difference = std::abs(std::remainder(points(i, d), period) - std::remainder(points(j, d), period));
      difference = std::min(period - difference, difference);
    }
    switch (params.metric) {
      case Metric::euclidean:
        sum += difference * difference;
        break;
      case Metric::manhattan:
        sum += difference;
        break;
      case Metric::minkowski:
        sum += std::pow(difference, params.power);
        break;
      default:
        sum = std::max(sum, difference);
        break;
    }
  }
  return sum;
}

double reduced_limit(const DbscanParams& params) {
  if (params.metric == Metric::haversine) return sphere_limits(params.eps).haversine;
  return params.metric == Metric::minkowski ? std::pow(params.eps, params.power) : dbscan_limit(params);
}

}  // namespace

DbscanResult reference_dbscan(const DbscanParams& params, View<const double, 2> points, View<const double> weight) {
  check_dbscan({}, params, points, weight);
  const std::size_t n = points.rows();
  const double limit = reduced_limit(params);
  DbscanResult result;
  result.labels.assign(n, noise_label);
  result.core.assign(n, 0);
  const auto near = [&](std::size_t i, std::size_t j) { return separation(params, points, i, j) <= limit; };
  for (std::size_t i = 0; i < n; ++i) {
    double sum = 0;
    for (std::size_t j = 0; j < n; ++j) {
      if (near(i, j)) sum += weight.empty() ? 1.0 : weight[j];
    }
    result.core[i] = sum >= params.min_samples ? 1 : 0;
  }
  for (std::size_t i = 0; i < n; ++i) {
    if (result.core[i] == 0 || result.labels[i] != noise_label) continue;
    std::vector<std::size_t> waiting = {i};
    result.labels[i] = result.n_clusters;
    while (!waiting.empty()) {
      const std::size_t at = waiting.back();
      waiting.pop_back();
      for (std::size_t j = 0; j < n; ++j) {
        if (result.core[j] == 0 || result.labels[j] != noise_label || !near(at, j)) continue;
        result.labels[j] = result.n_clusters;
        waiting.push_back(j);
      }
    }
    ++result.n_clusters;
  }
  for (std::size_t i = 0; i < n; ++i) {
    if (result.core[i] != 0) continue;
    std::int64_t lowest = result.n_clusters;
    for (std::size_t j = 0; j < n; ++j) {
      if (result.core[j] != 0 && near(i, j)) lowest = std::min(lowest, result.labels[j]);
    }
    if (lowest < result.n_clusters) result.labels[i] = lowest;
  }
  return result;
}

}  // namespace diskern::clustering

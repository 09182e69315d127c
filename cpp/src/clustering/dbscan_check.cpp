#include "clustering/dbscan_check.hpp"

#include <atomic>
#include <cmath>
#include <functional>
#include <limits>
#include <string>

#include "base/executor.hpp"
#include "diskern/error.hpp"
#include "neighbours/kd_tree.hpp"

namespace diskern::clustering {

namespace {

constexpr double largest_coordinate = 1e150;  // squares of differences stay finite
constexpr std::size_t chunk_size = 16384;

}  // namespace

void check_dbscan(const Context& context, const DbscanParams& params, View<const double, 2> points,
                  View<const double> weight) {
  const auto fail = [](const std::string& message) { throw InvalidArgument(message); };
  if (!(params.eps > 0) || !std::isfinite(params.eps) || params.eps > largest_coordinate) {
    fail("eps must be a positive number up to 1e150, got " + std::to_string(params.eps));
  }
  if (!(params.min_samples > 0) || !std::isfinite(params.min_samples)) {
    fail("min_samples must be a positive number, got " + std::to_string(params.min_samples));
  }
  if (params.metric == Metric::haversine) {
    if (points.columns() != 2) {
      fail("haversine distances need two columns (latitude, longitude in radians), X has " +
           std::to_string(points.columns()));
    }
    if (!params.periods.empty()) fail("haversine distances have no periods of their own");
  } else {
    check_distance({params.metric, params.power, params.periods}, points.columns());
  }
  if (points.rows() == 0) fail("no points: at least one is needed");
  if (points.columns() == 0) fail("the points have no coordinates");
  if (points.rows() >= std::numeric_limits<std::uint32_t>::max()) {
    fail("at most 2^32 - 2 points can be clustered, got " + std::to_string(points.rows()));
  }
  if (!weight.empty() && weight.size() != points.rows()) {
    fail("one weight per point is expected: " + std::to_string(points.rows()) + ", got " +
         std::to_string(weight.size()));
  }
  for (std::size_t i = 0; i < weight.size(); ++i) {
    if (!std::isfinite(weight[i])) fail("the weight of point " + std::to_string(i) + " is not finite");
  }
  std::atomic<bool> bad{false};
  const auto look = [&](std::size_t chunk) {
    const Range range = chunk_range(points.rows(), chunk_size, chunk);
    bool good = true;
    for (std::size_t i = range.begin; i < range.end; ++i) {
      for (std::size_t d = 0; d < points.columns(); ++d) good &= std::abs(points(i, d)) <= largest_coordinate;
    }
    if (!good) bad = true;
  };
  const std::size_t chunks = chunk_count(points.rows(), chunk_size);
  if (chunks == 1) {
    look(0);
  } else {
    parallel_for(context, chunks, std::cref(look), static_cast<double>(points.size()));
  }
  if (!bad) return;
  for (std::size_t i = 0; i < points.rows(); ++i) {
    for (std::size_t d = 0; d < points.columns(); ++d) {
      if (!(std::abs(points(i, d)) <= largest_coordinate)) {
        fail("coordinate " + std::to_string(d) + " of point " + std::to_string(i) + " is " +
             std::to_string(points(i, d)) + "; expected finite numbers up to 1e150");
      }
    }
  }
}

}  // namespace diskern::clustering

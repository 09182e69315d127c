#include "neighbours/sphere_tree.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "base/executor.hpp"
#include "diskern/error.hpp"

namespace diskern {

namespace {

// Chords of the rounded unit vectors differ from the true ones by less than this.
constexpr double chord_error = 4e-15;
constexpr double pi = 3.14159265358979323846;
constexpr std::size_t block_size = 4096;

double arc(double h) noexcept { return 2 * std::asin(std::sqrt(h)); }

}  // namespace

std::vector<double> unit_vectors(View<const double, 2> points, const char* what) {
  if (points.columns() != 2) {
    throw InvalidArgument(std::string("haversine distances need two columns (latitude, longitude in radians), ") + what +
                          " has " + std::to_string(points.columns()));
  }
  std::vector<double> vectors(points.rows() * 3);
  for (std::size_t i = 0; i < points.rows(); ++i) {
    const double latitude = points(i, 0);
    const double longitude = points(i, 1);
    if (!std::isfinite(latitude) || !std::isfinite(longitude)) {
      throw InvalidArgument(std::string("row ") + std::to_string(i) + " of " + what + " is not finite");
    }
    vectors[3 * i] = std::cos(latitude) * std::cos(longitude);
    vectors[3 * i + 1] = std::cos(latitude) * std::sin(longitude);
    vectors[3 * i + 2] = std::sin(latitude);
  }
  return vectors;
}

SphereLimits sphere_limits(double arc) noexcept {
  if (arc >= pi) return {2.0, 3.0, 3.0};  // everything
  const double half = std::sin(0.5 * arc);
  return {half * half, 2 * half * (1 + 1e-14) + 2 * chord_error, 2 * half * (1 - 1e-14) - 2 * chord_error};
}

double haversine(double latitude, double longitude, double other_latitude, double other_longitude) noexcept {
  const double by_latitude = std::sin(0.5 * (latitude - other_latitude));
  const double by_longitude = std::sin(0.5 * (longitude - other_longitude));
  return by_latitude * by_latitude + std::cos(latitude) * std::cos(other_latitude) * by_longitude * by_longitude;
}

void SphereTree::build(const Context& context, View<const double, 2> points) {
  const std::vector<double> vectors = unit_vectors(points, "the points");
  tree_.build(context, View<const double, 2>(vectors.data(), points.rows(), 3));
  points_.resize(points.rows() * 2);
  for (std::size_t i = 0; i < points.rows(); ++i) {
    points_[2 * i] = points(i, 0);
    points_[2 * i + 1] = points(i, 1);
  }
}

void SphereTree::nearest(const Context& context, View<const double, 2> queries, std::size_t k, View<double, 2> distances,
                         View<std::int64_t, 2> indices) const {
  const std::vector<double> vectors = unit_vectors(queries, "the query");
  // In blocks, so that memory stays bounded: the candidates are those within the k-th chord and its error.
  for (std::size_t begin = 0; begin < queries.rows(); begin += block_size) {
    const std::size_t end = std::min(begin + block_size, queries.rows());
    const View<const double, 2> block(vectors.data() + 3 * begin, end - begin, 3);
    tree_.nearest(context, block, k, distances.slice(begin, end), indices.slice(begin, end));
    parallel_for(
        context, end - begin,
        [&](std::size_t q) {
          const std::size_t i = begin + q;
          const WithinRadius candidates =
              tree_.within(Context{}, block.slice(q, q + 1), distances(i, k - 1) + 2 * chord_error, false);
          std::vector<std::pair<double, std::int64_t>> sorted;
          for (const std::int64_t j : candidates.indices) {
            const double* point = points_.data() + 2 * j;
            sorted.emplace_back(haversine(queries(i, 0), queries(i, 1), point[0], point[1]), j);
          }
          std::sort(sorted.begin(), sorted.end());
          for (std::size_t j = 0; j < k; ++j) {
            distances(i, j) = arc(sorted[j].first);
            indices(i, j) = sorted[j].second;
          }
        },
        static_cast<double>(end - begin) * 3000.0);
  }
}

void SphereTree::nearest_of_points(const Context& context, std::size_t k, View<double, 2> distances,
                                   View<std::int64_t, 2> indices) const {
  nearest(context, View<const double, 2>(points_.data(), size(), 2), k, distances, indices);
}

WithinRadius SphereTree::within(const Context& context, View<const double, 2> queries, double radius,
                                bool sort_by_distance) const {
  const std::vector<double> vectors = unit_vectors(queries, "the query");
  if (!(radius >= 0)) {
    throw InvalidArgument("the radius must be a number, not negative, got " + std::to_string(radius));
  }
  const SphereLimits limits = sphere_limits(radius);
  const WithinRadius candidates =
      tree_.within(context, View<const double, 2>(vectors.data(), queries.rows(), 3), limits.outer_chord, false);
  WithinRadius result;
  result.offsets.push_back(0);
  std::vector<std::pair<double, std::int64_t>> found;
  for (std::size_t i = 0; i < queries.rows(); ++i) {
    found.clear();
    for (auto c = static_cast<std::size_t>(candidates.offsets[i]); c < static_cast<std::size_t>(candidates.offsets[i + 1]);
         ++c) {
      const double* point = points_.data() + 2 * candidates.indices[c];
      const double h = haversine(queries(i, 0), queries(i, 1), point[0], point[1]);
      if (h <= limits.haversine) found.emplace_back(h, candidates.indices[c]);
    }
    if (sort_by_distance) std::sort(found.begin(), found.end());
    for (const auto& [h, index] : found) {
      result.indices.push_back(index);
      result.distances.push_back(arc(h));
    }
    result.offsets.push_back(static_cast<std::int64_t>(result.indices.size()));
  }
  return result;
}

}  // namespace diskern

#pragma once
// Nearest points on the sphere. Points are (latitude, longitude) in radians, distances great-circle arcs in radians:
// 2 asin sqrt(h), h = sin^2(dlat / 2) + cos(lat) cos(lat') sin^2(dlon / 2) (haversine formula), with the arithmetic of
// scikit-learn's metric of that name. A k-d tree of the unit vectors finds the candidates, the formula decides.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "neighbours/kd_tree.hpp"

namespace diskern {

// h of two points.
double haversine(double latitude, double longitude, double other_latitude, double other_longitude) noexcept;

// x, y, z of each point, one after the other. Throws InvalidArgument, naming `what`: other than two columns, not finite.
std::vector<double> unit_vectors(View<const double, 2> points, const char* what);

// Points are within an arc if h is at most `haversine`; then their unit vectors are at most outer_chord apart, rounding
// included, and they are so for certain where these are at most inner_chord apart (not positive: never certain).
struct SphereLimits {
  double haversine;
  double outer_chord;
  double inner_chord;
};
SphereLimits sphere_limits(double arc) noexcept;

class SphereTree {
 public:
  // Two columns, finite.
  void build(const Context& context, View<const double, 2> points);
  std::size_t size() const noexcept { return tree_.size(); }
  // As of KdTree.
  void nearest(const Context& context, View<const double, 2> queries, std::size_t k, View<double, 2> distances,
               View<std::int64_t, 2> indices) const;
  void nearest_of_points(const Context& context, std::size_t k, View<double, 2> distances,
                         View<std::int64_t, 2> indices) const;
  WithinRadius within(const Context& context, View<const double, 2> queries, double radius, bool sort_by_distance) const;

 private:
  KdTree tree_;
  std::vector<double> points_;
};

}  // namespace diskern

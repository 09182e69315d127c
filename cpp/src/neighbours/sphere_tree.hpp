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

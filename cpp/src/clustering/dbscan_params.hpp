#pragma once
// What DBSCAN is asked and what it answers.

#include <cstdint>
#include <vector>

#include "base/aligned.hpp"
#include "neighbours/range_table.hpp"

namespace diskern::clustering {

struct DbscanParams {
  double eps = 0.5;        // two points are neighbours at this distance or below
  double min_samples = 5;  // a core point has neighbours, itself included, whose weights sum up to this at least
  Metric metric = Metric::euclidean;
  double power = 2;             // of Metric::minkowski
  std::vector<double> periods = {};  // empty, or one per dimension; 0: the axis is not periodic
};

constexpr std::int64_t noise_label = -1;

struct DbscanResult {
  AlignedVector<std::int64_t> labels;  // one per point; noise_label or 0 .. n_clusters - 1
  AlignedVector<std::uint8_t> core;    // one per point: 1 for core points
  std::int64_t n_clusters = 0;
};

}  // namespace diskern::clustering

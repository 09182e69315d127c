#include "clustering/dbscan.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "clustering/dbscan_check.hpp"
#include "clustering/dbscan_runs.hpp"
#include "diskern/error.hpp"
#include "neighbours/range.hpp"

namespace diskern::clustering {

void Dbscan::reserve(std::size_t points, std::size_t dimensions) {
  constexpr std::size_t most_runs = 27;
  reserved_ = true;
  grid_.reserve(points, dimensions);
  is_core_.reserve(points);
  core_begin_.reserve(points + 1);
  core_sorted_.reserve(points);
  core_storage_.reserve((points + spare) * dimensions);
  core_coordinates_.reserve(dimensions);
  segments_.reserve(points);
  segment_begin_.reserve(points + 1);
  box_.reserve(2 * dimensions * points);
  core_label_.reserve(points);
  cell_segments_.reserve(points + 1);
  loose_segments_.reserve(points);
  piece_begin_.reserve(chunk_count(points, points_per_piece));
  lowest_.reserve(points);
  roots_.reserve(points);
  sets_.reserve(points);
  result_.labels.reserve(points);
  result_.core.reserve(points);
  if (scratch_.empty()) scratch_.resize(1);
  Scratch& scratch = scratch_[0];
  scratch.found.reserve(points);
  scratch.local.reserve(dimensions * (points + spare));
  scratch.coordinates.reserve(dimensions);
  scratch.point.reserve(dimensions);
  scratch.order.reserve(points);
  scratch.segments.reserve(most_runs);
  scratch.run.reserve(most_runs);
}

// Whether the cells of the grid hold so many points that are no neighbours that a tree is faster, seen by some of the
// points: how many others the search for core points looks at.
bool Dbscan::tree_is_needed(bool weighted) {
  constexpr std::size_t fewest_points = 8192;  // below, not worth the look
  constexpr std::size_t sample = 128;
  constexpr std::size_t step = 256;
  constexpr double most_coordinates = 12000;  // looked at for one point; a tree needs about the time of so many
  const std::size_t n = grid_.size();
  if (n < fewest_points) return false;
  const auto& cells = grid_.cells();
  const std::size_t dimensions = grid_.dimensions();
  const auto metric = static_cast<std::size_t>(params_.metric);
  // Weights are added up to the last neighbour.
  constexpr auto all = static_cast<double>(std::numeric_limits<std::uint32_t>::max());
  const auto enough = static_cast<std::size_t>(weighted ? all : std::min(std::ceil(params_.min_samples), all));
  std::vector<std::size_t> position;
  std::vector<double> point(dimensions);
  const RangeQuery query{grid_.coordinates(), dimensions, point.data(), limit_};
  double looked_at = 0;
  for (std::size_t s = 0; s < sample; ++s) {
    const auto i = static_cast<std::uint32_t>(n / sample * s);
    const auto after = std::upper_bound(cells.begin(), cells.end(), i,
                                        [](std::uint32_t value, const Grid::Cell& cell) { return value < cell.begin; });
    const auto cell = static_cast<std::size_t>(after - cells.begin()) - 1;
    RunFinder finder(grid_, position);
    finder.start(cell);
    for (std::size_t d = 0; d < dimensions; ++d) point[d] = grid_.coordinates()[d][i];
    std::size_t count = 0;
    const std::size_t runs = grid_.run_offsets().size();
    for (std::size_t r = 0; r < runs && count < enough; ++r) {
      const auto [begin, end] = finder.run(cell, (r + runs / 2) % runs);
      for (std::size_t at = cells[begin].begin; at < cells[end].begin && count < enough; at += step) {
        const std::size_t stop = std::min<std::size_t>(at + step, cells[end].begin);
        count += kernels_->count[metric](query, at, stop, enough - count);
        looked_at += static_cast<double>(stop - at);
      }
    }
  }
  return looked_at * static_cast<double>(dimensions) > most_coordinates * static_cast<double>(sample);
}

const DbscanResult& Dbscan::fit(const Context& context, const DbscanParams& params, View<const double, 2> points,
                                View<const double> weight) {
  check_dbscan(context, params, points, weight);
  if (context.device != Device::cpu) throw InvalidArgument("DBSCAN runs on the CPU only");
  params_ = params;
  limit_ = dbscan_limit(params);
  kernels_ = &range_kernels();
  const bool periodic =
      std::any_of(params.periods.begin(), params.periods.end(), [](double period) { return period > 0; });
  bool tree = periodic || static_cast<std::size_t>(params.metric) >= metric_count;
  if (!tree) {
    grid_.build(context, points, params.eps);
    tree = !reserved_ && tree_is_needed(!weight.empty());
  }
  if (tree) {
    if (tree_ == nullptr) tree_ = std::make_unique<TreeDbscan>();
    tree_->fit(context, params, points, weight, result_);
    return result_;
  }
  find_core_points(context, weight);
  collect_core_points(context);
  connect_cells(context);
  number_clusters(context);
  label_border_points(context);
  return result_;
}

}  // namespace diskern::clustering

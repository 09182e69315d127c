#include "clustering/clue.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <string>

#include "base/executor.hpp"
#include "diskern/error.hpp"
#include "neighbours/grid.hpp"
#include "neighbours/range.hpp"

namespace diskern::clustering {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

void check(const ClueParams& params, View<const double, 2> cells, View<const double> energy,
           View<const std::int64_t> layer) {
  const auto fail = [](const std::string& message) { throw InvalidArgument(message); };
  const auto positive = [&](double value, const char* name) {
    if (!(value > 0) || !(value <= 1e150)) {
      fail(std::string(name) + " must be a positive number up to 1e150, got " + std::to_string(value));
    }
  };
  positive(params.critical_distance, "critical_distance");
  positive(params.seed_distance, "seed_distance");
  positive(params.outlier_distance_factor, "outlier_distance_factor");
  if (!std::isfinite(params.critical_density)) {
    fail("critical_density must be a finite number, got " + std::to_string(params.critical_density));
  }
  const std::size_t n = cells.rows();
  if (n == 0 || cells.columns() == 0) fail("no cells: at least one with one coordinate is needed");
  if (n >= std::numeric_limits<std::uint32_t>::max()) fail("at most 2^32 - 2 cells can be clustered");
  if (energy.size() != n) fail("one energy per cell is expected: " + std::to_string(n) + ", got " + std::to_string(energy.size()));
  if (!layer.empty() && layer.size() != n) {
    fail("one layer per cell is expected: " + std::to_string(n) + ", got " + std::to_string(layer.size()));
  }
  for (std::size_t i = 0; i < n; ++i) {
    if (!std::isfinite(energy[i])) fail("the energy of cell " + std::to_string(i) + " is not finite");
    for (std::size_t d = 0; d < cells.columns(); ++d) {
      if (!(std::abs(cells(i, d)) <= 1e150)) {
        fail("coordinate " + std::to_string(d) + " of cell " + std::to_string(i) + " is " +
             std::to_string(cells(i, d)) + "; expected finite numbers up to 1e150");
      }
    }
  }
}

double reach(const ClueParams& params) {
  return std::max(params.seed_distance, params.outlier_distance_factor * params.critical_distance);
}

// In the kernels' order of operations.
double squared_distance(View<const double, 2> cells, std::size_t i, std::size_t j) {
  double sum = 0;
  for (std::size_t d = 0; d < cells.columns(); ++d) {
    const double difference = cells(i, d) - cells(j, d);
    sum += difference * difference;
  }
  return sum;
}

ClueResult empty_result(std::size_t n) {
  ClueResult result;
  result.labels.assign(n, -1);
  result.density.assign(n, 0.0);
  result.nearest_higher.assign(n, -1);
  result.distance.assign(n, infinity);
  return result;
}

bool higher(const ClueResult& result, std::size_t j, std::size_t i) {
  return result.density[j] > result.density[i] || (result.density[j] == result.density[i] && j < i);
}

// Seeds, and what follows them: from high to low, so that the cell that is followed is already known.
void follow(const ClueParams& params, ClueResult& result) {
  const std::size_t n = result.labels.size();
  std::vector<std::uint32_t> order(n);
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) { return higher(result, a, b); });
  for (std::size_t i = 0; i < n; ++i) {
    if (!(result.density[i] >= params.critical_density) || !(result.distance[i] > params.seed_distance)) continue;
    result.labels[i] = static_cast<std::int64_t>(result.seeds.size());
    result.seeds.push_back(static_cast<std::int64_t>(i));
  }
  const double outlier = params.outlier_distance_factor * params.critical_distance;
  for (const std::uint32_t i : order) {
    if (result.labels[i] >= 0) continue;
    if (result.density[i] < params.critical_density && result.distance[i] > outlier) continue;
    const std::int64_t to = result.nearest_higher[i];
    if (to >= 0) result.labels[i] = result.labels[static_cast<std::size_t>(to)];
  }
}

// The runs of points around the cells of a grid.
void find_runs(const Grid& grid, std::size_t cell, std::vector<PointRun>& runs) {
  const auto& cells = grid.cells();
  const auto& first_cell = grid.first_cell();
  const auto first_at = [&](std::uint64_t key) {
    if (!first_cell.empty()) return static_cast<std::size_t>(first_cell[key]);
    return static_cast<std::size_t>(
        std::lower_bound(cells.begin(), cells.end() - 1, key,
                         [](const Grid::Cell& one, std::uint64_t value) { return one.key < value; }) -
        cells.begin());
  };
  runs.clear();
  for (const std::int64_t offset : grid.run_offsets()) {
    const std::uint64_t low = cells[cell].key + static_cast<std::uint64_t>(offset) - 1;
    const std::size_t begin = first_at(low);
    const std::size_t end = first_at(low + 3);
    if (begin < end) runs.push_back({cells[begin].begin, cells[end].begin});
  }
}

// One layer: which[k] is the index of its cell k.
class Layer {
 public:
  Layer(const Context& context, const ClueParams& params, View<const double, 2> cells, View<const double> energy,
        const std::vector<std::uint32_t>& which, ClueResult& result)
      : context_(context), params_(params), cells_(cells), energy_(energy), which_(which), result_(result) {
    const std::size_t d = cells.columns();
    std::vector<double> points(which.size() * d);
    for (std::size_t k = 0; k < which.size(); ++k) {
      for (std::size_t j = 0; j < d; ++j) points[k * d + j] = cells(which[k], j);
    }
    grid_.build(context, View<const double, 2>(points.data(), which.size(), d), reach(params));
  }

  void run() {
    const double critical = params_.critical_distance * params_.critical_distance;
    over_points(critical, [&](std::size_t i, const std::vector<std::uint32_t>& near) {
      double density = 0;
      for (const std::uint32_t j : near) density += j == i ? energy_[j] : 0.5 * energy_[j];
      result_.density[i] = density;
    });
    const double far = reach(params_);
    over_points(far * far, [&](std::size_t i, const std::vector<std::uint32_t>& near) {
      double nearest = infinity;
      for (const std::uint32_t j : near) {
        if (!higher(result_, j, i)) continue;
        const double square = squared_distance(cells_, i, j);
        if (square >= nearest) continue;  // ascending indices: the lowest of equally near ones stays
        nearest = square;
        result_.nearest_higher[i] = j;
      }
      result_.distance[i] = std::sqrt(nearest);
    });
  }

 private:
  // body(index, ascending indices of the cells within the limit).
  template <class Body>
  void over_points(double limit, const Body& body) const {
    constexpr std::size_t points_per_piece = 2048;
    const std::size_t n = grid_.size();
    const auto& cells = grid_.cells();
    interruptible_for(
        context_, chunk_count(n, points_per_piece),
        [&](std::size_t piece) {
          const Range range = chunk_range(n, points_per_piece, piece);
          const std::size_t dimensions = grid_.dimensions();
          std::vector<PointRun> runs;
          std::vector<std::uint32_t> found;
          std::vector<std::uint32_t> near;
          std::vector<double> point(dimensions);
          const RangeQuery query{grid_.coordinates(), dimensions, point.data(), limit};
          auto cell = static_cast<std::size_t>(
              std::upper_bound(cells.begin(), cells.end(), static_cast<std::uint32_t>(range.begin),
                               [](std::uint32_t value, const Grid::Cell& one) { return value < one.begin; }) -
              cells.begin() - 1);
          find_runs(grid_, cell, runs);
          for (std::size_t p = range.begin; p < range.end; ++p) {
            if (cells[cell + 1].begin <= p) find_runs(grid_, ++cell, runs);
            for (std::size_t d = 0; d < dimensions; ++d) point[d] = grid_.coordinates()[d][p];
            near.clear();
            for (const PointRun run : runs) {
              if (found.size() < run.end - run.begin) found.resize(run.end - run.begin);
              const std::size_t count = range_kernels().find[0](query, run.begin, run.end, found.data());
              for (std::size_t k = 0; k < count; ++k) near.push_back(which_[grid_.original()[found[k]]]);
            }
            // Sums in the order of the indices do not depend on the grid.
            std::sort(near.begin(), near.end());
            body(which_[grid_.original()[p]], near);
          }
        },
        static_cast<double>(n) * 300.0);
  }

  const Context& context_;
  const ClueParams& params_;
  View<const double, 2> cells_;
  View<const double> energy_;
  const std::vector<std::uint32_t>& which_;
  ClueResult& result_;
  Grid grid_;
};

}  // namespace

ClueResult reference_clue(const ClueParams& params, View<const double, 2> cells, View<const double> energy,
                          View<const std::int64_t> layer) {
  check(params, cells, energy, layer);
  const std::size_t n = cells.rows();
  ClueResult result = empty_result(n);
  const auto together = [&](std::size_t i, std::size_t j) { return layer.empty() || layer[i] == layer[j]; };
  const double critical = params.critical_distance * params.critical_distance;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      if (!together(i, j) || !(squared_distance(cells, i, j) <= critical)) continue;
      result.density[i] += i == j ? energy[j] : 0.5 * energy[j];
    }
  }
  const double far = reach(params) * reach(params);
  for (std::size_t i = 0; i < n; ++i) {
    double nearest = infinity;
    for (std::size_t j = 0; j < n; ++j) {
      if (!together(i, j) || !higher(result, j, i)) continue;
      const double square = squared_distance(cells, i, j);
      if (!(square <= far) || square >= nearest) continue;
      nearest = square;
      result.nearest_higher[i] = static_cast<std::int64_t>(j);
    }
    result.distance[i] = std::sqrt(nearest);
  }
  follow(params, result);
  return result;
}

ClueResult clue(const Context& context, const ClueParams& params, View<const double, 2> cells, View<const double> energy,
                View<const std::int64_t> layer) {
  check(params, cells, energy, layer);
  const std::size_t n = cells.rows();
  ClueResult result = empty_result(n);
  std::vector<std::uint32_t> order(n);
  std::iota(order.begin(), order.end(), 0U);
  if (!layer.empty()) {
    std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) { return layer[a] < layer[b]; });
  }
  for (std::size_t begin = 0; begin < n;) {
    std::size_t end = layer.empty() ? n : begin + 1;
    while (end < n && layer[order[end]] == layer[order[begin]]) ++end;
    const std::vector<std::uint32_t> which(order.begin() + static_cast<std::ptrdiff_t>(begin),
                                           order.begin() + static_cast<std::ptrdiff_t>(end));
    Layer(context, params, cells, energy, which, result).run();
    begin = end;
  }
  follow(params, result);
  return result;
}

}  // namespace diskern::clustering

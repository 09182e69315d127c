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

void check_cells(View<const double, 2> cells, View<const double> energy, View<const std::int64_t> layer) {
  const auto fail = [](const std::string& message) { throw InvalidArgument(message); };
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

void clear(ClueResult& result, std::size_t n) {
  result.labels.assign(n, -1);
  result.seeds.clear();
  result.density.assign(n, 0.0);
  result.nearest_higher.assign(n, -1);
  result.distance.assign(n, infinity);
}

bool higher(const ClueResult& result, std::size_t j, std::size_t i) {
  return result.density[j] > result.density[i] || (result.density[j] == result.density[i] && j < i);
}

// Seeds, and what follows them: from high to low, so that the cell that is followed is already known.
void follow(const ClueParams& params, ClueResult& result, std::vector<std::uint32_t>& order) {
  const std::size_t n = result.labels.size();
  order.resize(n);
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

}  // namespace

void check_clue(const ClueParams& params) {
  const auto positive = [&](double value, const char* name) {
    if (!(value > 0) || !(value <= 1e150)) {
      throw InvalidArgument(std::string(name) + " must be a positive number up to 1e150, got " + std::to_string(value));
    }
  };
  positive(params.critical_distance, "critical_distance");
  positive(params.seed_distance, "seed_distance");
  positive(params.outlier_distance_factor, "outlier_distance_factor");
  if (!std::isfinite(params.critical_density)) {
    throw InvalidArgument("critical_density must be a finite number, got " + std::to_string(params.critical_density));
  }
}

ClueResult reference_clue(const ClueParams& params, View<const double, 2> cells, View<const double> energy,
                          View<const std::int64_t> layer) {
  check_clue(params);
  check_cells(cells, energy, layer);
  const std::size_t n = cells.rows();
  ClueResult result;
  clear(result, n);
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
  std::vector<std::uint32_t> order;
  follow(params, result, order);
  return result;
}

void Clue::reserve(std::size_t cells, std::size_t dimensions) {
  constexpr std::size_t most_runs = 27;
  grid_.reserve(cells, dimensions);
  order_.reserve(cells);
  points_.reserve(cells * dimensions);
  result_.labels.reserve(cells);
  result_.seeds.reserve(cells);
  result_.density.reserve(cells);
  result_.nearest_higher.reserve(cells);
  result_.distance.reserve(cells);
  if (scratch_.empty()) scratch_.resize(1);
  scratch_[0].runs.reserve(most_runs);
  scratch_[0].found.reserve(cells);
  scratch_[0].near.reserve(cells);
  scratch_[0].point.reserve(dimensions);
}

// The runs of points around a cell of the grid.
void Clue::find_runs(std::size_t cell, std::vector<PointRun>& runs) const {
  const auto& cells = grid_.cells();
  const auto& first_cell = grid_.first_cell();
  const auto first_at = [&](std::uint64_t key) {
    if (!first_cell.empty()) return static_cast<std::size_t>(first_cell[key]);
    return static_cast<std::size_t>(
        std::lower_bound(cells.begin(), cells.end() - 1, key,
                         [](const Grid::Cell& one, std::uint64_t value) { return one.key < value; }) -
        cells.begin());
  };
  runs.clear();
  for (const std::int64_t offset : grid_.run_offsets()) {
    const std::uint64_t low = cells[cell].key + static_cast<std::uint64_t>(offset) - 1;
    const std::size_t begin = first_at(low);
    const std::size_t end = first_at(low + 3);
    if (begin < end) runs.push_back({cells[begin].begin, cells[end].begin});
  }
}

void Clue::build_layer(const Context& context, std::size_t begin, std::size_t end) {
  which_ = order_.data() + begin;
  const std::size_t dimensions = cells_.columns();
  points_.resize((end - begin) * dimensions);
  for (std::size_t k = 0; k < end - begin; ++k) {
    for (std::size_t d = 0; d < dimensions; ++d) points_[k * dimensions + d] = cells_(which_[k], d);
  }
  grid_.build(context, View<const double, 2>(points_.data(), end - begin, dimensions), reach(params_));
}

// body(index, ascending indices of the cells within the limit) for the cells of the layer.
template <class Body>
void Clue::over_cells(const Context& context, double limit, const Body& body) {
  constexpr std::size_t points_per_piece = 2048;
  const std::size_t n = grid_.size();
  const auto& cells = grid_.cells();
  const std::size_t pieces = chunk_count(n, points_per_piece);
  const bool alone = context.threads == 1;  // one piece after the other, with the same scratch
  if (scratch_.size() < (alone ? 1 : pieces)) scratch_.resize(alone ? 1 : pieces);
  const auto run_piece = [&](std::size_t piece) {
    Scratch& scratch = scratch_[alone ? 0 : piece];
    const Range range = chunk_range(n, points_per_piece, piece);
    const std::size_t dimensions = grid_.dimensions();
    scratch.point.resize(dimensions);
    const RangeQuery query{grid_.coordinates(), dimensions, scratch.point.data(), limit};
    auto cell = static_cast<std::size_t>(
        std::upper_bound(cells.begin(), cells.end(), static_cast<std::uint32_t>(range.begin),
                         [](std::uint32_t value, const Grid::Cell& one) { return value < one.begin; }) -
        cells.begin() - 1);
    find_runs(cell, scratch.runs);
    for (std::size_t p = range.begin; p < range.end; ++p) {
      if (cells[cell + 1].begin <= p) find_runs(++cell, scratch.runs);
      for (std::size_t d = 0; d < dimensions; ++d) scratch.point[d] = grid_.coordinates()[d][p];
      scratch.near.clear();
      for (const PointRun run : scratch.runs) {
        if (scratch.found.size() < run.end - run.begin) scratch.found.resize(run.end - run.begin);
        const std::size_t count = range_kernels().find[0](query, run.begin, run.end, scratch.found.data());
        for (std::size_t k = 0; k < count; ++k) scratch.near.push_back(which_[grid_.original()[scratch.found[k]]]);
      }
      // Sums in the order of the indices do not depend on the grid.
      std::sort(scratch.near.begin(), scratch.near.end());
      body(which_[grid_.original()[p]], scratch.near);
    }
  };
  if (pieces == 1) {
    run_piece(0);
    return;
  }
  interruptible_for(context, pieces, std::cref(run_piece), static_cast<double>(n) * 300.0);
}

void Clue::sum_densities(const Context& context) {
  over_cells(context, params_.critical_distance * params_.critical_distance,
             [&](std::size_t i, const std::vector<std::uint32_t>& near) {
               double density = 0;
               for (const std::uint32_t j : near) density += j == i ? energy_[j] : 0.5 * energy_[j];
               result_.density[i] = density;
             });
}

void Clue::find_higher(const Context& context) {
  const double far = reach(params_);
  over_cells(context, far * far, [&](std::size_t i, const std::vector<std::uint32_t>& near) {
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

const ClueResult& Clue::fit(const Context& context, const ClueParams& params, View<const double, 2> cells,
                            View<const double> energy, View<const std::int64_t> layer) {
  check_clue(params);
  check_cells(cells, energy, layer);
  params_ = params;
  cells_ = cells;
  energy_ = energy;
  const std::size_t n = cells.rows();
  clear(result_, n);
  order_.resize(n);
  std::iota(order_.begin(), order_.end(), 0U);
  if (!layer.empty()) {
    // Not std::stable_sort, which allocates.
    std::sort(order_.begin(), order_.end(), [&](std::uint32_t a, std::uint32_t b) {
      return layer[a] < layer[b] || (layer[a] == layer[b] && a < b);
    });
  }
  for (std::size_t begin = 0; begin < n;) {
    std::size_t end = layer.empty() ? n : begin + 1;
    while (end < n && layer[order_[end]] == layer[order_[begin]]) ++end;
    if (context.interrupted()) throw Interrupted();  // many small layers take long too
    build_layer(context, begin, end);
    sum_densities(context);
    find_higher(context);
    begin = end;
  }
  follow(params, result_, order_);
  return result_;
}

ClueResult clue(const Context& context, const ClueParams& params, View<const double, 2> cells, View<const double> energy,
                View<const std::int64_t> layer) {
  Clue one;
  one.fit(context, params, cells, energy, layer);
  return one.take();
}

}  // namespace diskern::clustering

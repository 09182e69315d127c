#include "clustering/dbscan.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <utility>

#include "base/executor.hpp"
#include "diskern/error.hpp"
#include "neighbours/range.hpp"
#include "neighbours/sphere_tree.hpp"

namespace diskern::clustering {

namespace {

constexpr double largest_coordinate = 1e150;  // squares of differences stay finite
constexpr std::size_t spare = 8;              // read by the kernels beyond the last point

void check(const DbscanParams& params, View<const double, 2> points, View<const double> weight) {
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
  for (std::size_t i = 0; i < points.rows(); ++i) {
    for (std::size_t d = 0; d < points.columns(); ++d) {
      if (!(std::abs(points(i, d)) <= largest_coordinate)) {
        fail("coordinate " + std::to_string(d) + " of point " + std::to_string(i) + " is " +
             std::to_string(points(i, d)) + "; expected finite numbers up to 1e150");
      }
    }
  }
}

double limit_of(const DbscanParams& params) {
  return params.metric == Metric::euclidean ? params.eps * params.eps : params.eps;
}

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
  return params.metric == Metric::minkowski ? std::pow(params.eps, params.power) : limit_of(params);
}

}  // namespace

DbscanResult reference_dbscan(const DbscanParams& params, View<const double, 2> points, View<const double> weight) {
  check(params, points, weight);
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

// body(first cell, last cell, scratch) over pieces of about equal numbers of points.
template <class Body>
void Dbscan::over_cells(const Context& context, double work, const Body& body) {
  constexpr std::size_t points_per_piece = 4096;
  const auto& cells = grid_.cells();
  const std::size_t n = grid_.size();
  const std::size_t pieces = chunk_count(n, points_per_piece);
  const bool alone = context.threads == 1;  // one piece after the other, with the same scratch
  const std::size_t scratches = alone ? 1 : pieces;
  if (scratch_.size() < scratches) scratch_.resize(scratches);
  const auto first_cell = [&](std::size_t piece) {
    const auto begin = static_cast<std::uint32_t>(std::min(piece * points_per_piece, n));
    return static_cast<std::size_t>(
        std::lower_bound(cells.begin(), cells.end(), begin,
                         [](const Grid::Cell& cell, std::uint32_t value) { return cell.begin < value; }) -
        cells.begin());
  };
  const auto run_piece = [&](std::size_t piece) {
    const std::size_t end = piece + 1 == pieces ? grid_.cell_count() : first_cell(piece + 1);
    body(first_cell(piece), end, scratch_[alone ? 0 : piece]);
  };
  if (pieces == 1) {
    run_piece(0);
    return;
  }
  interruptible_for(context, pieces, std::cref(run_piece), work);
}

namespace {

// The run of cells around cell `cell` at one offset, found by going on from where the cell before had it.
struct RunFinder {
  const std::vector<Grid::Cell>& cells;
  const std::vector<std::int64_t>& offsets;
  const std::vector<std::uint32_t>& first_cell;  // of each key, or empty
  std::vector<std::size_t>& position;            // first cell of each run

  RunFinder(const Grid& grid, std::vector<std::size_t>& scratch)
      : cells(grid.cells()), offsets(grid.run_offsets()), first_cell(grid.first_cell()), position(scratch) {}

  void start(std::size_t first) {
    if (!first_cell.empty()) return;
    position.assign(offsets.size(), 0);
    for (std::size_t r = 0; r < offsets.size(); ++r) {
      const auto low = lowest_key(cells[first].key, r);
      position[r] = static_cast<std::size_t>(
          std::lower_bound(cells.begin(), cells.end() - 1, low,
                           [](const Grid::Cell& cell, std::uint64_t key) { return cell.key < key; }) -
          cells.begin());
    }
  }
  std::uint64_t lowest_key(std::uint64_t key, std::size_t r) const {
    return key + static_cast<std::uint64_t>(offsets[r]) - 1;
  }
  // Cells begin .. end-1 of run r; call for ascending cells.
  std::pair<std::size_t, std::size_t> run(std::size_t cell, std::size_t r) {
    const std::uint64_t low = lowest_key(cells[cell].key, r);
    if (!first_cell.empty()) return {first_cell[low], first_cell[low + 3]};
    std::size_t& begin = position[r];
    while (cells[begin].key < low) ++begin;  // the last cell has the largest key there is
    std::size_t end = begin;
    while (cells[end].key - low <= 2) ++end;
    return {begin, end};
  }
};

}  // namespace

void Dbscan::find_core_points(const Context& context, View<const double> weight) {
  const std::size_t dimensions = grid_.dimensions();
  const auto metric = static_cast<std::size_t>(params_.metric);
  is_core_.resize(grid_.size());
  bool early = weight.empty();  // all count one: no need to go on when there are enough
  const auto enough = static_cast<std::size_t>(
      std::min(std::ceil(params_.min_samples), static_cast<double>(std::numeric_limits<std::uint32_t>::max())));
  over_cells(context, static_cast<double>(grid_.size()) * 100.0, [&](std::size_t first, std::size_t last, Scratch& scratch) {
    if (first == last) return;
    const auto& cells = grid_.cells();
    RunFinder finder(grid_, scratch.run);
    finder.start(first);
    const std::size_t runs = grid_.run_offsets().size();
    scratch.point.resize(dimensions);
    scratch.segments.resize(runs);
    RangeQuery query{grid_.coordinates(), dimensions, scratch.point.data(), limit_};
    for (std::size_t cell = first; cell < last; ++cell) {
      std::size_t candidates = 0;
      std::size_t filled = 0;
      std::size_t own = 0;
      for (std::size_t r = 0; r < runs; ++r) {
        const auto [begin, end] = finder.run(cell, r);
        if (r == runs / 2) own = filled;
        scratch.segments[filled] = {cells[begin].begin, cells[end].begin};
        filled += begin < end ? 1 : 0;
        candidates += cells[end].begin - cells[begin].begin;
      }
      // The own run has most of the neighbours.
      std::swap(scratch.segments[0], scratch.segments[own]);
      if (early && candidates < enough) {
        std::fill(is_core_.begin() + cells[cell].begin, is_core_.begin() + cells[cell + 1].begin, std::uint8_t{0});
        continue;
      }
      for (std::uint32_t i = cells[cell].begin; i < cells[cell + 1].begin; ++i) {
        for (std::size_t d = 0; d < dimensions; ++d) scratch.point[d] = grid_.coordinates()[d][i];
        if (early) {
          const std::size_t count = kernels_->count_runs[metric](query, scratch.segments.data(), filled, enough);
          is_core_[i] = count >= enough ? 1 : 0;
        } else {
          double sum = 0;
          for (std::size_t r = 0; r < filled; ++r) {
            const Segment run = scratch.segments[r];
            if (scratch.found.size() < run.end - run.begin) scratch.found.resize(run.end - run.begin);
            const std::size_t found = kernels_->find[metric](query, run.begin, run.end, scratch.found.data());
            for (std::size_t k = 0; k < found; ++k) sum += weight[grid_.original()[scratch.found[k]]];
          }
          is_core_[i] = sum >= params_.min_samples ? 1 : 0;
        }
      }
    }
  });
}

// Core points of their own, still in the order of the cells.
void Dbscan::collect_core_points(const Context& context) {
  const auto& cells = grid_.cells();
  const std::size_t dimensions = grid_.dimensions();
  core_begin_.resize(cells.size());
  core_sorted_.clear();
  for (std::size_t cell = 0; cell + 1 < cells.size(); ++cell) {
    core_begin_[cell] = static_cast<std::uint32_t>(core_sorted_.size());
    for (std::uint32_t i = cells[cell].begin; i < cells[cell + 1].begin; ++i) {
      if (is_core_[i] != 0) core_sorted_.push_back(i);
    }
  }
  core_begin_.back() = static_cast<std::uint32_t>(core_sorted_.size());
  const std::size_t stride = core_sorted_.size() + spare;
  if (core_storage_.size() < stride * dimensions) core_storage_.resize(stride * dimensions);
  core_coordinates_.resize(dimensions);
  for (std::size_t d = 0; d < dimensions; ++d) {
    core_coordinates_[d] = core_storage_.data() + d * stride;
    std::fill_n(core_storage_.data() + d * stride + core_sorted_.size(), spare, 0.0);
  }
  // Within each cell by component, so that a component is a segment.
  cell_segments_.assign(cells.size(), 0);
  segments_.resize(core_sorted_.size());
  over_cells(context, static_cast<double>(grid_.size()) * 30.0, [&](std::size_t first, std::size_t last, Scratch& scratch) {
    for (std::size_t cell = first; cell < last; ++cell) {
      if (core_begin_[cell] == core_begin_[cell + 1]) continue;
      connect_cell(cell, scratch);
    }
  });
  segment_begin_.resize(cells.size());
  std::uint32_t n_segments = 0;
  for (std::size_t cell = 0; cell + 1 < cells.size(); ++cell) {
    segment_begin_[cell] = n_segments;
    for (std::uint32_t s = 0; s < cell_segments_[cell]; ++s) segments_[n_segments++] = segments_[core_begin_[cell] + s];
  }
  segment_begin_.back() = n_segments;
  segments_.resize(n_segments);
  box_.resize(2 * dimensions * n_segments);
  for (std::size_t s = 0; s < n_segments; ++s) {
    for (std::size_t d = 0; d < dimensions; ++d) {
      const double* x = core_coordinates_[d];
      const auto [low, high] = std::minmax_element(x + segments_[s].begin, x + segments_[s].end);
      box_[2 * dimensions * s + d] = *low;
      box_[2 * dimensions * s + dimensions + d] = *high;
    }
  }
}

// The components of the core points of one cell, by a search that only looks at points not yet reached.
void Dbscan::connect_cell(std::size_t cell, Scratch& scratch) {
  const std::size_t dimensions = grid_.dimensions();
  const std::uint32_t begin = core_begin_[cell];
  const std::uint32_t n = core_begin_[cell + 1] - begin;
  const std::size_t stride = core_sorted_.size() + spare;
  scratch.order.assign(core_sorted_.begin() + begin, core_sorted_.begin() + begin + n);
  std::vector<std::uint32_t>& rest = scratch.order;  // not reached, by sorted position
  scratch.local.resize(dimensions * (n + spare));
  scratch.coordinates.resize(dimensions);
  for (std::size_t d = 0; d < dimensions; ++d) {
    double* local = scratch.local.data() + d * (n + spare);
    for (std::uint32_t k = 0; k < n; ++k) local[k] = grid_.coordinates()[d][rest[k]];
    std::fill_n(local + n, spare, 0.0);
    scratch.coordinates[d] = local;
  }
  if (scratch.found.size() < n) scratch.found.resize(n);
  scratch.point.resize(dimensions);
  const RangeQuery query{scratch.coordinates.data(), dimensions, scratch.point.data(), limit_};
  const auto metric = static_cast<std::size_t>(params_.metric);
  std::uint32_t placed = 0;
  std::uint32_t left = n;
  // The points reached are written in order of being reached; those from `looked` on have not been looked from yet.
  const auto reach = [&](std::uint32_t k) { core_sorted_[begin + placed++] = rest[k]; };
  const auto remove = [&](const std::uint32_t* which, std::size_t count) {
    // Ascending positions; the rest moves up in order.
    std::size_t skip = 0;
    std::uint32_t to = which[0];
    for (std::uint32_t k = which[0]; k < left; ++k) {
      if (skip < count && which[skip] == k) {
        ++skip;
        continue;
      }
      rest[to] = rest[k];
      for (std::size_t d = 0; d < dimensions; ++d) {
        double* local = scratch.local.data() + d * (n + spare);
        local[to] = local[k];
      }
      ++to;
    }
    left = to;
  };
  std::uint32_t segment_count = 0;
  while (left > 0) {
    const std::uint32_t segment_start = placed;
    reach(0);
    const std::uint32_t first = 0;
    remove(&first, 1);
    for (std::uint32_t looked = segment_start; looked < placed && left > 0; ++looked) {
      for (std::size_t d = 0; d < dimensions; ++d) {
        scratch.point[d] = grid_.coordinates()[d][core_sorted_[begin + looked]];
      }
      const std::size_t found = kernels_->find[metric](query, 0, left, scratch.found.data());
      if (found == 0) continue;
      for (std::size_t k = 0; k < found; ++k) reach(scratch.found[k]);
      remove(scratch.found.data(), found);
    }
    segments_[begin + segment_count++] = {begin + segment_start, begin + placed};
  }
  cell_segments_[cell] = segment_count;
  for (std::size_t d = 0; d < dimensions; ++d) {
    double* out = core_storage_.data() + d * stride + begin;
    for (std::uint32_t k = 0; k < n; ++k) out[k] = grid_.coordinates()[d][core_sorted_[begin + k]];
  }
}

// Whether a point of one segment is within eps of a point of the other.
bool Dbscan::touch(const Segment& a, const Segment& b, Scratch& scratch) const {
  const Segment& few = a.end - a.begin <= b.end - b.begin ? a : b;
  const Segment& many = a.end - a.begin <= b.end - b.begin ? b : a;
  const std::size_t dimensions = grid_.dimensions();
  const auto metric = static_cast<std::size_t>(params_.metric);
  const double* box = box_.data() + 2 * dimensions * static_cast<std::size_t>(&many - segments_.data());
  // Rounding must not rule out a pair that the kernel would accept.
  const double far = limit_ * (1.0 + 1e-9);
  const RangeQuery query{core_coordinates_.data(), dimensions, scratch.point.data(), limit_};
  for (std::uint32_t i = few.begin; i < few.end; ++i) {
    double to_box = 0;
    for (std::size_t d = 0; d < dimensions; ++d) {
      const double x = core_coordinates_[d][i];
      scratch.point[d] = x;
      const double outside = std::max({box[d] - x, x - box[dimensions + d], 0.0});
      if (params_.metric == Metric::euclidean) {
        to_box += outside * outside;
      } else if (params_.metric == Metric::manhattan) {
        to_box += outside;
      } else {
        to_box = std::max(to_box, outside);
      }
    }
    if (to_box <= far && kernels_->count[metric](query, many.begin, many.end, 1) > 0) return true;
  }
  return false;
}

void Dbscan::connect_cells(const Context& context) {
  sets_.reset(segments_.size());
  const std::size_t dimensions = grid_.dimensions();
  over_cells(context, static_cast<double>(grid_.size()) * 50.0, [&](std::size_t first, std::size_t last, Scratch& scratch) {
    if (first == last) return;
    RunFinder finder(grid_, scratch.run);
    finder.start(first);
    scratch.point.resize(dimensions);
    const std::size_t runs = grid_.run_offsets().size();
    for (std::size_t cell = first; cell < last; ++cell) {
      if (segment_begin_[cell] == segment_begin_[cell + 1]) continue;
      for (std::size_t r = runs / 2; r < runs; ++r) {
        const auto [begin, end] = finder.run(cell, r);
        // Each pair of cells once: the later ones.
        for (std::size_t other = std::max(begin, cell + 1); other < end; ++other) {
          for (std::uint32_t a = segment_begin_[cell]; a < segment_begin_[cell + 1]; ++a) {
            for (std::uint32_t b = segment_begin_[other]; b < segment_begin_[other + 1]; ++b) {
              if (sets_.find(a) != sets_.find(b) && touch(segments_[a], segments_[b], scratch)) sets_.unite(a, b);
            }
          }
        }
      }
    }
  });
}

// In the order of the lowest index of a core point.
void Dbscan::number_clusters() {
  const std::size_t n = grid_.size();
  std::vector<std::int64_t>& labels = result_.labels;
  // Segment of each core point by original index, then numbers as they are met.
  labels.assign(n, noise_label);
  result_.core.assign(n, 0);
  for (std::uint32_t s = 0; s < segments_.size(); ++s) {
    const std::uint32_t root = sets_.find(s);
    for (std::uint32_t k = segments_[s].begin; k < segments_[s].end; ++k) {
      labels[grid_.original()[core_sorted_[k]]] = root;
    }
  }
  std::vector<std::uint32_t>& number = cell_segments_;
  number.assign(segments_.size(), std::numeric_limits<std::uint32_t>::max());
  std::uint32_t clusters = 0;
  for (std::size_t i = 0; i < n; ++i) {
    if (labels[i] == noise_label) continue;
    result_.core[i] = 1;
    std::uint32_t& of_root = number[static_cast<std::size_t>(labels[i])];
    if (of_root == std::numeric_limits<std::uint32_t>::max()) of_root = clusters++;
    labels[i] = of_root;
  }
  result_.n_clusters = clusters;
  core_label_.resize(core_sorted_.size());
  for (std::size_t k = 0; k < core_sorted_.size(); ++k) core_label_[k] = labels[grid_.original()[core_sorted_[k]]];
}

void Dbscan::label_border_points(const Context& context) {
  if (core_sorted_.empty()) return;
  const std::size_t dimensions = grid_.dimensions();
  const auto metric = static_cast<std::size_t>(params_.metric);
  over_cells(context, static_cast<double>(grid_.size()) * 30.0, [&](std::size_t first, std::size_t last, Scratch& scratch) {
    if (first == last) return;
    const auto& cells = grid_.cells();
    RunFinder finder(grid_, scratch.run);
    finder.start(first);
    scratch.point.resize(dimensions);
    const std::size_t runs = grid_.run_offsets().size();
    scratch.segments.resize(runs);
    const RangeQuery query{core_coordinates_.data(), dimensions, scratch.point.data(), limit_};
    for (std::size_t cell = first; cell < last; ++cell) {
      const std::uint32_t points = cells[cell + 1].begin - cells[cell].begin;
      if (core_begin_[cell + 1] - core_begin_[cell] == points) continue;  // core points all
      std::size_t filled = 0;
      for (std::size_t r = 0; r < runs; ++r) {
        const auto [begin, end] = finder.run(cell, r);
        const Segment run{core_begin_[begin], core_begin_[end]};
        if (run.begin < run.end) scratch.segments[filled++] = run;
      }
      if (filled == 0) continue;
      for (std::uint32_t i = cells[cell].begin; i < cells[cell + 1].begin; ++i) {
        if (is_core_[i] != 0) continue;
        for (std::size_t d = 0; d < dimensions; ++d) scratch.point[d] = grid_.coordinates()[d][i];
        std::int64_t lowest = std::numeric_limits<std::int64_t>::max();
        for (std::size_t r = 0; r < filled; ++r) {
          const Segment run = scratch.segments[r];
          if (scratch.found.size() < run.end - run.begin) scratch.found.resize(run.end - run.begin);
          const std::size_t found = kernels_->find[metric](query, run.begin, run.end, scratch.found.data());
          for (std::size_t k = 0; k < found; ++k) lowest = std::min(lowest, core_label_[scratch.found[k]]);
        }
        if (lowest != std::numeric_limits<std::int64_t>::max()) result_.labels[grid_.original()[i]] = lowest;
      }
    }
  });
}

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
bool Dbscan::tree_is_needed() {
  constexpr std::size_t fewest_points = 8192;  // below, not worth the look
  constexpr std::size_t sample = 128;
  constexpr std::size_t step = 256;
  constexpr double most_coordinates = 12000;  // looked at for one point; a tree needs about the time of so many
  const std::size_t n = grid_.size();
  if (n < fewest_points) return false;
  const auto& cells = grid_.cells();
  const std::size_t dimensions = grid_.dimensions();
  const auto metric = static_cast<std::size_t>(params_.metric);
  const auto enough = static_cast<std::size_t>(
      std::min(std::ceil(params_.min_samples), static_cast<double>(std::numeric_limits<std::uint32_t>::max())));
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
  check(params, points, weight);
  if (context.device != Device::cpu) throw InvalidArgument("DBSCAN runs on the CPU only");
  params_ = params;
  limit_ = limit_of(params);
  kernels_ = &range_kernels();
  const bool periodic =
      std::any_of(params.periods.begin(), params.periods.end(), [](double period) { return period > 0; });
  bool tree = periodic || static_cast<std::size_t>(params.metric) >= metric_count;
  if (!tree) {
    grid_.build(context, points, params.eps);
    tree = !reserved_ && tree_is_needed();
  }
  if (tree) {
    if (tree_ == nullptr) tree_ = std::make_unique<TreeDbscan>();
    tree_->fit(context, params, points, weight, result_);
    return result_;
  }
  find_core_points(context, weight);
  collect_core_points(context);
  connect_cells(context);
  number_clusters();
  label_border_points(context);
  return result_;
}

}  // namespace diskern::clustering

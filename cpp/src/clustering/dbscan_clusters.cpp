// Which cells are connected, and the labels.
#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "clustering/dbscan.hpp"
#include "clustering/dbscan_runs.hpp"

namespace diskern::clustering {

namespace {

constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();

}  // namespace

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
  over_cells(context, static_cast<double>(grid_.size()) * 50.0, [&](std::size_t first, std::size_t last, Scratch& scratch, std::size_t /*piece*/) {
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
void Dbscan::number_clusters(const Context& context) {
  const auto& cells = grid_.cells();
  const auto& original = grid_.original();
  const std::size_t n = grid_.size();
  const auto work = static_cast<double>(n);
  // The lowest index under each root.
  lowest_.resize(segments_.size());
  over_cells(context, work, [&](std::size_t first, std::size_t last, Scratch& /*scratch*/, std::size_t /*piece*/) {
    for (std::uint32_t s = segment_begin_[first]; s < segment_begin_[last]; ++s) lowest_[s] = none;
  });
  over_cells(context, work * 4, [&](std::size_t first, std::size_t last, Scratch& /*scratch*/, std::size_t /*piece*/) {
    for (std::uint32_t s = segment_begin_[first]; s < segment_begin_[last]; ++s) {
      std::uint32_t lowest = none;
      for (std::uint32_t k = segments_[s].begin; k < segments_[s].end; ++k) {
        lowest = std::min(lowest, original[core_sorted_[k]]);
      }
      const std::atomic_ref<std::uint32_t> of_root(lowest_[sets_.find(s)]);
      std::uint32_t known = of_root.load(std::memory_order_relaxed);
      while (lowest < known && !of_root.compare_exchange_weak(known, lowest, std::memory_order_relaxed)) {
      }
    }
  });
  roots_.clear();
  for (std::uint32_t s = 0; s < segments_.size(); ++s) {
    if (sets_.is_root(s)) roots_.emplace_back(lowest_[s], s);
  }
  result_.n_clusters = static_cast<std::int64_t>(roots_.size());
  result_.labels.resize(n);
  result_.core.resize(n);
  constexpr std::size_t points_per_cluster = 32;  // sorting so many fewer clusters is faster than a look at all points
  if (roots_.size() * points_per_cluster < n) {
    std::sort(roots_.begin(), roots_.end());
    for (std::uint32_t number = 0; number < roots_.size(); ++number) lowest_[roots_[number].second] = number;
  } else {
    std::fill(result_.labels.begin(), result_.labels.end(), noise_label);
    for (const auto& [lowest, root] : roots_) result_.labels[lowest] = root;
    std::uint32_t number = 0;
    for (const std::int64_t root : result_.labels) {
      if (root != noise_label) lowest_[static_cast<std::size_t>(root)] = number++;
    }
  }
  core_label_.resize(core_sorted_.size());
  over_cells(context, work * 10, [&](std::size_t first, std::size_t last, Scratch& /*scratch*/, std::size_t /*piece*/) {
    for (std::uint32_t i = cells[first].begin; i < cells[last].begin; ++i) {
      if (is_core_[i] != 0) continue;
      result_.labels[original[i]] = noise_label;
      result_.core[original[i]] = 0;
    }
    for (std::uint32_t s = segment_begin_[first]; s < segment_begin_[last]; ++s) {
      const std::uint32_t number = lowest_[sets_.find(s)];
      for (std::uint32_t k = segments_[s].begin; k < segments_[s].end; ++k) {
        const std::uint32_t point = original[core_sorted_[k]];
        core_label_[k] = number;
        result_.labels[point] = number;
        result_.core[point] = 1;
      }
    }
  });
}

void Dbscan::label_border_points(const Context& context) {
  if (core_sorted_.empty()) return;
  const std::size_t dimensions = grid_.dimensions();
  const auto metric = static_cast<std::size_t>(params_.metric);
  over_cells(context, static_cast<double>(grid_.size()) * 30.0, [&](std::size_t first, std::size_t last, Scratch& scratch, std::size_t /*piece*/) {
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
        std::uint32_t lowest = none;
        for (std::size_t r = 0; r < filled; ++r) {
          const Segment run = scratch.segments[r];
          if (scratch.found.size() < run.end - run.begin) scratch.found.resize(run.end - run.begin);
          const std::size_t found = kernels_->find[metric](query, run.begin, run.end, scratch.found.data());
          for (std::size_t k = 0; k < found; ++k) lowest = std::min(lowest, core_label_[scratch.found[k]]);
        }
        if (lowest != none) result_.labels[grid_.original()[i]] = lowest;
      }
    }
  });
}

}  // namespace diskern::clustering

// Which points are core points, and how those of a cell are connected.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "clustering/dbscan.hpp"
#include "clustering/dbscan_runs.hpp"

namespace diskern::clustering {

void Dbscan::find_core_points(const Context& context, View<const double> weight) {
  const std::size_t dimensions = grid_.dimensions();
  const auto metric = static_cast<std::size_t>(params_.metric);
  is_core_.resize(grid_.size());
  bool early = weight.empty();  // all count one: no need to go on when there are enough
  const auto enough = static_cast<std::size_t>(
      std::min(std::ceil(params_.min_samples), static_cast<double>(std::numeric_limits<std::uint32_t>::max())));
  over_cells(context, static_cast<double>(grid_.size()) * 100.0, [&](std::size_t first, std::size_t last, Scratch& scratch, std::size_t /*piece*/) {
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

// The sums of what the pieces count, in their order.
std::uint32_t Dbscan::add_up_pieces() {
  std::uint32_t sum = 0;
  for (std::uint32_t& count : piece_begin_) {
    const std::uint32_t here = count;
    count = sum;
    sum += here;
  }
  return sum;
}

// Core points of their own, still in the order of the cells.
void Dbscan::collect_core_points(const Context& context) {
  const auto& cells = grid_.cells();
  const std::size_t dimensions = grid_.dimensions();
  const auto n = static_cast<double>(grid_.size());
  core_begin_.resize(cells.size());
  piece_begin_.assign(piece_count(), 0);
  over_cells(context, n, [&](std::size_t first, std::size_t last, Scratch& /*scratch*/, std::size_t piece) {
    std::uint32_t count = 0;
    for (std::size_t cell = first; cell < last; ++cell) {
      core_begin_[cell] = count;
      for (std::uint32_t i = cells[cell].begin; i < cells[cell + 1].begin; ++i) count += is_core_[i];
    }
    piece_begin_[piece] = count;
  });
  core_begin_.back() = add_up_pieces();
  core_sorted_.resize(core_begin_.back());
  const std::size_t stride = core_sorted_.size() + spare;
  if (core_storage_.size() < stride * dimensions) core_storage_.resize(stride * dimensions);
  core_coordinates_.resize(dimensions);
  for (std::size_t d = 0; d < dimensions; ++d) {
    core_coordinates_[d] = core_storage_.data() + d * stride;
    std::fill_n(core_storage_.data() + d * stride + core_sorted_.size(), spare, 0.0);
  }
  // Within each cell by component, so that a component is a segment.
  cell_segments_.resize(cells.size());
  loose_segments_.resize(core_sorted_.size());
  over_cells(context, n * 30.0, [&](std::size_t first, std::size_t last, Scratch& scratch, std::size_t piece) {
    const std::uint32_t before = piece_begin_[piece];
    for (std::size_t cell = first; cell < last; ++cell) {
      core_begin_[cell] += before;
      std::uint32_t at = core_begin_[cell];
      for (std::uint32_t i = cells[cell].begin; i < cells[cell + 1].begin; ++i) {
        if (is_core_[i] != 0) core_sorted_[at++] = i;
      }
      connect_cell(cell, core_begin_[cell], at, scratch);
    }
    std::uint32_t count = 0;
    for (std::size_t cell = first; cell < last; ++cell) count += cell_segments_[cell];
    piece_begin_[piece] = count;
  });
  // Beside each other, with the box of each.
  segment_begin_.resize(cells.size());
  segment_begin_.back() = add_up_pieces();
  segments_.resize(segment_begin_.back());
  box_.resize(2 * dimensions * segments_.size());
  over_cells(context, n * 10.0, [&](std::size_t first, std::size_t last, Scratch& /*scratch*/, std::size_t piece) {
    std::uint32_t to = piece_begin_[piece];
    for (std::size_t cell = first; cell < last; ++cell) {
      segment_begin_[cell] = to;
      for (std::uint32_t s = 0; s < cell_segments_[cell]; ++s, ++to) {
        const Segment segment = loose_segments_[core_begin_[cell] + s];
        segments_[to] = segment;
        double* box = box_.data() + 2 * dimensions * to;
        for (std::size_t d = 0; d < dimensions; ++d) {
          const double* x = core_coordinates_[d];
          double low = x[segment.begin];
          double high = low;
          for (std::uint32_t k = segment.begin + 1; k < segment.end; ++k) {
            low = x[k] < low ? x[k] : low;
            high = x[k] > high ? x[k] : high;
          }
          box[d] = low;
          box[dimensions + d] = high;
        }
      }
    }
  });
}

// The components of the core points of one cell, by a search that only looks at points not yet reached.
void Dbscan::connect_cell(std::size_t cell, std::uint32_t begin, std::uint32_t end, Scratch& scratch) {
  const std::size_t dimensions = grid_.dimensions();
  const std::uint32_t n = end - begin;
  const std::size_t stride = core_sorted_.size() + spare;
  if (n <= 1) {
    cell_segments_[cell] = n;
    if (n == 0) return;
    loose_segments_[begin] = {begin, end};
    for (std::size_t d = 0; d < dimensions; ++d) {
      core_storage_[d * stride + begin] = grid_.coordinates()[d][core_sorted_[begin]];
    }
    return;
  }
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
    loose_segments_[begin + segment_count++] = {begin + segment_start, begin + placed};
  }
  cell_segments_[cell] = segment_count;
  for (std::size_t d = 0; d < dimensions; ++d) {
    double* out = core_storage_.data() + d * stride + begin;
    for (std::uint32_t k = 0; k < n; ++k) out[k] = grid_.coordinates()[d][core_sorted_[begin + k]];
  }
}

}  // namespace diskern::clustering

#pragma once
// How the parts of Dbscan walk through the cells of the grid. For dbscan*.cpp only.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "base/executor.hpp"
#include "clustering/dbscan.hpp"

namespace diskern::clustering {

// body(first cell, last cell, scratch, piece) over pieces of about equal numbers of points.
template <class Body>
void Dbscan::over_cells(const Context& context, double work, const Body& body) {
  const auto& cells = grid_.cells();
  const std::size_t n = grid_.size();
  const std::size_t pieces = piece_count();
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
    body(first_cell(piece), end, scratch_[alone ? 0 : piece], piece);
  };
  if (pieces == 1) {
    run_piece(0);
    return;
  }
  interruptible_for(context, pieces, std::cref(run_piece), work);
}

// The run of cells around cell `cell` at one offset, found by going on from where the cell before had it.
struct RunFinder {
  const AlignedVector<Grid::Cell>& cells;
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

}  // namespace diskern::clustering

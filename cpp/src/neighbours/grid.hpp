#pragma once
// Points sorted into cells at least as wide as a radius, one array per dimension. Cells that are neighbours in the last
// grid dimension are neighbours in memory, so all points within the radius of a cell lie in 3^(grid dimensions - 1)
// contiguous runs.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/aligned.hpp"
#include "diskern/context.hpp"
#include "diskern/view.hpp"

namespace diskern {

class Grid {
 public:
  struct Cell {
    std::uint64_t key;
    std::uint32_t begin;  // its points: begin .. begin of the next cell - 1
  };

  // Sorts the points (finite, fewer than 2^32) anew; memory of an earlier call is used again. Two points whose
  // difference in every coordinate is at most `radius` (positive, finite) are in the same or in neighbouring cells.
  void build(const Context& context, View<const double, 2> points, double radius);

  // Takes the memory that up to so many points of so many dimensions may need on one thread.
  void reserve(std::size_t points, std::size_t dimensions);

  std::size_t size() const noexcept { return original_.size(); }
  std::size_t dimensions() const noexcept { return dimensions_; }
  const double* const* coordinates() const noexcept { return coordinates_.data(); }  // eight more may be read
  const AlignedVector<std::uint32_t>& original() const noexcept { return original_; }  // index before sorting
  // Ascending by key, with one more at the end whose begin is size().
  const AlignedVector<Cell>& cells() const noexcept { return cells_; }
  std::size_t cell_count() const noexcept { return cells_.size() - 1; }
  // Keys of the neighbourhood of a cell: runs of three, key + offset - 1 .. key + offset + 1. Ascending; the middle one
  // is 0.
  const std::vector<std::int64_t>& run_offsets() const noexcept { return run_offsets_; }
  // Where the grid has few cells: of every key, the first cell with this key or a higher one. Otherwise empty.
  const std::vector<std::uint32_t>& first_cell() const noexcept { return first_cell_; }

 private:
  struct Axis {
    std::size_t dimension;
    double minimum;
    double inverse_side;
    std::uint64_t count;           // cells, with an empty one on either side
    std::uint64_t stride;          // of the key
    std::vector<double> occupied;  // where there are too many cells: the occupied ones, ascending; others are left out
    std::vector<std::uint64_t> place;
  };
  void find_extent(const Context& context, View<const double, 2> points);
  bool choose_axes(View<const double, 2> points, double radius, bool may_widen);
  void make_cells(const Context& context, View<const double, 2> points);
  bool crowded() const;
  std::uint64_t key(View<const double, 2> points, std::size_t i) const;
  void sort_keys(const Context& context, unsigned key_bits);
  void sort_long_keys();
  void find_cells(const Context& context, bool one_word);

  std::size_t dimensions_ = 0;
  std::vector<Axis> axes_;
  std::vector<double> extremes_;    // per chunk: minima, maxima; in the end minima and half the extents of all
  std::vector<std::size_t> order_;  // dimensions that have an axis
  std::size_t table_size_ = 0;
  std::vector<std::uint32_t> first_cell_;
  unsigned index_bits_ = 0;
  AlignedVector<std::uint64_t> entries_;  // key and index in one word where they fit
  AlignedVector<std::uint64_t> buffer_;
  AlignedVector<std::uint64_t> keys_;  // else the keys on their own
  std::vector<std::uint32_t> counts_;
  AlignedVector<std::uint32_t> original_;
  AlignedVector<Cell> cells_;
  std::vector<std::int64_t> run_offsets_;
  AlignedVector<double> storage_;
  std::vector<const double*> coordinates_;
};

}  // namespace diskern

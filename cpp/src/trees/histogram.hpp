#pragma once
// Histograms of gradients: four integer sums per bin, added as one vector. Integers make every decomposition over
// threads exact and the sibling's histogram an exact difference.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "diskern/context.hpp"
#include "trees/binning.hpp"
#include "trees/training_table.hpp"

namespace diskern::trees {

// What an event adds to the cell of its bin, and the cell itself. `count` is the number of events, where an event of
// weight above one counts as often as its weight says; `weight` is the signed weight.
template <class Integer>
struct alignas(4 * sizeof(Integer)) Cell {
  Integer gradient = 0;
  Integer hessian = 0;
  Integer count = 0;
  Integer weight = 0;

  friend Cell operator+(const Cell& a, const Cell& b) {
    return {static_cast<Integer>(a.gradient + b.gradient), static_cast<Integer>(a.hessian + b.hessian),
            static_cast<Integer>(a.count + b.count), static_cast<Integer>(a.weight + b.weight)};
  }
  friend Cell operator-(const Cell& a, const Cell& b) {
    return {static_cast<Integer>(a.gradient - b.gradient), static_cast<Integer>(a.hessian - b.hessian),
            static_cast<Integer>(a.count - b.count), static_cast<Integer>(a.weight - b.weight)};
  }
  friend bool operator==(const Cell&, const Cell&) = default;
};
using NarrowCell = Cell<std::int32_t>;  // 16 bytes; the whole sample's sums fit into 31 bits
using WideCell = Cell<std::int64_t>;    // 32 bytes; for many events and weights that span decades

// Events of weight one need no sum of weights beside the count, and all three sums of an event fit into one 64-bit
// word: see PackedLayout. Their histograms are planes of 32-bit sums, one Planes for each variable.
using PackedEntry = std::uint64_t;
using PlaneHistogram = std::vector<Planes>;

inline Cell<std::int64_t> cell_of(const Planes& planes, std::size_t bin) noexcept {
  return {planes.gradient[bin], planes.hessian[bin], planes.count[bin], planes.count[bin]};
}

// The layout for events of which the counts add up to `count_sum`: few events leave more bits to their derivatives.
PackedLayout packed_layout(double count_sum) noexcept;
// Bits of the integers of one event under a layout: gradients lie within +-(2^bits - 1), hessians in 0 .. 2^bits - 1.
int packed_gradient_bits(const PackedLayout& layout) noexcept;
int packed_hessian_bits(const PackedLayout& layout) noexcept;

// cells_per_feature cells for each variable.
template <class Integer>
using Histogram = std::vector<Cell<Integer>>;

// From the definition; what the fast one is tested against. rows == nullptr: events 0 .. n-1.
template <class Integer>
void reference_histogram(const BinnedEvents& events, const Cell<Integer>* entries, const std::uint32_t* rows,
                         std::size_t n, Histogram<Integer>& histogram);

// Adds the same to the histogram, row by row with prefetch, on the calling thread. Without rows: the events first ..
// first + n - 1.
template <class Integer>
void add_cells(const BinnedEvents& events, const Cell<Integer>* entries, const std::uint32_t* rows, std::size_t first,
               std::size_t n, Histogram<Integer>& histogram);

}  // namespace diskern::trees

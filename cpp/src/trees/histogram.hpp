#pragma once
// Histograms of gradients: four integer sums per bin, added as one vector. Integers make every decomposition over
// threads exact and the sibling's histogram an exact difference.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "diskern/context.hpp"
#include "trees/binning.hpp"

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

// cells_per_feature cells for each variable.
template <class Integer>
using Histogram = std::vector<Cell<Integer>>;

// From the definition; what the fast one is tested against. rows == nullptr: events 0 .. n-1.
template <class Integer>
void reference_histogram(const BinnedEvents& events, const Cell<Integer>* entries, const std::uint32_t* rows,
                         std::size_t n, Histogram<Integer>& histogram);

// The same, row by row with prefetch. `context` may run it on several threads; `scratch` holds their private copies.
template <class Integer>
void build_histogram(const Context& context, const BinnedEvents& events, const Cell<Integer>* entries,
                     const std::uint32_t* rows, std::size_t n, Histogram<Integer>& histogram,
                     std::vector<Histogram<Integer>>& scratch);

}  // namespace diskern::trees

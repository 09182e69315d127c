#pragma once
// CLUE: clusters of energy in calorimeter layers (Rovere, Chen, Di Pilato, Pantaleo, Seez, Front. Big Data 3 (2020)
// 591315; after Rodriguez and Laio, Science 344 (2014) 1492).

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "diskern/context.hpp"
#include "diskern/view.hpp"
#include "neighbours/grid.hpp"
#include "neighbours/range_table.hpp"

namespace diskern::clustering {

struct ClueParams {
  double critical_distance = 1.0;        // d_c: cells within it count half of their energy in the density
  double critical_density = 1.0;         // rho_c: a seed has this density at least
  double seed_distance = 1.0;            // delta_c: and no cell of higher density within this distance
  double outlier_distance_factor = 2.0;  // a cell below rho_c with nothing higher within this times d_c is an outlier
};

struct ClueResult {
  std::vector<std::int64_t> labels;          // -1: outlier, else number of the seed, in the order of their indices
  std::vector<std::int64_t> seeds;           // index of the seed of each cluster
  std::vector<double> density;               // energy of the cell and half of the energies within d_c
  std::vector<std::int64_t> nearest_higher;  // -1: none within max(delta_c, factor d_c)
  std::vector<double> distance;              // to it; infinity: none
};

// Each cell follows the nearest one of higher density (of equal densities the one of lower index is higher; of equally
// near ones the lowest is taken); seeds start clusters, outliers and what follows them are noise. Distances are
// Euclidean in float64 and count within one layer only. energy: one per cell, of any sign. layer: empty (all are in
// one), or one per cell. From the definition, in quadratic time.
ClueResult reference_clue(const ClueParams& params, View<const double, 2> cells, View<const double> energy,
                          View<const std::int64_t> layer = {});

// The same numbers by a grid per layer, for any number of threads. Keeps its memory, so that a call on one thread for no
// more cells than an earlier one allocates nothing.
class Clue {
 public:
  // Takes the memory that up to so many cells of so many dimensions may need.
  void reserve(std::size_t cells, std::size_t dimensions);
  // Throws InvalidArgument for parameters and cells that make no sense; Interrupted.
  const ClueResult& fit(const Context& context, const ClueParams& params, View<const double, 2> cells,
                        View<const double> energy, View<const std::int64_t> layer = {});
  // What the last call of fit answered, which this object then no longer holds.
  ClueResult take() { return std::move(result_); }

 private:
  struct Scratch {
    std::vector<PointRun> runs;
    std::vector<std::uint32_t> found;
    std::vector<std::uint32_t> near;
    std::vector<double> point;
  };
  void build_layer(const Context& context, std::size_t begin, std::size_t end);
  void sum_densities(const Context& context);
  void find_higher(const Context& context);
  template <class Body>
  void over_cells(const Context& context, double limit, const Body& body);
  void find_runs(std::size_t cell, std::vector<PointRun>& runs) const;

  ClueParams params_;
  View<const double, 2> cells_;
  View<const double> energy_;
  ClueResult result_;
  std::vector<std::uint32_t> order_;    // of the cells, layer after layer
  const std::uint32_t* which_ = nullptr;  // the cells of the layer at work
  std::vector<double> points_;          // their coordinates
  Grid grid_;
  std::vector<Scratch> scratch_;  // one, or one for each piece of work
};

// The same with memory of its own.
ClueResult clue(const Context& context, const ClueParams& params, View<const double, 2> cells, View<const double> energy,
                View<const std::int64_t> layer = {});

// Throws InvalidArgument.
void check_clue(const ClueParams& params);

}  // namespace diskern::clustering

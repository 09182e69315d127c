#pragma once
// DBSCAN (Ester, Kriegel, Sander, Xu, KDD-96, 226), exact, with the labels that scikit-learn gives.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "base/aligned.hpp"
#include "base/executor.hpp"
#include "clustering/dbscan_params.hpp"
#include "clustering/dbscan_tree.hpp"
#include "clustering/union_find.hpp"
#include "diskern/context.hpp"
#include "diskern/view.hpp"
#include "neighbours/grid.hpp"
#include "neighbours/range_table.hpp"

namespace diskern::clustering {

// From the definition, in time quadratic in the number of points; what the fast one is tested against. Clusters are the
// connected components of the core points, numbered by their lowest index; another point within eps of core points has
// the lowest of their clusters. weight is empty (1 each) or has one entry per point; negative ones inhibit.
DbscanResult reference_dbscan(const DbscanParams& params, View<const double, 2> points, View<const double> weight = {});

// The same labels, for any number of threads, in memory proportional to the number of points. Keeps its memory, so that
// a call for no more points than an earlier one allocates next to nothing.
class Dbscan {
 public:
  // Takes the memory that up to so many points of so many dimensions may need, so that fit allocates nothing for them on
  // one thread. From then on the search keeps to the grid, since a tree is built anew for every call.
  void reserve(std::size_t points, std::size_t dimensions);

  // Throws InvalidArgument: no finite positive eps or min_samples, NaN, infinity or |coordinate| above 1e150, wrong
  // number of weights; Interrupted.
  const DbscanResult& fit(const Context& context, const DbscanParams& params, View<const double, 2> points,
                          View<const double> weight = {});
  // What the last call of fit answered, which this object then no longer holds.
  DbscanResult take() { return std::move(result_); }

 private:
  static constexpr std::size_t points_per_piece = 4096;
  static constexpr std::size_t spare = 8;  // read by the kernels beyond the last point
  // Core points of one cell that are connected within it, stored one after the other.
  using Segment = PointRun;
  // Scratch of one piece of work.
  struct Scratch {
    std::vector<std::uint32_t> found;
    std::vector<double> local;
    std::vector<const double*> coordinates;
    std::vector<double> point;
    std::vector<std::uint32_t> waiting;
    std::vector<std::uint32_t> order;
    std::vector<Segment> segments;
    std::vector<std::size_t> run;  // positions among the cells
  };
  std::size_t piece_count() const noexcept { return chunk_count(grid_.size(), points_per_piece); }
  template <class Body>
  void over_cells(const Context& context, double work, const Body& body);
  void find_core_points(const Context& context, View<const double> weight);
  void collect_core_points(const Context& context);
  void connect_cell(std::size_t cell, std::uint32_t begin, std::uint32_t end, Scratch& scratch);
  std::uint32_t add_up_pieces();
  void connect_cells(const Context& context);
  bool touch(const Segment& a, const Segment& b, Scratch& scratch) const;
  void number_clusters(const Context& context);
  void label_border_points(const Context& context);

  bool tree_is_needed(bool weighted);

  std::unique_ptr<TreeDbscan> tree_;  // made when first needed
  DbscanParams params_;
  double limit_ = 0;
  bool reserved_ = false;
  const RangeKernels* kernels_ = nullptr;
  Grid grid_;
  // Arrays are not cleared when they are made: their pages are first touched by the threads that fill them.
  AlignedVector<std::uint8_t> is_core_;       // by sorted position
  AlignedVector<std::uint32_t> core_begin_;   // of each cell, and the end
  AlignedVector<std::uint32_t> core_sorted_;  // sorted position of each core point
  AlignedVector<double> core_storage_;
  std::vector<const double*> core_coordinates_;
  AlignedVector<Segment> loose_segments_;       // of a cell, from the place of its first core point on
  AlignedVector<Segment> segments_;
  AlignedVector<std::uint32_t> segment_begin_;  // of each cell, and the end
  AlignedVector<double> box_;                   // of each segment: lowest and highest coordinates
  AlignedVector<std::uint32_t> core_label_;
  AlignedVector<std::uint32_t> cell_segments_;  // how many
  std::vector<std::uint32_t> piece_begin_;
  AlignedVector<std::uint32_t> lowest_;  // of each segment that is a root: the lowest index, then the cluster's number
  std::vector<std::pair<std::uint32_t, std::uint32_t>> roots_;  // with their lowest index
  std::vector<Scratch> scratch_;
  UnionFind sets_;
  DbscanResult result_;
};

}  // namespace diskern::clustering

#pragma once
// k-d tree with vectorised leaves: nearest points, points within a distance, sums over boxes. Every answer is that of a
// search of all points in float64, with equal distances in the order of the indices, for any number of threads.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <vector>

#include "base/aligned.hpp"
#include "base/dispatch.hpp"
#include "diskern/context.hpp"
#include "diskern/view.hpp"
#include "neighbours/kd_tree_table.hpp"

namespace diskern {

// How far two points are from each other: sums over the dimensions in ascending order, in float64. Squares are summed
// and the root taken (Euclidean), differences (Manhattan), the largest taken (Chebyshev), or powers and their root
// (Minkowski). Along an axis with a period the difference is the shorter way round.
struct Distance {
  Metric metric = Metric::euclidean;
  double power = 2;             // of Metric::minkowski: positive
  std::vector<double> periods;  // empty, or one per dimension; 0: the axis is not periodic
};

// Ragged result of a search within a radius: those of query i are offsets[i] .. offsets[i + 1] - 1, ascending by
// index, or by (distance, index).
struct WithinRadius {
  std::vector<std::int64_t> offsets;
  std::vector<std::int64_t> indices;
  std::vector<double> distances;
};

// How the nearest points of many queries are searched: down the tree, or by looking at all leaves with several queries at
// a time (many dimensions; not for periodic axes), by differences or (Euclidean, from six dimensions on) by products; or
// what is less work for a sample of the queries. Answers are the same.
enum class SearchOrder : std::uint8_t { automatic, tree, scan, products };

class KdTree {
 public:
  static constexpr std::size_t largest_leaf = kd_largest_leaf;  // points of a leaf
  static constexpr std::size_t fewest_dimensions_of_products = 6;

  // Copies the points (finite, up to 1e150, fewer than 2^32 - 1, at least one). weights: empty, or columns of numbers
  // per point, which sums over boxes add up. Throws InvalidArgument; Interrupted.
  void build(const Context& context, View<const double, 2> points, const Distance& distance = {},
             View<const double, 2> weights = {});

  std::size_t size() const noexcept { return view_.size; }
  std::size_t dimensions() const noexcept { return view_.dimensions; }
  const Distance& distance() const noexcept { return distance_; }
  std::size_t memory_bytes() const noexcept;

  // The k nearest points of each query (rows), ascending by (distance, index). 1 <= k <= size().
  void nearest(const Context& context, View<const double, 2> queries, std::size_t k, View<double, 2> distances,
               View<std::int64_t, 2> indices, SearchOrder search = SearchOrder::automatic) const;
  // The same for the points of the tree themselves, in their order; each is among its own neighbours.
  void nearest_of_points(const Context& context, std::size_t k, View<double, 2> distances,
                         View<std::int64_t, 2> indices, SearchOrder search = SearchOrder::automatic) const;

  // Points at a distance of at most `radius` (not negative; infinite: all).
  WithinRadius within(const Context& context, View<const double, 2> queries, double radius, bool sort_by_distance) const;
  // How many there are, for each query; counting may stop at `enough`.
  void count_within(const Context& context, View<const double, 2> queries, double radius, View<std::int64_t> counts,
                    std::size_t enough = std::numeric_limits<std::size_t>::max()) const;

  // One query, without threads and without a check (finite, within half a period of zero on periodic axes). `scratch`: query_scratch() floats. Distances are reduced ones
  // (real_distance gives the others).
  std::size_t query_scratch() const noexcept { return view_.dimensions; }
  void nearest(const double* query, std::size_t k, double* reduced, std::uint32_t* index, float* scratch) const noexcept;

  // What a coordinate is searched as: within half a period of zero on a periodic axis, else itself.
  double coordinate(double x, std::size_t d) const noexcept;
  // Calls body(row, reduced distances, indices) once for every query, on several threads, in any order.
  void for_nearest(const Context& context, View<const double, 2> queries, std::size_t k,
                   const std::function<void(std::size_t, const double*, const std::uint32_t*)>& body) const;

  // The k nearest points of each query by the Euclidean distance, without an order among them: by_slot(row, slots) with
  // places in view().index, or, where float32 leaves a doubt about which they are, by_index(row, indices). Each query is
  // given to one of them once, on several threads, in any order. No axis may be periodic.
  void for_selected(const Context& context, View<const double, 2> queries, std::size_t k,
                    const std::function<void(std::size_t, const std::uint32_t*)>& by_slot,
                    const std::function<void(std::size_t, const std::uint32_t*)>& by_index) const;

  // Sums of the weight columns over the points in the closed box low .. high, and the number of these points. scratch:
  // 2 * query_scratch() floats.
  std::size_t box_sums(const double* low, const double* high, double* sums, float* scratch) const noexcept;

  // For searches of one's own: what the kernels see, and the point in a slot of a leaf as a query. exact, single:
  // dimensions() numbers.
  const KdTreeView& view() const noexcept { return view_; }
  const KdTreeKernels& kernels() const noexcept { return *kernels_; }
  KdQuery query_of_slot(std::size_t leaf, std::size_t slot, double* exact, float* single) const noexcept;
  std::size_t points_of_leaf(std::size_t leaf) const noexcept {
    return (view_.size * (leaf + 1) >> bits_) - (view_.size * leaf >> bits_);
  }

  // Whether all leaves can be looked at for several queries at a time, and by products.
  bool can_scan() const noexcept { return view_.period == nullptr && view_.capacity > kd_leaf_multiple; }
  // Products keep places of slots, of which there may be twice as many as points, as 32-bit numbers.
  bool can_use_products() const noexcept {
    return can_scan() && view_.half_squares != nullptr && view_.size <= 0x7fffffffU;
  }
  // Whether products of float32 numbers can tell points apart whose squared distance is `reduced`.
  bool products_resolve(const KdQuery& query, double reduced) const noexcept;
  // Whether no query is too far out for float32 products.
  bool within_range_of_products(const KdQuery* queries, std::size_t count) const noexcept;

  // The kernels of one level instead of the process's, for tests.
  void use_kernels(InstructionSet level);

  double real_distance(double reduced) const noexcept;
  double reduced_distance(double real) const noexcept;

 private:
  void check_queries(View<const double, 2> queries) const;
  void check_k(std::size_t k) const;
  bool find_extent(const Context& context, View<const double, 2> points, std::vector<double>& low,
                   std::vector<double>& high) const;
  void choose_scale(const Context& context, View<const double, 2> points);
  void split(const Context& context, View<const double, 2> points);
  void fill_leaves(const Context& context, View<const double, 2> points, View<const double, 2> weights);
  void sum_squares(const Context& context);
  void join_boxes();
  KdQuery prepare(const double* query, float* scratch) const noexcept;
  std::uint32_t home_leaf(const double* query) const noexcept;
  // body(queries, their rows, how many) for all queries, in an order that keeps near ones together.
  template <class Body>
  void over_queries(const Context& context, View<const double, 2> queries, double work, const Body& body) const;
  template <class Body>
  void nearest_of_block(const KdQuery* queries, const std::uint32_t* rows, std::size_t count, std::size_t k,
                        SearchOrder search, const Body& body) const;
  template <class Body>
  void search_nearest(const Context& context, View<const double, 2> queries, std::size_t k, SearchOrder search,
                      const Body& body) const;
  template <class Get>
  SearchOrder choose_search(SearchOrder order, std::size_t n, std::size_t k, const Get& get) const;
  double work_of_nearest(std::size_t k) const noexcept;
  Distance distance_;
  const KdTreeKernels* kernels_ = nullptr;
  KdTreeView view_{};
  std::vector<double> centre_;
  std::vector<double> single_extent_;  // what coordinates of the points may reach, scaled
  std::vector<double> period_;
  std::vector<float> period32_;
  std::size_t bits_ = 0;  // levels of halves
  // Of the halves, node 1 is all points, those of node i are 2 i and 2 i + 1: points at or above the value belong to the
  // second one (and some at the value to the first).
  std::vector<std::uint32_t> split_dimension_;
  std::vector<double> split_value_;
  std::vector<std::uint32_t> order_;
  AlignedVector<float> single_;
  AlignedVector<double> exact_;
  AlignedVector<std::uint32_t> index_;
  AlignedVector<float> half_squares_;
  AlignedVector<double> weights_;
  std::vector<AlignedVector<float>> boxes_;
  std::vector<const float*> box_pointers_;
  std::vector<std::vector<double>> weight_sums_;
  std::vector<const double*> weight_sum_pointers_;
};

// Throws InvalidArgument for a power or periods that make no sense.
void check_distance(const Distance& distance, std::size_t dimensions);

// The kernels of one level.
const KdTreeKernels& kd_tree_kernels(InstructionSet level);

}  // namespace diskern

#pragma once
// DBSCAN on a k-d tree: for any distance, and where the density varies so much that a grid has cells with very many
// points. Labels are those of the definition (dbscan.hpp); memory is proportional to the number of points.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "clustering/dbscan_params.hpp"
#include "clustering/union_find.hpp"
#include "neighbours/kd_tree.hpp"

namespace diskern::clustering {

class TreeDbscan {
 public:
  // As Dbscan::fit, for arguments that it has checked.
  void fit(const Context& context, const DbscanParams& params, View<const double, 2> points, View<const double> weight,
           DbscanResult& result);

 private:
  template <class Body>
  void over_points(const Context& context, double work, const Body& body);
  void set_limits(View<const double, 2> points);
  void find_core_points(const Context& context);
  SearchOrder choose_search(std::size_t enough) const;
  void scan_for_core_points(const Context& context, std::size_t enough, SearchOrder search);
  void collect_nodes();
  void connect(const Context& context);
  void number_clusters(DbscanResult& result);
  void label_border_points(const Context& context, DbscanResult& result);

  void unite_node(std::size_t level, std::size_t node, std::uint32_t with);
  std::size_t leaf_shift(std::size_t level) const;
  // Of 16 slots of a leaf, those in the mask that are neighbours indeed: for haversine distances the tree is that of the
  // unit vectors, and the formula decides.
  std::uint32_t judged(std::uint32_t point, std::size_t leaf, std::size_t slot, std::uint32_t mask) const;

  DbscanParams params_;
  bool weighted_ = false;
  KdTree tree_;
  std::vector<double> sky_;  // latitude and longitude of each point, for haversine distances
  double limit_ = 0;         // reduced distances, see KdTreeKernels::visit
  double inner_limit_ = 0;
  double haversine_limit_ = 0;
  std::vector<std::uint8_t> is_core_;                     // by slot
  std::vector<std::vector<std::uint32_t>> first_core_;    // slot, of each node of each level
  std::vector<std::vector<std::uint8_t>> one_component_;  // whether the core points of a node are known to be connected
  std::vector<std::vector<std::uint32_t>> lowest_label_;  // of the core points of a node
  std::vector<std::uint32_t> label_;                      // of core points, by slot
  UnionFind sets_;                                        // of slots
};

}  // namespace diskern::clustering

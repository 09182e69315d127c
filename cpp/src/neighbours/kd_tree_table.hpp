#pragma once
// The table of k-d tree searches that every instruction-set unit fills. Nothing but C headers may be included here
// (cmake/isa.cmake).

#include <stddef.h>
#include <stdint.h>

#include "neighbours/range_table.hpp"

namespace diskern {

constexpr size_t kd_fan_out = 16;      // children of an inner node
constexpr size_t kd_scan_queries = 256;
constexpr size_t kd_leaf_multiple = 16;  // slots of a leaf come in blocks of this
constexpr size_t kd_largest_leaf = 48;   // points

// Memory for the searches by products, which these units may not allocate.
struct ProductScratch {
  float* packed;     // product_packed(dimensions): queries side by side
  float* scores;     // kd_scan_queries * product_candidates(k)
  uint32_t* places;  // the same
};
constexpr size_t product_spare = 64;  // more than one leaf may add at once
static constexpr size_t product_packed(size_t dimensions) { return (kd_scan_queries + 16) * dimensions; }
static constexpr size_t product_candidates(size_t k) { return 2 * k + 3 * product_spare; }

// A tree whose nodes have sixteen children (the root maybe 2, 4 or 8), all leaves at one depth. Points stand twice:
// float64 as given, and float32 of (x - centre) * scale, which only decides what is worth looking at in float64. Boxes
// hold the float32 values, so a box is never farther than its points: the same arithmetic, and rounding is monotonic.
struct KdTreeView {
  // Of the node at level l, number i, at box[l] + i * 2 * dimensions * 16: for every dimension the lowest coordinates of
  // its children, then the highest ones.
  const float* const* box;
  const float* single;    // leaf after leaf, dimension after dimension, `capacity` slots; NaN where a slot has no point
  const double* exact;    // the same in float64
  const uint32_t* index;  // of the points, `capacity` slots a leaf
  const float* half_squares;  // |x|^2 / 2 of the float32 points, `capacity` slots a leaf; nullptr: no searches by products
  double largest_norm;        // of the float32 points
  const float* period32;  // scaled; nullptr: no axis is periodic; infinite for axes that are not
  const double* period;
  size_t size;
  size_t dimensions;
  size_t capacity;
  size_t levels;         // of inner nodes; 0: one leaf is all
  size_t root_children;  // of level 0
  size_t leaves;
  double scale;
  double power;  // of Metric::minkowski
  const double* const* weight_sums;  // of the node at level l (the leaves are level `levels`): weight_columns each
  const double* weights;             // leaf after leaf, column after column, `capacity` slots
  size_t weight_columns;
};

struct KdQuery {
  const double* exact;
  const float* single;
  double error;   // what float32 may add to or take from a distance, in scaled units
  uint32_t home;  // leaf to look at first
};

// Grows by a call, since this unit may not allocate.
struct KdFound {
  uint32_t* index;
  double* distance;  // reduced: Euclidean squares, Minkowski sums of powers
  size_t size;
  size_t capacity;
  void* owner;
  void (*grow)(KdFound& found);
};

struct KdBox {
  const double* low;  // closed
  const double* high;
  const float* low32;
  const float* high32;
};

// Who goes through all points around a query, some of them by the node.
struct KdVisitor {
  void* owner;
  bool (*skip)(KdVisitor& self, size_t leaf);                 // whether the points of a leaf do not matter
  void (*whole)(KdVisitor& self, size_t level, size_t node);  // all points of the node are within the inner limit
  void (*found)(KdVisitor& self, size_t leaf, size_t slot, uint32_t mask);  // these of 16 slots are within the limit
  bool finished;                                              // set by one of them: no need to go on
};

struct KdTreeKernels {
  // The k nearest points, ascending by (reduced distance, index). Fewer points than k are no good.
  void (*nearest)(const KdTreeView& tree, Metric metric, const KdQuery& query, size_t k, double* distance,
                  uint32_t* index);
  // The same for up to kd_scan_queries queries at once, by looking at every leaf; no axis may be periodic and the
  // capacity of a leaf must be above kd_leaf_multiple. Results one query after the other.
  void (*scan)(const KdTreeView& tree, Metric metric, const KdQuery* queries, size_t count, size_t k, double* distance,
               uint32_t* index);
  // As scan, Euclidean and by products. The queries' float32 coordinates must be below 1e15, and half_squares be there.
  void (*scan_products)(const KdTreeView& tree, const KdQuery* queries, size_t count, size_t k,
                        const ProductScratch& scratch, double* distance, uint32_t* index);
  // Appends all points whose reduced distance is at most the limit, in the order of the tree.
  void (*within)(const KdTreeView& tree, Metric metric, const KdQuery& query, double limit, KdFound& found);
  // How many there are; stops early once there are `enough`.
  size_t (*count)(const KdTreeView& tree, Metric metric, const KdQuery& query, double limit, size_t enough);
  // The same for up to kd_scan_queries queries at once, by looking at every leaf, as scan does.
  void (*scan_count)(const KdTreeView& tree, Metric metric, const KdQuery* queries, size_t count, double limit,
                     size_t enough, size_t* counts);
  // As scan_count, by products. packed: product_packed(dimensions).
  void (*scan_products_count)(const KdTreeView& tree, const KdQuery* queries, size_t count, double limit, size_t enough,
                              float* packed, size_t* counts);
  // Shows a visitor all points whose reduced distance is at most the limit, near ones first. Nodes are shown as a whole
  // where all of their points are certainly within the inner limit, which is not above the other.
  void (*visit)(const KdTreeView& tree, Metric metric, const KdQuery& query, double limit, double inner_limit,
                KdVisitor& visitor);
  // Adds the weights of the points in a box to sums[weight_columns]; returns how many points there are.
  size_t (*box_sums)(const KdTreeView& tree, const KdBox& box, double* sums);
  // Leaves that are not farther than the limit.
  size_t (*leaves_visited)(const KdTreeView& tree, Metric metric, const KdQuery& query, double limit);
};

}  // namespace diskern

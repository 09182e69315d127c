#pragma once
// The table of range searches that every instruction-set unit fills. Nothing but C headers may be included here
// (cmake/isa.cmake).

#include <stddef.h>
#include <stdint.h>

namespace diskern::statistics {

constexpr size_t range_block = 16;    // events of a block, children of a node
constexpr size_t range_padding = 8;   // numbers beyond the end that kernels may write to lists

// Blocks of 16 events in the order of a k-d tree; level l has nodes of 16^l blocks, the last level has one node.
struct RangeTreeView {
  size_t dimensions;
  size_t levels;
  const float* columns;      // block after block, dimension after dimension, 16 events; infinite where there is none
  const double* weight;      // of the events, in the same order; 0 where there is none
  const uint32_t* index;     // of the events in the sample
  const float* const* box;   // box[l], l >= 1: node after node, dimension after dimension, 16 lowest coordinates of the
                             // children, then 16 highest; infinite and empty where there is no child
  const double* const* sum;  // sum[l], l >= 0: of the weights of the events of a node
  const uint32_t* const* count;  // and how many these are
};

// A box around a point; the size of an event is that of the box which just holds it: the largest
// |coordinate - centre| * inverse over the dimensions.
struct RangeQuery {
  const float* centre;
  const double* inverse;  // of half an edge of the box of size 1
};

// Lists with a place for every event and range_padding more.
struct RangeList {
  double* size;
  double* square;  // sum over the dimensions of ((coordinate - centre) * inverse)^2
  double* weight;
  uint32_t* index;
  size_t length;
};

struct RangeTreeKernels {
  // Adds the weights of the events of at most this size to `sum`; returns how many events there are.
  size_t (*count)(const RangeTreeView& tree, const RangeQuery& query, double largest, double* sum);
  // Appends them to the list.
  void (*collect)(const RangeTreeView& tree, const RangeQuery& query, double largest, RangeList* list);
  // Sum of the weights of the entries of at most this size, in eight lanes; length: a multiple of eight.
  double (*weight_within)(const double* size, const double* weight, size_t length, double largest);
  // Entries of at most this size and square, one after the other. length: a multiple of eight.
  void (*select)(const RangeList* list, size_t begin, size_t length, double largest, double largest_square,
                 RangeList* selected);
  // Sum of the products, in eight lanes.
  double (*dot)(const double* a, const double* b, size_t length);
};

}  // namespace diskern::statistics

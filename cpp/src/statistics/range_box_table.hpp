#pragma once
// The table of range searches in float32 that every instruction-set unit fills. Nothing but C headers may be included
// here (cmake/isa.cmake).

#include <stddef.h>
#include <stdint.h>

#include "statistics/range_tree_table.hpp"

namespace diskern::statistics {

// As RangeQuery, in float32: coordinates are float32 anyway, so that differences, and with them sizes, are off by a few
// units in the last place of themselves only. Who needs to know on which side of a border an event lies asks in float64
// where float32 cannot tell.
struct RangeSingleQuery {
  const float* centre;
  const float* inverse;
};

// Lists with a place for every event and range_block more for each class.
struct RangeSingleList {
  float* size;
  float* square;
  double* weight;
  uint32_t* place;  // of the event in the order of its tree
  size_t length;
};

// Borders between which float32 cannot tell.
struct RangeBorder {
  float low;   // at most this: inside
  float high;  // above this: outside
};

struct RangeBoxKernels {
  // Appends the events of at most this size, with squares where they are wanted, then up to a multiple of range_block
  // entries of infinite size and no weight.
  void (*collect)(const RangeTreeView& tree, const RangeSingleQuery& query, float largest, bool with_squares,
                  RangeSingleList* list);
  // Sum of the weights of the entries begin .. begin + length - 1 that are surely inside; the numbers of those that may
  // be go to unsure. length: a multiple of range_block.
  double (*weight_within)(const RangeSingleList* list, size_t begin, size_t length, RangeBorder size, uint32_t* unsure,
                          size_t* unsure_count);
  // Entries that are surely inside of both borders, one after the other.
  void (*select)(const RangeSingleList* list, size_t begin, size_t length, RangeBorder size, RangeBorder square,
                 RangeSingleList* selected, uint32_t* unsure, size_t* unsure_count);
  // value[i] = exp(square[i] * factor) for factor <= 0; returns the sum of weight[i] * value[i] in eight lanes. length:
  // a multiple of range_block.
  double (*gauss)(const float* square, const double* weight, size_t length, float factor, float* value);
};

}  // namespace diskern::statistics

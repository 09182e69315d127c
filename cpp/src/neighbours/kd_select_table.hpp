#pragma once
// The table of k-d tree searches for sets of nearest points, without an order among them, that every instruction-set unit
// fills. Nothing but C headers may be included here (cmake/isa.cmake).

#include <stddef.h>
#include <stdint.h>

#include "neighbours/kd_tree_table.hpp"

namespace diskern {

constexpr size_t kd_select_capacity = 256;  // candidates
constexpr size_t kd_select_padding = 32;    // numbers beyond that kernels may write

enum class KdSelected : uint8_t {
  found,
  too_few,    // fewer than k within the limit
  too_many,   // more candidates than there is room for
  ambiguous,  // float32 cannot tell which points are the k nearest
};

struct KdSelection {
  float distance[kd_select_capacity + kd_select_padding];
  uint32_t slot[kd_select_capacity + kd_select_padding];
  float kth;  // float32 distance (scaled, squared) of the k-th
};

struct KdSelectKernels {
  // The slots of the k points that are nearest by the Euclidean distance, if they lie within the float32 limit and
  // rounding leaves no doubt about which they are, in the order of the tree. guess: what kth may be. No axis may be
  // periodic.
  KdSelected (*select)(const KdTreeView& tree, const KdQuery& query, size_t k, float limit, float guess,
                       KdSelection* selection);
};

}  // namespace diskern

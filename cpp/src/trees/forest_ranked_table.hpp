#pragma once
// What the kernels for one event read, and the table that every instruction-set unit fills. Nothing but C headers may be
// included here (cmake/isa.cmake). The idea is told in forest_ranked.hpp.

#include <stddef.h>
#include <stdint.h>

namespace diskern::trees {

constexpr size_t ranked_lanes = 8;       // trees of a group
constexpr size_t ranked_cuts = 255;      // most cuts of a slot, so that ranks are bytes
constexpr size_t ranked_fence = 16;      // fences, and cuts between two of them
constexpr size_t ranked_slots = 64;      // most slots: ranks fill one register of 512 bits
constexpr unsigned ranked_depth = 8;     // deepest tree
constexpr size_t ranked_nodes = 8192;    // most nodes that are compared before they are walked: some groups

// Up to 255 cuts on one variable in ascending order, filled up with NaN. fence[i] = cut[16 i + 15].
struct RankedSlot {
  float fence[ranked_fence];
  float cut[ranked_fence * ranked_fence];
};

// Neighbouring trees, filled up to complete ones of the same depth, in level order: children of node i are 2 i (right)
// and 2 i + 1 (left), node 0 is not used.
struct RankedGroup {
  uint32_t trees;
  uint32_t depth;
  uint64_t begin;  // of (ranked_lanes << depth) nodes and as many values; a multiple of 64, without gaps
};

struct RankedForest {
  const RankedSlot* slots;
  const uint32_t* feature;  // of each slot
  size_t slot_count;
  const RankedGroup* groups;
  size_t group_count;
  size_t output_count;
  // Of each node. Its slot; the highest bit is set too from slot 16 on, which is what a permutation of 16 bytes needs to
  // give 0. An event goes right where the rank of its value is not below the rank of the node.
  const uint8_t* slot;
  const uint8_t* rank;
  const uint8_t* missing_right;  // 255 where NaN goes right
  const double* value;           // of the leaves
};

struct RankedKernels {
  // Adds the leaves of one event to sums[output], in the order of the trees.
  void (*add_leaves)(const RankedForest& forest, const float* variables, double* sums);
  size_t most_slots;
  // The same with instructions of its own; nullptr where there are none or the level has them all.
  void (*add_leaves_vbmi)(const RankedForest& forest, const float* variables, double* sums);
  size_t most_slots_vbmi;
};

}  // namespace diskern::trees

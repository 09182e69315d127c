#pragma once
// What the bit-sliced kernels read, and the table that every instruction-set unit fills. Nothing but C headers may be
// included here (cmake/isa.cmake). The idea is told in forest_bitsliced.hpp.

#include <stddef.h>
#include <stdint.h>

#include "base/event_source.hpp"

namespace diskern::trees {

constexpr size_t bitsliced_block = 512;                 // events of one block: a line of 512 bits
constexpr size_t bitsliced_line = bitsliced_block / 8;  // its bytes
constexpr size_t bitsliced_window = 16;                 // neighbouring variables that are fetched together
constexpr unsigned bitsliced_levels = 8;                // levels of a search tree: at most 255 cuts in a group
constexpr unsigned bitsliced_complete_depth = 6;        // deepest tree that is evaluated as a complete one
constexpr unsigned bitsliced_width = 10;                // most bits in the number of a leaf

// Lines begin[0 .. count) are the cuts with the numbers 16 * high + low[i] (counted from one) of a group.
struct BitslicedRun {
  uint32_t low_begin;
  uint16_t count;
  uint8_t high;
  uint8_t missing_right;
};

// Up to 255 cuts on one variable, in ascending order. search + search_begin holds them as a complete binary search tree
// in level order from index 1, filled up with NaN, of at least 16 elements.
struct BitslicedGroup {
  uint32_t feature;
  uint32_t levels;
  uint32_t search_begin;
  uint32_t run_begin;
  uint32_t run_end;
  uint32_t line_begin;
  uint32_t has_missing_right;
};

// Lines and slots are given by the offset of their first byte in the scratch: destination = selector ? right : left.
struct BitslicedOperation {
  uint32_t destination;
  uint32_t selector;
  uint32_t right;
  uint32_t left;
};

struct BitslicedTree {
  uint32_t depth;            // of a complete tree; 0: the tree has a program
  uint32_t width;            // bits of the leaf number
  uint32_t operand_begin;    // complete: lines of the inner nodes in level order; else the bits of the leaf number,
                             // highest first
  uint32_t operation_begin;  // program
  uint32_t operation_end;
  uint32_t output;
  uint64_t value_begin;  // 2^width values, by leaf number
};

// Trees that share their comparisons.
struct BitslicedTile {
  const BitslicedGroup* groups;
  size_t group_count;
  const float* search;
  const BitslicedRun* runs;
  const uint8_t* low;
  const BitslicedTree* trees;
  size_t tree_count;
  const uint32_t* operands;
  const BitslicedOperation* operations;
  const double* values;
};

// Scratch of one thread, all of it aligned to 64 bytes.
struct BitslicedScratch {
  unsigned char* lines;  // line 0 is all zeros, line 1 all ones
  float* window;         // bitsliced_window x bitsliced_block
  uint8_t* bytes;        // 2 x bitsliced_block
};

struct BitslicedKernels {
  // Compares `count` (at most bitsliced_block) events from row `begin` on with every cut of the tile.
  void (*compare)(const BitslicedTile& tile, const EventSource& events, size_t begin, size_t count,
                  const BitslicedScratch& scratch);
  // Adds the leaf of every tree, in the order of the trees, to sums[output][event of the block], where the events stand
  // in an order of the kernel's own.
  void (*add_trees)(const BitslicedTile& tile, const BitslicedScratch& scratch, double* sums);
  // Brings bitsliced_block sums of one output into the order of the events.
  void (*to_event_order)(double* sums);
};

}  // namespace diskern::trees

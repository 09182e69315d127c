#pragma once
// A tree of any shape as operations on lines of bits: for every event of a block, the number of the leaf it reaches.

#include <cstdint>
#include <vector>

#include "trees/forest.hpp"
#include "trees/forest_bitsliced_table.hpp"

namespace diskern::trees {

// Operands below first_slot are lines; first_slot + s is slot s, a line that the program itself fills.
struct LeafProgram {
  static constexpr std::uint32_t first_slot = std::uint32_t{1} << 31U;

  std::vector<BitslicedOperation> operations;
  std::vector<std::uint32_t> planes;  // bits of the leaf number, highest first
  std::vector<std::int32_t> leaf;     // node by leaf number, -1: no event gets this number
  std::uint32_t slot_count = 0;

  unsigned width() const noexcept { return static_cast<unsigned>(planes.size()); }
};

constexpr std::uint32_t line_of_zeros = 0;
constexpr std::uint32_t line_of_ones = 1;

// line_of_node[i] is the line that tells whether events go right at inner node i. Returns a program of width 0 for a
// tree that is a leaf, and one without leaves where the numbers would need more than bitsliced_width bits.
LeafProgram compile_leaf_program(const Tree& tree, const std::vector<std::uint32_t>& line_of_node);

}  // namespace diskern::trees

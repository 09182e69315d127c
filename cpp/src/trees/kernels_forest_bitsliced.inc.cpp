// Compiled once per instruction set (cmake/isa.cmake): the bit-sliced evaluation of forests. What is different between
// the levels stands in the headers; forest_bitsliced.hpp tells the idea.

#if defined(__GNUC__) && !defined(__clang__)
// GCC 12 warns of its own _mm512_undefined_ps() (its bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

#include "trees/forest_bitsliced_fetch.hpp"
#include "trees/forest_bitsliced_leaves.hpp"
#include "trees/forest_bitsliced_search.hpp"
#include "trees/forest_bitsliced_table.hpp"
#include "trees/forest_bitsliced_vector.hpp"

namespace diskern::DISKERN_ISA_NAMESPACE {

using namespace trees;  // NOLINT(google-build-using-namespace)

namespace {

// "Number >= t" for all t, of numbers of four bits that stand in four planes; one more entry that is never true.
inline void thresholds(const Bits (&plane)[4], Bits (&at_least)[17]) {
  const Bits ones = all_ones();
  for (unsigned t = 0; t < 16; ++t) {
    Bits result = ones;
    for (unsigned b = 0; b < 4; ++b) result = (t >> b & 1U) != 0 ? plane[b] & result : plane[b] | result;
    at_least[t] = result;
  }
  at_least[16] = ones ^ ones;
}

void compare(const BitslicedTile& tile, const EventSource& events, size_t begin, size_t count,
             const BitslicedScratch& scratch) {
  Columns columns{events, begin, count, scratch.window, ~size_t{0}};
  // Bits of the rank of each event among the cuts, lowest first; then "is missing".
  alignas(64) unsigned char planes[bitsliced_levels + 1][bitsliced_line];
  for (size_t g = 0; g < tile.group_count; ++g) {
    const BitslicedGroup& group = tile.groups[g];
    const float* column = columns.get(group.feature);
    search(column, tile.search + group.search_begin, group.levels, scratch.bytes, planes);
    if (group.has_missing_right != 0) find_missing(column, planes[bitsliced_levels]);
    for (size_t piece = 0; piece < bitsliced_line; piece += sizeof(Bits)) {
      const Bits zeros = all_ones() ^ all_ones();
      Bits low[2][17];
      Bits high[2][17];
      for (unsigned side = 0; side < (group.has_missing_right != 0 ? 2U : 1U); ++side) {
        // A missing value that goes right has the highest rank, one that goes left the lowest.
        const Bits missing = side == 1 ? load(planes[bitsliced_levels] + piece) : zeros;
        Bits nibble[4];
        for (unsigned b = 0; b < 4; ++b) {
          nibble[b] = b < group.levels ? load(planes[b] + piece) | missing : zeros;
        }
        thresholds(nibble, low[side]);
        if (group.levels > 4) {
          for (unsigned b = 0; b < 4; ++b) {
            nibble[b] = b + 4 < group.levels ? load(planes[b + 4] + piece) | missing : zeros;
          }
          thresholds(nibble, high[side]);
        } else {
          high[side][0] = all_ones();
          high[side][1] = zeros;
        }
      }
      unsigned char* line = scratch.lines + size_t{group.line_begin} * bitsliced_line + piece;
      for (size_t r = group.run_begin; r < group.run_end; ++r) {
        const BitslicedRun run = tile.runs[r];
        const Bits* low_at_least = low[run.missing_right];
        const Bits above = high[run.missing_right][run.high + 1U];
        const Bits equal = high[run.missing_right][run.high];  // or above, which changes nothing
        const uint8_t* number = tile.low + run.low_begin;
        for (size_t i = 0; i < run.count; ++i, line += bitsliced_line) {
          store(line, above | (equal & low_at_least[number[i]]));
        }
      }
    }
  }
}

// The bits of the leaf number of a complete tree, highest first: those above choose among the lines of each level.
template <unsigned Depth>
inline __attribute__((always_inline)) void descend(const uint32_t* line, const unsigned char* lines,
                                                   unsigned char (*planes)[bitsliced_line]) {
#pragma GCC unroll 8
  for (size_t piece = 0; piece < bitsliced_line; piece += sizeof(Bits)) {
    Bits bit[Depth];
    bit[0] = load(lines + line[0] + piece);
    store(planes[0] + piece, bit[0]);
#pragma GCC unroll 8
    for (unsigned d = 1; d < Depth; ++d) {
      Bits candidate[size_t{1} << (Depth - 1)];
      unsigned left = 1U << (d - 1);
#pragma GCC unroll 32
      for (unsigned j = 0; j < left; ++j) {
        const uint32_t* pair = line + (1U << d) - 1U + 2 * j;
        candidate[j] = choose(bit[d - 1], load(lines + pair[1] + piece), load(lines + pair[0] + piece));
      }
#pragma GCC unroll 8
      for (unsigned up = 1; up < d; ++up) {
        const unsigned level = d - 1 - up;
        left >>= 1U;
#pragma GCC unroll 16
        for (unsigned j = 0; j < left; ++j) {
          candidate[j] = choose(bit[level], candidate[2 * j + 1], candidate[2 * j]);
        }
      }
      bit[d] = candidate[0];
      store(planes[d] + piece, bit[d]);
    }
  }
}

void add_trees(const BitslicedTile& tile, const BitslicedScratch& scratch, double* sums) {
  unsigned char* const lines = scratch.lines;
  alignas(64) unsigned char planes[bitsliced_complete_depth][bitsliced_line];
  for (size_t t = 0; t < tile.tree_count; ++t) {
    const BitslicedTree& tree = tile.trees[t];
    const uint32_t* operand = tile.operands + tree.operand_begin;
    const unsigned char* plane[bitsliced_width] = {};
    switch (tree.depth) {
      case 1:
        descend<1>(operand, lines, planes);
        break;
      case 2:
        descend<2>(operand, lines, planes);
        break;
      case 3:
        descend<3>(operand, lines, planes);
        break;
      case 4:
        descend<4>(operand, lines, planes);
        break;
      case 5:
        descend<5>(operand, lines, planes);
        break;
      case 6:
        descend<6>(operand, lines, planes);
        break;
      default:
        for (size_t o = tree.operation_begin; o < tree.operation_end; ++o) {
          const BitslicedOperation& step = tile.operations[o];
#pragma GCC unroll 8
          for (size_t piece = 0; piece < bitsliced_line; piece += sizeof(Bits)) {
            store(lines + step.destination + piece,
                  choose(load(lines + step.selector + piece), load(lines + step.right + piece),
                         load(lines + step.left + piece)));
          }
        }
        break;
    }
    for (unsigned b = 0; b < tree.width; ++b) plane[b] = tree.depth != 0 ? planes[b] : lines + operand[b];
    add_leaves(plane, tree.width, tile.values + tree.value_begin, scratch.bytes,
               sums + size_t{tree.output} * bitsliced_block);
  }
}

}  // namespace

extern const BitslicedKernels bitsliced_kernels;
const BitslicedKernels bitsliced_kernels = {compare, add_trees, to_event_order};

}  // namespace diskern::DISKERN_ISA_NAMESPACE

#pragma once
// Many events through a forest without walking: the comparisons are shared among the trees, and 512 events share every
// instruction (the family of QuickScorer, Lucchese et al., SIGIR 2015, and RapidScorer, Ye et al., KDD 2018).
//
// A cut (variable, threshold) that many nodes use is compared once per event. For a block of 512 events the outcome is
// a line of 512 bits. The lines come from the rank of the event's value among all cuts on the variable: a branch-free
// search gives the eight bits of the rank as planes of 512 bits, and "rank >= k" is two logical operations on tables of
// the two halves of the rank. Per tree the bits of the number of the leaf are chosen from the lines (a complete tree of
// depth d takes 2^d - d - 1 choices for all 512 events; any other shape has a program), the planes are joined to
// numbers, and the numbers look the leaves up. Sums are float64 in the order of the trees: the same bits as one event
// after the other.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/aligned.hpp"
#include "base/dispatch.hpp"
#include "trees/forest.hpp"
#include "trees/forest_bitsliced_table.hpp"

namespace diskern::trees {

// The kernels of one level.
const BitslicedKernels& bitsliced_kernels(InstructionSet level);

class ForestBitsliced {
 public:
  ForestBitsliced() = default;
  // Of a validated forest. Not usable() where it has linear nodes, a tree whose leaf numbers need more than
  // bitsliced_width bits, or no trees.
  explicit ForestBitsliced(const Forest& forest);

  bool usable() const noexcept { return !tiles_.empty(); }
  // Work for one event in comparable units of about a processor cycle of AVX-512; see docs/notes/trees-evaluation.md.
  double cost() const noexcept { return cost_; }

  // Memory that one thread works in.
  class Scratch {
   public:
    explicit Scratch(const ForestBitsliced& forest);

   private:
    friend class ForestBitsliced;
    AlignedVector<unsigned char> lines_;
    AlignedVector<float> window_;
    AlignedVector<std::uint8_t> bytes_;
  };

  // Adds tree weight times leaf of events [begin, begin + count), at most bitsliced_block, to
  // sums[output * bitsliced_block + event], which are the same for all events of an output before, and aligned.
  void evaluate(const BitslicedKernels& kernels, const EventSource& events, std::size_t begin, std::size_t count,
                double* sums, Scratch& scratch) const noexcept;

 private:
  struct Tile {
    std::vector<BitslicedGroup> groups;
    AlignedVector<float> search;
    std::vector<BitslicedRun> runs;
    std::vector<std::uint8_t> low;
    std::vector<BitslicedTree> trees;
    std::vector<std::uint32_t> operands;
    std::vector<BitslicedOperation> operations;
    AlignedVector<double> values;
    std::size_t line_count = 2;  // lines and slots

    BitslicedTile view() const noexcept;
  };
  struct Cut;
  class Builder;

  std::size_t n_outputs_ = 1;
  std::size_t line_count_ = 2;
  double cost_ = 0;
  std::vector<Tile> tiles_;
};

// Cuts from the root to the deepest leaf.
unsigned tree_depth(const Tree& tree);

}  // namespace diskern::trees

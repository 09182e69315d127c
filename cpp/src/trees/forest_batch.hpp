#pragma once
// Many events through a forest, in the fastest of several ways, all of the same bits as one event after the other.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "trees/forest.hpp"
#include "trees/forest_bitsliced.hpp"
#include "trees/forest_walk.hpp"

namespace diskern::trees {

enum class BatchMethod : std::uint8_t { automatic = 0, plain = 1, walk = 2, bitsliced = 3 };

// The sums over the trees of the outputs, of consecutive events.
class ForestBatch {
 public:
  ForestBatch() = default;
  // Of a validated forest. automatic takes the method that docs/notes/trees-evaluation.md measured to be the fastest
  // for such a forest. plain, where events are evaluated one after the other, is also what remains where neither of the
  // others holds the forest: method() tells.
  explicit ForestBatch(const Forest& forest, BatchMethod method = BatchMethod::automatic);
  ForestBatch(const Forest& forest, BatchMethod method, InstructionSet level);

  BatchMethod method() const noexcept { return method_; }
  double nanoseconds_per_event() const noexcept { return nanoseconds_; }

  // Memory of one thread, for sums of up to bitsliced_block events.
  class Scratch {
   public:
    explicit Scratch(const ForestBatch& batch);
    // sum of output k and event i: sums()[k * bitsliced_block + i]
    double* sums() noexcept { return sums_.data(); }

   private:
    friend class ForestBatch;
    ForestBitsliced::Scratch bitsliced_;
    ForestWalk::Scratch walk_;
    AlignedVector<double> sums_;
  };

  // scratch.sums() of events [begin, begin + count), count at most bitsliced_block, on top of initial[output]. Not for
  // the plain method.
  void evaluate(const EventSource& events, std::size_t begin, std::size_t count, const std::vector<double>& initial,
                Scratch& scratch) const noexcept;

 private:
  BatchMethod method_ = BatchMethod::plain;
  double nanoseconds_ = 0;
  std::size_t n_outputs_ = 1;
  const BitslicedKernels* kernels_ = nullptr;
  ForestWalk walk_;
  ForestBitsliced bitsliced_;
};

}  // namespace diskern::trees

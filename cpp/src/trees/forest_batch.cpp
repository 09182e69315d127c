#include "trees/forest_batch.hpp"

#include <algorithm>

namespace diskern::trees {

namespace {

// Nanoseconds per unit of the costs, see docs/notes/trees-evaluation.md.
constexpr double nanoseconds_of_step = 1.5;
double nanoseconds_of_cycle(InstructionSet level) {
  switch (level) {
    case InstructionSet::avx512:
      return 0.37;
    case InstructionSet::avx2:
      return 0.8;
    default:
      return 1.8;
  }
}

}  // namespace

ForestBatch::ForestBatch(const Forest& forest, BatchMethod method) : ForestBatch(forest, method, instruction_set()) {}

ForestBatch::ForestBatch(const Forest& forest, BatchMethod method, InstructionSet level)
    : n_outputs_(static_cast<std::size_t>(forest.n_outputs)), kernels_(&trees::bitsliced_kernels(level)) {
  if (method == BatchMethod::plain || is_median(forest.aggregation)) return;
  if (method != BatchMethod::walk) bitsliced_ = ForestBitsliced(forest);
  if (method != BatchMethod::bitsliced) walk_ = ForestWalk(forest);
  const double bitsliced = bitsliced_.cost() * nanoseconds_of_cycle(level);
  const double walk = walk_.steps() * nanoseconds_of_step;
  if (bitsliced_.usable() && (!walk_.usable() || bitsliced <= walk)) {
    method_ = BatchMethod::bitsliced;
    nanoseconds_ = bitsliced;
    walk_ = ForestWalk();
  } else if (walk_.usable()) {
    method_ = BatchMethod::walk;
    nanoseconds_ = walk;
    bitsliced_ = ForestBitsliced();
  }
}

ForestBatch::Scratch::Scratch(const ForestBatch& batch)
    : bitsliced_(batch.bitsliced_), walk_(batch.walk_), sums_(batch.n_outputs_ * bitsliced_block) {}

void ForestBatch::evaluate(const EventSource& events, std::size_t begin, std::size_t count,
                           const std::vector<double>& initial, Scratch& scratch) const noexcept {
  double* const sums = scratch.sums();
  for (std::size_t k = 0; k < n_outputs_; ++k) std::fill_n(sums + k * bitsliced_block, bitsliced_block, initial[k]);
  if (method_ == BatchMethod::bitsliced) {
    bitsliced_.evaluate(*kernels_, events, begin, count, sums, scratch.bitsliced_);
  } else {
    walk_.evaluate(events, begin, count, sums, scratch.walk_);
  }
}

}  // namespace diskern::trees

#pragma once
// A sequence of random numbers drawn one after the other from Philox, for serial code on the CPU: shuffles, draws whose
// number depends on the data. Code that runs in parallel addresses Philox by event instead.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/philox.hpp"

namespace diskern {

class RandomSequence {
 public:
  // `step` separates sequences of one purpose, e.g. one per epoch or tree.
  RandomSequence(std::uint64_t seed, Purpose purpose, std::uint32_t step = 0) : philox_(seed, purpose), step_(step) {}

  std::uint32_t word();
  double uniform();                          // [0, 1)
  std::uint64_t below(std::uint64_t bound);  // 0 .. bound-1, unbiased; bound must not be 0
  double normal();
  double exponential();                // mean 1
  std::uint64_t poisson(double mean);  // mean >= 0 and finite

 private:
  Philox philox_;
  std::uint32_t step_;
  std::uint64_t next_block_ = 0;
  PhiloxBlock block_{};
  int used_ = 4;
  double spare_normal_ = 0.0;
  bool has_spare_normal_ = false;
};

// Fisher-Yates; the same order for the same seed, purpose and step on every machine.
template <class T>
void shuffle(T* values, std::size_t count, RandomSequence& random) {
  for (std::size_t i = count; i > 1; --i) {
    const auto j = static_cast<std::size_t>(random.below(i));
    T kept = values[i - 1];
    values[i - 1] = values[j];
    values[j] = kept;
  }
}

// 0 .. count-1 in random order.
std::vector<std::size_t> random_order(std::size_t count, RandomSequence& random);

}  // namespace diskern

#pragma once
// ROOT's TRandom3 (Mersenne twister 19937): what TMVA draws from, where parity needs the same numbers.

#include <cstdint>
#include <random>

namespace diskern {

class TmvaRandom {
 public:
  explicit TmvaRandom(std::uint32_t seed) : generator_(seed) {}

  // In (0, 1).
  double uniform() {
    for (;;) {
      const auto bits = static_cast<std::uint32_t>(generator_());
      if (bits != 0) return static_cast<double>(bits) * 2.3283064365386963e-10;
    }
  }

 private:
  std::mt19937 generator_;
};

}  // namespace diskern

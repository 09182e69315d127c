#pragma once
// ROOT's TRandom3 (Mersenne twister 19937): what TMVA draws from, where parity needs the same numbers.

#include <cmath>
#include <cstdint>
#include <random>

namespace diskern {

class TmvaRandom {
 public:
  // ROOT takes seed 0 for "another seed each time"; here it is TRandom3's own default, so that results repeat.
  explicit TmvaRandom(std::uint32_t seed) : generator_(seed == 0 ? 4357U : seed) {}

  // In (0, 1).
  double uniform() {
    for (;;) {
      const auto bits = static_cast<std::uint32_t>(generator_());
      if (bits != 0) return static_cast<double>(bits) * 2.3283064365386963e-10;
    }
  }

  // Number of uniforms whose product stays above exp(-mean); ROOT's way for means below 25.
  int poisson(double mean) {
    const double limit = std::exp(-mean);
    double product = 1;
    for (int n = 0;; ++n) {
      product *= uniform();
      if (product <= limit) return n;
    }
  }

 private:
  std::mt19937 generator_;
};

}  // namespace diskern

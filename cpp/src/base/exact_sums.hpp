#pragma once
// Numbers whose sums are exact in float64, so that they do not depend on the order of the terms.

#include <cmath>
#include <vector>

namespace diskern {

// Rounds the numbers to multiples of a part in 2^52 of the sum of their magnitudes: sums of any of them, each at most
// once, are exact. False, and nothing is changed, where the sum is not finite or near an end of float64.
inline bool round_for_exact_sums(std::vector<double>& numbers) {
  double total = 0.0;
  for (const double one : numbers) total += std::abs(one);
  int exponent = 0;
  std::frexp(total, &exponent);
  if (!std::isfinite(total) || (total > 0.0 && (exponent < -900 || exponent > 900))) return false;
  const double up = std::ldexp(1.0, 52 - exponent);
  const double down = std::ldexp(1.0, exponent - 52);
  for (double& one : numbers) one = std::nearbyint(one * up) * down;
  return true;
}

}  // namespace diskern

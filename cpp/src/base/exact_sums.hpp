#pragma once
// Numbers whose sums are exact in float64, so that they do not depend on the order of the terms.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace diskern {

// Rounds the numbers to multiples of a part in 2^52 of the largest sum that `terms` of them can have: sums of so many,
// each at most once, are exact. False, and nothing is changed, where a number would lose more than a part in 10^9 of
// itself, or where that sum is not finite or near an end of float64.
inline bool round_for_exact_sums(std::vector<double>& numbers, std::size_t terms) {
  double total = 0.0;
  double largest = 0.0;
  for (const double one : numbers) {
    total += std::abs(one);
    largest = std::max(largest, std::abs(one));
  }
  const double bound = std::min(total, largest * static_cast<double>(terms));
  int exponent = 0;
  std::frexp(bound, &exponent);
  if (!std::isfinite(total) || (bound > 0.0 && (exponent < -900 || exponent > 900))) return false;
  const double up = std::ldexp(1.0, 52 - exponent);
  const double down = std::ldexp(1.0, exponent - 52);
  const auto rounded = [&](double one) { return std::nearbyint(one * up) * down; };
  for (const double one : numbers) {
    if (!(std::abs(rounded(one) - one) <= 1e-9 * std::abs(one))) return false;
  }
  for (double& one : numbers) one = rounded(one);
  return true;
}

}  // namespace diskern

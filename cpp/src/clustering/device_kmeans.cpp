#include "clustering/device_kmeans.hpp"

#include <algorithm>
#include <cmath>

namespace diskern::clustering {

double device_scale(double largest_deviation) {
  if (!(largest_deviation > 0)) return 0;
  const int exponent = std::ilogb(largest_deviation) + 1;  // 2^exponent is above it
  return std::ldexp(1.0, std::min(device_sum_bits - exponent, 1023));  // of the smallest numbers fewer bits
}

}  // namespace diskern::clustering

#pragma once
// Weighted values as integers, so that sums are exact: free of order, of threads and of how often an event is written
// down. The unit value is rounded first and the weight multiplies the rounded one; hence an event of weight 3 adds
// exactly what three events of weight 1 add.

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace diskern::trees {

// The integer of a weighted value is  weight * round(value * 2^exponent) * 2^shift.
struct FixedPoint {
  double scale = 1;    // 2^exponent
  double factor = 1;   // 2^shift, at least 1
  double inverse = 1;  // 2^-(exponent + shift): what one unit of the sum is worth

  // Sums of |integers| stay below 2^bits when the values are at most `largest` and the weights sum up to `weight_sum`.
  // weight_sum must lie within 1e-100 .. 1e100, largest must not exceed 1e120. Integers of unit values stay below
  // 2^unit_bits; up to 40 bits their product with a weight is exact in float64.
  static FixedPoint for_sums(double largest, double weight_sum, int bits, int unit_bits = 40) {
    FixedPoint result;
    // Below this everything is 0: the scale would leave float64. (Derivatives get there when all events are far on
    // their side.)
    if (!(largest > 0x1p-600) || !(weight_sum > 0)) return result;
    const int room = bits - 1 - exponent_above(largest) - exponent_above(weight_sum);
    int exponent = unit_bits - exponent_above(largest);
    if (std::llrint(std::ldexp(largest, exponent)) >= std::int64_t{1} << unit_bits) --exponent;  // rounded up to 2^bits
    exponent = std::min(room, exponent);
    result.scale = std::ldexp(1.0, exponent);
    result.factor = std::ldexp(1.0, room - exponent);
    result.inverse = std::ldexp(1.0, -room);
    return result;
  }

  std::int64_t operator()(double weight, double value) const noexcept {
    return std::llrint(weight * static_cast<double>(std::llrint(value * scale)) * factor);
  }
  // The same numbers where all weights are integers and nothing need be shifted: the integer of a unit value is
  // round(value * scale).
  FixedPoint of_units() const noexcept { return {scale, 1.0, 1.0 / scale}; }
  double value(std::int64_t sum) const noexcept { return static_cast<double>(sum) * inverse; }

 private:
  // Smallest e with x < 2^e.
  static int exponent_above(double x) { return std::ilogb(x) + 1; }
};

}  // namespace diskern::trees

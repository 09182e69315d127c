#pragma once
// exp, log, tanh, sigmoid, softplus with the same bits on every CPU, compiler and GPU: libm's differ by version and
// instruction set. Only multiplication, addition, division and selection are used, nothing is contracted (compile with
// -ffp-contract=off, nvcc with --fmad=false), and no branch depends on the data, so that loops over arrays vectorise.
// Polynomials are interpolations in Chebyshev nodes, computed with 60 digits. Measured errors over the whole range, in
// units in the last place (tests/cpp/test_maths.cpp holds the bounds): see the table in that file.
//
// inf, NaN, -0, subnormal arguments and results are handled as the C standard says.

#include "base/portable.hpp"

namespace diskern::maths {

namespace detail {

// Adding this rounds to an integer, which then stands in the lowest bits.
constexpr double round64 = 0x1.8p52;
constexpr float round32 = 0x1.8p23F;

// x = n ln 2 + rest + low with |rest| <= ln(2)/2 and a tiny low; n in two's complement.
struct Reduced64 {
  double rest;
  double low;
  uint64_t n;
};
struct Reduced32 {
  float rest;
  float low;
  uint32_t n;
};

DISKERN_HD Reduced64 reduce(double x) {
  const double shifted = x * 0x1.71547652b82fep+0 + round64;  // 1 / ln 2
  const double n = shifted - round64;
  const double high = x - n * 0x1.62e42fefa3800p-1;  // exact: the constant has 42 bits
  const double part = n * 0x1.ef35793c76730p-45;
  const double rest = high - part;
  return {rest, (high - rest) - part, to_bits(shifted) - to_bits(round64)};
}
DISKERN_HD Reduced32 reduce(float x) {
  const float shifted = x * 0x1.715476p+0F + round32;
  const float n = shifted - round32;
  const float high = x - n * 0x1.62e400p-1F;  // exact: the constant has 15 bits
  const float part = n * 0x1.7f7d1cp-20F;
  const float rest = high - part;
  return {rest, (high - rest) - part, to_bits(shifted) - to_bits(round32)};
}

// (exp(r) - 1 - r) / r^2 for |r| <= ln(2)/2
DISKERN_HD double exp_tail(double r) {
  double q = 0x1.1f731ea5352cap-29;
  q = q * r + 0x1.af4e196027428p-26;
  q = q * r + 0x1.27e4db57442fbp-22;
  q = q * r + 0x1.71de021a90822p-19;
  q = q * r + 0x1.a01a01a6dcaffp-16;
  q = q * r + 0x1.a01a01abef415p-13;
  q = q * r + 0x1.6c16c16c162ccp-10;
  q = q * r + 0x1.11111111100cep-7;
  q = q * r + 0x1.5555555555556p-5;
  q = q * r + 0x1.5555555555557p-3;
  return q * r + 0.5;
}
DISKERN_HD float exp_tail(float r) {
  float q = 0x1.a12528p-13F;
  q = q * r + 0x1.6d4362p-10F;
  q = q * r + 0x1.1110e0p-7F;
  q = q * r + 0x1.5554e8p-5F;
  q = q * r + 0x1.555556p-3F;
  return q * r + 0.5F;
}

// 2^n, n in two's complement, result normal.
DISKERN_HD double power_of_two(uint64_t n) { return from_bits((n + 1023) << 52); }
DISKERN_HD float power_of_two(uint32_t n) { return from_bits((n + 127) << 23); }

// 2 atanh(s) = 2 s + s z R(z) with z = s^2: R for |s| <= (sqrt(2) - 1) / (sqrt(2) + 1)
DISKERN_HD double log_tail(double z) {
  double r = 0x1.0c1261fd9bdd6p-3;
  r = r * z + 0x1.0fbd2bde02b13p-3;
  r = r * z + 0x1.3b1c42e222badp-3;
  r = r * z + 0x1.745cf8c4cfebep-3;
  r = r * z + 0x1.c71c7201f1f41p-3;
  r = r * z + 0x1.2492492476765p-2;
  r = r * z + 0x1.9999999999a3ap-2;
  return r * z + 0x1.5555555555555p-1;
}
DISKERN_HD float log_tail(float z) {
  float r = 0x1.dddadep-3F;
  r = r * z + 0x1.245c0ap-2F;
  r = r * z + 0x1.9999ecp-2F;
  return r * z + 0x1.555556p-1F;
}

}  // namespace detail

DISKERN_HD double absolute(double x) { return from_bits(to_bits(x) & 0x7fffffffffffffffU); }
DISKERN_HD float absolute(float x) { return from_bits(to_bits(x) & 0x7fffffffU); }
DISKERN_HD double with_sign_of(double magnitude, double sign) {
  return from_bits(to_bits(magnitude) | (to_bits(sign) & 0x8000000000000000U));
}
DISKERN_HD float with_sign_of(float magnitude, float sign) {
  return from_bits(to_bits(magnitude) | (to_bits(sign) & 0x80000000U));
}

DISKERN_HD double infinity64() { return from_bits(uint64_t{0x7ff0000000000000U}); }
DISKERN_HD float infinity32() { return from_bits(uint32_t{0x7f800000U}); }
DISKERN_HD double nan64() { return from_bits(uint64_t{0x7ff8000000000000U}); }
DISKERN_HD float nan32() { return from_bits(uint32_t{0x7fc00000U}); }

// IEEE, correctly rounded on both sides.
DISKERN_HD double square_root(double x) {
#if defined(__CUDA_ARCH__)
  return __dsqrt_rn(x);
#else
  return __builtin_sqrt(x);
#endif
}

DISKERN_HD double exp(double x) {
  // Beyond these the result is inf or 0 anyway; NaN passes both comparisons.
  x = x > 710.0 ? 710.0 : x;
  x = x < -750.0 ? -750.0 : x;
  const detail::Reduced64 part = detail::reduce(x);
  const double r = part.rest;
  const double sum = 1.0 + r;
  const double lost = r - (sum - 1.0);
  const double mantissa = sum + (lost + (r * r * detail::exp_tail(r) + part.low * sum));
  // In two steps, because n reaches beyond the exponents of normal numbers.
  const uint64_t first = ((part.n + 4096) >> 1) - 2048;
  return mantissa * detail::power_of_two(first) * detail::power_of_two(part.n - first);
}
DISKERN_HD float exp(float x) {
  x = x > 89.5F ? 89.5F : x;
  x = x < -106.0F ? -106.0F : x;
  const detail::Reduced32 part = detail::reduce(x);
  const float r = part.rest;
  const float sum = 1.0F + r;
  const float lost = r - (sum - 1.0F);
  const float mantissa = sum + (lost + (r * r * detail::exp_tail(r) + part.low * sum));
  const uint32_t first = ((part.n + 512) >> 1) - 256;
  return mantissa * detail::power_of_two(first) * detail::power_of_two(part.n - first);
}

DISKERN_HD double log(double x) {
  const bool subnormal = x < 0x1p-1022;
  const double scaled = subnormal ? x * 0x1p54 : x;
  // scaled = 2^e m with m in [sqrt(1/2), sqrt(2))
  const uint64_t offset = 0x3fe6a09e667f3bcdU;
  const uint64_t shifted = to_bits(scaled) + (0x3ff0000000000000U - offset);
  const double m = from_bits((shifted & 0x000fffffffffffffU) + offset);
  const double e = (from_bits((shifted >> 52) | 0x4330000000000000U) - (0x1p52 + 1023.0)) - (subnormal ? 54.0 : 0.0);
  const double f = m - 1.0;
  const double s = f / (2.0 + f);
  const double z = s * s;
  const double half_square = 0.5 * f * f;
  const double tail = s * (half_square + z * detail::log_tail(z)) + e * 0x1.ef35793c76730p-45;
  double result = e * 0x1.62e42fefa3800p-1 - ((half_square - tail) - f);
  result = x < infinity64() ? result : x;
  const double outside = x == 0.0 ? -infinity64() : nan64();
  return x > 0.0 ? result : outside;
}
DISKERN_HD float log(float x) {
  const bool subnormal = x < 0x1p-126F;
  const float scaled = subnormal ? x * 0x1p25F : x;
  const uint32_t offset = 0x3f3504f3U;
  const uint32_t shifted = to_bits(scaled) + (0x3f800000U - offset);
  const float m = from_bits((shifted & 0x007fffffU) + offset);
  const float e = (from_bits((shifted >> 23) | 0x4b000000U) - (0x1p23F + 127.0F)) - (subnormal ? 25.0F : 0.0F);
  const float f = m - 1.0F;
  const float s = f / (2.0F + f);
  const float z = s * s;
  const float half_square = 0.5F * f * f;
  const float tail = s * (half_square + z * detail::log_tail(z)) + e * 0x1.7f7d1cp-20F;
  float result = e * 0x1.62e400p-1F - ((half_square - tail) - f);
  result = x < infinity32() ? result : x;
  const float outside = x == 0.0F ? -infinity32() : nan32();
  return x > 0.0F ? result : outside;
}

// t / (t + 2) with t = exp(2 |x|) - 1, which keeps every digit of a small argument.
DISKERN_HD double tanh(double x) {
  double a = absolute(x);
  a = a > 22.0 ? 22.0 : a;
  const detail::Reduced64 part = detail::reduce(2.0 * a);
  const double r = part.rest;
  const double z = r + (r * r * detail::exp_tail(r) + part.low * (1.0 + r));
  const double scale = detail::power_of_two(part.n);
  const double t = scale * z + (scale - 1.0);
  const double sum = t + 2.0;
  const double quotient = t / sum;
  // What rounding took from the sum; 1 / sum is (1 - quotient) / 2.
  const double lost = t < 2.0 ? t - (sum - 2.0) : 2.0 - (sum - t);
  return with_sign_of(quotient - quotient * (lost * (0.5 - 0.5 * quotient)), x);
}
DISKERN_HD float tanh(float x) {
  float a = absolute(x);
  a = a > 10.0F ? 10.0F : a;
  const detail::Reduced32 part = detail::reduce(2.0F * a);
  const float r = part.rest;
  const float z = r + (r * r * detail::exp_tail(r) + part.low * (1.0F + r));
  const float scale = detail::power_of_two(part.n);
  const float t = scale * z + (scale - 1.0F);
  const float sum = t + 2.0F;
  const float quotient = t / sum;
  const float lost = t < 2.0F ? t - (sum - 2.0F) : 2.0F - (sum - t);
  return with_sign_of(quotient - quotient * (lost * (0.5F - 0.5F * quotient)), x);
}

// 1 / (1 + exp(-x)), without overflow and down to subnormal results.
DISKERN_HD double sigmoid(double x) {
  const double e = exp(-absolute(x));
  const double sum = 1.0 + e;
  const double quotient = (x < 0.0 ? e : 1.0) / sum;
  // What rounding took from the sum; 1 / sum is the quotient or its complement.
  const double lost = e - (sum - 1.0);
  return quotient - quotient * (lost * (x < 0.0 ? 1.0 - quotient : quotient));
}
DISKERN_HD float sigmoid(float x) {
  const float e = exp(-absolute(x));
  const float sum = 1.0F + e;
  const float quotient = (x < 0.0F ? e : 1.0F) / sum;
  const float lost = e - (sum - 1.0F);
  return quotient - quotient * (lost * (x < 0.0F ? 1.0F - quotient : quotient));
}

// log(1 + exp(x)), without overflow: the logistic loss of a margin -x.
DISKERN_HD double softplus(double x) {
  const double e = exp(-absolute(x));
  const double sum = 1.0 + e;
  // What rounding took from the sum comes back as the first term of the series.
  return (x > 0.0 ? x : 0.0) + (log(sum) + (e - (sum - 1.0)) / sum);
}
DISKERN_HD float softplus(float x) {
  const float e = exp(-absolute(x));
  const float sum = 1.0F + e;
  return (x > 0.0F ? x : 0.0F) + (log(sum) + (e - (sum - 1.0F)) / sum);
}

// sine and cosine of 2 pi u for 0 <= u <= 1: what random directions and normal deviates need.
struct SineCosine {
  double sine;
  double cosine;
};
DISKERN_HD SineCosine sine_cosine_of_turn(double u) {
  const double shifted = u * 4.0 + detail::round64;
  const uint64_t quadrant = to_bits(shifted) - to_bits(detail::round64);
  const double r = u - (shifted - detail::round64) * 0.25;  // exact, |r| <= 1/8
  const double y = r * r;
  double sine = 0x1.e3f38399551bfp+1;
  sine = sine * y - 0x1.e30071afc3e59p+3;
  sine = sine * y + 0x1.50782fda12d96p+5;
  sine = sine * y - 0x1.32d2cce2e5b19p+6;
  sine = sine * y + 0x1.466bc677587f8p+6;
  sine = sine * y - 0x1.4abbce625be41p+5;
  sine = (sine * y + 0x1.921fb54442d18p+2) * r;
  double cosine = -0x1.b264ba152378ap+0;
  cosine = cosine * y + 0x1.f9cc41140bb60p+2;
  cosine = cosine * y - 0x1.a6d1ec7906c20p+4;
  cosine = cosine * y + 0x1.e1f5068355e15p+5;
  cosine = cosine * y - 0x1.55d3c7e3c90f8p+6;
  cosine = cosine * y + 0x1.03c1f081b5aacp+6;
  cosine = cosine * y - 0x1.3bd3cc9be45dep+4;
  cosine = cosine * y + 1.0;
  const bool swapped = (quadrant & 1) != 0;
  const double a = swapped ? cosine : sine;
  const double b = swapped ? sine : cosine;
  return {(quadrant & 2) != 0 ? -a : a, ((quadrant + 1) & 2) != 0 ? -b : b};
}

}  // namespace diskern::maths

#pragma once
// The complementary error function, with the same bits on every CPU, as the functions of maths.hpp, whose rules hold
// here. erfc(a) = exp(-a^2) t P(t) with t = 1 / (1 + 0.4 a) for a >= 0; P interpolates in Chebyshev nodes, computed with
// 40 digits. Relative error below 3e-7 (float, where the result is normal) and 3e-15 (double).

#include "base/maths.hpp"

namespace diskern::maths {

namespace detail {

DISKERN_HD double scaled_erfc(double t) {
  double p = -0x1.07c4c41aec64ep-7;
  p = p * t + 0x1.74a6687935ea1p-4;
  p = p * t - 0x1.e44f4e25f843ep-2;
  p = p * t + 0x1.7e1a18d5e3314p+0;
  p = p * t - 0x1.96b7c0a60ef45p+1;
  p = p * t + 0x1.3329c5c2efc2ep+2;
  p = p * t - 0x1.5267b9dbfd2bfp+2;
  p = p * t + 0x1.1646f9353e5ecp+2;
  p = p * t - 0x1.61b7f26893b2bp+1;
  p = p * t + 0x1.68e70708e6431p+0;
  p = p * t - 0x1.1cbdda63a2428p-1;
  p = p * t + 0x1.4e9cf2a4819d8p-3;
  p = p * t - 0x1.1d86a9be90e23p-4;
  p = p * t - 0x1.32507fe31f477p-8;
  p = p * t + 0x1.10bb942fd9fb3p-6;
  p = p * t + 0x1.125cdbc354eecp-4;
  p = p * t + 0x1.f2596bf77d352p-4;
  p = p * t + 0x1.5f43261c28c76p-3;
  p = p * t + 0x1.a93592935dc8dp-3;
  p = p * t + 0x1.ce2f21d4ad578p-3;
  return p * t + 0x1.ce2f219f950cep-3;
}
DISKERN_HD float scaled_erfc(float t) {
  float p = -0x1.05a810p-5F;
  p = p * t + 0x1.ae23d2p-3F;
  p = p * t - 0x1.0ce7c6p-1F;
  p = p * t + 0x1.28ed76p-1F;
  p = p * t - 0x1.3c636cp-2F;
  p = p * t + 0x1.22b112p-2F;
  p = p * t + 0x1.024486p-3F;
  p = p * t + 0x1.b97cf0p-3F;
  p = p * t + 0x1.cc91eep-3F;
  return p * t + 0x1.ce40c8p-3F;
}

}  // namespace detail

DISKERN_HD double erfc(double x) {
  const double a = absolute(x);
  const double t = 1.0 / (1.0 + 0.4 * a);
  const double tail = exp(-a * a) * (t * detail::scaled_erfc(t));
  return x < 0.0 ? 2.0 - tail : tail;
}
DISKERN_HD float erfc(float x) {
  const float a = absolute(x);
  const float t = 1.0F / (1.0F + 0.4F * a);
  // The square in two parts: its rounding would be the largest error.
  const float high = from_bits(to_bits(a) & 0xfffff000U);
  const float low = a - high;
  const float tail = exp(-high * high) * exp(-low * (a + high)) * (t * detail::scaled_erfc(t));
  return x < 0.0F ? 2.0F - tail : tail;
}

}  // namespace diskern::maths

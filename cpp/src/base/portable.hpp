#pragma once
// Functions that compile for CPU and CUDA from one source, and that leave no symbol behind: in a unit compiled for one
// instruction set an ordinary inline function could become the copy that the linker keeps for the whole program.

#include <stddef.h>
#include <stdint.h>

#if defined(__CUDACC__)
#define DISKERN_HD_MEMBER __host__ __device__ __forceinline__
#else
#define DISKERN_HD_MEMBER inline __attribute__((always_inline))
#endif
#define DISKERN_HD static DISKERN_HD_MEMBER

namespace diskern::maths {

DISKERN_HD uint64_t to_bits(double x) {
#if defined(__CUDA_ARCH__)
  return static_cast<uint64_t>(__double_as_longlong(x));
#else
  return __builtin_bit_cast(uint64_t, x);
#endif
}
DISKERN_HD uint32_t to_bits(float x) {
#if defined(__CUDA_ARCH__)
  return __float_as_uint(x);
#else
  return __builtin_bit_cast(uint32_t, x);
#endif
}
DISKERN_HD double from_bits(uint64_t bits) {
#if defined(__CUDA_ARCH__)
  return __longlong_as_double(static_cast<long long>(bits));
#else
  return __builtin_bit_cast(double, bits);
#endif
}
DISKERN_HD float from_bits(uint32_t bits) {
#if defined(__CUDA_ARCH__)
  return __uint_as_float(bits);
#else
  return __builtin_bit_cast(float, bits);
#endif
}

}  // namespace diskern::maths

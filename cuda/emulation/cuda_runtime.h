#pragma once
// CUDA on the processor, for tests on machines without a GPU: the sources of cuda/src are compiled by the ordinary C++
// compiler against this header in place of the toolkit's, and their kernels then run here thread by thread. Each thread
// of a block is a fiber of its own that gives way where it waits for others (__syncthreads, warp votes, shuffles); in
// which order they go on is drawn anew each time, so that a missing barrier is likely to show. Shared and allocated
// memory is poisoned before use. What a GPU would leave undefined - a barrier that some threads never reach, a vote of
// lanes that have ended - is an error here.
//
// Only what cuda/src uses is there. Blocks run one after the other: nothing may wait for another block.

#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <type_traits>

#define DISKERN_CUDA_EMULATED 1

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)
#define __shared__ static
#define __constant__ static
#define __restrict__ __restrict

struct uint3 {
  unsigned x, y, z;
};
struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}  // NOLINT: as CUDA's
};
struct uint2 {
  unsigned x, y;
};
struct float2 {
  float x, y;
};
struct alignas(16) float4 {
  float x, y, z, w;
};
struct alignas(16) uint4 {
  unsigned x, y, z, w;
};
inline float2 make_float2(float x, float y) { return {x, y}; }
inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }
inline uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) { return {x, y, z, w}; }

using cudaStream_t = void*;
using cudaError_t = int;
constexpr cudaError_t cudaSuccess = 0;
constexpr cudaError_t cudaErrorInvalidValue = 1;
constexpr cudaError_t cudaErrorMemoryAllocation = 2;
constexpr cudaError_t cudaErrorInvalidConfiguration = 9;
constexpr cudaError_t cudaErrorNoDevice = 100;
constexpr cudaError_t cudaErrorLaunchFailure = 719;
enum cudaMemcpyKind { cudaMemcpyHostToHost, cudaMemcpyHostToDevice, cudaMemcpyDeviceToHost, cudaMemcpyDeviceToDevice };
enum cudaFuncAttribute { cudaFuncAttributeMaxDynamicSharedMemorySize = 8 };
struct cudaDeviceProp {
  char name[256];
  int major, minor, multiProcessorCount;
  std::size_t totalGlobalMem;
  std::size_t sharedMemPerBlockOptin;
};
enum cudaMemoryType { cudaMemoryTypeUnregistered, cudaMemoryTypeHost, cudaMemoryTypeDevice, cudaMemoryTypeManaged };
struct cudaPointerAttributes {
  cudaMemoryType type;
  int device;
};
enum cudaDeviceAttr { cudaDevAttrMultiProcessorCount = 16, cudaDevAttrMaxSharedMemoryPerBlockOptin = 97 };

const char* cudaGetErrorString(cudaError_t error);
cudaError_t cudaGetLastError();
cudaError_t cudaGetDeviceCount(int* count);
cudaError_t cudaGetDevice(int* device);
cudaError_t cudaSetDevice(int device);
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device);
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device);
cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total);
cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* attributes, const void* pointer);
cudaError_t cudaMalloc(void** memory, std::size_t bytes);
cudaError_t cudaMallocAsync(void** memory, std::size_t bytes, cudaStream_t stream);
cudaError_t cudaFree(void* memory);
cudaError_t cudaFreeAsync(void* memory, cudaStream_t stream);
cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind, cudaStream_t stream);
cudaError_t cudaMemsetAsync(void* memory, int value, std::size_t bytes, cudaStream_t stream);
cudaError_t cudaStreamSynchronize(cudaStream_t stream);
template <class Function>
cudaError_t cudaFuncSetAttribute(Function*, cudaFuncAttribute, int) {
  return cudaSuccess;
}

namespace diskern::cuda_emulation {

struct Thread {
  uint3 index;
  uint3 block;
};
extern Thread* current;  // the fiber that runs
extern dim3 grid_size;
extern dim3 block_size;
extern void* dynamic_shared;

// Runs body once for each thread of each block.
void launch(dim3 grid, dim3 block, std::size_t shared_bytes, const std::function<void()>& body);

void block_barrier();
int block_count(int predicate);  // of all threads of the block, behind a barrier
// Every lane of the mask gives a word and sees the words of all, behind a barrier of these lanes.
const std::uint64_t* exchange(unsigned mask, std::uint64_t word);
unsigned lane();

template <class T>
std::uint64_t to_word(T value) {
  static_assert(sizeof(T) <= 8 && std::is_trivially_copyable_v<T>);
  std::uint64_t word = 0;
  std::memcpy(&word, &value, sizeof(T));
  return word;
}
template <class T>
T from_word(std::uint64_t word) {
  T value;
  std::memcpy(&value, &word, sizeof(T));
  return value;
}

}  // namespace diskern::cuda_emulation

#define threadIdx (diskern::cuda_emulation::current->index)
#define blockIdx (diskern::cuda_emulation::current->block)
#define blockDim (diskern::cuda_emulation::block_size)
#define gridDim (diskern::cuda_emulation::grid_size)
constexpr int warpSize = 32;

inline void __syncthreads() { diskern::cuda_emulation::block_barrier(); }
inline int __syncthreads_count(int predicate) { return diskern::cuda_emulation::block_count(predicate); }
inline int __syncthreads_or(int predicate) { return diskern::cuda_emulation::block_count(predicate) != 0; }
inline void __syncwarp(unsigned mask = 0xffffffffU) { diskern::cuda_emulation::exchange(mask, 0); }
inline void __threadfence() {}
inline void __threadfence_block() {}

template <class T>
T __shfl_sync(unsigned mask, T value, int source, int width = 32) {
  using namespace diskern::cuda_emulation;
  const std::uint64_t* const words = exchange(mask, to_word(value));
  const unsigned base = lane() & ~static_cast<unsigned>(width - 1);
  return from_word<T>(words[base + (static_cast<unsigned>(source) & static_cast<unsigned>(width - 1))]);
}
template <class T>
T __shfl_xor_sync(unsigned mask, T value, int lane_mask, int width = 32) {
  using namespace diskern::cuda_emulation;
  const std::uint64_t* const words = exchange(mask, to_word(value));
  const unsigned other = lane() ^ static_cast<unsigned>(lane_mask);
  const bool outside = other / static_cast<unsigned>(width) > lane() / static_cast<unsigned>(width);
  return outside ? value : from_word<T>(words[other]);
}
template <class T>
T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32) {
  using namespace diskern::cuda_emulation;
  const std::uint64_t* const words = exchange(mask, to_word(value));
  return lane() % static_cast<unsigned>(width) < delta ? value : from_word<T>(words[lane() - delta]);
}
template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32) {
  using namespace diskern::cuda_emulation;
  const std::uint64_t* const words = exchange(mask, to_word(value));
  return lane() % static_cast<unsigned>(width) + delta >= static_cast<unsigned>(width) ? value
                                                                                      : from_word<T>(words[lane() + delta]);
}
inline unsigned __ballot_sync(unsigned mask, int predicate) {
  const std::uint64_t* const words = diskern::cuda_emulation::exchange(mask, predicate != 0 ? 1 : 0);
  unsigned votes = 0;
  for (unsigned lane = 0; lane < 32; ++lane) {
    if ((mask >> lane & 1U) != 0 && words[lane] != 0) votes |= 1U << lane;
  }
  return votes;
}
inline int __any_sync(unsigned mask, int predicate) { return __ballot_sync(mask, predicate) != 0; }
inline int __all_sync(unsigned mask, int predicate) { return __ballot_sync(mask, predicate) == mask; }

// Fibers give way only where they wait, so plain operations are atomic.
template <class T>
T atomicAdd(T* address, T value) {
  const T before = *address;
  *address = before + value;
  return before;
}
template <class T>
T atomicMin(T* address, T value) {
  const T before = *address;
  if (value < before) *address = value;
  return before;
}
template <class T>
T atomicMax(T* address, T value) {
  const T before = *address;
  if (before < value) *address = value;
  return before;
}
template <class T>
T atomicExch(T* address, T value) {
  const T before = *address;
  *address = value;
  return before;
}
template <class T>
T atomicOr(T* address, T value) {
  const T before = *address;
  *address = before | value;
  return before;
}
template <class T>
T atomicCAS(T* address, T compare, T value) {
  const T before = *address;
  if (before == compare) *address = value;
  return before;
}

inline int __popc(unsigned bits) { return __builtin_popcount(bits); }
inline int __popcll(unsigned long long bits) { return __builtin_popcountll(bits); }
inline int __ffs(int bits) { return __builtin_ffs(bits); }
inline int __clz(int bits) { return bits == 0 ? 32 : __builtin_clz(static_cast<unsigned>(bits)); }
inline int __clzll(long long bits) { return bits == 0 ? 64 : __builtin_clzll(static_cast<unsigned long long>(bits)); }
template <class T>
T __ldg(const T* address) {
  return *address;
}
inline int __float_as_int(float value) { return diskern::cuda_emulation::from_word<int>(diskern::cuda_emulation::to_word(value)); }
inline float __int_as_float(int bits) { return diskern::cuda_emulation::from_word<float>(diskern::cuda_emulation::to_word(bits)); }
inline unsigned __float_as_uint(float value) { return static_cast<unsigned>(__float_as_int(value)); }

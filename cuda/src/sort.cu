#include "sort.cuh"

#include <cuda_runtime.h>

#include <utility>

#include "launch.cuh"
#include "scan.cuh"

namespace diskern::cuda {

namespace {

constexpr int threads = 256;
constexpr int warps = threads / 32;
constexpr int rounds = 8;  // keys of a lane; a warp has 256 neighbouring keys, 32 a round
constexpr std::size_t tile = threads * rounds;
constexpr unsigned digits = 256;

__global__ void number(std::uint32_t* indices, std::size_t n) {
  for (std::size_t i = static_cast<std::size_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < n;
       i += static_cast<std::size_t>(gridDim.x) * blockDim.x) {
    indices[i] = static_cast<std::uint32_t>(i);
  }
}

// The lanes of the warp that hold the same digit.
__device__ unsigned lanes_alike(unsigned digit, bool valid) {
  unsigned alike = __ballot_sync(0xffffffffU, valid);
  for (unsigned bit = 0; bit < 8; ++bit) {
    const bool set = (digit >> bit & 1U) != 0;
    const unsigned votes = __ballot_sync(0xffffffffU, set);
    alike &= set ? votes : ~votes;
  }
  return valid ? alike : 0;
}

// counts[digit * blocks + block]
__global__ void __launch_bounds__(threads)
    count_digits(const std::uint64_t* keys, std::size_t n, unsigned shift, std::uint32_t* counts) {
  __shared__ int of_digit[digits];
  of_digit[threadIdx.x] = 0;
  __syncthreads();
  for (int round = 0; round < rounds; ++round) {
    const std::size_t i = blockIdx.x * tile + static_cast<std::size_t>(round) * threads + threadIdx.x;
    if (i < n) atomicAdd(&of_digit[keys[i] >> shift & (digits - 1)], 1);
  }
  __syncthreads();
  counts[static_cast<std::size_t>(threadIdx.x) * gridDim.x + blockIdx.x] = static_cast<std::uint32_t>(of_digit[threadIdx.x]);
}

// first[digit * blocks + block]: where the keys of a digit and block begin.
__global__ void __launch_bounds__(threads)
    scatter(const std::uint64_t* keys, const std::uint32_t* indices, std::size_t n, unsigned shift,
            const std::uint32_t* first, std::uint64_t* keys_out, std::uint32_t* indices_out) {
  __shared__ std::uint32_t next[warps][digits];  // first the count of each warp, then where its next key goes
  const unsigned warp = threadIdx.x / 32;
  const unsigned lane = threadIdx.x % 32;
  for (int w = 0; w < warps; ++w) next[w][threadIdx.x] = 0;
  __syncthreads();
  const std::size_t begin = blockIdx.x * tile + static_cast<std::size_t>(warp) * 32 * rounds + lane;
  for (int round = 0; round < rounds; ++round) {
    const std::size_t i = begin + static_cast<std::size_t>(round) * 32;
    const unsigned digit = i < n ? static_cast<unsigned>(keys[i] >> shift & (digits - 1)) : 0;
    const unsigned alike = lanes_alike(digit, i < n);
    // The lowest lane of each digit counts for all; one warp writes its row alone.
    if (alike != 0 && (alike & ((1U << lane) - 1)) == 0) next[warp][digit] += static_cast<unsigned>(__popc(alike));
    __syncwarp();
  }
  __syncthreads();
  std::uint32_t position = first[static_cast<std::size_t>(threadIdx.x) * gridDim.x + blockIdx.x];
  for (int w = 0; w < warps; ++w) {
    const std::uint32_t count = next[w][threadIdx.x];
    next[w][threadIdx.x] = position;
    position += count;
  }
  __syncthreads();
  for (int round = 0; round < rounds; ++round) {
    const std::size_t i = begin + static_cast<std::size_t>(round) * 32;
    const std::uint64_t key = i < n ? keys[i] : 0;
    const unsigned digit = static_cast<unsigned>(key >> shift & (digits - 1));
    const unsigned alike = lanes_alike(digit, i < n);
    const unsigned before = static_cast<unsigned>(__popc(alike & ((1U << lane) - 1)));
    const std::uint32_t base = next[warp][digit];
    __syncwarp();
    if (i < n) {
      keys_out[base + before] = key;
      indices_out[base + before] = indices[i];
      if (before == 0) next[warp][digit] = base + static_cast<unsigned>(__popc(alike));
    }
    __syncwarp();
  }
}

}  // namespace

SortedKeys sort_keys(DeviceArray<std::uint64_t> keys, unsigned bits, void* stream) {
  const std::size_t n = keys.size();
  DeviceArray<std::uint32_t> indices(n, stream);
  if (n == 0) return {std::move(keys), std::move(indices)};
  launch("numbering keys", number, blocks_for(n, threads, static_cast<std::size_t>(multiprocessors()) * 8), threads, 0,
         stream, indices.data(), n);
  DeviceArray<std::uint64_t> other_keys(n, stream);
  DeviceArray<std::uint32_t> other_indices(n, stream);
  const auto blocks = static_cast<unsigned>((n + tile - 1) / tile);
  const DeviceArray<std::uint32_t> counts(std::size_t{digits} * blocks, stream);
  for (unsigned shift = 0; shift < bits; shift += 8) {
    launch("counting digits", count_digits, blocks, threads, 0, stream, keys.data(), n, shift, counts.data());
    exclusive_scan(counts.data(), counts.size(), stream);
    launch("moving keys", scatter, blocks, threads, 0, stream, keys.data(), indices.data(), n, shift, counts.data(),
           other_keys.data(), other_indices.data());
    std::swap(keys, other_keys);
    std::swap(indices, other_indices);
  }
  return {std::move(keys), std::move(indices)};
}

}  // namespace diskern::cuda

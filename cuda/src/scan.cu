#include "scan.cuh"

#include <cuda_runtime.h>

#include "launch.cuh"
#include "memory.cuh"

namespace diskern::cuda {

namespace {

constexpr int threads = 256;
constexpr int per_thread = 8;
constexpr std::size_t tile = threads * per_thread;

// Sums before each element within a tile; the sum of each tile.
__global__ void __launch_bounds__(threads) scan_tiles(std::uint32_t* values, std::size_t n, std::uint32_t* totals) {
  __shared__ std::uint32_t of_warp[threads / 32];
  const std::size_t first = blockIdx.x * tile + static_cast<std::size_t>(threadIdx.x) * per_thread;
  std::uint32_t own[per_thread];
  std::uint32_t sum = 0;
  for (int k = 0; k < per_thread; ++k) {
    const std::size_t i = first + static_cast<std::size_t>(k);
    own[k] = sum;
    sum += i < n ? values[i] : 0;
  }
  const unsigned lane = threadIdx.x % 32;
  std::uint32_t inclusive = sum;
  for (unsigned distance = 1; distance < 32; distance *= 2) {
    const std::uint32_t before = __shfl_up_sync(0xffffffffU, inclusive, distance);
    if (lane >= distance) inclusive += before;
  }
  if (lane == 31) of_warp[threadIdx.x / 32] = inclusive;
  __syncthreads();
  std::uint32_t base = inclusive - sum;
  for (unsigned warp = 0; warp < threadIdx.x / 32; ++warp) base += of_warp[warp];
  for (int k = 0; k < per_thread; ++k) {
    const std::size_t i = first + static_cast<std::size_t>(k);
    if (i < n) values[i] = base + own[k];
  }
  if (threadIdx.x == threads - 1) totals[blockIdx.x] = base + sum;
}

__global__ void __launch_bounds__(threads) add_to_tiles(std::uint32_t* values, std::size_t n, const std::uint32_t* base) {
  for (int k = 0; k < per_thread; ++k) {
    const std::size_t i = blockIdx.x * tile + static_cast<std::size_t>(k) * threads + threadIdx.x;
    if (i < n) values[i] += base[blockIdx.x];
  }
}

}  // namespace

void exclusive_scan(std::uint32_t* values, std::size_t n, void* stream) {
  if (n == 0) return;
  const auto tiles = static_cast<unsigned>((n + tile - 1) / tile);
  const DeviceArray<std::uint32_t> totals(tiles, stream);
  launch("starting a scan", scan_tiles, tiles, threads, 0, stream, values, n, totals.data());
  if (tiles == 1) return;
  exclusive_scan(totals.data(), tiles, stream);
  launch("starting a scan", add_to_tiles, tiles, threads, 0, stream, values, n, totals.data());
}

}  // namespace diskern::cuda

#include "points.cuh"

#include <cstdint>
#include <string>
#include <vector>

#include "base/maths.hpp"

namespace diskern::cuda {

namespace {

constexpr int threads = point_threads;
using clustering::DevicePoints;

// Order of float64 as order of integers, and back.
__device__ unsigned long long ordered(double x) {
  const std::uint64_t bits = maths::to_bits(x);
  return bits >> 63 != 0 ? ~bits : bits | std::uint64_t{1} << 63;
}
double from_ordered(std::uint64_t value) { return maths::from_bits(value >> 63 != 0 ? value ^ std::uint64_t{1} << 63 : ~value); }

// extremes[d], extremes[dimensions + d]: lowest and highest coordinate. bad: the first coordinate, counted by rows, that
// is not a usable number.
__global__ void __launch_bounds__(threads)
    find_extent(DevicePoints points, unsigned long long* extremes, unsigned long long* bad) {
  for (std::size_t d = 0; d < points.dimensions; ++d) {
    unsigned long long low = ~0ULL;
    unsigned long long high = 0;
    for (std::size_t i = static_cast<std::size_t>(blockIdx.x) * threads + threadIdx.x; i < points.n;
         i += static_cast<std::size_t>(gridDim.x) * threads) {
      const double x = coordinate(points, i, d);
      if (!(x <= largest_coordinate && x >= -largest_coordinate)) {
        atomicMin(bad, static_cast<unsigned long long>(i * points.dimensions + d));
        continue;
      }
      const unsigned long long key = ordered(x);
      low = key < low ? key : low;
      high = key > high ? key : high;
    }
    for (unsigned distance = 16; distance > 0; distance /= 2) {
      const unsigned long long other_low = __shfl_xor_sync(0xffffffffU, low, static_cast<int>(distance));
      const unsigned long long other_high = __shfl_xor_sync(0xffffffffU, high, static_cast<int>(distance));
      low = other_low < low ? other_low : low;
      high = other_high > high ? other_high : high;
    }
    if (threadIdx.x % 32 == 0) {
      atomicMin(&extremes[d], low);
      atomicMax(&extremes[points.dimensions + d], high);
    }
  }
}

}  // namespace

std::vector<double> extent_of(const DevicePoints& points, void* stream) {
  const std::size_t dimensions = points.dimensions;
  std::vector<unsigned long long> host(2 * dimensions + 1, 0);
  for (std::size_t d = 0; d < dimensions; ++d) host[d] = ~0ULL;
  host.back() = ~0ULL;
  const DeviceArray<unsigned long long> extremes = upload(host, stream);
  launch("finding the extent of the points", find_extent, point_blocks(points.n), threads, 0, stream, points,
         extremes.data(), extremes.data() + 2 * dimensions);
  extremes.give(host.data());
  check(cudaStreamSynchronize(stream_of(stream)), "waiting for the extent of the points");
  if (host.back() != ~0ULL) {
    throw InvalidArgument("Input X contains NaN, infinity or a value beyond 1e150, first at event " +
                          std::to_string(host.back() / dimensions) + ", variable " +
                          std::to_string(host.back() % dimensions));
  }
  std::vector<double> extent(2 * dimensions);
  for (std::size_t d = 0; d < 2 * dimensions; ++d) extent[d] = from_ordered(host[d]);
  return extent;
}

}  // namespace diskern::cuda

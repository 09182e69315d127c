#pragma once
// Points in device memory in any layout, and what every kernel over them shares.
#include <cuda_runtime.h>

#include <cstddef>
#include <vector>

#include "clustering/device_dbscan.hpp"
#include "launch.cuh"
#include "memory.cuh"

namespace diskern::cuda {

constexpr int point_threads = 256;
constexpr double largest_coordinate = 1e150;  // squares of differences stay finite

__device__ inline double coordinate(const clustering::DevicePoints& points, std::size_t i, std::size_t d) {
  const std::ptrdiff_t offset =
      static_cast<std::ptrdiff_t>(i) * points.row_stride + static_cast<std::ptrdiff_t>(d) * points.column_stride;
  return points.is_double ? static_cast<const double*>(points.base)[offset]
                          : static_cast<double>(static_cast<const float*>(points.base)[offset]);
}

inline unsigned point_blocks(std::size_t n) {
  return blocks_for(n, point_threads, static_cast<std::size_t>(multiprocessors()) * 16);
}

// Lowest and highest coordinate of each dimension: minima, then maxima. Throws InvalidArgument for coordinates that are
// not finite or beyond largest_coordinate, naming the first. Waits for the stream.
std::vector<double> extent_of(const clustering::DevicePoints& points, void* stream);

}  // namespace diskern::cuda

// DBSCAN on the grid of clustering/device_dbscan.hpp: points sorted by cell, a thread for each; its neighbours lie in at
// most nine runs of the sorted points. Distances are float64, in the order of the processor's. Components grow without
// locks, the larger root always under the smaller one (as ECL-CC does; Jaiganesh, Burtscher, HPDC 2018), so the root is
// the lowest index of a cluster whatever the order of the threads: the labels are the processor's.
#include "dbscan.cuh"

#include <cuda_runtime.h>

#include <limits>
#include <vector>

#include "points.cuh"
#include "scan.cuh"
#include "sort.cuh"

namespace diskern::cuda {

namespace {

using clustering::DeviceAxis;
using clustering::DeviceDbscanCounts;
using clustering::DeviceDbscanParams;
using clustering::DeviceGrid;
using clustering::DeviceMetric;
using clustering::DevicePoints;

constexpr int threads = point_threads;
constexpr std::int64_t no_cluster = std::numeric_limits<std::int64_t>::max();

__global__ void __launch_bounds__(threads) make_keys(DevicePoints points, DeviceGrid grid, std::uint64_t* keys) {
  for (std::size_t i = static_cast<std::size_t>(blockIdx.x) * threads + threadIdx.x; i < points.n;
       i += static_cast<std::size_t>(gridDim.x) * threads) {
    std::uint64_t key = 0;
    for (int k = 0; k < grid.n_axes; ++k) {
      key += clustering::device_cell(grid.axes[k], coordinate(points, i, grid.axes[k].dimension)) * grid.axes[k].stride;
    }
    keys[i] = key;
  }
}

// Coordinates in sorted order, one array for each dimension.
__global__ void __launch_bounds__(threads)
    gather(DevicePoints points, const std::uint32_t* original, double* sorted) {
  for (std::size_t i = static_cast<std::size_t>(blockIdx.x) * threads + threadIdx.x; i < points.n;
       i += static_cast<std::size_t>(gridDim.x) * threads) {
    for (std::size_t d = 0; d < points.dimensions; ++d) sorted[d * points.n + i] = coordinate(points, original[i], d);
  }
}

struct SortedPoints {
  const double* coordinates;  // [dimension][n]
  const std::uint64_t* keys;
  const std::uint32_t* original;
  std::size_t n;
  std::size_t dimensions;
  double limit;
  DeviceMetric metric;
};

__device__ std::size_t first_at_least(const std::uint64_t* keys, std::size_t n, std::uint64_t key) {
  std::size_t low = 0;
  std::size_t high = n;
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    if (keys[middle] < key) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

__device__ bool near(const SortedPoints& points, std::size_t i, std::size_t j) {
  double sum = 0;
  for (std::size_t d = 0; d < points.dimensions; ++d) {
    const double* const x = points.coordinates + d * points.n;
    sum = clustering::device_distance_step(points.metric, sum, x[i] - x[j]);
    if (sum > points.limit) return false;
  }
  return sum <= points.limit;
}

// visit(j) for all points j in the neighbourhood of point i, until it answers false.
template <class Visit>
__device__ void over_neighbourhood(const SortedPoints& points, const DeviceGrid& grid, std::size_t i, const Visit& visit) {
  const std::uint64_t key = points.keys[i];
  for (int run = 0; run < grid.n_runs; ++run) {
    const std::uint64_t low = key + static_cast<std::uint64_t>(grid.run_offsets[run]) - 1;
    const std::size_t end = first_at_least(points.keys, points.n, low + 3);
    for (std::size_t j = first_at_least(points.keys, points.n, low); j < end; ++j) {
      if (!visit(j)) return;
    }
  }
}

__global__ void __launch_bounds__(threads)
    find_core(SortedPoints points, DeviceGrid grid, const double* weight, double min_samples, std::uint8_t* is_core) {
  for (std::size_t i = static_cast<std::size_t>(blockIdx.x) * threads + threadIdx.x; i < points.n;
       i += static_cast<std::size_t>(gridDim.x) * threads) {
    double sum = 0;
    over_neighbourhood(points, grid, i, [&](std::size_t j) {
      if (near(points, i, j)) sum += weight == nullptr ? 1.0 : weight[points.original[j]];
      return weight != nullptr || sum < min_samples;  // weights may be negative
    });
    is_core[i] = sum >= min_samples ? 1 : 0;
  }
}

__device__ std::uint32_t read(const std::uint32_t* address) { return *static_cast<const volatile std::uint32_t*>(address); }

__device__ std::uint32_t root_of(std::uint32_t* parent, std::uint32_t x) {
  std::uint32_t up = read(parent + x);
  while (up != x) {
    const std::uint32_t next = read(parent + up);
    parent[x] = next;  // a shorter way, whoever else writes one
    x = up;
    up = next;
  }
  return x;
}

__device__ void unite(std::uint32_t* parent, std::uint32_t a, std::uint32_t b) {
  for (;;) {
    a = root_of(parent, a);
    b = root_of(parent, b);
    if (a == b) return;
    if (a < b) {
      const std::uint32_t larger = b;
      b = a;
      a = larger;
    }
    if (atomicCAS(parent + a, a, b) == a) return;
  }
}

__global__ void __launch_bounds__(threads)
    connect(SortedPoints points, DeviceGrid grid, const std::uint8_t* is_core, std::uint32_t* parent) {
  for (std::size_t i = static_cast<std::size_t>(blockIdx.x) * threads + threadIdx.x; i < points.n;
       i += static_cast<std::size_t>(gridDim.x) * threads) {
    if (is_core[i] == 0) continue;
    const std::uint32_t own = points.original[i];
    over_neighbourhood(points, grid, i, [&](std::size_t j) {
      if (j >= i || is_core[j] == 0) return true;
      const std::uint32_t other = points.original[j];
      // Most pairs of a dense cluster are together already.
      if (read(parent + own) != read(parent + other) && near(points, i, j)) unite(parent, own, other);
      return true;
    });
  }
}

// is_root by original index; the same core points by original index.
__global__ void __launch_bounds__(threads)
    find_roots(SortedPoints points, const std::uint8_t* is_core, std::uint32_t* parent, std::uint32_t* is_root,
               std::uint8_t* core) {
  for (std::size_t i = static_cast<std::size_t>(blockIdx.x) * threads + threadIdx.x; i < points.n;
       i += static_cast<std::size_t>(gridDim.x) * threads) {
    const std::uint32_t own = points.original[i];
    core[own] = is_core[i];
    is_root[own] = is_core[i] != 0 && root_of(parent, own) == own ? 1 : 0;
  }
}

// cluster: of a root, the number of roots before it.
__global__ void __launch_bounds__(threads)
    label_core(SortedPoints points, const std::uint8_t* is_core, std::uint32_t* parent, const std::uint32_t* cluster,
               std::int64_t* labels) {
  for (std::size_t i = static_cast<std::size_t>(blockIdx.x) * threads + threadIdx.x; i < points.n;
       i += static_cast<std::size_t>(gridDim.x) * threads) {
    const std::uint32_t own = points.original[i];
    labels[own] = is_core[i] != 0 ? static_cast<std::int64_t>(cluster[root_of(parent, own)]) : -1;
  }
}

// A point that is not a core point has the lowest cluster of its core neighbours.
__global__ void __launch_bounds__(threads)
    label_border(SortedPoints points, DeviceGrid grid, const std::uint8_t* is_core, std::int64_t* labels) {
  for (std::size_t i = static_cast<std::size_t>(blockIdx.x) * threads + threadIdx.x; i < points.n;
       i += static_cast<std::size_t>(gridDim.x) * threads) {
    if (is_core[i] != 0) continue;
    std::int64_t lowest = no_cluster;
    over_neighbourhood(points, grid, i, [&](std::size_t j) {
      if (is_core[j] == 0) return true;
      const std::int64_t label = labels[points.original[j]];  // of core points, written by the kernel before
      if (label < lowest && near(points, i, j)) lowest = label;
      return true;
    });
    if (lowest != no_cluster) labels[points.original[i]] = lowest;
  }
}

__global__ void __launch_bounds__(threads) number_points(std::uint32_t* parent, std::size_t n) {
  for (std::size_t i = static_cast<std::size_t>(blockIdx.x) * threads + threadIdx.x; i < n;
       i += static_cast<std::size_t>(gridDim.x) * threads) {
    parent[i] = static_cast<std::uint32_t>(i);
  }
}

__global__ void __launch_bounds__(threads) to_counts(const std::uint8_t* marked, std::size_t n, std::uint32_t* counts) {
  for (std::size_t i = static_cast<std::size_t>(blockIdx.x) * threads + threadIdx.x; i <= n;
       i += static_cast<std::size_t>(gridDim.x) * threads) {
    counts[i] = i < n && marked[i] != 0 ? 1 : 0;
  }
}

__global__ void __launch_bounds__(threads)
    write_selected(const std::uint8_t* marked, std::size_t n, const std::uint32_t* place, std::int64_t* indices) {
  for (std::size_t i = static_cast<std::size_t>(blockIdx.x) * threads + threadIdx.x; i < n;
       i += static_cast<std::size_t>(gridDim.x) * threads) {
    if (marked[i] != 0) indices[place[i]] = static_cast<std::int64_t>(i);
  }
}

// The bits that hold all keys below a number.
unsigned bits_of(std::uint64_t count) {
  unsigned bits = 0;
  while (count >> bits != 0) ++bits;
  return bits;
}

DeviceGrid grid_of(const DevicePoints& points, double eps, void* stream) {
  const std::vector<double> extent = extent_of(points, stream);
  return clustering::device_grid(extent.data(), extent.data() + points.dimensions, points.dimensions, eps);
}

DeviceDbscanCounts fit(const DeviceDbscanParams& params, const DevicePoints& points, const double* weight,
                       std::int64_t* labels, std::uint8_t* core, void* stream) {
  const std::size_t n = points.n;
  if (n == 0 || points.dimensions == 0) throw InvalidArgument("no points: at least one with one coordinate is needed");
  if (n >= std::numeric_limits<std::uint32_t>::max()) {
    throw InvalidArgument("at most 2^32 - 2 points can be clustered, got " + std::to_string(n));
  }
  const DeviceGrid grid = grid_of(points, params.eps, stream);
  const unsigned blocks = point_blocks(n);
  DeviceArray<std::uint64_t> keys(n, stream);
  launch("sorting points into cells", make_keys, blocks, threads, 0, stream, points, grid, keys.data());
  const SortedKeys sorted = sort_keys(std::move(keys), bits_of(grid.key_count), stream);
  const DeviceArray<double> coordinates(n * points.dimensions, stream);
  launch("bringing points into order", gather, blocks, threads, 0, stream, points, sorted.indices.data(), coordinates.data());
  const double limit = params.metric == DeviceMetric::euclidean ? params.eps * params.eps : params.eps;
  const SortedPoints view{coordinates.data(), sorted.keys.data(), sorted.indices.data(), n, points.dimensions,
                          limit,              params.metric};
  const DeviceArray<std::uint8_t> is_core(n, stream);
  launch("finding core points", find_core, blocks, threads, 0, stream, view, grid, weight, params.min_samples, is_core.data());
  const DeviceArray<std::uint32_t> parent(n, stream);
  launch("numbering points", number_points, blocks, threads, 0, stream, parent.data(), n);
  launch("connecting core points", connect, blocks, threads, 0, stream, view, grid, is_core.data(), parent.data());
  DeviceArray<std::uint32_t> cluster(n + 1, stream);  // the last becomes the number of clusters
  cluster.fill_bytes(0);
  launch("finding clusters", find_roots, blocks, threads, 0, stream, view, is_core.data(), parent.data(), cluster.data(), core);
  exclusive_scan(cluster.data(), n + 1, stream);
  launch("labelling core points", label_core, blocks, threads, 0, stream, view, is_core.data(), parent.data(),
         cluster.data(), labels);
  launch("labelling border points", label_border, blocks, threads, 0, stream, view, grid, is_core.data(), labels);
  DeviceArray<std::uint32_t> counts(n + 1, stream);
  launch("counting core points", to_counts, blocks, threads, 0, stream, core, n, counts.data());
  exclusive_scan(counts.data(), n + 1, stream);
  std::uint32_t totals[2] = {};
  check(cudaMemcpyAsync(&totals[0], cluster.data() + n, sizeof totals[0], cudaMemcpyDeviceToHost, stream_of(stream)),
        "copying the number of clusters");
  check(cudaMemcpyAsync(&totals[1], counts.data() + n, sizeof totals[1], cudaMemcpyDeviceToHost, stream_of(stream)),
        "copying the number of core points");
  check(cudaStreamSynchronize(stream_of(stream)), "waiting for DBSCAN");
  return {static_cast<std::int64_t>(totals[0]), static_cast<std::int64_t>(totals[1])};
}

void select(const std::uint8_t* marked, std::size_t n, std::int64_t* indices, void* stream) {
  if (n == 0) return;
  DeviceArray<std::uint32_t> place(n + 1, stream);
  launch("counting marked points", to_counts, point_blocks(n), threads, 0, stream, marked, n, place.data());
  exclusive_scan(place.data(), n + 1, stream);
  launch("selecting points", write_selected, point_blocks(n), threads, 0, stream, marked, n, place.data(), indices);
  check(cudaStreamSynchronize(stream_of(stream)), "waiting for the selected points");
}

}  // namespace

const clustering::CudaDbscanKernels dbscan_kernels = {fit, select};

}  // namespace diskern::cuda

#pragma once
// DBSCAN on a GPU: the grid and the distances, which the processor's tests cover too, and the table that cuda/ fills.

#include <stddef.h>
#include <stdint.h>

#include "base/portable.hpp"

namespace diskern::clustering {

// Points are sorted into cells along the (at most three) axes that divide them best. A cell is a little wider than eps,
// so that rounding cannot put two neighbours more than one cell apart; along an axis there are at most 2^20 cells, with
// an empty one on either side, so that keys fit 64 bits and a run of three neighbours never reaches into another row.
constexpr int most_device_axes = 3;
struct DeviceAxis {
  uint32_t dimension;
  double minimum;
  double inverse_side;
  uint64_t count;   // cells, the two empty ones included
  uint64_t stride;  // of the key
};
struct DeviceGrid {
  DeviceAxis axes[most_device_axes];
  int n_axes;
  uint64_t key_count;
  int64_t run_offsets[9];  // of the middle cell of each run of three along the last axis
  int n_runs;
};

// From the lowest and highest coordinates of each dimension.
DeviceGrid device_grid(const double* minima, const double* maxima, size_t dimensions, double eps);

DISKERN_HD uint64_t device_cell(const DeviceAxis& axis, double x) {
  const double place = (x - axis.minimum) * axis.inverse_side;  // not negative
  const uint64_t cell = static_cast<uint64_t>(place) + 1;
  return cell < axis.count - 2 ? cell : axis.count - 2;
}

enum class DeviceMetric : uint8_t { euclidean = 0, manhattan = 1, chebyshev = 2 };

// One more dimension of a distance; the euclidean one stays squared.
DISKERN_HD double device_distance_step(DeviceMetric metric, double sum, double difference) {
  if (metric == DeviceMetric::euclidean) return sum + difference * difference;
  const double size = difference < 0 ? -difference : difference;
  if (metric == DeviceMetric::manhattan) return sum + size;
  return sum < size ? size : sum;
}

struct DevicePoints {
  const void* base;
  size_t n;
  size_t dimensions;
  ptrdiff_t row_stride;  // in elements
  ptrdiff_t column_stride;
  bool is_double;
};
struct DeviceDbscanParams {
  double eps;
  double min_samples;
  DeviceMetric metric;
};
struct DeviceDbscanCounts {
  int64_t n_clusters;
  int64_t n_core;
};

// Filled by cuda/. Pointers are to memory of the current device; both wait for the stream.
struct CudaDbscanKernels {
  // labels and core: one per point, as DbscanResult. weight: one per point, or null. Throws InvalidArgument for points
  // that are not finite, and DeviceError.
  DeviceDbscanCounts (*fit)(const DeviceDbscanParams& params, const DevicePoints& points, const double* weight,
                            int64_t* labels, uint8_t* core, void* stream);
  // The indices of the points that are marked, ascending; as many as fit said.
  void (*select)(const uint8_t* marked, size_t n, int64_t* indices, void* stream);
};

}  // namespace diskern::clustering

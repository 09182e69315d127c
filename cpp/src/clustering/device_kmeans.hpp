#pragma once
// k-means on a GPU: the fixed-point sums, which the processor's tests cover too, and the table that cuda/ fills.

#include <stddef.h>
#include <stdint.h>

#include <vector>

#include "base/portable.hpp"
#include "clustering/device_dbscan.hpp"

namespace diskern::clustering {

// Coordinates are summed as integers, so that the order of the threads does not matter: (x - mean) in units of 2^-30 of
// the next power of two above the largest of them, cut into 15 bits and the rest, both small enough that native 32-bit
// additions of 32768 points cannot overflow.
constexpr int device_sum_bits = 30;
constexpr int device_low_bits = 15;
constexpr size_t device_points_between_flushes = 32768;

DISKERN_HD int64_t device_fixed(double deviation, double scale) {
  const double scaled = deviation * scale;  // at most 2^30 in size
  return static_cast<int64_t>(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
}
DISKERN_HD int32_t device_high(int64_t fixed) { return static_cast<int32_t>(fixed >> device_low_bits); }
DISKERN_HD int32_t device_low(int64_t fixed) { return static_cast<int32_t>(fixed & ((int64_t{1} << device_low_bits) - 1)); }

// The largest power of two that keeps |deviation| * scale <= 2^30.
double device_scale(double largest_deviation);

struct DeviceKMeansParams {
  size_t max_iterations;
  double tolerance;  // as KMeansParams
};
struct DeviceKMeansResult {
  std::vector<double> centres;  // (clusters, dimensions), rounded to the type of the points
  double inertia = 0;
  size_t iterations = 0;
  size_t used = 0;  // clusters that have points
  bool converged = false;
};

// Filled by cuda/. Pointers in points and labels are to memory of the current device; all wait for the stream.
struct CudaKMeansKernels {
  // As fit_kmeans, without weights, from centres (clusters x dimensions). labels: one per point.
  DeviceKMeansResult (*fit)(const DeviceKMeansParams& params, const DevicePoints& points,
                            const std::vector<double>& centres, int32_t* labels, void* stream);
  // Centres by k-means++ with 2 + log(clusters) trials (Arthur, Vassilvitskii, SODA 2007).
  std::vector<double> (*seed)(const DevicePoints& points, size_t clusters, uint64_t seed, uint32_t run, void* stream);
  // The mean of the variances of the columns.
  double (*mean_variance)(const DevicePoints& points, void* stream);
  // The nearest centre of each point, of equally near ones the lowest; returns the inertia.
  double (*predict)(const DevicePoints& points, const std::vector<double>& centres, int32_t* labels, void* stream);
};

}  // namespace diskern::clustering

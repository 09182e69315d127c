// Compiled once per instruction set (cmake/isa.cmake). Points are lanes. The scores of `assign` may differ between levels
// (fused or not): whoever calls it decides the uncertain points in float64, so that labels do not. All else gives the
// same bits at every level.
#include "clustering/kmeans_assign_kernel.hpp"
#include "clustering/kmeans_filter_kernel.hpp"
#include "clustering/kmeans_rows_kernel.hpp"
#include "clustering/kmeans_seeds_kernel.hpp"

namespace diskern::DISKERN_ISA_NAMESPACE {

namespace {

// The compiler makes vectors of the loop over centres.
void squared_distances(const double* point, const double* centres, size_t count, size_t dimensions, double* distances) {
  constexpr size_t width = 8;
  for (size_t k = 0; k < count; k += width) {
    double sum[width] = {};
    for (size_t d = 0; d < dimensions; ++d) {
      const double x = point[d];
      const double* c = centres + d * count + k;
      for (size_t i = 0; i < width; ++i) {
        const double difference = x - c[i];
        sum[i] += difference * difference;
      }
    }
    for (size_t i = 0; i < width; ++i) distances[k + i] = sum[i];
  }
}

}  // namespace

extern const KMeansKernels kmeans_kernels;
const KMeansKernels kmeans_kernels = {assign,
                                      squared_distances,
                                      try_seeds,
                                      may_be_nearer,
                                      to_integers,
                                      filter_limits,
                                      {accumulate<float>, move<float>, sum<float>, inertia<float>,
                                       label_distances<float>, to_block<float>, lower_closest<float>, gain_of<float>},
                                      {accumulate<double>, move<double>, sum<double>, inertia<double>,
                                       label_distances<double>, to_block<double>, lower_closest<double>,
                                       gain_of<double>}};

}  // namespace diskern::DISKERN_ISA_NAMESPACE

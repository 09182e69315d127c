// Compiled once per instruction set (cmake/isa.cmake), without contraction, so that every level gives the same bits.
#include "clustering/distance_sums_table.hpp"

namespace diskern::DISKERN_ISA_NAMESPACE {

namespace {

double sum(const double* const* coordinates, size_t dimensions, const double* point, size_t begin, size_t end) {
  constexpr size_t lanes = 8;
  double sums[lanes] = {};
  size_t i = begin;
  for (; i + lanes <= end; i += lanes) {
    double squares[lanes] = {};
    for (size_t d = 0; d < dimensions; ++d) {
      const double* x = coordinates[d] + i;
      const double y = point[d];
      for (size_t k = 0; k < lanes; ++k) squares[k] += (x[k] - y) * (x[k] - y);
    }
    for (size_t k = 0; k < lanes; ++k) sums[k] += __builtin_sqrt(squares[k]);
  }
  for (size_t k = 0; i < end; ++i, ++k) {
    double square = 0;
    for (size_t d = 0; d < dimensions; ++d) {
      const double difference = coordinates[d][i] - point[d];
      square += difference * difference;
    }
    sums[k] += __builtin_sqrt(square);
  }
  return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

}  // namespace

extern const clustering::DistanceSumKernels distance_sum_kernels;
const clustering::DistanceSumKernels distance_sum_kernels = {sum};

}  // namespace diskern::DISKERN_ISA_NAMESPACE

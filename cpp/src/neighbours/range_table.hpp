#pragma once
// The table of range searches that every instruction-set unit fills. Nothing but C headers may be included here
// (cmake/isa.cmake).

#include <stddef.h>
#include <stdint.h>

namespace diskern {

// The first three in the order of the kernels in the table.
enum class Metric : uint8_t { euclidean = 0, manhattan = 1, chebyshev = 2, minkowski = 3, haversine = 4 };
constexpr size_t metric_count = 3;

// Points as one array per dimension, of which eight elements beyond the last point may be read.
struct RangeQuery {
  const double* const* coordinates;
  size_t dimensions;
  const double* point;  // dimensions coordinates
  double limit;         // of the sum of squares (Euclidean), the sum or the largest (Manhattan, Chebyshev) difference
};

// Points begin .. end-1.
struct PointRun {
  uint32_t begin;
  uint32_t end;
};

struct RangeKernels {
  // How many of the points begin .. end-1 are within the limit; stops early once there are `enough`.
  size_t (*count[metric_count])(const RangeQuery& query, size_t begin, size_t end, size_t enough);
  // The same over several runs.
  size_t (*count_runs[metric_count])(const RangeQuery& query, const PointRun* runs, size_t run_count, size_t enough);
  // Writes the positions of those within the limit, ascending, and returns how many there are.
  size_t (*find[metric_count])(const RangeQuery& query, size_t begin, size_t end, uint32_t* found);
};

}  // namespace diskern

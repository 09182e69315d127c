#pragma once
// The table of sums of distances that every instruction-set unit fills. Nothing but C headers may be included here
// (cmake/isa.cmake).

#include <stddef.h>

namespace diskern::clustering {

struct DistanceSumKernels {
  // Sum of the Euclidean distances from point (dimensions coordinates) to points begin .. end-1, whose coordinates are
  // one array per dimension. Eight partial sums at every level, so that all give the same bits.
  double (*sum)(const double* const* coordinates, size_t dimensions, const double* point, size_t begin, size_t end);
};

}  // namespace diskern::clustering

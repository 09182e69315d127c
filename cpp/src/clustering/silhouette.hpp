#pragma once
// Silhouettes (Rousseeuw, J. Comput. Appl. Math. 20 (1987) 53).

#include <cstdint>
#include <vector>

#include "base/dispatch.hpp"
#include "clustering/distance_sums_table.hpp"
#include "diskern/context.hpp"
#include "diskern/view.hpp"

namespace diskern::clustering {

const DistanceSumKernels& distance_sum_kernels();
const DistanceSumKernels& distance_sum_kernels(InstructionSet level);

// (b - a) / max(a, b) of every point: a the mean Euclidean distance to the other points of its cluster, b the smallest
// mean distance to the points of another; 0 for a point alone in its cluster. labels: 0 .. clusters-1. All pairs are
// looked at, in memory proportional to the points; the bits do not depend on the number of threads. Throws
// InvalidArgument for NaN, infinity, coordinates above 1e150 and labels out of range; Interrupted.
std::vector<double> silhouettes(const Context& context, View<const double, 2> points, View<const std::int64_t> labels,
                                std::size_t clusters);

}  // namespace diskern::clustering

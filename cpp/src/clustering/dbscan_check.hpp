#pragma once
// What DBSCAN takes.

#include "clustering/dbscan_params.hpp"
#include "diskern/context.hpp"
#include "diskern/view.hpp"

namespace diskern::clustering {

// Throws InvalidArgument: see Dbscan::fit.
void check_dbscan(const Context& context, const DbscanParams& params, View<const double, 2> points,
                  View<const double> weight);

// What sums of the coordinates' differences are compared with, where the kernels make these (neighbours/range_table.hpp).
inline double dbscan_limit(const DbscanParams& params) {
  return params.metric == Metric::euclidean ? params.eps * params.eps : params.eps;
}

}  // namespace diskern::clustering

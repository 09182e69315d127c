#pragma once
// DBSCAN of many events in one call, each on its own.

#include <cstdint>

#include "clustering/dbscan.hpp"

namespace diskern::clustering {

// Event e has the points (rows) offsets[e] .. offsets[e + 1] - 1; offsets starts with 0, never falls and ends with the
// number of points. labels and core: one per point, as Dbscan gives them for the event alone; n_clusters: one per event.
// Threads share the events, of which none is divided. Throws as Dbscan::fit does, with the number of the event.
void dbscan_events(const Context& context, const DbscanParams& params, View<const double, 2> points,
                   View<const std::int64_t> offsets, View<const double> weight, std::int64_t* labels,
                   std::uint8_t* core, std::int64_t* n_clusters);

}  // namespace diskern::clustering

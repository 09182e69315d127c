#pragma once
// Binning: each variable becomes one byte per event, once per fit.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "diskern/context.hpp"
#include "diskern/view.hpp"
#include "trees/large_array.hpp"

namespace diskern::trees {

constexpr std::size_t cells_per_feature = 256;
constexpr std::uint8_t missing_bin = 255;
constexpr int largest_bin_count = 255;  // of values; one more bin holds the missing ones

// The cuts of each variable, ascending: bin = number of edges <= x. An edge is a float32, like the values,
// so binned and raw comparison (right if x >= edge) agree bit for bit.
struct BinEdges {
  std::vector<std::vector<float>> edges;

  std::size_t bin_count(std::size_t feature) const noexcept { return edges[feature].size() + 1; }
  // Right of this cut are the bins >= bin; bin 0 cuts the missing ones from all values.
  double threshold(std::size_t feature, std::size_t bin) const noexcept;
};

// Quantiles of the distribution of |weight|; a bin for each value and cuts half way between where there are at most
// max_bins different values. All events are used; events of weight 0 are not. The order of events does not matter and
// an event of integer weight k counts as k events. With class_index (else empty) each class counts as much as any
// other: a rare signal is resolved as finely as the background that outweighs it.
BinEdges find_edges(const Context& context, View<const float, 2> events, View<const double> weight, int max_bins,
                    View<const std::int32_t> class_index = {});

std::uint8_t bin_of(const std::vector<float>& edges, float value) noexcept;

struct BinnedEvents {
  std::size_t n_events = 0;
  std::size_t n_features = 0;
  std::size_t stride = 0;  // bytes per event, a multiple of 16 (32 for 17 to 32 variables: half a cache line)
  LargeArray<std::uint8_t> bins;
  // The same bins once more variable by variable, for loops over one variable: column_stride bytes each.
  std::size_t column_stride = 0;
  LargeArray<std::uint8_t> columns;

  const std::uint8_t* column(std::size_t feature) const noexcept { return columns.data() + feature * column_stride; }
  const std::uint8_t* row(std::size_t event) const noexcept { return bins.data() + event * stride; }
};

// rows: else the bins are stored by variables only.
BinnedEvents bin_events(const Context& context, const BinEdges& edges, View<const float, 2> events, bool rows = true);

}  // namespace diskern::trees

#include "clustering/device_dbscan.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <numeric>
#include <vector>

namespace diskern::clustering {

DeviceGrid device_grid(const double* minima, const double* maxima, size_t dimensions, double eps) {
  constexpr double most_cells = 1048576.0;  // 2^20
  constexpr double margin = 1.0 + 0x1p-20;
  std::vector<std::size_t> order(dimensions);
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto extent = [&](std::size_t d) { return maxima[d] - minima[d]; };
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return extent(a) > extent(b); });
  DeviceGrid grid{};
  const int most = static_cast<int>(std::min<std::size_t>(dimensions, most_device_axes));
  for (int k = 0; k < most; ++k) {
    const std::size_t d = order[static_cast<std::size_t>(k)];
    const double side = std::max(eps * margin, extent(d) / most_cells * margin);
    const auto cells = static_cast<std::uint64_t>(extent(d) / side) + 1;
    if (cells == 1 && grid.n_axes > 0) break;  // it would divide nothing
    const double inverse = std::min(1.0 / side, std::numeric_limits<double>::max());  // of the smallest numbers too
    grid.axes[grid.n_axes++] = {static_cast<std::uint32_t>(d), minima[d], inverse, cells + 2, 0};
  }
  grid.key_count = 1;
  for (int k = grid.n_axes - 1; k >= 0; --k) {
    grid.axes[k].stride = grid.key_count;
    grid.key_count *= grid.axes[k].count;
  }
  // All neighbours along every axis but the last.
  grid.n_runs = 1;
  for (int k = 0; k + 1 < grid.n_axes; ++k) grid.n_runs *= 3;
  for (int run = 0; run < grid.n_runs; ++run) {
    std::int64_t offset = 0;
    int rest = run;
    for (int k = 0; k + 1 < grid.n_axes; ++k, rest /= 3) {
      offset += (rest % 3 - 1) * static_cast<std::int64_t>(grid.axes[k].stride);
    }
    grid.run_offsets[run] = offset;
  }
  return grid;
}

}  // namespace diskern::clustering

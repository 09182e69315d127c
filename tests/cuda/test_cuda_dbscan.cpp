// DBSCAN on a device against the definition, and the scan and the sort that it stands on.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "check.hpp"
#include "clustering/dbscan.hpp"
#include "clustering/device_dbscan.hpp"
#include "diskern/error.hpp"
#include "on_device.hpp"

using namespace diskern;
using namespace diskern::clustering;
using diskern::testing::OnDevice;

namespace {

DeviceMetric device_metric(Metric metric) {
  return metric == Metric::euclidean    ? DeviceMetric::euclidean
         : metric == Metric::manhattan ? DeviceMetric::manhattan
                                       : DeviceMetric::chebyshev;
}

// Labels, core points and counts are those of the definition, from float64 rows and, where the coordinates allow it,
// from float32 columns.
void check_against_definition(const DbscanParams& params, const std::vector<double>& points, std::size_t dimensions,
                              const std::vector<double>& weight = {}) {
  const std::size_t n = points.size() / dimensions;
  const DbscanResult expected = reference_dbscan(params, View<const double, 2>(points.data(), n, dimensions),
                                                 View<const double>(weight.data(), weight.size()));
  const CudaDbscanKernels& kernels = *cuda_backend()->dbscan;
  const DeviceDbscanParams there{params.eps, params.min_samples, device_metric(params.metric)};
  const OnDevice<double> weight_there(weight);
  const auto compare = [&](const DevicePoints& view) {
    const OnDevice<std::int64_t> labels(n);
    const OnDevice<std::uint8_t> core(n);
    const DeviceDbscanCounts counts =
        kernels.fit(there, view, weight.empty() ? nullptr : weight_there.data(), labels.data(), core.data(), nullptr);
    const std::vector<std::int64_t> found = labels.host();
    CHECK(std::equal(found.begin(), found.end(), expected.labels.begin(), expected.labels.end()));
    const std::vector<std::uint8_t> marked = core.host();
    CHECK(std::equal(marked.begin(), marked.end(), expected.core.begin(), expected.core.end()));
    CHECK(counts.n_clusters == expected.n_clusters);
    CHECK(counts.n_core == std::count(expected.core.begin(), expected.core.end(), 1));
    const OnDevice<std::int64_t> indices(static_cast<std::size_t>(counts.n_core));
    kernels.select(core.data(), n, indices.data(), nullptr);
    std::vector<std::int64_t> of_core;
    for (std::size_t i = 0; i < n; ++i) {
      if (expected.core[i] != 0) of_core.push_back(static_cast<std::int64_t>(i));
    }
    CHECK(indices.host() == of_core);
  };
  const OnDevice<double> rows(points);
  compare({rows.data(), n, dimensions, static_cast<std::ptrdiff_t>(dimensions), 1, true});
  std::vector<float> columns(points.size());
  for (std::size_t i = 0; i < points.size(); ++i) {
    const auto x = static_cast<float>(points[i]);
    if (static_cast<double>(x) != points[i]) return;
    columns[i % dimensions * n + i / dimensions] = x;
  }
  const OnDevice<float> columns_there(columns);
  compare({columns_there.data(), n, dimensions, 1, static_cast<std::ptrdiff_t>(n), false});
}

// Gaussian clusters and uniform noise.
std::vector<double> blobs(std::size_t n, std::size_t dimensions, std::mt19937_64& random, double offset = 0) {
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> uniform(-6, 6);
  std::vector<double> points;
  for (std::size_t i = 0; i < n; ++i) {
    const bool noise = random() % 5 == 0;
    const auto centre = static_cast<double>(random() % 4) * 2.5 - 4;
    for (std::size_t d = 0; d < dimensions; ++d) {
      points.push_back(offset + (noise ? uniform(random) : centre + 0.4 * normal(random)));
    }
  }
  return points;
}

}  // namespace

TEST(blobs_in_one_to_six_dimensions) {
  std::mt19937_64 random(1);
  for (std::size_t dimensions = 1; dimensions <= 6; ++dimensions) {
    for (const Metric metric : {Metric::euclidean, Metric::manhattan, Metric::chebyshev}) {
      check_against_definition({0.3 + 0.15 * static_cast<double>(dimensions), 5, metric, 2, {}}, blobs(600, dimensions, random),
                               dimensions);
    }
  }
}

TEST(sizes_at_the_edges_of_warps_and_tiles) {
  std::mt19937_64 random(2);
  for (const std::size_t n : {1, 2, 31, 32, 33, 255, 256, 257, 2047, 2048, 2049, 4097}) {
    check_against_definition({0.4, 4, Metric::euclidean, 2, {}}, blobs(n, 2, random), 2);
  }
}

TEST(lattices_with_points_exactly_at_eps) {
  std::vector<double> square;
  for (int x = 0; x < 20; ++x) {
    for (int y = 0; y < 20; ++y) {
      if ((x * 7 + y * 3) % 5 == 0) continue;
      square.push_back(x);
      square.push_back(y);
    }
  }
  for (const double eps : {1.0, std::sqrt(2.0), 2.0, std::nextafter(1.0, 0.0)}) {
    for (const double min_samples : {1.0, 3.0, 4.0, 5.0}) {
      for (const Metric metric : {Metric::euclidean, Metric::manhattan, Metric::chebyshev}) {
        check_against_definition({eps, min_samples, metric, 2, {}}, square, 2);
      }
    }
  }
  std::vector<double> tenths;  // that rounding puts on either side of cell edges
  for (int i = 0; i < 300; ++i) tenths.push_back(0.1 * (i * 37 % 300));
  check_against_definition({0.1, 3, Metric::euclidean, 2, {}}, tenths, 1);
}

TEST(duplicates_lines_and_single_points) {
  std::vector<double> points(200, 3.25);
  check_against_definition({0.5, 100, Metric::euclidean, 2, {}}, points, 2);
  check_against_definition({0.5, 101, Metric::euclidean, 2, {}}, points, 2);  // all noise
  std::vector<double> line;
  for (int i = 0; i < 500; ++i) {
    line.push_back(i * 0.01);
    line.push_back(i * 0.02);
    line.push_back(1.0);
  }
  check_against_definition({0.03, 3, Metric::euclidean, 2, {}}, line, 3);
  check_against_definition({1e-320, 1, Metric::euclidean, 2, {}}, {0.0, 0.0}, 2);
}

TEST(far_from_the_origin_and_more_cells_than_an_axis_may_have) {
  std::mt19937_64 random(3);
  check_against_definition({0.4, 4, Metric::euclidean, 2, {}}, blobs(500, 2, random, 1e7), 2);
  std::vector<double> wide = blobs(400, 3, random);
  wide[0] = 1e9;
  wide[7] = -1e12;
  check_against_definition({0.5, 4, Metric::euclidean, 2, {}}, wide, 3);
  check_against_definition({1e100, 4, Metric::euclidean, 2, {}}, wide, 3);  // one cell
}

TEST(weights_count_and_negative_ones_inhibit) {
  std::mt19937_64 random(4);
  const std::vector<double> points = blobs(500, 2, random);
  std::vector<double> weight;
  for (int i = 0; i < 500; ++i) weight.push_back(static_cast<double>(random() % 7) - 2);
  check_against_definition({0.4, 5, Metric::euclidean, 2, {}}, points, 2, weight);
}

TEST(points_that_are_not_numbers_are_named) {
  std::mt19937_64 random(5);
  for (const double bad : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(), -2e150}) {
    std::vector<double> points = blobs(1000, 3, random);
    points[3 * 612 + 1] = bad;
    points[3 * 900 + 2] = bad;
    const OnDevice<double> there(points);
    const OnDevice<std::int64_t> labels(1000);
    const OnDevice<std::uint8_t> core(1000);
    std::string message;
    try {
      cuda_backend()->dbscan->fit({0.5, 5, DeviceMetric::euclidean}, {there.data(), 1000, 3, 3, 1, true}, nullptr,
                                  labels.data(), core.data(), nullptr);
    } catch (const InvalidArgument& error) {
      message = error.what();
    }
    CHECK(message.find("event 612, variable 1") != std::string::npos);
  }
}

TEST(neighbours_are_at_most_one_cell_apart) {
  std::mt19937_64 random(6);
  std::uniform_real_distribution<double> uniform(-1, 1);
  for (int trial = 0; trial < 20000; ++trial) {
    const double eps = std::exp(20 * uniform(random));
    const double minimum = std::exp(20 * uniform(random)) * (random() % 2 == 0 ? 1 : -1);
    const double maximum = minimum + eps * std::exp(20 * std::abs(uniform(random)));
    const DeviceGrid grid = device_grid(&minimum, &maximum, 1, eps);
    const double a = minimum + (maximum - minimum) * std::abs(uniform(random));
    const double b = std::min(maximum, a + eps);
    if (!(b - a <= eps) || a > maximum) continue;
    const std::uint64_t first = device_cell(grid.axes[0], a);
    const std::uint64_t second = device_cell(grid.axes[0], b);
    CHECK(first >= 1 && second <= grid.axes[0].count - 2 && second - first <= 1);
  }
}

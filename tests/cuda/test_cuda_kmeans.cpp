// k-means on a device against brute force in float64 and against the processor's fit.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "check.hpp"
#include "clustering/device_kmeans.hpp"
#include "clustering/kmeans.hpp"
#include "clustering/kmeans_seeding.hpp"
#include "diskern/error.hpp"
#include "on_device.hpp"

using namespace diskern;
using namespace diskern::clustering;
using diskern::testing::OnDevice;

namespace {

template <class T>
std::vector<T> blobs(std::size_t n, std::size_t dimensions, std::size_t centres, std::mt19937_64& random, double offset = 0) {
  std::normal_distribution<double> normal;
  std::vector<double> where(centres * dimensions);
  for (double& x : where) x = 4 * normal(random);
  std::vector<T> points;
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t c = random() % centres;
    for (std::size_t d = 0; d < dimensions; ++d) {
      points.push_back(static_cast<T>(offset + where[c * dimensions + d] + normal(random)));
    }
  }
  return points;
}

template <class T>
DevicePoints view_of(const OnDevice<T>& points, std::size_t dimensions) {
  return {points.data(), points.size() / dimensions, dimensions, static_cast<std::ptrdiff_t>(dimensions), 1, sizeof(T) == 8};
}

// The nearest centre by the definition, and the sum of the squared distances.
template <class T>
double brute_force(const std::vector<T>& points, const std::vector<double>& centres, std::size_t dimensions,
                   std::vector<std::int32_t>& labels) {
  labels.clear();
  double inertia = 0;
  for (std::size_t i = 0; i < points.size() / dimensions; ++i) {
    double smallest = std::numeric_limits<double>::infinity();
    std::int32_t nearest = 0;
    for (std::size_t c = 0; c < centres.size() / dimensions; ++c) {
      double sum = 0;
      for (std::size_t d = 0; d < dimensions; ++d) {
        const double difference = static_cast<double>(points[i * dimensions + d]) - centres[c * dimensions + d];
        sum += difference * difference;
      }
      if (sum < smallest) {
        smallest = sum;
        nearest = static_cast<std::int32_t>(c);
      }
    }
    labels.push_back(nearest);
    inertia += smallest;
  }
  return inertia;
}

template <class T>
void fit_like_the_processor(std::size_t n, std::size_t dimensions, std::size_t clusters, std::mt19937_64& random,
                            double offset = 0, double tolerance = 0) {
  const std::vector<T> points = blobs<T>(n, dimensions, clusters, random, offset);
  const KMeansPoints<T> held(Context{}, View<const T, 2>(points.data(), n, dimensions), {});
  Context context;
  context.seed = 5;
  const std::vector<double> start = seed_kmeans(context, held, clusters, KMeansSeeding::random, 0);
  KMeansParams params;
  params.tolerance = tolerance;
  const KMeansResult expected = fit_kmeans(Context{}, params, held, start);
  const OnDevice<T> there(points);
  const OnDevice<std::int32_t> labels(n);
  const DeviceKMeansResult found =
      cuda_backend()->kmeans->fit({params.max_iterations, tolerance}, view_of(there, dimensions), start, labels.data(), nullptr);
  const std::vector<std::int32_t> host = labels.host();
  CHECK(std::equal(host.begin(), host.end(), expected.labels.begin()));
  CHECK(found.iterations == expected.iterations);
  CHECK(found.used == expected.used);
  CHECK(found.converged);
  CHECK_NEAR(found.inertia, expected.inertia, 1e-9 * expected.inertia + 1e-12);
  const double precision = sizeof(T) == 8 ? 1e-8 : 1e-6 * std::max(1.0, std::abs(offset));
  for (std::size_t i = 0; i < found.centres.size(); ++i) CHECK_NEAR(found.centres[i], expected.centres[i], precision);
  // Twice the same bits.
  const OnDevice<std::int32_t> again(n);
  const DeviceKMeansResult second =
      cuda_backend()->kmeans->fit({params.max_iterations, tolerance}, view_of(there, dimensions), start, again.data(), nullptr);
  CHECK(second.centres == found.centres && second.inertia == found.inertia && again.host() == host);
}

}  // namespace

TEST(every_number_of_dimensions_that_has_a_kernel_of_its_own) {
  std::mt19937_64 random(1);
  for (std::size_t dimensions = 1; dimensions <= 10; ++dimensions) {
    fit_like_the_processor<double>(700, dimensions, 6, random);
    fit_like_the_processor<float>(700, dimensions, 6, random);
  }
}

TEST(sizes_at_the_edges_of_blocks_and_one_cluster) {
  std::mt19937_64 random(2);
  for (const std::size_t n : {5, 31, 32, 33, 255, 256, 257, 1023, 1025, 12289}) fit_like_the_processor<double>(n, 2, 5, random);
  fit_like_the_processor<double>(300, 3, 1, random);
}

TEST(far_from_the_origin_and_with_a_tolerance) {
  std::mt19937_64 random(3);
  fit_like_the_processor<double>(900, 3, 8, random, 1e7);
  fit_like_the_processor<double>(900, 3, 8, random, 0, 1e-2);
}

TEST(more_coordinates_of_centres_than_shared_memory_holds) {
  std::mt19937_64 random(4);
  const std::vector<double> points = blobs<double>(700, 40, 9, random);
  const std::vector<double> start(points.begin(), points.begin() + 40 * 400);
  const KMeansPoints<double> held(Context{}, View<const double, 2>(points.data(), 700, 40), {});
  const KMeansResult expected = fit_kmeans(Context{}, KMeansParams{}, held, start);
  const OnDevice<double> there(points);
  const OnDevice<std::int32_t> labels(700);
  const DeviceKMeansResult found = cuda_backend()->kmeans->fit({300, 0}, view_of(there, 40), start, labels.data(), nullptr);
  CHECK_NEAR(found.inertia, expected.inertia, 1e-9 * expected.inertia + 1e-12);
}

TEST(empty_clusters_get_the_farthest_points) {
  std::mt19937_64 random(5);
  const std::vector<double> points = blobs<double>(400, 2, 3, random);
  std::vector<double> start(points.begin(), points.begin() + 2 * 3);
  for (const double x : {1000.0, -1000.0, 2000.0, 2000.0}) start.push_back(x);  // two that no point is near to
  const KMeansPoints<double> held(Context{}, View<const double, 2>(points.data(), 400, 2), {});
  const KMeansResult expected = fit_kmeans(Context{}, KMeansParams{}, held, start);
  const OnDevice<double> there(points);
  const OnDevice<std::int32_t> labels(400);
  const DeviceKMeansResult found = cuda_backend()->kmeans->fit({300, 0}, view_of(there, 2), start, labels.data(), nullptr);
  const std::vector<std::int32_t> host = labels.host();
  CHECK(std::equal(host.begin(), host.end(), expected.labels.begin()));
  CHECK(found.used == 5);
  // Fewer distinct points than clusters.
  const std::vector<double> same(200, 1.5);
  const OnDevice<double> same_there(same);
  const OnDevice<std::int32_t> same_labels(100);
  const DeviceKMeansResult one =
      cuda_backend()->kmeans->fit({300, 0}, view_of(same_there, 2), {1.5, 1.5, 1.5, 1.5}, same_labels.data(), nullptr);
  CHECK(one.used == 1 && one.inertia == 0);
}

TEST(prediction_is_brute_force_with_ties_to_the_lowest) {
  std::mt19937_64 random(6);
  std::vector<double> points;  // a lattice: many points between two centres
  for (int x = 0; x < 24; ++x) {
    for (int y = 0; y < 24; ++y) {
      points.push_back(x);
      points.push_back(y);
    }
  }
  std::vector<double> centres;
  for (int c = 0; c < 9; ++c) {
    centres.push_back(static_cast<double>(random() % 12) * 2);
    centres.push_back(static_cast<double>(random() % 12) * 2);
  }
  std::vector<std::int32_t> expected;
  const double inertia = brute_force(points, centres, 2, expected);
  const OnDevice<double> there(points);
  const OnDevice<std::int32_t> labels(expected.size());
  CHECK_NEAR(cuda_backend()->kmeans->predict(view_of(there, 2), centres, labels.data(), nullptr), inertia, 1e-9);
  CHECK(labels.host() == expected);
}

TEST(seeds_are_points_and_spread_well) {
  std::mt19937_64 random(7);
  const std::vector<double> points = blobs<double>(5000, 3, 12, random);
  const OnDevice<double> there(points);
  const std::vector<double> centres = cuda_backend()->kmeans->seed(view_of(there, 3), 12, 9, 0, nullptr);
  CHECK(centres.size() == 36);
  CHECK(centres == cuda_backend()->kmeans->seed(view_of(there, 3), 12, 9, 0, nullptr));
  CHECK(centres != cuda_backend()->kmeans->seed(view_of(there, 3), 12, 9, 1, nullptr));
  for (std::size_t c = 0; c < 12; ++c) {
    bool found = false;
    for (std::size_t i = 0; i < 5000 && !found; ++i) found = std::equal(centres.begin() + c * 3, centres.begin() + c * 3 + 3, points.begin() + i * 3);
    CHECK(found);
  }
  // Not far from what the processor draws by the same rule, and far better than chance.
  const KMeansPoints<double> held(Context{}, View<const double, 2>(points.data(), 5000, 3), {});
  std::vector<std::int32_t> labels;
  double own = 0;
  double theirs = 0;
  double chance = 0;
  for (std::uint32_t run = 0; run < 5; ++run) {
    own += brute_force(points, cuda_backend()->kmeans->seed(view_of(there, 3), 12, 9, run, nullptr), 3, labels);
    theirs += brute_force(points, seed_kmeans(Context{}, held, 12, KMeansSeeding::plus_plus, run), 3, labels);
    chance += brute_force(points, seed_kmeans(Context{}, held, 12, KMeansSeeding::random, run), 3, labels);
  }
  CHECK(own < 1.2 * theirs && own < 0.8 * chance);
  const OnDevice<double> same(std::vector<double>(20, 2.0));
  CHECK(cuda_backend()->kmeans->seed(view_of(same, 2), 3, 1, 0, nullptr) == std::vector<double>(6, 2.0));
}

TEST(mean_variance_of_the_columns) {
  std::mt19937_64 random(8);
  const std::vector<double> points = blobs<double>(3000, 4, 3, random, 100);
  const KMeansPoints<double> held(Context{}, View<const double, 2>(points.data(), 3000, 4), {});
  const OnDevice<double> there(points);
  CHECK_NEAR(cuda_backend()->kmeans->mean_variance(view_of(there, 4), nullptr), held.mean_variance(Context{}), 1e-10);
}

TEST(fixed_point_sums_hold_what_they_promise) {
  std::mt19937_64 random(9);
  std::uniform_real_distribution<double> uniform(-1, 1);
  for (const double largest : {1.0, 0.999, 1e-290, 1e150, 3.7}) {
    const double scale = device_scale(largest);
    for (int i = 0; i < 1000; ++i) {
      const double x = i == 0 ? largest : i == 1 ? -largest : largest * uniform(random);
      const std::int64_t fixed = device_fixed(x, scale);
      CHECK(std::abs(fixed) <= (std::int64_t{1} << device_sum_bits));
      CHECK((static_cast<std::int64_t>(device_high(fixed)) << device_low_bits) + device_low(fixed) == fixed);
      CHECK(std::abs(static_cast<std::int64_t>(device_high(fixed)) * static_cast<std::int64_t>(device_points_between_flushes)) <
            std::int64_t{1} << 31);
      CHECK_NEAR(static_cast<double>(fixed) / scale, x, largest * 0x1p-29);
    }
  }
  CHECK(device_scale(0) == 0);
}

TEST(what_makes_no_sense_is_said) {
  std::vector<double> points(30, 1.0);
  points[2 * 7 + 1] = std::numeric_limits<double>::quiet_NaN();
  const OnDevice<double> there(points);
  const OnDevice<std::int32_t> labels(15);
  const CudaKMeansKernels& kernels = *cuda_backend()->kmeans;
  std::string message;
  try {
    kernels.fit({10, 0}, view_of(there, 2), {0, 0}, labels.data(), nullptr);
  } catch (const InvalidArgument& error) {
    message = error.what();
  }
  CHECK(message.find("event 7, variable 1") != std::string::npos);
  CHECK_THROWS(kernels.fit({10, 0}, view_of(there, 2), {0, 0, 1}, labels.data(), nullptr), InvalidArgument);
  CHECK_THROWS(kernels.fit({10, 0}, view_of(there, 2), {0, std::numeric_limits<double>::infinity()}, labels.data(), nullptr),
               InvalidArgument);
  CHECK_THROWS(kernels.seed(view_of(there, 2), 16, 1, 0, nullptr), InvalidArgument);
}

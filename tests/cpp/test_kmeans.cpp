// k-means: labels against brute force in float64 at every level, Lloyd against a plain loop, the same bits for any
// number of threads, starts that follow their definition.
#include "clustering/kmeans.hpp"

#include <cmath>
#include <random>
#include <vector>

#include "base/archive.hpp"
#include "base/executor.hpp"
#include "check.hpp"
#include "clustering/kmeans_predictor.hpp"
#include "clustering/kmeans_seeding.hpp"
#include "diskern/error.hpp"

using namespace diskern;
using namespace diskern::clustering;

namespace {

template <class T>
struct Cloud {
  std::vector<T> x;
  std::size_t dimensions;
  std::size_t size() const { return x.size() / dimensions; }
  View<const T, 2> view() const { return {x.data(), size(), dimensions}; }
};

template <class T>
Cloud<T> normal_cloud(std::size_t n, std::size_t dimensions, double offset, double spread, std::mt19937_64& random) {
  std::normal_distribution<double> normal;
  Cloud<T> cloud{{}, dimensions};
  for (std::size_t i = 0; i < n * dimensions; ++i) cloud.x.push_back(static_cast<T>(offset + spread * normal(random)));
  return cloud;
}

// Small integers: many points coincide and many are equally far from two centres.
template <class T>
Cloud<T> lattice(std::size_t n, std::size_t dimensions, std::mt19937_64& random) {
  Cloud<T> cloud{{}, dimensions};
  for (std::size_t i = 0; i < n * dimensions; ++i) cloud.x.push_back(static_cast<T>(random() % 5));
  return cloud;
}

template <class T>
std::vector<double> first_rows(const Cloud<T>& cloud, std::size_t count) {
  return {cloud.x.begin(), cloud.x.begin() + static_cast<std::ptrdiff_t>(count * cloud.dimensions)};
}

// From the definition.
template <class T>
std::vector<std::int32_t> nearest_of(const Cloud<T>& cloud, const std::vector<double>& centres) {
  std::vector<std::int32_t> labels;
  std::vector<double> point(cloud.dimensions);
  for (std::size_t i = 0; i < cloud.size(); ++i) {
    for (std::size_t d = 0; d < cloud.dimensions; ++d) point[d] = static_cast<double>(cloud.x[i * cloud.dimensions + d]);
    labels.push_back(
        nearest_centre(point.data(), centres.data(), centres.size() / cloud.dimensions, cloud.dimensions).label);
  }
  return labels;
}

// Returns how many labels float64 had to decide.
template <class T>
std::size_t compare_labels(const Cloud<T>& cloud, const std::vector<double>& centres) {
  const std::vector<std::int32_t> expected = nearest_of(cloud, centres);
  const KMeansPoints<T> points(Context{}, cloud.view(), {});
  std::size_t decided = 0;
  for (const InstructionSet level : supported_instruction_sets()) {
    CentreSet set;
    set.prepare(centres.data(), centres.size() / cloud.dimensions, cloud.dimensions, points.offset().data(),
                points.scale());
    AssignmentScratch scratch;
    const std::size_t padded = chunk_count(cloud.size(), group_points) * group_points;
    std::vector<std::int32_t> labels(padded);
    std::vector<float> buffer(padded * cloud.dimensions);
    const float* blocks = points.groups(kmeans_kernels(level), 0, cloud.size(), buffer.data());
    decided = assign_rows(kmeans_kernels(level), set, cloud.x.data(), cloud.size(), blocks, points.norms(),
                          labels.data(), scratch);
    labels.resize(cloud.size());
    CHECK(labels == expected);
  }
  return decided;
}

template <class T>
void compare_everywhere() {
  std::mt19937_64 random(7);
  for (const std::size_t dimensions : {1UL, 2UL, 3UL, 4UL, 5UL, 6UL, 7UL, 8UL, 9UL, 17UL, 40UL}) {
    for (const std::size_t clusters : {1UL, 2UL, 5UL, 6UL, 7UL, 60UL, 61UL, 64UL, 65UL, 130UL, 200UL}) {
      for (const double offset : {0.0, 1e4}) {
        const auto cloud = normal_cloud<T>(300, dimensions, offset, 1.0, random);
        // On a line two hundred centres are too close for float32.
        const std::size_t decided = compare_labels(cloud, first_rows(cloud, clusters));
        CHECK(dimensions == 1 || decided < 60);
      }
      const auto ties = lattice<T>(300, dimensions, random);
      compare_labels(ties, first_rows(ties, clusters));
    }
  }
}

void check_same(const KMeansResult& a, const KMeansResult& b) {
  CHECK(a.labels == b.labels);
  CHECK(a.centres == b.centres);
  CHECK(a.inertia == b.inertia);
  CHECK(a.iterations == b.iterations);
  CHECK(a.stop == b.stop);
}

}  // namespace

TEST(labels_are_those_of_float64) {
  compare_everywhere<double>();
  compare_everywhere<float>();
}

TEST(labels_far_from_the_origin_and_in_odd_units) {
  std::mt19937_64 random(8);
  for (const std::size_t dimensions : {1UL, 3UL, 8UL, 20UL}) {
    for (const double offset : {1e7, -3e12}) {
      const auto cloud = normal_cloud<double>(500, dimensions, offset, 1.0, random);
      CHECK(compare_labels(cloud, first_rows(cloud, 30)) < 100);
    }
    for (const double spread : {1e-120, 1e-30, 1e-10, 1e10, 1e30, 1e120}) {
      const auto cloud = normal_cloud<double>(500, dimensions, 0.0, spread, random);
      CHECK(compare_labels(cloud, first_rows(cloud, 30)) < 100);
    }
    // Two swarms so far apart that float32 sees nothing inside of them.
    auto cloud = normal_cloud<double>(500, dimensions, 0.0, 1.0, random);
    for (std::size_t i = 0; i < cloud.x.size() / 2; ++i) cloud.x[i] += 1e9;
    compare_labels(cloud, first_rows(cloud, 40));
    // Centres that are far away, the same, or next to each other in float64.
    auto centres = first_rows(cloud, 10);
    centres[0] = 1e100;
    for (std::size_t d = 0; d < dimensions; ++d) centres[3 * dimensions + d] = centres[2 * dimensions + d];
    for (std::size_t d = 0; d < dimensions; ++d) centres[5 * dimensions + d] = std::nextafter(centres[4 * dimensions + d], 0.0);
    compare_labels(cloud, centres);
  }
}

TEST(points_between_centres_are_decided_in_float64) {
  // 0 is exactly between the centres, its neighbours differ from it in the last bit.
  Cloud<double> cloud{{-1.0, 1.0, 0.0, 1e-17, -1e-17, 1e-9, -1e-9}, 1};
  const std::vector<double> centres = {1.0, -1.0};
  CHECK(nearest_of(cloud, centres)[2] == 0);
  CHECK(nearest_of(cloud, centres)[5] == 0);
  CHECK(nearest_of(cloud, centres)[6] == 1);
  CHECK(compare_labels(cloud, centres) >= 5);
}

TEST(fast_equals_reference_for_any_threads) {
  std::mt19937_64 random(9);
  for (const std::size_t dimensions : {2UL, 5UL, 8UL, 12UL}) {
    const auto cloud = normal_cloud<double>(20000, dimensions, 3.0, 2.0, random);
    std::vector<double> weights;
    for (std::size_t i = 0; i < cloud.size(); ++i) weights.push_back(static_cast<double>(random() % 4));
    for (const bool weighted : {false, true}) {
      const View<const double> weight(weights.data(), weighted ? weights.size() : 0);
      const KMeansPoints<double> points(Context{}, cloud.view(), weight);
      KMeansParams params{12, 0.0, true, true};
      const KMeansResult expected = fit_kmeans(Context{}, params, points, first_rows(cloud, 33));
      params.reference = false;
      for (std::size_t i = 1; i < expected.trace.size(); ++i) CHECK(expected.trace[i] <= expected.trace[i - 1]);
      for (const int threads : {1, 2, 3, 5, 8}) {
        Context context;
        context.threads = threads;
        const KMeansPoints<double> again(context, cloud.view(), weight);
        check_same(fit_kmeans(context, params, again, first_rows(cloud, 33)), expected);
      }
    }
  }
}

template <class T>
void compare_bounds(std::size_t dimensions, std::size_t clusters, double offset, bool ties) {
  std::mt19937_64 random(14);
  auto cloud = ties ? lattice<T>(6000, dimensions, random) : normal_cloud<T>(6000, dimensions, offset, 1.0, random);
  if (!ties) {  // swarms, so that centres come to rest one after the other
    for (std::size_t i = 0; i < cloud.size(); ++i) cloud.x[i * dimensions] += static_cast<T>(i % 7 * 9);
  }
  const KMeansPoints<T> points(Context{}, cloud.view(), {});
  KMeansParams params{60, 0.0, true, true};
  const KMeansResult expected = fit_kmeans(Context{}, params, points, first_rows(cloud, clusters));
  params.reference = false;
  for (const KMeansBoundsUse bounds :
       {KMeansBoundsUse::never, KMeansBoundsUse::always, KMeansBoundsUse::where_they_pay}) {
    params.bounds = bounds;
    for (const int threads : {1, 3}) {
      Context context;
      context.threads = threads;
      const KMeansResult found = fit_kmeans(context, params, points, first_rows(cloud, clusters));
      check_same(found, expected);
      CHECK(found.trace == expected.trace);
      if (bounds == KMeansBoundsUse::always && !ties) CHECK(found.looked_at < expected.iterations * cloud.size());
    }
  }
}

TEST(bounds_change_nothing) {
  for (const std::size_t dimensions : {9UL, 16UL, 33UL}) {
    for (const std::size_t clusters : {2UL, 7UL, 40UL, 140UL}) {
      compare_bounds<double>(dimensions, clusters, 0.0, false);
      compare_bounds<float>(dimensions, clusters, 100.0, false);
      compare_bounds<double>(dimensions, clusters, 0.0, true);
    }
  }
}

TEST(means_and_inertia) {
  // Two pairs of points; weights 3 and 1, then 1 and 3.
  const Cloud<float> cloud{{0, 0, 0.5F, 0, 0.5F, 1, 1, 1}, 2};
  const std::vector<double> weights = {3, 1, 1, 3};
  const KMeansPoints<float> points(Context{}, cloud.view(), {weights.data(), weights.size()});
  const KMeansResult result = fit_kmeans(Context{}, KMeansParams{}, points, {0, 0, 1, 1});
  CHECK(result.labels == (AlignedVector<std::int32_t>{0, 0, 1, 1}));
  CHECK(result.centres == (std::vector<double>{0.125, 0, 0.875, 1}));
  CHECK(result.inertia == 0.375);
  CHECK(result.iterations == 2);
  CHECK(result.stop == KMeansStop::labels);
}

TEST(empty_clusters_get_the_farthest_points) {
  const Cloud<double> cloud{{-10, -9.5, -9, -8.5, -8, -1, 1, 9, 9.5, 10}, 1};
  const KMeansPoints<double> points(Context{}, cloud.view(), {});
  KMeansParams params;
  params.max_iterations = 1;
  const KMeansResult result = fit_kmeans(Context{}, params, points, {-10, -10, -10});
  // The points at 10 and 9.5 leave the first cluster.
  CHECK(std::abs(result.centres[0] - (-36.0 / 8)) < 1e-12);
  CHECK(result.centres[1] == 10);
  CHECK(result.centres[2] == 9.5);
}

TEST(more_clusters_than_points_that_differ) {
  const Cloud<double> cloud{{1, 1, 1, 2, 2, 2}, 1};
  const KMeansPoints<double> points(Context{}, cloud.view(), {});
  const KMeansResult result = fit_kmeans(Context{}, KMeansParams{}, points, {1, 2, 1, 2});
  CHECK(result.labels == (AlignedVector<std::int32_t>{0, 0, 0, 1, 1, 1}));
  CHECK(result.inertia == 0);
}

TEST(starts) {
  std::mt19937_64 random(10);
  // Five swarms far apart: both ways of drawing by distance must find all of them.
  auto cloud = normal_cloud<double>(9000, 3, 0.0, 0.1, random);
  for (std::size_t i = 0; i < cloud.size(); ++i) cloud.x[3 * i] += static_cast<double>(i % 5) * 100;
  std::vector<double> weights(cloud.size(), 1.0);
  for (std::size_t i = 0; i < cloud.size(); ++i) weights[i] = i % 5 == 4 ? 0.0 : 2.0;
  for (const KMeansSeeding seeding : {KMeansSeeding::plus_plus, KMeansSeeding::parallel}) {
    std::vector<double> first;
    for (const int threads : {1, 2, 5}) {
      for (const bool weighted : {false, true}) {
        Context context;
        context.threads = threads;
        context.seed = 3;
        const KMeansPoints<double> points(context, cloud.view(), {weights.data(), weighted ? weights.size() : 0});
        const auto centres = seed_kmeans(context, points, weighted ? 4 : 5, seeding, 0);
        std::vector<int> met(5, 0);
        for (std::size_t k = 0; k < centres.size(); k += 3) ++met[static_cast<std::size_t>(std::lround(centres[k] / 100))];
        CHECK(met == (weighted ? std::vector<int>{1, 1, 1, 1, 0} : std::vector<int>{1, 1, 1, 1, 1}));
        if (!weighted && first.empty()) first = centres;
        if (!weighted) CHECK(centres == first);
      }
    }
    Context context;
    context.seed = 3;
    const KMeansPoints<double> points(context, cloud.view(), {});
    CHECK(seed_kmeans(context, points, 5, seeding, 1) != first);
  }
  const KMeansPoints<double> points(Context{}, cloud.view(), {weights.data(), weights.size()});
  const auto drawn = seed_kmeans(Context{}, points, 50, KMeansSeeding::random, 0);
  for (std::size_t k = 0; k < 50; ++k) {
    CHECK(std::lround(drawn[3 * k] / 100) != 4);
    for (std::size_t j = 0; j < k; ++j) CHECK(drawn[3 * k + 1] != drawn[3 * j + 1]);
  }
  CHECK_THROWS(seed_kmeans(Context{}, points, 7201, KMeansSeeding::random, 0), InvalidArgument);
  CHECK_THROWS(seed_kmeans(Context{}, points, 9001, KMeansSeeding::plus_plus, 0), InvalidArgument);
}

TEST(starts_are_the_same_at_every_level) {
  std::mt19937_64 random(11);
  for (const std::size_t dimensions : {1UL, 4UL, 8UL, 11UL}) {
    const auto cloud = normal_cloud<float>(700, dimensions, 1.0, 1.0, random);
    const KMeansPoints<float> points(Context{}, cloud.view(), {});
    std::vector<float> candidates(20 * dimensions);
    for (float& c : candidates) c = std::normal_distribution<float>()(random);
    std::vector<float> weight(704, 0.5F);
    std::vector<float> expected_closest;
    std::vector<double> expected;
    for (const InstructionSet level : supported_instruction_sets()) {
      std::vector<float> closest(704, 1.5F);
      for (std::size_t i = 700; i < 704; ++i) closest[i] = 0.0F;
      std::vector<double> sums(20);
      std::vector<float> buffer(704 * dimensions);
      kmeans_kernels(level).try_seeds(points.groups(kmeans_kernels(level), 0, 700, buffer.data()), 11, dimensions, weight.data(), candidates.data(), 2,
                                      candidates.data(), 20, closest.data(), sums.data());
      if (expected.empty()) {
        expected = sums;
        expected_closest = closest;
        // The candidates that were chosen lower nothing more.
        CHECK(sums[0] == sums[1]);
        double by_hand = 0;
        for (std::size_t i = 0; i < 700; ++i) by_hand += 0.5 * static_cast<double>(closest[i]);
        CHECK(std::abs(sums[0] - by_hand) < 1e-4 * by_hand);
      }
      CHECK(sums == expected);
      CHECK(closest == expected_closest);
    }
  }
}

TEST(identical_points_can_all_be_drawn) {
  const Cloud<double> cloud{std::vector<double>(30, 2.5), 3};
  const KMeansPoints<double> points(Context{}, cloud.view(), {});
  for (const auto seeding : {KMeansSeeding::plus_plus, KMeansSeeding::parallel, KMeansSeeding::random}) {
    const auto centres = seed_kmeans(Context{}, points, 10, seeding, 0);
    CHECK(centres == std::vector<double>(30, 2.5));
  }
}

TEST(bad_input) {
  const Cloud<double> good{{1, 2, 3, 4}, 2};
  const auto points_of = [](std::vector<double> x, std::vector<double> weight) {
    const Cloud<double> cloud{std::move(x), 2};
    const KMeansPoints<double> points(Context{}, cloud.view(), {weight.data(), weight.size()});
  };
  CHECK_THROWS(points_of({}, {}), InvalidArgument);
  CHECK_THROWS(points_of({1, NAN}, {}), InvalidArgument);
  CHECK_THROWS(points_of({1, INFINITY}, {}), InvalidArgument);
  CHECK_THROWS(points_of({INFINITY, 0, -INFINITY, 0}, {}), InvalidArgument);
  CHECK_THROWS(points_of({1e200, 0, -1e200, 0}, {}), InvalidArgument);
  CHECK_THROWS(points_of({1, 2, 3, 4}, {1}), InvalidArgument);
  CHECK_THROWS(points_of({1, 2, 3, 4}, {1, -1}), InvalidArgument);
  CHECK_THROWS(points_of({1, 2, 3, 4}, {0, 0}), InvalidArgument);
  CHECK_THROWS(points_of({1, 2, 3, 4}, {1, NAN}), InvalidArgument);
  const KMeansPoints<double> points(Context{}, good.view(), {});
  CHECK_THROWS(fit_kmeans(Context{}, KMeansParams{}, points, {}), InvalidArgument);
  CHECK_THROWS(fit_kmeans(Context{}, KMeansParams{}, points, {1, 2, 3}), InvalidArgument);
  CHECK_THROWS(fit_kmeans(Context{}, KMeansParams{}, points, {1, NAN}), InvalidArgument);
  CHECK_THROWS(fit_kmeans(Context{}, KMeansParams{0}, points, {1, 2}), InvalidArgument);
}

TEST(model_file) {
  std::mt19937_64 random(12);
  const auto cloud = normal_cloud<float>(2100, 5, 0.0, 1.0, random);
  const auto centres = first_rows(cloud, 9);
  const KMeansPredictor predictor(5, 9, centres);
  archive::Group group("k_means");
  predictor.write(group);
  const PredictorPointer read = KMeansPredictor::read(group);
  const auto expected = nearest_of(cloud, centres);
  std::vector<double> out(2 * cloud.size());
  Context context;
  context.threads = 2;
  read->evaluate(context, cloud.view(), View<double, 2>(out.data(), cloud.size(), 2));
  for (std::size_t i = 0; i < cloud.size(); ++i) {
    double one[2];
    read->evaluate(cloud.x.data() + 5 * i, one);
    CHECK(one[0] == out[2 * i] && one[1] == out[2 * i + 1]);
    CHECK(one[0] == expected[i]);
  }
  float nothing[5] = {0, NAN, 0, 0, 0};
  double one[2];
  read->evaluate(nothing, one);
  CHECK(std::isnan(one[0]) && std::isnan(one[1]));
  const auto broken = [](std::int64_t inputs, std::int64_t clusters, std::vector<double> values) {
    archive::Group made("k_means");
    made.set("layout", std::int64_t{1});
    made.set("n_inputs", inputs);
    made.set("n_clusters", clusters);
    made.set("centres", std::move(values));
    return KMeansPredictor::read(made);
  };
  CHECK(broken(1, 2, {1, 2}) != nullptr);
  CHECK_THROWS(broken(0, 2, {}), FormatError);
  CHECK_THROWS(broken(1, 0, {}), FormatError);
  CHECK_THROWS(broken(1, 2, {1}), FormatError);
  CHECK_THROWS(broken(1, 2, {1, NAN}), FormatError);
  CHECK_THROWS(broken(2147483647, 2147483647, {1}), FormatError);
}

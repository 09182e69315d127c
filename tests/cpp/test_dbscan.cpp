// DBSCAN against its definition, on clouds that are awkward on purpose.
#include <cmath>
#include <random>
#include <vector>

#include "check.hpp"
#include "clustering/dbscan.hpp"
#include "diskern/error.hpp"

using namespace diskern;
using namespace diskern::clustering;

namespace {

struct Cloud {
  std::vector<double> x;
  std::size_t dimensions;
  std::size_t size() const { return x.size() / dimensions; }
  View<const double, 2> view() const { return {x.data(), size(), dimensions}; }
};

Cloud blobs(std::size_t n, std::size_t dimensions, double offset, std::mt19937_64& random) {
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> uniform(-6, 6);
  std::vector<double> centres(7 * dimensions);
  for (double& c : centres) c = uniform(random);
  Cloud cloud{{}, dimensions};
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t blob = random() % 9;
    for (std::size_t d = 0; d < dimensions; ++d) {
      cloud.x.push_back(offset + (blob < 7 ? centres[blob * dimensions + d] + 0.4 * normal(random) : uniform(random)));
    }
  }
  return cloud;
}

// Integer lattice with many points exactly at eps, some of them twice.
Cloud lattice(std::size_t n, std::size_t dimensions, std::mt19937_64& random) {
  Cloud cloud{{}, dimensions};
  for (std::size_t i = 0; i < n * dimensions; ++i) cloud.x.push_back(static_cast<double>(random() % 12));
  return cloud;
}

void compare(const Cloud& cloud, const DbscanParams& params, const std::vector<double>& weight = {}) {
  const View<const double> weights(weight.data(), weight.size());
  const DbscanResult expected = reference_dbscan(params, cloud.view(), weights);
  Dbscan dbscan;
  for (const int threads : {1, 2, 3, 5, 8}) {
    Context context;
    context.threads = threads;
    const DbscanResult& found = dbscan.fit(context, params, cloud.view(), weights);
    CHECK(found.labels == expected.labels);
    CHECK(found.core == expected.core);
    CHECK(found.n_clusters == expected.n_clusters);
    DbscanResult by_tree;
    TreeDbscan().fit(context, params, cloud.view(), weights, by_tree);
    CHECK(by_tree.labels == expected.labels);
    CHECK(by_tree.core == expected.core);
    CHECK(by_tree.n_clusters == expected.n_clusters);
  }
}

}  // namespace

TEST(equals_the_definition) {
  std::mt19937_64 random(3);
  for (const std::size_t dimensions : {1UL, 2UL, 3UL, 4UL, 5UL, 7UL, 12UL}) {
    for (const Metric metric : {Metric::euclidean, Metric::manhattan, Metric::chebyshev}) {
      for (const double min_samples : {1.0, 2.0, 5.0, 40.0}) {
        for (const double eps : {0.2, 0.7, 1.5, 30.0}) compare(blobs(700, dimensions, 0, random), {eps, min_samples, metric});
      }
    }
  }
}

TEST(points_exactly_at_eps) {
  std::mt19937_64 random(4);
  for (const std::size_t dimensions : {1UL, 2UL, 3UL, 4UL, 6UL}) {
    for (const double eps : {1.0, 2.0, 5.0}) {
      for (const double min_samples : {2.0, 4.0}) {
        compare(lattice(600, dimensions, random), {eps, min_samples, Metric::euclidean});
        compare(lattice(600, dimensions, random), {eps, min_samples, Metric::manhattan});
      }
    }
  }
}

TEST(far_from_the_origin_and_outliers) {
  std::mt19937_64 random(5);
  compare(blobs(800, 3, 1e7, random), {0.5, 5, Metric::euclidean});
  compare(blobs(800, 2, -1e12, random), {0.5, 4, Metric::euclidean});
  for (const std::size_t dimensions : {1UL, 2UL, 3UL, 4UL}) {
    Cloud cloud = blobs(800, dimensions, 0, random);
    for (const double far : {1e6, -1e9, 1e15, -1e100}) {
      for (std::size_t d = 0; d < dimensions; ++d) cloud.x.push_back(d == 0 ? far : 0.0);
    }
    compare(cloud, {0.4, 4, Metric::euclidean});
    compare(cloud, {1e-7, 1, Metric::euclidean});
  }
}

TEST(more_pieces_than_one) {
  std::mt19937_64 random(6);
  compare(blobs(9000, 2, 0, random), {0.05, 5, Metric::euclidean});
  compare(blobs(9000, 3, 0, random), {0.3, 5, Metric::euclidean});
}

TEST(weights) {
  std::mt19937_64 random(7);
  const Cloud cloud = blobs(900, 2, 0, random);
  std::vector<double> weight(cloud.size());
  for (double& w : weight) w = static_cast<double>(random() % 5) - 1.0;
  compare(cloud, {0.3, 5, Metric::euclidean}, weight);
  std::fill(weight.begin(), weight.end(), 0.0);
  compare(cloud, {0.3, 5, Metric::euclidean}, weight);
}

TEST(periodic_axes_and_powers) {
  std::mt19937_64 random(8);
  for (const std::size_t dimensions : {1UL, 2UL, 3UL, 6UL}) {
    std::vector<double> periods(dimensions, 0.0);
    periods[0] = 4.0;
    if (dimensions > 2) periods[2] = 2.5;
    for (const Metric metric : {Metric::euclidean, Metric::manhattan, Metric::chebyshev, Metric::minkowski}) {
      for (const double eps : {0.25, 1.0}) {
        compare(blobs(600, dimensions, 1, random), {eps, 4, metric, 1.5, periods});
        compare(lattice(600, dimensions, random), {eps, 4, metric, 3, periods});
      }
    }
    compare(blobs(600, dimensions, 0, random), {0.5, 4, Metric::minkowski, 3});
  }
}

TEST(arcs_on_the_sky) {
  std::mt19937_64 random(9);
  std::uniform_real_distribution<double> uniform(-1, 1);
  std::normal_distribution<double> normal;
  Cloud cloud{{}, 2};
  for (int i = 0; i < 500; ++i) cloud.x.insert(cloud.x.end(), {std::asin(uniform(random)), 4 * uniform(random)});
  for (int i = 0; i < 300; ++i) cloud.x.insert(cloud.x.end(), {1.5 + 0.1 * normal(random), uniform(random)});
  for (int i = 0; i < 100; ++i) cloud.x.insert(cloud.x.end(), {0.01 * static_cast<double>(i % 10), 0.01 * static_cast<double>(i / 10)});
  for (const double eps : {1e-3, 0.01, 0.1, 1.0, 3.0, 4.0}) {
    compare(cloud, {eps, 4, Metric::haversine});
    compare(cloud, {eps, 1, Metric::haversine});
  }
  std::vector<double> weight(cloud.size());
  for (double& w : weight) w = static_cast<double>(random() % 5) - 1.0;
  compare(cloud, {0.05, 3, Metric::haversine}, weight);
}

// Densities that differ by a factor of a million: the grid asks the tree.
TEST(very_different_densities) {
  std::mt19937_64 random(10);
  std::normal_distribution<double> normal;
  for (const std::size_t dimensions : {2UL, 7UL}) {
    Cloud cloud{{}, dimensions};
    for (std::size_t i = 0; i < 9000 * dimensions; ++i) {
      cloud.x.push_back((i / dimensions % 10 == 0 ? 1000.0 : 1.0) * normal(random));
    }
    const DbscanParams params{dimensions == 2 ? 0.01 : 1.0, 6, Metric::euclidean};
    Dbscan dbscan;
    Context context;
    context.threads = 2;
    const DbscanResult expected = reference_dbscan(params, cloud.view());
    const DbscanResult& found = dbscan.fit(context, params, cloud.view());
    CHECK(found.labels == expected.labels);
    DbscanResult by_tree;
    TreeDbscan().fit(context, params, cloud.view(), {}, by_tree);
    CHECK(by_tree.labels == expected.labels);
  }
}

TEST(many_dimensions_without_clusters) {
  std::mt19937_64 random(11);
  std::uniform_real_distribution<double> uniform(0, 1);
  for (const std::size_t dimensions : {12UL, 25UL}) {
    Cloud cloud{{}, dimensions};
    for (std::size_t i = 0; i < 1500 * dimensions; ++i) cloud.x.push_back(uniform(random));
    const double scale = std::sqrt(static_cast<double>(dimensions) / 6);
    for (const Metric metric : {Metric::euclidean, Metric::manhattan, Metric::chebyshev, Metric::minkowski}) {
      const double far = metric == Metric::manhattan ? 0.24 * static_cast<double>(dimensions) : 0.62 * scale;
      compare(cloud, {metric == Metric::chebyshev ? 0.6 : far, 6, metric, 3});
    }
  }
}

TEST(special_clouds) {
  const std::vector<double> same(300, 2.5);
  compare({same, 2}, {0.1, 5, Metric::euclidean});
  compare({{1.0, 2.0}, 2}, {0.1, 1, Metric::euclidean});
  compare({{1.0, 2.0}, 2}, {0.1, 2, Metric::euclidean});
  std::vector<double> line;
  for (int i = 0; i < 500; ++i) line.insert(line.end(), {0.1 * i, 0.0, 7.0});
  compare({line, 3}, {0.1, 2, Metric::euclidean});
  compare({line, 3}, {0.1000001, 3, Metric::chebyshev});
}

TEST(bad_input) {
  Dbscan dbscan;
  const std::vector<double> x = {0, 1, 2, 3};
  const View<const double, 2> points(x.data(), 2, 2);
  CHECK_THROWS(dbscan.fit({}, {0.0, 5, Metric::euclidean}, points), InvalidArgument);
  CHECK_THROWS(dbscan.fit({}, {std::nan(""), 5, Metric::euclidean}, points), InvalidArgument);
  CHECK_THROWS(dbscan.fit({}, {1.0, 0, Metric::euclidean}, points), InvalidArgument);
  CHECK_THROWS(dbscan.fit({}, {1.0, 5, Metric::euclidean}, View<const double, 2>(x.data(), 0, 2)), InvalidArgument);
  CHECK_THROWS(dbscan.fit({}, {1.0, 5, Metric::euclidean}, points, View<const double>(x.data(), 3)), InvalidArgument);
  CHECK_THROWS(dbscan.fit({}, {1.0, 5, Metric::haversine}, View<const double, 2>(x.data(), 4, 1)), InvalidArgument);
  CHECK_THROWS(dbscan.fit({}, {1.0, 5, Metric::minkowski, 0.0}, points), InvalidArgument);
  CHECK_THROWS(dbscan.fit({}, {1.0, 5, Metric::euclidean, 2, {1.0}}, points), InvalidArgument);
  CHECK_THROWS(dbscan.fit({}, {1.0, 5, Metric::haversine, 2, {1.0, 1.0}}, points), InvalidArgument);
  const std::vector<double> bad = {0, 1, std::nan(""), 3};
  CHECK_THROWS(dbscan.fit({}, {1.0, 5, Metric::euclidean}, View<const double, 2>(bad.data(), 2, 2)), InvalidArgument);
}

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
  const std::vector<double> bad = {0, 1, std::nan(""), 3};
  CHECK_THROWS(dbscan.fit({}, {1.0, 5, Metric::euclidean}, View<const double, 2>(bad.data(), 2, 2)), InvalidArgument);
}

// Looking at all leaves for many queries at a time, by differences and by products, against sorting all distances.
#include <algorithm>
#include <cmath>
#include <random>
#include <utility>
#include <vector>

#include "base/aligned.hpp"
#include "check.hpp"
#include "neighbours/kd_tree.hpp"

using namespace diskern;

namespace {

struct Cloud {
  std::vector<double> x;
  std::size_t dimensions;
  std::size_t size() const { return x.size() / dimensions; }
  View<const double, 2> view() const { return {x.data(), size(), dimensions}; }
};

double square(View<const double> a, View<const double> b) {
  double sum = 0;
  for (std::size_t d = 0; d < a.size(); ++d) sum += (a[d] - b[d]) * (a[d] - b[d]);
  return sum;
}

Cloud blobs(std::size_t n, std::size_t dimensions, double offset, std::mt19937_64& random) {
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> uniform(-6, 6);
  std::vector<double> centres(4 * dimensions);
  for (double& c : centres) c = uniform(random);
  Cloud cloud{{}, dimensions};
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t blob = random() % 5;
    for (std::size_t d = 0; d < dimensions; ++d) {
      cloud.x.push_back(offset + (blob < 4 ? centres[blob * dimensions + d] + 0.4 * normal(random) : uniform(random)));
    }
  }
  return cloud;
}

Cloud lattice(std::size_t n, std::size_t dimensions, std::mt19937_64& random) {
  Cloud cloud{{}, dimensions};
  for (std::size_t i = 0; i < n * dimensions; ++i) cloud.x.push_back(static_cast<double>(random() % 3));
  return cloud;
}

// Every door, every instruction set, against the definition.
void compare(const Cloud& points) {
  const std::size_t n = points.size();
  KdTree tree;
  tree.build({}, points.view());
  CHECK(tree.can_use_products());
  std::vector<std::vector<std::pair<double, std::int64_t>>> expected(n);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      expected[i].emplace_back(square(points.view().row(j), points.view().row(i)), static_cast<std::int64_t>(j));
    }
    std::sort(expected[i].begin(), expected[i].end());
  }
  for (const InstructionSet level : supported_instruction_sets()) {
    tree.use_kernels(level);
    for (const SearchOrder order : {SearchOrder::scan, SearchOrder::products}) {
      for (std::size_t k : {1UL, 20UL, 64UL, 65UL, 300UL}) {
        k = std::min(k, n);
        std::vector<double> distances(n * k);
        std::vector<std::int64_t> indices(n * k);
        tree.nearest_of_points({}, k, {distances.data(), n, k}, {indices.data(), n, k}, order);
        std::size_t wrong = 0;
        for (std::size_t i = 0; i < n; ++i) {
          for (std::size_t j = 0; j < k; ++j) {
            wrong += indices[i * k + j] != expected[i][j].second;
            wrong += distances[i * k + j] != std::sqrt(expected[i][j].first);
          }
        }
        CHECK(wrong == 0);
      }
    }
    // Counts: limits that are distances of points, so that some lie exactly on them.
    std::vector<double> exact(kd_scan_queries * points.dimensions);
    std::vector<float> single(exact.size());
    std::vector<KdQuery> queries;
    std::vector<std::size_t> rows;
    for (std::size_t leaf = 0; leaf < tree.view().leaves; ++leaf) {
      for (std::size_t slot = 0; slot < tree.points_of_leaf(leaf) && queries.size() < 100; ++slot) {
        const std::size_t offset = queries.size() * points.dimensions;
        queries.push_back(tree.query_of_slot(leaf, slot, exact.data() + offset, single.data() + offset));
        rows.push_back(tree.view().index[leaf * tree.view().capacity + slot]);
      }
    }
    AlignedVector<float> packed(product_packed(points.dimensions));
    for (const std::size_t rank : {0UL, 5UL, n / 3, n - 1}) {
      const double limit = expected[rows[0]][rank].first;
      for (const std::size_t enough : {n + 1, 7UL}) {
        std::vector<std::size_t> counts(queries.size());
        std::vector<std::size_t> by_products(queries.size());
        tree.kernels().scan_count(tree.view(), Metric::euclidean, queries.data(), queries.size(), limit, enough,
                                  counts.data());
        tree.kernels().scan_products_count(tree.view(), queries.data(), queries.size(), limit, enough, packed.data(),
                                           by_products.data());
        for (std::size_t q = 0; q < queries.size(); ++q) {
          std::size_t all = 0;
          for (const auto& one : expected[rows[q]]) all += one.first <= limit ? 1 : 0;
          CHECK(std::min(counts[q], enough) == std::min(all, enough));
          CHECK(std::min(by_products[q], enough) == std::min(all, enough));
        }
      }
    }
  }
}

}  // namespace

TEST(blobs_of_many_dimensions) {
  std::mt19937_64 random(1);
  for (const std::size_t dimensions : {6UL, 7UL, 16UL, 33UL, 70UL}) {
    for (const std::size_t n : {17UL, 120UL, 333UL, 700UL}) compare(blobs(n, dimensions, 0, random));
  }
}

TEST(ties_and_duplicates) {
  std::mt19937_64 random(2);
  compare(lattice(600, 6, random));
  compare(lattice(400, 16, random));
  compare({std::vector<double>(16 * 600, 2.5), 16});
}

TEST(where_products_see_little) {
  std::mt19937_64 random(3);
  compare(blobs(400, 16, 1e7, random));
  for (const double far : {1e4, 1e9, 1e100}) {
    Cloud cloud = blobs(300, 16, 0, random);
    for (std::size_t d = 0; d < 16; ++d) cloud.x[5 * 16 + d] = far;
    compare(cloud);
  }
}

TEST(queries_out_of_range_of_float32_products) {
  std::mt19937_64 random(4);
  const Cloud points = blobs(300, 8, 0, random);
  Cloud queries = blobs(20, 8, 0, random);
  for (const double far : {1e20, 1e40, 1e149}) queries.x[far < 1e30 ? 8 : 16] = far;
  KdTree tree;
  tree.build({}, points.view());
  constexpr std::size_t k = 7;
  std::vector<double> distances(queries.size() * k);
  std::vector<std::int64_t> indices(queries.size() * k);
  tree.nearest({}, queries.view(), k, {distances.data(), queries.size(), k}, {indices.data(), queries.size(), k},
               SearchOrder::products);
  for (std::size_t q = 0; q < queries.size(); ++q) {
    std::vector<std::pair<double, std::int64_t>> expected;
    for (std::size_t j = 0; j < points.size(); ++j) {
      expected.emplace_back(square(points.view().row(j), queries.view().row(q)), static_cast<std::int64_t>(j));
    }
    std::sort(expected.begin(), expected.end());
    for (std::size_t j = 0; j < k; ++j) CHECK(indices[q * k + j] == expected[j].second);
  }
}

TEST(the_choice_follows_the_data) {
  std::mt19937_64 random(5);
  std::uniform_real_distribution<double> uniform(0, 1);
  Cloud cloud{{}, 32};
  for (std::size_t i = 0; i < 2000 * 32; ++i) cloud.x.push_back(uniform(random));
  KdTree tree;
  tree.build({}, cloud.view());
  std::vector<double> exact(32);
  std::vector<float> single(32);
  CHECK(tree.products_resolve(tree.query_of_slot(0, 0, exact.data(), single.data()), 1.0));
  // One point a million widths away: float32 products tell nothing about the others.
  for (std::size_t d = 0; d < 32; ++d) cloud.x[d] = 1e6;
  tree.build({}, cloud.view());
  CHECK(!tree.products_resolve(tree.query_of_slot(1, 0, exact.data(), single.data()), 1.0));
}

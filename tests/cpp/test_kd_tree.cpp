// The k-d tree against a search of all points in float64, on clouds that are awkward on purpose.
#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "check.hpp"
#include "diskern/error.hpp"
#include "neighbours/kd_tree.hpp"

using namespace diskern;

namespace {

struct Cloud {
  std::vector<double> x;
  std::size_t dimensions;
  std::size_t size() const { return x.size() / dimensions; }
  View<const double, 2> view() const { return {x.data(), size(), dimensions}; }
};

double difference(const Distance& distance, double a, double b, std::size_t d) {
  if (!distance.periods.empty() && distance.periods[d] > 0) {
    const double period = distance.periods[d];
    const double direct = std::abs(std::remainder(a, period) - std::remainder(b, period));
    return std::min(period - direct, direct);
  }
  return std::abs(a - b);
}

double reduced(const Distance& distance, View<const double> a, View<const double> b) {
  double sum = 0;
  for (std::size_t d = 0; d < a.size(); ++d) {
    const double by = difference(distance, a[d], b[d], d);
    switch (distance.metric) {
      case Metric::euclidean:
        sum += by * by;
        break;
      case Metric::manhattan:
        sum += by;
        break;
      case Metric::chebyshev:
        sum = std::max(sum, by);
        break;
      default:
        sum += std::pow(by, distance.power);
    }
  }
  return sum;
}

double root(const Distance& distance, double sum) {
  if (distance.metric == Metric::euclidean) return std::sqrt(sum);
  if (distance.metric == Metric::minkowski) return std::pow(sum, 1.0 / distance.power);
  return sum;
}

using Pair = std::pair<double, std::int64_t>;

std::vector<Pair> all_sorted(const Distance& distance, const Cloud& points, View<const double> query) {
  std::vector<Pair> all;
  for (std::size_t i = 0; i < points.size(); ++i) {
    all.emplace_back(reduced(distance, points.view().row(i), query), static_cast<std::int64_t>(i));
  }
  std::sort(all.begin(), all.end());
  return all;
}

void compare(const Cloud& points, const Cloud& queries, const Distance& distance, int threads) {
  Context context;
  context.threads = threads;
  KdTree tree;
  tree.build(context, points.view(), distance);
  std::vector<std::vector<Pair>> expected;
  for (std::size_t q = 0; q < queries.size(); ++q) expected.push_back(all_sorted(distance, points, queries.view().row(q)));
  for (std::size_t k : {1UL, 5UL, 8UL, 9UL, 20UL, 32UL, 33UL, 64UL, 65UL, 500UL}) {
    k = std::min(k, points.size());
    std::vector<double> distances(queries.size() * k);
    std::vector<std::int64_t> indices(queries.size() * k);
    tree.nearest(context, queries.view(), k, {distances.data(), queries.size(), k}, {indices.data(), queries.size(), k});
    for (std::size_t q = 0; q < queries.size(); ++q) {
      for (std::size_t j = 0; j < k; ++j) {
        CHECK(distances[q * k + j] == root(distance, expected[q][j].first));
      }
    }
  }
  std::vector<std::int64_t> counts(queries.size());
  std::vector<double> radii = {0.0, 1.0, 1e300, INFINITY};
  for (const std::size_t rank : {0UL, points.size() / 7, points.size() / 2, points.size() - 1}) {
    radii.push_back(root(distance, expected[0][rank].first));
  }
  for (const double radius : radii) {
    const double limit = tree.reduced_distance(radius);
    tree.count_within(context, queries.view(), radius, {counts.data(), counts.size()});
    const WithinRadius by_index = tree.within(context, queries.view(), radius, false);
    const WithinRadius by_distance = tree.within(context, queries.view(), radius, true);
    for (std::size_t q = 0; q < queries.size(); ++q) {
      std::vector<Pair> within;
      for (const Pair& one : expected[q]) {
        if (one.first <= limit) within.push_back(one);
      }
      CHECK(counts[q] == static_cast<std::int64_t>(within.size()));
      const auto begin = static_cast<std::size_t>(by_index.offsets[q]);
      CHECK(by_index.offsets[q + 1] - by_index.offsets[q] == counts[q]);
      CHECK(by_distance.offsets[q + 1] - by_distance.offsets[q] == counts[q]);
      for (std::size_t j = 0; j < within.size(); ++j) {
        CHECK(by_distance.indices[begin + j] == within[j].second);
        CHECK(by_distance.distances[begin + j] == root(distance, within[j].first));
      }
      std::sort(within.begin(), within.end(), [](const Pair& a, const Pair& b) { return a.second < b.second; });
      for (std::size_t j = 0; j < within.size(); ++j) {
        CHECK(by_index.indices[begin + j] == within[j].second);
        CHECK(by_index.distances[begin + j] == root(distance, within[j].first));
      }
    }
    tree.count_within(context, queries.view(), radius, {counts.data(), counts.size()}, 3);
    for (std::size_t q = 0; q < queries.size(); ++q) {
      const auto exact = by_index.offsets[q + 1] - by_index.offsets[q];
      CHECK(exact < 3 ? counts[q] == exact : counts[q] >= 3);
    }
  }
}

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

Cloud lattice(std::size_t n, std::size_t dimensions, std::mt19937_64& random) {
  Cloud cloud{{}, dimensions};
  for (std::size_t i = 0; i < n * dimensions; ++i) cloud.x.push_back(static_cast<double>(random() % 6));
  return cloud;
}

std::vector<Distance> distances_of(std::size_t dimensions) {
  std::vector<Distance> all = {{Metric::euclidean, 2, {}},
                               {Metric::manhattan, 2, {}},
                               {Metric::chebyshev, 2, {}},
                               {Metric::minkowski, 3, {}},
                               {Metric::minkowski, 0.5, {}}};
  std::vector<double> periods(dimensions, 0.0);
  periods[0] = 5.0;
  if (dimensions > 2) periods[2] = 2.5;
  for (const Metric metric : {Metric::euclidean, Metric::manhattan, Metric::chebyshev, Metric::minkowski}) {
    all.push_back({metric, 1.5, periods});
  }
  return all;
}

}  // namespace

TEST(equals_a_search_of_all_points) {
  std::mt19937_64 random(1);
  int threads = 1;
  for (const std::size_t dimensions : {1UL, 2UL, 3UL, 4UL, 5UL, 6UL, 7UL, 8UL, 11UL}) {
    for (const Distance& distance : distances_of(dimensions)) {
      const Cloud points = blobs(dimensions < 4 ? 900 : 500, dimensions, 0, random);
      compare(points, blobs(7, dimensions, 0, random), distance, threads);
      threads = threads % 3 + 1;
    }
  }
}

TEST(ties_by_index_on_lattices) {
  std::mt19937_64 random(2);
  for (const std::size_t dimensions : {1UL, 2UL, 3UL, 5UL}) {
    for (const Distance& distance : distances_of(dimensions)) {
      compare(lattice(700, dimensions, random), lattice(6, dimensions, random), distance, 2);
    }
  }
}

TEST(far_from_the_origin_and_outliers) {
  std::mt19937_64 random(3);
  for (const double offset : {1e7, -1e12}) {
    const Cloud points = blobs(800, 3, offset, random);
    Cloud queries = blobs(4, 3, offset, random);
    queries.x.insert(queries.x.end(), {0, 0, 0, 1e150, 0, 0});
    compare(points, queries, {}, 2);
  }
  Cloud cloud = blobs(800, 2, 0, random);
  for (const double far : {1e6, -1e9, 1e15, -1e100, 1e149}) cloud.x.insert(cloud.x.end(), {far, 0.0});
  compare(cloud, blobs(5, 2, 0, random), {}, 2);
  Cloud tiny{{}, 2};
  for (int i = 0; i < 200; ++i) tiny.x.push_back(1e-200 * static_cast<double>(random() % 100));
  compare(tiny, {{1e-199, 2e-199, 0, 0}, 2}, {Metric::manhattan, 2, {}}, 1);
  compare(tiny, {{1e-199, 2e-199, 0, 0}, 2}, {}, 1);
}

TEST(special_clouds) {
  compare({{1.5, 2.5, 3.5}, 3}, {{0, 0, 0, 1.5, 2.5, 3.5}, 3}, {}, 1);
  compare({std::vector<double>(600, 2.5), 2}, {{2.5, 2.5, 0, 0}, 2}, {}, 2);
  Cloud line{{}, 3};
  for (int i = 0; i < 300; ++i) line.x.insert(line.x.end(), {0.1 * i, 0.2 * i, 7.0});
  compare(line, {{3.0, 6.0, 7.0, -1.0, 50.0, 7.0}, 3}, {}, 2);
}

TEST(points_as_their_own_queries) {
  std::mt19937_64 random(4);
  const Cloud points = blobs(3000, 3, 0, random);
  KdTree tree;
  tree.build({}, points.view());
  constexpr std::size_t k = 12;
  std::vector<double> distances(points.size() * k);
  std::vector<std::int64_t> indices(points.size() * k);
  std::vector<double> others(points.size() * k);
  std::vector<std::int64_t> other_indices(points.size() * k);
  tree.nearest({}, points.view(), k, {distances.data(), points.size(), k}, {indices.data(), points.size(), k});
  for (const int threads : {1, 2, 3, 5, 8}) {
    Context context;
    context.threads = threads;
    tree.nearest_of_points(context, k, {others.data(), points.size(), k}, {other_indices.data(), points.size(), k});
    CHECK(distances == others);
    CHECK(indices == other_indices);
    others.assign(others.size(), 0.0);
    tree.nearest_of_points(context, k, {others.data(), points.size(), k}, {other_indices.data(), points.size(), k},
                           SearchOrder::scan);
    CHECK(distances == others);
    CHECK(indices == other_indices);
  }
}

TEST(kernels_of_every_level_agree) {
  std::mt19937_64 random(5);
  for (const std::size_t dimensions : {2UL, 3UL, 8UL, 10UL}) {
    const Cloud points = blobs(1200, dimensions, 3, random);
    const Cloud queries = blobs(20, dimensions, 3, random);
    for (const Distance& distance : distances_of(dimensions)) {
      std::vector<std::vector<std::uint32_t>> answers;
      for (const InstructionSet level : supported_instruction_sets()) {
        KdTree tree;
        tree.build({}, points.view(), distance);
        tree.use_kernels(level);
        std::vector<std::uint32_t> answer;
        std::vector<float> scratch(tree.query_scratch());
        std::vector<double> query(dimensions);
        for (std::size_t q = 0; q < queries.size(); ++q) {
          for (std::size_t d = 0; d < dimensions; ++d) {
            query[d] = queries.view()(q, d);
            if (!distance.periods.empty() && distance.periods[d] > 0) query[d] = std::remainder(query[d], distance.periods[d]);
          }
          for (const std::size_t k : {3UL, 20UL, 40UL, 100UL}) {
            std::vector<double> reduced_distances(k);
            std::vector<std::uint32_t> index(k);
            tree.nearest(query.data(), k, reduced_distances.data(), index.data(), scratch.data());
            answer.insert(answer.end(), index.begin(), index.end());
          }
        }
        answers.push_back(answer);
      }
      for (const auto& answer : answers) CHECK(answer == answers.front());
    }
  }
}

TEST(sums_over_boxes) {
  std::mt19937_64 random(6);
  for (const std::size_t dimensions : {1UL, 2UL, 4UL}) {
    for (const bool grid : {false, true}) {
      const Cloud points = grid ? lattice(2000, dimensions, random) : blobs(2000, dimensions, 1, random);
      std::vector<double> weight(points.size() * 2);
      for (double& w : weight) w = static_cast<double>(random() % 9) - 2.0;
      KdTree tree;
      tree.build({}, points.view(), {}, View<const double, 2>(weight.data(), points.size(), 2));
      std::vector<float> scratch(2 * tree.query_scratch());
      for (int trial = 0; trial < 200; ++trial) {
        std::vector<double> low(dimensions);
        std::vector<double> high(dimensions);
        for (std::size_t d = 0; d < dimensions; ++d) {
          low[d] = points.view()(random() % points.size(), d);
          high[d] = points.view()(random() % points.size(), d);
          if (low[d] > high[d]) std::swap(low[d], high[d]);
          if (trial % 3 == 0) low[d] = -1e300;
          if (trial % 7 == 0) high[d] = INFINITY;
        }
        std::size_t expected = 0;
        double expected_sums[2] = {0, 0};
        for (std::size_t i = 0; i < points.size(); ++i) {
          bool inside = true;
          for (std::size_t d = 0; d < dimensions; ++d) {
            inside = inside && points.view()(i, d) >= low[d] && points.view()(i, d) <= high[d];
          }
          if (!inside) continue;
          ++expected;
          for (std::size_t c = 0; c < 2; ++c) expected_sums[c] += weight[2 * i + c];
        }
        for (const InstructionSet level : supported_instruction_sets()) {
          tree.use_kernels(level);
          double sums[2] = {0, 0};
          CHECK(tree.box_sums(low.data(), high.data(), sums, scratch.data()) == expected);
          CHECK(sums[0] == expected_sums[0] && sums[1] == expected_sums[1]);
        }
      }
    }
  }
}

TEST(bad_input) {
  const std::vector<double> x = {0, 1, 2, 3};
  const View<const double, 2> points(x.data(), 2, 2);
  KdTree tree;
  CHECK_THROWS(tree.build({}, View<const double, 2>(x.data(), 0, 2)), InvalidArgument);
  CHECK_THROWS(tree.build({}, View<const double, 2>(x.data(), 2, 0)), InvalidArgument);
  CHECK_THROWS(tree.build({}, points, {Metric::minkowski, 0.0, {}}), InvalidArgument);
  CHECK_THROWS(tree.build({}, points, {Metric::haversine, 2, {}}), InvalidArgument);
  CHECK_THROWS(tree.build({}, points, {Metric::euclidean, 2, {1.0}}), InvalidArgument);
  CHECK_THROWS(tree.build({}, points, {Metric::euclidean, 2, {1.0, -1.0}}), InvalidArgument);
  for (const double value : {std::nan(""), 1e200}) {
    const std::vector<double> bad = {0, 1, value, 3};
    CHECK_THROWS(tree.build({}, View<const double, 2>(bad.data(), 2, 2)), InvalidArgument);
  }
  tree.build({}, points);
  double distance[3];
  std::int64_t index[3];
  CHECK_THROWS(tree.nearest({}, points, 3, {distance, 1, 3}, {index, 1, 3}), InvalidArgument);
  CHECK_THROWS(tree.nearest({}, points, 0, {distance, 2, 0}, {index, 2, 0}), InvalidArgument);
  CHECK_THROWS(tree.nearest({}, View<const double, 2>(x.data(), 4, 1), 1, {distance, 1, 1}, {index, 1, 1}), InvalidArgument);
  CHECK_THROWS(tree.within({}, points, -1.0, false), InvalidArgument);
}

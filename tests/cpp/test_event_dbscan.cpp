// DBSCAN of one event after another: the labels of the definition, and no allocation.
#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <utility>
#include <vector>

#include "check.hpp"
#include "clustering/dbscan.hpp"
#include "count_allocations.hpp"
#include "diskern/clustering.hpp"

using namespace diskern;

namespace {

struct Event {
  std::vector<double> x;
  std::size_t dimensions;
  View<const double, 2> view() const { return {x.data(), x.size() / dimensions, dimensions}; }
};

// Hits of a few tracks and noise, of very different density from event to event.
Event random_event(std::size_t hits, std::size_t dimensions, std::mt19937_64& random) {
  std::uniform_real_distribution<double> uniform(-10, 10);
  std::normal_distribution<double> normal;
  Event event{{}, dimensions};
  const double width = std::exp(uniform(random) / 4);
  std::vector<double> centre(5 * dimensions);
  for (double& c : centre) c = uniform(random);
  for (std::size_t i = 0; i < hits; ++i) {
    const std::size_t blob = random() % 6;
    for (std::size_t d = 0; d < dimensions; ++d) {
      event.x.push_back(blob < 5 ? centre[blob * dimensions + d] + width * normal(random) : uniform(random));
    }
  }
  return event;
}

}  // namespace

TEST(equals_the_definition_event_after_event) {
  std::mt19937_64 random(1);
  EventDbscan dbscan({0.5, 4});
  for (int k = 0; k < 60; ++k) {
    const Event event = random_event(1 + random() % 400, 1 + random() % 5, random);
    clustering::DbscanParams params;
    params.eps = 0.5;
    params.min_samples = 4;
    const auto expected = clustering::reference_dbscan(params, event.view());
    CHECK_EQUAL(dbscan.cluster(event.view()), expected.n_clusters);
    CHECK_EQUAL(dbscan.cluster_count(), expected.n_clusters);
    CHECK_EQUAL(dbscan.size(), expected.labels.size());
    CHECK(std::equal(expected.labels.begin(), expected.labels.end(), dbscan.labels(), dbscan.labels() + dbscan.size()));
    CHECK(std::equal(expected.core.begin(), expected.core.end(), dbscan.core(), dbscan.core() + dbscan.size()));
  }
}

// Cells wider than eps, cells that turn out crowded, and a range too large for a table of cells.
TEST(few_points_in_a_wide_range) {
  std::mt19937_64 random(2);
  EventDbscan dbscan({0.3, 3});
  clustering::DbscanParams params;
  params.eps = 0.3;
  params.min_samples = 3;
  for (const double outlier : {0.0, 30.0, 60.0, 100.0, 1e4, 1e9, 1e15}) {
    for (const std::size_t dimensions : {1UL, 2UL, 3UL, 4UL, 6UL}) {
      Event event = random_event(500, dimensions, random);
      for (std::size_t i = 0; i < 100 * dimensions; ++i) event.x.push_back(0.01 * static_cast<double>(random() % 50));
      for (std::size_t d = 0; d < dimensions; ++d) event.x.push_back(outlier);
      const auto expected = clustering::reference_dbscan(params, event.view());
      dbscan.cluster(event.view());
      CHECK(std::equal(expected.labels.begin(), expected.labels.end(), dbscan.labels(), dbscan.labels() + dbscan.size()));
    }
  }
}

TEST(no_allocation_after_the_first_event) {
  std::mt19937_64 random(3);
  for (const std::size_t hits : {2000UL, 20000UL}) {
    EventDbscan dbscan({0.4, 5});
    std::vector<Event> events;
    events.push_back(random_event(hits, 3, random));
    for (int k = 0; k < 20; ++k) events.push_back(random_event(1 + random() % hits, 1 + random() % 3, random));
    events[3].x[0] = 1e15;  // too far for a table of cells
    std::vector<float> single(events[0].x.begin(), events[0].x.end());
    std::vector<double> weight(hits, 0.5);
    std::size_t used = 0;
    for (std::size_t k = 0; k < events.size(); ++k) {
      const std::size_t before = allocations;
      dbscan.cluster(events[k].view());
      used = allocations - before;
      if (k == 0) CHECK(used > 0);  // the counter counts
      if (k > 0) CHECK_EQUAL(used, std::size_t{0});
    }
    dbscan.cluster(View<const float, 2>(single.data(), hits, 3));
    const std::size_t before = allocations;
    dbscan.cluster(View<const float, 2>(single.data(), hits, 3), View<const double>(weight.data(), hits));
    dbscan.cluster(View<const double, 2>());
    CHECK_EQUAL(allocations - before, std::size_t{0});
  }
}

TEST(none_at_all_after_reserve) {
  std::mt19937_64 random(4);
  const Event event = random_event(3000, 3, random);
  EventDbscan dbscan({0.4, 5});
  dbscan.reserve(3000, 3);
  const std::size_t before = allocations;
  dbscan.cluster(event.view());
  CHECK_EQUAL(allocations - before, std::size_t{0});

  std::vector<float> x(3000 * 3);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(event.view().data()[i]);
  EventDbscan single({0.4, 5});
  single.reserve(3000, 3);
  const std::size_t before_single = allocations;
  single.cluster(View<const float, 2>(x.data(), 3000, 3));
  CHECK_EQUAL(allocations - before_single, std::size_t{0});
}

TEST(float32_weights_and_metrics) {
  // Three points on a line, 1 apart: neighbours at eps = 1 by any metric.
  const std::vector<float> line = {0, 0, 1, 0, 2, 0, 9, 9};
  const View<const float, 2> points(line.data(), 4, 2);
  EventDbscan dbscan({1.0, 3});
  CHECK_EQUAL(dbscan.cluster(points), std::int64_t{1});
  CHECK_EQUAL(dbscan.labels()[0], std::int64_t{0});
  CHECK_EQUAL(int{dbscan.core()[0]}, 0);
  CHECK_EQUAL(int{dbscan.core()[1]}, 1);
  CHECK_EQUAL(dbscan.labels()[3], EventDbscan::noise);
  const std::vector<double> weight = {3, -2, 1, 3};
  // 3 - 2 = 1, 3 - 2 + 1 = 2, -1, 3: the last alone.
  CHECK_EQUAL(dbscan.cluster(points, View<const double>(weight.data(), 4)), std::int64_t{1});
  CHECK_EQUAL(dbscan.labels()[3], std::int64_t{0});
  CHECK_EQUAL(dbscan.labels()[1], EventDbscan::noise);
  const std::vector<double> corner = {0, 0, 1, 1};
  const View<const double, 2> diagonal(corner.data(), 2, 2);
  CHECK_EQUAL(EventDbscan({1.5, 2, EventDbscan::Metric::euclidean}).cluster(diagonal), std::int64_t{1});
  CHECK_EQUAL(EventDbscan({1.5, 2, EventDbscan::Metric::manhattan}).cluster(diagonal), std::int64_t{0});
  CHECK_EQUAL(EventDbscan({1.0, 2, EventDbscan::Metric::chebyshev}).cluster(diagonal), std::int64_t{1});
  EventDbscan moved = std::move(dbscan);
  CHECK_EQUAL(moved.params().eps, 1.0);
}

TEST(bad_input) {
  const double infinity = std::numeric_limits<double>::infinity();
  CHECK_THROWS(EventDbscan({0, 5}), InvalidArgument);
  CHECK_THROWS(EventDbscan({-1, 5}), InvalidArgument);
  CHECK_THROWS(EventDbscan({infinity, 5}), InvalidArgument);
  CHECK_THROWS(EventDbscan({1, 0}), InvalidArgument);
  CHECK_THROWS(EventDbscan({1, 5, static_cast<EventDbscan::Metric>(9)}), InvalidArgument);
  EventDbscan dbscan({1, 1});
  const std::vector<double> bad = {0, std::nan(""), 1, 1};
  CHECK_THROWS(dbscan.cluster(View<const double, 2>(bad.data(), 2, 2)), InvalidArgument);
  CHECK_EQUAL(dbscan.size(), std::size_t{0});
  const std::vector<double> good = {0, 0, 1, 1};
  const std::vector<double> weight = {1, 1, 1};
  CHECK_THROWS(dbscan.cluster(View<const double, 2>(good.data(), 2, 2), View<const double>(weight.data(), 3)),
               InvalidArgument);
  CHECK_EQUAL(dbscan.cluster(View<const double, 2>(good.data(), 2, 2)), std::int64_t{2});
  CHECK_EQUAL(dbscan.cluster(View<const double, 2>(good.data(), 0, 2)), std::int64_t{0});
  CHECK_EQUAL(dbscan.size(), std::size_t{0});
}

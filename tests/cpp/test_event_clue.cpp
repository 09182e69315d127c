// CLUE of one event after another: the numbers of the definition, and no allocation.
#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <utility>
#include <vector>

#include "check.hpp"
#include "clustering/clue.hpp"
#include "count_allocations.hpp"
#include "diskern/clustering.hpp"

using namespace diskern;

namespace {

struct Event {
  std::size_t dimensions = 2;
  std::vector<double> x;
  std::vector<double> energy;
  std::vector<std::int64_t> layer;
  View<const double, 2> cells() const { return {x.data(), energy.size(), dimensions}; }
  View<const double> energies() const { return {energy.data(), energy.size()}; }
  View<const std::int64_t> layers() const { return {layer.data(), layer.size()}; }
};

Event random_event(std::size_t cells, std::size_t dimensions, bool layered, std::mt19937_64& random) {
  std::normal_distribution<double> normal;
  std::exponential_distribution<double> exponential;
  const double width = std::exp(normal(random));
  Event event;
  event.dimensions = dimensions;
  for (std::size_t i = 0; i < cells; ++i) {
    for (std::size_t d = 0; d < dimensions; ++d) {
      event.x.push_back(5.0 * static_cast<double>(random() % 3) + width * normal(random));
    }
    event.energy.push_back(exponential(random));
    if (layered) event.layer.push_back(static_cast<std::int64_t>(random() % 4));
  }
  return event;
}

void check_same(const EventClue& found, const clustering::ClueResult& expected) {
  const std::size_t n = expected.labels.size();
  CHECK_EQUAL(found.size(), n);
  CHECK_EQUAL(found.cluster_count(), static_cast<std::int64_t>(expected.seeds.size()));
  CHECK(std::equal(expected.labels.begin(), expected.labels.end(), found.labels()));
  CHECK(std::equal(expected.seeds.begin(), expected.seeds.end(), found.seeds()));
  CHECK(std::equal(expected.density.begin(), expected.density.end(), found.density()));
  CHECK(std::equal(expected.nearest_higher.begin(), expected.nearest_higher.end(), found.nearest_higher()));
  CHECK(std::equal(expected.distance.begin(), expected.distance.end(), found.distance()));
}

}  // namespace

TEST(equals_the_definition_event_after_event) {
  std::mt19937_64 random(1);
  EventClue clue({0.4, 2.0, 0.6, 2.0});
  std::int64_t clusters = 0;
  for (int k = 0; k < 60; ++k) {
    const Event event = random_event(1 + random() % 400, 1 + random() % 3, k % 2 == 0, random);
    const auto expected =
        clustering::reference_clue({0.4, 2.0, 0.6, 2.0}, event.cells(), event.energies(), event.layers());
    clusters += clue.cluster(event.cells(), event.energies(), event.layers());
    check_same(clue, expected);
  }
  CHECK(clusters > 60);
}

TEST(no_allocation_after_the_first_event) {
  std::mt19937_64 random(2);
  EventClue clue({0.4, 2.0, 0.6, 2.0});
  std::vector<Event> events;
  events.push_back(random_event(5000, 3, true, random));
  for (int k = 0; k < 20; ++k) events.push_back(random_event(1 + random() % 5000, 1 + random() % 3, k % 2 == 0, random));
  events[3].x[0] = 1e15;  // too far for a table of cells
  for (std::size_t k = 0; k < events.size(); ++k) {
    const std::size_t before = allocations;
    clue.cluster(events[k].cells(), events[k].energies(), events[k].layers());
    const std::size_t used = allocations - before;
    if (k == 0) CHECK(used > 0);  // the counter counts
    if (k > 0) CHECK_EQUAL(used, std::size_t{0});
  }
}

TEST(none_at_all_after_reserve) {
  std::mt19937_64 random(3);
  const Event event = random_event(3000, 2, true, random);
  EventClue clue({0.4, 2.0, 0.6, 2.0});
  clue.reserve(3000, 2);
  const std::size_t before = allocations;
  clue.cluster(event.cells(), event.energies(), event.layers());
  CHECK_EQUAL(allocations - before, std::size_t{0});

  std::vector<float> x(3000 * 2);
  std::vector<float> energy(3000);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(event.cells().data()[i]);
  for (std::size_t i = 0; i < energy.size(); ++i) energy[i] = static_cast<float>(event.energies()[i]);
  EventClue single({0.4, 2.0, 0.6, 2.0});
  single.reserve(3000, 2);
  const std::size_t before_single = allocations;
  single.cluster(View<const float, 2>(x.data(), 3000, 2), View<const float>(energy.data(), 3000), event.layers());
  CHECK_EQUAL(allocations - before_single, std::size_t{0});
}

TEST(float32_is_taken) {
  const std::vector<float> x = {0, 1, 2, 3, 4, 5, 6, 20};
  const std::vector<float> energy = {1, 5, 1, 0.5F, 1, 3, 1, 0.25F};
  EventClue clue({1.0, 2.0, 2.5, 3.0});
  const View<const float, 2> cells(x.data(), 8, 1);
  CHECK_EQUAL(clue.cluster(cells, View<const float>(energy.data(), 8)), std::int64_t{2});
  const std::vector<std::int64_t> labels = {0, 0, 0, 0, 1, 1, 1, EventClue::noise};
  CHECK(std::equal(labels.begin(), labels.end(), clue.labels()));
  CHECK_EQUAL(clue.seeds()[1], std::int64_t{5});
  const std::size_t before = allocations;
  clue.cluster(cells, View<const float>(energy.data(), 8));
  CHECK_EQUAL(allocations - before, std::size_t{0});
  EventClue moved = std::move(clue);
  CHECK_EQUAL(moved.params().critical_density, 2.0);
}

TEST(bad_input) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS(EventClue({0, 1, 1, 2}), InvalidArgument);
  CHECK_THROWS(EventClue({1, nan, 1, 2}), InvalidArgument);
  CHECK_THROWS(EventClue({1, 1, -1, 2}), InvalidArgument);
  CHECK_THROWS(EventClue({1, 1, 1, 0}), InvalidArgument);
  EventClue clue({1, 1, 1, 2});
  const std::vector<double> x = {0, 0, 1, nan};
  const std::vector<double> energy = {1, 1, 1};
  CHECK_THROWS(clue.cluster(View<const double, 2>(x.data(), 2, 2), View<const double>(energy.data(), 2)), InvalidArgument);
  CHECK_EQUAL(clue.size(), std::size_t{0});
  CHECK_THROWS(clue.cluster(View<const double, 2>(x.data(), 1, 2), View<const double>(energy.data(), 3)), InvalidArgument);
  CHECK_THROWS(clue.cluster(View<const double, 2>(), View<const double>(energy.data(), 3)), InvalidArgument);
  CHECK_EQUAL(clue.cluster(View<const double, 2>(x.data(), 1, 2), View<const double>(energy.data(), 1)), std::int64_t{1});
  CHECK_EQUAL(clue.cluster(View<const double, 2>(), View<const double>()), std::int64_t{0});
  CHECK_EQUAL(clue.size(), std::size_t{0});
}

// CLUE against its definition.
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "check.hpp"
#include "clustering/clue.hpp"
#include "diskern/error.hpp"

using namespace diskern;
using namespace diskern::clustering;

namespace {

void compare(const std::vector<double>& x, std::size_t dimensions, const std::vector<double>& energy,
             const std::vector<std::int64_t>& layer, const ClueParams& params) {
  const View<const double, 2> cells(x.data(), energy.size(), dimensions);
  const View<const double> energies(energy.data(), energy.size());
  const View<const std::int64_t> layers(layer.data(), layer.size());
  const ClueResult expected = reference_clue(params, cells, energies, layers);
  for (const int threads : {1, 3}) {
    Context context;
    context.threads = threads;
    const ClueResult found = clue(context, params, cells, energies, layers);
    CHECK(found.labels == expected.labels);
    CHECK(found.seeds == expected.seeds);
    CHECK(found.density == expected.density);
    CHECK(found.nearest_higher == expected.nearest_higher);
    CHECK(found.distance == expected.distance);
  }
}

}  // namespace

TEST(equals_the_definition) {
  std::mt19937_64 random(1);
  std::normal_distribution<double> normal;
  std::exponential_distribution<double> exponential;
  for (const std::size_t dimensions : {1UL, 2UL, 3UL, 5UL}) {
    for (const std::int64_t layers : {0, 1, 5}) {
      for (const double distance : {0.05, 0.3, 2.0, 40.0}) {
        std::vector<double> x;
        std::vector<double> energy;
        std::vector<std::int64_t> layer;
        for (int i = 0; i < 600; ++i) {
          for (std::size_t d = 0; d < dimensions; ++d) x.push_back(2.0 * static_cast<double>(i % 4) + 0.5 * normal(random));
          energy.push_back(exponential(random) - 0.05);
          if (layers > 0) layer.push_back(static_cast<std::int64_t>(random() % 7) % layers - 2);
        }
        for (const double density : {-1.0, 1.0, 8.0}) {
          compare(x, dimensions, energy, layer, {distance, density, distance, 2.0});
          compare(x, dimensions, energy, layer, {distance, density, 1.7 * distance, 1.0});
        }
      }
    }
  }
}

// Equal energies on a lattice: equal densities, equal distances.
TEST(ties) {
  std::mt19937_64 random(2);
  std::vector<double> x;
  std::vector<double> energy;
  for (int i = 0; i < 2500; ++i) {
    x.push_back(static_cast<double>(random() % 30));
    x.push_back(static_cast<double>(random() % 30));
    energy.push_back(1.0 + static_cast<double>(random() % 2));
  }
  for (const double distance : {1.0, 1.5, 3.0}) compare(x, 2, energy, {}, {distance, 4.0, distance, 2.0});
}

TEST(by_hand) {
  // Two showers on a line, the second less deep, and a cell far from all.
  const std::vector<double> x = {0, 1, 2, 3, 4, 5, 6, 20};
  const std::vector<double> energy = {1, 5, 1, 0.5, 1, 3, 1, 0.2};
  const ClueResult found = clue({}, {1.0, 2.0, 2.5, 3.0}, View<const double, 2>(x.data(), 8, 1), View<const double>(energy.data(), 8));
  CHECK_NEAR(found.density[1], 6.0, 1e-15);
  CHECK_NEAR(found.density[3], 1.5, 1e-15);
  CHECK_NEAR(found.density[5], 4.0, 1e-15);
  CHECK(found.seeds == (std::vector<std::int64_t>{1, 5}));
  // Cell 3 has 2 (density 3.75) and 4 (density 2.75) at distance 1: the lower index.
  CHECK(found.labels == (std::vector<std::int64_t>{0, 0, 0, 0, 1, 1, 1, -1}));
  CHECK_EQUAL(found.nearest_higher[7], std::int64_t{-1});
  CHECK(std::isinf(found.distance[1]));
  // In layers of their own nothing is followed.
  const std::vector<std::int64_t> layer = {0, 1, 2, 3, 4, 5, 6, 7};
  const ClueResult apart = clue({}, {1.0, 2.0, 2.5, 3.0}, View<const double, 2>(x.data(), 8, 1),
                                View<const double>(energy.data(), 8), View<const std::int64_t>(layer.data(), 8));
  CHECK(apart.labels == (std::vector<std::int64_t>{-1, 0, -1, -1, -1, 1, -1, -1}));
}

TEST(bad_input) {
  const std::vector<double> x = {0, 1};
  const std::vector<double> energy = {1, std::nan("")};
  const View<const double, 2> cells(x.data(), 2, 1);
  const View<const double> good(x.data(), 2);
  CHECK_THROWS(clue({}, {}, cells, View<const double>(energy.data(), 2)), InvalidArgument);
  CHECK_THROWS(clue({}, {}, cells, View<const double>(x.data(), 1)), InvalidArgument);
  CHECK_THROWS(clue({}, {0.0, 1, 1, 2}, cells, good), InvalidArgument);
  CHECK_THROWS(clue({}, {1, std::nan(""), 1, 2}, cells, good), InvalidArgument);
  CHECK_THROWS(clue({}, {1, 1, -1, 2}, cells, good), InvalidArgument);
  CHECK_THROWS(clue({}, {1, 1, 1, 0}, cells, good), InvalidArgument);
  CHECK_THROWS(clue({}, {}, View<const double, 2>(energy.data(), 2, 1), good), InvalidArgument);
  CHECK_THROWS(clue({}, {}, View<const double, 2>(x.data(), 0, 1), View<const double>()), InvalidArgument);
}

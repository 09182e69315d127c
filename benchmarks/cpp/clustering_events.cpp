// DBSCAN of one event after another from C++: microseconds per event of blobs with a tenth of noise.
//
//   benchmark_clustering_events [hits dimensions eps]...   (default: 2000 2 0.2  2000 3 0.4  100 3 0.4  20000 3 0.4)
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <vector>

#include "diskern/clustering.hpp"

using namespace diskern;

namespace {

constexpr std::size_t different_events = 20;
constexpr std::size_t blobs = 20;

void time_events(std::size_t hits, std::size_t dimensions, double eps) {
  std::mt19937_64 random(1);
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> uniform(0, 20);
  std::vector<std::vector<double>> events(different_events);
  for (std::vector<double>& event : events) {
    std::vector<double> centres(blobs * dimensions);
    for (double& x : centres) x = uniform(random);
    for (std::size_t i = 0; i < hits; ++i) {
      const std::size_t blob = random() % blobs;
      for (std::size_t d = 0; d < dimensions; ++d) {
        event.push_back(10 * i < 9 * hits ? centres[blob * dimensions + d] + normal(random) : uniform(random));
      }
    }
  }
  EventDbscan dbscan({eps, 5});
  dbscan.reserve(hits, dimensions);
  const std::size_t repetitions = std::max<std::size_t>(1, 20'000 / hits);
  double best = 1e300;
  std::vector<double> times;
  std::int64_t clusters = 0;
  for (int round = 0; round < 25; ++round) {
    const auto start = std::chrono::steady_clock::now();
    for (std::size_t r = 0; r < repetitions; ++r) {
      for (const std::vector<double>& event : events) {
        clusters += dbscan.cluster(View<const double, 2>(event.data(), hits, dimensions));
      }
    }
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    times.push_back(seconds / static_cast<double>(repetitions * different_events));
    best = std::min(best, times.back());
  }
  std::nth_element(times.begin(), times.begin() + 12, times.end());
  std::printf("%6zu hits, %zu dimensions, eps %.2f: median %9.1f us, best %9.1f us per event, %.0f clusters\n", hits,
              dimensions, eps, 1e6 * times[12], 1e6 * best,
              static_cast<double>(clusters) / static_cast<double>(25 * repetitions * different_events));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    time_events(2000, 2, 0.2);
    time_events(2000, 3, 0.4);
    time_events(100, 3, 0.4);
    time_events(20000, 3, 0.4);
  }
  for (int i = 1; i + 2 < argc; i += 3) {
    time_events(std::strtoul(argv[i], nullptr, 10), std::strtoul(argv[i + 1], nullptr, 10), std::strtod(argv[i + 2], nullptr));
  }
  return 0;
}

// DBSCAN of one event after another from C++: microseconds per event of blobs with a tenth of noise.
//
//   benchmark_clustering_events [hits dimensions eps]...   (default: 2000 2 0.2  2000 3 0.4  100 3 0.4  20000 3 0.4)
//   benchmark_clustering_events --file EVENTS hits dimensions eps min_samples LABELS CORE
//   benchmark_clustering_events --clue EVENTS cells critical_distance critical_density LABELS
//
// The second form clusters the events of a file of float64 once and prints the seconds; labels (int64) and core flags
// (uint8) go to files (for benchmarks/python/clustering_dbscan.py). The third does so with EventClue; a cell is x, y,
// layer, energy.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
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

std::vector<double> read(const char* path) {
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  std::vector<double> x(bytes.size() / sizeof(double));
  if (x.empty()) {
    std::fprintf(stderr, "no events in %s\n", path);
    std::exit(1);
  }
  std::memcpy(x.data(), bytes.data(), x.size() * sizeof(double));
  return x;
}

template <class T>
void write(const char* path, const std::vector<T>& values) {
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(values.data()), static_cast<std::streamsize>(values.size() * sizeof(T)));
}

int clue_file(char** argv) {
  const std::vector<double> x = read(argv[0]);
  const std::size_t cells = std::strtoul(argv[1], nullptr, 10);
  constexpr std::size_t columns = 4;
  std::vector<std::int64_t> layer(x.size() / columns);
  for (std::size_t i = 0; i < layer.size(); ++i) layer[i] = static_cast<std::int64_t>(x[i * columns + 2]);
  const double distance = std::strtod(argv[2], nullptr);
  EventClue clue({distance, std::strtod(argv[3], nullptr), distance, 2.0});
  clue.reserve(cells, 2);
  std::vector<std::int64_t> labels(layer.size());
  const auto start = std::chrono::steady_clock::now();
  for (std::size_t begin = 0; begin < labels.size(); begin += cells) {
    const double* event = x.data() + begin * columns;
    clue.cluster(View<const double, 2>(event, {cells, 2}, {columns, 1}), View<const double>(event + 3, {cells}, {columns}),
                 View<const std::int64_t>(layer.data() + begin, cells));
    std::copy_n(clue.labels(), cells, labels.begin() + static_cast<std::ptrdiff_t>(begin));
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  write(argv[4], labels);
  std::printf("%.9g\n", seconds);
  return 0;
}

int cluster_file(char** argv) {
  const std::vector<double> x = read(argv[0]);
  const std::size_t hits = std::strtoul(argv[1], nullptr, 10);
  const std::size_t dimensions = std::strtoul(argv[2], nullptr, 10);
  EventDbscan dbscan({std::strtod(argv[3], nullptr), std::strtod(argv[4], nullptr)});
  dbscan.reserve(hits, dimensions);
  std::vector<std::int64_t> labels(x.size() / dimensions);
  std::vector<std::uint8_t> core(labels.size());
  const auto start = std::chrono::steady_clock::now();
  for (std::size_t begin = 0; begin < labels.size(); begin += hits) {
    dbscan.cluster(View<const double, 2>(x.data() + begin * dimensions, hits, dimensions));
    std::copy_n(dbscan.labels(), hits, labels.begin() + static_cast<std::ptrdiff_t>(begin));
    std::copy_n(dbscan.core(), hits, core.begin() + static_cast<std::ptrdiff_t>(begin));
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  write(argv[5], labels);
  write(argv[6], core);
  std::printf("%.9g\n", seconds);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 7 && std::strcmp(argv[1], "--clue") == 0) return clue_file(argv + 2);
  if (argc == 9 && std::strcmp(argv[1], "--file") == 0) return cluster_file(argv + 2);
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

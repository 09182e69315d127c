// Times of forests from C++: one event, and many events per method and instruction set, with the phases of the
// bit-sliced kernel. Random complete trees on 28 variables with up to 255 cuts each, the worst case.
//
//   benchmark_trees_evaluation [trees depth]...      (default: 100 6  500 6  850 3)
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <vector>

#include "base/dispatch.hpp"
#include "base/executor.hpp"
#include "diskern/context.hpp"
#include "trees/forest.hpp"
#include "trees/forest_batch.hpp"

using namespace diskern;
using namespace diskern::trees;

namespace {

constexpr std::size_t n_features = 28;

template <class Body>
double best_seconds(int rounds, const Body& body) {
  double best = 1e300;
  for (int round = 0; round < rounds; ++round) {
    const auto start = std::chrono::steady_clock::now();
    body();
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return best;
}

Forest random_forest(std::size_t n_trees, unsigned depth, std::mt19937_64& random) {
  std::normal_distribution<double> normal;
  std::vector<double> cuts(255);
  for (double& cut : cuts) cut = normal(random);
  Forest forest;
  forest.n_features = n_features;
  forest.base_score = {0.1};
  forest.link = Link::logistic;
  for (std::size_t t = 0; t < n_trees; ++t) {
    Tree tree;
    const std::size_t inner = (std::size_t{1} << depth) - 1;
    for (std::size_t i = 0; i < 2 * inner + 1; ++i) {
      const bool leaf = i >= inner;
      tree.feature.push_back(leaf ? leaf_feature : static_cast<std::int32_t>(random() % n_features));
      tree.threshold.push_back(leaf ? 0.0 : cuts[random() % cuts.size()]);
      tree.left.push_back(leaf ? -1 : static_cast<std::int32_t>(2 * i + 1));
      tree.right.push_back(leaf ? -1 : static_cast<std::int32_t>(2 * i + 2));
      tree.missing_right.push_back(0);
      tree.value.push_back(0.01 * normal(random));
    }
    forest.trees.push_back(tree);
    forest.tree_weight.push_back(1.0);
  }
  return forest;
}

void time_forest(std::size_t n_trees, unsigned depth) {
  std::mt19937_64 random(1);
  const Forest forest = random_forest(n_trees, depth, random);
  constexpr std::size_t n = 200 * bitsliced_block;
  std::normal_distribution<float> normal;
  std::vector<float> events(n * n_features);
  for (float& x : events) x = normal(random);
  std::printf("%zu trees of depth %u\n", n_trees, depth);

  const ForestPredictor predictor(forest);
  std::vector<double> responses(n);
  constexpr std::size_t singles = 2000;
  const double single = best_seconds(5, [&] {
    for (std::size_t i = 0; i < singles; ++i) predictor.evaluate(events.data() + i * n_features, responses.data() + i);
  });
  std::printf("  one event                     %9.1f ns\n", 1e9 * single / singles);
  for (const std::size_t size : {2UL, 8UL, 63UL, 512UL}) {
    const double small = best_seconds(5, [&] {
      for (std::size_t i = 0; i + size <= 2048; i += size) {
        predictor.evaluate({}, View<const float, 2>(events.data() + i * n_features, size, n_features),
                           View<double, 2>(responses.data() + i, size, 1));
      }
    });
    std::printf("  call with %4zu events         %9.1f ns/event\n", size,
                1e9 * small / static_cast<double>(2048 / size * size));
  }
  for (const int threads : {1, 2}) {
    Context context;
    context.threads = threads;
    const double many = best_seconds(5, [&] {
      predictor.evaluate(context, View<const float, 2>(events.data(), n, n_features),
                         View<double, 2>(responses.data(), n, 1));
    });
    std::printf("  %zu events, %d thread(s)    %9.1f ns/event\n", n, threads, 1e9 * many / n);
  }
  const EventSource rows = {events.data(), nullptr, n_features, 1, n_features, false};
  for (const InstructionSet level : supported_instruction_sets()) {
    for (const BatchMethod method : {BatchMethod::walk, BatchMethod::bitsliced}) {
      const ForestBatch batch(forest, method, level);
      ForestBatch::Scratch scratch(batch);
      const std::size_t size = method == BatchMethod::walk ? 20 * bitsliced_block : n;
      const double sums = best_seconds(3, [&] {
        for (std::size_t i = 0; i < size; i += bitsliced_block) {
          batch.evaluate(rows, i, bitsliced_block, forest.base_score, scratch);
        }
      });
      std::printf("  %-7s %-10s sums alone   %9.1f ns/event (expected %.1f)\n", name(level),
                  method == BatchMethod::walk ? "walk" : "bit-sliced", 1e9 * sums / static_cast<double>(size),
                  batch.nanoseconds_per_event());
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    time_forest(100, 6);
    time_forest(500, 6);
    time_forest(850, 3);
  }
  for (int i = 1; i + 1 < argc; i += 2) {
    time_forest(std::strtoul(argv[i], nullptr, 10), static_cast<unsigned>(std::strtoul(argv[i + 1], nullptr, 10)));
  }
  return 0;
}

#pragma once
// Random forests and events for tests: thresholds that no float meets, values on thresholds and one step beside them.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "trees/forest.hpp"

namespace diskern::trees::testing {

inline constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();
inline constexpr float infinite = std::numeric_limits<float>::infinity();

// Thresholds that are floats, lie between floats, beyond all floats, and infinite.
inline double random_threshold(std::mt19937_64& random) {
  std::normal_distribution<double> normal;
  switch (random() % 8) {
    case 0:
      return static_cast<double>(static_cast<float>(std::round(normal(random) * 4) / 4));
    case 1:
      return random() % 2 == 0 ? 1e300 : -1e300;
    case 2:
      return random() % 2 == 0 ? std::numeric_limits<double>::infinity() : -std::numeric_limits<double>::infinity();
    case 3:
      return 0.0;
    default:
      return normal(random);
  }
}

inline Tree random_tree(std::size_t leaves, std::int32_t n_features, std::mt19937_64& random) {
  Tree tree;
  const auto add = [&]() {
    tree.feature.push_back(leaf_feature);
    tree.threshold.push_back(0.0);
    tree.left.push_back(-1);
    tree.right.push_back(-1);
    tree.missing_right.push_back(0);
    tree.value.push_back(std::normal_distribution<double>()(random));
    return static_cast<std::int32_t>(tree.feature.size() - 1);
  };
  std::vector<std::int32_t> open = {add()};
  for (std::size_t n = 1; n < leaves; ++n) {
    const std::size_t chosen = random() % open.size();
    const auto node = static_cast<std::size_t>(open[chosen]);
    const std::int32_t first = add();
    const std::int32_t second = add();
    const bool swap = random() % 2 == 0;
    tree.feature[node] = static_cast<std::int32_t>(random() % static_cast<std::size_t>(n_features));
    tree.threshold[node] = random_threshold(random);
    tree.missing_right[node] = random() % 2 == 0 ? 1 : 0;
    tree.left[node] = swap ? second : first;
    tree.right[node] = swap ? first : second;
    open[chosen] = first;
    open.push_back(second);
  }
  return tree;
}

inline float random_value(std::mt19937_64& random) {
  switch (random() % 10) {
    case 0:
      return not_a_number;
    case 1:
      return random() % 2 == 0 ? infinite : -infinite;
    case 2:
      return -0.0F;
    case 3:
      return std::numeric_limits<float>::denorm_min();
    case 4:
      return static_cast<float>(std::round(std::normal_distribution<double>()(random) * 4) / 4);
    case 5:
      return std::numeric_limits<float>::max();
    default:
      return std::normal_distribution<float>()(random);
  }
}

enum class Shape { random, complete, chain, leaf };

// Complete to the depth; a chain whose long side changes; a single leaf.
inline Tree shaped_tree(Shape shape, std::size_t size, std::int32_t n_features, std::mt19937_64& random) {
  if (shape == Shape::random) return random_tree(1 + random() % size, n_features, random);
  Tree tree = random_tree(1, n_features, random);
  if (shape == Shape::leaf) return tree;
  std::vector<std::size_t> open = {0};
  const std::size_t inner = shape == Shape::chain ? size : (std::size_t{1} << size) - 1;
  for (std::size_t n = 0; n < inner; ++n) {
    const std::size_t node = shape == Shape::chain ? open.back() : open[n];
    const Tree children = random_tree(2, n_features, random);
    const auto first = static_cast<std::int32_t>(tree.node_count());
    tree.feature[node] = children.feature[0];
    tree.threshold[node] = children.threshold[0];
    tree.missing_right[node] = children.missing_right[0];
    tree.left[node] = first;
    tree.right[node] = first + 1;
    for (const std::size_t child : {1UL, 2UL}) {
      tree.feature.push_back(leaf_feature);
      tree.threshold.push_back(0.0);
      tree.left.push_back(-1);
      tree.right.push_back(-1);
      tree.missing_right.push_back(0);
      tree.value.push_back(children.value[child]);
    }
    open.push_back(static_cast<std::size_t>(first) + random() % 2);
    if (shape == Shape::complete) {
      open.pop_back();
      open.push_back(static_cast<std::size_t>(first));
      open.push_back(static_cast<std::size_t>(first) + 1);
    }
  }
  return tree;
}

inline Forest random_forest(Shape shape, std::size_t size, std::size_t n_trees, std::int32_t n_features,
                     std::int32_t n_outputs, std::mt19937_64& random) {
  Forest forest;
  forest.n_features = n_features;
  forest.n_outputs = n_outputs;
  for (std::int32_t k = 0; k < n_outputs; ++k) forest.base_score.push_back(0.25 * k - 1.1);
  for (std::size_t t = 0; t < n_trees * static_cast<std::size_t>(n_outputs); ++t) {
    forest.trees.push_back(shaped_tree(shape, size, n_features, random));
    forest.tree_weight.push_back(t % 3 == 0 ? 1.0 : 0.3);
  }
  return forest;
}

// Half of the values are thresholds of the forest or the floats beside them.
inline std::vector<float> random_events(const Forest& forest, std::size_t n, std::mt19937_64& random) {
  std::vector<std::vector<float>> cuts(static_cast<std::size_t>(forest.n_features));
  for (const Tree& tree : forest.trees) {
    for (std::size_t i = 0; i < tree.node_count(); ++i) {
      if (tree.feature[i] >= 0) {
        cuts[static_cast<std::size_t>(tree.feature[i])].push_back(static_cast<float>(tree.threshold[i]));
      }
    }
  }
  std::vector<float> events;
  for (std::size_t i = 0; i < n; ++i) {
    for (const std::vector<float>& of_feature : cuts) {
      float x = random_value(random);
      if (random() % 2 == 0 && !of_feature.empty()) {
        x = of_feature[random() % of_feature.size()];
        const std::size_t side = random() % 3;
        if (side == 0) x = std::nextafter(x, infinite);
        if (side == 1) x = std::nextafter(x, -infinite);
      }
      events.push_back(x);
    }
  }
  return events;
}

// The sums of the definition: float64, in the order of the trees, event by event.
inline std::vector<double> plain_sums(const Forest& forest, const std::vector<float>& events, std::size_t n) {
  const auto n_features = static_cast<std::size_t>(forest.n_features);
  const auto n_outputs = static_cast<std::size_t>(forest.n_outputs);
  std::vector<double> sums;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t k = 0; k < n_outputs; ++k) {
      double sum = forest.base_score[k];
      for (std::size_t t = k; t < forest.trees.size(); t += n_outputs) {
        const Tree& tree = forest.trees[t];
        const std::int32_t leaf = leaf_index(tree, events.data() + i * n_features, n_features);
        sum += forest.tree_weight[t] * tree.value[static_cast<std::size_t>(leaf)];
      }
      sums.push_back(sum);
    }
  }
  return sums;
}

}  // namespace diskern::trees::testing

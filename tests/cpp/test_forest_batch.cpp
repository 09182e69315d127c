// The packed walk of many events against the plain one, on random forests.
#include <cmath>
#include <limits>
#include <random>

#include "check.hpp"
#include "trees/forest.hpp"
#include "trees/forest_batch.hpp"

using namespace diskern;
using namespace diskern::trees;

namespace {

constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();
constexpr float infinite = std::numeric_limits<float>::infinity();

// Thresholds that are floats, lie between floats, beyond all floats, and infinite.
double random_threshold(std::mt19937_64& random) {
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

Tree random_tree(std::size_t leaves, std::int32_t n_features, std::mt19937_64& random) {
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

float random_value(std::mt19937_64& random) {
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

}  // namespace

TEST(packed_walk_equals_plain_walk) {
  std::mt19937_64 random(5);
  for (const std::int32_t n_outputs : {1, 3}) {
    for (const Link link : {Link::identity, Link::logistic, Link::softmax}) {
      Forest forest;
      forest.n_features = 5;
      forest.n_outputs = n_outputs;
      forest.link = link;
      for (std::int32_t k = 0; k < n_outputs; ++k) forest.base_score.push_back(0.25 * k - 1);
      for (int t = 0; t < 12 * n_outputs; ++t) {
        forest.trees.push_back(random_tree(1 + random() % 40, forest.n_features, random));
        forest.tree_weight.push_back(t % 3 == 0 ? 1.0 : 0.3);
      }
      const ForestPredictor predictor(forest);
      CHECK(ForestBatch(forest).usable());
      for (const std::size_t n : {0UL, 1UL, 15UL, 16UL, 17UL, 63UL, 64UL, 65UL, 1023UL, 1025UL, 3000UL}) {
        std::vector<float> events(n * 5);
        for (float& x : events) x = random_value(random);
        const auto outputs = static_cast<std::size_t>(n_outputs);
        std::vector<double> found(n * outputs, -77.0);
        std::vector<double> one(outputs);
        Context context;
        for (const int threads : {1, 3}) {
          context.threads = threads;
          predictor.evaluate(context, View<const float, 2>(events.data(), n, 5),
                             View<double, 2>(found.data(), n, outputs));
          for (std::size_t i = 0; i < n; ++i) {
            predictor.evaluate(events.data() + 5 * i, one.data());
            for (std::size_t k = 0; k < outputs; ++k) CHECK_EQUAL(found[i * outputs + k], one[k]);
          }
        }
        // columns that are not contiguous
        std::vector<float> transposed(n * 5);
        for (std::size_t i = 0; i < n; ++i) {
          for (std::size_t j = 0; j < 5; ++j) transposed[j * n + i] = events[i * 5 + j];
        }
        std::vector<double> again(n * outputs, -77.0);
        predictor.evaluate(context,
                           View<const float, 2>(transposed.data(), {n, 5}, {1, static_cast<std::ptrdiff_t>(n)}),
                           View<double, 2>(again.data(), n, outputs));
        CHECK(again == found);
      }
    }
  }
}

TEST(forests_that_do_not_pack_walk_plainly) {
  std::mt19937_64 random(6);
  Forest forest;
  forest.n_features = 2;
  forest.base_score = {0.0};
  forest.trees = {random_tree(9, 2, random), random_tree(5, 2, random)};
  forest.tree_weight = {1.0, 3.0};
  forest.aggregation = Aggregation::weighted_mean;
  CHECK(!ForestBatch(forest).usable());
  const ForestPredictor predictor(forest);
  std::vector<float> events(200);
  for (float& x : events) x = random_value(random);
  std::vector<double> found(100);
  predictor.evaluate({}, View<const float, 2>(events.data(), 100, 2), View<double, 2>(found.data(), 100, 1));
  for (std::size_t i = 0; i < 100; ++i) {
    double one = 0;
    predictor.evaluate(events.data() + 2 * i, &one);
    CHECK_EQUAL(found[i], one);
  }
}

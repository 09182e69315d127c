// Every way of evaluating many events against the plain walk of one, on random forests, for every instruction set.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "base/dispatch.hpp"
#include "check.hpp"
#include "random_forests.hpp"
#include "trees/forest.hpp"
#include "trees/forest_batch.hpp"
#include "trees/forest_ranked.hpp"
#include "trees/forest_single.hpp"

using namespace diskern;
using namespace diskern::trees;
using namespace diskern::trees::testing;

namespace {

// All layouts in which the caller may hold the same events.
struct Layouts {
  Layouts(const std::vector<float>& events, std::size_t n, std::size_t n_features)
      : rows(events), columns(n * n_features), wide(n * (n_features + 3)), rows_double(events.begin(), events.end()) {
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n_features; ++j) {
        columns[j * n + i] = events[i * n_features + j];
        wide[i * (n_features + 3) + j] = events[i * n_features + j];
      }
    }
    columns_double.assign(columns.begin(), columns.end());
    backwards.assign(events.rbegin(), events.rend());
    for (std::size_t j = 0; j < n_features; ++j) {
      pointers.push_back(columns.data() + j * n);
      pointers_double.push_back(columns_double.data() + j * n);
    }
    const auto f = static_cast<std::ptrdiff_t>(n_features);
    const auto rows_n = static_cast<std::ptrdiff_t>(n);
    all = {{rows.data(), nullptr, f, 1, n_features, false},
           {columns.data(), nullptr, 1, rows_n, n_features, false},
           {wide.data(), nullptr, f + 3, 1, n_features, false},
           {backwards.data() + backwards.size() - 1, nullptr, -f, -1, n_features, false},
           {nullptr, pointers.data(), 1, 0, n_features, false},
           {rows_double.data(), nullptr, f, 1, n_features, true},
           {columns_double.data(), nullptr, 1, rows_n, n_features, true},
           {nullptr, pointers_double.data(), 1, 0, n_features, true}};
  }
  std::vector<float> rows;
  std::vector<float> columns;
  std::vector<float> wide;
  std::vector<float> backwards;
  std::vector<double> rows_double;
  std::vector<double> columns_double;
  std::vector<const void*> pointers;
  std::vector<const void*> pointers_double;
  std::vector<EventSource> all;
};

bool same_bits(double a, double b) { return std::memcmp(&a, &b, sizeof a) == 0; }

void compare_methods(const Forest& forest, std::size_t n, std::mt19937_64& random, bool bitsliced_fits = true) {
  const auto n_features = static_cast<std::size_t>(forest.n_features);
  const auto n_outputs = static_cast<std::size_t>(forest.n_outputs);
  const std::vector<float> events = random_events(forest, n, random);
  const std::vector<double> expected = plain_sums(forest, events, n);
  const Layouts layouts(events, n, n_features);
  for (const InstructionSet level : supported_instruction_sets()) {
    const ForestSingle single(forest, level);
    CHECK(single.usable());
    for (std::size_t i = 0; i < n; ++i) {
      std::vector<double> sums = forest.base_score;
      single.evaluate(events.data() + i * n_features, sums.data());
      for (std::size_t k = 0; k < n_outputs; ++k) CHECK(same_bits(sums[k], expected[i * n_outputs + k]));
    }
  }
  for (const InstructionSet level : supported_instruction_sets()) {
    for (const BatchMethod method : {BatchMethod::walk, BatchMethod::bitsliced}) {
      const ForestBatch batch(forest, method, level);
      if (method == BatchMethod::bitsliced && !bitsliced_fits) {
        CHECK(batch.method() == BatchMethod::plain);
        continue;
      }
      CHECK(batch.method() == method);
      ForestBatch::Scratch scratch(batch);
      for (std::size_t layout = 0; layout < layouts.all.size(); ++layout) {
        std::size_t wrong = 0;
        for (std::size_t begin = 0; begin < n; begin += bitsliced_block) {
          const std::size_t count = std::min(bitsliced_block, n - begin);
          batch.evaluate(layouts.all[layout], begin, count, forest.base_score, scratch);
          for (std::size_t i = 0; i < count; ++i) {
            for (std::size_t k = 0; k < n_outputs; ++k) {
              if (!same_bits(scratch.sums()[k * bitsliced_block + i], expected[(begin + i) * n_outputs + k])) ++wrong;
            }
          }
        }
        if (wrong != 0) {
          check::fail(__FILE__, __LINE__, wrong, " of ", n * n_outputs, " sums differ: ", name(level), ", method ",
                      static_cast<int>(method), ", layout ", layout, ", features ", n_features, ", trees ",
                      forest.trees.size());
        }
      }
    }
  }
}

}  // namespace

TEST(every_depth_of_complete_trees) {
  std::mt19937_64 random(11);
  for (std::size_t depth = 1; depth <= 10; ++depth) {
    for (const std::int32_t n_outputs : {1, 3}) {
      compare_methods(random_forest(Shape::complete, depth, 4, 5, n_outputs, random), 700, random);
    }
  }
}

TEST(unbalanced_trees_chains_and_leaves) {
  std::mt19937_64 random(12);
  for (const std::size_t leaves : {2UL, 3UL, 7UL, 31UL, 63UL, 127UL, 255UL, 400UL}) {
    compare_methods(random_forest(Shape::random, leaves, 6, 4, 1, random), 600, random);
    compare_methods(random_forest(Shape::random, leaves, 6, 4, 2, random), 77, random);
  }
  for (const std::size_t length : {1UL, 2UL, 5UL, 6UL, 7UL, 40UL, 300UL, 1000UL}) {
    compare_methods(random_forest(Shape::chain, length, 3, 4, 1, random), 600, random);
  }
  compare_methods(random_forest(Shape::leaf, 1, 3, 2, 2, random), 600, random);
}

TEST(trees_too_large_for_the_bitsliced_form_walk) {
  std::mt19937_64 random(13);
  compare_methods(random_forest(Shape::complete, 11, 2, 4, 1, random), 600, random, false);
  CHECK(ForestBatch(random_forest(Shape::complete, 11, 2, 4, 1, random)).method() == BatchMethod::walk);
}

TEST(many_cuts_on_one_variable_and_many_variables) {
  std::mt19937_64 random(14);
  // 63 x 40 nodes on one variable: about ten groups of 255 cuts
  compare_methods(random_forest(Shape::complete, 6, 40, 1, 1, random), 520, random);
  compare_methods(random_forest(Shape::complete, 6, 10, 2, 1, random), 520, random);
  // several tiles: 63 x 300 cuts are more than the lines of one
  compare_methods(random_forest(Shape::complete, 6, 300, 7, 1, random), 520, random);
  for (const std::int32_t n_features : {15, 16, 17, 28, 33, 300}) {
    compare_methods(random_forest(Shape::complete, 4, 30, n_features, 1, random), 530, random);
  }
}

TEST(every_number_of_cuts_of_a_group) {
  std::mt19937_64 random(15);
  for (std::size_t cuts : {1UL,  2UL,  3UL,  4UL,   7UL,   8UL,   15UL,  16UL,  17UL,  31UL,
                           32UL, 63UL, 64UL, 127UL, 128UL, 254UL, 255UL, 256UL, 257UL, 511UL}) {
    Forest forest;
    forest.n_features = 1;
    forest.base_score = {0.0};
    for (std::size_t c = 0; c < cuts; ++c) {
      Tree tree = random_tree(2, 1, random);
      tree.threshold[0] = static_cast<double>(c) - 0.5 * static_cast<double>(cuts);
      if (c % 5 == 0) tree.missing_right[0] = 1;
      tree.value = {0.0, -std::pow(1.001, static_cast<double>(c)), std::pow(1.003, static_cast<double>(c))};
      forest.trees.push_back(tree);
      forest.tree_weight.push_back(1.0);
    }
    compare_methods(forest, 512 + 13, random);
  }
}

TEST(shallow_trees_are_evaluated_by_ranks) {
  std::mt19937_64 random(18);
  for (const InstructionSet level : supported_instruction_sets()) {
    const bool has_kernel = level == InstructionSet::avx512;
    const auto taken = [&](Shape shape, std::size_t size, std::size_t n_trees, std::int32_t n_features) {
      return ForestRanked(random_forest(shape, size, n_trees, n_features, 1, random), level).usable();
    };
    for (std::size_t depth = 1; depth <= ranked_depth; ++depth) {
      CHECK_EQUAL(taken(Shape::complete, depth, 20, 28), has_kernel);
    }
    CHECK_EQUAL(taken(Shape::leaf, 1, 3, 2), has_kernel);
    CHECK(!taken(Shape::complete, ranked_depth + 1, 8, 28));  // too deep
    CHECK(!taken(Shape::complete, 4, 600, 300));  // too many variables
    CHECK(!taken(Shape::complete, 6, 600, 2));    // too many cuts
  }
}

TEST(ranks_of_several_slots_and_of_as_many_as_there_can_be) {
  std::mt19937_64 random(19);
  for (const std::int32_t n_features : {5, 16, 17, 31, 32, 33, 63, 64, 65}) {
    // About 1200 cuts that are floats of their own: on 5 variables one slot each.
    compare_methods(random_forest(Shape::complete, 5, 60, n_features, 1, random), 300, random);
    compare_methods(random_forest(Shape::complete, 7, 20, n_features, 2, random), 130, random);
  }
}

TEST(every_tail_of_a_block) {
  std::mt19937_64 random(16);
  const Forest forest = random_forest(Shape::random, 20, 7, 5, 2, random);
  const ForestPredictor predictor(forest);
  const std::vector<float> events = random_events(forest, 1025, random);
  const std::vector<double> expected = plain_sums(forest, events, 1025);
  std::vector<double> found;
  for (std::size_t n = 1; n <= 1025; ++n) {
    found.assign(2 * n + 2, -77.0);
    predictor.evaluate({}, View<const float, 2>(events.data(), n, 5), View<double, 2>(found.data(), n, 2));
    CHECK(std::equal(found.begin(), found.end() - 2, expected.begin()));
    CHECK(found[2 * n] == -77.0 && found[2 * n + 1] == -77.0);
  }
}

TEST(links_means_preselection_and_threads) {
  std::mt19937_64 random(17);
  for (const std::int32_t n_outputs : {1, 3}) {
    for (const Aggregation aggregation : {Aggregation::sum, Aggregation::weighted_mean}) {
      for (const Link link : {Link::identity, Link::tmva_gradient, Link::logistic, Link::softmax, Link::exponential,
                              Link::normalised_logistic}) {
        Forest forest = random_forest(Shape::random, 40, 9, 5, n_outputs, random);
        forest.aggregation = aggregation;
        forest.link = link;
        if (n_outputs == 1) forest.preselection.cuts = {{1, -1.5, true, false}, {2, 1.5, false, true}};
        const ForestPredictor predictor(forest);
        const auto outputs = static_cast<std::size_t>(n_outputs);
        constexpr std::size_t n = 3000;
        const std::vector<float> events = random_events(forest, n, random);
        std::vector<double> expected(n * outputs);
        for (std::size_t i = 0; i < n; ++i) predictor.evaluate(events.data() + 5 * i, expected.data() + i * outputs);
        Context context;
        for (const int threads : {1, 2, 3, 5, 8}) {
          context.threads = threads;
          std::vector<double> found(n * outputs, -77.0);
          predictor.evaluate(context, View<const float, 2>(events.data(), n, 5),
                             View<double, 2>(found.data(), n, outputs));
          CHECK(std::memcmp(found.data(), expected.data(), n * outputs * sizeof(double)) == 0);
        }
      }
    }
  }
}

TEST(views_of_any_strides) {
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
      CHECK(ForestBatch(forest).method() != BatchMethod::plain);
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
  forest.aggregation = Aggregation::weighted_median;
  CHECK(ForestBatch(forest).method() == BatchMethod::plain);
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

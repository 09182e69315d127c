#include <cmath>
#include <limits>
#include <random>

#include "base/archive.hpp"
#include "check.hpp"
#include "diskern/error.hpp"
#include "trees/forest.hpp"

using diskern::FormatError;
using diskern::archive::Group;
using namespace diskern::trees;

namespace {

constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();
constexpr float infinite = std::numeric_limits<float>::infinity();

Tree leaf(double value) {
  Tree tree;
  tree.feature = {leaf_feature};
  tree.threshold = {0.0};
  tree.left = {-1};
  tree.right = {-1};
  tree.missing_right = {0};
  tree.value = {value};
  return tree;
}

Tree stump(std::int32_t feature, double threshold, double low, double high, bool missing_right = false) {
  Tree tree;
  tree.feature = {feature, leaf_feature, leaf_feature};
  tree.threshold = {threshold, 0.0, 0.0};
  tree.left = {1, -1, -1};
  tree.right = {2, -1, -1};
  tree.missing_right = {static_cast<std::uint8_t>(missing_right ? 1 : 0), 0, 0};
  tree.value = {0.0, low, high};
  return tree;
}

Tree linear_stump() {
  Tree tree = stump(0, 1.5, -1.0, 1.0);
  tree.feature[0] = linear_feature;
  tree.linear_begin = {0, -1, -1};
  tree.linear_coefficients = {1.0, 0.0};
  return tree;
}

Forest two_outputs() {
  Forest forest;
  forest.n_features = 2;
  forest.n_outputs = 2;
  forest.trees = {stump(0, 0.5, -1.0, 1.0), stump(1, 0.5, -2.0, 2.0, true), leaf(0.25), leaf(4.0)};
  forest.tree_weight = {1.0, 0.5, 2.0, 1.0};
  forest.base_score = {10.0, 20.0};
  return forest;
}

std::vector<double> evaluate(const Forest& forest, const std::vector<float>& variables) {
  const ForestPredictor predictor(forest);
  std::vector<double> responses(predictor.output_count(), -77.0);
  predictor.evaluate(variables.data(), responses.data());
  return responses;
}

// A tree of random shape: children after parents, cuts on random variables.
Tree random_tree(std::mt19937& generator, std::int32_t n_features, int splits) {
  Tree tree = leaf(0.0);
  std::vector<std::int32_t> leaves = {0};
  const auto uniform = [&] { return static_cast<double>(generator()) / 4294967296.0; };
  for (int s = 0; s < splits; ++s) {
    const std::size_t pick = generator() % leaves.size();
    const auto parent = static_cast<std::size_t>(leaves[pick]);
    leaves.erase(leaves.begin() + static_cast<std::ptrdiff_t>(pick));
    tree.feature[parent] = static_cast<std::int32_t>(generator() % static_cast<unsigned>(n_features));
    tree.threshold[parent] = uniform() - 0.5;
    tree.missing_right[parent] = static_cast<std::uint8_t>(generator() % 2);
    for (std::vector<std::int32_t>* side : {&tree.left, &tree.right}) {
      (*side)[parent] = static_cast<std::int32_t>(tree.node_count());
      leaves.push_back((*side)[parent]);
      tree.feature.push_back(leaf_feature);
      tree.threshold.push_back(0.0);
      tree.left.push_back(-1);
      tree.right.push_back(-1);
      tree.missing_right.push_back(0);
      tree.value.push_back(uniform());
    }
  }
  return tree;
}

}  // namespace

TEST(an_event_on_the_threshold_goes_right) {
  const Tree tree = stump(1, 0.5, -1.0, 1.0);
  const float below[2] = {9.0F, 0.49999997F};
  const float on[2] = {-9.0F, 0.5F};
  CHECK_EQUAL(leaf_index(tree, below, 2), 1);
  CHECK_EQUAL(leaf_index(tree, on, 2), 2);
}

TEST(thresholds_are_compared_in_float64) {
  const double threshold = 0.1;  // float32(0.1) is above it
  const float x[1] = {0.1F};
  CHECK_EQUAL(leaf_index(stump(0, threshold, 0, 1), x, 1), 2);
  CHECK_EQUAL(leaf_index(stump(0, std::nextafter(static_cast<double>(0.1F), 1.0), 0, 1), x, 1), 1);
}

TEST(missing_values_go_where_the_node_says_and_infinities_are_values) {
  const float missing[1] = {not_a_number};
  CHECK_EQUAL(leaf_index(stump(0, 0.0, 0, 1, false), missing, 1), 1);
  CHECK_EQUAL(leaf_index(stump(0, 0.0, 0, 1, true), missing, 1), 2);
  const float plus[1] = {infinite};
  const float minus[1] = {-infinite};
  CHECK_EQUAL(leaf_index(stump(0, 0.0, 0, 1), plus, 1), 2);
  CHECK_EQUAL(leaf_index(stump(0, 0.0, 0, 1), minus, 1), 1);
}

TEST(linear_nodes_cut_strictly_and_ignore_variables_of_coefficient_zero) {
  const Tree tree = linear_stump();
  const float on[2] = {1.5F, 0.0F};
  const float above[2] = {1.6F, not_a_number};
  const float missing[2] = {not_a_number, 0.0F};
  CHECK_EQUAL(leaf_index(tree, on, 2), 1);
  CHECK_EQUAL(leaf_index(tree, above, 2), 2);
  CHECK_EQUAL(leaf_index(tree, missing, 2), 1);
}

TEST(sum_adds_the_base_score_and_the_trees_of_each_output) {
  const std::vector<double> responses = evaluate(two_outputs(), {1.0F, not_a_number});
  CHECK_EQUAL(responses[0], 10.0 + 1.0 + 0.5);
  CHECK_EQUAL(responses[1], 20.0 + 1.0 + 4.0);
}

TEST(weighted_mean_divides_by_the_weights_of_the_trees) {
  Forest forest = two_outputs();
  forest.aggregation = Aggregation::weighted_mean;
  forest.base_score = {0.0, 0.0};
  const std::vector<double> responses = evaluate(forest, {0.0F, 0.0F});
  CHECK_EQUAL(responses[0], (-1.0 + 0.5) / 3.0);
  CHECK_EQUAL(responses[1], (-1.0 + 4.0) / 1.5);
  forest.tree_weight = {0.0, 0.0, 0.0, 0.0};
  CHECK_EQUAL(evaluate(forest, {0.0F, 0.0F})[0], 0.0);
}

TEST(median_leaf_is_where_the_cumulative_weight_reaches_half) {
  Forest forest;
  forest.n_features = 1;
  forest.aggregation = Aggregation::median_leaf;
  forest.base_score = {0.5};
  for (const double value : {7.0, 1.0, 3.0, 2.0}) {
    forest.trees.push_back(leaf(value));
    forest.tree_weight.push_back(1.0);
  }
  CHECK_EQUAL(evaluate(forest, {0.0F})[0], 2.5);  // sorted 1 2 3 7: two of four are half
  forest.tree_weight[2] = 1.5;                    // 1 + 1 < 2.25 <= 1 + 1 + 1.5
  CHECK_EQUAL(evaluate(forest, {0.0F})[0], 3.5);
  forest.tree_weight[0] = 100.0;
  CHECK_EQUAL(evaluate(forest, {0.0F})[0], 7.5);
  forest.tree_weight = {0.0, 0.0, 0.0, 0.0};  // nothing to weigh with: the smallest
  CHECK_EQUAL(evaluate(forest, {0.0F})[0], 1.5);
}

TEST(weighted_median_is_the_mean_of_the_central_window) {
  Forest forest;
  forest.n_features = 1;
  forest.aggregation = Aggregation::weighted_median;
  forest.base_score = {0.0};
  for (const double value : {7.0, 1.0, 3.0, 2.0, 6.0, 5.0, 4.0, 8.0, 12.0, 11.0, 10.0, 9.0}) {
    forest.trees.push_back(leaf(value));
    forest.tree_weight.push_back(1.0);
  }
  // Sorted 1..12; the cumulative weight exceeds 6 after t = 7 trees; the window is [7 - 2 - 1, 7 + 2): 5, 6, 7, 8, 9.
  CHECK_EQUAL(evaluate(forest, {0.0F})[0], 7.0);
  // The tree that says 1 outweighs the rest: t = 1, the window is [0, 3).
  forest.tree_weight[1] = 100.0;
  CHECK_EQUAL(evaluate(forest, {0.0F})[0], 2.0);
  forest.trees = {leaf(5.0)};
  forest.tree_weight = {0.3};
  CHECK_EQUAL(evaluate(forest, {0.0F})[0], 5.0);
  forest.tree_weight = {0.0};  // nothing to weigh with: all trees, never a read behind the end
  CHECK_EQUAL(evaluate(forest, {0.0F})[0], 5.0);
}

TEST(links) {
  Forest forest = two_outputs();
  forest.trees.clear();
  forest.tree_weight.clear();
  forest.base_score = {0.3, -0.2};
  forest.link = Link::tmva_gradient;
  CHECK_NEAR(evaluate(forest, {0.0F, 0.0F})[0], std::tanh(0.3), 1e-15);
  forest.link = Link::logistic;
  CHECK_NEAR(evaluate(forest, {0.0F, 0.0F})[1], 1.0 / (1.0 + std::exp(0.2)), 1e-15);
  forest.link = Link::exponential;
  CHECK_NEAR(evaluate(forest, {0.0F, 0.0F})[1], std::exp(-0.2), 1e-15);
  forest.link = Link::softmax;
  CHECK_NEAR(evaluate(forest, {0.0F, 0.0F})[0], 1.0 / (1.0 + std::exp(-0.5)), 1e-15);
  forest.base_score = {1e4, -1e4};  // no overflow
  CHECK_EQUAL(evaluate(forest, {0.0F, 0.0F})[0], 1.0);
  CHECK_EQUAL(evaluate(forest, {0.0F, 0.0F})[1], 0.0);
}

TEST(the_last_matching_preselection_cut_decides) {
  Forest forest;
  forest.n_features = 1;
  forest.trees = {leaf(0.125)};
  forest.tree_weight = {1.0};
  forest.base_score = {0.0};
  forest.preselection.cuts = {{0, 0.0, true, false}, {0, -5.0, true, true}, {0, 5.0, false, true}};
  CHECK_EQUAL(evaluate(forest, {1.0F})[0], 0.125);
  CHECK_EQUAL(evaluate(forest, {-1.0F})[0], -1.0);
  CHECK_EQUAL(evaluate(forest, {-6.0F})[0], 1.0);
  CHECK_EQUAL(evaluate(forest, {6.0F})[0], 1.0);
  CHECK_EQUAL(evaluate(forest, {5.0F})[0], 0.125);
}

TEST(batches_give_the_same_bits_as_single_events_for_any_number_of_threads) {
  std::mt19937 generator(7);
  for (const Aggregation aggregation : {Aggregation::sum, Aggregation::weighted_mean, Aggregation::weighted_median}) {
    Forest forest;
    forest.n_features = 5;
    forest.n_outputs = aggregation == Aggregation::weighted_median ? 1 : 3;
    forest.aggregation = aggregation;
    forest.base_score.assign(static_cast<std::size_t>(forest.n_outputs), 0.1);
    for (int t = 0; t < 30; ++t) {
      forest.trees.push_back(random_tree(generator, 5, t % 12));
      forest.tree_weight.push_back(0.1 * (t + 1));
    }
    const ForestPredictor predictor(forest);
    const std::size_t n = 2500;
    std::vector<float> events(n * 5);
    for (float& x : events) {
      x = static_cast<float>(generator()) / 4294967296.0F - 0.5F;
      if (generator() % 20 == 0) x = not_a_number;
    }
    const std::size_t k = predictor.output_count();
    std::vector<double> one_by_one(n * k);
    for (std::size_t i = 0; i < n; ++i) predictor.evaluate(events.data() + 5 * i, one_by_one.data() + k * i);
    // The same events column by column, and with one variable more between rows.
    std::vector<float> transposed(n * 5);
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < 5; ++j) transposed[j * n + i] = events[5 * i + j];
    }
    for (const int threads : {1, 2, 4}) {
      diskern::Context context;
      context.threads = threads;
      std::vector<double> batch(n * k, -1.0);
      predictor.evaluate(context, diskern::View<const float, 2>(events.data(), n, 5),
                         diskern::View<double, 2>(batch.data(), n, k));
      CHECK(batch == one_by_one);
      std::vector<double> strided(n * k, -1.0);
      predictor.evaluate(context,
                         diskern::View<const float, 2>(transposed.data(), {n, 5}, {1, static_cast<std::ptrdiff_t>(n)}),
                         diskern::View<double, 2>(strided.data(), n, k));
      CHECK(strided == one_by_one);
    }
  }
}

TEST(a_forest_comes_back_from_its_group) {
  Forest forest = two_outputs();
  forest.trees[0] = linear_stump();
  forest.trees[1].weight = {3.0, 1.0, 2.0};
  forest.trees[1].gain = {0.5, 0.0, 0.0};
  forest.trees[1].purity = {0.5, 0.25, 0.75};
  forest.trees[1].response_rms = {1.0, 2.0, 3.0};
  forest.trees[2].swapped = {1};
  forest.trees[2].node_type = {-1};
  forest.aggregation = Aggregation::weighted_mean;
  forest.link = Link::softmax;
  Group group("forest");
  ForestPredictor(forest).write(group);
  const auto back = ForestPredictor::read(group);
  CHECK_EQUAL(back->kind(), std::string_view("forest"));
  const Forest& read = dynamic_cast<const ForestPredictor&>(*back).forest();
  CHECK_EQUAL(read.n_features, 2);
  CHECK_EQUAL(read.n_outputs, 2);
  CHECK(read.aggregation == forest.aggregation && read.link == forest.link);
  CHECK(read.tree_weight == forest.tree_weight && read.base_score == forest.base_score);
  CHECK_EQUAL(read.trees.size(), std::size_t{4});
  for (std::size_t t = 0; t < 4; ++t) {
    const Tree& a = forest.trees[t];
    const Tree& b = read.trees[t];
    CHECK(a.feature == b.feature && a.threshold == b.threshold && a.left == b.left && a.right == b.right);
    CHECK(a.missing_right == b.missing_right && a.value == b.value);
    CHECK(a.linear_begin == b.linear_begin && a.linear_coefficients == b.linear_coefficients);
    CHECK(a.weight == b.weight && a.gain == b.gain && a.purity == b.purity && a.response_rms == b.response_rms);
    CHECK(a.swapped == b.swapped && a.node_type == b.node_type);
  }
  Forest with_cuts;
  with_cuts.n_features = 1;
  with_cuts.base_score = {0.0};
  with_cuts.preselection.cuts = {{0, 1.5, true, false}, {0, 2.5, false, true}};
  Group second("forest");
  ForestPredictor(with_cuts).write(second);
  const auto again = ForestPredictor::read(second);
  const auto& cuts = dynamic_cast<const ForestPredictor&>(*again).forest().preselection.cuts;
  CHECK_EQUAL(cuts.size(), std::size_t{2});
  CHECK(cuts[0].below && !cuts[0].signal && cuts[0].value == 1.5 && !cuts[1].below && cuts[1].signal);
}

TEST(every_broken_forest_is_refused) {
  validate(two_outputs());
  const auto refused = [](auto&& damage) {
    Forest forest = two_outputs();
    forest.trees[3] = linear_stump();
    validate(forest);
    damage(forest);
    try {
      validate(forest);
    } catch (const FormatError&) {
      return true;
    }
    return false;
  };
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double inf = std::numeric_limits<double>::infinity();
  CHECK(refused([](Forest& f) { f.n_features = 0; }));
  CHECK(refused([](Forest& f) { f.n_features = 1; }));
  CHECK(refused([](Forest& f) { f.n_outputs = 0; }));
  CHECK(refused([](Forest& f) {
    f.n_outputs = 3;
    f.base_score = {0, 0, 0};
  }));
  CHECK(refused([](Forest& f) { f.base_score = {0}; }));
  CHECK(refused([&](Forest& f) { f.base_score[1] = inf; }));
  CHECK(refused([](Forest& f) { f.tree_weight.pop_back(); }));
  CHECK(refused([&](Forest& f) { f.tree_weight[0] = nan; }));
  CHECK(refused([](Forest& f) { f.aggregation = static_cast<Aggregation>(3); }));
  CHECK(refused([](Forest& f) { f.link = static_cast<Link>(9); }));
  CHECK(refused([](Forest& f) { f.aggregation = Aggregation::weighted_median; }));
  CHECK(refused([](Forest& f) { f.preselection.cuts = {{0, 1.0, true, true}}; }));
  CHECK(refused([](Forest& f) { f.trees[0] = Tree(); }));
  CHECK(refused([](Forest& f) { f.trees[0].threshold.pop_back(); }));
  CHECK(refused([](Forest& f) { f.trees[0].left.pop_back(); }));
  CHECK(refused([](Forest& f) { f.trees[0].right.push_back(-1); }));
  CHECK(refused([](Forest& f) { f.trees[0].missing_right.clear(); }));
  CHECK(refused([](Forest& f) { f.trees[0].value.clear(); }));
  CHECK(refused([](Forest& f) { f.trees[0].gain = {1.0}; }));
  CHECK(refused([](Forest& f) { f.trees[0].node_type = {1}; }));
  CHECK(refused([](Forest& f) { f.trees[0].left[0] = 0; }));
  CHECK(refused([](Forest& f) { f.trees[0].left[0] = -1; }));
  CHECK(refused([](Forest& f) { f.trees[0].left[0] = 3; }));
  CHECK(refused([](Forest& f) { f.trees[0].left[0] = 2; }));
  CHECK(refused([](Forest& f) { f.trees[0].left[1] = 2; }));
  CHECK(refused([](Forest& f) { f.trees[0].feature[0] = 2; }));
  CHECK(refused([](Forest& f) { f.trees[0].feature[0] = -3; }));
  CHECK(refused([](Forest& f) { f.trees[0].feature[0] = linear_feature; }));
  CHECK(refused([](Forest& f) { f.trees[0].feature[0] = leaf_feature; }));
  CHECK(refused([&](Forest& f) { f.trees[0].threshold[0] = nan; }));
  CHECK(refused([&](Forest& f) { f.trees[0].value[1] = inf; }));
  CHECK(refused([](Forest& f) { f.trees[3].linear_begin[0] = 1; }));
  CHECK(refused([](Forest& f) { f.trees[3].linear_begin[0] = -1; }));
  CHECK(refused([&](Forest& f) { f.trees[3].linear_coefficients[0] = nan; }));
  CHECK(refused([](Forest& f) { f.trees[3].linear_begin.clear(); }));
  // A node that nobody reaches.
  CHECK(refused([](Forest& f) {
    Tree& tree = f.trees[2];
    tree.feature.push_back(leaf_feature);
    tree.threshold.push_back(0);
    tree.left.push_back(-1);
    tree.right.push_back(-1);
    tree.missing_right.push_back(0);
    tree.value.push_back(0);
  }));
  Forest preselected;
  preselected.n_features = 1;
  preselected.base_score = {0.0};
  preselected.preselection.cuts = {{1, 0.0, true, true}};
  CHECK_THROWS(validate(preselected), FormatError);
  preselected.preselection.cuts = {{0, nan, true, true}};
  CHECK_THROWS(validate(preselected), FormatError);
  Forest many;
  many.n_features = 1;
  many.base_score = {0.0};
  many.aggregation = Aggregation::weighted_median;
  many.trees.assign(maximum_median_trees + 1, leaf(0.0));
  many.tree_weight.assign(maximum_median_trees + 1, 1.0);
  CHECK_THROWS(validate(many), FormatError);
}

TEST(a_group_with_wrong_sizes_is_refused) {
  const auto write = [](const char* key, const diskern::archive::Value& value) {
    Group original("forest");
    ForestPredictor(two_outputs()).write(original);
    Group changed("forest");
    for (const auto& [name, content] : original.entries()) changed.set(name, name == key ? value : content);
    return changed;
  };
  using Integers = std::vector<std::int32_t>;
  CHECK_THROWS(ForestPredictor::read(write("node_counts", Integers{3, 3, 1, 2})), FormatError);
  CHECK_THROWS(ForestPredictor::read(write("node_counts", Integers{8, 0, 0, 0})), FormatError);
  CHECK_THROWS(ForestPredictor::read(write("node_counts", Integers{9, -1, 1, -1})), FormatError);
  CHECK_THROWS(ForestPredictor::read(write("node_counts", Integers{2147483647, 2147483647, 2147483647, 2147483647})),
               FormatError);
  CHECK_THROWS(ForestPredictor::read(write("node_counts", Integers{})), FormatError);
  CHECK_THROWS(ForestPredictor::read(write("aggregation", std::int64_t{7})), FormatError);
  CHECK_THROWS(ForestPredictor::read(write("link", std::int64_t{-1})), FormatError);
  CHECK_THROWS(ForestPredictor::read(write("layout", std::int64_t{2})), FormatError);
  CHECK_THROWS(ForestPredictor::read(write("tree_weight", std::vector<double>{1.0})), FormatError);
  CHECK_THROWS(ForestPredictor::read(Group("forest")), FormatError);
}

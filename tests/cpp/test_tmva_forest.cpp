#include <cmath>
#include <limits>
#include <random>

#include "base/tmva_random.hpp"
#include "check.hpp"
#include "diskern/error.hpp"
#include "trees/tmva_builder.hpp"
#include "trees/tmva_fisher.hpp"
#include "trees/tmva_forest.hpp"
#include "trees/tmva_loss.hpp"
#include "trees/tmva_pruning.hpp"
#include "trees/tmva_sample.hpp"
#include "trees/tmva_separation.hpp"

using diskern::Context;
using diskern::InvalidArgument;
using diskern::TmvaRandom;
using diskern::View;
using namespace diskern::trees;

namespace {

struct Events {
  std::vector<float> values;
  std::vector<std::int32_t> class_index;
  std::vector<double> target;
  std::vector<double> weight;
  std::size_t n_variables;

  TmvaTrainingData data() const {
    TmvaTrainingData result;
    result.events = View<const float, 2>(values.data(), weight.size(), n_variables);
    result.class_index = View<const std::int32_t>(class_index.data(), class_index.size());
    result.target = View<const double>(target.data(), target.size());
    result.weight = View<const double>(weight.data(), weight.size());
    return result;
  }
};

Events make_events(std::size_t n, std::size_t n_variables, unsigned seed) {
  std::mt19937 generator(seed);
  const auto uniform = [&] { return static_cast<double>(generator()) / 4294967296.0; };
  Events events;
  events.n_variables = n_variables;
  for (std::size_t i = 0; i < n; ++i) {
    const bool signal = uniform() < 0.5;
    events.class_index.push_back(signal ? 0 : 1);
    events.weight.push_back(0.5 + uniform());
    double target = 0;
    for (std::size_t j = 0; j < n_variables; ++j) {
      const double x = uniform() + uniform() + (signal && j == 0 ? 0.4 : 0.0);
      events.values.push_back(static_cast<float>(x));
      if (j < 2) target += x * x;
    }
    events.target.push_back(target);
  }
  return events;
}

struct Interrupter final : diskern::Monitor {
  explicit Interrupter(int after) : left(after) {}
  bool interrupted() noexcept override { return left-- <= 0; }
  int left;
};

}  // namespace

TEST(uniforms_and_poisson_numbers_are_those_of_trandom3) {
  TmvaRandom random(4357);
  // std::mt19937 fixes its 10000th number; TRandom3 scales the same 32 bits.
  std::mt19937 reference(4357);
  for (int i = 0; i < 1000; ++i)
    CHECK_EQUAL(random.uniform(), static_cast<double>(reference()) * 2.3283064365386963e-10);
  TmvaRandom counts(1);
  double sum = 0;
  for (int i = 0; i < 20000; ++i) sum += counts.poisson(0.6);
  CHECK_NEAR(sum / 20000, 0.6, 0.02);
  TmvaRandom zero(0);
  TmvaRandom standard(4357);
  CHECK_EQUAL(zero.uniform(), standard.uniform());
}

TEST(separation_indices_by_hand) {
  CHECK_NEAR(separation_index(TmvaSeparation::GiniIndex, 3, 1), 2 * 3.0 / 16, 1e-15);
  CHECK_NEAR(separation_index(TmvaSeparation::CrossEntropy, 1, 1), 1.0, 1e-15);
  CHECK_NEAR(separation_index(TmvaSeparation::MisClassificationError, 3, 1), 0.25, 1e-15);
  CHECK_NEAR(separation_index(TmvaSeparation::GiniIndexWithLaplace, 3, 1), 8.0 / 36, 1e-15);
  CHECK_NEAR(separation_index(TmvaSeparation::SDivSqrtSPlusB, 3, 1), 1.5, 1e-15);
  for (const auto type :
       {TmvaSeparation::GiniIndex, TmvaSeparation::CrossEntropy, TmvaSeparation::GiniIndexWithLaplace}) {
    CHECK_EQUAL(separation_index(type, 0, 5), 0.0);
    CHECK_EQUAL(separation_index(type, -1, 5), 0.0);
  }
  // A cut that separates everything gains the whole impurity; one in the middle of equal halves gains exactly nothing.
  CHECK_NEAR(separation_gain(TmvaSeparation::GiniIndex, 4, 0, 4, 4), 0.5, 1e-15);
  CHECK_EQUAL(separation_gain(TmvaSeparation::GiniIndex, 2, 2, 4, 4), 0.0);
  CHECK_NEAR(variance_gain(2, 2, 2, 4, 6, 10), 1.0, 1e-15);  // targets 1, 1 | 2, 2
}

TEST(quantiles_as_tmva_counts_them) {
  std::vector<WeightedValue> values = {{3, 1}, {1, 1}, {2, 1}, {4, 1}};
  // 1 + 1 + 1 exceeds 2 at the value 3; TMVA returns the one behind it.
  CHECK_EQUAL(tmva_quantile(values, 0.5, 4), 4.0);
  CHECK_EQUAL(tmva_quantile(values, 0.25, 4), 3.0);
  CHECK_EQUAL(tmva_quantile(values, 1.0, 4), 0.0);
}

TEST(a_matrix_times_its_inverse_is_one) {
  std::vector<double> matrix = {4, 1, 0.5, 1, 3, 0.2, 0.5, 0.2, 2};
  std::vector<double> inverse = matrix;
  CHECK(invert_symmetric(inverse, 3));
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t j = 0; j < 3; ++j) {
      double sum = 0;
      for (std::size_t k = 0; k < 3; ++k) sum += matrix[3 * i + k] * inverse[3 * k + j];
      CHECK_NEAR(sum, i == j ? 1.0 : 0.0, 1e-14);
    }
  }
  std::vector<double> singular = {1, 1, 1, 1};
  CHECK(!invert_symmetric(singular, 2));
}

TEST(a_tree_by_hand) {
  // One variable, 0 .. 9; signal above 5. Grid of two bins: the cut is at 4.5.
  Events events;
  events.n_variables = 1;
  for (int i = 0; i < 10; ++i) {
    events.values.push_back(static_cast<float>(i));
    events.class_index.push_back(i >= 5 ? 0 : 1);
    events.weight.push_back(1);
  }
  TmvaForestParams params;
  params.NTrees = 1;
  params.nCuts = 1;
  params.MinNodeSize = 10;
  params.BoostType = TmvaBoostType::SingleTree;
  const TmvaForestResult result = fit_tmva_forest(Context(), params, TmvaAnalysis::Classification, events.data());
  const Tree& tree = result.predictor->forest().trees[0];
  CHECK_EQUAL(tree.node_count(), std::size_t{3});
  CHECK_EQUAL(tree.threshold[0], 4.5);
  CHECK_EQUAL(tree.value[static_cast<std::size_t>(tree.right[0])], 1.0);
  CHECK_EQUAL(tree.value[static_cast<std::size_t>(tree.left[0])], -1.0);
  CHECK_EQUAL(static_cast<int>(tree.swapped[0]), 1);  // TMVA's cType: 1 where signal lies below the cut
  CHECK_NEAR(tree.gain[0], 0.5, 1e-12);
  CHECK_EQUAL(result.importance[0], 1.0);
  // MinNodeSize forbids it: the grid of two bins has no other cut.
  params.MinNodeSize = 49.9;
  events.class_index = {1, 1, 1, 1, 0, 0, 0, 0, 0, 0};
  events.values[4] = 4.9F;
  const TmvaForestResult leaf = fit_tmva_forest(Context(), params, TmvaAnalysis::Classification, events.data());
  CHECK_EQUAL(leaf.predictor->forest().trees[0].node_count(), std::size_t{1});
}

TEST(results_do_not_depend_on_threads) {
  const Events events = make_events(30000, 6, 5);
  for (const bool gradient : {false, true}) {
    TmvaForestParams params;
    params.NTrees = 5;
    params.MaxDepth = 6;
    params.MinNodeSize = 0.5;
    params.UseBaggedBoost = true;
    if (gradient) params.BoostType = TmvaBoostType::Grad;
    std::vector<std::vector<double>> answers;
    for (const int threads : {1, 2, 5}) {
      Context context;
      context.threads = threads;
      const TmvaForestResult result = fit_tmva_forest(context, params, TmvaAnalysis::Classification, events.data());
      std::vector<double> answer(events.weight.size());
      result.predictor->evaluate(context, events.data().events, View<double, 2>(answer.data(), answer.size(), 1));
      answer.insert(answer.end(), result.training_loss.begin(), result.training_loss.end());
      answers.push_back(answer);
    }
    CHECK(answers[0] == answers[1]);
    CHECK(answers[0] == answers[2]);
  }
}

TEST(pruning_takes_nodes_away_and_more_strength_takes_more) {
  const Events events = make_events(3000, 4, 9);
  std::size_t before = std::numeric_limits<std::size_t>::max();
  for (const double strength : {0.0, 30.0, 60.0, 90.0}) {
    TmvaForestParams params;
    params.BoostType = TmvaBoostType::SingleTree;
    params.UseYesNoLeaf = false;
    params.MaxDepth = 8;
    params.MinNodeSize = 0.3;
    params.PruneMethod = TmvaPruneMethod::CostComplexity;
    params.PruneStrength = strength;
    const TmvaForestResult result = fit_tmva_forest(Context(), params, TmvaAnalysis::Classification, events.data());
    const std::size_t nodes = result.predictor->forest().trees[0].node_count();
    CHECK_EQUAL(nodes, static_cast<std::size_t>(result.nodes_after_pruning[0]));
    CHECK(nodes < before);
    if (strength == 0) CHECK_EQUAL(result.nodes_before_pruning[0], result.nodes_after_pruning[0]);
    before = nodes;
  }
  // Automatic: events set apart decide; on noise they leave little.
  TmvaForestParams params;
  params.BoostType = TmvaBoostType::SingleTree;
  params.UseYesNoLeaf = false;
  params.MaxDepth = 8;
  params.MinNodeSize = 0.3;
  params.PruneMethod = TmvaPruneMethod::CostComplexity;
  params.PruneStrength = -1;
  const TmvaForestResult result = fit_tmva_forest(Context(), params, TmvaAnalysis::Classification, events.data());
  CHECK(result.nodes_after_pruning[0] < result.nodes_before_pruning[0] / 2);
  CHECK(result.nodes_after_pruning[0] > 1);
}

TEST(every_leaf_of_regression_holds_its_mean) {
  const Events events = make_events(2000, 3, 3);
  TmvaForestParams params = TmvaForestParams::defaults(TmvaAnalysis::Regression);
  params.BoostType = TmvaBoostType::SingleTree;
  params.MaxDepth = 5;
  TmvaTrainingData data = events.data();
  std::vector<std::int32_t> zeros(events.weight.size(), 0);
  data.class_index = View<const std::int32_t>(zeros.data(), zeros.size());
  data.n_classes = 1;
  const TmvaForestResult result = fit_tmva_forest(Context(), params, TmvaAnalysis::Regression, data);
  const Tree& tree = result.predictor->forest().trees[0];
  std::vector<double> sum(tree.node_count());
  std::vector<double> weight(tree.node_count());
  for (std::size_t i = 0; i < events.weight.size(); ++i) {
    const auto leaf = static_cast<std::size_t>(leaf_index(tree, events.values.data() + 3 * i, 3));
    sum[leaf] += events.weight[i] * static_cast<double>(static_cast<float>(events.target[i]));
    weight[leaf] += events.weight[i];
  }
  int leaves = 0;
  for (std::size_t i = 0; i < tree.node_count(); ++i) {
    if (tree.feature[i] != leaf_feature) continue;
    ++leaves;
    CHECK_NEAR(tree.value[i], sum[i] / weight[i], 1e-6);
    CHECK_NEAR(tree.weight[i], weight[i], 1e-3);
  }
  CHECK(leaves > 10);
}

TEST(pairing_leaves_the_sums_and_no_negative_weight) {
  Events events = make_events(400, 2, 8);
  double total[2] = {0, 0};
  for (std::size_t i = 0; i < events.weight.size(); ++i) {
    if (i % 7 == 0) events.weight[i] *= -0.8;
    total[events.class_index[i]] += events.weight[i];
  }
  TmvaForestParams params;
  params.NegWeightTreatment = TmvaNegWeights::PairNegWeightsGlobal;
  std::vector<std::string> notes;
  const TmvaSample sample = prepare_sample(Context(), params, TmvaAnalysis::Classification, events.data(), notes);
  double paired[2] = {0, 0};
  for (std::size_t i = 0; i < sample.size(); ++i) {
    CHECK(sample.weight[i] > 0);
    paired[sample.class_index[i]] += sample.weight[i];
  }
  CHECK_NEAR(paired[0], total[0], 1e-9);
  CHECK_NEAR(paired[1], total[1], 1e-9);
  CHECK(sample.size() < events.weight.size());
  CHECK_EQUAL(notes.size(), std::size_t{1});
}

TEST(a_negative_event_is_merged_with_its_nearest_neighbour) {
  Events events;
  events.n_variables = 1;
  // Class 0: the event at 5 of weight -1 takes the weight of the one at 6, then half of the one at 3.5.
  events.values = {0.0F, 3.5F, 5.0F, 6.0F, 9.0F, 1.0F, 2.0F};
  events.class_index = {0, 0, 0, 0, 0, 1, 1};
  events.weight = {1.0, 1.0, -1.0, 0.5, 1.0, 1.0, 1.0};
  TmvaForestParams params;
  params.NegWeightTreatment = TmvaNegWeights::PairNegWeightsGlobal;
  params.SkipNormalization = true;
  std::vector<std::string> notes;
  const TmvaSample sample = prepare_sample(Context(), params, TmvaAnalysis::Classification, events.data(), notes);
  CHECK(sample.weight == (std::vector<double>{1.0, 0.5, 1.0, 1.0, 1.0}));
  CHECK(sample.values[0] == (std::vector<float>{0.0F, 3.5F, 9.0F, 1.0F, 2.0F}));
}

TEST(pairing_can_be_interrupted) {
  Events events = make_events(400, 2, 8);
  for (std::size_t i = 0; i < events.weight.size(); i += 7) events.weight[i] *= -0.8;
  TmvaForestParams params;
  params.NegWeightTreatment = TmvaNegWeights::PairNegWeightsGlobal;
  Interrupter soon(5);
  Context context;
  context.monitor = &soon;
  CHECK_THROWS(fit_tmva_forest(context, params, TmvaAnalysis::Classification, events.data()), diskern::Interrupted);
  CHECK_EQUAL(soon.left, -1);
}

TEST(importance_by_hand) {
  // The root cuts variable 0 with gain g0 of weight 8; then variable 1 splits one side with gain g1 of weight 4.
  Events events;
  events.n_variables = 2;
  events.values = {0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 1, 1, 1, 0, 1, 1};
  events.class_index = {1, 1, 1, 1, 1, 0, 1, 0};
  events.weight.assign(8, 1.0);
  TmvaForestParams params;
  params.BoostType = TmvaBoostType::SingleTree;
  params.SkipNormalization = true;
  params.UseYesNoLeaf = false;
  params.nCuts = 1;
  params.MinNodeSize = 10;
  const TmvaForestResult result = fit_tmva_forest(Context(), params, TmvaAnalysis::Classification, events.data());
  const Tree& tree = result.predictor->forest().trees[0];
  CHECK_EQUAL(tree.node_count(), std::size_t{5});
  double first = 0;
  double second = 0;
  for (std::size_t i = 0; i < 5; ++i) {
    if (tree.feature[i] == leaf_feature) continue;
    (tree.feature[i] == tree.feature[0] ? first : second) +=
        tree.gain[i] * tree.gain[i] * tree.weight[i] * tree.weight[i];
  }
  const double expected = std::sqrt(first) / (std::sqrt(first) + std::sqrt(second));
  CHECK_NEAR(result.importance[static_cast<std::size_t>(tree.feature[0])], expected, 1e-12);
  CHECK(expected > 0.3 && expected < 0.9);
}

TEST(the_smallest_node_is_a_percentage_in_float32) {
  // 0.2 % of 500 events, in float32, is a little more than one event: a single event cannot be cut off.
  Events events;
  events.n_variables = 1;
  for (int i = 0; i < 500; ++i) {
    events.values.push_back(i == 0 ? 100.0F : 0.01F * static_cast<float>(i % 5));
    events.class_index.push_back(0);
    events.target.push_back(i == 0 ? 50.0 : 0.0);
    events.weight.push_back(1.0);
  }
  TmvaTrainingData data = events.data();
  data.n_classes = 1;
  TmvaForestParams params = TmvaForestParams::defaults(TmvaAnalysis::Regression);
  params.BoostType = TmvaBoostType::SingleTree;
  CHECK_EQUAL(params.MinNodeSize, 0.2);
  CHECK_EQUAL(fit_tmva_forest(Context(), params, TmvaAnalysis::Regression, data).nodes_after_pruning[0], 1);
  params.MinNodeSize = 0.19;
  CHECK_EQUAL(fit_tmva_forest(Context(), params, TmvaAnalysis::Regression, data).nodes_after_pruning[0], 3);
}

TEST(pruning_stops_when_asked) {
  Context context;
  // A deep tree has hundreds of links to prune, each of which asks.
  const Events all = make_events(2000, 2, 5);
  TmvaForestParams params;
  params.BoostType = TmvaBoostType::SingleTree;
  params.MaxDepth = 30;
  params.MinNodeSize = 0.05;
  params.PruneMethod = TmvaPruneMethod::CostComplexity;
  params.PruneStrength = -1;
  Interrupter never(1 << 30);
  context.monitor = &never;
  const TmvaForestResult whole = fit_tmva_forest(context, params, TmvaAnalysis::Classification, all.data());
  const int asked = (1 << 30) - never.left;
  CHECK(whole.nodes_before_pruning[0] > 100);
  Interrupter late(asked - 20);
  context.monitor = &late;
  CHECK_THROWS(fit_tmva_forest(context, params, TmvaAnalysis::Classification, all.data()), diskern::Interrupted);
}

TEST(weights_whose_sum_leaves_float64_are_refused) {
  for (const double scale : {1e306, 1e-306}) {
    Events events = make_events(200, 2, 3);
    for (double& weight : events.weight) weight *= scale;
    TmvaForestParams params;
    params.NTrees = 2;
    CHECK_THROWS(fit_tmva_forest(Context(), params, TmvaAnalysis::Classification, events.data()),
                 diskern::InvalidArgument);
  }
}

TEST(preselection_cuts_leave_one_class) {
  Events events = make_events(1000, 2, 4);
  for (std::size_t i = 0; i < events.weight.size(); ++i) {
    if (events.class_index[i] == 1 && i % 3 == 0)
      events.values[2 * i] = -5.0F - static_cast<float>(i) / 1000;  // background only
  }
  TmvaForestParams params;
  params.DoPreselection = true;
  params.NTrees = 3;
  const TmvaForestResult result = fit_tmva_forest(Context(), params, TmvaAnalysis::Classification, events.data());
  const Preselection& preselection = result.predictor->forest().preselection;
  CHECK(!preselection.cuts.empty());
  const float far[2] = {-5.5F, 1.0F};
  double response = 0;
  result.predictor->evaluate(far, &response);
  CHECK_EQUAL(response, -1.0);
  int decided = 0;
  for (std::size_t i = 0; i < events.weight.size(); ++i) {
    for (const Preselection::Cut& cut : preselection.cuts) {
      const auto value = static_cast<double>(events.values[2 * i + static_cast<std::size_t>(cut.feature)]);
      if (!(cut.below ? value < cut.value : value > cut.value)) continue;
      ++decided;
      CHECK_EQUAL(events.class_index[i], cut.signal ? 0 : 1);
    }
  }
  CHECK(decided > 50);
}

TEST(interruption_keeps_whole_rounds) {
  const Events events = make_events(500, 3, 2);
  TmvaForestParams params;
  params.NTrees = 1000;
  Interrupter soon(200);
  Context context;
  context.monitor = &soon;
  const TmvaForestResult result = fit_tmva_forest(context, params, TmvaAnalysis::Classification, events.data());
  CHECK(result.interrupted);
  CHECK(!result.predictor->forest().trees.empty());
  CHECK(result.predictor->forest().trees.size() < 1000);
  CHECK_EQUAL(result.boost_weight.size(), result.predictor->forest().trees.size());
  Interrupter at_once(0);
  context.monitor = &at_once;
  CHECK_THROWS(fit_tmva_forest(context, params, TmvaAnalysis::Classification, events.data()), diskern::Interrupted);
}

TEST(boost_weights_follow_the_error_fraction) {
  const Events events = make_events(1000, 3, 6);
  TmvaForestParams params;
  params.NTrees = 20;
  params.AdaBoostBeta = 0.3;
  const TmvaForestResult result = fit_tmva_forest(Context(), params, TmvaAnalysis::Classification, events.data());
  CHECK(result.boost_weight.size() > 5);
  for (std::size_t t = 0; t < result.boost_weight.size(); ++t) {
    const double error = result.error_fraction[t];
    if (result.boost_weight[t] > 0) CHECK_NEAR(result.boost_weight[t], 0.3 * std::log((1 - error) / error), 1e-12);
  }
}

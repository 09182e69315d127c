#pragma once
// Random forests (Breiman, Machine Learning 45 (2001) 5), extra trees (Geurts, Ernst, Wehenkel, Machine Learning 63
// (2006) 3) and bagged trees (Breiman, Machine Learning 24 (1996) 123) on quantile bins.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/predictor.hpp"
#include "diskern/context.hpp"
#include "trees/boosting_sample.hpp"
#include "trees/impurity.hpp"

namespace diskern::trees {

struct RandomForestParams {
  std::int32_t n_estimators = 100;
  Criterion criterion = Criterion::gini;  // of classification; regression always takes the squared error
  std::int32_t max_depth = 0;             // 0: no limit
  std::int32_t max_leaf_nodes = 0;        // 0: no limit; else the node of the largest decrease is split next
  double min_samples_split = 2;           // events; one of weight above one counts as often as its weight says
  double min_samples_leaf = 1;
  double min_weight_fraction_leaf = 0;  // of the sum of weights of the tree's events
  double min_impurity_decrease = 0;     // of the impurity, times the node's share of the sum of weights
  std::int32_t max_features = 0;        // variables that a node looks at; 0: all
  bool bootstrap = true;     // each event is drawn a Poisson number of times of mean max_samples; else at most once
  double max_samples = 1;    // fraction of the events that a tree is grown on; at least one event
  bool random_cuts = false;  // extra trees: one random cut for each variable that a node looks at
  bool out_of_bag = false;   // also tell what the trees say of events that they have not seen
  std::int32_t max_bins = 255;
  NegativeWeights negative_weights = NegativeWeights::keep;
};

struct RandomForestResult {
  PredictorPointer predictor;
  std::vector<double>
      feature_importances;  // decrease of the impurity, normalised to one for each tree and on the whole
  // Per used event (those without weight, and with `ignore` those of negative weight, are left out) and output: mean of
  // the trees that did not see it; NaN where every tree saw it. Empty unless asked for.
  std::vector<double> out_of_bag;
  bool interrupted = false;  // then the trees that were finished are kept
};

// n_classes: 0 for regression. One output for two classes (the share of class 1) and for a target, else one per class.
// Throws InvalidArgument for input that cannot be trained on, Interrupted before the first tree is finished.
RandomForestResult fit_random_forest(const Context& context, const RandomForestParams& params,
                                     const GradientBoostingSample& sample, std::int32_t n_classes);

// How often tree number `tree` draws each of n events; `attempt` tells repeated draws apart (a draw without any event
// is repeated). Exposed for tests.
std::vector<std::uint8_t> draw_bootstrap(std::uint64_t seed, const RandomForestParams& params, std::size_t n,
                                         std::uint32_t tree, std::uint32_t attempt);

}  // namespace diskern::trees

#pragma once
// uBoost: AdaBoost whose events are boosted, beside being wrong, for lying where the efficiency of their class is low
// (Stevens and Williams, JINST 8 (2013) P12013, arXiv:1305.7248). One forest for each of several efficiencies, each
// flat at its own cut; the response of an event is the share of the forests whose cut it passes.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/predictor.hpp"
#include "diskern/context.hpp"
#include "trees/boosting_sample.hpp"

namespace diskern::trees {

struct UBoostParams {
  std::int32_t n_estimators = 50;      // trees of each forest
  std::int32_t efficiency_steps = 20;  // forests; number k of n is flat at the efficiency k / (n + 1)
  double learning_rate = 0.5;          // factor on the weight of each tree
  double uniforming_rate = 1;          // how strongly unevenness boosts; 0: AdaBoost
  double smoothing = 0.5;  // width of the step that an event passes a cut with, in units of the standard deviation of
                           // the forest's score
  double n_neighbours = 50;  // events of the class that make a local efficiency; weight w > 1 counts w
  std::int32_t max_depth = 3;
  double min_weight_fraction_leaf = 0.05;  // of the sum of weights, as boosted
  std::int32_t max_bins = 255;
  std::int32_t uniform_class = 0;
  NegativeWeights negative_weights = NegativeWeights::keep;  // kept ones are boosted with the inverse factor
};

struct UBoostResult {
  PredictorPointer predictor;  // VotesPredictor over a forest of one output per efficiency
  std::vector<double> efficiency;
  // Per tree and efficiency (those of a tree beside each other): weighted error fraction, and the mean distance of the
  // local efficiencies from the efficiency wanted.
  std::vector<double> error_fraction;
  std::vector<double> deviation;
  std::vector<double> feature_gain;  // decrease of the impurity by the cuts on each variable
  bool interrupted = false;          // then the trees so far are kept
};

// Two classes, which are given the same sum of weights; the protected variables are the sample's spectators. Neither threads nor the order of events change the
// model, and an event of integer weight is that many events. Throws InvalidArgument for input that cannot be trained on,
// Interrupted before the first tree.
UBoostResult fit_uboost(const Context& context, const UBoostParams& params, const GradientBoostingSample& sample);

}  // namespace diskern::trees

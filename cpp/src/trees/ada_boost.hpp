#pragma once
// AdaBoost on quantile bins: discrete (Freund and Schapire, J. Comput. Syst. Sci. 55 (1997) 119; several classes by
// SAMME: Zhu, Zou, Rosset and Hastie, Statistics and Its Interface 2 (2009) 349), real (Friedman, Hastie and
// Tibshirani, Ann. Statist. 28 (2000) 337; several classes by SAMME.R) and AdaBoost.R2 (Drucker, ICML 1997). TMVA's is
// in the tmva_ files.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/predictor.hpp"
#include "diskern/context.hpp"
#include "trees/boosting_sample.hpp"
#include "trees/impurity.hpp"

namespace diskern::trees {

enum class AdaBoostLoss : std::uint8_t { linear = 0, square = 1, exponential = 2 };

struct AdaBoostParams {
  std::int32_t n_estimators = 800;
  double learning_rate = 0.5;                // factor on the weight of each tree (TMVA's AdaBoostBeta)
  bool real = false;                         // leaves say half the logarithm of their odds, else their class
  AdaBoostLoss loss = AdaBoostLoss::square;  // of regression
  Criterion criterion = Criterion::gini;     // of classification; regression always takes the squared error
  std::int32_t max_depth = 3;                // 0: no limit
  double min_weight_fraction_leaf = 0.05;    // of the sum of weights, as boosted
  std::int32_t max_bins = 255;
  NegativeWeights negative_weights = NegativeWeights::keep;  // kept ones are boosted with the inverse factor
};

struct AdaBoostResult {
  PredictorPointer predictor;
  std::vector<double> tree_weight;     // one per tree; 1 for real AdaBoost
  std::vector<double> error_fraction;  // weighted, in training; for regression the mean loss
  std::vector<double> feature_gain;    // decrease of the impurity by the cuts on each variable
  bool interrupted = false;            // then the trees so far are kept
};

// n_classes: 0 for regression. Discrete: the weighted mean of the trees' answers, -1 .. 1 (two classes: one output,
// positive for class 1; more: 1 for the class of the leaf, -1/(K-1) for the others). Real: their sum. Regression:
// TMVA's weighted median. Throws InvalidArgument for input that cannot be trained on, Interrupted before the first
// tree.
AdaBoostResult fit_ada_boost(const Context& context, const AdaBoostParams& params, const GradientBoostingSample& sample,
                             std::int32_t n_classes);

}  // namespace diskern::trees

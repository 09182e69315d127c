#pragma once
// Parameters of gradient boosting; the only place where their defaults are.

#include <cstddef>
#include <cstdint>
#include <vector>

namespace diskern::trees {

// What becomes of events of negative weight in the training; in the validation sample they stay as they are, because
// the loss there is an estimate on the true distribution, except with clip, absolute and error.
enum class NegativeWeights : std::uint8_t {
  keep = 0,      // they count as they are; a cut needs a positive sum of weights and of hessians on both sides
  ignore = 1,    // left out (TMVA: IgnoreNegWeightsInTraining)
  error = 2,     // refused
  clip = 3,      // weight 0 in training and validation
  absolute = 4,  // |weight| in training and validation
  pair = 5,      // merged with the nearest events of positive weight of their class (TMVA: PairNegWeightsGlobal)
};

enum class LossKind : std::uint8_t {
  automatic = 0,  // logistic for two classes, softmax for more, squared error for regression
  log_loss = 1,   // logistic or softmax
  one_vs_all = 2,
  squared_error = 3,
  absolute_error = 4,
  huber = 5,
  quantile = 6,
  poisson = 7,
  gamma = 8,
  tweedie = 9,
};

enum class BoostingMode : std::uint8_t {
  gradient = 0,
  goss = 1,  // gradient-based one-side sampling (Ke et al., LightGBM, NIPS 2017)
  dart = 2,  // dropout of trees (Vinayak and Gilad-Bachrach, AISTATS 2015)
};

enum class ValidationMetric : std::uint8_t {
  automatic = 0,  // the loss; for Huber, whose loss changes from iteration to iteration, the mean absolute error
  loss = 1,
  auc = 2,       // two classes
  accuracy = 3,  // classification
  rmse = 4,      // regression, of the response
  mae = 5,
};

struct GradientBoostingParams {
  std::int32_t n_estimators = 100;  // iterations; in multiclass one tree per class each
  double learning_rate = 0.1;
  std::int32_t max_leaf_nodes = 31;  // 0: no limit
  std::int32_t max_depth = 0;        // 0: no limit
  bool leaf_wise = true;             // the leaf of the largest gain is split next; else level by level
  double min_samples_leaf = 20;  // events in a leaf; an event of weight above one counts as often as its weight says
  double min_child_weight = 0;   // sum of hessians in a leaf
  double min_gain = 0;
  double l2_regularization = 0;
  std::int32_t max_bins = 255;
  double subsample = 1;  // fraction of the events, drawn anew for each iteration
  std::int32_t n_iter_no_change =
      10;                   // early stopping (with a validation sample): iterations without improvement; 0: off
  double tolerance = 1e-7;  // what counts as improvement
  ValidationMetric early_stopping_metric = ValidationMetric::automatic;
  NegativeWeights negative_weights = NegativeWeights::keep;

  LossKind loss = LossKind::automatic;
  double quantile = 0.5;        // of LossKind::quantile
  double huber_quantile = 0.9;  // of the |residuals|: what lies beyond is an outlier
  double tweedie_power = 1.5;   // between 1 (Poisson) and 2 (gamma)

  double l1_regularization = 0;
  double max_leaf_value = 0;                      // largest |leaf| before the learning rate; 0: no bound
  double min_effective_count = 0;                 // (sum of w)^2 / sum of w^2 in a leaf
  std::vector<std::int8_t> monotone_constraints;  // per variable +1, 0, -1; empty: none
  std::vector<std::vector<std::int32_t>> interaction_constraints;  // groups of variables; empty: none

  double column_fraction_tree = 1;   // of the variables
  double column_fraction_level = 1;  // of those of the tree
  double column_fraction_node = 1;   // of those of the level
  BoostingMode boosting = BoostingMode::gradient;
  double goss_top_fraction = 0.2;    // events of the largest gradients, all kept
  double goss_other_fraction = 0.1;  // events drawn from the others, as a fraction of all
  double dropout_rate = 0.1;         // probability that a tree is dropped
  double dropout_skip = 0;           // probability that an iteration drops none
};

// Throws InvalidArgument unless every parameter can be used.
void check_params(const GradientBoostingParams& params);

// The same for what depends on the sample. n_classes: 0 for regression.
void check_params(const GradientBoostingParams& params, std::size_t n_features, std::int32_t n_classes);

}  // namespace diskern::trees

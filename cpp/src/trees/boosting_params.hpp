#pragma once
// Parameters of gradient boosting; the only place where their defaults are.

#include <cstdint>

namespace diskern::trees {

enum class NegativeWeights : std::uint8_t {
  keep = 0,    // they count as they are; a cut needs a positive sum of weights and of hessians on both sides
  ignore = 1,  // events of negative weight are left out of the training
  error = 2,
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
  NegativeWeights negative_weights = NegativeWeights::keep;
};

// Throws InvalidArgument unless every parameter can be used.
void check_params(const GradientBoostingParams& params);

}  // namespace diskern::trees

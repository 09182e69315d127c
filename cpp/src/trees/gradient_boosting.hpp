#pragma once
// Gradient boosting on quantile bins with Newton leaves: Diskern's own trees. TMVA's are in the tmva_ files.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "base/predictor.hpp"
#include "diskern/context.hpp"
#include "diskern/view.hpp"
#include "trees/loss.hpp"

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

// Exactly one of class_index and target is set (not empty).
struct GradientBoostingSample {
  View<const float, 2> events;
  View<const double> weight;
  View<const std::int32_t> class_index;
  View<const double> target;
};

struct GradientBoostingResult {
  PredictorPointer predictor;           // responses: probability of class 1, of all classes, or the target
  std::vector<double> training_loss;    // mean after 0, 1, ... iterations
  std::vector<double> validation_loss;  // same, empty without a validation sample
  std::size_t best_iteration = 0;       // iterations in the predictor
  std::vector<double> feature_gain;     // sum of the gains of the cuts on each variable
  bool interrupted = false;
};

// n_classes: 2 and above for classification, 0 for regression. The model does not depend on the number of threads nor
// (with subsample = 1) on the order of events; integer weights mean repeated events, exactly.
// Throws InvalidArgument.
GradientBoostingResult fit_gradient_boosting(const Context& context, const GradientBoostingParams& params,
                                             const GradientBoostingSample& sample, std::int32_t n_classes,
                                             const GradientBoostingSample* validation = nullptr);

}  // namespace diskern::trees

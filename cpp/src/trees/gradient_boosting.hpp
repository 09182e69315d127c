#pragma once
// Gradient boosting on quantile bins with Newton leaves: Diskern's own trees. TMVA's are in the tmva_ files.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "base/predictor.hpp"
#include "diskern/context.hpp"
#include "trees/boosting_params.hpp"
#include "trees/boosting_sample.hpp"
#include "trees/forest.hpp"
#include "trees/loss.hpp"

namespace diskern::trees {

// What a training may be given beyond its parameters.
struct GradientBoostingExtras {
  // In place of that of the parameters; says the number of outputs and the link.
  Loss* loss = nullptr;
  // A model to go on from: its trees come first, n_estimators more follow. A sum of trees for the same variables and
  // outputs, with the link of the loss.
  const ForestPredictor* initial = nullptr;
  // In place of params.early_stopping_metric: of the scores before the link (output k from k * n on) of the validation
  // sample as it was packed.
  std::function<double(const BoostingSample& validation, const double* score)> metric;
  bool metric_greater_is_better = false;
};

struct GradientBoostingResult {
  PredictorPointer predictor;             // responses: probability of class 1, of all classes, or the target
  std::vector<double> training_loss;      // mean after 0, 1, ... iterations
  std::vector<double> validation_loss;    // same, empty without a validation sample
  std::vector<double> validation_metric;  // same, of another metric than the loss
  std::size_t best_iteration = 0;         // of this training's iterations, those in the predictor
  std::vector<double> feature_gain;       // sum of the gains of the cuts on each variable
  // Of each tree of this training and each of its nodes: the part of the sum of |weight| of the events there that
  // negative weights have. Empty where all weights are positive.
  std::vector<std::vector<double>> negative_fraction;
  bool interrupted = false;
};

// n_classes: 2 and above for classification, 0 for regression. The model does not depend on the number of threads nor
// (without sampling) on the order of events; integer weights mean repeated events, exactly (but for
// min_effective_count, GOSS and pairing, which are about events).
// Throws InvalidArgument.
GradientBoostingResult fit_gradient_boosting(const Context& context, const GradientBoostingParams& params,
                                             const GradientBoostingSample& sample, std::int32_t n_classes,
                                             const GradientBoostingSample* validation = nullptr,
                                             const GradientBoostingExtras& extras = {});

}  // namespace diskern::trees

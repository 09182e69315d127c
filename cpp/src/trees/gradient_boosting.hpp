#pragma once
// Gradient boosting on quantile bins with Newton leaves: Diskern's own trees. TMVA's are in the tmva_ files.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/predictor.hpp"
#include "diskern/context.hpp"
#include "trees/boosting_params.hpp"
#include "trees/boosting_sample.hpp"
#include "trees/loss.hpp"

namespace diskern::trees {

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

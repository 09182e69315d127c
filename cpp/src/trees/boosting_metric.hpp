#pragma once
// What early stopping looks at.

#include "trees/boosting_params.hpp"
#include "trees/boosting_sample.hpp"
#include "trees/forest.hpp"

namespace diskern::trees {

bool greater_is_better(ValidationMetric metric) noexcept;

// Weighted, with the signs of the weights, of the scores before the link; not for the loss itself.
// auc: probability that an event of class 1 scores above one of class 0, ties count half. accuracy: share of the weight
// whose class has the largest score (two classes: score above 0 is class 1). rmse, mae: of the response.
double validation_metric(ValidationMetric metric, Link link, std::size_t n_outputs, const BoostingSample& sample,
                         const double* score);

}  // namespace diskern::trees

#pragma once
// The policies that change the weights of a training sample.

#include <cstdint>
#include <vector>

#include "diskern/context.hpp"
#include "diskern/view.hpp"

namespace diskern::trees {

// Merges every event of negative weight with the nearest events of positive weight of its class until nothing negative
// is left, as TMVA's PairNegWeightsGlobal does: the distance is Mahalanobis' with the covariance of the class, the
// weight of the positive event pays for the negative one. classes: one index per event, all 0 for regression.
// The sum of weights of each class stays the same. Variables must be finite. Throws InvalidArgument, Interrupted.
void pair_negative_weights(const Context& context, View<const float, 2> events,
                           const std::vector<std::int32_t>& classes, std::vector<double>& weight);

}  // namespace diskern::trees

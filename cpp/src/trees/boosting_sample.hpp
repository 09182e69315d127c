#pragma once
// The sample that is boosted: packed, free of events of weight zero, and known to be of the right shapes.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "diskern/context.hpp"
#include "diskern/view.hpp"
#include "trees/boosting_params.hpp"

namespace diskern::trees {

// As the caller gives it. Exactly one of class_index and target is set (not empty).
struct GradientBoostingSample {
  View<const float, 2> events;
  View<const double> weight;
  View<const std::int32_t> class_index;
  View<const double> target;
  // Columns that the loss looks at and the trees do not (say the mass, in which the response shall be flat); may be
  // empty. float64 (events, columns), finite.
  View<const double, 2> spectators;
};

struct BoostingSample {
  std::size_t n = 0;
  std::size_t n_features = 0;
  std::vector<float> storage;
  const float* events = nullptr;  // C order
  std::vector<double> weight;
  std::vector<std::int32_t> class_index;
  std::vector<double> target;  // in classification: +1 for class 1, -1 otherwise
  std::size_t n_spectators = 0;
  std::vector<double> spectators;  // column by column: variable j of event i at j * n + i
  double absolute_weight = 0;      // sum of |w|
  double signed_weight = 0;        // sum of w
  bool any_negative = false;

  View<const float, 2> view() const { return {events, n, n_features}; }
};

// n_classes: 0 for regression. `name` begins the errors. Throws InvalidArgument, Interrupted.
BoostingSample pack_sample(const Context& context, const GradientBoostingSample& sample, std::int32_t n_classes,
                           NegativeWeights policy, const std::string& name);

}  // namespace diskern::trees

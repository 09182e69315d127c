#include "trees/boosting_sample.hpp"

#include <algorithm>
#include <cmath>

#include "trees/boosting_check.hpp"
#include "trees/negative_weights.hpp"

namespace diskern::trees {

BoostingSample pack_sample(const Context& context, const GradientBoostingSample& sample, std::int32_t n_classes,
                           NegativeWeights policy, const std::string& name) {
  const std::size_t n = sample.events.rows();
  check(n > 0, name + " is empty: no events");
  check(sample.events.columns() > 0, name + " has no variables");
  check(n < (std::size_t{1} << 32U), name + " has more than 2^32 events");
  check(sample.weight.size() == n, name + ": one weight per event is expected");
  const bool classify = n_classes > 0;
  check(sample.class_index.size() == (classify ? n : 0) && sample.target.size() == (classify ? 0 : n),
        name + ": one " + (classify ? "class index" : "target") + " per event is expected");
  BoostingSample packed;
  packed.n_features = sample.events.columns();
  std::vector<double> weights(n);
  bool any_negative = false;
  for (std::size_t i = 0; i < n; ++i) {
    const double w = sample.weight[i];
    check(std::isfinite(w), [&] { return name + ": the weight of event " + std::to_string(i) + " is not finite"; });
    check(w >= 0 || policy != NegativeWeights::error, [&] {
      return name + ": event " + std::to_string(i) + " has the negative weight " + std::to_string(w) +
             "; negative_weights=keep or ignore would accept it";
    });
    any_negative = any_negative || w < 0;
    weights[i] = w;
    if (w < 0 && policy == NegativeWeights::absolute) weights[i] = -w;
    if (w < 0 && (policy == NegativeWeights::ignore || policy == NegativeWeights::clip)) weights[i] = 0;
    if (w == 0) continue;
    if (classify) {
      check(sample.class_index[i] >= 0 && sample.class_index[i] < n_classes, [&] {
        return name + ": class index " + std::to_string(sample.class_index[i]) + " of event " + std::to_string(i) +
               " is outside 0 .. " + std::to_string(n_classes - 1);
      });
    } else {
      check(std::isfinite(sample.target[i]),
            [&] { return name + ": the target of event " + std::to_string(i) + " is not finite"; });
    }
  }
  if (any_negative && policy == NegativeWeights::pair) {
    std::vector<std::int32_t> classes(n, 0);
    for (std::size_t i = 0; classify && i < n; ++i) classes[i] = weights[i] != 0 ? sample.class_index[i] : 0;
    pair_negative_weights(context, sample.events, classes, weights);
  }
  packed.any_negative = any_negative && policy == NegativeWeights::keep;
  std::vector<std::size_t> used;
  used.reserve(n);
  for (std::size_t i = 0; i < n; ++i) {
    if (weights[i] != 0) used.push_back(i);
  }
  check(!used.empty(),
        name + ": all weights are zero" + (any_negative ? " or negative, and negative_weights leaves those out" : ""));
  packed.n = used.size();
  double largest_target = 0;
  packed.weight.reserve(packed.n);
  packed.target.reserve(packed.n);
  if (classify) packed.class_index.reserve(packed.n);
  for (const std::size_t i : used) {
    packed.weight.push_back(weights[i]);
    if (classify) {
      packed.class_index.push_back(sample.class_index[i]);
      packed.target.push_back(sample.class_index[i] == 1 ? 1.0 : -1.0);
    } else {
      packed.target.push_back(sample.target[i]);
    }
    packed.absolute_weight += std::abs(weights[i]);
    packed.signed_weight += weights[i];
    largest_target = std::max(largest_target, std::abs(packed.target.back()));
  }
  // The scales of the fixed-point sums are powers of two that must exist in float64, and a sum of large weights leaves
  // few of its 62 bits for the derivatives: 11 at this limit.
  check(packed.absolute_weight >= 1e-100 && packed.absolute_weight <= 1e15,
        name + ": the absolute weights add up to " + short_number(packed.absolute_weight) +
            ", expected a sum from 1e-100 to 1e15; scale the weights");
  check(largest_target <= 1e100, name + ": the largest |target| is " + short_number(largest_target) +
                                     ", expected at most 1e100; scale the targets");
  if (sample.spectators.rows() > 0 || sample.spectators.columns() > 0) {
    check(sample.spectators.rows() == n, name + ": " + std::to_string(sample.spectators.rows()) +
                                             " rows of spectators for " + std::to_string(n) + " events");
    packed.n_spectators = sample.spectators.columns();
    packed.spectators.reserve(packed.n * packed.n_spectators);
    for (std::size_t j = 0; j < packed.n_spectators; ++j) {
      for (const std::size_t i : used) {
        const double value = sample.spectators(i, j);
        check(std::isfinite(value), [&] {
          return name + ": spectator " + std::to_string(j) + " of event " + std::to_string(i) + " is not finite";
        });
        packed.spectators.push_back(value);
      }
    }
  }
  if (packed.n == n && sample.events.contiguous()) {
    packed.events = sample.events.data();
  } else {
    packed.storage.resize(packed.n * packed.n_features);
    for (std::size_t k = 0; k < packed.n; ++k) {
      for (std::size_t j = 0; j < packed.n_features; ++j) {
        packed.storage[k * packed.n_features + j] = sample.events(used[k], j);
      }
    }
    packed.events = packed.storage.data();
  }
  check(packed.signed_weight > 0,
        name + ": the sum of weights is " + std::to_string(packed.signed_weight) + ", it must be positive");
  return packed;
}

}  // namespace diskern::trees

#include "trees/boosting_sample.hpp"

#include <algorithm>
#include <cmath>

#include "trees/boosting_check.hpp"
#include "trees/negative_weights.hpp"

namespace diskern::trees {

BoostingSample pack_sample(const Context& context, const GradientBoostingSample& sample, std::int32_t n_classes,
                           NegativeWeights policy, const std::string& name, bool signs, bool repeat) {
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
  // The caller's weights serve as they are unless the policy changes them.
  const bool repeated = repeat && sample.weight.strides()[0] == 0 && sample.weight[0] > 0;
  const bool as_given = !repeated && sample.weight.contiguous() &&
                        (policy == NegativeWeights::keep || policy == NegativeWeights::error);
  std::vector<double> changed(as_given || repeated ? 0 : n);
  const View<const double> weights =
      as_given || repeated ? sample.weight : View<const double>(changed.data(), changed.size());
  bool any_negative = false;
  bool any_zero = false;
  for (std::size_t i = 0; i < n; ++i) {
    const double w = sample.weight[i];
    check(std::isfinite(w), [&] { return name + ": the weight of event " + std::to_string(i) + " is not finite"; });
    check(w >= 0 || policy != NegativeWeights::error, [&] {
      return name + ": event " + std::to_string(i) + " has the negative weight " + std::to_string(w) +
             "; negative_weights=keep or ignore would accept it";
    });
    any_negative = any_negative || w < 0;
    if (!as_given && !repeated) {
      changed[i] = w;
      if (w < 0 && policy == NegativeWeights::absolute) changed[i] = -w;
      if (w < 0 && (policy == NegativeWeights::ignore || policy == NegativeWeights::clip)) changed[i] = 0;
    }
    any_zero = any_zero || w == 0 || weights[i] == 0;
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
    pair_negative_weights(context, sample.events, classes, changed);
    any_zero = true;
  }
  packed.any_negative = any_negative && policy == NegativeWeights::keep;
  std::vector<std::size_t> used;  // empty: all
  if (any_zero) {
    for (std::size_t i = 0; i < n; ++i) {
      if (weights[i] != 0) used.push_back(i);
    }
  }
  packed.n = any_zero ? used.size() : n;
  check(packed.n > 0,
        name + ": all weights are zero" + (any_negative ? " or negative, and negative_weights leaves those out" : ""));
  const auto at = [&](std::size_t k) { return any_zero ? used[k] : k; };
  packed.unit_weights = true;
  for (std::size_t k = 0; k < packed.n; ++k) {
    const double w = weights[at(k)];
    packed.absolute_weight += std::abs(w);
    packed.signed_weight += w;
    packed.unit_weights = packed.unit_weights && w == 1.0;
  }
  // An array of what value_of says of each event that is used.
  const auto pack = [&](auto value_of) {
    std::vector<decltype(value_of(std::size_t{0}))> values(packed.n);
    for (std::size_t k = 0; k < packed.n; ++k) values[k] = value_of(at(k));
    return SampleArray(std::move(values));
  };
  if (repeated) {
    packed.weight = SampleArray<double>::repeated(sample.weight[0], n);
  } else if (!any_zero && as_given) {
    packed.weight = SampleArray(weights.data(), n);
  } else if (!any_zero) {
    packed.weight = SampleArray(std::move(changed));
  } else {
    packed.weight = pack([&](std::size_t i) { return weights[i]; });
  }
  if (classify && !any_zero && sample.class_index.contiguous()) {
    packed.class_index = SampleArray(sample.class_index.data(), n);
  } else if (classify) {
    packed.class_index = pack([&](std::size_t i) { return sample.class_index[i]; });
  }
  if (classify && signs) {
    packed.target = pack([&](std::size_t i) { return sample.class_index[i] == 1 ? 1.0 : -1.0; });
  } else if (!classify && !any_zero && sample.target.contiguous()) {
    packed.target = SampleArray(sample.target.data(), n);
  } else if (!classify) {
    packed.target = pack([&](std::size_t i) { return sample.target[i]; });
  }
  double largest_target = 0;
  for (const double t : packed.target) largest_target = std::max(largest_target, std::abs(t));
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
      for (std::size_t k = 0; k < packed.n; ++k) {
        const std::size_t i = at(k);
        const double value = sample.spectators(i, j);
        check(std::isfinite(value), [&] {
          return name + ": spectator " + std::to_string(j) + " of event " + std::to_string(i) + " is not finite";
        });
        packed.spectators.push_back(value);
      }
    }
  }
  if (packed.n == n) {
    packed.events = sample.events;
  } else {
    packed.storage.resize(packed.n * packed.n_features);
    for (std::size_t k = 0; k < packed.n; ++k) {
      for (std::size_t j = 0; j < packed.n_features; ++j) {
        packed.storage[k * packed.n_features + j] = sample.events(at(k), j);
      }
    }
    packed.events = View<const float, 2>(packed.storage.data(), packed.n, packed.n_features);
  }
  check(packed.signed_weight > 0,
        name + ": the sum of weights is " + std::to_string(packed.signed_weight) + ", it must be positive");
  return packed;
}

}  // namespace diskern::trees

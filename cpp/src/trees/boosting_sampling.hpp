#pragma once
// Which events and which trees an iteration uses, drawn with Philox: by event, iteration and purpose, so that neither
// threads nor the order of drawing matter.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "diskern/context.hpp"
#include "trees/boosting_params.hpp"
#include "trees/boosting_sample.hpp"
#include "trees/boosting_steps.hpp"

namespace diskern::trees {

struct DrawnEvents {
  bool drawn = false;               // else there is nothing yet
  bool all = false;                 // every event; then there are no rows
  std::vector<std::uint32_t> rows;  // ascending
  // Weights of all events of the sample where they differ from the sample's (GOSS); else empty.
  std::vector<double> weight;
  double absolute_weight = 0;  // sum of |weight| of the drawn events, or of the sample

  // Calls body(event) for every drawn event of a sample of n.
  template <class Body>
  void for_each(std::size_t n, const Body& body) const {
    if (all) {
      for (std::size_t i = 0; i < n; ++i) body(i);
    } else {
      for (const std::uint32_t i : rows) body(std::size_t{i});
    }
  }
};

// iteration: counted from 1 over all trainings of a model that is continued.
DrawnEvents draw_events(const Context& context, const GradientBoostingParams& params, const BoostingSample& sample,
                        const Derivatives& derivatives, std::size_t iteration);

// The iterations (0 .. finished - 1) whose trees are dropped: each with probability dropout_rate, and one at least
// ("binomial plus one"); none with probability dropout_skip.
std::vector<std::size_t> draw_dropped(const Context& context, const GradientBoostingParams& params,
                                      std::size_t finished, std::size_t iteration);

}  // namespace diskern::trees

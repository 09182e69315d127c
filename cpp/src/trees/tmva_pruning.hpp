#pragma once
// TMVA's two ways of cutting a grown tree back.

#include <cstdint>
#include <vector>

#include "trees/tmva_builder.hpp"

namespace diskern::trees {

// Events set apart for the automatic strength; empty otherwise.
struct PruningSample {
  std::vector<std::int32_t> event;
  std::vector<double> weight;
  std::vector<std::uint8_t> signal;
  std::vector<float> target;  // of the analysis (regression), else empty
};

// Throws Interrupted.
void prune(const Context& context, TmvaTree& tree, const TmvaForestParams& params, const Columns& columns,
           const PruningSample& validation);

}  // namespace diskern::trees

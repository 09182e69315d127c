#pragma once
// The events as TMVA's BDT prepares them (tmva.md 7.1): checks, negative weights, preselection, pruning sample,
// normalisation; and its bagging.

#include <cstdint>
#include <string>
#include <vector>

#include "base/tmva_random.hpp"
#include "trees/tmva_forest.hpp"
#include "trees/tmva_pruning.hpp"
#include "trees/tmva_splitter.hpp"

namespace diskern::trees {

struct TmvaSample {
  std::vector<std::vector<float>> values;  // per variable
  Columns columns;                         // of values
  // Per training event; the rows behind them are the pruning sample.
  std::vector<double> weight;        // original
  std::vector<double> boost_weight;  // the event counts with weight * boost_weight
  std::vector<std::int32_t> class_index;
  std::vector<std::uint8_t> signal;
  std::vector<float> target;  // regression
  PruningSample validation;
  Preselection preselection;

  std::size_t size() const noexcept { return weight.size(); }
  double full_weight(std::size_t i) const noexcept { return weight[i] * boost_weight[i]; }
};

// Throws Interrupted when context is (pairing of negative weights takes the product of the numbers of events).
TmvaSample prepare_sample(const Context& context, const TmvaForestParams& params, TmvaAnalysis analysis,
                          const TmvaTrainingData& data, std::vector<std::string>& notes);

// The entries that tree number `tree` is grown on: every event once, or a Poisson number of times when bagging.
std::vector<std::int32_t> draw_entries(const TmvaForestParams& params, std::size_t n_events, std::size_t tree);

}  // namespace diskern::trees

#pragma once
// Training as TMVA does it (tmva.md 2.14, 7.1-7.3): the same trees from the same events in the same order.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "diskern/context.hpp"
#include "diskern/view.hpp"
#include "trees/forest.hpp"
#include "trees/tmva_params.hpp"

namespace diskern::trees {

struct TmvaTrainingData {
  View<const float, 2> events;                 // events x variables, finite
  View<const std::int32_t> class_index;        // per event; all 0 in regression
  View<const double> target;                   // per event, regression only; used as float32, as in TMVA
  View<const double> weight;                   // per event; events of weight 0 are left out
  std::vector<std::uint8_t> integer_variable;  // per variable: TMVA's type 'I'; empty: none
  std::int32_t n_classes = 2;
  std::int32_t signal_class = 0;
};

struct TmvaForestResult {
  std::shared_ptr<const ForestPredictor> predictor;
  bool interrupted = false;  // Ctrl-C: the trees finished before it
  bool stopped = false;      // boosting ended before NTrees
  std::vector<std::string> notes;
  // Per tree, in training order.
  std::vector<double> boost_weight;
  std::vector<double> error_fraction;  // AdaBoost family and AdaBoostR2; empty otherwise
  std::vector<std::int32_t> nodes_before_pruning;
  std::vector<std::int32_t> nodes_after_pruning;
  // Grad: mean loss on the training events after each round of trees; empty otherwise.
  std::vector<double> training_loss;
  std::vector<double> importance;  // per variable, adds up to 1 (all 0 where nothing was split)
};

// Throws InvalidArgument for unusable options or events, Interrupted before the first tree is done.
TmvaForestResult fit_tmva_forest(const Context& context, const TmvaForestParams& params, TmvaAnalysis analysis,
                                 const TmvaTrainingData& data);

}  // namespace diskern::trees

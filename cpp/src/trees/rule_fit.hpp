#pragma once
// TMVA's RuleFit (tmva.md 2.16; Friedman and Popescu, "Predictive learning via rule ensembles", 2008): every node of a
// small forest is a rule, and a gradient-directed path finds the coefficients of rules and linear terms.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "diskern/context.hpp"
#include "diskern/view.hpp"
#include "statistics/rule_ensemble.hpp"

namespace diskern::trees {

enum class RuleModel : std::uint8_t { ModRuleLinear = 0, ModRule = 1, ModLinear = 2 };  // TMVA's LearningModel
enum class RuleForest : std::uint8_t { AdaBoost = 0, Random = 1 };

// The booking options by TMVA's names: the only place where their defaults live.
struct RuleFitParams {
  RuleModel Model = RuleModel::ModRuleLinear;
  std::int32_t nTrees = 20;
  RuleForest ForestType = RuleForest::AdaBoost;
  double fEventsMin = 0.1;  // the smallest node of a tree has a part of its events between this and half of the next
  double fEventsMax = 0.9;
  double RuleMinDist = 0.001;   // of rules with the same variables: distance of their cuts in units of the RMS
  double MinImp = 0.01;         // least importance, in units of the largest
  double LinQuantile = 0.025;   // linear terms are clipped to the range between this quantile and its complement
  double GDTau = -1.0;          // gradients of at least this part of the largest are followed; below 0: found
  double GDTauPrec = 0.01;      // step of the values that are tried
  double GDStep = 0.01;         // length of a step
  std::int32_t GDNSteps = 10000;
  double GDErrScale = 1.1;      // the path ends where the error is this much above the least one
  double GDPathEveFrac = 0.5;   // part of the events that the path is found with
  double GDValidEveFrac = 0.5;  // part of the events that errors are measured with

  std::int32_t signal_class = 0;
  std::vector<std::string> variable_names;
};

struct RuleFitResult {
  std::shared_ptr<const statistics::RuleEnsemble> predictor;
  std::vector<double> importance;  // per variable, the largest is 1
  std::size_t rules_made = 0;      // nodes of the forest
  std::size_t rules_different = 0;  // after rules that are alike were joined
  double tau = 0.0;
  std::size_t steps = 0;      // of the path, to its best point
  bool still_falling = false;  // the error was least at the end of the path
  bool interrupted = false;    // the best point of the path so far
  // 1 - ROC integral of the events for errors along the path, and the steps where it was measured.
  std::vector<double> path_step;
  std::vector<double> path_error;
};

// Weights are used with their sign; events of weight 0 are left out. The seed of the context draws the trees' sizes, and
// which events the path is found with. Throws InvalidArgument for values that make no sense, a class without a positive
// sum of weights, a forest without a rule; Interrupted before the path has a point, later the best one is held.
RuleFitResult fit_rules(const Context& context, const RuleFitParams& params, View<const float, 2> events,
                        View<const std::int32_t> class_index, View<const double> weight);

}  // namespace diskern::trees

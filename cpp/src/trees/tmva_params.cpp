#include "trees/tmva_params.hpp"

#include <cmath>
#include <string>

#include "diskern/error.hpp"
#include "trees/forest.hpp"

namespace diskern::trees {

namespace {

std::string number(double value) {
  std::string text = std::to_string(value);
  text.erase(text.find_last_not_of('0') + 1);
  if (!text.empty() && text.back() == '.') text.pop_back();
  return text;
}

void require(bool condition, const char* option, double value, const char* expected) {
  if (!condition) throw InvalidArgument(std::string(option) + " is " + number(value) + ", expected " + expected);
}

}  // namespace

TmvaForestParams TmvaForestParams::defaults(TmvaAnalysis analysis) {
  TmvaForestParams params;
  if (analysis == TmvaAnalysis::Regression) {
    params.MaxDepth = 50;
    params.MinNodeSize = 0.2;
    params.BoostType = TmvaBoostType::AdaBoostR2;
    params.UseYesNoLeaf = false;
    params.SeparationType = TmvaSeparation::RegressionVariance;
  } else if (analysis == TmvaAnalysis::Multiclass) {
    params.BoostType = TmvaBoostType::Grad;
  }
  return params;
}

TmvaForestParams effective_params(const TmvaForestParams& given, TmvaAnalysis analysis, std::size_t n_variables,
                                  std::vector<std::string>& notes) {
  TmvaForestParams params = given;
  const bool regression = analysis == TmvaAnalysis::Regression;

  require(params.NTrees >= 1, "NTrees", params.NTrees, "at least 1");
  require(params.MaxDepth >= 1 && params.MaxDepth <= 1000, "MaxDepth", params.MaxDepth, "a number from 1 to 1000");
  require(params.MinNodeSize > 0 && params.MinNodeSize < 50, "MinNodeSize", params.MinNodeSize,
          "a percentage above 0 and below 50");
  require(params.nCuts <= 1'000'000, "nCuts", params.nCuts, "at most 1000000");
  require(params.AdaBoostBeta > 0 && std::isfinite(params.AdaBoostBeta), "AdaBoostBeta", params.AdaBoostBeta,
          "a positive number");
  require(params.Shrinkage > 0 && std::isfinite(params.Shrinkage), "Shrinkage", params.Shrinkage, "a positive number");
  require(params.BaggedSampleFraction > 0 && params.BaggedSampleFraction <= 20, "BaggedSampleFraction",
          params.BaggedSampleFraction, "a number above 0 and at most 20");
  require(params.UseNvars >= 0 && static_cast<std::size_t>(params.UseNvars) <= n_variables, "UseNvars", params.UseNvars,
          "0 (automatic) up to the number of variables");
  require(params.NodePurityLimit >= 0 && params.NodePurityLimit <= 1, "NodePurityLimit", params.NodePurityLimit,
          "a number from 0 to 1");
  require(params.HuberQuantile >= 0 && params.HuberQuantile <= 1, "HuberQuantile", params.HuberQuantile,
          "a number from 0 to 1");
  require(params.MinLinCorrForFisher >= 0 && params.MinLinCorrForFisher <= 1, "MinLinCorrForFisher",
          params.MinLinCorrForFisher, "a number from 0 to 1");
  require(params.SigToBkgFraction > 0 && std::isfinite(params.SigToBkgFraction), "SigToBkgFraction",
          params.SigToBkgFraction, "a positive number");
  require(std::isfinite(params.PruneStrength), "PruneStrength", params.PruneStrength, "a finite number");
  require(params.PruningValFraction > 0 && params.PruningValFraction < 1, "PruningValFraction",
          params.PruningValFraction, "a number above 0 and below 1");
  for (const auto& [name, cost] : {std::pair{"Css", params.Css}, std::pair{"Cts_sb", params.Cts_sb},
                                   std::pair{"Ctb_ss", params.Ctb_ss}, std::pair{"Cbb", params.Cbb}}) {
    require(cost >= 0 && std::isfinite(cost), name, cost, "a number of at least 0");
  }

  switch (params.BoostType) {
    case TmvaBoostType::AdaBoost:
    case TmvaBoostType::RealAdaBoost:
    case TmvaBoostType::AdaCost:
      if (analysis != TmvaAnalysis::Classification) {
        throw InvalidArgument(regression
                                  ? "BoostType AdaBoost, RealAdaBoost and AdaCost do not do regression; expected "
                                    "AdaBoostR2, Grad or Bagging"
                                  : "BoostType must be Grad for several classes");
      }
      break;
    case TmvaBoostType::AdaBoostR2:
      if (!regression) throw InvalidArgument("BoostType AdaBoostR2 is for regression only");
      if (params.NTrees > static_cast<int>(maximum_median_trees)) {
        throw InvalidArgument("NTrees is " + std::to_string(params.NTrees) + ", BoostType AdaBoostR2 takes at most " +
                              std::to_string(maximum_median_trees));
      }
      break;
    case TmvaBoostType::Bagging:
    case TmvaBoostType::SingleTree:
      if (analysis == TmvaAnalysis::Multiclass) throw InvalidArgument("BoostType must be Grad for several classes");
      break;
    case TmvaBoostType::Grad:
      break;
  }

  if (params.BoostType == TmvaBoostType::SingleTree) params.NTrees = 1;
  if (params.BoostType == TmvaBoostType::Bagging) params.UseBaggedBoost = true;
  if (params.BoostType == TmvaBoostType::RealAdaBoost || params.BoostType == TmvaBoostType::AdaCost) {
    params.UseYesNoLeaf = false;
  }
  if (regression || params.BoostType == TmvaBoostType::Grad) {
    params.UseYesNoLeaf = false;
    params.SeparationType = TmvaSeparation::RegressionVariance;
    if (params.nCuts < 1) {
      params.nCuts = 20;
      notes.push_back("nCuts: trees on targets have no exact scan, a grid of 20 cuts is used");
    }
  } else if (params.SeparationType == TmvaSeparation::RegressionVariance) {
    throw InvalidArgument("SeparationType RegressionVariance needs a regression or BoostType Grad");
  }
  if (regression && params.UseFisherCuts) {
    params.UseFisherCuts = false;
    notes.push_back("UseFisherCuts: not for regression, switched off");
  }
  if (params.UseFisherCuts && params.nCuts < 1) {
    params.nCuts = 20;
    notes.push_back("nCuts: with UseFisherCuts a grid of 20 cuts is used");
  }
  if (analysis == TmvaAnalysis::Multiclass && params.DoPreselection) {
    throw InvalidArgument("DoPreselection is for two classes only");
  }
  if (regression && params.DoPreselection) {
    params.DoPreselection = false;
    notes.push_back("DoPreselection: not for regression, switched off");
  }
  if (params.PruneMethod != TmvaPruneMethod::NoPruning) {
    if (params.BoostType == TmvaBoostType::Grad || params.UseRandomisedTrees) {
      params.PruneMethod = TmvaPruneMethod::NoPruning;
      notes.push_back("PruneMethod: no pruning with BoostType Grad or UseRandomisedTrees");
    } else if (params.PruneMethod == TmvaPruneMethod::ExpectedError) {
      if (regression) throw InvalidArgument("PruneMethod ExpectedError is for classification; expected CostComplexity");
      if (params.PruneStrength < 0) {
        throw InvalidArgument("PruneStrength is " + number(params.PruneStrength) +
                              ": the automatic strength exists for PruneMethod CostComplexity only");
      }
    } else if (params.PruneStrength > 100) {
      require(false, "PruneStrength", params.PruneStrength, "a percentage of at most 100");
    }
  }
  if (params.BoostType == TmvaBoostType::Grad && params.NegWeightTreatment == TmvaNegWeights::InverseBoostNegWeights) {
    params.NegWeightTreatment = TmvaNegWeights::Pray;
  }
  if (params.UseNvars == 0) params.UseNvars = static_cast<int>(std::sqrt(static_cast<double>(n_variables)) + 0.6);
  return params;
}

}  // namespace diskern::trees

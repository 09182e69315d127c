#pragma once
// The booking options of TMVA's BDT by TMVA's names: the only place where their defaults live.

#include <cstdint>
#include <string>
#include <vector>

namespace diskern::trees {

enum class TmvaAnalysis : std::uint8_t { Classification = 0, Regression = 1, Multiclass = 2 };
enum class TmvaBoostType : std::uint8_t {
  AdaBoost = 0,
  RealAdaBoost = 1,
  AdaCost = 2,
  Bagging = 3,
  AdaBoostR2 = 4,
  Grad = 5,
  SingleTree = 6,  // TMVA's method DT: one tree, not boosted
};
enum class TmvaSeparation : std::uint8_t {
  CrossEntropy = 0,
  GiniIndex = 1,
  GiniIndexWithLaplace = 2,
  MisClassificationError = 3,
  SDivSqrtSPlusB = 4,
  RegressionVariance = 5,
};
enum class TmvaAdaBoostR2Loss : std::uint8_t { Linear = 0, Quadratic = 1, Exponential = 2 };
enum class TmvaRegressionLoss : std::uint8_t { Huber = 0, AbsoluteDeviation = 1, LeastSquares = 2 };
enum class TmvaNegWeights : std::uint8_t {
  InverseBoostNegWeights = 0,      // boosted with the inverse factor
  IgnoreNegWeightsInTraining = 1,  // left out
  NoNegWeightsInTraining = 2,      // left out (TMVA's older name)
  PairNegWeightsGlobal = 3,        // each merged with the nearest positive events of its class
  Pray = 4,                        // used as they are
};
enum class TmvaPruneMethod : std::uint8_t { NoPruning = 0, ExpectedError = 1, CostComplexity = 2 };

struct TmvaForestParams {
  int NTrees = 800;          // per class in multiclass
  int MaxDepth = 3;          // the root has depth 0
  double MinNodeSize = 5.0;  // percent of the training entries, in (0, 50)
  int nCuts = 20;            // grid steps; below 1: every gap between events
  TmvaBoostType BoostType = TmvaBoostType::AdaBoost;
  double AdaBoostBeta = 0.5;
  TmvaAdaBoostR2Loss AdaBoostR2Loss = TmvaAdaBoostR2Loss::Quadratic;
  double Shrinkage = 1.0;
  bool UseBaggedBoost = false;
  double BaggedSampleFraction = 0.6;
  bool UseRandomisedTrees = false;
  int UseNvars = 0;  // 0: int(sqrt(number of variables) + 0.6)
  bool UsePoissonNvars = true;
  bool UseYesNoLeaf = true;
  double NodePurityLimit = 0.5;
  TmvaSeparation SeparationType = TmvaSeparation::GiniIndex;
  TmvaRegressionLoss RegressionLossFunctionBDTG = TmvaRegressionLoss::Huber;
  double HuberQuantile = 0.7;
  TmvaNegWeights NegWeightTreatment = TmvaNegWeights::InverseBoostNegWeights;
  double Css = 1.0;
  double Cts_sb = 1.0;
  double Ctb_ss = 1.0;
  double Cbb = 1.0;
  bool UseFisherCuts = false;
  double MinLinCorrForFisher = 0.8;
  bool UseExclusiveVars = false;
  bool DoPreselection = false;
  double SigToBkgFraction = 1.0;
  TmvaPruneMethod PruneMethod = TmvaPruneMethod::NoPruning;
  double PruneStrength = 0.0;  // below 0: found on a validation sample (CostComplexity)
  double PruningValFraction = 0.5;
  bool SkipNormalization = false;

  // Not an option of TMVA: nodes are measured by weight alone (MinNodeSize in percent of the sum of weights, entries
  // are not counted), so that an event of weight 2 is the same as the event twice. The estimators use it.
  bool MinNodeSizeByWeight = false;

  // The defaults that differ between analysis types.
  static TmvaForestParams defaults(TmvaAnalysis analysis);
};

// Checks every value (InvalidArgument names the option) and returns the options as training uses them: what TMVA
// switches off or forces for an analysis or a boost type is done here, and said in the notes.
TmvaForestParams effective_params(const TmvaForestParams& params, TmvaAnalysis analysis, std::size_t n_variables,
                                  std::vector<std::string>& notes);

}  // namespace diskern::trees

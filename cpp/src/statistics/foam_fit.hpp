#pragma once
// How the cells of PDEFoam are found.

#include <cstdint>
#include <memory>

#include "statistics/foam.hpp"

namespace diskern::statistics {

// How cells are divided: where the sampled density varies most (none), or as a decision tree would do by this measure.
enum class FoamSplit : std::uint8_t {
  none,
  GiniIndex,
  MisClassificationError,
  CrossEntropy,
  GiniIndexWithLaplace,
  SdivSqrtSplusB
};

struct FoamParams {
  bool SigBgSeparate = false;
  double TailCut = 0.001;        // part of the events beyond each end of the range of a variable
  double VolFrac = 1.0 / 15.0;   // edge of the box in which the density is sampled, in the unit cube
  std::int32_t nActiveCells = 500;
  std::int32_t nSampl = 2000;    // points that are sampled in a cell
  std::int32_t nBin = 5;         // places where a cell may be divided, in each dimension
  bool MultiTargetRegression = false;
  std::int32_t Nmin = 100;       // a cell is divided only when it holds more events
  std::int32_t MaxDepth = 0;     // 0: no limit
  bool UseYesNoCell = false;
  FoamSplit DTLogic = FoamSplit::none;
  FoamKernel Kernel = FoamKernel::none;
  FoamTarget TargetSelection = FoamTarget::mean;
  std::uint64_t seed = 4356;
  FoamKind kind = FoamKind::discriminant;  // multiclass, target: by the analysis; the others by the options above
  std::int32_t signal_class = 0;
};

// targets: regression only. fill_weight: what the cells are filled with at the end (FillFoamWithOrigWeights: the weights
// before boosting); weight: what they are divided by. Results do not depend on the number of threads. Throws
// InvalidArgument for parameters that make no sense, numbers that are not finite, a class without events.
std::shared_ptr<const FoamPredictor> fit_foam(const Context& context, const FoamParams& params,
                                              View<const float, 2> events, View<const std::int32_t> class_index,
                                              std::int32_t class_count, View<const float, 2> targets,
                                              View<const double> weight, View<const double> fill_weight);

}  // namespace diskern::statistics

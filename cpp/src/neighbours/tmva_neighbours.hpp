#pragma once
// TMVA's KNN (tmva.md 2.6 and 7.4): what becomes of its options and training events.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "neighbours/neighbours_predictor.hpp"

namespace diskern {

// Defaults are TMVA's.
struct TmvaNeighboursParams {
  std::size_t k = 20;             // nkNN
  double scale_fraction = 0.8;    // ScaleFrac: variables are divided by the width of this central part; 0: they are not
  double sigma_factor = 1.0;      // SigmaFact
  bool polynomial = false;        // Kernel=Poln, else Gaus
  bool trim = false;              // Trim: the first events of each class, as many as the smaller class has
  bool use_kernel = false;        // UseKernel; TMVA's kernels have no effect without event weights, nor in regression
  bool use_weight = true;         // UseWeight
  bool use_discriminant = false;  // UseLDA
};

struct TmvaNeighboursSample {
  std::size_t n_variables = 0;
  std::size_t n_targets = 0;       // 0: classification
  std::vector<double> variables;   // events x variables
  std::vector<double> targets;     // events x targets
  std::vector<double> weight;      // events
  std::vector<std::uint8_t> is_signal;  // events
};

// Fewest events whose variables are scaled.
constexpr std::size_t tmva_fewest_scaled = 100;

// Throws FormatError for what makes no sense (no events, more neighbours than events, numbers that are not finite).
NeighboursDefinition tmva_neighbours(const TmvaNeighboursParams& params, const TmvaNeighboursSample& sample);

}  // namespace diskern

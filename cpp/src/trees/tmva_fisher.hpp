#pragma once
// The node-wise linear combination of TMVA's UseFisherCuts.

#include <optional>
#include <vector>

#include "trees/tmva_splitter.hpp"

namespace diskern::trees {

struct FisherCombination {
  std::vector<double> coefficients;      // one per variable, then the constant
  std::vector<std::uint8_t> takes_part;  // one per variable
};

// Fisher's coefficients of the variables whose linear correlation with another one exceeds params.MinLinCorrForFisher
// in signal or background. Nothing where no variable does, a class is missing, or the covariance cannot be inverted.
std::optional<FisherCombination> fisher_combination(const TmvaForestParams& params, const Columns& columns,
                                                    const NodeEvents& events,
                                                    const std::vector<std::uint8_t>& use_variable);

// In place inverse of a symmetric positive matrix of n x n; false where it is singular.
bool invert_symmetric(std::vector<double>& matrix, std::size_t n);

}  // namespace diskern::trees

#pragma once
// TMVA's HMatrix: chi squared with the mean and the inverse covariance matrix of signal against those of background.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/predictor.hpp"
#include "statistics/class_inputs.hpp"

namespace diskern::statistics {

struct ChiSquared {
  std::vector<double> mean;
  std::vector<double> inverse;  // of the covariance matrix, d x d, C order
};

// y = (chi2_B - chi2_S) / (chi2_B + chi2_S), between -1 and 1; 0 where both vanish.
class HMatrixPredictor final : public Predictor {
 public:
  // Throws FormatError unless sizes fit and all numbers are finite.
  HMatrixPredictor(ClassInputs inputs, ChiSquared signal, ChiSquared background);
  std::string_view kind() const noexcept override { return "hmatrix"; }
  std::size_t input_count() const noexcept override { return inputs_.variable_count(); }
  std::size_t output_count() const noexcept override { return 1; }
  void evaluate(const float* variables, double* responses) const noexcept override;
  using Predictor::evaluate;
  void write(archive::Group& group) const override;
  static PredictorPointer read(const archive::Group& group);

  std::shared_ptr<const TransformationChain> own_transformations() const override { return inputs_.chain(); }
  const ClassInputs& inputs() const noexcept { return inputs_; }
  const ChiSquared& signal() const noexcept { return parts_[0]; }
  const ChiSquared& background() const noexcept { return parts_[1]; }

 private:
  ClassInputs inputs_;
  ChiSquared parts_[2];
};

struct HMatrixParams {
  std::int32_t signal_class = 0;            // all other classes together are the background
  std::vector<std::string> variable_names;  // for messages; may be empty
};

// Weighted mean and covariance of each class, every event transformed by the statistics of its own class (tmva.md 2.7).
// Weights are used with their sign. Throws InvalidArgument for a covariance matrix without an inverse.
std::shared_ptr<const HMatrixPredictor> fit_hmatrix(const Context& context, const HMatrixParams& params,
                                                    std::shared_ptr<const TransformationChain> chain,
                                                    View<const float, 2> events,
                                                    View<const std::int32_t> class_index, View<const double> weight);

}  // namespace diskern::statistics

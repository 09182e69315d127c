#pragma once
// TMVA's Likelihood: the ratio of products of one-dimensional densities.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/predictor.hpp"
#include "statistics/class_inputs.hpp"
#include "statistics/density.hpp"

namespace diskern::statistics {

// r = L_S / (L_S + L_B), L the product of the densities of all variables; with transform_output -ln(1/r - 1) / 15.
class LikelihoodPredictor final : public Predictor {
 public:
  // One density per variable and class. Throws FormatError where their numbers differ from the number of variables.
  LikelihoodPredictor(ClassInputs inputs, std::vector<Density> signal, std::vector<Density> background,
                      bool transform_output);
  std::string_view kind() const noexcept override { return "likelihood"; }
  std::size_t input_count() const noexcept override { return inputs_.variable_count(); }
  std::size_t output_count() const noexcept override { return 1; }
  void evaluate(const float* variables, double* responses) const noexcept override;
  void evaluate(const Context& context, View<const float, 2> events, View<double, 2> responses) const override;
  using Predictor::evaluate;
  void write(archive::Group& group) const override;
  static PredictorPointer read(const archive::Group& group);

  std::shared_ptr<const TransformationChain> own_transformations() const override { return inputs_.chain(); }
  const ClassInputs& inputs() const noexcept { return inputs_; }
  const std::vector<Density>& signal() const noexcept { return densities_[0]; }
  const std::vector<Density>& background() const noexcept { return densities_[1]; }
  bool transform_output() const noexcept { return transform_output_; }
  // Response without one variable.
  double response_without(const float* variables, std::size_t dropped) const noexcept;

 private:
  double density(std::size_t variable, int which, double x) const noexcept;
  double response(double signal, double background) const noexcept;

  ClassInputs inputs_;
  std::vector<Density> densities_[2];
  bool transform_output_;
};

// Of one variable and class.
struct LikelihoodDensity {
  DensitySettings settings;
  std::int32_t bins = 0;            // 0: by events_per_bin
  std::int32_t events_per_bin = 50;  // of the smaller class
};

struct LikelihoodParams {
  bool transform_output = false;
  std::vector<LikelihoodDensity> signal;      // one per variable
  std::vector<LikelihoodDensity> background;  // one per variable
  std::string variable_types;                 // 'I' gets bins of width 1; empty: 'F' for all
  std::int32_t signal_class = 0;              // all other classes together are the background
  std::vector<std::string> variable_names;    // for messages; may be empty
};

struct LikelihoodResult {
  std::shared_ptr<const LikelihoodPredictor> predictor;
  std::vector<double> ranking;  // "Delta Separation": loss of separation without the variable
};

// Histograms of every variable and class over the common range of both, then densities (tmva.md 2.3, 7.4). Every event
// is transformed by the statistics of its own class. Weights are used with their sign; histograms are float32 as in
// TMVA. Throws InvalidArgument for a class without positive weight, a constant variable, bins that do not fit.
LikelihoodResult fit_likelihood(const Context& context, const LikelihoodParams& params,
                                std::shared_ptr<const TransformationChain> chain, View<const float, 2> events,
                                View<const std::int32_t> class_index, View<const double> weight);

}  // namespace diskern::statistics

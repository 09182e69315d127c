#pragma once
// What part of a point's density each component of a mixture has, for the model file.

#include "base/predictor.hpp"
#include "clustering/gaussian_mixture.hpp"

namespace diskern::clustering {

// Responses: the part of every component, then the logarithm of the density (a score of anomaly).
class MixturePredictor final : public Predictor {
 public:
  // Weights, means and factors are what counts. Throws FormatError unless they are finite and of matching sizes.
  explicit MixturePredictor(Mixture mixture);
  MixturePredictor(const MixturePredictor&) = delete;
  MixturePredictor& operator=(const MixturePredictor&) = delete;
  std::string_view kind() const noexcept override { return "gaussian_mixture"; }
  std::size_t input_count() const noexcept override { return mixture_.dimensions; }
  std::size_t output_count() const noexcept override { return mixture_.components + 1; }
  using Predictor::evaluate;
  void evaluate(const float* variables, double* responses) const noexcept override;
  void evaluate(const Context& context, View<const float, 2> events, View<double, 2> responses) const override;
  void write(archive::Group& group) const override;
  static PredictorPointer read(const archive::Group& group);

  const Mixture& mixture() const noexcept { return mixture_; }

 private:
  Mixture mixture_;
  MixtureBlock block_;
};

}  // namespace diskern::clustering

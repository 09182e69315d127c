#pragma once
// y_k = sum_j (x_j - m_j) a_kj: what PCA returns.

#include <vector>

#include "base/aligned.hpp"
#include "base/predictor.hpp"

namespace diskern::statistics {

class ProjectionPredictor final : public Predictor {
 public:
  // vectors: outputs x mean.size(), C order. Throws FormatError unless finite and of that size.
  ProjectionPredictor(std::vector<double> mean, std::size_t n_outputs, std::vector<double> vectors);
  std::string_view kind() const noexcept override { return "projection"; }
  std::size_t input_count() const noexcept override { return mean_.size(); }
  std::size_t output_count() const noexcept override { return n_outputs_; }
  void evaluate(const float* variables, double* responses) const noexcept override;
  void evaluate(const Context& context, View<const float, 2> events, View<double, 2> responses) const override;
  using Predictor::evaluate;
  // The same for float64 variables, which are not rounded.
  void project(const Context& context, View<const double, 2> events, View<double, 2> responses) const;
  // float32 throughout: x - m is rounded once, products and sums as in base/gemm.hpp. About three times as fast, exact to
  // some units in the last place of float32 of |x - m| |a_k|. responses: rows beside each other.
  void project_single(const Context& context, View<const float, 2> events, View<float, 2> responses) const;
  void write(archive::Group& group) const override;
  static PredictorPointer read(const archive::Group& group);

  const std::vector<double>& mean() const noexcept { return mean_; }
  const std::vector<double>& vectors() const noexcept { return vectors_; }

 private:
  std::vector<double> mean_;
  std::size_t n_outputs_;
  std::vector<double> vectors_;
  std::vector<double> panels_;  // as MomentsKernels::project_... want them
  std::vector<float> single_mean_;
  AlignedVector<float> single_vectors_;  // (inputs, outputs rounded up to whole vectors), for matrix products
  AlignedVector<float> single_bias_;     // what the rounding of the mean leaves
};

}  // namespace diskern::statistics

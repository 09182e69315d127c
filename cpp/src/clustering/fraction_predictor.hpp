#pragma once
// A clustering as a classifier: what part of the training events of an event's cluster was signal.

#include <cstdint>
#include <vector>

#include "base/predictor.hpp"
#include "neighbours/kd_tree.hpp"

namespace diskern::clustering {

struct FractionParams {
  std::size_t n_inputs = 0;
  std::size_t n_outputs = 1;
  std::vector<double> scale;      // what variables are multiplied by: n_inputs
  std::vector<double> points;     // centres or core points, scaled: rows of n_inputs
  std::vector<double> cluster;    // of each point: a whole number from 0 on
  std::vector<double> fractions;  // responses of each cluster: rows of n_outputs
  std::vector<double> prior;      // responses beyond the radius: n_outputs
  double radius = -1;             // an event farther from all points is noise; negative: none is
  bool distance = false;          // the one response is the distance to the nearest point instead
};

// The response of an event is that of the cluster of the nearest point (Euclidean distance of scaled variables; of
// equally near ones the lowest), or the prior beyond the radius. NaN or infinity among the variables gives NaN.
class FractionPredictor final : public Predictor {
 public:
  static constexpr std::size_t most_inputs = 256;
  // Throws FormatError unless all sizes fit each other and all numbers are finite.
  explicit FractionPredictor(FractionParams params);
  std::string_view kind() const noexcept override { return "cluster_fraction"; }
  std::size_t input_count() const noexcept override { return params_.n_inputs; }
  std::size_t output_count() const noexcept override { return params_.n_outputs; }
  void evaluate(const float* variables, double* responses) const noexcept override;
  using Predictor::evaluate;
  void write(archive::Group& group) const override;
  static PredictorPointer read(const archive::Group& group);

  const FractionParams& params() const noexcept { return params_; }

 private:
  FractionParams params_;
  KdTree tree_;
};

}  // namespace diskern::clustering

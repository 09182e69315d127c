#pragma once
// The nearest centre of k-means, for the model file.

#include <vector>

#include "base/predictor.hpp"
#include "clustering/kmeans.hpp"

namespace diskern::clustering {

// Two responses: the number of the cluster, from 0 on, and the distance to its centre.
class KMeansPredictor final : public Predictor {
 public:
  // centres: n_clusters x n_inputs, C order. Throws FormatError unless finite and of that size.
  KMeansPredictor(std::size_t n_inputs, std::size_t n_clusters, const std::vector<double>& centres);
  std::string_view kind() const noexcept override { return "k_means"; }
  std::size_t input_count() const noexcept override { return assigner_.dimensions(); }
  std::size_t output_count() const noexcept override { return 2; }
  void evaluate(const float* variables, double* responses) const noexcept override;
  void evaluate(const Context& context, View<const float, 2> events, View<double, 2> responses) const override;
  // float64 events are used as they are, not rounded to float32: clusters far from the origin need it.
  void evaluate(const Context& context, const EventSource& events, View<double, 2> responses) const override;
  void write(archive::Group& group) const override;
  static PredictorPointer read(const archive::Group& group);

  const std::vector<double>& centres() const noexcept { return assigner_.centres(); }
  std::size_t cluster_count() const noexcept { return centres().size() / input_count(); }

 private:
  KMeansAssigner assigner_;
};

}  // namespace diskern::clustering

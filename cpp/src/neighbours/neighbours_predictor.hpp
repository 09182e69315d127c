#pragma once
// Weighted mean of the targets of the nearest training events: k-nearest-neighbour classification (targets 0 and 1) and
// regression, as scikit-learn's and as TMVA's KNN.

#include <cstdint>
#include <string>
#include <vector>

#include "base/predictor.hpp"
#include "neighbours/kd_tree.hpp"

namespace diskern {

// What a neighbour counts beside its event weight.
enum class NeighbourWeight : std::uint8_t {
  uniform,
  inverse_distance,  // neighbours at distance zero, if there are any, count alone
  gaussian,          // TMVA's kernels, see tmva_weights
  polynomial,
  discriminant,  // TMVA's local linear discriminant of all neighbours; the first target is 1 for one class, else 0
};

struct NeighboursDefinition {
  std::size_t n_inputs = 0;
  std::size_t n_outputs = 0;
  std::size_t k = 0;  // neighbours that enter the mean
  NeighbourWeight weighting = NeighbourWeight::uniform;
  Distance distance;
  std::vector<double> points;     // events x inputs
  std::vector<double> targets;    // events x outputs
  std::vector<double> weight;     // events; empty: 1 each
  std::vector<double> divisor;    // inputs: what coordinates are divided by for the distance; empty: 1 each
  bool tmva = false;              // two more neighbours are fetched, scaled coordinates are rounded to float32
  double sigma_factor = 1;        // of the Gaussian kernel
};

class NeighboursPredictor final : public Predictor {
 public:
  // Throws FormatError for a definition that makes no sense.
  explicit NeighboursPredictor(NeighboursDefinition definition);
  std::string_view kind() const noexcept override { return "neighbours"; }
  std::size_t input_count() const noexcept override { return definition_.n_inputs; }
  std::size_t output_count() const noexcept override { return definition_.n_outputs; }
  // Memory beyond the stack is needed for very many neighbours or inputs only.
  void evaluate(const float* variables, double* responses) const noexcept override;
  void evaluate(const Context& context, View<const float, 2> events, View<double, 2> responses) const override;
  using Predictor::evaluate;
  void write(archive::Group& group) const override;
  static PredictorPointer read(const archive::Group& group);

  const NeighboursDefinition& definition() const noexcept { return definition_; }

 private:
  void query_of(const float* variables, double* query) const noexcept;
  void combine(const float* variables, const double* reduced, const std::uint32_t* index, double* memory,
               double* responses) const noexcept;
  void tmva_weights(const float* variables, const double* reduced, const std::uint32_t* index, double* sigma,
                    double* weight) const noexcept;
  void discriminant(const float* variables, const std::uint32_t* index, double* memory, double* responses) const noexcept;
  std::size_t memory_size() const noexcept;
  void prepare_sums();
  void mean(const double* sums, double* responses) const noexcept;

  NeighboursDefinition definition_;
  std::size_t fetched_ = 0;
  std::vector<double> scaled_;   // points over the divisors
  std::vector<double> average_;  // of the targets of all events, weighted: the response where neighbours have no weight
  KdTree tree_;
  // Where neighbours count by their event weight alone: weight, then weight x target of each output, in numbers whose
  // sums are exact and so do not depend on the order of the neighbours. Empty: the sums are made in that order.
  std::vector<double> terms_;       // event after event
  std::vector<double> slot_terms_;  // the same in the order of the tree
};

}  // namespace diskern

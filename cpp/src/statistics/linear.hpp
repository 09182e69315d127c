#pragma once
// y_k = c_k0 + sum_j c_kj x_j: what Fisher, LD and the linear regressions return; through a link for logistic ones.

#include <cstdint>
#include <vector>

#include "base/predictor.hpp"

namespace diskern::statistics {

enum class LinearLink : std::uint8_t {
  identity = 0,
  logistic = 1,  // 1 / (1 + exp(-y)) of each output
  softmax = 2,   // over the outputs
};

class LinearPredictor final : public Predictor {
 public:
  // coefficients: n_outputs x (n_inputs + 1), C order, the constant first. Throws FormatError unless finite and of that size.
  LinearPredictor(std::size_t n_inputs, std::size_t n_outputs, std::vector<double> coefficients,
                  LinearLink link = LinearLink::identity);
  std::string_view kind() const noexcept override { return "linear"; }
  std::size_t input_count() const noexcept override { return n_inputs_; }
  std::size_t output_count() const noexcept override { return n_outputs_; }
  void evaluate(const float* variables, double* responses) const noexcept override;
  using Predictor::evaluate;
  void write(archive::Group& group) const override;
  static PredictorPointer read(const archive::Group& group);

  const std::vector<double>& coefficients() const noexcept { return coefficients_; }
  LinearLink link() const noexcept { return link_; }

 private:
  std::size_t n_inputs_;
  std::size_t n_outputs_;
  std::vector<double> coefficients_;
  LinearLink link_;
};

// n scores to probabilities, in place.
void to_softmax(double* scores, std::size_t n) noexcept;

}  // namespace diskern::statistics

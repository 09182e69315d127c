#pragma once
// TMVA's RuleFit: rules and clipped linear terms.

#include <cstdint>
#include <vector>

#include "base/predictor.hpp"

namespace diskern::statistics {

// Fulfilled where minimum < x < maximum for the variables it cuts on; an infinite bound does not cut.
struct Rule {
  double coefficient = 0.0;
  std::vector<std::int32_t> variable;
  std::vector<double> minimum;
  std::vector<double> maximum;
};

struct LinearTerm {
  double coefficient = 0.0;  // normalisation included
  double minimum = 0.0;      // the variable is clipped to this range
  double maximum = 0.0;
};

// y = offset + sum of the coefficients of fulfilled rules + sum of coefficient times clipped variable.
class RuleEnsemble final : public Predictor {
 public:
  // linear: empty, or one term per variable. Throws FormatError for rules that do not fit.
  RuleEnsemble(std::size_t n_inputs, double offset, std::vector<Rule> rules, std::vector<LinearTerm> linear);
  std::string_view kind() const noexcept override { return "rules"; }
  std::size_t input_count() const noexcept override { return n_inputs_; }
  std::size_t output_count() const noexcept override { return 1; }
  void evaluate(const float* variables, double* responses) const noexcept override;
  using Predictor::evaluate;
  void write(archive::Group& group) const override;
  static PredictorPointer read(const archive::Group& group);

  double offset() const noexcept { return offset_; }
  const std::vector<Rule>& rules() const noexcept { return rules_; }
  const std::vector<LinearTerm>& linear() const noexcept { return linear_; }

 private:
  std::size_t n_inputs_;
  double offset_;
  std::vector<Rule> rules_;
  std::vector<LinearTerm> linear_;
};

}  // namespace diskern::statistics

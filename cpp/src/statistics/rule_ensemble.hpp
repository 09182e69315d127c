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
  // Of the training events, for people and for TMVA's weight files; 0 where nobody knows. The part that fulfils the
  // rule, the part of these that is signal, and their effective number.
  double support = 0.0;
  double signal_fraction = 0.0;
  double events = 0.0;

  double sigma() const noexcept;       // spread of the rule, which is 0 or 1: root of support (1 - support)
  double importance() const noexcept;  // size of the coefficient times sigma
};

struct LinearTerm {
  double coefficient = 0.0;
  double norm = 1.0;     // another factor, which brings the spread of the variable to that of a rule
  double minimum = 0.0;  // the variable is clipped to this range
  double maximum = 0.0;
};

// How the terms were chosen, for TMVA's weight files.
struct RuleStatistics {
  double importance_cut = 0.0;  // MinImp
  double linear_quantile = 0.0;
  double average_support = 0.8;
  double average_sigma = 0.4;
};

// y = offset + sum of the coefficients of fulfilled rules + sum of coefficient times norm times clipped variable.
class RuleEnsemble final : public Predictor {
 public:
  // linear: empty, or one term per variable. Throws FormatError for rules that do not fit.
  RuleEnsemble(std::size_t n_inputs, double offset, std::vector<Rule> rules, std::vector<LinearTerm> linear,
               RuleStatistics statistics = {});
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
  const RuleStatistics& statistics() const noexcept { return statistics_; }
  // The largest importance of a rule or linear term.
  double largest_importance() const noexcept;
  // Of each variable: importances of its linear term and of its share of the rules that cut on it, over the largest sum.
  std::vector<double> variable_importance() const;

 private:
  std::size_t n_inputs_;
  double offset_;
  std::vector<Rule> rules_;
  std::vector<LinearTerm> linear_;
  RuleStatistics statistics_;
};

}  // namespace diskern::statistics

#pragma once
// TMVA's FDA: a formula of the user's with free parameters, fitted to the classes or targets.

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/predictor.hpp"
#include "expression/expression.hpp"
#include "statistics/fitter.hpp"

namespace diskern::statistics {

// A formula in TMVA's spelling: parameters "(0)", "(1)", ..., variables "x0", "x1", ..., functions and operators of
// the expressions (expression.hpp).
class ParametricFormula {
 public:
  static constexpr std::size_t maximum_parameters = 512;

  // Throws InvalidArgument for syntax (with the position), for other names, for a variable or parameter beyond the
  // numbers given.
  ParametricFormula(std::string text, std::size_t n_variables, std::size_t n_parameters);

  const std::string& text() const noexcept { return text_; }
  std::size_t variable_count() const noexcept { return n_variables_; }
  std::size_t parameter_count() const noexcept { return n_parameters_; }
  // Whether it is a sum of terms of which each has one parameter as a factor at most: then squared deviations are a
  // quadratic form of the parameters.
  bool is_linear() const noexcept { return is_linear_; }

  // One event. No allocation.
  double evaluate(const float* variables, const double* parameters) const noexcept;
  // Events [begin, end), the same bits as one by one.
  void evaluate(View<const float, 2> events, std::size_t begin, std::size_t end, const double* parameters,
                double* results) const;

 private:
  std::string text_;
  std::size_t n_variables_;
  std::size_t n_parameters_;
  std::vector<std::pair<bool, std::size_t>> inputs_;  // of the program: parameter or variable, and which
  expression::Program program_;
  bool is_linear_ = false;
};

class FormulaPredictor final : public Predictor {
 public:
  // parameters: outputs x formula.parameter_count(), C order; softmax: over the outputs (multiclass). Throws
  // FormatError unless sizes fit and the parameters are finite.
  FormulaPredictor(ParametricFormula formula, std::vector<double> parameters, std::size_t n_outputs, bool softmax);
  std::string_view kind() const noexcept override { return "formula"; }
  std::size_t input_count() const noexcept override { return formula_.variable_count(); }
  std::size_t output_count() const noexcept override { return n_outputs_; }
  void evaluate(const float* variables, double* responses) const noexcept override;
  void evaluate(const Context& context, View<const float, 2> events, View<double, 2> responses) const override;
  using Predictor::evaluate;
  void write(archive::Group& group) const override;
  static PredictorPointer read(const archive::Group& group);

  const ParametricFormula& formula() const noexcept { return formula_; }
  const std::vector<double>& parameters() const noexcept { return parameters_; }
  bool softmax() const noexcept { return softmax_; }

 private:
  ParametricFormula formula_;
  std::vector<double> parameters_;
  std::size_t n_outputs_;
  bool softmax_;
};

enum class FormulaFitter : std::uint8_t { MC, GA, SA, MINUIT };
enum class FormulaLoss : std::uint8_t {
  classification,  // mean of (f - 1)^2 over signal plus mean of f^2 over background, each by its own weights
  regression,      // weighted mean of squared deviations, summed over the targets
  multiclass,      // weighted mean of -ln of the softmax of the event's own class
};

struct FormulaParams {
  std::string formula;
  std::vector<Interval> ranges;  // one per parameter
  FormulaFitter fitter = FormulaFitter::MINUIT;
  bool converge = false;  // polish the result of MC, GA, SA by descent
  GeneticParams genetic;
  AnnealingParams annealing;
  MonteCarloParams monte_carlo;
  DescentParams descent;
  FormulaLoss loss = FormulaLoss::classification;
  std::size_t n_classes = 2;
  std::int32_t signal_class = 0;
};

struct FormulaResult {
  std::shared_ptr<const FormulaPredictor> predictor;
  double loss = 0.0;
  std::size_t calls = 0;
};

// targets: events x targets, of regression only. Weights are used with their sign.
FormulaResult fit_formula(const Context& context, const FormulaParams& params, View<const float, 2> events,
                          View<const std::int32_t> class_index, View<const double, 2> targets,
                          View<const double> weight);

}  // namespace diskern::statistics

#pragma once
// The loss of linear scores, its gradient and its matrix of second derivatives, in variables of zero mean.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "diskern/context.hpp"
#include "statistics/generalised_linear.hpp"

namespace diskern::statistics {

// Coefficients lie output by output: the constant, then one per variable.
class LinearProblem {
 public:
  // target: squared: n x outputs; logistic: n x 1 with the class of each event. Events of weight 0 are left out.
  LinearProblem(const Context& context, const LinearFitParams& params, View<const float, 2> events,
                std::vector<double> target, std::size_t n_outputs, View<const double> weight);

  std::size_t size() const noexcept { return n_; }
  std::size_t outputs() const noexcept { return n_outputs_; }
  std::size_t coefficient_count() const noexcept { return n_outputs_ * (d_ + 1); }

  double loss(const std::vector<double>& coefficients) const;
  double loss_and_gradient(const std::vector<double>& coefficients, std::vector<double>& gradient) const;
  // Of all events, L2 included; coefficient_count() squared.
  std::vector<double> second_derivatives(const std::vector<double>& coefficients) const;
  // Adds the derivatives of one event times its weight over the mean weight.
  void add_gradient(std::size_t event, const std::vector<double>& coefficients, std::vector<double>& scores,
                    std::vector<double>& gradient) const;
  // A bound of the second derivative along any direction.
  double curvature() const;
  // What L1 makes of the coefficients after a step of this length.
  void shrink(std::vector<double>& coefficients, double step) const;

  // In the units of the variables, as the predictor wants them.
  std::vector<double> original(const std::vector<double>& coefficients) const;
  const std::vector<double>& spread() const noexcept { return spread_; }

 private:
  void scores(std::size_t event, const std::vector<double>& coefficients, double* result) const noexcept;
  // The loss of an event; residual becomes its derivative by the scores.
  double residual(std::size_t event, double* scores) const noexcept;
  double penalty(const std::vector<double>& coefficients, bool with_l1) const noexcept;

  const Context& context_;
  const LinearFitParams& params_;
  std::size_t n_ = 0;
  std::size_t d_;
  std::size_t n_outputs_;
  std::vector<double> x_;  // rows: variables less their mean, over their scale
  std::vector<double> target_;
  std::vector<double> weight_;  // sums up to 1
  std::vector<double> mean_;
  std::vector<double> spread_;
  std::vector<double> scale_;  // spread, or 1 without Standardise
};

}  // namespace diskern::statistics

#pragma once
// Linear and logistic regression: the minimum of a convex loss of linear scores.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "diskern/context.hpp"
#include "diskern/view.hpp"
#include "statistics/linear.hpp"

namespace diskern::statistics {

enum class LinearLoss : std::uint8_t {
  squared = 0,   // half of (target - y)^2
  logistic = 1,  // -ln p of the event's class: one output for two classes, softmax for more
};

enum class LinearSolver : std::uint8_t {
  Newton = 0,           // the normal equations: one step for squared loss
  GradientDescent = 1,  // of all events, with Nesterov's momentum
  Stochastic = 2,       // event by event in random order
  MiniBatch = 3,        // batch by batch in random order
};

// Minimised is sum w_i loss_i / sum w_i + L2 / 2 |c|^2 + L1 |c|_1, where c are the coefficients without the constants.
struct LinearFitParams {
  LinearLoss loss = LinearLoss::squared;
  LinearSolver Solver = LinearSolver::Newton;
  double L2 = 0.0;
  double L1 = 0.0;            // not with Newton
  bool Standardise = true;    // L2 and L1 are those of variables in units of their spread
  double LearningRate = 0.1;  // of Stochastic and MiniBatch, in units that suit variables of unit spread
  std::int32_t MaxIterations = 200;  // passes over the events
  std::int32_t BatchSize = 64;
  double Tolerance = 1e-8;  // relative change of the loss that ends the fit
  std::vector<std::string> variable_names;
};

struct LinearFitResult {
  std::shared_ptr<const LinearPredictor> predictor;
  std::vector<double> loss;  // after each pass
  bool converged = false;
  bool interrupted = false;  // the point after the last whole pass
  // Per variable: the largest size of its coefficients times its spread.
  std::vector<double> ranking;
};

// squared: target holds one column per output. logistic: class_index holds 0 to n_classes - 1; of two classes
// signal_class gets the response near 1. Weights are used with their sign where sums stay positive. Throws
// InvalidArgument for values that make no sense, and for Newton where a variable is constant or a linear combination of
// others (L2 helps); Interrupted before the first pass is done, later the point so far is held, marked interrupted.
LinearFitResult fit_linear(const Context& context, const LinearFitParams& params, View<const float, 2> events,
                           View<const double, 2> target, View<const double> weight);
LinearFitResult fit_logistic(const Context& context, const LinearFitParams& params, View<const float, 2> events,
                             View<const std::int32_t> class_index, std::int32_t n_classes, std::int32_t signal_class,
                             View<const double> weight);

}  // namespace diskern::statistics

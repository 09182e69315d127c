#include "statistics/generalised_linear.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "base/permutation.hpp"
#include "diskern/error.hpp"
#include "statistics/linear_problem.hpp"
#include "statistics/symmetric.hpp"

namespace diskern::statistics {

namespace {

void check(const LinearFitParams& params) {
  const auto require = [](bool good, const char* name, double value, const char* expected) {
    if (!good) throw InvalidArgument(std::string(name) + " is " + std::to_string(value) + ", expected " + expected);
  };
  require(params.L2 >= 0.0 && std::isfinite(params.L2), "L2", params.L2, "0 or more");
  require(params.L1 >= 0.0 && std::isfinite(params.L1), "L1", params.L1, "0 or more");
  require(params.LearningRate > 0.0 && std::isfinite(params.LearningRate), "LearningRate", params.LearningRate,
          "a positive number");
  require(params.MaxIterations >= 1, "MaxIterations", params.MaxIterations, "1 or more");
  require(params.BatchSize >= 1, "BatchSize", params.BatchSize, "1 or more");
  require(params.Tolerance >= 0.0 && std::isfinite(params.Tolerance), "Tolerance", params.Tolerance, "0 or more");
  if (params.Solver == LinearSolver::Newton && params.L1 > 0.0) {
    throw InvalidArgument("L1 has no second derivative, which Solver=Newton takes; GradientDescent, Stochastic and "
                          "MiniBatch take L1");
  }
}

class Fit {
 public:
  Fit(const Context& context, const LinearFitParams& params, const LinearProblem& problem)
      : context_(context), params_(params), problem_(problem), coefficients_(problem.coefficient_count(), 0.0) {}

  void run() {
    switch (params_.Solver) {
      case LinearSolver::Newton:
        newton();
        break;
      case LinearSolver::GradientDescent:
        descend();
        break;
      case LinearSolver::Stochastic:
        in_batches(1);
        break;
      case LinearSolver::MiniBatch:
        in_batches(static_cast<std::size_t>(params_.BatchSize));
        break;
    }
    for (const double one : coefficients_) {
      if (!std::isfinite(one)) throw InvalidArgument("the fit diverges; a smaller LearningRate may help");
    }
  }

  const std::vector<double>& coefficients() const noexcept { return coefficients_; }
  std::vector<double> losses;
  bool converged = false;
  bool interrupted = false;

 private:
  // Whether the last pass changed nothing to speak of; its point is held by now.
  bool passed(double loss) {
    interrupted = context_.interrupted();
    const bool still = !losses.empty() && std::abs(losses.back() - loss) <= params_.Tolerance * (1e-300 + std::abs(loss));
    losses.push_back(loss);
    context_.report({losses.size(), static_cast<std::size_t>(params_.MaxIterations), loss});
    return still;
  }

  std::vector<double> newton_step(const std::vector<double>& gradient) {
    const std::size_t p = coefficients_.size();
    std::vector<double> matrix = problem_.second_derivatives(coefficients_);
    const std::size_t per_output = p / problem_.outputs();
    if (params_.loss == LinearLoss::logistic && problem_.outputs() > 1) {
      // Adding a number to all outputs of a softmax changes nothing: that direction gets a curvature of its own.
      for (std::size_t a = 0; a < per_output; ++a) {
        const double size = matrix[a * p + a];
        for (std::size_t k = 0; k < problem_.outputs(); ++k) {
          for (std::size_t l = 0; l < problem_.outputs(); ++l) {
            matrix[(k * per_output + a) * p + l * per_output + a] += size;
          }
        }
      }
    }
    const PivotedCholesky factor = cholesky(matrix, p, 1e-12);
    if (factor.rank < p) {
      const std::size_t which = factor.order[factor.rank] % per_output;
      std::string name = "a variable";
      if (which > 0) {
        name = which - 1 < params_.variable_names.size() ? "'" + params_.variable_names[which - 1] + "'"
                                                         : "variable " + std::to_string(which - 1);
      }
      throw InvalidArgument("the second derivatives are singular: " + name +
                            " is constant, a linear combination of others, or the classes are separated completely; "
                            "L2 makes them regular");
    }
    std::vector<double> step = factor.solve(gradient);
    for (double& one : step) one = -one;
    return step;
  }

  void newton() {
    std::vector<double> gradient;
    double value = problem_.loss_and_gradient(coefficients_, gradient);
    for (std::int32_t iteration = 0; iteration < params_.MaxIterations; ++iteration) {
      const std::vector<double> step = newton_step(gradient);
      double length = 1.0;
      std::vector<double> next(coefficients_.size());
      double next_value = value;
      for (int halving = 0; halving < 40; ++halving, length *= 0.5) {
        for (std::size_t i = 0; i < next.size(); ++i) next[i] = coefficients_[i] + length * step[i];
        next_value = problem_.loss_and_gradient(next, gradient);
        if (next_value <= value) break;
      }
      if (!std::isfinite(next_value)) throw InvalidArgument("the fit diverges; L2 may help");
      if (!(next_value <= value)) {  // no smaller loss to the last digit
        converged = true;
        return;
      }
      coefficients_ = std::move(next);
      value = next_value;
      converged = passed(value);
      if (converged || interrupted) return;
    }
  }

  // Nesterov's momentum, begun anew where the loss rises (O'Donoghue and Candes, 2015); L1 by its proximal step.
  void descend() {
    const double step = 1.0 / problem_.curvature();
    std::vector<double> ahead = coefficients_;
    std::vector<double> gradient;
    double momentum = 1.0;
    double last = problem_.loss(coefficients_);
    std::int32_t still = 0;
    for (std::int32_t iteration = 0; iteration < params_.MaxIterations; ++iteration) {
      problem_.loss_and_gradient(ahead, gradient);
      std::vector<double> next = ahead;
      for (std::size_t i = 0; i < next.size(); ++i) next[i] -= step * gradient[i];
      problem_.shrink(next, step);
      const double value = problem_.loss(next);
      if (value > last && momentum > 1.0) {
        momentum = 1.0;
        ahead = coefficients_;
        continue;
      }
      const double following = 0.5 * (1.0 + std::sqrt(1.0 + 4.0 * momentum * momentum));
      const double factor = (momentum - 1.0) / following;
      for (std::size_t i = 0; i < next.size(); ++i) ahead[i] = next[i] + factor * (next[i] - coefficients_[i]);
      momentum = following;
      coefficients_ = std::move(next);
      last = value;
      still = passed(value) ? still + 1 : 0;  // one small step may be chance
      converged = still == 3;
      if (converged || interrupted) return;
    }
  }

  // The step falls with the passes; a mean of the points of all passes is what counts.
  void in_batches(std::size_t batch) {
    const std::size_t n = problem_.size();
    // Variables of many units spread would make steps of the learning rate diverge.
    const double scale = params_.LearningRate / std::max(1.0, problem_.curvature());
    std::vector<double> point = coefficients_;
    std::vector<double> gradient(point.size());
    std::vector<double> score(problem_.outputs());
    const std::size_t per_output = point.size() / problem_.outputs();
    for (std::int32_t pass = 0; pass < params_.MaxIterations; ++pass) {
      const Permutation order(n, context_.seed, Purpose::shuffle, static_cast<std::uint32_t>(pass));
      const double step = scale / (1.0 + 0.1 * static_cast<double>(pass));
      std::vector<double> mean(point.size(), 0.0);
      std::size_t steps = 0;
      for (std::size_t begin = 0; begin < n; begin += batch) {
        const std::size_t end = std::min(n, begin + batch);
        std::fill(gradient.begin(), gradient.end(), 0.0);
        for (std::size_t k = begin; k < end; ++k) problem_.add_gradient(order[k], point, score, gradient);
        const double share = step / static_cast<double>(end - begin);
        for (std::size_t i = 0; i < point.size(); ++i) {
          const double penalty = i % per_output == 0 ? 0.0 : params_.L2 * point[i];
          point[i] -= share * gradient[i] + step * penalty;
        }
        problem_.shrink(point, step);
        ++steps;
        for (std::size_t i = 0; i < point.size(); ++i) {
          mean[i] += (point[i] - mean[i]) / static_cast<double>(steps);
        }
        if (steps % 4096 == 0 && context_.interrupted()) {
          if (pass == 0) throw Interrupted();
          interrupted = true;
          return;
        }
      }
      // Later passes weigh more, in proportion to their number.
      const double weight = 2.0 / static_cast<double>(pass + 2);
      for (std::size_t i = 0; i < point.size(); ++i) coefficients_[i] += weight * (mean[i] - coefficients_[i]);
      converged = passed(problem_.loss(coefficients_));
      if (converged || interrupted) return;
    }
  }

  const Context& context_;
  const LinearFitParams& params_;
  const LinearProblem& problem_;
  std::vector<double> coefficients_;
};

LinearFitResult fit(const Context& context, const LinearFitParams& params, const LinearProblem& problem,
                    std::size_t n_inputs, LinearLink link) {
  Fit fit(context, params, problem);
  fit.run();
  LinearFitResult result;
  const std::vector<double> coefficients = problem.original(fit.coefficients());
  result.ranking.assign(n_inputs, 0.0);
  for (std::size_t k = 0; k < problem.outputs(); ++k) {
    for (std::size_t j = 0; j < n_inputs; ++j) {
      const double size = std::abs(coefficients[k * (n_inputs + 1) + 1 + j]) * problem.spread()[j];
      result.ranking[j] = std::max(result.ranking[j], size);
    }
  }
  result.predictor = std::make_shared<const LinearPredictor>(n_inputs, problem.outputs(), coefficients, link);
  result.loss = std::move(fit.losses);
  result.converged = fit.converged;
  result.interrupted = fit.interrupted;
  return result;
}

}  // namespace

LinearFitResult fit_linear(const Context& context, const LinearFitParams& params, View<const float, 2> events,
                           View<const double, 2> target, View<const double> weight) {
  check(params);
  if (params.loss != LinearLoss::squared) throw InvalidArgument("linear regression has the squared loss");
  if (target.rows() != events.rows() || target.columns() < 1 || weight.size() != events.rows()) {
    throw InvalidArgument("target has " + std::to_string(target.rows()) + " rows and weight " +
                          std::to_string(weight.size()) + " elements, events has " + std::to_string(events.rows()) +
                          " rows");
  }
  std::vector<double> targets;
  for (std::size_t i = 0; i < target.rows(); ++i) {
    for (std::size_t k = 0; k < target.columns(); ++k) {
      if (!std::isfinite(target(i, k))) {
        throw InvalidArgument("target " + std::to_string(k) + " of event " + std::to_string(i) + " is not finite");
      }
      targets.push_back(target(i, k));
    }
  }
  const LinearProblem problem(context, params, events, std::move(targets), target.columns(), weight);
  return fit(context, params, problem, events.columns(), LinearLink::identity);
}

LinearFitResult fit_logistic(const Context& context, const LinearFitParams& params, View<const float, 2> events,
                             View<const std::int32_t> class_index, std::int32_t n_classes, std::int32_t signal_class,
                             View<const double> weight) {
  check(params);
  if (params.loss != LinearLoss::logistic) throw InvalidArgument("logistic regression has the logistic loss");
  if (n_classes < 2 || signal_class < 0 || signal_class >= n_classes) {
    throw InvalidArgument("there are " + std::to_string(n_classes) + " classes and the signal is number " +
                          std::to_string(signal_class) + ", expected two or more classes");
  }
  if (class_index.size() != events.rows() || weight.size() != events.rows()) {
    throw InvalidArgument("class_index has " + std::to_string(class_index.size()) + " elements and weight " +
                          std::to_string(weight.size()) + ", events has " + std::to_string(events.rows()) + " rows");
  }
  std::vector<double> sums(static_cast<std::size_t>(n_classes), 0.0);
  std::vector<double> target;
  for (std::size_t i = 0; i < events.rows(); ++i) {
    if (class_index[i] < 0 || class_index[i] >= n_classes) {
      throw InvalidArgument("class " + std::to_string(class_index[i]) + " of event " + std::to_string(i) +
                            ", there are " + std::to_string(n_classes));
    }
    sums[static_cast<std::size_t>(class_index[i])] += weight[i];
    target.push_back(n_classes > 2 ? static_cast<double>(class_index[i]) : class_index[i] == signal_class ? 1.0 : 0.0);
  }
  for (std::size_t k = 0; k < sums.size(); ++k) {
    if (!(sums[k] > 0.0)) {
      throw InvalidArgument("the weights of class " + std::to_string(k) + " sum to " + std::to_string(sums[k]) +
                            ", expected a positive sum");
    }
  }
  const std::size_t outputs = n_classes == 2 ? 1 : static_cast<std::size_t>(n_classes);
  const LinearProblem problem(context, params, events, std::move(target), outputs, weight);
  return fit(context, params, problem, events.columns(), outputs == 1 ? LinearLink::logistic : LinearLink::softmax);
}

}  // namespace diskern::statistics

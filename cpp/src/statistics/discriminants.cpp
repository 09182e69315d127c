#include "statistics/discriminants.hpp"

#include <cmath>
#include <utility>

#include "diskern/error.hpp"
#include "statistics/moments.hpp"
#include "statistics/symmetric.hpp"

namespace diskern::statistics {

namespace {

std::string name_of(const std::vector<std::string>& names, std::size_t j) {
  return j < names.size() ? "'" + names[j] + "'" : "number " + std::to_string(j);
}

std::string list_of(const std::vector<std::string>& names, const std::vector<std::size_t>& which) {
  std::string text;
  for (const std::size_t j : which) text += (text.empty() ? "" : ", ") + name_of(names, j);
  return text;
}

// Solves systems with one symmetric matrix. Rows and columns are scaled to the spread of the variables first, so that
// what is singular does not depend on units.
class Solver {
 public:
  // variance: of each variable over all events; mean: to tell rounding from spread.
  Solver(const std::vector<double>& matrix, const std::vector<double>& variance, const std::vector<double>& mean,
         Singular singular, const std::vector<std::string>& names, const char* what)
      : scale_(variance.size(), 0.0) {
    const std::size_t d = variance.size();
    std::vector<std::size_t> constant;
    for (std::size_t j = 0; j < d; ++j) {
      if (variance[j] > 1e-24 * mean[j] * mean[j] && variance[j] > 0.0) {
        used_.push_back(j);
        scale_[j] = 1.0 / std::sqrt(variance[j]);
      } else if (variance[j] < -1e-20 * mean[j] * mean[j]) {
        throw InvalidArgument(std::string(what) + " is not positive: the negative event weights outweigh the others, " +
                              "the variance of variable " + name_of(names, j) + " is " + std::to_string(variance[j]));
      } else {
        constant.push_back(j);
      }
    }
    const std::size_t m = used_.size();
    std::vector<double> scaled(m * m);
    for (std::size_t a = 0; a < m; ++a) {
      for (std::size_t b = 0; b < m; ++b) {
        scaled[a * m + b] = matrix[used_[a] * d + used_[b]] * scale_[used_[a]] * scale_[used_[b]];
      }
    }
    factor_ = cholesky(scaled, m, singular_tolerance);
    std::vector<std::size_t> dependent;
    for (std::size_t a = factor_.rank; a < m; ++a) dependent.push_back(used_[factor_.order[a]]);
    if (constant.empty() && dependent.empty()) return;
    if (singular == Singular::error) {
      std::string message = std::string(what) + " is singular:";
      if (!constant.empty()) message += " constant variables: " + list_of(names, constant) + ";";
      if (!dependent.empty()) {
        message += " (nearly) constant within the classes or linear combinations of other variables: " +
                   list_of(names, dependent) + ";";
      }
      throw InvalidArgument(message + " leave them out");
    }
    for (const std::size_t j : constant) treated_.push_back(name_of(names, j));
    for (const std::size_t j : dependent) treated_.push_back(name_of(names, j));
    if (dependent.empty()) return;
    floored_ = true;
    eigen_ = eigen(scaled, m);
    for (double& value : eigen_.values) {
      if (value < -1e-6) {
        throw InvalidArgument(std::string(what) +
                              " is not positive: the negative event weights outweigh the others in "
                              "some direction");
      }
      if (value < singular_floor) value = singular_floor;
    }
  }

  std::vector<double> solve(const std::vector<double>& right) const {
    const std::size_t m = used_.size();
    std::vector<double> scaled(m);
    for (std::size_t a = 0; a < m; ++a) scaled[a] = right[used_[a]] * scale_[used_[a]];
    std::vector<double> solution(m, 0.0);
    if (!floored_) {
      solution = factor_.solve(scaled);
    } else {
      for (std::size_t k = 0; k < m; ++k) {
        double projection = 0.0;
        for (std::size_t a = 0; a < m; ++a) projection += eigen_.vectors[a * m + k] * scaled[a];
        projection /= eigen_.values[k];
        for (std::size_t a = 0; a < m; ++a) solution[a] += projection * eigen_.vectors[a * m + k];
      }
    }
    std::vector<double> result(right.size(), 0.0);
    for (std::size_t a = 0; a < m; ++a) result[used_[a]] = solution[a] * scale_[used_[a]];
    return result;
  }

  const std::vector<std::string>& treated() const noexcept { return treated_; }

 private:
  std::vector<std::size_t> used_;  // variables that are not constant
  std::vector<double> scale_;
  PivotedCholesky factor_;
  bool floored_ = false;
  Eigen eigen_;
  std::vector<std::string> treated_;
};

double quadratic_form(const std::vector<double>& matrix, const std::vector<double>& vector) {
  const std::size_t d = vector.size();
  double sum = 0.0;
  for (std::size_t j = 0; j < d; ++j) {
    for (std::size_t k = 0; k < d; ++k) sum += vector[j] * matrix[j * d + k] * vector[k];
  }
  return sum;
}

double dot(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0.0;
  for (std::size_t j = 0; j < a.size(); ++j) sum += a[j] * b[j];
  return sum;
}

std::vector<double> diagonal_of(const std::vector<double>& matrix, std::size_t d) {
  std::vector<double> diagonal(d);
  for (std::size_t j = 0; j < d; ++j) diagonal[j] = matrix[j * d + j];
  return diagonal;
}

}  // namespace

DiscriminantResult fit_fisher(const Context& context, const FisherParams& params, View<const float, 2> events,
                              View<const std::int32_t> class_index, View<const double> weight) {
  const std::size_t d = events.columns();
  std::vector<std::int32_t> is_background(class_index.size());
  for (std::size_t i = 0; i < is_background.size(); ++i)
    is_background[i] = class_index[i] == params.signal_class ? 0 : 1;
  const std::vector<Moments> classes =
      class_moments(context, events, weight, View<const std::int32_t>(is_background.data(), is_background.size()), 2,
                    {"signal", "background"});
  const Moments& signal = classes[0];
  const Moments& background = classes[1];
  const Moments all = combined(classes);

  std::vector<double> within(d * d);
  std::vector<double> total(d * d);
  std::vector<double> difference(d);
  for (std::size_t j = 0; j < d; ++j) {
    difference[j] = signal.mean[j] - background.mean[j];
    for (std::size_t k = 0; k < d; ++k) {
      within[j * d + k] = signal.covariance[j * d + k] + background.covariance[j * d + k];
      const double between =
          (signal.weight * (signal.mean[j] - all.mean[j]) * (signal.mean[k] - all.mean[k]) +
           background.weight * (background.mean[j] - all.mean[j]) * (background.mean[k] - all.mean[k])) /
          (signal.weight + background.weight);
      total[j * d + k] = within[j * d + k] + between;
    }
  }
  const std::vector<double> variance = diagonal_of(total, d);
  const bool fisher = params.method == FisherMethod::fisher;
  const Solver solver(fisher ? within : total, variance, all.mean, params.singular, params.variable_names,
                      fisher ? "the covariance matrix within the classes" : "the total covariance matrix");

  std::vector<double> direction = solver.solve(difference);
  const double factor = std::sqrt(signal.weight * background.weight) / (signal.weight + background.weight);
  for (double& value : direction) value *= factor;
  std::vector<double> coefficients(d + 1);
  coefficients[0] = -0.5 * (dot(direction, signal.mean) + dot(direction, background.mean));
  for (std::size_t j = 0; j < d; ++j) coefficients[j + 1] = direction[j];

  DiscriminantResult result;
  for (std::size_t j = 0; j < d; ++j) {
    const double between = total[j * d + j] - within[j * d + j];
    result.ranking.push_back(variance[j] > 0.0 ? between / variance[j] : 0.0);
  }
  result.singular = solver.treated();
  result.signal_weight = signal.weight;
  result.background_weight = background.weight;
  result.signal_mean = coefficients[0] + dot(direction, signal.mean);
  result.background_mean = coefficients[0] + dot(direction, background.mean);
  result.signal_variance = quadratic_form(signal.covariance, direction);
  result.background_variance = quadratic_form(background.covariance, direction);
  result.predictor = std::make_shared<const LinearPredictor>(d, 1, std::move(coefficients));
  return result;
}

DiscriminantResult fit_linear_discriminant(const Context& context, const LinearDiscriminantParams& params,
                                           View<const float, 2> events, View<const double, 2> targets,
                                           View<const double> weight) {
  const Moments all = joint_moments(context, events, targets, weight);
  const std::size_t d = events.columns();
  const std::size_t n_outputs = targets.columns();
  const std::size_t width = d + n_outputs;
  // The normal equations about the mean: the constant drops out, and a large offset costs no digits.
  std::vector<double> matrix(d * d);
  for (std::size_t j = 0; j < d; ++j) {
    for (std::size_t k = 0; k < d; ++k) matrix[j * d + k] = all.covariance[j * width + k];
  }
  const std::vector<double> mean(all.mean.begin(), all.mean.begin() + static_cast<std::ptrdiff_t>(d));
  const Solver solver(matrix, diagonal_of(matrix, d), mean, params.singular, params.variable_names,
                      "the covariance matrix of the variables");
  std::vector<double> coefficients;
  for (std::size_t k = 0; k < n_outputs; ++k) {
    std::vector<double> right(d);
    for (std::size_t j = 0; j < d; ++j) right[j] = all.covariance[j * width + d + k];
    const std::vector<double> slope = solver.solve(right);
    const double at_mean = dot(slope, mean);
    coefficients.push_back(params.classification ? -0.5 * at_mean : all.mean[d + k] - at_mean);
    coefficients.insert(coefficients.end(), slope.begin(), slope.end());
  }
  DiscriminantResult result;
  for (std::size_t j = 0; j < d; ++j) result.ranking.push_back(std::abs(coefficients[j + 1]));
  result.singular = solver.treated();
  result.predictor = std::make_shared<const LinearPredictor>(d, n_outputs, std::move(coefficients));
  return result;
}

}  // namespace diskern::statistics

#include "statistics/linear_problem.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "base/executor.hpp"
#include "base/maths.hpp"
#include "diskern/error.hpp"

namespace diskern::statistics {

namespace {

constexpr std::size_t chunk_size = 2048;
constexpr double smallest_spread = 1e-12;  // in units of the largest value, which is a float

// Sums of chunks in their order: the same for any number of threads.
template <class Body>
std::vector<double> summed(const Context& context, std::size_t n, std::size_t width, double nanoseconds, const Body& body) {
  const std::size_t chunks = chunk_count(n, chunk_size);
  std::vector<double> parts(chunks * width, 0.0);
  parallel_for(
      context, chunks,
      [&](std::size_t chunk) {
        const Range range = chunk_range(n, chunk_size, chunk);
        body(range.begin, range.end, parts.data() + chunk * width);
      },
      nanoseconds);
  std::vector<double> result(width, 0.0);
  for (std::size_t chunk = 0; chunk < chunks; ++chunk) {
    for (std::size_t k = 0; k < width; ++k) result[k] += parts[chunk * width + k];
  }
  return result;
}

}  // namespace

LinearProblem::LinearProblem(const Context& context, const LinearFitParams& params, View<const float, 2> events,
                             std::vector<double> target, std::size_t n_outputs, View<const double> weight)
    : context_(context), params_(params), d_(events.columns()), n_outputs_(n_outputs) {
  const std::size_t width = params.loss == LinearLoss::squared ? n_outputs : 1;
  double sum = 0.0;
  for (std::size_t i = 0; i < events.rows(); ++i) {
    if (!std::isfinite(weight[i])) throw InvalidArgument("the weight of event " + std::to_string(i) + " is not finite");
    for (std::size_t j = 0; j < d_; ++j) {
      if (!std::isfinite(events(i, j))) {
        throw InvalidArgument("variable " + std::to_string(j) + " of event " + std::to_string(i) + " is " +
                              std::to_string(events(i, j)) + ", expected a finite number");
      }
    }
    if (weight[i] == 0.0) continue;
    for (std::size_t j = 0; j < d_; ++j) x_.push_back(static_cast<double>(events(i, j)));
    for (std::size_t k = 0; k < width; ++k) target_.push_back(target[i * width + k]);
    weight_.push_back(weight[i]);
    sum += weight[i];
  }
  n_ = weight_.size();
  if (n_ == 0) throw InvalidArgument("there is no event with a weight other than 0");
  if (!(sum > 0.0)) {
    throw InvalidArgument("the weights sum to " + std::to_string(sum) + ", expected a positive sum");
  }
  for (double& one : weight_) one /= sum;
  mean_.assign(d_, 0.0);
  spread_.assign(d_, 0.0);
  std::vector<double> largest(d_, 0.0);
  std::vector<bool> is_constant(d_, true);
  for (std::size_t i = 0; i < n_; ++i) {
    for (std::size_t j = 0; j < d_; ++j) {
      mean_[j] += weight_[i] * x_[i * d_ + j];
      largest[j] = std::max(largest[j], std::abs(x_[i * d_ + j]));
      if (x_[i * d_ + j] != x_[j]) is_constant[j] = false;
    }
  }
  for (std::size_t i = 0; i < n_; ++i) {
    for (std::size_t j = 0; j < d_; ++j) {
      x_[i * d_ + j] -= mean_[j];
      spread_[j] += weight_[i] * x_[i * d_ + j] * x_[i * d_ + j];
    }
  }
  scale_.assign(d_, 1.0);
  for (std::size_t j = 0; j < d_; ++j) {
    spread_[j] = std::sqrt(std::max(0.0, spread_[j]));
    // What is left of a constant after its mean, which is rounded, is no spread to divide by: it would be blown up to
    // slopes without a bound. Weights of both signs can have a spread of nothing without a constant.
    if (spread_[j] <= smallest_spread * largest[j]) spread_[j] = 0.0;
    if (params.Standardise && spread_[j] > 0.0) scale_[j] = spread_[j];
    if (!is_constant[j]) continue;
    spread_[j] = 0.0;
    scale_[j] = 1.0;
    for (std::size_t i = 0; i < n_; ++i) x_[i * d_ + j] = 0.0;
  }
  for (std::size_t i = 0; i < n_; ++i) {
    for (std::size_t j = 0; j < d_; ++j) x_[i * d_ + j] /= scale_[j];
  }
}

void LinearProblem::scores(std::size_t event, const std::vector<double>& coefficients, double* result) const noexcept {
  const double* x = x_.data() + event * d_;
  const double* c = coefficients.data();
  for (std::size_t k = 0; k < n_outputs_; ++k) {
    double sum = *c++;
    for (std::size_t j = 0; j < d_; ++j) sum += *c++ * x[j];
    result[k] = sum;
  }
}

double LinearProblem::residual(std::size_t event, double* scores) const noexcept {
  if (params_.loss == LinearLoss::squared) {
    double loss = 0.0;
    for (std::size_t k = 0; k < n_outputs_; ++k) {
      scores[k] -= target_[event * n_outputs_ + k];
      loss += 0.5 * scores[k] * scores[k];
    }
    return loss;
  }
  if (n_outputs_ == 1) {
    const bool signal = target_[event] != 0.0;
    const double loss = maths::softplus(signal ? -scores[0] : scores[0]);
    scores[0] = signal ? -maths::sigmoid(-scores[0]) : maths::sigmoid(scores[0]);
    return loss;
  }
  const auto own = static_cast<std::size_t>(target_[event]);
  const double largest = *std::max_element(scores, scores + n_outputs_);
  double sum = 0.0;
  for (std::size_t k = 0; k < n_outputs_; ++k) sum += maths::exp(scores[k] - largest);
  const double loss = maths::log(sum) + largest - scores[own];
  to_softmax(scores, n_outputs_);
  scores[own] -= 1.0;
  return loss;
}

double LinearProblem::penalty(const std::vector<double>& coefficients, bool with_l1) const noexcept {
  double squares = 0.0;
  double sizes = 0.0;
  for (std::size_t i = 0; i < coefficients.size(); ++i) {
    if (i % (d_ + 1) == 0) continue;
    squares += coefficients[i] * coefficients[i];
    sizes += std::abs(coefficients[i]);
  }
  return 0.5 * params_.L2 * squares + (with_l1 ? params_.L1 * sizes : 0.0);
}

double LinearProblem::loss(const std::vector<double>& coefficients) const {
  const double sum = summed(context_, n_, 1, static_cast<double>(n_ * coefficient_count()),
                            [&](std::size_t begin, std::size_t end, double* part) {
                              std::vector<double> score(n_outputs_);
                              for (std::size_t i = begin; i < end; ++i) {
                                scores(i, coefficients, score.data());
                                part[0] += weight_[i] * residual(i, score.data());
                              }
                            })[0];
  return sum + penalty(coefficients, true);
}

double LinearProblem::loss_and_gradient(const std::vector<double>& coefficients, std::vector<double>& gradient) const {
  const std::size_t p = coefficient_count();
  std::vector<double> sums = summed(context_, n_, p + 1, static_cast<double>(n_ * p) * 2.0,
                                    [&](std::size_t begin, std::size_t end, double* part) {
                                      std::vector<double> score(n_outputs_);
                                      for (std::size_t i = begin; i < end; ++i) {
                                        scores(i, coefficients, score.data());
                                        part[p] += weight_[i] * residual(i, score.data());
                                        const double* x = x_.data() + i * d_;
                                        double* sum = part;
                                        for (std::size_t k = 0; k < n_outputs_; ++k) {
                                          const double pull = weight_[i] * score[k];
                                          *sum++ += pull;
                                          for (std::size_t j = 0; j < d_; ++j) *sum++ += pull * x[j];
                                        }
                                      }
                                    });
  const double value = sums[p] + penalty(coefficients, false);
  sums.pop_back();
  for (std::size_t i = 0; i < p; ++i) {
    if (i % (d_ + 1) != 0) sums[i] += params_.L2 * coefficients[i];
  }
  gradient = std::move(sums);
  return value;
}

std::vector<double> LinearProblem::second_derivatives(const std::vector<double>& coefficients) const {
  const std::size_t p = coefficient_count();
  std::vector<double> matrix = summed(
      context_, n_, p * p, static_cast<double>(n_ * p * p),
      [&](std::size_t begin, std::size_t end, double* part) {
        std::vector<double> score(n_outputs_);
        std::vector<double> row(d_ + 1, 1.0);
        for (std::size_t i = begin; i < end; ++i) {
          std::copy_n(x_.data() + i * d_, d_, row.data() + 1);
          if (params_.loss == LinearLoss::logistic) {
            scores(i, coefficients, score.data());
            if (n_outputs_ == 1) {
              score[0] = maths::sigmoid(score[0]);
            } else {
              to_softmax(score.data(), n_outputs_);
            }
          }
          for (std::size_t k = 0; k < n_outputs_; ++k) {
            for (std::size_t l = 0; l < n_outputs_; ++l) {
              double factor = k == l ? 1.0 : 0.0;
              if (params_.loss == LinearLoss::logistic) factor = score[k] * (factor - score[l]);
              if (factor == 0.0) continue;
              factor *= weight_[i];
              for (std::size_t a = 0; a <= d_; ++a) {
                double* to = part + (k * (d_ + 1) + a) * p + l * (d_ + 1);
                for (std::size_t b = 0; b <= d_; ++b) to[b] += factor * row[a] * row[b];
              }
            }
          }
        }
      });
  for (std::size_t i = 0; i < p; ++i) {
    if (i % (d_ + 1) != 0) matrix[i * p + i] += params_.L2;
  }
  return matrix;
}

void LinearProblem::add_gradient(std::size_t event, const std::vector<double>& coefficients,
                                 std::vector<double>& score, std::vector<double>& gradient) const {
  scores(event, coefficients, score.data());
  residual(event, score.data());
  const double* x = x_.data() + event * d_;
  const double weight = weight_[event] * static_cast<double>(n_);
  double* sum = gradient.data();
  for (std::size_t k = 0; k < n_outputs_; ++k) {
    const double pull = weight * score[k];
    *sum++ += pull;
    for (std::size_t j = 0; j < d_; ++j) *sum++ += pull * x[j];
  }
}

double LinearProblem::curvature() const {
  // The largest eigenvalue is at most the trace; that of a softmax's own matrix at most a half, of a logistic a quarter.
  double trace = 1.0;
  for (std::size_t j = 0; j < d_; ++j) {
    const double unit = spread_[j] / scale_[j];
    trace += unit * unit;
  }
  const double factor = params_.loss == LinearLoss::squared ? 1.0 : n_outputs_ == 1 ? 0.25 : 0.5;
  return factor * trace + params_.L2;
}

void LinearProblem::shrink(std::vector<double>& coefficients, double step) const {
  if (params_.L1 == 0.0) return;
  const double by = step * params_.L1;
  for (std::size_t i = 0; i < coefficients.size(); ++i) {
    if (i % (d_ + 1) == 0) continue;
    const double size = std::abs(coefficients[i]) - by;
    coefficients[i] = size <= 0.0 ? 0.0 : std::copysign(size, coefficients[i]);
  }
}

std::vector<double> LinearProblem::original(const std::vector<double>& coefficients) const {
  std::vector<double> result(coefficients.size());
  for (std::size_t k = 0; k < n_outputs_; ++k) {
    const std::size_t begin = k * (d_ + 1);
    double constant = coefficients[begin];
    for (std::size_t j = 0; j < d_; ++j) {
      const double slope = coefficients[begin + 1 + j] / scale_[j];
      result[begin + 1 + j] = slope;
      constant -= slope * mean_[j];
    }
    result[begin] = constant;
  }
  return result;
}

}  // namespace diskern::statistics

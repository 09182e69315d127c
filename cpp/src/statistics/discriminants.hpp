#pragma once
// Linear discriminants: TMVA's Fisher and LD.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "diskern/context.hpp"
#include "diskern/view.hpp"
#include "statistics/linear.hpp"

namespace diskern::statistics {

enum class FisherMethod : std::uint8_t {
  fisher = 0,       // the inverse of the matrix within the classes
  mahalanobis = 1,  // the inverse of the total matrix (within + between)
};

// What to do with a matrix that has no usable inverse: variables that are constant, or linear combinations of others.
enum class Singular : std::uint8_t {
  error = 0,  // InvalidArgument that names the variables
  floor = 1,  // directions with less than singular_floor of the total variance are given that variance
};
constexpr double singular_tolerance = 1e-9;  // of the total variance: below, a matrix counts as singular
constexpr double singular_floor = 1e-6;

struct FisherParams {
  FisherMethod method = FisherMethod::fisher;
  Singular singular = Singular::error;
  std::int32_t signal_class = 0;            // all other classes together are the background
  std::vector<std::string> variable_names;  // for messages; may be empty
};

struct LinearDiscriminantParams {
  // Classification: the fitted constant is replaced by -(1/2) sum of c_j times the mean of x_j, as TMVA does, which
  // centres the response near zero. Regression: the constant of least squares.
  bool classification = true;
  Singular singular = Singular::error;
  std::vector<std::string> variable_names;
};

struct DiscriminantResult {
  std::shared_ptr<const LinearPredictor> predictor;
  std::vector<double> ranking;        // "Discr. power" of each variable
  std::vector<std::string> singular;  // variables that had to be treated; empty when the matrix has an inverse
  // Fisher: weight sums and the first two moments of the response for signal and background, so that a response can
  // be turned into a probability.
  double signal_weight = 0.0;
  double background_weight = 0.0;
  double signal_mean = 0.0;
  double background_mean = 0.0;
  double signal_variance = 0.0;
  double background_variance = 0.0;
};

// y = F0 + sum F_i x_i with F = sqrt(W_S W_B) / (W_S + W_B) M^-1 (mean_S - mean_B) and
// F0 = -(1/2) sum F_i (mean_S,i + mean_B,i); M = Cov_S + Cov_B (plus between for Mahalanobis), each covariance
// normalised to its own weight sum. Ranking: Between_ii / (Within + Between)_ii. (tmva.md 2.8)
// Weights are used with their sign.
DiscriminantResult fit_fisher(const Context& context, const FisherParams& params, View<const float, 2> events,
                              View<const std::int32_t> class_index, View<const double> weight);

// Weighted least squares of the targets (events x outputs) with a constant term (tmva.md 2.9). For classification the
// target is 1 for signal and 0 for background. Ranking: absolute value of the coefficient of the first output.
DiscriminantResult fit_linear_discriminant(const Context& context, const LinearDiscriminantParams& params,
                                           View<const float, 2> events, View<const double, 2> targets,
                                           View<const double> weight);

}  // namespace diskern::statistics

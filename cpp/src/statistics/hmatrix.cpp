#include "statistics/hmatrix.hpp"

#include <cmath>
#include <utility>

#include "base/archive.hpp"
#include "diskern/error.hpp"
#include "statistics/moments.hpp"
#include "statistics/symmetric.hpp"

namespace diskern::statistics {

namespace {

constexpr std::int64_t layout_version = 1;
constexpr double tolerance = 1e-12;  // of the variance: below, a direction counts as without spread

void check(const ChiSquared& part, std::size_t d, const char* name) {
  if (part.mean.size() != d || part.inverse.size() != d * d) {
    throw FormatError(std::string("HMatrix: the ") + name + " has " + std::to_string(part.mean.size()) + " means and " +
                      std::to_string(part.inverse.size()) + " elements of the matrix, expected " + std::to_string(d) +
                      " and " + std::to_string(d * d));
  }
  for (const auto* numbers : {&part.mean, &part.inverse}) {
    for (const double value : *numbers) {
      if (!std::isfinite(value)) throw FormatError(std::string("HMatrix: a number of the ") + name + " is not finite");
    }
  }
}

double chi_squared(const ChiSquared& part, const float* x, std::size_t d) noexcept {
  double sum = 0.0;
  const double* row = part.inverse.data();
  for (std::size_t j = 0; j < d; ++j, row += d) {
    const double distance = static_cast<double>(x[j]) - part.mean[j];
    double product = 0.0;
    for (std::size_t k = 0; k < d; ++k) product += row[k] * (static_cast<double>(x[k]) - part.mean[k]);
    sum += distance * product;
  }
  return sum;
}

// Rows and columns are scaled to the spread of the variables, so that what is singular does not depend on units.
std::vector<double> inverse_of(const std::vector<double>& covariance, const HMatrixParams& params,
                               const std::string& class_name, std::size_t d) {
  const auto name_of = [&](std::size_t j) {
    return j < params.variable_names.size() ? "'" + params.variable_names[j] + "'" : "number " + std::to_string(j);
  };
  std::vector<double> scale(d);
  for (std::size_t j = 0; j < d; ++j) {
    const double variance = covariance[j * d + j];
    if (!(variance > 0.0)) {
      throw InvalidArgument("the variance of variable " + name_of(j) + " of " + class_name + " is " +
                            std::to_string(variance) + ", expected a positive number; leave it out");
    }
    scale[j] = 1.0 / std::sqrt(variance);
  }
  std::vector<double> scaled(d * d);
  for (std::size_t j = 0; j < d; ++j) {
    for (std::size_t k = 0; k < d; ++k) scaled[j * d + k] = covariance[j * d + k] * scale[j] * scale[k];
  }
  const PivotedCholesky factor = cholesky(scaled, d, tolerance);
  if (factor.rank < d) {
    std::string names;
    for (std::size_t j = factor.rank; j < d; ++j) names += (names.empty() ? "" : ", ") + name_of(factor.order[j]);
    throw InvalidArgument("the covariance matrix of " + class_name +
                          " is singular: linear combinations of other variables are " + names + "; leave them out");
  }
  std::vector<double> inverse(d * d);
  std::vector<double> unit(d);
  for (std::size_t k = 0; k < d; ++k) {
    unit.assign(d, 0.0);
    unit[k] = scale[k];
    const std::vector<double> column = factor.solve(unit);
    for (std::size_t j = 0; j < d; ++j) inverse[j * d + k] = column[j] * scale[j];
  }
  return inverse;
}

}  // namespace

HMatrixPredictor::HMatrixPredictor(ClassInputs inputs, ChiSquared signal, ChiSquared background)
    : inputs_(std::move(inputs)), parts_{std::move(signal), std::move(background)} {
  check(parts_[0], input_count(), "signal");
  check(parts_[1], input_count(), "background");
}

void HMatrixPredictor::evaluate(const float* variables, double* responses) const noexcept {
  float buffer[ClassInputs::maximum_variables];
  const std::size_t d = input_count();
  const double signal = chi_squared(parts_[0], inputs_.transformed(variables, 0, buffer), d);
  const double background = chi_squared(parts_[1], inputs_.transformed(variables, 1, buffer), d);
  const double sum = signal + background;
  responses[0] = sum == 0.0 ? 0.0 : (background - signal) / sum;
}

void HMatrixPredictor::write(archive::Group& group) const {
  group.set("layout", layout_version);
  inputs_.write(group.group("inputs"));
  for (int which = 0; which < 2; ++which) {
    archive::Group& part = group.group(which == 0 ? "signal" : "background");
    part.set("mean", parts_[which].mean);
    part.set("inverse", parts_[which].inverse);
  }
}

PredictorPointer HMatrixPredictor::read(const archive::Group& group) {
  group.integer("layout", layout_version, layout_version);
  const auto part = [&](const char* name) {
    const archive::Group& one = group.child(name);
    return ChiSquared{one.doubles("mean"), one.doubles("inverse")};
  };
  return std::make_shared<const HMatrixPredictor>(ClassInputs::read(group.child("inputs")), part("signal"),
                                                  part("background"));
}

std::shared_ptr<const HMatrixPredictor> fit_hmatrix(const Context& context, const HMatrixParams& params,
                                                    std::shared_ptr<const TransformationChain> chain,
                                                    View<const float, 2> events,
                                                    View<const std::int32_t> class_index, View<const double> weight) {
  const std::size_t d = events.columns();
  const int background_class = params.signal_class == 0 ? 1 : 0;
  ClassInputs inputs(d, std::move(chain), params.signal_class, background_class);
  const std::vector<float> transformed = transformed_as_own_class(context, inputs.chain().get(), events, class_index);
  std::vector<std::int32_t> is_background(class_index.size());
  for (std::size_t i = 0; i < is_background.size(); ++i)
    is_background[i] = class_index[i] == params.signal_class ? 0 : 1;
  const std::vector<Moments> classes =
      class_moments(context, View<const float, 2>(transformed.data(), events.rows(), d), weight,
                    View<const std::int32_t>(is_background.data(), is_background.size()), 2, {"signal", "background"});
  ChiSquared parts[2];
  for (std::size_t which = 0; which < 2; ++which) {
    parts[which].mean = classes[which].mean;
    parts[which].inverse = inverse_of(classes[which].covariance, params, which == 0 ? "signal" : "background", d);
  }
  return std::make_shared<const HMatrixPredictor>(std::move(inputs), std::move(parts[0]), std::move(parts[1]));
}

}  // namespace diskern::statistics

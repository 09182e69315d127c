#include "statistics/linear.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "base/archive.hpp"
#include "base/maths.hpp"
#include "diskern/error.hpp"

namespace diskern::statistics {

namespace {

constexpr std::int64_t layout_version = 1;
constexpr std::int64_t layout_with_link = 2;  // only where there is one, so that other files stay as they were
constexpr std::size_t maximum_count = std::numeric_limits<std::int32_t>::max();

}  // namespace

void to_softmax(double* scores, std::size_t n) noexcept {
  const double largest = *std::max_element(scores, scores + n);
  double sum = 0.0;
  for (std::size_t k = 0; k < n; ++k) {
    scores[k] = maths::exp(scores[k] - largest);
    sum += scores[k];
  }
  for (std::size_t k = 0; k < n; ++k) scores[k] /= sum;
}

LinearPredictor::LinearPredictor(std::size_t n_inputs, std::size_t n_outputs, std::vector<double> coefficients,
                                 LinearLink link)
    : n_inputs_(n_inputs), n_outputs_(n_outputs), coefficients_(std::move(coefficients)), link_(link) {
  if (n_inputs_ < 1 || n_inputs_ > maximum_count - 1) {
    throw FormatError("linear model: " + std::to_string(n_inputs_) + " inputs, expected 1 or more");
  }
  if (n_outputs_ < 1 || n_outputs_ > maximum_count) {
    throw FormatError("linear model: " + std::to_string(n_outputs_) + " outputs, expected 1 or more");
  }
  // Both factors are below 2^31, so that the product cannot overflow 64 bits.
  const std::size_t expected = n_outputs_ * (n_inputs_ + 1);
  if (coefficients_.size() != expected) {
    throw FormatError("linear model: " + std::to_string(coefficients_.size()) + " coefficients, expected " +
                      std::to_string(n_outputs_) + " outputs x (1 constant + " + std::to_string(n_inputs_) +
                      " inputs) = " + std::to_string(expected));
  }
  for (std::size_t i = 0; i < coefficients_.size(); ++i) {
    if (!std::isfinite(coefficients_[i])) {
      throw FormatError("linear model: coefficient " + std::to_string(i) + " is " + std::to_string(coefficients_[i]) +
                        ", expected a finite number");
    }
  }
}

void LinearPredictor::evaluate(const float* variables, double* responses) const noexcept {
  const double* coefficient = coefficients_.data();
  for (std::size_t k = 0; k < n_outputs_; ++k) {
    // The constant first, then the variables in their order: TMVA's order of the sum.
    double response = *coefficient++;
    for (std::size_t j = 0; j < n_inputs_; ++j) response += *coefficient++ * static_cast<double>(variables[j]);
    responses[k] = response;
  }
  if (link_ == LinearLink::logistic) {
    for (std::size_t k = 0; k < n_outputs_; ++k) responses[k] = maths::sigmoid(responses[k]);
  } else if (link_ == LinearLink::softmax) {
    to_softmax(responses, n_outputs_);
  }
}

void LinearPredictor::write(archive::Group& group) const {
  group.set("layout", link_ == LinearLink::identity ? layout_version : layout_with_link);
  group.set("n_inputs", static_cast<std::int64_t>(n_inputs_));
  group.set("n_outputs", static_cast<std::int64_t>(n_outputs_));
  group.set("coefficients", coefficients_);
  if (link_ != LinearLink::identity) group.set("link", static_cast<std::int64_t>(link_));
}

PredictorPointer LinearPredictor::read(const archive::Group& group) {
  const bool linked = group.integer("layout", layout_version, layout_with_link) == layout_with_link;
  const std::size_t n_inputs = group.count("n_inputs", maximum_count);
  const std::size_t n_outputs = group.count("n_outputs", maximum_count);
  const LinearLink link = linked ? static_cast<LinearLink>(group.integer("link", 1, 2)) : LinearLink::identity;
  return std::make_shared<const LinearPredictor>(n_inputs, n_outputs, group.doubles("coefficients"), link);
}

}  // namespace diskern::statistics

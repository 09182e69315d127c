#include "statistics/rule_ensemble.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "base/archive.hpp"
#include "diskern/error.hpp"

namespace diskern::statistics {

namespace {

constexpr std::int64_t layout_version = 1;
constexpr std::size_t maximum_inputs = 65536;

}  // namespace

RuleEnsemble::RuleEnsemble(std::size_t n_inputs, double offset, std::vector<Rule> rules,
                           std::vector<LinearTerm> linear)
    : n_inputs_(n_inputs), offset_(offset), rules_(std::move(rules)), linear_(std::move(linear)) {
  if (n_inputs_ < 1 || n_inputs_ > maximum_inputs) {
    throw FormatError("rules: " + std::to_string(n_inputs_) + " variables, expected 1 or more");
  }
  if (!std::isfinite(offset_)) throw FormatError("rules: the offset is not finite");
  for (const Rule& rule : rules_) {
    if (!std::isfinite(rule.coefficient)) throw FormatError("rules: a coefficient is not finite");
    if (rule.minimum.size() != rule.variable.size() || rule.maximum.size() != rule.variable.size()) {
      throw FormatError("rules: a rule has " + std::to_string(rule.variable.size()) + " variables, " +
                        std::to_string(rule.minimum.size()) + " lower and " + std::to_string(rule.maximum.size()) +
                        " upper bounds");
    }
    for (std::size_t k = 0; k < rule.variable.size(); ++k) {
      if (rule.variable[k] < 0 || static_cast<std::size_t>(rule.variable[k]) >= n_inputs_) {
        throw FormatError("rules: a rule cuts on variable " + std::to_string(rule.variable[k]) + ", there are " +
                          std::to_string(n_inputs_));
      }
      if (std::isnan(rule.minimum[k]) || std::isnan(rule.maximum[k])) {
        throw FormatError("rules: a bound is not a number");
      }
    }
  }
  if (!linear_.empty() && linear_.size() != n_inputs_) {
    throw FormatError("rules: " + std::to_string(linear_.size()) + " linear terms, expected one for each of " +
                      std::to_string(n_inputs_) + " variables");
  }
  for (const LinearTerm& term : linear_) {
    if (!std::isfinite(term.coefficient) || !(term.minimum <= term.maximum)) {
      throw FormatError("rules: a linear term is not finite, or its range is empty");
    }
  }
}

void RuleEnsemble::evaluate(const float* variables, double* responses) const noexcept {
  for (std::size_t j = 0; j < n_inputs_; ++j) {
    if (std::isnan(variables[j])) {
      responses[0] = std::numeric_limits<double>::quiet_NaN();
      return;
    }
  }
  double sum = offset_;
  for (const Rule& rule : rules_) {
    bool fulfilled = true;
    for (std::size_t k = 0; k < rule.variable.size() && fulfilled; ++k) {
      const auto x = static_cast<double>(variables[static_cast<std::size_t>(rule.variable[k])]);
      fulfilled = x > rule.minimum[k] && x < rule.maximum[k];
    }
    if (fulfilled) sum += rule.coefficient;
  }
  for (std::size_t j = 0; j < linear_.size(); ++j) {
    const auto x = static_cast<double>(variables[j]);
    sum += linear_[j].coefficient * std::min(linear_[j].maximum, std::max(linear_[j].minimum, x));
  }
  responses[0] = sum;
}

void RuleEnsemble::write(archive::Group& group) const {
  group.set("layout", layout_version);
  group.set("n_inputs", static_cast<std::int64_t>(n_inputs_));
  group.set("offset", offset_);
  std::vector<double> coefficient, minimum, maximum, linear;
  std::vector<std::int32_t> size, variable;
  for (const Rule& rule : rules_) {
    coefficient.push_back(rule.coefficient);
    size.push_back(static_cast<std::int32_t>(rule.variable.size()));
    variable.insert(variable.end(), rule.variable.begin(), rule.variable.end());
    minimum.insert(minimum.end(), rule.minimum.begin(), rule.minimum.end());
    maximum.insert(maximum.end(), rule.maximum.begin(), rule.maximum.end());
  }
  for (const LinearTerm& term : linear_) linear.insert(linear.end(), {term.coefficient, term.minimum, term.maximum});
  group.set("coefficient", std::move(coefficient));
  group.set("size", std::move(size));
  group.set("variable", std::move(variable));
  group.set("minimum", std::move(minimum));
  group.set("maximum", std::move(maximum));
  group.set("linear", std::move(linear));
}

PredictorPointer RuleEnsemble::read(const archive::Group& group) {
  group.integer("layout", layout_version, layout_version);
  const std::vector<double>& coefficient = group.doubles("coefficient");
  const std::vector<std::int32_t>& size = group.integers32("size", coefficient.size());
  const std::vector<std::int32_t>& variable = group.integers32("variable");
  const std::vector<double>& minimum = group.doubles("minimum", variable.size());
  const std::vector<double>& maximum = group.doubles("maximum", variable.size());
  std::vector<Rule> rules;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < coefficient.size(); ++i) {
    if (size[i] < 0 || static_cast<std::size_t>(size[i]) > variable.size() - begin) {
      throw FormatError("rules: a rule has more cuts than are there");
    }
    Rule rule{coefficient[i], {}, {}, {}};
    for (std::int32_t k = 0; k < size[i]; ++k, ++begin) {
      rule.variable.push_back(variable[begin]);
      rule.minimum.push_back(minimum[begin]);
      rule.maximum.push_back(maximum[begin]);
    }
    rules.push_back(std::move(rule));
  }
  if (begin != variable.size()) throw FormatError("rules: cuts that belong to no rule");
  const std::vector<double>& numbers = group.doubles("linear");
  if (numbers.size() % 3 != 0) throw FormatError("rules: linear terms of three numbers each are expected");
  std::vector<LinearTerm> linear;
  for (std::size_t j = 0; j < numbers.size(); j += 3) linear.push_back({numbers[j], numbers[j + 1], numbers[j + 2]});
  return std::make_shared<const RuleEnsemble>(group.count("n_inputs", maximum_inputs), group.real("offset"),
                                              std::move(rules), std::move(linear));
}

}  // namespace diskern::statistics

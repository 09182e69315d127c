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

// 2: with what is known of the training; norms of linear terms of their own.
constexpr std::int64_t layout_version = 2;
constexpr std::size_t maximum_inputs = 65536;

}  // namespace

double Rule::sigma() const noexcept { return std::sqrt(std::max(0.0, support * (1.0 - support))); }
double Rule::importance() const noexcept { return std::abs(coefficient) * sigma(); }

RuleEnsemble::RuleEnsemble(std::size_t n_inputs, double offset, std::vector<Rule> rules,
                           std::vector<LinearTerm> linear, RuleStatistics statistics)
    : n_inputs_(n_inputs),
      offset_(offset),
      rules_(std::move(rules)),
      linear_(std::move(linear)),
      statistics_(statistics) {
  if (n_inputs_ < 1 || n_inputs_ > maximum_inputs) {
    throw FormatError("rules: " + std::to_string(n_inputs_) + " variables, expected 1 or more");
  }
  if (!std::isfinite(offset_)) throw FormatError("rules: the offset is not finite");
  for (const Rule& rule : rules_) {
    if (!std::isfinite(rule.coefficient)) throw FormatError("rules: a coefficient is not finite");
    for (const double one : {rule.support, rule.signal_fraction, rule.events}) {
      if (!std::isfinite(one)) throw FormatError("rules: support, part of signal or events of a rule are not finite");
    }
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
    if (!std::isfinite(term.coefficient * term.norm) || !(term.minimum <= term.maximum)) {
      throw FormatError("rules: a linear term is not finite, or its range is empty");
    }
  }
  for (const double one : {statistics_.importance_cut, statistics_.linear_quantile, statistics_.average_support,
                           statistics_.average_sigma}) {
    if (!std::isfinite(one)) throw FormatError("rules: a number about the training is not finite");
  }
}

double RuleEnsemble::largest_importance() const noexcept {
  double largest = 0.0;
  for (const Rule& rule : rules_) largest = std::max(largest, rule.importance());
  for (const LinearTerm& term : linear_) {
    largest = std::max(largest, std::abs(term.coefficient) * statistics_.average_sigma);
  }
  return largest;
}

std::vector<double> RuleEnsemble::variable_importance() const {
  std::vector<double> result(n_inputs_, 0.0);
  for (const Rule& rule : rules_) {
    const double share = rule.importance() / static_cast<double>(std::max<std::size_t>(1, rule.variable.size()));
    for (const std::int32_t variable : rule.variable) result[static_cast<std::size_t>(variable)] += share;
  }
  for (std::size_t j = 0; j < linear_.size(); ++j) {
    result[j] += std::abs(linear_[j].coefficient) * statistics_.average_sigma;
  }
  const double largest = *std::max_element(result.begin(), result.end());
  if (largest > 0.0) {
    for (double& one : result) one /= largest;
  }
  return result;
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
    sum += linear_[j].coefficient * linear_[j].norm * std::min(linear_[j].maximum, std::max(linear_[j].minimum, x));
  }
  responses[0] = sum;
}

void RuleEnsemble::write(archive::Group& group) const {
  group.set("layout", layout_version);
  group.set("n_inputs", static_cast<std::int64_t>(n_inputs_));
  group.set("offset", offset_);
  std::vector<double> coefficient, minimum, maximum, linear, training;
  std::vector<std::int32_t> size, variable;
  for (const Rule& rule : rules_) {
    coefficient.push_back(rule.coefficient);
    size.push_back(static_cast<std::int32_t>(rule.variable.size()));
    variable.insert(variable.end(), rule.variable.begin(), rule.variable.end());
    minimum.insert(minimum.end(), rule.minimum.begin(), rule.minimum.end());
    maximum.insert(maximum.end(), rule.maximum.begin(), rule.maximum.end());
    training.insert(training.end(), {rule.support, rule.signal_fraction, rule.events});
  }
  for (const LinearTerm& term : linear_) {
    linear.insert(linear.end(), {term.coefficient, term.norm, term.minimum, term.maximum});
  }
  group.set("coefficient", std::move(coefficient));
  group.set("size", std::move(size));
  group.set("variable", std::move(variable));
  group.set("minimum", std::move(minimum));
  group.set("maximum", std::move(maximum));
  group.set("linear", std::move(linear));
  group.set("training", std::move(training));
  group.set("importance_cut", statistics_.importance_cut);
  group.set("linear_quantile", statistics_.linear_quantile);
  group.set("average_support", statistics_.average_support);
  group.set("average_sigma", statistics_.average_sigma);
}

PredictorPointer RuleEnsemble::read(const archive::Group& group) {
  const bool with_training = group.integer("layout", 1, layout_version) > 1;
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
    Rule rule;
    rule.coefficient = coefficient[i];
    for (std::int32_t k = 0; k < size[i]; ++k, ++begin) {
      rule.variable.push_back(variable[begin]);
      rule.minimum.push_back(minimum[begin]);
      rule.maximum.push_back(maximum[begin]);
    }
    rules.push_back(std::move(rule));
  }
  if (begin != variable.size()) throw FormatError("rules: cuts that belong to no rule");
  const std::vector<double>& numbers = group.doubles("linear");
  const std::size_t width = with_training ? 4 : 3;
  if (numbers.size() % width != 0) {
    throw FormatError("rules: linear terms of " + std::to_string(width) + " numbers each are expected");
  }
  std::vector<LinearTerm> linear;
  for (std::size_t j = 0; j < numbers.size(); j += width) {
    linear.push_back(with_training ? LinearTerm{numbers[j], numbers[j + 1], numbers[j + 2], numbers[j + 3]}
                                   : LinearTerm{numbers[j], 1.0, numbers[j + 1], numbers[j + 2]});
  }
  RuleStatistics statistics;
  if (with_training) {
    const std::vector<double>& training = group.doubles("training", 3 * rules.size());
    for (std::size_t i = 0; i < rules.size(); ++i) {
      rules[i].support = training[3 * i];
      rules[i].signal_fraction = training[3 * i + 1];
      rules[i].events = training[3 * i + 2];
    }
    statistics = {group.real("importance_cut"), group.real("linear_quantile"), group.real("average_support"),
                  group.real("average_sigma")};
  }
  return std::make_shared<const RuleEnsemble>(group.count("n_inputs", maximum_inputs), group.real("offset"),
                                              std::move(rules), std::move(linear), statistics);
}

}  // namespace diskern::statistics

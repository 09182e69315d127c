// RuleFit in TMVA's weight files.
#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "model/tmva_xml.hpp"

namespace diskern::model::tmva {

namespace {

bool letter(const xml::Element& element, const char* name) {
  const std::string value = element.text(name);
  if (value == "T" || value == "1") return true;
  if (value == "F" || value == "0") return false;
  element.fail(std::string("has ") + name + "=\"" + value + "\", expected T or F");
}

double number_or(const xml::Element& element, const char* name, double fallback) {
  return element.has(name) ? element.number(name) : fallback;
}

}  // namespace

PredictorPointer read_rules(const xml::Element& weights, const Context& context) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const auto n_variables = static_cast<std::int64_t>(context.variable_count());
  const std::vector<xml::Element> rule_elements = weights.children("Rule");
  const auto n_rules = static_cast<std::int64_t>(rule_elements.size());
  weights.integer("NRules", n_rules, n_rules);
  // 0: rules and linear terms, 1: rules, 2: linear terms.
  const std::int64_t learned = weights.has("LearningModel") ? weights.integer("LearningModel", 0, 2) : 0;
  std::vector<statistics::Rule> rules;
  if (learned != 2) {
    for (const xml::Element& one : rule_elements) {
      statistics::Rule rule;
      rule.coefficient = one.number("Coeff");
      rule.support = number_or(one, "Support", 0.0);
      rule.signal_fraction = number_or(one, "SSB", 0.0);
      rule.events = number_or(one, "SSBNeve", 0.0);
      for (const xml::Element& cut : one.children("Cut")) {
        rule.variable.push_back(static_cast<std::int32_t>(cut.integer("Selector", 0, n_variables - 1)));
        rule.minimum.push_back(letter(cut, "DoMin") ? cut.number("Min") : -infinity);
        rule.maximum.push_back(letter(cut, "DoMax") ? cut.number("Max") : infinity);
      }
      const auto count = static_cast<std::int64_t>(rule.variable.size());
      one.integer("Nvars", count, count);
      rules.push_back(std::move(rule));
    }
  }
  const std::vector<xml::Element> linear_elements = weights.children("Linear");
  const auto n_linear = static_cast<std::int64_t>(linear_elements.size());
  weights.integer("NLinear", n_linear, n_linear);
  std::vector<statistics::LinearTerm> linear;
  if (learned != 1) {
    for (const xml::Element& one : linear_elements) {
      const bool used = one.integer("OK", 0, 1) == 1;
      linear.push_back({used ? one.number("Coeff") : 0.0, one.number("Norm"), one.number("DM"), one.number("DP")});
    }
  }
  statistics::RuleStatistics statistics;
  statistics.importance_cut = number_or(weights, "ImportanceCut", statistics.importance_cut);
  statistics.linear_quantile = number_or(weights, "LinQuantile", statistics.linear_quantile);
  statistics.average_support = number_or(weights, "AverageSupport", statistics.average_support);
  statistics.average_sigma = number_or(weights, "AverageRuleSigma", statistics.average_sigma);
  return std::make_shared<const statistics::RuleEnsemble>(context.variable_count(), weights.number("Offset"),
                                                          std::move(rules), std::move(linear), statistics);
}

void write_rules(xml::Writer& writer, const statistics::RuleEnsemble& predictor) {
  const std::vector<statistics::Rule>& rules = predictor.rules();
  const std::vector<statistics::LinearTerm>& linear = predictor.linear();
  const statistics::RuleStatistics& statistics = predictor.statistics();
  // Both, rules only, linear terms only.
  const std::int64_t learned = linear.empty() ? 1 : rules.empty() ? 2 : 0;
  const double reference = predictor.largest_importance();
  writer.attribute("NRules", static_cast<std::int64_t>(rules.size()));
  writer.attribute("NLinear", static_cast<std::int64_t>(linear.size()));
  writer.attribute("LearningModel", learned);
  writer.attribute("ImportanceCut", statistics.importance_cut);
  writer.attribute("LinQuantile", statistics.linear_quantile);
  writer.attribute("AverageSupport", statistics.average_support);
  writer.attribute("AverageRuleSigma", statistics.average_sigma);
  writer.attribute("Offset", predictor.offset());
  for (const statistics::Rule& rule : rules) {
    const double sigma = rule.sigma();
    writer.open("Rule");
    writer.attribute("Importance", rule.importance());
    writer.attribute("Ref", reference);
    writer.attribute("Coeff", rule.coefficient);
    writer.attribute("Support", rule.support);
    writer.attribute("Sigma", sigma);
    writer.attribute("Norm", sigma > 0.0 ? 1.0 / sigma : 1.0);
    writer.attribute("SSB", rule.signal_fraction);
    writer.attribute("SSBNeve", rule.events);
    writer.attribute("Nvars", static_cast<std::int64_t>(rule.variable.size()));
    for (std::size_t k = 0; k < rule.variable.size(); ++k) {
      const bool has_minimum = std::isfinite(rule.minimum[k]);
      const bool has_maximum = std::isfinite(rule.maximum[k]);
      writer.open("Cut");
      writer.attribute("Selector", std::int64_t{rule.variable[k]});
      writer.attribute("Min", has_minimum ? rule.minimum[k] : 0.0);
      writer.attribute("Max", has_maximum ? rule.maximum[k] : 0.0);
      writer.attribute("DoMin", has_minimum ? "T" : "F");
      writer.attribute("DoMax", has_maximum ? "T" : "F");
      writer.close();
    }
    writer.close();
  }
  for (const statistics::LinearTerm& term : linear) {
    writer.open("Linear");
    writer.attribute("OK", std::int64_t{term.coefficient != 0.0 ? 1 : 0});
    writer.attribute("Coeff", term.coefficient);
    writer.attribute("Norm", term.norm);
    writer.attribute("DM", term.minimum);
    writer.attribute("DP", term.maximum);
    writer.attribute("Importance", std::abs(term.coefficient) * statistics.average_sigma);
    writer.close();
  }
}

}  // namespace diskern::model::tmva

// RuleFit in TMVA's weight files (read only: importances, supports and the like are not kept).
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
      linear.push_back({used ? one.number("Coeff") * one.number("Norm") : 0.0, one.number("DM"), one.number("DP")});
    }
  }
  return std::make_shared<const statistics::RuleEnsemble>(context.variable_count(), weights.number("Offset"),
                                                          std::move(rules), std::move(linear));
}

}  // namespace diskern::model::tmva

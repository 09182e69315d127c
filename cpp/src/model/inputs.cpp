#include "model/inputs.hpp"

#include <unordered_map>
#include <utility>

#include "diskern/error.hpp"
#include "expression/program.hpp"

namespace diskern::model {

Inputs::Inputs(const std::vector<VariableInfo>& variables, const std::vector<std::string>& key_columns) {
  if (variables.size() > maximum_variables) {
    problem_ = "a model of more than 4096 variables takes the variables themselves only";
    return;
  }
  std::unordered_map<std::string, std::uint32_t> known;
  try {
    for (const VariableInfo& variable : variables) {
      const std::string& text = variable.expression.empty() ? variable.label : variable.expression;
      Variable one{expression::Expression::parse(text), {}};
      for (const expression::Input& input : one.expression.inputs()) {
        const auto [place, is_new] = known.emplace(input.text, static_cast<std::uint32_t>(names_.size()));
        if (is_new) names_.push_back(input.text);
        one.positions.push_back(place->second);
      }
      variables_.push_back(std::move(one));
    }
  } catch (const InvalidArgument& error) {
    problem_ =
        "variable '" + variables[variables_.size()].label + "' cannot be computed from input columns: " + error.what();
    variables_.clear();
    names_.clear();
    return;
  }
  for (const std::string& column : key_columns) {
    const auto [place, is_new] = known.emplace(column, static_cast<std::uint32_t>(names_.size()));
    if (is_new) names_.push_back(column);
    key_positions_.push_back(place->second);
  }
}

const std::vector<std::string>& Inputs::names() const {
  if (!available()) throw InvalidArgument(problem_);
  return names_;
}

void Inputs::evaluate(const double* inputs, float* variables) const noexcept {
  double values[expression::Program::maximum_inputs];
  for (std::size_t j = 0; j < variables_.size(); ++j) {
    const Variable& variable = variables_[j];
    for (std::size_t i = 0; i < variable.positions.size(); ++i) values[i] = inputs[variable.positions[i]];
    variables[j] = static_cast<float>(variable.expression.evaluate(values));
  }
}

void Inputs::key(const double* inputs, double* key) const noexcept {
  for (std::size_t j = 0; j < key_positions_.size(); ++j) key[j] = inputs[key_positions_[j]];
}

}  // namespace diskern::model

#include "model/inputs.hpp"

#include <unordered_map>
#include <utility>

#include "diskern/error.hpp"
#include "expression/program.hpp"

namespace diskern::model {

Inputs::Inputs(const std::vector<VariableInfo>& variables, const std::vector<KeyColumn>& key_columns) {
  if (variables.size() > maximum_variables) {
    problem_ = "a model of more than 4096 variables takes the variables themselves only";
    return;
  }
  std::unordered_map<std::string, std::uint32_t> known;
  const auto position = [&](const std::string& name) {
    const auto [place, is_new] = known.emplace(name, static_cast<std::uint32_t>(names_.size()));
    if (is_new) names_.push_back(name);
    return place->second;
  };
  const auto positions = [&](const expression::Expression& parsed) {
    std::vector<std::uint32_t> result;
    for (const expression::Input& input : parsed.inputs()) result.push_back(position(input.text));
    return result;
  };
  std::string what;
  try {
    for (const VariableInfo& variable : variables) {
      what = "variable '" + variable.label + "'";
      Variable one{expression::Expression::parse(variable.expression.empty() ? variable.label : variable.expression), {}};
      one.positions = positions(one.expression);
      variables_.push_back(std::move(one));
    }
    for (const KeyColumn& column : key_columns) {
      what = "spectator '" + column.name + "'";
      Key one;
      if (column.expression.empty()) {
        one.positions = {position(column.name)};
      } else {
        one.expression = expression::Expression::parse(column.expression);
        one.positions = positions(*one.expression);
      }
      key_.push_back(std::move(one));
    }
  } catch (const InvalidArgument& error) {
    problem_ = what + " cannot be computed from input columns: " + error.what();
    variables_.clear();
    key_.clear();
    names_.clear();
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
  double values[expression::Program::maximum_inputs];
  for (std::size_t j = 0; j < key_.size(); ++j) {
    const Key& one = key_[j];
    if (!one.expression) {
      key[j] = inputs[one.positions[0]];
      continue;
    }
    for (std::size_t i = 0; i < one.positions.size(); ++i) values[i] = inputs[one.positions[i]];
    key[j] = one.expression->evaluate(values);
  }
}

}  // namespace diskern::model

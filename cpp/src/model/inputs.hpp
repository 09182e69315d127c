#pragma once
// From input columns to variables: the expressions of a model, compiled once.

#include <cstdint>
#include <string>
#include <vector>

#include "diskern/model.hpp"
#include "expression/expression.hpp"

namespace diskern::model {

class Inputs {
 public:
  // Never throws for an expression that cannot be computed: names() does.
  explicit Inputs(const std::vector<VariableInfo>& variables);

  bool available() const noexcept { return problem_.empty(); }
  const std::vector<std::string>& names() const;  // throws InvalidArgument
  // variables: one float32 per variable. No allocation. Only if available().
  void evaluate(const double* inputs, float* variables) const noexcept;

  static constexpr std::size_t maximum_variables = 4096;  // they are held on the stack

 private:
  struct Variable {
    expression::Expression expression;
    std::vector<std::uint32_t> positions;  // of the expression's inputs in names
  };
  std::vector<Variable> variables_;
  std::vector<std::string> names_;
  std::string problem_;
};

}  // namespace diskern::model

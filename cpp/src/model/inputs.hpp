#pragma once
// From input columns to variables: the expressions of a model, compiled once.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "diskern/model.hpp"
#include "expression/expression.hpp"

namespace diskern::model {

class Inputs {
 public:
  struct KeyColumn {
    std::string name;
    std::string expression;  // of input columns; empty: an input column itself
  };
  // Never throws for an expression that cannot be computed: names() does.
  Inputs(const std::vector<VariableInfo>& variables, const std::vector<KeyColumn>& key_columns);

  bool available() const noexcept { return problem_.empty(); }
  const std::vector<std::string>& names() const;  // throws InvalidArgument
  // variables: one float32 per variable. No allocation. Only if available().
  void evaluate(const double* inputs, float* variables) const noexcept;
  // The key columns, from the inputs; key has one entry for each.
  void key(const double* inputs, double* key) const noexcept;

  static constexpr std::size_t maximum_variables = 4096;  // they are held on the stack

 private:
  struct Variable {
    expression::Expression expression;
    std::vector<std::uint32_t> positions;  // of the expression's inputs in names
  };
  std::vector<Variable> variables_;
  struct Key {
    std::optional<expression::Expression> expression;  // none: the one position
    std::vector<std::uint32_t> positions;
  };
  std::vector<Key> key_;
  std::vector<std::string> names_;
  std::string problem_;
};

}  // namespace diskern::model

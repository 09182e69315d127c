#pragma once
// Expressions of variables, weights and cuts, in TTreeFormula's and in Python's spelling:
//   sqrt(px*px + py*py)    TMath::Abs(eta) < 2.4 && !isolated    (abs(eta) < 2.4) & ~isolated    pt if pt > 0 else -1
//
// Operators, from the loosest to the tightest:
//   c ? a : b, a if c else b         right associative
//   || or, && and, not
//   |, &                             logical on booleans, bitwise on integers (C's precedence; `a > 1 & b < 2` is
//                                    two cuts, and a bare comparison beside a number is an error)
//   == != < <= > >=                  a < b < c means a < b and b < c; chains with == or != need parentheses
//   << >>, + -, * / // %             / is a float64 division always, % has the sign of the dividend (C)
//   - + ! ~ (unary)                  ~ is the not of booleans
//   ** ^                             power, float64, right associative
//   name  name[0]  f(x)
// Integers are exact int64 (columns and literals; +, -, *, //, %, shifts, abs, min, max, comparisons with any number);
// an event in which int64 would overflow is evaluated in float64. A NaN is never true; a comparison with a NaN is
// false, except !=. round() rounds halves away from zero as C does, np.round and np.rint to even. min and max return
// NaN if one operand is NaN. Every part of an expression is evaluated (there are no side effects to skip).

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "expression/program.hpp"
#include "expression/syntax.hpp"

namespace diskern::expression {

class Expression {
 public:
  // Throws InvalidArgument with the position, a line of the text and a caret.
  static Expression parse(std::string_view text);

  const std::string& text() const noexcept { return syntax_->text; }
  // Names of the columns that are read, in order of appearance, each once.
  const std::vector<std::string>& variables() const noexcept { return variables_; }
  // What evaluate(values) wants, in this order: the same, but with one entry for each element ("x[0]", "x[1]").
  const std::vector<Input>& inputs() const noexcept { return syntax_->inputs; }
  // Names that were read as constants although a column could have that name ("pi").
  const std::vector<std::string>& bare_constants() const noexcept { return syntax_->bare_constants; }

  // One event, from float64 values of inputs(). Booleans come as 0 and 1. No allocation.
  double evaluate(const double* values) const noexcept { return program_.evaluate(values); }
  // Whether a value passes as a cut (TMVA: >= 0.5; NaN does not).
  static bool passes(double value) noexcept { return value >= 0.5; }

  // Bytecode for columns of known kinds, one per entry of inputs(). Throws InvalidArgument where the kinds do not fit.
  Program compile(const std::vector<Kind>& kinds) const;

 private:
  std::shared_ptr<const Syntax> syntax_;
  std::vector<std::string> variables_;
  Program program_;  // for inputs of Kind::unknown
};

// "m := sqrt(E*E - p*p)" to ("m", "sqrt(E*E - p*p)"); without a label both are the expression. Blanks around are
// removed.
std::pair<std::string, std::string> split_label(std::string_view text);

}  // namespace diskern::expression

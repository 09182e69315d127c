#pragma once
// The syntax tree: nodes in post-order (operands before their operator), so that no step after the parser recurses.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "expression/program.hpp"

namespace diskern::expression {

// clang-format off
enum class Operation : std::uint8_t {
  constant, input, select, select_middle,
  logical_or, logical_and, logical_not, bit_or, bit_and, invert, shift_left, shift_right,
  less, less_equal, greater, greater_equal, equal, not_equal,
  add, subtract, multiply, divide, floor_divide, modulo, remainder, power, negate, plus,
  real_function,   // of reals, with an opcode
  rounding,        // real_function that leaves integers alone
  test,            // real_function that gives a boolean
  absolute, sign, minimum, maximum, square, delta_phi, to_real, to_truth, even, odd,
};
// clang-format on

struct Node {
  Operation operation = Operation::constant;
  Opcode opcode = Opcode::constant;  // of a real_function, rounding or test
  Kind kind = Kind::real;            // of a constant
  bool left_bare = false;            // operand of & | that is a comparison without parentheses
  bool right_bare = false;
  std::uint32_t operands = 0;
  std::uint32_t input = 0;
  std::uint32_t position = 0;  // in the text, for messages
  Value constant{0.0};
};

struct Input {
  std::string name;                  // of the column
  std::vector<std::size_t> indices;  // of the element, empty for a plain column
  std::string text;                  // "name[0][1]"
};

struct Syntax {
  std::string text;
  std::vector<Node> nodes;
  std::vector<Input> inputs;
  std::vector<std::string> bare_constants;
};

// Limits that keep a hostile text harmless.
constexpr std::size_t maximum_text = 100000;
constexpr std::size_t maximum_nodes = 20000;
constexpr std::size_t maximum_nesting = 600;  // one pair of parentheses counts 3

Syntax parse_syntax(std::string_view text);

// Throws InvalidArgument: message, position (counted from 1), the text and a caret under the position.
[[noreturn]] void fail_at(std::string_view text, std::size_t position, const std::string& message);

// A function of the language.
struct Function {
  Operation operation;
  Opcode opcode;
  std::uint32_t least;  // numbers of arguments
  std::uint32_t most;
  double value;  // of a function without arguments
};

// Finds "sqrt", "TMath::Sqrt", "np.sqrt", "math.sqrt", "std::sqrt"; nullptr when there is none.
const Function* find_function(std::string_view name);
const std::vector<std::string>& function_names();

}  // namespace diskern::expression

// Types the nodes and emits bytecode. Nodes come in post-order, so one pass with a stack of kinds is enough.
#include <algorithm>
#include <cmath>
#include <utility>

#include "diskern/error.hpp"
#include "expression/expression.hpp"

namespace diskern::expression {

namespace {

constexpr std::int64_t exact_in_float64 = std::int64_t{1} << 53;

bool is_real(Kind kind) { return kind == Kind::real || kind == Kind::unknown; }

bool may_be_boolean(Kind kind) { return kind == Kind::boolean || kind == Kind::unknown; }

const char* describe(Kind kind) {
  if (kind == Kind::boolean) return "a boolean";
  return kind == Kind::integer ? "an integer" : "a real number";
}

Opcode integer_comparison(Operation operation) {
  return static_cast<Opcode>(static_cast<int>(Opcode::less_integer) + static_cast<int>(operation) -
                             static_cast<int>(Operation::less));
}
Opcode mixed_comparison(Operation operation) {
  return static_cast<Opcode>(static_cast<int>(Opcode::less_mixed) + static_cast<int>(operation) -
                             static_cast<int>(Operation::less));
}
Opcode real_comparison(Operation operation) {
  return static_cast<Opcode>(static_cast<int>(Opcode::less) + static_cast<int>(operation) -
                             static_cast<int>(Operation::less));
}
// a < b is b > a.
Operation mirrored(Operation operation) {
  switch (operation) {
    case Operation::less:
      return Operation::greater;
    case Operation::less_equal:
      return Operation::greater_equal;
    case Operation::greater:
      return Operation::less;
    case Operation::greater_equal:
      return Operation::less_equal;
    default:
      return operation;
  }
}

class Compiler {
 public:
  // in_reals: integers are float64, for events in which int64 overflows.
  Compiler(const Syntax& syntax, const std::vector<Kind>& kinds, bool in_reals)
      : syntax_(syntax), kinds_(kinds), in_reals_(in_reals) {}

  void run() {
    for (const Node& node : syntax_.nodes) {
      node_ = &node;
      visit(node);
    }
  }

  std::vector<Instruction> instructions;
  std::size_t stack_size = 0;
  bool has_integers = false;
  Kind result() const { return stack_.back().kind; }

 private:
  struct Slot {
    Kind kind = Kind::real;
    std::size_t constant = none;  // index of the instruction that gives the value, when it is a constant
  };
  static constexpr std::size_t none = static_cast<std::size_t>(-1);

  [[noreturn]] void fail(const std::string& message) const { fail_at(syntax_.text, node_->position, message); }

  void emit(Opcode opcode, std::size_t operand = 0) {
    Instruction instruction;
    instruction.opcode = opcode;
    instruction.operand = static_cast<std::uint32_t>(operand);
    instructions.push_back(instruction);
  }
  void push(Kind kind) {
    stack_.push_back(Slot{kind, none});
    if (stack_.size() > Program::maximum_stack) {
      fail("the expression needs more than " + std::to_string(Program::maximum_stack) +
           " values at a time; split it up");
    }
    stack_size = std::max(stack_size, stack_.size());
  }
  Slot& slot(std::size_t below_top) { return stack_[stack_.size() - 1 - below_top]; }
  // The topmost `operands` slots become one of this kind.
  void reduce(std::size_t operands, Kind kind) {
    stack_.resize(stack_.size() - operands);
    stack_.push_back(Slot{kind, none});
  }

  // Conversions of the slot that lies `below_top` under the top. Booleans are integers 0 and 1 already.
  void to_real(std::size_t below_top) {
    Slot& one = slot(below_top);
    if (is_real(one.kind)) return;
    if (one.constant != none) {
      Value& value = instructions[one.constant].constant;
      value.real = static_cast<double>(value.integer);
    } else {
      emit(Opcode::integer_to_real, below_top);
    }
    one.kind = Kind::real;
  }
  void to_truth(std::size_t below_top) {
    Slot& one = slot(below_top);
    if (one.kind == Kind::boolean) return;
    emit(is_real(one.kind) ? Opcode::real_to_truth : Opcode::integer_to_truth, below_top);
    one = Slot{Kind::boolean, none};
  }
  // For arithmetic: booleans count as integers; with in_reals everything is a real.
  void to_number(std::size_t below_top) {
    if (in_reals_) {
      to_real(below_top);
    } else if (slot(below_top).kind == Kind::boolean) {
      slot(below_top).kind = Kind::integer;
    }
  }
  // Integer for bit operations: reals are cut towards zero, as TTreeFormula does.
  void to_bits(std::size_t below_top) {
    if (is_real(slot(below_top).kind)) emit(Opcode::real_to_integer, below_top);
    slot(below_top) = Slot{Kind::integer, none};
  }
  void all_real(std::size_t operands) {
    for (std::size_t i = 0; i < operands; ++i) to_real(i);
  }
  // Makes the topmost operands integers, or all of them reals; returns which.
  Kind common_number(std::size_t operands) {
    bool real = false;
    for (std::size_t i = 0; i < operands; ++i) {
      to_number(i);
      real = real || is_real(slot(i).kind);
    }
    if (real) all_real(operands);
    return real ? Kind::real : Kind::integer;
  }

  void visit(const Node& node) {
    switch (node.operation) {
      case Operation::constant:
        constant(node);
        break;
      case Operation::input:
        input(node);
        break;
      case Operation::select:
        select(Opcode::select, 2, 1);
        break;
      case Operation::select_middle:
        select(Opcode::select_middle, 1, 2);
        break;
      case Operation::logical_or:
        logical(Opcode::logical_or);
        break;
      case Operation::logical_and:
        logical(Opcode::logical_and);
        break;
      case Operation::logical_not:
        negation();
        break;
      case Operation::invert:
        invert();
        break;
      case Operation::bit_or:
        bits(node, Opcode::logical_or, Opcode::bit_or, "||", "|");
        break;
      case Operation::bit_and:
        bits(node, Opcode::logical_and, Opcode::bit_and, "&&", "&");
        break;
      case Operation::shift_left:
      case Operation::shift_right:
        shift(node);
        break;
      case Operation::less:
      case Operation::less_equal:
      case Operation::greater:
      case Operation::greater_equal:
      case Operation::equal:
      case Operation::not_equal:
        comparison(node.operation);
        break;
      case Operation::add:
        arithmetic(Opcode::add_integer, Opcode::add);
        break;
      case Operation::subtract:
        arithmetic(Opcode::subtract_integer, Opcode::subtract);
        break;
      case Operation::multiply:
        arithmetic(Opcode::multiply_integer, Opcode::multiply);
        break;
      case Operation::modulo:
        arithmetic(Opcode::modulo_integer, Opcode::modulo);
        break;
      case Operation::remainder:
        arithmetic(Opcode::remainder_integer, Opcode::remainder);
        break;
      case Operation::floor_divide:
        arithmetic(Opcode::floor_divide_integer, Opcode::floor_divide);
        break;
      case Operation::divide:
        real(Opcode::divide, 2);
        break;
      case Operation::power:
        power();
        break;
      case Operation::negate:
        unary(Opcode::negate_integer, Opcode::negate);
        break;
      case Operation::absolute:
        unary(Opcode::absolute_integer, Opcode::absolute);
        break;
      case Operation::plus:
        to_number(0);
        break;
      case Operation::sign:
        if (node.operands == 2) {
          real(Opcode::copy_sign, 2);
        } else {
          unary(Opcode::sign_integer, Opcode::sign);
        }
        break;
      case Operation::minimum:
        fold(node.operands, Opcode::minimum_integer, Opcode::minimum);
        break;
      case Operation::maximum:
        fold(node.operands, Opcode::maximum_integer, Opcode::maximum);
        break;
      case Operation::square:
        real(Opcode::square, 1);
        break;
      case Operation::real_function:
        real(node.opcode, node.operands);
        break;
      case Operation::rounding:
        to_number(0);
        if (is_real(slot(0).kind)) real(node.opcode, 1);
        break;
      case Operation::test:
        real(node.opcode, 1);
        slot(0).kind = Kind::boolean;
        break;
      case Operation::delta_phi:
        real(Opcode::subtract, 2);
        real(Opcode::phi_interval, 1);
        break;
      case Operation::to_real:
        all_real(1);
        break;
      case Operation::to_truth:
        to_truth(0);
        break;
      case Operation::even:
      case Operation::odd:
        to_bits(0);
        push_integer(1);
        emit(Opcode::bit_and);
        reduce(2, Kind::boolean);
        if (node.operation == Operation::even) emit(Opcode::logical_not);
        break;
    }
  }

  void push_integer(std::int64_t value) {
    push(Kind::integer);
    emit(Opcode::constant);
    instructions.back().constant.integer = value;
  }

  void constant(const Node& node) {
    push(node.kind);
    emit(Opcode::constant);
    Instruction& instruction = instructions.back();
    instruction.constant = node.constant;
    slot(0).constant = instructions.size() - 1;
    if (in_reals_ && node.kind == Kind::integer) to_real(0);
  }

  void input(const Node& node) {
    const Kind kind = kinds_[node.input];
    if (kind == Kind::boolean) {
      push(Kind::boolean);
      emit(Opcode::load_boolean, node.input);
    } else if (kind == Kind::integer && !in_reals_) {
      has_integers = true;
      push(Kind::integer);
      emit(Opcode::load_integer, node.input);
    } else {
      push(kind == Kind::unknown ? Kind::unknown : Kind::real);
      emit(Opcode::load_real, node.input);
    }
  }

  void select(Opcode opcode, std::size_t condition, std::size_t first) {
    to_truth(condition);
    Kind kind = Kind::boolean;
    const Kind first_kind = slot(first).kind;
    const Kind last_kind = slot(0).kind;
    if (slot(first).kind != Kind::boolean || slot(0).kind != Kind::boolean) {
      to_number(first);
      to_number(0);
      kind = Kind::integer;
      if (is_real(slot(first).kind) || is_real(slot(0).kind)) {
        kind = may_be_boolean(first_kind) && may_be_boolean(last_kind) ? Kind::unknown : Kind::real;
        to_real(first);
        to_real(0);
      }
    }
    emit(opcode);
    reduce(3, kind);
  }

  void logical(Opcode opcode) {
    to_truth(1);
    to_truth(0);
    emit(opcode);
    reduce(2, Kind::boolean);
  }

  void negation() {
    to_truth(0);
    emit(Opcode::logical_not);
    reduce(1, Kind::boolean);
  }

  void invert() {
    if (!in_reals_ && (slot(0).kind == Kind::integer || slot(0).kind == Kind::real)) {
      fail(std::string("'~' is the not of booleans, its operand is ") + describe(slot(0).kind) +
           "; write '!' or compare first");
    }
    negation();
  }

  void bits(const Node& node, Opcode logical_opcode, Opcode bit_opcode, const std::string& instead,
            const std::string& symbol) {
    const Kind left = slot(1).kind;
    const Kind right = slot(0).kind;
    const bool left_boolean = left == Kind::boolean;
    const bool right_boolean = right == Kind::boolean;
    // In Python `&` binds tighter than comparisons, in C less tight; where the two readings differ nobody can know.
    if ((left_boolean && !right_boolean && node.left_bare && right != Kind::unknown) ||
        (right_boolean && !left_boolean && node.right_bare && left != Kind::unknown)) {
      fail("'" + symbol + "' between a comparison and " + describe(left_boolean ? right : left) +
           " reads differently in C and Python; write '" + instead +
           "', or put parentheses around what belongs together");
    }
    if (may_be_boolean(left) && may_be_boolean(right) && (left_boolean || right_boolean)) {
      logical(logical_opcode);
      return;
    }
    to_bits(1);
    to_bits(0);
    emit(bit_opcode);
    reduce(2, Kind::integer);
    if (left == Kind::unknown && right == Kind::unknown) {
      to_real(0);
      slot(0).kind = Kind::unknown;  // two booleans, maybe
    } else {
      to_number(0);
    }
  }

  void shift(const Node& node) {
    const bool left = node.operation == Operation::shift_left;
    if (in_reals_) {
      real(left ? Opcode::shift_left_real : Opcode::shift_right_real, 2);
      return;
    }
    to_bits(1);
    to_bits(0);
    has_integers = true;
    emit(left ? Opcode::shift_left : Opcode::shift_right);
    reduce(2, Kind::integer);
  }

  // A real constant that is a whole number becomes an integer, an integer constant that float64 holds a real one.
  void settle_constant(std::size_t constant, std::size_t other) {
    Slot& one = slot(constant);
    if (one.constant == none) return;
    Value& value = instructions[one.constant].constant;
    if (one.kind == Kind::real && slot(other).kind == Kind::integer) {
      if (value.real == std::trunc(value.real) && std::fabs(value.real) <= static_cast<double>(exact_in_float64)) {
        value.integer = static_cast<std::int64_t>(value.real);
        one.kind = Kind::integer;
      }
    } else if (one.kind == Kind::integer && is_real(slot(other).kind)) {
      if (value.integer <= exact_in_float64 && value.integer >= -exact_in_float64) to_real(constant);
    }
  }

  void comparison(Operation operation) {
    to_number(1);
    to_number(0);
    settle_constant(0, 1);
    settle_constant(1, 0);
    const bool left = is_real(slot(1).kind);
    const bool right = is_real(slot(0).kind);
    if (left && right) {
      emit(real_comparison(operation));
    } else if (!left && !right) {
      emit(integer_comparison(operation));
    } else if (right) {
      emit(mixed_comparison(operation));
    } else {
      emit(Opcode::swap);
      emit(mixed_comparison(mirrored(operation)));
    }
    reduce(2, Kind::boolean);
  }

  void arithmetic(Opcode integer_opcode, Opcode real_opcode) {
    const Kind kind = common_number(2);
    has_integers = has_integers || kind == Kind::integer;
    emit(kind == Kind::integer ? integer_opcode : real_opcode);
    reduce(2, kind);
  }

  void unary(Opcode integer_opcode, Opcode real_opcode) {
    const Kind kind = common_number(1);
    has_integers = has_integers || kind == Kind::integer;
    emit(kind == Kind::integer ? integer_opcode : real_opcode);
    reduce(1, kind);
  }

  void fold(std::size_t operands, Opcode integer_opcode, Opcode real_opcode) {
    const Kind kind = common_number(operands);
    for (std::size_t i = 1; i < operands; ++i) emit(kind == Kind::integer ? integer_opcode : real_opcode);
    reduce(operands, kind);
  }

  void real(Opcode opcode, std::size_t operands) {
    all_real(operands);
    emit(opcode);
    reduce(operands, Kind::real);
  }

  void power() {
    if (slot(1).kind == Kind::boolean && slot(0).kind == Kind::boolean) {
      fail("'^' is the power, not the exclusive or; write '!=' between two booleans");
    }
    // x^2 is x*x, exactly rounded. The exponent is the last instruction, nothing was emitted since.
    const Slot& exponent = slot(0);
    if (exponent.constant != none) {
      const Value value = instructions[exponent.constant].constant;
      if (is_real(exponent.kind) ? value.real == 2.0 : value.integer == 2) {
        instructions.pop_back();
        stack_.pop_back();
        real(Opcode::square, 1);
        return;
      }
    }
    real(Opcode::power, 2);
  }

  const Syntax& syntax_;
  const std::vector<Kind>& kinds_;
  bool in_reals_;
  const Node* node_ = nullptr;
  std::vector<Slot> stack_;
};

}  // namespace

Program Expression::compile(const std::vector<Kind>& kinds) const {
  if (kinds.size() != syntax_->inputs.size()) {
    throw InvalidArgument("kinds has " + std::to_string(kinds.size()) + " entries, the expression reads " +
                          std::to_string(syntax_->inputs.size()) + " columns");
  }
  Compiler exact(*syntax_, kinds, false);
  exact.run();
  std::vector<Instruction> in_reals;
  std::size_t stack_size = exact.stack_size;
  if (exact.has_integers) {
    Compiler real(*syntax_, kinds, true);
    real.run();
    in_reals = std::move(real.instructions);
    stack_size = std::max(stack_size, real.stack_size);
  }
  return Program(std::move(exact.instructions), std::move(in_reals), exact.result(), stack_size, kinds.size());
}

Expression Expression::parse(std::string_view text) {
  Expression expression;
  expression.syntax_ = std::make_shared<const Syntax>(parse_syntax(text));
  for (const Input& input : expression.syntax_->inputs) {
    bool known = false;
    for (const std::string& name : expression.variables_) known = known || name == input.name;
    if (!known) expression.variables_.push_back(input.name);
  }
  expression.program_ = expression.compile(std::vector<Kind>(expression.syntax_->inputs.size(), Kind::unknown));
  return expression;
}

std::pair<std::string, std::string> split_label(std::string_view text) {
  const auto trimmed = [](std::string_view part) {
    const auto first = part.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return std::string();
    return std::string(part.substr(first, part.find_last_not_of(" \t\r\n") - first + 1));
  };
  const std::size_t separator = text.find(":=");
  if (separator == std::string_view::npos) {
    const std::string whole = trimmed(text);
    return {whole, whole};
  }
  const std::string label = trimmed(text.substr(0, separator));
  const std::string expression = trimmed(text.substr(separator + 2));
  if (label.empty()) fail_at(text, separator, "a label is expected before ':='");
  if (expression.empty()) fail_at(text, separator, "an expression is expected after ':='");
  return {label, expression};
}

}  // namespace diskern::expression

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "base/near_miss.hpp"
#include "diskern/error.hpp"
#include "expression/lexer.hpp"
#include "expression/syntax.hpp"

namespace diskern::expression {

namespace {

struct BinaryOperator {
  std::string_view symbol;
  Operation operation;
};

constexpr std::array<BinaryOperator, 6> comparisons = {{{"<", Operation::less},
                                                        {"<=", Operation::less_equal},
                                                        {">", Operation::greater},
                                                        {">=", Operation::greater_equal},
                                                        {"==", Operation::equal},
                                                        {"!=", Operation::not_equal}}};
constexpr std::array<BinaryOperator, 2> shifts = {{{"<<", Operation::shift_left}, {">>", Operation::shift_right}}};
constexpr std::array<BinaryOperator, 2> sums = {{{"+", Operation::add}, {"-", Operation::subtract}}};
constexpr std::array<BinaryOperator, 4> products = {
    {{"*", Operation::multiply}, {"/", Operation::divide}, {"//", Operation::floor_divide}, {"%", Operation::modulo}}};

template <std::size_t size>
const BinaryOperator* match(const std::array<BinaryOperator, size>& operators, const Token& token) {
  if (token.type != TokenType::symbol) return nullptr;
  for (const BinaryOperator& one : operators) {
    if (one.symbol == token.text) return &one;
  }
  return nullptr;
}

std::string quoted(std::string_view name) {
  std::string text(1, '\'');
  text.append(name).push_back('\'');
  return text;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text), tokens_(tokenize(text)) { syntax_.text = std::string(text); }

  Syntax run() {
    if (tokens_.size() == 1) throw InvalidArgument("expression: the text is empty, expected an expression of columns");
    ternary();
    if (now().type != TokenType::end) unexpected("an operator or the end of the expression");
    return std::move(syntax_);
  }

 private:
  // Counts how deep the parser is inside of itself.
  class Nesting {
   public:
    explicit Nesting(Parser& parser) : parser_(parser) {
      if (++parser_.depth_ > maximum_nesting) {
        fail_at(parser_.text_, parser_.now().position, "nested too deeply");
      }
    }
    ~Nesting() { --parser_.depth_; }
    Nesting(const Nesting&) = delete;
    Nesting& operator=(const Nesting&) = delete;

   private:
    Parser& parser_;
  };

  const Token& now() const { return tokens_[here_]; }
  bool accept(std::string_view symbol) {
    if (!now().is(symbol)) return false;
    ++here_;
    return true;
  }
  void expect(std::string_view symbol, const std::string& why) {
    if (!accept(symbol)) unexpected(quoted(symbol).append(" ").append(why));
  }
  [[noreturn]] void unexpected(const std::string& expected) const {
    if (now().type == TokenType::end)
      fail_at(text_, now().position, "the expression ends where " + expected + " is expected");
    fail_at(text_, now().position,
            std::string("unexpected ").append(quoted(now().text)).append(", expected ").append(expected));
  }

  Node& emit(Operation operation, std::uint32_t operands, std::size_t position) {
    if (syntax_.nodes.size() >= maximum_nodes) {
      fail_at(text_, position, "the expression has more than " + std::to_string(maximum_nodes) + " operations");
    }
    Node node;
    node.operation = operation;
    node.operands = operands;
    node.position = static_cast<std::uint32_t>(position);
    return syntax_.nodes.emplace_back(node);
  }

  void ternary() {
    const Nesting nesting(*this);
    logical_or();
    const std::size_t position = now().position;
    if (accept("?")) {
      ternary();
      expect(":", "of '?'");
      ternary();
      emit(Operation::select, 3, position);
    } else if (accept("if")) {
      logical_or();
      expect("else", "of 'if'");
      ternary();
      emit(Operation::select_middle, 3, position);
    }
  }

  void logical_or() {
    logical_and();
    while (now().is("||") || now().is("or")) {
      const std::size_t position = now().position;
      ++here_;
      logical_and();
      emit(Operation::logical_or, 2, position);
    }
  }

  void logical_and() {
    logical_not();
    while (now().is("&&") || now().is("and")) {
      const std::size_t position = now().position;
      ++here_;
      logical_not();
      emit(Operation::logical_and, 2, position);
    }
  }

  void logical_not() {
    const Nesting nesting(*this);
    const std::size_t position = now().position;
    if (accept("not")) {
      logical_not();
      emit(Operation::logical_not, 1, position);
    } else {
      bit_or();
    }
  }

  // These two return whether what they read is a comparison that no parentheses close in.
  bool bit_or() {
    bool bare = bit_and();
    while (now().is("|")) {
      const std::size_t position = now().position;
      ++here_;
      const bool right = bit_and();
      Node& node = emit(Operation::bit_or, 2, position);
      node.left_bare = bare;
      node.right_bare = right;
      bare = false;
    }
    return bare;
  }

  bool bit_and() {
    bool bare = comparison();
    while (now().is("&")) {
      const std::size_t position = now().position;
      ++here_;
      const bool right = comparison();
      Node& node = emit(Operation::bit_and, 2, position);
      node.left_bare = bare;
      node.right_bare = right;
      bare = false;
    }
    return bare;
  }

  bool comparison() {
    shift();
    const BinaryOperator* first = match(comparisons, now());
    if (first == nullptr) return false;
    bool relational = first->operation != Operation::equal && first->operation != Operation::not_equal;
    std::size_t position = now().position;
    ++here_;
    std::size_t middle = syntax_.nodes.size();
    shift();
    std::size_t middle_end = syntax_.nodes.size();
    emit(first->operation, 2, position);
    while (const BinaryOperator* next = match(comparisons, now())) {
      position = now().position;
      relational = relational && next->operation != Operation::equal && next->operation != Operation::not_equal;
      if (!relational) {
        fail_at(text_, position,
                "C and Python read a chain of comparisons with == or != differently; write the comparisons with "
                "parentheses or &&");
      }
      ++here_;
      // a < b < c: b is evaluated again for the second comparison.
      for (std::size_t i = middle; i < middle_end; ++i) {
        if (syntax_.nodes.size() >= maximum_nodes) emit(Operation::constant, 0, position);  // reports the limit
        syntax_.nodes.push_back(Node(syntax_.nodes[i]));
      }
      middle = syntax_.nodes.size();
      shift();
      middle_end = syntax_.nodes.size();
      emit(next->operation, 2, position);
      emit(Operation::logical_and, 2, position);
    }
    return true;
  }

  template <std::size_t size>
  bool binary(const std::array<BinaryOperator, size>& operators, std::size_t& position, Operation& operation) {
    const BinaryOperator* found = match(operators, now());
    if (found == nullptr) return false;
    operation = found->operation;
    position = now().position;
    ++here_;
    return true;
  }

  void shift() {
    sum();
    std::size_t position = 0;
    Operation operation{};
    while (binary(shifts, position, operation)) {
      sum();
      emit(operation, 2, position);
    }
  }

  void sum() {
    product();
    std::size_t position = 0;
    Operation operation{};
    while (binary(sums, position, operation)) {
      product();
      emit(operation, 2, position);
    }
  }

  void product() {
    unary();
    std::size_t position = 0;
    Operation operation{};
    while (binary(products, position, operation)) {
      unary();
      emit(operation, 2, position);
    }
  }

  void unary() {
    const Nesting nesting(*this);
    const std::size_t position = now().position;
    if (accept("-")) {
      unary();
      emit(Operation::negate, 1, position);
    } else if (accept("+")) {
      unary();
      emit(Operation::plus, 1, position);
    } else if (accept("!")) {
      unary();
      emit(Operation::logical_not, 1, position);
    } else if (accept("~")) {
      unary();
      emit(Operation::invert, 1, position);
    } else {
      power();
    }
  }

  void power() {
    primary();
    const std::size_t position = now().position;
    if (accept("^") || accept("**")) {
      unary();  // right associative, and 2^-1 is allowed
      emit(Operation::power, 2, position);
    }
  }

  void primary() {
    const Token token = now();
    if (token.type == TokenType::number) {
      ++here_;
      Node& node = emit(Operation::constant, 0, token.position);
      node.kind = token.kind;
      node.constant = token.value;
    } else if (token.type == TokenType::name) {
      ++here_;
      if (now().is("(")) {
        call(token);
      } else {
        name(token);
      }
    } else if (accept("(")) {
      ternary();
      if (!accept(")")) {
        unexpected("')' for the '(' in column " + std::to_string(token.position + 1));
      }
    } else {
      if (token.is("not")) fail_at(text_, token.position, "'not' needs parentheses here: (not x)");
      unexpected("a number, a column, a function or '('");
    }
  }

  void call(const Token& token) {
    const Function* function = find_function(token.text);
    if (function == nullptr) {
      fail_at(text_, token.position,
              std::string("unknown function ").append(quoted(token.text)) + did_you_mean(token.text, function_names()));
    }
    ++here_;  // (
    std::uint32_t arguments = 0;
    if (!now().is(")")) {
      do {
        ternary();
        ++arguments;
      } while (accept(","));
    }
    expect(")", std::string("after the arguments of ").append(quoted(token.text)));
    if (arguments < function->least || arguments > function->most) {
      std::string expected = std::to_string(function->least);
      if (function->most != function->least) {
        expected.append(" or ").append(function->most < 10 ? std::to_string(function->most) : "more");
      }
      fail_at(text_, token.position,
              quoted(token.text) + " takes " + expected + " argument" + (expected == "1" ? "" : "s") + ", got " +
                  std::to_string(arguments));
    }
    Node& node = emit(function->operation, arguments, token.position);
    node.opcode = function->opcode;
    if (function->operation == Operation::constant) node.constant.real = function->value;
  }

  void constant(const Token& token, Kind kind, Value value) {
    Node& node = emit(Operation::constant, 0, token.position);
    node.kind = kind;
    node.constant = value;
  }

  void name(const Token& token) {
    struct Named {
      std::string_view name;
      double value;
    };
    static const std::array<Named, 13> reals = {{{"pi", 3.141592653589793},
                                                 {"np.pi", 3.141592653589793},
                                                 {"numpy.pi", 3.141592653589793},
                                                 {"math.pi", 3.141592653589793},
                                                 {"np.e", 2.718281828459045},
                                                 {"numpy.e", 2.718281828459045},
                                                 {"math.e", 2.718281828459045},
                                                 {"np.inf", std::numeric_limits<double>::infinity()},
                                                 {"math.inf", std::numeric_limits<double>::infinity()},
                                                 {"np.nan", std::numeric_limits<double>::quiet_NaN()},
                                                 {"math.nan", std::numeric_limits<double>::quiet_NaN()},
                                                 {"math.tau", 6.283185307179586},
                                                 {"M_PI", 3.141592653589793}}};
    for (const Named& one : reals) {
      if (one.name != token.text) continue;
      Value value{0.0};
      value.real = one.value;
      constant(token, Kind::real, value);
      auto& bare = syntax_.bare_constants;
      if (one.name == "pi" && std::find(bare.begin(), bare.end(), "pi") == bare.end()) bare.emplace_back("pi");
      return;
    }
    if (token.text == "true" || token.text == "True" || token.text == "false" || token.text == "False") {
      Value value{0.0};
      value.integer = token.text[0] == 't' || token.text[0] == 'T' ? 1 : 0;
      constant(token, Kind::boolean, value);
      return;
    }
    if (token.text.substr(0, 7) == "TMath::") {
      fail_at(text_, token.position,
              quoted(token.text).append(" is a function; write ").append(token.text).append("()"));
    }
    Input input;
    input.name = std::string(token.text);
    input.text = input.name;
    while (now().is("[")) {
      const std::size_t bracket = now().position;
      ++here_;
      if (now().type != TokenType::number || now().kind != Kind::integer) {
        fail_at(text_, now().position, "the index of an element must be a non-negative whole number");
      }
      if (input.indices.size() == 8) fail_at(text_, bracket, "more than 8 indices");
      input.indices.push_back(static_cast<std::size_t>(now().value.integer));
      input.text.append("[").append(std::to_string(input.indices.back())).append("]");
      ++here_;
      expect("]", "for the '[' in column " + std::to_string(bracket + 1));
    }
    auto& inputs = syntax_.inputs;
    std::size_t index = 0;
    while (index < inputs.size() && inputs[index].text != input.text) ++index;
    if (index == inputs.size()) {
      if (index == Program::maximum_inputs) {
        fail_at(text_, token.position,
                "the expression reads more than " + std::to_string(Program::maximum_inputs) + " columns");
      }
      inputs.push_back(std::move(input));
    }
    emit(Operation::input, 0, token.position).input = static_cast<std::uint32_t>(index);
  }

  std::string_view text_;
  std::vector<Token> tokens_;
  std::size_t here_ = 0;
  std::size_t depth_ = 0;
  Syntax syntax_;
};

}  // namespace

void fail_at(std::string_view text, std::size_t position, const std::string& message) {
  // A window of the text around the position, blanks for anything that is no printable ASCII.
  constexpr std::size_t before = 50;
  constexpr std::size_t after = 30;
  const std::size_t begin = position > before ? position - before : 0;
  const std::size_t end = std::min(text.size(), position + after);
  std::string window;
  for (std::size_t i = begin; i < end; ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    window += c >= 0x20 && c < 0x7f ? text[i] : (c < 0x20 ? ' ' : '?');
  }
  const std::string left = begin > 0 ? "..." : "";
  throw InvalidArgument("expression: " + message + " (column " + std::to_string(position + 1) + ")\n  " + left +
                        window + (end < text.size() ? "..." : "") + "\n  " +
                        std::string(left.size() + position - begin, ' ') + "^");
}

Syntax parse_syntax(std::string_view text) {
  if (text.size() > maximum_text) {
    throw InvalidArgument("expression: the text has " + std::to_string(text.size()) + " characters, at most " +
                          std::to_string(maximum_text) + " are allowed");
  }
  return Parser(text).run();
}

}  // namespace diskern::expression

#pragma once
// Text to tokens.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "expression/program.hpp"

namespace diskern::expression {

enum class TokenType : std::uint8_t { number, name, symbol, end };

struct Token {
  TokenType type = TokenType::end;
  std::string_view text;  // a name with its dots and colons, an operator, a keyword
  std::size_t position = 0;
  Kind kind = Kind::real;  // of a number
  Value value{0.0};

  bool is(std::string_view symbol) const noexcept { return type == TokenType::symbol && text == symbol; }
};

// The words and, or, not, if, else come as symbols. The last token is of type end.
std::vector<Token> tokenize(std::string_view text);

}  // namespace diskern::expression

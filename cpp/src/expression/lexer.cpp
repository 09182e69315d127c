#include "expression/lexer.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "expression/syntax.hpp"

namespace diskern::expression {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hexadecimal(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

constexpr std::array<std::string_view, 11> two_characters = {
    "&&", "||", "==", "!=", "<=", ">=", "**", "//", "<<", ">>", ":="};
constexpr std::string_view one_character = "+-*/%^<>!~&|?:()[],";
constexpr std::array<std::string_view, 5> words = {"and", "or", "not", "if", "else"};

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  std::vector<Token> run() {
    std::vector<Token> tokens;
    while (true) {
      while (here_ < text_.size() && is_blank(text_[here_])) ++here_;
      if (here_ == text_.size()) break;
      const char c = text_[here_];
      if (is_digit(c) || (c == '.' && is_digit(peek(1)))) {
        tokens.push_back(number());
      } else if (is_letter(c)) {
        tokens.push_back(name());
      } else {
        tokens.push_back(symbol());
      }
    }
    Token end;
    end.position = text_.size();
    tokens.push_back(end);
    return tokens;
  }

 private:
  char peek(std::size_t ahead) const { return here_ + ahead < text_.size() ? text_[here_ + ahead] : '\0'; }

  Token number() {
    Token token;
    token.type = TokenType::number;
    token.position = here_;
    const std::size_t start = here_;
    if (peek(0) == '0' && (peek(1) == 'x' || peek(1) == 'X')) {
      here_ += 2;
      while (is_hexadecimal(peek(0))) ++here_;
      std::uint64_t value = 0;
      const auto result = std::from_chars(text_.data() + start + 2, text_.data() + here_, value, 16);
      if (result.ec != std::errc() || here_ == start + 2) {
        fail_at(text_, start, "a hexadecimal number of 1 to 16 digits is expected after 0x");
      }
      set_integer(token, value);
    } else {
      bool real = false;
      while (is_digit(peek(0))) ++here_;
      if (peek(0) == '.') {
        real = true;
        ++here_;
        while (is_digit(peek(0))) ++here_;
      }
      if ((peek(0) == 'e' || peek(0) == 'E') &&
          (is_digit(peek(1)) || ((peek(1) == '+' || peek(1) == '-') && is_digit(peek(2))))) {
        real = true;
        here_ += 2;
        while (is_digit(peek(0))) ++here_;
      }
      const std::string_view digits = text_.substr(start, here_ - start);
      std::uint64_t whole = 0;
      const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), whole);
      if (!real && result.ec == std::errc()) {
        set_integer(token, whole);
      } else {
        double value = 0;
        const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), value);
        if (parsed.ec == std::errc::result_out_of_range) fail_at(text_, start, "the number does not fit a float64");
        token.kind = Kind::real;
        token.value.real = value;
        if (peek(0) == 'f' || peek(0) == 'F') ++here_;
      }
    }
    if (token.kind == Kind::integer) {
      // 10L, 10u, 10UL, 10LL
      for (int i = 0; i < 3 && (peek(0) == 'L' || peek(0) == 'l' || peek(0) == 'U' || peek(0) == 'u'); ++i) ++here_;
    }
    if (is_letter(peek(0)) || is_digit(peek(0)) || peek(0) == '.') {
      fail_at(text_, here_,
              "a number is directly followed by '" + std::string(1, peek(0)) + "'; is an operator missing?");
    }
    token.text = text_.substr(start, here_ - start);
    return token;
  }

  static void set_integer(Token& token, std::uint64_t value) {
    if (value <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
      token.kind = Kind::integer;
      token.value.integer = static_cast<std::int64_t>(value);
    } else {
      token.kind = Kind::real;
      token.value.real = static_cast<double>(value);
    }
  }

  Token name() {
    Token token;
    token.type = TokenType::name;
    token.position = here_;
    const std::size_t start = here_;
    while (true) {
      while (is_letter(peek(0)) || is_digit(peek(0))) ++here_;
      if (peek(0) == '.' && is_letter(peek(1))) {
        ++here_;
      } else if (peek(0) == ':' && peek(1) == ':' && is_letter(peek(2))) {
        here_ += 2;
      } else {
        break;
      }
    }
    token.text = text_.substr(start, here_ - start);
    if (std::find(words.begin(), words.end(), token.text) != words.end()) token.type = TokenType::symbol;
    return token;
  }

  Token symbol() {
    Token token;
    token.type = TokenType::symbol;
    token.position = here_;
    const std::string_view rest = text_.substr(here_);
    for (const std::string_view two : two_characters) {
      if (rest.substr(0, 2) == two) {
        token.text = rest.substr(0, 2);
        here_ += 2;
        if (token.text == ":=") {
          fail_at(text_, token.position, "':=' separates a label from its expression; a label is not allowed here");
        }
        return token;
      }
    }
    const char c = rest[0];
    if (one_character.find(c) == std::string_view::npos) {
      if (c == '=') fail_at(text_, here_, "'=' is no comparison; write '=='");
      if (c == '"' || c == '\'') fail_at(text_, here_, "texts are not supported, only numbers and booleans");
      if (c == '$') fail_at(text_, here_, "'$' functions of TTreeFormula (Sum$, Alt$, Entry$) are not supported");
      if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7f) {
        fail_at(text_, here_, "a character outside of printable ASCII is not allowed");
      }
      fail_at(text_, here_, "the character '" + std::string(1, c) + "' has no meaning here");
    }
    token.text = rest.substr(0, 1);
    ++here_;
    return token;
  }

  std::string_view text_;
  std::size_t here_ = 0;
};

}  // namespace

std::vector<Token> tokenize(std::string_view text) { return Lexer(text).run(); }

}  // namespace diskern::expression

// JSON as text.
#include <charconv>
#include <cmath>
#include <cstring>

#include "base/serialization.hpp"
#include "model/json_data.hpp"
#include "model/xml.hpp"

namespace diskern::model::json {

namespace {

bool digit(char c) noexcept { return c >= '0' && c <= '9'; }

int hexadecimal(char c) noexcept {
  if (digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::uint32_t four_digits(std::string_view text, std::size_t begin) noexcept {
  std::uint32_t code = 0;
  for (std::size_t i = 0; i < 4; ++i) code = code << 4 | static_cast<std::uint32_t>(hexadecimal(text[begin + i]));
  return code;
}

bool high_surrogate(std::uint32_t code) noexcept { return code >= 0xD800 && code < 0xDC00; }
bool low_surrogate(std::uint32_t code) noexcept { return code >= 0xDC00 && code < 0xE000; }

class TextParser {
 public:
  explicit TextParser(Data& data) : data_(data), text_(data.content), builder_(data) {}

  void run() {
    if (text_.substr(0, 3) == "\xEF\xBB\xBF") position_ = 3;
    blanks();
    value(none, 0);
    blanks();
    if (position_ != text_.size()) fail("something stands after the end of the value");
  }

 private:
  Data& data_;
  std::string_view text_;
  std::size_t position_ = 0;
  Builder builder_;

  [[noreturn]] void fail(const std::string& what) const { fail_at_byte(position_, what); }
  char peek() const noexcept { return position_ < text_.size() ? text_[position_] : '\0'; }
  std::uint32_t offset() const noexcept { return static_cast<std::uint32_t>(position_); }
  void blanks() noexcept {
    while (position_ < text_.size() && std::strchr(" \t\r\n", text_[position_]) != nullptr &&
           text_[position_] != '\0') {
      ++position_;
    }
  }
  bool take(std::string_view word) noexcept {
    if (text_.substr(position_, word.size()) != word) return false;
    position_ += word.size();
    return true;
  }
  void expect(char c) {
    if (peek() != c || position_ >= text_.size()) {
      fail(std::string("'") + c + "' is expected" + (position_ >= text_.size() ? ", the content ends here" : ""));
    }
    ++position_;
  }

  std::uint32_t value(std::uint32_t parent, std::size_t depth) {
    if (depth > maximum_depth) fail("more than 64 values inside one another");
    switch (peek()) {
      case '{':
        return object(parent, depth);
      case '[':
        return array(parent, depth);
      case '"': {
        const std::uint32_t index = builder_.add(parent, offset(), Type::text);
        bool escaped = false;
        const Span span = string(escaped);
        data_.nodes[index].text = span;
        data_.nodes[index].escaped = escaped;
        return index;
      }
      default:
        break;
    }
    const std::uint32_t begin = offset();
    if (take("null")) return builder_.add(parent, begin, Type::null);
    double content = 0;
    const bool boolean = peek() == 't' || peek() == 'f';
    if (!scalar(content)) fail(position_ >= text_.size() ? "the content ends within a value" : "a value is expected");
    const std::uint32_t index = builder_.add(parent, begin, boolean ? Type::boolean : Type::number);
    data_.nodes[index].number = content;
    return index;
  }

  // A number or a boolean.
  bool scalar(double& content) {
    if (take("true")) {
      content = 1;
    } else if (take("false")) {
      content = 0;
    } else if (take("NaN")) {
      content = std::numeric_limits<double>::quiet_NaN();
    } else if (take("Infinity")) {
      content = std::numeric_limits<double>::infinity();
    } else if (take("-Infinity")) {
      content = -std::numeric_limits<double>::infinity();
    } else if (peek() == '-' || digit(peek())) {
      content = number();
    } else {
      return false;
    }
    return true;
  }

  double number() {
    const std::size_t begin = position_;
    const auto digits = [&] {
      if (!digit(peek())) fail("a digit is expected");
      while (digit(peek())) ++position_;
    };
    if (peek() == '-') ++position_;
    const bool zero = peek() == '0';
    const std::size_t first = position_;
    digits();
    if (zero && position_ - first > 1) {
      position_ = first;
      fail("a number begins with 0");
    }
    if (peek() == '.') {
      ++position_;
      digits();
    }
    if (peek() == 'e' || peek() == 'E') {
      ++position_;
      if (peek() == '+' || peek() == '-') ++position_;
      digits();
    }
    const std::string_view written = text_.substr(begin, position_ - begin);
    const double value = xml::to_number(written).value_or(std::numeric_limits<double>::quiet_NaN());
    // Half way between two floats, rounding once more to a float could differ from reading the text as a float.
    std::uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof(bits));
    if ((bits & 0x1FFFFFFFU) == 0x10000000U) {
      float nearest = 0;
      const auto [end, error] = std::from_chars(written.data(), written.data() + written.size(), nearest);
      if (error == std::errc() && nearest != static_cast<float>(value)) return static_cast<double>(nearest);
    }
    return value;
  }

  Span string(bool& escaped) {
    expect('"');
    const std::size_t begin = position_;
    escaped = false;
    while (peek() != '"' || position_ >= text_.size()) {
      if (position_ >= text_.size()) fail_at_byte(begin - 1, "a string does not end");
      const char c = text_[position_];
      if (static_cast<unsigned char>(c) < 0x20) fail("a control character within a string");
      if (c == '\\') {
        escaped = true;
        escape();
      } else {
        ++position_;
      }
    }
    const std::size_t end = position_++;
    if (!archive::valid_utf8(text_.substr(begin, end - begin))) fail_at_byte(begin, "a string that is not UTF-8");
    return {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end - begin)};
  }

  std::uint32_t code_unit() {
    for (std::size_t i = 0; i < 4; ++i) {
      if (position_ + 2 + i >= text_.size() || hexadecimal(text_[position_ + 2 + i]) < 0) {
        fail("four hexadecimal digits are expected after \\u");
      }
    }
    const std::uint32_t code = four_digits(text_, position_ + 2);
    position_ += 6;
    return code;
  }

  void escape() {
    const char kind = position_ + 1 < text_.size() ? text_[position_ + 1] : '\0';
    if (kind == 'u') {
      const std::size_t begin = position_;
      const std::uint32_t code = code_unit();
      const bool pair = high_surrogate(code) && text_.substr(position_, 2) == "\\u" && low_surrogate(code_unit());
      if (code == 0 || ((high_surrogate(code) || low_surrogate(code)) && !pair)) {
        fail_at_byte(begin, "an escape that is no character");
      }
      return;
    }
    if (kind == '\0' || std::strchr("\"\\/bfnrt", kind) == nullptr) fail("an unknown escape");
    position_ += 2;
  }

  std::uint32_t object(std::uint32_t parent, std::size_t depth) {
    const std::uint32_t index = builder_.add(parent, offset(), Type::object);
    ++position_;
    blanks();
    if (peek() == '}') {
      ++position_;
      return index;
    }
    while (true) {
      blanks();
      bool escaped = false;
      const Span key = string(escaped);
      blanks();
      expect(':');
      blanks();
      const std::uint32_t child = value(index, depth + 1);
      data_.nodes[child].key = key;
      data_.nodes[child].key_escaped = escaped;
      blanks();
      if (peek() == ',') {
        ++position_;
        continue;
      }
      expect('}');
      break;
    }
    builder_.check_keys(index);
    return index;
  }

  std::uint32_t array(std::uint32_t parent, std::size_t depth) {
    const std::uint32_t index = builder_.add(parent, offset(), Type::array);
    ++position_;
    blanks();
    std::vector<double> numbers;
    bool numbers_only = true;
    if (peek() == ']') {
      ++position_;
    } else {
      while (true) {
        blanks();
        double content = 0;
        if (numbers_only && scalar(content)) {
          numbers.push_back(content);
        } else {
          if (numbers_only) builder_.spread(index, numbers);
          numbers_only = false;
          value(index, depth + 1);
        }
        blanks();
        if (peek() == ',') {
          ++position_;
          continue;
        }
        expect(']');
        break;
      }
    }
    if (numbers_only) {
      numbers.shrink_to_fit();
      builder_.set_numbers(index, std::move(numbers));
    }
    return index;
  }
};

void append_utf8(std::string& text, std::uint32_t code) {
  const auto put = [&](std::uint32_t byte) { text.push_back(static_cast<char>(static_cast<unsigned char>(byte))); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0U | code >> 6);
    put(0x80U | (code & 0x3FU));
  } else if (code < 0x10000) {
    put(0xE0U | code >> 12);
    put(0x80U | (code >> 6 & 0x3FU));
    put(0x80U | (code & 0x3FU));
  } else {
    put(0xF0U | code >> 18);
    put(0x80U | (code >> 12 & 0x3FU));
    put(0x80U | (code >> 6 & 0x3FU));
    put(0x80U | (code & 0x3FU));
  }
}

}  // namespace

void parse_text(Data& data) { TextParser(data).run(); }

// Escapes were checked when the text was read.
std::string decoded(const Data& data, Span span, bool escaped) {
  const std::string_view raw = data.view(span);
  if (!escaped) return std::string(raw);
  static constexpr std::string_view letters = "\"\\/bfnrt";
  static constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
  std::string text;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] != '\\') {
      text.push_back(raw[i]);
      continue;
    }
    const char kind = raw[++i];
    if (kind != 'u') {
      text.push_back(meanings[letters.find(kind)]);
      continue;
    }
    std::uint32_t code = four_digits(raw, i + 1);
    i += 4;
    if (high_surrogate(code)) {
      code = 0x10000 + ((code - 0xD800) << 10) + (four_digits(raw, i + 3) - 0xDC00);
      i += 6;
    }
    append_utf8(text, code);
  }
  return text;
}

}  // namespace diskern::model::json

// UBJSON: markers of one letter, lengths and numbers in big-endian order.
#include <bit>
#include <cstring>
#include <string>
#include <utility>

#include "base/serialization.hpp"
#include "model/json_data.hpp"
#include "model/xml.hpp"

namespace diskern::model::json {

namespace {

constexpr std::string_view number_markers = "iUIlLdD";

std::size_t number_size(char marker) noexcept {
  switch (marker) {
    case 'i':
    case 'U':
      return 1;
    case 'I':
      return 2;
    case 'l':
    case 'd':
      return 4;
    default:
      return 8;
  }
}

class BinaryParser {
 public:
  explicit BinaryParser(Data& data) : data_(data), content_(data.content), builder_(data) {}

  void run() {
    const char first = marker();
    value(none, 0, first);
    while (position_ < content_.size() && content_[position_] == 'N') ++position_;
    if (position_ != content_.size()) fail("something stands after the end of the value");
  }

 private:
  Data& data_;
  std::string_view content_;
  std::size_t position_ = 0;
  Builder builder_;

  [[noreturn]] void fail(const std::string& what) const { fail_at_byte(position_, what); }
  std::size_t left() const noexcept { return content_.size() - position_; }
  char peek() const {
    if (position_ >= content_.size()) fail("the content ends within a value");
    return content_[position_];
  }
  char marker() {
    while (peek() == 'N') ++position_;  // no operation
    return content_[position_++];
  }

  // One number of the given type.
  double number(char type) {
    const std::size_t size = number_size(type);
    if (left() < size) fail("the content ends within a number");
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < size; ++i) bits = bits << 8 | static_cast<unsigned char>(content_[position_ + i]);
    position_ += size;
    switch (type) {
      case 'i':
        return static_cast<double>(static_cast<std::int8_t>(bits));
      case 'U':
        return static_cast<double>(bits);
      case 'I':
        return static_cast<double>(static_cast<std::int16_t>(bits));
      case 'l':
        return static_cast<double>(static_cast<std::int32_t>(bits));
      case 'd':
        return static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
      case 'D':
        return std::bit_cast<double>(bits);
      default:
        return static_cast<double>(static_cast<std::int64_t>(bits));
    }
  }

  std::size_t length() {
    const char type = peek();
    if (std::string_view("iUIlL").find(type) == std::string_view::npos) fail("a length is expected");
    ++position_;
    const std::size_t begin = position_;
    const double claimed = number(type);
    if (!(claimed >= 0) || claimed > static_cast<double>(maximum_size)) {
      fail_at_byte(begin, "a length of " + xml::to_text(claimed));
    }
    return static_cast<std::size_t>(claimed);
  }

  Span string() {
    const std::size_t begin = position_;
    const std::size_t size = length();
    if (size > left()) {
      fail_at_byte(begin, "a string of " + std::to_string(size) + " bytes, " + std::to_string(left()) + " are left");
    }
    const std::string_view text = content_.substr(position_, size);
    if (!archive::valid_utf8(text) || text.find('\0') != std::string_view::npos) fail("a string that is not UTF-8");
    const Span span{static_cast<std::uint32_t>(position_), static_cast<std::uint32_t>(size)};
    position_ += size;
    return span;
  }

  std::uint32_t value(std::uint32_t parent, std::size_t depth, char type) {
    if (depth > maximum_depth) fail("more than 64 values inside one another");
    const auto offset = static_cast<std::uint32_t>(position_ - 1);
    const auto add = [&](Type kind) { return builder_.add(parent, offset, kind); };
    if (number_markers.find(type) != std::string_view::npos) {
      const double content = number(type);
      const std::uint32_t index = add(Type::number);
      data_.nodes[index].number = content;
      return index;
    }
    switch (type) {
      case '{':
        return object(add(Type::object), depth);
      case '[':
        return array(add(Type::array), depth);
      case 'S':
      case 'H': {
        const std::uint32_t index = add(Type::text);
        data_.nodes[index].text = string();
        return index;
      }
      case 'C': {
        if (left() < 1 || static_cast<unsigned char>(content_[position_]) >= 0x80) fail("a character is expected");
        const std::uint32_t index = add(Type::text);
        data_.nodes[index].text = {static_cast<std::uint32_t>(position_), 1};
        ++position_;
        return index;
      }
      case 'T':
      case 'F': {
        const std::uint32_t index = add(Type::boolean);
        data_.nodes[index].number = type == 'T' ? 1 : 0;
        return index;
      }
      case 'Z':
        return add(Type::null);
      default:
        --position_;
        fail("no type of UBJSON");
    }
  }

  // What may follow the opening bracket: a type of all elements, their count.
  struct Head {
    char type = '\0';
    bool counted = false;
    std::size_t count = 0;
  };
  Head head() {
    Head head;
    if (peek() == '$') {
      ++position_;
      head.type = peek();
      // Elements without bytes of their own would make a count that nothing limits.
      if (std::string_view("iUIlLdDSHC[{").find(head.type) == std::string_view::npos) {
        fail("a type of elements that is not read");
      }
      ++position_;
      if (peek() != '#') fail("a count is expected after the type of the elements");
    }
    if (peek() == '#') {
      ++position_;
      const std::size_t begin = position_;
      head.counted = true;
      head.count = length();
      if (head.count > left()) {
        fail_at_byte(begin, std::to_string(head.count) + " elements, " + std::to_string(left()) + " bytes are left");
      }
    }
    return head;
  }

  std::uint32_t object(std::uint32_t index, std::size_t depth) {
    const Head given = head();
    for (std::size_t i = 0; !given.counted || i < given.count; ++i) {
      if (!given.counted) {
        while (peek() == 'N') ++position_;
        if (peek() == '}') {
          ++position_;
          break;
        }
      }
      const Span key = string();
      const char type = given.type != '\0' ? given.type : marker();
      const std::uint32_t child = value(index, depth + 1, type);
      data_.nodes[child].key = key;
    }
    builder_.check_keys(index);
    return index;
  }

  std::uint32_t array(std::uint32_t index, std::size_t depth) {
    const Head given = head();
    std::vector<double> numbers;
    bool numbers_only = true;
    if (given.type != '\0' && number_markers.find(given.type) != std::string_view::npos) {
      if (given.count > left() / number_size(given.type)) fail("the content ends within an array of numbers");
      numbers.reserve(given.count);
    }
    for (std::size_t i = 0; !given.counted || i < given.count; ++i) {
      if (!given.counted) {
        while (peek() == 'N') ++position_;
        if (peek() == ']') {
          ++position_;
          break;
        }
      }
      const char type = given.type != '\0' ? given.type : marker();
      if (numbers_only && number_markers.find(type) != std::string_view::npos) {
        numbers.push_back(number(type));
      } else if (numbers_only && (type == 'T' || type == 'F')) {
        numbers.push_back(type == 'T' ? 1 : 0);
      } else {
        if (numbers_only) builder_.spread(index, numbers);
        numbers_only = false;
        value(index, depth + 1, type);
      }
    }
    if (numbers_only) {
      numbers.shrink_to_fit();
      builder_.set_numbers(index, std::move(numbers));
    }
    return index;
  }
};

}  // namespace

void parse_binary(Data& data) { BinaryParser(data).run(); }

}  // namespace diskern::model::json

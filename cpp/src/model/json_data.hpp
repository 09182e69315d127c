#pragma once
// What both readers fill; only json*.cpp see it.

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "model/json.hpp"

namespace diskern::model::json {

constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();

struct Span {
  std::uint32_t begin = 0;
  std::uint32_t size = 0;
};

struct Node {
  std::uint32_t offset = 0;  // of its first byte
  std::uint32_t parent = none;
  std::uint32_t first_child = none;
  std::uint32_t next_sibling = none;
  std::uint32_t count = 0;  // of children
  Type type = Type::null;
  bool escaped = false;      // the text contains backslashes
  bool key_escaped = false;  // the key does
  Span key;
  Span text;
  std::uint32_t numbers = 0;  // index into Data::numbers
  double number = 0.0;        // of a number, 0 or 1 of a boolean
};

struct Data {
  std::string content;
  std::vector<Node> nodes;
  std::vector<std::vector<double>> numbers;

  std::string_view view(Span span) const noexcept { return std::string_view(content).substr(span.begin, span.size); }
};

[[noreturn]] void fail_at_byte(std::size_t offset, const std::string& what);

// Adds values one inside the other.
class Builder {
 public:
  explicit Builder(Data& data) : data_(data) {}

  // Appends a value to parent (none: the root) and returns its index.
  std::uint32_t add(std::uint32_t parent, std::uint32_t offset, Type type);
  void set_numbers(std::uint32_t node, std::vector<double> numbers);
  // The elements of an array whose first ones were numbers.
  void spread(std::uint32_t array, const std::vector<double>& numbers);
  void check_keys(std::uint32_t object) const;  // none twice

 private:
  Data& data_;
  std::vector<std::uint32_t> last_child_;  // per node
};

void parse_text(Data& data);
void parse_binary(Data& data);

std::string decoded(const Data& data, Span span, bool escaped);

}  // namespace diskern::model::json

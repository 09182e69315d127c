#include "model/json.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "diskern/error.hpp"
#include "model/json_data.hpp"
#include "model/xml.hpp"

namespace diskern::model::json {

void fail_at_byte(std::size_t offset, const std::string& what) {
  throw FormatError("byte " + std::to_string(offset) + ": " + what);
}

// ---- Builder

std::uint32_t Builder::add(std::uint32_t parent, std::uint32_t offset, Type type) {
  if (data_.nodes.size() >= maximum_values) fail_at_byte(offset, "more than 8388608 values");
  const auto index = static_cast<std::uint32_t>(data_.nodes.size());
  Node node;
  node.offset = offset;
  node.parent = parent;
  node.type = type;
  data_.nodes.push_back(node);
  last_child_.push_back(none);
  if (parent != none) {
    const std::uint32_t before = last_child_[parent];
    (before == none ? data_.nodes[parent].first_child : data_.nodes[before].next_sibling) = index;
    last_child_[parent] = index;
    ++data_.nodes[parent].count;
  }
  return index;
}

void Builder::set_numbers(std::uint32_t node, std::vector<double> numbers) {
  data_.nodes[node].type = Type::numbers;
  data_.nodes[node].numbers = static_cast<std::uint32_t>(data_.numbers.size());
  data_.numbers.push_back(std::move(numbers));
}

void Builder::spread(std::uint32_t array, const std::vector<double>& numbers) {
  const std::uint32_t offset = data_.nodes[array].offset;
  for (const double number : numbers) data_.nodes[add(array, offset, Type::number)].number = number;
}

void Builder::check_keys(std::uint32_t object) const {
  std::vector<std::pair<std::string, std::uint32_t>> keys;
  for (std::uint32_t i = data_.nodes[object].first_child; i != none; i = data_.nodes[i].next_sibling) {
    keys.emplace_back(decoded(data_, data_.nodes[i].key, data_.nodes[i].key_escaped), i);
  }
  std::sort(keys.begin(), keys.end());
  const auto twice =
      std::adjacent_find(keys.begin(), keys.end(), [](const auto& a, const auto& b) { return a.first == b.first; });
  if (twice != keys.end()) {
    fail_at_byte(data_.nodes[(twice + 1)->second].offset, "key '" + twice->first.substr(0, 60) + "' comes twice");
  }
}

// ---- Value

Type Value::type() const noexcept { return data_->nodes[index_].type; }

std::size_t Value::size() const noexcept {
  const Node& node = data_->nodes[index_];
  return node.type == Type::numbers ? data_->numbers[node.numbers].size() : node.count;
}

std::string Value::key() const {
  const Node& node = data_->nodes[index_];
  return decoded(*data_, node.key, node.key_escaped);
}

std::string Value::path() const {
  std::vector<std::string> parts;  // from the value outwards
  for (std::uint32_t i = index_; data_->nodes[i].parent != none; i = data_->nodes[i].parent) {
    const Node& parent = data_->nodes[data_->nodes[i].parent];
    std::string part;
    if (parent.type == Type::object) {
      part.append(".").append(decoded(*data_, data_->nodes[i].key, data_->nodes[i].key_escaped), 0, 60);
    } else {
      std::size_t position = 0;
      for (std::uint32_t child = parent.first_child; child != i; child = data_->nodes[child].next_sibling) ++position;
      part.append("[").append(std::to_string(position)).append("]");
    }
    parts.push_back(std::move(part));
  }
  std::string path;
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) path += *part;
  if (path.empty()) return "the whole";
  return path[0] == '.' ? path.substr(1) : path;
}

void Value::fail(const std::string& what) const { fail_at_byte(data_->nodes[index_].offset, path() + " " + what); }
void Value::fail_at(std::size_t element, const std::string& what) const {
  fail_at_byte(data_->nodes[index_].offset, path() + "[" + std::to_string(element) + "] " + what);
}

std::optional<Value> Value::find(std::string_view key) const {
  if (type() != Type::object) fail("is no object");
  for (std::uint32_t i = data_->nodes[index_].first_child; i != none; i = data_->nodes[i].next_sibling) {
    const Node& node = data_->nodes[i];
    if (node.key_escaped ? decoded(*data_, node.key, true) == key : data_->view(node.key) == key) {
      return Value(data_, i);
    }
  }
  return std::nullopt;
}

Value Value::at(std::string_view key) const {
  const auto found = find(key);
  if (!found) fail("has no '" + std::string(key) + "'");
  return *found;
}

std::vector<Value> Value::elements() const {
  if (type() == Type::numbers && size() != 0) fail("is an array of numbers, expected one of other values");
  if (type() != Type::array && type() != Type::numbers && type() != Type::object) fail("is no array");
  std::vector<Value> result;
  for (std::uint32_t i = data_->nodes[index_].first_child; i != none; i = data_->nodes[i].next_sibling) {
    result.emplace_back(data_, i);
  }
  return result;
}

double Value::number() const {
  if (type() != Type::number) fail("is no number");
  return data_->nodes[index_].number;
}

namespace {

bool whole_between(double value, std::int64_t minimum, std::int64_t maximum) noexcept {
  // Every whole number up to 2^53 is exact, and no limit here is larger.
  return value >= static_cast<double>(minimum) && value <= static_cast<double>(maximum) && value == std::floor(value);
}
std::string not_whole(double value, std::int64_t minimum, std::int64_t maximum) {
  return "is " + xml::to_text(value) + ", expected a whole number from " + std::to_string(minimum) + " to " +
         std::to_string(maximum);
}

}  // namespace

std::int64_t Value::integer(std::int64_t minimum, std::int64_t maximum) const {
  const double value = number();
  if (!whole_between(value, minimum, maximum)) fail(not_whole(value, minimum, maximum));
  return static_cast<std::int64_t>(value);
}

std::string Value::text() const {
  if (type() != Type::text) fail("is no string");
  const Node& node = data_->nodes[index_];
  return decoded(*data_, node.text, node.escaped);
}

const std::vector<double>& Value::numbers() const {
  if (type() != Type::numbers) fail("is no array of numbers");
  return data_->numbers[data_->nodes[index_].numbers];
}

const std::vector<double>& Value::numbers(std::size_t expected) const {
  const std::vector<double>& values = numbers();
  if (values.size() != expected) {
    fail("has " + std::to_string(values.size()) + " numbers, expected " + std::to_string(expected));
  }
  return values;
}

std::int64_t Value::integer_at(std::size_t i, std::int64_t minimum, std::int64_t maximum) const {
  const double value = numbers().at(i);
  if (!whole_between(value, minimum, maximum)) fail_at(i, not_whole(value, minimum, maximum));
  return static_cast<std::int64_t>(value);
}

// ---- Document

Document::Document(std::string content, Form form) : data_(std::make_unique<Data>()) {
  if (content.size() > maximum_size) {
    throw FormatError("content of " + std::to_string(content.size()) + " bytes, at most 2147483647 are read");
  }
  data_->content = std::move(content);
  if (form == Form::text) {
    parse_text(*data_);
  } else {
    parse_binary(*data_);
  }
}
Document::~Document() = default;
Value Document::root() const noexcept { return Value(data_.get(), 0); }

Document::Form form_of(std::string_view content) noexcept {
  return content.size() > 1 && std::string_view("LlIiUN$#").find(content[1]) != std::string_view::npos
             ? Document::Form::binary
             : Document::Form::text;
}

}  // namespace diskern::model::json

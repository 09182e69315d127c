#pragma once
// Bounded readers of JSON (RFC 8259) and of UBJSON (draft 12 as XGBoost writes it) into one kind of tree. Strings are
// UTF-8, no key comes twice in an object, and the words NaN, Infinity and -Infinity are numbers, as XGBoost writes
// them. Numbers do not depend on the locale. What is allocated is proportional to the content, whose size is limited.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace diskern::model::json {

constexpr std::size_t maximum_size = (std::size_t{1} << 31) - 1;  // bytes of content
constexpr std::size_t maximum_depth = 64;                         // values inside one another
constexpr std::size_t maximum_values = std::size_t{1} << 23;      // beside the elements of arrays of numbers

struct Data;

enum class Type : std::uint8_t {
  null,
  boolean,
  number,
  text,
  array,
  numbers,  // an array of numbers and booleans only (these count as 0 and 1); the empty array is one
  object
};

// A cheap handle; valid as long as its Document. Getters throw FormatError with the byte and the path of the value.
class Value {
 public:
  Value(const Data* data, std::uint32_t index) : data_(data), index_(index) {}

  Type type() const noexcept;
  std::size_t size() const noexcept;  // of an array or an object

  std::optional<Value> find(std::string_view key) const;  // of an object
  Value at(std::string_view key) const;
  std::vector<Value> elements() const;  // of an array of other values than numbers, or of an object
  std::string key() const;              // under which the value stands in its object

  double number() const;
  std::int64_t integer(std::int64_t minimum, std::int64_t maximum) const;
  std::string text() const;
  const std::vector<double>& numbers() const;
  const std::vector<double>& numbers(std::size_t expected) const;
  // Element i of numbers(), a whole number.
  std::int64_t integer_at(std::size_t i, std::int64_t minimum, std::int64_t maximum) const;

  std::string path() const;
  [[noreturn]] void fail(const std::string& what) const;
  [[noreturn]] void fail_at(std::size_t element, const std::string& what) const;

 private:
  const Data* data_;
  std::uint32_t index_;
};

class Document {
 public:
  enum class Form : std::uint8_t { text, binary };
  // Throws FormatError that names the byte.
  Document(std::string content, Form form);
  ~Document();
  Document(const Document&) = delete;
  Document& operator=(const Document&) = delete;
  Value root() const noexcept;

 private:
  std::unique_ptr<Data> data_;
};

// Which form content has that begins with '{': in UBJSON a length, a type or a count follows, in JSON a string.
Document::Form form_of(std::string_view content) noexcept;

}  // namespace diskern::model::json

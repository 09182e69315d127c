#pragma once
// A bounded reader of the XML that weight files are made of: elements, attributes, text. Entities are the five of XML
// and character references; a document type, CDATA and text beside elements are errors. Numbers do not depend on the
// locale. What is allocated is proportional to the text, whose size is limited; nothing recurses.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace diskern::model::xml {

constexpr std::size_t maximum_size = std::size_t{1} << 29;      // bytes of text
constexpr std::size_t maximum_depth = 1024;                     // elements inside one another
constexpr std::size_t maximum_elements = std::size_t{1} << 24;  // of one document
constexpr std::size_t maximum_attributes = 100000;              // of one element
constexpr std::size_t maximum_name = 256;                       // bytes of a name

struct Data;

// A cheap handle; valid as long as its Document. Getters throw FormatError with the line of the element.
class Element {
 public:
  Element(const Data* data, std::uint32_t index) : data_(data), index_(index) {}

  std::string_view name() const noexcept;
  std::size_t attribute_count() const noexcept;
  std::pair<std::string_view, std::string_view> attribute(std::size_t i) const noexcept;  // name, value as written
  bool has(std::string_view attribute) const noexcept;
  std::string text(std::string_view attribute) const;
  std::string text_or(std::string_view attribute, const char* fallback) const;
  double number(std::string_view attribute) const;
  std::int64_t integer(std::string_view attribute, std::int64_t minimum, std::int64_t maximum) const;

  std::string content() const;  // text between the tags without blanks around it
  // The numbers between the tags; their count must be as expected.
  std::vector<double> numbers(std::size_t expected) const;

  std::optional<Element> find(std::string_view name) const noexcept;  // first child of that name
  Element child(std::string_view name) const;
  std::optional<Element> first() const noexcept;
  std::optional<Element> next() const noexcept;  // the sibling after this one
  std::vector<Element> children() const;         // all
  std::vector<Element> children(std::string_view name) const;

  [[noreturn]] void fail(const std::string& what) const;

 private:
  std::optional<std::string_view> raw(std::string_view attribute) const noexcept;

  const Data* data_;
  std::uint32_t index_;
};

class Document {
 public:
  // Throws FormatError that names the line.
  explicit Document(std::string text);
  ~Document();
  Document(const Document&) = delete;
  Document& operator=(const Document&) = delete;
  Element root() const noexcept;

 private:
  std::unique_ptr<Data> data_;
};

// Any number as C writes it ("nan" and "inf" included), without blanks; nullopt when there is something else.
std::optional<double> to_number(std::string_view text) noexcept;

// Writes indented elements. Attribute values and contents are escaped.
class Writer {
 public:
  Writer();
  void open(std::string_view name);
  void attribute(std::string_view name, std::string_view value);
  void attribute(std::string_view name, double value);  // shortest text that reads back as the same number
  void attribute(std::string_view name, std::int64_t value);
  void content(std::string_view text);
  void content(const std::vector<double>& numbers);
  void close();
  const std::string& text() const noexcept { return text_; }

 private:
  void end_tag();

  std::string text_;
  std::vector<std::string> open_;
  bool in_tag_ = false;
  bool has_content_ = false;
};

std::string to_text(double value);

}  // namespace diskern::model::xml

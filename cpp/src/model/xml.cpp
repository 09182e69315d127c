#include "model/xml.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

#include "base/serialization.hpp"
#include "diskern/error.hpp"

namespace diskern::model::xml {

constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();

struct Span {
  std::uint32_t begin = 0;
  std::uint32_t size = 0;
};
struct Node {
  Span name;
  Span content;
  std::uint32_t first_attribute = 0;
  std::uint32_t attribute_count = 0;
  std::uint32_t first_child = none;
  std::uint32_t next_sibling = none;
};
struct Attribute {
  Span name;
  Span value;
};
struct Data {
  std::string text;
  std::vector<Node> nodes;
  std::vector<Attribute> attributes;

  std::string_view view(Span span) const noexcept { return std::string_view(text).substr(span.begin, span.size); }
};

namespace {

bool blank(char c) noexcept { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

bool name_start(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':' ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool name_part(char c) noexcept { return name_start(c) || (c >= '0' && c <= '9') || c == '-' || c == '.'; }

std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

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

// Old files have texts in Latin-1: what is not UTF-8 is taken as that.
std::string as_utf8(std::string text) {
  if (archive::valid_utf8(text)) return text;
  std::string converted;
  for (const char c : text) append_utf8(converted, static_cast<unsigned char>(c));
  return converted;
}

[[noreturn]] void fail_at(std::string_view text, std::size_t position, const std::string& what) {
  const auto line =
      1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(std::min(position, text.size())), '\n');
  // A message quotes from the file, which may hold anything.
  throw FormatError("XML, line " + std::to_string(line) + ": " + as_utf8(what));
}

// The character of an entity such as "amp" or "#x3C"; nullopt when it is none of those allowed.
std::optional<std::uint32_t> entity(std::string_view name) noexcept {
  if (name == "lt") return '<';
  if (name == "gt") return '>';
  if (name == "amp") return '&';
  if (name == "quot") return '"';
  if (name == "apos") return '\'';
  if (name.size() < 2 || name[0] != '#') return std::nullopt;
  const bool hexadecimal = name[1] == 'x';
  const std::string_view digits = name.substr(hexadecimal ? 2 : 1);
  std::uint32_t code = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), code, hexadecimal ? 16 : 10);
  if (error != std::errc() || end != digits.data() + digits.size() || digits.empty()) return std::nullopt;
  const bool control = code < 0x20 && code != '\t' && code != '\n' && code != '\r';
  if (control || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return std::nullopt;
  return code;
}

constexpr std::size_t longest_entity = 10;

// Entities replaced; they were checked when the document was read.
std::string decoded(std::string_view raw) {
  std::string text;
  if (raw.find('&') == std::string_view::npos) {
    text = raw;
  } else {
    text.reserve(raw.size());
    for (std::size_t i = 0; i < raw.size(); ++i) {
      if (raw[i] != '&') {
        text.push_back(raw[i]);
        continue;
      }
      const std::size_t end = raw.find(';', i);
      append_utf8(text, entity(raw.substr(i + 1, end - i - 1)).value_or(0xFFFD));
      i = end;
    }
  }
  return as_utf8(std::move(text));
}

class Parser {
 public:
  explicit Parser(Data& data) : data_(data), text_(data.text) {}

  void run() {
    if (text_.substr(0, 3) == "\xEF\xBB\xBF") position_ = 3;
    while (position_ < text_.size()) {
      if (text_[position_] == '<') {
        markup();
      } else {
        content();
      }
    }
    if (!open_.empty()) fail("ends within <" + std::string(data_.view(data_.nodes[open_.back().node].name)) + ">");
    if (data_.nodes.empty()) fail("no element");
  }

 private:
  struct Open {
    std::uint32_t node;
    std::uint32_t last_child;
  };

  Data& data_;
  std::string_view text_;
  std::size_t position_ = 0;
  std::vector<Open> open_;

  [[noreturn]] void fail(const std::string& what) const { fail_at(text_, position_, what); }
  bool starts(std::string_view prefix) const noexcept { return text_.substr(position_, prefix.size()) == prefix; }
  void skip_blanks() noexcept {
    while (position_ < text_.size() && blank(text_[position_])) ++position_;
  }
  void skip_past(std::string_view end, const char* what) {
    const std::size_t found = text_.find(end, position_);
    if (found == std::string_view::npos) fail(std::string(what) + " does not end");
    position_ = found + end.size();
  }
  static Span span(std::size_t begin, std::size_t end) noexcept {
    return {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end - begin)};
  }

  Span name() {
    const std::size_t begin = position_;
    if (position_ >= text_.size() || !name_start(text_[position_])) fail("a name is expected");
    while (position_ < text_.size() && name_part(text_[position_])) ++position_;
    if (position_ - begin > maximum_name) fail("a name of more than 256 bytes");
    return span(begin, position_);
  }

  // Characters and entities of a text or an attribute value.
  void check(std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      const char c = text_[i];
      if (static_cast<unsigned char>(c) < 0x20 && !blank(c)) {
        position_ = i;
        fail("a control character");
      }
      if (c != '&') continue;
      const std::size_t semicolon = text_.substr(i, std::min(end - i, longest_entity + 2)).find(';');
      if (semicolon == std::string_view::npos || !entity(text_.substr(i + 1, semicolon - 1))) {
        position_ = i;
        fail("an entity other than &lt; &gt; &amp; &quot; &apos; and character numbers");
      }
      i += semicolon;
    }
  }

  void content() {
    const std::size_t begin = position_;
    position_ = std::min(text_.find('<', position_), text_.size());
    const std::size_t end = position_;
    std::size_t first = begin;
    while (first < end && blank(text_[first])) ++first;
    if (first == end) return;
    if (open_.empty()) {
      position_ = first;
      fail("text outside of an element");
    }
    check(first, end);
    Node& node = data_.nodes[open_.back().node];
    if (node.content.size != 0) {
      position_ = first;
      fail("text in two pieces");
    }
    node.content = span(first, end);
  }

  void markup() {
    if (starts("<!--")) {
      position_ += 4;
      skip_past("-->", "a comment");
    } else if (starts("<?")) {
      position_ += 2;
      skip_past("?>", "a processing instruction");
    } else if (starts("<!")) {
      fail("document types and CDATA are not read");
    } else if (starts("</")) {
      position_ += 2;
      close();
    } else {
      ++position_;
      element();
    }
  }

  void close() {
    const std::string_view closing = data_.view(name());
    skip_blanks();
    if (position_ >= text_.size() || text_[position_] != '>') fail("'>' is expected");
    if (open_.empty()) fail("</" + std::string(closing) + "> without a beginning");
    const std::string_view opened = data_.view(data_.nodes[open_.back().node].name);
    if (opened != closing) fail("</" + std::string(closing) + "> closes <" + std::string(opened) + ">");
    ++position_;
    open_.pop_back();
  }

  void element() {
    if (open_.empty() && !data_.nodes.empty()) fail("a second root element");
    if (open_.size() >= maximum_depth) fail("more than 1024 elements inside one another");
    if (data_.nodes.size() >= maximum_elements) fail("more than 16777216 elements");
    const auto index = static_cast<std::uint32_t>(data_.nodes.size());
    if (!open_.empty()) {
      Open& parent = open_.back();
      (parent.last_child == none ? data_.nodes[parent.node].first_child : data_.nodes[parent.last_child].next_sibling) =
          index;
      parent.last_child = index;
    }
    Node node;
    node.name = name();
    node.first_attribute = static_cast<std::uint32_t>(data_.attributes.size());
    bool closed = false;
    while (true) {
      const std::size_t before = position_;
      skip_blanks();
      if (position_ >= text_.size()) fail("ends within a tag");
      if (text_[position_] == '>') {
        ++position_;
        break;
      }
      if (starts("/>")) {
        position_ += 2;
        closed = true;
        break;
      }
      if (position_ == before) fail("a blank is expected before an attribute");
      attribute();
      if (++node.attribute_count > maximum_attributes) fail("more than 100000 attributes");
    }
    check_unique(node);
    data_.nodes.push_back(node);
    if (!closed) open_.push_back({index, none});
  }

  void attribute() {
    Attribute attribute;
    attribute.name = name();
    skip_blanks();
    if (position_ >= text_.size() || text_[position_] != '=') fail("'=' is expected after the name of an attribute");
    ++position_;
    skip_blanks();
    const char quote = position_ < text_.size() ? text_[position_] : '\0';
    if (quote != '"' && quote != '\'') fail("the value of an attribute must be in quotes");
    const std::size_t begin = ++position_;
    const std::size_t end = text_.find(quote, begin);
    if (end == std::string_view::npos) fail("the value of an attribute does not end");
    if (const std::size_t bracket = text_.substr(begin, end - begin).find('<'); bracket != std::string_view::npos) {
      position_ = begin + bracket;
      fail("'<' within the value of an attribute");
    }
    check(begin, end);
    attribute.value = span(begin, end);
    position_ = end + 1;
    data_.attributes.push_back(attribute);
  }

  void check_unique(const Node& node) {
    const auto begin = data_.attributes.begin() + node.first_attribute;
    const auto same = [&](const Attribute& a, const Attribute& b) { return data_.view(a.name) == data_.view(b.name); };
    bool twice = false;
    if (node.attribute_count <= 16) {
      for (std::uint32_t i = 1; i < node.attribute_count; ++i) {
        for (std::uint32_t j = 0; j < i; ++j) twice = twice || same(begin[i], begin[j]);
      }
    } else {
      std::vector<std::string_view> names;
      for (auto it = begin; it != data_.attributes.end(); ++it) names.push_back(data_.view(it->name));
      std::sort(names.begin(), names.end());
      twice = std::adjacent_find(names.begin(), names.end()) != names.end();
    }
    if (twice) fail("<" + std::string(data_.view(node.name)) + "> has an attribute twice");
  }
};

}  // namespace

std::optional<double> to_number(std::string_view text) noexcept {
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  if (text.empty() || text.front() == '+') return std::nullopt;
  double value = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size()) return std::nullopt;
  if (error == std::errc::result_out_of_range) {
    // Too small is 0, too large infinite, as strtod has it. The exponent's sign tells which.
    const std::size_t exponent = text.find_first_of("eE");
    const bool small = exponent != std::string_view::npos ? text.substr(exponent + 1, 1) == "-"
                                                          : text.find('.') != std::string_view::npos;
    const double magnitude = small ? 0.0 : std::numeric_limits<double>::infinity();
    return text.front() == '-' ? -magnitude : magnitude;
  }
  if (error != std::errc()) return std::nullopt;
  return value;
}

std::string to_text(double value) {
  char buffer[40];
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof(buffer), value);
  return error == std::errc() ? std::string(buffer, end) : "nan";
}

// ---- Element

void Element::fail(const std::string& what) const {
  fail_at(data_->text, data_->nodes[index_].name.begin, "<" + std::string(name()) + "> " + what);
}

std::string_view Element::name() const noexcept { return data_->view(data_->nodes[index_].name); }
std::size_t Element::attribute_count() const noexcept { return data_->nodes[index_].attribute_count; }
std::pair<std::string_view, std::string_view> Element::attribute(std::size_t i) const noexcept {
  const Attribute& one = data_->attributes[data_->nodes[index_].first_attribute + i];
  return {data_->view(one.name), data_->view(one.value)};
}

std::optional<std::string_view> Element::raw(std::string_view attribute_name) const noexcept {
  for (std::size_t i = 0; i < attribute_count(); ++i) {
    const auto [key, value] = attribute(i);
    if (key == attribute_name) return value;
  }
  return std::nullopt;
}

bool Element::has(std::string_view attribute_name) const noexcept { return raw(attribute_name).has_value(); }

std::string Element::text(std::string_view attribute_name) const {
  const auto value = raw(attribute_name);
  if (!value) fail("has no attribute " + std::string(attribute_name));
  return decoded(*value);
}

std::string Element::text_or(std::string_view attribute_name, const char* fallback) const {
  const auto value = raw(attribute_name);
  return value ? decoded(*value) : std::string(fallback);
}

double Element::number(std::string_view attribute_name) const {
  const auto value = raw(attribute_name);
  if (!value) fail("has no attribute " + std::string(attribute_name));
  const auto result = to_number(trimmed(*value));
  if (!result) fail(std::string(attribute_name) + "=\"" + std::string(value->substr(0, 40)) + "\" is not a number");
  return *result;
}

std::int64_t Element::integer(std::string_view attribute_name, std::int64_t minimum, std::int64_t maximum) const {
  const double value = number(attribute_name);
  // Every whole number up to 2^53 is exact, and no limit here is larger.
  if (!(value >= static_cast<double>(minimum) && value <= static_cast<double>(maximum)) || value != std::floor(value)) {
    fail(std::string(attribute_name) + " is " + to_text(value) + ", expected a whole number from " +
         std::to_string(minimum) + " to " + std::to_string(maximum));
  }
  return static_cast<std::int64_t>(value);
}

std::string Element::content() const { return decoded(trimmed(data_->view(data_->nodes[index_].content))); }

std::vector<double> Element::numbers(std::size_t expected) const {
  std::string_view rest = trimmed(data_->view(data_->nodes[index_].content));
  // A number and its blank take two characters at least: a claim beyond the text allocates nothing.
  if (expected > (rest.size() + 1) / 2) fail("has fewer numbers than the " + std::to_string(expected) + " expected");
  std::vector<double> values;
  values.reserve(expected);
  while (!rest.empty()) {
    std::size_t size = 0;
    while (size < rest.size() && !blank(rest[size])) ++size;
    const auto value = to_number(rest.substr(0, size));
    if (!value)
      fail("contains '" + std::string(rest.substr(0, std::min<std::size_t>(size, 40))) + "', which is not a number");
    if (values.size() == expected) fail("has more numbers than the " + std::to_string(expected) + " expected");
    values.push_back(*value);
    rest = trimmed(rest.substr(size));
  }
  if (values.size() != expected) {
    fail("has " + std::to_string(values.size()) + " numbers, expected " + std::to_string(expected));
  }
  return values;
}

std::optional<Element> Element::first() const noexcept {
  const std::uint32_t index = data_->nodes[index_].first_child;
  if (index == none) return std::nullopt;
  return Element(data_, index);
}
std::optional<Element> Element::next() const noexcept {
  const std::uint32_t index = data_->nodes[index_].next_sibling;
  if (index == none) return std::nullopt;
  return Element(data_, index);
}
std::optional<Element> Element::find(std::string_view child_name) const noexcept {
  for (auto one = first(); one; one = one->next()) {
    if (one->name() == child_name) return one;
  }
  return std::nullopt;
}
Element Element::child(std::string_view child_name) const {
  const auto found = find(child_name);
  if (!found) fail("has no <" + std::string(child_name) + ">");
  return *found;
}
std::vector<Element> Element::children() const {
  std::vector<Element> result;
  for (auto one = first(); one; one = one->next()) result.push_back(*one);
  return result;
}
std::vector<Element> Element::children(std::string_view child_name) const {
  std::vector<Element> result;
  for (auto one = first(); one; one = one->next()) {
    if (one->name() == child_name) result.push_back(*one);
  }
  return result;
}

// ---- Document

Document::Document(std::string text) : data_(std::make_unique<Data>()) {
  if (text.size() > maximum_size)
    throw FormatError("XML of " + std::to_string(text.size()) + " bytes, at most 536870912 are read");
  data_->text = std::move(text);
  Parser(*data_).run();
}
Document::~Document() = default;
Element Document::root() const noexcept { return Element(data_.get(), 0); }

// ---- Writer

namespace {

void append_escaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    switch (c) {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&apos;";
        break;
      case '\t':
        out += "&#9;";
        break;
      case '\n':
        out += "&#10;";
        break;
      case '\r':
        out += "&#13;";
        break;
      default:
        // What XML cannot hold at all.
        out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
  }
}

}  // namespace

Writer::Writer() : text_("<?xml version=\"1.0\"?>\n") {}

void Writer::end_tag() {
  if (in_tag_) text_ += ">";
  in_tag_ = false;
}

void Writer::open(std::string_view name) {
  if (in_tag_) {
    end_tag();
    text_ += '\n';
  }
  text_.append(2 * open_.size(), ' ');
  text_ += '<';
  text_ += name;
  open_.emplace_back(name);
  in_tag_ = true;
  has_content_ = false;
}

void Writer::attribute(std::string_view name, std::string_view value) {
  text_ += ' ';
  text_ += name;
  text_ += "=\"";
  append_escaped(text_, value);
  text_ += '"';
}
void Writer::attribute(std::string_view name, double value) { attribute(name, std::string_view(to_text(value))); }
void Writer::attribute(std::string_view name, std::int64_t value) {
  attribute(name, std::string_view(std::to_string(value)));
}

void Writer::content(std::string_view text) {
  end_tag();
  append_escaped(text_, text);
  has_content_ = true;
}

void Writer::content(const std::vector<double>& numbers) {
  end_tag();
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (i > 0) text_ += ' ';
    text_ += to_text(numbers[i]);
  }
  has_content_ = true;
}

void Writer::close() {
  const std::string name = std::move(open_.back());
  open_.pop_back();
  if (in_tag_) {
    text_ += "/>\n";
    in_tag_ = false;
  } else {
    if (!has_content_) text_.append(2 * open_.size(), ' ');
    text_ += "</" + name + ">\n";
  }
  has_content_ = false;
}

}  // namespace diskern::model::xml

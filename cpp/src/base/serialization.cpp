#include "base/serialization.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include "diskern/error.hpp"

namespace diskern::archive {

namespace {

// A first byte outside ASCII tells the file from text, as in PNG.
constexpr std::array<std::uint8_t, 8> magic = {0x89, 'D', 'I', 'S', 'K', 'E', 'R', 'N'};
constexpr std::size_t header_size = 28;  // magic, version, number of sections, total size, checksum

constexpr std::array<std::array<std::uint32_t, 256>, 8> crc_tables() {
  std::array<std::array<std::uint32_t, 256>, 8> tables{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1U) != 0U ? 0xEDB88320U : 0U);
    tables[0][i] = value;
  }
  for (std::size_t t = 1; t < 8; ++t) {
    for (std::size_t i = 0; i < 256; ++i) tables[t][i] = (tables[t - 1][i] >> 8) ^ tables[0][tables[t - 1][i] & 0xFFU];
  }
  return tables;
}

bool valid_name(std::string_view name) noexcept {
  if (name.empty() || name.size() > maximum_key) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

template <class T>
T byte_order(T value) noexcept {
  if constexpr (std::endian::native == std::endian::big && sizeof(T) > 1) {
    auto bytes = std::bit_cast<std::array<std::uint8_t, sizeof(T)>>(value);
    std::reverse(bytes.begin(), bytes.end());
    return std::bit_cast<T>(bytes);
  } else {
    return value;
  }
}

template <class T>
constexpr bool is_numbers = false;
template <class T>
constexpr bool is_numbers<std::vector<T>> = std::is_arithmetic_v<T>;

// ---- writing

class Writer {
 public:
  std::vector<std::uint8_t> bytes;

  template <class T>
  void number(T value) {
    value = byte_order(value);
    raw(&value, sizeof(T));
  }
  template <class T>
  void number_at(std::size_t position, T value) {
    value = byte_order(value);
    std::memcpy(bytes.data() + position, &value, sizeof(T));
  }
  void raw(const void* data, std::size_t size) {
    const std::size_t old_size = bytes.size();
    bytes.resize(old_size + size);
    std::memcpy(bytes.data() + old_size, data, size);
  }
  void name(const std::string& text) {
    if (!valid_name(text)) throw std::logic_error("'" + text + "' cannot be a key of a model file");
    number(static_cast<std::uint8_t>(text.size()));
    raw(text.data(), text.size());
  }

  void group(const Group& group, std::size_t depth) {
    if (depth > maximum_depth) throw std::length_error("model file: more than 16 groups inside one another");
    if (++groups_ > maximum_groups) throw std::length_error("model file: more than 1048576 groups");
    if (group.entries().size() > maximum_entries)
      throw std::length_error("model file: more than 256 entries in " + group.path());
    number(static_cast<std::uint32_t>(group.entries().size()));
    for (const auto& [key, value] : group.entries()) {
      name(key);
      number(static_cast<std::uint8_t>(value.index()));
      std::visit([&](const auto& content) { write(content, depth); }, value);
    }
  }

 private:
  std::size_t groups_ = 0;

  void write(bool value, std::size_t) { number(static_cast<std::uint8_t>(value ? 1 : 0)); }
  void write(std::int64_t value, std::size_t) { number(value); }
  void write(double value, std::size_t) { number(value); }
  void write(const std::string& text, std::size_t) {
    if (text.size() > maximum_text) throw std::length_error("model file: a text of more than 16 MiB");
    // A text that is not UTF-8 would make a file that cannot be read.
    if (!valid_utf8(text)) throw InvalidArgument("a text of the model is not UTF-8: '" + text.substr(0, 100) + "'");
    number(static_cast<std::uint32_t>(text.size()));
    if (!text.empty()) raw(text.data(), text.size());
  }
  template <class T, std::enable_if_t<is_numbers<std::vector<T>>, int> = 0>
  void write(const std::vector<T>& values, std::size_t) {
    number(static_cast<std::uint64_t>(values.size()));
    if constexpr (std::endian::native == std::endian::little) {
      if (!values.empty()) raw(values.data(), values.size() * sizeof(T));
    } else {
      for (const T value : values) number(value);
    }
  }
  void write(const std::vector<std::string>& texts, std::size_t depth) {
    number(static_cast<std::uint64_t>(texts.size()));
    for (const std::string& text : texts) write(text, depth);
  }
  void write(const GroupPointer& child, std::size_t depth) {
    if (child == nullptr) throw std::logic_error("an empty group cannot be written");
    group(*child, depth + 1);
  }
  void write(const std::vector<GroupPointer>& children, std::size_t depth) {
    number(static_cast<std::uint64_t>(children.size()));
    for (const GroupPointer& child : children) write(child, depth);
  }
};

// ---- reading

class Reader {
 public:
  Reader(const std::uint8_t* data, std::size_t size, std::size_t* groups)
      : data_(data), remaining_(size), groups_(groups) {}

  std::size_t remaining() const noexcept { return remaining_; }

  template <class T>
  T number(const char* what) {
    need(sizeof(T), what);
    T value;
    std::memcpy(&value, data_, sizeof(T));
    skip(sizeof(T));
    return byte_order(value);
  }
  void need(std::size_t size, const char* what) const {
    if (size > remaining_) {
      throw FormatError("model file: ends within " + std::string(what) + " (" + std::to_string(size) +
                        " bytes wanted, " + std::to_string(remaining_) + " left)");
    }
  }
  const std::uint8_t* position() const noexcept { return data_; }
  void skip(std::size_t size) noexcept {
    data_ += size;
    remaining_ -= size;
  }
  std::string name(const char* what) {
    const std::size_t size = number<std::uint8_t>(what);
    need(size, what);
    std::string text(reinterpret_cast<const char*>(data_), size);
    if (!valid_name(text))
      throw FormatError("model file: " + std::string(what) + " is not made of letters, digits and _");
    skip(size);
    return text;
  }

  void group(Group& group, std::size_t depth) {
    if (depth > maximum_depth) throw FormatError("model file: more than 16 groups inside one another");
    if (++*groups_ > maximum_groups) throw FormatError("model file: more than 1048576 groups");
    const std::size_t count = number<std::uint32_t>("a group");
    if (count > maximum_entries) {
      throw FormatError("model file: '" + group.path() + "' has " + std::to_string(count) +
                        " entries, at most 256 are allowed");
    }
    for (std::size_t i = 0; i < count; ++i) {
      const std::string key = name("a key");
      if (group.contains(key)) throw FormatError("model file: '" + group.path() + "/" + key + "' comes twice");
      value(group, key, number<std::uint8_t>("a type"), depth);
    }
  }

 private:
  const std::uint8_t* data_;
  std::size_t remaining_;
  std::size_t* groups_;  // read so far in the whole file

  // The number of elements that follow, each at least element_size bytes: checked against what is left of the file.
  std::size_t count(std::size_t element_size, const Group& group, const std::string& key) {
    const std::uint64_t value = number<std::uint64_t>("a count");
    if (value > maximum_elements || value > remaining_ / element_size) {
      throw FormatError("model file: '" + group.path() + "/" + key + "' claims " + std::to_string(value) +
                        " elements, but only " + std::to_string(remaining_) + " bytes follow");
    }
    return static_cast<std::size_t>(value);
  }
  std::string text(const Group& group, const std::string& key) {
    const std::size_t size = number<std::uint32_t>("the length of a text");
    if (size > maximum_text)
      throw FormatError("model file: '" + group.path() + "/" + key + "' is a text of more than 16 MiB");
    need(size, "a text");
    std::string result(reinterpret_cast<const char*>(data_), size);
    if (!valid_utf8(result)) throw FormatError("model file: '" + group.path() + "/" + key + "' is not UTF-8");
    skip(size);
    return result;
  }
  template <class T>
  void numbers(Group& group, const std::string& key) {
    std::vector<T> values(count(sizeof(T), group, key));
    if (!values.empty()) std::memcpy(values.data(), data_, values.size() * sizeof(T));
    skip(values.size() * sizeof(T));
    if constexpr (std::endian::native == std::endian::big) {
      for (T& one : values) one = byte_order(one);
    }
    group.set(key, std::move(values));
  }

  void value(Group& group, const std::string& key, std::uint8_t type, std::size_t depth) {
    switch (type) {
      case 0: {
        const auto flag = number<std::uint8_t>("a boolean");
        if (flag > 1) throw FormatError("model file: '" + group.path() + "/" + key + "' is neither false nor true");
        group.set(key, flag == 1);
        return;
      }
      case 1:
        group.set(key, number<std::int64_t>("an integer"));
        return;
      case 2:
        group.set(key, number<double>("a real"));
        return;
      case 3:
        group.set(key, text(group, key));
        return;
      case 4:
        numbers<std::uint8_t>(group, key);
        return;
      case 5:
        numbers<std::int32_t>(group, key);
        return;
      case 6:
        numbers<std::int64_t>(group, key);
        return;
      case 7:
        numbers<float>(group, key);
        return;
      case 8:
        numbers<double>(group, key);
        return;
      case 9: {
        std::vector<std::string> texts;
        const std::size_t size = count(sizeof(std::uint32_t), group, key);
        texts.reserve(std::min<std::size_t>(size, 4096));  // a text takes more memory than its 4 bytes here
        for (std::size_t i = 0; i < size; ++i) texts.push_back(text(group, key));
        group.set(key, std::move(texts));
        return;
      }
      case 10:
        this->group(group.group(key), depth + 1);
        return;
      case 11: {
        const std::size_t size = count(sizeof(std::uint32_t), group, key);
        if (size > maximum_groups) throw FormatError("model file: more than 1048576 groups");
        if (size == 0) group.set(key, std::vector<GroupPointer>{});
        for (std::size_t i = 0; i < size; ++i) this->group(group.append(key), depth + 1);
        return;
      }
      default:
        throw FormatError("model file: '" + group.path() + "/" + key + "' is of unknown type " + std::to_string(type));
    }
  }
};

}  // namespace

std::uint32_t crc32(const std::uint8_t* data, std::size_t size, std::uint32_t checksum) noexcept {
  static constexpr auto tables = crc_tables();
  std::uint32_t value = ~checksum;
  for (; size >= 8; size -= 8, data += 8) {  // eight bytes a step
    value ^= static_cast<std::uint32_t>(data[0]) | static_cast<std::uint32_t>(data[1]) << 8 |
             static_cast<std::uint32_t>(data[2]) << 16 | static_cast<std::uint32_t>(data[3]) << 24;
    value = tables[7][value & 0xFFU] ^ tables[6][(value >> 8) & 0xFFU] ^ tables[5][(value >> 16) & 0xFFU] ^
            tables[4][value >> 24] ^ tables[3][data[4]] ^ tables[2][data[5]] ^ tables[1][data[6]] ^ tables[0][data[7]];
  }
  for (; size > 0; --size, ++data) value = (value >> 8) ^ tables[0][(value ^ *data) & 0xFFU];
  return ~value;
}

bool valid_utf8(std::string_view text) noexcept {
  std::size_t i = 0;
  while (i < text.size()) {
    const auto first = static_cast<unsigned char>(text[i]);
    if (first < 0x80) {
      ++i;
      continue;
    }
    const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || text.size() - i < length) return false;
    std::uint32_t code = first & (0x7FU >> length);
    for (std::size_t k = 1; k < length; ++k) {
      const auto next = static_cast<unsigned char>(text[i + k]);
      if ((next & 0xC0U) != 0x80U) return false;
      code = code << 6 | (next & 0x3FU);
    }
    const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
    if (overlong || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return false;
    i += length;
  }
  return true;
}

bool has_magic(const std::uint8_t* data, std::size_t size) noexcept {
  return size >= magic.size() && std::equal(magic.begin(), magic.end(), data);
}

std::vector<std::uint8_t> encode(const std::vector<Section>& sections) {
  if (sections.size() > maximum_sections) throw std::length_error("model file: more than 64 sections");
  Writer writer;
  writer.raw(magic.data(), magic.size());
  writer.number(format_version);
  writer.number(static_cast<std::uint32_t>(sections.size()));
  writer.number(std::uint64_t{0});  // total size and checksum: filled in below
  writer.number(std::uint32_t{0});
  for (const Section& section : sections) {
    if (section.content == nullptr) throw std::logic_error("an empty section cannot be written");
    const std::size_t begin = writer.bytes.size();
    writer.name(section.name);
    writer.number(static_cast<std::uint8_t>(section.mandatory ? 1 : 0));
    const std::size_t length_position = writer.bytes.size();
    writer.number(std::uint64_t{0});
    const std::size_t content = writer.bytes.size();
    writer.group(*section.content, 1);
    writer.number_at(length_position, static_cast<std::uint64_t>(writer.bytes.size() - content));
    writer.number(crc32(writer.bytes.data() + begin, writer.bytes.size() - begin));
  }
  writer.number_at(16, static_cast<std::uint64_t>(writer.bytes.size()));
  writer.number_at(24, crc32(writer.bytes.data(), 24));
  return std::move(writer.bytes);
}

std::vector<Section> decode(const std::uint8_t* data, std::size_t size, const std::vector<std::string>& known_names,
                            const DecodeOptions& options) {
  if (!has_magic(data, size))
    throw FormatError("not a diskern model file: it does not begin with the bytes 89 'DISKERN'");
  std::size_t groups = 0;
  Reader reader(data, size, &groups);
  reader.need(header_size, "the header");
  reader.skip(magic.size());
  const auto version = reader.number<std::uint32_t>("the header");
  const auto section_count = reader.number<std::uint32_t>("the header");
  const auto total = reader.number<std::uint64_t>("the header");
  const auto header_checksum = reader.number<std::uint32_t>("the header");
  // The version comes first: a later one may lay out even the header's end otherwise.
  if (version == 0 || version > format_version) {
    throw FormatError("model file: format version " + std::to_string(version) + ", this library reads up to " +
                      std::to_string(format_version) + "; a newer diskern is needed");
  }
  if (options.verify_checksums && header_checksum != crc32(data, 24)) {
    throw FormatError("model file: the checksum of the header is wrong, the file is damaged");
  }
  if (total != size) {
    throw FormatError("model file: " + std::to_string(size) + " bytes, but it says that it has " +
                      std::to_string(total) + " (cut off or something appended)");
  }
  if (section_count > maximum_sections) throw FormatError("model file: more than 64 sections");

  std::vector<Section> sections;
  std::vector<std::string> names;
  for (std::uint32_t i = 0; i < section_count; ++i) {
    const std::uint8_t* begin = reader.position();
    Section section;
    section.name = reader.name("the name of a section");
    const auto flags = reader.number<std::uint8_t>("a section");
    if (flags > 1)
      throw FormatError("model file: section '" + section.name + "' has unknown flags " + std::to_string(flags));
    section.mandatory = flags == 1;
    const auto length = reader.number<std::uint64_t>("a section");
    if (length > reader.remaining()) {
      throw FormatError("model file: section '" + section.name + "' claims " + std::to_string(length) + " bytes, " +
                        std::to_string(reader.remaining()) + " are left");
    }
    Reader content(reader.position(), static_cast<std::size_t>(length), &groups);
    reader.skip(static_cast<std::size_t>(length));
    const std::uint8_t* end = reader.position();
    const auto checksum = reader.number<std::uint32_t>("the checksum of a section");
    if (options.verify_checksums && checksum != crc32(begin, static_cast<std::size_t>(end - begin))) {
      throw FormatError("model file: the checksum of section '" + section.name + "' is wrong, the file is damaged");
    }
    if (std::find(names.begin(), names.end(), section.name) != names.end()) {
      throw FormatError("model file: section '" + section.name + "' comes twice");
    }
    names.push_back(section.name);
    if (std::find(known_names.begin(), known_names.end(), section.name) == known_names.end()) {
      if (section.mandatory) {
        throw FormatError("model file: section '" + section.name +
                          "' is not known to this library; a newer diskern is needed");
      }
      continue;
    }
    section.content = std::make_shared<Group>(section.name);
    content.group(*section.content, 1);
    if (content.remaining() != 0) {
      throw FormatError("model file: " + std::to_string(content.remaining()) + " bytes too many in section '" +
                        section.name + "'");
    }
    sections.push_back(std::move(section));
  }
  if (reader.remaining() != 0) {
    throw FormatError("model file: " + std::to_string(reader.remaining()) + " bytes after the last section");
  }
  return sections;
}

}  // namespace diskern::archive

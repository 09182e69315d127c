#pragma once
// The content of a model file: a tree of named, typed values. Methods write themselves into a Group and read
// themselves back with getters that validate; serialization.hpp turns a Group into bytes and back.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace diskern::archive {

class Group;
using GroupPointer = std::shared_ptr<Group>;

using Value = std::variant<bool, std::int64_t, double, std::string, std::vector<std::uint8_t>, std::vector<std::int32_t>,
                           std::vector<std::int64_t>, std::vector<float>, std::vector<double>, std::vector<std::string>,
                           GroupPointer, std::vector<GroupPointer>>;

constexpr std::size_t any_size = std::numeric_limits<std::size_t>::max();

class Group {
 public:
  explicit Group(std::string path = "") : path_(std::move(path)) {}

  // Setting a key twice is a programming error (std::logic_error).
  void set(std::string_view key, Value value);
  Group& group(std::string_view key);                            // a new, empty child
  Group& append(std::string_view key);                           // one more element of a list of children

  bool contains(std::string_view key) const noexcept;
  const std::vector<std::pair<std::string, Value>>& entries() const noexcept { return entries_; }
  const std::string& path() const noexcept { return path_; }

  // Getters throw FormatError that names path and key when the value is absent, of another type, or out of range.
  bool boolean(std::string_view key) const;
  std::int64_t integer(std::string_view key, std::int64_t minimum = std::numeric_limits<std::int64_t>::min(),
                       std::int64_t maximum = std::numeric_limits<std::int64_t>::max()) const;
  std::size_t count(std::string_view key, std::size_t maximum) const;  // a non-negative integer up to maximum
  double real(std::string_view key) const;                             // any double, NaN included
  double finite_real(std::string_view key) const;
  const std::string& text(std::string_view key) const;
  const std::vector<std::uint8_t>& bytes(std::string_view key, std::size_t size = any_size) const;
  const std::vector<std::int32_t>& integers32(std::string_view key, std::size_t size = any_size) const;
  const std::vector<std::int64_t>& integers64(std::string_view key, std::size_t size = any_size) const;
  const std::vector<float>& floats(std::string_view key, std::size_t size = any_size) const;
  const std::vector<double>& doubles(std::string_view key, std::size_t size = any_size) const;
  const std::vector<std::string>& texts(std::string_view key, std::size_t size = any_size) const;
  const Group& child(std::string_view key) const;
  std::vector<const Group*> children(std::string_view key) const;  // empty list when absent

 private:
  const Value* find(std::string_view key) const noexcept;
  const Value& at(std::string_view key) const;
  template <class T>
  const T& typed(std::string_view key, const char* expected) const;
  template <class T>
  const T& sized(std::string_view key, const char* expected, std::size_t size) const;

  std::string path_;
  std::vector<std::pair<std::string, Value>> entries_;
};

// Number of bytes that a reader accepts at most for the counts in a Group; larger is a FormatError before allocation.
constexpr std::size_t maximum_elements = std::size_t{1} << 31;

}  // namespace diskern::archive

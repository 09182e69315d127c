#include "base/archive.hpp"

#include <cmath>
#include <stdexcept>

#include "diskern/error.hpp"

namespace diskern::archive {

namespace {

std::string where(const std::string& path, std::string_view key) { return "'" + path + "/" + std::string(key) + "'"; }

const char* type_name(const Value& value) {
  static constexpr const char* names[] = {"boolean",  "integer", "real",    "text",    "bytes", "32-bit integers", "64-bit integers",
                                          "floats", "doubles", "texts", "group", "list of groups"};
  return names[value.index()];
}

}  // namespace

const Value* Group::find(std::string_view key) const noexcept {
  for (const auto& entry : entries_) {
    if (entry.first == key) return &entry.second;
  }
  return nullptr;
}

const Value& Group::at(std::string_view key) const {
  const Value* value = find(key);
  if (value == nullptr) throw FormatError("model file: " + where(path_, key) + " is missing");
  return *value;
}

template <class T>
const T& Group::typed(std::string_view key, const char* expected) const {
  const Value& value = at(key);
  const T* typed_value = std::get_if<T>(&value);
  if (typed_value == nullptr) {
    throw FormatError("model file: " + where(path_, key) + " is of type " + type_name(value) + ", expected " + expected);
  }
  return *typed_value;
}

template <class T>
const T& Group::sized(std::string_view key, const char* expected, std::size_t size) const {
  const T& value = typed<T>(key, expected);
  if (size != any_size && value.size() != size) {
    throw FormatError("model file: " + where(path_, key) + " has " + std::to_string(value.size()) + " elements, expected " +
                      std::to_string(size));
  }
  return value;
}

void Group::set(std::string_view key, Value value) {
  if (contains(key)) throw std::logic_error("archive key set twice: " + where(path_, key));
  entries_.emplace_back(std::string(key), std::move(value));
}

Group& Group::group(std::string_view key) {
  auto child = std::make_shared<Group>(path_ + "/" + std::string(key));
  Group& reference = *child;
  set(key, std::move(child));
  return reference;
}

Group& Group::append(std::string_view key) {
  if (!contains(key)) set(key, std::vector<GroupPointer>{});
  for (auto& entry : entries_) {
    if (entry.first != key) continue;
    auto* list = std::get_if<std::vector<GroupPointer>>(&entry.second);
    if (list == nullptr) throw std::logic_error("archive key is no list: " + where(path_, key));
    list->push_back(std::make_shared<Group>(path_ + "/" + std::string(key) + "[" + std::to_string(list->size()) + "]"));
    return *list->back();
  }
  throw std::logic_error("unreachable");
}

bool Group::contains(std::string_view key) const noexcept { return find(key) != nullptr; }

bool Group::boolean(std::string_view key) const { return typed<bool>(key, "boolean"); }

std::int64_t Group::integer(std::string_view key, std::int64_t minimum, std::int64_t maximum) const {
  const std::int64_t value = typed<std::int64_t>(key, "integer");
  if (value < minimum || value > maximum) {
    throw FormatError("model file: " + where(path_, key) + " is " + std::to_string(value) + ", expected " +
                      std::to_string(minimum) + " to " + std::to_string(maximum));
  }
  return value;
}

std::size_t Group::count(std::string_view key, std::size_t maximum) const {
  return static_cast<std::size_t>(integer(key, 0, static_cast<std::int64_t>(maximum)));
}

double Group::real(std::string_view key) const { return typed<double>(key, "real"); }

double Group::finite_real(std::string_view key) const {
  const double value = real(key);
  if (!std::isfinite(value)) throw FormatError("model file: " + where(path_, key) + " is not finite");
  return value;
}

const std::string& Group::text(std::string_view key) const { return typed<std::string>(key, "text"); }
const std::vector<std::uint8_t>& Group::bytes(std::string_view key, std::size_t size) const {
  return sized<std::vector<std::uint8_t>>(key, "bytes", size);
}
const std::vector<std::int32_t>& Group::integers32(std::string_view key, std::size_t size) const {
  return sized<std::vector<std::int32_t>>(key, "32-bit integers", size);
}
const std::vector<std::int64_t>& Group::integers64(std::string_view key, std::size_t size) const {
  return sized<std::vector<std::int64_t>>(key, "64-bit integers", size);
}
const std::vector<float>& Group::floats(std::string_view key, std::size_t size) const {
  return sized<std::vector<float>>(key, "floats", size);
}
const std::vector<double>& Group::doubles(std::string_view key, std::size_t size) const {
  return sized<std::vector<double>>(key, "doubles", size);
}
const std::vector<std::string>& Group::texts(std::string_view key, std::size_t size) const {
  return sized<std::vector<std::string>>(key, "texts", size);
}
const Group& Group::child(std::string_view key) const {
  const GroupPointer& pointer = typed<GroupPointer>(key, "group");
  if (pointer == nullptr) throw FormatError("model file: " + where(path_, key) + " is empty");
  return *pointer;
}
std::vector<const Group*> Group::children(std::string_view key) const {
  std::vector<const Group*> result;
  if (!contains(key)) return result;
  for (const GroupPointer& pointer : typed<std::vector<GroupPointer>>(key, "list of groups")) {
    if (pointer == nullptr) throw FormatError("model file: " + where(path_, key) + " has an empty element");
    result.push_back(pointer.get());
  }
  return result;
}

}  // namespace diskern::archive

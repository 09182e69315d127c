#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <stdexcept>

#include "base/serialization.hpp"
#include "check.hpp"
#include "diskern/error.hpp"

using diskern::FormatError;
using diskern::archive::crc32;
using diskern::archive::decode;
using diskern::archive::encode;
using diskern::archive::Group;
using diskern::archive::GroupPointer;
using diskern::archive::Section;
using Bytes = std::vector<std::uint8_t>;

namespace {

std::vector<Section> example() {
  auto first = std::make_shared<Group>("first");
  first->set("flag", true);
  first->set("integer", std::int64_t{-42});
  first->set("real", -0.0);
  first->set("text", std::string("\xC3\xA9nergie \xE2\x88\x9A"));
  first->set("bytes", Bytes{1, 2, 255});
  first->set("i32", std::vector<std::int32_t>{-1, 2147483647});
  first->set("i64", std::vector<std::int64_t>{std::numeric_limits<std::int64_t>::min()});
  first->set("floats", std::vector<float>{1.5F, std::numeric_limits<float>::infinity()});
  first->set("doubles", std::vector<double>{std::nan("7"), 0.1});
  first->set("texts", std::vector<std::string>{"", "a"});
  first->group("inner").group("deeper").set("empty", std::vector<double>{});
  first->append("list").set("i", std::int64_t{0});
  first->append("list").set("i", std::int64_t{1});
  first->set("no_elements", std::vector<GroupPointer>{});
  auto second = std::make_shared<Group>("second");
  return {{"first", true, first}, {"second", false, second}};
}

Bytes fixed(Bytes bytes) {  // the header's checksum made right again
  const std::uint32_t checksum = crc32(bytes.data(), 24);
  std::memcpy(bytes.data() + 24, &checksum, 4);
  return bytes;
}

}  // namespace

TEST(checksum_is_the_published_one) {
  const char* digits = "123456789";
  CHECK_EQUAL(crc32(reinterpret_cast<const std::uint8_t*>(digits), 9), 0xCBF43926U);
  const std::uint32_t part = crc32(reinterpret_cast<const std::uint8_t*>(digits), 4);
  CHECK_EQUAL(crc32(reinterpret_cast<const std::uint8_t*>(digits) + 4, 5, part), 0xCBF43926U);
  Bytes zeros(32, 0);
  CHECK_EQUAL(crc32(zeros.data(), 32), 0x190A55ADU);
}

TEST(everything_comes_back) {
  const Bytes bytes = encode(example());
  const auto sections = decode(bytes.data(), bytes.size(), {"first", "second"});
  CHECK_EQUAL(sections.size(), std::size_t{2});
  const Group& first = *sections[0].content;
  CHECK(first.boolean("flag"));
  CHECK_EQUAL(first.integer("integer"), -42);
  CHECK(std::signbit(first.real("real")));
  CHECK_EQUAL(first.text("text"), std::string("\xC3\xA9nergie \xE2\x88\x9A"));
  CHECK_EQUAL(first.bytes("bytes")[2], 255);
  CHECK_EQUAL(first.integers32("i32")[1], 2147483647);
  CHECK_EQUAL(first.integers64("i64")[0], std::numeric_limits<std::int64_t>::min());
  CHECK(std::isinf(first.floats("floats")[1]));
  CHECK(std::isnan(first.doubles("doubles")[0]));
  CHECK_EQUAL(first.texts("texts")[1], std::string("a"));
  CHECK(first.child("inner").child("deeper").doubles("empty").empty());
  CHECK_EQUAL(first.children("list")[1]->integer("i"), 1);
  CHECK(first.contains("no_elements"));
  CHECK(!sections[1].mandatory);
  CHECK(bytes == encode(sections));  // NaN payload included
}

TEST(every_truncation_and_every_changed_byte_is_refused) {
  const Bytes bytes = encode(example());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CHECK_THROWS(decode(bytes.data(), size, {"first", "second"}), FormatError);
  }
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (const int bit : {0, 3, 7}) {
      Bytes changed = bytes;
      changed[i] = static_cast<std::uint8_t>(changed[i] ^ (1U << bit));
      CHECK_THROWS(decode(changed.data(), changed.size(), {"first", "second"}), FormatError);
    }
  }
  Bytes longer = bytes;
  longer.push_back(0);
  CHECK_THROWS(decode(longer.data(), longer.size(), {"first", "second"}), FormatError);
  longer[16] = static_cast<std::uint8_t>(longer[16] + 1);  // the size agrees, the byte is still too many
  longer = fixed(longer);
  CHECK_THROWS(decode(longer.data(), longer.size(), {"first", "second"}), FormatError);
}

TEST(unknown_sections) {
  const Bytes bytes = encode(example());
  CHECK_EQUAL(decode(bytes.data(), bytes.size(), {"first"}).size(), std::size_t{1});  // second is optional
  CHECK_THROWS(decode(bytes.data(), bytes.size(), {"second"}), FormatError);
}

TEST(a_newer_version_says_so) {
  Bytes bytes = encode(example());
  bytes[8] = 2;
  bytes = fixed(bytes);
  try {
    decode(bytes.data(), bytes.size(), {"first", "second"});
    CHECK(false);
  } catch (const FormatError& error) {
    CHECK(std::string(error.what()).find("newer diskern is needed") != std::string::npos);
  }
}

TEST(claims_beyond_the_end_do_not_allocate) {
  auto group = std::make_shared<Group>("g");
  group->set("values", std::vector<double>{1.0, 2.0});
  const Bytes bytes = encode({{"g", true, group}});
  // The count stands before the two doubles and the checksum.
  const std::size_t position = bytes.size() - 4 - 16 - 8;
  for (const std::uint64_t claim :
       {std::uint64_t{3}, std::uint64_t{1} << 31, std::uint64_t{1} << 61, ~std::uint64_t{0}}) {
    Bytes changed = bytes;
    std::memcpy(changed.data() + position, &claim, 8);
    CHECK_THROWS(decode(changed.data(), changed.size(), {"g"}, {false}), FormatError);
  }
}

TEST(depth_is_bounded) {
  auto root = std::make_shared<Group>("g");
  Group* inner = root.get();
  for (int i = 0; i < 15; ++i) inner = &inner->group("a");
  const Bytes bytes = encode({{"g", true, root}});
  CHECK_EQUAL(decode(bytes.data(), bytes.size(), {"g"}).size(), std::size_t{1});
  inner->group("a");
  CHECK_THROWS(encode({{"g", true, root}}), std::length_error);
}

TEST(texts_are_utf8) {
  using diskern::archive::valid_utf8;
  CHECK(valid_utf8("plain \xF0\x9F\x98\x80"));
  CHECK(!valid_utf8("\xC0\xAF"));          // overlong
  CHECK(!valid_utf8("\xED\xA0\x80"));      // surrogate
  CHECK(!valid_utf8("\xF4\x90\x80\x80"));  // beyond Unicode
  CHECK(!valid_utf8("\xE2\x88"));          // cut off
  CHECK(!valid_utf8("\x80"));
}

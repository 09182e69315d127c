#include "base/archive.hpp"
#include "check.hpp"
#include "diskern/error.hpp"

using diskern::FormatError;
using diskern::archive::Group;

TEST(values_come_back_as_they_were_set) {
  Group group("model");
  group.set("flag", true);
  group.set("n", std::int64_t{42});
  group.set("weights", std::vector<double>{1.5, -2.0});
  group.group("inner").set("name", std::string("x"));
  group.append("list").set("i", std::int64_t{0});
  group.append("list").set("i", std::int64_t{1});
  CHECK(group.boolean("flag"));
  CHECK_EQUAL(group.integer("n", 0, 42), 42);
  CHECK_EQUAL(group.doubles("weights", 2)[1], -2.0);
  CHECK_EQUAL(group.child("inner").text("name"), std::string("x"));
  CHECK_EQUAL(group.children("list").size(), std::size_t{2});
  CHECK_EQUAL(group.children("list")[1]->integer("i"), 1);
  CHECK(group.children("absent").empty());
}

TEST(wrong_values_are_format_errors) {
  Group group("model");
  group.set("n", std::int64_t{42});
  group.set("weights", std::vector<double>{1.5, -2.0});
  CHECK_THROWS(group.integer("n", 0, 41), FormatError);
  CHECK_THROWS(group.text("n"), FormatError);
  CHECK_THROWS(group.real("absent"), FormatError);
  CHECK_THROWS(group.doubles("weights", 3), FormatError);
  CHECK_THROWS(group.child("n"), FormatError);
  CHECK_THROWS(group.set("n", true), std::logic_error);
}

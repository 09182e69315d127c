// The expression library as a C++ caller sees it: single events without allocation, blocks, limits.
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "check.hpp"
#include "count_allocations.hpp"
#include "diskern/error.hpp"
#include "expression/expression.hpp"

using diskern::InvalidArgument;
using diskern::expression::Column;
using diskern::expression::Expression;
using diskern::expression::Kind;
using diskern::expression::Program;
using diskern::expression::split_label;
using diskern::expression::Storage;

namespace {
double value(const std::string& text, const std::vector<double>& values = {}) {
  return Expression::parse(text).evaluate(values.data());
}
}  // namespace

TEST(precedence) {
  CHECK_EQUAL(value("1 + 2 * 3 ^ 2 ** 1"), 19.0);
  CHECK_EQUAL(value("-2^2"), -4.0);
  CHECK_EQUAL(value("1 ? 2 : 0 ? 3 : 4"), 2.0);
  CHECK_EQUAL(value("1 if 0 else 2 if 0 else 3"), 3.0);
  CHECK_EQUAL(value("1 || 0 && 0"), 1.0);
  CHECK_EQUAL(value("!0 && 1 == 1"), 1.0);
}

TEST(inputs_and_variables) {
  const Expression e = Expression::parse("x[1] + x[0] * jet.pt - x[1]");
  CHECK_EQUAL(e.variables().size(), 2U);
  CHECK_EQUAL(e.variables()[0], "x");
  CHECK_EQUAL(e.inputs().size(), 3U);
  CHECK_EQUAL(e.inputs()[1].text, "x[0]");
  const double values[] = {10.0, 2.0, 3.0};
  CHECK_EQUAL(e.evaluate(values), 6.0);
}

TEST(single_event_does_not_allocate) {
  const Expression e =
      Expression::parse("TMath::Abs(eta) < 2.4 && (pt > 20 ? sqrt(pt) : pt % 3) > 1 || min(pt, eta, 1) == 7");
  const double values[] = {-1.0, 25.0};
  const std::size_t before = allocations;
  double sum = 0;
  for (int i = 0; i < 100; ++i) sum += e.evaluate(values);
  CHECK_EQUAL(allocations.load(), before);
  CHECK_EQUAL(sum, 100.0);
}

TEST(blocks_have_the_bits_of_single_events) {
  const Expression e = Expression::parse("n * n % 7 + sin(x) / (f - 0.5) + (b ? n : -n)");
  const std::size_t events = 1000;
  std::vector<std::int64_t> n(events);
  std::vector<double> x(events);
  std::vector<float> f(events);
  std::vector<std::uint8_t> b(events);
  for (std::size_t i = 0; i < events; ++i) {
    n[i] = static_cast<std::int64_t>(i) * (i % 5 == 0 ? 4000000000000 : 3) - 700;
    x[i] = static_cast<double>(i) * 0.37;
    f[i] = static_cast<float>(i % 3) / 4.0F;
    b[i] = i % 2;
  }
  const Column columns[] = {{n.data(), 8, Storage::int64},
                            {x.data(), 8, Storage::float64},
                            {f.data(), 4, Storage::float32},
                            {b.data(), 1, Storage::boolean}};
  const Program program = e.compile({Kind::integer, Kind::real, Kind::real, Kind::boolean});
  std::vector<double> whole(events);
  program.evaluate(columns, 0, events, whole.data());
  std::vector<double> part(events - 123);
  program.evaluate(columns, 123, events, part.data());
  for (std::size_t i = 0; i < events; ++i) {
    CHECK_EQUAL(program.evaluate(columns, i), whole[i]);
    if (i >= 123) CHECK_EQUAL(part[i - 123], whole[i]);
  }
}

TEST(integers_are_exact) {
  const Expression e = Expression::parse("event % 2 == 1");
  const std::int64_t event = (std::int64_t{1} << 53) + 1;
  const Column column{&event, 0, Storage::int64};
  CHECK_EQUAL(e.compile({Kind::integer}).evaluate(&column, 0), 1.0);
  const std::uint64_t large = std::numeric_limits<std::uint64_t>::max();
  const Column unsigned_column{&large, 0, Storage::uint64};
  CHECK_EQUAL(Expression::parse("event").compile({Kind::integer}).evaluate(&unsigned_column, 0),
              18446744073709551616.0);
}

TEST(overflow_becomes_float64) {
  CHECK_EQUAL(value("9223372036854775807 + 1"), 9223372036854775808.0);
  CHECK_EQUAL(value("1 << 62 << 1"), 9223372036854775808.0);
  CHECK(std::isnan(value("1 << (0 - 1)")));
  CHECK(std::isnan(value("1 >> (0 - 1)")));
  CHECK_EQUAL(value("(0 - 5) >> 1"), -3.0);
  CHECK_EQUAL(value("(0 - 5) >> 100"), -1.0);
  CHECK_EQUAL(value("3 << 100"), 3 * std::pow(2.0, 100));
  CHECK(std::isnan(value("5 % 0")));
  CHECK(std::isinf(value("5 // 0")));
  CHECK_EQUAL(value("9223372036854775807 * 0 - 9223372036854775807 - 1"), -9223372036854775808.0);
}

TEST(cuts) {
  CHECK(!Expression::passes(std::numeric_limits<double>::quiet_NaN()));
  CHECK(Expression::passes(0.5));
  CHECK(!Expression::passes(0.49));
  CHECK_EQUAL(value("x && 1", {std::numeric_limits<double>::quiet_NaN()}), 0.0);
  CHECK_EQUAL(value("x < 1 | x >= 1", {std::numeric_limits<double>::quiet_NaN()}), 0.0);
}

TEST(floats_of_unknown_kind_may_be_booleans) {
  CHECK_EQUAL(value("~flag & x > 1", {0.0, 2.0}), 1.0);
  CHECK_EQUAL(value("~(flag & good)", {1.0, 1.0}), 0.0);
  CHECK_EQUAL(value("flags & 4", {6.0}), 4.0);
  CHECK_THROWS(Expression::parse("~flag").compile({Kind::integer}), InvalidArgument);
  CHECK_THROWS(Expression::parse("flag").compile({}), InvalidArgument);
}

TEST(hostile_texts) {
  CHECK_THROWS(Expression::parse(std::string(100000, '(')), InvalidArgument);
  CHECK_THROWS(Expression::parse(std::string(100000, '-') + "1"), InvalidArgument);
  CHECK_THROWS(Expression::parse(std::string(100001, 'x')), InvalidArgument);
  CHECK_THROWS(Expression::parse(std::string("x\0y", 3)), InvalidArgument);
  std::string chain = "1";
  for (int i = 0; i < 40; ++i) chain = "0 < (" + chain + ") < 2";  // each level doubles
  CHECK_THROWS(Expression::parse(chain), InvalidArgument);
  std::string nested = "x";
  for (int i = 0; i < 150; ++i) nested = "(" + nested + ")";
  CHECK_EQUAL(value(nested, {3.0}), 3.0);
}

TEST(labels) {
  CHECK(split_label(" m := a+b ").first == "m");
  CHECK(split_label(" m := a+b ").second == "a+b");
  CHECK(split_label("a+b").first == "a+b");
  CHECK_THROWS(split_label(":= a"), InvalidArgument);
}

#pragma once
// The smallest test harness that says what failed: TEST(name) { CHECK(condition); CHECK_NEAR(a, b, tolerance); }
// One program per source file; the exit status is the number of failed tests.

#include <cmath>
#include <cstdio>
#include <exception>
#include <sstream>
#include <string>
#include <vector>

namespace check {

struct Case {
  const char* name;
  void (*body)();
};
inline std::vector<Case>& cases() {
  static std::vector<Case> all;
  return all;
}
inline int& failures() {
  static int count = 0;
  return count;
}
struct Register {
  Register(const char* name, void (*body)()) { cases().push_back({name, body}); }
};
template <class... Parts>
void fail(const char* file, int line, const Parts&... parts) {
  std::ostringstream text;
  text.precision(17);
  (text << ... << parts);
  std::printf("%s:%d: %s\n", file, line, text.str().c_str());
  ++failures();
}
inline int run() {
  int failed = 0;
  for (const Case& one : cases()) {
    const int before = failures();
    try {
      one.body();
    } catch (const std::exception& error) {
      fail(__FILE__, __LINE__, "uncaught exception: ", error.what());
    }
    if (failures() != before) {
      ++failed;
      std::printf("FAILED %s\n", one.name);
    }
  }
  std::printf("%zu passed, %d failed\n", cases().size() - static_cast<std::size_t>(failed), failed);
  return failed;
}

}  // namespace check

#define TEST(name)                                               \
  static void name();                                            \
  static const check::Register register_##name{#name, &(name)};  \
  static void name()
#define CHECK(condition)                                                            \
  do {                                                                              \
    if (!(condition)) check::fail(__FILE__, __LINE__, "CHECK(", #condition, ")");   \
  } while (false)
#define CHECK_EQUAL(a, b)                                                                                          \
  do {                                                                                                             \
    const auto check_a = (a);                                                                                      \
    const auto check_b = (b);                                                                                      \
    if (!(check_a == check_b)) check::fail(__FILE__, __LINE__, #a, " == ", #b, ": ", check_a, " against ", check_b); \
  } while (false)
#define CHECK_NEAR(a, b, tolerance)                                                                        \
  do {                                                                                                     \
    const double check_a = (a);                                                                            \
    const double check_b = (b);                                                                            \
    if (!(std::abs(check_a - check_b) <= (tolerance)))                                                     \
      check::fail(__FILE__, __LINE__, #a, " near ", #b, ": ", check_a, " against ", check_b);              \
  } while (false)
#define CHECK_THROWS(statement, type)                                                        \
  do {                                                                                       \
    bool check_thrown = false;                                                               \
    try {                                                                                    \
      statement;                                                                             \
    } catch (const type&) {                                                                  \
      check_thrown = true;                                                                   \
    }                                                                                        \
    if (!check_thrown) check::fail(__FILE__, __LINE__, #statement, " did not throw ", #type); \
  } while (false)

#if !defined(CHECK_OWN_MAIN)  // a program that must look at something first
int main() { return check::run(); }  // NOLINT(misc-definitions-in-headers): one program per source file
#endif

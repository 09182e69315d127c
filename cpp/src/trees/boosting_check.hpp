#pragma once
// Words of the errors of gradient boosting.

#include <cstdio>
#include <string>

#include "diskern/error.hpp"

namespace diskern::trees {

inline void check(bool good, const std::string& message) {
  if (!good) throw InvalidArgument(message);
}

inline std::string short_number(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%g", value);
  return text;
}

}  // namespace diskern::trees

#pragma once
// Words of the errors of gradient boosting.

#include <cstdio>
#include <string>
#include <type_traits>

#include "diskern/error.hpp"

namespace diskern::trees {

inline void check(bool good, const std::string& message) {
  if (!good) throw InvalidArgument(message);
}

// For checks of every event: the message is put together only where it is needed.
template <class Message, class = std::enable_if_t<std::is_invocable_v<Message>>>
inline void check(bool good, const Message& message) {
  if (!good) throw InvalidArgument(message());
}

inline std::string short_number(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%g", value);
  return text;
}

}  // namespace diskern::trees

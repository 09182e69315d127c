#include "network/averaging.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/near_miss.hpp"
#include "diskern/error.hpp"

namespace diskern::network {

namespace {

constexpr std::pair<const char*, Averaging> names[] = {
    {"none", Averaging::none},
    {"exponential", Averaging::exponential},
    {"tail", Averaging::tail},
};

}  // namespace

const char* name(Averaging kind) noexcept {
  for (const auto& [text, known] : names) {
    if (known == kind) return text;
  }
  return "unknown";
}

Averaging averaging_of_name(std::string_view name) {
  std::vector<std::string> known;
  std::string list;
  for (const auto& [text, kind] : names) {
    if (name == text) return kind;
    known.emplace_back(text);
    list += (list.empty() ? "" : ", ") + known.back();
  }
  throw InvalidArgument("averaging is '" + std::string(name) + "', expected one of " + list +
                        did_you_mean(name, known));
}

void check_averaging(const AveragingParams& params) {
  const auto require = [](const char* what, double value) {
    if (value >= 0.0 && value < 1.0) return;
    throw InvalidArgument("averaging: " + std::string(what) + " is " + std::to_string(value) +
                          ", expected 0 to below 1");
  };
  require("decay", params.decay);
  require("start", params.start);
}

double averaging_fraction(const AveragingParams& params, std::uint64_t step, std::uint64_t steps) {
  if (params.kind == Averaging::tail) {
    // Until then the mean is the weights themselves.
    const auto first = static_cast<std::uint64_t>(params.start * static_cast<double>(steps));
    return step <= first ? 1.0 : 1.0 / static_cast<double>(step - first);
  }
  // The first steps weigh as in a plain mean, so that the beginning is forgotten.
  return std::max(1.0 - params.decay, 1.0 / static_cast<double>(step));
}

}  // namespace diskern::network

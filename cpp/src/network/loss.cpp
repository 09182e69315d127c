#include "network/loss.hpp"

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "base/near_miss.hpp"
#include "diskern/error.hpp"

namespace diskern::network {

namespace {

constexpr std::pair<const char*, Loss> names[] = {
    {"squared", Loss::squared},
    {"cross_entropy", Loss::cross_entropy},
    {"softmax_cross_entropy", Loss::softmax_cross_entropy},
    {"multi_label", Loss::multi_label},
    {"absolute", Loss::absolute},
    {"huber", Loss::huber},
    {"quantile", Loss::quantile},
    {"hinge", Loss::hinge},
    {"poisson", Loss::poisson},
    {"kullback_leibler", Loss::kullback_leibler},
};

}  // namespace

const char* name(Loss loss) noexcept {
  for (const auto& [text, kind] : names) {
    if (kind == loss) return text;
  }
  return "unknown";
}

Loss loss_of_name(std::string_view name) {
  std::vector<std::string> known;
  std::string list;
  for (const auto& [text, kind] : names) {
    if (name == text) return kind;
    known.emplace_back(text);
    list += (list.empty() ? "" : ", ") + known.back();
  }
  throw InvalidArgument("loss is '" + std::string(name) + "', expected one of " + list + did_you_mean(name, known));
}

void check_loss(Loss loss, const LossParams& params) {
  if (loss == Loss::huber && !(params.huber_distance > 0.0 && std::isfinite(params.huber_distance))) {
    throw InvalidArgument("huber_distance is " + std::to_string(params.huber_distance) +
                          ", expected a positive number");
  }
  if (loss == Loss::quantile && !(params.quantile > 0.0 && params.quantile < 1.0)) {
    throw InvalidArgument("quantile is " + std::to_string(params.quantile) + ", expected a number between 0 and 1");
  }
}

}  // namespace diskern::network

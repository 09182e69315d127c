#include "network/activation.hpp"

#include <string>
#include <utility>
#include <vector>

#include "base/near_miss.hpp"
#include "diskern/error.hpp"

namespace diskern::network {

namespace {

constexpr std::pair<const char*, Activation> names[] = {
    {"linear", Activation::linear},
    {"sigmoid", Activation::sigmoid},
    {"tanh", Activation::tanh},
    {"radial", Activation::radial},
    {"relu", Activation::relu},
    {"tmva_tanh", Activation::tmva_tanh},
    {"leaky_relu", Activation::leaky_relu},
    {"elu", Activation::elu},
    {"selu", Activation::selu},
    {"gelu", Activation::gelu},
    {"silu", Activation::silu},
    {"softsign", Activation::softsign},
    {"softplus", Activation::softplus},
    {"gauss", Activation::gauss},
    {"gauss_complement", Activation::gauss_complement},
    {"hard_sigmoid", Activation::hard_sigmoid},
    {"symmetric_relu", Activation::symmetric_relu},
    {"exponential", Activation::exponential},
};

}  // namespace

const char* name(Activation activation) noexcept {
  for (const auto& [text, kind] : names) {
    if (kind == activation) return text;
  }
  return "unknown";
}

Activation activation_of_name(std::string_view name) {
  std::vector<std::string> known;
  std::string list;
  for (const auto& [text, kind] : names) {
    if (name == text) return kind;
    known.emplace_back(text);
    list += (list.empty() ? "" : ", ") + known.back();
  }
  throw InvalidArgument("activation is '" + std::string(name) + "', expected one of " + list +
                        did_you_mean(name, known));
}

}  // namespace diskern::network

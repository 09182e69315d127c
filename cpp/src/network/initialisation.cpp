#include "network/initialisation.hpp"

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "base/near_miss.hpp"
#include "base/random.hpp"
#include "diskern/error.hpp"

namespace diskern::network {

namespace {

constexpr std::pair<const char*, Initialisation> names[] = {
    {"tmva", Initialisation::tmva},
    {"automatic", Initialisation::automatic},
    {"glorot_uniform", Initialisation::glorot_uniform},
    {"glorot_normal", Initialisation::glorot_normal},
    {"he_uniform", Initialisation::he_uniform},
    {"he_normal", Initialisation::he_normal},
    {"lecun_uniform", Initialisation::lecun_uniform},
    {"lecun_normal", Initialisation::lecun_normal},
    {"uniform", Initialisation::uniform},
    {"normal", Initialisation::normal},
    {"zero", Initialisation::zero},
    {"small_uniform", Initialisation::small_uniform},
};

Initialisation chosen_for(Activation activation) noexcept {
  switch (activation) {
    case Activation::relu:
    case Activation::leaky_relu:
    case Activation::elu:
    case Activation::gelu:
    case Activation::silu:
    case Activation::symmetric_relu:
      // He's larger weights learn more slowly on standardised variables: docs/notes/networks-training.md.
      return Initialisation::small_uniform;
    case Activation::selu:
      return Initialisation::lecun_normal;
    default:
      return Initialisation::glorot_uniform;
  }
}

}  // namespace

const char* name(Initialisation initialisation) noexcept {
  for (const auto& [text, kind] : names) {
    if (kind == initialisation) return text;
  }
  return "unknown";
}

Initialisation initialisation_of_name(std::string_view name) {
  std::vector<std::string> known;
  std::string list;
  for (const auto& [text, kind] : names) {
    if (name == text) return kind;
    known.emplace_back(text);
    list += (list.empty() ? "" : ", ") + known.back();
  }
  throw InvalidArgument("initialisation is '" + std::string(name) + "', expected one of " + list +
                        did_you_mean(name, known));
}

void initialise(Initialisation initialisation, Activation activation, std::size_t inputs, std::size_t outputs,
                std::uint64_t seed, std::uint32_t layer, float* weights, std::size_t count) {
  if (initialisation == Initialisation::tmva) {
    throw InvalidArgument("initialise: the weights of TMVA are drawn for a whole network");
  }
  if (initialisation == Initialisation::automatic) initialisation = chosen_for(activation);
  const double n_inputs = static_cast<double>(inputs);
  double variance = 1.0;
  bool normal = false;
  switch (initialisation) {
    case Initialisation::glorot_normal:
      normal = true;
      [[fallthrough]];
    case Initialisation::glorot_uniform:
      variance = 2.0 / (n_inputs + static_cast<double>(outputs));
      break;
    case Initialisation::he_normal:
      normal = true;
      [[fallthrough]];
    case Initialisation::he_uniform:
      variance = 2.0 / n_inputs;
      break;
    case Initialisation::lecun_normal:
      normal = true;
      [[fallthrough]];
    case Initialisation::lecun_uniform:
      variance = 1.0 / n_inputs;
      break;
    case Initialisation::normal:
      normal = true;
      break;
    case Initialisation::small_uniform:
      variance = 1.0 / (3.0 * n_inputs);
      break;
    case Initialisation::zero:
      variance = 0.0;
      break;
    default:
      variance = 1.0 / 3.0;  // uniform in [-1, 1]
      break;
  }
  RandomSequence random(seed, Purpose::initialisation, layer);
  const double limit = std::sqrt(3.0 * variance);
  const double width = std::sqrt(variance);
  for (std::size_t i = 0; i < count; ++i) {
    const double value = normal ? width * random.normal() : limit * (2.0 * random.uniform() - 1.0);
    weights[i] = static_cast<float>(value);
  }
}

}  // namespace diskern::network

#pragma once
// The weights that training starts from.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "network/activation_kind.hpp"

namespace diskern::network {

// Uniform ones lie between -limit and limit; "normal" ones have a normal distribution. Biases start at 0, with tmva as
// weights do.
enum class Initialisation : std::uint8_t {
  tmva = 0,            // uniform in [-2, 2] from TRandom3(random_seed), in TMVA's order of synapses
  automatic = 1,       // small_uniform with ReLU and its kin, lecun_normal with selu, else glorot_uniform
  glorot_uniform = 2,  // variance 2 / (inputs + outputs): Glorot and Bengio, AISTATS 2010
  glorot_normal = 3,
  he_uniform = 4,  // variance 2 / inputs: He et al., arXiv:1502.01852
  he_normal = 5,
  lecun_uniform = 6,  // variance 1 / inputs: LeCun et al., Efficient BackProp, 1998
  lecun_normal = 7,
  uniform = 8,  // in [-1, 1]
  normal = 9,   // of width 1
  zero = 10,
  small_uniform = 11,  // variance 1 / (3 inputs), in +- 1 / sqrt(inputs): PyTorch's default
};
constexpr Initialisation last_initialisation = Initialisation::small_uniform;

const char* name(Initialisation initialisation) noexcept;
// InvalidArgument for an unknown name; the message lists the known ones, near misses first.
Initialisation initialisation_of_name(std::string_view name);

// `count` weights of layer number `layer` (every layer has its own sequence), which has so many inputs and outputs per
// neuron and the given activation. The same for the same seed on every machine. Not for Initialisation::tmva.
void initialise(Initialisation initialisation, Activation activation, std::size_t inputs, std::size_t outputs,
                std::uint64_t seed, std::uint32_t layer, float* weights, std::size_t count);

}  // namespace diskern::network

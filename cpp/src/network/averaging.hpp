#pragma once

#include <cstdint>

namespace diskern::network {

// Weights averaged over steps, which the model and the validation loss then have; training itself goes on without.
enum class Averaging : std::uint8_t {
  none = 0,
  exponential = 1,  // mean += (1 - averaging_decay) (weights - mean) after every step
  tail = 2,         // the plain mean over the steps from the fraction averaging_start of the epochs on
};

}  // namespace diskern::network

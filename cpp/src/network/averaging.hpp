#pragma once

#include <cstdint>
#include <string_view>

namespace diskern::network {

// Weights averaged over steps, which the model and the validation loss then have; training itself goes on without.
enum class Averaging : std::uint8_t {
  none = 0,
  exponential = 1,  // mean += (1 - averaging_decay) (weights - mean) after every step
  tail = 2,         // the plain mean over the steps from the fraction averaging_start of the epochs on
};

struct AveragingParams {
  Averaging kind = Averaging::none;
  double decay = 0.999;
  double start = 0.75;  // fraction of all steps
};

const char* name(Averaging kind) noexcept;
// InvalidArgument for an unknown name; the message lists the known ones, near misses first.
Averaging averaging_of_name(std::string_view name);

// Throws InvalidArgument for constants out of range.
void check_averaging(const AveragingParams& params);

// By which fraction the mean moves towards the weights after a step, counted from 1: 1 makes it the weights themselves.
// steps: those of the whole training, if it runs to its end.
double averaging_fraction(const AveragingParams& params, std::uint64_t step, std::uint64_t steps);

}  // namespace diskern::network

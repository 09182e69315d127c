#pragma once
// What training minimises.

#include <cstdint>
#include <string_view>

#include "network/loss_kind.hpp"

namespace diskern::network {

const char* name(Loss loss) noexcept;
// InvalidArgument for an unknown name; the message lists the known ones, near misses first.
Loss loss_of_name(std::string_view name);

// Throws InvalidArgument for constants out of range.
void check_loss(Loss loss, const LossParams& params);

}  // namespace diskern::network

#pragma once
// Losses over float arrays, the same bits for every instruction set (reproducibility level R1).

#include "base/dispatch.hpp"
#include "network/loss_functions.hpp"
#include "network/loss_table.hpp"

namespace diskern::network {

// The kernels of this process (instruction_set() may throw), or of one level, for tests.
const LossKernels& loss_kernels();
const LossKernels& loss_kernels(InstructionSet level);

}  // namespace diskern::network

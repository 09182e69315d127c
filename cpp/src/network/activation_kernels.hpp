#pragma once
// Activation functions over float arrays, the same bits for every instruction set (reproducibility level R1).

#include "base/dispatch.hpp"
#include "network/activation_functions.hpp"
#include "network/activation_table.hpp"

namespace diskern::network {

// The kernels of this process (instruction_set() may throw), or of one level, for tests.
const ActivationKernels& activation_kernels();
const ActivationKernels& activation_kernels(InstructionSet level);

}  // namespace diskern::network

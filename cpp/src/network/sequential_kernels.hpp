#pragma once
// Training event by event, a kernel per instruction set with the same bits (reproducibility level R1).

#include "base/dispatch.hpp"
#include "network/sequential_table.hpp"

namespace diskern::network {

// The kernels of this process (instruction_set() may throw), or of one level, for tests.
const SequentialKernels& sequential_kernels();
const SequentialKernels& sequential_kernels(InstructionSet level);

}  // namespace diskern::network

#pragma once
// What dense networks need besides matrix products, the same bits for every instruction set (reproducibility level R1).

#include "base/dispatch.hpp"
#include "network/dense_table.hpp"

namespace diskern::network {

// The kernels of this process (instruction_set() may throw), or of one level, for tests.
const DenseKernels& dense_kernels();
const DenseKernels& dense_kernels(InstructionSet level);

}  // namespace diskern::network

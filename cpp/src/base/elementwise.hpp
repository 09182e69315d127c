#pragma once
// Functions over arrays, one kernel per instruction set with the same bits (reproducibility level R1). For responses of
// many events; a single value is better served by maths.hpp directly.

#include <stddef.h>

#include "base/dispatch.hpp"
#include "base/elementwise_table.hpp"

namespace diskern {

// The kernels of this process (instruction_set() may throw), or of one level, for tests.
const ElementwiseKernels& elementwise_kernels();
const ElementwiseKernels& elementwise_kernels(InstructionSet level);

}  // namespace diskern

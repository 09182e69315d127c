#pragma once
// The kernels of training for this machine.

#include "base/dispatch.hpp"
#include "trees/training_table.hpp"

namespace diskern::trees {

// The kernels of this process (instruction_set() may throw), or of one level, for tests.
const TrainingKernels& training_kernels();
const TrainingKernels& training_kernels(InstructionSet level);

}  // namespace diskern::trees

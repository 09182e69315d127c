#pragma once
// Which points of a run lie within a distance: one kernel per instruction set, with the same answers.

#include "base/dispatch.hpp"
#include "neighbours/range_table.hpp"

namespace diskern {

// The kernels of this process (instruction_set() may throw), or of one level, for tests.
const RangeKernels& range_kernels();
const RangeKernels& range_kernels(InstructionSet level);

}  // namespace diskern

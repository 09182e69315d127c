#pragma once
// Matrix products for tall and narrow matrices (events x variables): one thread, no packing of operands, which the
// measured shapes do not need (benchmarks/cpp/gemm.cpp).

#include "base/dispatch.hpp"
#include "base/gemm_table.hpp"

namespace diskern {

// The kernels of this process (instruction_set() may throw), or of one level, for tests.
const GemmKernels& gemm_kernels();
const GemmKernels& gemm_kernels(InstructionSet level);

}  // namespace diskern

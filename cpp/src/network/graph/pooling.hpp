#pragma once
// The pooling kernels of this machine.

#include "base/dispatch.hpp"
#include "network/graph/pooling_kernel.hpp"

namespace diskern::network::graph {

const PoolingKernels& pooling_kernels();
const PoolingKernels& pooling_kernels(InstructionSet level);

}  // namespace diskern::network::graph

#pragma once
#include "trees/device_forest.hpp"

namespace diskern::cuda {

extern const trees::CudaForestKernels forest_kernels;

}  // namespace diskern::cuda

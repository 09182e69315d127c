#pragma once
#include "clustering/device_dbscan.hpp"

namespace diskern::cuda {

extern const clustering::CudaDbscanKernels dbscan_kernels;

}  // namespace diskern::cuda

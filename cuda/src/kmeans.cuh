#pragma once
#include "clustering/device_kmeans.hpp"

namespace diskern::cuda {

extern const clustering::CudaKMeansKernels kmeans_kernels;

}  // namespace diskern::cuda

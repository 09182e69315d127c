#pragma once
// A failed CUDA call becomes a DeviceError that says what was being done.
#include <cuda_runtime.h>

#include <string>

#include "diskern/error.hpp"

namespace diskern::cuda {

inline void check(cudaError_t status, const char* doing) {
  if (status == cudaSuccess) return;
  cudaGetLastError();
  throw DeviceError(std::string("CUDA: ") + doing + " failed: " + cudaGetErrorString(status));
}

}  // namespace diskern::cuda

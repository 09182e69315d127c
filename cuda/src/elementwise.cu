// Functions over arrays in device memory: the functions of base/maths.hpp, so the bits of the CPU.
#include <cuda_runtime.h>

#include "base/maths.hpp"
#include "elementwise.cuh"
#include "launch.cuh"

namespace diskern::cuda {

namespace {

constexpr int threads_per_block = 256;
constexpr std::size_t most_blocks = 4096;  // each thread strides over the rest

template <class T>
__global__ void sigmoid_kernel(const T* in, T* out, std::size_t count) {
  const std::size_t stride = static_cast<std::size_t>(gridDim.x) * blockDim.x;
  for (std::size_t i = static_cast<std::size_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < count; i += stride) {
    out[i] = maths::sigmoid(in[i]);
  }
}

template <class T>
void sigmoid(const T* in, T* out, std::size_t count, void* stream) {
  if (count == 0) return;
  const std::size_t wanted = (count + threads_per_block - 1) / threads_per_block;
  const unsigned blocks = static_cast<unsigned>(wanted < most_blocks ? wanted : most_blocks);
  launch("starting the sigmoid kernel", sigmoid_kernel<T>, blocks, threads_per_block, 0, stream, in, out, count);
}

}  // namespace

void sigmoid_float(const float* in, float* out, std::size_t count, void* stream) { sigmoid(in, out, count, stream); }
void sigmoid_double(const double* in, double* out, std::size_t count, void* stream) { sigmoid(in, out, count, stream); }

}  // namespace diskern::cuda

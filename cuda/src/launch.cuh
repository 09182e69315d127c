#pragma once
// Starting a kernel, checked: on a device by nvcc, or thread by thread on the processor (cuda/emulation).
#include <cuda_runtime.h>

#include <cstddef>

#include "check.cuh"

// Memory of the size that the launch names, shared by the threads of a block.
#if defined(DISKERN_CUDA_EMULATED)
#define DISKERN_DYNAMIC_SHARED(type, name) type* const name = static_cast<type*>(diskern::cuda_emulation::dynamic_shared)
#else
#define DISKERN_DYNAMIC_SHARED(type, name)                    \
  extern __shared__ __align__(16) unsigned char name##_raw[]; \
  type* const name = reinterpret_cast<type*>(name##_raw)
#endif

namespace diskern::cuda {

template <class... Parameters, class... Arguments>
void launch(const char* doing, void (*kernel)(Parameters...), dim3 grid, dim3 block, std::size_t shared_bytes,
            void* stream, Arguments... arguments) {
#if defined(DISKERN_CUDA_EMULATED)
  static_cast<void>(stream);
  cuda_emulation::launch(grid, block, shared_bytes, [&] { kernel(static_cast<Parameters>(arguments)...); });
#else
  // More than the 48 KiB that every kernel may use must be asked for.
  if (shared_bytes > 48 * 1024) {
    check(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(shared_bytes)), doing);
  }
  kernel<<<grid, block, shared_bytes, static_cast<cudaStream_t>(stream)>>>(static_cast<Parameters>(arguments)...);
#endif
  check(cudaGetLastError(), doing);
}

// As many blocks as the work needs, but not more than keep the device busy: each strides over the rest.
inline unsigned blocks_for(std::size_t work, std::size_t per_block, std::size_t most) {
  const std::size_t wanted = (work + per_block - 1) / per_block;
  return static_cast<unsigned>(wanted < 1 ? 1 : (wanted < most ? wanted : most));
}

}  // namespace diskern::cuda

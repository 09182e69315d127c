// The emulated device as a shared library, for the tests of the Python side: they hand the address of its backend to
// diskern._core._register_cuda_backend.
#include <cstddef>

#include "base/device.hpp"

extern "C" __attribute__((visibility("default"))) const void* diskern_emulated_backend() { return diskern::cuda_backend(); }
// Of another build the table may look different.
extern "C" __attribute__((visibility("default"))) std::size_t diskern_emulated_backend_bytes() {
  return sizeof(diskern::CudaBackend);
}

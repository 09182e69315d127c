#pragma once
// What the core knows about CUDA: a table of functions that cuda/ registers where it is linked. Without it the library
// reports no device. No CUDA header is needed here.

#include <cstddef>
#include <string>
#include <vector>

#include "diskern/context.hpp"

namespace diskern {

namespace trees {
struct CudaForestKernels;
}
namespace clustering {
struct CudaDbscanKernels;
struct CudaKMeansKernels;
}

struct CudaDevice {
  int index = 0;
  std::string name;
  int major = 0;  // compute capability
  int minor = 0;
  int multiprocessors = 0;
  std::size_t memory_bytes = 0;
};

// Pointers are to device memory unless they say host; stream is a cudaStream_t. Failures are DeviceErrors.
struct CudaBackend {
  // The devices; when there is none, the reason.
  std::vector<CudaDevice> (*devices)(std::string& reason);
  void* (*allocate)(std::size_t bytes);
  void (*release)(void* memory) noexcept;
  void (*copy_to_device)(void* device, const void* host, std::size_t bytes, void* stream);
  void (*copy_to_host)(void* host, const void* device, std::size_t bytes, void* stream);
  void (*synchronize)(void* stream);
  // out[i] = sigmoid(in[i]), with the bits of the CPU
  void (*sigmoid_float)(const float* in, float* out, std::size_t count, void* stream);
  void (*sigmoid_double)(const double* in, double* out, std::size_t count, void* stream);
  // The device that this thread works with.
  int (*current_device)();
  void (*set_device)(int index);
  // The device whose memory a pointer leads to; -1: none.
  int (*device_of)(const void* memory);
  // One table for each family; null: not there yet.
  const trees::CudaForestKernels* forest;
  const clustering::CudaDbscanKernels* dbscan;
  const clustering::CudaKMeansKernels* kmeans;
};

// Called by the initialisers of cuda/; the table must live for ever.
void register_cuda_backend(const CudaBackend* backend) noexcept;
const CudaBackend* cuda_backend() noexcept;  // nullptr in a build without CUDA

std::vector<CudaDevice> cuda_devices();
// One sentence: how many devices, or what is missing.
std::string cuda_status();

// Makes a device the one that this thread works with, and puts the earlier one back. Work of a context of Device::cuda
// runs on the device that its thread works with, as everywhere in CUDA.
class DeviceGuard {
 public:
  explicit DeviceGuard(int index);
  ~DeviceGuard();
  DeviceGuard(const DeviceGuard&) = delete;
  DeviceGuard& operator=(const DeviceGuard&) = delete;

 private:
  int before_ = -1;  // -1: nothing was changed
};

// Nothing for Device::cpu; for Device::cuda a DeviceError that says what is missing unless there is a device.
void require_device(const Context& context);

}  // namespace diskern

// Device query, memory, and the registration of the CUDA backend.
#include <cuda_runtime.h>

#include <string>
#include <vector>

#include "base/device.hpp"
#include "check.cuh"
#include "dbscan.cuh"
#include "diskern/error.hpp"
#include "elementwise.cuh"
#include "forest.cuh"
#include "kmeans.cuh"
#include "memory.cuh"

namespace diskern::cuda {

namespace {

std::vector<CudaDevice> devices(std::string& reason) {
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status != cudaSuccess) {
    cudaGetLastError();  // the failure is answered here, it must not come up again in the next call
    reason = std::string("no CUDA device can be used: ") + cudaGetErrorString(status);
    return {};
  }
  std::vector<CudaDevice> found;
  for (int index = 0; index < count; ++index) {
    cudaDeviceProp properties{};
    check(cudaGetDeviceProperties(&properties, index), "asking for the properties of a device");
    found.push_back({index, properties.name, properties.major, properties.minor, properties.multiProcessorCount,
                     properties.totalGlobalMem});
  }
  if (found.empty()) reason = "no CUDA device can be used: the driver lists none";
  return found;
}

// On the default stream: whatever comes after on any stream that waits for it may use it.
void* allocate(std::size_t bytes) { return allocate_on(bytes, nullptr); }

void release(void* memory) noexcept { cudaFree(memory); }

void copy_to_device(void* device, const void* host, std::size_t bytes, void* stream) {
  check(cudaMemcpyAsync(device, host, bytes, cudaMemcpyHostToDevice, static_cast<cudaStream_t>(stream)),
        "copying to the device");
}

void copy_to_host(void* host, const void* device, std::size_t bytes, void* stream) {
  check(cudaMemcpyAsync(host, device, bytes, cudaMemcpyDeviceToHost, static_cast<cudaStream_t>(stream)),
        "copying from the device");
}

void synchronize(void* stream) {
  check(cudaStreamSynchronize(static_cast<cudaStream_t>(stream)), "waiting for the device");
}

int current_device() {
  int device = 0;
  check(cudaGetDevice(&device), "asking for the current device");
  return device;
}

void set_device(int index) { check(cudaSetDevice(index), "choosing a device"); }

int device_of(const void* memory) {
  cudaPointerAttributes attributes{};
  if (cudaPointerGetAttributes(&attributes, memory) != cudaSuccess) {
    cudaGetLastError();
    return -1;
  }
  const bool on_device = attributes.type == cudaMemoryTypeDevice || attributes.type == cudaMemoryTypeManaged;
  return on_device ? attributes.device : -1;
}

const CudaBackend backend = {devices,       allocate,       release,        copy_to_device, copy_to_host, synchronize,
                             sigmoid_float, sigmoid_double, current_device, set_device,     device_of,    &forest_kernels,
                             &dbscan_kernels, &kmeans_kernels};

struct Registration {
  Registration() { register_cuda_backend(&backend); }
};
const Registration registration;

}  // namespace

}  // namespace diskern::cuda

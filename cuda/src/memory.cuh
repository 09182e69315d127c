#pragma once
// Memory of the current device that frees itself, in the order of a stream.
#include <cuda_runtime.h>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "check.cuh"

namespace diskern::cuda {

inline cudaStream_t stream_of(void* stream) { return static_cast<cudaStream_t>(stream); }

// What a failed allocation says: how much was wanted, how much there is.
inline void* allocate_on(std::size_t bytes, void* stream) {
  void* memory = nullptr;
  const cudaError_t status = cudaMallocAsync(&memory, bytes, stream_of(stream));
  if (status == cudaSuccess) return memory;
  std::size_t free = 0;
  std::size_t total = 0;
  cudaGetLastError();
  if (cudaMemGetInfo(&free, &total) != cudaSuccess) cudaGetLastError();
  throw DeviceError("CUDA: allocating " + std::to_string(bytes) + " bytes of device memory failed (" +
                    cudaGetErrorString(status) + "); " + std::to_string(free) + " of " + std::to_string(total) +
                    " bytes are free");
}

// An array of plain elements in device memory; its memory may be used by work on the stream until it is destroyed.
template <class T>
class DeviceArray {
 public:
  DeviceArray() = default;
  DeviceArray(std::size_t size, void* stream) : size_(size), stream_(stream) {
    if (size > 0) data_ = static_cast<T*>(allocate_on(size * sizeof(T), stream));
  }
  DeviceArray(DeviceArray&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)), stream_(other.stream_) {}
  DeviceArray& operator=(DeviceArray&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(stream_, other.stream_);
    return *this;
  }
  DeviceArray(const DeviceArray&) = delete;
  DeviceArray& operator=(const DeviceArray&) = delete;
  ~DeviceArray() {
    if (data_ != nullptr) cudaFreeAsync(data_, stream_of(stream_));
  }

  T* data() const noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }
  void fill_bytes(int value) {
    if (size_ > 0) check(cudaMemsetAsync(data_, value, size_ * sizeof(T), stream_of(stream_)), "filling device memory");
  }
  void take(const T* host) {
    if (size_ == 0) return;
    check(cudaMemcpyAsync(data_, host, size_ * sizeof(T), cudaMemcpyHostToDevice, stream_of(stream_)),
          "copying to the device");
  }
  void give(T* host) const {
    if (size_ == 0) return;
    check(cudaMemcpyAsync(host, data_, size_ * sizeof(T), cudaMemcpyDeviceToHost, stream_of(stream_)),
          "copying from the device");
  }

 private:
  T* data_ = nullptr;
  std::size_t size_ = 0;
  void* stream_ = nullptr;
};

// A copy of a vector; the vector must live until the stream has been waited for, unless its memory is pageable (then
// the copy is done before this returns).
template <class T>
DeviceArray<T> upload(const std::vector<T>& host, void* stream) {
  DeviceArray<T> device(host.size(), stream);
  device.take(host.data());
  return device;
}

inline int multiprocessors() {
  int device = 0;
  int count = 0;
  check(cudaGetDevice(&device), "asking for the current device");
  check(cudaDeviceGetAttribute(&count, cudaDevAttrMultiProcessorCount, device), "asking for the multiprocessors");
  return count;
}

inline std::size_t most_shared_bytes() {
  int device = 0;
  int bytes = 0;
  check(cudaGetDevice(&device), "asking for the current device");
  check(cudaDeviceGetAttribute(&bytes, cudaDevAttrMaxSharedMemoryPerBlockOptin, device),
        "asking for the shared memory of a block");
  return static_cast<std::size_t>(bytes);
}

}  // namespace diskern::cuda

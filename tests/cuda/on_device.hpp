#pragma once
// Arrays in device memory for tests: poisoned before a kernel writes, and read back.

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/device.hpp"
#include "check.hpp"
#include "diskern/context.hpp"

namespace diskern::testing {

inline Context on_cuda() {
  Context context;
  context.device = Device::cuda;
  return context;
}

// The end of a program that needs a device where there is none.
inline void need_device() {
  if (!cuda_devices().empty()) return;
  std::printf("SKIPPED: %s\n", cuda_status().c_str());
  std::exit(77);
}

template <class T>
class OnDevice {
 public:
  explicit OnDevice(std::size_t size) : size_(size) {
    const std::vector<unsigned char> poison(size * sizeof(T), 0xA5);
    memory_ = cuda_backend()->allocate(size * sizeof(T) + 1);
    cuda_backend()->copy_to_device(memory_, poison.data(), poison.size(), nullptr);
  }
  explicit OnDevice(const std::vector<T>& host) : OnDevice(host.size()) {
    cuda_backend()->copy_to_device(memory_, host.data(), host.size() * sizeof(T), nullptr);
  }
  ~OnDevice() { cuda_backend()->release(memory_); }
  OnDevice(const OnDevice&) = delete;
  OnDevice& operator=(const OnDevice&) = delete;

  T* data() const { return static_cast<T*>(memory_); }
  std::size_t size() const { return size_; }
  std::vector<T> host() const {
    std::vector<T> values(size_);
    cuda_backend()->synchronize(nullptr);
    cuda_backend()->copy_to_host(values.data(), memory_, size_ * sizeof(T), nullptr);
    cuda_backend()->synchronize(nullptr);
    return values;
  }

 private:
  void* memory_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace diskern::testing

int main() {  // NOLINT(misc-definitions-in-headers): one program per source file
  diskern::testing::need_device();
  return check::run();
}

#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "base/device.hpp"
#include "base/executor.hpp"
#include "base/maths.hpp"
#include "check.hpp"
#include "diskern/error.hpp"

using diskern::Context;
using diskern::CudaBackend;
using diskern::Device;
using diskern::DeviceError;

namespace {

Context on_cuda() {
  Context context;
  context.device = Device::cuda;
  return context;
}

std::string message_of(const Context& context) {
  try {
    diskern::require_device(context);
  } catch (const DeviceError& error) {
    return error.what();
  }
  return "";
}

class DeviceMemory {
 public:
  DeviceMemory(const CudaBackend& backend, std::size_t bytes) : backend_(backend), memory_(backend.allocate(bytes)) {}
  ~DeviceMemory() { backend_.release(memory_); }
  DeviceMemory(const DeviceMemory&) = delete;
  DeviceMemory& operator=(const DeviceMemory&) = delete;
  void* get() const { return memory_; }

 private:
  const CudaBackend& backend_;
  void* memory_;
};

template <class T, class Kernel>
void same_bits_as_on_the_cpu(const CudaBackend& backend, Kernel kernel) {
  std::vector<T> in = {T{0},
                       -T{0},
                       std::numeric_limits<T>::infinity(),
                       -std::numeric_limits<T>::infinity(),
                       std::numeric_limits<T>::quiet_NaN(),
                       std::numeric_limits<T>::denorm_min()};
  for (int i = 0; i < 3'000'000; ++i) in.push_back(static_cast<T>((i - 2'000'000) * 1.1e-3 / 3.0));
  std::vector<T> out(in.size());
  const std::size_t bytes = in.size() * sizeof(T);
  const DeviceMemory source(backend, bytes);
  const DeviceMemory target(backend, bytes);
  backend.copy_to_device(source.get(), in.data(), bytes, nullptr);
  kernel(static_cast<const T*>(source.get()), static_cast<T*>(target.get()), in.size(), nullptr);
  backend.copy_to_host(out.data(), target.get(), bytes, nullptr);
  backend.synchronize(nullptr);
  std::size_t different = 0;
  for (std::size_t i = 0; i < in.size(); ++i) {
    const T expected = diskern::maths::sigmoid(in[i]);
    if (std::isnan(expected) && std::isnan(out[i])) continue;
    different += std::memcmp(&expected, &out[i], sizeof(T)) == 0 ? 0U : 1U;
  }
  CHECK_EQUAL(different, std::size_t{0});
}

}  // namespace

TEST(the_cpu_is_always_there) { diskern::require_device(Context{}); }

TEST(without_a_device_the_error_says_what_is_missing) {
  if (!diskern::cuda_devices().empty()) {
    std::printf("  skipped: this machine has %s\n", diskern::cuda_status().c_str());
    return;
  }
  const std::string message = message_of(on_cuda());
  CHECK(message.find("cuda") != std::string::npos);
  CHECK(message.find(diskern::cuda_status()) != std::string::npos);
  if (diskern::cuda_backend() == nullptr) {
    CHECK(message.find("DISKERN_CUDA=ON") != std::string::npos);
  } else {
    CHECK(message.find("no CUDA device can be used: ") != std::string::npos);
    CHECK(message.size() > 60);  // the reason of the CUDA runtime follows
    CHECK_THROWS(diskern::cuda_backend()->allocate(16), DeviceError);
  }
  std::printf("  %s\n", message.c_str());
}

TEST(work_without_a_cuda_kernel_does_not_fall_back_to_the_cpu) {
  bool called = false;
  CHECK_THROWS(diskern::parallel_for(on_cuda(), 2, [&](std::size_t) { called = true; }), DeviceError);
  CHECK(!called);
}

TEST(a_build_with_cuda_has_registered_its_backend) {
#if defined(DISKERN_EXPECT_CUDA)
  CHECK(diskern::cuda_backend() != nullptr);
#else
  CHECK(diskern::cuda_backend() == nullptr);
#endif
}

TEST(sigmoid_has_the_bits_of_the_cpu) {
  if (diskern::cuda_devices().empty()) {
    std::printf("  skipped: %s\n", diskern::cuda_status().c_str());
    return;
  }
  same_bits_as_on_the_cpu<float>(*diskern::cuda_backend(), diskern::cuda_backend()->sigmoid_float);
  same_bits_as_on_the_cpu<double>(*diskern::cuda_backend(), diskern::cuda_backend()->sigmoid_double);
}

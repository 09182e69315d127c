#include "base/device.hpp"

#include <atomic>
#include <exception>

#include "diskern/error.hpp"

namespace diskern {

namespace {

std::atomic<const CudaBackend*> registered{nullptr};

std::vector<CudaDevice> devices_or_reason(std::string& reason) {
  const CudaBackend* backend = cuda_backend();
  if (backend == nullptr) {
    reason = "this build of diskern has no CUDA kernels (configure with DISKERN_CUDA=ON, which needs nvcc)";
    return {};
  }
  return backend->devices(reason);
}

}  // namespace

void register_cuda_backend(const CudaBackend* backend) noexcept {
  registered.store(backend, std::memory_order_release);
}
const CudaBackend* cuda_backend() noexcept { return registered.load(std::memory_order_acquire); }

std::vector<CudaDevice> cuda_devices() {
  std::string reason;
  return devices_or_reason(reason);
}

std::string cuda_status() {
  std::string reason;
  const std::vector<CudaDevice> devices = devices_or_reason(reason);
  if (devices.empty()) return reason;
  return std::to_string(devices.size()) + (devices.size() == 1 ? " device" : " devices");
}

void require_device(const Context& context) {
  if (context.device == Device::cpu) return;
  std::string reason;
  if (devices_or_reason(reason).empty()) throw DeviceError("the context asks for device 'cuda': " + reason);
}

DeviceGuard::DeviceGuard(int index) {
  std::string reason;
  const std::size_t count = devices_or_reason(reason).size();
  if (count == 0) throw DeviceError("CUDA device " + std::to_string(index) + " was asked for: " + reason);
  if (index < 0 || static_cast<std::size_t>(index) >= count) {
    throw DeviceError("CUDA device " + std::to_string(index) + " was asked for, there are " + std::to_string(count) +
                      ", counted from 0");
  }
  const CudaBackend& backend = *cuda_backend();
  const int before = backend.current_device();
  if (before == index) return;
  backend.set_device(index);
  before_ = before;
}

DeviceGuard::~DeviceGuard() {
  if (before_ < 0) return;
  try {
    cuda_backend()->set_device(before_);
  } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch): it was the current one, so it can be set
  }
}

}  // namespace diskern

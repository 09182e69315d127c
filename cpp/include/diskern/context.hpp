#pragma once
// Context: device, stream, number of threads, seed. Passed, never global.

#include <cstddef>
#include <cstdint>
#include <limits>

#include "diskern/view.hpp"

namespace diskern {

// What a long fit reports between its steps.
struct Progress {
  std::size_t done = 0;   // steps finished
  std::size_t total = 0;  // steps planned
  double training_loss = std::numeric_limits<double>::quiet_NaN();
  double validation_loss = std::numeric_limits<double>::quiet_NaN();
};

// Whoever starts long work may watch and stop it. Both functions are called from the thread that called fit.
class Monitor {
 public:
  virtual ~Monitor() = default;
  virtual bool interrupted() noexcept = 0;
  virtual void progress(const Progress&) {}
};

struct Context {
  int threads = 1;  // 0: as many as the process may use
  std::uint64_t seed = 0;
  Device device = Device::cpu;
  void* stream = nullptr;  // cudaStream_t of the caller, for Device::cuda
  Monitor* monitor = nullptr;

  bool interrupted() const noexcept { return monitor != nullptr && monitor->interrupted(); }
  void report(const Progress& progress) const {
    if (monitor != nullptr) monitor->progress(progress);
  }
};

}  // namespace diskern

#include "statistics/kernel_machine.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/archive.hpp"
#include "base/maths.hpp"
#include "diskern/error.hpp"
#include "statistics/svm_kernel.hpp"

namespace diskern::statistics {

namespace {

constexpr std::int64_t layout_version = 1;
constexpr std::size_t maximum_inputs = 65536;

}  // namespace

KernelMachine::KernelMachine(std::size_t n_inputs, SvmKernelParams kernel, std::vector<float> vectors,
                             std::vector<double> coefficients, double b, bool regression)
    : n_inputs_(n_inputs),
      kernel_(std::move(kernel)),
      vectors_(std::move(vectors)),
      coefficients_(std::move(coefficients)),
      b_(b),
      regression_(regression) {
  if (n_inputs_ < 1 || n_inputs_ > maximum_inputs || vectors_.size() != n_inputs_ * coefficients_.size()) {
    throw FormatError("kernel machine: " + std::to_string(vectors_.size()) + " coordinates of " +
                      std::to_string(coefficients_.size()) + " support vectors in " + std::to_string(n_inputs_) +
                      " variables");
  }
  try {
    check_kernel(kernel_, n_inputs_);
  } catch (const InvalidArgument& error) {
    throw FormatError(std::string("kernel machine: ") + error.what());
  }
  bool finite = std::isfinite(b_);
  for (const float value : vectors_) finite = finite && std::isfinite(value);
  for (const double value : coefficients_) finite = finite && std::isfinite(value);
  if (!finite) throw FormatError("kernel machine: a number is not finite");
  const std::size_t n = coefficients_.size();
  columns_.resize(n * n_inputs_);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n_inputs_; ++j) columns_[j * n + i] = vectors_[i * n_inputs_ + j];
  }
}

void KernelMachine::evaluate(const float* variables, double* responses) const noexcept {
  float values[kernel_block_size];
  const std::size_t n = coefficients_.size();
  double sum = 0.0;
  for (std::size_t begin = 0; begin < n; begin += kernel_block_size) {
    const std::size_t size = std::min(kernel_block_size, n - begin);
    // Sums of regression cancel: the last digit of each kernel counts.
    kernel_block(kernel_, variables, n_inputs_, columns_.data() + begin, n, size, values, regression_);
    constexpr std::size_t lanes = 8;
    double sums[lanes] = {};
    std::size_t i = 0;
    for (; i + lanes <= size; i += lanes) {
      for (std::size_t k = 0; k < lanes; ++k) {
        sums[k] += coefficients_[begin + i + k] * static_cast<double>(values[i + k]);
      }
    }
    for (std::size_t k = 0; i < size; ++i, ++k) sums[k] += coefficients_[begin + i] * static_cast<double>(values[i]);
    for (const double one : sums) sum += one;
  }
  responses[0] = regression_ ? sum + b_ : 1.0 / (1.0 + maths::exp(sum - b_));
}

void KernelMachine::write(archive::Group& group) const {
  group.set("layout", layout_version);
  group.set("n_inputs", static_cast<std::int64_t>(n_inputs_));
  group.set("kernel", static_cast<std::int64_t>(kernel_.kernel));
  group.set("gamma", kernel_.gamma);
  group.set("gammas", kernel_.gammas);
  group.set("order", std::int64_t{kernel_.order});
  group.set("theta", kernel_.theta);
  if (!kernel_.parts.empty()) {
    std::vector<std::int32_t> parts;
    for (const SvmKernel part : kernel_.parts) parts.push_back(static_cast<std::int32_t>(part));
    group.set("parts", std::move(parts));
  }
  group.set("vectors", vectors_);
  group.set("coefficients", coefficients_);
  group.set("b", b_);
  group.set("regression", regression_);
}

PredictorPointer KernelMachine::read(const archive::Group& group) {
  group.integer("layout", layout_version, layout_version);
  SvmKernelParams kernel{static_cast<SvmKernel>(group.integer("kernel", 0, 4)), group.real("gamma"),
                         group.doubles("gammas"), static_cast<std::int32_t>(group.integer("order", 0, 1000)),
                         group.real("theta"), {}};
  if (group.contains("parts")) {
    for (const std::int32_t part : group.integers32("parts")) {
      if (part < 0 || part > 2) {
        throw FormatError("kernel machine: part " + std::to_string(part) + " of the kernel is not known, expected 0 to 2");
      }
      kernel.parts.push_back(static_cast<SvmKernel>(part));
    }
  }
  return std::make_shared<const KernelMachine>(group.count("n_inputs", maximum_inputs), kernel,
                                               group.floats("vectors"), group.doubles("coefficients"),
                                               group.real("b"), group.boolean("regression"));
}


}  // namespace diskern::statistics

#include "statistics/svm_kernel.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "base/elementwise.hpp"
#include "base/maths.hpp"
#include "diskern/error.hpp"

namespace diskern::statistics {

namespace {

bool is_made_of_parts(SvmKernel kernel) noexcept { return kernel == SvmKernel::Prod || kernel == SvmKernel::Sum; }

}  // namespace

void check_kernel(const SvmKernelParams& kernel, std::size_t n_inputs) {
  const auto positive = [](double value, const char* name) {
    if (!(value > 0.0 && std::isfinite(value))) {
      throw InvalidArgument(std::string(name) + " is " + std::to_string(value) + ", expected a positive number");
    }
  };
  if (is_made_of_parts(kernel.kernel)) {
    if (kernel.parts.empty() || kernel.parts.size() > 16) {
      throw InvalidArgument("KernelList has " + std::to_string(kernel.parts.size()) + " kernels, expected 1 to 16");
    }
    for (const SvmKernel part : kernel.parts) {
      if (is_made_of_parts(part)) throw InvalidArgument("KernelList holds a product or sum of kernels");
      SvmKernelParams alone = kernel;
      alone.kernel = part;
      alone.parts.clear();
      check_kernel(alone, n_inputs);
    }
    return;
  }
  if (!kernel.parts.empty()) throw InvalidArgument("KernelList is for the kernels Prod and Sum");
  if (kernel.kernel == SvmKernel::RBF) positive(kernel.gamma, "Gamma");
  if (kernel.kernel == SvmKernel::MultiGauss) {
    if (kernel.gammas.size() != n_inputs) {
      throw InvalidArgument("GammaList has " + std::to_string(kernel.gammas.size()) + " numbers, there are " +
                            std::to_string(n_inputs) + " variables");
    }
    for (const double gamma : kernel.gammas) positive(gamma, "an element of GammaList");
  }
  if (kernel.kernel == SvmKernel::Polynomial) {
    if (kernel.order < 1 || kernel.order > 20) {
      throw InvalidArgument("Order is " + std::to_string(kernel.order) + ", expected 1 to 20");
    }
    if (!std::isfinite(kernel.theta)) throw InvalidArgument("Theta is not finite");
  }
}

namespace {

void single_block(SvmKernel which, const SvmKernelParams& kernel, const float* x, std::size_t n_inputs,
                  const float* columns, std::size_t stride, std::size_t size, float* values, bool exact) {
  std::fill_n(values, size, 0.0F);
  if (which == SvmKernel::Polynomial) {
    for (std::size_t j = 0; j < n_inputs; ++j) {
      const float* column = columns + j * stride;
      for (std::size_t i = 0; i < size; ++i) values[i] += x[j] * column[i];
    }
    const auto theta = static_cast<float>(kernel.theta);
    for (std::size_t i = 0; i < size; ++i) {
      const float base = values[i] + theta;
      float power = base;
      for (std::int32_t k = 1; k < kernel.order; ++k) power *= base;
      values[i] = power;
    }
    return;
  }
  if (which == SvmKernel::RBF) {
    for (std::size_t j = 0; j < n_inputs; ++j) {
      const float* column = columns + j * stride;
      for (std::size_t i = 0; i < size; ++i) {
        const float distance = column[i] - x[j];
        values[i] += distance * distance;
      }
    }
    const auto gamma = static_cast<float>(kernel.gamma);
    for (std::size_t i = 0; i < size; ++i) values[i] *= -gamma;
  } else {
    for (std::size_t j = 0; j < n_inputs; ++j) {
      const float* column = columns + j * stride;
      const auto gamma = static_cast<float>(kernel.gammas[j]);
      for (std::size_t i = 0; i < size; ++i) {
        const float distance = column[i] - x[j];
        values[i] -= gamma * distance * distance;
      }
    }
  }
  if (exact) {
    for (std::size_t i = 0; i < size; ++i) values[i] = static_cast<float>(maths::exp(static_cast<double>(values[i])));
  } else {
    elementwise_kernels().exp_float(values, values, size);
  }
}

}  // namespace

void kernel_block(const SvmKernelParams& kernel, const float* x, std::size_t n_inputs, const float* columns,
                  std::size_t stride, std::size_t size, float* values, bool exact) {
  if (!is_made_of_parts(kernel.kernel)) {
    single_block(kernel.kernel, kernel, x, n_inputs, columns, stride, size, values, exact);
    return;
  }
  float part[kernel_block_size];
  for (std::size_t p = 0; p < kernel.parts.size(); ++p) {
    float* const to = p == 0 ? values : part;
    single_block(kernel.parts[p], kernel, x, n_inputs, columns, stride, size, to, exact);
    if (p == 0) continue;
    for (std::size_t i = 0; i < size; ++i) {
      values[i] = kernel.kernel == SvmKernel::Prod ? values[i] * part[i] : values[i] + part[i];
    }
  }
}

}  // namespace diskern::statistics

#pragma once
// The kernels of TMVA's SVM, in float32 as there.

#include <cstddef>

#include "statistics/kernel_machine.hpp"

namespace diskern::statistics {

constexpr std::size_t kernel_block_size = 256;

// Throws InvalidArgument for numbers that make no sense.
void check_kernel(const SvmKernelParams& kernel, std::size_t n_inputs);

// Kernel of x with `size` <= kernel_block_size vectors whose coordinate j stands at columns[j * stride]. exact: the
// exponential is right to the last digit of float32, else to about two.
void kernel_block(const SvmKernelParams& kernel, const float* x, std::size_t n_inputs, const float* columns,
                  std::size_t stride, std::size_t size, float* values, bool exact = false);

}  // namespace diskern::statistics

#pragma once
#include <cstddef>

namespace diskern::cuda {

void sigmoid_float(const float* in, float* out, std::size_t count, void* stream);
void sigmoid_double(const double* in, double* out, std::size_t count, void* stream);

}  // namespace diskern::cuda

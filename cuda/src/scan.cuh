#pragma once
// Exclusive sums over an array, in place.
#include <cstddef>
#include <cstdint>

namespace diskern::cuda {

// values[i] becomes the sum of values[0 .. i - 1]. The sum of all must fit 32 bits.
void exclusive_scan(std::uint32_t* values, std::size_t n, void* stream);

}  // namespace diskern::cuda

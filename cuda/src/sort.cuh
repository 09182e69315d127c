#pragma once
// Sorting of 64-bit keys with their indices: a stable radix sort, eight bits a pass.
#include <cstddef>
#include <cstdint>

#include "memory.cuh"

namespace diskern::cuda {

struct SortedKeys {
  DeviceArray<std::uint64_t> keys;
  DeviceArray<std::uint32_t> indices;  // where each key was before
};

// Keys below 2^bits; fewer than 2^32 of them.
SortedKeys sort_keys(DeviceArray<std::uint64_t> keys, unsigned bits, void* stream);

}  // namespace diskern::cuda

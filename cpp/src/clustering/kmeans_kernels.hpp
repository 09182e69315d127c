#pragma once
// Picks the k-means kernels of an instruction set.

#include <type_traits>

#include "base/dispatch.hpp"
#include "clustering/kmeans_table.hpp"

namespace diskern::clustering {

const KMeansKernels& kmeans_kernels(InstructionSet level);
const KMeansKernels& kmeans_kernels();

template <class T>
const KMeansRowKernels<T>& row_kernels(const KMeansKernels& kernels) {
  if constexpr (std::is_same_v<T, float>) {
    return kernels.single_rows;
  } else {
    return kernels.double_rows;
  }
}

}  // namespace diskern::clustering

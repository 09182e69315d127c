#pragma once
// Centres as k-means takes them.

#include <cstddef>

namespace diskern::clustering {

// Throws InvalidArgument unless there are whole centres of finite coordinates up to 1e150.
void check_centres(const double* centres, std::size_t size, std::size_t dimensions);

}  // namespace diskern::clustering

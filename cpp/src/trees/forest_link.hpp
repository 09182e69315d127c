#pragma once
// From scores to responses. One event and many give the same bits: base/maths.hpp and the elementwise kernels do.

#include <cstddef>

#include "base/elementwise.hpp"
#include "trees/forest.hpp"

namespace diskern::trees {

// Of `count` events, output k of event i at responses[k * stride + i]. That of one event stands in forest.hpp.
void apply_link(Link link, const ElementwiseKernels& kernels, double* responses, std::size_t n, std::size_t count,
                std::size_t stride) noexcept;

}  // namespace diskern::trees

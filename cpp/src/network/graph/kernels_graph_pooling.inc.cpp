// Compiled once per instruction set (cmake/isa.cmake): the same loops as for any scalar, at the width of the level.
#include "network/graph/pooling_kernel.hpp"

namespace diskern::DISKERN_ISA_NAMESPACE {

namespace {

using namespace network::graph;

void forward(const PoolingShape* shape, const float* x, float* y) { pool(*shape, x, y); }
void backward(const PoolingShape* shape, const float* x, const float* y, const float* y_gradient, float* x_gradient) {
  pool_back(*shape, x, y, y_gradient, x_gradient);
}

}  // namespace

extern const network::graph::PoolingKernels graph_pooling_kernels;
const network::graph::PoolingKernels graph_pooling_kernels = {forward, backward};

}  // namespace diskern::DISKERN_ISA_NAMESPACE

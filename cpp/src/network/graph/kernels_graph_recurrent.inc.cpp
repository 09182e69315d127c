// Compiled once per instruction set (cmake/isa.cmake): the cells at the width of the level.
#include "network/graph/recurrent_kernel.hpp"

namespace diskern::DISKERN_ISA_NAMESPACE {

namespace {

using namespace network::graph;

void forward_lstm(float* __restrict gates, const float* __restrict c_before, float* __restrict c, float* __restrict h,
                  size_t n) {
  lstm_forward(gates, c_before, c, h, n);
}
void backward_lstm(float* __restrict gates, const float* __restrict c_before, const float* __restrict c,
                   const float* __restrict h_gradient, float* __restrict c_gradient, size_t n) {
  lstm_backward(gates, c_before, c, h_gradient, c_gradient, n);
}
void forward_gru(float* __restrict gates, const float* __restrict h_before, float* __restrict h, size_t n) {
  gru_forward(gates, h_before, h, n);
}
void backward_gru(float* __restrict gates, const float* __restrict h_before, float* __restrict h_gradient, size_t n) {
  gru_backward(gates, h_before, h_gradient, n);
}

}  // namespace

extern const network::graph::RecurrentKernels graph_recurrent_kernels;
const network::graph::RecurrentKernels graph_recurrent_kernels = {forward_lstm, backward_lstm, forward_gru,
                                                                  backward_gru};

}  // namespace diskern::DISKERN_ISA_NAMESPACE

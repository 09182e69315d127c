// Compiled once per instruction set (cmake/isa.cmake). The functions of maths.hpp have no branches that depend on the
// data, so the compiler makes vector loops of these at the width of the level.
#include "base/elementwise_table.hpp"
#include "base/maths.hpp"

namespace diskern::DISKERN_ISA_NAMESPACE {

namespace {

// NOLINTBEGIN(bugprone-macro-parentheses): the arguments are names.
// A macro, because a template over the function would be instantiated under one name in every unit. In blocks through a
// local array, so that in and out may be the same without the compiler having to ask.
#define DISKERN_ELEMENTWISE(name, type, function)                                \
  void name(const type* in, type* out, size_t count) {                           \
    constexpr size_t block = 64;                                                 \
    type values[block];                                                          \
    size_t i = 0;                                                                \
    for (; i + block <= count; i += block) {                                     \
      for (size_t j = 0; j < block; ++j) values[j] = maths::function(in[i + j]); \
      for (size_t j = 0; j < block; ++j) out[i + j] = values[j];                 \
    }                                                                            \
    for (; i < count; ++i) out[i] = maths::function(in[i]);                      \
  }

DISKERN_ELEMENTWISE(exp_float, float, exp)
DISKERN_ELEMENTWISE(log_float, float, log)
DISKERN_ELEMENTWISE(tanh_float, float, tanh)
DISKERN_ELEMENTWISE(sigmoid_float, float, sigmoid)
DISKERN_ELEMENTWISE(softplus_float, float, softplus)
DISKERN_ELEMENTWISE(exp_double, double, exp)
DISKERN_ELEMENTWISE(log_double, double, log)
DISKERN_ELEMENTWISE(tanh_double, double, tanh)
DISKERN_ELEMENTWISE(sigmoid_double, double, sigmoid)
DISKERN_ELEMENTWISE(softplus_double, double, softplus)

#undef DISKERN_ELEMENTWISE
// NOLINTEND(bugprone-macro-parentheses)

}  // namespace

extern const ElementwiseKernels elementwise_kernels;
const ElementwiseKernels elementwise_kernels = {exp_float,  log_float,  tanh_float,  sigmoid_float,  softplus_float,
                                                exp_double, log_double, tanh_double, sigmoid_double, softplus_double};

}  // namespace diskern::DISKERN_ISA_NAMESPACE

#include "network/graph/matrix.hpp"

namespace diskern {

namespace isa_scalar {
extern const network::graph::MatrixKernels graph_matrix_kernels;
}
namespace isa_avx2 {
extern const network::graph::MatrixKernels graph_matrix_kernels;
}
namespace isa_avx512 {
extern const network::graph::MatrixKernels graph_matrix_kernels;
}
namespace isa_neon {
extern const network::graph::MatrixKernels graph_matrix_kernels;
}

namespace network::graph {

namespace {

constexpr KernelTables<MatrixKernels> tables = {
    &isa_scalar::graph_matrix_kernels,
#if defined(DISKERN_HAVE_AVX2)
    &isa_avx2::graph_matrix_kernels,
#else
    nullptr,
#endif
#if defined(DISKERN_HAVE_AVX512)
    &isa_avx512::graph_matrix_kernels,
#else
    nullptr,
#endif
#if defined(DISKERN_HAVE_NEON)
    &isa_neon::graph_matrix_kernels,
#else
    nullptr,
#endif
};

}  // namespace

const MatrixKernels& matrix_kernels(InstructionSet level) { return tables.at(level); }
const MatrixKernels& matrix_kernels() {
  static const MatrixKernels& kernels = matrix_kernels(instruction_set());
  return kernels;
}

}  // namespace network::graph

}  // namespace diskern

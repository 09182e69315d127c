#include "network/dense_kernels.hpp"

namespace diskern {

namespace isa_scalar {
extern const network::DenseKernels dense_kernels;
}
namespace isa_avx2 {
extern const network::DenseKernels dense_kernels;
}
namespace isa_avx512 {
extern const network::DenseKernels dense_kernels;
}
namespace isa_neon {
extern const network::DenseKernels dense_kernels;
}

namespace {

constexpr KernelTables<network::DenseKernels> tables = {
    &isa_scalar::dense_kernels,
#if defined(DISKERN_HAVE_AVX2)
    &isa_avx2::dense_kernels,
#else
    nullptr,
#endif
#if defined(DISKERN_HAVE_AVX512)
    &isa_avx512::dense_kernels,
#else
    nullptr,
#endif
#if defined(DISKERN_HAVE_NEON)
    &isa_neon::dense_kernels,
#else
    nullptr,
#endif
};

}  // namespace

namespace network {

const DenseKernels& dense_kernels(InstructionSet level) { return tables.at(level); }
const DenseKernels& dense_kernels() { return dense_kernels(instruction_set()); }

}  // namespace network

}  // namespace diskern

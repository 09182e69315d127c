#include "base/elementwise.hpp"

namespace diskern {

namespace isa_scalar {
extern const ElementwiseKernels elementwise_kernels;
}
namespace isa_avx2 {
extern const ElementwiseKernels elementwise_kernels;
}
namespace isa_avx512 {
extern const ElementwiseKernels elementwise_kernels;
}
namespace isa_neon {
extern const ElementwiseKernels elementwise_kernels;
}

namespace {

constexpr KernelTables<ElementwiseKernels> tables = {
    &isa_scalar::elementwise_kernels,
#if defined(DISKERN_HAVE_AVX2)
    &isa_avx2::elementwise_kernels,
#else
    nullptr,
#endif
#if defined(DISKERN_HAVE_AVX512)
    &isa_avx512::elementwise_kernels,
#else
    nullptr,
#endif
#if defined(DISKERN_HAVE_NEON)
    &isa_neon::elementwise_kernels,
#else
    nullptr,
#endif
};

}  // namespace

const ElementwiseKernels& elementwise_kernels(InstructionSet level) { return tables.at(level); }
const ElementwiseKernels& elementwise_kernels() { return elementwise_kernels(instruction_set()); }

}  // namespace diskern

#include "base/gemm.hpp"

namespace diskern {

namespace isa_scalar {
extern const GemmKernels gemm_kernels;
}
namespace isa_avx2 {
extern const GemmKernels gemm_kernels;
}
namespace isa_avx512 {
extern const GemmKernels gemm_kernels;
}
namespace isa_neon {
extern const GemmKernels gemm_kernels;
}

namespace {

constexpr KernelTables<GemmKernels> tables = {
    &isa_scalar::gemm_kernels,
#if defined(DISKERN_HAVE_AVX2)
    &isa_avx2::gemm_kernels,
#else
    nullptr,
#endif
#if defined(DISKERN_HAVE_AVX512)
    &isa_avx512::gemm_kernels,
#else
    nullptr,
#endif
#if defined(DISKERN_HAVE_NEON)
    &isa_neon::gemm_kernels,
#else
    nullptr,
#endif
};

}  // namespace

const GemmKernels& gemm_kernels(InstructionSet level) { return tables.at(level); }
const GemmKernels& gemm_kernels() { return gemm_kernels(instruction_set()); }

}  // namespace diskern

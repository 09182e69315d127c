#include "network/optimizer.hpp"

namespace diskern {

namespace isa_scalar {
extern const network::OptimizerKernels optimizer_kernels;
}
namespace isa_avx2 {
extern const network::OptimizerKernels optimizer_kernels;
}
namespace isa_avx512 {
extern const network::OptimizerKernels optimizer_kernels;
}
namespace isa_neon {
extern const network::OptimizerKernels optimizer_kernels;
}

namespace {

constexpr KernelTables<network::OptimizerKernels> tables = {
    &isa_scalar::optimizer_kernels,
#if defined(DISKERN_HAVE_AVX2)
    &isa_avx2::optimizer_kernels,
#else
    nullptr,
#endif
#if defined(DISKERN_HAVE_AVX512)
    &isa_avx512::optimizer_kernels,
#else
    nullptr,
#endif
#if defined(DISKERN_HAVE_NEON)
    &isa_neon::optimizer_kernels,
#else
    nullptr,
#endif
};

}  // namespace

namespace network {

const OptimizerKernels& optimizer_kernels(InstructionSet level) { return tables.at(level); }
const OptimizerKernels& optimizer_kernels() { return optimizer_kernels(instruction_set()); }

}  // namespace network

}  // namespace diskern

#include "network/loss_kernels.hpp"

namespace diskern {

namespace isa_scalar {
extern const network::LossKernels loss_kernels;
}
namespace isa_avx2 {
extern const network::LossKernels loss_kernels;
}
namespace isa_avx512 {
extern const network::LossKernels loss_kernels;
}
namespace isa_neon {
extern const network::LossKernels loss_kernels;
}

namespace {

constexpr KernelTables<network::LossKernels> tables = {
    &isa_scalar::loss_kernels,
#if defined(DISKERN_HAVE_AVX2)
    &isa_avx2::loss_kernels,
#else
    nullptr,
#endif
#if defined(DISKERN_HAVE_AVX512)
    &isa_avx512::loss_kernels,
#else
    nullptr,
#endif
#if defined(DISKERN_HAVE_NEON)
    &isa_neon::loss_kernels,
#else
    nullptr,
#endif
};

}  // namespace

namespace network {

const LossKernels& loss_kernels(InstructionSet level) { return tables.at(level); }
const LossKernels& loss_kernels() { return loss_kernels(instruction_set()); }

}  // namespace network

}  // namespace diskern

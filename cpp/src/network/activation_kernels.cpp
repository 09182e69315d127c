#include "network/activation_kernels.hpp"

namespace diskern {

namespace isa_scalar {
extern const network::ActivationKernels activation_kernels;
}
namespace isa_avx2 {
extern const network::ActivationKernels activation_kernels;
}
namespace isa_avx512 {
extern const network::ActivationKernels activation_kernels;
}
namespace isa_neon {
extern const network::ActivationKernels activation_kernels;
}

namespace {

constexpr KernelTables<network::ActivationKernels> tables = {
    &isa_scalar::activation_kernels,
#if defined(DISKERN_HAVE_AVX2)
    &isa_avx2::activation_kernels,
#else
    nullptr,
#endif
#if defined(DISKERN_HAVE_AVX512)
    &isa_avx512::activation_kernels,
#else
    nullptr,
#endif
#if defined(DISKERN_HAVE_NEON)
    &isa_neon::activation_kernels,
#else
    nullptr,
#endif
};

}  // namespace

namespace network {

const ActivationKernels& activation_kernels(InstructionSet level) { return tables.at(level); }
const ActivationKernels& activation_kernels() { return activation_kernels(instruction_set()); }

}  // namespace network

}  // namespace diskern

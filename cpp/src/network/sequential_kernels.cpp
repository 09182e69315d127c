#include "network/sequential_kernels.hpp"

namespace diskern {

namespace isa_scalar {
extern const network::SequentialKernels sequential_kernels;
}
namespace isa_avx2 {
extern const network::SequentialKernels sequential_kernels;
}
namespace isa_avx512 {
extern const network::SequentialKernels sequential_kernels;
}
namespace isa_neon {
extern const network::SequentialKernels sequential_kernels;
}

namespace {

constexpr KernelTables<network::SequentialKernels> tables = {
    &isa_scalar::sequential_kernels,
#if defined(DISKERN_HAVE_AVX2)
    &isa_avx2::sequential_kernels,
#else
    nullptr,
#endif
#if defined(DISKERN_HAVE_AVX512)
    &isa_avx512::sequential_kernels,
#else
    nullptr,
#endif
#if defined(DISKERN_HAVE_NEON)
    &isa_neon::sequential_kernels,
#else
    nullptr,
#endif
};

}  // namespace

namespace network {

const SequentialKernels& sequential_kernels(InstructionSet level) { return tables.at(level); }
const SequentialKernels& sequential_kernels() { return sequential_kernels(instruction_set()); }

}  // namespace network

}  // namespace diskern

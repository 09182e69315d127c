#include "neighbours/range.hpp"

namespace diskern {

namespace isa_scalar {
extern const RangeKernels range_kernels;
}
namespace isa_avx2 {
extern const RangeKernels range_kernels;
}
namespace isa_avx512 {
extern const RangeKernels range_kernels;
}
namespace isa_neon {
extern const RangeKernels range_kernels;
}

namespace {

constexpr KernelTables<RangeKernels> tables = {
    &isa_scalar::range_kernels,
#if defined(DISKERN_HAVE_AVX2)
    &isa_avx2::range_kernels,
#else
    nullptr,
#endif
#if defined(DISKERN_HAVE_AVX512)
    &isa_avx512::range_kernels,
#else
    nullptr,
#endif
#if defined(DISKERN_HAVE_NEON)
    &isa_neon::range_kernels,
#else
    nullptr,
#endif
};

}  // namespace

const RangeKernels& range_kernels(InstructionSet level) { return tables.at(level); }
const RangeKernels& range_kernels() { return range_kernels(instruction_set()); }

}  // namespace diskern

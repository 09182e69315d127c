#include "trees/training_kernels.hpp"

namespace diskern {

namespace isa_scalar {
extern const trees::TrainingKernels training_kernels;
}
namespace isa_avx2 {
extern const trees::TrainingKernels training_kernels;
}
namespace isa_avx512 {
extern const trees::TrainingKernels training_kernels;
}
namespace isa_neon {
extern const trees::TrainingKernels training_kernels;
}

namespace trees {

namespace {

constexpr KernelTables<TrainingKernels> tables = {
    &isa_scalar::training_kernels,
#if defined(DISKERN_HAVE_AVX2)
    &isa_avx2::training_kernels,
#else
    nullptr,
#endif
#if defined(DISKERN_HAVE_AVX512)
    &isa_avx512::training_kernels,
#else
    nullptr,
#endif
#if defined(DISKERN_HAVE_NEON)
    &isa_neon::training_kernels,
#else
    nullptr,
#endif
};

}  // namespace

const TrainingKernels& training_kernels(InstructionSet level) { return tables.at(level); }
const TrainingKernels& training_kernels() { return training_kernels(instruction_set()); }

}  // namespace trees

}  // namespace diskern

#include "clustering/kmeans_kernels.hpp"

namespace diskern {

namespace isa_scalar {
extern const clustering::KMeansKernels kmeans_kernels;
}
namespace isa_avx2 {
extern const clustering::KMeansKernels kmeans_kernels;
}
namespace isa_avx512 {
extern const clustering::KMeansKernels kmeans_kernels;
}
namespace isa_neon {
extern const clustering::KMeansKernels kmeans_kernels;
}

namespace clustering {

namespace {

constexpr KernelTables<KMeansKernels> tables = {
    &isa_scalar::kmeans_kernels,
#if defined(DISKERN_HAVE_AVX2)
    &isa_avx2::kmeans_kernels,
#else
    nullptr,
#endif
#if defined(DISKERN_HAVE_AVX512)
    &isa_avx512::kmeans_kernels,
#else
    nullptr,
#endif
#if defined(DISKERN_HAVE_NEON)
    &isa_neon::kmeans_kernels,
#else
    nullptr,
#endif
};

}  // namespace

const KMeansKernels& kmeans_kernels(InstructionSet level) { return tables.at(level); }
const KMeansKernels& kmeans_kernels() { return kmeans_kernels(instruction_set()); }

}  // namespace clustering
}  // namespace diskern

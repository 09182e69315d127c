#include "trees/tmva_grid.hpp"

#include <algorithm>

namespace diskern {

namespace isa_scalar {
extern const TmvaGridKernels tmva_grid_kernels;
}
namespace isa_avx2 {
extern const TmvaGridKernels tmva_grid_kernels;
}
namespace isa_avx512 {
extern const TmvaGridKernels tmva_grid_kernels;
}
namespace isa_neon {
extern const TmvaGridKernels tmva_grid_kernels;
}

namespace trees {

namespace {

constexpr KernelTables<TmvaGridKernels> tables = {
    &isa_scalar::tmva_grid_kernels,
#if defined(DISKERN_HAVE_AVX2)
    &isa_avx2::tmva_grid_kernels,
#else
    nullptr,
#endif
#if defined(DISKERN_HAVE_AVX512)
    &isa_avx512::tmva_grid_kernels,
#else
    nullptr,
#endif
#if defined(DISKERN_HAVE_NEON)
    &isa_neon::tmva_grid_kernels,
#else
    nullptr,
#endif
};

void reference_ranges(const float* values, const TmvaEntry* entries, std::size_t count, float* minimum,
                      float* maximum) {
  for (std::size_t j = 0; j < tmva_group_size; ++j) {
    minimum[j] = maximum[j] = values[static_cast<std::size_t>(entries[0].event_and_signal >> 1U) * tmva_group_size + j];
    for (std::size_t k = 1; k < count; ++k) {
      const float value = values[static_cast<std::size_t>(entries[k].event_and_signal >> 1U) * tmva_group_size + j];
      minimum[j] = std::min(minimum[j], value);
      maximum[j] = std::max(maximum[j], value);
    }
  }
}

template <bool with_target>
void reference_add(const float* values, const TmvaEntry* entries, std::size_t count, const TmvaGrids* grids,
                   double* bins) {
  for (std::size_t w = 0; w < grids->n_wanted; ++w) {
    const auto j = static_cast<std::size_t>(grids->wanted[w]);
    for (std::size_t k = 0; k < count; ++k) {
      const float value = values[static_cast<std::size_t>(entries[k].event_and_signal >> 1U) * tmva_group_size + j];
      const auto place =
          static_cast<std::int32_t>(grids->inverse_width[j] * (static_cast<double>(value) - grids->minimum[j]));
      const auto bin = static_cast<std::size_t>(grids->first_bin[j] + std::min(place, grids->last_bin[j]));
      const double weight = entries[k].weight;
      double* sums = bins + bin * (with_target ? tmva_target_bin_size : tmva_bin_size);
      sums[entries[k].event_and_signal & 1U] += weight;
      sums[2] += 1;
      if (with_target) {
        const auto target = static_cast<double>(entries[k].target);
        sums[3] += weight * target;
        sums[4] += weight * target * target;
      }
    }
  }
}

}  // namespace

GroupedValues::GroupedValues(const std::vector<std::vector<float>>& columns)
    : groups_((columns.size() + tmva_group_size - 1) / tmva_group_size) {
  for (std::size_t j = 0; j < columns.size(); ++j) {
    std::vector<Row>& group = groups_[j / tmva_group_size];
    group.resize(columns[j].size());
    for (std::size_t i = 0; i < columns[j].size(); ++i) group[i].value[j % tmva_group_size] = columns[j][i];
  }
}

const TmvaGridKernels& tmva_grid_kernels(InstructionSet level) { return tables.at(level); }
const TmvaGridKernels& tmva_grid_kernels() { return tmva_grid_kernels(instruction_set()); }

const TmvaGridKernels& reference_tmva_grid_kernels() noexcept {
  static constexpr TmvaGridKernels reference = {reference_ranges, reference_add<false>, reference_add<true>};
  return reference;
}

}  // namespace trees

}  // namespace diskern

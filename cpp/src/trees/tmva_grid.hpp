#pragma once
// The grids of cuts of TMVA mode: sums of all bins of all variables of a node, in TMVA's order of events.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/dispatch.hpp"
#include "trees/tmva_grid_table.hpp"

namespace diskern::trees {

// The values once more, in groups of variables whose eight values of an event lie side by side.
class GroupedValues {
 public:
  GroupedValues() = default;
  explicit GroupedValues(const std::vector<std::vector<float>>& columns);

  std::size_t group_count() const noexcept { return groups_.size(); }
  const float* group(std::size_t g) const noexcept { return groups_[g].front().value; }

 private:
  struct alignas(sizeof(float) * tmva_group_size) Row {
    float value[tmva_group_size] = {};  // 0 where there is no variable
  };
  std::vector<std::vector<Row>> groups_;
};

// The kernels of a level, and of this process.
const TmvaGridKernels& tmva_grid_kernels(InstructionSet level);
const TmvaGridKernels& tmva_grid_kernels();

// What the kernels are held to, written as the definition.
const TmvaGridKernels& reference_tmva_grid_kernels() noexcept;

}  // namespace diskern::trees

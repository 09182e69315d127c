#include "trees/forest_ranked.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "trees/forest_bitsliced.hpp"

namespace diskern {

namespace isa_scalar {
extern const trees::RankedKernels ranked_kernels;
}
namespace isa_avx2 {
extern const trees::RankedKernels ranked_kernels;
}
namespace isa_avx512 {
extern const trees::RankedKernels ranked_kernels;
}
namespace isa_neon {
extern const trees::RankedKernels ranked_kernels;
}

namespace trees {

namespace {

constexpr KernelTables<RankedKernels> tables = {
    &isa_scalar::ranked_kernels,
#if defined(DISKERN_HAVE_AVX2)
    &isa_avx2::ranked_kernels,
#else
    nullptr,
#endif
#if defined(DISKERN_HAVE_AVX512)
    &isa_avx512::ranked_kernels,
#else
    nullptr,
#endif
#if defined(DISKERN_HAVE_NEON)
    &isa_neon::ranked_kernels,
#else
    nullptr,
#endif
};

constexpr unsigned least_depth = 3;  // eight trees of it fill a register

bool permutes_bytes() noexcept {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512vbmi") != 0;
#else
  return false;
#endif
}

// -0 and 0 are the same cut.
float cut_of(const Tree& tree, std::size_t node) { return float_threshold(tree.threshold[node]) + 0.0F; }

}  // namespace

ForestRanked::ForestRanked(const Forest& forest, InstructionSet level)
    : n_outputs_(static_cast<std::size_t>(forest.n_outputs)) {
  const RankedKernels& kernels = tables.at(level);
  const bool vbmi = kernels.add_leaves_vbmi != nullptr && permutes_bytes();
  const std::size_t most = vbmi ? kernels.most_slots_vbmi : kernels.most_slots;
  if (most == 0 || forest.trees.empty()) return;
  std::vector<unsigned> depths;
  for (std::size_t begin = 0; begin < forest.trees.size(); begin += ranked_lanes) {
    const std::size_t end = std::min(begin + ranked_lanes, forest.trees.size());
    unsigned depth = least_depth;
    std::size_t nodes = 0;
    for (std::size_t t = begin; t < end; ++t) {
      depth = std::max(depth, tree_depth(forest.trees[t]));
      nodes += forest.trees[t].node_count();
    }
    // Filling up costs time and cache: every node is compared.
    if (depth > ranked_depth || (end - begin) << (depth + 1) > 8 * nodes + 512) return;
    depths.push_back(depth);
  }
  if (!add_slots(forest, most)) return;
  for (std::size_t g = 0; g < depths.size(); ++g) {
    add_group(forest, g * ranked_lanes, std::min((g + 1) * ranked_lanes, forest.trees.size()), depths[g]);
  }
  add_leaves_ = vbmi ? kernels.add_leaves_vbmi : kernels.add_leaves;
}

double ForestRanked::nanoseconds() const noexcept {
  constexpr double of_slot = 2.0;
  constexpr double of_tree = 1.2;
  constexpr double of_register = 0.6;
  return of_slot * static_cast<double>(feature_.size()) + of_register * static_cast<double>(slot_.size() / 64) +
         of_tree * static_cast<double>(groups_.size() * ranked_lanes);
}

// False where there would be more slots than `most`.
bool ForestRanked::add_slots(const Forest& forest, std::size_t most) {
  std::vector<std::vector<float>> cuts(static_cast<std::size_t>(forest.n_features));
  for (const Tree& tree : forest.trees) {
    for (std::size_t i = 0; i < tree.node_count(); ++i) {
      if (tree.feature[i] >= 0) cuts[static_cast<std::size_t>(tree.feature[i])].push_back(cut_of(tree, i));
    }
  }
  for (std::size_t j = 0; j < cuts.size(); ++j) {
    std::vector<float>& of_variable = cuts[j];
    std::sort(of_variable.begin(), of_variable.end());
    of_variable.erase(std::unique(of_variable.begin(), of_variable.end()), of_variable.end());
    first_slot_.push_back(static_cast<std::uint32_t>(feature_.size()));
    for (std::size_t begin = 0; begin < of_variable.size(); begin += ranked_cuts) {
      if (feature_.size() == most) return false;
      feature_.push_back(static_cast<std::uint32_t>(j));
      slots_.emplace_back();
      RankedSlot& slot = slots_.back();
      std::fill(std::begin(slot.cut), std::end(slot.cut), std::numeric_limits<float>::quiet_NaN());
      const std::size_t end = std::min(begin + ranked_cuts, of_variable.size());
      std::copy(of_variable.begin() + static_cast<std::ptrdiff_t>(begin),
                of_variable.begin() + static_cast<std::ptrdiff_t>(end), std::begin(slot.cut));
      for (std::size_t i = 0; i < ranked_fence; ++i) slot.fence[i] = slot.cut[ranked_fence * i + ranked_fence - 1];
    }
  }
  first_slot_.push_back(static_cast<std::uint32_t>(feature_.size()));
  return true;
}

void ForestRanked::set_node(const Tree& tree, std::size_t node, std::size_t place) {
  const auto feature = static_cast<std::size_t>(tree.feature[node]);
  const float cut = cut_of(tree, node);
  for (std::uint32_t s = first_slot_[feature]; s < first_slot_[feature + 1]; ++s) {
    // NaN at the end is not below the cut.
    const float* const found = std::lower_bound(std::begin(slots_[s].cut), std::end(slots_[s].cut), cut);
    if (found == std::end(slots_[s].cut) || *found != cut) continue;
    slot_[place] = static_cast<std::uint8_t>(s < 16 ? s : s | 128U);
    node_rank_[place] = static_cast<std::uint8_t>(found - std::begin(slots_[s].cut) + 1);
    missing_right_[place] = tree.missing_right[node] != 0 ? 255 : 0;
    return;
  }
}

// Below a leaf both ways lead to it, so that it does not matter what is compared there.
void ForestRanked::add_group(const Forest& forest, std::size_t begin, std::size_t end, unsigned depth) {
  const RankedGroup group{static_cast<std::uint32_t>(end - begin), depth, slot_.size()};
  const std::size_t size = std::size_t{1} << depth;
  const std::size_t after = slot_.size() + ranked_lanes * size;
  slot_.resize(after, 0);
  node_rank_.resize(after, 0);
  missing_right_.resize(after, 0);
  value_.resize(after, 0.0);
  for (std::size_t t = begin; t < end; ++t) {
    const Tree& tree = forest.trees[t];
    const std::size_t first = group.begin + (t - begin) * size;
    std::vector<std::int32_t> level = {0};
    for (unsigned d = 0; d < depth; ++d) {
      std::vector<std::int32_t> below;
      for (std::size_t i = 0; i < level.size(); ++i) {
        const auto node = static_cast<std::size_t>(level[i]);
        const bool inner = tree.feature[node] != leaf_feature;
        if (inner) set_node(tree, node, first + level.size() + i);
        below.push_back(inner ? tree.right[node] : level[i]);
        below.push_back(inner ? tree.left[node] : level[i]);
      }
      level = std::move(below);
    }
    for (std::size_t i = 0; i < size; ++i) {
      value_[first + i] = forest.tree_weight[t] * tree.value[static_cast<std::size_t>(level[i])];
    }
  }
  groups_.push_back(group);
}

}  // namespace trees

}  // namespace diskern

#include "trees/forest_bitsliced.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <set>
#include <tuple>
#include <utility>

#include "trees/forest_bitsliced_program.hpp"

namespace diskern {

namespace isa_scalar {
extern const trees::BitslicedKernels bitsliced_kernels;
}
namespace isa_avx2 {
extern const trees::BitslicedKernels bitsliced_kernels;
}
namespace isa_avx512 {
extern const trees::BitslicedKernels bitsliced_kernels;
}
namespace isa_neon {
extern const trees::BitslicedKernels bitsliced_kernels;
}

namespace trees {

namespace {

constexpr KernelTables<BitslicedKernels> tables = {
    &isa_scalar::bitsliced_kernels,
#if defined(DISKERN_HAVE_AVX2)
    &isa_avx2::bitsliced_kernels,
#else
    nullptr,
#endif
#if defined(DISKERN_HAVE_AVX512)
    &isa_avx512::bitsliced_kernels,
#else
    nullptr,
#endif
#if defined(DISKERN_HAVE_NEON)
    &isa_neon::bitsliced_kernels,
#else
    nullptr,
#endif
};

// Lines of one tile: half a megabyte, for the second-level cache. 28 variables of 255 cuts fit.
constexpr std::size_t lines_of_tile = 8192;
constexpr std::size_t cuts_of_group = (std::size_t{1} << bitsliced_levels) - 1;

// Cycles for 512 events, measured with AVX-512.
double lookup_cost(unsigned width) {
  constexpr double of_width[] = {200, 200, 200, 200, 200, 220, 290, 560, 1100, 2200, 2200};
  return of_width[width];
}
double program_cost(std::size_t operations) { return 10 + 4 * static_cast<double>(operations); }
double complete_cost(unsigned depth) { return 10 + static_cast<double>(1U << depth); }

bool tree_fits(const Tree& tree) {
  std::size_t leaves = 0;
  for (const std::int32_t feature : tree.feature) {
    if (feature == linear_feature) return false;
    if (feature == leaf_feature) ++leaves;
  }
  return leaves <= std::size_t{1} << bitsliced_width;
}

}  // namespace

const BitslicedKernels& bitsliced_kernels(InstructionSet level) { return tables.at(level); }

unsigned tree_depth(const Tree& tree) {
  std::vector<unsigned> depth(tree.node_count(), 0);
  unsigned deepest = 0;
  for (std::size_t i = 0; i < tree.node_count(); ++i) {
    if (tree.feature[i] == leaf_feature) continue;
    for (const std::int32_t child : {tree.left[i], tree.right[i]})
      depth[static_cast<std::size_t>(child)] = depth[i] + 1;
    deepest = std::max(deepest, depth[i] + 1);
  }
  return deepest;
}

// A comparison that nodes share. In the order of the lines within a group: variable, group, missing, cut.
struct ForestBitsliced::Cut {
  std::int32_t feature;
  float cut;
  bool missing_right;

  static Cut of(const Tree& tree, std::size_t node) {
    // -0 and 0 are the same cut.
    return {tree.feature[node], float_threshold(tree.threshold[node]) + 0.0F, tree.missing_right[node] != 0};
  }
  auto key() const { return std::tuple(feature, cut, missing_right); }
  bool operator<(const Cut& other) const { return key() < other.key(); }
};

// Fills one tile from consecutive trees.
class ForestBitsliced::Builder {
 public:
  Builder(const Forest& forest, Tile& tile) : forest_(forest), tile_(tile) {}

  // False, and nothing done, when the tile would get too many lines.
  bool take(std::size_t t) {
    const Tree& tree = forest_.trees[t];
    std::vector<Cut> fresh;
    for (std::size_t i = 0; i < tree.node_count(); ++i) {
      if (tree.feature[i] >= 0) {
        const Cut cut = Cut::of(tree, i);
        if (cuts_.insert(cut).second) fresh.push_back(cut);
      }
    }
    if (!trees_.empty() && cuts_.size() > lines_of_tile) {
      for (const Cut& cut : fresh) cuts_.erase(cut);
      return false;
    }
    trees_.push_back(t);
    return true;
  }

  // Cycles for a block of events; negative when a tree does not fit.
  double finish() {
    double cost = add_groups();
    for (const std::size_t t : trees_) {
      const double of_tree = add_tree(t);
      if (of_tree < 0) return of_tree;
      cost += of_tree;
    }
    const std::uint32_t first_slot = line_count_;
    const auto place = [&](std::uint32_t operand) {
      const std::uint32_t line =
          operand >= LeafProgram::first_slot ? operand - LeafProgram::first_slot + first_slot : operand;
      return line * static_cast<std::uint32_t>(bitsliced_line);
    };
    for (std::uint32_t& operand : tile_.operands) operand = place(operand);
    for (BitslicedOperation& step : tile_.operations) {
      step = {place(step.destination), place(step.selector), place(step.right), place(step.left)};
    }
    tile_.line_count = first_slot + slot_count_;
    return cost;
  }

 private:
  double add_groups() {
    double cost = 0;
    for (auto begin = cuts_.begin(); begin != cuts_.end();) {
      // The next group: one variable, at most 255 different cuts, each with up to two lines.
      std::vector<float> values;
      std::vector<std::pair<std::size_t, const Cut*>> lines[2];
      auto end = begin;
      for (; end != cuts_.end() && end->feature == begin->feature; ++end) {
        if (values.empty() || values.back() != end->cut) {
          if (values.size() == cuts_of_group) break;
          values.push_back(end->cut);
        }
        lines[end->missing_right ? 1 : 0].emplace_back(values.size(), &*end);
      }
      add_group(begin->feature, values, lines);
      cost += 32.0 * static_cast<double>(4 + 5 * tile_.groups.back().levels) +
              3.0 * static_cast<double>(lines[0].size() + lines[1].size()) + 150;
      begin = end;
    }
    return cost;
  }

  void add_group(std::int32_t feature, const std::vector<float>& values,
                 const std::vector<std::pair<std::size_t, const Cut*>> (&lines)[2]) {
    BitslicedGroup group{};
    group.feature = static_cast<std::uint32_t>(feature);
    group.levels = static_cast<std::uint32_t>(std::bit_width(values.size()));
    group.search_begin = static_cast<std::uint32_t>(tile_.search.size());
    const std::size_t size = std::size_t{1} << group.levels;
    tile_.search.resize(tile_.search.size() + std::max<std::size_t>(size, 16), std::numeric_limits<float>::quiet_NaN());
    std::size_t next = 0;
    fill_search(tile_.search.data() + group.search_begin, 1, size, values, next);
    group.run_begin = static_cast<std::uint32_t>(tile_.runs.size());
    group.line_begin = line_count_;
    group.has_missing_right = lines[1].empty() ? 0 : 1;
    for (const std::uint8_t missing_right : {std::uint8_t{0}, std::uint8_t{1}}) {
      int high = -1;
      for (const auto& [number, cut] : lines[missing_right]) {
        if (static_cast<int>(number >> 4U) != high) {
          high = static_cast<int>(number >> 4U);
          tile_.runs.push_back(
              {static_cast<std::uint32_t>(tile_.low.size()), 0, static_cast<std::uint8_t>(high), missing_right});
        }
        ++tile_.runs.back().count;
        tile_.low.push_back(static_cast<std::uint8_t>(number & 15U));
        line_of_cut_.emplace_back(*cut, line_count_++);
      }
    }
    group.run_end = static_cast<std::uint32_t>(tile_.runs.size());
    tile_.groups.push_back(group);
  }

  // In-order through the search tree.
  static void fill_search(float* tree, std::size_t node, std::size_t size, const std::vector<float>& values,
                          std::size_t& next) {
    if (node >= size) return;
    fill_search(tree, 2 * node, size, values, next);
    if (next < values.size()) tree[node] = values[next++];
    fill_search(tree, 2 * node + 1, size, values, next);
  }

  std::uint32_t line_of(const Cut& cut) {
    if (!sorted_)
      std::sort(line_of_cut_.begin(), line_of_cut_.end(),
                [](const auto& a, const auto& b) { return a.first < b.first; });
    sorted_ = true;
    return std::lower_bound(line_of_cut_.begin(), line_of_cut_.end(), cut,
                            [](const auto& entry, const Cut& wanted) { return entry.first < wanted; })
        ->second;
  }

  double add_tree(std::size_t t) {
    const Tree& tree = forest_.trees[t];
    std::vector<std::uint32_t> line_of_node(tree.node_count(), line_of_zeros);
    for (std::size_t i = 0; i < tree.node_count(); ++i) {
      if (tree.feature[i] >= 0) line_of_node[i] = line_of(Cut::of(tree, i));
    }
    const unsigned depth = std::max(1U, tree_depth(tree));
    LeafProgram program = compile_leaf_program(tree, line_of_node);
    const bool programmable = !program.leaf.empty() && program.width() > 0;
    const double as_program = programmable ? program_cost(program.operations.size()) + lookup_cost(program.width())
                                           : std::numeric_limits<double>::infinity();
    const double as_complete = depth <= bitsliced_complete_depth ? complete_cost(depth) + lookup_cost(depth)
                                                                 : std::numeric_limits<double>::infinity();
    if (!programmable && depth > bitsliced_complete_depth) return -1;
    BitslicedTree result{};
    result.output = static_cast<std::uint32_t>(t % static_cast<std::size_t>(forest_.n_outputs));
    result.operand_begin = static_cast<std::uint32_t>(tile_.operands.size());
    result.value_begin = tile_.values.size();
    std::vector<std::int32_t> leaf;
    if (as_complete <= as_program) {
      result.depth = depth;
      result.width = depth;
      leaf = add_complete(tree, depth, line_of_node);
    } else {
      result.width = program.width();
      result.operation_begin = static_cast<std::uint32_t>(tile_.operations.size());
      tile_.operations.insert(tile_.operations.end(), program.operations.begin(), program.operations.end());
      result.operation_end = static_cast<std::uint32_t>(tile_.operations.size());
      tile_.operands.insert(tile_.operands.end(), program.planes.begin(), program.planes.end());
      slot_count_ = std::max(slot_count_, program.slot_count);
      leaf = std::move(program.leaf);
    }
    for (const std::int32_t node : leaf) {
      tile_.values.push_back(node < 0 ? 0.0 : forest_.tree_weight[t] * tree.value[static_cast<std::size_t>(node)]);
    }
    // Registers of sixteen values are loaded whole.
    if (leaf.size() < 16) tile_.values.resize(tile_.values.size() + 16 - leaf.size(), 0.0);
    tile_.trees.push_back(result);
    return std::min(as_complete, as_program);
  }

  // The lines of a tree that is filled up to a complete one; below a leaf everything goes left. Returns the leaves.
  std::vector<std::int32_t> add_complete(const Tree& tree, unsigned depth,
                                         const std::vector<std::uint32_t>& line_of_node) {
    std::vector<std::int32_t> level = {0};
    for (unsigned d = 0; d < depth; ++d) {
      std::vector<std::int32_t> below;
      for (const std::int32_t node : level) {
        const bool inner = node >= 0 && tree.feature[static_cast<std::size_t>(node)] != leaf_feature;
        tile_.operands.push_back(inner ? line_of_node[static_cast<std::size_t>(node)] : line_of_zeros);
        below.push_back(inner ? tree.left[static_cast<std::size_t>(node)] : node);
        below.push_back(inner ? tree.right[static_cast<std::size_t>(node)] : -1);
      }
      level = std::move(below);
    }
    return level;
  }

  const Forest& forest_;
  Tile& tile_;
  std::vector<std::size_t> trees_;
  std::set<Cut> cuts_;
  std::vector<std::pair<Cut, std::uint32_t>> line_of_cut_;
  bool sorted_ = false;
  std::uint32_t line_count_ = 2;  // after the zeros and the ones
  std::uint32_t slot_count_ = 0;
};

ForestBitsliced::ForestBitsliced(const Forest& forest) : n_outputs_(static_cast<std::size_t>(forest.n_outputs)) {
  if (forest.trees.empty() || !std::all_of(forest.trees.begin(), forest.trees.end(), tree_fits)) return;
  double cycles = 0;
  std::size_t t = 0;
  while (t < forest.trees.size()) {
    tiles_.emplace_back();
    Builder builder(forest, tiles_.back());
    while (t < forest.trees.size() && builder.take(t)) ++t;
    const double of_tile = builder.finish();
    if (of_tile < 0) {
      tiles_.clear();
      return;
    }
    cycles += of_tile;
    line_count_ = std::max(line_count_, tiles_.back().line_count);
  }
  cost_ = cycles / static_cast<double>(bitsliced_block);
}

BitslicedTile ForestBitsliced::Tile::view() const noexcept {
  return {groups.data(), groups.size(), search.data(),   runs.data(),       low.data(),
          trees.data(),  trees.size(),  operands.data(), operations.data(), values.data()};
}

ForestBitsliced::Scratch::Scratch(const ForestBitsliced& forest)
    : lines_(forest.line_count_ * bitsliced_line),
      window_(bitsliced_window * bitsliced_block),
      bytes_(2 * bitsliced_block) {
  std::fill_n(lines_.begin(), bitsliced_line, static_cast<unsigned char>(0));
  std::fill_n(lines_.begin() + bitsliced_line, bitsliced_line, static_cast<unsigned char>(0xff));
}

void ForestBitsliced::evaluate(const BitslicedKernels& kernels, const EventSource& events, std::size_t begin,
                               std::size_t count, double* sums, Scratch& scratch) const noexcept {
  const BitslicedScratch memory = {scratch.lines_.data(), scratch.window_.data(), scratch.bytes_.data()};
  for (const Tile& tile : tiles_) {
    const BitslicedTile view = tile.view();
    kernels.compare(view, events, begin, count, memory);
    kernels.add_trees(view, memory, sums);
  }
  for (std::size_t k = 0; k < n_outputs_; ++k) kernels.to_event_order(sums + k * bitsliced_block);
}

}  // namespace trees

}  // namespace diskern

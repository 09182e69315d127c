#include "trees/shap.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <utility>

#include "base/executor.hpp"
#include "diskern/error.hpp"
#include "trees/shap_block.hpp"

namespace diskern {

namespace isa_scalar {
extern const ShapKernels shap_kernels;
}
namespace isa_avx2 {
extern const ShapKernels shap_kernels;
}
namespace isa_avx512 {
extern const ShapKernels shap_kernels;
}
namespace isa_neon {
extern const ShapKernels shap_kernels;
}

namespace trees {

namespace {

constexpr KernelTables<ShapKernels> kernel_tables = {
    &isa_scalar::shap_kernels,
#if defined(DISKERN_HAVE_AVX2)
    &isa_avx2::shap_kernels,
#else
    nullptr,
#endif
#if defined(DISKERN_HAVE_AVX512)
    &isa_avx512::shap_kernels,
#else
    nullptr,
#endif
#if defined(DISKERN_HAVE_NEON)
    &isa_neon::shap_kernels,
#else
    nullptr,
#endif
};

}  // namespace

const ShapKernels& shap_kernels(InstructionSet level) { return kernel_tables.at(level); }
const ShapKernels& shap_kernels() { return shap_kernels(instruction_set()); }

TreeExplainer::TreeExplainer(const Forest& forest) : kernels_(&shap_kernels()) {
  prepare(forest, true);
  for (const ShapTree& tree : trees_) {
    double expected = 0;
    for (const ShapLeaf& leaf : tree.leaves) {
      double share = leaf.value;
      for (std::size_t k = leaf.begin; k < leaf.end; ++k) share *= tree.fraction[k];
      expected += share;
    }
    base_value_[tree.output] += expected;
  }
}

TreeExplainer::TreeExplainer(const Context& context, const Forest& forest, View<const float, 2> background,
                             View<const double> weight)
    : interventional_(true), kernels_(&shap_kernels()) {
  prepare(forest, false);
  if (longest_path_ > 64) {
    throw InvalidArgument("a path of the forest cuts on " + std::to_string(longest_path_) +
                          " variables, interventional SHAP values take at most 64");
  }
  learn_background(context, background, weight);
}

void TreeExplainer::prepare(const Forest& forest, bool with_fractions) {
  if (is_median(forest.aggregation)) {
    throw InvalidArgument(
        "SHAP values split sums and means of trees; this forest answers with a weighted median (AdaBoostR2)");
  }
  n_features_ = static_cast<std::size_t>(forest.n_features);
  n_outputs_ = static_cast<std::size_t>(forest.n_outputs);
  base_value_ = forest.base_score;
  std::vector<double> norm(n_outputs_, 1.0);
  if (forest.aggregation == Aggregation::weighted_mean) {
    norm.assign(n_outputs_, 0.0);
    for (std::size_t t = 0; t < forest.trees.size(); ++t) norm[t % n_outputs_] += forest.tree_weight[t];
  }
  trees_.reserve(forest.trees.size());
  for (std::size_t t = 0; t < forest.trees.size(); ++t) {
    const std::size_t output = t % n_outputs_;
    // As the evaluation has it, a mean over no weight is 0.
    const bool counts = norm[output] > std::numeric_limits<double>::epsilon();
    const double scale = counts ? forest.tree_weight[t] / norm[output] : 0.0;
    trees_.push_back(shap_tree(forest.trees[t], "tree " + std::to_string(t), output, scale, with_fractions));
    for (const ShapLeaf& leaf : trees_.back().leaves) longest_path_ = std::max(longest_path_, leaf.size());
  }
  for (std::size_t points = 1; with_fractions && points <= (longest_path_ + 1) / 2; ++points) {
    rules_.push_back(gauss_legendre(points));
  }
}

void TreeExplainer::read_block(View<const float, 2> events, Block& block) const {
  block.events = events.rows();
  block.lanes = chunk_count(block.events, shap_lanes) * shap_lanes;
  block.variables.resize(n_features_ * shap_block);
  for (std::size_t i = 0; i < block.lanes; ++i) {
    const std::size_t event = std::min(i, block.events - 1);
    for (std::size_t j = 0; j < n_features_; ++j) block.variables[j * shap_block + i] = events(event, j);
  }
  block.index.resize(shap_block);
}

void TreeExplainer::cut_block(const ShapTree& tree, Block& block) const {
  block.right.resize(std::max(block.right.size(), tree.cuts.size() * shap_block));
  for (std::size_t c = 0; c < tree.cuts.size(); ++c) {
    const ShapTree::Cut& cut = tree.cuts[c];
    kernels_->compare(block.variables.data() + static_cast<std::size_t>(cut.feature) * shap_block, block.lanes,
                      cut.threshold, cut.missing_right, block.right.data() + c * shap_block);
  }
}

void TreeExplainer::condition_bits(const std::vector<ShapCondition>& conditions, Block& block, unsigned shift,
                                   std::uint8_t* bits) const {
  block.pointers.clear();
  block.wanted.clear();
  for (const ShapCondition& condition : conditions) {
    block.pointers.push_back(block.right.data() + condition.cut * shap_block);
    block.wanted.push_back(condition.right);
  }
  kernels_->add_bit(block.pointers.data(), block.wanted.data(), conditions.size(), block.lanes, shift, bits);
}

void TreeExplainer::learn_background(const Context& context, View<const float, 2> background,
                                     View<const double> weight) {
  double total = 0;
  for (std::size_t i = 0; i < weight.size(); ++i) total += weight[i];
  if (background.rows() == 0 || !(total > 0) || !std::isfinite(total)) {
    throw InvalidArgument("background has " + std::to_string(background.rows()) + " events with a sum of weights of " +
                          std::to_string(total) + ", it must be positive and finite");
  }
  interruptible_for(
      context, trees_.size(),
      [&](std::size_t t) {
        Block block;
        learn_background(trees_[t], background, weight, total, block);
      },
      static_cast<double>(trees_.size()) * static_cast<double>(background.rows()) * 500.0);
  for (const ShapTree& tree : trees_) {
    double expected = 0;
    for (const ShapLeaf& leaf : tree.leaves) {
      const std::uint64_t all = leaf.size() == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << leaf.size()) - 1;
      for (std::size_t b = 0; b < leaf.background.size(); ++b) {
        if (leaf.background[b] == all) expected += leaf.value * leaf.background_weight[b];
      }
    }
    base_value_[tree.output] += expected;
  }
}

void TreeExplainer::learn_background(ShapTree& tree, View<const float, 2> background, View<const double> weight,
                                     double total, Block& block) const {
  std::vector<std::map<std::uint64_t, double>> found(tree.leaves.size());
  std::vector<std::uint64_t> bits(shap_block);
  for (std::size_t begin = 0; begin < background.rows(); begin += shap_block) {
    const std::size_t end = std::min(begin + shap_block, background.rows());
    read_block(background.slice(begin, end), block);
    cut_block(tree, block);
    for (std::size_t l = 0; l < tree.leaves.size(); ++l) {
      const ShapLeaf& leaf = tree.leaves[l];
      std::fill(bits.begin(), bits.end(), 0);
      for (std::size_t k = leaf.begin; k < leaf.end; ++k) {
        for (std::size_t i = 0; i < end - begin; ++i) {
          bool holds = true;
          for (std::size_t c = tree.condition_begin[k]; c < tree.condition_begin[k + 1]; ++c) {
            const ShapCondition& condition = tree.conditions[c];
            holds = holds && block.right[condition.cut * shap_block + i] == condition.right;
          }
          bits[i] |= std::uint64_t{holds} << (k - leaf.begin);
        }
      }
      for (std::size_t i = 0; i < end - begin; ++i) found[l][bits[i]] += weight[begin + i];
    }
  }
  for (std::size_t l = 0; l < tree.leaves.size(); ++l) {
    for (const auto& [pattern, sum] : found[l]) {
      tree.leaves[l].background.push_back(pattern);
      tree.leaves[l].background_weight.push_back(sum / total);
    }
  }
}

void TreeExplainer::one_leaf(const ShapTree& tree, const ShapLeaf& leaf, const std::uint8_t* on, double* scratch,
                             double* values) const noexcept {
  if (!interventional_) {
    leaf_values(tree, leaf, rules_, on, scratch, values);
    return;
  }
  std::uint64_t bits = 0;
  for (std::size_t k = 0; k < leaf.size(); ++k) bits |= std::uint64_t{on[k] != 0} << k;
  leaf_values_interventional(leaf, bits, values);
}

std::vector<double> TreeExplainer::table(const ShapTree& tree, const ShapGroup& group) const {
  const std::size_t width = group.variable.size();
  std::vector<double> result(group.table_size(), 0.0);
  std::uint8_t on[group_bits];
  std::vector<double> scratch(leaf_scratch(group_bits));
  for (const ShapGroup::Member& member : group.members) {
    const ShapLeaf& leaf = tree.leaves[member.leaf];
    const std::size_t m = leaf.size();
    std::vector<double> of_leaf((std::size_t{1} << m) * m);
    for (std::size_t pattern = 0; pattern < std::size_t{1} << m; ++pattern) {
      for (std::size_t k = 0; k < m; ++k) on[k] = static_cast<std::uint8_t>(pattern >> k & 1U);
      one_leaf(tree, leaf, on, scratch.data(), of_leaf.data() + pattern * m);
    }
    for (std::size_t index = 0; index < std::size_t{1} << group.bit.size(); ++index) {
      std::size_t pattern = 0;
      for (std::size_t k = 0; k < m; ++k) {
        const bool holds = (index & member.ones[k]) == member.ones[k] && (index & member.zeros[k]) == 0;
        pattern |= std::size_t{holds} << k;
      }
      for (std::size_t k = 0; k < m; ++k) result[index * width + member.place[k]] += of_leaf[pattern * m + k];
    }
  }
  return result;
}

void TreeExplainer::add_directly(const ShapTree& tree, const ShapGroup& group, const Block& block, double* values,
                                 std::size_t stride) const {
  std::uint8_t on[group_bits];
  std::vector<double> scratch(leaf_scratch(group_bits));
  double of_leaf[group_bits];
  double sum[group_bits];
  const std::size_t width = group.variable.size();
  for (std::size_t i = 0; i < block.events; ++i) {
    const std::uint32_t index = block.index[i];
    std::fill(sum, sum + width, 0.0);
    for (const ShapGroup::Member& member : group.members) {
      const ShapLeaf& leaf = tree.leaves[member.leaf];
      for (std::size_t k = 0; k < leaf.size(); ++k) {
        on[k] = (index & member.ones[k]) == member.ones[k] && (index & member.zeros[k]) == 0 ? 1 : 0;
      }
      one_leaf(tree, leaf, on, scratch.data(), of_leaf);
      for (std::size_t k = 0; k < leaf.size(); ++k) sum[member.place[k]] += of_leaf[k];
    }
    for (std::size_t k = 0; k < width; ++k) values[i * stride + static_cast<std::size_t>(group.variable[k])] += sum[k];
  }
}

TreeExplainer::PartTables TreeExplainer::part_tables(const ShapTree& tree, const ShapGroup& group) const {
  const ShapLeaf& leaf = tree.leaves[group.members.front().leaf];
  const std::size_t m = leaf.size();
  const GaussLegendre& rule = rules_[(m + 1) / 2 - 1];
  const std::size_t points = rule.point.size();
  PartTables result;
  std::uint8_t on[part_bits];
  for (std::size_t part = 0; part < part_count(m); ++part) {
    const std::size_t begin = part_begin(m, part);
    const std::size_t size = part_begin(m, part + 1) - begin;
    const std::size_t patterns = std::size_t{1} << size;
    std::vector<double> rows(patterns * points * part_lanes);
    std::vector<double> products(patterns * points);
    for (std::size_t pattern = 0; pattern < patterns; ++pattern) {
      for (std::size_t k = 0; k < size; ++k) on[k] = static_cast<std::uint8_t>(pattern >> k & 1U);
      part_rows(tree.fraction.data() + leaf.begin + begin, size, leaf.value, rule, on,
                products.data() + pattern * points, rows.data() + pattern * points * part_lanes);
    }
    result.rows.push_back(std::move(rows));
    result.products.push_back(std::move(products));
  }
  return result;
}

void TreeExplainer::add_parts(const ShapTree& tree, const ShapGroup& group, const PartTables& tables, Block& block,
                              double* values, std::size_t stride) const {
  const ShapLeaf& leaf = tree.leaves[group.members.front().leaf];
  const std::size_t m = leaf.size();
  const std::size_t parts = part_count(m);
  const std::size_t points = (m + 1) / 2;
  block.bits.resize(std::max(block.bits.size(), parts * shap_block));
  std::fill(block.bits.begin(), block.bits.begin() + static_cast<std::ptrdiff_t>(parts * shap_block), 0);
  std::vector<const double*> rows;
  std::vector<const double*> products;
  std::vector<const std::uint8_t*> index;
  std::vector<std::size_t> begin;
  for (std::size_t part = 0; part < parts; ++part) {
    begin.push_back(part_begin(m, part));
    std::uint8_t* bits = block.bits.data() + part * shap_block;
    for (std::size_t k = begin.back(); k < part_begin(m, part + 1); ++k) {
      condition_bits(group.bit[k], block, static_cast<unsigned>(k - begin.back()), bits);
    }
    rows.push_back(tables.rows[part].data());
    products.push_back(tables.products[part].data());
    index.push_back(bits);
  }
  begin.push_back(m);
  block.scratch.resize(std::max(block.scratch.size(), points));
  kernels_->add_parts(rows.data(), products.data(), index.data(), begin.data(), parts, points, block.events,
                      tree.variable.data() + leaf.begin, block.scratch.data(), values, stride);
}

void TreeExplainer::add_large_leaf(const ShapTree& tree, const ShapGroup& group, Block& block, double* values,
                                   std::size_t stride) const {
  const ShapLeaf& leaf = tree.leaves[group.members.front().leaf];
  const std::size_t m = leaf.size();
  block.bits.resize(std::max(block.bits.size(), m * shap_block));
  std::fill(block.bits.begin(), block.bits.begin() + static_cast<std::ptrdiff_t>(m * shap_block), 0);
  for (std::size_t k = 0; k < m; ++k) condition_bits(group.bit[k], block, 0, block.bits.data() + k * shap_block);
  block.scratch.resize(std::max(block.scratch.size(), leaf_scratch(m)));
  std::vector<std::uint8_t> on(m);
  std::vector<double> of_leaf(m);
  for (std::size_t i = 0; i < block.events; ++i) {
    for (std::size_t k = 0; k < m; ++k) on[k] = block.bits[k * shap_block + i];
    one_leaf(tree, leaf, on.data(), block.scratch.data(), of_leaf.data());
    double* v = values + i * stride;
    for (std::size_t k = 0; k < m; ++k) v[static_cast<std::size_t>(tree.variable[leaf.begin + k])] += of_leaf[k];
  }
}

void TreeExplainer::add_tree(const ShapTree& tree, const std::vector<GroupTable>& tables, Block& block, double* values,
                             std::size_t stride) const {
  if (tree.cuts.empty()) return;
  cut_block(tree, block);
  double* of_output = values + tree.output * n_features_;
  for (std::size_t g = 0; g < tree.groups.size(); ++g) {
    const ShapGroup& group = tree.groups[g];
    if (!group.indexed()) {
      if (tables[g].parts.rows.empty()) {
        add_large_leaf(tree, group, block, of_output, stride);
      } else {
        add_parts(tree, group, tables[g].parts, block, of_output, stride);
      }
      continue;
    }
    std::fill(block.index.begin(), block.index.end(), 0);
    for (std::size_t b = 0; b < group.bit.size(); ++b) {
      condition_bits(group.bit[b], block, static_cast<unsigned>(b), block.index.data());
    }
    if (tables[g].sums.empty()) {
      add_directly(tree, group, block, of_output, stride);
    } else {
      kernels_->add_rows(tables[g].sums.data(), group.variable.size(), block.index.data(), block.events,
                         group.variable.data(), of_output, stride);
    }
  }
}

void TreeExplainer::explain(const Context& context, View<const float, 2> events, View<double, 2> values,
                            Algorithm algorithm) const {
  const std::size_t n = events.rows();
  const std::size_t stride = n_outputs_ * n_features_;
  if (events.columns() != n_features_) {
    throw InvalidArgument("events has " + std::to_string(events.columns()) +
                          " variables, the forest was trained with " + std::to_string(n_features_));
  }
  if (values.rows() != n || values.columns() != stride || !(n == 0 || values.contiguous())) {
    throw InvalidArgument("values must be a contiguous array of " + std::to_string(n) + " x " + std::to_string(stride));
  }
  if (n == 0) return;
  std::fill(values.data(), values.data() + n * stride, 0.0);
  const auto pays = [&](const ShapGroup& group) {
    if (algorithm == Algorithm::direct || (!group.indexed() && interventional_)) return false;
    const std::size_t bits = group.indexed() ? group.bit.size() : part_bits;
    return algorithm == Algorithm::tables || n >= std::size_t{1} << bits;
  };
  const auto numbers = [](const ShapGroup& group) {
    if (group.indexed()) return group.table_size();
    const std::size_t m = group.bit.size();
    return part_count(m) * (std::size_t{1} << part_bits) * ((m + 1) / 2) * (part_lanes + 1);
  };
  const std::size_t chunks = chunk_count(n, shap_block);
  for (std::size_t begin = 0; begin < trees_.size();) {
    std::size_t end = begin;
    for (std::size_t bytes = 0; end < trees_.size() && (end == begin || bytes < shap_table_memory); ++end) {
      for (const ShapGroup& group : trees_[end].groups) bytes += pays(group) ? sizeof(double) * numbers(group) : 0;
    }
    std::vector<std::vector<GroupTable>> tables(end - begin);
    interruptible_for(
        context, end - begin,
        [&](std::size_t t) {
          const ShapTree& tree = trees_[begin + t];
          tables[t].resize(tree.groups.size());
          for (std::size_t g = 0; g < tree.groups.size(); ++g) {
            const ShapGroup& group = tree.groups[g];
            if (!pays(group)) continue;
            if (group.indexed()) {
              tables[t][g].sums = table(tree, group);
            } else {
              tables[t][g].parts = part_tables(tree, group);
            }
          }
        },
        static_cast<double>(end - begin) * 3e5);
    interruptible_for(
        context, chunks,
        [&](std::size_t chunk) {
          const Range range = chunk_range(n, shap_block, chunk);
          Block block;
          read_block(events.slice(range.begin, range.end), block);
          for (std::size_t t = begin; t < end; ++t) {
            add_tree(trees_[t], tables[t - begin], block, values.data() + range.begin * stride, stride);
          }
        },
        static_cast<double>(n) * static_cast<double>(end - begin) * 300.0);
    begin = end;
  }
}

}  // namespace trees

}  // namespace diskern

// Interactions of pairs of variables.
#include <algorithm>

#include "base/executor.hpp"
#include "diskern/error.hpp"
#include "trees/shap_block.hpp"

namespace diskern::trees {

// The interactions of all leaves of a group for one combination of its bits: variables x variables of the group.
void TreeExplainer::group_interactions(const ShapTree& tree, const ShapGroup& group, std::uint32_t index,
                                       double* sums) const {
  std::uint8_t on[group_bits];
  double scratch[2 * group_bits + 1];
  double of_leaf[group_bits * group_bits];
  const std::size_t width = group.variable.size();
  std::fill(sums, sums + width * width, 0.0);
  for (const ShapGroup::Member& member : group.members) {
    const ShapLeaf& leaf = tree.leaves[member.leaf];
    const std::size_t m = leaf.size();
    for (std::size_t k = 0; k < m; ++k) {
      on[k] = (index & member.ones[k]) == member.ones[k] && (index & member.zeros[k]) == 0 ? 1 : 0;
    }
    leaf_interactions(tree, leaf, rules_, on, scratch, of_leaf);
    for (std::size_t i = 0; i < m; ++i) {
      for (std::size_t j = 0; j < m; ++j) sums[member.place[i] * width + member.place[j]] += of_leaf[i * m + j];
    }
  }
}

void TreeExplainer::add_interactions(const ShapTree& tree, const std::vector<std::vector<double>>& tables, Block& block,
                                     double* values, std::size_t stride) const {
  if (tree.cuts.empty()) return;
  cut_block(tree, block);
  double* of_output = values + tree.output * n_features_ * n_features_;
  const auto add = [&](std::size_t event, const std::int32_t* variable, std::size_t width, const double* sums) {
    double* v = of_output + event * stride;
    for (std::size_t i = 0; i < width; ++i) {
      double* row = v + static_cast<std::size_t>(variable[i]) * n_features_;
      for (std::size_t j = 0; j < width; ++j) row[static_cast<std::size_t>(variable[j])] += sums[i * width + j];
    }
  };
  std::vector<double> sums;
  for (std::size_t g = 0; g < tree.groups.size(); ++g) {
    const ShapGroup& group = tree.groups[g];
    const std::size_t width = group.variable.size();
    sums.resize(width * width);
    if (group.indexed()) {
      std::fill(block.index.begin(), block.index.end(), 0);
      for (std::size_t b = 0; b < group.bit.size(); ++b) {
        condition_bits(group.bit[b], block, static_cast<unsigned>(b), block.index.data());
      }
      for (std::size_t i = 0; i < block.events; ++i) {
        if (!tables[g].empty()) {
          add(i, group.variable.data(), width, tables[g].data() + block.index[i] * width * width);
        } else {
          group_interactions(tree, group, block.index[i], sums.data());
          add(i, group.variable.data(), width, sums.data());
        }
      }
      continue;
    }
    const ShapLeaf& leaf = tree.leaves[group.members.front().leaf];
    const std::size_t m = leaf.size();
    block.bits.resize(std::max(block.bits.size(), m * shap_block));
    std::fill(block.bits.begin(), block.bits.begin() + static_cast<std::ptrdiff_t>(m * shap_block), 0);
    for (std::size_t k = 0; k < m; ++k) condition_bits(group.bit[k], block, 0, block.bits.data() + k * shap_block);
    std::vector<std::uint8_t> on(m);
    std::vector<double> scratch(2 * m + 1);
    for (std::size_t i = 0; i < block.events; ++i) {
      for (std::size_t k = 0; k < m; ++k) on[k] = block.bits[k * shap_block + i];
      leaf_interactions(tree, leaf, rules_, on.data(), scratch.data(), sums.data());
      add(i, tree.variable.data() + leaf.begin, m, sums.data());
    }
  }
}

void TreeExplainer::explain_interactions(const Context& context, View<const float, 2> events, View<double, 2> values,
                                         Algorithm algorithm) const {
  if (interventional_) {
    throw InvalidArgument("interaction values are path-dependent: prepare the forest without a background sample");
  }
  const std::size_t n = events.rows();
  const std::size_t squares = n_features_ * n_features_;
  const std::size_t stride = n_outputs_ * squares;
  if (values.rows() != n || values.columns() != stride || !(n == 0 || values.contiguous())) {
    throw InvalidArgument("values must be a contiguous array of " + std::to_string(n) + " x " + std::to_string(stride));
  }
  // The values of single variables, which the rows must add up to; checks the events as well.
  std::vector<double> single(n * n_outputs_ * n_features_);
  explain(context, events, View<double, 2>(single.data(), n, n_outputs_ * n_features_), algorithm);
  if (n == 0) return;
  std::fill(values.data(), values.data() + n * stride, 0.0);
  const auto pays = [&](const ShapGroup& group) {
    if (!group.indexed() || algorithm == Algorithm::direct) return false;
    return algorithm == Algorithm::tables || n >= std::size_t{1} << group.bit.size();
  };
  const auto numbers = [](const ShapGroup& group) { return group.table_size() * group.variable.size(); };
  for (std::size_t begin = 0; begin < trees_.size();) {
    std::size_t end = begin;
    for (std::size_t bytes = 0; end < trees_.size() && (end == begin || bytes < shap_table_memory); ++end) {
      for (const ShapGroup& group : trees_[end].groups) bytes += pays(group) ? sizeof(double) * numbers(group) : 0;
    }
    std::vector<std::vector<std::vector<double>>> tables(end - begin);
    interruptible_for(
        context, end - begin,
        [&](std::size_t t) {
          const ShapTree& tree = trees_[begin + t];
          tables[t].resize(tree.groups.size());
          for (std::size_t g = 0; g < tree.groups.size(); ++g) {
            const ShapGroup& group = tree.groups[g];
            if (!pays(group)) continue;
            const std::size_t square = group.variable.size() * group.variable.size();
            tables[t][g].resize(numbers(group));
            for (std::size_t index = 0; index < std::size_t{1} << group.bit.size(); ++index) {
              group_interactions(tree, group, static_cast<std::uint32_t>(index), tables[t][g].data() + index * square);
            }
          }
        },
        static_cast<double>(end - begin) * 1e6);
    interruptible_for(
        context, chunk_count(n, shap_block),
        [&](std::size_t chunk) {
          const Range range = chunk_range(n, shap_block, chunk);
          Block block;
          read_block(events.slice(range.begin, range.end), block);
          for (std::size_t t = begin; t < end; ++t) {
            add_interactions(trees_[t], tables[t - begin], block, values.data() + range.begin * stride, stride);
          }
        },
        static_cast<double>(n) * static_cast<double>(end - begin) * 2000.0);
    begin = end;
  }
  for (std::size_t row = 0; row < n * n_outputs_; ++row) {
    double* square = values.data() + row * squares;
    for (std::size_t i = 0; i < n_features_; ++i) {
      double others = 0;
      for (std::size_t j = 0; j < n_features_; ++j) others += square[i * n_features_ + j];
      square[i * n_features_ + i] = single[row * n_features_ + i] - others;
    }
  }
}

}  // namespace diskern::trees

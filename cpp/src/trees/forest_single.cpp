#include "trees/forest_single.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>

#include "trees/forest_bitsliced.hpp"

namespace diskern::trees {

namespace {

// Integers in the order of the floats: comparing them takes a cycle where comparing floats takes six.
constexpr std::int32_t key_of_missing = std::numeric_limits<std::int32_t>::min();  // below all others
constexpr std::int32_t key_of_nothing = std::numeric_limits<std::int32_t>::max();  // above that of infinity

constexpr double nanoseconds_of_step = 0.8;

std::int32_t key_of(float x) noexcept {
  const auto bits = std::bit_cast<std::int32_t>(x + 0.0F);  // -0 becomes 0
  const std::int32_t key = bits ^ ((bits >> 31) & 0x7fffffff);
  return x == x ? key : key_of_missing;
}

}  // namespace

ForestSingle::ForestSingle(const Forest& forest, InstructionSet level) {
  if (forest.n_features > 65536) return;
  for (const Tree& tree : forest.trees) {
    if (std::find(tree.feature.begin(), tree.feature.end(), linear_feature) != tree.feature.end()) return;
  }
  ranked_ = ForestRanked(forest, level);
  if (ranked_.usable()) {
    nanoseconds_ = ranked_.nanoseconds();
    return;
  }
  n_features_ = static_cast<std::size_t>(forest.n_features);
  n_outputs_ = static_cast<std::size_t>(forest.n_outputs);
  for (std::size_t begin = 0; begin < forest.trees.size(); begin += lanes) {
    const std::size_t end = std::min(begin + lanes, forest.trees.size());
    unsigned depth = 1;
    std::size_t nodes = 0;
    for (std::size_t t = begin; t < end; ++t) {
      depth = std::max(depth, tree_depth(forest.trees[t]));
      nodes += forest.trees[t].node_count();
    }
    // Filling up costs memory, and cache with it.
    const bool complete =
        depth <= deepest_complete && n_features_ <= most_keys && (end - begin) << (depth + 1) <= 8 * nodes + 512;
    Group group{static_cast<std::uint32_t>(end - begin), complete ? depth : 0,
                complete ? threshold_.size() : root_.size()};
    for (std::size_t t = begin; t < end; ++t) {
      if (complete) {
        add_complete(forest, t, depth);
      } else {
        add_nodes(forest, t);
      }
    }
    if (complete) fill_group(group);
    nanoseconds_ += nanoseconds_of_step * static_cast<double>(lanes) * depth;
    groups_.push_back(group);
  }
}

void ForestSingle::add_complete(const Forest& forest, std::size_t t, unsigned depth) {
  const Tree& tree = forest.trees[t];
  threshold_.push_back(0);
  feature_.push_back(0);
  missing_right_.push_back(0);
  std::vector<std::int32_t> level = {0};
  for (unsigned d = 0; d < depth; ++d) {
    std::vector<std::int32_t> below;
    for (const std::int32_t index : level) {
      const auto node = static_cast<std::size_t>(std::max(index, 0));
      // Below a leaf everything goes left.
      const bool inner = index >= 0 && tree.feature[node] != leaf_feature;
      threshold_.push_back(inner ? key_of(float_threshold(tree.threshold[node])) : key_of_nothing);
      feature_.push_back(inner ? static_cast<std::uint16_t>(tree.feature[node]) : std::uint16_t{0});
      missing_right_.push_back(inner && tree.missing_right[node] != 0 ? 1 : 0);
      below.push_back(inner ? tree.left[node] : index);
      below.push_back(inner ? tree.right[node] : -1);
    }
    level = std::move(below);
  }
  for (const std::int32_t index : level) {
    value_.push_back(index < 0 ? 0.0 : forest.tree_weight[t] * tree.value[static_cast<std::size_t>(index)]);
  }
}

// Lanes without a tree go left everywhere.
void ForestSingle::fill_group(const Group& group) {
  const std::size_t end = group.begin + (lanes << group.depth);
  threshold_.resize(end, key_of_nothing);
  feature_.resize(end, 0);
  missing_right_.resize(end, 0);
  value_.resize(end, 0.0);
}

void ForestSingle::add_nodes(const Forest& forest, std::size_t t) {
  const Tree& tree = forest.trees[t];
  const auto root = static_cast<std::uint32_t>(node_.size());
  root_.push_back(root);
  // Level by level, so that siblings are neighbours.
  std::vector<std::size_t> order = {0};
  for (std::size_t i = 0; i < order.size(); ++i) {
    const std::size_t node = order[i];
    const bool leaf = tree.feature[node] == leaf_feature;
    if (leaf) {
      node_.push_back({std::numeric_limits<float>::quiet_NaN(), root + static_cast<std::uint32_t>(i), 0});
    } else {
      node_.push_back({float_threshold(tree.threshold[node]), root + static_cast<std::uint32_t>(order.size()),
                       2 * static_cast<std::uint32_t>(tree.feature[node]) + (tree.missing_right[node] != 0 ? 1U : 0U)});
      order.push_back(static_cast<std::size_t>(tree.left[node]));
      order.push_back(static_cast<std::size_t>(tree.right[node]));
    }
    node_value_.push_back(leaf ? forest.tree_weight[t] * tree.value[node] : 0.0);
  }
}

template <bool Missing, unsigned Depth>
void ForestSingle::walk_complete(const Group& group, const std::int32_t* keys, double* leaves) const noexcept {
  // The distances between the trees are constants, so that a step takes six instructions.
  constexpr std::size_t size = std::size_t{1} << Depth;
  const std::int32_t* const thresholds = threshold_.data() + group.begin;
  const std::uint16_t* const features = feature_.data() + group.begin;
  const std::uint8_t* const missing_right = missing_right_.data() + group.begin;
  const double* const values = value_.data() + group.begin;
  std::array<std::size_t, lanes> at;  // NOLINT(cppcoreguidelines-pro-type-member-init)
#pragma GCC unroll 8
  for (std::size_t lane = 0; lane < lanes; ++lane) at[lane] = 1;
#pragma GCC unroll 8
  for (unsigned d = 0; d < Depth; ++d) {
#pragma GCC unroll 8
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      const std::int32_t key = keys[features[lane * size + at[lane]]];
      std::size_t right = key >= thresholds[lane * size + at[lane]] ? 1U : 0U;
      if constexpr (Missing) right |= (key == key_of_missing ? 1U : 0U) & missing_right[lane * size + at[lane]];
      at[lane] = 2 * at[lane] + right;
    }
  }
#pragma GCC unroll 8
  for (std::size_t lane = 0; lane < lanes; ++lane) leaves[lane] = values[lane * size + at[lane] - size];
}

template <bool Missing>
void ForestSingle::walk(const Group& group, const float* variables, const std::int32_t* keys,
                        double* leaves) const noexcept {
  switch (group.depth) {
    case 0:
      return walk_nodes(group, variables, leaves);
    case 1:
      return walk_complete<Missing, 1>(group, keys, leaves);
    case 2:
      return walk_complete<Missing, 2>(group, keys, leaves);
    case 3:
      return walk_complete<Missing, 3>(group, keys, leaves);
    case 4:
      return walk_complete<Missing, 4>(group, keys, leaves);
    case 5:
      return walk_complete<Missing, 5>(group, keys, leaves);
    case 6:
      return walk_complete<Missing, 6>(group, keys, leaves);
    case 7:
      return walk_complete<Missing, 7>(group, keys, leaves);
    default:
      return walk_complete<Missing, 8>(group, keys, leaves);
  }
}

void ForestSingle::walk_nodes(const Group& group, const float* variables, double* leaves) const noexcept {
  std::array<std::uint32_t, lanes> at;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  for (std::size_t lane = 0; lane < lanes; ++lane) {
    at[lane] = root_[group.begin + std::min<std::size_t>(lane, group.trees - 1)];
  }
  std::uint32_t moved = 1;
  while (moved != 0) {
    moved = 0;
#pragma GCC unroll 8
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      const Node& node = node_[at[lane]];
      const float x = variables[node.feature >> 1U];
      // At a leaf the lowest bit of feature is 0 and nothing is >= NaN.
      const std::uint32_t right = (x >= node.threshold ? 1U : 0U) | ((x != x ? 1U : 0U) & node.feature & 1U);
      const std::uint32_t next = node.left + right;
      moved |= next ^ at[lane];
      at[lane] = next;
    }
  }
  for (std::size_t lane = 0; lane < lanes; ++lane) leaves[lane] = node_value_[at[lane]];
}

void ForestSingle::evaluate(const float* variables, double* sums) const noexcept {
  if (ranked_.usable()) return ranked_.evaluate(variables, sums);
  std::array<std::int32_t, most_keys> keys;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  std::uint32_t missing = 0;
  for (std::size_t j = 0; j < std::min(n_features_, most_keys); ++j) {
    keys[j] = key_of(variables[j]);
    missing |= keys[j] == key_of_missing ? 1U : 0U;
  }
  std::array<double, lanes> leaves;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  if (n_outputs_ == 1) {
    double sum = sums[0];
    for (const Group& group : groups_) {
      if (missing == 0) {
        walk<false>(group, variables, keys.data(), leaves.data());
      } else {
        walk<true>(group, variables, keys.data(), leaves.data());
      }
      for (std::size_t lane = 0; lane < group.trees; ++lane) sum += leaves[lane];
    }
    sums[0] = sum;
    return;
  }
  std::size_t output = 0;
  for (const Group& group : groups_) {
    walk<true>(group, variables, keys.data(), leaves.data());
    for (std::size_t lane = 0; lane < group.trees; ++lane) {
      sums[output] += leaves[lane];
      output = output + 1 == n_outputs_ ? 0 : output + 1;
    }
  }
}

}  // namespace diskern::trees

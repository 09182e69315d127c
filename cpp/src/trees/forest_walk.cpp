#include "trees/forest_walk.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "trees/forest_bitsliced.hpp"

namespace diskern::trees {

namespace {

constexpr std::size_t lanes = 16;

bool packable(const Forest& forest) {
  if (forest.n_features > 32767) return false;
  return std::all_of(forest.trees.begin(), forest.trees.end(), [](const Tree& tree) {
    return tree.node_count() <= 65536 &&
           std::none_of(tree.feature.begin(), tree.feature.end(), [](std::int32_t f) { return f == linear_feature; });
  });
}

}  // namespace

ForestWalk::ForestWalk(const Forest& forest) {
  if (!packable(forest)) return;
  n_features_ = static_cast<std::size_t>(forest.n_features);
  n_outputs_ = static_cast<std::size_t>(forest.n_outputs);
  for (std::size_t t = 0; t < forest.trees.size(); ++t) {
    const Tree& tree = forest.trees[t];
    const auto begin = static_cast<std::uint32_t>(nodes_.size());
    // Level by level, so that siblings are neighbours.
    struct Place {
      std::size_t node;
      std::uint32_t depth;
    };
    std::vector<Place> order = {{0, 0}};
    std::uint32_t shallowest = std::numeric_limits<std::uint32_t>::max();
    double depths = 0;
    double leaves = 0;
    for (std::size_t i = 0; i < order.size(); ++i) {
      const Place place = order[i];
      const bool leaf = tree.feature[place.node] == leaf_feature;
      Node node{};
      if (leaf) {
        node = {std::numeric_limits<float>::quiet_NaN(), static_cast<std::uint16_t>(i), 0};
        shallowest = std::min(shallowest, place.depth);
        depths += place.depth;
        leaves += 1;
      } else {
        node = {
            float_threshold(tree.threshold[place.node]), static_cast<std::uint16_t>(order.size()),
            static_cast<std::uint16_t>(2 * tree.feature[place.node] + (tree.missing_right[place.node] != 0 ? 1 : 0))};
        order.push_back({static_cast<std::size_t>(tree.left[place.node]), place.depth + 1});
        order.push_back({static_cast<std::size_t>(tree.right[place.node]), place.depth + 1});
      }
      nodes_.push_back(node);
      values_.push_back(leaf ? forest.tree_weight[t] * tree.value[place.node] : 0.0);
    }
    steps_ += 1 + depths / leaves;
    trees_.push_back({begin, shallowest});
  }
}

void ForestWalk::walk(const PackedTree& tree, const float* const* rows, std::uint32_t* node) const noexcept {
  const Node* nodes = nodes_.data() + tree.begin;
  std::array<std::uint32_t, lanes> at{};
  const auto step = [&]() {
    std::uint32_t moved = 0;
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      const Node n = nodes[at[lane]];
      const float x = rows[lane][n.feature >> 1U];
      const std::uint32_t right = static_cast<std::uint32_t>(x >= n.threshold) |
                                  (static_cast<std::uint32_t>(x != x) & static_cast<std::uint32_t>(n.feature));
      // At a leaf the lowest bit of feature is 0 and nothing is >= NaN.
      const std::uint32_t next = n.left + (right & 1U);
      moved |= next ^ at[lane];
      at[lane] = next;
    }
    return moved;
  };
  for (std::uint32_t depth = 0; depth < tree.shallowest; ++depth) step();
  while (step() != 0) {
  }
  std::copy(at.begin(), at.end(), node);
}

void ForestWalk::evaluate(const EventSource& events, std::size_t begin, std::size_t count, double* sums,
                          Scratch& scratch) const noexcept {
  const bool in_place =
      !events.is_double && events.columns == nullptr && (events.column_stride == 1 || n_features_ == 1);
  for (std::size_t first = 0; first < count; first += block) {
    const std::size_t size = std::min(block, count - first);
    std::array<const float*, block> rows{};
    for (std::size_t i = 0; i < block; ++i) {
      const std::size_t event = begin + first + std::min(i, size - 1);  // the last one fills the lanes
      if (in_place) {
        rows[i] = static_cast<const float*>(events.base) + static_cast<std::ptrdiff_t>(event) * events.row_stride;
      } else {
        float* const row = scratch.rows_.data() + i * n_features_;
        if (i < size) {
          for (std::size_t j = 0; j < n_features_; ++j) row[j] = event_value(events, event, j);
        }
        rows[i] = scratch.rows_.data() + std::min(i, size - 1) * n_features_;
      }
    }
    for (std::size_t t = 0; t < trees_.size(); ++t) {
      const double* values = values_.data() + trees_[t].begin;
      double* of_output = sums + (t % n_outputs_) * bitsliced_block + first;
      for (std::size_t group = 0; group < size; group += lanes) {
        std::array<std::uint32_t, lanes> node;  // NOLINT(cppcoreguidelines-pro-type-member-init)
        walk(trees_[t], rows.data() + group, node.data());
        for (std::size_t lane = 0; lane < lanes; ++lane) of_output[group + lane] += values[node[lane]];
      }
    }
  }
}

}  // namespace diskern::trees

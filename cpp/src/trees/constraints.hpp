#pragma once
// What limits the cuts of a tree beyond the rules that hold for every cut: bounds on the leaves (largest value,
// monotone response), which variables may meet on a path, which are drawn for a tree, a level and a node, and the
// effective number of events. A tree without any of it does not come here.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "base/philox.hpp"
#include "trees/fixed_point.hpp"
#include "trees/histogram.hpp"
#include "trees/split.hpp"

namespace diskern::trees {

struct GrowthConstraints {
  // Per variable: +1 the response must not fall with it, -1 must not rise, 0 free. Empty: all free.
  std::vector<std::int8_t> monotone;
  // The variables of a path from the root must lie within one of these groups. Empty: no limit.
  std::vector<std::vector<std::int32_t>> interaction_groups;
  double max_leaf_value = std::numeric_limits<double>::infinity();  // of |step|
  double l1_regularization = 0;
  // Fractions of the variables: of all for the tree, of the tree's for each level, of the level's for each node.
  double column_fraction_tree = 1;
  double column_fraction_level = 1;
  double column_fraction_node = 1;
  std::uint64_t seed = 0;             // of the drawn variables
  std::uint32_t tree = 0;             // which tree of the training this is; another one draws others
  double min_effective_count = 0;     // (sum of w)^2 / sum of w^2 in a leaf
  const WideCell* squares = nullptr;  // one per event, with w^2 as `gradient`; needed for min_effective_count
  FixedPoint squares_scale;

  bool any() const noexcept {
    return !monotone.empty() || !interaction_groups.empty() || max_leaf_value < infinity || l1_regularization > 0 ||
           column_fraction_tree < 1 || column_fraction_level < 1 || column_fraction_node < 1 || min_effective_count > 0;
  }

  static constexpr double infinity = std::numeric_limits<double>::infinity();
};

// Bounds on the step of every leaf below a node, and what the path has used.
struct NodeLimits {
  double lower = -GrowthConstraints::infinity;
  double upper = GrowthConstraints::infinity;
  std::vector<std::uint32_t> groups;   // of the interaction groups, those that hold every variable of the path
  std::vector<std::uint8_t> features;  // per variable, whether the node may cut on it
};

// Hands out the limits of the nodes of one tree.
class TreeLimits {
 public:
  TreeLimits(const GrowthConstraints& constraints, std::size_t n_features, double lambda_l2);
  NodeLimits root() const;
  // Limits of both children of a node (numbers and depth as in the grown tree) that is cut by `split`.
  void children(const NodeLimits& parent, const Split& split, const CellScales& scales, std::int32_t child_depth,
                std::int32_t left_node, std::int32_t right_node, NodeLimits& left, NodeLimits& right) const;

 private:
  void draw(std::int32_t depth, std::int32_t node, NodeLimits& limits) const;
  std::vector<std::uint8_t> drawn(std::vector<std::uint8_t> from, double fraction, std::uint32_t element) const;

  const GrowthConstraints& constraints_;
  std::size_t n_features_;
  double lambda_l2_;
  Philox random_;
  std::vector<std::uint8_t> of_tree_;
};

// The Newton step -T(G) / (H + l2), T the soft threshold of l1, held to the bounds.
double bounded_step(double gradient, double hessian, double lambda_l1, double lambda_l2, double lower,
                    double upper) noexcept;

// best_split with constraints: gains are those of the bounded steps, -(2 G s + (H + l2) s^2 + 2 l1 |s|). `squares`:
// histogram of w^2 of the variable and `node_squares` their sum, or nullptr.
template <class Integer>
Split best_constrained_split(const Cell<Integer>* cells, const WideCell* squares, std::size_t bin_count,
                             std::int32_t feature, const WideCell& node, const CellScales& scales,
                             const SplitRules& rules, const GrowthConstraints& constraints,
                             const NodeLimits& limits) noexcept;

}  // namespace diskern::trees

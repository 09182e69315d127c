#include "trees/tmva_pruning.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "diskern/error.hpp"

namespace diskern::trees {

namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();

double weight_of(const TmvaNode& node) {
  return static_cast<double>(node.signal_weight) + static_cast<double>(node.background_weight);
}

// Error that a node would make as a leaf, enlarged by PruneStrength times its uncertainty.
double node_error(const TmvaNode& node, const TmvaForestParams& params) {
  const auto purity = static_cast<double>(node.purity);
  const double right = purity > params.NodePurityLimit ? purity : 1 - purity;
  const double uncertainty = std::sqrt(right * (1 - right) / weight_of(node));
  return std::min(1.0, 1 - (right - params.PruneStrength * uncertainty));
}

// From the bottom up: a branch that is not better than its root as a leaf is cut off. As in TMVA the branch is judged
// as it was grown, with what was cut off from it meanwhile.
void prune_by_expected_error(TmvaTree& tree, const TmvaForestParams& params) {
  std::vector<double> subtree_error(tree.nodes.size());
  for (std::size_t i = tree.nodes.size(); i-- > 0;) {
    const TmvaNode& node = tree.nodes[i];
    const double own = node_error(node, params);
    if (node.is_leaf()) {
      subtree_error[i] = own;
      continue;
    }
    const auto left = static_cast<std::size_t>(node.left);
    const auto right = static_cast<std::size_t>(node.right);
    subtree_error[i] =
        (weight_of(tree.nodes[left]) * subtree_error[left] + weight_of(tree.nodes[right]) * subtree_error[right]) /
        weight_of(node);
    if (subtree_error[i] >= own) tree.make_leaf(i, params.NodePurityLimit);
  }
}

class CostComplexity {
 public:
  CostComplexity(TmvaTree& tree, const TmvaForestParams& params, const Columns& columns,
                 const PruningSample& validation)
      : tree_(tree), params_(params), nodes_(tree.nodes.size()), automatic_(params.PruneStrength < 0) {
    if (automatic_) run_validation(columns, validation);
    for (std::size_t i = tree.nodes.size(); i-- > 0;) {
      const TmvaNode& node = tree.nodes[i];
      nodes_[i].risk = weight_of(node) * static_cast<double>(node.separation_index);
      nodes_[i].terminal = node.is_leaf();
      update(i);
    }
  }

  void run(const Context& context) {
    std::vector<std::size_t> sequence;
    std::vector<double> quality;
    double best_quality = automatic_ ? tree_quality(0) / weight_sum_ : 0;
    while (nodes_[0].terminals > 1) {
      if (context.interrupted()) throw Interrupted();  // the automatic strength walks the whole tree in each step
      if (nodes_[0].alpha_minimum >= nodes_[0].alpha) break;  // the root itself is the weakest link
      std::size_t link = 0;
      while (nodes_[link].alpha_minimum < nodes_[link].alpha) {
        const auto left = static_cast<std::size_t>(tree_.nodes[link].left);
        const bool go_left =
            std::abs(nodes_[link].alpha_minimum - nodes_[left].alpha_minimum) < std::numeric_limits<double>::epsilon();
        link = go_left ? left : static_cast<std::size_t>(tree_.nodes[link].right);
      }
      if (link == 0) break;
      nodes_[link].terminal = true;
      for (std::size_t i = link;;) {
        update(i);
        if (i == 0) break;
        i = static_cast<std::size_t>(tree_.nodes[i].parent);
      }
      sequence.push_back(link);
      if (automatic_) quality.push_back(tree_quality(0) / weight_sum_);
    }
    if (sequence.empty()) return;
    std::size_t stop = 0;
    if (automatic_) {
      for (std::size_t k = 0; k < quality.size(); ++k) {
        if (quality[k] < best_quality) {
          best_quality = quality[k];
          stop = k;
        }
      }
    } else {
      stop = static_cast<std::size_t>(params_.PruneStrength / 100.0 * static_cast<double>(sequence.size()));
    }
    for (std::size_t k = 0; k < stop; ++k) tree_.make_leaf(sequence[k], params_.NodePurityLimit);
  }

 private:
  struct Cost {
    double risk = 0;     // R(t): the node as a leaf
    double subtree = 0;  // R(T_t): the sum over its leaves
    double alpha = infinite;
    double alpha_minimum = infinite;  // over the branch
    int terminals = 1;
    bool terminal = true;
    // Validation sums.
    double signal = 0;
    double background = 0;
    double target = 0;
    double target2 = 0;
  };

  void update(std::size_t i) {
    Cost& cost = nodes_[i];
    if (cost.terminal) {
      cost.terminals = 1;
      cost.subtree = cost.risk;
      cost.alpha = cost.alpha_minimum = infinite;
      return;
    }
    const Cost& left = nodes_[static_cast<std::size_t>(tree_.nodes[i].left)];
    const Cost& right = nodes_[static_cast<std::size_t>(tree_.nodes[i].right)];
    cost.terminals = left.terminals + right.terminals;
    cost.subtree = left.subtree + right.subtree;
    cost.alpha = (cost.risk - cost.subtree) / (cost.terminals - 1);
    cost.alpha_minimum = std::min(cost.alpha, std::min(left.alpha_minimum, right.alpha_minimum));
  }

  void run_validation(const Columns& columns, const PruningSample& validation) {
    for (std::size_t k = 0; k < validation.event.size(); ++k) {
      const double weight = validation.weight[k];
      weight_sum_ += weight;
      std::size_t i = 0;
      for (;;) {
        Cost& cost = nodes_[i];
        (validation.signal[k] != 0 ? cost.signal : cost.background) += weight;
        if (!validation.target.empty()) {
          const auto target = static_cast<double>(validation.target[k]);
          cost.target += weight * target;
          cost.target2 += weight * target * target;
        }
        const TmvaNode& node = tree_.nodes[i];
        if (node.is_leaf()) break;
        const bool right =
            tree_.goes_right(i, columns.column.data(), static_cast<std::size_t>(validation.event[k]), columns.count());
        i = static_cast<std::size_t>(right ? node.right : node.left);
      }
    }
    if (!(weight_sum_ > 0)) weight_sum_ = 1;
  }

  double tree_quality(std::size_t i) const {
    const Cost& cost = nodes_[i];
    const TmvaNode& node = tree_.nodes[i];
    if (!cost.terminal) {
      return tree_quality(static_cast<std::size_t>(node.left)) + tree_quality(static_cast<std::size_t>(node.right));
    }
    if (tree_.regression) {
      const auto response = static_cast<double>(node.response);
      return cost.target2 - 2 * cost.target * response + (cost.signal + cost.background) * response * response;
    }
    return static_cast<double>(node.purity) > params_.NodePurityLimit ? cost.background : cost.signal;
  }

  TmvaTree& tree_;
  const TmvaForestParams& params_;
  std::vector<Cost> nodes_;
  bool automatic_;
  double weight_sum_ = 0;
};

}  // namespace

void prune(const Context& context, TmvaTree& tree, const TmvaForestParams& params, const Columns& columns,
           const PruningSample& validation) {
  switch (params.PruneMethod) {
    case TmvaPruneMethod::NoPruning:
      return;
    case TmvaPruneMethod::ExpectedError:
      prune_by_expected_error(tree, params);
      return;
    case TmvaPruneMethod::CostComplexity:
      CostComplexity(tree, params, columns, validation).run(context);
      return;
  }
}

}  // namespace diskern::trees

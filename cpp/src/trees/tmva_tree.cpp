#include "trees/tmva_tree.hpp"

#include <utility>

namespace diskern::trees {

std::size_t TmvaTree::live_count() const noexcept {
  // A node of a pruned branch keeps its children; only what is reached from the root counts.
  std::size_t count = 0;
  std::vector<std::int32_t> stack = {0};
  while (!stack.empty()) {
    const TmvaNode& node = nodes[static_cast<std::size_t>(stack.back())];
    stack.pop_back();
    ++count;
    if (!node.is_leaf()) {
      stack.push_back(node.left);
      stack.push_back(node.right);
    }
  }
  return count;
}

void TmvaTree::make_leaf(std::size_t index, double purity_limit) noexcept {
  TmvaNode& node = nodes[index];
  node.variable = -1;
  node.left = -1;
  node.right = -1;
  node.fisher_begin = -1;
  node.type = static_cast<double>(node.purity) > purity_limit ? 1 : -1;
}

void TmvaTree::clean(double purity_limit) noexcept {
  // Children come after parents, so going backwards visits every child before its parent.
  for (std::size_t i = nodes.size(); i-- > 0;) {
    const TmvaNode& node = nodes[i];
    if (node.is_leaf()) continue;
    const TmvaNode& left = nodes[static_cast<std::size_t>(node.left)];
    const TmvaNode& right = nodes[static_cast<std::size_t>(node.right)];
    if (left.type * right.type > 0) make_leaf(i, purity_limit);
  }
}

bool TmvaTree::goes_right(std::size_t index, const float* const* columns, std::size_t event,
                          std::size_t n_variables) const noexcept {
  const TmvaNode& node = nodes[index];
  bool above = false;
  if (node.fisher_begin < 0) {
    above = columns[node.variable][event] >= node.cut;
  } else {
    const double* coefficients = fisher.data() + node.fisher_begin;
    double sum = coefficients[n_variables];
    for (std::size_t j = 0; j < n_variables; ++j) sum += coefficients[j] * static_cast<double>(columns[j][event]);
    above = sum > static_cast<double>(node.cut);
  }
  return above == node.cut_type;
}

std::size_t TmvaTree::leaf_of(const float* const* columns, std::size_t event, std::size_t n_variables) const noexcept {
  std::size_t node = 0;
  while (!nodes[node].is_leaf()) {
    node =
        static_cast<std::size_t>(goes_right(node, columns, event, n_variables) ? nodes[node].right : nodes[node].left);
  }
  return node;
}

Tree to_forest_tree(const TmvaTree& tree, std::size_t n_variables, bool yes_no) {
  Tree result;
  // Pre-order, left first: children come after parents and dead branches vanish.
  struct Place {
    std::int32_t source;
    std::int32_t parent;
    bool is_right;  // of the result
  };
  std::vector<Place> stack = {{0, -1, false}};
  while (!stack.empty()) {
    const Place place = stack.back();
    stack.pop_back();
    const TmvaNode& node = tree.nodes[static_cast<std::size_t>(place.source)];
    const auto index = static_cast<std::int32_t>(result.node_count());
    if (place.parent >= 0)
      (place.is_right ? result.right : result.left)[static_cast<std::size_t>(place.parent)] = index;
    const bool linear = !node.is_leaf() && node.fisher_begin >= 0;
    double threshold = static_cast<double>(node.cut);
    if (linear) threshold -= tree.fisher[static_cast<std::size_t>(node.fisher_begin) + n_variables];
    result.feature.push_back(node.is_leaf() ? leaf_feature : linear ? linear_feature : node.variable);
    result.threshold.push_back(node.is_leaf() ? 0.0 : threshold);
    result.left.push_back(-1);
    result.right.push_back(-1);
    result.missing_right.push_back(0);
    const double value = tree.regression ? static_cast<double>(node.response)
                         : yes_no        ? static_cast<double>(node.type)
                                         : static_cast<double>(node.purity);
    result.value.push_back(value);
    if (linear) {
      if (result.linear_begin.empty()) result.linear_begin.assign(static_cast<std::size_t>(index), -1);
      result.linear_begin.push_back(static_cast<std::int32_t>(result.linear_coefficients.size()));
      const auto begin = tree.fisher.begin() + node.fisher_begin;
      result.linear_coefficients.insert(result.linear_coefficients.end(), begin,
                                        begin + static_cast<std::ptrdiff_t>(n_variables));
    } else if (!result.linear_begin.empty()) {
      result.linear_begin.push_back(-1);
    }
    result.weight.push_back(static_cast<double>(node.signal_weight) + static_cast<double>(node.background_weight));
    result.gain.push_back(node.is_leaf() ? 0.0 : node.separation_gain);
    result.purity.push_back(static_cast<double>(node.purity));
    result.response_rms.push_back(static_cast<double>(node.rms));
    result.swapped.push_back(node.cut_type ? 0 : 1);
    result.node_type.push_back(node.type);
    if (!node.is_leaf()) {
      stack.push_back({node.right, index, node.cut_type});
      stack.push_back({node.left, index, !node.cut_type});
    }
  }
  return result;
}

}  // namespace diskern::trees

#include "trees/forest_marginal.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "base/executor.hpp"
#include "diskern/error.hpp"

namespace diskern::trees {

namespace {

constexpr std::size_t chunk_size = 1024;

std::size_t index(std::int32_t node) { return static_cast<std::size_t>(node); }

// The fraction of the training weight of each node's left branch.
std::vector<double> left_fractions(const Tree& tree, const std::string& name) {
  std::vector<double> result(tree.node_count(), 0.0);
  for (std::size_t i = 0; i < tree.node_count(); ++i) {
    if (tree.feature[i] == leaf_feature) continue;
    if (tree.feature[i] == linear_feature) {
      throw InvalidArgument(name + ", node " + std::to_string(i) +
                            " cuts on a linear combination of variables (Fisher cut), which fixes no single one");
    }
    if (tree.weight.empty()) {
      throw InvalidArgument(name +
                            " does not know the sums of weights of its nodes, which the recursion over the trees "
                            "needs: take the average over events (method 'brute')");
    }
    const double left = tree.weight[index(tree.left[i])];
    const double right = tree.weight[index(tree.right[i])];
    if (!(left >= 0 && right >= 0 && std::isfinite(left + right))) {
      throw InvalidArgument(name + ", node " + std::to_string(i) + ": the sums of weights of its branches are " +
                            std::to_string(left) + " and " + std::to_string(right) +
                            ", the recursion over the trees needs fractions between 0 and 1: take the average over "
                            "events (method 'brute')");
    }
    result[i] = left + right > 0 ? left / (left + right) : 0.5;
  }
  return result;
}

// The tree's expected answer where value[v] is that of variable v if known[v].
double expected_answer(const Tree& tree, const std::vector<double>& left_fraction, const std::vector<float>& value,
                       const std::vector<std::uint8_t>& known, std::vector<double>& share) {
  share.assign(tree.node_count(), 0.0);
  share[0] = 1.0;
  double answer = 0;
  // Children come after their parent.
  for (std::size_t i = 0; i < tree.node_count(); ++i) {
    if (share[i] == 0) continue;
    if (tree.feature[i] == leaf_feature) {
      answer += share[i] * tree.value[i];
      continue;
    }
    const std::size_t feature = index(tree.feature[i]);
    double left = left_fraction[i];
    if (known[feature] != 0) {
      const float x = value[feature];
      const bool right = std::isnan(x) ? tree.missing_right[i] != 0 : static_cast<double>(x) >= tree.threshold[i];
      left = right ? 0.0 : 1.0;
    }
    share[index(tree.left[i])] = share[i] * left;
    share[index(tree.right[i])] = share[i] * (1.0 - left);
  }
  return answer;
}

}  // namespace

void tree_answers(const Context& context, const Forest& forest, std::size_t begin, std::size_t end,
                  View<const float, 2> events, View<double, 2> answers) {
  const std::size_t n = events.rows();
  const auto n_features = static_cast<std::size_t>(forest.n_features);
  interruptible_for(
      context, chunk_count(n, chunk_size),
      [&](std::size_t chunk) {
        const Range range = chunk_range(n, chunk_size, chunk);
        std::vector<float> variables(n_features);
        for (std::size_t i = range.begin; i < range.end; ++i) {
          for (std::size_t j = 0; j < n_features; ++j) variables[j] = events(i, j);
          for (std::size_t t = begin; t < end; ++t) {
            const Tree& tree = forest.trees[t];
            answers(i, t - begin) =
                forest.tree_weight[t] * tree.value[index(leaf_index(tree, variables.data(), n_features))];
          }
        }
      },
      static_cast<double>(n) * (20.0 + 30.0 * static_cast<double>(end - begin)));
}

void partial_dependence(const Context& context, const Forest& forest, const std::vector<std::int32_t>& variables,
                        View<const float, 2> grid, View<double, 2> scores) {
  if (is_median(forest.aggregation)) {
    throw InvalidArgument(
        "the recursion over the trees needs a sum or mean of trees; this forest answers with a weighted median "
        "(AdaBoostR2): take the average over events (method 'brute')");
  }
  const auto n_features = static_cast<std::size_t>(forest.n_features);
  const auto n_outputs = static_cast<std::size_t>(forest.n_outputs);
  std::vector<std::uint8_t> known(n_features, 0);
  for (const std::int32_t variable : variables) {
    if (variable < 0 || index(variable) >= n_features) {
      throw InvalidArgument("variable " + std::to_string(variable) + " is none of the " + std::to_string(n_features) +
                            " variables of the forest");
    }
    known[index(variable)] = 1;
  }
  if (grid.columns() != variables.size()) {
    throw InvalidArgument("grid has " + std::to_string(grid.columns()) + " columns for " +
                          std::to_string(variables.size()) + " variables");
  }
  std::vector<std::vector<double>> fractions;
  std::vector<double> norm(n_outputs, 0.0);
  for (std::size_t t = 0; t < forest.trees.size(); ++t) {
    fractions.push_back(left_fractions(forest.trees[t], "tree " + std::to_string(t)));
    norm[t % n_outputs] += forest.tree_weight[t];
  }
  interruptible_for(
      context, grid.rows(),
      [&](std::size_t point) {
        std::vector<float> value(n_features, 0.0F);
        for (std::size_t v = 0; v < variables.size(); ++v) value[index(variables[v])] = grid(point, v);
        std::vector<double> share;
        for (std::size_t k = 0; k < n_outputs; ++k) {
          double sum = 0;
          for (std::size_t t = k; t < forest.trees.size(); t += n_outputs) {
            sum += forest.tree_weight[t] * expected_answer(forest.trees[t], fractions[t], value, known, share);
          }
          if (forest.aggregation == Aggregation::weighted_mean) {
            sum = norm[k] > std::numeric_limits<double>::epsilon() ? sum / norm[k] : 0.0;
          }
          scores(point, k) = forest.base_score[k] + sum;
        }
      },
      static_cast<double>(grid.rows()) * static_cast<double>(forest.trees.size()) * 200.0);
}

}  // namespace diskern::trees

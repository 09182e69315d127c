#include "trees/rule_forest.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/permutation.hpp"
#include "trees/tmva_builder.hpp"

namespace diskern::trees {

namespace {

using statistics::Rule;

constexpr double infinity = std::numeric_limits<double>::infinity();
// Trees of more leaves than anybody reads rules of.
constexpr int deepest = 100;
constexpr int grid_steps = 20;

void narrow(Rule& rule, std::int32_t variable, bool above, double cut) {
  const auto found = std::find(rule.variable.begin(), rule.variable.end(), variable);
  const auto k = static_cast<std::size_t>(found - rule.variable.begin());
  if (found == rule.variable.end()) {
    rule.variable.push_back(variable);
    rule.minimum.push_back(-infinity);
    rule.maximum.push_back(infinity);
  }
  if (above) {
    rule.minimum[k] = std::max(rule.minimum[k], cut);
  } else {
    rule.maximum[k] = std::min(rule.maximum[k], cut);
  }
}

// The cuts by variable, so that rules can be compared.
void sort_cuts(Rule& rule) {
  std::vector<std::size_t> order(rule.variable.size());
  for (std::size_t k = 0; k < order.size(); ++k) order[k] = k;
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return rule.variable[a] < rule.variable[b]; });
  Rule sorted;
  for (const std::size_t k : order) {
    sorted.variable.push_back(rule.variable[k]);
    sorted.minimum.push_back(rule.minimum[k]);
    sorted.maximum.push_back(rule.maximum[k]);
  }
  rule = std::move(sorted);
}

void add_rules(const TmvaTree& tree, std::vector<Rule>& rules) {
  std::vector<Rule> of_node(tree.nodes.size());
  for (std::size_t i = 1; i < tree.nodes.size(); ++i) {
    const auto parent = static_cast<std::size_t>(tree.nodes[i].parent);
    const TmvaNode& above = tree.nodes[parent];
    of_node[i] = of_node[parent];
    const bool is_right = above.right == static_cast<std::int32_t>(i);
    narrow(of_node[i], above.variable, is_right == above.cut_type, static_cast<double>(above.cut));
    rules.push_back(of_node[i]);
    sort_cuts(rules.back());
  }
}

}  // namespace

void boost_wrong_events(const std::vector<std::uint8_t>& wrong, TmvaSample& sample) {
  double sum = 0.0;
  double wrong_sum = 0.0;
  for (std::size_t i = 0; i < sample.size(); ++i) {
    sum += sample.full_weight(i);
    if (wrong[i] != 0) wrong_sum += sample.full_weight(i);
  }
  const double error = wrong_sum / sum;
  // Always right, always wrong, or neither (weights can be negative): there is no factor, and nothing changes.
  if (!(error > 0.0 && error < 1.0)) return;
  const double factor = (1.0 - error) / error;
  double after = 0.0;
  for (std::size_t i = 0; i < sample.size(); ++i) {
    if (wrong[i] != 0) sample.boost_weight[i] *= factor;
    after += sample.full_weight(i);
  }
  if (!(after > 0.0)) return;
  for (double& one : sample.boost_weight) one *= sum / after;
}

std::vector<Rule> forest_rules(const Context& context, const RuleFitParams& params, TmvaSample& sample) {
  TmvaForestParams tree_params;
  tree_params.MaxDepth = deepest;
  tree_params.nCuts = grid_steps;
  tree_params.UseYesNoLeaf = false;
  if (params.ForestType == RuleForest::Random) {  // each node chooses among as many variables as TMVA's
    tree_params.UseRandomisedTrees = true;
    tree_params.UsePoissonNvars = false;
    tree_params.UseNvars = static_cast<int>(std::sqrt(static_cast<double>(sample.columns.count())) + 0.6);
  }
  std::vector<Rule> rules;
  RandomSequence random(context.seed, Purpose::bootstrap);
  const std::size_t n = sample.size();
  // TMVA's size of a sample of a random forest.
  const auto events = static_cast<double>(n);
  const auto drawn = static_cast<std::size_t>(std::min(0.5, (100.0 + 6.0 * std::sqrt(events)) / events) * events);
  // Sizes at random, one in each of as many parts of the range as there are trees, so that every forest has small nodes
  // and large ones. The parts are equal on a logarithmic scale: few large trees give as many rules as many small ones.
  // The range is TMVA's, which ends at half of fEventsMax: a cut makes two nodes.
  const auto n_trees = static_cast<std::size_t>(params.nTrees);
  const double largest = std::max(params.fEventsMin, 0.5 * params.fEventsMax);
  const std::vector<std::size_t> part = random_order(n_trees, random);
  for (std::int32_t t = 0; t < params.nTrees; ++t) {
    const double place = static_cast<double>(part[static_cast<std::size_t>(t)]) + random.uniform();
    const double fraction =
        params.fEventsMin * std::pow(largest / params.fEventsMin, place / static_cast<double>(n_trees));
    tree_params.MinNodeSize = std::min(100.0 * fraction, 49.9);  // two halves cannot be larger
    std::vector<std::uint8_t> used(n, 1);
    if (params.ForestType == RuleForest::Random) {
      const Permutation order(n, context.seed, Purpose::bootstrap, static_cast<std::uint32_t>(t) + 1U);
      std::fill(used.begin(), used.end(), std::uint8_t{0});
      for (std::size_t k = 0; k < std::max<std::size_t>(drawn, 1); ++k) used[order[k]] = 1;
    }
    std::vector<TmvaEntry> entries;
    for (std::size_t i = 0; i < n; ++i) {
      if (used[i] == 0) continue;
      entries.push_back({sample.full_weight(i), 0.0F, 2U * static_cast<std::uint32_t>(i) + (sample.signal[i] != 0 ? 1U : 0U)});
    }
    const GrownTmvaTree grown = grow_tmva_tree(context, tree_params, sample.columns, std::move(entries), false, n,
                                               static_cast<std::uint32_t>(t));
    add_rules(grown.tree, rules);
    if (params.ForestType != RuleForest::AdaBoost) continue;
    std::vector<std::uint8_t> wrong(n);
    for (std::size_t i = 0; i < n; ++i) {
      const bool looks_signal = grown.tree.nodes[static_cast<std::size_t>(grown.leaf[i])].type == 1;
      wrong[i] = looks_signal != (sample.signal[i] != 0) ? 1 : 0;
    }
    boost_wrong_events(wrong, sample);
  }
  return rules;
}

double rule_distance(const Rule& a, const Rule& b, const std::vector<double>& rms) {
  if (a.variable != b.variable) return -1.0;
  double sum = 0.0;
  for (std::size_t k = 0; k < a.variable.size(); ++k) {
    const double scale = rms[static_cast<std::size_t>(a.variable[k])];
    for (const auto& [one, other] : {std::pair{a.minimum[k], b.minimum[k]}, std::pair{a.maximum[k], b.maximum[k]}}) {
      if (std::isfinite(one) != std::isfinite(other)) return -1.0;
      if (std::isfinite(one) && scale > 0.0) sum += (one - other) * (one - other) / (scale * scale);
    }
  }
  return std::sqrt(sum);
}

std::vector<Rule> different_rules(const std::vector<Rule>& rules, double distance, const std::vector<double>& rms) {
  std::vector<Rule> kept;
  for (const Rule& rule : rules) {
    const bool known = std::any_of(kept.begin(), kept.end(), [&](const Rule& other) {
      const double between = rule_distance(rule, other, rms);
      return between >= 0.0 && (between < distance || between == 0.0);
    });
    if (!known) kept.push_back(rule);
  }
  return kept;
}

bool fulfils(const Rule& rule, const Columns& columns, std::size_t event) noexcept {
  for (std::size_t k = 0; k < rule.variable.size(); ++k) {
    const auto x = static_cast<double>(columns.column[static_cast<std::size_t>(rule.variable[k])][event]);
    if (!(x > rule.minimum[k] && x < rule.maximum[k])) return false;
  }
  return true;
}

}  // namespace diskern::trees

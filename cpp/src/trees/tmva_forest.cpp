#include "trees/tmva_forest.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "base/executor.hpp"
#include "diskern/error.hpp"
#include "trees/tmva_boosting.hpp"
#include "trees/tmva_builder.hpp"
#include "trees/tmva_pruning.hpp"
#include "trees/tmva_sample.hpp"

namespace diskern::trees {

namespace {

// The node where an event ended, seen from a tree that was cut back since: the leaf above it.
void lift_leaves(const TmvaTree& tree, std::vector<std::int32_t>& leaves) {
  std::vector<std::int32_t> lifted(tree.nodes.size());
  for (std::size_t i = 0; i < tree.nodes.size(); ++i) {
    const std::int32_t parent = tree.nodes[i].parent;
    const bool cut_off = parent >= 0 && (lifted[static_cast<std::size_t>(parent)] != parent ||
                                         tree.nodes[static_cast<std::size_t>(parent)].is_leaf());
    lifted[i] = cut_off ? lifted[static_cast<std::size_t>(parent)] : static_cast<std::int32_t>(i);
  }
  for (std::int32_t& leaf : leaves) {
    if (leaf >= 0) leaf = lifted[static_cast<std::size_t>(leaf)];
  }
}

// tmva.md 7.3: per tree gains squared, normalised, weighted with the tree, square root, normalised.
class Importance {
 public:
  explicit Importance(std::size_t n_variables) : sum_(n_variables, 0.0) {}
  void add(const TmvaTree& tree, double tree_weight) {
    double total = 0;
    for (const double one : tree.importance) total += one;
    if (!(total > 0)) return;
    for (std::size_t j = 0; j < sum_.size(); ++j) sum_[j] += tree_weight * tree.importance[j] / total;
  }
  std::vector<double> result() const {
    std::vector<double> importance(sum_.size(), 0.0);
    double total = 0;
    for (std::size_t j = 0; j < sum_.size(); ++j) {
      importance[j] = sum_[j] > 0 ? std::sqrt(sum_[j]) : 0.0;
      total += importance[j];
    }
    if (total > 0) {
      for (double& one : importance) one /= total;
    }
    return importance;
  }

 private:
  std::vector<double> sum_;
};

// What a tree is grown on. target: null where trees are grown on classes.
std::vector<TmvaEntry> tree_entries(const Context& context, const TmvaSample& sample,
                                    const std::vector<std::int32_t>& entries, const std::vector<float>* target,
                                    std::int32_t signal_class) {
  std::vector<TmvaEntry> result(entries.size());
  constexpr std::size_t chunk_size = 16384;
  parallel_for(
      context, chunk_count(entries.size(), chunk_size),
      [&](std::size_t chunk) {
        const Range range = chunk_range(entries.size(), chunk_size, chunk);
        for (std::size_t k = range.begin; k < range.end; ++k) {
          const auto event = static_cast<std::size_t>(entries[k]);
          const std::uint32_t signal = sample.class_index[event] == signal_class ? 1U : 0U;
          result[k] = {sample.full_weight(event), target != nullptr ? (*target)[event] : 0.0F,
                       2U * static_cast<std::uint32_t>(event) + signal};
        }
      },
      static_cast<double>(entries.size()) * 2.0);
  return result;
}

}  // namespace

TmvaForestResult fit_tmva_forest(const Context& context, const TmvaForestParams& given, TmvaAnalysis analysis,
                                 const TmvaTrainingData& data) {
  TmvaForestResult result;
  const TmvaForestParams params = effective_params(given, analysis, data.events.columns(), result.notes);
  TmvaSample sample = prepare_sample(context, params, analysis, data, result.notes);
  const std::size_t n_variables = sample.columns.count();
  const bool regression = analysis == TmvaAnalysis::Regression;

  std::optional<GradientBoosting> gradient;
  if (params.BoostType == TmvaBoostType::Grad) {
    gradient.emplace(params, analysis, sample, data.n_classes, draw_entries(params, sample.size(), 0));
  }
  const std::size_t per_round = gradient ? gradient->trees_per_round() : 1;

  Forest forest;
  forest.n_features = static_cast<std::int32_t>(n_variables);
  forest.n_outputs = static_cast<std::int32_t>(per_round);
  forest.base_score.assign(per_round, gradient ? gradient->start() : 0.0);
  forest.preselection = sample.preselection;
  forest.aggregation = Aggregation::weighted_mean;
  if (gradient) {
    forest.aggregation = Aggregation::sum;
    forest.link = regression ? Link::identity : per_round > 1 ? Link::softmax : Link::tmva_gradient;
  } else if (params.BoostType == TmvaBoostType::AdaBoostR2) {
    forest.aggregation = Aggregation::weighted_median;
  }

  Importance importance(n_variables);
  const auto rounds = static_cast<std::size_t>(params.NTrees);
  bool go_on = true;
  std::vector<std::int32_t> entries;
  try {
    for (std::size_t round = 0; round < rounds && go_on; ++round) {
      for (std::size_t output = 0; output < per_round; ++output) {
        if (context.interrupted()) throw Interrupted();
        const std::size_t number = forest.trees.size();
        if (params.UseBaggedBoost || entries.empty()) entries = draw_entries(params, sample.size(), number);
        if (entries.empty()) {
          throw InvalidArgument("BaggedSampleFraction leaves no event for tree " + std::to_string(number));
        }
        const std::vector<float>* target = gradient ? &gradient->targets() : regression ? &sample.target : nullptr;
        const auto tree_class = per_round > 1 ? static_cast<std::int32_t>(output) : data.signal_class;
        GrownTmvaTree grown =
            grow_tmva_tree(context, params, sample.columns, tree_entries(context, sample, entries, target, tree_class),
                           target != nullptr, sample.size(), static_cast<std::uint32_t>(number));
        TmvaTree& tree = grown.tree;
        if (params.UseYesNoLeaf) {
          tree.clean(params.NodePurityLimit);
          lift_leaves(tree, grown.leaf);
        }
        const std::size_t nodes_before = tree.live_count();

        BoostStep step;
        switch (params.BoostType) {
          case TmvaBoostType::AdaBoost:
          case TmvaBoostType::RealAdaBoost:
          case TmvaBoostType::AdaCost:
            step = ada_boost(params, tree, entries, grown.leaf, sample);
            result.error_fraction.push_back(step.error_fraction);
            break;
          case TmvaBoostType::AdaBoostR2:
            step = ada_boost_r2(params, tree, entries, grown.leaf, sample);
            result.error_fraction.push_back(step.error_fraction);
            break;
          case TmvaBoostType::Grad:
            gradient->step(context, output, entries, grown.leaf, tree);
            break;
          case TmvaBoostType::Bagging:
          case TmvaBoostType::SingleTree:
            break;
        }
        if (params.PruneMethod != TmvaPruneMethod::NoPruning) {
          prune(context, tree, params, sample.columns, sample.validation);
          if (params.UseYesNoLeaf) tree.clean(params.NodePurityLimit);
        }
        forest.trees.push_back(to_forest_tree(tree, n_variables, params.UseYesNoLeaf));
        forest.tree_weight.push_back(step.tree_weight);
        result.nodes_before_pruning.push_back(static_cast<std::int32_t>(nodes_before));
        result.nodes_after_pruning.push_back(static_cast<std::int32_t>(tree.live_count()));
        importance.add(tree, step.tree_weight);
        if (step.stop) {
          go_on = false;
          if (round + 1 < rounds) {
            result.stopped = true;
            result.notes.push_back("boosting stopped after " + std::to_string(forest.trees.size()) + " of " +
                                   std::to_string(rounds) + " trees: the error fraction is " +
                                   std::to_string(step.error_fraction));
          }
        }
      }
      Progress progress;
      progress.done = round + 1;
      progress.total = rounds;
      if (gradient) {
        result.training_loss.push_back(gradient->loss());
        progress.training_loss = gradient->loss();
      } else if (!result.error_fraction.empty()) {
        progress.training_loss = result.error_fraction.back();
      }
      context.report(progress);
    }
  } catch (const Interrupted&) {
    // Only whole rounds are kept; without one there is nothing to keep.
    const std::size_t whole = forest.trees.size() / per_round * per_round;
    if (whole == 0) throw;
    result.interrupted = true;
    forest.trees.resize(whole);
    forest.tree_weight.resize(whole);
    result.nodes_before_pruning.resize(whole);
    result.nodes_after_pruning.resize(whole);
    if (result.error_fraction.size() > whole) result.error_fraction.resize(whole);
  }
  result.boost_weight = forest.tree_weight;
  result.importance = importance.result();
  result.predictor = std::make_shared<const ForestPredictor>(std::move(forest));
  return result;
}

}  // namespace diskern::trees

#include "trees/booster.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "base/executor.hpp"
#include "trees/boosting_check.hpp"
#include "trees/boosting_metric.hpp"
#include "trees/event_shares.hpp"
#include "trees/training_kernels.hpp"

namespace diskern::trees {

void Booster::prepare() {
  const std::size_t n = training_.n;
  edges_ = find_edges(context_, training_.events, training_.weight.view(), params_.max_bins,
                      View<const std::int32_t>(training_.class_index.data(), training_.class_index.size()));
  if (context_.interrupted()) throw Interrupted();
  binned_ = bin_events(context_, edges_, training_.events);
  if (context_.interrupted()) throw Interrupted();

  rules_.max_leaf_nodes = params_.max_leaf_nodes;
  rules_.max_depth = params_.max_depth;
  rules_.leaf_wise = params_.leaf_wise;
  rules_.split.lambda_l2 = params_.l2_regularization;
  rules_.split.min_child_weight = params_.min_child_weight;
  rules_.split.min_samples_leaf = params_.min_samples_leaf;
  rules_.split.min_gain = params_.min_gain;
  rules_.split.signed_weights = training_.any_negative;
  GrowthConstraints& constraints = rules_.constraints;
  if (std::any_of(params_.monotone_constraints.begin(), params_.monotone_constraints.end(),
                  [](std::int8_t sign) { return sign != 0; })) {
    constraints.monotone = params_.monotone_constraints;
  }
  constraints.interaction_groups = params_.interaction_constraints;
  if (params_.max_leaf_value > 0) constraints.max_leaf_value = params_.max_leaf_value;
  constraints.l1_regularization = params_.l1_regularization;
  constraints.column_fraction_tree = params_.column_fraction_tree;
  constraints.column_fraction_level = params_.column_fraction_level;
  constraints.column_fraction_node = params_.column_fraction_node;
  constraints.seed = context_.seed;
  constraints.min_effective_count = params_.min_effective_count;
  if (params_.min_effective_count > 0) squares_.resize(n);
  for (std::size_t i = 0; i < n; ++i) {
    const double w = training_.weight[i];
    count_sum_ += std::max(1.0, std::abs(w));
    reference_weight_ = std::min(reference_weight_, std::abs(w));
  }
  unit_weights_ = training_.unit_weights;
  layout_ = packed_layout(count_sum_);
  metric_ = params_.early_stopping_metric;
  if (metric_ == ValidationMetric::automatic) {
    metric_ =
        params_.loss == LossKind::huber && extras_.loss == nullptr ? ValidationMetric::mae : ValidationMetric::loss;
  }
}

// The forest to begin with and the scores that it gives to both samples.
void Booster::start_scores() {
  loss_.prepare(context_, training_);
  if (validation_ != nullptr) loss_.prepare(context_, *validation_);
  forest_.n_features = static_cast<std::int32_t>(training_.n_features);
  forest_.n_outputs = static_cast<std::int32_t>(n_outputs_);
  forest_.link = loss_.link();
  if (extras_.initial != nullptr) {
    const Forest& initial = extras_.initial->forest();
    check(initial.n_features == forest_.n_features, "the initial model has " + std::to_string(initial.n_features) +
                                                        " variables, the training sample " +
                                                        std::to_string(forest_.n_features));
    check(initial.n_outputs == forest_.n_outputs, "the initial model has " + std::to_string(initial.n_outputs) +
                                                      " outputs, this training " + std::to_string(forest_.n_outputs));
    check(initial.link == forest_.link && initial.aggregation == Aggregation::sum && initial.preselection.cuts.empty(),
          "the initial model is not one of this loss: the responses come from the scores in another way");
    forest_ = initial;
  } else {
    forest_.base_score = loss_.base_scores(training_);
  }
  first_tree_ = forest_.trees.size();
  const auto start = [&](const BoostingSample& sample) {
    std::vector<double> score(n_outputs_ * sample.n);
    for (std::size_t k = 0; k < n_outputs_; ++k) {
      std::fill_n(score.begin() + static_cast<std::ptrdiff_t>(k * sample.n), sample.n, forest_.base_score[k]);
    }
    for (std::size_t t = 0; t < first_tree_; ++t) {
      if (context_.interrupted()) throw Interrupted();
      add_tree(context_, forest_.trees[t], forest_.tree_weight[t], sample, score.data() + (t % n_outputs_) * sample.n);
    }
    return score;
  };
  score_ = start(training_);
  if (validation_ != nullptr) validation_score_ = start(*validation_);
}

bool Booster::may_guess() const {
  return was_packed_ && n_outputs_ == 1 && params_.subsample == 1 && params_.boosting == BoostingMode::gradient &&
         !loss_.needs_all_events();
}

// last: no tree comes after it.
double Booster::compute_gradients(bool last) {
  loss_.update(context_, training_, score_.data());
  DerivativeSteps steps;
  if (!steps_.empty()) {
    steps.before = [&](const Range& range) {
      training_kernels().move_scores(grown_.leaf_of.data(), range.begin, range.end - range.begin, steps_.data(),
                                     grown_.leaves.size(), score_.data());
    };
  }
  struct alignas(apart) Sums {
    std::int64_t values[2] = {0, 0};
    bool good = true;
  };
  std::vector<Sums> sums;
  guess_.made = !last && may_guess();
  if (guess_.made) {
    guess_.scales = last_packed_;
    sums.resize(event_shares(context_, training_.n).n_shares);
    packed_grower_->start_root(context_);
    steps.after = [&](std::size_t share, const Range& range) {
      Sums& mine = sums[share];
      const bool good = training_kernels().pack_entries(
          derivatives_.gradient.data() + range.begin, derivatives_.hessian.data() + range.begin,
          range.end - range.begin, guess_.scales.gradient.scale, guess_.scales.hessian.scale, layout_,
          packed_entries_.data() + range.begin, mine.values);
      mine.good = mine.good && good;
      packed_grower_->add_root(share, range, packed_entries_.data());
    };
  }
  const double loss = compute_derivatives(context_, loss_, training_, score_.data(), derivatives_, steps);
  steps_.clear();
  if (guess_.made) {
    guess_.good = true;
    guess_.sums = {0, 0, static_cast<std::int64_t>(training_.n), static_cast<std::int64_t>(training_.n)};
    for (const Sums& of_share : sums) {
      guess_.good = guess_.good && of_share.good;
      guess_.sums.gradient += of_share.values[0];
      guess_.sums.hessian += of_share.values[1];
    }
  }
  for (std::size_t k = 0; k < n_outputs_; ++k) {
    check(derivatives_.largest_gradient[k] <= 1e120 && derivatives_.largest_hessian[k] <= 1e120 &&
              std::isfinite(derivatives_.gradient_rms[k]),
          "boosting diverges: the largest derivative of the loss is " +
              short_number(std::max(derivatives_.largest_gradient[k], derivatives_.largest_hessian[k])) +
              "; a smaller learning_rate than " + short_number(params_.learning_rate) + " is needed");
  }
  return loss;
}

// What early stopping looks at, of the validation sample; not called for the loss.
double Booster::metric() const {
  const double value =
      extras_.metric ? extras_.metric(*validation_, validation_score_.data())
                     : validation_metric(metric_, forest_.link, n_outputs_, *validation_, validation_score_.data());
  check(!std::isnan(value), "the metric of the validation sample is not a number");
  return value;
}

// Gives the trees of an iteration (counted from 0, of this training) another weight in both scores.
void Booster::change_weight(std::size_t iteration, double from, double to) {
  for (std::size_t k = 0; k < n_outputs_; ++k) {
    const Tree& tree = forest_.trees[first_tree_ + iteration * n_outputs_ + k];
    add_tree(context_, tree, to - from, training_, score_.data() + k * training_.n);
    if (validation_ == nullptr) continue;
    add_tree(context_, tree, to - from, *validation_, validation_score_.data() + k * validation_->n);
  }
}

// One iteration, counted from 1; false when it was interrupted, which leaves the forest as it was.
bool Booster::iterate(std::size_t iteration) {
  const std::size_t finished = (forest_.trees.size() - first_tree_) / n_outputs_;
  const std::size_t overall = first_tree_ / n_outputs_ + iteration;
  std::vector<std::size_t> dropped;
  if (params_.boosting == BoostingMode::dart) {
    dropped = draw_dropped(context_, params_, finished, overall);
    for (const std::size_t it : dropped) {
      change_weight(it, forest_.tree_weight[first_tree_ + it * n_outputs_], 0.0);
    }
    if (!dropped.empty()) compute_gradients(false);
  }
  if (!drawn_.drawn || params_.subsample < 1 || params_.boosting == BoostingMode::goss) {
    drawn_ = draw_events(context_, params_, training_, derivatives_, overall);
  }
  // The new tree shares the place of those that were dropped with them.
  const double factor = 1.0 / (1.0 + static_cast<double>(dropped.size()));
  std::vector<Tree> trees;
  only_stumps_ = true;
  for (std::size_t k = 0; k < n_outputs_; ++k) {
    CellScales scales;
    const GrownTree& grown = grow_tree(k, scales);
    if (grown.interrupted || context_.interrupted()) return false;
    only_stumps_ = only_stumps_ && grown.nodes.size() == 1;
    trees.push_back(finish(grown, k, scales, factor));
  }
  for (std::size_t k = 0; k < n_outputs_; ++k) {
    if (validation_ != nullptr) {
      add_tree(context_, trees[k], factor, *validation_, validation_score_.data() + k * validation_->n);
    }
    forest_.trees.push_back(std::move(trees[k]));
    forest_.tree_weight.push_back(factor);
  }
  for (const std::size_t it : dropped) {
    const std::size_t tree = first_tree_ + it * n_outputs_;
    const double weight = forest_.tree_weight[tree] * (1.0 - factor);
    change_weight(it, 0.0, weight);
    for (std::size_t k = 0; k < n_outputs_; ++k) forest_.tree_weight[tree + k] = weight;
  }
  return true;
}

GradientBoostingResult Booster::run() {
  prepare();
  start_scores();
  GradientBoostingResult result;
  result.training_loss.push_back(compute_gradients(false));
  const bool other_metric = metric_ != ValidationMetric::loss || extras_.metric;
  const double sign = (extras_.metric ? extras_.metric_greater_is_better : greater_is_better(metric_)) ? -1.0 : 1.0;
  const bool stops_early = validation_ != nullptr && params_.n_iter_no_change > 0;
  // What the validation sample says; less is better.
  const auto judge = [&] {
    result.validation_loss.push_back(mean_loss(context_, loss_, *validation_, validation_score_.data()));
    if (other_metric) result.validation_metric.push_back(metric());
    const double value = sign * (other_metric ? result.validation_metric : result.validation_loss).back();
    check(!stops_early || !std::isnan(value),
          "early stopping needs the loss of the validation sample, which is not a number; a loss function that returns "
          "no values needs early_stopping_metric");
    return value;
  };
  double best = validation_ != nullptr ? judge() : 0;
  double improvement_from = best;  // what must be beaten by more than the tolerance
  std::size_t improved_at = 0;
  std::size_t best_iteration = 0;
  std::vector<double> best_weights = forest_.tree_weight;  // DART changes those of earlier trees
  const bool random = params_.subsample < 1 || params_.boosting != BoostingMode::gradient ||
                      params_.column_fraction_tree < 1 || params_.column_fraction_level < 1 ||
                      params_.column_fraction_node < 1;
  const auto total = static_cast<std::size_t>(params_.n_estimators);
  for (std::size_t iteration = 1; iteration <= total; ++iteration) {
    result.interrupted = !iterate(iteration);
    if (result.interrupted) break;
    result.training_loss.push_back(compute_gradients(iteration == total));
    Progress progress{iteration, total, result.training_loss.back()};
    if (validation_ != nullptr) {
      const double value = judge();
      // What early stopping watches, so that whoever looks on sees the number that decides.
      progress.validation_loss = (other_metric ? result.validation_metric : result.validation_loss).back();
      if (value < best) {
        best = value;
        best_iteration = iteration;
        best_weights = forest_.tree_weight;
      }
      if (value < improvement_from - params_.tolerance) {
        improvement_from = value;
        improved_at = iteration;
      }
    }
    context_.report(progress);
    if (stops_early && iteration - improved_at >= static_cast<std::size_t>(params_.n_iter_no_change)) break;
    // No cut is left anywhere and the constant is found: all further trees would be this one again, moving nothing.
    const double before = result.training_loss[iteration - 1];
    if (only_stumps_ && !random && std::abs(result.training_loss[iteration] - before) <= 1e-12 * std::abs(before)) {
      break;
    }
  }
  if (stops_early) {
    forest_.trees.resize(first_tree_ + best_iteration * n_outputs_);
    forest_.tree_weight = best_weights;
  }
  return hand_out(std::move(result));
}

GradientBoostingResult Booster::hand_out(GradientBoostingResult result) {
  result.best_iteration = (forest_.trees.size() - first_tree_) / n_outputs_;
  result.feature_gain.assign(training_.n_features, 0.0);
  for (std::size_t t = 0; t < forest_.trees.size(); ++t) {
    Tree& tree = forest_.trees[t];
    // The product is what evaluation would make of weight and leaf: not a bit changes.
    if (t >= first_tree_ && forest_.tree_weight[t] != 1.0) {
      for (double& value : tree.value) value *= forest_.tree_weight[t];
      forest_.tree_weight[t] = 1.0;
    }
    for (std::size_t node = 0; node < std::min(tree.node_count(), tree.gain.size()); ++node) {
      if (tree.feature[node] >= 0) result.feature_gain[static_cast<std::size_t>(tree.feature[node])] += tree.gain[node];
    }
  }
  negative_fractions_.resize(std::min(negative_fractions_.size(), forest_.trees.size() - first_tree_));
  result.negative_fraction = std::move(negative_fractions_);
  result.predictor = std::make_shared<ForestPredictor>(std::move(forest_));
  return result;
}

}  // namespace diskern::trees

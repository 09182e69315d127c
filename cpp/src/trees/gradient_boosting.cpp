#include "trees/gradient_boosting.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <numeric>
#include <string>
#include <utility>

#include "base/elementwise.hpp"
#include "base/executor.hpp"
#include "base/philox.hpp"
#include "trees/boosting_check.hpp"
#include "trees/boosting_steps.hpp"
#include "trees/fixed_point.hpp"
#include "trees/forest.hpp"
#include "trees/grower.hpp"

namespace diskern::trees {

namespace {

constexpr int narrow_bits = 31;
constexpr int wide_bits = 62;

// Boosting one sample; a class only because the steps share their arrays.
class Booster {
 public:
  Booster(const Context& context, const GradientBoostingParams& params, Loss& loss, const BoostingSample& training,
          const BoostingSample* validation)
      : context_(context),
        params_(params),
        loss_(loss),
        training_(training),
        validation_(validation),
        n_outputs_(loss.output_count()) {}

  GradientBoostingResult run();

 private:
  double compute_gradients();
  template <class Integer>
  GrownTree grow_with(std::unique_ptr<Grower<Integer>>& grower, std::vector<Cell<Integer>>& entries, std::size_t output,
                      const std::vector<std::uint32_t>& rows, const CellScales& scales);
  GrownTree grow_tree(std::size_t output, const std::vector<std::uint32_t>& rows, CellScales& scales);
  Tree finish(const GrownTree& grown, std::size_t output, const CellScales& scales);

  const Context& context_;
  const GradientBoostingParams& params_;
  Loss& loss_;
  const BoostingSample& training_;
  const BoostingSample* validation_;
  std::size_t n_outputs_;

  BinEdges edges_;
  BinnedEvents binned_;
  GrowerRules rules_;
  double count_sum_ = 0;
  double reference_weight_ = 1;
  // Of output k: n entries from k * n on.
  std::vector<double> score_;
  std::vector<double> validation_score_;
  Derivatives derivatives_;
  std::vector<NarrowCell> narrow_entries_;
  std::vector<WideCell> wide_entries_;
  std::unique_ptr<Grower<std::int32_t>> narrow_grower_;
  std::unique_ptr<Grower<std::int64_t>> wide_grower_;
};

double Booster::compute_gradients() {
  const double loss = compute_derivatives(context_, loss_, training_, score_.data(), derivatives_);
  for (std::size_t k = 0; k < n_outputs_; ++k) {
    check(derivatives_.largest_gradient[k] <= 1e120 && std::isfinite(derivatives_.gradient_rms[k]),
          "boosting diverges: the largest derivative of the loss is " + short_number(derivatives_.largest_gradient[k]) +
              "; a smaller learning_rate than " + short_number(params_.learning_rate) + " is needed");
  }
  return loss;
}

template <class Integer>
GrownTree Booster::grow_with(std::unique_ptr<Grower<Integer>>& grower, std::vector<Cell<Integer>>& entries,
                             std::size_t output, const std::vector<std::uint32_t>& rows, const CellScales& scales) {
  const std::size_t n = training_.n;
  if (!grower) grower = std::make_unique<Grower<Integer>>(binned_, edges_);
  const bool first = entries.empty();
  entries.resize(n);
  quantise_events(context_, training_.weight.data(), derivatives_.gradient.data() + output * n,
                  derivatives_.hessian.data() + output * n, n, scales, first, entries.data());
  return grower->grow(context_, rules_, scales, entries.data(), rows);
}

GrownTree Booster::grow_tree(std::size_t output, const std::vector<std::uint32_t>& rows, CellScales& scales) {
  const double largest = derivatives_.largest_gradient[output];
  const auto set_scales = [&](int bits) {
    scales.gradient = FixedPoint::for_sums(largest, training_.absolute_weight, bits);
    scales.hessian = FixedPoint::for_sums(derivatives_.largest_hessian[output], training_.absolute_weight, bits);
    scales.count = FixedPoint::for_sums(1.0, count_sum_, bits);
    scales.weight = FixedPoint::for_sums(1.0, training_.absolute_weight, bits);
  };
  set_scales(narrow_bits);
  // Narrow cells do when even the lightest events keep nine bits, and the common ones eight bits below the largest.
  const double lightest = reference_weight_ * largest / scales.gradient.inverse;
  if (lightest >= 512 && largest <= 256 * derivatives_.gradient_rms[output]) {
    return grow_with(narrow_grower_, narrow_entries_, output, rows, scales);
  }
  set_scales(wide_bits);
  return grow_with(wide_grower_, wide_entries_, output, rows, scales);
}

// The grown tree with Newton leaves, or those that the loss refits; moves the training score.
Tree Booster::finish(const GrownTree& grown, std::size_t output, const CellScales& scales) {
  const std::size_t n_nodes = grown.nodes.size();
  const std::size_t n = training_.n;
  const NodeSums sums = sum_nodes(context_, grown, training_.weight.data(), derivatives_.gradient.data() + output * n,
                                  derivatives_.largest_gradient[output], derivatives_.hessian.data() + output * n,
                                  derivatives_.largest_hessian[output], training_.absolute_weight);
  double* score = score_.data() + output * n;
  std::vector<double> step(n_nodes);
  for (std::size_t node = 0; node < n_nodes; ++node) {
    const double h = sums.hessian[node] + params_.l2_regularization;
    step[node] = h > 0 ? -sums.gradient[node] / h : 0.0;
  }
  if (loss_.refits_leaves()) {
    parallel_for(
        context_, n_nodes,
        [&](std::size_t node) {
          const GrownNode& it = grown.nodes[node];
          if (it.split.valid()) return;
          step[node] = loss_.refit_leaf(training_, score, grown.rows.data() + it.begin, it.end - it.begin, step[node]);
        },
        static_cast<double>(n) * 50.0);
  }
  if (training_.any_negative) {
    const double limit = loss_.largest_signed_step(derivatives_.largest_gradient[output]);
    for (double& s : step) s = std::clamp(s, -limit, limit);
  }

  Tree tree;
  for (std::size_t node = 0; node < n_nodes; ++node) {
    const GrownNode& it = grown.nodes[node];
    const bool inner = it.split.valid();
    const auto feature = static_cast<std::size_t>(inner ? it.split.feature : 0);
    tree.feature.push_back(inner ? it.split.feature : leaf_feature);
    tree.threshold.push_back(inner ? edges_.threshold(feature, static_cast<std::size_t>(it.split.bin)) : 0.0);
    tree.left.push_back(inner ? it.left : -1);
    tree.right.push_back(inner ? it.right : -1);
    tree.missing_right.push_back(inner && it.split.missing_right ? 1 : 0);
    tree.value.push_back(params_.learning_rate * step[node]);
    tree.weight.push_back(scales.weight.value(it.sums.weight));
    tree.gain.push_back(inner ? it.split.gain : 0.0);
  }

  // Events outside the subsample walk the tree.
  if (grown.rows.size() == n) {
    add_leaves(context_, grown, tree.value.data(), score);
  } else {
    add_tree(context_, tree, training_, score);
  }
  return tree;
}

GradientBoostingResult Booster::run() {
  const std::size_t n = training_.n;
  edges_ = find_edges(context_, training_.view(), View<const double>(training_.weight.data(), n), params_.max_bins,
                      View<const std::int32_t>(training_.class_index.data(), training_.class_index.size()));
  if (context_.interrupted()) throw Interrupted();
  binned_ = bin_events(context_, edges_, training_.view());
  if (context_.interrupted()) throw Interrupted();

  rules_.max_leaf_nodes = params_.max_leaf_nodes;
  rules_.max_depth = params_.max_depth;
  rules_.leaf_wise = params_.leaf_wise;
  rules_.split.lambda_l2 = params_.l2_regularization;
  rules_.split.min_child_weight = params_.min_child_weight;
  rules_.split.min_samples_leaf = params_.min_samples_leaf;
  rules_.split.min_gain = params_.min_gain;
  rules_.split.signed_weights = training_.any_negative;
  for (const double w : training_.weight) {
    count_sum_ += std::max(1.0, std::abs(w));
    reference_weight_ = std::min(reference_weight_, std::abs(w));
  }

  Forest forest;
  forest.n_features = static_cast<std::int32_t>(training_.n_features);
  forest.n_outputs = static_cast<std::int32_t>(n_outputs_);
  loss_.prepare(context_, training_);
  forest.base_score = loss_.base_scores(training_);
  forest.link = loss_.link();
  const auto start = [&](const BoostingSample& sample) {
    std::vector<double> score(n_outputs_ * sample.n);
    for (std::size_t k = 0; k < n_outputs_; ++k) {
      std::fill_n(score.begin() + static_cast<std::ptrdiff_t>(k * sample.n), sample.n, forest.base_score[k]);
    }
    return score;
  };
  score_ = start(training_);

  GradientBoostingResult result;
  double best_loss = std::numeric_limits<double>::infinity();
  if (validation_ != nullptr) {
    loss_.prepare(context_, *validation_);
    validation_score_ = start(*validation_);
    best_loss = mean_loss(context_, loss_, *validation_, validation_score_.data());
    result.validation_loss.push_back(best_loss);
  }
  result.training_loss.push_back(compute_gradients());

  std::vector<std::uint32_t> rows(n);
  std::iota(rows.begin(), rows.end(), 0U);
  const Philox bagging(context_.seed, Purpose::bagging);
  std::size_t best_iteration = 0;
  double improvement_from = best_loss;  // the loss that must be beaten by more than the tolerance
  std::size_t improved_at = 0;
  const auto total = static_cast<std::size_t>(params_.n_estimators);
  for (std::size_t iteration = 1; iteration <= total; ++iteration) {
    if (params_.subsample < 1) {
      rows.clear();
      for (std::size_t i = 0; i < n; ++i) {
        if (bagging.uniform(i, static_cast<std::uint32_t>(iteration)) < params_.subsample) {
          rows.push_back(static_cast<std::uint32_t>(i));
        }
      }
    }
    std::vector<Tree> trees;
    bool stump = true;
    for (std::size_t k = 0; k < n_outputs_; ++k) {
      CellScales scales;
      const GrownTree grown = grow_tree(k, rows, scales);
      result.interrupted = grown.interrupted || context_.interrupted();
      if (result.interrupted) break;
      stump = stump && grown.nodes.size() == 1;
      trees.push_back(finish(grown, k, scales));
    }
    if (result.interrupted) break;
    for (Tree& tree : trees) {
      if (validation_ != nullptr) {
        const std::size_t output = forest.trees.size() % n_outputs_;
        add_tree(context_, tree, *validation_, validation_score_.data() + output * validation_->n);
      }
      forest.trees.push_back(std::move(tree));
    }
    result.training_loss.push_back(compute_gradients());
    Progress progress{iteration, total, result.training_loss.back()};
    if (validation_ != nullptr) {
      const double loss = mean_loss(context_, loss_, *validation_, validation_score_.data());
      result.validation_loss.push_back(loss);
      progress.validation_loss = loss;
      if (loss < best_loss) {
        best_loss = loss;
        best_iteration = iteration;
      }
      if (loss < improvement_from - params_.tolerance) {
        improvement_from = loss;
        improved_at = iteration;
      }
    }
    context_.report(progress);
    if (validation_ != nullptr && params_.n_iter_no_change > 0 &&
        iteration - improved_at >= static_cast<std::size_t>(params_.n_iter_no_change)) {
      break;
    }
    // No cut is left anywhere: all further trees would be this one again, moving nothing.
    if (stump && params_.subsample == 1.0) break;
  }
  if (validation_ != nullptr && params_.n_iter_no_change > 0) forest.trees.resize(best_iteration * n_outputs_);
  result.best_iteration = forest.trees.size() / n_outputs_;
  forest.tree_weight.assign(forest.trees.size(), 1.0);
  result.feature_gain.assign(training_.n_features, 0.0);
  for (const Tree& tree : forest.trees) {
    for (std::size_t node = 0; node < tree.node_count(); ++node) {
      if (tree.feature[node] >= 0) result.feature_gain[static_cast<std::size_t>(tree.feature[node])] += tree.gain[node];
    }
  }
  result.predictor = std::make_shared<ForestPredictor>(std::move(forest));
  return result;
}

}  // namespace

GradientBoostingResult fit_gradient_boosting(const Context& context, const GradientBoostingParams& params,
                                             const GradientBoostingSample& sample, std::int32_t n_classes,
                                             const GradientBoostingSample* validation) {
  check_params(params);
  elementwise_kernels();  // a wrong DISKERN_ISA throws here, not in a loop that may not throw
  check(context.device == Device::cpu, "gradient boosting runs on the CPU only");
  check(n_classes == 0 || n_classes >= 2,
        "at least 2 classes are needed to tell them apart, got " + std::to_string(n_classes));
  const BoostingSample training = pack_sample(sample, n_classes, params.negative_weights, "the training sample");
  const std::unique_ptr<Loss> loss = make_loss(params, n_classes);
  if (validation == nullptr) return Booster(context, params, *loss, training, nullptr).run();
  check(validation->events.columns() == sample.events.columns(),
        "the validation sample has " + std::to_string(validation->events.columns()) +
            " variables, the training sample " + std::to_string(sample.events.columns()));
  // Negative weights stay in the validation sample: the loss is an estimate on the true distribution.
  const BoostingSample held_out =
      pack_sample(*validation, n_classes,
                  params.negative_weights == NegativeWeights::ignore ? NegativeWeights::keep : params.negative_weights,
                  "the validation sample");
  return Booster(context, params, *loss, training, &held_out).run();
}

}  // namespace diskern::trees

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
#include "trees/boosting_metric.hpp"
#include "trees/boosting_sampling.hpp"
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
  Booster(const Context& context, const GradientBoostingParams& params, const GradientBoostingExtras& extras,
          Loss& loss, const BoostingSample& training, const BoostingSample* validation)
      : context_(context),
        params_(params),
        extras_(extras),
        loss_(loss),
        training_(training),
        validation_(validation),
        n_outputs_(loss.output_count()) {}

  GradientBoostingResult run();

 private:
  void prepare();
  void start_scores();
  double compute_gradients();
  double metric() const;
  template <class Integer>
  void grow_with(std::unique_ptr<Grower<Integer>>& grower, std::vector<Cell<Integer>>& entries, std::size_t output,
                 const CellScales& scales);
  const GrownTree& grow_tree(std::size_t output, CellScales& scales);
  bool grow_packed(std::size_t output, CellScales& scales);
  void refit(const GrownTree& grown, const double* weight, const double* score, std::vector<double>& step) const;
  Tree finish(const GrownTree& grown, std::size_t output, const CellScales& scales, double factor);
  void change_weight(std::size_t iteration, double from, double to);
  bool iterate(std::size_t iteration);
  GradientBoostingResult hand_out(GradientBoostingResult result);

  const Context& context_;
  const GradientBoostingParams& params_;
  const GradientBoostingExtras& extras_;
  Loss& loss_;
  const BoostingSample& training_;
  const BoostingSample* validation_;
  std::size_t n_outputs_;

  BinEdges edges_;
  BinnedEvents binned_;
  GrowerRules rules_;
  std::vector<WideCell> squares_;  // of the weights, for min_effective_count
  ValidationMetric metric_ = ValidationMetric::loss;
  Forest forest_;               // tree_weight holds what DART makes of the trees
  std::size_t first_tree_ = 0;  // trees before it are those of the initial model
  DrawnEvents drawn_;
  bool only_stumps_ = false;  // all trees of the last iteration
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
  // Events of weight one: packed entries hold all there is to sum.
  bool unit_weights_ = false;
  PackedLayout layout_;
  LargeArray<PackedEntry> packed_entries_;
  std::unique_ptr<Grower<PackedEntry>> packed_grower_;
  GrownTree grown_;
};

void Booster::prepare() {
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
  for (const double w : training_.weight) {
    count_sum_ += std::max(1.0, std::abs(w));
    reference_weight_ = std::min(reference_weight_, std::abs(w));
  }
  unit_weights_ = std::all_of(training_.weight.begin(), training_.weight.end(), [](double w) { return w == 1.0; });
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

double Booster::compute_gradients() {
  loss_.update(context_, training_, score_.data());
  const double loss = compute_derivatives(context_, loss_, training_, score_.data(), derivatives_);
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

template <class Integer>
void Booster::grow_with(std::unique_ptr<Grower<Integer>>& grower, std::vector<Cell<Integer>>& entries,
                        std::size_t output, const CellScales& scales) {
  const std::size_t n = training_.n;
  if (!grower) grower = std::make_unique<Grower<Integer>>(binned_, edges_);
  const bool first = entries.empty();
  entries.resize(n);
  const std::vector<double>& weight = drawn_.weight.empty() ? training_.weight : drawn_.weight;
  quantise_events(context_, weight.data(), derivatives_.gradient.data() + output * n,
                  derivatives_.hessian.data() + output * n, n, scales, first, entries.data());
  if (!drawn_.weight.empty()) {
    // The drawn events count more in the sums; how many there are stays what it is.
    for (const std::uint32_t i : drawn_.rows) {
      entries[i].count = static_cast<Integer>(scales.count(std::max(1.0, std::abs(training_.weight[i])), 1.0));
      entries[i].weight = static_cast<Integer>(scales.weight(weight[i], 1.0));
    }
  }
  grower->grow(context_, rules_, scales, entries.data(), &drawn_.rows, grown_, loss_.refits_leaves());
}

// The scales come from sums that an event of weight k and k events of weight one have in common, so packed entries and
// narrow cells lead to the same tree.
bool Booster::grow_packed(std::size_t output, CellScales& scales) {
  const std::size_t n = training_.n;
  if (!unit_weights_ || !drawn_.weight.empty()) return false;
  scales.gradient = scales.gradient.of_units();
  scales.hessian = scales.hessian.of_units();
  scales.count = scales.weight = FixedPoint{};
  packed_entries_.resize(n);
  if (!pack_events(context_, derivatives_.gradient.data() + output * n, derivatives_.hessian.data() + output * n, n,
                   scales, layout_, packed_entries_.data())) {
    return false;
  }
  if (!packed_grower_) packed_grower_ = std::make_unique<Grower<PackedEntry>>(binned_, edges_, layout_);
  packed_grower_->grow(context_, rules_, scales, packed_entries_.data(), &drawn_.rows, grown_,
                       loss_.refits_leaves());
  return true;
}

const GrownTree& Booster::grow_tree(std::size_t output, CellScales& scales) {
  const double largest = derivatives_.largest_gradient[output];
  if (!squares_.empty()) {
    const std::vector<double>& weight = drawn_.weight.empty() ? training_.weight : drawn_.weight;
    double heaviest = 0;
    double sum = 0;
    for (const std::uint32_t i : drawn_.rows) {
      heaviest = std::max(heaviest, std::abs(weight[i]));
      sum += std::abs(weight[i]);
    }
    rules_.constraints.squares_scale = FixedPoint::for_sums(heaviest, sum, wide_bits);
    for (const std::uint32_t i : drawn_.rows) {
      const double size = std::abs(weight[i]);
      squares_[i] = WideCell{rules_.constraints.squares_scale(size, size), 0, 0, 0};
    }
    rules_.constraints.squares = squares_.data();
  }
  rules_.constraints.tree = static_cast<std::uint32_t>(forest_.trees.size() + output);
  const double largest_hessian = derivatives_.largest_hessian[output];
  const auto set_scales = [&](int bits, int gradient_bits, int hessian_bits) {
    scales.gradient = FixedPoint::for_sums(largest, drawn_.absolute_weight, bits, gradient_bits);
    scales.hessian = FixedPoint::for_sums(largest_hessian, drawn_.absolute_weight, bits, hessian_bits);
    scales.count = FixedPoint::for_sums(1.0, count_sum_, bits);
    scales.weight = FixedPoint::for_sums(1.0, drawn_.absolute_weight, bits);
  };
  set_scales(narrow_bits, packed_gradient_bits(layout_), packed_hessian_bits(layout_));
  // Narrow cells do when even the lightest events keep nine bits, and the common ones eight bits below the largest and
  // five of their own.
  const double lightest = reference_weight_ * largest / scales.gradient.inverse;
  const double rms = derivatives_.gradient_rms[output];
  if (lightest >= 512 && largest <= 256 * rms && rms * scales.gradient.scale >= 32) {
    const CellScales narrow = scales;
    if (grow_packed(output, scales)) return grown_;
    scales = narrow;
    grow_with(narrow_grower_, narrow_entries_, output, scales);
    return grown_;
  }
  set_scales(wide_bits, 40, 40);
  grow_with(wide_grower_, wide_entries_, output, scales);
  return grown_;
}

// The leaves that the loss asks for. Bounds are those of the refitted values: the Newton steps of such a loss are in
// other units.
void Booster::refit(const GrownTree& grown, const double* weight, const double* score,
                    std::vector<double>& step) const {
  const std::size_t n_nodes = grown.nodes.size();
  const IterationWeights weights{weight, drawn_.absolute_weight};
  const std::vector<std::int8_t>& monotone = rules_.constraints.monotone;
  parallel_for(
      context_, n_nodes,
      [&](std::size_t node) {
        const GrownNode& it = grown.nodes[node];
        if (it.split.valid() && monotone.empty()) return;
        if (it.begin == it.end) return;  // the iteration drew no event
        step[node] =
            loss_.refit_leaf(training_, weights, score, grown.rows.data() + it.begin, it.end - it.begin, step[node]);
      },
      static_cast<double>(training_.n) * 50.0);
  struct Bounds {
    double lower, upper;
  };
  const double largest = rules_.constraints.max_leaf_value;
  std::vector<Bounds> bounds(n_nodes, {-largest, largest});
  for (std::size_t node = 0; node < n_nodes; ++node) {  // children come after their parent
    step[node] = std::clamp(step[node], bounds[node].lower, bounds[node].upper);
    const Split& split = grown.nodes[node].split;
    if (!split.valid() || monotone.empty()) continue;
    const auto left = static_cast<std::size_t>(grown.nodes[node].left);
    const auto right = static_cast<std::size_t>(grown.nodes[node].right);
    bounds[left] = bounds[right] = bounds[node];
    const int direction = monotone[static_cast<std::size_t>(split.feature)];
    if (direction == 0 || split.bin == 0) continue;  // at bin 0 missing values part from the others
    const double middle = 0.5 * (std::clamp(step[left], bounds[node].lower, bounds[node].upper) +
                                 std::clamp(step[right], bounds[node].lower, bounds[node].upper));
    bounds[direction > 0 ? left : right].upper = middle;
    bounds[direction > 0 ? right : left].lower = middle;
  }
}

// The grown tree with Newton leaves, or those that the loss refits; moves the training score by factor * its leaves.
Tree Booster::finish(const GrownTree& grown, std::size_t output, const CellScales& scales, double factor) {
  const std::size_t n_nodes = grown.nodes.size();
  const std::size_t n = training_.n;
  const double* weight = (drawn_.weight.empty() ? training_.weight : drawn_.weight).data();
  const double* factors = unit_weights_ && drawn_.weight.empty() ? nullptr : weight;
  const NodeSums sums = sum_nodes(context_, grown, factors, derivatives_.gradient.data() + output * n,
                                  derivatives_.largest_gradient[output], derivatives_.hessian.data() + output * n,
                                  derivatives_.largest_hessian[output], drawn_.absolute_weight);
  double* score = score_.data() + output * n;
  std::vector<double> step(n_nodes);
  for (std::size_t node = 0; node < n_nodes; ++node) {
    step[node] = bounded_step(sums.gradient[node], sums.hessian[node], params_.l1_regularization,
                              params_.l2_regularization, grown.nodes[node].lower, grown.nodes[node].upper);
  }
  if (loss_.refits_leaves()) refit(grown, weight, score, step);
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
    add_leaves(context_, grown, tree.value.data(), factor, score);
  } else {
    add_tree(context_, tree, factor, training_, score);
  }
  return tree;
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
    if (!dropped.empty()) compute_gradients();
  }
  if (drawn_.rows.empty() || params_.subsample < 1 || params_.boosting == BoostingMode::goss) {
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
  result.training_loss.push_back(compute_gradients());
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
    result.training_loss.push_back(compute_gradients());
    Progress progress{iteration, total, result.training_loss.back()};
    if (validation_ != nullptr) {
      const double value = judge();
      progress.validation_loss = result.validation_loss.back();
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
  result.predictor = std::make_shared<ForestPredictor>(std::move(forest_));
  return result;
}

}  // namespace

GradientBoostingResult fit_gradient_boosting(const Context& context, const GradientBoostingParams& params,
                                             const GradientBoostingSample& sample, std::int32_t n_classes,
                                             const GradientBoostingSample* validation,
                                             const GradientBoostingExtras& extras) {
  check_params(params);
  elementwise_kernels();  // a wrong DISKERN_ISA throws here, not in a loop that may not throw
  check(context.device == Device::cpu, "gradient boosting runs on the CPU only");
  check(n_classes == 0 || n_classes >= 2,
        "at least 2 classes are needed to tell them apart, got " + std::to_string(n_classes));
  check_params(params, sample.events.columns(), n_classes);
  check(extras.loss == nullptr || params.loss == LossKind::automatic,
        "a loss is given twice: as an object and by the parameter");
  check(!extras.metric || params.early_stopping_metric == ValidationMetric::automatic,
        "a metric is given twice: as a function and by early_stopping_metric");
  const BoostingSample training =
      pack_sample(context, sample, n_classes, params.negative_weights, "the training sample");
  const std::unique_ptr<Loss> own = extras.loss == nullptr ? make_loss(params, n_classes) : nullptr;
  Loss& loss = extras.loss == nullptr ? *own : *extras.loss;
  if (validation == nullptr) return Booster(context, params, extras, loss, training, nullptr).run();
  check(validation->events.columns() == sample.events.columns(),
        "the validation sample has " + std::to_string(validation->events.columns()) +
            " variables, the training sample " + std::to_string(sample.events.columns()));
  // Negative weights stay in the validation sample: the loss is an estimate on the true distribution.
  const NegativeWeights policy = params.negative_weights;
  const bool training_only = policy == NegativeWeights::ignore || policy == NegativeWeights::pair;
  const BoostingSample held_out = pack_sample(context, *validation, n_classes,
                                              training_only ? NegativeWeights::keep : policy, "the validation sample");
  return Booster(context, params, extras, loss, training, &held_out).run();
}

}  // namespace diskern::trees

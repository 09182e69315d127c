#include "trees/ada_boost.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <memory>
#include <numeric>
#include <string>
#include <utility>

#include "base/executor.hpp"
#include "diskern/error.hpp"
#include "trees/binning.hpp"
#include "trees/boosting_check.hpp"
#include "trees/boosting_steps.hpp"
#include "trees/fixed_point.hpp"
#include "trees/forest.hpp"
#include "trees/grower.hpp"
#include "trees/impurity_grower.hpp"

namespace diskern::trees {

namespace {

constexpr std::size_t chunk_size = 8192;
// What a tree without error counts with, and the smallest share of a class that a leaf may claim.
constexpr double smallest_error = 1e-10;
constexpr double smallest_share = std::numeric_limits<double>::epsilon();

void check_params(const AdaBoostParams& p, std::int32_t n_classes) {
  check(p.n_estimators >= 1, "n_estimators must be at least 1, got " + std::to_string(p.n_estimators));
  check(n_classes != 0 || static_cast<std::size_t>(p.n_estimators) <= maximum_median_trees,
        "n_estimators must be at most " + std::to_string(maximum_median_trees) + " in regression, got " +
            std::to_string(p.n_estimators));
  check(p.learning_rate > 0 && std::isfinite(p.learning_rate),
        "learning_rate must be a positive number, got " + short_number(p.learning_rate));
  check(p.max_depth >= 0, "max_depth must be 0 (no limit) or positive, got " + std::to_string(p.max_depth));
  check(p.min_weight_fraction_leaf >= 0 && p.min_weight_fraction_leaf < 0.5,
        "min_weight_fraction_leaf must be from 0 to below 0.5, got " + short_number(p.min_weight_fraction_leaf));
  check(p.max_bins >= 2 && p.max_bins <= largest_bin_count,
        "max_bins must be from 2 to 255, got " + std::to_string(p.max_bins));
  check(n_classes == 0 || (n_classes >= 2 && static_cast<std::size_t>(n_classes) <= ClassSums::maximum_classes),
        "from 2 to 255 classes are possible, got " + std::to_string(n_classes));
  check(n_classes == 0 || p.criterion != Criterion::squared_error,
        "criterion squared_error is of regression, not of classification");
}

// A grown tree without values, where its events ended, and what the events of each leaf sum up to.
struct Grown {
  Tree tree;
  std::vector<std::int32_t> leaf;  // per event
  std::vector<double> sums;        // per node and class: sum of weights; regression: of weight * target, of weights
};

class AdaBooster {
 public:
  AdaBooster(const Context& context, const AdaBoostParams& params, const BoostingSample& sample, std::int32_t n_classes)
      : context_(context),
        params_(params),
        sample_(sample),
        n_classes_(static_cast<std::size_t>(n_classes)),
        boost_(sample.n, 1.0) {}

  AdaBoostResult run();

 private:
  bool fast() const { return n_classes_ == 0 || (n_classes_ == 2 && params_.criterion == Criterion::gini); }
  void prepare();
  Grown grow(std::uint32_t number);
  GrowerRules rules() const;
  template <class Integer>
  void grow_with(std::unique_ptr<Grower<Integer>>& grower, std::vector<Cell<Integer>>& entries,
                 const CellScales& scales, GrownTree& tree);
  Grown grow_fast();
  Grown grow_by_classes(std::uint32_t number);
  double total() const;
  void boost(const std::vector<double>& factors, const std::vector<std::int32_t>& leaf, std::size_t width);
  bool step_discrete(Grown& grown);
  bool step_real(Grown& grown);
  bool step_regression(Grown& grown);
  void keep(const Grown& grown, const std::vector<double>& values, std::size_t outputs, double weight, double error);

  const Context& context_;
  const AdaBoostParams& params_;
  const BoostingSample& sample_;
  std::size_t n_classes_;  // 0: regression
  std::vector<double> boost_;
  double sum_ = 0;  // of weight * boost
  BinEdges edges_;
  BinnedEvents binned_;
  BinnedColumns columns_;
  double shift_ = 0;  // taken off the targets
  std::vector<double> gradient_;
  std::vector<NarrowCell> narrow_entries_;
  std::vector<WideCell> wide_entries_;
  std::vector<PackedEntry> packed_entries_;
  std::unique_ptr<Grower<PackedEntry>> packed_grower_;
  std::unique_ptr<Grower<std::int32_t>> narrow_grower_;
  std::unique_ptr<Grower<std::int64_t>> wide_grower_;
  Forest forest_;
  AdaBoostResult result_;
};

void AdaBooster::prepare() {
  edges_ = find_edges(context_, sample_.view(), View<const double>(sample_.weight.data(), sample_.n), params_.max_bins,
                      View<const std::int32_t>(sample_.class_index.data(), sample_.class_index.size()));
  if (context_.interrupted()) throw Interrupted();
  if (fast()) {
    binned_ = bin_events(context_, edges_, sample_.view());
  } else {
    columns_ = bin_columns(context_, edges_, sample_.view());
  }
  if (n_classes_ == 0) {
    double largest = 0;
    for (const double y : sample_.target) largest = std::max(largest, std::abs(y));
    const FixedPoint target = FixedPoint::for_sums(largest, sample_.absolute_weight, 62);
    const FixedPoint weight = FixedPoint::for_sums(1.0, sample_.absolute_weight, 62);
    std::int64_t targets = 0;
    std::int64_t weights = 0;
    for (std::size_t i = 0; i < sample_.n; ++i) {
      targets += target(sample_.weight[i], sample_.target[i]);
      weights += weight(sample_.weight[i], 1.0);
    }
    shift_ = target.value(targets) / weight.value(weights);
  }
  sum_ = total();
}

// Sum of weight * boost, free of order.
double AdaBooster::total() const {
  double largest = 0;
  for (const double b : boost_) largest = b > largest ? b : largest;
  const FixedPoint fixed = FixedPoint::for_sums(largest, sample_.absolute_weight, 62);
  const std::size_t chunks = chunk_count(sample_.n, chunk_size);
  std::vector<std::int64_t> sums(chunks, 0);
  parallel_for(
      context_, chunks,
      [&](std::size_t chunk) {
        const Range range = chunk_range(sample_.n, chunk_size, chunk);
        std::int64_t sum = 0;
        for (std::size_t i = range.begin; i < range.end; ++i) sum += fixed(sample_.weight[i], boost_[i]);
        sums[chunk] = sum;
      },
      static_cast<double>(sample_.n) * 3.0);
  return fixed.value(std::accumulate(sums.begin(), sums.end(), std::int64_t{0}));
}

Grown AdaBooster::grow(std::uint32_t number) { return fast() ? grow_fast() : grow_by_classes(number); }

GrowerRules AdaBooster::rules() const {
  GrowerRules rules;
  rules.max_leaf_nodes = 0;
  rules.max_depth = params_.max_depth;
  rules.leaf_wise = false;
  rules.split.min_child_weight = params_.min_weight_fraction_leaf * sum_ * (1 - 1e-12);
  rules.split.signed_weights = sample_.any_negative;
  return rules;
}

template <class Integer>
void AdaBooster::grow_with(std::unique_ptr<Grower<Integer>>& grower, std::vector<Cell<Integer>>& entries,
                           const CellScales& scales, GrownTree& tree) {
  if (!grower) grower = std::make_unique<Grower<Integer>>(binned_, edges_);
  entries.resize(sample_.n);
  quantise_events(context_, sample_.weight.data(), gradient_.data(), boost_.data(), sample_.n, scales, true,
                  entries.data());
  grower->grow(context_, rules(), scales, entries.data(), nullptr, tree);
}

// Two classes: with targets of -1 and +1 the decrease of the squared error is twice that of the Gini index. Weights are
// the event's, derivatives carry what boosting made of it: an event of integer weight stays that many events.
Grown AdaBooster::grow_fast() {
  const std::size_t n = sample_.n;
  const bool regression = n_classes_ == 0;
  gradient_.resize(n);
  double largest_boost = 0;
  double smallest_boost = std::numeric_limits<double>::infinity();
  double largest = 0;
  double count_sum = 0;
  bool unit_weights = true;
  for (std::size_t i = 0; i < n; ++i) {
    const double b = boost_[i];
    gradient_[i] = b * (sample_.target[i] - shift_);
    const double size = std::abs(gradient_[i]);
    largest = size > largest ? size : largest;
    largest_boost = b > largest_boost ? b : largest_boost;
    const double w = std::abs(sample_.weight[i]);
    const double lightest = (w < 1 ? w : 1.0) * b;
    smallest_boost = lightest < smallest_boost ? lightest : smallest_boost;
    count_sum += w > 1 ? w : 1.0;
    unit_weights = unit_weights && sample_.weight[i] == 1;
  }
  CellScales scales;
  const PackedLayout layout = packed_layout(count_sum);
  const auto set_scales = [&](int bits, int gradient_bits, int hessian_bits) {
    scales.gradient = FixedPoint::for_sums(largest, sample_.absolute_weight, bits, gradient_bits);
    scales.hessian = FixedPoint::for_sums(largest_boost, sample_.absolute_weight, bits, hessian_bits);
    scales.count = FixedPoint::for_sums(1.0, count_sum, bits);
    scales.weight = FixedPoint::for_sums(1.0, sample_.absolute_weight, bits);
  };
  set_scales(31, packed_gradient_bits(layout), packed_hessian_bits(layout));
  // Few bits do where even the lightest event keeps some of them.
  GrownTree tree;
  if (!regression && smallest_boost >= 8 * scales.hessian.of_units().inverse) {
    bool packed = unit_weights;
    if (packed) {
      scales.gradient = scales.gradient.of_units();
      scales.hessian = scales.hessian.of_units();
      scales.count = scales.weight = FixedPoint{};
      packed_entries_.resize(n);
      packed = pack_events(context_, gradient_.data(), boost_.data(), n, scales, layout, packed_entries_.data());
    }
    if (packed) {
      if (!packed_grower_) packed_grower_ = std::make_unique<Grower<PackedEntry>>(binned_, edges_, layout);
      packed_grower_->grow(context_, rules(), scales, packed_entries_.data(), nullptr, tree);
    } else {
      grow_with(narrow_grower_, narrow_entries_, scales, tree);
    }
  } else {
    set_scales(62, 40, 40);
    grow_with(wide_grower_, wide_entries_, scales, tree);
  }
  if (tree.interrupted) throw Interrupted();
  const NodeSums sums = sum_nodes(context_, tree, sample_.weight.data(), gradient_.data(), largest, boost_.data(),
                                  largest_boost, sample_.absolute_weight);
  Grown grown;
  grown.leaf.resize(n);
  for (std::size_t node = 0; node < tree.nodes.size(); ++node) {
    const GrownNode& it = tree.nodes[node];
    const bool inner = it.split.valid();
    const auto feature = static_cast<std::size_t>(inner ? it.split.feature : 0);
    grown.tree.feature.push_back(inner ? it.split.feature : leaf_feature);
    grown.tree.threshold.push_back(inner ? edges_.threshold(feature, static_cast<std::size_t>(it.split.bin)) : 0.0);
    grown.tree.left.push_back(inner ? it.left : -1);
    grown.tree.right.push_back(inner ? it.right : -1);
    grown.tree.missing_right.push_back(inner && it.split.missing_right ? 1 : 0);
    grown.tree.weight.push_back(sums.hessian[node]);
    grown.tree.gain.push_back(inner ? it.split.gain * (regression ? 1.0 : 0.5) : 0.0);
    if (regression) {
      grown.sums.push_back(sums.gradient[node]);
      grown.sums.push_back(sums.hessian[node]);
    } else {
      grown.sums.push_back((sums.hessian[node] - sums.gradient[node]) / 2);
      grown.sums.push_back((sums.hessian[node] + sums.gradient[node]) / 2);
    }
    if (!inner) {
      for (std::size_t k = it.begin; k < it.end; ++k) grown.leaf[tree.rows[k]] = static_cast<std::int32_t>(node);
    }
  }
  return grown;
}

// Several classes, or other criteria than Gini's.
Grown AdaBooster::grow_by_classes(std::uint32_t number) {
  double largest = 0;
  double count_sum = 0;
  for (std::size_t i = 0; i < sample_.n; ++i) {
    largest = std::max(largest, boost_[i]);
    count_sum += std::max(1.0, std::abs(sample_.weight[i]));
  }
  const FixedPoint weight = FixedPoint::for_sums(largest, sample_.absolute_weight, 62);
  const FixedPoint count = FixedPoint::for_sums(1.0, count_sum, 62);
  ClassSums sums(n_classes_);
  sums.criterion = params_.criterion;
  sums.units.weight = weight.inverse;
  sums.units.count = count.inverse;
  ImpurityRules rules;
  rules.criterion = params_.criterion;
  rules.max_depth = params_.max_depth;
  rules.min_leaf_weight = params_.min_weight_fraction_leaf * sum_ * (1 - 1e-12);
  std::vector<ClassSums::Event> events(sample_.n);
  for (std::size_t i = 0; i < sample_.n; ++i) {
    const double w = sample_.weight[i];
    events[i] = {weight(w, boost_[i]), count(std::max(1.0, std::abs(w)), 1.0), static_cast<std::uint32_t>(i),
                 static_cast<std::uint32_t>(sample_.class_index[i])};
  }
  std::atomic<bool> stop{false};
  ImpurityTree tree =
      ImpurityGrower<ClassSums>(columns_, edges_, rules, sums, context_.seed).grow(events, number, stop, &context_);
  if (stop.load()) throw Interrupted();
  Grown grown;
  grown.leaf.resize(sample_.n);
  grown.tree = std::move(tree.trees[0]);
  grown.sums.assign(grown.tree.node_count() * n_classes_, 0.0);
  for (std::size_t node = 0; node < grown.tree.node_count(); ++node) {
    const auto [begin, end] = tree.leaf[node];
    std::vector<std::int64_t> of_class(n_classes_, 0);
    for (std::size_t k = begin; k < end; ++k) {
      grown.leaf[events[k].row] = static_cast<std::int32_t>(node);
      of_class[events[k].class_index] += events[k].weight;
    }
    for (std::size_t c = 0; c < n_classes_; ++c) grown.sums[node * n_classes_ + c] = weight.value(of_class[c]);
  }
  return grown;
}

// Multiplies the boost of every event by the factor of its leaf and class (`width` factors per node), negative events
// by the inverse, and brings the sum back to what it was.
void AdaBooster::boost(const std::vector<double>& factors, const std::vector<std::int32_t>& leaf, std::size_t width) {
  const auto multiply = [&](auto factor_of) {
    parallel_for(
        context_, chunk_count(sample_.n, chunk_size),
        [&](std::size_t chunk) {
          const Range range = chunk_range(sample_.n, chunk_size, chunk);
          for (std::size_t i = range.begin; i < range.end; ++i) boost_[i] *= factor_of(i);
        },
        static_cast<double>(sample_.n) * 3.0);
  };
  multiply([&](std::size_t i) {
    const auto at = static_cast<std::size_t>(leaf[i]) * width + static_cast<std::size_t>(sample_.class_index[i]);
    return sample_.weight[i] < 0 ? 1.0 / factors[at] : factors[at];
  });
  const double norm = sum_ / total();
  if (norm > 0 && std::isfinite(norm)) multiply([&](std::size_t) { return norm; });
}

void AdaBooster::keep(const Grown& grown, const std::vector<double>& values, std::size_t outputs, double weight,
                      double error) {
  for (std::size_t o = 0; o < outputs; ++o) {
    Tree tree = grown.tree;
    tree.value.resize(tree.node_count());
    for (std::size_t node = 0; node < tree.node_count(); ++node) tree.value[node] = values[node * outputs + o];
    forest_.trees.push_back(std::move(tree));
    forest_.tree_weight.push_back(weight);
  }
  for (std::size_t node = 0; node < grown.tree.node_count(); ++node) {
    if (grown.tree.feature[node] >= 0) {
      result_.feature_gain[static_cast<std::size_t>(grown.tree.feature[node])] += weight * grown.tree.gain[node];
    }
  }
  result_.tree_weight.push_back(weight);
  result_.error_fraction.push_back(error);
}

// Returns whether to go on.
bool AdaBooster::step_discrete(Grown& grown) {
  const std::size_t n_nodes = grown.tree.node_count();
  const auto k = static_cast<double>(n_classes_);
  const std::size_t outputs = n_classes_ == 2 ? 1 : n_classes_;
  std::vector<double> values(n_nodes * outputs, 0.0);
  std::vector<std::size_t> says(n_nodes, 0);
  double right = 0;
  for (std::size_t node = 0; node < n_nodes; ++node) {
    if (grown.tree.feature[node] >= 0) continue;
    const double* sums = grown.sums.data() + node * n_classes_;
    says[node] = static_cast<std::size_t>(std::max_element(sums, sums + n_classes_) - sums);  // ties: the first class
    right += sums[says[node]];
    if (outputs == 1) {
      values[node] = says[node] == 1 ? 1.0 : -1.0;
    } else {
      for (std::size_t c = 0; c < outputs; ++c) values[node * outputs + c] = c == says[node] ? 1.0 : -1.0 / (k - 1);
    }
  }
  const double error = 1.0 - right / sum_;
  const double bounded = std::max(error, smallest_error);
  const double weight = params_.learning_rate * (maths::log((1.0 - bounded) / bounded) + maths::log(k - 1.0));
  if (error >= 1.0 - 1.0 / k || !(weight > 0)) {  // no better than guessing
    if (forest_.trees.empty()) keep(grown, values, outputs, 1.0, error);
    return false;
  }
  keep(grown, values, outputs, weight, error);
  if (error <= smallest_error) return false;  // nothing is left to learn
  const double factor = maths::exp(weight);
  std::vector<double> factors(n_nodes * n_classes_, 1.0);
  for (std::size_t node = 0; node < n_nodes; ++node) {
    for (std::size_t c = 0; c < n_classes_; ++c) factors[node * n_classes_ + c] = c == says[node] ? 1.0 : factor;
  }
  boost(factors, grown.leaf, n_classes_);
  return true;
}

bool AdaBooster::step_real(Grown& grown) {
  const std::size_t n_nodes = grown.tree.node_count();
  const auto k = static_cast<double>(n_classes_);
  const std::size_t outputs = n_classes_ == 2 ? 1 : n_classes_;
  std::vector<double> values(n_nodes * outputs, 0.0);
  std::vector<double> factors(n_nodes * n_classes_, 1.0);
  double right = 0;
  std::vector<double> share(n_classes_);
  for (std::size_t node = 0; node < n_nodes; ++node) {
    if (grown.tree.feature[node] >= 0) continue;
    const double* sums = grown.sums.data() + node * n_classes_;
    right += *std::max_element(sums, sums + n_classes_);
    double all = 0;
    for (std::size_t c = 0; c < n_classes_; ++c) all += std::max(sums[c], 0.0);
    double mean = 0;
    for (std::size_t c = 0; c < n_classes_; ++c) {
      share[c] = maths::log(std::max(all > 0 ? std::max(sums[c], 0.0) / all : 1.0 / k, smallest_share));
      mean += share[c] / k;
    }
    for (std::size_t c = 0; c < n_classes_; ++c) {
      const double answer = params_.learning_rate * (k - 1.0) * (share[c] - mean);
      if (outputs > 1) values[node * outputs + c] = answer;
      if (outputs == 1 && c == 1) values[node] = answer;  // half the logarithm of the odds
      // exp(- (1/K) sum over classes of code * answer), the code being 1 for the class and -1/(K-1) for the others: the
      // answers sum up to zero, so this is exp(-answer / (K-1)).
      factors[node * n_classes_ + c] = maths::exp(-answer / (k - 1.0));
    }
  }
  keep(grown, values, outputs, 1.0, 1.0 - right / sum_);
  boost(factors, grown.leaf, n_classes_);
  return true;
}

bool AdaBooster::step_regression(Grown& grown) {
  const std::size_t n_nodes = grown.tree.node_count();
  std::vector<double> values(n_nodes, 0.0);
  for (std::size_t node = 0; node < n_nodes; ++node) {
    const double weight = grown.sums[2 * node + 1];
    values[node] = shift_ + (weight > 0 ? grown.sums[2 * node] / weight : 0.0);
  }
  const std::size_t n = sample_.n;
  std::vector<double> deviation(n);
  double largest = 0;
  for (std::size_t i = 0; i < n; ++i) {
    deviation[i] = std::abs(values[static_cast<std::size_t>(grown.leaf[i])] - sample_.target[i]);
    largest = std::max(largest, deviation[i]);
  }
  if (!(largest > 0)) {  // the tree knows every target
    keep(grown, values, 1, params_.learning_rate * maths::log((1.0 - smallest_error) / smallest_error), 0.0);
    return false;
  }
  double largest_boost = 0;
  for (const double b : boost_) largest_boost = std::max(largest_boost, b);
  const FixedPoint fixed = FixedPoint::for_sums(largest_boost, sample_.absolute_weight, 62);
  std::int64_t loss = 0;
  for (std::size_t i = 0; i < n; ++i) {
    double& e = deviation[i];
    e /= largest;
    if (params_.loss == AdaBoostLoss::square) e *= e;
    if (params_.loss == AdaBoostLoss::exponential) e = 1.0 - maths::exp(-e);
    loss += fixed(sample_.weight[i], boost_[i] * e);
  }
  const double error = fixed.value(loss) / sum_;
  if (error >= 0.5) {
    if (forest_.trees.empty()) keep(grown, values, 1, 1.0, error);
    return false;
  }
  const double bounded = std::max(error, smallest_error);
  const double beta = bounded / (1.0 - bounded);
  keep(grown, values, 1, -params_.learning_rate * maths::log(beta), error);
  const double exponent = params_.learning_rate * maths::log(beta);
  for (std::size_t i = 0; i < n; ++i) {
    const double factor = maths::exp(exponent * (1.0 - deviation[i]));
    boost_[i] *= sample_.weight[i] < 0 ? 1.0 / factor : factor;
  }
  const double norm = sum_ / total();
  if (!(norm > 0) || !std::isfinite(norm)) return false;
  for (double& b : boost_) b *= norm;
  return true;
}

AdaBoostResult AdaBooster::run() {
  prepare();
  const std::size_t outputs = n_classes_ <= 2 ? 1 : n_classes_;
  forest_.n_features = static_cast<std::int32_t>(sample_.n_features);
  forest_.n_outputs = static_cast<std::int32_t>(outputs);
  forest_.base_score.assign(outputs, 0.0);
  forest_.aggregation = n_classes_ == 0 ? Aggregation::weighted_median
                        : params_.real  ? Aggregation::sum
                                        : Aggregation::weighted_mean;
  result_.feature_gain.assign(sample_.n_features, 0.0);
  const auto total = static_cast<std::size_t>(params_.n_estimators);
  try {
    for (std::size_t t = 0; t < total; ++t) {
      if (context_.interrupted()) throw Interrupted();
      Grown grown = grow(static_cast<std::uint32_t>(t));
      const bool go_on = n_classes_ == 0 ? step_regression(grown)
                         : params_.real  ? step_real(grown)
                                         : step_discrete(grown);
      if (!result_.error_fraction.empty()) context_.report({t + 1, total, result_.error_fraction.back()});
      if (!go_on) break;
    }
  } catch (const Interrupted&) {
    if (forest_.trees.empty()) throw;
    result_.interrupted = true;
  }
  result_.predictor = std::make_shared<const ForestPredictor>(std::move(forest_));
  return std::move(result_);
}

}  // namespace

AdaBoostResult fit_ada_boost(const Context& context, const AdaBoostParams& params, const GradientBoostingSample& sample,
                             std::int32_t n_classes) {
  check(context.device == Device::cpu, "AdaBoost is trained on the CPU only");
  check_params(params, n_classes);
  const BoostingSample packed = pack_sample(context, sample, n_classes, params.negative_weights, "the training sample");
  return AdaBooster(context, params, packed, n_classes).run();
}

}  // namespace diskern::trees

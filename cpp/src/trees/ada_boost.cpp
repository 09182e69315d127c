#include "trees/ada_boost.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "base/executor.hpp"
#include "base/maths.hpp"
#include "diskern/error.hpp"
#include "trees/boosting_check.hpp"
#include "trees/fixed_point.hpp"
#include "trees/forest.hpp"
#include "trees/reweighted_tree.hpp"

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

class AdaBooster {
 public:
  AdaBooster(const Context& context, const AdaBoostParams& params, const BoostingSample& sample, std::int32_t n_classes)
      : context_(context),
        params_(params),
        sample_(sample),
        n_classes_(static_cast<std::size_t>(n_classes)),
        boost_(sample.n, 1.0),
        sum_(total()),
        binned_(context, sample, n_classes_, params.criterion, params.max_bins),
        grower_(binned_, params.max_depth, params.min_weight_fraction_leaf) {}

  AdaBoostResult run();

 private:
  double total() const { return reweighted_sum(context_, sample_, boost_); }
  void boost(const std::vector<double>& factors, const std::vector<std::int32_t>& leaf, std::size_t width);
  bool step_discrete(ReweightedTree& grown);
  bool step_real(ReweightedTree& grown);
  bool step_regression(ReweightedTree& grown);
  void keep(const ReweightedTree& grown, const std::vector<double>& values, std::size_t outputs, double weight,
            double error);

  const Context& context_;
  const AdaBoostParams& params_;
  const BoostingSample& sample_;
  std::size_t n_classes_;  // 0: regression
  std::vector<double> boost_;
  double sum_;  // of weight * boost
  BinnedSample binned_;
  ReweightedGrower grower_;
  Forest forest_;
  AdaBoostResult result_;
};

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

void AdaBooster::keep(const ReweightedTree& grown, const std::vector<double>& values, std::size_t outputs,
                      double weight, double error) {
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
bool AdaBooster::step_discrete(ReweightedTree& grown) {
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

bool AdaBooster::step_real(ReweightedTree& grown) {
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

bool AdaBooster::step_regression(ReweightedTree& grown) {
  const std::size_t n_nodes = grown.tree.node_count();
  std::vector<double> values(n_nodes, 0.0);
  for (std::size_t node = 0; node < n_nodes; ++node) {
    const double weight = grown.sums[2 * node + 1];
    values[node] = binned_.shift() + (weight > 0 ? grown.sums[2 * node] / weight : 0.0);
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
      ReweightedTree grown = grower_.grow(context_, boost_, sum_, static_cast<std::uint32_t>(t));
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

#include "trees/uboost.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "base/elementwise.hpp"
#include "base/executor.hpp"
#include "base/maths.hpp"
#include "diskern/error.hpp"
#include "trees/boosting_check.hpp"
#include "trees/fixed_point.hpp"
#include "trees/forest.hpp"
#include "trees/loss.hpp"
#include "trees/neighbourhoods.hpp"
#include "trees/reweighted_tree.hpp"
#include "trees/sort_scores.hpp"
#include "trees/votes.hpp"

namespace diskern::trees {

namespace {

constexpr double smallest_error = 1e-10;  // what a tree without error, or a forest without unevenness, counts with
constexpr int sum_bits = 62;
constexpr double nanoseconds_per_event = 60.0;  // of one tree, about

void check_params(const UBoostParams& p) {
  check(p.n_estimators >= 1, "n_estimators must be at least 1, got " + std::to_string(p.n_estimators));
  check(p.efficiency_steps >= 1 && static_cast<std::size_t>(p.efficiency_steps) <= VotesPredictor::maximum_votes,
        "efficiency_steps must be from 1 to 1024, got " + std::to_string(p.efficiency_steps));
  check(p.learning_rate > 0 && std::isfinite(p.learning_rate),
        "learning_rate must be a positive number, got " + short_number(p.learning_rate));
  check(p.uniforming_rate >= 0 && std::isfinite(p.uniforming_rate),
        "uniforming_rate must not be negative, got " + short_number(p.uniforming_rate));
  check(p.smoothing > 0 && std::isfinite(p.smoothing),
        "smoothing must be a positive number, got " + short_number(p.smoothing));
  check(p.n_neighbours >= 1 && std::isfinite(p.n_neighbours),
        "n_neighbors must be at least 1, got " + short_number(p.n_neighbours));
  check(p.max_depth >= 0, "max_depth must be 0 (no limit) or positive, got " + std::to_string(p.max_depth));
  check(p.min_weight_fraction_leaf >= 0 && p.min_weight_fraction_leaf < 0.5,
        "min_weight_fraction_leaf must be from 0 to below 0.5, got " + short_number(p.min_weight_fraction_leaf));
  check(p.max_bins >= 2 && p.max_bins <= largest_bin_count,
        "max_bins must be from 2 to 255, got " + std::to_string(p.max_bins));
  check(p.uniform_class == 0 || p.uniform_class == 1,
        "uniform_class must be 0 or 1, got " + std::to_string(p.uniform_class));
}

// The forest for one efficiency, as far as it is boosted.
struct BoostedForest {
  double efficiency = 0;
  std::vector<double> boost;  // per event
  std::vector<double> score;  // per event of the uniform class
  std::vector<Tree> trees;
  std::vector<double> error_fraction;
  std::vector<double> deviation;
  std::vector<double> feature_gain;
};

// What one thread needs while it adds a tree.
struct Workplace {
  explicit Workplace(const BinnedSample& binned, const UBoostParams& params)
      : grower(binned, params.max_depth, params.min_weight_fraction_leaf) {}
  ReweightedGrower grower;
  std::vector<std::uint64_t> keys, other_keys;
  std::vector<std::uint32_t> order, other_order;
  std::vector<double> value;         // per event of the uniform class
  std::vector<std::int64_t> passed;  // per point: weight that passes the cut
  std::vector<double> efficiency;    // per point: local efficiency
};

class UBooster {
 public:
  UBooster(const Context& context, const UBoostParams& params, const BoostingSample& sample)
      : context_(context),
        params_(params),
        sample_(sample),
        binned_(context, sample, 2, Criterion::gini, params.max_bins),
        uniform_(uniform_events(sample, params.uniform_class)),
        surroundings_(find_surroundings()) {}

  UBoostResult run();

 private:
  static std::vector<std::uint32_t> uniform_events(const BoostingSample& sample, std::int32_t uniform_class);
  Neighbourhoods find_surroundings() const;
  double find_cut(const BoostedForest& forest, Workplace& place) const;
  void add_tree(BoostedForest& forest, Workplace& place, std::uint32_t number) const;
  void boost_uneven(BoostedForest& forest, Workplace& place) const;
  void normalise(BoostedForest& forest) const;
  void take_back(BoostedForest& forest, std::size_t wanted) const;
  double spread(const BoostedForest& forest) const;
  Forest join(std::vector<BoostedForest>& forests) const;

  const Context& context_;
  const UBoostParams& params_;
  const BoostingSample& sample_;
  BinnedSample binned_;
  std::vector<std::uint32_t> uniform_;  // events of the class that shall be uniform
  Neighbourhoods surroundings_;         // of these
  double class_weight_ = 0;  // that both classes are brought to
};

std::vector<std::uint32_t> UBooster::uniform_events(const BoostingSample& sample, std::int32_t uniform_class) {
  std::vector<std::uint32_t> events;
  for (std::size_t i = 0; i < sample.n; ++i) {
    if (sample.class_index[i] == uniform_class) events.push_back(static_cast<std::uint32_t>(i));
  }
  check(!events.empty(), "class " + std::to_string(uniform_class) + " has no events");
  return events;
}

Neighbourhoods UBooster::find_surroundings() const {
  check(sample_.n_spectators > 0, "protected variables are needed for every event, none were given");
  check(sample_.n_spectators <= Neighbourhoods::maximum_variables,
        "there can be at most 4 protected variables, got " + std::to_string(sample_.n_spectators));
  std::vector<double> variables;
  std::vector<double> weight;
  variables.reserve(uniform_.size() * sample_.n_spectators);
  for (std::size_t j = 0; j < sample_.n_spectators; ++j) {
    for (const std::uint32_t i : uniform_) variables.push_back(sample_.spectators[j * sample_.n + i]);
  }
  for (const std::uint32_t i : uniform_) weight.push_back(sample_.weight[i]);
  return {context_, variables.data(), uniform_.size(), sample_.n_spectators, weight, params_.n_neighbours,
          "class " + std::to_string(params_.uniform_class)};
}

// The score at or above which lies the weight wanted.
double UBooster::find_cut(const BoostedForest& forest, Workplace& place) const {
  Context serial;
  serial.threads = 1;
  const std::size_t n = uniform_.size();
  const double wanted = forest.efficiency * static_cast<double>(surroundings_.total_weight());
  if (!sample_.any_negative) {
    return score_above_which(forest.score.data(), n, [&](std::size_t k) { return surroundings_.weight(k); }, wanted,
                             place.keys, place.order);
  }
  sort_scores(serial, forest.score.data(), n, place.keys, place.order, place.other_keys, place.other_order);
  std::int64_t above = 0;
  for (std::size_t end = n; end > 0;) {
    std::size_t begin = end;
    std::int64_t here = 0;
    while (begin > 0 && place.keys[begin - 1] == place.keys[end - 1]) here += surroundings_.weight(place.order[--begin]);
    above += here;
    if (static_cast<double>(above) >= wanted) return score_of_key(place.keys[begin]);
    end = begin;
  }
  return score_of_key(place.keys[0]);
}

// Both classes to the same sum of weights: else the larger one wins every leaf once the other's events are unlearned.
void UBooster::normalise(BoostedForest& forest) const {
  double largest = 0;
  for (const double b : forest.boost) largest = b > largest ? b : largest;
  const FixedPoint fixed = FixedPoint::for_sums(largest, sample_.absolute_weight, sum_bits);
  std::int64_t sums[2] = {0, 0};
  if (sample_.unit_weights) {  // the same integers without their common factor, a power of two
    std::int64_t all = 0;
    for (std::size_t i = 0; i < sample_.n; ++i) {
      const std::int64_t units = std::llrint(forest.boost[i] * fixed.scale);
      all += units;
      sums[1] += sample_.class_index[i] == 1 ? units : 0;
    }
    sums[0] = all - sums[1];
    for (std::int64_t& sum : sums) sum *= static_cast<std::int64_t>(fixed.factor);
  } else {
    for (std::size_t i = 0; i < sample_.n; ++i) {
      sums[sample_.class_index[i]] += fixed(sample_.weight[i], forest.boost[i]);
    }
  }
  double factor[2];
  for (std::size_t c = 0; c < 2; ++c) {
    factor[c] = class_weight_ / fixed.value(sums[c]);
    if (!(factor[c] > 0) || !std::isfinite(factor[c])) return;  // negative weights have the upper hand
  }
  for (std::size_t i = 0; i < sample_.n; ++i) forest.boost[i] *= factor[sample_.class_index[i]];
}

// Events where the local efficiency is too low (in the background: too high) gain weight.
void UBooster::boost_uneven(BoostedForest& forest, Workplace& place) const {
  // How far an event has passed the cut, as its vote will count; the mean takes the place of the efficiency wanted, which
  // it differs from by what the smooth step changes.
  const double cut = find_cut(forest, place);
  const double scale = 1.0 / (params_.smoothing * spread(forest));
  const FixedPoint share = FixedPoint::for_sums(1.0, sample_.absolute_weight, sum_bits);
  place.passed.assign(surroundings_.point_count(), 0);
  std::int64_t all_passed = 0;
  std::int64_t all = 0;
  place.value.resize(uniform_.size());
  for (std::size_t k = 0; k < uniform_.size(); ++k) place.value[k] = scale * (forest.score[k] - cut);
  elementwise_kernels().sigmoid_double(place.value.data(), place.value.data(), uniform_.size());
  for (std::size_t k = 0; k < uniform_.size(); ++k) {
    const double w = sample_.weight[uniform_[k]];
    const std::int64_t passed = share(w, place.value[k]);
    place.passed[surroundings_.point(k)] += passed;
    all_passed += passed;
    all += share(w, 1.0);
  }
  const double mean = static_cast<double>(all_passed) / static_cast<double>(all);
  // From units of shares to those of the neighbourhoods' weights.
  const double unit = static_cast<double>(surroundings_.total_weight()) / static_cast<double>(all);
  place.efficiency.resize(surroundings_.point_count());
  for (std::size_t p = 0; p < surroundings_.point_count(); ++p) {
    std::int64_t sum = 0;
    for (const std::uint32_t* q = surroundings_.begin(p); q != surroundings_.end(p); ++q) sum += place.passed[*q];
    place.efficiency[p] =
        std::clamp(unit * static_cast<double>(sum) / static_cast<double>(surroundings_.neighbourhood_weight(p)), 0.0, 1.0);
  }

  double largest = 0;
  for (const std::uint32_t i : uniform_) largest = std::max(largest, forest.boost[i]);
  const FixedPoint fixed = FixedPoint::for_sums(largest, sample_.absolute_weight, sum_bits);
  std::int64_t deviations = 0;
  std::int64_t weights = 0;
  for (std::size_t k = 0; k < uniform_.size(); ++k) {
    const std::uint32_t i = uniform_[k];
    const double off = std::abs(place.efficiency[surroundings_.point(k)] - mean);
    deviations += fixed(sample_.weight[i], forest.boost[i] * off);
    weights += fixed(sample_.weight[i], forest.boost[i]);
  }
  const double deviation = static_cast<double>(deviations) / static_cast<double>(weights);
  forest.deviation.push_back(deviation);
  if (!(deviation > 0)) return;
  // log(1 / e') as the authors' implementation has it, in place of the paper's log((1 - e') / e'), which turns against
  // uniformity where e' is above one half.
  const double sign = params_.uniform_class == 1 ? 1.0 : -1.0;
  const double beta =
      std::max(0.0, params_.uniforming_rate * -maths::log(std::max(deviation, smallest_error)));
  for (std::size_t k = 0; k < uniform_.size(); ++k) {
    place.value[k] = sign * beta * (mean - place.efficiency[surroundings_.point(k)]);
  }
  elementwise_kernels().exp_double(place.value.data(), place.value.data(), uniform_.size());
  for (std::size_t k = 0; k < uniform_.size(); ++k) {
    const std::uint32_t i = uniform_[k];
    forest.boost[i] *= sample_.weight[i] < 0 ? 1.0 / place.value[k] : place.value[k];
  }
  normalise(forest);
}

void UBooster::add_tree(BoostedForest& forest, Workplace& place, std::uint32_t number) const {
  Context serial;
  serial.threads = 1;
  serial.seed = context_.seed;
  const double sum = reweighted_sum(serial, sample_, forest.boost);
  ReweightedTree grown = place.grower.grow(serial, forest.boost, sum, number);
  const std::size_t n_nodes = grown.tree.node_count();
  std::vector<std::int32_t> says(n_nodes, 0);
  double right = 0;
  for (std::size_t node = 0; node < n_nodes; ++node) {
    if (grown.tree.feature[node] >= 0) {
      forest.feature_gain[static_cast<std::size_t>(grown.tree.feature[node])] += grown.tree.gain[node];
      continue;
    }
    const double* sums = grown.sums.data() + 2 * node;
    says[node] = sums[1] > sums[0] ? 1 : 0;
    right += std::max(sums[0], sums[1]);
  }
  const double error = 1.0 - right / sum;
  forest.error_fraction.push_back(error);
  const double bounded = std::clamp(error, smallest_error, 0.5);  // a tree no better than guessing has no say
  const double weight = params_.learning_rate * maths::log((1.0 - bounded) / bounded);
  grown.tree.value.resize(n_nodes);
  for (std::size_t node = 0; node < n_nodes; ++node) {
    grown.tree.value[node] = says[node] == 1 ? 0.5 * weight : -0.5 * weight;
  }
  const double factor = maths::exp(weight);
  const double inverse = 1.0 / factor;
  for (std::size_t i = 0; i < sample_.n; ++i) {
    const bool right_class = says[static_cast<std::size_t>(grown.leaf[i])] == sample_.class_index[i];
    // No jumps: which events are misjudged is not to be foreseen.
    forest.boost[i] *= right_class ? 1.0 : (sample_.weight[i] < 0 ? inverse : factor);
  }
  for (std::size_t k = 0; k < uniform_.size(); ++k) {
    forest.score[k] += grown.tree.value[static_cast<std::size_t>(grown.leaf[uniform_[k]])];
  }
  forest.trees.push_back(std::move(grown.tree));
  normalise(forest);
  boost_uneven(forest, place);
}

// The last tree of a forest that has more than the others have.
void UBooster::take_back(BoostedForest& forest, std::size_t wanted) const {
  if (forest.trees.size() <= wanted) return;
  const Tree& tree = forest.trees.back();
  std::vector<float> row(sample_.n_features);
  for (std::size_t k = 0; k < uniform_.size(); ++k) {
    const float* event = sample_.row(uniform_[k], row.data());
    forest.score[k] -= tree.value[static_cast<std::size_t>(leaf_index(tree, event, sample_.n_features))];
  }
  forest.trees.pop_back();
}

// Standard deviation of the scores of the uniform class, from exact sums; 1 where all are the same.
double UBooster::spread(const BoostedForest& forest) const {
  double largest = 0;
  for (const double s : forest.score) largest = std::max(largest, std::abs(s));
  const FixedPoint first = FixedPoint::for_sums(largest, sample_.absolute_weight, sum_bits);
  const FixedPoint second = FixedPoint::for_sums(largest * largest, sample_.absolute_weight, sum_bits);
  const FixedPoint one = FixedPoint::for_sums(1.0, sample_.absolute_weight, sum_bits);
  std::int64_t sum = 0;
  std::int64_t squares = 0;
  std::int64_t weights = 0;
  for (std::size_t k = 0; k < uniform_.size(); ++k) {
    const double w = sample_.weight[uniform_[k]];
    sum += first(w, forest.score[k]);
    squares += second(w, forest.score[k] * forest.score[k]);
    weights += one(w, 1.0);
  }
  const double mean = first.value(sum) / one.value(weights);
  const double variance = second.value(squares) / one.value(weights) - mean * mean;
  return variance > 1e-20 * largest * largest && variance > 0 ? std::sqrt(variance) : 1.0;
}

// Output k of the joint forest is the probability to pass the cut of forest k.
Forest UBooster::join(std::vector<BoostedForest>& forests) const {
  Forest joint;
  joint.n_features = static_cast<std::int32_t>(sample_.n_features);
  joint.n_outputs = static_cast<std::int32_t>(forests.size());
  joint.link = Link::logistic;
  Workplace place(binned_, params_);
  std::vector<double> scale;
  for (const BoostedForest& forest : forests) {
    scale.push_back(1.0 / (params_.smoothing * spread(forest)));
    joint.base_score.push_back(-scale.back() * find_cut(forest, place));
  }
  for (std::size_t t = 0; t < forests[0].trees.size(); ++t) {
    for (std::size_t k = 0; k < forests.size(); ++k) {
      Tree& tree = forests[k].trees[t];
      for (double& value : tree.value) value *= scale[k];
      joint.trees.push_back(std::move(tree));
    }
  }
  joint.tree_weight.assign(joint.trees.size(), 1.0);
  return joint;
}

UBoostResult UBooster::run() {
  const std::vector<double> sums = class_weights(sample_, 2);
  class_weight_ = 0.5 * (sums[0] + sums[1]);
  UBoostResult result;
  std::vector<BoostedForest> forests(static_cast<std::size_t>(params_.efficiency_steps));
  for (std::size_t k = 0; k < forests.size(); ++k) {
    forests[k].efficiency = static_cast<double>(k + 1) / static_cast<double>(forests.size() + 1);
    forests[k].boost.assign(sample_.n, 1.0);
    forests[k].score.assign(uniform_.size(), 0.0);
    forests[k].feature_gain.assign(sample_.n_features, 0.0);
    normalise(forests[k]);
    result.efficiency.push_back(forests[k].efficiency);
  }
  std::mutex mutex;
  std::vector<std::unique_ptr<Workplace>> idle;
  const auto total = static_cast<std::size_t>(params_.n_estimators);
  std::size_t done = 0;
  for (; done < total; ++done) {
    const auto add_one = [&](std::size_t k) {
      std::unique_ptr<Workplace> place;
      {
        const std::lock_guard<std::mutex> lock(mutex);
        if (!idle.empty()) {
          place = std::move(idle.back());
          idle.pop_back();
        }
      }
      if (!place) place = std::make_unique<Workplace>(binned_, params_);
      add_tree(forests[k], *place, static_cast<std::uint32_t>(done));
      const std::lock_guard<std::mutex> lock(mutex);
      idle.push_back(std::move(place));
    };
    try {
      if (context_.interrupted()) throw Interrupted();
      interruptible_for(context_, forests.size(), add_one,
                        static_cast<double>(sample_.n * forests.size()) * nanoseconds_per_event);
    } catch (const Interrupted&) {
      if (done == 0) throw;
      for (BoostedForest& forest : forests) take_back(forest, done);
      break;
    }
    double deviation = 0;
    for (const BoostedForest& forest : forests) deviation += forest.deviation.back();
    context_.report({done + 1, total, deviation / static_cast<double>(forests.size())});
  }
  result.interrupted = done < total;
  result.feature_gain.assign(sample_.n_features, 0.0);
  for (std::size_t t = 0; t < done; ++t) {
    for (const BoostedForest& forest : forests) {
      result.error_fraction.push_back(forest.error_fraction[t]);
      result.deviation.push_back(forest.deviation[t]);
    }
  }
  for (const BoostedForest& forest : forests) {
    for (std::size_t f = 0; f < sample_.n_features; ++f) result.feature_gain[f] += forest.feature_gain[f];
  }
  result.predictor =
      std::make_shared<const VotesPredictor>(std::make_shared<const ForestPredictor>(join(forests)));
  return result;
}

}  // namespace

UBoostResult fit_uboost(const Context& context, const UBoostParams& params, const GradientBoostingSample& sample) {
  check(context.device == Device::cpu, "uBoost is trained on the CPU only");
  check_params(params);
  const BoostingSample packed = pack_sample(context, sample, 2, params.negative_weights, "the training sample");
  return UBooster(context, params, packed).run();
}

}  // namespace diskern::trees

#include "trees/random_forest.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <limits>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "base/executor.hpp"
#include "base/philox.hpp"
#include "diskern/error.hpp"
#include "trees/binning.hpp"
#include "trees/boosting_check.hpp"
#include "trees/fixed_point.hpp"
#include "trees/forest.hpp"
#include "trees/impurity_grower.hpp"
#include "trees/loss.hpp"

namespace diskern::trees {

namespace {

// More than this many draws of one event have a probability below 2^-32 for a mean of at most one.
constexpr std::size_t most_draws = 15;
constexpr double largest_packed_sum = 0x1p27;  // times most_draws stays below 2^31

void check_params(const RandomForestParams& p, std::int32_t n_classes, std::size_t n_features) {
  check(p.n_estimators >= 1, "n_estimators must be at least 1, got " + std::to_string(p.n_estimators));
  check(p.max_depth >= 0, "max_depth must be 0 (no limit) or positive, got " + std::to_string(p.max_depth));
  check(p.max_leaf_nodes == 0 || p.max_leaf_nodes >= 2,
        "max_leaf_nodes must be 0 (no limit) or at least 2, got " + std::to_string(p.max_leaf_nodes));
  check(p.min_samples_split >= 2, "min_samples_split must be at least 2, got " + short_number(p.min_samples_split));
  check(p.min_samples_leaf >= 1, "min_samples_leaf must be at least 1, got " + short_number(p.min_samples_leaf));
  check(p.min_weight_fraction_leaf >= 0 && p.min_weight_fraction_leaf <= 0.5,
        "min_weight_fraction_leaf must be from 0 to 0.5, got " + short_number(p.min_weight_fraction_leaf));
  check(p.min_impurity_decrease >= 0 && std::isfinite(p.min_impurity_decrease),
        "min_impurity_decrease must not be negative, got " + short_number(p.min_impurity_decrease));
  check(p.max_features >= 0 && static_cast<std::size_t>(p.max_features) <= n_features,
        "max_features must be from 1 to the number of variables " + std::to_string(n_features) + " (0: all), got " +
            std::to_string(p.max_features));
  check(p.max_samples > 0 && p.max_samples <= 1,
        "max_samples must be above 0 and at most 1, got " + short_number(p.max_samples));
  check(p.max_bins >= 2 && p.max_bins <= largest_bin_count,
        "max_bins must be from 2 to 255, got " + std::to_string(p.max_bins));
  check(n_classes == 0 || (n_classes >= 2 && static_cast<std::size_t>(n_classes) <= ClassSums::maximum_classes),
        "from 2 to 255 classes are possible, got " + std::to_string(n_classes));
  check(n_classes == 0 || p.criterion != Criterion::squared_error,
        "criterion squared_error is of regression, not of classification");
  check(!p.out_of_bag || p.bootstrap || p.max_samples < 1,
        "out_of_bag needs bootstrap or max_samples below 1: every tree sees every event");
}

// An upper bound for each number of draws: a uniform number below bound[m] draws at most m times.
std::array<double, most_draws> draw_bounds(const RandomForestParams& params) {
  std::array<double, most_draws> bound;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  bound.fill(1.0);
  if (!params.bootstrap) {
    bound[0] = 1.0 - params.max_samples;
    return bound;
  }
  double term = maths::exp(-params.max_samples);
  double sum = 0;
  for (std::size_t m = 0; m < most_draws; ++m) {
    sum += term;
    bound[m] = std::min(sum, 1.0);
    term *= params.max_samples / static_cast<double>(m + 1);
  }
  return bound;
}

bool draws_at_all(const RandomForestParams& params) { return params.bootstrap || params.max_samples < 1; }

struct DrawnTree {
  std::vector<std::uint8_t> draws;  // empty: every event once
  std::uint32_t attempt = 0;
};

DrawnTree draw_tree(std::uint64_t seed, const RandomForestParams& params, std::size_t n, std::uint32_t tree) {
  DrawnTree result;
  if (!draws_at_all(params)) return result;
  for (;; ++result.attempt) {
    result.draws = draw_bootstrap(seed, params, n, tree, result.attempt);
    if (std::any_of(result.draws.begin(), result.draws.end(), [](std::uint8_t m) { return m != 0; })) return result;
  }
}

// Events of one kind of sums; makes those of a tree from how often they are drawn.
struct PackedMaker {
  using Sums = PackedCounts;
  const BoostingSample& sample;
  PackedCounts sums;
  PackedCounts::Event event(std::size_t i, std::uint32_t draws) const {
    const auto weight = static_cast<std::uint64_t>(sample.weight[i]) * draws;
    const std::uint64_t signal = sample.class_index[i] == 1 ? weight << 32U : 0U;
    return {signal | weight, static_cast<std::uint32_t>(i)};
  }
};

struct ClassMaker {
  using Sums = ClassSums;
  const BoostingSample& sample;
  ClassSums sums;
  FixedPoint weight;
  FixedPoint count;
  ClassSums::Event event(std::size_t i, std::uint32_t draws) const {
    const double w = sample.weight[i];
    return {weight(w, 1.0) * draws, count(std::max(1.0, std::abs(w)), 1.0) * draws, static_cast<std::uint32_t>(i),
            static_cast<std::uint32_t>(sample.class_index[i])};
  }
};

struct TargetMaker {
  using Sums = TargetSums;
  const BoostingSample& sample;
  TargetSums sums;
  FixedPoint target;
  FixedPoint weight;
  FixedPoint count;
  TargetSums::Event event(std::size_t i, std::uint32_t draws) const {
    const double w = sample.weight[i];
    return {target(w, sample.target[i] - sums.units.target_shift) * draws, weight(w, 1.0) * draws,
            count(std::max(1.0, std::abs(w)), 1.0) * draws, static_cast<std::uint32_t>(i)};
  }
};

class Trainer {
 public:
  Trainer(const Context& context, const RandomForestParams& params, const BoostingSample& sample,
          std::int32_t n_classes)
      : context_(context), params_(params), sample_(sample), n_classes_(n_classes) {}

  RandomForestResult run() {
    edges_ =
        find_edges(context_, sample_.events, View<const double>(sample_.weight.data(), sample_.n), params_.max_bins,
                   View<const std::int32_t>(sample_.class_index.data(), sample_.class_index.size()));
    if (context_.interrupted()) throw Interrupted();
    columns_ = bin_columns(context_, edges_, sample_.events);
    if (context_.interrupted()) throw Interrupted();
    double count_sum = 0;
    bool whole = true;
    for (const double w : sample_.weight) {
      count_sum += std::max(1.0, std::abs(w));
      whole = whole && w > 0 && w == std::floor(w);
    }
    const double draws = draws_at_all(params_) ? static_cast<double>(most_draws) : 1.0;
    const FixedPoint weight = FixedPoint::for_sums(1.0, sample_.absolute_weight * draws, 62);
    const FixedPoint count = FixedPoint::for_sums(1.0, count_sum * draws, 62);
    ImpurityUnits units;
    units.weight = weight.inverse;
    units.count = count.inverse;
    if (n_classes_ == 0) {
      TargetSums sums;
      const double shift = weighted_mean(sample_);
      double largest = 0;
      for (const double y : sample_.target) largest = std::max(largest, std::abs(y - shift));
      const FixedPoint target = FixedPoint::for_sums(largest, sample_.absolute_weight * draws, 62);
      units.target = target.inverse;
      units.target_shift = shift;
      sums.units = units;
      return train(TargetMaker{sample_, sums, target, weight, count});
    }
    if (n_classes_ == 2 && whole && sample_.absolute_weight <= largest_packed_sum) {
      PackedCounts sums;
      sums.criterion = params_.criterion;
      return train(PackedMaker{sample_, sums});
    }
    ClassSums sums(static_cast<std::size_t>(n_classes_));
    sums.criterion = params_.criterion;
    sums.units = units;
    return train(ClassMaker{sample_, sums, weight, count});
  }

 private:
  template <class Maker>
  RandomForestResult train(const Maker& maker) {
    using Sums = typename Maker::Sums;
    using Grower = ImpurityGrower<Sums>;
    using Event = typename Sums::Event;
    const auto total = static_cast<std::size_t>(params_.n_estimators);
    std::vector<ImpurityTree> grown(total);
    attempts_.assign(total, 0);
    std::vector<std::uint8_t> finished(total, 0);
    std::atomic<bool> stop{false};
    const std::thread::id caller = std::this_thread::get_id();
    struct Workplace {
      ImpurityRules rules;
      std::unique_ptr<Grower> grower;
      std::vector<Event> events;
    };
    std::mutex mutex;
    std::vector<std::unique_ptr<Workplace>> idle;
    const auto grow = [&](std::size_t t) {
      if (stop.load(std::memory_order_relaxed)) return;
      std::unique_ptr<Workplace> place;
      {
        const std::lock_guard<std::mutex> lock(mutex);
        if (!idle.empty()) {
          place = std::move(idle.back());
          idle.pop_back();
        }
      }
      if (!place) {
        place = std::make_unique<Workplace>();
        place->rules = rules();
        place->grower = std::make_unique<Grower>(columns_, edges_, place->rules, maker.sums, context_.seed);
      }
      const auto number = static_cast<std::uint32_t>(t);
      const DrawnTree drawn = draw_tree(context_.seed, params_, sample_.n, number);
      attempts_[t] = drawn.attempt;
      place->events.clear();
      double weight = 0;  // rounding does not matter: it makes limits only, the same for every number of threads
      for (std::size_t i = 0; i < sample_.n; ++i) {
        const std::uint32_t draws = drawn.draws.empty() ? 1U : drawn.draws[i];
        if (draws == 0) continue;
        place->events.push_back(maker.event(i, draws));
        weight += sample_.weight[i] * draws;
      }
      place->rules.min_leaf_weight = std::max(0.0, params_.min_weight_fraction_leaf * weight * (1 - 1e-12));
      place->rules.min_decrease = std::max(0.0, params_.min_impurity_decrease * weight);
      ImpurityTree tree =
          place->grower->grow(place->events, number, stop, std::this_thread::get_id() == caller ? &context_ : nullptr);
      tree.leaf.clear();
      if (!stop.load(std::memory_order_relaxed)) {
        grown[t] = std::move(tree);
        finished[t] = 1;
      }
      const std::lock_guard<std::mutex> lock(mutex);
      idle.push_back(std::move(place));
    };

    const auto threads = static_cast<std::size_t>(context_.threads > 0 ? context_.threads : available_threads());
    const std::size_t batch = 4 * threads;
    for (std::size_t first = 0; first < total && !stop.load(); first += batch) {
      const std::size_t count = std::min(batch, total - first);
      parallel_for(context_, count, [&](std::size_t k) { grow(first + k); });
      if (context_.interrupted()) stop.store(true);
      if (!stop.load()) context_.report({first + count, total});
    }

    RandomForestResult result;
    result.interrupted = stop.load();
    Forest forest;
    forest.n_features = static_cast<std::int32_t>(sample_.n_features);
    forest.n_outputs = static_cast<std::int32_t>(maker.sums.outputs());
    forest.base_score.assign(maker.sums.outputs(), 0.0);
    forest.aggregation = Aggregation::weighted_mean;
    result.feature_importances.assign(sample_.n_features, 0.0);
    std::vector<std::uint32_t> numbers;
    for (std::size_t t = 0; t < total; ++t) {
      if (finished[t] == 0) continue;
      numbers.push_back(static_cast<std::uint32_t>(t));
      for (Tree& tree : grown[t].trees) forest.trees.push_back(std::move(tree));
      double sum = 0;
      for (const double one : grown[t].decrease) sum += one;
      for (std::size_t f = 0; f < sample_.n_features && sum > 0; ++f) {
        result.feature_importances[f] += grown[t].decrease[f] / sum;
      }
    }
    if (numbers.empty()) throw Interrupted();
    double sum = 0;
    for (const double one : result.feature_importances) sum += one;
    for (double& one : result.feature_importances) one = sum > 0 ? one / sum : 0.0;
    forest.tree_weight.assign(forest.trees.size(), 1.0);
    if (params_.out_of_bag) result.out_of_bag = out_of_bag(forest, numbers);
    result.predictor = std::make_shared<const ForestPredictor>(std::move(forest));
    return result;
  }

  ImpurityRules rules() const {
    ImpurityRules rules;
    rules.criterion = n_classes_ == 0 ? Criterion::squared_error : params_.criterion;
    rules.max_depth = params_.max_depth;
    rules.max_leaf_nodes = params_.max_leaf_nodes;
    rules.min_samples_split = params_.min_samples_split;
    rules.min_samples_leaf = params_.min_samples_leaf;
    rules.max_features = static_cast<std::size_t>(params_.max_features);
    rules.random_cuts = params_.random_cuts;
    return rules;
  }

  std::vector<double> out_of_bag(const Forest& forest, const std::vector<std::uint32_t>& numbers) const {
    const auto outputs = static_cast<std::size_t>(forest.n_outputs);
    const std::size_t n = sample_.n;
    std::vector<double> sums(n * outputs, 0.0);
    std::vector<std::uint32_t> trees(n, 0);
    constexpr std::size_t chunk_size = 4096;
    for (std::size_t t = 0; t < numbers.size(); ++t) {
      const std::vector<std::uint8_t> draws =
          draw_bootstrap(context_.seed, params_, n, numbers[t], attempts_[numbers[t]]);
      interruptible_for(
          context_, chunk_count(n, chunk_size),
          [&](std::size_t chunk) {
            const Range range = chunk_range(n, chunk_size, chunk);
            std::vector<float> place(sample_.n_features);
            for (std::size_t i = range.begin; i < range.end; ++i) {
              if (draws[i] != 0) continue;
              const float* event = sample_.row(i, place.data());
              const auto leaf =
                  static_cast<std::size_t>(leaf_index(forest.trees[t * outputs], event, sample_.n_features));
              for (std::size_t o = 0; o < outputs; ++o) {
                sums[i * outputs + o] += forest.trees[t * outputs + o].value[leaf];
              }
              ++trees[i];
            }
          },
          static_cast<double>(n) * 100.0);
    }
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t o = 0; o < outputs; ++o) {
        double& one = sums[i * outputs + o];
        one = trees[i] > 0 ? one / static_cast<double>(trees[i]) : std::numeric_limits<double>::quiet_NaN();
      }
    }
    return sums;
  }

  const Context& context_;
  const RandomForestParams& params_;
  const BoostingSample& sample_;
  std::int32_t n_classes_;
  BinEdges edges_;
  BinnedColumns columns_;
  std::vector<std::uint32_t> attempts_;  // per tree
};

}  // namespace

std::vector<std::uint8_t> draw_bootstrap(std::uint64_t seed, const RandomForestParams& params, std::size_t n,
                                         std::uint32_t tree, std::uint32_t attempt) {
  const std::array<double, most_draws> bound = draw_bounds(params);
  const Philox bootstrap(seed, Purpose::bootstrap);
  std::vector<std::uint8_t> draws(n);
  for (std::size_t i = 0; i < n; i += 4) {
    const PhiloxBlock words = bootstrap.block(i / 4, tree, attempt);
    for (std::size_t j = 0; j < 4 && i + j < n; ++j) {
      const double uniform = (static_cast<double>(words.word[j]) + 0.5) * 0x1p-32;
      std::uint8_t m = 0;
      while (m < most_draws && uniform >= bound[m]) ++m;
      draws[i + j] = m;
    }
  }
  return draws;
}

RandomForestResult fit_random_forest(const Context& context, const RandomForestParams& params,
                                     const GradientBoostingSample& sample, std::int32_t n_classes) {
  check(context.device == Device::cpu, "random forests are trained on the CPU only");
  check_params(params, n_classes, sample.events.columns());
  const BoostingSample packed = pack_sample(context, sample, n_classes, params.negative_weights, "the training sample");
  // With less, draws would be repeated many times (for a tiny fraction without end) until one has an event. A fraction
  // 1 / n counts as one event whatever its rounding.
  const double expected_draws = params.max_samples * static_cast<double>(packed.n);
  check(expected_draws >= 1 - 1e-9, "max_samples must be at least 1 / " + std::to_string(packed.n) +
                                        " so that a tree draws an event of the " + std::to_string(packed.n) +
                                        " in the mean, got " + short_number(params.max_samples));
  return Trainer(context, params, packed, n_classes).run();
}

}  // namespace diskern::trees

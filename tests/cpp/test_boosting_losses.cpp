// Losses of gradient boosting: derivatives against finite differences, quantiles against their definition.
#include <algorithm>
#include <cmath>
#include <memory>
#include <random>
#include <vector>

#include "check.hpp"
#include "diskern/error.hpp"
#include "trees/loss.hpp"

using namespace diskern;
using namespace diskern::trees;

namespace {

constexpr std::size_t n_events = 400;

BoostingSample random_sample(std::int32_t n_classes) {
  std::mt19937_64 random(5);
  BoostingSample sample;
  sample.n = n_events;
  std::vector<std::int32_t> classes;
  std::vector<double> target;
  for (std::size_t i = 0; i < n_events; ++i) {
    if (n_classes > 0) {
      classes.push_back(static_cast<std::int32_t>(random() % static_cast<std::uint64_t>(n_classes)));
      target.push_back(classes.back() == 1 ? 1.0 : -1.0);
    } else {
      target.push_back(0.1 + 0.01 * static_cast<double>(random() % 500));
    }
  }
  sample.weight = SampleArray(std::vector<double>(n_events, 1.0));
  sample.class_index = SampleArray(std::move(classes));
  sample.target = SampleArray(std::move(target));
  sample.absolute_weight = sample.signed_weight = static_cast<double>(n_events);
  return sample;
}

struct Found {
  std::vector<double> loss, gradient, hessian;
};

Found evaluate(const Loss& loss, const BoostingSample& sample, const std::vector<double>& score) {
  Found found;
  found.loss.resize(sample.n);
  found.gradient.resize(score.size());
  found.hessian.resize(score.size());
  // In two ranges, so that offsets are looked at.
  for (const Range range : {Range{0, 100}, Range{100, sample.n}}) {
    loss.evaluate(sample, score.data(), range, found.loss.data() + range.begin, found.gradient.data() + range.begin,
                  found.hessian.data() + range.begin, sample.n);
  }
  return found;
}

// curvature: whether the hessian is the second derivative (else it is 1 by design).
void check_derivatives(LossKind kind, std::int32_t n_classes, bool curvature) {
  GradientBoostingParams params;
  params.loss = kind;
  params.quantile = 0.3;
  const std::unique_ptr<Loss> loss = make_loss(params, n_classes);
  const BoostingSample sample = random_sample(n_classes);
  const Context context;
  loss->prepare(context, sample);
  std::mt19937_64 random(9);
  std::normal_distribution<double> normal(0.0, 1.5);
  std::vector<double> score(loss->output_count() * sample.n);
  for (double& f : score) f = normal(random);
  loss->update(context, sample, score.data());
  const Found here = evaluate(*loss, sample, score);
  const double step = 1e-5;
  for (std::size_t k = 0; k < loss->output_count(); ++k) {
    std::vector<double> above = score;
    std::vector<double> below = score;
    for (std::size_t i = 0; i < sample.n; ++i) {
      above[k * sample.n + i] += step;
      below[k * sample.n + i] -= step;
    }
    const Found up = evaluate(*loss, sample, above);
    const Found down = evaluate(*loss, sample, below);
    for (std::size_t i = 0; i < sample.n; ++i) {
      const std::size_t at = k * sample.n + i;
      const double gradient = (up.loss[i] - down.loss[i]) / (2 * step);
      CHECK_NEAR(here.gradient[at], gradient, 1e-6 * (1 + std::abs(gradient)));
      if (curvature) {
        const double hessian = (up.gradient[at] - down.gradient[at]) / (2 * step);
        CHECK_NEAR(here.hessian[at], hessian, 1e-6 * (1 + std::abs(hessian)));
      } else {
        CHECK(here.hessian[at] == 1.0);
      }
    }
  }
}

}  // namespace

TEST(derivatives_of_classification) {
  check_derivatives(LossKind::log_loss, 2, true);
  check_derivatives(LossKind::log_loss, 4, true);
  check_derivatives(LossKind::one_vs_all, 3, true);
}

TEST(derivatives_of_regression) {
  for (const LossKind kind : {LossKind::squared_error, LossKind::poisson, LossKind::gamma, LossKind::tweedie}) {
    check_derivatives(kind, 0, true);
  }
  for (const LossKind kind : {LossKind::absolute_error, LossKind::quantile, LossKind::huber}) {
    check_derivatives(kind, 0, false);
  }
}

TEST(far_scores_stay_finite) {
  for (const LossKind kind : {LossKind::log_loss, LossKind::one_vs_all}) {
    GradientBoostingParams params;
    params.loss = kind;
    const std::unique_ptr<Loss> loss = make_loss(params, 3);
    const BoostingSample sample = random_sample(3);
    std::vector<double> score(3 * sample.n);
    for (std::size_t i = 0; i < score.size(); ++i) score[i] = i % 2 == 0 ? 1e4 : -1e4;
    const Found found = evaluate(*loss, sample, score);
    for (const std::vector<double>* values : {&found.loss, &found.gradient, &found.hessian}) {
      for (const double value : *values) CHECK(std::isfinite(value));
    }
  }
}

TEST(weighted_quantile_is_the_smallest_value_that_reaches_the_fraction) {
  std::mt19937_64 random(3);
  for (int trial = 0; trial < 200; ++trial) {
    std::vector<WeightedValue> values;
    double total = 0;
    for (std::size_t i = 0; i < 1 + random() % 20; ++i) {
      // Weights that are multiples of 1/8 add up exactly.
      values.push_back({static_cast<double>(random() % 7), static_cast<double>(1 + random() % 9) / 8});
      total += values.back().weight;
    }
    const double fraction = static_cast<double>(1 + random() % 99) / 100;
    double expected = 1e300;
    for (const WeightedValue& candidate : values) {
      double below = 0;
      for (const WeightedValue& other : values) below += other.value <= candidate.value ? other.weight : 0.0;
      if (below >= fraction * total) expected = std::min(expected, candidate.value);
    }
    CHECK(weighted_quantile(values, fraction, total) == expected);
  }
}

TEST(weighted_quantile_of_nothing_is_refused) {
  std::vector<WeightedValue> nothing;
  CHECK_THROWS(weighted_quantile(nothing, 0.5, 1.0), InvalidArgument);
}

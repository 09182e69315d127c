#include "trees/boosting_metric.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "base/maths.hpp"
#include "trees/boosting_check.hpp"

namespace diskern::trees {

namespace {

double area_under_curve(const BoostingSample& sample, const double* score) {
  std::vector<std::uint32_t> order(sample.n);
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(),
            [&](std::uint32_t a, std::uint32_t b) { return score[a] != score[b] ? score[a] < score[b] : a < b; });
  double background = 0;  // below the present score
  double signal = 0;
  double area = 0;
  for (std::size_t k = 0; k < sample.n;) {
    double here[2] = {0, 0};
    const double value = score[order[k]];
    for (; k < sample.n && score[order[k]] == value; ++k) {
      here[sample.class_index[order[k]] == 1 ? 1 : 0] += sample.weight[order[k]];
    }
    area += here[1] * (background + 0.5 * here[0]);
    background += here[0];
    signal += here[1];
  }
  check(background > 0 && signal > 0,
        "the auc of the validation sample needs positive sums of weights of both classes, got " +
            short_number(background) + " and " + short_number(signal));
  return area / (background * signal);
}

}  // namespace

bool greater_is_better(ValidationMetric metric) noexcept {
  return metric == ValidationMetric::auc || metric == ValidationMetric::accuracy;
}

double validation_metric(ValidationMetric metric, Link link, std::size_t n_outputs, const BoostingSample& sample,
                         const double* score) {
  if (metric == ValidationMetric::auc) return area_under_curve(sample, score);
  double sum = 0;
  if (metric == ValidationMetric::accuracy) {
    for (std::size_t i = 0; i < sample.n; ++i) {
      std::int32_t best = 0;
      if (n_outputs == 1) {
        best = score[i] > 0 ? 1 : 0;
      } else {
        for (std::size_t k = 1; k < n_outputs; ++k) {
          if (score[k * sample.n + i] > score[static_cast<std::size_t>(best) * sample.n + i]) {
            best = static_cast<std::int32_t>(k);
          }
        }
      }
      if (best == sample.class_index[i]) sum += sample.weight[i];
    }
    return sum / sample.signed_weight;
  }
  const bool squared = metric == ValidationMetric::rmse;
  for (std::size_t i = 0; i < sample.n; ++i) {
    const double response = link == Link::exponential ? maths::exp(score[i]) : score[i];
    const double difference = response - sample.target[i];
    sum += sample.weight[i] * (squared ? difference * difference : std::abs(difference));
  }
  const double mean = sum / sample.signed_weight;
  return squared ? std::sqrt(std::max(mean, 0.0)) : mean;
}

}  // namespace diskern::trees

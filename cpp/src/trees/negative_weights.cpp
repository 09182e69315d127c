#include "trees/negative_weights.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "base/executor.hpp"
#include "trees/boosting_check.hpp"

namespace diskern::trees {

namespace {

// The lower factor L of A = L L^T in place. A direction without spread (pivot below 1e-12 of its variance) is left out
// of the distances.
struct Whitening {
  std::size_t d;
  std::vector<double> lower;
  std::vector<std::uint8_t> used;

  explicit Whitening(std::vector<double> covariance, std::size_t dimension)
      : d(dimension), lower(std::move(covariance)), used(dimension, 1) {
    for (std::size_t j = 0; j < d; ++j) {
      double pivot = lower[j * d + j];
      const double variance = pivot;
      for (std::size_t k = 0; k < j; ++k) pivot -= lower[j * d + k] * lower[j * d + k];
      used[j] = pivot > 1e-12 * variance && variance > 0 ? 1 : 0;
      const double root = used[j] != 0 ? std::sqrt(pivot) : 0.0;
      for (std::size_t i = j + 1; i < d; ++i) {
        double sum = lower[i * d + j];
        for (std::size_t k = 0; k < j; ++k) sum -= lower[i * d + k] * lower[j * d + k];
        lower[i * d + j] = used[j] != 0 ? sum / root : 0.0;
      }
      lower[j * d + j] = root;
    }
  }

  // z = L^-1 x by forward substitution.
  void apply(const double* x, double* z) const {
    for (std::size_t i = 0; i < d; ++i) {
      double sum = x[i];
      for (std::size_t k = 0; k < i; ++k) sum -= lower[i * d + k] * z[k];
      z[i] = used[i] != 0 ? sum / lower[i * d + i] : 0.0;
    }
  }
};

// Index of the nearest event of positive weight; ties to the earlier one. Chunks do not depend on the threads.
std::size_t nearest_positive(const Context& context, const std::vector<double>& z, std::size_t d, std::size_t event,
                             const std::vector<double>& weight) {
  constexpr std::size_t chunk_size = 4096;
  const std::size_t n = weight.size();
  const std::size_t chunks = chunk_count(n, chunk_size);
  std::vector<std::pair<double, std::size_t>> best(chunks, {std::numeric_limits<double>::infinity(), n});
  parallel_for(
      context, chunks,
      [&](std::size_t chunk) {
        const Range range = chunk_range(n, chunk_size, chunk);
        for (std::size_t k = range.begin; k < range.end; ++k) {
          if (!(weight[k] > 0)) continue;
          double distance = 0;
          for (std::size_t j = 0; j < d; ++j) {
            const double difference = z[event * d + j] - z[k * d + j];
            distance += difference * difference;
          }
          if (distance < best[chunk].first) best[chunk] = {distance, k};
        }
      },
      static_cast<double>(n * d));
  return std::min_element(best.begin(), best.end())->second;
}

}  // namespace

void pair_negative_weights(const Context& context, View<const float, 2> events,
                           const std::vector<std::int32_t>& classes, std::vector<double>& weight) {
  const std::size_t d = events.columns();
  const std::int32_t n_classes = 1 + *std::max_element(classes.begin(), classes.end());
  for (std::int32_t c = 0; c < n_classes; ++c) {
    std::vector<std::size_t> members;
    double total = 0;
    bool any_negative = false;
    for (std::size_t i = 0; i < weight.size(); ++i) {
      if (classes[i] != c || weight[i] == 0) continue;
      members.push_back(i);
      total += weight[i];
      any_negative = any_negative || weight[i] < 0;
    }
    if (!any_negative) continue;
    check(total > 0, "negative_weights=pair: the weights of class " + std::to_string(c) + " add up to " +
                         short_number(total) + ", it must be positive");
    std::vector<double> mean(d, 0.0);
    double size = 0;
    for (const std::size_t i : members) {
      for (std::size_t j = 0; j < d; ++j) {
        const auto x = static_cast<double>(events(i, j));
        check(std::isfinite(x), "negative_weights=pair needs variables that are finite; variable " + std::to_string(j) +
                                    " of event " + std::to_string(i) + " is not");
        mean[j] += std::abs(weight[i]) * x;
      }
      size += std::abs(weight[i]);
    }
    for (double& m : mean) m /= size;
    // With |w|: a covariance of signed weights need not be positive.
    std::vector<double> covariance(d * d, 0.0);
    std::vector<double> x(d);
    for (const std::size_t i : members) {
      for (std::size_t j = 0; j < d; ++j) x[j] = static_cast<double>(events(i, j)) - mean[j];
      for (std::size_t j = 0; j < d; ++j) {
        for (std::size_t k = 0; k <= j; ++k) covariance[j * d + k] += std::abs(weight[i]) / size * x[j] * x[k];
      }
    }
    const Whitening whitening(std::move(covariance), d);
    std::vector<double> z(members.size() * d);
    std::vector<double> own(members.size());
    for (std::size_t m = 0; m < members.size(); ++m) {
      for (std::size_t j = 0; j < d; ++j) x[j] = static_cast<double>(events(members[m], j)) - mean[j];
      whitening.apply(x.data(), z.data() + m * d);
      own[m] = weight[members[m]];
    }
    for (std::size_t m = 0; m < members.size(); ++m) {
      while (own[m] < 0) {
        if (context.interrupted()) throw Interrupted();
        const std::size_t partner = nearest_positive(context, z, d, m, own);
        if (partner == members.size()) {
          own[m] = 0;  // rounding used the positive weights up
          break;
        }
        const double merged = own[m] + own[partner];
        own[m] = std::min(merged, 0.0);
        own[partner] = std::max(merged, 0.0);
      }
    }
    for (std::size_t m = 0; m < members.size(); ++m) weight[members[m]] = own[m];
  }
}

}  // namespace diskern::trees

// Bins of about equal weight in the protected variables.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "trees/boosting_check.hpp"
#include "trees/fixed_point.hpp"
#include "trees/flatness.hpp"

namespace diskern::trees {

namespace {

constexpr int quantile_bits = 40;  // sums times the number of bins are exact in float64

// Edges at the quantiles k / n_bins of the weight; events with x <= edge lie left. No edge leaves a side empty.
std::vector<double> quantiles(const double* x, const std::int64_t* weight, const std::vector<std::uint32_t>& events,
                              std::int32_t n_bins) {
  std::vector<std::uint32_t> order(events);
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) { return x[a] < x[b]; });
  std::int64_t total = 0;
  for (const std::uint32_t i : order) total += weight[i];
  std::vector<double> edges;
  std::int64_t sum = 0;
  std::int32_t next = 1;
  for (std::size_t k = 0; k < order.size() && next < n_bins;) {
    const double value = x[order[k]];
    for (; k < order.size() && x[order[k]] == value; ++k) sum += weight[order[k]];
    if (k == order.size()) break;
    const double reached = static_cast<double>(sum) * n_bins;
    if (reached < static_cast<double>(total) * next) continue;
    edges.push_back(value);
    while (next < n_bins && reached >= static_cast<double>(total) * next) ++next;
  }
  return edges;
}

}  // namespace

ProtectedBins ProtectedBins::find(const double* variables, std::size_t n, std::size_t n_variables,
                                  const double* weight, std::int32_t bins_per_variable) {
  double absolute = 0;
  for (std::size_t i = 0; i < n; ++i) absolute += std::abs(weight[i]);
  const FixedPoint fixed = FixedPoint::for_sums(1.0, absolute, quantile_bits);
  std::vector<std::int64_t> weights(n);
  for (std::size_t i = 0; i < n; ++i) weights[i] = fixed(std::abs(weight[i]), 1.0);

  ProtectedBins result;
  std::vector<std::vector<std::uint32_t>> groups(1, std::vector<std::uint32_t>(n));
  std::iota(groups[0].begin(), groups[0].end(), 0U);
  for (std::size_t j = 0; j < n_variables; ++j) {
    const double* x = variables + j * n;
    check(std::any_of(x, x + n, [&](double value) { return value != x[0]; }),
          "protected variable " + std::to_string(j) + " is constant (" + short_number(x[0]) +
              "): there is nothing to be flat in");
    Level level;
    std::vector<std::vector<std::uint32_t>> next;
    for (const std::vector<std::uint32_t>& group : groups) {
      level.first.push_back(static_cast<std::int32_t>(next.size()));
      level.edges.push_back(quantiles(x, weights.data(), group, bins_per_variable));
      const std::vector<double>& edges = level.edges.back();
      next.resize(next.size() + edges.size() + 1);
      check(next.size() <= maximum_bins, "the protected variables have more than 65536 bins; take fewer");
      for (const std::uint32_t i : group) {
        const auto place = std::lower_bound(edges.begin(), edges.end(), x[i]) - edges.begin();
        next[static_cast<std::size_t>(level.first.back() + place)].push_back(i);
      }
    }
    result.levels_.push_back(std::move(level));
    groups = std::move(next);
  }
  result.bin_count_ = groups.size();
  return result;
}

std::int32_t ProtectedBins::bin(const double* variables, std::size_t n, std::size_t event) const noexcept {
  std::size_t group = 0;
  for (std::size_t j = 0; j < levels_.size(); ++j) {
    const std::vector<double>& edges = levels_[j].edges[group];
    const auto place = std::lower_bound(edges.begin(), edges.end(), variables[j * n + event]) - edges.begin();
    group = static_cast<std::size_t>(levels_[j].first[group] + place);
  }
  return static_cast<std::int32_t>(group);
}

}  // namespace diskern::trees

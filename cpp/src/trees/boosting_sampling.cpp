#include "trees/boosting_sampling.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/philox.hpp"

namespace diskern::trees {

namespace {

// The events of the largest |w| sum over outputs of |g| are kept, of the others a fraction is drawn and counts more, so
// that every sum over the events keeps its expectation (Ke et al., NIPS 2017, algorithm 2).
DrawnEvents draw_one_sided(const Context& context, const GradientBoostingParams& params, const BoostingSample& sample,
                           const Derivatives& derivatives, std::size_t iteration) {
  const std::size_t n = sample.n;
  const std::size_t outputs = derivatives.largest_gradient.size();
  std::vector<double> size(n, 0.0);
  for (std::size_t k = 0; k < outputs; ++k) {
    const double* gradient = derivatives.gradient.data() + k * n;
    for (std::size_t i = 0; i < n; ++i) size[i] += std::abs(gradient[i]);
  }
  for (std::size_t i = 0; i < n; ++i) size[i] *= std::abs(sample.weight[i]);
  const auto top = static_cast<std::size_t>(std::floor(params.goss_top_fraction * static_cast<double>(n)));
  std::vector<std::uint32_t> order(n);
  std::iota(order.begin(), order.end(), 0U);
  if (top > 0) {
    // Ties to the earlier event.
    std::nth_element(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(top - 1), order.end(),
                     [&](std::uint32_t a, std::uint32_t b) { return size[a] != size[b] ? size[a] > size[b] : a < b; });
  }
  std::vector<std::uint8_t> kept(n, 0);
  for (std::size_t k = 0; k < top; ++k) kept[order[k]] = 1;
  const Philox random(context.seed, Purpose::bagging);
  const double probability = std::min(1.0, params.goss_other_fraction / (1.0 - params.goss_top_fraction));
  DrawnEvents drawn;
  drawn.drawn = true;
  drawn.weight.resize(n);
  for (std::size_t i = 0; i < n; ++i) {
    drawn.weight[i] = sample.weight[i];
    if (kept[i] == 0) {
      if (random.uniform(i, static_cast<std::uint32_t>(iteration)) >= probability) continue;
      drawn.weight[i] /= probability;
    }
    drawn.rows.push_back(static_cast<std::uint32_t>(i));
    drawn.absolute_weight += std::abs(drawn.weight[i]);
  }
  return drawn;
}

}  // namespace

DrawnEvents draw_events(const Context& context, const GradientBoostingParams& params, const BoostingSample& sample,
                        const Derivatives& derivatives, std::size_t iteration) {
  if (params.boosting == BoostingMode::goss) return draw_one_sided(context, params, sample, derivatives, iteration);
  DrawnEvents drawn;
  drawn.drawn = true;
  drawn.absolute_weight = sample.absolute_weight;
  if (params.subsample == 1.0) {
    drawn.all = true;
    return drawn;
  }
  const Philox random(context.seed, Purpose::bagging);
  for (std::size_t i = 0; i < sample.n; ++i) {
    if (random.uniform(i, static_cast<std::uint32_t>(iteration)) < params.subsample) {
      drawn.rows.push_back(static_cast<std::uint32_t>(i));
    }
  }
  return drawn;
}

std::vector<std::size_t> draw_dropped(const Context& context, const GradientBoostingParams& params,
                                      std::size_t finished, std::size_t iteration) {
  std::vector<std::size_t> dropped;
  if (finished == 0) return dropped;
  const Philox random(context.seed, Purpose::dropout);
  // Counters beyond every tree's number serve the draws of the iteration as a whole.
  constexpr std::uint64_t skip = std::uint64_t{1} << 62U;
  const auto step = static_cast<std::uint32_t>(iteration);
  if (random.uniform(skip, step) < params.dropout_skip) return dropped;
  for (std::size_t t = 0; t < finished; ++t) {
    if (random.uniform(t, step) < params.dropout_rate) dropped.push_back(t);
  }
  if (dropped.empty()) {
    const double place = random.uniform(skip + 1, step) * static_cast<double>(finished);
    dropped.push_back(std::min(finished - 1, static_cast<std::size_t>(place)));
  }
  return dropped;
}

}  // namespace diskern::trees

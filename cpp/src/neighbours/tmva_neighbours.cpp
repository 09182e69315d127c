#include "neighbours/tmva_neighbours.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "diskern/error.hpp"

namespace diskern {

namespace {

// Position (percent - share of the events below) of the sorted values: the first whose place in percent, rounded down,
// is the one asked for.
double at_percent(const std::vector<double>& sorted, std::size_t percent) {
  const std::size_t place = (percent * sorted.size() + 99) / 100;
  return sorted[std::min(place, sorted.size() - 1)];
}

}  // namespace

NeighboursDefinition tmva_neighbours(const TmvaNeighboursParams& params, const TmvaNeighboursSample& sample) {
  const std::size_t n = sample.weight.size();
  const std::size_t variables = sample.n_variables;
  const bool regression = sample.n_targets > 0;
  if (!(params.scale_fraction >= 0 && params.scale_fraction <= 1)) {
    throw FormatError("ScaleFrac must be 0 to 1, got " + std::to_string(params.scale_fraction));
  }
  std::vector<std::size_t> kept;
  const auto signal = static_cast<std::size_t>(std::count(sample.is_signal.begin(), sample.is_signal.end(), 1));
  const std::size_t most = params.trim && !regression ? std::min(signal, n - signal) : n;
  std::size_t taken[2] = {0, 0};
  for (std::size_t i = 0; i < n; ++i) {
    std::size_t& count = taken[sample.is_signal[i]];
    if (count < most) {
      ++count;
      kept.push_back(i);
    }
  }
  NeighboursDefinition result;
  result.n_inputs = variables;
  result.n_outputs = regression ? sample.n_targets : 1;
  result.k = params.k;
  result.tmva = true;
  result.sigma_factor = params.sigma_factor;
  if (params.k > kept.size()) {
    throw FormatError("nkNN is " + std::to_string(params.k) + ", but there are " + std::to_string(kept.size()) +
                      " training events");
  }
  if (!regression && params.use_discriminant) {
    result.weighting = NeighbourWeight::discriminant;
  } else if (!regression && params.use_kernel && params.use_weight) {
    result.weighting = params.polynomial ? NeighbourWeight::polynomial : NeighbourWeight::gaussian;
  }
  for (const std::size_t i : kept) {
    for (std::size_t j = 0; j < variables; ++j) result.points.push_back(sample.variables[i * variables + j]);
    if (regression) {
      for (std::size_t t = 0; t < sample.n_targets; ++t) result.targets.push_back(sample.targets[i * sample.n_targets + t]);
    } else {
      result.targets.push_back(sample.is_signal[i]);
    }
    if (params.use_weight) result.weight.push_back(sample.weight[i]);
  }
  const auto percent = static_cast<std::size_t>(100.0 * params.scale_fraction);
  if (percent == 0 || n < tmva_fewest_scaled) return result;
  // Of all events, those that trimming drops included.
  const std::size_t low = (100 - percent) / 2;
  std::vector<double> sorted(n);
  for (std::size_t j = 0; j < variables; ++j) {
    for (std::size_t i = 0; i < n; ++i) sorted[i] = sample.variables[i * variables + j];
    std::sort(sorted.begin(), sorted.end());
    const double width = at_percent(sorted, 100 - low) - at_percent(sorted, low);
    result.divisor.push_back(width > 0 && std::isfinite(width) ? width : 1.0);
  }
  return result;
}

}  // namespace diskern

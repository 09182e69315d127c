#include "trees/tmva_splitter.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "base/executor.hpp"
#include "diskern/error.hpp"
#include "trees/tmva_separation.hpp"

namespace diskern::trees {

namespace {

constexpr double maximum_integer_bins = 1 << 20;

struct Bin {
  double weight[2] = {0, 0};  // background, signal
  double target = 0;
  double target2 = 0;
  std::int64_t entries = 0;
};

// The values of one variable (or of the Fisher combination) for the events of the node.
void gather(const Columns& columns, const NodeEvents& events, std::size_t variable, const std::vector<double>* fisher,
            std::vector<double>& values) {
  values.resize(events.count);
  if (variable < columns.count()) {
    const float* column = columns.column[variable];
    for (std::size_t k = 0; k < events.count; ++k) values[k] = static_cast<double>(column[events.event[k]]);
    return;
  }
  for (std::size_t k = 0; k < events.count; ++k) {
    double sum = (*fisher)[columns.count()];
    for (std::size_t j = 0; j < columns.count(); ++j) {
      sum += (*fisher)[j] * static_cast<double>(columns.column[j][events.event[k]]);
    }
    values[k] = sum;
  }
}

// The best cut of one variable; gain stays -1 where there is none.
Split scan_grid(const TmvaForestParams& params, const Columns& columns, const NodeEvents& events, std::size_t variable,
                const std::vector<double>* fisher, const SplitLimits& limits) {
  Split best;
  thread_local std::vector<double> values;
  thread_local std::vector<Bin> bins;
  gather(columns, events, variable, fisher, values);
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  const double minimum = *low;
  const double maximum = *high;
  const double range = maximum - minimum;
  // A Fisher combination may overflow.
  if (range < std::numeric_limits<double>::epsilon() || !std::isfinite(range)) return best;

  std::size_t n_bins = static_cast<std::size_t>(params.nCuts) + 1;
  double width = (maximum - minimum) / static_cast<double>(n_bins);
  double inverse_width = 1.0 / width;
  if (variable < columns.count() && columns.integer[variable] != 0) {
    const double steps = maximum - minimum + 1;
    if (steps > maximum_integer_bins) {
      throw InvalidArgument("variable " + std::to_string(variable) + " of type 'I' has a range of " +
                            std::to_string(steps) + " steps, too many for unit bins; declare it of type 'F'");
    }
    n_bins = static_cast<std::size_t>(steps);
    width = 1;
    inverse_width = 1;
  }
  bins.assign(n_bins, Bin());
  const auto last = static_cast<std::int64_t>(n_bins) - 1;
  const auto bin_of = [&](double value) {
    return static_cast<std::size_t>(
        std::clamp<std::int64_t>(static_cast<std::int64_t>(inverse_width * (value - minimum)), 0, last));
  };
  if (events.target == nullptr) {
    for (std::size_t k = 0; k < events.count; ++k) {
      Bin& bin = bins[bin_of(values[k])];
      bin.weight[events.signal[k]] += events.weight[k];
      ++bin.entries;
    }
  } else {
    for (std::size_t k = 0; k < events.count; ++k) {
      Bin& bin = bins[bin_of(values[k])];
      const double weight = events.weight[k];
      const auto target = static_cast<double>(events.target[k]);
      bin.weight[events.signal[k]] += weight;
      bin.target += weight * target;
      bin.target2 += weight * target * target;
      ++bin.entries;
    }
  }
  for (std::size_t i = 1; i < n_bins; ++i) {
    bins[i].weight[0] += bins[i - 1].weight[0];
    bins[i].weight[1] += bins[i - 1].weight[1];
    bins[i].target += bins[i - 1].target;
    bins[i].target2 += bins[i - 1].target2;
    bins[i].entries += bins[i - 1].entries;
  }
  const Bin& all = bins[n_bins - 1];
  // TMVA adds the totals up in event order, apart from the bins.
  double total[2] = {0, 0};
  for (std::size_t k = 0; k < events.count; ++k) total[events.signal[k]] += events.weight[k];
  best.total_background = total[0];
  best.total_signal = total[1];

  const auto entries = static_cast<double>(events.count);
  std::size_t best_bin = 0;
  for (std::size_t i = 0; i + 1 < n_bins; ++i) {
    const Bin& bin = bins[i];
    const double s = bin.weight[1];
    const double b = bin.weight[0];
    const auto below = static_cast<double>(bin.entries);
    if (below < limits.minimum_entries || entries - below < limits.minimum_entries) continue;
    if (s + b < limits.minimum_weight || (total[1] - s) + (total[0] - b) < limits.minimum_weight) continue;
    const double gain = events.target != nullptr ? variance_gain(s + b, bin.target, bin.target2, total[1] + total[0],
                                                                 all.target, all.target2)
                                                 : separation_gain(params.SeparationType, s, b, total[1], total[0]);
    if (gain > best.gain) {
      best.gain = gain;
      best_bin = i;
    }
  }
  if (best.gain < 0) return best;
  best.variable = static_cast<std::int32_t>(variable);
  best.cut = minimum + static_cast<double>(best_bin + 1) * width;
  best.cut_type = events.target != nullptr || bins[best_bin].weight[1] / total[1] > bins[best_bin].weight[0] / total[0];
  return best;
}

struct Sorted {
  float value;
  std::uint8_t signal;
  double weight;
};

Split scan_exact(const TmvaForestParams& params, const Columns& columns, const NodeEvents& events, std::size_t variable,
                 const SplitLimits& limits) {
  Split best;
  thread_local std::vector<Sorted> sorted;
  sorted.resize(events.count);
  const float* column = columns.column[variable];
  for (std::size_t k = 0; k < events.count; ++k) {
    sorted[k] = {column[events.event[k]], events.signal[k], events.weight[k]};
  }
  std::stable_sort(sorted.begin(), sorted.end(), [](const Sorted& a, const Sorted& b) { return a.value < b.value; });
  double total[2] = {0, 0};
  for (const Sorted& one : sorted) total[one.signal] += one.weight;
  best.total_background = total[0];
  best.total_signal = total[1];
  double below[2] = {0, 0};
  const auto entries = static_cast<double>(events.count);
  if (events.count > 0) below[sorted[0].signal] += sorted[0].weight;
  for (std::size_t i = 1; i < events.count; ++i) {
    const double step = static_cast<double>(sorted[i].value) - static_cast<double>(sorted[i - 1].value);
    const double scale = std::abs(static_cast<double>(sorted[i].value) + static_cast<double>(sorted[i - 1].value));
    double selected[2] = {below[0], below[1]};
    below[sorted[i].signal] += sorted[i].weight;
    // TMVA counts the event above the cut among those below it; the estimators do not.
    if (!params.MinNodeSizeByWeight) {
      selected[0] = below[0];
      selected[1] = below[1];
    }
    const auto n_below = static_cast<double>(i);
    if (n_below < limits.minimum_entries || entries - n_below < limits.minimum_entries) continue;
    if (params.MinNodeSizeByWeight) {
      if (selected[0] + selected[1] < limits.minimum_weight) continue;
      if ((total[1] - selected[1]) + (total[0] - selected[0]) < limits.minimum_weight) continue;
    }
    if (!(std::abs(step / (0.5 * scale + 1)) > 1e-6)) continue;
    const double gain = separation_gain(params.SeparationType, selected[1], selected[0], total[1], total[0]);
    if (gain > best.gain) {
      best.gain = gain;
      best.variable = static_cast<std::int32_t>(variable);
      best.cut = static_cast<double>(sorted[i].value) - 0.5 * step;
      best.cut_type = selected[1] / total[1] > selected[0] / total[0];
    }
  }
  return best;
}

// The first variable of the largest gain wins.
template <class Scan>
Split best_of(const Context& context, std::size_t n_candidates, const NodeEvents& events,
              const std::vector<std::uint8_t>& use_variable, bool on_grid, const Scan& scan) {
  std::vector<Split> splits(n_candidates);
  // A scan without a grid sorts the events of the node.
  const double per_event = on_grid ? 6.0 : 100.0;
  interruptible_for(
      context, n_candidates,
      [&](std::size_t variable) {
        if (variable >= use_variable.size() || use_variable[variable] != 0) splits[variable] = scan(variable);
      },
      static_cast<double>(events.count * n_candidates) * per_event);
  Split best;
  for (const Split& split : splits) {
    if (split.variable >= 0 && split.gain > best.gain) best = split;
  }
  return best;
}

}  // namespace

Split find_grid_split(const Context& context, const TmvaForestParams& params, const Columns& columns,
                      const NodeEvents& events, const std::vector<std::uint8_t>& use_variable,
                      const std::vector<double>* fisher, const SplitLimits& limits) {
  const std::size_t n_candidates = columns.count() + (fisher != nullptr ? 1 : 0);
  return best_of(context, n_candidates, events, use_variable, true,
                 [&](std::size_t variable) { return scan_grid(params, columns, events, variable, fisher, limits); });
}

Split find_exact_split(const Context& context, const TmvaForestParams& params, const Columns& columns,
                       const NodeEvents& events, const std::vector<std::uint8_t>& use_variable,
                       const SplitLimits& limits) {
  return best_of(context, columns.count(), events, use_variable, false,
                 [&](std::size_t variable) { return scan_exact(params, columns, events, variable, limits); });
}

}  // namespace diskern::trees

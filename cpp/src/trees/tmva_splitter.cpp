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
constexpr int many_bins = 1 << 13;

// Where the bins of a variable lie in its own range; n_bins is 0 where the variable cannot be cut.
struct Grid {
  double minimum = 0;
  double width = 0;
  double inverse_width = 0;
  std::size_t n_bins = 0;
};

Grid make_grid(const TmvaForestParams& params, const Columns& columns, std::size_t variable, double minimum,
               double maximum) {
  Grid grid;
  const double range = maximum - minimum;
  // A Fisher combination may overflow.
  if (range < std::numeric_limits<double>::epsilon() || !std::isfinite(range)) return grid;
  grid.minimum = minimum;
  grid.n_bins = static_cast<std::size_t>(params.nCuts) + 1;
  grid.width = range / static_cast<double>(grid.n_bins);
  grid.inverse_width = 1.0 / grid.width;
  if (variable < columns.count() && columns.integer[variable] != 0) {
    const double steps = range + 1;
    if (steps > maximum_integer_bins) {
      throw InvalidArgument("variable " + std::to_string(variable) + " of type 'I' has a range of " +
                            std::to_string(steps) + " steps, too many for unit bins; declare it of type 'F'");
    }
    grid.n_bins = static_cast<std::size_t>(steps);
    grid.width = 1;
    grid.inverse_width = 1;
  }
  return grid;
}

// The best cut of one variable from its bins (tmva_grid_table.hpp), which become cumulative; gain stays -1 where there
// is none.
Split best_cut(const TmvaForestParams& params, const NodeEvents& events, std::size_t variable, const Grid& grid,
               double* bins, const SplitLimits& limits) {
  Split best;
  const bool regression = events.with_target;
  const std::size_t size = regression ? tmva_target_bin_size : tmva_bin_size;
  const std::size_t used = regression ? 5 : 3;
  for (std::size_t i = 1; i < grid.n_bins; ++i) {
    for (std::size_t c = 0; c < used; ++c) bins[i * size + c] += bins[(i - 1) * size + c];
  }
  const double* all = bins + (grid.n_bins - 1) * size;
  const double total_background = events.total_background;
  const double total_signal = events.total_signal;
  const auto entries = static_cast<double>(events.count);
  std::size_t best_bin = 0;
  for (std::size_t i = 0; i + 1 < grid.n_bins; ++i) {
    const double* bin = bins + i * size;
    const double b = bin[0];
    const double s = bin[1];
    const double below = bin[2];
    if (below < limits.minimum_entries || entries - below < limits.minimum_entries) continue;
    if (s + b < limits.minimum_weight || (total_signal - s) + (total_background - b) < limits.minimum_weight) continue;
    const double gain = regression
                            ? variance_gain(s + b, bin[3], bin[4], total_signal + total_background, all[3], all[4])
                            : separation_gain(params.SeparationType, s, b, total_signal, total_background);
    if (gain > best.gain) {
      best.gain = gain;
      best_bin = i;
    }
  }
  if (best.gain < 0) return best;
  best.variable = static_cast<std::int32_t>(variable);
  best.cut = grid.minimum + static_cast<double>(best_bin + 1) * grid.width;
  best.cut_type = regression || bins[best_bin * size + 1] / total_signal > bins[best_bin * size] / total_background;
  return best;
}

// Some variables of one group.
struct Piece {
  std::size_t group = 0;
  std::int32_t variable[tmva_group_size] = {};  // of the group
  std::size_t count = 0;
};

// The groups' wanted variables, divided further where there are more threads than groups or where the bins of a whole
// group would be too many. The sums of a variable do not depend on what it is computed with.
std::vector<Piece> make_pieces(const Context& context, const TmvaForestParams& params, const Columns& columns,
                               const std::vector<std::uint8_t>& use_variable) {
  const std::size_t n = columns.count();
  const auto threads = static_cast<std::size_t>(context.threads > 0 ? context.threads : available_threads());
  const std::size_t groups = columns.grouped.group_count();
  const std::size_t per_group = (threads + groups - 1) / groups;
  std::size_t largest = std::max<std::size_t>(1, (std::min(n, tmva_group_size) + per_group - 1) / per_group);
  const bool integers =
      std::any_of(columns.integer.begin(), columns.integer.end(), [](std::uint8_t i) { return i != 0; });
  if (integers || params.nCuts > many_bins) largest = 1;
  std::vector<Piece> pieces;
  for (std::size_t j = 0; j < n; ++j) {
    if (use_variable[j] == 0) continue;
    const std::size_t group = j / tmva_group_size;
    if (pieces.empty() || pieces.back().group != group || pieces.back().count == largest) {
      pieces.push_back({group, {}, 0});
    }
    Piece& piece = pieces.back();
    piece.variable[piece.count++] = static_cast<std::int32_t>(j % tmva_group_size);
  }
  return pieces;
}

// Splits of the variables of a piece.
void scan_piece(const TmvaForestParams& params, const Columns& columns, const NodeEvents& events, const Piece& piece,
                const SplitLimits& limits, const TmvaGridKernels& kernels, Split* splits) {
  const float* values = columns.grouped.group(piece.group);
  float minimum[tmva_group_size];
  float maximum[tmva_group_size];
  kernels.ranges(values, events.entries, events.count, minimum, maximum);
  TmvaGrids grids{};
  Grid grid[tmva_group_size];
  std::size_t n_bins = 0;
  for (std::size_t w = 0; w < piece.count; ++w) {
    const auto j = static_cast<std::size_t>(piece.variable[w]);
    const std::size_t variable = piece.group * tmva_group_size + j;
    grid[j] = make_grid(params, columns, variable, static_cast<double>(minimum[j]), static_cast<double>(maximum[j]));
    if (grid[j].n_bins == 0) continue;
    grids.minimum[j] = grid[j].minimum;
    grids.inverse_width[j] = grid[j].inverse_width;
    grids.last_bin[j] = static_cast<std::int32_t>(grid[j].n_bins - 1);
    grids.first_bin[j] = static_cast<std::int32_t>(n_bins);
    grids.wanted[grids.n_wanted++] = piece.variable[w];
    n_bins += grid[j].n_bins;
  }
  if (grids.n_wanted == 0) return;
  const bool regression = events.with_target;
  const std::size_t size = regression ? tmva_target_bin_size : tmva_bin_size;
  thread_local std::vector<double> bins;
  bins.assign(n_bins * size, 0.0);
  (regression ? kernels.add_with_target : kernels.add)(values, events.entries, events.count, &grids, bins.data());
  for (std::size_t w = 0; w < grids.n_wanted; ++w) {
    const auto j = static_cast<std::size_t>(grids.wanted[w]);
    const std::size_t variable = piece.group * tmva_group_size + j;
    splits[variable] = best_cut(params, events, variable, grid[j],
                                bins.data() + static_cast<std::size_t>(grids.first_bin[j]) * size, limits);
  }
}

// The best cut on the Fisher combination, whose values are float64.
Split scan_fisher(const TmvaForestParams& params, const Columns& columns, const NodeEvents& events,
                  const std::vector<double>& fisher, const SplitLimits& limits) {
  const std::size_t n = columns.count();
  std::vector<double> values(events.count);
  for (std::size_t k = 0; k < events.count; ++k) {
    double sum = fisher[n];
    for (std::size_t j = 0; j < n; ++j) sum += fisher[j] * static_cast<double>(columns.column[j][events.event(k)]);
    values[k] = sum;
  }
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  const Grid grid = make_grid(params, columns, n, *low, *high);
  if (grid.n_bins == 0) return {};
  const bool regression = events.with_target;
  const std::size_t size = regression ? tmva_target_bin_size : tmva_bin_size;
  std::vector<double> bins(grid.n_bins * size, 0.0);
  const auto last = static_cast<std::int64_t>(grid.n_bins) - 1;
  for (std::size_t k = 0; k < events.count; ++k) {
    const auto place = static_cast<std::int64_t>(grid.inverse_width * (values[k] - grid.minimum));
    double* bin = bins.data() + static_cast<std::size_t>(std::clamp<std::int64_t>(place, 0, last)) * size;
    const double weight = events.weight(k);
    bin[events.signal(k) != 0 ? 1 : 0] += weight;
    bin[2] += 1;
    if (regression) {
      const auto target = static_cast<double>(events.entries[k].target);
      bin[3] += weight * target;
      bin[4] += weight * target * target;
    }
  }
  return best_cut(params, events, n, grid, bins.data(), limits);
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
    sorted[k] = {column[events.event(k)], events.signal(k), events.weight(k)};
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
Split best_of(const std::vector<Split>& splits, const NodeEvents& events) {
  Split best;
  for (const Split& split : splits) {
    if (split.variable >= 0 && split.gain > best.gain) best = split;
  }
  best.total_signal = events.total_signal;
  best.total_background = events.total_background;
  return best;
}

}  // namespace

Split find_grid_split(const Context& context, const TmvaForestParams& params, const Columns& columns,
                      const NodeEvents& events, const std::vector<std::uint8_t>& use_variable,
                      const std::vector<double>* fisher, const SplitLimits& limits) {
  const std::size_t n = columns.count();
  std::vector<Split> splits(n + (fisher != nullptr ? 1 : 0));
  const std::vector<Piece> pieces = make_pieces(context, params, columns, use_variable);
  const TmvaGridKernels& kernels = tmva_grid_kernels();
  interruptible_for(
      context, pieces.size() + (fisher != nullptr ? 1 : 0),
      [&](std::size_t p) {
        if (p < pieces.size()) {
          scan_piece(params, columns, events, pieces[p], limits, kernels, splits.data());
        } else {
          splits[n] = scan_fisher(params, columns, events, *fisher, limits);
        }
      },
      static_cast<double>(events.count * n) * 1.5);
  return best_of(splits, events);
}

Split find_exact_split(const Context& context, const TmvaForestParams& params, const Columns& columns,
                       const NodeEvents& events, const std::vector<std::uint8_t>& use_variable,
                       const SplitLimits& limits) {
  std::vector<Split> splits(columns.count());
  interruptible_for(
      context, columns.count(),
      [&](std::size_t variable) {
        if (use_variable[variable] != 0) splits[variable] = scan_exact(params, columns, events, variable, limits);
      },
      static_cast<double>(events.count * columns.count()) * 100.0);  // a sort each
  Split best;
  for (const Split& split : splits) {
    if (split.variable >= 0 && split.gain > best.gain) best = split;
  }
  return best;
}

}  // namespace diskern::trees

#include "statistics/foam_fit.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <utility>

#include "base/executor.hpp"
#include "base/philox.hpp"
#include "diskern/error.hpp"

namespace diskern::statistics {

namespace {

constexpr std::size_t sample_block = 250;  // points of a cell that one task takes

void check(bool good, const std::string& message) {
  if (!good) throw InvalidArgument(message);
}

// What is sampled in the box around a point.
enum class Density : std::uint8_t { discriminant, events, target };

// The events in the unit cube of one foam, column by column.
struct Points {
  std::vector<std::vector<float>> unit;
  std::vector<double> weight;
  std::vector<double> fill_weight;
  std::vector<double> first;   // discriminant: 1 for signal; target: the target
  std::vector<double> minimum;
  std::vector<double> maximum;

  std::size_t count() const noexcept { return weight.size(); }
  std::size_t dimensions() const noexcept { return unit.size(); }
};

struct Division {
  std::size_t dimension = 0;
  double split = 0.5;
  double drive = -1.0;  // what is gained; negative: the cell is not divided
};

double impurity(FoamSplit kind, double s, double b) noexcept {
  const double n = s + b;
  if (!(n > 0.0)) return 0.0;
  const double p = s / n;
  switch (kind) {
    case FoamSplit::GiniIndex:
      return s <= 0.0 || b <= 0.0 ? 0.0 : 2.0 * p * (1.0 - p);
    case FoamSplit::MisClassificationError:
      return 1.0 - std::max(p, 1.0 - p);
    case FoamSplit::CrossEntropy:
      return s <= 0.0 || b <= 0.0 ? 0.0 : -(p * std::log2(p) + (1.0 - p) * std::log2(1.0 - p));
    case FoamSplit::GiniIndexWithLaplace:
      return s <= 0.0 || b <= 0.0 ? 0.0 : (s * b + s + b + 1.0) / ((n + 2.0) * (n + 2.0));
    case FoamSplit::SdivSqrtSplusB:
      return s / std::sqrt(n);  // times n: s root n, which every division makes smaller
    case FoamSplit::none:
      break;
  }
  return 0.0;
}

class Builder {
 public:
  Builder(const Context& context, const FoamParams& params, Density density, const Points& points, std::uint32_t number)
      : context_(context), params_(params), density_(density), points_(points), number_(number) {}

  Foam build() {
    const std::size_t d = points_.dimensions();
    add_cell(std::vector<double>(d, 0.0), std::vector<double>(d, 1.0), 0);
    events_.emplace_back(points_.count());
    std::iota(events_[0].begin(), events_[0].end(), std::uint32_t{0});
    divisions_.push_back(explore(0));
    for (std::int32_t active = 1; active < params_.nActiveCells; ++active) {
      if (context_.interrupted()) throw Interrupted();
      std::size_t best = 0;
      for (std::size_t c = 1; c < divisions_.size(); ++c) {
        if (divisions_[c].drive > divisions_[best].drive) best = c;
      }
      if (!(divisions_[best].drive > 0.0)) break;
      divide(best);
      context_.report({static_cast<std::size_t>(active + 1), static_cast<std::size_t>(params_.nActiveCells), 0.0});
    }
    fill();
    return {points_.minimum, points_.maximum, std::move(cells_)};
  }

 private:
  void add_cell(std::vector<double> corner, std::vector<double> sides, std::int32_t depth) {
    cells_.dimension.push_back(0);
    cells_.split.push_back(0.0);
    cells_.left.push_back(-1);
    cells_.right.push_back(-1);
    cells_.value.push_back(0.0);
    cells_.error.push_back(0.0);
    corner_.push_back(std::move(corner));
    sides_.push_back(std::move(sides));
    depth_.push_back(depth);
  }

  void divide(std::size_t c) {
    const Division division = divisions_[c];
    divisions_[c].drive = -1.0;
    cells_.dimension[c] = static_cast<std::int32_t>(division.dimension);
    cells_.split[c] = division.split;
    const std::size_t k = division.dimension;
    for (int which = 0; which < 2; ++which) {
      std::vector<double> corner = corner_[c];
      std::vector<double> sides = sides_[c];
      if (which == 1) corner[k] += sides[k] * division.split;
      sides[k] *= which == 0 ? division.split : 1.0 - division.split;
      (which == 0 ? cells_.left : cells_.right)[c] = static_cast<std::int32_t>(cells_.left.size());
      add_cell(std::move(corner), std::move(sides), depth_[c] + 1);
    }
    // As Foam::find has it: up to the edge is left.
    const auto l = static_cast<std::size_t>(cells_.left[c]);
    const double edge = corner_[l][k] + sides_[l][k];
    std::vector<std::uint32_t> left;
    std::vector<std::uint32_t> right;
    for (const std::uint32_t i : events_[c]) {
      (static_cast<double>(points_.unit[k][i]) <= edge ? left : right).push_back(i);
    }
    std::vector<std::uint32_t>().swap(events_[c]);
    events_.push_back(std::move(left));
    events_.push_back(std::move(right));
    divisions_.push_back(explore(l));
    divisions_.push_back(explore(l + 1));
  }

  Division explore(std::size_t c) {
    if (events_[c].size() <= static_cast<std::size_t>(params_.Nmin) ||
        (params_.MaxDepth > 0 && depth_[c] >= params_.MaxDepth)) {
      return {};
    }
    return params_.DTLogic == FoamSplit::none ? explore_density(c) : explore_purity(c);
  }

  // Where a decision tree would divide.
  Division explore_purity(std::size_t c) {
    const auto bins = static_cast<std::size_t>(params_.nBin);
    Division best;
    for (std::size_t k = 0; k < points_.dimensions(); ++k) {
      std::vector<double> s(bins, 0.0);
      std::vector<double> b(bins, 0.0);
      for (const std::uint32_t i : events_[c]) {
        const double place = (static_cast<double>(points_.unit[k][i]) - corner_[c][k]) / sides_[c][k];
        const auto bin = static_cast<std::size_t>(
            std::clamp(std::ceil(place * static_cast<double>(bins)) - 1.0, 0.0, static_cast<double>(bins - 1)));
        (points_.first[i] > 0.5 ? s : b)[bin] += points_.weight[i];
      }
      const double s_all = std::accumulate(s.begin(), s.end(), 0.0);
      const double b_all = std::accumulate(b.begin(), b.end(), 0.0);
      const double n = s_all + b_all;
      if (!(n > 0.0)) return best;
      const double before = n * impurity(params_.DTLogic, s_all, b_all);
      double s_left = 0.0;
      double b_left = 0.0;
      for (std::size_t bin = 0; bin + 1 < bins; ++bin) {
        s_left += s[bin];
        b_left += b[bin];
        const double left = s_left + b_left;
        const double after = left * impurity(params_.DTLogic, s_left, b_left) +
                             (n - left) * impurity(params_.DTLogic, s_all - s_left, b_all - b_left);
        const double gain = before - after;  // times the weight of the cell: the most is gained where many events are
        if (gain > 1e-9 * n && gain > best.drive) {
          best = {k, static_cast<double>(bin + 1) / static_cast<double>(bins), gain};
        }
      }
    }
    return best;
  }

  struct Sums {
    double sum = 0.0;
    double squares = 0.0;
  };

  // TFoam's choice (Jadach, Comput. Phys. Commun. 152, 55, 2003): the division after which the root mean squares of the
  // two parts add up to the least.
  Division explore_density(std::size_t c) {
    const std::size_t d = points_.dimensions();
    const auto bins = static_cast<std::size_t>(params_.nBin);
    const auto n_points = static_cast<std::size_t>(params_.nSampl);
    const double half = 0.5 * params_.VolFrac;
    // Events that a box around a point of the cell can reach, column by column.
    std::vector<std::uint32_t> near;
    for (std::size_t i = 0; i < points_.count(); ++i) {
      bool reached = true;
      for (std::size_t k = 0; k < d && reached; ++k) {
        const double u = static_cast<double>(points_.unit[k][i]);
        reached = u > corner_[c][k] - half && u <= corner_[c][k] + sides_[c][k] + half;
      }
      if (reached) near.push_back(static_cast<std::uint32_t>(i));
    }
    const std::size_t m = near.size();
    std::vector<float> columns(m * d);
    std::vector<float> weight(m);
    std::vector<float> weighted(m);  // times the class or the target
    for (std::size_t i = 0; i < m; ++i) {
      for (std::size_t k = 0; k < d; ++k) columns[k * m + i] = points_.unit[k][near[i]];
      weight[i] = static_cast<float>(points_.weight[near[i]]);
      weighted[i] = static_cast<float>(points_.weight[near[i]] *
                                       (density_ == Density::events ? 0.0 : points_.first[near[i]]));
    }
    double all = 0.0;
    double all_weighted = 0.0;
    for (const std::uint32_t i : events_[c]) {
      all += points_.weight[i];
      all_weighted += points_.weight[i] * (density_ == Density::events ? 0.0 : points_.first[i]);
    }
    const double mean = all > 0.0 ? all_weighted / all : 0.0;

    const std::size_t blocks = chunk_count(n_points, sample_block);
    std::vector<Sums> histograms(blocks * d * bins);
    const Philox philox(params_.seed, Purpose::minimisation);
    parallel_for(
        context_, blocks,
        [&](std::size_t block) {
          const Range range = chunk_range(n_points, sample_block, block);
          Sums* histogram = histograms.data() + block * d * bins;
          std::vector<double> place(d);
          std::vector<float> low(d);
          std::vector<float> high(d);
          for (std::size_t point = range.begin; point < range.end; ++point) {
            for (std::size_t k = 0; k < d; k += 2) {
              const PhiloxBlock words = philox.block(static_cast<std::uint64_t>(point) * ((d + 1) / 2) + k / 2,
                                                     static_cast<std::uint32_t>(c), number_);
              place[k] = uniform_double(words.word[0], words.word[1]);
              if (k + 1 < d) place[k + 1] = uniform_double(words.word[2], words.word[3]);
            }
            for (std::size_t k = 0; k < d; ++k) {
              const double u = corner_[c][k] + place[k] * sides_[c][k];
              low[k] = static_cast<float>(u - half);
              high[k] = static_cast<float>(u + half);
            }
            const auto [inside, inside_weighted] = in_box(columns, weight, weighted, low, high);
            double value = 0.0;
            if (density_ == Density::events) {
              value = std::max(0.0, inside) + 0.1;  // as TMVA: no density of 0
            } else {
              value = inside > 0.0 ? inside_weighted / inside : mean;
            }
            for (std::size_t k = 0; k < d; ++k) {
              const auto bin = std::min(bins - 1, static_cast<std::size_t>(place[k] * static_cast<double>(bins)));
              Sums& sums = histogram[k * bins + bin];
              sums.sum += value;
              sums.squares += value * value;
            }
          }
        },
        static_cast<double>(n_points * (m * d + 1)) * 0.2);
    for (std::size_t block = 1; block < blocks; ++block) {
      for (std::size_t i = 0; i < d * bins; ++i) {
        histograms[i].sum += histograms[block * d * bins + i].sum;
        histograms[i].squares += histograms[block * d * bins + i].squares;
      }
    }
    return least_variance(histograms, bins, n_points, volume(c));
  }

  double volume(std::size_t c) const noexcept {
    double result = 1.0;
    for (const double side : sides_[c]) result *= side;
    return result;
  }

  // Sums of weights and of weighted values in a box; lanes of a fixed number, so that the instruction set does not
  // matter.
  std::pair<double, double> in_box(const std::vector<float>& columns, const std::vector<float>& weight,
                                   const std::vector<float>& weighted, const std::vector<float>& low,
                                   const std::vector<float>& high) const {
    const std::size_t m = weight.size();
    const std::size_t d = low.size();
    constexpr std::size_t lanes = 16;
    constexpr std::size_t block = 256;
    float sums[lanes] = {};
    float sums_weighted[lanes] = {};
    std::int32_t inside[block];
    for (std::size_t begin = 0; begin < m; begin += block) {
      const std::size_t size = std::min(block, m - begin);
      std::fill_n(inside, size, 1);
      for (std::size_t k = 0; k < d; ++k) {
        const float* x = columns.data() + k * m + begin;
        const float a = low[k];
        const float b = high[k];
        for (std::size_t i = 0; i < size; ++i) inside[i] &= static_cast<std::int32_t>(x[i] > a) & static_cast<std::int32_t>(x[i] <= b);
      }
      const float* w = weight.data() + begin;
      const float* v = weighted.data() + begin;
      std::size_t i = 0;
      for (; i + lanes <= size; i += lanes) {
        for (std::size_t lane = 0; lane < lanes; ++lane) {
          const float mask = static_cast<float>(inside[i + lane]);
          sums[lane] += mask * w[i + lane];
          sums_weighted[lane] += mask * v[i + lane];
        }
      }
      for (std::size_t lane = 0; i < size; ++i, ++lane) {
        const float mask = static_cast<float>(inside[i]);
        sums[lane] += mask * w[i];
        sums_weighted[lane] += mask * v[i];
      }
    }
    double sum = 0.0;
    double sum_weighted = 0.0;
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      sum += static_cast<double>(sums[lane]);
      sum_weighted += static_cast<double>(sums_weighted[lane]);
    }
    return {sum, sum_weighted};
  }

  Division least_variance(const std::vector<Sums>& histograms, std::size_t bins, std::size_t n_points,
                          double cell_volume) const {
    const auto n = static_cast<double>(n_points);
    Sums all;
    for (std::size_t bin = 0; bin < bins; ++bin) {
      all.sum += histograms[bin].sum;
      all.squares += histograms[bin].squares;
    }
    const double before = std::sqrt(std::max(0.0, all.squares) / n);
    Division best;
    double most = 0.0;
    for (std::size_t k = 0; k < points_.dimensions(); ++k) {
      double least = std::numeric_limits<double>::infinity();
      std::size_t from = 0;
      std::size_t to = bins;
      for (std::size_t low = 0; low < bins; ++low) {
        double squares = 0.0;
        for (std::size_t high = low + 1; high <= bins; ++high) {
          squares += histograms[k * bins + high - 1].squares;
          const double inside = static_cast<double>(high - low) / static_cast<double>(bins);
          if (high - low == bins) continue;
          const double root = std::sqrt(squares / n * inside) +
                              std::sqrt(std::max(0.0, all.squares - squares) / n * (1.0 - inside));
          if (root < least) {
            least = root;
            from = low;
            to = high;
          }
        }
      }
      if (before - least <= most) continue;
      most = before - least;
      const std::size_t edge = from > 0 ? from : to;
      best.dimension = k;
      best.split = static_cast<double>(edge) / static_cast<double>(bins);
    }
    // How far the density varies in the cell, times its volume: that cell is divided first.
    const double variation = before - all.sum / n;
    if (most > 1e-12 * before && variation > 0.0) best.drive = variation * cell_volume;
    return best;
  }

  void fill() {
    for (std::size_t c = 0; c < cells_.left.size(); ++c) {
      if (cells_.left[c] >= 0) continue;
      double sum = 0.0;
      double first = 0.0;
      double squares = 0.0;
      for (const std::uint32_t i : events_[c]) {
        const double w = points_.fill_weight[i];
        sum += w;
        squares += w * w;
        if (density_ != Density::events) first += w * points_.first[i];
      }
      switch (density_) {
        case Density::events:
          cells_.value[c] = sum;
          cells_.error[c] = squares;
          break;
        case Density::target:
          cells_.value[c] = sum > 0.0 ? first / sum : 0.0;
          cells_.error[c] = sum > 0.0 ? sum : -1.0;
          break;
        case Density::discriminant: {
          const double s = first;
          const double b = sum - first;
          cells_.value[c] = sum > 0.0 ? std::clamp(s / sum, 0.0, 1.0) : 0.5;
          cells_.error[c] =
              sum > 0.0 ? std::sqrt(std::max(0.0, b * b * s + s * s * b)) / (sum * sum) : 1.0;
          break;
        }
      }
    }
  }

  const Context& context_;
  const FoamParams& params_;
  Density density_;
  const Points& points_;
  std::uint32_t number_;
  FoamCells cells_;
  std::vector<std::vector<double>> corner_;
  std::vector<std::vector<double>> sides_;
  std::vector<std::int32_t> depth_;
  std::vector<std::vector<std::uint32_t>> events_;
  std::vector<Division> divisions_;
};

// The range of a column without the tails.
std::pair<double, double> range_of(std::vector<float> values, double tail, std::size_t j) {
  const auto cut = static_cast<std::size_t>(tail * static_cast<double>(values.size()));
  std::sort(values.begin(), values.end());
  const double low = static_cast<double>(values[cut]);
  const double high = static_cast<double>(values[values.size() - 1 - cut]);
  check(low < high, "dimension " + std::to_string(j) + " of the foam has no range: after TailCut all events lie at " +
                        std::to_string(low));
  return {low, high};
}

void check_params(const FoamParams& params) {
  const auto number = [](double value) { return std::to_string(value); };
  check(params.TailCut >= 0.0 && params.TailCut < 0.5, "TailCut is " + number(params.TailCut) + ", expected 0 to 0.5");
  check(params.VolFrac > 0.0 && params.VolFrac <= 1.0, "VolFrac is " + number(params.VolFrac) + ", expected 0 to 1");
  check(params.nActiveCells >= 1 && params.nActiveCells <= 500000,
        "nActiveCells is " + std::to_string(params.nActiveCells) + ", expected 1 to 500000");
  check(params.nSampl >= 1 && params.nSampl <= 10000000,
        "nSampl is " + std::to_string(params.nSampl) + ", expected 1 to 10000000");
  check(params.nBin >= 2 && params.nBin <= 10000, "nBin is " + std::to_string(params.nBin) + ", expected 2 to 10000");
  check(params.Nmin >= 0, "Nmin is " + std::to_string(params.Nmin) + ", expected 0 or more");
  check(params.MaxDepth >= 0, "MaxDepth is " + std::to_string(params.MaxDepth) + ", expected 0 (no limit) or more");
}

}  // namespace

std::shared_ptr<const FoamPredictor> fit_foam(const Context& context, const FoamParams& params,
                                              View<const float, 2> events, View<const std::int32_t> class_index,
                                              std::int32_t class_count, View<const float, 2> targets,
                                              View<const double> weight, View<const double> fill_weight) {
  check_params(params);
  const std::size_t n = events.rows();
  const bool regression = params.kind == FoamKind::target || params.kind == FoamKind::multi_target;
  const bool multi_target = params.kind == FoamKind::multi_target;
  const std::size_t d = events.columns() + (multi_target ? targets.columns() : 0);
  check(n >= 1, "PDEFoam needs events, got none");
  check(d >= 1 && d <= Foam::maximum_dimensions, "a foam can have 1 to 256 dimensions, got " + std::to_string(d));
  check(!regression || (targets.rows() == n && targets.columns() >= 1), "regression by PDEFoam needs targets");
  check(params.kind != FoamKind::target || targets.columns() == 1,
        "PDEFoam has one target, got " + std::to_string(targets.columns()) + "; book MultiTargetRegression for several");
  check(!regression || params.DTLogic == FoamSplit::none, "DTLogic divides by classes and is not for regression");
  const auto value = [&](std::size_t i, std::size_t j) {
    return j < events.columns() ? events(i, j) : targets(i, j - events.columns());
  };
  Points whole;
  for (std::size_t j = 0; j < d; ++j) {
    std::vector<float> column(n);
    for (std::size_t i = 0; i < n; ++i) {
      column[i] = value(i, j);
      check(std::isfinite(column[i]), "variable " + std::to_string(j) + " of event " + std::to_string(i) +
                                          " is not finite");
    }
    const auto [low, high] = range_of(column, params.TailCut, j);
    whole.minimum.push_back(low);
    whole.maximum.push_back(high);
    for (float& x : column) x = static_cast<float>((static_cast<double>(x) - low) / (high - low));
    whole.unit.push_back(std::move(column));
  }
  whole.weight.resize(n);
  whole.fill_weight.resize(n);
  whole.first.assign(n, 0.0);
  for (std::size_t i = 0; i < n; ++i) {
    check(std::isfinite(weight[i]) && std::isfinite(fill_weight[i]),
          "the weight of event " + std::to_string(i) + " is not finite");
    whole.weight[i] = weight[i];
    whole.fill_weight[i] = fill_weight[i];
  }
  FoamResponse response{params.kind, params.Kernel, params.VolFrac / 2.0, params.UseYesNoCell, params.TargetSelection};
  std::vector<Foam> foams;
  if (regression) {
    if (!multi_target) {
      for (std::size_t i = 0; i < n; ++i) {
        whole.first[i] = static_cast<double>(targets(i, 0));
        check(std::isfinite(whole.first[i]), "the target of event " + std::to_string(i) + " is not finite");
      }
    }
    foams.push_back(Builder(context, params, multi_target ? Density::events : Density::target, whole, 0).build());
  } else if (params.kind == FoamKind::separate) {
    check(params.DTLogic == FoamSplit::none, "DTLogic divides one foam of both classes, not separate ones");
    for (const bool signal : {true, false}) {
      Points part;
      part.minimum = whole.minimum;
      part.maximum = whole.maximum;
      part.unit.resize(d);
      for (std::size_t i = 0; i < n; ++i) {
        if ((class_index[i] == params.signal_class) != signal) continue;
        for (std::size_t j = 0; j < d; ++j) part.unit[j].push_back(whole.unit[j][i]);
        part.weight.push_back(whole.weight[i]);
        part.fill_weight.push_back(whole.fill_weight[i]);
      }
      check(part.count() > 0, signal ? "PDEFoam has no signal events" : "PDEFoam has no background events");
      foams.push_back(Builder(context, params, Density::events, part, signal ? 0 : 1).build());
    }
  } else {
    const std::int32_t count = params.kind == FoamKind::multiclass ? class_count : 1;
    for (std::int32_t k = 0; k < count; ++k) {
      const std::int32_t wanted = params.kind == FoamKind::multiclass ? k : params.signal_class;
      std::size_t signal = 0;
      for (std::size_t i = 0; i < n; ++i) {
        whole.first[i] = class_index[i] == wanted ? 1.0 : 0.0;
        signal += class_index[i] == wanted ? 1 : 0;
      }
      check(signal > 0 && signal < n, "PDEFoam needs events of both classes");
      foams.push_back(
          Builder(context, params, Density::discriminant, whole, static_cast<std::uint32_t>(k)).build());
    }
  }
  return std::make_shared<const FoamPredictor>(events.columns(), response, std::move(foams));
}

}  // namespace diskern::statistics

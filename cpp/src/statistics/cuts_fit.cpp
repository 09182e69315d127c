// The fit of TMVA's Cuts.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "base/executor.hpp"
#include "base/random.hpp"
#include "diskern/error.hpp"
#include "statistics/cuts.hpp"
#include "statistics/density.hpp"

namespace diskern::statistics {

namespace {

constexpr std::size_t n_bins = 100;

// Events of one class in the order of one of their variables, column by column.
struct SortedEvents {
  std::size_t key = 0;  // the variable
  std::vector<std::vector<float>> columns;
  std::vector<double> weight;
};

struct ClassEvents {
  std::vector<std::vector<float>> columns;
  std::vector<double> weight;
  double sum = 0.0;
  std::vector<SortedEvents> sorted;
};

// Copies of the events, one for each variable as long as they do not take much memory.
void sort_events(ClassEvents& events) {
  constexpr std::size_t most_numbers = std::size_t{1} << 26;
  const std::size_t n = events.weight.size();
  const std::size_t d = events.columns.size();
  const std::size_t keys = std::clamp<std::size_t>(most_numbers / std::max<std::size_t>(1, n * (d + 2)), 1, d);
  for (std::size_t key = 0; key < keys; ++key) {
    std::vector<std::size_t> order(n);
    std::iota(order.begin(), order.end(), std::size_t{0});
    const std::vector<float>& x = events.columns[key];
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return x[a] < x[b]; });
    SortedEvents sorted;
    sorted.key = key;
    for (const std::vector<float>& column : events.columns) {
      std::vector<float> moved(n);
      for (std::size_t i = 0; i < n; ++i) moved[i] = column[order[i]];
      sorted.columns.push_back(std::move(moved));
    }
    for (const std::size_t i : order) sorted.weight.push_back(events.weight[i]);
    events.sorted.push_back(std::move(sorted));
  }
}

// Sum of the weights of events within bounds: only those are looked at that pass the cuts on the variable which fewest
// pass. Lanes of a fixed number, so that the sum does not depend on the instruction set.
constexpr std::size_t lanes = 8;
double weight_within(const ClassEvents& all, const std::vector<float>& low, const std::vector<float>& high) {
  const std::size_t d = all.columns.size();
  const SortedEvents* events = nullptr;
  std::size_t from = 0;
  std::size_t to = 0;
  for (const SortedEvents& one : all.sorted) {
    const std::vector<float>& x = one.columns[one.key];
    const auto first = static_cast<std::size_t>(std::upper_bound(x.begin(), x.end(), low[one.key]) - x.begin());
    const auto last = static_cast<std::size_t>(std::upper_bound(x.begin(), x.end(), high[one.key]) - x.begin());
    if (last <= first) return 0.0;
    if (events != nullptr && last - first >= to - from) continue;
    events = &one;
    from = first;
    to = last;
  }
  constexpr std::size_t block_size = 512;
  std::uint8_t inside[block_size];
  double sums[lanes] = {};
  for (std::size_t begin = from; begin < to; begin += block_size) {
    const std::size_t size = std::min(block_size, to - begin);
    std::fill_n(inside, size, std::uint8_t{1});
    for (std::size_t j = 0; j < d; ++j) {
      if (j == events->key) continue;
      const float* x = events->columns[j].data() + begin;
      const float a = low[j];
      const float b = high[j];
      const bool lower = a > -std::numeric_limits<float>::infinity();
      const bool upper = b < std::numeric_limits<float>::infinity();
      if (lower) {
        for (std::size_t i = 0; i < size; ++i) inside[i] &= static_cast<std::uint8_t>(x[i] > a);
      }
      if (upper) {
        for (std::size_t i = 0; i < size; ++i) inside[i] &= static_cast<std::uint8_t>(x[i] <= b);
      }
    }
    const double* weight = events->weight.data() + begin;
    std::size_t i = 0;
    for (; i + lanes <= size; i += lanes) {
      for (std::size_t k = 0; k < lanes; ++k) sums[k] += static_cast<double>(inside[i + k]) * weight[i + k];
    }
    for (std::size_t k = 0; i < size; ++i, ++k) sums[k] += static_cast<double>(inside[i]) * weight[i];
  }
  double total = 0.0;
  for (const double sum : sums) total += sum;
  return total;
}

// The density of a variable, integrated once: EffPDF asks for integrals only.
class Integrals {
 public:
  Integrals(const ClassEvents& events, std::size_t variable, double low, double high) : low_(low), high_(high) {
    constexpr std::size_t bins = 100;
    DensityHistogram histogram{low, high, std::vector<float>(bins)};
    for (std::size_t i = 0; i < events.weight.size(); ++i) {
      const double position =
          static_cast<double>(bins) * (static_cast<double>(events.columns[variable][i]) - low) / (high - low);
      histogram.contents[static_cast<std::size_t>(std::clamp(position, 0.0, static_cast<double>(bins - 1)))] +=
          static_cast<float>(events.weight[i]);
    }
    DensitySettings settings;
    settings.minimum_smoothing = settings.maximum_smoothing = 5;
    const Density density(settings, std::move(histogram));
    sums_.push_back(0.0);
    for (const float content : density.fine()) sums_.push_back(sums_.back() + static_cast<double>(content));
  }
  double between(double from, double to) const { return std::max(0.0, up_to(to) - up_to(from)); }

 private:
  double up_to(double x) const {
    const double bins = static_cast<double>(sums_.size() - 1);
    const double position = std::clamp((x - low_) / (high_ - low_) * bins, 0.0, bins);
    const auto bin = std::min(static_cast<std::size_t>(position), sums_.size() - 2);
    const double share = position - static_cast<double>(bin);
    return (sums_[bin] + share * (sums_[bin + 1] - sums_[bin])) / sums_.back();
  }
  double low_;
  double high_;
  std::vector<double> sums_;
};

// The table of best cuts, and what a point is worth beside it (tmva.md 2.2).
class CutsObjective final : public Objective {
 public:
  CutsObjective(const CutsParams& params, std::vector<ClassEvents> classes, std::vector<Interval> data_ranges)
      : params_(params), classes_(std::move(classes)), data_(std::move(data_ranges)) {
    const std::size_t d = data_.size();
    for (std::size_t j = 0; j < d; ++j) {
      CutSide side = params_.variables[j].side;
      if (side == CutSide::FSmart) side = mean(0, j) > mean(1, j) ? CutSide::FMin : CutSide::FMax;
      sides_.push_back(side);
      const CutsVariable& wanted = params_.variables[j];
      Interval range = wanted.minimum == wanted.maximum ? data_[j] : Interval{wanted.minimum, wanted.maximum};
      cut_range_.push_back(range);
      // One parameter for the bound, one for the width of a window.
      ranges_.push_back(range);
      if (side == CutSide::NotEnforced) ranges_.push_back({0.0, range.maximum - range.minimum});
      if (params_.efficiency == CutsEfficiency::EffPDF) {
        for (std::size_t which = 0; which < 2; ++which) {
          integrals_[which].emplace_back(classes_[which], j, data_[j].minimum, data_[j].maximum);
        }
      }
    }
    table_.resize(n_bins);
    for (std::size_t i = 0; i < n_bins; ++i) {
      table_[i] = {static_cast<double>(i) / static_cast<double>(n_bins), -0.1, std::vector<double>(d),
                   std::vector<double>(d)};
    }
  }

  const std::vector<Interval>& ranges() const { return ranges_; }
  const std::vector<CutSide>& sides() const { return sides_; }
  const std::vector<ClassEvents>& classes() const { return classes_; }

  void evaluate(const Context& context, const std::vector<std::vector<double>>& points,
                std::vector<double>& values) override {
    struct Efficiencies {
      double signal, background;
    };
    std::vector<Efficiencies> found(points.size());
    constexpr std::size_t chunk_size = 8;
    const double work = static_cast<double>(points.size()) *
                        static_cast<double>(classes_[0].weight.size() + classes_[1].weight.size()) *
                        static_cast<double>(data_.size()) * 0.2;
    parallel_for(
        context, chunk_count(points.size(), chunk_size),
        [&](std::size_t chunk) {
          const diskern::Range range = chunk_range(points.size(), chunk_size, chunk);
          std::vector<double> low, high;
          for (std::size_t i = range.begin; i < range.end; ++i) {
            cuts_of(points[i], low, high);
            found[i] = {efficiency(0, low, high), efficiency(1, low, high)};
          }
        },
        work);
    // One after the other, as each changes the table that the next is compared with.
    std::vector<double> low, high;
    for (std::size_t i = 0; i < points.size(); ++i) {
      cuts_of(points[i], low, high);
      values[i] = worth(found[i].signal, found[i].background, low, high);
    }
  }

  // Offers cuts to the table without a point.
  void offer(const std::vector<double>& low, const std::vector<double>& high) {
    worth(efficiency(0, low, high), efficiency(1, low, high), low, high);
  }

  // Varies the cuts of every bin by steps of falling size; what is better than the cuts of its bin replaces them.
  void refine(const Context& context, std::uint32_t seed) {
    constexpr std::size_t rounds = 60;
    constexpr std::size_t variations = 3;  // of each bin and round
    RandomSequence random(seed, Purpose::minimisation, 1);
    std::vector<std::vector<double>> points;
    std::vector<double> values;
    for (std::size_t round = 0; round < rounds; ++round) {
      if (context.interrupted()) throw Interrupted();
      const double spread = 0.1 * std::pow(0.94, static_cast<double>(round));
      points.clear();
      for (const CutSet& cuts : table_) {
        if (cuts.background_efficiency < 0.0) continue;
        for (std::size_t v = 0; v < variations; ++v) {
          std::vector<double> point;
          for (std::size_t j = 0; j < data_.size(); ++j) {
            const Interval& range = cut_range_[j];
            const auto varied = [&](double bound) {
              if (random.uniform() < 0.5) return bound;
              return std::clamp(bound + spread * (range.maximum - range.minimum) * random.normal(), range.minimum,
                                range.maximum);
            };
            if (sides_[j] == CutSide::FMax) {
              point.push_back(varied(cuts.maximum[j]));
              continue;
            }
            point.push_back(varied(cuts.minimum[j]));
            if (sides_[j] == CutSide::NotEnforced) {
              point.push_back(std::max(0.0, varied(cuts.maximum[j]) - point.back()));
            }
          }
          points.push_back(std::move(point));
        }
      }
      values.resize(points.size());
      evaluate(context, points, values);
    }
  }

  std::vector<CutSet> finished_table() const {
    std::vector<CutSet> table = table_;
    // A bin without cuts, or with more background than one of a higher efficiency, takes the cuts of that one.
    const CutSet* better = nullptr;
    for (std::size_t i = n_bins; i-- > 0;) {
      if (table[i].background_efficiency >= 0.0 &&
          (better == nullptr || table[i].background_efficiency < better->background_efficiency)) {
        better = &table[i];
        continue;
      }
      if (better == nullptr) {  // nothing keeps so much: no cuts at all
        table[i].background_efficiency = 1.0;
        table[i].minimum.assign(data_.size(), -CutsPredictor::no_cut);
        table[i].maximum.assign(data_.size(), CutsPredictor::no_cut);
        continue;
      }
      table[i].background_efficiency = better->background_efficiency;
      table[i].minimum = better->minimum;
      table[i].maximum = better->maximum;
    }
    return table;
  }

 private:
  double mean(std::size_t which, std::size_t variable) const {
    double sum = 0.0;
    for (std::size_t i = 0; i < classes_[which].weight.size(); ++i) {
      sum += classes_[which].weight[i] * static_cast<double>(classes_[which].columns[variable][i]);
    }
    return sum / classes_[which].sum;
  }

  void cuts_of(const std::vector<double>& point, std::vector<double>& low, std::vector<double>& high) const {
    low.assign(data_.size(), -CutsPredictor::no_cut);
    high.assign(data_.size(), CutsPredictor::no_cut);
    std::size_t k = 0;
    for (std::size_t j = 0; j < data_.size(); ++j) {
      const double bound = point[k++];
      if (sides_[j] == CutSide::FMax) {
        high[j] = bound;
      } else {
        low[j] = bound;
        if (sides_[j] == CutSide::NotEnforced) high[j] = bound + point[k++];
      }
    }
  }

  double efficiency(std::size_t which, const std::vector<double>& low, const std::vector<double>& high) const {
    if (params_.efficiency == CutsEfficiency::EffPDF) {
      double product = 1.0;
      for (std::size_t j = 0; j < data_.size(); ++j) product *= integrals_[which][j].between(low[j], high[j]);
      return product;
    }
    std::vector<float> a(low.size());
    std::vector<float> b(low.size());
    for (std::size_t j = 0; j < low.size(); ++j) {
      a[j] = low[j] <= -CutsPredictor::no_cut ? -std::numeric_limits<float>::infinity() : float_below(low[j]);
      b[j] = high[j] >= CutsPredictor::no_cut ? std::numeric_limits<float>::infinity() : float_below(high[j]);
    }
    return std::max(0.0, weight_within(classes_[which], a, b) / classes_[which].sum);
  }

  double worth(double signal, double background, const std::vector<double>& low, const std::vector<double>& high) {
    const auto bin = static_cast<std::size_t>(
        std::clamp(std::floor(signal * static_cast<double>(n_bins)), 0.0, static_cast<double>(n_bins - 1)));
    const double stored = table_[bin].background_efficiency;
    const double left = bin > 0 ? table_[bin - 1].background_efficiency : stored;
    const double right = bin + 1 < n_bins ? table_[bin + 1].background_efficiency : stored;
    const double average = stored < background ? stored : 0.5 * (left + right);
    const double value = (-std::abs(stored - average) + 1.0 - (stored - background)) / (1.0 + signal);
    if (stored < 0.0 || stored > background) {
      table_[bin].background_efficiency = background;
      table_[bin].minimum = low;
      table_[bin].maximum = high;
    }
    if (bin > 0) return value;
    if (signal >= 1e-4) return 10.0 * (1.0 - 10.0 * signal);
    // Nearly no signal: towards the whole range.
    double penalty = 0.0;
    for (std::size_t j = 0; j < data_.size(); ++j) {
      const double width = cut_range_[j].maximum - cut_range_[j].minimum;
      if (!(width > 0.0)) continue;
      const double above = sides_[j] == CutSide::FMin ? 0.0 : (cut_range_[j].maximum - high[j]) / width;
      const double below = sides_[j] == CutSide::FMax ? 0.0 : (low[j] - cut_range_[j].minimum) / width;
      penalty += above * above + 4.0 * below * below;
    }
    return 10.0 + penalty;
  }

  const CutsParams& params_;
  std::vector<ClassEvents> classes_;  // signal, background
  std::vector<Interval> data_;
  std::vector<Interval> cut_range_;
  std::vector<Interval> ranges_;
  std::vector<CutSide> sides_;
  std::vector<Integrals> integrals_[2];
  std::vector<CutSet> table_;
};

// Windows that just hold a few signal events, from two of them to a third of all.
void sample_pairs(const Context& context, const CutsParams& params, CutsObjective& objective) {
  if (params.monte_carlo.SampleSize < 1) {
    throw InvalidArgument("SampleSize is " + std::to_string(params.monte_carlo.SampleSize) + ", expected 1 or more");
  }
  RandomSequence random(params.monte_carlo.Seed, Purpose::minimisation);
  const ClassEvents& signal = objective.classes()[0];
  const std::size_t d = signal.columns.size();
  std::vector<double> low(d), high(d);
  for (std::int64_t i = 0; i < params.monte_carlo.SampleSize; ++i) {
    if (i % 64 == 0 && context.interrupted()) throw Interrupted();
    const double most = std::max(2.0, static_cast<double>(signal.weight.size()) / 3.0);
    const auto held = static_cast<std::size_t>(2.0 * std::pow(most / 2.0, random.uniform()));
    std::fill(low.begin(), low.end(), CutsPredictor::no_cut);
    std::fill(high.begin(), high.end(), -CutsPredictor::no_cut);
    for (std::size_t k = 0; k < held; ++k) {
      const std::size_t event = random.below(signal.weight.size());
      for (std::size_t j = 0; j < d; ++j) {
        low[j] = std::min(low[j], static_cast<double>(signal.columns[j][event]));
        high[j] = std::max(high[j], static_cast<double>(signal.columns[j][event]));
      }
    }
    for (std::size_t j = 0; j < d; ++j) {
      const CutSide side = objective.sides()[j];
      // The lowest event itself passes, too.
      low[j] = side == CutSide::FMax ? -CutsPredictor::no_cut : low[j] - 1e-6 * std::max(1e-30, std::abs(low[j]));
      if (side == CutSide::FMin) high[j] = CutsPredictor::no_cut;
    }
    objective.offer(low, high);
  }
}

}  // namespace

std::shared_ptr<const CutsPredictor> fit_cuts(const Context& context, const CutsParams& params,
                                              View<const float, 2> events, View<const std::int32_t> class_index,
                                              View<const double> weight) {
  const std::size_t d = events.columns();
  const auto name_of = [&](std::size_t j) {
    return j < params.variable_names.size() ? "'" + params.variable_names[j] + "'" : "number " + std::to_string(j);
  };
  if (params.variables.size() != d) {
    throw InvalidArgument("cuts are described for " + std::to_string(params.variables.size()) +
                          " variables, there are " + std::to_string(d));
  }
  std::vector<ClassEvents> classes(2);
  for (ClassEvents& one : classes) one.columns.resize(d);
  std::vector<Interval> ranges(d, {std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()});
  for (std::size_t i = 0; i < events.rows(); ++i) {
    if (!std::isfinite(weight[i])) {
      throw InvalidArgument("the weight of event " + std::to_string(i) + " is not finite");
    }
    ClassEvents& target = classes[class_index[i] == params.signal_class ? 0 : 1];
    target.weight.push_back(weight[i]);
    target.sum += weight[i];
    for (std::size_t j = 0; j < d; ++j) {
      const float x = events(i, j);
      if (!std::isfinite(x)) {
        throw InvalidArgument("variable " + name_of(j) + " of event " + std::to_string(i) + " is " +
                              std::to_string(x) + ", expected a finite number");
      }
      target.columns[j].push_back(x);
      ranges[j].minimum = std::min(ranges[j].minimum, static_cast<double>(x));
      ranges[j].maximum = std::max(ranges[j].maximum, static_cast<double>(x));
    }
  }
  for (std::size_t which = 0; which < 2; ++which) {
    const char* name = which == 0 ? "signal" : "background";
    if (!(classes[which].sum > 0.0)) {
      throw InvalidArgument(std::string("the weights of ") + name + " sum to " + std::to_string(classes[which].sum) +
                            ", expected a positive number");
    }
  }
  for (std::size_t j = 0; j < d; ++j) {
    const CutsVariable& wanted = params.variables[j];
    if (!std::isfinite(wanted.minimum) || !std::isfinite(wanted.maximum) || wanted.minimum > wanted.maximum) {
      throw InvalidArgument("the range of cuts of variable " + name_of(j) + " is " + std::to_string(wanted.minimum) +
                            " to " + std::to_string(wanted.maximum) + ", expected two numbers in order");
    }
    if (!(ranges[j].minimum < ranges[j].maximum)) {
      throw InvalidArgument("variable " + name_of(j) + " is constant (" + std::to_string(ranges[j].minimum) +
                            "), it cannot be cut on; leave it out");
    }
    // The event at the lower end passes x > minimum, too.
    ranges[j].minimum -= 1e-6 * (ranges[j].maximum - ranges[j].minimum);
  }
  for (ClassEvents& one : classes) sort_events(one);
  CutsObjective objective(params, std::move(classes), std::move(ranges));
  switch (params.fitter) {
    case CutsFitter::GA:
      fit_genetic(context, params.genetic, objective.ranges(), objective);
      break;
    case CutsFitter::SA:
      fit_annealing(context, params.annealing, objective.ranges(), objective);
      break;
    case CutsFitter::MC:
      fit_monte_carlo(context, params.monte_carlo, objective.ranges(), objective);
      break;
    case CutsFitter::MCEvents:
      sample_pairs(context, params, objective);
      break;
    case CutsFitter::MINUIT:
      fit_descent(context, params.descent, objective.ranges(), objective);
      break;
  }
  if (params.fitter != CutsFitter::MC) objective.refine(context, params.genetic.Seed);
  return std::make_shared<const CutsPredictor>(d, objective.finished_table());
}

}  // namespace diskern::statistics

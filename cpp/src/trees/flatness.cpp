#include "trees/flatness.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "base/maths.hpp"
#include "trees/boosting_check.hpp"
#include "trees/fixed_point.hpp"
#include "trees/loss_classification.hpp"
#include "trees/neighbour_flatness.hpp"
#include "trees/sort_scores.hpp"

namespace diskern::trees {

namespace {

constexpr int weight_bits = 61;  // the sweep doubles the sums
constexpr std::size_t sweep_chunk = 32768;

double power_of(double difference, double power) {
  if (power == 2) return difference * difference;
  const double size = std::abs(difference);
  return size > 0 ? maths::exp(power * maths::log(size)) : 0.0;
}

double derivative_of(double difference, double power) {
  if (power == 2) return 2.0 * difference;
  const double size = std::abs(difference);
  if (!(size > 0)) return 0.0;
  return std::copysign(power * maths::exp((power - 1.0) * maths::log(size)), difference);
}

}  // namespace

FlatnessTerm::FlatnessTerm(std::vector<std::int32_t> bin, const std::vector<double>& weight, std::size_t bin_count,
                           double min_events, const std::string& name)
    : bin_(std::move(bin)), bin_weight_(bin_count, 0) {
  double absolute = 0;
  for (const double w : weight) absolute += std::abs(w);
  const FixedPoint fixed = FixedPoint::for_sums(1.0, absolute, weight_bits);
  std::vector<double> counts(bin_count, 0.0);
  weight_.reserve(weight.size());
  for (std::size_t i = 0; i < weight.size(); ++i) {
    weight_.push_back(fixed(weight[i], 1.0));
    const auto b = static_cast<std::size_t>(bin_[i]);
    bin_weight_[b] += weight_.back();
    counts[b] += std::max(1.0, std::abs(weight[i]));
    total_ += weight_.back();
  }
  for (std::size_t b = 0; b < bin_count; ++b) {
    check(counts[b] >= min_events, name + ": bin " + std::to_string(b) + " of the protected variables has " +
                                       short_number(counts[b]) + " events, at least " + short_number(min_events) +
                                       " are needed; take fewer bins");
    check(bin_weight_[b] > 0, name + ": the sum of weights in bin " + std::to_string(b) +
                                  " of the protected variables is not positive; take fewer bins");
  }
}

double FlatnessTerm::evaluate(const Context& context, const double* score, double power, double* derivative) const {
  const std::size_t n = size();
  const std::size_t n_bins = bin_weight_.size();
  sort_scores(context, score, n, keys_, order_, keys_other_, order_other_);

  // Chunks of the sorted events that begin where the score changes.
  std::vector<std::size_t> begins;
  for (std::size_t begin = 0; begin < n;) {
    begins.push_back(begin);
    begin = std::min(n, begin + sweep_chunk);
    while (begin < n && keys_[begin] == keys_[begin - 1]) ++begin;
  }
  const std::size_t chunks = begins.size();
  begins.push_back(n);
  std::vector<std::int64_t> before(chunks * n_bins, 0);  // sums within the chunk, then of all chunks before
  parallel_for(
      context, chunks,
      [&](std::size_t c) {
        std::int64_t* sums = before.data() + c * n_bins;
        for (std::size_t k = begins[c]; k < begins[c + 1]; ++k) {
          const std::size_t i = order_[k];
          sums[static_cast<std::size_t>(bin_[i])] += weight_[i];
        }
      },
      static_cast<double>(n) * 3.0);
  std::vector<std::int64_t> running(n_bins, 0);
  for (std::size_t c = 0; c < chunks; ++c) {
    for (std::size_t b = 0; b < n_bins; ++b) {
      running[b] += std::exchange(before[c * n_bins + b], running[b]);
    }
  }

  const double inverse_total = 1.0 / static_cast<double>(total_);
  std::vector<double> inverse(n_bins);
  for (std::size_t b = 0; b < n_bins; ++b) inverse[b] = 1.0 / static_cast<double>(bin_weight_[b]);
  std::vector<double> values(chunks, 0.0);
  parallel_for(
      context, chunks,
      [&](std::size_t c) {
        std::int64_t* sums = before.data() + c * n_bins;
        std::int64_t all = std::accumulate(sums, sums + n_bins, std::int64_t{0});
        std::vector<std::int64_t> tied(n_bins, 0);
        double value = 0;
        // sum_b W_b/W (F_b - F)^2 = sum_b S_b^2 / (W_b W) - (S / W)^2, kept up to date from score to score.
        double squares = 0;
        for (std::size_t b = 0; b < n_bins; ++b) {
          const auto sum = static_cast<double>(sums[b]);
          squares += sum * inverse[b] * sum * inverse_total;
        }
        for (std::size_t begin = begins[c]; begin < begins[c + 1];) {
          std::size_t end = begin + 1;
          while (end < begins[c + 1] && keys_[end] == keys_[begin]) ++end;
          std::int64_t tied_all = 0;
          for (std::size_t k = begin; k < end; ++k) {
            const std::size_t i = order_[k];
            tied[static_cast<std::size_t>(bin_[i])] += weight_[i];
            tied_all += weight_[i];
          }
          const double global = static_cast<double>(2 * all + tied_all) * inverse_total;
          for (std::size_t k = begin; k < end; ++k) {
            const std::size_t i = order_[k];
            const auto b = static_cast<std::size_t>(bin_[i]);
            const double local = static_cast<double>(2 * sums[b] + tied[b]) * inverse[b];
            derivative[i] = derivative_of(0.5 * (global - local), power);
          }
          for (std::size_t k = begin; k < end; ++k) {
            const auto b = static_cast<std::size_t>(bin_[order_[k]]);
            if (tied[b] == 0) continue;
            const auto sum = static_cast<double>(sums[b]);
            sums[b] += std::exchange(tied[b], 0);
            const auto next = static_cast<double>(sums[b]);
            squares += (next - sum) * inverse[b] * (next + sum) * inverse_total;
          }
          all += tied_all;
          begin = end;
          if (begin == n) break;
          const double gap = score_of_key(keys_[begin]) - score_of_key(keys_[begin - 1]);
          if (power == 2) {
            const double fraction = static_cast<double>(all) * inverse_total;
            value += gap * (squares - fraction * fraction);
          } else {
            const double fraction = static_cast<double>(all) * inverse_total;
            double sum = 0;
            for (std::size_t b = 0; b < n_bins; ++b) {
              sum += static_cast<double>(bin_weight_[b]) *
                     power_of(static_cast<double>(sums[b]) * inverse[b] - fraction, power);
            }
            value += gap * sum * inverse_total;
          }
        }
        values[c] = value;
      },
      static_cast<double>(n) * 8.0);
  return std::accumulate(values.begin(), values.end(), 0.0);
}

double FlatnessTerm::reference(const double* score, double power, double* derivative) const {
  const std::size_t n = size();
  // Twice the sum of weights below s and half of that at s; of bin b, or of all for b < 0.
  const auto cumulative = [&](double s, std::int32_t b) {
    double sum = 0;
    double all = 0;
    for (std::size_t i = 0; i < n; ++i) {
      if (b >= 0 && bin_[i] != b) continue;
      const auto w = static_cast<double>(weight_[i]);
      all += w;
      sum += score[i] < s ? w : score[i] == s ? 0.5 * w : 0.0;
    }
    return sum / all;
  };
  for (std::size_t i = 0; i < n; ++i) {
    derivative[i] = derivative_of(cumulative(score[i], -1) - cumulative(score[i], bin_[i]), power);
  }
  std::vector<double> sorted(score, score + n);
  std::sort(sorted.begin(), sorted.end());
  double value = 0;
  for (std::size_t k = 0; k + 1 < n; ++k) {
    if (sorted[k] == sorted[k + 1]) continue;
    const double middle = 0.5 * (sorted[k] + sorted[k + 1]);
    const double global = cumulative(middle, -1);
    for (std::size_t b = 0; b < bin_weight_.size(); ++b) {
      const double local = cumulative(middle, static_cast<std::int32_t>(b));
      value += (sorted[k + 1] - sorted[k]) * static_cast<double>(bin_weight_[b]) / static_cast<double>(total_) *
               power_of(local - global, power);
    }
  }
  return value;
}

FlatnessLoss::FlatnessLoss(FlatnessParams params) : params_(std::move(params)) {
  check(params_.coefficient >= 0 && std::isfinite(params_.coefficient),
        "flatness_coefficient must not be negative, got " + short_number(params_.coefficient));
  check(params_.power > 1 && params_.power <= 16,
        "flatness_power must be above 1 and at most 16, got " + short_number(params_.power));
  check(params_.n_bins >= 2 && params_.n_bins <= 1000,
        "n_bins must be from 2 to 1000, got " + std::to_string(params_.n_bins));
  check(params_.min_events_in_bin >= 1,
        "min_events_in_bin must be at least 1, got " + short_number(params_.min_events_in_bin));
  check(params_.n_neighbours >= 0 && std::isfinite(params_.n_neighbours),
        "n_neighbors must be at least 1 (or None for bins), got " + short_number(params_.n_neighbours));
  check(params_.n_neighbourhoods >= 1,
        "n_neighborhoods must be at least 1, got " + std::to_string(params_.n_neighbourhoods));
  check(params_.n_neighbours == 0 || params_.power == 2,
        "flatness_power must be 2 with n_neighbors, got " + short_number(params_.power));
  check(!params_.uniform_classes.empty(), "uniform_classes is empty: in which class shall the response be flat?");
  std::sort(params_.uniform_classes.begin(), params_.uniform_classes.end());
  for (std::size_t k = 0; k < params_.uniform_classes.size(); ++k) {
    const std::int32_t one = params_.uniform_classes[k];
    check(one == 0 || one == 1, "uniform_classes holds " + std::to_string(one) + ", expected 0 or 1");
    check(k == 0 || params_.uniform_classes[k - 1] != one, "uniform_classes names a class twice");
  }
  uniform_hessian_ = 0.25 * (1.0 + 0.5 * params_.coefficient);
}

namespace {

// The events of one class: which they are, their protected variables column by column, and their weights.
struct ClassEvents {
  std::vector<std::uint32_t> events;
  std::vector<double> variables;
  std::vector<double> weight;
  std::string name;
};

ClassEvents events_of_class(const BoostingSample& sample, std::int32_t wanted, bool training) {
  ClassEvents result;
  for (std::size_t i = 0; i < sample.n; ++i) {
    if (sample.class_index[i] == wanted) result.events.push_back(static_cast<std::uint32_t>(i));
  }
  const std::string name = "class " + std::to_string(wanted);
  check(!result.events.empty(), name + " has no events");
  result.name = training ? name : "validation sample, " + name;
  result.variables.reserve(result.events.size() * sample.n_spectators);
  for (std::size_t j = 0; j < sample.n_spectators; ++j) {
    for (const std::uint32_t i : result.events) result.variables.push_back(sample.spectators[j * sample.n + i]);
  }
  for (const std::uint32_t i : result.events) result.weight.push_back(sample.weight[i]);
  return result;
}

}  // namespace

// With the bins of the training sample.
FlatnessLoss::ClassTerm FlatnessLoss::bin_class(const BoostingSample& sample, std::size_t number, bool training) {
  ClassEvents mine = events_of_class(sample, params_.uniform_classes[number], training);
  const std::size_t m = mine.events.size();
  if (training) {
    bins_.push_back(
        ProtectedBins::find(mine.variables.data(), m, sample.n_spectators, mine.weight.data(), params_.n_bins));
  }
  std::vector<std::int32_t> bin(m);
  for (std::size_t k = 0; k < m; ++k) bin[k] = bins_[number].bin(mine.variables.data(), m, k);
  auto term = std::make_unique<FlatnessTerm>(std::move(bin), mine.weight, bins_[number].bin_count(),
                                             training ? params_.min_events_in_bin : 1.0, mine.name);
  return {std::move(mine.events), std::move(term)};
}

// Among the events of the sample itself.
FlatnessLoss::ClassTerm FlatnessLoss::surround_class(const Context& context, const BoostingSample& sample,
                                                     std::size_t number, bool training) {
  ClassEvents mine = events_of_class(sample, params_.uniform_classes[number], training);
  auto term = std::make_unique<NeighbourFlatnessTerm>(
      context, mine.variables.data(), mine.events.size(), sample.n_spectators, mine.weight, params_.n_neighbours,
      static_cast<std::size_t>(params_.n_neighbourhoods), mine.name);
  return {std::move(mine.events), std::move(term)};
}

void FlatnessLoss::prepare(const Context& context, const BoostingSample& sample) {
  const bool training = terms_.empty();
  check(sample.n_spectators > 0, "protected variables are needed for every event, none were given");
  check(sample.n_spectators <= ProtectedBins::maximum_variables,
        "there can be at most 4 protected variables, got " + std::to_string(sample.n_spectators));
  if (training) n_variables_ = sample.n_spectators;
  check(n_variables_ == sample.n_spectators, "the validation sample has " + std::to_string(sample.n_spectators) +
                                                 " protected variables, the training " + std::to_string(n_variables_));
  std::vector<ClassTerm> terms;
  for (std::size_t c = 0; c < params_.uniform_classes.size(); ++c) {
    terms.push_back(params_.n_neighbours > 0 ? surround_class(context, sample, c, training)
                                             : bin_class(sample, c, training));
  }
  terms_.emplace(&sample, std::move(terms));
}

std::vector<double> FlatnessLoss::base_scores(const BoostingSample& training) const {
  return LogisticLoss().base_scores(training);
}

void FlatnessLoss::evaluate(const BoostingSample& sample, const double* score, Range range, double* loss,
                            double* gradient, double* hessian, std::size_t /*stride*/) const {
  const std::size_t n = range.end - range.begin;
  logistic_loss(score + range.begin, sample.target.data() + range.begin, n, loss, gradient, hessian);
  double of_class[2] = {0.25, 0.25};
  for (const std::int32_t one : params_.uniform_classes) of_class[one] = uniform_hessian_;
  for (std::size_t i = 0; i < n; ++i) hessian[i] = of_class[sample.class_index[range.begin + i]];
}

void FlatnessLoss::evaluate_all(const Context& context, const BoostingSample& sample, const double* score,
                                double* loss, double* gradient, double* hessian) const {
  Loss::evaluate_all(context, sample, score, loss, gradient, hessian);
  for (const ClassTerm& one : terms_.at(&sample)) {
    const std::size_t m = one.events.size();
    scores_.resize(m);
    derivatives_.resize(m);
    for (std::size_t k = 0; k < m; ++k) scores_[k] = score[one.events[k]];
    for (const double s : scores_) check(std::isfinite(s), "boosting diverges: a smaller learning_rate is needed");
    const double value =
        params_.coefficient * one.term->evaluate(context, scores_.data(), params_.power, derivatives_.data());
    for (std::size_t k = 0; k < m; ++k) {
      gradient[one.events[k]] += params_.coefficient * derivatives_[k];
      loss[one.events[k]] += value;
    }
  }
}

}  // namespace diskern::trees

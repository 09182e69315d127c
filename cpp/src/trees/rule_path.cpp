#include "trees/rule_path.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/executor.hpp"
#include "diskern/error.hpp"

namespace diskern::trees {

namespace {

constexpr std::size_t chunk_size = 4096;
// The search for tau looks at so many events of the path.
constexpr std::size_t search_events = 4000;
constexpr std::size_t search_steps = 100;
constexpr std::size_t steps_between_looks = 8;  // for Ctrl-C

// A point of the path and the way to the next one.
class Walk {
 public:
  Walk(const TermValues& values, std::size_t events, double tau, double step)
      : values_(values),
        n_(std::min(events, values.events)),
        tau_(tau),
        step_(step),
        mean_(values.terms, 0.0),
        coefficient_(values.terms, 0.0),
        gradient_(values.terms, 0.0),
        response_(n_) {
    double sum = 0.0;
    for (std::size_t i = 0; i < n_; ++i) {
      sum += values_.weight[i];
      mean_target_ += values_.weight[i] * values_.target[i];
      const float* row = values_.by_event.data() + i * values_.terms;
      for (std::size_t k = 0; k < values_.terms; ++k) mean_[k] += values_.weight[i] * static_cast<double>(row[k]);
    }
    scale_ = 2.0 / sum;
    mean_target_ /= sum;
    for (double& one : mean_) one /= sum;
    std::fill(response_.begin(), response_.end(), mean_target_);
  }

  // Serial: sums of chunks in their order, so that the path does not depend on threads.
  void advance(const Context& context) {
    const std::size_t terms = values_.terms;
    const std::size_t chunks = chunk_count(n_, chunk_size);
    part_.assign(chunks * (terms + 1), 0.0);
    parallel_for(
        context, chunks,
        [&](std::size_t chunk) {
          double* sums = part_.data() + chunk * (terms + 1);
          const Range range = chunk_range(n_, chunk_size, chunk);
          for (std::size_t i = range.begin; i < range.end; ++i) {
            if (!(std::abs(response_[i]) < 1.0)) continue;  // the loss is flat there
            const double pull = scale_ * values_.weight[i] * (values_.target[i] - response_[i]);
            const float* row = values_.by_event.data() + i * terms;
            for (std::size_t k = 0; k < terms; ++k) sums[k] += pull * static_cast<double>(row[k]);
            sums[terms] += pull;
          }
        },
        static_cast<double>(n_ * terms) * 0.5);
    for (std::size_t chunk = 1; chunk < chunks; ++chunk) {
      for (std::size_t k = 0; k <= terms; ++k) part_[k] += part_[chunk * (terms + 1) + k];
    }
    double largest = 0.0;
    for (std::size_t k = 0; k < terms; ++k) {
      gradient_[k] = part_[k] - part_[terms] * mean_[k];  // the offset follows the coefficients
      largest = std::max(largest, std::abs(gradient_[k]));
    }
    if (largest == 0.0) return;
    for (std::size_t k = 0; k < terms; ++k) {
      if (std::abs(gradient_[k]) < tau_ * largest) gradient_[k] = 0.0;
      coefficient_[k] += step_ * gradient_[k];
    }
    parallel_for(
        context, chunks,
        [&](std::size_t chunk) {
          const Range range = chunk_range(n_, chunk_size, chunk);
          for (std::size_t k = 0; k < terms; ++k) {
            if (gradient_[k] == 0.0) continue;
            const double length = step_ * gradient_[k];
            const double away = length * mean_[k];
            const float* column = values_.by_term.data() + k * values_.events;
            for (std::size_t i = range.begin; i < range.end; ++i) {
              response_[i] += length * static_cast<double>(column[i]) - away;
            }
          }
        },
        static_cast<double>(n_ * terms) * 0.3);
  }

  const std::vector<double>& coefficient() const noexcept { return coefficient_; }
  double offset() const noexcept { return offset_of(coefficient_); }
  double offset_of(const std::vector<double>& coefficient) const noexcept {
    double offset = mean_target_;
    for (std::size_t k = 0; k < coefficient.size(); ++k) offset -= coefficient[k] * mean_[k];
    return offset;
  }

  // Of events apart from those of the walk.
  std::vector<double> responses(const TermValues& other) const {
    std::vector<double> result(other.events, offset());
    for (std::size_t k = 0; k < other.terms; ++k) {
      if (coefficient_[k] == 0.0) continue;
      const float* column = other.by_term.data() + k * other.events;
      for (std::size_t i = 0; i < other.events; ++i) result[i] += coefficient_[k] * static_cast<double>(column[i]);
    }
    return result;
  }
  double risk(const TermValues& other) const {
    const std::vector<double> response = responses(other);
    double sum = 0.0;
    double all = 0.0;
    for (std::size_t i = 0; i < other.events; ++i) {
      const double distance = other.target[i] - std::clamp(response[i], -1.0, 1.0);
      sum += other.weight[i] * distance * distance;
      all += other.weight[i];
    }
    return sum / all;
  }

 private:
  const TermValues& values_;
  std::size_t n_;
  double tau_;
  double step_;
  double scale_ = 0.0;
  double mean_target_ = 0.0;
  std::vector<double> mean_;
  std::vector<double> coefficient_;
  std::vector<double> gradient_;
  std::vector<double> response_;
  std::vector<double> part_;
};

// The one of these values whose path has the least risk for the events for errors. All walk side by side; after a while the
// worse half is given up, which leaves more steps for the others.
double best_tau(const Context& context, const RulePathParams& params, const TermValues& path,
                const TermValues& validation, const std::vector<double>& taus) {
  std::vector<Walk> walks;
  for (const double tau : taus) walks.emplace_back(path, search_events, tau, params.step);
  std::vector<std::size_t> alive(walks.size());
  std::iota(alive.begin(), alive.end(), std::size_t{0});
  std::vector<double> risk(walks.size(), 0.0);
  std::size_t steps = std::max<std::size_t>(1, std::min(search_steps, params.steps / 10));
  while (alive.size() > 1) {
    // A few steps at a time, so that Ctrl-C is seen soon.
    for (std::size_t done = 0; done < steps; done += steps_between_looks) {
      if (context.interrupted()) throw Interrupted();
      const std::size_t now = std::min(steps_between_looks, steps - done);
      parallel_for(context, alive.size(), [&](std::size_t index) {
        for (std::size_t s = 0; s < now; ++s) walks[alive[index]].advance(Context{});
      });
    }
    parallel_for(context, alive.size(),
                 [&](std::size_t index) { risk[alive[index]] = walks[alive[index]].risk(validation); });
    std::stable_sort(alive.begin(), alive.end(), [&](std::size_t i, std::size_t j) { return risk[i] < risk[j]; });
    alive.resize((alive.size() + 1) / 2);
    steps += steps / 2;
  }
  return taus[alive[0]];
}

// In steps of a tenth between 0 and 1, then in those of the precision around the best of them.
double find_tau(const Context& context, const RulePathParams& params, const TermValues& path,
                const TermValues& validation) {
  const double coarse = std::max(params.precision, 0.1);
  const auto grid = [](double low, double high, double step) {
    std::vector<double> taus;
    const auto intervals = static_cast<std::size_t>(std::ceil((high - low) / step - 1e-9));
    for (std::size_t k = 0; k <= intervals; ++k) taus.push_back(std::min(high, low + static_cast<double>(k) * step));
    return taus;
  };
  const double found = best_tau(context, params, path, validation, grid(0.0, 1.0, coarse));
  if (coarse == params.precision) return found;
  const double low = std::max(0.0, found - coarse + params.precision);
  const double high = std::min(1.0, found + coarse - params.precision);
  return best_tau(context, params, path, validation, grid(low, high, params.precision));
}

}  // namespace

double roc_error(const std::vector<double>& response, const std::vector<double>& target,
                 const std::vector<double>& weight) {
  for (const double one : response) {  // no number has no place in an order
    if (!std::isfinite(one)) throw InvalidArgument("the path diverges: GDStep is too large");
  }
  std::vector<std::size_t> order(response.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return response[a] < response[b]; });
  double area = 0.0;
  double signal = 0.0;
  double background = 0.0;
  for (std::size_t begin = 0; begin < order.size();) {
    double tied_signal = 0.0;
    double tied_background = 0.0;
    std::size_t end = begin;
    for (; end < order.size() && response[order[end]] == response[order[begin]]; ++end) {
      (target[order[end]] > 0.0 ? tied_signal : tied_background) += weight[order[end]];
    }
    area += tied_signal * (background + 0.5 * tied_background);
    signal += tied_signal;
    background += tied_background;
    begin = end;
  }
  const double product = signal * background;
  return product > 0.0 ? 1.0 - area / product : 0.5;
}

RulePath follow_rule_path(const Context& context, const RulePathParams& params, const TermValues& path,
                          const TermValues& validation) {
  RulePath result;
  result.tau = params.tau >= 0.0 ? params.tau : find_tau(context, params, path, validation);
  Walk walk(path, path.events, result.tau, params.step);
  result.coefficient = walk.coefficient();
  const std::size_t every = std::clamp<std::size_t>(params.steps / 100, 1, 100);
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t step = 1; step <= params.steps; ++step) {
    if (step % steps_between_looks == 0 && context.interrupted()) {
      if (result.best_step == 0) throw Interrupted();
      result.interrupted = true;
      break;
    }
    walk.advance(context);
    if (step % every != 0 && step != params.steps) continue;
    const double error = roc_error(walk.responses(validation), validation.target, validation.weight);
    result.step.push_back(static_cast<double>(step));
    result.error.push_back(error);
    context.report({step, params.steps, error});
    if (error < least) {
      least = error;
      result.coefficient = walk.coefficient();
      result.best_step = step;
    } else if (error > least * params.error_scale) {
      break;
    }
  }
  result.offset = walk.offset_of(result.coefficient);
  result.still_falling = result.best_step == params.steps;
  return result;
}

}  // namespace diskern::trees

// Training of support vector machines.
#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "base/executor.hpp"
#include "diskern/error.hpp"
#include "statistics/kernel_machine.hpp"
#include "statistics/svm_kernel.hpp"

namespace diskern::statistics {

namespace {

// Rows of the kernel matrix, the most recently used ones kept.
class KernelRows {
 public:
  KernelRows(const Context& context, const SvmKernelParams& kernel, const std::vector<float>& columns, std::size_t n,
             std::size_t d)
      : context_(context), kernel_(kernel), columns_(columns), n_(n), d_(d), slot_of_(n, none) {
    constexpr std::size_t most_numbers = std::size_t{1} << 27;  // half a gigabyte
    slots_.resize(std::clamp<std::size_t>(most_numbers / std::max<std::size_t>(1, n), 2, n));
    row_of_.assign(slots_.size(), none);
    used_.assign(slots_.size(), 0);
  }

  const std::vector<float>& row(std::size_t i) {
    std::size_t slot = slot_of_[i];
    if (slot == none) {
      slot = free_ < slots_.size()
                 ? free_++
                 : static_cast<std::size_t>(std::min_element(used_.begin(), used_.end()) - used_.begin());
      if (row_of_[slot] != none) slot_of_[row_of_[slot]] = none;
      slot_of_[i] = slot;
      row_of_[slot] = i;
      fill(i, slots_[slot]);
    }
    used_[slot] = ++clock_;
    return slots_[slot];
  }

 private:
  static constexpr std::size_t none = std::numeric_limits<std::size_t>::max();

  void fill(std::size_t i, std::vector<float>& row) {
    row.resize(n_);
    std::vector<float> x(d_);
    for (std::size_t j = 0; j < d_; ++j) x[j] = columns_[j * n_ + i];
    parallel_for(
        context_, chunk_count(n_, kernel_block_size),
        [&](std::size_t chunk) {
          const diskern::Range range = chunk_range(n_, kernel_block_size, chunk);
          kernel_block(kernel_, x.data(), d_, columns_.data() + range.begin, n_, range.end - range.begin,
                       row.data() + range.begin);
        },
        static_cast<double>(n_ * (d_ + 3)) * 0.5);
  }

  const Context& context_;
  const SvmKernelParams& kernel_;
  const std::vector<float>& columns_;
  std::size_t n_;
  std::size_t d_;
  std::vector<std::vector<float>> slots_;
  std::vector<std::size_t> slot_of_;
  std::vector<std::size_t> row_of_;
  std::vector<std::uint64_t> used_;
  std::size_t free_ = 0;
  std::uint64_t clock_ = 0;
};

// The events with a weight, checked.
std::vector<std::size_t> used_events(View<const float, 2> events, View<const double> weight) {
  std::vector<std::size_t> used;
  for (std::size_t i = 0; i < events.rows(); ++i) {
    if (!(weight[i] >= 0.0) || !std::isfinite(weight[i])) {
      throw InvalidArgument("the weight of event " + std::to_string(i) + " is " + std::to_string(weight[i]) +
                            ", SVM takes weights of 0 and more; book IgnoreNegWeightsInTraining to leave others out");
    }
    for (std::size_t j = 0; j < events.columns(); ++j) {
      if (!std::isfinite(events(i, j))) {
        throw InvalidArgument("variable " + std::to_string(j) + " of event " + std::to_string(i) + " is " +
                              std::to_string(events(i, j)) + ", expected a finite number");
      }
    }
    if (weight[i] != 0.0) used.push_back(i);
  }
  return used;
}

void check_numbers(double C, double Tol, std::int64_t MaxIter) {
  if (!(C > 0.0 && std::isfinite(C))) {
    throw InvalidArgument("C is " + std::to_string(C) + ", expected a positive number");
  }
  if (!(Tol > 0.0 && std::isfinite(Tol))) {
    throw InvalidArgument("Tol is " + std::to_string(Tol) + ", expected a positive number");
  }
  if (MaxIter < 1) throw InvalidArgument("MaxIter is " + std::to_string(MaxIter) + ", expected 1 or more");
}

// The smallest of sum p alpha + 1/2 sum s s' alpha alpha' K with 0 <= alpha <= cost and sum s alpha = 0. Unknowns are
// several for one event in regression.
struct Dual {
  std::vector<std::size_t> event;  // of each unknown
  std::vector<double> sign;        // s
  std::vector<double> linear;      // p
  std::vector<double> cost;
};

struct Solution {
  std::vector<double> alpha;
  double threshold = 0.0;  // what the sum of s alpha K of an event, and its linear part over s, add up to
  double violation = 0.0;
  std::int64_t iterations = 0;
};

Solution solve(const Context& context, const SvmKernelParams& kernel, const std::vector<float>& columns, std::size_t n,
               std::size_t d, const Dual& dual, double tolerance, std::int64_t most) {
  const std::size_t m = dual.sign.size();
  KernelRows rows(context, kernel, columns, n, d);
  std::vector<double> diagonal(n);
  std::vector<float> x(d);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < d; ++j) x[j] = columns[j * n + i];
    float value = 0.0F;
    kernel_block(kernel, x.data(), d, columns.data() + i, n, 1, &value);
    diagonal[i] = static_cast<double>(value);
  }
  std::vector<float> row_i;
  Solution result;
  result.alpha.assign(m, 0.0);
  std::vector<double>& alpha = result.alpha;
  std::vector<double> gradient = dual.linear;
  const std::vector<double>& sign = dual.sign;
  const std::vector<double>& cost = dual.cost;
  const auto may_rise = [&](std::size_t i) { return sign[i] > 0 ? alpha[i] < cost[i] : alpha[i] > 0.0; };
  const auto may_fall = [&](std::size_t i) { return sign[i] > 0 ? alpha[i] > 0.0 : alpha[i] < cost[i]; };
  double upper = 0.0;
  double lower = 0.0;
  for (;; ++result.iterations) {
    if (result.iterations % 64 == 0 && context.interrupted()) throw Interrupted();
    std::size_t i = m;
    upper = -std::numeric_limits<double>::infinity();
    for (std::size_t t = 0; t < m; ++t) {
      const double value = -sign[t] * gradient[t];
      if (may_rise(t) && value > upper) {
        upper = value;
        i = t;
      }
    }
    lower = std::numeric_limits<double>::infinity();
    std::size_t j = m;
    double best = 0.0;
    if (i < m) {
      const std::vector<float>& row = rows.row(dual.event[i]);
      const double own = diagonal[dual.event[i]];
      for (std::size_t t = 0; t < m; ++t) {
        if (!may_fall(t)) continue;
        const double value = -sign[t] * gradient[t];
        lower = std::min(lower, value);
        const double gap = upper - value;
        if (gap <= 0.0) continue;
        const std::size_t e = dual.event[t];
        const double curvature = std::max(1e-12, own + diagonal[e] - 2.0 * static_cast<double>(row[e]));
        const double gain = gap * gap / curvature;
        if (gain > best) {
          best = gain;
          j = t;
        }
      }
    }
    result.violation = upper - lower;
    if (j == m || result.violation <= tolerance || result.iterations >= most) break;
    // One step along the pair; rows may replace each other in a small store, so that the first is copied.
    const std::size_t event_i = dual.event[i];
    const std::size_t event_j = dual.event[j];
    row_i = rows.row(event_i);
    const std::vector<float>& row_j = rows.row(event_j);
    const double curvature =
        std::max(1e-12, diagonal[event_i] + diagonal[event_j] - 2.0 * static_cast<double>(row_i[event_j]));
    double step = (-sign[i] * gradient[i] + sign[j] * gradient[j]) / curvature;
    step = std::min(step, sign[i] > 0 ? cost[i] - alpha[i] : alpha[i]);
    step = std::min(step, sign[j] > 0 ? alpha[j] : cost[j] - alpha[j]);
    alpha[i] = std::clamp(alpha[i] + sign[i] * step, 0.0, cost[i]);
    alpha[j] = std::clamp(alpha[j] - sign[j] * step, 0.0, cost[j]);
    for (std::size_t t = 0; t < m; ++t) {
      const std::size_t e = dual.event[t];
      gradient[t] += sign[t] * step * (static_cast<double>(row_i[e]) - static_cast<double>(row_j[e]));
    }
    if (result.iterations % 1024 == 0) context.report({static_cast<std::size_t>(result.iterations), 0, result.violation});
  }
  result.threshold = 0.5 * (upper + lower);
  return result;
}

std::int64_t most_steps(std::int64_t MaxIter, std::size_t n) {
  const std::int64_t largest = std::numeric_limits<std::int64_t>::max();
  return MaxIter > largest / static_cast<std::int64_t>(n) ? largest : MaxIter * static_cast<std::int64_t>(n);
}

std::vector<float> gathered(View<const float, 2> events, const std::vector<std::size_t>& used) {
  std::vector<float> columns(used.size() * events.columns());
  for (std::size_t i = 0; i < used.size(); ++i) {
    for (std::size_t j = 0; j < events.columns(); ++j) columns[j * used.size() + i] = events(used[i], j);
  }
  return columns;
}

// Of the events with a coefficient other than 0.
SvmResult machine(const SvmKernelParams& kernel, const std::vector<float>& columns, std::size_t n, std::size_t d,
                  const std::vector<double>& coefficient, double b, bool regression, const Solution& solution) {
  std::vector<float> vectors;
  std::vector<double> coefficients;
  for (std::size_t i = 0; i < n; ++i) {
    if (coefficient[i] == 0.0) continue;
    coefficients.push_back(coefficient[i]);
    for (std::size_t j = 0; j < d; ++j) vectors.push_back(columns[j * n + i]);
  }
  SvmResult result;
  result.iterations = solution.iterations;
  result.violation = solution.violation;
  result.predictor = std::make_shared<const KernelMachine>(d, kernel, std::move(vectors), std::move(coefficients), b,
                                                           regression);
  return result;
}

// float32, as in the weight files of TMVA.
double rounded(double value) { return static_cast<double>(static_cast<float>(value)); }

}  // namespace

SvmResult fit_svm(const Context& context, const SvmParams& params, View<const float, 2> events,
                  View<const std::int32_t> class_index, View<const double> weight) {
  const std::size_t d = events.columns();
  check_kernel(params.kernel, d);
  check_numbers(params.C, params.Tol, params.MaxIter);
  const std::vector<std::size_t> used = used_events(events, weight);
  double counts[2] = {0.0, 0.0};
  double sums[2] = {0.0, 0.0};
  for (const std::size_t i : used) {
    const std::size_t which = class_index[i] == params.signal_class ? 0 : 1;
    counts[which] += 1.0;
    sums[which] += weight[i];
  }
  if (counts[0] == 0.0 || counts[1] == 0.0) {
    throw InvalidArgument("SVM needs events of signal and of background with a weight, got " +
                          std::to_string(static_cast<std::size_t>(counts[0])) + " and " +
                          std::to_string(static_cast<std::size_t>(counts[1])));
  }
  const std::size_t n = used.size();
  // As many events of the smaller class weigh as much as those of the larger one.
  const double smaller = std::min(counts[0], counts[1]);
  Dual dual;
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t which = class_index[used[i]] == params.signal_class ? 0 : 1;
    dual.event.push_back(i);
    dual.sign.push_back(which == 0 ? -1.0 : 1.0);  // TMVA's typeFlag
    dual.linear.push_back(-1.0);
    dual.cost.push_back(params.C * smaller / counts[which] * weight[used[i]] * counts[which] / sums[which]);
  }
  const std::vector<float> columns = gathered(events, used);
  const Solution solution =
      solve(context, params.kernel, columns, n, d, dual, params.Tol, most_steps(params.MaxIter, n));
  std::vector<double> coefficient(n);
  for (std::size_t i = 0; i < n; ++i) coefficient[i] = rounded(solution.alpha[i]) * dual.sign[i];
  return machine(params.kernel, columns, n, d, coefficient, -solution.threshold, false, solution);
}

SvmResult fit_svm_regression(const Context& context, const SvmRegressionParams& params, View<const float, 2> events,
                             View<const double> target, View<const double> weight) {
  const std::size_t d = events.columns();
  check_kernel(params.kernel, d);
  check_numbers(params.C, params.Tol, params.MaxIter);
  if (!(params.Epsilon >= 0.0 && std::isfinite(params.Epsilon))) {
    throw InvalidArgument("Epsilon is " + std::to_string(params.Epsilon) + ", expected 0 or more");
  }
  const std::vector<std::size_t> used = used_events(events, weight);
  const std::size_t n = used.size();
  if (n < 2) throw InvalidArgument("SVM needs two or more events with a weight, got " + std::to_string(n));
  double sum = 0.0;
  for (const std::size_t i : used) {
    if (!std::isfinite(target[i])) throw InvalidArgument("the target of event " + std::to_string(i) + " is not finite");
    sum += weight[i];
  }
  // The first n unknowns pull the estimate up, the others down.
  Dual dual;
  for (const double sign : {1.0, -1.0}) {
    for (std::size_t i = 0; i < n; ++i) {
      dual.event.push_back(i);
      dual.sign.push_back(sign);
      dual.linear.push_back(params.Epsilon - sign * target[used[i]]);
      dual.cost.push_back(params.C * weight[used[i]] * static_cast<double>(n) / sum);
    }
  }
  const std::vector<float> columns = gathered(events, used);
  const Solution solution =
      solve(context, params.kernel, columns, n, d, dual, params.Tol, most_steps(params.MaxIter, n));
  std::vector<double> coefficient(n);
  for (std::size_t i = 0; i < n; ++i) coefficient[i] = rounded(solution.alpha[i] - solution.alpha[n + i]);
  return machine(params.kernel, columns, n, d, coefficient, solution.threshold, true, solution);
}

}  // namespace diskern::statistics

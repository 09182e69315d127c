// Descent in the manner of MINUIT's MIGRAD.
#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "base/random.hpp"
#include "diskern/error.hpp"
#include "statistics/fitter.hpp"
#include "statistics/fitter_points.hpp"

namespace diskern::statistics {

namespace {

// The parameters of MINUIT: unbounded inside, bounded outside.
class Bounded {
 public:
  explicit Bounded(const std::vector<Interval>& ranges) : ranges_(ranges) {
    for (std::size_t k = 0; k < ranges.size(); ++k) {
      if (ranges[k].minimum < ranges[k].maximum) free_.push_back(k);
    }
  }
  std::size_t free_count() const { return free_.size(); }
  std::vector<double> outside(const std::vector<double>& inside) const {
    std::vector<double> point;
    for (const Interval& range : ranges_) point.push_back(range.minimum);
    for (std::size_t i = 0; i < free_.size(); ++i) {
      const Interval& range = ranges_[free_[i]];
      point[free_[i]] = std::clamp(range.minimum + 0.5 * (range.maximum - range.minimum) * (std::sin(inside[i]) + 1.0),
                                   range.minimum, range.maximum);
    }
    return point;
  }
  std::vector<double> inside(const std::vector<double>& point) const {
    std::vector<double> result;
    for (const std::size_t k : free_) {
      const double unit = 2.0 * (point[k] - ranges_[k].minimum) / (ranges_[k].maximum - ranges_[k].minimum) - 1.0;
      // Not quite at the border, where the derivative vanishes.
      result.push_back(std::asin(std::clamp(unit, -0.9999, 0.9999)));
    }
    return result;
  }

 private:
  const std::vector<Interval>& ranges_;
  std::vector<std::size_t> free_;
};

// BFGS from one point with central differences; all points of one gradient or line search in one batch.
void descend(const Context& context, const DescentParams& params, const Bounded& bounded, Objective& objective,
             std::vector<double> u, FitResult& best) {
  const std::size_t n = bounded.free_count();
  std::vector<double> values;
  const auto at = [&](const Points& inside) {
    Points points;
    for (const auto& one : inside) points.push_back(bounded.outside(one));
    evaluate_points(context, objective, points, values);
    best.calls += points.size();
    return values;
  };
  double value = at({u})[0];
  const auto gradient_at = [&](const std::vector<double>& point) {
    constexpr double step = 1e-5;
    Points around;
    for (std::size_t k = 0; k < n; ++k) {
      for (const double sign : {1.0, -1.0}) {
        around.push_back(point);
        around.back()[k] += sign * step;
      }
    }
    const std::vector<double> result = at(around);
    std::vector<double> gradient(n);
    for (std::size_t k = 0; k < n; ++k) {
      gradient[k] = (result[2 * k] - result[2 * k + 1]) / (2.0 * step);
      if (!std::isfinite(gradient[k])) gradient[k] = 0.0;
    }
    return gradient;
  };
  std::vector<double> inverse(n * n, 0.0);
  const auto reset = [&] {
    std::fill(inverse.begin(), inverse.end(), 0.0);
    for (std::size_t k = 0; k < n; ++k) inverse[k * n + k] = 1.0;
  };
  reset();
  bool fresh = true;
  std::vector<double> gradient = gradient_at(u);
  for (std::int64_t iteration = 0; iteration < params.MaxCalls && n > 0; ++iteration) {
    std::vector<double> direction(n, 0.0);
    double slope = 0.0;
    for (std::size_t j = 0; j < n; ++j) {
      for (std::size_t k = 0; k < n; ++k) direction[j] -= inverse[j * n + k] * gradient[k];
      slope += direction[j] * gradient[j];
    }
    if (!(slope < 0.0)) {
      if (fresh) break;
      reset();
      fresh = true;
      continue;
    }
    // Steps of many sizes at once; the lowest is taken. A fresh direction has no scale of its own.
    double length = 0.0;
    for (const double one : direction) length += one * one;
    const double largest = fresh ? 1.0 / std::sqrt(length) : std::min(4.0, 3.0 / std::sqrt(length));
    Points line;
    std::vector<double> sizes;
    for (int k = 0; k < 24; ++k) {
      const double size = !fresh && k == 0 ? 1.0 : largest * std::pow(0.5, k);
      sizes.push_back(size);
      line.push_back(u);
      for (std::size_t j = 0; j < n; ++j) line.back()[j] += size * direction[j];
    }
    const std::vector<double> along = at(line);
    const auto lowest = static_cast<std::size_t>(std::min_element(along.begin(), along.end()) - along.begin());
    if (!(along[lowest] < value)) {
      if (fresh) break;
      reset();
      fresh = true;
      continue;
    }
    const double gained = value - along[lowest];
    const std::vector<double> before = u;
    const std::vector<double> gradient_before = gradient;
    u = line[lowest];
    value = along[lowest];
    gradient = gradient_at(u);
    std::vector<double> s(n);
    std::vector<double> y(n);
    double sy = 0.0;
    double estimated = 0.0;
    for (std::size_t k = 0; k < n; ++k) {
      s[k] = u[k] - before[k];
      y[k] = gradient[k] - gradient_before[k];
      sy += s[k] * y[k];
    }
    if (sy > 1e-300) {
      std::vector<double> hy(n, 0.0);
      double yhy = 0.0;
      double yy = 0.0;
      for (const double one : y) yy += one * one;
      if (fresh) {
        for (std::size_t k = 0; k < n; ++k) inverse[k * n + k] = sy / yy;
      }
      for (std::size_t j = 0; j < n; ++j) {
        for (std::size_t k = 0; k < n; ++k) hy[j] += inverse[j * n + k] * y[k];
        yhy += y[j] * hy[j];
      }
      for (std::size_t j = 0; j < n; ++j) {
        for (std::size_t k = 0; k < n; ++k) {
          inverse[j * n + k] += (1.0 + yhy / sy) * s[j] * s[k] / sy - (hy[j] * s[k] + s[j] * hy[k]) / sy;
        }
      }
      fresh = false;
    }
    for (std::size_t j = 0; j < n; ++j) {
      for (std::size_t k = 0; k < n; ++k) estimated += 0.5 * gradient[j] * inverse[j * n + k] * gradient[k];
    }
    const double scale = std::max(std::abs(value), 1e-12);
    if (!fresh && estimated < 1e-3 * params.Tolerance * params.ErrorLevel * 1e-6 * scale && gained < 1e-9 * scale) break;
  }
  const std::vector<double> found = bounded.outside(u);
  if (best.parameters.empty() || value < best.value) {
    best.parameters = found;
    best.value = value;
  }
  context.report({best.calls, 0, best.value});
}

}  // namespace

FitResult fit_descent(const Context& context, const DescentParams& params, const std::vector<Interval>& ranges,
                      Objective& objective, const std::vector<double>& start) {
  check_ranges(ranges);
  positive(params.MaxCalls, "MaxCalls");
  if (params.FitStrategy < 0 || params.FitStrategy > 2) {
    throw InvalidArgument("FitStrategy is " + std::to_string(params.FitStrategy) + ", expected 0, 1 or 2");
  }
  if (!(params.Tolerance > 0.0) || !(params.ErrorLevel > 0.0)) {
    throw InvalidArgument("Tolerance is " + std::to_string(params.Tolerance) + " and ErrorLevel " +
                          std::to_string(params.ErrorLevel) + ", expected positive numbers");
  }
  if (!start.empty() && start.size() != ranges.size()) {
    throw InvalidArgument("the start has " + std::to_string(start.size()) + " parameters, there are " +
                          std::to_string(ranges.size()) + " ranges");
  }
  const Bounded bounded(ranges);
  RandomSequence random(params.Seed, Purpose::minimisation);
  FitResult best{{}, worst, 0};
  std::vector<double> first = start;
  if (first.empty()) {
    for (const Interval& range : ranges) first.push_back(0.5 * (range.minimum + range.maximum));
  }
  descend(context, params, bounded, objective, bounded.inside(first), best);
  std::int64_t others = start.empty() ? (params.FitStrategy == 2 ? 8 : params.FitStrategy == 1 ? 2 : 0) : 0;
  for (; others > 0; --others) {
    descend(context, params, bounded, objective, bounded.inside(random_point(ranges, random)), best);
  }
  if (params.UseImprove) {
    std::vector<double> near = best.parameters;
    for (std::size_t k = 0; k < near.size(); ++k) {
      near[k] = reflected(near[k] + 0.1 * (ranges[k].maximum - ranges[k].minimum) * random.normal(), ranges[k]);
    }
    descend(context, params, bounded, objective, bounded.inside(near), best);
  }
  return best;
}

}  // namespace diskern::statistics

#include "statistics/fitter.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <utility>

#include "base/random.hpp"
#include "diskern/error.hpp"

namespace diskern::statistics {

namespace {

using Points = std::vector<std::vector<double>>;

constexpr double worst = std::numeric_limits<double>::infinity();

// Evaluates and replaces what is not finite.
void evaluate(const Context& context, Objective& objective, const Points& points, std::vector<double>& values) {
  if (context.interrupted()) throw Interrupted();
  values.assign(points.size(), worst);
  if (!points.empty()) objective.evaluate(context, points, values);
  for (double& value : values) {
    if (!std::isfinite(value)) value = worst;
  }
}

std::vector<double> random_point(const std::vector<Interval>& ranges, RandomSequence& random) {
  std::vector<double> point;
  for (const Interval& range : ranges) {
    point.push_back(range.minimum + (range.maximum - range.minimum) * random.uniform());
  }
  return point;
}

// Back into the range by reflection, so that no mass gathers at the borders.
double reflected(double x, const Interval& range) {
  const double width = range.maximum - range.minimum;
  if (!(width > 0.0)) return range.minimum;
  double position = std::fmod(std::abs(x - range.minimum), 2.0 * width);
  if (position > width) position = 2.0 * width - position;
  return std::clamp(range.minimum + position, range.minimum, range.maximum);
}

void positive(std::int64_t value, const char* name) {
  if (value < 1) throw InvalidArgument(std::string(name) + " is " + std::to_string(value) + ", expected 1 or more");
}

}  // namespace

void check_ranges(const std::vector<Interval>& ranges) {
  if (ranges.empty()) throw InvalidArgument("the fit has no parameters");
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    const auto [low, high] = ranges[i];
    if (!std::isfinite(low) || !std::isfinite(high) || low > high) {
      throw InvalidArgument("the range of parameter " + std::to_string(i) + " is (" + std::to_string(low) + ", " +
                            std::to_string(high) + "), expected two finite numbers in order");
    }
  }
}

FitResult fit_monte_carlo(const Context& context, const MonteCarloParams& params, const std::vector<Interval>& ranges,
                          Objective& objective) {
  check_ranges(ranges);
  positive(params.SampleSize, "SampleSize");
  RandomSequence random(params.Seed, Purpose::minimisation);
  // Blocks of a fixed size, so that the best point which later steps start from is that of the block before, for any
  // number of threads.
  const std::size_t block_size = params.Sigma > 0.0 ? 16 : 512;
  FitResult best{{}, worst, 0};
  const auto total = static_cast<std::size_t>(params.SampleSize);
  Points points;
  std::vector<double> values;
  while (best.calls < total) {
    points.clear();
    for (std::size_t i = 0; i < std::min(block_size, total - best.calls); ++i) {
      if (params.Sigma > 0.0 && !best.parameters.empty()) {
        std::vector<double> point = best.parameters;
        for (std::size_t k = 0; k < point.size(); ++k) {
          const double step = params.Sigma * (ranges[k].maximum - ranges[k].minimum);
          point[k] = reflected(point[k] + step * random.normal(), ranges[k]);
        }
        points.push_back(std::move(point));
      } else {
        points.push_back(random_point(ranges, random));
      }
    }
    evaluate(context, objective, points, values);
    best.calls += points.size();
    const auto lowest = static_cast<std::size_t>(std::min_element(values.begin(), values.end()) - values.begin());
    if (best.parameters.empty() || values[lowest] < best.value) {
      best.parameters = points[lowest];
      best.value = values[lowest];
    }
    context.report({best.calls, total, best.value});
  }
  return best;
}

namespace {

struct Individual {
  std::vector<double> genes;
  double value = worst;
};

void sort_by_value(std::vector<Individual>& population) {
  std::stable_sort(population.begin(), population.end(),
                   [](const Individual& a, const Individual& b) { return a.value < b.value; });
}

void assess(const Context& context, Objective& objective, std::vector<Individual>& population, std::size_t first,
            FitResult& result) {
  Points points;
  for (std::size_t i = first; i < population.size(); ++i) points.push_back(population[i].genes);
  std::vector<double> values;
  evaluate(context, objective, points, values);
  for (std::size_t i = first; i < population.size(); ++i) population[i].value = values[i - first];
  result.calls += points.size();
}

}  // namespace

FitResult fit_genetic(const Context& context, const GeneticParams& params, const std::vector<Interval>& ranges,
                      Objective& objective) {
  check_ranges(ranges);
  positive(params.PopSize, "PopSize");
  positive(params.Steps, "Steps");
  positive(params.Cycles, "Cycles");
  positive(params.SC_steps, "SC_steps");
  if (!(params.SC_factor > 0.0 && params.SC_factor <= 1.0)) {
    throw InvalidArgument("SC_factor is " + std::to_string(params.SC_factor) + ", expected above 0 and at most 1");
  }
  if (params.SaveBestGen < 0 || params.SaveBestCycle < 0) {
    throw InvalidArgument("SaveBestGen and SaveBestCycle must be 0 or more");
  }
  RandomSequence random(params.Seed, Purpose::minimisation);
  const auto size = static_cast<std::size_t>(params.PopSize);
  const std::size_t elite = std::min(static_cast<std::size_t>(params.SaveBestGen), size);
  constexpr double gene_mutation_rate = 0.2;
  constexpr double initial_spread = 0.1;
  constexpr std::size_t most_generations = 10000;

  FitResult best{{}, worst, 0};
  std::vector<Individual> saved;
  for (std::int64_t cycle = 0; cycle < params.Cycles; ++cycle) {
    std::vector<Individual> population;
    // The last cycle starts with the best of those before.
    if (cycle + 1 == params.Cycles) population = saved;
    if (population.size() > size) population.resize(size);
    while (population.size() < size) population.push_back({random_point(ranges, random), worst});
    assess(context, objective, population, 0, best);
    sort_by_value(population);

    double spread = initial_spread;
    double lowest = population.front().value;
    std::int64_t successes = 0;
    std::int64_t counted = 0;
    std::int64_t without_improvement = 0;
    for (std::size_t generation = 0; generation < most_generations && without_improvement < params.Steps;
         ++generation) {
      // The best stay; pairs of the better half have children, which mutate.
      std::vector<Individual> next(population.begin(), population.begin() + static_cast<std::ptrdiff_t>(elite));
      const std::size_t parents = std::max<std::size_t>(1, population.size() / 2);
      while (next.size() < size) {
        const std::vector<double>& mother = population[random.below(parents)].genes;
        const std::vector<double>& father = population[random.below(parents)].genes;
        std::vector<double> child(ranges.size());
        for (std::size_t k = 0; k < child.size(); ++k) {
          child[k] = random.uniform() < 0.5 ? mother[k] : father[k];
          if (random.uniform() < gene_mutation_rate) {
            const double step = spread * (ranges[k].maximum - ranges[k].minimum);
            child[k] = reflected(child[k] + step * random.normal(), ranges[k]);
          }
        }
        next.push_back({std::move(child), worst});
      }
      assess(context, objective, next, elite, best);
      if (!params.Trim) {
        // Parents compete with their children.
        next.insert(next.end(), population.begin() + static_cast<std::ptrdiff_t>(elite), population.end());
      }
      sort_by_value(next);
      next.resize(size);
      population = std::move(next);

      const double now = population.front().value;
      if (now < lowest) ++successes;
      without_improvement = lowest - now > params.ConvCrit ? 0 : without_improvement + 1;
      lowest = std::min(lowest, now);
      if (++counted >= params.SC_steps) {
        if (successes > params.SC_rate) spread = std::min(1.0, spread / params.SC_factor);
        if (successes < params.SC_rate) spread *= params.SC_factor;
        successes = 0;
        counted = 0;
      }
      context.report({static_cast<std::size_t>(cycle), static_cast<std::size_t>(params.Cycles), lowest});
    }
    if (best.parameters.empty() || population.front().value < best.value) {
      best.parameters = population.front().genes;
      best.value = population.front().value;
    }
    const auto kept = std::min(static_cast<std::size_t>(params.SaveBestCycle), population.size());
    saved.insert(saved.end(), population.begin(), population.begin() + static_cast<std::ptrdiff_t>(kept));
    sort_by_value(saved);
  }
  return best;
}

namespace {

// Temperature of round i by the schedule, as a part of the initial one.
double temperature_of(const AnnealingParams& params, double scale, std::size_t i, double stuck, double current) {
  const double n = static_cast<double>(i) + 1.0;
  switch (params.KernelTemp) {
    case KernelTemperature::Sqrt:
      return scale / std::sqrt(n);
    case KernelTemperature::Log:
      return scale / std::log(n + 1.0);
    case KernelTemperature::Homo:
      return scale / n;
    case KernelTemperature::Sin:
      return (std::sin(n / scale) + 1.0) / n;
    case KernelTemperature::Geo:
      return current * scale;
    case KernelTemperature::IncAdaptive:
      // Grows from nothing with the number of calls without an improvement.
      return 0.01 * scale * std::log(1.0 + params.TempAdaptiveStep * stuck);
    case KernelTemperature::DecAdaptive:
      return stuck > 0.0 ? current * (1.0 - params.TempAdaptiveStep) : current;
  }
  return scale;
}

}  // namespace

FitResult fit_annealing(const Context& context, const AnnealingParams& params, const std::vector<Interval>& ranges,
                        Objective& objective) {
  check_ranges(ranges);
  positive(params.MaxCalls, "MaxCalls");
  if (!(params.MinTemp > 0.0) || !(params.InitialTemp >= params.MinTemp)) {
    throw InvalidArgument("InitialTemp is " + std::to_string(params.InitialTemp) + " and MinTemp " +
                          std::to_string(params.MinTemp) + ", expected InitialTemp >= MinTemp > 0");
  }
  RandomSequence random(params.Seed, Purpose::minimisation);
  // Several walkers, each with calls of its own, so that the objective gets batches; the number is fixed.
  constexpr std::size_t walkers = 16;
  const auto total = static_cast<std::size_t>(params.MaxCalls);
  FitResult best{{}, worst, 0};
  Points at;
  for (std::size_t w = 0; w < std::min(walkers, total); ++w) at.push_back(random_point(ranges, random));
  std::vector<double> value;
  evaluate(context, objective, at, value);
  best.calls = at.size();
  double spread_of_values = 0.0;
  {
    std::vector<double> finite;
    std::copy_if(value.begin(), value.end(), std::back_inserter(finite), [](double v) { return v < worst; });
    if (finite.size() > 1) {
      const auto [low, high] = std::minmax_element(finite.begin(), finite.end());
      spread_of_values = *high - *low;
    }
  }
  const double initial = params.UseDefaultTemp && spread_of_values > 0.0 ? spread_of_values : params.InitialTemp;
  // The default scale brings the schedule to the size of the differences between values.
  double scale = params.TempScale;
  if (params.UseDefaultScale) {
    scale = params.KernelTemp == KernelTemperature::Geo
                ? std::pow(params.MinTemp / initial, static_cast<double>(at.size()) / static_cast<double>(total))
                : 1.0;
  }
  std::vector<double> stuck(at.size(), 0.0);
  const double coldest = params.MinTemp / initial;
  std::vector<double> temperature(at.size(), 1.0);
  std::vector<double> step(at.size(), 0.5);  // of the ranges
  const auto keep_best = [&] {
    for (std::size_t w = 0; w < at.size(); ++w) {
      if (best.parameters.empty() || value[w] < best.value) {
        best.value = value[w];
        best.parameters = at[w];
      }
    }
  };
  keep_best();
  const std::size_t rounds_of_stage = std::max<std::size_t>(1, total / (at.size() * 12));
  Points tried(at.size());
  std::vector<double> tried_value;
  double last_best = best.value;
  std::size_t unchanged = 0;
  for (std::size_t round = 1; best.calls < total; ++round) {
    for (std::size_t w = 0; w < at.size(); ++w) {
      tried[w] = at[w];
      // One parameter at a time or all, from large steps to small ones.
      const bool all = random.uniform() < 0.3;
      const std::size_t one = random.below(ranges.size());
      for (std::size_t k = 0; k < ranges.size(); ++k) {
        if (!all && k != one) continue;
        const double width = ranges[k].maximum - ranges[k].minimum;
        tried[w][k] = reflected(at[w][k] + step[w] * width * random.normal(), ranges[k]);
      }
    }
    evaluate(context, objective, tried, tried_value);
    best.calls += tried.size();
    const double left = 1.0 - std::min(1.0, static_cast<double>(best.calls) / static_cast<double>(total));
    for (std::size_t w = 0; w < at.size(); ++w) {
      temperature[w] = std::max(coldest, temperature_of(params, scale, round, stuck[w], temperature[w]));
      const double difference = tried_value[w] - value[w];
      const double relative = spread_of_values > 0.0 ? difference / spread_of_values : difference;
      const bool better = difference < 0.0;
      // Whatever the schedule, the end is cold.
      const double hot = std::max(coldest, temperature[w] * left * left);
      if (better || random.uniform() < std::exp(-relative / hot)) {
        at[w] = tried[w];
        value[w] = tried_value[w];
      }
      stuck[w] = better ? 0.0 : stuck[w] + params.AdaptiveSpeed;
      // Successes widen the steps, failures narrow them to a fifth of successes.
      step[w] = std::clamp(step[w] * (better ? 1.5 : 0.92), 1e-7, 0.5);
      if (step[w] <= 1e-7) {  // frozen: a new start at the best point with larger steps
        step[w] = 0.1;
        at[w] = best.parameters;
        value[w] = best.value;
      }
    }
    keep_best();
    if (round % rounds_of_stage == 0) {
      // The worse half of the walkers goes on from the best point.
      std::vector<std::size_t> order(at.size());
      std::iota(order.begin(), order.end(), std::size_t{0});
      std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return value[a] < value[b]; });
      for (std::size_t i = order.size() / 2; i < order.size(); ++i) {
        at[order[i]] = best.parameters;
        value[order[i]] = best.value;
      }
    }
    unchanged = std::abs(last_best - best.value) <= params.Eps * std::abs(best.value) ? unchanged + 1 : 0;
    last_best = best.value;
    if (unchanged > 2000) break;
    if (round % 64 == 0) context.report({best.calls, total, best.value});
  }
  return best;
}

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
    evaluate(context, objective, points, values);
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

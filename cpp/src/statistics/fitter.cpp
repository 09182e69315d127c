#include "statistics/fitter.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <utility>

#include "base/random.hpp"
#include "diskern/error.hpp"
#include "statistics/fitter_points.hpp"

namespace diskern::statistics {

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
    evaluate_points(context, objective, points, values);
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
  evaluate_points(context, objective, points, values);
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
  evaluate_points(context, objective, at, value);
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
    evaluate_points(context, objective, tried, tried_value);
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

}  // namespace diskern::statistics

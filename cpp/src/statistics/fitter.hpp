#pragma once
// Minimisers of functions of a few parameters in given ranges, under TMVA's names (tmva.md 2.2): Monte Carlo sampling,
// a genetic algorithm, simulated annealing, and descent in the manner of MINUIT's MIGRAD.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "diskern/context.hpp"

namespace diskern::statistics {

struct Interval {
  double minimum;
  double maximum;  // equal to the minimum: the parameter is fixed
};

// What is minimised. Many points are asked for at once, so that an objective may use several threads; it must give the
// same values for any number of them.
class Objective {
 public:
  virtual ~Objective() = default;
  // values[i] for points[i]. A value that is not finite counts as worse than any other.
  virtual void evaluate(const Context& context, const std::vector<std::vector<double>>& points,
                        std::vector<double>& values) = 0;
};

struct FitResult {
  std::vector<double> parameters;
  double value = 0.0;
  std::size_t calls = 0;  // of the objective
};

struct MonteCarloParams {
  std::int64_t SampleSize = 100000;
  double Sigma = -1.0;  // > 0: Gaussian steps of this fraction of the range about the best point so far
  std::uint32_t Seed = 100;
};

struct GeneticParams {
  std::int64_t PopSize = 300;
  std::int64_t Steps = 40;  // generations without an improvement by ConvCrit that end a cycle
  std::int64_t Cycles = 3;
  std::int64_t SC_steps = 10;  // generations over which successes are counted
  std::int64_t SC_rate = 5;    // successes above which the spread grows, below which it shrinks
  double SC_factor = 0.95;
  double ConvCrit = 0.001;
  std::int64_t SaveBestGen = 1;     // individuals that survive a generation unchanged
  std::int64_t SaveBestCycle = 10;  // individuals of every cycle that the last cycle starts with
  bool Trim = false;                // cut the population back to PopSize after each generation
  std::uint32_t Seed = 100;
};

enum class KernelTemperature : std::uint8_t { IncAdaptive, DecAdaptive, Sqrt, Log, Sin, Homo, Geo };

struct AnnealingParams {
  std::int64_t MaxCalls = 100000;
  double InitialTemp = 1e6;  // temperatures count as parts of it; at it, the spread of values at random points is one
  double MinTemp = 1e-6;
  double Eps = 1e-10;  // the fit ends when values change by less, relative to their size
  double TempScale = 1.0;
  double AdaptiveSpeed = 1.0;
  double TempAdaptiveStep = 0.009875;
  bool UseDefaultScale = false;
  bool UseDefaultTemp = false;
  KernelTemperature KernelTemp = KernelTemperature::IncAdaptive;
  std::uint32_t Seed = 100;
};

struct DescentParams {
  double ErrorLevel = 1.0;         // the scale on which Tolerance counts
  std::int64_t FitStrategy = 2;    // 0, 1, 2: how many points the descent starts from (1, 3, 9)
  bool UseImprove = true;          // look for a lower minimum from points around the one found
  std::int64_t MaxCalls = 1000;    // iterations of one descent
  double Tolerance = 0.1;          // descent ends at an estimated distance below 0.001 Tolerance ErrorLevel
  std::uint32_t Seed = 100;
};

// All throw InvalidArgument for parameters or ranges that make no sense, Interrupted when the user asks to stop. The
// same seed gives the same result for any number of threads.
FitResult fit_monte_carlo(const Context& context, const MonteCarloParams& params, const std::vector<Interval>& ranges,
                          Objective& objective);
FitResult fit_genetic(const Context& context, const GeneticParams& params, const std::vector<Interval>& ranges,
                      Objective& objective);
FitResult fit_annealing(const Context& context, const AnnealingParams& params, const std::vector<Interval>& ranges,
                        Objective& objective);
// start empty: the middle of the ranges. Derivatives are differences; the ranges are kept by MINUIT's transformation to
// an unbounded parameter, x = minimum + (maximum - minimum) / 2 (sin u + 1).
FitResult fit_descent(const Context& context, const DescentParams& params, const std::vector<Interval>& ranges,
                      Objective& objective, const std::vector<double>& start = {});

void check_ranges(const std::vector<Interval>& ranges);

}  // namespace diskern::statistics

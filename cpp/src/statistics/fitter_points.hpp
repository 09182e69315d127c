#pragma once
// What the minimisers share.

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "diskern/error.hpp"
#include "statistics/fitter.hpp"

namespace diskern::statistics {

using Points = std::vector<std::vector<double>>;

inline constexpr double worst = std::numeric_limits<double>::infinity();

// Evaluates and replaces what is not finite.
inline void evaluate_points(const Context& context, Objective& objective, const Points& points, std::vector<double>& values) {
  if (context.interrupted()) throw Interrupted();
  values.assign(points.size(), worst);
  if (!points.empty()) objective.evaluate(context, points, values);
  for (double& value : values) {
    if (!std::isfinite(value)) value = worst;
  }
}

inline std::vector<double> random_point(const std::vector<Interval>& ranges, RandomSequence& random) {
  std::vector<double> point;
  for (const Interval& range : ranges) {
    point.push_back(range.minimum + (range.maximum - range.minimum) * random.uniform());
  }
  return point;
}

// Back into the range by reflection, so that no mass gathers at the borders.
inline double reflected(double x, const Interval& range) {
  const double width = range.maximum - range.minimum;
  if (!(width > 0.0)) return range.minimum;
  double position = std::fmod(std::abs(x - range.minimum), 2.0 * width);
  if (position > width) position = 2.0 * width - position;
  return std::clamp(range.minimum + position, range.minimum, range.maximum);
}

inline void positive(std::int64_t value, const char* name) {
  if (value < 1) throw InvalidArgument(std::string(name) + " is " + std::to_string(value) + ", expected 1 or more");
}

}  // namespace diskern::statistics

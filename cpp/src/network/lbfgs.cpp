#include "network/lbfgs.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace diskern::network {

namespace {

constexpr double decrease = 1e-4;   // of the slope, that a step must bring
constexpr double curvature = 0.9;   // of the slope, that may be left
constexpr int most_evaluations = 30;
constexpr double smallest = 1e-20;

double product(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

}  // namespace

void Lbfgs::begin(std::vector<double> x) {
  pairs_.clear();
  x_ = std::move(x);
  gradient_.assign(x_.size(), 0.0);
  value_ = function_(x_, gradient_);
}

// The two loops over what is remembered.
std::vector<double> Lbfgs::direction() const {
  std::vector<double> result = gradient_;
  std::vector<double> share(pairs_.size());
  for (std::size_t i = pairs_.size(); i-- > 0;) {
    share[i] = pairs_[i].inverse * product(pairs_[i].step, result);
    for (std::size_t j = 0; j < result.size(); ++j) result[j] -= share[i] * pairs_[i].change[j];
  }
  if (!pairs_.empty()) {
    // Of the newest, as a guess for what is forgotten; where nothing is, the first matrix stays what it was.
    const Pair& pair = memory_ == all_steps ? pairs_.front() : pairs_.back();
    const double scale = 1.0 / (pair.inverse * product(pair.change, pair.change));
    for (double& one : result) one *= scale;
  }
  for (std::size_t i = 0; i < pairs_.size(); ++i) {
    const double other = pairs_[i].inverse * product(pairs_[i].change, result);
    for (std::size_t j = 0; j < result.size(); ++j) result[j] += (share[i] - other) * pairs_[i].step[j];
  }
  for (double& one : result) one = -one;
  return result;
}

double Lbfgs::try_at(const std::vector<double>& direction, double distance) {
  trial_x_.resize(x_.size());
  for (std::size_t j = 0; j < x_.size(); ++j) trial_x_[j] = x_[j] + distance * direction[j];
  trial_gradient_.assign(x_.size(), 0.0);
  trial_value_ = function_(trial_x_, trial_gradient_);
  return product(trial_gradient_, direction);
}

bool Lbfgs::search(const std::vector<double>& direction, double first, const std::function<bool()>& stop) {
  const double start_slope = product(gradient_, direction);
  if (!(start_slope < 0.0)) return false;
  // A bracket [low, high] around acceptable distances; until one is found distances double. Low fulfils the condition of
  // decrease and has the smallest value so far.
  double low = 0.0;
  double low_value = value_;
  double low_slope = start_slope;
  double high = 0.0;
  double high_value = 0.0;
  bool bracketed = false;
  double distance = first;
  for (int evaluation = 0; evaluation < most_evaluations; ++evaluation) {
    if (stop()) return false;
    const double slope = try_at(direction, distance);
    const bool good = std::isfinite(trial_value_) && std::isfinite(slope);
    if (!good || trial_value_ > value_ + decrease * distance * start_slope || (low > 0.0 && trial_value_ >= low_value)) {
      high = distance;
      high_value = good ? trial_value_ : std::numeric_limits<double>::infinity();
      bracketed = true;
    } else {
      if (std::abs(slope) <= -curvature * start_slope) return true;
      if (bracketed ? slope * (high - low) >= 0.0 : slope >= 0.0) {
        high = low;
        high_value = low_value;
        bracketed = true;
      }
      low = distance;
      low_value = trial_value_;
      low_slope = slope;
    }
    if (!bracketed) {
      distance *= 2.0;
      continue;
    }
    if (std::abs(high - low) <= smallest) break;
    // The minimum of the parabola through value and slope at low and the value at high, well within the bracket.
    const double width = high - low;
    const double bend = high_value - low_value - low_slope * width;
    double share = std::isfinite(bend) && bend > 0.0 ? -0.5 * low_slope * width / bend : 0.5;
    share = std::clamp(share, 0.1, 0.9);
    distance = low + share * width;
  }
  if (!(low > 0.0) || !(low_value < value_)) return false;
  // Not what was wanted of the slope, but lower.
  if (stop()) return false;
  try_at(direction, low);
  return trial_value_ < value_;
}

bool Lbfgs::step(const std::function<bool()>& stop) {
  const double size = std::sqrt(product(gradient_, gradient_));
  if (!(size > 0.0)) return false;
  bool found = false;
  if (!pairs_.empty()) found = search(direction(), 1.0, stop);
  if (!found) {
    if (stop()) return false;
    pairs_.clear();
    std::vector<double> downhill = gradient_;
    for (double& one : downhill) one = -one;
    found = search(downhill, std::min(1.0, 1.0 / size), stop);
  }
  if (!found) return false;
  Pair pair;
  pair.step.resize(x_.size());
  pair.change.resize(x_.size());
  for (std::size_t j = 0; j < x_.size(); ++j) {
    pair.step[j] = trial_x_[j] - x_[j];
    pair.change[j] = trial_gradient_[j] - gradient_[j];
  }
  const double both = product(pair.step, pair.change);
  if (both > 1e-10 * product(pair.change, pair.change) && both > 0.0) {
    pair.inverse = 1.0 / both;
    pairs_.push_back(std::move(pair));
    if (pairs_.size() > memory_) pairs_.pop_front();
  }
  x_.swap(trial_x_);
  gradient_.swap(trial_gradient_);
  value_ = trial_value_;
  return true;
}

}  // namespace diskern::network

#pragma once
// TMVA's separation criteria (tmva.md 7.2), in its order of operations.

#include <algorithm>
#include <cmath>

#include "trees/tmva_params.hpp"

namespace diskern::trees {

// Impurity of a node with weight s of signal and b of background.
inline double separation_index(TmvaSeparation type, double s, double b) noexcept {
  switch (type) {
    case TmvaSeparation::GiniIndex:
      if (s + b <= 0 || s <= 0 || b <= 0) return 0;
      return 2 * s * b / ((s + b) * (s + b));
    case TmvaSeparation::GiniIndexWithLaplace:
      if (s + b <= 0 || s <= 0 || b <= 0) return 0;
      return (s * b + s + b + 1) / ((s + b + 2) * (s + b + 2));
    case TmvaSeparation::CrossEntropy: {
      if (s + b <= 0 || s <= 0 || b <= 0) return 0;
      const double p = s / (s + b);
      return -(p * std::log2(p) + (1 - p) * std::log2(1 - p));
    }
    case TmvaSeparation::MisClassificationError: {
      if (s + b <= 0) return 0;
      const double p = s / (s + b);
      return 1 - std::max(p, 1 - p);
    }
    case TmvaSeparation::SDivSqrtSPlusB:
      return s + b > 0 ? s / std::sqrt(s + b) : 0;
    case TmvaSeparation::RegressionVariance:
      break;
  }
  return 0;
}

// Gain of a split: the part that passes (below the cut) and the whole node.
inline double separation_gain(TmvaSeparation type, double s, double b, double total_s, double total_b) noexcept {
  const double rest_s = total_s - s;
  const double rest_b = total_b - b;
  if (rest_s == s && rest_b == b) return 0;
  const double parent = (total_s + total_b) * separation_index(type, total_s, total_b);
  const double left = (rest_s + rest_b) * separation_index(type, rest_s, rest_b);
  const double right = (s + b) * separation_index(type, s, b);
  const double difference = parent - left - right;
  constexpr double precision = 1.4901161193847656e-08;  // square root of the float64 epsilon
  if (difference < precision) return 0;
  return difference / (total_s + total_b);
}

// Variance of the targets of weight n, with t = sum w target, t2 = sum w target^2.
inline double variance_index(double n, double t, double t2) noexcept { return n > 0 ? (t2 - t * t / n) / n : 0; }

inline double variance_gain(double n, double t, double t2, double total_n, double total_t, double total_t2) noexcept {
  if (total_n == n || n == 0) return 0;
  const double parent = total_n * variance_index(total_n, total_t, total_t2);
  const double left = (total_n - n) * variance_index(total_n - n, total_t - t, total_t2 - t2);
  const double right = n * variance_index(n, t, t2);
  return parent != 0 ? (parent - left - right) / parent : 0;
}

}  // namespace diskern::trees

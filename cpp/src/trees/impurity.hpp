#pragma once
// What a cut of a classification or regression tree improves. A node has a score; the impurity decrease of a cut, times
// the sum of weights, is the score of its two sides minus that of the node.

#include <cstddef>
#include <cstdint>

#include "base/maths.hpp"

namespace diskern::trees {

enum class Criterion : std::uint8_t {
  gini = 0,               // sum over classes p (1 - p)
  entropy = 1,            // - sum over classes p log2 p (cross-entropy)
  misclassification = 2,  // 1 - largest p
  squared_error = 3,      // variance of the target
};

// Sum of weights times (a constant minus the impurity) of a node whose classes have these sums of weights. Negative
// sums, which signed weights may leave, count as none.
inline double class_score(Criterion criterion, const double* weight, std::size_t n_classes) noexcept {
  double all = 0;
  double score = 0;
  for (std::size_t k = 0; k < n_classes; ++k) {
    const double w = weight[k] > 0 ? weight[k] : 0.0;
    all += w;
    if (criterion == Criterion::gini) score += w * w;
    if (criterion == Criterion::entropy && w > 0) score += w * maths::log(w);
    if (criterion == Criterion::misclassification) score = w > score ? w : score;
  }
  if (!(all > 0)) return 0;
  if (criterion == Criterion::gini) return score / all;
  if (criterion == Criterion::entropy) return (score - all * maths::log(all)) * 1.4426950408889634;  // 1 / ln 2
  return score;
}

// The same for the variance: `target` is the sum of weight times target.
inline double target_score(double target, double weight) noexcept { return weight > 0 ? target * target / weight : 0; }

}  // namespace diskern::trees

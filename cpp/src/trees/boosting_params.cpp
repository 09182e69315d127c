#include "trees/boosting_params.hpp"

#include <cmath>
#include <string>

#include "trees/binning.hpp"
#include "trees/boosting_check.hpp"

namespace diskern::trees {

void check_params(const GradientBoostingParams& p) {
  check(p.n_estimators >= 1, "n_estimators must be at least 1, got " + std::to_string(p.n_estimators));
  check(p.learning_rate > 0 && std::isfinite(p.learning_rate),
        "learning_rate must be a positive number, got " + std::to_string(p.learning_rate));
  check(p.max_leaf_nodes == 0 || p.max_leaf_nodes >= 2,
        "max_leaf_nodes must be 0 (no limit) or at least 2, got " + std::to_string(p.max_leaf_nodes));
  check(p.max_depth >= 0, "max_depth must be 0 (no limit) or positive, got " + std::to_string(p.max_depth));
  check(p.min_samples_leaf >= 1, "min_samples_leaf must be at least 1, got " + std::to_string(p.min_samples_leaf));
  check(p.min_child_weight >= 0, "min_child_weight must not be negative, got " + std::to_string(p.min_child_weight));
  check(p.min_gain >= 0, "min_gain must not be negative, got " + std::to_string(p.min_gain));
  check(p.l2_regularization >= 0 && std::isfinite(p.l2_regularization),
        "l2_regularization must not be negative, got " + std::to_string(p.l2_regularization));
  check(p.max_bins >= 2 && p.max_bins <= largest_bin_count,
        "max_bins must be from 2 to 255, got " + std::to_string(p.max_bins));
  check(p.subsample > 0 && p.subsample <= 1,
        "subsample must be above 0 and at most 1, got " + std::to_string(p.subsample));
  check(p.n_iter_no_change >= 0, "n_iter_no_change must not be negative, got " + std::to_string(p.n_iter_no_change));
  check(p.tolerance >= 0, "tolerance must not be negative, got " + std::to_string(p.tolerance));
}

}  // namespace diskern::trees

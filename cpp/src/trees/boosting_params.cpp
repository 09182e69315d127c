#include "trees/boosting_params.hpp"

#include <algorithm>
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
  check(p.quantile > 0 && p.quantile < 1, "quantile must lie between 0 and 1, got " + short_number(p.quantile));
  check(p.huber_quantile > 0 && p.huber_quantile < 1,
        "huber_quantile must lie between 0 and 1, got " + short_number(p.huber_quantile));
  check(p.tweedie_power > 1 && p.tweedie_power < 2, "tweedie_power must lie between 1 and 2, got " +
                                                        short_number(p.tweedie_power) +
                                                        "; 1 is the loss poisson, 2 the loss gamma");
  check(p.l1_regularization >= 0 && std::isfinite(p.l1_regularization),
        "l1_regularization must not be negative, got " + short_number(p.l1_regularization));
  check(p.max_leaf_value >= 0 && std::isfinite(p.max_leaf_value),
        "max_leaf_value must be 0 (no bound) or positive, got " + short_number(p.max_leaf_value));
  check(p.min_effective_count >= 0 && std::isfinite(p.min_effective_count),
        "min_effective_count must not be negative, got " + short_number(p.min_effective_count));
  const auto check_fraction = [](double value, const char* name) {
    check(value > 0 && value <= 1, std::string(name) + " must be above 0 and at most 1, got " + short_number(value));
  };
  check_fraction(p.column_fraction_tree, "column_fraction_tree");
  check_fraction(p.column_fraction_level, "column_fraction_level");
  check_fraction(p.column_fraction_node, "column_fraction_node");
  if (p.boosting == BoostingMode::goss) {
    check(p.goss_top_fraction > 0 && p.goss_top_fraction < 1,
          "goss_top_fraction must lie between 0 and 1, got " + short_number(p.goss_top_fraction));
    check(p.goss_other_fraction > 0 && p.goss_top_fraction + p.goss_other_fraction <= 1,
          "goss_other_fraction must be above 0 and at most 1 - goss_top_fraction, got " +
              short_number(p.goss_other_fraction));
    check(p.subsample == 1.0,
          "boosting goss draws the events itself: subsample must be 1, got " + short_number(p.subsample));
  }
  if (p.boosting == BoostingMode::dart) {
    check(p.dropout_rate > 0 && p.dropout_rate <= 1,
          "dropout_rate must be above 0 and at most 1, got " + short_number(p.dropout_rate));
    check(p.dropout_skip >= 0 && p.dropout_skip < 1,
          "dropout_skip must be at least 0 and below 1, got " + short_number(p.dropout_skip));
  }
}

void check_params(const GradientBoostingParams& p, std::size_t n_features, std::int32_t n_classes) {
  const bool regression_loss = p.loss >= LossKind::squared_error;
  check(p.loss == LossKind::automatic || regression_loss == (n_classes == 0),
        regression_loss ? "the loss is one of regression, but the answers are classes"
                        : "the loss is one of classification, but the answers are numbers");
  const ValidationMetric metric = p.early_stopping_metric;
  check(metric != ValidationMetric::auc || n_classes == 2,
        "early_stopping_metric auc is for two classes, " +
            (n_classes == 0 ? std::string("this is a regression") : "got " + std::to_string(n_classes)));
  check(metric != ValidationMetric::accuracy || n_classes >= 2, "early_stopping_metric accuracy is for classification");
  check((metric != ValidationMetric::rmse && metric != ValidationMetric::mae) || n_classes == 0,
        "early_stopping_metric rmse and mae are for regression");
  check(p.monotone_constraints.empty() || p.monotone_constraints.size() == n_features,
        "monotone_constraints has " + std::to_string(p.monotone_constraints.size()) + " entries for " +
            std::to_string(n_features) + " variables");
  bool any = false;
  for (const std::int8_t sign : p.monotone_constraints) {
    check(sign >= -1 && sign <= 1, "monotone_constraints must be -1, 0 or 1, got " + std::to_string(sign));
    any = any || sign != 0;
  }
  check(!any || n_classes <= 2, "monotone_constraints are for regression and two classes: with " +
                                    std::to_string(n_classes) + " classes the response of a class is no function of " +
                                    "its own trees alone");
  for (const std::vector<std::int32_t>& group : p.interaction_constraints) {
    check(!group.empty(), "interaction_constraints has an empty group");
    std::vector<std::int32_t> sorted = group;
    std::sort(sorted.begin(), sorted.end());
    check(sorted.front() >= 0 && static_cast<std::size_t>(sorted.back()) < n_features,
          "interaction_constraints names the variable " +
              std::to_string(sorted.front() < 0 ? sorted.front() : sorted.back()) + ", there are " +
              std::to_string(n_features));
    const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
    check(twice == sorted.end(), "interaction_constraints has the variable " +
                                     (twice == sorted.end() ? std::string() : std::to_string(*twice)) +
                                     " twice in one group");
  }
}

}  // namespace diskern::trees

#include "trees/tmva_boosting.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/executor.hpp"

namespace diskern::trees {

namespace {

constexpr double epsilon = std::numeric_limits<double>::epsilon();
constexpr std::size_t chunk_size = 4096;

std::size_t index(std::int32_t i) noexcept { return static_cast<std::size_t>(i); }

// TMVA's events say their boost weight with a floor: what is multiplied is never less (its GetBoostWeight), while the
// weight that counts, and what is merely rescaled, may be.
double floored(double boost_weight) noexcept { return std::max(boost_weight, 1e-4); }

// Multiplies by the factor; what a negative weight gets depends on the treatment.
void boost(const TmvaForestParams& params, TmvaSample& sample, std::size_t event, double factor) {
  double& boost_weight = sample.boost_weight[event];
  if (sample.full_weight(event) > 0) {
    boost_weight = floored(boost_weight) * factor;
  } else {
    boost_weight *= params.NegWeightTreatment == TmvaNegWeights::InverseBoostNegWeights ? 1.0 / factor : factor;
  }
}

}  // namespace

BoostStep ada_boost(const TmvaForestParams& params, const TmvaTree& tree, const std::vector<std::int32_t>& entries,
                    const std::vector<std::int32_t>& leaves, TmvaSample& sample) {
  BoostStep result;
  const bool yes_no = params.UseYesNoLeaf;
  const bool with_cost = params.BoostType == TmvaBoostType::AdaCost;
  // -1 .. 1, positive for signal-like leaves
  const auto answer = [&](std::size_t k) {
    return (static_cast<double>(tree.nodes[index(leaves[k])].purity) - 0.5) * 2.0;
  };
  const auto cost = [&](bool signal, double said) {
    if (!with_cost) return 1.0;
    if (signal) return said > 0 ? params.Css : params.Cts_sb;
    return said > 0 ? params.Ctb_ss : params.Cbb;
  };
  const auto wrong = [&](std::size_t k) {
    const bool says_signal = static_cast<double>(tree.nodes[index(leaves[k])].type) > params.NodePurityLimit;
    return says_signal != (sample.signal[index(entries[k])] != 0);
  };

  double total = 0;
  double sum = 0;
  for (std::size_t k = 0; k < entries.size(); ++k) {
    const std::size_t event = index(entries[k]);
    const double weight = sample.full_weight(event);
    total += weight;
    if (yes_no) {
      if (wrong(k)) sum += weight;
    } else {
      const bool signal = sample.signal[event] != 0;
      const double said = answer(k);
      sum += weight * (signal ? 1.0 : -1.0) * said * cost(signal, said);
    }
  }
  double error = sum / total;
  result.error_fraction = error;
  if (yes_no) {
    if (error >= 0.5) {  // no better than guessing: this tree gets no weight and boosting ends
      result.tree_weight = 0;
      result.stop = true;
      return result;
    }
    // A tree without error would weigh infinitely much.
    error = std::max(std::abs(error), epsilon);
    result.tree_weight = std::log((1.0 - error) / error) * params.AdaBoostBeta;
  } else {
    if (!with_cost) error = std::abs(error);
    error = std::clamp(error, -1.0 + epsilon, 1.0 - epsilon);
    result.tree_weight = std::log((1.0 + error) / (1.0 - error)) * params.AdaBoostBeta;
  }
  if (!(result.tree_weight > 0)) {
    result.tree_weight = 0;
    result.stop = true;
    return result;
  }

  // TMVA walks over the entries, so an event that was drawn several times is boosted as often.
  const double factor = std::exp(result.tree_weight);
  double new_total = 0;
  for (std::size_t k = 0; k < entries.size(); ++k) {
    const std::size_t event = index(entries[k]);
    if (yes_no) {
      if (wrong(k)) boost(params, sample, event, factor);
    } else {
      const bool signal = sample.signal[event] != 0;
      const double said = answer(k);
      boost(params, sample, event, std::exp(-1 * result.tree_weight * (signal ? 1 : -1) * said * cost(signal, said)));
    }
    new_total += sample.full_weight(event);
  }
  // By weight: the sum stays what it was. TMVA: the sum becomes the number of entries.
  const double wanted = params.MinNodeSizeByWeight ? total : static_cast<double>(entries.size());
  if (!(new_total > 0)) {
    result.stop = true;
    return result;
  }
  const double norm = wanted / new_total;
  for (const std::int32_t entry : entries) {
    const std::size_t event = index(entry);
    sample.boost_weight[event] *= sample.signal[event] != 0 ? norm * params.SigToBkgFraction : norm;
  }
  return result;
}

BoostStep ada_boost_r2(const TmvaForestParams& params, const TmvaTree& tree, const std::vector<std::int32_t>& entries,
                       const std::vector<std::int32_t>& leaves, TmvaSample& sample) {
  BoostStep result;
  std::vector<double> deviation(entries.size());
  double largest = 0;
  double total = 0;
  for (std::size_t k = 0; k < entries.size(); ++k) {
    const std::size_t event = index(entries[k]);
    total += sample.full_weight(event);
    deviation[k] = std::abs(static_cast<double>(tree.nodes[index(leaves[k])].response) -
                            static_cast<double>(sample.target[event]));
    largest = std::max(largest, deviation[k]);
  }
  if (largest == 0) {  // the tree knows every target: nothing is left to learn
    result.tree_weight = std::log(1.0 / epsilon);
    result.stop = true;
    return result;
  }
  double error = 0;
  for (std::size_t k = 0; k < entries.size(); ++k) {
    const double weight = sample.full_weight(index(entries[k]));
    switch (params.AdaBoostR2Loss) {
      case TmvaAdaBoostR2Loss::Linear:
        error += weight * deviation[k];
        break;
      case TmvaAdaBoostR2Loss::Quadratic:
        error += weight * deviation[k] * deviation[k];
        break;
      case TmvaAdaBoostR2Loss::Exponential:
        error += weight * (1 - std::exp(-deviation[k] / largest));
        break;
    }
  }
  if (params.AdaBoostR2Loss == TmvaAdaBoostR2Loss::Linear) error = error / largest / total;
  if (params.AdaBoostR2Loss == TmvaAdaBoostR2Loss::Quadratic) error = error / largest / largest / total;
  if (params.AdaBoostR2Loss == TmvaAdaBoostR2Loss::Exponential) error /= total;
  result.error_fraction = error;
  if (error >= 0.5) {
    result.tree_weight = 0;
    result.stop = true;
    return result;
  }
  error = std::max(std::abs(error), epsilon);
  const double beta = error / (1.0 - error);
  double new_total = 0;
  for (std::size_t k = 0; k < entries.size(); ++k) {
    const std::size_t event = index(entries[k]);
    const double factor = std::pow(beta, 1.0 - deviation[k] / largest);
    if (sample.full_weight(event) > 0) {
      // TMVA keeps this product, and only this one, in float32.
      sample.boost_weight[event] =
          static_cast<double>(static_cast<float>(floored(sample.boost_weight[event]) * factor));
    } else {
      sample.boost_weight[event] = floored(sample.boost_weight[event]) / factor;
    }
    new_total += sample.full_weight(event);
  }
  if (!(new_total > 0)) {
    result.stop = true;
    return result;
  }
  const double norm = total / new_total;
  for (const std::int32_t entry : entries) {
    double& boost_weight = sample.boost_weight[index(entry)];
    boost_weight = floored(boost_weight) * norm;
  }
  result.tree_weight = std::log(1.0 / beta);
  return result;
}

GradientBoosting::GradientBoosting(const TmvaForestParams& params, TmvaAnalysis analysis, const TmvaSample& sample,
                                   std::int32_t n_classes, const std::vector<std::int32_t>& entries)
    : params_(params),
      analysis_(analysis),
      sample_(sample),
      n_outputs_(analysis == TmvaAnalysis::Multiclass ? index(n_classes) : 1),
      regression_loss_(params.RegressionLossFunctionBDTG, params.HuberQuantile),
      response_(n_outputs_, std::vector<double>(sample.size(), 0.0)),
      target_(n_outputs_, std::vector<float>(sample.size())) {
  if (analysis == TmvaAnalysis::Regression) {
    std::vector<WeightedValue> targets(sample.size());
    for (std::size_t i = 0; i < sample.size(); ++i)
      targets[i] = {static_cast<double>(sample.target[i]), sample.full_weight(i)};
    start_ = regression_loss_.start(std::move(targets));
    std::fill(response_[0].begin(), response_[0].end(), start_);
    target_[0] = sample.target;
    update_regression_targets(entries);
  } else {
    update_targets(Context());
  }
}

void GradientBoosting::update_regression_targets(const std::vector<std::int32_t>& entries) {
  std::vector<WeightedValue> residuals(entries.size());
  for (std::size_t k = 0; k < entries.size(); ++k) {
    const std::size_t event = index(entries[k]);
    residuals[k] = {static_cast<double>(sample_.target[event]) - response_[0][event], sample_.full_weight(event)};
  }
  regression_loss_.look_at(residuals);
  for (std::size_t k = 0; k < entries.size(); ++k) {
    target_[0][index(entries[k])] = static_cast<float>(regression_loss_.target(residuals[k].value));
  }
  loss_ = regression_loss_.mean_loss(residuals);
}

void GradientBoosting::update_targets(const Context& context) {
  const std::size_t n = sample_.size();
  const std::size_t chunks = chunk_count(n, chunk_size);
  std::vector<double> losses(chunks, 0.0);
  std::vector<double> weights(chunks, 0.0);
  parallel_for(
      context, chunks,
      [&](std::size_t chunk) {
        const Range range = chunk_range(n, chunk_size, chunk);
        for (std::size_t i = range.begin; i < range.end; ++i) {
          double probability = 0;  // of the true class
          if (n_outputs_ == 1) {
            const double p = 1.0 / (1.0 + std::exp(-2.0 * response_[0][i]));
            target_[0][i] = static_cast<float>((sample_.signal[i] != 0 ? 1 : 0) - p);
            probability = sample_.signal[i] != 0 ? p : 1 - p;
          } else {
            for (std::size_t k = 0; k < n_outputs_; ++k) {
              double norm = 0;
              for (std::size_t j = 0; j < n_outputs_; ++j) {
                if (j != k) norm += std::exp(response_[j][i] - response_[k][i]);
              }
              const double p = 1.0 / (1.0 + norm);
              const bool own = index(sample_.class_index[i]) == k;
              target_[k][i] = static_cast<float>(own ? 1.0 - p : -p);
              if (own) probability = p;
            }
          }
          losses[chunk] -= sample_.full_weight(i) * std::log(std::max(probability, 1e-300));
          weights[chunk] += sample_.full_weight(i);
        }
      },
      static_cast<double>(n * n_outputs_) * 20.0);
  double loss = 0;
  double weight = 0;
  for (std::size_t chunk = 0; chunk < chunks; ++chunk) {
    loss += losses[chunk];
    weight += weights[chunk];
  }
  loss_ = weight > 0 ? loss / weight : 0;
}

void GradientBoosting::add_to_responses(const Context& context, const std::vector<std::int32_t>& entries,
                                        const std::vector<std::int32_t>& leaves, const TmvaTree& tree,
                                        std::vector<double>& responses) {
  const std::size_t n = responses.size();
  // Entries know their leaf; events that were not drawn walk down.
  std::vector<std::int32_t> leaf(n, -1);
  for (std::size_t k = 0; k < entries.size(); ++k) leaf[index(entries[k])] = leaves[k];
  parallel_for(
      context, chunk_count(n, chunk_size),
      [&](std::size_t chunk) {
        const Range range = chunk_range(n, chunk_size, chunk);
        for (std::size_t i = range.begin; i < range.end; ++i) {
          const std::size_t node =
              leaf[i] >= 0 ? index(leaf[i]) : tree.leaf_of(sample_.columns.column.data(), i, sample_.columns.count());
          responses[i] += static_cast<double>(tree.nodes[node].response);
        }
      },
      static_cast<double>(n) * 10.0);
}

void GradientBoosting::step(const Context& context, std::size_t output, const std::vector<std::int32_t>& entries,
                            const std::vector<std::int32_t>& leaves, TmvaTree& tree) {
  if (analysis_ == TmvaAnalysis::Regression) {
    std::vector<std::vector<WeightedValue>> residuals(tree.nodes.size());
    for (std::size_t k = 0; k < entries.size(); ++k) {
      const std::size_t event = index(entries[k]);
      residuals[index(leaves[k])].push_back(
          {static_cast<double>(sample_.target[event]) - response_[0][event], sample_.full_weight(event)});
    }
    for (std::size_t i = 0; i < tree.nodes.size(); ++i) {
      if (tree.nodes[i].is_leaf()) {
        tree.nodes[i].response = static_cast<float>(params_.Shrinkage * regression_loss_.leaf(residuals[i]));
      }
    }
  } else {
    const double factor =
        params_.Shrinkage / (analysis_ == TmvaAnalysis::Multiclass ? static_cast<double>(n_outputs_) : 2.0);
    std::vector<GradientLeaf> sums(tree.nodes.size());
    for (std::size_t k = 0; k < entries.size(); ++k) {
      const std::size_t event = index(entries[k]);
      sums[index(leaves[k])].add(sample_.full_weight(event), target_[output][event]);
    }
    for (std::size_t i = 0; i < tree.nodes.size(); ++i) {
      if (tree.nodes[i].is_leaf())
        tree.nodes[i].response = static_cast<float>(factor * sums[i].numerator / std::max(sums[i].denominator, 1e-30));
    }
  }
  add_to_responses(context, entries, leaves, tree, response_[output]);
  if (analysis_ == TmvaAnalysis::Regression) {
    update_regression_targets(entries);
  } else if (output + 1 == n_outputs_) {
    update_targets(context);
  }
}

}  // namespace diskern::trees

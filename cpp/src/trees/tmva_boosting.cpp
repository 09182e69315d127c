#include "trees/tmva_boosting.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "base/elementwise.hpp"
#include "base/executor.hpp"

namespace diskern::trees {

namespace {

constexpr double epsilon = std::numeric_limits<double>::epsilon();
constexpr std::size_t chunk_size = 1024;

std::size_t index(std::int32_t i) noexcept { return static_cast<std::size_t>(i); }

// TMVA's events say their boost weight with a floor: what is multiplied is never less (its GetBoostWeight), while the
// weight that counts, and what is merely rescaled, may be.
double floored(double boost_weight) noexcept { return std::max(boost_weight, 1e-4); }

// The boost weight times the factor; what a negative weight gets depends on the treatment.
double boosted(const TmvaForestParams& params, double boost_weight, double weight, double factor) {
  if (weight * boost_weight > 0) return floored(boost_weight) * factor;
  return boost_weight * (params.NegWeightTreatment == TmvaNegWeights::InverseBoostNegWeights ? 1.0 / factor : factor);
}

}  // namespace

BoostStep ada_boost(const TmvaForestParams& params, const TmvaTree& tree, const std::vector<std::int32_t>& entries,
                    const std::vector<std::int32_t>& leaves, TmvaSample& sample) {
  BoostStep result;
  const bool yes_no = params.UseYesNoLeaf;
  const bool with_cost = params.BoostType == TmvaBoostType::AdaCost;
  // -1 .. 1, positive for signal-like leaves
  const auto answer = [&](const TmvaNode& node) { return (static_cast<double>(node.purity) - 0.5) * 2.0; };
  const auto cost = [&](bool signal, double said) {
    if (!with_cost) return 1.0;
    if (signal) return said > 0 ? params.Css : params.Cts_sb;
    return said > 0 ? params.Ctb_ss : params.Cbb;
  };
  // Per node and class (background, signal), since all events of a class in a leaf are treated alike: whether the leaf
  // is wrong, or what a unit of weight adds to the sum.
  std::vector<std::array<double, 2>> score(tree.nodes.size());
  for (std::size_t i = 0; i < tree.nodes.size(); ++i) {
    const TmvaNode& node = tree.nodes[i];
    const bool says_signal = static_cast<double>(node.type) > params.NodePurityLimit;
    const double said = answer(node);
    score[i] = yes_no ? std::array{says_signal ? 1.0 : 0.0, says_signal ? 0.0 : 1.0} : std::array{-said, said};
  }

  double total = 0;
  double sum = 0;
  for (const std::int32_t entry : entries) {
    const std::size_t event = index(entry);
    const double weight = sample.full_weight(event);
    total += weight;
    const bool signal = sample.signal[event] != 0;
    if (with_cost && !yes_no) {
      const double said = answer(tree.nodes[index(leaves[event])]);
      sum += weight * (signal ? 1.0 : -1.0) * said * cost(signal, said);
    } else {
      sum += weight * score[index(leaves[event])][signal ? 1 : 0];
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
  std::vector<std::array<double, 2>> factors(tree.nodes.size());
  for (std::size_t i = 0; i < tree.nodes.size(); ++i) {
    for (const std::size_t c : {0U, 1U}) {
      const double said = answer(tree.nodes[i]);
      factors[i][c] = yes_no ? (score[i][c] != 0 ? factor : 1.0)
                             : std::exp(-1 * result.tree_weight * (c == 1 ? 1 : -1) * said * cost(c == 1, said));
    }
  }
  double new_total = 0;
  for (const std::int32_t entry : entries) {
    const std::size_t event = index(entry);
    const std::size_t leaf = index(leaves[event]);
    const std::size_t c = sample.signal[event] != 0 ? 1 : 0;
    double& boost_weight = sample.boost_weight[event];
    if (!yes_no || score[leaf][c] != 0)
      boost_weight = boosted(params, boost_weight, sample.weight[event], factors[leaf][c]);
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
    deviation[k] = std::abs(static_cast<double>(tree.nodes[index(leaves[index(entries[k])])].response) -
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
  const ElementwiseKernels& kernels = elementwise_kernels();
  parallel_for(
      context, chunks,
      [&](std::size_t chunk) {
        const Range range = chunk_range(n, chunk_size, chunk);
        std::array<double, chunk_size> work{};
        std::array<double, chunk_size> probability{};
        const std::size_t size = range.end - range.begin;
        if (n_outputs_ == 1) {
          const double* response = response_[0].data() + range.begin;
          const std::uint8_t* signal = sample_.signal.data() + range.begin;
          float* target = target_[0].data() + range.begin;
          for (std::size_t i = 0; i < size; ++i) work[i] = -2.0 * response[i];
          kernels.exp_double(work.data(), work.data(), size);
          for (std::size_t i = 0; i < size; ++i) {
            const double p = 1.0 / (1.0 + work[i]);
            target[i] = static_cast<float>((signal[i] != 0 ? 1.0 : 0.0) - p);
            probability[i] = signal[i] != 0 ? p : 1 - p;
          }
        } else {
          for (std::size_t k = 0; k < n_outputs_; ++k) {
            std::array<double, chunk_size> norm{};
            for (std::size_t j = 0; j < n_outputs_; ++j) {
              if (j == k) continue;
              for (std::size_t i = 0; i < size; ++i)
                work[i] = response_[j][range.begin + i] - response_[k][range.begin + i];
              kernels.exp_double(work.data(), work.data(), size);
              for (std::size_t i = 0; i < size; ++i) norm[i] += work[i];
            }
            for (std::size_t i = 0; i < size; ++i) {
              const double p = 1.0 / (1.0 + norm[i]);
              const bool own = index(sample_.class_index[range.begin + i]) == k;
              target_[k][range.begin + i] = static_cast<float>(own ? 1.0 - p : -p);
              if (own) probability[i] = p;
            }
          }
        }
        for (std::size_t i = 0; i < size; ++i) probability[i] = std::max(probability[i], 1e-300);
        kernels.log_double(probability.data(), probability.data(), size);
        for (std::size_t i = 0; i < size; ++i) {
          losses[chunk] -= sample_.full_weight(range.begin + i) * probability[i];
          weights[chunk] += sample_.full_weight(range.begin + i);
        }
      },
      static_cast<double>(n * n_outputs_) * 10.0);
  double loss = 0;
  double weight = 0;
  for (std::size_t chunk = 0; chunk < chunks; ++chunk) {
    loss += losses[chunk];
    weight += weights[chunk];
  }
  loss_ = weight > 0 ? loss / weight : 0;
}

void GradientBoosting::add_to_responses(const Context& context, const std::vector<std::int32_t>& leaves,
                                        const TmvaTree& tree, std::vector<double>& responses) {
  const std::size_t n = responses.size();
  // Entries know their leaf; events that were not drawn walk down.
  parallel_for(
      context, chunk_count(n, chunk_size),
      [&](std::size_t chunk) {
        const Range range = chunk_range(n, chunk_size, chunk);
        for (std::size_t i = range.begin; i < range.end; ++i) {
          const std::size_t node = leaves[i] >= 0
                                       ? index(leaves[i])
                                       : tree.leaf_of(sample_.columns.column.data(), i, sample_.columns.count());
          responses[i] += static_cast<double>(tree.nodes[node].response);
        }
      },
      static_cast<double>(n) * 3.0);
}

void GradientBoosting::step(const Context& context, std::size_t output, const std::vector<std::int32_t>& entries,
                            const std::vector<std::int32_t>& leaves, TmvaTree& tree) {
  if (analysis_ == TmvaAnalysis::Regression) {
    std::vector<std::vector<WeightedValue>> residuals(tree.nodes.size());
    for (std::size_t k = 0; k < entries.size(); ++k) {
      const std::size_t event = index(entries[k]);
      residuals[index(leaves[event])].push_back(
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
      sums[index(leaves[event])].add(sample_.full_weight(event), target_[output][event]);
    }
    for (std::size_t i = 0; i < tree.nodes.size(); ++i) {
      if (tree.nodes[i].is_leaf())
        tree.nodes[i].response = static_cast<float>(factor * sums[i].numerator / std::max(sums[i].denominator, 1e-30));
    }
  }
  add_to_responses(context, leaves, tree, response_[output]);
  if (analysis_ == TmvaAnalysis::Regression) {
    update_regression_targets(entries);
  } else if (output + 1 == n_outputs_) {
    update_targets(context);
  }
}

}  // namespace diskern::trees

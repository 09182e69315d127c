#pragma once
// How the weights of events and trees change from tree to tree: AdaBoost and its relatives, gradient boosting.

#include <cstdint>
#include <vector>

#include "trees/tmva_builder.hpp"
#include "trees/tmva_loss.hpp"
#include "trees/tmva_sample.hpp"

namespace diskern::trees {

struct BoostStep {
  double tree_weight = 1;
  double error_fraction = 0;
  bool stop = false;
};

// AdaBoost, RealAdaBoost and AdaCost; changes the boost weights of the sample. leaves: per event, as the builder gives
// them.
BoostStep ada_boost(const TmvaForestParams& params, const TmvaTree& tree, const std::vector<std::int32_t>& entries,
                    const std::vector<std::int32_t>& leaves, TmvaSample& sample);

// Regression.
BoostStep ada_boost_r2(const TmvaForestParams& params, const TmvaTree& tree, const std::vector<std::int32_t>& entries,
                       const std::vector<std::int32_t>& leaves, TmvaSample& sample);

// Gradient boosting of two classes, several classes, or a target.
class GradientBoosting {
 public:
  // entries: of the first tree.
  GradientBoosting(const TmvaForestParams& params, TmvaAnalysis analysis, const TmvaSample& sample,
                   std::int32_t n_classes, const std::vector<std::int32_t>& entries);
  std::size_t trees_per_round() const noexcept { return n_outputs_; }
  double start() const noexcept { return start_; }  // F_0
  // What the next tree is grown on, per event. In multiclass this is TMVA's first target for the trees of every class
  // (its trees look at target 0 only); the leaves use the residuals of their own class.
  const std::vector<float>& targets() const noexcept { return target_[0]; }
  // Fills the leaves of the tree and adds it to the responses of all events. In regression with bagging only the events
  // of this tree's bag get new targets, as in TMVA: the next bag meets some older ones, at first the raw targets.
  void step(const Context& context, std::size_t output, const std::vector<std::int32_t>& entries,
            const std::vector<std::int32_t>& leaves, TmvaTree& tree);
  double loss() const noexcept { return loss_; }  // mean over the training events, after the last finished round

 private:
  void add_to_responses(const Context& context, const std::vector<std::int32_t>& leaves, const TmvaTree& tree,
                        std::vector<double>& responses);
  void update_targets(const Context& context);
  void update_regression_targets(const std::vector<std::int32_t>& entries);

  const TmvaForestParams& params_;
  TmvaAnalysis analysis_;
  const TmvaSample& sample_;
  std::size_t n_outputs_;
  double start_ = 0;
  double loss_ = 0;
  RegressionLoss regression_loss_;
  std::vector<std::vector<double>> response_;  // per output and event
  std::vector<std::vector<float>> target_;
};

}  // namespace diskern::trees

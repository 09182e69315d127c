#pragma once
// Boosting one sample, tree by tree.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "diskern/context.hpp"
#include "trees/binning.hpp"
#include "trees/boosting_sample.hpp"
#include "trees/boosting_sampling.hpp"
#include "trees/boosting_steps.hpp"
#include "trees/forest.hpp"
#include "trees/gradient_boosting.hpp"
#include "trees/grower.hpp"
#include "trees/loss.hpp"

namespace diskern::trees {

// A class only because the steps share their arrays. booster.cpp has the course of the training, booster_trees.cpp what a
// tree needs.
class Booster {
 public:
  Booster(const Context& context, const GradientBoostingParams& params, const GradientBoostingExtras& extras,
          Loss& loss, const BoostingSample& training, const BoostingSample* validation)
      : context_(context),
        params_(params),
        extras_(extras),
        loss_(loss),
        training_(training),
        validation_(validation),
        n_outputs_(loss.output_count()) {}

  GradientBoostingResult run();

 private:
  void prepare();
  void start_scores();
  double compute_gradients(bool last);
  bool may_guess() const;
  double metric() const;
  template <class Integer>
  void grow_with(std::unique_ptr<Grower<Integer>>& grower, std::vector<Cell<Integer>>& entries, std::size_t output,
                 const CellScales& scales);
  const GrownTree& grow_tree(std::size_t output, CellScales& scales);
  bool grow_packed(std::size_t output, CellScales& scales);
  template <class Integer>
  void grow_tree_with(Grower<Integer>& grower, const CellScales& scales, const typename Grower<Integer>::Entry* entries,
                      std::size_t output);
  void drop_guess();
  void move_later(const GrownTree& grown, const std::vector<double>& value, double factor, double* score);
  void refit(const GrownTree& grown, const double* weight, const double* score, std::vector<double>& step) const;
  Tree finish(const GrownTree& grown, std::size_t output, const CellScales& scales, double factor);
  void change_weight(std::size_t iteration, double from, double to);
  bool iterate(std::size_t iteration);
  GradientBoostingResult hand_out(GradientBoostingResult result);

  // Of the iteration; an array of one value is written out for those who need it whole.
  const double* weights();

  const Context& context_;
  const GradientBoostingParams& params_;
  const GradientBoostingExtras& extras_;
  Loss& loss_;
  const BoostingSample& training_;
  const BoostingSample* validation_;
  std::size_t n_outputs_;

  BinEdges edges_;
  BinnedEvents binned_;
  GrowerRules rules_;
  std::vector<WideCell> squares_;  // of the weights, for min_effective_count
  ValidationMetric metric_ = ValidationMetric::loss;
  Forest forest_;               // tree_weight holds what DART makes of the trees
  std::size_t first_tree_ = 0;  // trees before it are those of the initial model
  DrawnEvents drawn_;
  std::vector<std::vector<double>> negative_fractions_;  // of the trees of this training, with negative weights only
  bool only_stumps_ = false;  // all trees of the last iteration
  std::vector<double> written_weights_;
  double count_sum_ = 0;
  double reference_weight_ = 1;
  // Of output k: n entries from k * n on.
  std::vector<double> score_;
  std::vector<double> validation_score_;
  Derivatives derivatives_;
  std::vector<NarrowCell> narrow_entries_;
  std::vector<WideCell> wide_entries_;
  std::unique_ptr<Grower<std::int32_t>> narrow_grower_;
  std::unique_ptr<Grower<std::int64_t>> wide_grower_;
  // Events of weight one: packed entries hold all there is to sum.
  bool unit_weights_ = false;
  PackedLayout layout_;
  LargeArray<PackedEntry> packed_entries_;
  std::unique_ptr<Grower<PackedEntry>> packed_grower_;
  GrownTree grown_;
  std::unique_ptr<LeafSums> leaf_sums_;  // of a tree that was grown in sweeps
  // What the scores of the training sample still have to be moved by, leaf by leaf of grown_; empty: nothing.
  std::vector<double> steps_;
  // Entries and histogram of the next tree's root, made together with the derivatives in the hope that their scales are
  // those of the last tree, as they nearly always are.
  struct Guess {
    bool made = false;
    CellScales scales;
    bool good = false;  // no hessian was negative
    WideCell sums;
  };
  Guess guess_;
  CellScales last_packed_;  // scales of the last tree, if it was of packed entries
  bool was_packed_ = false;
};

}  // namespace diskern::trees

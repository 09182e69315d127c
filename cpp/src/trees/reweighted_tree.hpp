#pragma once
// Trees on events whose weights are boosted: event i counts weight[i] * boost[i]. Grown on quantile bins, by gradient
// histograms where the impurity is a squared error in disguise, else by impurity.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "diskern/context.hpp"
#include "trees/binning.hpp"
#include "trees/boosting_sample.hpp"
#include "trees/forest.hpp"
#include "trees/grower.hpp"
#include "trees/impurity_grower.hpp"

namespace diskern::trees {

// A grown tree without values, where its events ended, and what the events of each leaf sum up to.
struct ReweightedTree {
  Tree tree;
  std::vector<std::int32_t> leaf;  // per event
  std::vector<double> sums;        // per node and class: sum of weights; regression: of weight * target, of weights
};

// What all trees of one training share. The sample must outlive it.
class BinnedSample {
 public:
  // n_classes: 0 for regression, of which the criterion is always the squared error. Throws Interrupted.
  BinnedSample(const Context& context, const BoostingSample& sample, std::size_t n_classes, Criterion criterion,
               int max_bins);

  const BoostingSample& sample() const noexcept { return sample_; }
  std::size_t n_classes() const noexcept { return n_classes_; }
  double shift() const noexcept { return shift_; }  // was taken off the targets, in regression

 private:
  friend class ReweightedGrower;
  bool on_gradients() const noexcept { return n_classes_ == 0 || (n_classes_ == 2 && criterion_ == Criterion::gini); }

  const BoostingSample& sample_;
  std::size_t n_classes_;
  Criterion criterion_;
  BinEdges edges_;
  BinnedEvents binned_;    // on gradients
  BinnedColumns columns_;  // else
  double shift_ = 0;
};

// Keeps its memory between trees. `binned` must outlive it.
class ReweightedGrower {
 public:
  // max_depth: 0 for no limit; min_weight_fraction_leaf: of the sum of weight * boost.
  ReweightedGrower(const BinnedSample& binned, std::int32_t max_depth, double min_weight_fraction_leaf)
      : binned_(binned), max_depth_(max_depth), min_weight_fraction_leaf_(min_weight_fraction_leaf) {}

  // sum: of weight * boost. number: of the tree, for what is drawn. Throws Interrupted.
  ReweightedTree grow(const Context& context, const std::vector<double>& boost, double sum, std::uint32_t number);

 private:
  template <class Integer>
  void grow_with(const Context& context, std::unique_ptr<Grower<Integer>>& grower, std::vector<Cell<Integer>>& entries,
                 const std::vector<double>& boost, double sum, const CellScales& scales);
  GrowerRules rules(double sum) const;
  ReweightedTree grow_on_gradients(const Context& context, const std::vector<double>& boost, double sum);
  ReweightedTree grow_by_impurity(const Context& context, const std::vector<double>& boost, double sum,
                                  std::uint32_t number) const;

  const BinnedSample& binned_;
  std::int32_t max_depth_;
  double min_weight_fraction_leaf_;
  GrownTree grown_;
  double count_sum_ = 0;  // of the sample, once known
  bool unit_weights_ = false;
  std::vector<double> gradient_;
  std::vector<NarrowCell> narrow_entries_;
  std::vector<WideCell> wide_entries_;
  std::vector<PackedEntry> packed_entries_;
  std::unique_ptr<Grower<PackedEntry>> packed_grower_;
  std::unique_ptr<Grower<std::int32_t>> narrow_grower_;
  std::unique_ptr<Grower<std::int64_t>> wide_grower_;
};

// Sum of weight * boost, exact and free of the order of events.
double reweighted_sum(const Context& context, const BoostingSample& sample, const std::vector<double>& boost);

}  // namespace diskern::trees

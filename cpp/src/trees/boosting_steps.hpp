#pragma once
// The loops of boosting over all events, each a function of contiguous arrays: derivatives, their integers, the sums of
// the leaves, the update of the scores. Results do not depend on the number of threads.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "base/executor.hpp"
#include "diskern/context.hpp"
#include "trees/boosting_sample.hpp"
#include "trees/event_shares.hpp"
#include "trees/fixed_point.hpp"
#include "trees/forest.hpp"
#include "trees/grower.hpp"
#include "trees/histogram.hpp"
#include "trees/loss.hpp"
#include "trees/split.hpp"

namespace diskern::trees {

// Of output k: n entries from k * n on.
struct Derivatives {
  std::vector<double> gradient;
  std::vector<double> hessian;
  std::vector<double> largest_gradient;  // per output, of |g|
  std::vector<double> largest_hessian;
  std::vector<double> gradient_rms;  // weighted by |w|
};

// Sum of weight * loss over sum of weight.
double mean_loss(const Context& context, const Loss& loss, const BoostingSample& sample, const double* score);

// What is done with the events on the way, in pieces of up to 1024 neighbours while they are in the cache: before their
// derivatives are worked out and after. The pieces of a share are worked on by one thread.
struct DerivativeSteps {
  std::function<void(const Range& events)> before;
  std::function<void(std::size_t share, const Range& events)> after;
};

// Fills the derivatives of every event, their largest and rms; returns the mean loss.
double compute_derivatives(const Context& context, const Loss& loss, const BoostingSample& sample, const double* score,
                           Derivatives& derivatives, const DerivativeSteps& steps = {});

// weight * derivatives as integers, one cell per event. Counts and weights stay the same from tree to tree and are
// filled when `all_fields` says so.
template <class Integer>
void quantise_events(const Context& context, const double* weight, const double* gradient, const double* hessian,
                     std::size_t n, const CellScales& scales, bool all_fields, Cell<Integer>* entries);

// The same in packed entries, for events of weight one, and their sums; false when a hessian is negative, which these
// cannot hold.
bool pack_events(const Context& context, const double* gradient, const double* hessian, std::size_t n,
                 const CellScales& scales, const PackedLayout& layout, PackedEntry* entries, WideCell& sums);

// Sums of gradient and hessian of every node, exact to 40 bits of the largest derivative, whatever the cells were.
struct NodeSums {
  std::vector<double> gradient;
  std::vector<double> hessian;
};
// weight == nullptr: all are one.
NodeSums sum_nodes(const Context& context, const GrownTree& grown, const double* weight, const double* gradient,
                   double largest_gradient, const double* hessian, double largest_hessian, double absolute_weight);

// The same of a tree that is grown in sweeps, share by share while it is grown.
class LeafSums {
 public:
  // Of n events. weight == nullptr: all are one.
  LeafSums(const Context& context, std::size_t n, std::size_t n_leaves, const double* weight, const double* gradient,
           double largest_gradient, const double* hessian, double largest_hessian, double absolute_weight);
  void add(std::size_t share, const Range& events, const std::uint8_t* leaf_of);
  NodeSums of_nodes(const GrownTree& grown) const;

 private:
  static constexpr std::size_t most_leaves = std::size_t{1} << static_cast<unsigned>(deepest_sweep);
  struct alignas(apart) Share {
    std::int64_t sums[3 * most_leaves] = {};  // gradient, hessian and number of events of each leaf
  };
  std::size_t n_leaves_;
  const double* weight_;
  const double* gradient_;
  const double* hessian_;
  FixedPoint fixed_gradient_;
  FixedPoint fixed_hessian_;
  std::vector<Share> shares_;
};

// Of every node: which part of the sum of |weight| of its events is that of negative weights. Exact sums, so that neither
// order nor threads matter.
std::vector<double> negative_fractions(const Context& context, const GrownTree& grown, const double* weight,
                                       std::size_t n, double absolute_weight);

// Adds to the score of every event of the grown tree factor * the value of its leaf (`value`: one per node).
void add_leaves(const Context& context, const GrownTree& grown, const double* value, double factor, double* score);

// The same for any events, which walk the tree.
void add_tree(const Context& context, const Tree& tree, double factor, const BoostingSample& sample, double* score);

}  // namespace diskern::trees

#pragma once
// Grows one tree on binned events: histogram of the smaller child, the sibling by difference, stable partition of the
// event list.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/executor.hpp"
#include "diskern/context.hpp"
#include "trees/binning.hpp"
#include "trees/constraints.hpp"
#include "trees/event_shares.hpp"
#include "trees/histogram.hpp"
#include "trees/histogram_part.hpp"
#include "trees/split.hpp"

namespace diskern::trees {

struct GrowerRules {
  SplitRules split;
  std::int32_t max_leaf_nodes = 31;  // 0: no limit
  std::int32_t max_depth = 0;        // 0: no limit
  bool leaf_wise = true;             // else level by level
  GrowthConstraints constraints;     // none by default
  // Of nodes that wait for their turn; 0: what fits into 64 MiB. A node without one sums up both its children.
  std::size_t most_histograms = 0;
};

struct GrownNode {
  Split split;  // invalid for leaves
  std::int32_t left = -1;
  std::int32_t right = -1;
  std::int32_t depth = 0;
  WideCell sums;
  std::size_t begin = 0;  // its events in GrownTree::rows, where these are ordered
  std::size_t end = 0;    // end - begin is their number in any case
  // Bounds on the step of a leaf, by the constraints.
  double lower = -GrowthConstraints::infinity;
  double upper = GrowthConstraints::infinity;
};

// The events are ordered (leaf by leaf in the order of the leaves, ascending within each; one share) or lie share by
// share in `rows`: blocks of block_size neighbouring events belong to the shares in turn.
struct GrownTree {
  std::vector<GrownNode> nodes;  // children after their parent, in the order of splitting
  std::vector<std::uint32_t> rows;
  std::size_t n_shares = 1;
  std::size_t block_size = 64;
  std::vector<Range> segments;  // of leaf k in share s, places in `rows`, ascending events: [k * n_shares + s]
  // Of a tree that was grown in sweeps there are no rows; every event has the number of its leaf (padded to a multiple of
  // 64), and the leaves are these nodes (-1: no such leaf).
  bool swept = false;
  std::vector<std::uint8_t> leaf_of;
  std::vector<std::int32_t> leaves;
  bool interrupted = false;  // then the tree is unfinished and of no use
};

// What is done with the leaves of events as soon as they are known, share by share: (share, events, leaf_of).
using LeafWork = std::function<void(std::size_t share, const Range& events, const std::uint8_t* leaf_of)>;

// Deeper trees have too many nodes in a level for a sweep to be worth it.
constexpr std::int32_t deepest_sweep = 4;
// Whether all events of such a tree may be swept over: it is complete but for cuts that are not allowed, or not worth it.
inline bool may_sweep(const GrowerRules& rules) {
  return rules.max_depth > 0 && rules.max_depth <= deepest_sweep && !rules.constraints.any() &&
         (rules.max_leaf_nodes == 0 || rules.max_leaf_nodes >= 1 << rules.max_depth);
}

// What differs between kinds of cells. Integer: int32 or int64 for cells of four sums, uint64 for packed entries.
template <class Integer>
struct CellKind {
  using Entry = Cell<Integer>;
};
template <>
struct CellKind<PackedEntry> {
  using Entry = PackedEntry;
};

// Keeps its memory between trees.
template <class Integer>
class Grower {
 public:
  using Entry = typename CellKind<Integer>::Entry;

  // layout: of packed entries.
  Grower(const BinnedEvents& events, const BinEdges& edges, PackedLayout layout = {});
  ~Grower();
  Grower(const Grower&) = delete;
  Grower& operator=(const Grower&) = delete;

  // entries: one per event. rows: the events of this tree, ascending; nullptr: all. The tree's memory is used again.
  // ordered: whether the tree's events are put in order.
  void grow(const Context& context, const GrowerRules& rules, const CellScales& scales, const Entry* entries,
            const std::vector<std::uint32_t>* rows, GrownTree& tree, bool ordered = true);
  GrownTree grow(const Context& context, const GrowerRules& rules, const CellScales& scales, const Entry* entries,
                 const std::vector<std::uint32_t>& rows);
  // The same tree in sweeps over all events, where may_sweep(rules).
  void sweep(const Context& context, const GrowerRules& rules, const CellScales& scales, const Entry* entries,
             GrownTree& tree, const LeafWork& at_leaves);

  // The histogram of the root of the next tree may be made together with the entries, share by share: start_root, then
  // add_root for every event, by one thread for each share, then know_root. Without know_root (drop_root if it was
  // started) the tree begins with the histogram of its root.
  void start_root(const Context& context);
  void add_root(std::size_t share, const Range& events, const Entry* entries);
  void drop_root();
  // The sums of all entries.
  void know_root(const WideCell& sums) { root_sums_ = sums; }

 private:
  struct Finder;
  struct Run;
  struct Sweep;
  using Part = HistogramPart<Integer>;
  using HistogramType = typename Part::HistogramType;
  using HistogramPointer = std::unique_ptr<HistogramType>;
  // What one thread needs while it divides a node.
  struct alignas(apart) Workspace {
    std::vector<std::uint64_t> mask;
    std::vector<std::size_t> marked;
  };
  // What one thread has found in a sweep.
  struct alignas(apart) SweepRows {
    std::vector<std::vector<std::uint32_t>> lists;  // of each target
    std::vector<std::size_t> sizes;
  };
  HistogramPointer take();
  void give(HistogramPointer histogram);

  const BinnedEvents& events_;
  const BinEdges& edges_;
  PackedLayout layout_;
  std::vector<std::uint32_t> other_rows_;  // a node's events move between the tree's list and this one with each level
  std::vector<std::uint32_t> merged_;
  std::vector<HistogramPointer> pool_;
  std::vector<Part> parts_;
  std::vector<Workspace> workspaces_;
  std::vector<SweepRows> sweep_rows_;
  // The best cuts of a node and its sibling among the variables that one thread has searched.
  struct alignas(apart) FoundCuts {
    Split node;
    Split sibling;
  };
  std::vector<FoundCuts> found_cuts_;
  std::size_t root_parts_ = 0;  // the root's histogram is in so many parts; 0: not made yet
  HistogramPointer root_histogram_;
  std::optional<WideCell> root_sums_;
};

}  // namespace diskern::trees

#pragma once
// Grows one tree on binned events: histogram of the smaller child, the sibling by difference, stable partition of the
// event list.

#include <cstddef>
#include <cstdint>
#include <memory>
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
  bool interrupted = false;     // then the tree is unfinished and of no use
};

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

 private:
  struct Run;
  using Part = HistogramPart<Integer>;
  using HistogramType = typename Part::HistogramType;
  using HistogramPointer = std::unique_ptr<HistogramType>;
  // What one thread needs while it divides a node.
  struct alignas(apart) Workspace {
    std::vector<std::uint64_t> mask;
    std::vector<std::size_t> marked;
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
  std::vector<Split> splits_;
};

}  // namespace diskern::trees

#pragma once
// Grows one tree on binned events: histogram of the smaller child, the sibling by difference, stable partition of the
// event list.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "diskern/context.hpp"
#include "trees/binning.hpp"
#include "trees/constraints.hpp"
#include "trees/histogram.hpp"
#include "trees/split.hpp"

namespace diskern::trees {

struct GrowerRules {
  SplitRules split;
  std::int32_t max_leaf_nodes = 31;  // 0: no limit
  std::int32_t max_depth = 0;        // 0: no limit
  bool leaf_wise = true;             // else level by level
  GrowthConstraints constraints;     // none by default
};

struct GrownNode {
  Split split;  // invalid for leaves
  std::int32_t left = -1;
  std::int32_t right = -1;
  std::int32_t depth = 0;
  WideCell sums;
  std::size_t begin = 0;  // its events in GrownTree::rows
  std::size_t end = 0;
  // Bounds on the step of a leaf, by the constraints.
  double lower = -GrowthConstraints::infinity;
  double upper = GrowthConstraints::infinity;
};

struct GrownTree {
  std::vector<GrownNode> nodes;  // children after their parent, in the order of splitting
  std::vector<std::uint32_t> rows;
  bool interrupted = false;  // then the tree is unfinished and of no use
};

// What differs between kinds of cells. Integer: int32 or int64 for cells of four sums, uint64 for packed entries.
template <class Integer>
struct CellKind {
  using Entry = Cell<Integer>;
  using HistogramType = Histogram<Integer>;
};
template <>
struct CellKind<PackedEntry> {
  using Entry = PackedEntry;
  using HistogramType = PlaneHistogram;
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
  void grow(const Context& context, const GrowerRules& rules, const CellScales& scales, const Entry* entries,
            const std::vector<std::uint32_t>* rows, GrownTree& tree);
  GrownTree grow(const Context& context, const GrowerRules& rules, const CellScales& scales, const Entry* entries,
                 const std::vector<std::uint32_t>& rows);

 private:
  struct Run;
  using HistogramType = typename CellKind<Integer>::HistogramType;
  using HistogramPointer = std::unique_ptr<HistogramType>;
  // What one thread needs while it expands a node.
  struct Workspace {
    std::vector<std::uint64_t> words;  // zero between uses
    std::vector<std::uint64_t> mask;
    std::vector<Split> splits;
  };
  HistogramPointer take();
  void give(HistogramPointer histogram);
  std::unique_ptr<Workspace> take_workspace();
  void give_workspace(std::unique_ptr<Workspace> workspace);

  const BinnedEvents& events_;
  const BinEdges& edges_;
  PackedLayout layout_;
  std::vector<std::uint32_t> other_rows_;  // a node's events move between the tree's list and this one with each level
  std::mutex mutex_;                       // of the two pools
  std::vector<HistogramPointer> pool_;
  std::vector<std::unique_ptr<Workspace>> workspaces_;
};

}  // namespace diskern::trees

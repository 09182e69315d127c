#pragma once
// Grows one tree on binned events: histogram of the smaller child, the sibling by difference, stable partition of the
// event list.

#include <cstddef>
#include <cstdint>
#include <memory>
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

// Keeps its memory between trees. Integer: of the histogram cells.
template <class Integer>
class Grower {
 public:
  Grower(const BinnedEvents& events, const BinEdges& edges) : events_(events), edges_(edges) {}

  // entries: one per event; rows: the events of this tree, ascending (all events when it counts all of them).
  GrownTree grow(const Context& context, const GrowerRules& rules, const CellScales& scales,
                 const Cell<Integer>* entries, std::vector<std::uint32_t> rows);

 private:
  using HistogramPointer = std::unique_ptr<Histogram<Integer>>;
  HistogramPointer take();
  void give(HistogramPointer histogram);
  std::size_t partition(const Context& context, const Split& split, std::vector<std::uint32_t>& rows, std::size_t begin,
                        std::size_t end);

  const BinnedEvents& events_;
  const BinEdges& edges_;
  std::vector<HistogramPointer> pool_;
  std::vector<Histogram<Integer>> scratch_;
  std::vector<std::uint32_t> right_;
  std::vector<Split> feature_splits_;
};

}  // namespace diskern::trees

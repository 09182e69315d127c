#pragma once
// Grows one tree of TMVA mode.

#include <cstdint>
#include <vector>

#include "trees/tmva_splitter.hpp"
#include "trees/tmva_tree.hpp"

namespace diskern::trees {

struct GrownTmvaTree {
  TmvaTree tree;
  std::vector<std::int32_t> leaf;  // per event: the node where it ended; -1 for events without an entry
};

// entries: in event order; a bagged event comes several times. with_target: the tree is grown on their targets.
// n_events: their events are below it. number: of the tree in the forest, which seeds the choice of random variables.
// Throws Interrupted when context is, between nodes.
GrownTmvaTree grow_tmva_tree(const Context& context, const TmvaForestParams& params, const Columns& columns,
                             std::vector<TmvaEntry> entries, bool with_target, std::size_t n_events,
                             std::uint32_t number);

}  // namespace diskern::trees

#pragma once
// Grows one tree of TMVA mode.

#include <cstdint>
#include <vector>

#include "trees/tmva_splitter.hpp"
#include "trees/tmva_tree.hpp"

namespace diskern::trees {

// What a tree is grown on: entries in event order; a bagged event comes several times.
struct TreeSample {
  std::vector<std::int32_t> event;   // per entry
  std::vector<double> weight;        // per entry
  std::vector<std::uint8_t> signal;  // per entry
  std::vector<float> target;         // per entry; empty: classification
};

struct GrownTree {
  TmvaTree tree;
  std::vector<std::int32_t> leaf;  // per entry: the node where it ended
};

// number: of the tree in the forest, which seeds the choice of random variables.
// Throws Interrupted when context is, between nodes.
GrownTree grow_tree(const Context& context, const TmvaForestParams& params, const Columns& columns,
                    const TreeSample& sample, std::uint32_t number);

}  // namespace diskern::trees

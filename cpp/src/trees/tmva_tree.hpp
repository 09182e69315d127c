#pragma once
// A tree while TMVA mode grows, cleans and prunes it. Left and right are TMVA's: right is where GoesRight is true.

#include <cstdint>
#include <vector>

#include "trees/forest.hpp"
#include "trees/tmva_params.hpp"

namespace diskern::trees {

struct TmvaNode {
  std::int32_t variable = -1;  // -1: leaf; number of variables: Fisher cut
  float cut = 0;
  bool cut_type = true;  // true: at or above the cut is right
  std::int32_t left = -1;
  std::int32_t right = -1;
  std::int32_t parent = -1;
  std::int32_t depth = 0;
  std::int32_t fisher_begin = -1;  // into TmvaTree::fisher
  std::int32_t type = -99;         // TMVA's nType: 0 inner, 1 signal, -1 background, -99 leaf of a regression tree
  float purity = 0;
  float response = -99;
  float rms = 0;
  float signal_weight = 0;  // TMVA keeps these in float32; pruning sees the rounded values
  float background_weight = 0;
  float separation_index = 0;
  double separation_gain = 0;

  bool is_leaf() const noexcept { return left < 0; }
};

struct TmvaTree {
  std::vector<TmvaNode> nodes;     // children after parents
  std::vector<double> fisher;      // per Fisher node: one coefficient per variable, then the constant
  std::vector<double> importance;  // per variable: sum of gain^2 weight^2 over its splits
  bool regression = false;         // leaves hold responses

  std::size_t live_count() const noexcept;  // nodes that the root still reaches
  // TMVA's PruneNode: the node becomes a leaf, its type follows its purity.
  void make_leaf(std::size_t node, double purity_limit) noexcept;
  // TMVA's CleanTree: pairs of leaves of equal type are merged, from the bottom up.
  void clean(double purity_limit) noexcept;
  bool goes_right(std::size_t node, const float* const* columns, std::size_t event,
                  std::size_t n_variables) const noexcept;
  std::size_t leaf_of(const float* const* columns, std::size_t event, std::size_t n_variables) const noexcept;
};

// As evaluation wants it. What a leaf says: its type (yes_no), its purity, or the response of a regression tree.
Tree to_forest_tree(const TmvaTree& tree, std::size_t n_variables, bool yes_no);

}  // namespace diskern::trees

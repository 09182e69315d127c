#pragma once
// One event through a forest: by ranks (forest_ranked.hpp) where that can be, else eight trees are walked at a time, so
// that the processor waits for several of them at once. Shallow trees are filled up to complete ones in level order,
// where the next node is a matter of arithmetic; deep ones keep their nodes. Nothing is allocated.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/dispatch.hpp"
#include "trees/forest.hpp"
#include "trees/forest_ranked.hpp"

namespace diskern::trees {

class ForestSingle {
 public:
  ForestSingle() = default;
  // Of a validated forest. Not usable() where it has linear nodes, more than 65536 variables or no trees.
  explicit ForestSingle(const Forest& forest, InstructionSet level = instruction_set());

  bool usable() const noexcept { return ranked_.usable() || !groups_.empty(); }
  // About how long one event takes.
  double nanoseconds() const noexcept { return nanoseconds_; }

  // Adds tree weight times leaf, in the order of the trees, to sums[output].
  void evaluate(const float* variables, double* sums) const noexcept;

 private:
  static constexpr std::size_t lanes = 8;
  static constexpr unsigned deepest_complete = 8;
  static constexpr std::size_t most_keys = 1024;  // variables as integers, held on the stack

  struct Group {  // of neighbouring trees
    std::uint32_t trees;
    std::uint32_t depth;  // of all trees when filled up; 0: they keep their nodes
    // Complete: first of (lanes x 2^depth) nodes, of which number 0 of a tree is unused, and of as many values.
    // Else: first root.
    std::size_t begin;
  };
  struct Node {
    float threshold;        // NaN at leaves, which lead to themselves
    std::uint32_t left;     // the right child is the next one
    std::uint32_t feature;  // times two, plus one where NaN goes right
  };

  void add_complete(const Forest& forest, std::size_t tree, unsigned depth);
  void add_nodes(const Forest& forest, std::size_t tree);
  void fill_group(const Group& group);
  template <bool Missing>
  void walk(const Group& group, const float* variables, const std::int32_t* keys, double* leaves) const noexcept;
  template <bool Missing, unsigned Depth>
  void walk_complete(const Group& group, const std::int32_t* keys, double* leaves) const noexcept;
  void walk_nodes(const Group& group, const float* variables, double* leaves) const noexcept;

  std::size_t n_features_ = 0;
  std::size_t n_outputs_ = 1;
  double nanoseconds_ = 0;
  ForestRanked ranked_;
  std::vector<Group> groups_;
  std::vector<std::int32_t> threshold_;      // of complete trees
  std::vector<std::uint16_t> feature_;       // of complete trees
  std::vector<std::uint8_t> missing_right_;  // of complete trees
  std::vector<double> value_;                // of complete trees
  std::vector<std::uint32_t> root_;
  std::vector<Node> node_;
  std::vector<double> node_value_;
};

}  // namespace diskern::trees

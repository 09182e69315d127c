#pragma once
// Many events through deep trees: the nodes packed into eight bytes, sixteen events walked at once, so that the
// processor waits for several of them at a time. The same bits as one event after the other.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "trees/forest.hpp"
#include "trees/forest_bitsliced_table.hpp"

namespace diskern::trees {

class ForestWalk {
 public:
  ForestWalk() = default;
  // Of a validated forest. Not usable() where the packed form does not hold it: linear nodes, a tree of more than 65536
  // nodes, more than 32767 variables, no trees.
  explicit ForestWalk(const Forest& forest);

  bool usable() const noexcept { return !trees_.empty(); }
  // Steps of one event from node to node when all leaves of a tree are equally probable.
  double steps() const noexcept { return steps_; }

  class Scratch {
   public:
    explicit Scratch(const ForestWalk& forest) : rows_(block * forest.n_features_) {}

   private:
    friend class ForestWalk;
    std::vector<float> rows_;
  };

  // Adds tree weight times leaf of events [begin, begin + count) to sums[output * bitsliced_block + event].
  void evaluate(const EventSource& events, std::size_t begin, std::size_t count, double* sums,
                Scratch& scratch) const noexcept;

 private:
  static constexpr std::size_t block = 64;  // events that meet a tree while it is in the cache

  struct Node {
    float threshold;        // right if x >= threshold; NaN at leaves, which therefore lead to themselves
    std::uint16_t left;     // the right child is the next one
    std::uint16_t feature;  // times two, plus one where NaN goes right
  };
  struct PackedTree {
    std::uint32_t begin;
    std::uint32_t shallowest;  // depth of the leaf nearest to the root
  };
  void walk(const PackedTree& tree, const float* const* rows, std::uint32_t* node) const noexcept;

  std::size_t n_features_ = 0;
  std::size_t n_outputs_ = 1;
  double steps_ = 0;
  std::vector<PackedTree> trees_;
  std::vector<Node> nodes_;
  std::vector<double> values_;  // tree weight times leaf
};

}  // namespace diskern::trees

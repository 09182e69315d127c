#include "trees/forest_bitsliced_program.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace diskern::trees {

namespace {

// The leaves below a node: their numbers, and the lines that hold the bits of the number that each event gets.
struct Subtree {
  std::vector<std::uint32_t> planes;  // lowest bit first
  std::vector<std::int32_t> leaf;     // 2^planes.size() entries, -1 where a number is free
};

class Compiler {
 public:
  Compiler(const Tree& tree, const std::vector<std::uint32_t>& line_of_node)
      : tree_(tree), line_of_node_(line_of_node) {}

  LeafProgram compile() {
    Subtree whole;
    if (!reduce(whole)) return {};
    program_.planes.assign(whole.planes.rbegin(), whole.planes.rend());
    program_.leaf = std::move(whole.leaf);
    return std::move(program_);
  }

 private:
  // From the last node to the first: children come after their parent. Depth first would need fewer slots at a time,
  // so the order is that of a walk with a stack, right subtree first.
  bool reduce(Subtree& whole) {
    std::vector<std::pair<std::size_t, bool>> open = {{0, false}};
    std::vector<Subtree> done;
    while (!open.empty()) {
      const auto [node, children_done] = open.back();
      open.pop_back();
      if (tree_.feature[node] == leaf_feature) {
        done.push_back({{}, {static_cast<std::int32_t>(node)}});
      } else if (!children_done) {
        open.emplace_back(node, true);
        open.emplace_back(static_cast<std::size_t>(tree_.left[node]), false);
        open.emplace_back(static_cast<std::size_t>(tree_.right[node]), false);
      } else {
        Subtree left = std::move(done.back());
        done.pop_back();
        Subtree right = std::move(done.back());
        done.pop_back();
        if (!merge(line_of_node_[node], std::move(left), std::move(right), done)) return false;
      }
    }
    whole = std::move(done.back());
    return true;
  }

  // The smaller subtree goes where the larger one left numbers free; else the number becomes one bit longer.
  bool merge(std::uint32_t selector, Subtree left, Subtree right, std::vector<Subtree>& done) {
    const bool right_is_larger = right.planes.size() >= left.planes.size();
    Subtree& larger = right_is_larger ? right : left;
    Subtree& smaller = right_is_larger ? left : right;
    const std::size_t width = larger.planes.size();
    const std::size_t needed = smaller.leaf.size();
    std::size_t place = larger.leaf.size();
    for (std::size_t begin = 0; begin < larger.leaf.size(); begin += needed) {
      if (std::all_of(larger.leaf.begin() + static_cast<std::ptrdiff_t>(begin),
                      larger.leaf.begin() + static_cast<std::ptrdiff_t>(begin + needed),
                      [](std::int32_t leaf) { return leaf < 0; })) {
        place = begin;
        break;
      }
    }
    Subtree merged;
    const bool longer = place == larger.leaf.size();
    if (longer && width + 1 > bitsliced_width) return false;
    for (std::size_t b = 0; b < width; ++b) {
      std::uint32_t other = (place >> b & 1U) != 0 ? line_of_ones : line_of_zeros;
      if (b < smaller.planes.size()) other = smaller.planes[b];
      merged.planes.push_back(right_is_larger ? choose(selector, larger.planes[b], other)
                                              : choose(selector, other, larger.planes[b]));
    }
    if (longer) {
      merged.planes.push_back(selector);
      // The highest bit is the decision itself, so the right subtree has the upper half.
      merged.leaf.assign(2 * larger.leaf.size(), -1);
      const std::size_t upper = larger.leaf.size();
      std::copy(left.leaf.begin(), left.leaf.end(), merged.leaf.begin());
      std::copy(right.leaf.begin(), right.leaf.end(), merged.leaf.begin() + static_cast<std::ptrdiff_t>(upper));
    } else {
      merged.leaf = std::move(larger.leaf);
      std::copy(smaller.leaf.begin(), smaller.leaf.end(), merged.leaf.begin() + static_cast<std::ptrdiff_t>(place));
    }
    done.push_back(std::move(merged));
    return true;
  }

  std::uint32_t choose(std::uint32_t selector, std::uint32_t right, std::uint32_t left) {
    if (right == left) return right;
    // The operands are read before the destination is written, so the slot of one of them can be used again. Each
    // plane in a slot belongs to one subtree only.
    std::uint32_t destination = 0;
    if (right >= LeafProgram::first_slot) {
      destination = right;
      if (left >= LeafProgram::first_slot) free_.push_back(left);
    } else if (left >= LeafProgram::first_slot) {
      destination = left;
    } else if (!free_.empty()) {
      destination = free_.back();
      free_.pop_back();
    } else {
      destination = LeafProgram::first_slot + program_.slot_count++;
    }
    program_.operations.push_back({destination, selector, right, left});
    return destination;
  }

  const Tree& tree_;
  const std::vector<std::uint32_t>& line_of_node_;
  LeafProgram program_;
  std::vector<std::uint32_t> free_;
};

}  // namespace

LeafProgram compile_leaf_program(const Tree& tree, const std::vector<std::uint32_t>& line_of_node) {
  return Compiler(tree, line_of_node).compile();
}

}  // namespace diskern::trees

#pragma once
// Loops over the events of the leaves of a grown tree.

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/executor.hpp"
#include "diskern/context.hpp"
#include "trees/grower.hpp"

namespace diskern::trees {

// Events of a share that are worked on together.
constexpr std::size_t leaf_block_size = 16384;

// Events that the blocks of all shares with the same number span.
inline std::size_t span_of(const GrownTree& grown) {
  const std::size_t round = grown.block_size * grown.n_shares;
  return std::max<std::size_t>(1, leaf_block_size / grown.block_size) * round;
}

// Chunks up to the last event of the tree: a block of each share in turn.
inline std::size_t leaf_block_count(const GrownTree& grown) {
  std::size_t events = 0;
  for (const Range& segment : grown.segments) {
    if (segment.begin != segment.end) events = std::max(events, std::size_t{grown.rows[segment.end - 1]} + 1);
  }
  return chunk_count(events, span_of(grown)) * grown.n_shares;
}

// Calls body(block, node, rows, n) for the events of every leaf, block by block of neighbouring events: what a thread
// works on stays in its cache, and no two threads write to neighbouring events.
template <class Body>
void for_leaf_blocks(const Context& context, const GrownTree& grown, double nanoseconds_per_event, const Body& body) {
  const std::size_t span = span_of(grown);
  const std::size_t blocks = leaf_block_count(grown);
  const bool whole = blocks == grown.n_shares;
  const double work = static_cast<double>(grown.rows.size()) * nanoseconds_per_event;
  Context of_shares = context;
  of_shares.threads = static_cast<int>(grown.n_shares);
  parallel_for(
      grown.n_shares > 1 ? of_shares : context, blocks,
      [&](std::size_t block) {
        const std::size_t share = block % grown.n_shares;
        const std::size_t begin_row = block / grown.n_shares * span;
        for (std::size_t node = 0; node < grown.nodes.size(); ++node) {
          const Range& segment = grown.segments[node * grown.n_shares + share];
          const std::uint32_t* first = grown.rows.data() + segment.begin;
          const std::uint32_t* end = grown.rows.data() + segment.end;
          if (!whole) {
            if (begin_row > 0) first = std::lower_bound(first, end, begin_row);
            if (end != first && end[-1] >= begin_row + span) end = std::lower_bound(first, end, begin_row + span);
          }
          if (first != end) body(block, node, first, static_cast<std::size_t>(end - first));
        }
      },
      work < 5e3 ? 0.0 : 1e9);
}

}  // namespace diskern::trees

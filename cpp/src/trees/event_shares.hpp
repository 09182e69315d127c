#pragma once
// How the events of a sample are dealt out to threads, the same in every loop over them: what a thread wrote in one loop
// it reads in the next, out of its own cache. Fetching it from another core costs about as much as the work on it.

#include <algorithm>
#include <cstddef>

#include "base/executor.hpp"
#include "diskern/context.hpp"

namespace diskern::trees {

// Blocks of neighbouring events belong to the shares in turn: samples are often sorted by class, and then every share
// gets its part of each.
struct EventShares {
  std::size_t n_events = 0;
  std::size_t n_shares = 1;
  std::size_t block_size = 1024;  // a multiple of 1024

  std::size_t block_count() const noexcept { return chunk_count(n_events, block_size); }
  std::size_t share_of(std::size_t event) const noexcept { return event / block_size % n_shares; }
};

// What threads write at the same time lies this many bytes apart: a cache line and its neighbour, which is fetched along.
constexpr std::size_t apart = 128;

constexpr std::size_t smallest_event_block = 1024;

inline EventShares event_shares(const Context& context, std::size_t n_events) {
  constexpr std::size_t smallest_share = 2048;
  constexpr std::size_t largest_block = 32768;
  const auto threads = static_cast<std::size_t>(context.threads > 0 ? context.threads : available_threads());
  EventShares shares;
  shares.n_events = n_events;
  shares.n_shares = std::clamp<std::size_t>(n_events / smallest_share, 1, threads);
  // Few blocks: behind the end of each the processor fetches what belongs to another core, which costs half a
  // microsecond (20000 events in blocks of 1024 on two threads took three times as long as in two halves).
  const std::size_t share = n_events / shares.n_shares;
  const std::size_t size = share / (share < largest_block ? 2 : 4) + 1;
  shares.block_size = std::min(chunk_count(size, smallest_event_block) * smallest_event_block, largest_block);
  return shares;
}

// Calls body(range) for all blocks. Where a block begins depends on the number of threads: sums whose order counts must
// be made of smaller pieces, of a size that divides 1024.
template <class Body>
void for_event_blocks(const Context& context, std::size_t n_events, double nanoseconds_per_event, const Body& body) {
  const EventShares shares = event_shares(context, n_events);
  Context of_shares = context;
  of_shares.threads = static_cast<int>(shares.n_shares);
  constexpr double worth_sharing = 5e3;
  // In long loops a thread that is held up loses the blocks that it has not begun to the others.
  constexpr double worth_balancing = 1e6;
  const double work = static_cast<double>(n_events) * nanoseconds_per_event;
  const std::size_t blocks = shares.block_count();
  const std::size_t step = work < worth_balancing ? shares.n_shares : blocks;
  parallel_for(
      of_shares, std::min(step, blocks),
      [&](std::size_t chunk) {
        for (std::size_t block = chunk; block < blocks; block += step) {
          body(chunk_range(n_events, shares.block_size, block));
        }
      },
      work < worth_sharing ? 0.0 : 1e9);
}

// Calls body(share, range) for all blocks, those of a share by one thread.
template <class Body>
void for_event_shares(const Context& context, std::size_t n_events, const Body& body) {
  const EventShares shares = event_shares(context, n_events);
  Context of_shares = context;
  of_shares.threads = static_cast<int>(shares.n_shares);
  parallel_for(of_shares, shares.n_shares, [&](std::size_t share) {
    for (std::size_t block = share; block < shares.block_count(); block += shares.n_shares) {
      body(share, chunk_range(n_events, shares.block_size, block));
    }
  });
}

}  // namespace diskern::trees

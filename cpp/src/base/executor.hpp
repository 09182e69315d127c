#pragma once
// Runs chunks of work. The chunks depend on the problem only, never on the number of threads,
// so results do not either (reproducibility level R0).

#include <cstddef>
#include <functional>

#include "diskern/context.hpp"

namespace diskern {

// Threads that this process may use (affinity mask, cgroup quota, DISKERN_NUM_THREADS, OMP_NUM_THREADS).
int available_threads();

// Calls body(chunk) for chunk = 0 .. chunks-1, each exactly once, in any order, on up to context.threads threads
// (0: all available). The first exception thrown by a body is rethrown here. Nested calls run inline.
// work_nanoseconds estimates the whole work; less than about 10 microseconds runs inline.
void parallel_for(const Context& context, std::size_t chunks, const std::function<void(std::size_t)>& body,
                  double work_nanoseconds = 1e9);

// parallel_for in slices of at most about a tenth of a second by the clock, the first a chunk for every thread. Asks the
// monitor before each: throws Interrupted when the user wants to stop, with some of the chunks done. Work estimated at
// less than 5 ms runs without asking. For loops over a whole sample that may take longer than a second; not to be called
// from a body, since the monitor is asked on the thread that called fit.
void interruptible_for(const Context& context, std::size_t chunks, const std::function<void(std::size_t)>& body,
                       double work_nanoseconds = 1e9);

// The half-open range of chunk number c out of `items` items cut into pieces of chunk_size.
struct Range {
  std::size_t begin;
  std::size_t end;
};
constexpr std::size_t chunk_count(std::size_t items, std::size_t chunk_size) {
  return (items + chunk_size - 1) / chunk_size;
}
constexpr Range chunk_range(std::size_t items, std::size_t chunk_size, std::size_t chunk) {
  const std::size_t begin = chunk * chunk_size;
  const std::size_t end = begin + chunk_size;
  return {begin, end < items ? end : items};
}

}  // namespace diskern

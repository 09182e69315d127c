#include "clustering/dbscan_events.hpp"

#include <algorithm>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/executor.hpp"
#include "diskern/error.hpp"

namespace diskern::clustering {

namespace {

// Objects with their memory, lent to whoever works on a chunk of events.
class Workspaces {
 public:
  std::unique_ptr<Dbscan> take() {
    const std::lock_guard lock(mutex_);
    if (free_.empty()) return std::make_unique<Dbscan>();
    std::unique_ptr<Dbscan> one = std::move(free_.back());
    free_.pop_back();
    return one;
  }
  void give_back(std::unique_ptr<Dbscan> one) {
    const std::lock_guard lock(mutex_);
    free_.push_back(std::move(one));
  }

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<Dbscan>> free_;
};

void check_offsets(View<const std::int64_t> offsets, std::size_t n) {
  if (offsets.empty()) throw InvalidArgument("offsets is empty, expected 0 and the end of every event");
  if (offsets[0] != 0) throw InvalidArgument("offsets starts with " + std::to_string(offsets[0]) + ", expected 0");
  for (std::size_t e = 1; e < offsets.size(); ++e) {
    if (offsets[e] < offsets[e - 1]) {
      throw InvalidArgument("offsets falls from " + std::to_string(offsets[e - 1]) + " to " +
                            std::to_string(offsets[e]) + " at position " + std::to_string(e));
    }
  }
  const std::int64_t last = offsets[offsets.size() - 1];
  if (static_cast<std::uint64_t>(last) != n) {
    throw InvalidArgument("offsets ends with " + std::to_string(last) + ", expected the number of points: " +
                          std::to_string(n));
  }
}

}  // namespace

void dbscan_events(const Context& context, const DbscanParams& params, View<const double, 2> points,
                   View<const std::int64_t> offsets, View<const double> weight, std::int64_t* labels,
                   std::uint8_t* core, std::int64_t* n_clusters) {
  check_offsets(offsets, points.rows());
  if (!weight.empty() && weight.size() != points.rows()) {
    throw InvalidArgument("one weight per point is expected: " + std::to_string(points.rows()) + ", got " +
                          std::to_string(weight.size()));
  }
  constexpr std::size_t events_per_chunk = 8;
  const std::size_t n_events = offsets.size() - 1;
  Workspaces workspaces;
  const auto cluster_chunk = [&](std::size_t chunk) {
    const Range range = chunk_range(n_events, events_per_chunk, chunk);
    std::unique_ptr<Dbscan> dbscan = workspaces.take();
    for (std::size_t e = range.begin; e < range.end; ++e) {
      const auto begin = static_cast<std::size_t>(offsets[e]);
      const auto end = static_cast<std::size_t>(offsets[e + 1]);
      n_clusters[e] = 0;
      if (begin == end) continue;
      try {
        const View<const double> weights = weight.empty() ? weight : weight.slice(begin, end);
        const DbscanResult& result = dbscan->fit(Context{}, params, points.slice(begin, end), weights);
        std::copy(result.labels.begin(), result.labels.end(), labels + begin);
        std::copy(result.core.begin(), result.core.end(), core + begin);
        n_clusters[e] = result.n_clusters;
      } catch (const InvalidArgument& error) {
        throw InvalidArgument("event " + std::to_string(e) + ": " + error.what());
      }
    }
    workspaces.give_back(std::move(dbscan));
  };
  interruptible_for(context, chunk_count(n_events, events_per_chunk), cluster_chunk,
                    static_cast<double>(points.rows()) * 150.0);
}

}  // namespace diskern::clustering

#pragma once
// What one thread adds up of a node's histogram, and how the parts of several threads come together, variable by
// variable, so that the threads can share that work as well.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/executor.hpp"
#include "trees/binning.hpp"
#include "trees/event_shares.hpp"
#include "trees/histogram.hpp"

namespace diskern::trees {

// Of cells of four sums.
template <class Integer>
struct alignas(apart) HistogramPart {
  using HistogramType = Histogram<Integer>;
  static constexpr std::size_t feature_bytes = cells_per_feature * sizeof(Cell<Integer>);

  explicit HistogramPart(std::size_t n_features) : n_cells(n_features * cells_per_feature) {}
  // Whether the parts of a node with these sums need no histogram but that of the first.
  static bool fits(const PackedLayout&, const WideCell&) { return false; }

  void start(HistogramType* own) {
    histogram = own;
    empty = true;
  }
  void drop() { histogram = nullptr; }
  // Adds the events rows[0 .. n) or, without rows, first .. first + n - 1.
  void add(const BinnedEvents& events, const PackedLayout& layout, const Cell<Integer>* entries,
           const std::uint32_t* rows, std::size_t first, std::size_t n);
  // Brings one variable of all parts into the histogram of the first.
  static void collect(const PackedLayout& layout, HistogramPart* parts, std::size_t n_parts, std::size_t feature);

  HistogramType* histogram = nullptr;
  std::unique_ptr<HistogramType> kept;  // of its own
  std::size_t n_cells;
  bool empty = true;  // the histogram is to be cleared by the first that adds to it
};

// Of packed entries: words until their block is full, then planes. Words that are not full are unpacked by whoever
// collects them; those of several parts are added first where one block holds them all. They are only read there: the
// thread that adds to them clears them when it begins anew. (A line that another core has written comes late, one after
// the other, where additions jump from line to line.)
template <>
struct alignas(apart) HistogramPart<PackedEntry> {
  using HistogramType = PlaneHistogram;
  static constexpr std::size_t feature_bytes = sizeof(Planes);

  explicit HistogramPart(std::size_t n_features) : words(n_features * cells_per_feature, 0) {}
  static bool fits(const PackedLayout& layout, const WideCell& sums) { return sums.count <= layout.block_count; }

  void start(HistogramType* own) {
    histogram = own;
    drop();
  }
  // What was added is of no interest any more.
  void drop() {
    used = used || in_words > 0;
    in_words = 0;
    unpacked = false;
  }
  // Where the only part is filled by several threads, each for its own range of variables: adds as `add` does, in words
  // alone, of events that one block holds; clear_range goes before and collect_range after.
  void clear_range(const Range& features);
  void add_range(const BinnedEvents& events, const Range& features, const PackedEntry* entries,
                 const std::uint32_t* rows, std::size_t first, std::size_t n);
  void collect_range(const PackedLayout& layout, std::size_t feature);
  void add(const BinnedEvents& events, const PackedLayout& layout, const PackedEntry* entries,
           const std::uint32_t* rows, std::size_t first, std::size_t n);
  static void collect(const PackedLayout& layout, HistogramPart* parts, std::size_t n_parts, std::size_t feature);

  HistogramType* histogram = nullptr;  // with `fits` only the first part has one
  std::unique_ptr<HistogramType> kept;
  LargeArray<std::uint64_t> words;
  std::size_t in_words = 0;  // events
  bool used = false;         // the words hold what was collected before
  bool unpacked = false;     // the histogram holds sums
};

}  // namespace diskern::trees

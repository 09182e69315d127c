#include "trees/histogram_part.hpp"

#include <algorithm>
#include <utility>

#include "trees/training_kernels.hpp"

namespace diskern::trees {

template <class Integer>
void HistogramPart<Integer>::add(const BinnedEvents& events, const PackedLayout&, const Cell<Integer>* entries,
                                 const std::uint32_t* rows, std::size_t first, std::size_t n) {
  if (std::exchange(empty, false)) histogram->assign(n_cells, Cell<Integer>{});
  add_cells(events, entries, rows, first, n, *histogram);
}

template <class Integer>
void HistogramPart<Integer>::collect(const PackedLayout&, HistogramPart* parts, std::size_t n_parts,
                                     std::size_t feature) {
  if (n_parts == 0) return;
  Cell<Integer>* sum = parts[0].histogram->data() + feature * cells_per_feature;
  if (parts[0].empty) std::fill_n(sum, cells_per_feature, Cell<Integer>{});
  for (std::size_t p = 1; p < n_parts; ++p) {
    if (parts[p].empty) continue;
    const Cell<Integer>* other = parts[p].histogram->data() + feature * cells_per_feature;
    for (std::size_t c = 0; c < cells_per_feature; ++c) sum[c] = sum[c] + other[c];
  }
}

void HistogramPart<PackedEntry>::clear_range(const Range& features) {
  std::fill(words.data() + features.begin * cells_per_feature, words.data() + features.end * cells_per_feature, 0);
}

void HistogramPart<PackedEntry>::add_range(const BinnedEvents& events, const Range& features,
                                           const PackedEntry* entries, const std::uint32_t* rows, std::size_t first,
                                           std::size_t n) {
  training_kernels().add_rows(events.bins.data() + features.begin, events.stride, features.end - features.begin,
                              entries, rows, first, n, words.data() + features.begin * cells_per_feature);
}

void HistogramPart<PackedEntry>::collect_range(const PackedLayout& layout, std::size_t feature) {
  training_kernels().unpack(words.data() + feature * cells_per_feature, layout, false, &(*histogram)[feature]);
}

void HistogramPart<PackedEntry>::add(const BinnedEvents& events, const PackedLayout& layout,
                                     const PackedEntry* entries, const std::uint32_t* rows, std::size_t first,
                                     std::size_t n) {
  const TrainingKernels& kernels = training_kernels();
  const auto block = static_cast<std::size_t>(layout.block_count);
  const Range all{0, events.n_features};
  while (n > 0) {
    if (std::exchange(used, false)) clear_range(all);
    const std::size_t size = std::min(block - in_words, n);
    kernels.add_rows(events.bins.data(), events.stride, events.n_features, entries, rows, first, size, words.data());
    in_words += size;
    n -= size;
    first += size;
    if (rows != nullptr) rows += size;
    if (in_words < block || n == 0) continue;
    for (std::size_t f = 0; f < events.n_features; ++f) {
      kernels.unpack(words.data() + f * cells_per_feature, layout, unpacked, &(*histogram)[f]);
    }
    unpacked = true;
    in_words = 0;
    used = true;
  }
}

void HistogramPart<PackedEntry>::collect(const PackedLayout& layout, HistogramPart* parts, std::size_t n_parts,
                                         std::size_t feature) {
  if (n_parts == 0) return;
  const TrainingKernels& kernels = training_kernels();
  Planes* sum = &(*parts[0].histogram)[feature];
  bool started = parts[0].unpacked;
  std::size_t in_words = parts[0].in_words;
  for (std::size_t p = 1; p < n_parts; ++p) {
    in_words += parts[p].in_words;
    if (!parts[p].unpacked) continue;
    const Planes& other = (*parts[p].histogram)[feature];
    if (started) {
      kernels.add_planes(sum, &other);
    } else {
      *sum = other;
    }
    started = true;
  }
  const bool one_block = in_words <= static_cast<std::size_t>(layout.block_count);
  alignas(64) std::uint64_t together[plane_cells];
  const std::uint64_t* found = nullptr;  // words that are not unpacked yet
  for (std::size_t p = 0; p < n_parts; ++p) {
    if (parts[p].in_words == 0) continue;
    const std::uint64_t* words = parts[p].words.data() + feature * cells_per_feature;
    if (one_block && found != nullptr) {
      if (found != together) std::copy_n(found, plane_cells, together);
      kernels.add_words(together, words);
      found = together;
      continue;
    }
    if (found != nullptr) {
      kernels.unpack(found, layout, started, sum);
      started = true;
    }
    found = words;
  }
  if (found != nullptr) {
    kernels.unpack(found, layout, started, sum);
  } else if (!started) {
    *sum = Planes{};
  }
}

template struct HistogramPart<std::int32_t>;
template struct HistogramPart<std::int64_t>;

}  // namespace diskern::trees

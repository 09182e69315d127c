#include "trees/histogram_part.hpp"

#include <algorithm>

#include "trees/training_kernels.hpp"

namespace diskern::trees {

template <class Integer>
void HistogramPart<Integer>::add(const BinnedEvents& events, const PackedLayout&, const Range&,
                                 const Cell<Integer>* entries, const std::uint32_t* rows, std::size_t first,
                                 std::size_t n) {
  add_cells(events, entries, rows, first, n, *histogram);
}

template <class Integer>
void HistogramPart<Integer>::collect(const PackedLayout&, HistogramPart* parts, std::size_t n_parts,
                                     std::size_t feature) {
  for (std::size_t p = 1; p < n_parts; ++p) {
    Cell<Integer>* sum = parts[0].histogram->data() + feature * cells_per_feature;
    const Cell<Integer>* other = parts[p].histogram->data() + feature * cells_per_feature;
    for (std::size_t c = 0; c < cells_per_feature; ++c) sum[c] = sum[c] + other[c];
  }
}

void HistogramPart<PackedEntry>::add(const BinnedEvents& events, const PackedLayout& layout, const Range& features,
                                     const PackedEntry* entries, const std::uint32_t* rows, std::size_t first,
                                     std::size_t n) {
  const TrainingKernels& kernels = training_kernels();
  if (features.end - features.begin < events.n_features) {  // other threads work on the rest: nothing is counted here
    kernels.add_rows(events.bins.data() + features.begin, events.stride, features.end - features.begin, entries, rows,
                     first, n, words.data() + features.begin * cells_per_feature);
    return;
  }
  const auto block = static_cast<std::size_t>(layout.block_count);
  while (n > 0) {
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
  const auto words_of = [&](std::size_t p) { return parts[p].words.data() + feature * cells_per_feature; };
  if (in_words <= static_cast<std::size_t>(layout.block_count)) {
    for (std::size_t p = 1; p < n_parts; ++p) {
      if (parts[p].in_words > 0) kernels.move_words(words_of(0), words_of(p));
    }
    kernels.unpack(words_of(0), layout, started, sum);
    return;
  }
  for (std::size_t p = 0; p < n_parts; ++p) {
    if (parts[p].in_words == 0) continue;
    kernels.unpack(words_of(p), layout, started, sum);
    started = true;
  }
}

template struct HistogramPart<std::int32_t>;
template struct HistogramPart<std::int64_t>;

}  // namespace diskern::trees

#include "trees/binning.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <string>

#include "base/executor.hpp"
#include "diskern/error.hpp"
#include "trees/fixed_point.hpp"
#include "trees/training_kernels.hpp"

namespace diskern::trees {

namespace {

struct Entry {
  std::uint32_t key;  // the value's bits, made monotone
  std::uint32_t event;
};

std::uint32_t key_of(float value) noexcept {
  if (value == 0.0F) value = 0.0F;  // -0 and +0 are one value
  const auto bits = std::bit_cast<std::uint32_t>(value);
  return (bits & 0x80000000U) != 0 ? ~bits : bits | 0x80000000U;
}

float value_of(std::uint32_t key) noexcept {
  return std::bit_cast<float>((key & 0x80000000U) != 0 ? key & 0x7fffffffU : ~key);
}

// Radix sort by key, 11 bits at a time; linear in the number of events, unlike std::sort.
void sort_entries(std::vector<Entry>& entries, std::vector<Entry>& buffer) {
  constexpr std::size_t digits = 2048;
  std::array<std::array<std::uint32_t, digits>, 3> count{};
  for (const Entry& entry : entries) {
    ++count[0][entry.key & 2047U];
    ++count[1][(entry.key >> 11U) & 2047U];
    ++count[2][entry.key >> 22U];
  }
  buffer.resize(entries.size());
  for (unsigned pass = 0; pass < 3; ++pass) {
    auto& place = count[pass];
    const unsigned shift = 11U * pass;
    if (place[(entries.front().key >> shift) & 2047U] == entries.size()) continue;  // one digit everywhere
    std::uint32_t sum = 0;
    for (std::uint32_t& p : place) {
      const std::uint32_t size = p;
      p = sum;
      sum += size;
    }
    for (const Entry& entry : entries) buffer[place[(entry.key >> shift) & 2047U]++] = entry;
    entries.swap(buffer);
  }
}

// A float32 edge with low < edge <= high, half way where float32 allows.
float edge_between(float low, float high) noexcept {
  const auto middle = static_cast<float>((static_cast<double>(low) + static_cast<double>(high)) / 2);
  return middle > low && middle <= high ? middle : high;  // also when an infinity is involved
}

struct Distinct {
  float value;
  std::int64_t weight;
};

std::vector<float> choose_edges(const std::vector<Distinct>& distinct, std::size_t max_bins) {
  std::vector<float> edges;
  if (distinct.size() <= max_bins) {
    for (std::size_t i = 1; i < distinct.size(); ++i) {
      edges.push_back(edge_between(distinct[i - 1].value, distinct[i].value));
    }
    return edges;
  }
  // A value that fills a bin has one of its own; the others share the rest evenly, where the share is worked out anew
  // after each bin, so that leftovers do not gather in the last. Integers throughout.
  const auto bins = static_cast<std::int64_t>(max_bins);
  std::int64_t all = 0;
  for (const Distinct& d : distinct) all += d.weight;
  const auto heavy = [&](const Distinct& d) { return d.weight * bins >= all; };
  std::int64_t rest = all;
  std::int64_t rest_bins = bins;
  for (const Distinct& d : distinct) {
    if (heavy(d)) {
      rest -= d.weight;
      --rest_bins;
    }
  }
  std::int64_t filled = 0;
  for (std::size_t i = 0; i + 1 < distinct.size() && edges.size() + 1 < max_bins; ++i) {
    const bool own_bin = heavy(distinct[i]);
    if (!own_bin) filled += distinct[i].weight;
    const bool full = filled * rest_bins >= rest && filled > 0;
    const bool before_heavy = heavy(distinct[i + 1]) && 2 * filled * rest_bins >= rest;
    if (!own_bin && !full && !before_heavy) continue;
    edges.push_back(edge_between(distinct[i].value, distinct[i + 1].value));
    rest -= filled;
    if (filled > 0 && !own_bin) --rest_bins;
    filled = 0;
  }
  return edges;
}

// |weight| in integers of which twice the sum times the number of bins still fits into 63 bits.
std::vector<std::int64_t> integer_weights(View<const double> weight, View<const std::int32_t> class_index) {
  constexpr int bits = 53;
  const std::size_t n = weight.size();
  std::vector<std::int64_t> result(n);
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) sum += std::abs(weight[i]);
  const FixedPoint fixed = FixedPoint::for_sums(1.0, sum, bits);
  for (std::size_t i = 0; i < n; ++i) result[i] = fixed(std::abs(weight[i]), 1.0);
  if (class_index.empty()) return result;

  std::vector<std::int64_t> class_sum;
  for (std::size_t i = 0; i < n; ++i) {
    const auto k = static_cast<std::size_t>(class_index[i]);
    if (k >= class_sum.size()) class_sum.resize(k + 1, 0);
    class_sum[k] += result[i];
  }
  // The share of an event in its class; the shares of a class sum up to one.
  std::vector<double> share(class_sum.size(), 0.0);
  double largest = 0;
  for (std::size_t k = 0; k < share.size(); ++k) {
    if (class_sum[k] == 0) continue;
    share[k] = 1.0 / fixed.value(class_sum[k]);
    largest = std::max(largest, share[k]);
  }
  const auto classes = static_cast<double>(share.size());
  const FixedPoint fixed_share = FixedPoint::for_sums(largest, classes / largest, bits);
  for (std::size_t i = 0; i < n; ++i) {
    result[i] = fixed_share(std::abs(weight[i]), share[static_cast<std::size_t>(class_index[i])]);
  }
  return result;
}

}  // namespace

double BinEdges::threshold(std::size_t feature, std::size_t bin) const noexcept {
  return bin == 0 ? -std::numeric_limits<double>::infinity() : static_cast<double>(edges[feature][bin - 1]);
}

BinEdges find_edges(const Context& context, View<const float, 2> events, View<const double> weight, int max_bins,
                    View<const std::int32_t> class_index) {
  if (max_bins < 2 || max_bins > largest_bin_count) {
    throw InvalidArgument("max_bins must be from 2 to 255, got " + std::to_string(max_bins));
  }
  const std::size_t n = events.rows();
  const std::vector<std::int64_t> integer_weight = integer_weights(weight, class_index);

  BinEdges result;
  result.edges.resize(events.columns());
  interruptible_for(
      context, events.columns(),
      [&](std::size_t feature) {
        std::vector<Entry> entries;
        std::vector<Entry> buffer;
        entries.reserve(n);
        for (std::size_t i = 0; i < n; ++i) {
          const float value = events(i, feature);
          if (!std::isnan(value) && integer_weight[i] != 0)
            entries.push_back({key_of(value), static_cast<std::uint32_t>(i)});
        }
        if (entries.empty()) return;
        sort_entries(entries, buffer);
        std::vector<Distinct> distinct;
        std::uint32_t last = ~entries.front().key;
        for (const Entry& entry : entries) {
          if (entry.key != last) {
            distinct.push_back({value_of(entry.key), 0});
            last = entry.key;
          }
          distinct.back().weight += integer_weight[entry.event];
        }
        result.edges[feature] = choose_edges(distinct, static_cast<std::size_t>(max_bins));
      },
      static_cast<double>(n * events.columns()) * 30.0);
  return result;
}

std::uint8_t bin_of(const std::vector<float>& edges, float value) noexcept {
  if (std::isnan(value)) return missing_bin;
  return static_cast<std::uint8_t>(std::upper_bound(edges.begin(), edges.end(), value) - edges.begin());
}

BinnedEvents bin_events(const Context& context, const BinEdges& edges, View<const float, 2> events) {
  const TrainingKernels& kernels = training_kernels();
  BinnedEvents result;
  result.n_events = events.rows();
  result.n_features = events.columns();
  const std::size_t block = result.n_features <= 32 ? 32 : 16;
  result.stride = (result.n_features + block - 1) / block * block;
  result.bins.assign(result.n_events * result.stride, 0);

  // Edges padded with NaN (never <= x) to 256, for a search of eight steps without branches.
  std::vector<std::array<float, cells_per_feature>> padded(result.n_features);
  for (std::size_t j = 0; j < result.n_features; ++j) {
    padded[j].fill(std::numeric_limits<float>::quiet_NaN());
    std::copy(edges.edges[j].begin(), edges.edges[j].end(), padded[j].begin());
  }
  result.column_stride = (result.n_events + 63) / 64 * 64;
  result.columns.assign(result.column_stride * result.n_features, 0);
  // Blocks small enough that their values stay in the first cache from variable to variable.
  constexpr std::size_t chunk_size = 4096;
  constexpr std::size_t block_size = 128;
  interruptible_for(
      context, chunk_count(result.n_events, chunk_size),
      [&](std::size_t chunk) {
        const Range range = chunk_range(result.n_events, chunk_size, chunk);
        for (std::size_t begin = range.begin; begin < range.end; begin += block_size) {
          const std::size_t size = std::min(block_size, range.end - begin);
          for (std::size_t j = 0; j < result.n_features; ++j) {
            std::uint8_t* column = result.columns.data() + j * result.column_stride + begin;
            kernels.bin_values(&events(begin, j), events.strides()[0], size, padded[j].data(), column);
            std::uint8_t* out = result.bins.data() + begin * result.stride + j;
            for (std::size_t i = 0; i < size; ++i) out[i * result.stride] = column[i];
          }
        }
      },
      static_cast<double>(result.n_events * result.n_features) * 3.0);
  return result;
}

}  // namespace diskern::trees

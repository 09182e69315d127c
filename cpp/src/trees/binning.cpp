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

// Radix sort by key, 11 bits at a time; linear in the number of items, unlike std::sort.
template <class Item, class Key>
void sort_by_digits(LargeArray<Item>& items, LargeArray<Item>& buffer, const Key& key) {
  constexpr std::size_t digits = 2048;
  std::array<std::array<std::uint32_t, digits>, 3> count{};
  for (const Item& item : items) {
    ++count[0][key(item) & 2047U];
    ++count[1][(key(item) >> 11U) & 2047U];
    ++count[2][key(item) >> 22U];
  }
  buffer.resize(items.size());
  for (unsigned pass = 0; pass < 3; ++pass) {
    auto& place = count[pass];
    const unsigned shift = 11U * pass;
    if (place[(key(items.front()) >> shift) & 2047U] == items.size()) continue;  // one digit everywhere
    std::uint32_t sum = 0;
    for (std::uint32_t& p : place) {
      const std::uint32_t size = p;
      p = sum;
      sum += size;
    }
    for (const Item& item : items) buffer[place[(key(item) >> shift) & 2047U]++] = item;
    items.swap(buffer);
  }
}

void sort_entries(LargeArray<Entry>& entries, LargeArray<Entry>& buffer) {
  sort_by_digits(entries, buffer, [](const Entry& entry) { return entry.key; });
}

void sort_keys(LargeArray<std::uint32_t>& keys, LargeArray<std::uint32_t>& buffer) {
  if (keys.size() < 2000) {  // not worth the counting of digits
    std::sort(keys.begin(), keys.end());
    return;
  }
  sort_by_digits(keys, buffer, [](std::uint32_t key) { return key; });
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

// Where every event may have a weight of its own.
std::vector<float> edges_of_weighted(View<const float, 2> events, std::size_t feature,
                                     const LargeArray<std::int64_t>& integer_weight, std::size_t max_bins) {
  const std::size_t n = events.rows();
  LargeArray<Entry> entries;
  LargeArray<Entry> buffer;
  entries.reserve(n);
  for (std::size_t i = 0; i < n; ++i) {
    const float value = events(i, feature);
    if (!std::isnan(value) && integer_weight[i] != 0) {
      entries.push_back({key_of(value), static_cast<std::uint32_t>(i)});
    }
  }
  if (entries.empty()) return {};
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
  return choose_edges(distinct, max_bins);
}

// The usual case: all events have one of a few weights (one for each class). Then sorted keys are enough, and the cuts
// are found by searching in them, without a pass over all distinct values.

struct KeyGroup {
  std::int64_t weight;
  LargeArray<std::uint32_t> keys;  // of the events of this weight; ascending once sorted
};

struct SortedColumn {
  std::vector<KeyGroup> groups;

  bool empty() const {
    return std::all_of(groups.begin(), groups.end(), [](const KeyGroup& group) { return group.keys.empty(); });
  }
  std::int64_t total() const {
    std::int64_t sum = 0;
    for (const KeyGroup& group : groups) sum += group.weight * static_cast<std::int64_t>(group.keys.size());
    return sum;
  }
  // Sum of the weights of keys <= key.
  std::int64_t up_to(std::uint32_t key) const {
    std::int64_t sum = 0;
    for (const KeyGroup& group : groups) {
      sum += group.weight * (std::upper_bound(group.keys.begin(), group.keys.end(), key) - group.keys.begin());
    }
    return sum;
  }
  std::int64_t of(std::uint32_t key) const { return up_to(key) - (key == 0 ? 0 : up_to(key - 1)); }
  // The smallest key above `key`, or `none`.
  static constexpr std::uint64_t none = std::uint64_t{1} << 32U;
  std::uint64_t above(std::uint32_t key) const {
    std::uint64_t next = none;
    for (const KeyGroup& group : groups) {
      const auto it = std::upper_bound(group.keys.begin(), group.keys.end(), key);
      if (it != group.keys.end()) next = std::min<std::uint64_t>(next, *it);
    }
    return next;
  }
  std::uint64_t smallest() const {
    std::uint64_t key = none;
    for (const KeyGroup& group : groups) {
      if (!group.keys.empty()) key = std::min<std::uint64_t>(key, group.keys.front());
    }
    return key;
  }
  // The smallest key of which up_to is at least `sum`, or `none`. The keys below `from` make up `done`, which is less.
  std::uint64_t first_reaching(std::int64_t sum, std::int64_t done, std::uint32_t from) const {
    if (sum > total()) return none;
    // In each group so many keys from `from` on are enough by themselves: these, a few, are all that is searched.
    struct Window {
      const std::uint32_t* begin;
      const std::uint32_t* end;
    };
    std::vector<Window> windows;
    for (const KeyGroup& group : groups) {
      const std::uint32_t* const last = group.keys.data() + group.keys.size();
      const std::uint32_t* const begin = std::lower_bound(group.keys.data(), last, from);
      windows.push_back({begin, begin + std::min<std::int64_t>((sum - done) / group.weight + 1, last - begin)});
    }
    const auto reaches = [&](std::uint32_t key) {
      std::int64_t reached = done;
      for (std::size_t g = 0; g < groups.size(); ++g) {
        reached += groups[g].weight * (std::upper_bound(windows[g].begin, windows[g].end, key) - windows[g].begin);
      }
      return reached >= sum;
    };
    std::uint64_t first = none;
    for (const Window& window : windows) {
      const std::uint32_t* const key =
          std::partition_point(window.begin, window.end, [&](std::uint32_t k) { return !reaches(k); });
      if (key != window.end) first = std::min<std::uint64_t>(first, *key);
    }
    return first;
  }
};

// The distinct weights other than 0, if there are no more than a few; else none.
std::vector<std::int64_t> few_weights(const LargeArray<std::int64_t>& integer_weight) {
  constexpr std::size_t most = 8;
  std::vector<std::int64_t> found;
  std::int64_t last = 0;
  for (const std::int64_t weight : integer_weight) {
    if (weight == 0 || weight == last) continue;
    last = weight;
    if (std::find(found.begin(), found.end(), weight) != found.end()) continue;
    if (found.size() == most) return {};
    found.push_back(weight);
  }
  return found;
}

// Of many events at least so much that it is memory of the system's, which goes back to it: what malloc gave to a thread
// stays in the process. Pages that are not written to cost nothing.
std::size_t room_for(std::size_t keys, std::size_t n_events) {
  constexpr std::size_t many = 100000;
  return n_events < many ? keys : std::max(keys, LargeAllocator<std::uint32_t>::page / sizeof(std::uint32_t));
}

void collect_keys(View<const float, 2> events, const LargeArray<std::int64_t>& integer_weight, std::size_t feature,
                  std::vector<SortedColumn>& columns) {
  const std::size_t n = events.rows();
  const std::size_t n_groups = columns.front().groups.size();
  std::vector<std::size_t> sizes(n_groups, 0);
  std::vector<std::int64_t> weights;
  for (const KeyGroup& group : columns.front().groups) weights.push_back(group.weight);
  const auto group_of = [&](std::int64_t weight) {
    std::size_t g = 0;
    while (weights[g] != weight) ++g;
    return g;
  };
  for (const std::int64_t weight : integer_weight) {
    if (weight != 0) ++sizes[group_of(weight)];
  }
  for (SortedColumn& column : columns) {
    for (std::size_t g = 0; g < n_groups; ++g) column.groups[g].keys.reserve(room_for(sizes[g], n));
  }
  for (std::size_t i = 0; i < n; ++i) {
    if (integer_weight[i] == 0) continue;
    const std::size_t g = group_of(integer_weight[i]);
    for (std::size_t c = 0; c < columns.size(); ++c) {
      const float value = events(i, feature + c);
      if (!std::isnan(value)) columns[c].groups[g].keys.push_back(key_of(value));
    }
  }
}

// What choose_edges does with all distinct values at hand, by jumping from cut to cut.
std::vector<float> choose_edges(const SortedColumn& column, std::size_t max_bins) {
  std::vector<float> edges;
  if (column.empty()) return edges;
  constexpr std::uint64_t none = SortedColumn::none;
  const auto narrow = [](std::uint64_t key) { return static_cast<std::uint32_t>(key); };
  const auto cut = [&](std::uint64_t low, std::uint64_t high) {
    edges.push_back(edge_between(value_of(narrow(low)), value_of(narrow(high))));
  };
  std::vector<Distinct> distinct;
  for (std::uint64_t key = column.smallest(); key != none && distinct.size() <= max_bins;
       key = column.above(narrow(key))) {
    distinct.push_back({value_of(narrow(key)), 0});
  }
  if (distinct.size() <= max_bins) return choose_edges(distinct, max_bins);

  const auto bins = static_cast<std::int64_t>(max_bins);
  const std::int64_t all = column.total();
  // A value that fills a bin makes up a good part of one group at least, and so stands at one of these places.
  const auto n_groups = static_cast<std::int64_t>(column.groups.size());
  std::vector<std::uint32_t> heavy;
  for (const KeyGroup& group : column.groups) {
    const auto step = static_cast<std::size_t>(std::max<std::int64_t>(1, all / (bins * n_groups * group.weight)));
    for (std::size_t i = 0; i < group.keys.size(); i += step) {
      if (heavy.empty() || heavy.back() != group.keys[i]) heavy.push_back(group.keys[i]);
    }
  }
  std::sort(heavy.begin(), heavy.end());
  heavy.erase(std::unique(heavy.begin(), heavy.end()), heavy.end());
  std::erase_if(heavy, [&](std::uint32_t key) { return column.of(key) * bins < all; });
  std::int64_t rest = all;
  std::int64_t rest_bins = bins;
  for (const std::uint32_t key : heavy) {
    rest -= column.of(key);
    --rest_bins;
  }

  std::int64_t done = 0;  // weight of the values below `next`
  std::uint64_t next = column.smallest();
  std::size_t next_heavy = 0;
  while (next != none && edges.size() + 1 < max_bins) {
    const std::uint64_t wall = next_heavy < heavy.size() ? heavy[next_heavy] : none;
    const std::int64_t before_wall = wall == none ? all : (wall == 0 ? 0 : column.up_to(narrow(wall - 1)));
    std::int64_t filled = before_wall - done;  // if the bin goes on up to the wall
    if (filled > 0) {
      // The first value at which filled * rest_bins >= rest.
      std::uint64_t last = none;
      if (rest_bins > 0 && filled * rest_bins >= rest) {
        const std::int64_t wanted = std::max<std::int64_t>(1, (rest + rest_bins - 1) / rest_bins);
        last = column.first_reaching(done + wanted, done, narrow(next));
      } else if (rest_bins <= 0 && rest <= 0) {
        last = next;
      }
      if (last == none && wall != none && 2 * filled * rest_bins >= rest) {
        last = column.first_reaching(before_wall, done, narrow(next));  // ends before the wall
      }
      if (last != none) {
        const std::uint64_t after = column.above(narrow(last));
        if (after == none) break;
        cut(last, after);
        const std::int64_t up_to = column.up_to(narrow(last));
        rest -= up_to - done;
        --rest_bins;
        done = up_to;
        next = after;
        continue;
      }
      if (wall == none) break;
      rest -= filled;  // they share the bin of the heavy value
    }
    const std::uint64_t after = column.above(narrow(wall));
    if (after == none) break;
    cut(wall, after);
    done = column.up_to(narrow(wall));
    next = after;
    ++next_heavy;
  }
  return edges;
}

// |weight| in integers of which twice the sum times the number of bins still fits into 63 bits.
LargeArray<std::int64_t> integer_weights(View<const double> weight, View<const std::int32_t> class_index) {
  constexpr int bits = 53;
  const std::size_t n = weight.size();
  LargeArray<std::int64_t> result(n);
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
  const LargeArray<std::int64_t> integer_weight = integer_weights(weight, class_index);

  BinEdges result;
  result.edges.resize(events.columns());
  const auto bins = static_cast<std::size_t>(max_bins);
  const std::vector<std::int64_t> weights = few_weights(integer_weight);
  // Neighbouring variables share cache lines of the events, which matters where the events do not stay in a cache.
  constexpr std::size_t cached_events = std::size_t{1} << 18U;
  const std::size_t at_once = n * events.columns() <= cached_events ? 1 : 4;
  interruptible_for(
      context, chunk_count(events.columns(), at_once),
      [&](std::size_t chunk) {
        const Range range = chunk_range(events.columns(), at_once, chunk);
        if (weights.empty()) {
          for (std::size_t f = range.begin; f < range.end; ++f) {
            result.edges[f] = edges_of_weighted(events, f, integer_weight, bins);
          }
          return;
        }
        std::vector<SortedColumn> columns(range.end - range.begin);
        for (SortedColumn& column : columns) {
          for (const std::int64_t size : weights) column.groups.push_back({size, {}});
        }
        collect_keys(events, integer_weight, range.begin, columns);
        LargeArray<std::uint32_t> buffer;
        buffer.reserve(room_for(0, n));
        for (std::size_t c = 0; c < columns.size(); ++c) {
          for (KeyGroup& group : columns[c].groups) sort_keys(group.keys, buffer);
          result.edges[range.begin + c] = choose_edges(columns[c], bins);
          columns[c] = {};
        }
      },
      static_cast<double>(n * events.columns()) * 30.0);
  return result;
}

std::uint8_t bin_of(const std::vector<float>& edges, float value) noexcept {
  if (std::isnan(value)) return missing_bin;
  return static_cast<std::uint8_t>(std::upper_bound(edges.begin(), edges.end(), value) - edges.begin());
}

BinnedEvents bin_events(const Context& context, const BinEdges& edges, View<const float, 2> events, bool rows) {
  const TrainingKernels& kernels = training_kernels();
  BinnedEvents result;
  result.n_events = events.rows();
  result.n_features = events.columns();
  const std::size_t block = result.n_features > 16 && result.n_features <= 32 ? 32 : 16;
  result.stride = (result.n_features + block - 1) / block * block;
  if (rows) result.bins.assign(result.n_events * result.stride, 0);

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
            if (!rows) continue;
            std::uint8_t* out = result.bins.data() + begin * result.stride + j;
            for (std::size_t i = 0; i < size; ++i) out[i * result.stride] = column[i];
          }
        }
      },
      static_cast<double>(result.n_events * result.n_features) * 3.0);
  return result;
}

}  // namespace diskern::trees

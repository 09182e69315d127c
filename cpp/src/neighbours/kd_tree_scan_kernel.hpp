#pragma once
// All leaves for many queries. Part of the k-d tree kernel unit.

#include "neighbours/kd_tree_distance_kernel.hpp"
#include "neighbours/kd_tree_list_kernel.hpp"

namespace diskern::DISKERN_ISA_NAMESPACE {

namespace {

// For many dimensions, where boxes rule out next to nothing: every leaf for every query, four queries at a time and so
// many leaves that they stay in the cache while all queries look at them.
constexpr size_t scan_group = 4;  // queries side by side

// The leaves in blocks that stay in the cache, that of the first query first.
struct ScanBlocks {
  size_t leaves;
  size_t leaves_per_block;
  size_t count;
  size_t first;

  DISKERN_INLINE ScanBlocks(const KdTreeView& tree, const KdQuery& query) {
    constexpr size_t cache_bytes = size_t{1} << 18;
    const size_t leaf_bytes = tree.capacity * tree.dimensions * sizeof(float);
    leaves = tree.leaves;
    leaves_per_block = leaf_bytes < cache_bytes ? cache_bytes / leaf_bytes : 1;
    count = (leaves + leaves_per_block - 1) / leaves_per_block;
    first = query.home / leaves_per_block;
  }
  DISKERN_INLINE size_t begin(size_t b) const {
    return (first + b < count ? first + b : first + b - count) * leaves_per_block;
  }
  DISKERN_INLINE size_t end(size_t begin) const {
    return begin + leaves_per_block < leaves ? begin + leaves_per_block : leaves;
  }
};

// Vectors of slots side by side: three where a leaf has 48 slots and a vector 16 of them.
DISKERN_INLINE bool three_vectors(const KdTreeView& tree) { return tree.capacity % (2 * Single::lanes) != 0; }

// One group of queries at the leaves of a block: found(j, leaf, slot, mask) where slots of query j are within limit(j).
// Of the group's queries only the first `used` count.
template <class Of, size_t scan_vectors, class Limit, class Found>
DISKERN_INLINE void scan_leaves(const KdTreeView& tree, size_t leaf_begin, size_t leaf_end, const float* const* single,
                                size_t used, const Limit& limit, const Found& found) {
  const size_t dimensions = tree.dimensions;
  constexpr size_t scan_step = scan_vectors * Single::lanes;
  for (size_t leaf = leaf_begin; leaf < leaf_end; ++leaf) {
    for (size_t slot = 0; slot < tree.capacity; slot += scan_step) {
      const float* x = tree.single + leaf * tree.capacity * dimensions + slot;
      Single::Type sum[scan_group][scan_vectors];
      for (size_t j = 0; j < scan_group; ++j) {
        for (size_t v = 0; v < scan_vectors; ++v) sum[j][v] = Single::broadcast(0.0F);
      }
      for (size_t d = 0; d < dimensions; ++d) {
        Single::Type at[scan_vectors];
        for (size_t v = 0; v < scan_vectors; ++v) at[v] = Single::load(x + d * tree.capacity + v * Single::lanes);
        for (size_t j = 0; j < scan_group; ++j) {
          const Single::Type q = Single::broadcast(single[j][d]);
          for (size_t v = 0; v < scan_vectors; ++v) sum[j][v] = Of::accumulate(sum[j][v], Single::subtract(at[v], q));
        }
      }
      for (size_t j = 0; j < used; ++j) {
        uint64_t mask = 0;
        for (size_t v = 0; v < scan_vectors; ++v) {
          mask |= uint64_t{Single::at_most(sum[j][v], Single::broadcast(limit(j)))} << (v * Single::lanes);
        }
        if (mask != 0) found(j, leaf, slot, mask);
      }
    }
  }
}

// The slots of a mask by blocks of 16, of which a step may be a part.
template <class Part>
DISKERN_INLINE void over_parts(size_t slot, uint64_t mask, const Part& each) {
  size_t part = slot / kd_leaf_multiple * kd_leaf_multiple;
  for (mask <<= slot - part; mask != 0; mask >>= kd_leaf_multiple, part += kd_leaf_multiple) {
    const auto here = static_cast<uint32_t>(mask & ((uint64_t{1} << kd_leaf_multiple) - 1));
    if (here != 0) each(part, here);
  }
}

template <class Of, size_t scan_vectors, class List>
DISKERN_INLINE void scan_of(const KdTreeView& tree, const KdQuery* queries, size_t count, size_t k, double* out,
                            uint32_t* out_index) {
  size_t sizes[kd_scan_queries];
  float limits[kd_scan_queries];
  for (size_t q = 0; q < count; ++q) {
    sizes[q] = 0;
    limits[q] = infinity;
  }
  const ScanBlocks blocks(tree, queries[0]);
  for (size_t b = 0; b < blocks.count; ++b) {
    const size_t leaf_begin = blocks.begin(b);
    for (size_t first = 0; first < count; first += scan_group) {
      // The last group looks for its last query more than once.
      const float* single[scan_group];
      for (size_t j = 0; j < scan_group; ++j) single[j] = queries[first + j < count ? first + j : count - 1].single;
      scan_leaves<Of, scan_vectors>(
          tree, leaf_begin, blocks.end(leaf_begin), single, count - first < scan_group ? count - first : scan_group,
          [&](size_t j) DISKERN_LAMBDA { return limits[first + j]; },
          [&](size_t j, size_t leaf, size_t slot, uint64_t mask) DISKERN_LAMBDA {
            const size_t q = first + j;
            const Of distances(tree, queries[q]);
            List list(k, out + q * k, out_index + q * k);
            list.size = sizes[q];
            double worst = list.worst();
            const uint32_t* index = tree.index + leaf * tree.capacity;
            alignas(64) double distance[kd_leaf_multiple];
            over_parts(slot, mask, [&](size_t part, uint32_t here) DISKERN_LAMBDA {
              for (uint32_t left = distances.judge(leaf, part, here, worst, distance); left != 0; left &= left - 1) {
                const auto lane = static_cast<size_t>(__builtin_ctz(left));
                if (distance[lane] > worst) continue;
                list.insert(distance[lane], index[part + lane]);
                worst = list.worst();
              }
            });
            sizes[q] = list.size;
            limits[q] = distances.upper_limit(worst);
          });
    }
  }
  for (size_t q = 0; q < count; ++q) {
    List list(k, out + q * k, out_index + q * k);
    list.size = sizes[q];
    list.finish();
  }
}

template <class Of>
void scan_any(const KdTreeView& tree, const KdQuery* queries, size_t count, size_t k, double* distance, uint32_t* index) {
  const bool sorted = k <= longest_sorted;
  if (three_vectors(tree)) {
    return sorted ? scan_of<Of, 3, SortedList>(tree, queries, count, k, distance, index)
                  : scan_of<Of, 3, Heap>(tree, queries, count, k, distance, index);
  }
  return sorted ? scan_of<Of, 2, SortedList>(tree, queries, count, k, distance, index)
                : scan_of<Of, 2, Heap>(tree, queries, count, k, distance, index);
}

void scan(const KdTreeView& tree, Metric metric, const KdQuery* queries, size_t count, size_t k, double* distance,
          uint32_t* index) {
  switch (metric) {
    case Metric::euclidean:
      return scan_any<Distances<Metric::euclidean, 0, false>>(tree, queries, count, k, distance, index);
    case Metric::manhattan:
      return scan_any<Distances<Metric::manhattan, 0, false>>(tree, queries, count, k, distance, index);
    case Metric::chebyshev:
      return scan_any<Distances<Metric::chebyshev, 0, false>>(tree, queries, count, k, distance, index);
    default:
      return scan_any<Distances<Metric::minkowski, 0, false>>(tree, queries, count, k, distance, index);
  }
}

// The same for counting. A query that has enough is not looked for any more.
template <class Of, size_t scan_vectors>
DISKERN_INLINE void scan_count_of(const KdTreeView& tree, const KdQuery* queries, size_t count, double limit,
                                  size_t enough, size_t* counts) {
  size_t waiting[kd_scan_queries];  // queries that have not enough
  float limits[kd_scan_queries];
  size_t left = count;
  for (size_t q = 0; q < count; ++q) {
    waiting[q] = q;
    counts[q] = 0;
    limits[q] = Of(tree, queries[q]).upper_limit(limit);
  }
  const ScanBlocks blocks(tree, queries[0]);
  for (size_t b = 0; b < blocks.count && left > 0; ++b) {
    const size_t leaf_begin = blocks.begin(b);
    for (size_t first = 0; first < left; first += scan_group) {
      const float* single[scan_group];
      for (size_t j = 0; j < scan_group; ++j) single[j] = queries[waiting[first + j < left ? first + j : left - 1]].single;
      scan_leaves<Of, scan_vectors>(
          tree, leaf_begin, blocks.end(leaf_begin), single, left - first < scan_group ? left - first : scan_group,
          [&](size_t j) DISKERN_LAMBDA { return limits[waiting[first + j]]; },
          [&](size_t j, size_t leaf, size_t slot, uint64_t mask) DISKERN_LAMBDA {
            const size_t q = waiting[first + j];
            const Of distances(tree, queries[q]);
            alignas(64) double distance[kd_leaf_multiple];
            over_parts(slot, mask, [&](size_t part, uint32_t here) DISKERN_LAMBDA {
              counts[q] += static_cast<size_t>(__builtin_popcount(distances.judge(leaf, part, here, limit, distance)));
            });
          });
    }
    size_t kept = 0;
    for (size_t w = 0; w < left; ++w) {
      if (counts[waiting[w]] < enough) waiting[kept++] = waiting[w];
    }
    left = kept;
  }
}

template <class Of>
void scan_count_any(const KdTreeView& tree, const KdQuery* queries, size_t count, double limit, size_t enough,
                    size_t* counts) {
  if (three_vectors(tree)) return scan_count_of<Of, 3>(tree, queries, count, limit, enough, counts);
  scan_count_of<Of, 2>(tree, queries, count, limit, enough, counts);
}

void scan_count(const KdTreeView& tree, Metric metric, const KdQuery* queries, size_t count, double limit, size_t enough,
                size_t* counts) {
  switch (metric) {
    case Metric::euclidean:
      return scan_count_any<Distances<Metric::euclidean, 0, false>>(tree, queries, count, limit, enough, counts);
    case Metric::manhattan:
      return scan_count_any<Distances<Metric::manhattan, 0, false>>(tree, queries, count, limit, enough, counts);
    case Metric::chebyshev:
      return scan_count_any<Distances<Metric::chebyshev, 0, false>>(tree, queries, count, limit, enough, counts);
    default:
      return scan_count_any<Distances<Metric::minkowski, 0, false>>(tree, queries, count, limit, enough, counts);
  }
}

}  // namespace

}  // namespace diskern::DISKERN_ISA_NAMESPACE

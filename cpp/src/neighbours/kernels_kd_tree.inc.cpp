// Compiled once per instruction set (cmake/isa.cmake). Answers do not depend on the level: float32 only rules out what
// is certainly too far, and what is left is judged in float64, summed over the dimensions in ascending order without
// contraction, equal distances by index.
#include "neighbours/kd_tree_product_kernel.hpp"

namespace diskern::DISKERN_ISA_NAMESPACE {

namespace {

struct Visit {
  float bound;
  uint32_t level;
  uint32_t node;
};
// Levels of sixteen children for 2^32 points, and the children of each on the way down.
constexpr size_t most_visits = 9 * kd_fan_out;

DISKERN_INLINE uint32_t child_mask(const KdTreeView& tree, size_t level) {
  return level == 0 ? (1U << tree.root_children) - 1U : (1U << kd_fan_out) - 1U;
}

// Calls leaf(number) for every leaf that is not farther than limit() says, near ones first.
template <class Of, class Limit, class Leaf>
DISKERN_INLINE void traverse(const KdTreeView& tree, const Of& distances, const Limit& limit, const Leaf& leaf) {
  if (tree.levels == 0) {
    leaf(size_t{0});
    return;
  }
  Visit stack[most_visits];
  size_t top = 0;
  stack[top++] = {0.0F, 0, 0};
  alignas(64) float bound[kd_fan_out];
  while (top > 0) {
    const Visit visit = stack[--top];
    if (!(visit.bound <= limit())) continue;
    if (visit.level == tree.levels) {
      leaf(size_t{visit.node});
      continue;
    }
    const float* box = tree.box[visit.level] + size_t{visit.node} * 2 * distances.dimensions * kd_fan_out;
    uint32_t mask = distances.children(box, limit(), bound) & child_mask(tree, visit.level);
    const size_t base = top;
    for (; mask != 0; mask &= mask - 1) {
      const auto child = static_cast<uint32_t>(__builtin_ctz(mask));
      const float to_box = bound[child];
      size_t place = top++;
      for (; place > base && stack[place - 1].bound < to_box; --place) stack[place] = stack[place - 1];
      stack[place] = {to_box, visit.level + 1, visit.node * static_cast<uint32_t>(kd_fan_out) + child};
    }
  }
}

template <class Of, class List>
DISKERN_INLINE void nearest_of(const KdTreeView& tree, const KdQuery& query, size_t k, double* out, uint32_t* out_index) {
  const Of distances(tree, query);
  List list(k, out, out_index);
  float limit = infinity;
  double worst = exact_infinity;
  const auto look_at = [&](size_t leaf) DISKERN_LAMBDA {
    alignas(64) double distance[kd_leaf_multiple];
    const uint32_t* index = tree.index + leaf * tree.capacity;
    bool changed = false;
    for (size_t slot = 0; slot < tree.capacity; slot += kd_leaf_multiple) {
      const uint32_t mask = distances.near(leaf, slot, limit);
      if (mask == 0) continue;
      for (uint32_t left = distances.judge(leaf, slot, mask, worst, distance); left != 0; left &= left - 1) {
        const auto j = static_cast<size_t>(__builtin_ctz(left));
        // The limit may have become smaller since.
        if (distance[j] > worst) continue;
        list.insert(distance[j], index[slot + j]);
        worst = list.worst();
        changed = true;
      }
    }
    if (changed) limit = distances.upper_limit(worst);
  };
  look_at(query.home);
  traverse(
      tree, distances, [&]() DISKERN_LAMBDA { return limit; },
      [&](size_t leaf) DISKERN_LAMBDA {
        if (leaf != query.home) look_at(leaf);
      });
  list.finish();
}

template <class Of>
void nearest_any(const KdTreeView& tree, const KdQuery& query, size_t k, double* out, uint32_t* out_index) {
#if defined(__AVX512F__)
  switch ((k + 7) / 8) {
    case 1:
      return nearest_of<Of, RegisterList<1>>(tree, query, k, out, out_index);
    case 2:
      return nearest_of<Of, RegisterList<2>>(tree, query, k, out, out_index);
    case 3:
      return nearest_of<Of, RegisterList<3>>(tree, query, k, out, out_index);
    case 4:
      return nearest_of<Of, RegisterList<4>>(tree, query, k, out, out_index);
    default:
      break;
  }
#endif
  if (k <= longest_sorted) return nearest_of<Of, SortedList>(tree, query, k, out, out_index);
  nearest_of<Of, Heap>(tree, query, k, out, out_index);
}

template <class Of>
void within_of(const KdTreeView& tree, const KdQuery& query, double limit, KdFound& found) {
  const Of distances(tree, query);
  const float limit32 = distances.upper_limit(limit);
  traverse(
      tree, distances, [&]() DISKERN_LAMBDA { return limit32; },
      [&](size_t leaf) DISKERN_LAMBDA {
        alignas(64) double distance[kd_leaf_multiple];
        const uint32_t* index = tree.index + leaf * tree.capacity;
        for (size_t slot = 0; slot < tree.capacity; slot += kd_leaf_multiple) {
          const uint32_t mask = distances.near(leaf, slot, limit32);
          if (mask == 0) continue;
          uint32_t left = distances.judge(leaf, slot, mask, limit, distance);
          if (found.capacity - found.size < kd_leaf_multiple) found.grow(found);
          for (; left != 0; left &= left - 1) {
            const auto j = static_cast<size_t>(__builtin_ctz(left));
            found.index[found.size] = index[slot + j];
            found.distance[found.size] = distance[j];
            ++found.size;
          }
        }
      });
}

// Points below a node. Leaf i holds the points from i * size / leaves on, in the order of the tree.
DISKERN_INLINE size_t points_between(const KdTreeView& tree, size_t level, size_t node) {
  size_t shift = 0;
  for (size_t l = level; l < tree.levels; ++l) shift += 4;
  const size_t first = node << shift;
  const size_t last = (node + 1) << shift;
  return last * tree.size / tree.leaves - first * tree.size / tree.leaves;
}

template <class Of>
size_t count_of(const KdTreeView& tree, const KdQuery& query, double limit, size_t enough) {
  const Of distances(tree, query);
  const float upper = distances.upper_limit(limit);
  const float lower = distances.lower_limit(limit);
  size_t count = 0;
  alignas(64) double distance[kd_leaf_multiple];
  const auto look_at = [&](size_t leaf) DISKERN_LAMBDA {
    for (size_t slot = 0; slot < tree.capacity; slot += kd_leaf_multiple) {
      const uint32_t mask = distances.near(leaf, slot, upper);
      if (mask == 0) continue;
      count += static_cast<size_t>(__builtin_popcount(distances.judge(leaf, slot, mask, limit, distance)));
    }
  };
  if (tree.levels == 0) {
    look_at(0);
    return count;
  }
  Visit stack[most_visits];
  size_t top = 0;
  stack[top++] = {0.0F, 0, 0};
  alignas(64) float bound[kd_fan_out];
  while (top > 0 && count < enough) {
    const Visit visit = stack[--top];
    if (visit.level == tree.levels) {
      look_at(visit.node);
      continue;
    }
    const float* box = tree.box[visit.level] + size_t{visit.node} * 2 * distances.dimensions * kd_fan_out;
    uint32_t mask = distances.children(box, upper, bound) & child_mask(tree, visit.level);
    uint32_t whole = lower < 0 ? 0U : distances.swallowed(box, lower) & mask;
    mask &= ~whole;
    for (; whole != 0; whole &= whole - 1) {
      count += points_between(tree, visit.level + 1, visit.node * kd_fan_out + static_cast<size_t>(__builtin_ctz(whole)));
    }
    const size_t base = top;
    for (; mask != 0; mask &= mask - 1) {
      const auto child = static_cast<uint32_t>(__builtin_ctz(mask));
      const float to_box = bound[child];
      size_t place = top++;
      for (; place > base && stack[place - 1].bound < to_box; --place) stack[place] = stack[place - 1];
      stack[place] = {to_box, visit.level + 1, visit.node * static_cast<uint32_t>(kd_fan_out) + child};
    }
  }
  return count;
}

template <class Of>
void visit_of(const KdTreeView& tree, const KdQuery& query, double limit, double inner_limit, KdVisitor& visitor) {
  const Of distances(tree, query);
  const float upper = distances.upper_limit(limit);
  const float lower = inner_limit < 0 ? -1.0F : distances.lower_limit(inner_limit);
  alignas(64) double distance[kd_leaf_multiple];
  const auto look_at = [&](size_t leaf) DISKERN_LAMBDA {
    if (visitor.skip(visitor, leaf)) return;
    for (size_t slot = 0; slot < tree.capacity; slot += kd_leaf_multiple) {
      const uint32_t mask = distances.near(leaf, slot, upper);
      if (mask == 0) continue;
      const uint32_t within = distances.judge(leaf, slot, mask, limit, distance);
      if (within != 0) visitor.found(visitor, leaf, slot, within);
    }
  };
  if (tree.levels == 0) {
    look_at(0);
    return;
  }
  Visit stack[most_visits];
  size_t top = 0;
  stack[top++] = {0.0F, 0, 0};
  alignas(64) float bound[kd_fan_out];
  while (top > 0 && !visitor.finished) {
    const Visit visit = stack[--top];
    if (visit.level == tree.levels) {
      look_at(visit.node);
      continue;
    }
    const float* box = tree.box[visit.level] + size_t{visit.node} * 2 * distances.dimensions * kd_fan_out;
    uint32_t mask = distances.children(box, upper, bound) & child_mask(tree, visit.level);
    uint32_t whole = lower < 0 ? 0U : distances.swallowed(box, lower) & mask;
    mask &= ~whole;
    for (; whole != 0; whole &= whole - 1) {
      visitor.whole(visitor, visit.level + 1, visit.node * kd_fan_out + static_cast<size_t>(__builtin_ctz(whole)));
    }
    const size_t base = top;
    for (; mask != 0; mask &= mask - 1) {
      const auto child = static_cast<uint32_t>(__builtin_ctz(mask));
      const float to_box = bound[child];
      size_t place = top++;
      for (; place > base && stack[place - 1].bound < to_box; --place) stack[place] = stack[place - 1];
      stack[place] = {to_box, visit.level + 1, visit.node * static_cast<uint32_t>(kd_fan_out) + child};
    }
  }
}

template <class Of>
size_t leaves_of(const KdTreeView& tree, const KdQuery& query, double limit) {
  const Of distances(tree, query);
  const float limit32 = distances.upper_limit(limit);
  size_t count = 0;
  traverse(
      tree, distances, [&]() DISKERN_LAMBDA { return limit32; }, [&](size_t) DISKERN_LAMBDA { ++count; });
  return count;
}

// Calls the function object for the metric, the dimensions and the kind of axes.
template <template <class> class Function, class... Arguments>
DISKERN_INLINE auto choose(const KdTreeView& tree, Metric metric, Arguments... arguments) {
  if (tree.period != nullptr) {
    switch (metric) {
      case Metric::euclidean:
        return Function<Distances<Metric::euclidean, 0, true>>::call(tree, arguments...);
      case Metric::manhattan:
        return Function<Distances<Metric::manhattan, 0, true>>::call(tree, arguments...);
      case Metric::chebyshev:
        return Function<Distances<Metric::chebyshev, 0, true>>::call(tree, arguments...);
      default:
        return Function<Distances<Metric::minkowski, 0, true>>::call(tree, arguments...);
    }
  }
  switch (metric) {
    case Metric::euclidean:
      break;
    case Metric::manhattan:
      return Function<Distances<Metric::manhattan, 0, false>>::call(tree, arguments...);
    case Metric::chebyshev:
      return Function<Distances<Metric::chebyshev, 0, false>>::call(tree, arguments...);
    default:
      return Function<Distances<Metric::minkowski, 0, false>>::call(tree, arguments...);
  }
  switch (tree.dimensions) {
    case 2:
      return Function<Distances<Metric::euclidean, 2, false>>::call(tree, arguments...);
    case 3:
      return Function<Distances<Metric::euclidean, 3, false>>::call(tree, arguments...);
    case 4:
      return Function<Distances<Metric::euclidean, 4, false>>::call(tree, arguments...);
    case 5:
      return Function<Distances<Metric::euclidean, 5, false>>::call(tree, arguments...);
    case 6:
      return Function<Distances<Metric::euclidean, 6, false>>::call(tree, arguments...);
    case 7:
      return Function<Distances<Metric::euclidean, 7, false>>::call(tree, arguments...);
    case 8:
      return Function<Distances<Metric::euclidean, 8, false>>::call(tree, arguments...);
    default:
      return Function<Distances<Metric::euclidean, 0, false>>::call(tree, arguments...);
  }
}

template <class Of>
struct Nearest {
  static void call(const KdTreeView& tree, const KdQuery* query, size_t k, double* distance, uint32_t* index) {
    nearest_any<Of>(tree, *query, k, distance, index);
  }
};
template <class Of>
struct Within {
  static void call(const KdTreeView& tree, const KdQuery* query, double limit, KdFound* found) {
    within_of<Of>(tree, *query, limit, *found);
  }
};
template <class Of>
struct Count {
  static size_t call(const KdTreeView& tree, const KdQuery* query, double limit, size_t enough) {
    return count_of<Of>(tree, *query, limit, enough);
  }
};
template <class Of>
struct VisitAll {
  static void call(const KdTreeView& tree, const KdQuery* query, double limit, double inner_limit, KdVisitor* visitor) {
    visit_of<Of>(tree, *query, limit, inner_limit, *visitor);
  }
};
template <class Of>
struct Leaves {
  static size_t call(const KdTreeView& tree, const KdQuery* query, double limit) {
    return leaves_of<Of>(tree, *query, limit);
  }
};

void nearest(const KdTreeView& tree, Metric metric, const KdQuery& query, size_t k, double* distance, uint32_t* index) {
  choose<Nearest>(tree, metric, &query, k, distance, index);
}
void within(const KdTreeView& tree, Metric metric, const KdQuery& query, double limit, KdFound& found) {
  choose<Within>(tree, metric, &query, limit, &found);
}
size_t count(const KdTreeView& tree, Metric metric, const KdQuery& query, double limit, size_t enough) {
  return choose<Count>(tree, metric, &query, limit, enough);
}
void visit(const KdTreeView& tree, Metric metric, const KdQuery& query, double limit, double inner_limit,
           KdVisitor& visitor) {
  choose<VisitAll>(tree, metric, &query, limit, inner_limit, &visitor);
}
size_t leaves_visited(const KdTreeView& tree, Metric metric, const KdQuery& query, double limit) {
  return choose<Leaves>(tree, metric, &query, limit);
}

void add_weights(const double* weights, size_t columns, double* sums) {
  for (size_t c = 0; c < columns; ++c) sums[c] += weights[c];
}

// Point by point in float64 where a box of the tree is neither inside nor outside.
size_t box_sums(const KdTreeView& tree, const KdBox& box, double* sums) {
  const size_t dimensions = tree.dimensions;
  size_t count = 0;
  const auto look_at = [&](size_t leaf) DISKERN_LAMBDA {
    const double* x = tree.exact + leaf * tree.capacity * dimensions;
    const double* weight = tree.weights + leaf * tree.capacity * tree.weight_columns;
    for (size_t slot = 0; slot < tree.capacity; slot += Double::lanes) {
      uint32_t mask = (1U << Double::lanes) - 1U;
      for (size_t d = 0; d < dimensions && mask != 0; ++d) {
        const Double::Type at = Double::load(x + d * tree.capacity + slot);
        mask &= Double::at_most(Double::broadcast(box.low[d]), at) & Double::at_most(at, Double::broadcast(box.high[d]));
      }
      for (; mask != 0; mask &= mask - 1) {
        const size_t at = slot + static_cast<size_t>(__builtin_ctz(mask));
        ++count;
        for (size_t c = 0; c < tree.weight_columns; ++c) sums[c] += weight[c * tree.capacity + at];
      }
    }
  };
  if (tree.levels == 0) {
    look_at(0);
    return count;
  }
  Visit stack[most_visits];
  size_t top = 0;
  stack[top++] = {0.0F, 0, 0};
  while (top > 0) {
    const Visit visit = stack[--top];
    if (visit.level == tree.levels) {
      look_at(visit.node);
      continue;
    }
    const float* child_box = tree.box[visit.level] + size_t{visit.node} * 2 * dimensions * kd_fan_out;
    uint32_t touched = child_mask(tree, visit.level);
    uint32_t whole = touched;
    for (size_t d = 0; d < dimensions; ++d) {
      const Single::Type low_limit = Single::broadcast(box.low32[d]);
      const Single::Type high_limit = Single::broadcast(box.high32[d]);
      uint32_t touch = 0;
      uint32_t inside = 0;
      for (size_t lane = 0; lane < kd_fan_out; lane += Single::lanes) {
        const Single::Type low = Single::load(child_box + 2 * d * kd_fan_out + lane);
        const Single::Type high = Single::load(child_box + (2 * d + 1) * kd_fan_out + lane);
        touch |= (Single::at_most(low, high_limit) & Single::at_most(low_limit, high)) << lane;
        // Rounded to float32 a point may come to stand on the limit, but never cross it.
        inside |= (Single::below(low_limit, low) & Single::below(high, high_limit)) << lane;
      }
      touched &= touch;
      whole &= inside;
    }
    whole &= touched;
    touched &= ~whole;
    for (; whole != 0; whole &= whole - 1) {
      const size_t child = visit.node * kd_fan_out + static_cast<size_t>(__builtin_ctz(whole));
      count += points_between(tree, visit.level + 1, child);
      add_weights(tree.weight_sums[visit.level + 1] + child * tree.weight_columns, tree.weight_columns, sums);
    }
    // The first child on top.
    for (uint32_t mask = touched; mask != 0;) {
      const auto child = 31U - static_cast<uint32_t>(__builtin_clz(mask));
      mask &= ~(1U << child);
      stack[top++] = {0.0F, visit.level + 1, visit.node * static_cast<uint32_t>(kd_fan_out) + child};
    }
  }
  return count;
}

}  // namespace

extern const KdTreeKernels kd_tree_kernels;
const KdTreeKernels kd_tree_kernels = {nearest,    scan,  scan_products, within, count,
                                        scan_count, scan_products_count, visit, box_sums, leaves_visited};

}  // namespace diskern::DISKERN_ISA_NAMESPACE

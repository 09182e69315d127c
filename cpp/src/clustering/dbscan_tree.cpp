#include "clustering/dbscan_tree.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <utility>

#include "base/executor.hpp"
#include "diskern/error.hpp"
#include "neighbours/sphere_tree.hpp"

namespace diskern::clustering {

namespace {

constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();
constexpr std::size_t fan_out_bits = 4;
constexpr std::size_t leaves_per_chunk = 16;

// A visitor made of three functions.
template <class Skip, class Whole, class Found>
struct Visitor {
  KdVisitor base;
  Skip skip;
  Whole whole;
  Found found;

  Visitor(Skip skip_leaf, Whole whole_node, Found found_slots)
      : skip(std::move(skip_leaf)), whole(std::move(whole_node)), found(std::move(found_slots)) {
    base.owner = this;
    base.skip = [](KdVisitor& self, std::size_t leaf) { return static_cast<Visitor*>(self.owner)->skip(leaf); };
    base.whole = [](KdVisitor& self, std::size_t level, std::size_t node) {
      static_cast<Visitor*>(self.owner)->whole(level, node);
    };
    base.found = [](KdVisitor& self, std::size_t leaf, std::size_t slot, std::uint32_t mask) {
      static_cast<Visitor*>(self.owner)->found(leaf, slot, mask);
    };
    base.finished = false;
  }
  Visitor(const Visitor&) = delete;
  Visitor& operator=(const Visitor&) = delete;
};

}  // namespace

// body(slot, point, query) for all points, those of a leaf after each other.
template <class Body>
void TreeDbscan::over_points(const Context& context, double work, const Body& body) {
  const KdTreeView& view = tree_.view();
  interruptible_for(
      context, chunk_count(view.leaves, leaves_per_chunk),
      [&](std::size_t chunk) {
        const Range range = chunk_range(view.leaves, leaves_per_chunk, chunk);
        std::vector<double> exact(view.dimensions);
        std::vector<float> single(view.dimensions);
        for (std::size_t leaf = range.begin; leaf < range.end; ++leaf) {
          for (std::size_t slot = 0; slot < tree_.points_of_leaf(leaf); ++slot) {
            const KdQuery query = tree_.query_of_slot(leaf, slot, exact.data(), single.data());
            const auto at = static_cast<std::uint32_t>(leaf * view.capacity + slot);
            body(at, view.index[at], query);
          }
        }
      },
      static_cast<double>(view.size) * work);
}

void TreeDbscan::set_limits(View<const double, 2> points) {
  haversine_limit_ = 0;
  sky_.clear();
  if (params_.metric != Metric::haversine) {
    limit_ = inner_limit_ = tree_.reduced_distance(params_.eps);
    return;
  }
  for (std::size_t i = 0; i < points.rows(); ++i) {
    sky_.push_back(points(i, 0));
    sky_.push_back(points(i, 1));
  }
  const SphereLimits limits = sphere_limits(params_.eps);
  limit_ = limits.outer_chord * limits.outer_chord;
  inner_limit_ = limits.inner_chord > 0 ? limits.inner_chord * limits.inner_chord : -1.0;
  haversine_limit_ = limits.haversine;
}

std::uint32_t TreeDbscan::judged(std::uint32_t point, std::size_t leaf, std::size_t slot, std::uint32_t mask) const {
  if (params_.metric != Metric::haversine) return mask;
  std::uint32_t within = 0;
  const KdTreeView& view = tree_.view();
  for (std::uint32_t left = mask; left != 0; left &= left - 1) {
    const auto j = static_cast<std::size_t>(__builtin_ctz(left));
    const std::size_t other = view.index[leaf * view.capacity + slot + j];
    const double h = haversine(sky_[2 * point], sky_[2 * point + 1], sky_[2 * other], sky_[2 * other + 1]);
    if (h <= haversine_limit_) within |= 1U << j;
  }
  return within;
}

std::size_t TreeDbscan::leaf_shift(std::size_t level) const { return fan_out_bits * (tree_.view().levels - level); }

// Whether the boxes of the tree rule out so little (many dimensions) that looking at all leaves, several queries at a
// time, is less work, and then how; tried on some of the points. Those that soon have enough neighbours cost a tree next
// to nothing.
SearchOrder TreeDbscan::choose_search(std::size_t enough) const {
  constexpr std::size_t sample = 16;
  constexpr std::size_t fewest_dimensions = 6;
  constexpr double share_of_leaves = 0.3;
  const KdTreeView& view = tree_.view();
  if (!tree_.can_scan() || view.dimensions < fewest_dimensions || view.leaves < sample) return SearchOrder::tree;
  std::vector<double> exact(view.dimensions);
  std::vector<float> single(view.dimensions);
  const Metric metric = tree_.distance().metric;
  std::size_t visited = 0;
  std::size_t resolved = 0;
  for (std::size_t s = 0; s < sample; ++s) {
    const KdQuery query = tree_.query_of_slot(view.leaves / sample * s, 0, exact.data(), single.data());
    if (tree_.can_use_products() && tree_.products_resolve(query, limit_)) ++resolved;
    if (tree_.kernels().count(view, metric, query, limit_, enough) >= enough) continue;
    visited += tree_.kernels().leaves_visited(view, metric, query, limit_);
  }
  if (static_cast<double>(visited) <= share_of_leaves * static_cast<double>(sample * view.leaves)) {
    return SearchOrder::tree;
  }
  return resolved > sample / 2 ? SearchOrder::products : SearchOrder::scan;
}

void TreeDbscan::scan_for_core_points(const Context& context, std::size_t enough, SearchOrder search) {
  const KdTreeView& view = tree_.view();
  const std::size_t leaves_at_once = kd_scan_queries / view.capacity;
  interruptible_for(
      context, chunk_count(view.leaves, leaves_at_once),
      [&](std::size_t chunk) {
        const Range range = chunk_range(view.leaves, leaves_at_once, chunk);
        std::vector<double> exact(kd_scan_queries * view.dimensions);
        std::vector<float> single(kd_scan_queries * view.dimensions);
        std::vector<KdQuery> queries;
        std::vector<std::size_t> place;
        for (std::size_t leaf = range.begin; leaf < range.end; ++leaf) {
          for (std::size_t slot = 0; slot < tree_.points_of_leaf(leaf); ++slot) {
            const std::size_t offset = queries.size() * view.dimensions;
            queries.push_back(tree_.query_of_slot(leaf, slot, exact.data() + offset, single.data() + offset));
            place.push_back(leaf * view.capacity + slot);
          }
        }
        std::vector<std::size_t> counts(queries.size());
        if (search == SearchOrder::products && tree_.within_range_of_products(queries.data(), queries.size())) {
          AlignedVector<float> packed(product_packed(view.dimensions));
          tree_.kernels().scan_products_count(view, queries.data(), queries.size(), limit_, enough, packed.data(),
                                              counts.data());
        } else {
          tree_.kernels().scan_count(view, tree_.distance().metric, queries.data(), queries.size(), limit_, enough,
                                     counts.data());
        }
        for (std::size_t q = 0; q < queries.size(); ++q) is_core_[place[q]] = counts[q] >= enough ? 1 : 0;
      },
      static_cast<double>(view.size) * static_cast<double>(view.size * view.dimensions) * 0.05);
}

void TreeDbscan::find_core_points(const Context& context) {
  const KdTreeView& view = tree_.view();
  is_core_.assign(view.leaves * view.capacity, 0);
  const Metric metric = tree_.distance().metric;
  if (!weighted_ && params_.metric != Metric::haversine) {
    const auto enough = static_cast<std::size_t>(std::min(std::ceil(params_.min_samples), static_cast<double>(none)));
    if (const SearchOrder search = choose_search(enough); search != SearchOrder::tree) {
      scan_for_core_points(context, enough, search);
      return;
    }
    over_points(context, 500.0, [&](std::uint32_t at, std::uint32_t, const KdQuery& query) {
      is_core_[at] = tree_.kernels().count(view, metric, query, limit_, enough) >= enough ? 1 : 0;
    });
    return;
  }
  over_points(context, 1000.0, [&](std::uint32_t at, std::uint32_t point, const KdQuery& query) {
    double sum = 0;
    Visitor visitor([](std::size_t) { return false; },
                    [&](std::size_t level, std::size_t node) {
                      if (weighted_) {
                        sum += view.weight_sums[level][node];
                        return;
                      }
                      const std::size_t shift = leaf_shift(level);
                      sum += static_cast<double>(((node + 1) << shift) * view.size / view.leaves -
                                                 (node << shift) * view.size / view.leaves);
                    },
                    [&](std::size_t leaf, std::size_t slot, std::uint32_t mask) {
                      for (std::uint32_t left = judged(point, leaf, slot, mask); left != 0; left &= left - 1) {
                        const std::size_t other = leaf * view.capacity + slot + static_cast<std::size_t>(__builtin_ctz(left));
                        sum += weighted_ ? view.weights[other] : 1.0;
                      }
                    });
    tree_.kernels().visit(view, metric, query, limit_, inner_limit_, visitor.base);
    is_core_[at] = sum >= params_.min_samples ? 1 : 0;
  });
}

void TreeDbscan::collect_nodes() {
  const KdTreeView& view = tree_.view();
  first_core_.resize(view.levels + 1);
  one_component_.resize(view.levels + 1);
  first_core_[view.levels].assign(view.leaves, none);
  for (std::size_t leaf = 0; leaf < view.leaves; ++leaf) {
    for (std::size_t slot = 0; slot < view.capacity; ++slot) {
      const std::size_t at = leaf * view.capacity + slot;
      if (is_core_[at] == 0) continue;
      first_core_[view.levels][leaf] = static_cast<std::uint32_t>(at);
      break;
    }
  }
  for (std::size_t level = view.levels; level-- > 0;) {
    const std::size_t nodes = level == 0 ? 1 : first_core_[level + 1].size() >> fan_out_bits;
    const std::size_t children = first_core_[level + 1].size() / nodes;
    first_core_[level].assign(nodes, none);
    for (std::size_t child = 0; child < first_core_[level + 1].size(); ++child) {
      std::uint32_t& first = first_core_[level][child / children];
      first = std::min(first, first_core_[level + 1][child]);
    }
  }
  for (std::size_t level = 0; level <= view.levels; ++level) one_component_[level].assign(first_core_[level].size(), 0);
}

// The core points of the node and `with` become one set. Seen from any thread, what one_component_ says has happened.
void TreeDbscan::unite_node(std::size_t level, std::size_t node, std::uint32_t with) {
  const std::uint32_t first = first_core_[level][node];
  if (first == none) return;
  sets_.unite(first, with);
  if (std::atomic_ref(one_component_[level][node]).load(std::memory_order_acquire) != 0) return;
  const KdTreeView& view = tree_.view();
  const std::size_t shift = leaf_shift(level);
  for (std::size_t leaf = node << shift; leaf < (node + 1) << shift; ++leaf) {
    if (first_core_[view.levels][leaf] == none) continue;
    sets_.unite(first_core_[view.levels][leaf], with);
    if (std::atomic_ref(one_component_[view.levels][leaf]).load(std::memory_order_acquire) != 0) continue;
    for (std::size_t at = leaf * view.capacity; at < (leaf + 1) * view.capacity; ++at) {
      if (is_core_[at] != 0) sets_.unite(static_cast<std::uint32_t>(at), with);
    }
    std::atomic_ref(one_component_[view.levels][leaf]).store(1, std::memory_order_release);
  }
  std::atomic_ref(one_component_[level][node]).store(1, std::memory_order_release);
}

void TreeDbscan::connect(const Context& context) {
  const KdTreeView& view = tree_.view();
  sets_.reset(is_core_.size());
  over_points(context, 1000.0, [&](std::uint32_t at, std::uint32_t point, const KdQuery& query) {
    if (is_core_[at] == 0) return;
    const std::vector<std::uint32_t>& first = first_core_[view.levels];
    Visitor visitor(
        // Each pair of leaves is looked at from one of them; and a leaf that is one with this point needs no look.
        [&](std::size_t leaf) {
          if (first[leaf] == none || leaf > query.home) return true;
          return std::atomic_ref(one_component_[view.levels][leaf]).load(std::memory_order_acquire) != 0 &&
                 sets_.find(first[leaf]) == sets_.find(at);
        },
        [&](std::size_t level, std::size_t node) { unite_node(level, node, at); },
        [&](std::size_t leaf, std::size_t slot, std::uint32_t mask) {
          std::uint32_t core = 0;
          for (std::uint32_t left = mask; left != 0; left &= left - 1) {
            const auto j = static_cast<std::uint32_t>(__builtin_ctz(left));
            core |= static_cast<std::uint32_t>(is_core_[leaf * view.capacity + slot + j]) << j;
          }
          for (std::uint32_t left = judged(point, leaf, slot, core); left != 0; left &= left - 1) {
            sets_.unite(static_cast<std::uint32_t>(leaf * view.capacity + slot) +
                            static_cast<std::uint32_t>(__builtin_ctz(left)),
                        at);
          }
        });
    tree_.kernels().visit(view, tree_.distance().metric, query, limit_, inner_limit_, visitor.base);
  });
}

// In the order of the lowest index of a core point.
void TreeDbscan::number_clusters(DbscanResult& result) {
  const KdTreeView& view = tree_.view();
  const std::size_t n = view.size;
  result.labels.assign(n, noise_label);
  result.core.assign(n, 0);
  std::vector<std::uint32_t> place(n);
  for (std::size_t at = 0; at < is_core_.size(); ++at) {
    if (view.index[at] != none) place[view.index[at]] = static_cast<std::uint32_t>(at);
  }
  std::vector<std::uint32_t> number(is_core_.size(), none);
  label_.assign(is_core_.size(), none);
  std::uint32_t clusters = 0;
  for (std::size_t i = 0; i < n; ++i) {
    if (is_core_[place[i]] == 0) continue;
    std::uint32_t& of_root = number[sets_.find(place[i])];
    if (of_root == none) of_root = clusters++;
    label_[place[i]] = of_root;
    result.labels[i] = of_root;
    result.core[i] = 1;
  }
  result.n_clusters = clusters;
  lowest_label_.resize(view.levels + 1);
  lowest_label_[view.levels].assign(view.leaves, none);
  for (std::size_t at = 0; at < label_.size(); ++at) {
    std::uint32_t& lowest = lowest_label_[view.levels][at / view.capacity];
    lowest = std::min(lowest, label_[at]);
  }
  for (std::size_t level = view.levels; level-- > 0;) {
    lowest_label_[level].assign(first_core_[level].size(), none);
    const std::size_t children = lowest_label_[level + 1].size() / lowest_label_[level].size();
    for (std::size_t child = 0; child < lowest_label_[level + 1].size(); ++child) {
      std::uint32_t& lowest = lowest_label_[level][child / children];
      lowest = std::min(lowest, lowest_label_[level + 1][child]);
    }
  }
}

void TreeDbscan::label_border_points(const Context& context, DbscanResult& result) {
  const KdTreeView& view = tree_.view();
  over_points(context, 500.0, [&](std::uint32_t at, std::uint32_t point, const KdQuery& query) {
    if (is_core_[at] != 0) return;
    std::uint32_t lowest = none;
    Visitor visitor([&](std::size_t leaf) { return lowest_label_[view.levels][leaf] >= lowest; },
                    [&](std::size_t level, std::size_t node) { lowest = std::min(lowest, lowest_label_[level][node]); },
                    [&](std::size_t leaf, std::size_t slot, std::uint32_t mask) {
                      for (std::uint32_t left = judged(point, leaf, slot, mask); left != 0; left &= left - 1) {
                        lowest = std::min(
                            lowest, label_[leaf * view.capacity + slot + static_cast<std::size_t>(__builtin_ctz(left))]);
                      }
                    });
    tree_.kernels().visit(view, tree_.distance().metric, query, limit_, inner_limit_, visitor.base);
    if (lowest != none) result.labels[point] = lowest;
  });
}

void TreeDbscan::fit(const Context& context, const DbscanParams& params, View<const double, 2> points,
                     View<const double> weight, DbscanResult& result) {
  if (points.rows() > std::numeric_limits<std::uint32_t>::max() / 4) {
    throw InvalidArgument("at most 2^30 points can be clustered with this metric");
  }
  params_ = params;
  weighted_ = !weight.empty();
  View<const double, 2> weights;
  if (weighted_) weights = View<const double, 2>(weight.data(), {weight.size(), 1}, {weight.strides()[0], 1});
  if (params.metric == Metric::haversine) {
    const std::vector<double> vectors = unit_vectors(points, "X");
    tree_.build(context, View<const double, 2>(vectors.data(), points.rows(), 3), {}, weights);
  } else {
    tree_.build(context, points, {params.metric, params.power, params.periods}, weights);
  }
  set_limits(points);
  find_core_points(context);
  collect_nodes();
  connect(context);
  number_clusters(result);
  label_border_points(context, result);
}

}  // namespace diskern::clustering

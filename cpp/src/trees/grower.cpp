#include "trees/grower.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <numeric>
#include <optional>
#include <type_traits>
#include <utility>

#include "base/executor.hpp"
#include "trees/training_kernels.hpp"

namespace diskern::trees {

namespace {

// One overload of each for cells of four sums and for planes.

template <class Integer>
void build(const BinnedEvents& events, const PackedLayout&, const Cell<Integer>* entries, const std::uint32_t* rows,
           std::size_t first, std::size_t n, std::vector<std::uint64_t>&, Histogram<Integer>& histogram) {
  add_cells(events, entries, rows, first, n, histogram);
}
void build(const BinnedEvents& events, const PackedLayout& layout, const PackedEntry* entries,
           const std::uint32_t* rows, std::size_t first, std::size_t n, std::vector<std::uint64_t>& words,
           PlaneHistogram& histogram) {
  build_planes(events, layout, entries, rows, first, n, words, histogram);
}

template <class Integer>
void add_feature(Histogram<Integer>& sum, const Histogram<Integer>& other, std::size_t feature) {
  for (std::size_t c = feature * cells_per_feature; c < (feature + 1) * cells_per_feature; ++c) {
    sum[c] = sum[c] + other[c];
  }
}
void add_feature(PlaneHistogram& sum, const PlaneHistogram& other, std::size_t feature) {
  training_kernels().add_planes(&sum[feature], &other[feature]);
}

template <class Integer>
void subtract_feature(Histogram<Integer>& parent, const Histogram<Integer>& child, std::size_t feature) {
  for (std::size_t c = feature * cells_per_feature; c < (feature + 1) * cells_per_feature; ++c) {
    parent[c] = parent[c] - child[c];
  }
}
void subtract_feature(PlaneHistogram& parent, const PlaneHistogram& child, std::size_t feature) {
  training_kernels().subtract_planes(&parent[feature], &child[feature]);
}

template <class Integer>
Split scan_feature(const Histogram<Integer>& histogram, std::size_t feature, std::size_t bin_count,
                   const WideCell& node, const CellScales& scales, const SplitRules& rules) {
  return best_split(histogram.data() + feature * cells_per_feature, bin_count, static_cast<std::int32_t>(feature), node,
                    scales, rules);
}
Split scan_feature(const PlaneHistogram& histogram, std::size_t feature, std::size_t bin_count, const WideCell& node,
                   const CellScales& scales, const SplitRules& rules) {
  return best_split(histogram[feature], bin_count, static_cast<std::int32_t>(feature), node, scales, rules);
}

template <class Integer>
Split scan_constrained(const Histogram<Integer>& histogram, const WideCell* squares, std::size_t feature,
                       std::size_t bin_count, const WideCell& node, const CellScales& scales, const GrowerRules& rules,
                       const NodeLimits& limits) {
  return best_constrained_split(histogram.data() + feature * cells_per_feature, squares, bin_count,
                                static_cast<std::int32_t>(feature), node, scales, rules.split, rules.constraints,
                                limits);
}
Split scan_constrained(const PlaneHistogram& histogram, const WideCell* squares, std::size_t feature,
                       std::size_t bin_count, const WideCell& node, const CellScales& scales, const GrowerRules& rules,
                       const NodeLimits& limits) {
  WideCell cells[cells_per_feature];
  for (std::size_t i = 0; i < cells_per_feature; ++i) cells[i] = cell_of(histogram[feature], i);
  return best_constrained_split(cells, squares, bin_count, static_cast<std::int32_t>(feature), node, scales,
                                rules.split, rules.constraints, limits);
}

// Every event is in one bin of the first variable.
template <class Integer>
WideCell total(const Histogram<Integer>& histogram) {
  WideCell sums;
  for (std::size_t c = 0; c < cells_per_feature; ++c) {
    const Cell<Integer>& cell = histogram[c];
    sums = sums + WideCell{cell.gradient, cell.hessian, cell.count, cell.weight};
  }
  return sums;
}
WideCell total(const PlaneHistogram& histogram) {
  WideCell sums;
  for (std::size_t c = 0; c < cells_per_feature; ++c) sums = sums + cell_of(histogram[0], c);
  return sums;
}

template <class Integer>
std::unique_ptr<Histogram<Integer>> new_histogram(std::size_t n_features, const Histogram<Integer>*) {
  return std::make_unique<Histogram<Integer>>(n_features * cells_per_feature);
}
std::unique_ptr<PlaneHistogram> new_histogram(std::size_t n_features, const PlaneHistogram*) {
  return std::make_unique<PlaneHistogram>(n_features);
}

}  // namespace

template <class Integer>
Grower<Integer>::Grower(const BinnedEvents& events, const BinEdges& edges, PackedLayout layout)
    : events_(events), edges_(edges), layout_(layout) {}

template <class Integer>
Grower<Integer>::~Grower() = default;

template <class Integer>
typename Grower<Integer>::HistogramPointer Grower<Integer>::take() {
  const std::lock_guard lock(mutex_);
  if (pool_.empty()) return new_histogram(events_.n_features, static_cast<HistogramType*>(nullptr));
  HistogramPointer result = std::move(pool_.back());
  pool_.pop_back();
  return result;
}

template <class Integer>
void Grower<Integer>::give(HistogramPointer histogram) {
  if (!histogram) return;
  const std::lock_guard lock(mutex_);
  pool_.push_back(std::move(histogram));
}

template <class Integer>
std::unique_ptr<typename Grower<Integer>::Workspace> Grower<Integer>::take_workspace() {
  const std::lock_guard lock(mutex_);
  if (workspaces_.empty()) {
    auto made = std::make_unique<Workspace>();
    if constexpr (std::is_same_v<Integer, PackedEntry>) made->words.assign(events_.n_features * cells_per_feature, 0);
    return made;
  }
  std::unique_ptr<Workspace> result = std::move(workspaces_.back());
  workspaces_.pop_back();
  return result;
}

template <class Integer>
void Grower<Integer>::give_workspace(std::unique_ptr<Workspace> workspace) {
  const std::lock_guard lock(mutex_);
  workspaces_.push_back(std::move(workspace));
}

// One tree in the making. Nodes are expanded (events divided, histograms and best cuts of both children found) either
// one at a time by all threads or, when they are small, several at once by one thread each. Which nodes are expanded
// ahead of their turn depends on the number of threads; what an expansion finds does not, and the tree is put together
// in the order of the rules afterwards. An expansion that turns out not to be wanted is forgotten.
template <class Integer>
struct Grower<Integer>::Run {
  struct Node {
    Split split;
    WideCell sums;
    std::size_t begin = 0;
    std::size_t end = 0;
    std::int32_t depth = 0;
    std::int32_t list = 0;    // which of the two lists holds its events
    std::int32_t left = -1;   // expanded if >= 0; its sibling is the next
    std::int32_t place = -1;  // in the tree
    bool ascending = false;   // its events are begin, begin + 1, ...: no list is looked at
    HistogramPointer histogram;
    NodeLimits limits;  // with constraints only

    std::size_t size() const { return end - begin; }
  };

  Grower& grower;
  const Context& context;
  const GrowerRules& rules;
  const CellScales& scales;
  const Entry* entries;
  GrownTree& tree;
  std::size_t threads;
  std::size_t n_features;
  std::vector<Node> nodes{};
  std::vector<std::int32_t> open{};  // in the tree, with a cut, in the order of their making
  std::uint32_t* lists[2]{};
  std::optional<TreeLimits> tree_limits{};

  static constexpr std::size_t chunk_size = 16384;  // events of a share of the partition; a multiple of 64
  // Below this many nanoseconds of work a node is left to one thread.
  static constexpr double shared_work = 100e3;
  static constexpr double lone_shared_work = 30e3;

  double work_of(std::size_t events) const {
    return static_cast<double>(events) * (0.5 * 0.4 * static_cast<double>(n_features) + 1.0);
  }

  bool worth_scanning(const Node& node) const {
    return (rules.max_depth == 0 || node.depth < rules.max_depth) &&
           scales.count.value(node.sums.count) >= 2 * rules.split.min_samples_leaf;
  }

  const std::uint32_t* rows_of(const Node& node) const {
    return node.ascending ? nullptr : lists[node.list] + node.begin;
  }

  // Histogram of a node, by up to `shares` threads. Integers: the number of shares does not change a bit.
  void build_histogram_of(const Node& node, std::size_t shares, std::vector<HistogramPointer>& parts) {
    const std::size_t n = node.size();
    const std::uint32_t* rows = rows_of(node);
    const std::size_t share = (n + shares - 1) / shares;
    parallel_for(
        context, shares,
        [&](std::size_t s) {
          const Range range = share == 0 ? Range{0, 0} : chunk_range(n, share, s);
          const std::size_t begin = std::min(range.begin, n);
          std::unique_ptr<Workspace> workspace = grower.take_workspace();
          build(grower.events_, grower.layout_, entries, rows == nullptr ? nullptr : rows + begin, node.begin + begin,
                std::max(range.end, begin) - begin, workspace->words, *parts[s]);
          grower.give_workspace(std::move(workspace));
        },
        shares == 1 ? 0.0 : 1e9);
  }

  std::size_t shares_of(std::size_t n, std::size_t most) const {
    constexpr std::size_t smallest_share = 2048;
    return std::clamp<std::size_t>(n / smallest_share, 1, most);
  }

  // The best cuts of one or two nodes (of siblings the second's histogram is still its parent's). parts[0] belongs to
  // the first, the others are added to it.
  void find_splits(Node& first, Node* second, std::vector<HistogramPointer>& parts, std::size_t most) {
    HistogramType& own = *parts[0];
    HistogramType* parent = second == nullptr ? nullptr : second->histogram.get();
    std::unique_ptr<Workspace> workspace = grower.take_workspace();
    std::vector<Split>& splits = workspace->splits;
    splits.assign(2 * n_features, Split{});
    const bool scan_first = worth_scanning(first);
    const bool scan_second = second != nullptr && worth_scanning(*second);
    const std::size_t features_at_once = most == 1 ? n_features : 4;
    // Of the squares of the weights, where the constraints ask for an effective count.
    Histogram<std::int64_t> squares[2];
    if (tree_limits && rules.constraints.squares != nullptr) {
      std::vector<Histogram<std::int64_t>> scratch;
      if (scan_first) {
        build_histogram(context, grower.events_, rules.constraints.squares, rows_of(first), first.size(), squares[0],
                        scratch);
      }
      if (scan_second) {
        build_histogram(context, grower.events_, rules.constraints.squares, rows_of(*second), second->size(),
                        squares[1], scratch);
      }
    }
    const auto scan = [&](const Node& node, const HistogramType& histogram, std::size_t f,
                          const Histogram<std::int64_t>& of_squares) {
      const std::size_t bin_count = grower.edges_.bin_count(f);
      if (!tree_limits) return scan_feature(histogram, f, bin_count, node.sums, scales, rules.split);
      return scan_constrained(histogram, of_squares.empty() ? nullptr : of_squares.data() + f * cells_per_feature, f,
                              bin_count, node.sums, scales, rules, node.limits);
    };
    parallel_for(
        context, chunk_count(n_features, features_at_once),
        [&](std::size_t chunk) {
          const Range range = chunk_range(n_features, features_at_once, chunk);
          for (std::size_t f = range.begin; f < range.end; ++f) {
            for (std::size_t s = 1; s < parts.size(); ++s) add_feature(own, *parts[s], f);
            if (scan_first) splits[f] = scan(first, own, f, squares[0]);
            if (parent == nullptr) continue;
            subtract_feature(*parent, own, f);
            if (scan_second) splits[n_features + f] = scan(*second, *parent, f, squares[1]);
          }
        },
        static_cast<double>(n_features) * 500.0 * (parent == nullptr ? 1.0 : 2.0));
    first.histogram = std::move(parts[0]);
    const auto choose = [&](Node& node, std::size_t place) {
      for (std::size_t f = 0; f < n_features; ++f) {
        const Split& candidate = splits[place + f];
        if (candidate.valid() && (!node.split.valid() || candidate.gain > node.split.gain)) node.split = candidate;
      }
      if (!node.split.valid()) grower.give(std::move(node.histogram));
    };
    choose(first, 0);
    if (second != nullptr) choose(*second, n_features);
    grower.give_workspace(std::move(workspace));
    for (std::size_t s = 1; s < parts.size(); ++s) grower.give(std::move(parts[s]));
  }

  // Divides the events of the node among its children; returns how many go left.
  std::size_t divide(const Node& node, std::size_t most) {
    const TrainingKernels& kernels = training_kernels();
    const auto bin = static_cast<std::uint32_t>(node.split.bin);
    const std::uint32_t width = (node.split.missing_right ? 256U : 255U) - bin;
    const std::uint8_t* column = grower.events_.column(static_cast<std::size_t>(node.split.feature));
    const std::uint32_t* rows = rows_of(node);
    std::uint32_t* out = lists[1 - node.list] + node.begin;
    const std::size_t n = node.size();
    std::unique_ptr<Workspace> workspace = grower.take_workspace();
    std::vector<std::uint64_t>& mask = workspace->mask;
    if (mask.size() < (n + 63) / 64) mask.resize((n + 63) / 64);
    const auto at = [&](std::size_t k) { return rows == nullptr ? nullptr : rows + k; };
    std::size_t n_left = 0;
    if (most == 1 || n < 2 * chunk_size) {
      n_left = n - kernels.mark(column, rows, node.begin, n, bin, width, mask.data());
      kernels.divide(rows, node.begin, n, mask.data(), out, out + n_left);
    } else {
      const std::size_t chunks = chunk_count(n, chunk_size);
      std::vector<std::size_t> left_of(chunks);
      const double work = static_cast<double>(n) * 0.5;
      parallel_for(
          context, chunks,
          [&](std::size_t c) {
            const Range range = chunk_range(n, chunk_size, c);
            const std::size_t size = range.end - range.begin;
            left_of[c] = size - kernels.mark(column, at(range.begin), node.begin + range.begin, size, bin, width,
                                             mask.data() + range.begin / 64);
          },
          work);
      std::size_t before = 0;
      for (std::size_t& left : left_of) {
        before += left;
        left = before - left;  // those of earlier chunks
      }
      n_left = before;
      parallel_for(
          context, chunks,
          [&](std::size_t c) {
            const Range range = chunk_range(n, chunk_size, c);
            kernels.divide(at(range.begin), node.begin + range.begin, range.end - range.begin,
                           mask.data() + range.begin / 64, out + left_of[c], out + n_left + (range.begin - left_of[c]));
          },
          work);
    }
    grower.give_workspace(std::move(workspace));
    return n_left;
  }

  // Fills in the children of `parent`, which stand at parent.left and behind it.
  void expand(Node& parent, bool scan, std::size_t most) {
    Node& left = nodes[static_cast<std::size_t>(parent.left)];
    Node& right = nodes[static_cast<std::size_t>(parent.left) + 1];
    const std::size_t middle = parent.begin + divide(parent, most);
    left.begin = parent.begin;
    left.end = right.begin = middle;
    right.end = parent.end;
    left.sums = parent.split.left;
    right.sums = parent.split.right;
    left.depth = right.depth = parent.depth + 1;
    left.list = right.list = 1 - parent.list;
    if (tree_limits) {
      // The numbers of the children count only where a node draws variables of its own, and then no node is expanded
      // ahead of its turn.
      const auto place = static_cast<std::int32_t>(tree.nodes.size());
      tree_limits->children(parent.limits, parent.split, scales, left.depth, place, place + 1, left.limits,
                            right.limits);
    }
    if (!scan || (!worth_scanning(left) && !worth_scanning(right))) {
      grower.give(std::move(parent.histogram));
      return;
    }
    Node& smaller = left.size() <= right.size() ? left : right;
    Node& larger = left.size() <= right.size() ? right : left;
    std::vector<HistogramPointer> parts(shares_of(smaller.size(), most));
    for (HistogramPointer& part : parts) part = grower.take();
    build_histogram_of(smaller, parts.size(), parts);
    larger.histogram = std::move(parent.histogram);
    find_splits(smaller, &larger, parts, most);
  }

  bool before(std::int32_t a, std::int32_t b) const {
    // Leaf-wise: the largest gain first, ties to the older node. Level by level: the oldest.
    const Node& one = nodes[static_cast<std::size_t>(a)];
    const Node& other = nodes[static_cast<std::size_t>(b)];
    if (rules.leaf_wise && one.split.gain != other.split.gain) return one.split.gain > other.split.gain;
    return one.place < other.place;
  }

  // Expands `next` and, if several threads can be kept busy so, open nodes whose turn comes soon.
  void expand_from(std::int32_t next, std::size_t leaves_left) {
    std::vector<std::int32_t> batch{next};
    const auto small = [&](std::int32_t node) {
      return work_of(nodes[static_cast<std::size_t>(node)].size()) < shared_work;
    };
    if (threads > 1 && leaves_left > 1 && small(next) && rules.constraints.column_fraction_node >= 1) {
      std::vector<std::int32_t> candidates;
      for (const std::int32_t node : open) {
        if (node != next && nodes[static_cast<std::size_t>(node)].left < 0 && small(node)) candidates.push_back(node);
      }
      std::sort(candidates.begin(), candidates.end(), [&](std::int32_t a, std::int32_t b) { return before(a, b); });
      // Level by level every node has its turn. Leaf-wise those of small gain never have: three per thread made half as
      // many expansions again that were forgotten.
      const std::size_t most = std::min(leaves_left, (rules.leaf_wise ? 1 : 8) * threads);
      for (std::size_t k = 0; k < candidates.size() && batch.size() < most; ++k) batch.push_back(candidates[k]);
    }
    for (const std::int32_t node : batch) {
      nodes[static_cast<std::size_t>(node)].left = static_cast<std::int32_t>(nodes.size());
      nodes.emplace_back();
      nodes.emplace_back();
    }
    const bool scan = leaves_left > 1;
    if (batch.size() == 1) {
      Node& node = nodes[static_cast<std::size_t>(next)];
      expand(node, scan, work_of(node.size()) < lone_shared_work ? 1 : threads);
      return;
    }
    // Large ones first, so that no thread is left with one at the end.
    std::sort(batch.begin(), batch.end(), [&](std::int32_t a, std::int32_t b) {
      return nodes[static_cast<std::size_t>(a)].size() > nodes[static_cast<std::size_t>(b)].size();
    });
    double work = 0;
    for (const std::int32_t node : batch) {
      work += work_of(nodes[static_cast<std::size_t>(node)].size()) + static_cast<double>(n_features) * 1000.0;
    }
    parallel_for(
        context, batch.size(), [&](std::size_t k) { expand(nodes[static_cast<std::size_t>(batch[k])], scan, 1); },
        work);
  }

  void add_to_tree(std::int32_t index) {
    Node& node = nodes[static_cast<std::size_t>(index)];
    node.place = static_cast<std::int32_t>(tree.nodes.size());
    GrownNode grown;
    grown.depth = node.depth;
    grown.sums = node.sums;
    grown.begin = node.begin;
    grown.end = node.end;
    if (tree_limits) {
      grown.lower = node.limits.lower;
      grown.upper = node.limits.upper;
    }
    tree.nodes.push_back(grown);
    if (node.split.valid()) open.push_back(index);
  }

  void grow_root(bool all, std::size_t n) {
    nodes.emplace_back();
    Node& root = nodes.back();
    root.end = n;
    root.ascending = all;
    if (rules.constraints.any()) {
      tree_limits.emplace(rules.constraints, n_features, rules.split.lambda_l2);
      root.limits = tree_limits->root();
    }
    std::vector<HistogramPointer> parts(work_of(n) < lone_shared_work ? 1 : shares_of(n, threads));
    for (HistogramPointer& part : parts) part = grower.take();
    build_histogram_of(root, parts.size(), parts);
    for (const HistogramPointer& part : parts) root.sums = root.sums + total(*part);
    find_splits(root, nullptr, parts, threads);
    add_to_tree(0);
  }

  void grow_rest() {
    std::size_t n_leaves = 1;
    const auto most_leaves = rules.max_leaf_nodes == 0 ? std::numeric_limits<std::size_t>::max()
                                                       : static_cast<std::size_t>(rules.max_leaf_nodes);
    while (!open.empty() && n_leaves < most_leaves) {
      if (context.interrupted()) {
        tree.interrupted = true;
        break;
      }
      const auto next = rules.leaf_wise ? std::min_element(open.begin(), open.end(),
                                                           [&](std::int32_t a, std::int32_t b) { return before(a, b); })
                                        : open.begin();
      const std::int32_t index = *next;
      if (nodes[static_cast<std::size_t>(index)].left < 0) expand_from(index, most_leaves - n_leaves);
      open.erase(std::find(open.begin(), open.end(), index));
      const Node& node = nodes[static_cast<std::size_t>(index)];
      const auto left = static_cast<std::int32_t>(tree.nodes.size());
      GrownNode& grown = tree.nodes[static_cast<std::size_t>(node.place)];
      grown.split = node.split;
      grown.left = left;
      grown.right = left + 1;
      const std::int32_t first = node.left;
      add_to_tree(first);
      add_to_tree(first + 1);
      ++n_leaves;
    }
  }

  // Brings the events of all leaves into the tree's own list.
  void collect() {
    std::vector<const Node*> elsewhere;
    for (const Node& node : nodes) {
      if (node.place < 0 || tree.nodes[static_cast<std::size_t>(node.place)].left >= 0) continue;
      if (node.ascending) {
        std::iota(lists[0], lists[0] + node.size(), 0U);
      } else if (node.list == 1) {
        elsewhere.push_back(&node);
      }
    }
    std::size_t events = 0;
    for (const Node* node : elsewhere) events += node->size();
    parallel_for(
        context, elsewhere.size(),
        [&](std::size_t k) {
          const Node& node = *elsewhere[k];
          std::memcpy(lists[0] + node.begin, lists[1] + node.begin, node.size() * sizeof(std::uint32_t));
        },
        static_cast<double>(events) * 0.2);
    for (Node& node : nodes) grower.give(std::move(node.histogram));
  }
};

template <class Integer>
void Grower<Integer>::grow(const Context& context, const GrowerRules& rules, const CellScales& scales,
                           const Entry* entries, const std::vector<std::uint32_t>* rows, GrownTree& tree) {
  const bool all = rows == nullptr || rows->size() == events_.n_events;
  const std::size_t n = all ? events_.n_events : rows->size();
  tree.nodes.clear();
  training_kernels();  // a wrong DISKERN_ISA throws here
  tree.interrupted = false;
  tree.rows.resize(n);
  if (other_rows_.size() < n) other_rows_.resize(n);
  if (!all) std::memcpy(tree.rows.data(), rows->data(), n * sizeof(std::uint32_t));
  const int threads = context.threads > 0 ? context.threads : available_threads();
  Run run{*this, context, rules, scales, entries, tree, static_cast<std::size_t>(threads), events_.n_features};
  run.lists[0] = tree.rows.data();
  run.lists[1] = other_rows_.data();
  run.grow_root(all, n);
  run.grow_rest();
  run.collect();
}

template <class Integer>
GrownTree Grower<Integer>::grow(const Context& context, const GrowerRules& rules, const CellScales& scales,
                                const Entry* entries, const std::vector<std::uint32_t>& rows) {
  GrownTree tree;
  grow(context, rules, scales, entries, &rows, tree);
  return tree;
}

template class Grower<std::int32_t>;
template class Grower<std::int64_t>;
template class Grower<PackedEntry>;

}  // namespace diskern::trees

#include "trees/grower.hpp"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "base/executor.hpp"

namespace diskern::trees {

namespace {

// Whether an event of this bin goes right, as one unsigned comparison.
struct GoesRight {
  std::uint32_t bin;
  std::uint32_t width;
  explicit GoesRight(const Split& split)
      : bin(static_cast<std::uint32_t>(split.bin)),
        width((split.missing_right ? 256U : 255U) - static_cast<std::uint32_t>(split.bin)) {}
  bool operator()(std::uint8_t value) const noexcept { return value - bin < width; }
};

}  // namespace

template <class Integer>
typename Grower<Integer>::HistogramPointer Grower<Integer>::take() {
  if (pool_.empty()) return std::make_unique<Histogram<Integer>>(events_.n_features * cells_per_feature);
  HistogramPointer result = std::move(pool_.back());
  pool_.pop_back();
  return result;
}

template <class Integer>
void Grower<Integer>::give(HistogramPointer histogram) {
  if (histogram) pool_.push_back(std::move(histogram));
}

template <class Integer>
std::size_t Grower<Integer>::partition(const Context& context, const Split& split, std::vector<std::uint32_t>& rows,
                                       std::size_t begin, std::size_t end) {
  const GoesRight goes_right(split);
  const std::uint8_t* bins = events_.bins.data() + split.feature;
  const std::size_t stride = events_.stride;
  const std::size_t n = end - begin;
  constexpr std::size_t chunk_size = 16384;
  constexpr std::size_t ahead = 16;
  const std::size_t chunks = chunk_count(n, chunk_size);
  if (right_.size() < n) right_.resize(n);
  std::vector<std::size_t> left_count(chunks);
  std::uint32_t* in = rows.data() + begin;
  // Within a chunk those that stay left move up in place, the others go to the buffer.
  parallel_for(
      context, chunks,
      [&](std::size_t chunk) {
        const Range range = chunk_range(n, chunk_size, chunk);
        std::uint32_t* left = in + range.begin;
        std::uint32_t* right = right_.data() + range.begin;
        for (std::size_t k = range.begin; k < range.end; ++k) {
          __builtin_prefetch(bins + in[std::min(k + ahead, range.end - 1)] * stride);
          const std::uint32_t row = in[k];
          const bool to_right = goes_right(bins[row * stride]);
          *left = row;
          *right = row;
          left += to_right ? 0 : 1;
          right += to_right ? 1 : 0;
        }
        left_count[chunk] = static_cast<std::size_t>(left - (in + range.begin));
      },
      static_cast<double>(n) * 2.0);
  std::size_t all_left = 0;
  for (std::size_t chunk = 0; chunk < chunks; ++chunk) {
    const Range range = chunk_range(n, chunk_size, chunk);
    std::memmove(in + all_left, in + range.begin, left_count[chunk] * sizeof(std::uint32_t));
    all_left += left_count[chunk];
  }
  std::uint32_t* to_right = in + all_left;
  for (std::size_t chunk = 0; chunk < chunks; ++chunk) {
    const Range range = chunk_range(n, chunk_size, chunk);
    const std::size_t n_right = range.end - range.begin - left_count[chunk];
    std::memcpy(to_right, right_.data() + range.begin, n_right * sizeof(std::uint32_t));
    to_right += n_right;
  }
  return begin + all_left;
}

template <class Integer>
GrownTree Grower<Integer>::grow(const Context& context, const GrowerRules& rules, const CellScales& scales,
                                const Cell<Integer>* entries, std::vector<std::uint32_t> rows) {
  const std::size_t n_features = events_.n_features;
  GrownTree tree;
  tree.rows = std::move(rows);
  std::vector<HistogramPointer> histograms;  // of open leaves, by node

  GrownNode root;
  root.end = tree.rows.size();
  histograms.push_back(take());
  const bool all = tree.rows.size() == events_.n_events;
  build_histogram(context, events_, entries, all ? nullptr : tree.rows.data(), tree.rows.size(), *histograms[0],
                  scratch_);
  // Every event is in one bin of the first variable.
  for (std::size_t c = 0; c < cells_per_feature; ++c) {
    const Cell<Integer>& cell = (*histograms[0])[c];
    root.sums = root.sums + WideCell{cell.gradient, cell.hessian, cell.count, cell.weight};
  }
  // With constraints every node has limits of its own, and perhaps a histogram of the squares of the weights.
  const GrowthConstraints& constraints = rules.constraints;
  std::optional<TreeLimits> tree_limits;
  std::vector<NodeLimits> limits;  // by node; empty without constraints
  if (constraints.any()) {
    tree_limits.emplace(constraints, n_features, rules.split.lambda_l2);
    limits.push_back(tree_limits->root());
    root.lower = limits[0].lower;
    root.upper = limits[0].upper;
  }
  Histogram<std::int64_t> squares[2];
  std::vector<Histogram<std::int64_t>> squares_scratch;
  tree.nodes.push_back(root);

  const double scan_work = static_cast<double>(n_features * cells_per_feature) * 6.0;
  const auto worth_scanning = [&](const GrownNode& node) {
    return (rules.max_depth == 0 || node.depth < rules.max_depth) &&
           scales.count.value(node.sums.count) >= 2 * rules.split.min_samples_leaf;
  };
  // Finds the splits of one node, or of two siblings of which the second's histogram is still its parent's.
  const auto find_splits = [&](std::int32_t first, std::int32_t second) {
    feature_splits_.assign(2 * n_features, Split{});
    Histogram<Integer>& own = *histograms[static_cast<std::size_t>(first)];
    Histogram<Integer>* other = second < 0 ? nullptr : histograms[static_cast<std::size_t>(second)].get();
    if (constraints.squares != nullptr && constraints.any()) {
      for (const auto& [node, place] : {std::pair{first, 0}, std::pair{second, 1}}) {
        if (node < 0) continue;
        const GrownNode& it = tree.nodes[static_cast<std::size_t>(node)];
        if (!worth_scanning(it)) continue;
        squares[place].resize(n_features * cells_per_feature);
        build_histogram(context, events_, constraints.squares, tree.rows.data() + it.begin, it.end - it.begin,
                        squares[place], squares_scratch);
      }
    }
    constexpr std::size_t chunk_size = 4;
    parallel_for(
        context, chunk_count(n_features, chunk_size),
        [&](std::size_t chunk) {
          const Range range = chunk_range(n_features, chunk_size, chunk);
          for (std::size_t f = range.begin; f < range.end; ++f) {
            const std::size_t bin_count = edges_.bin_count(f);
            const std::size_t offset = f * cells_per_feature;
            const auto scan = [&](std::int32_t node, const Histogram<Integer>& histogram, std::size_t place) {
              const GrownNode& it = tree.nodes[static_cast<std::size_t>(node)];
              if (!worth_scanning(it)) return;
              if (!limits.empty()) {
                const WideCell* of_squares =
                    constraints.squares == nullptr ? nullptr : squares[place == 0 ? 0 : 1].data() + offset;
                feature_splits_[place + f] = best_constrained_split(
                    histogram.data() + offset, of_squares, bin_count, static_cast<std::int32_t>(f), it.sums, scales,
                    rules.split, constraints, limits[static_cast<std::size_t>(node)]);
                return;
              }
              feature_splits_[place + f] = best_split(histogram.data() + offset, bin_count,
                                                      static_cast<std::int32_t>(f), it.sums, scales, rules.split);
            };
            scan(first, own, 0);
            if (other == nullptr) continue;
            for (std::size_t c = offset; c < offset + bin_count; ++c) (*other)[c] = (*other)[c] - own[c];
            (*other)[offset + missing_bin] = (*other)[offset + missing_bin] - own[offset + missing_bin];
            scan(second, *other, n_features);
          }
        },
        other == nullptr ? scan_work : 3 * scan_work);
    for (const auto& [node, place] : {std::pair{first, std::size_t{0}}, std::pair{second, n_features}}) {
      if (node < 0) continue;
      Split& best = tree.nodes[static_cast<std::size_t>(node)].split;
      for (std::size_t f = 0; f < n_features; ++f) {
        const Split& candidate = feature_splits_[place + f];
        if (candidate.valid() && (!best.valid() || candidate.gain > best.gain)) best = candidate;
      }
      if (!best.valid()) give(std::move(histograms[static_cast<std::size_t>(node)]));
    }
  };
  find_splits(0, -1);

  std::vector<std::int32_t> open;  // leaves with a valid split, in the order of their making
  if (tree.nodes[0].split.valid()) open.push_back(0);
  std::int32_t n_leaves = 1;
  while (!open.empty() && (rules.max_leaf_nodes == 0 || n_leaves < rules.max_leaf_nodes)) {
    if (context.interrupted()) {
      tree.interrupted = true;
      break;
    }
    // Leaf-wise: the largest gain, ties to the older node. Level by level: the oldest.
    auto next = open.begin();
    if (rules.leaf_wise) {
      next = std::max_element(open.begin(), open.end(), [&](std::int32_t a, std::int32_t b) {
        return tree.nodes[static_cast<std::size_t>(a)].split.gain < tree.nodes[static_cast<std::size_t>(b)].split.gain;
      });
    }
    const std::int32_t parent = *next;
    open.erase(next);
    const GrownNode node = tree.nodes[static_cast<std::size_t>(parent)];
    const std::size_t middle = partition(context, node.split, tree.rows, node.begin, node.end);
    const auto left = static_cast<std::int32_t>(tree.nodes.size());
    const std::int32_t right = left + 1;
    GrownNode child;
    child.depth = node.depth + 1;
    child.sums = node.split.left;
    child.begin = node.begin;
    child.end = middle;
    tree.nodes.push_back(child);
    child.sums = node.split.right;
    child.begin = middle;
    child.end = node.end;
    tree.nodes.push_back(child);
    tree.nodes[static_cast<std::size_t>(parent)].left = left;
    tree.nodes[static_cast<std::size_t>(parent)].right = right;
    histograms.resize(tree.nodes.size());
    ++n_leaves;
    if (tree_limits) {
      limits.resize(tree.nodes.size());
      tree_limits->children(limits[static_cast<std::size_t>(parent)], node.split, scales, child.depth, left, right,
                            limits[static_cast<std::size_t>(left)], limits[static_cast<std::size_t>(right)]);
      for (const auto side : {static_cast<std::size_t>(left), static_cast<std::size_t>(right)}) {
        tree.nodes[side].lower = limits[side].lower;
        tree.nodes[side].upper = limits[side].upper;
      }
    }

    HistogramPointer parent_histogram = std::move(histograms[static_cast<std::size_t>(parent)]);
    const bool last = rules.max_leaf_nodes != 0 && n_leaves >= rules.max_leaf_nodes;
    if (last || (!worth_scanning(tree.nodes[static_cast<std::size_t>(left)]) &&
                 !worth_scanning(tree.nodes[static_cast<std::size_t>(right)]))) {
      give(std::move(parent_histogram));
      continue;
    }
    const bool left_smaller = middle - node.begin <= node.end - middle;
    const std::int32_t smaller = left_smaller ? left : right;
    const std::int32_t larger = left_smaller ? right : left;
    const GrownNode& small_node = tree.nodes[static_cast<std::size_t>(smaller)];
    HistogramPointer small_histogram = take();
    build_histogram(context, events_, entries, tree.rows.data() + small_node.begin, small_node.end - small_node.begin,
                    *small_histogram, scratch_);
    histograms[static_cast<std::size_t>(smaller)] = std::move(small_histogram);
    histograms[static_cast<std::size_t>(larger)] = std::move(parent_histogram);
    find_splits(smaller, larger);
    for (const std::int32_t side : {left, right}) {
      if (tree.nodes[static_cast<std::size_t>(side)].split.valid()) open.push_back(side);
    }
  }
  // What was still open stays a leaf.
  for (const std::int32_t node : open) tree.nodes[static_cast<std::size_t>(node)].split = Split{};
  for (HistogramPointer& histogram : histograms) give(std::move(histogram));
  return tree;
}

template class Grower<std::int32_t>;
template class Grower<std::int64_t>;

}  // namespace diskern::trees

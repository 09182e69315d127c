#include "trees/reweighted_tree.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "base/executor.hpp"
#include "diskern/error.hpp"
#include "trees/boosting_steps.hpp"
#include "trees/event_shares.hpp"
#include "trees/fixed_point.hpp"
#include "trees/leaf_blocks.hpp"
#include "trees/loss.hpp"

namespace diskern::trees {

namespace {

constexpr std::size_t chunk_size = 8192;

}  // namespace

BinnedSample::BinnedSample(const Context& context, const BoostingSample& sample, std::size_t n_classes,
                           Criterion criterion, int max_bins)
    : sample_(sample), n_classes_(n_classes), criterion_(criterion) {
  edges_ = find_edges(context, sample.events, View<const double>(sample.weight.data(), sample.n), max_bins,
                      View<const std::int32_t>(sample.class_index.data(), sample.class_index.size()));
  if (context.interrupted()) throw Interrupted();
  if (on_gradients()) {
    binned_ = bin_events(context, edges_, sample.events);
  } else {
    columns_ = bin_columns(context, edges_, sample.events);
  }
  if (n_classes == 0) shift_ = weighted_mean(sample);
}

ReweightedTree ReweightedGrower::grow(const Context& context, const std::vector<double>& boost, double sum,
                                      std::uint32_t number) {
  return binned_.on_gradients() ? grow_on_gradients(context, boost, sum)
                                : grow_by_impurity(context, boost, sum, number);
}

GrowerRules ReweightedGrower::rules(double sum) const {
  GrowerRules rules;
  rules.max_leaf_nodes = 0;
  rules.max_depth = max_depth_;
  rules.leaf_wise = false;
  rules.split.min_child_weight = min_weight_fraction_leaf_ * sum * (1 - 1e-12);
  rules.split.signed_weights = binned_.sample_.any_negative;
  return rules;
}

template <class Integer>
void ReweightedGrower::grow_with(const Context& context, std::unique_ptr<Grower<Integer>>& grower,
                                 std::vector<Cell<Integer>>& entries, const std::vector<double>& boost, double sum,
                                 const CellScales& scales) {
  const BoostingSample& sample = binned_.sample_;
  if (!grower) grower = std::make_unique<Grower<Integer>>(binned_.binned_, binned_.edges_);
  entries.resize(sample.n);
  quantise_events(context, sample.weight.data(), gradient_.data(), boost.data(), sample.n, scales, true,
                  entries.data());
  grower->grow(context, rules(sum), scales, entries.data(), nullptr, grown_, false);
}

// Two classes: with targets of -1 and +1 the decrease of the squared error is twice that of the Gini index. Weights are
// the event's, derivatives carry what boosting made of it: an event of integer weight stays that many events.
ReweightedTree ReweightedGrower::grow_on_gradients(const Context& context, const std::vector<double>& boost,
                                                   double sum) {
  const BoostingSample& sample = binned_.sample_;
  const std::size_t n = sample.n;
  const bool regression = binned_.n_classes_ == 0;
  gradient_.resize(n);
  if (count_sum_ == 0) {
    for (std::size_t i = 0; i < n; ++i) count_sum_ += std::max(1.0, std::abs(sample.weight[i]));
    unit_weights_ = sample.unit_weights;
  }
  struct Extremes {
    double largest_boost = 0;
    double smallest_boost = std::numeric_limits<double>::infinity();
    double largest = 0;
  };
  // Of blocks, by their first event; largest and smallest values do not depend on where blocks begin.
  std::vector<Extremes> found(chunk_count(n, smallest_event_block));
  for_event_blocks(context, n, 1.0, [&](const Range& range) {
    Extremes mine;
    for (std::size_t i = range.begin; i < range.end; ++i) {
      const double b = boost[i];
      gradient_[i] = b * (sample.target[i] - binned_.shift_);
      const double size = std::abs(gradient_[i]);
      mine.largest = size > mine.largest ? size : mine.largest;
      mine.largest_boost = b > mine.largest_boost ? b : mine.largest_boost;
      const double w = std::abs(sample.weight[i]);
      const double lightest = (w < 1 ? w : 1.0) * b;
      mine.smallest_boost = lightest < mine.smallest_boost ? lightest : mine.smallest_boost;
    }
    found[range.begin / smallest_event_block] = mine;
  });
  Extremes all;
  for (const Extremes& e : found) {
    all.largest = std::max(all.largest, e.largest);
    all.largest_boost = std::max(all.largest_boost, e.largest_boost);
    all.smallest_boost = std::min(all.smallest_boost, e.smallest_boost);
  }
  const double largest = all.largest;
  const double largest_boost = all.largest_boost;
  const double smallest_boost = all.smallest_boost;
  const double count_sum = count_sum_;
  const bool unit_weights = unit_weights_;
  CellScales scales;
  const PackedLayout layout = packed_layout(count_sum);
  const auto set_scales = [&](int bits, int gradient_bits, int hessian_bits) {
    scales.gradient = FixedPoint::for_sums(largest, sample.absolute_weight, bits, gradient_bits);
    scales.hessian = FixedPoint::for_sums(largest_boost, sample.absolute_weight, bits, hessian_bits);
    scales.count = FixedPoint::for_sums(1.0, count_sum, bits);
    scales.weight = FixedPoint::for_sums(1.0, sample.absolute_weight, bits);
  };
  set_scales(31, packed_gradient_bits(layout), packed_hessian_bits(layout));
  // Few bits do where even the lightest event keeps some of them.
  GrownTree& tree = grown_;
  if (!regression && smallest_boost >= 8 * scales.hessian.of_units().inverse) {
    bool packed = unit_weights;
    if (packed) {
      scales.gradient = scales.gradient.of_units();
      scales.hessian = scales.hessian.of_units();
      scales.count = scales.weight = FixedPoint{};
      packed_entries_.resize(n);
      WideCell sums;
      packed = pack_events(context, gradient_.data(), boost.data(), n, scales, layout, packed_entries_.data(), sums);
    }
    if (packed) {
      if (!packed_grower_) {
        packed_grower_ = std::make_unique<Grower<PackedEntry>>(binned_.binned_, binned_.edges_, layout);
      }
      packed_grower_->grow(context, rules(sum), scales, packed_entries_.data(), nullptr, tree, false);
    } else {
      grow_with(context, narrow_grower_, narrow_entries_, boost, sum, scales);
    }
  } else {
    set_scales(62, 40, 40);
    grow_with(context, wide_grower_, wide_entries_, boost, sum, scales);
  }
  if (tree.interrupted) throw Interrupted();
  const NodeSums sums = sum_nodes(context, tree, sample.weight.data(), gradient_.data(), largest, boost.data(),
                                  largest_boost, sample.absolute_weight);
  ReweightedTree grown;
  grown.leaf.resize(n);
  for (std::size_t node = 0; node < tree.nodes.size(); ++node) {
    const GrownNode& it = tree.nodes[node];
    const bool inner = it.split.valid();
    const auto feature = static_cast<std::size_t>(inner ? it.split.feature : 0);
    grown.tree.feature.push_back(inner ? it.split.feature : leaf_feature);
    const auto bin = static_cast<std::size_t>(it.split.bin);
    grown.tree.threshold.push_back(inner ? binned_.edges_.threshold(feature, bin) : 0.0);
    grown.tree.left.push_back(inner ? it.left : -1);
    grown.tree.right.push_back(inner ? it.right : -1);
    grown.tree.missing_right.push_back(inner && it.split.missing_right ? 1 : 0);
    grown.tree.weight.push_back(sums.hessian[node]);
    grown.tree.gain.push_back(inner ? it.split.gain * (regression ? 1.0 : 0.5) : 0.0);
    if (regression) {
      grown.sums.push_back(sums.gradient[node]);
      grown.sums.push_back(sums.hessian[node]);
    } else {
      grown.sums.push_back((sums.hessian[node] - sums.gradient[node]) / 2);
      grown.sums.push_back((sums.hessian[node] + sums.gradient[node]) / 2);
    }
  }
  for_leaf_blocks(context, tree, 1.0,
                  [&](std::size_t, std::size_t node, const std::uint32_t* rows, std::size_t n_rows) {
                    for (std::size_t k = 0; k < n_rows; ++k) grown.leaf[rows[k]] = static_cast<std::int32_t>(node);
                  });
  return grown;
}

// Several classes, or other criteria than Gini's.
ReweightedTree ReweightedGrower::grow_by_impurity(const Context& context, const std::vector<double>& boost, double sum,
                                                  std::uint32_t number) const {
  const BoostingSample& sample = binned_.sample_;
  const std::size_t n_classes = binned_.n_classes_;
  double largest = 0;
  double count_sum = 0;
  for (std::size_t i = 0; i < sample.n; ++i) {
    largest = std::max(largest, boost[i]);
    count_sum += std::max(1.0, std::abs(sample.weight[i]));
  }
  const FixedPoint weight = FixedPoint::for_sums(largest, sample.absolute_weight, 62);
  const FixedPoint count = FixedPoint::for_sums(1.0, count_sum, 62);
  ClassSums sums(n_classes);
  sums.criterion = binned_.criterion_;
  sums.units.weight = weight.inverse;
  sums.units.count = count.inverse;
  ImpurityRules rules;
  rules.criterion = binned_.criterion_;
  rules.max_depth = max_depth_;
  rules.min_leaf_weight = min_weight_fraction_leaf_ * sum * (1 - 1e-12);
  std::vector<ClassSums::Event> events(sample.n);
  for (std::size_t i = 0; i < sample.n; ++i) {
    const double w = sample.weight[i];
    events[i] = {weight(w, boost[i]), count(std::max(1.0, std::abs(w)), 1.0), static_cast<std::uint32_t>(i),
                 static_cast<std::uint32_t>(sample.class_index[i])};
  }
  std::atomic<bool> stop{false};
  ImpurityTree tree =
      ImpurityGrower<ClassSums>(binned_.columns_, binned_.edges_, rules, sums, context.seed)
          .grow(events, number, stop, &context);
  if (stop.load()) throw Interrupted();
  ReweightedTree grown;
  grown.leaf.resize(sample.n);
  grown.tree = std::move(tree.trees[0]);
  grown.sums.assign(grown.tree.node_count() * n_classes, 0.0);
  for (std::size_t node = 0; node < grown.tree.node_count(); ++node) {
    const auto [begin, end] = tree.leaf[node];
    std::vector<std::int64_t> of_class(n_classes, 0);
    for (std::size_t k = begin; k < end; ++k) {
      grown.leaf[events[k].row] = static_cast<std::int32_t>(node);
      of_class[events[k].class_index] += events[k].weight;
    }
    for (std::size_t c = 0; c < n_classes; ++c) grown.sums[node * n_classes + c] = weight.value(of_class[c]);
  }
  return grown;
}

double reweighted_sum(const Context& context, const BoostingSample& sample, const std::vector<double>& boost) {
  double largest = 0;
  for (const double b : boost) largest = b > largest ? b : largest;
  const FixedPoint fixed = FixedPoint::for_sums(largest, sample.absolute_weight, 62);
  const std::size_t chunks = chunk_count(sample.n, chunk_size);
  std::vector<std::int64_t> sums(chunks, 0);
  parallel_for(
      context, chunks,
      [&](std::size_t chunk) {
        const Range range = chunk_range(sample.n, chunk_size, chunk);
        std::int64_t sum = 0;
        for (std::size_t i = range.begin; i < range.end; ++i) sum += fixed(sample.weight[i], boost[i]);
        sums[chunk] = sum;
      },
      static_cast<double>(sample.n) * 3.0);
  return fixed.value(std::accumulate(sums.begin(), sums.end(), std::int64_t{0}));
}

}  // namespace diskern::trees

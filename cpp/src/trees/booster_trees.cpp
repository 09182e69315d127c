#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "base/executor.hpp"
#include "trees/booster.hpp"
#include "trees/event_shares.hpp"
#include "trees/fixed_point.hpp"
#include "trees/training_kernels.hpp"

namespace diskern::trees {

namespace {

constexpr int narrow_bits = 31;
constexpr int wide_bits = 62;

}  // namespace

const double* Booster::weights() {
  if (!drawn_.weight.empty()) return drawn_.weight.data();
  if (training_.weight.whole()) return training_.weight.data();
  if (written_weights_.empty()) written_weights_.assign(training_.n, training_.weight[0]);
  return written_weights_.data();
}

template <class Integer>
void Booster::grow_with(std::unique_ptr<Grower<Integer>>& grower, std::vector<Cell<Integer>>& entries,
                        std::size_t output, const CellScales& scales) {
  const std::size_t n = training_.n;
  if (!grower) grower = std::make_unique<Grower<Integer>>(binned_, edges_);
  const bool first = entries.empty();
  entries.resize(n);
  const double* weight = weights();
  quantise_events(context_, weight, derivatives_.gradient.data() + output * n,
                  derivatives_.hessian.data() + output * n, n, scales, first, entries.data());
  if (!drawn_.weight.empty()) {
    // The drawn events count more in the sums; how many there are stays what it is.
    for (const std::uint32_t i : drawn_.rows) {
      entries[i].count = static_cast<Integer>(scales.count(std::max(1.0, std::abs(training_.weight[i])), 1.0));
      entries[i].weight = static_cast<Integer>(scales.weight(weight[i], 1.0));
    }
  }
  grow_tree_with(*grower, scales, entries.data(), output);
}

// In sweeps where the tree is shallow and all events take part.
template <class Integer>
void Booster::grow_tree_with(Grower<Integer>& grower, const CellScales& scales,
                             const typename Grower<Integer>::Entry* entries, std::size_t output) {
  const std::size_t n = training_.n;
  if (!drawn_.all || !drawn_.weight.empty() || loss_.refits_leaves() || !may_sweep(rules_)) {
    grower.grow(context_, rules_, scales, entries, drawn_.all ? nullptr : &drawn_.rows, grown_, loss_.refits_leaves());
    return;
  }
  const std::size_t n_leaves = std::size_t{1} << static_cast<unsigned>(rules_.max_depth);
  leaf_sums_ = std::make_unique<LeafSums>(context_, n, n_leaves, unit_weights_ ? nullptr : weights(),
                                          derivatives_.gradient.data() + output * n,
                                          derivatives_.largest_gradient[output],
                                          derivatives_.hessian.data() + output * n,
                                          derivatives_.largest_hessian[output], drawn_.absolute_weight);
  grower.sweep(context_, rules_, scales, entries, grown_,
               [&](std::size_t share, const Range& range, const std::uint8_t* leaf_of) {
                 leaf_sums_->add(share, range, leaf_of);
               });
}

// The scales come from sums that an event of weight k and k events of weight one have in common, so packed entries and
// narrow cells lead to the same tree.
bool Booster::grow_packed(std::size_t output, CellScales& scales) {
  const std::size_t n = training_.n;
  if (!unit_weights_ || !drawn_.weight.empty()) return false;
  scales.gradient = scales.gradient.of_units();
  scales.hessian = scales.hessian.of_units();
  scales.count = scales.weight = FixedPoint{};
  const auto same = [](const FixedPoint& a, const FixedPoint& b) { return a.scale == b.scale; };
  const bool guessed = std::exchange(guess_.made, false);
  if (guessed && guess_.good && same(guess_.scales.gradient, scales.gradient) &&
      same(guess_.scales.hessian, scales.hessian)) {
    packed_grower_->know_root(guess_.sums);
  } else {
    if (guessed) packed_grower_->drop_root();
    packed_entries_.resize(n);
    WideCell sums;
    if (!pack_events(context_, derivatives_.gradient.data() + output * n, derivatives_.hessian.data() + output * n, n,
                     scales, layout_, packed_entries_.data(), sums)) {
      return false;
    }
    if (!packed_grower_) packed_grower_ = std::make_unique<Grower<PackedEntry>>(binned_, edges_, layout_);
    if (drawn_.all) packed_grower_->know_root(sums);
  }
  grow_tree_with(*packed_grower_, scales, packed_entries_.data(), output);
  last_packed_ = scales;
  was_packed_ = true;
  return true;
}

void Booster::drop_guess() {
  was_packed_ = false;
  if (std::exchange(guess_.made, false)) packed_grower_->drop_root();
}

const GrownTree& Booster::grow_tree(std::size_t output, CellScales& scales) {
  const double largest = derivatives_.largest_gradient[output];
  if (!squares_.empty()) {
    const double* weight = weights();
    double heaviest = 0;
    double sum = 0;
    drawn_.for_each(training_.n, [&](std::size_t i) {
      heaviest = std::max(heaviest, std::abs(weight[i]));
      sum += std::abs(weight[i]);
    });
    rules_.constraints.squares_scale = FixedPoint::for_sums(heaviest, sum, wide_bits);
    drawn_.for_each(training_.n, [&](std::size_t i) {
      const double size = std::abs(weight[i]);
      squares_[i] = WideCell{rules_.constraints.squares_scale(size, size), 0, 0, 0};
    });
    rules_.constraints.squares = squares_.data();
  }
  rules_.constraints.tree = static_cast<std::uint32_t>(forest_.trees.size() + output);
  const double largest_hessian = derivatives_.largest_hessian[output];
  const auto set_scales = [&](int bits, int gradient_bits, int hessian_bits) {
    scales.gradient = FixedPoint::for_sums(largest, drawn_.absolute_weight, bits, gradient_bits);
    scales.hessian = FixedPoint::for_sums(largest_hessian, drawn_.absolute_weight, bits, hessian_bits);
    scales.count = FixedPoint::for_sums(1.0, count_sum_, bits);
    scales.weight = FixedPoint::for_sums(1.0, drawn_.absolute_weight, bits);
  };
  set_scales(narrow_bits, packed_gradient_bits(layout_), packed_hessian_bits(layout_));
  // Narrow cells do when even the lightest events keep nine bits, and the common ones eight bits below the largest and
  // five of their own.
  const double lightest = reference_weight_ * largest / scales.gradient.inverse;
  const double rms = derivatives_.gradient_rms[output];
  if (lightest >= 512 && largest <= 256 * rms && rms * scales.gradient.scale >= 32) {
    const CellScales narrow = scales;
    if (grow_packed(output, scales)) return grown_;
    drop_guess();
    scales = narrow;
    grow_with(narrow_grower_, narrow_entries_, output, scales);
    return grown_;
  }
  drop_guess();
  set_scales(wide_bits, 40, 40);
  grow_with(wide_grower_, wide_entries_, output, scales);
  return grown_;
}

// The leaves that the loss asks for. Bounds are those of the refitted values: the Newton steps of such a loss are in
// other units.
void Booster::refit(const GrownTree& grown, const double* weight, const double* score,
                    std::vector<double>& step) const {
  const std::size_t n_nodes = grown.nodes.size();
  const IterationWeights weights{weight, drawn_.absolute_weight};
  const std::vector<std::int8_t>& monotone = rules_.constraints.monotone;
  parallel_for(
      context_, n_nodes,
      [&](std::size_t node) {
        const GrownNode& it = grown.nodes[node];
        if (it.split.valid() && monotone.empty()) return;
        if (it.begin == it.end) return;  // the iteration drew no event
        step[node] =
            loss_.refit_leaf(training_, weights, score, grown.rows.data() + it.begin, it.end - it.begin, step[node]);
      },
      static_cast<double>(training_.n) * 50.0);
  struct Bounds {
    double lower, upper;
  };
  const double largest = rules_.constraints.max_leaf_value;
  std::vector<Bounds> bounds(n_nodes, {-largest, largest});
  for (std::size_t node = 0; node < n_nodes; ++node) {  // children come after their parent
    step[node] = std::clamp(step[node], bounds[node].lower, bounds[node].upper);
    const Split& split = grown.nodes[node].split;
    if (!split.valid() || monotone.empty()) continue;
    const auto left = static_cast<std::size_t>(grown.nodes[node].left);
    const auto right = static_cast<std::size_t>(grown.nodes[node].right);
    bounds[left] = bounds[right] = bounds[node];
    const int direction = monotone[static_cast<std::size_t>(split.feature)];
    if (direction == 0 || split.bin == 0) continue;  // at bin 0 missing values part from the others
    const double middle = 0.5 * (std::clamp(step[left], bounds[node].lower, bounds[node].upper) +
                                 std::clamp(step[right], bounds[node].lower, bounds[node].upper));
    bounds[direction > 0 ? left : right].upper = middle;
    bounds[direction > 0 ? right : left].lower = middle;
  }
}

// The scores move on the way to the next derivatives, where nobody wants to know them before.
void Booster::move_later(const GrownTree& grown, const std::vector<double>& value, double factor, double* score) {
  steps_.assign(std::max<std::size_t>(grown.leaves.size(), 16), 0.0);
  for (std::size_t leaf = 0; leaf < grown.leaves.size(); ++leaf) {
    if (grown.leaves[leaf] >= 0) steps_[leaf] = factor * value[static_cast<std::size_t>(grown.leaves[leaf])];
  }
  if (n_outputs_ == 1 && params_.boosting != BoostingMode::dart && !loss_.needs_update() &&
      !loss_.needs_all_events()) {
    return;
  }
  for_event_blocks(context_, training_.n, 0.5, [&](const Range& range) {
    training_kernels().move_scores(grown.leaf_of.data(), range.begin, range.end - range.begin, steps_.data(),
                                   grown.leaves.size(), score);
  });
  steps_.clear();
}

// The grown tree with Newton leaves, or those that the loss refits; moves the training score by factor * its leaves.
Tree Booster::finish(const GrownTree& grown, std::size_t output, const CellScales& scales, double factor) {
  const std::size_t n_nodes = grown.nodes.size();
  const std::size_t n = training_.n;
  const double* factors = unit_weights_ && drawn_.weight.empty() ? nullptr : weights();
  const NodeSums sums = grown.swept
                            ? leaf_sums_->of_nodes(grown)
                            : sum_nodes(context_, grown, factors, derivatives_.gradient.data() + output * n,
                                        derivatives_.largest_gradient[output], derivatives_.hessian.data() + output * n,
                                        derivatives_.largest_hessian[output], drawn_.absolute_weight);
  double* score = score_.data() + output * n;
  std::vector<double> step(n_nodes);
  for (std::size_t node = 0; node < n_nodes; ++node) {
    step[node] = bounded_step(sums.gradient[node], sums.hessian[node], params_.l1_regularization,
                              params_.l2_regularization, grown.nodes[node].lower, grown.nodes[node].upper);
  }
  if (loss_.refits_leaves()) refit(grown, weights(), score, step);
  if (training_.any_negative) {
    const double limit = loss_.largest_signed_step(derivatives_.largest_gradient[output]);
    for (double& s : step) s = std::clamp(s, -limit, limit);
    negative_fractions_.push_back(negative_fractions(context_, grown, weights(), n, drawn_.absolute_weight));
  }

  Tree tree;
  for (std::vector<std::int32_t>* numbers : {&tree.feature, &tree.left, &tree.right}) numbers->reserve(n_nodes);
  for (std::vector<double>* numbers : {&tree.threshold, &tree.value, &tree.weight, &tree.gain}) {
    numbers->reserve(n_nodes);
  }
  tree.missing_right.reserve(n_nodes);
  for (std::size_t node = 0; node < n_nodes; ++node) {
    const GrownNode& it = grown.nodes[node];
    const bool inner = it.split.valid();
    const auto feature = static_cast<std::size_t>(inner ? it.split.feature : 0);
    tree.feature.push_back(inner ? it.split.feature : leaf_feature);
    tree.threshold.push_back(inner ? edges_.threshold(feature, static_cast<std::size_t>(it.split.bin)) : 0.0);
    tree.left.push_back(inner ? it.left : -1);
    tree.right.push_back(inner ? it.right : -1);
    tree.missing_right.push_back(inner && it.split.missing_right ? 1 : 0);
    tree.value.push_back(params_.learning_rate * step[node]);
    tree.weight.push_back(scales.weight.value(it.sums.weight));
    tree.gain.push_back(inner ? it.split.gain : 0.0);
  }

  if (grown.swept) {
    move_later(grown, tree.value, factor, score);
  } else if (grown.rows.size() == n) {
    add_leaves(context_, grown, tree.value.data(), factor, score);
  } else {  // events outside the subsample walk the tree
    add_tree(context_, tree, factor, training_, score);
  }
  return tree;
}

}  // namespace diskern::trees

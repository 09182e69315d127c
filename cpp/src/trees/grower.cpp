#include "trees/grower.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "trees/event_shares.hpp"
#include "trees/grower_finder.hpp"
#include "trees/grower_leaves.hpp"
#include "trees/grower_run.hpp"
#include "trees/grower_sweep.hpp"
#include "trees/histogram_kinds.hpp"
#include "trees/training_kernels.hpp"

namespace diskern::trees {

template <class Integer>
Grower<Integer>::Grower(const BinnedEvents& events, const BinEdges& edges, PackedLayout layout)
    : events_(events), edges_(edges), layout_(layout) {}

template <class Integer>
Grower<Integer>::~Grower() = default;

template <class Integer>
typename Grower<Integer>::HistogramPointer Grower<Integer>::take() {
  if (pool_.empty()) return new_histogram(events_.n_features, static_cast<HistogramType*>(nullptr));
  HistogramPointer result = std::move(pool_.back());
  pool_.pop_back();
  return result;
}

template <class Integer>
void Grower<Integer>::give(HistogramPointer histogram) {
  if (histogram) pool_.push_back(std::move(histogram));
}

template <class Integer>
void Grower<Integer>::start_root(const Context& context) {
  drop_root();
  const EventShares shares = event_shares(context, events_.n_events);
  root_parts_ = shares.n_shares;
  root_histogram_ = take();
  const bool one_block = Part::fits(layout_, {0, 0, static_cast<std::int64_t>(events_.n_events), 0});
  for (std::size_t g = 0; g < root_parts_; ++g) {
    if (g == parts_.size()) parts_.emplace_back(events_.n_features);
    if (!one_block && g > 0 && !parts_[g].kept) parts_[g].kept = take();
    parts_[g].start(g == 0 ? root_histogram_.get() : parts_[g].kept.get());
  }
}

template <class Integer>
void Grower<Integer>::add_root(std::size_t share, const Range& events, const Entry* entries) {
  parts_[share].add(events_, layout_, entries, nullptr, events.begin, events.end - events.begin);
}

template <class Integer>
void Grower<Integer>::drop_root() {
  for (std::size_t g = 0; g < root_parts_; ++g) parts_[g].drop();
  root_parts_ = 0;
  give(std::move(root_histogram_));
  root_sums_.reset();
}

template <class Integer>
void Grower<Integer>::sweep(const Context& context, const GrowerRules& rules, const CellScales& scales,
                            const Entry* entries, GrownTree& tree, const LeafWork& at_leaves) {
  tree.nodes.clear();
  tree.rows.clear();
  tree.segments.clear();
  training_kernels();  // a wrong DISKERN_ISA throws here
  tree.interrupted = false;
  tree.swept = true;
  const EventShares shares = event_shares(context, events_.n_events);
  Context of_shares = context;
  of_shares.threads = static_cast<int>(shares.n_shares);
  Sweep run{*this, of_shares, rules, scales, entries, tree, shares,
            Finder{*this, of_shares, rules, scales, events_.n_features, shares.n_shares}};
  run.grow(at_leaves);
  root_sums_.reset();
}

template <class Integer>
void Grower<Integer>::grow(const Context& context, const GrowerRules& rules, const CellScales& scales,
                           const Entry* entries, const std::vector<std::uint32_t>* rows, GrownTree& tree,
                           bool ordered) {
  const bool all = rows == nullptr || rows->size() == events_.n_events;
  const std::size_t n = all ? events_.n_events : rows->size();
  tree.nodes.clear();
  training_kernels();  // a wrong DISKERN_ISA throws here
  tree.interrupted = false;
  tree.swept = false;
  tree.rows.resize(n);
  if (other_rows_.size() < n) other_rows_.resize(n);
  const EventShares shares = event_shares(context, events_.n_events);
  Context of_shares = context;
  of_shares.threads = static_cast<int>(shares.n_shares);
  Run run{*this, of_shares, rules, scales, entries, tree, events_.n_features, shares.n_shares, shares.block_size,
          Finder{*this, of_shares, rules, scales, events_.n_features, shares.n_shares}};
  run.lists[0] = tree.rows.data();
  run.lists[1] = other_rows_.data();
  constexpr std::size_t most_bytes = std::size_t{64} << 20U;
  run.most_held = rules.most_histograms > 0
                      ? rules.most_histograms
                      : std::max<std::size_t>(16, most_bytes / (events_.n_features * Part::feature_bytes));
  run.grow_root(all ? nullptr : rows);
  run.grow_rest();
  run.hand_over(ordered);
  root_sums_.reset();
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

#pragma once
// The histograms of nodes and the best cuts of both children of a node; grower.cpp alone includes this.

#include <algorithm>
#include <functional>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/executor.hpp"
#include "trees/grower.hpp"
#include "trees/histogram_kinds.hpp"

namespace diskern::trees {

// What the ways of growing have in common: parts of histograms are brought together, the sibling is the parent minus the
// node, and cuts are searched, variable by variable.
template <class Integer>
struct Grower<Integer>::Finder {
  // A node of which the best cut is wanted.
  struct Side {
    const WideCell* sums = nullptr;  // none: there is no such node
    bool scan = false;
    const NodeLimits* limits = nullptr;       // with constraints only
    Histogram<std::int64_t> squares{};        // of the weights, where the constraints ask for an effective count
    Split found{};
    HistogramPointer histogram{};  // where a cut was found
  };
  // A node to be summed and, where the parent's histogram is at hand, its sibling.
  struct Target {
    Side node{};
    Side sibling{};
    HistogramPointer parent{};
    HistogramPointer own{};
    std::size_t first_part = 0;
  };
  // Adds up what a target has in all shares, for a range of variables. For packed entries only.
  using AddUp = std::function<void(std::size_t target, const Range& features, Part& part)>;
  static constexpr bool packed = std::is_same_v<Integer, PackedEntry>;

  Grower& grower;
  const Context& context;
  const GrowerRules& rules;
  const CellScales& scales;
  std::size_t n_features;
  std::size_t n_shares;
  std::size_t root_groups = 0;  // parts of the root's histogram; 0: brought together already

  // Handing work to other threads costs 1 to 2 microseconds.
  static constexpr double shared_work = 5e3;
  static constexpr double scan_work = 170;         // nanoseconds of one variable of one node
  static constexpr std::size_t few_events = 100;  // for each variable

  void together(std::size_t chunks, const std::function<void(std::size_t)>& body, double work) const {
    parallel_for(context, chunks, body, work < shared_work ? 0.0 : 1e9);
  }

  // How many groups of shares are worth a thread each.
  std::size_t groups_of(double work) const {
    return std::clamp<std::size_t>(static_cast<std::size_t>(work / shared_work * 2.0), 1, n_shares);
  }
  Range shares_of(std::size_t group, std::size_t of_groups) const {
    return {group * n_shares / of_groups, (group + 1) * n_shares / of_groups};
  }

  // Bringing the parts of a histogram together costs the traffic of half of it between any two threads. For few events
  // it is cheaper when every thread adds up all of them, each for its own variables.
  bool by_variables(const std::vector<Target>& targets) const {
    return packed && n_shares > 1 && std::all_of(targets.begin(), targets.end(), [&](const Target& target) {
             const WideCell& sums = *target.node.sums;
             return Part::fits(grower.layout_, sums) &&
                    sums.count <= static_cast<std::int64_t>(few_events * n_features);
           });
  }

  bool worth_scanning(const WideCell& sums, std::int32_t depth) const {
    return (rules.max_depth == 0 || depth < rules.max_depth) &&
           scales.count.value(sums.count) >= 2 * rules.split.min_samples_leaf;
  }

  void prepare_parts(std::vector<Target>& targets, std::size_t groups) {
    std::size_t used = 0;
    for (Target& target : targets) {
      target.own = grower.take();
      target.first_part = used;
      const bool one_block = Part::fits(grower.layout_, *target.node.sums);
      for (std::size_t g = 0; g < groups; ++g, ++used) {
        if (used == grower.parts_.size()) grower.parts_.emplace_back(n_features);
        Part& part = grower.parts_[used];
        if (!one_block && g > 0 && !part.kept) part.kept = grower.take();
        part.start(g == 0 ? target.own.get() : part.kept.get());
      }
    }
  }

  // Sees to it that the parts of the root's histogram are there, for the target to be found, and returns its sums.
  // add_up(shares, part) adds the events of the shares to a part.
  template <class AddUpShares>
  WideCell sum_root(std::vector<Target>& target, std::size_t n_events, const AddUpShares& add_up) {
    if (grower.root_parts_ > 0) {
      target[0].own = std::move(grower.root_histogram_);
      root_groups = std::exchange(grower.root_parts_, 0);
      return *grower.root_sums_;
    }
    const double work = static_cast<double>(n_events * n_features) * 0.25;
    const std::size_t parts = groups_of(work);
    const WideCell not_known{0, 0, std::numeric_limits<std::int64_t>::max(), 0};
    target[0].node.sums = &not_known;
    prepare_parts(target, parts);
    together(parts, [&](std::size_t group) { add_up(shares_of(group, parts), grower.parts_[group]); }, work);
    root_groups = parts;
    if (grower.root_sums_) return *grower.root_sums_;
    together(
        n_features, [&](std::size_t f) { Part::collect(grower.layout_, grower.parts_.data(), parts, f); },
        static_cast<double>(n_features) * scan_work);
    root_groups = 0;
    return total(*target[0].own);
  }

  // Brings the `groups` parts of every target together, after add_up has filled its only one where that is given, and
  // finds the best cuts.
  void find(std::vector<Target>& targets, std::size_t groups, const AddUp* add_up) {
    const auto scan = [&](const Side& side, const HistogramType& histogram, std::size_t f) {
      const std::size_t bin_count = grower.edges_.bin_count(f);
      if (side.limits == nullptr) return scan_feature(histogram, f, bin_count, *side.sums, scales, rules.split);
      return scan_constrained(histogram, side.squares.empty() ? nullptr : side.squares.data() + f * cells_per_feature,
                              f, bin_count, *side.sums, scales, rules, *side.limits);
    };
    // One range of variables for each share, the same in every node: histograms stay in the cache of their thread.
    const std::size_t at_once = (n_features + n_shares - 1) / n_shares;
    const std::size_t chunks = chunk_count(n_features, at_once);
    std::vector<FoundCuts>& found_cuts = grower.found_cuts_;
    if (found_cuts.size() < chunks * targets.size()) found_cuts.resize(chunks * targets.size());
    together(
        chunks * targets.size(),
        [&](std::size_t chunk) {
          Target& target = targets[chunk / chunks];
          const Range range = chunk_range(n_features, at_once, chunk % chunks);
          Part* parts = grower.parts_.data() + target.first_part;
          FoundCuts found;
          const auto keep = [](Split& best, const Split& candidate) {
            if (candidate.valid() && (!best.valid() || candidate.gain > best.gain)) best = candidate;
          };
          if constexpr (packed) {
            if (add_up != nullptr) {
              parts[0].clear_range(range);
              (*add_up)(chunk / chunks, range, parts[0]);
            }
          }
          for (std::size_t f = range.begin; f < range.end; ++f) {
            bool collected = false;
            if constexpr (packed) {
              collected = add_up != nullptr;
              if (collected) parts[0].collect_range(grower.layout_, f);
            }
            if (!collected) Part::collect(grower.layout_, parts, groups, f);
            if (target.node.scan) keep(found.node, scan(target.node, *target.own, f));
            if (target.sibling.sums == nullptr) continue;
            subtract_feature(*target.parent, *target.own, f);
            if (target.sibling.scan) keep(found.sibling, scan(target.sibling, *target.parent, f));
          }
          found_cuts[chunk] = found;
        },
        static_cast<double>(2 * targets.size() * n_features) * scan_work * (add_up != nullptr ? 2.0 : 1.0));
    for (std::size_t t = 0; t < targets.size(); ++t) {
      if constexpr (packed) {
        if (add_up != nullptr) grower.parts_[targets[t].first_part].used = true;
      }
      const FoundCuts* found = found_cuts.data() + t * chunks;
      choose(targets[t].node, found, chunks, &FoundCuts::node, std::move(targets[t].own));
      if (targets[t].sibling.sums == nullptr) continue;
      choose(targets[t].sibling, found, chunks, &FoundCuts::sibling, std::move(targets[t].parent));
    }
  }

 private:
  void choose(Side& side, const FoundCuts* found, std::size_t n, Split FoundCuts::*which, HistogramPointer histogram) {
    for (std::size_t k = 0; k < n; ++k) {
      const Split& candidate = found[k].*which;
      if (candidate.valid() && (!side.found.valid() || candidate.gain > side.found.gain)) side.found = candidate;
    }
    if (side.found.valid()) {
      side.histogram = std::move(histogram);
    } else {
      grower.give(std::move(histogram));
    }
  }
};

}  // namespace diskern::trees

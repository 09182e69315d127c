#include "trees/tmva_builder.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/tmva_random.hpp"
#include "diskern/error.hpp"
#include "trees/tmva_fisher.hpp"
#include "trees/tmva_separation.hpp"

namespace diskern::trees {

namespace {

class Builder {
 public:
  Builder(const Context& context, const TmvaForestParams& params, const Columns& columns,
          std::vector<TmvaEntry> entries, bool with_target, std::size_t n_events, std::uint32_t number)
      : context_(context),
        params_(params),
        columns_(columns),
        random_(number),
        n_(entries.size()),
        with_target_(with_target),
        entry_(std::move(entries)),
        spare_(n_) {
    grown_.tree.regression = with_target;
    grown_.tree.importance.assign(columns.count(), 0.0);
    grown_.leaf.assign(n_events, -1);
    // TMVA holds the percentage in float32: 0.2 % of 500 events is a little more than one event.
    const double fraction = static_cast<double>(static_cast<float>(params.MinNodeSize)) / 100.0;
    if (params.MinNodeSizeByWeight) {
      double total = 0;
      for (const TmvaEntry& entry : entry_) total += entry.weight;
      limits_.minimum_weight = fraction * total;
    } else {
      limits_.minimum_entries = fraction * static_cast<double>(n_);
      limits_.minimum_weight = limits_.minimum_entries;
    }
  }

  GrownTmvaTree run() {
    struct Work {
      std::int32_t node;
      std::size_t begin;
      std::size_t end;
    };
    grown_.tree.nodes.emplace_back();
    std::vector<Work> stack = {{0, 0, n_}};
    while (!stack.empty()) {
      if (context_.interrupted()) throw Interrupted();
      const Work work = stack.back();
      stack.pop_back();
      const auto index = static_cast<std::size_t>(work.node);
      const std::size_t middle = grow_node(index, work.begin, work.end);
      if (middle == work.begin || middle == work.end) {
        for (std::size_t k = work.begin; k < work.end; ++k) grown_.leaf[entry_[k].event_and_signal >> 1U] = work.node;
        continue;
      }
      // TMVA grows the right branch first; the order matters to what it draws at random.
      std::vector<TmvaNode>& nodes = grown_.tree.nodes;
      const auto left = static_cast<std::int32_t>(nodes.size());
      const std::int32_t depth = nodes[index].depth + 1;
      nodes[index].left = left;
      nodes[index].right = left + 1;
      nodes[index].type = 0;
      for (int side = 0; side < 2; ++side) {
        nodes.emplace_back();
        nodes.back().parent = work.node;
        nodes.back().depth = depth;
      }
      stack.push_back({left, work.begin, middle});
      stack.push_back({left + 1, middle, work.end});
    }
    return std::move(grown_);
  }

 private:
  // Fills the node and, if it splits, reorders its entries: left ones first, each side in event order.
  // Returns where the right ones begin; begin or end for a leaf.
  std::size_t grow_node(std::size_t index, std::size_t begin, std::size_t end) {
    NodeEvents events;
    events.entries = entry_.data() + begin;
    events.count = end - begin;
    events.with_target = with_target_;
    double s = 0;
    double b = 0;
    double target = 0;
    double target2 = 0;
    // Without a branch on the class: adding 0 changes no sum.
    if (with_target_) {
      for (std::size_t k = begin; k < end; ++k) {
        const TmvaEntry& entry = entry_[k];
        const bool signal = (entry.event_and_signal & 1U) != 0;
        const auto t = static_cast<double>(entry.target);
        const double product = entry.weight * t;
        s += signal ? entry.weight : 0.0;
        b += signal ? 0.0 : entry.weight;
        target += product;
        target2 += product * t;
      }
    } else {
      for (std::size_t k = begin; k < end; ++k) {
        const TmvaEntry& entry = entry_[k];
        const bool signal = (entry.event_and_signal & 1U) != 0;
        s += signal ? entry.weight : 0.0;
        b += signal ? 0.0 : entry.weight;
      }
    }
    events.total_signal = s;
    events.total_background = b;
    const bool regression = with_target_;
    TmvaNode& node = grown_.tree.nodes[index];
    node.signal_weight = static_cast<float>(s);
    node.background_weight = static_cast<float>(b);
    const float weight_sum = node.signal_weight + node.background_weight;  // TMVA's purity is float32 throughout
    node.purity = weight_sum > 0 ? node.signal_weight / weight_sum : 0.5F;
    const double n = s + b;
    if (regression) {
      node.separation_index = static_cast<float>(variance_index(n, target, target2));
      node.response = n != 0 ? static_cast<float>(target / n) : 0.0F;
      const double variance = n != 0 ? target2 / n - target / n * target / n : 0.0;
      node.rms = variance > 0 ? static_cast<float>(std::sqrt(variance)) : 0.0F;
    } else {
      node.separation_index = static_cast<float>(separation_index(params_.SeparationType, s, b));
      node.type = static_cast<double>(node.purity) > params_.NodePurityLimit ? 1 : -1;
    }

    if (static_cast<double>(events.count) < 2 * limits_.minimum_entries || n < 2 * limits_.minimum_weight) return begin;
    if (node.depth >= params_.MaxDepth) return begin;
    if (regression ? n == 0 : (s == 0 || b == 0)) return begin;

    std::vector<std::uint8_t> use_variable = choose_variables();
    std::optional<FisherCombination> fisher;
    if (params_.UseFisherCuts) {
      fisher = fisher_combination(params_, columns_, events, use_variable);
      if (fisher && params_.UseExclusiveVars) {
        for (std::size_t j = 0; j < columns_.count(); ++j) {
          if (fisher->takes_part[j] != 0) use_variable[j] = 0;
        }
      }
    }
    const Split split = params_.nCuts > 0
                            ? find_grid_split(context_, params_, columns_, events, use_variable,
                                              fisher ? &fisher->coefficients : nullptr, limits_)
                            : find_exact_split(context_, params_, columns_, events, use_variable, limits_);
    if (split.variable < 0 || split.gain < std::numeric_limits<double>::epsilon()) return begin;

    TmvaTree& tree = grown_.tree;
    node.variable = split.variable;
    node.cut = static_cast<float>(split.cut);
    node.cut_type = split.cut_type;
    node.separation_gain = split.gain;
    const auto n_variables = columns_.count();
    if (static_cast<std::size_t>(split.variable) == n_variables) {
      node.fisher_begin = static_cast<std::int32_t>(tree.fisher.size());
      tree.fisher.insert(tree.fisher.end(), fisher->coefficients.begin(), fisher->coefficients.end());
    }

    const std::size_t n_left = partition(index, begin, end);
    const std::size_t n_right = events.count - n_left;
    if (n_left == 0 || n_right == 0) {  // the cut, rounded to float32, separates nothing
      node.variable = -1;
      node.fisher_begin = -1;
      node.separation_gain = 0;
      return begin;
    }
    const double importance = split.gain * split.gain * (split.total_signal + split.total_background) *
                              (split.total_signal + split.total_background);
    if (node.fisher_begin < 0) {
      tree.importance[static_cast<std::size_t>(split.variable)] += importance;
    } else {
      for (std::size_t j = 0; j < n_variables; ++j) {
        tree.importance[j] += fisher->coefficients[j] * fisher->coefficients[j] * importance;
      }
    }
    return begin + n_left;
  }

  // Left entries first, each side in event order; returns the number of left ones.
  std::size_t partition(std::size_t index, std::size_t begin, std::size_t end) {
    const TmvaTree& tree = grown_.tree;
    const TmvaNode& node = tree.nodes[index];
    TmvaEntry* left = entry_.data() + begin;
    TmvaEntry* right = spare_.data();
    const auto put = [&](const TmvaEntry& entry, bool to_right) {
      const TmvaEntry copy = entry;
      *left = copy;
      *right = copy;
      left += to_right ? 0 : 1;
      right += to_right ? 1 : 0;
    };
    if (node.fisher_begin < 0) {
      const float* column = columns_.column[static_cast<std::size_t>(node.variable)];
      const float cut = node.cut;
      const bool above_is_right = node.cut_type;
      for (std::size_t k = begin; k < end; ++k) {
        put(entry_[k], (column[entry_[k].event_and_signal >> 1U] >= cut) == above_is_right);
      }
    } else {
      for (std::size_t k = begin; k < end; ++k) {
        const std::size_t event = entry_[k].event_and_signal >> 1U;
        put(entry_[k], tree.goes_right(index, columns_.column.data(), event, columns_.count()));
      }
    }
    std::copy(spare_.data(), right, left);
    return static_cast<std::size_t>(left - (entry_.data() + begin));
  }

  std::vector<std::uint8_t> choose_variables() {
    const std::size_t n = columns_.count();
    if (!params_.UseRandomisedTrees) return std::vector<std::uint8_t>(n, 1);
    std::size_t wanted = static_cast<std::size_t>(params_.UseNvars);
    if (params_.UsePoissonNvars) {
      wanted = std::clamp<std::size_t>(static_cast<std::size_t>(random_.poisson(params_.UseNvars)), 1, n);
    }
    std::vector<std::uint8_t> use(n, 0);
    std::size_t chosen = 0;
    while (chosen < wanted) {
      const auto variable = static_cast<std::size_t>(random_.uniform() * static_cast<double>(n));
      if (use[variable] == 0) ++chosen;
      use[variable] = 1;
    }
    return use;
  }

  const Context& context_;
  const TmvaForestParams& params_;
  const Columns& columns_;
  TmvaRandom random_;
  std::size_t n_;
  bool with_target_;
  SplitLimits limits_;
  GrownTmvaTree grown_;
  std::vector<TmvaEntry> entry_;
  std::vector<TmvaEntry> spare_;
};

}  // namespace

GrownTmvaTree grow_tmva_tree(const Context& context, const TmvaForestParams& params, const Columns& columns,
                             std::vector<TmvaEntry> entries, bool with_target, std::size_t n_events,
                             std::uint32_t number) {
  return Builder(context, params, columns, std::move(entries), with_target, n_events, number).run();
}

}  // namespace diskern::trees

#include "trees/impurity_grower.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

#include "base/executor.hpp"

namespace diskern::trees {

namespace {

// Below this many events the bins that hold any are listed by bit; above, all bins are looked at.
constexpr std::size_t few_events = 192;

bool right_of(std::uint8_t bin, std::int32_t cut, bool missing_right) noexcept {
  return bin == missing_bin ? missing_right : bin >= cut;
}

}  // namespace

BinnedColumns bin_columns(const Context& context, const BinEdges& edges, View<const float, 2> events) {
  BinnedColumns columns;
  columns.events = bin_events(context, edges, events, false);
  const std::size_t n = columns.events.n_events;
  const std::size_t n_features = columns.events.n_features;
  columns.any_missing.assign(n_features, 0);
  parallel_for(
      context, n_features,
      [&](std::size_t f) {
        const std::uint8_t* column = columns.column(f);
        columns.any_missing[f] = std::find(column, column + n, missing_bin) != column + n ? 1 : 0;
      },
      static_cast<double>(n * n_features) * 0.1);
  return columns;
}

template <class Sums>
ImpurityGrower<Sums>::ImpurityGrower(const BinnedColumns& columns, const BinEdges& edges, const ImpurityRules& rules,
                                     const Sums& sums, std::uint64_t seed)
    : columns_(columns),
      edges_(edges),
      rules_(rules),
      sums_(sums),
      features_(seed, Purpose::features),
      cuts_(seed, Purpose::random_cuts),
      cells_(cells_per_feature * sums.lanes),
      left_(sums.lanes),
      other_(sums.lanes),
      right_(sums.lanes) {}

template <class Sums>
bool ImpurityGrower<Sums>::may_split(const Node& node, const std::int64_t* sums) const {
  if (rules_.max_depth != 0 && node.depth >= rules_.max_depth) return false;
  const double count = sums_.count(sums);
  if (count < rules_.min_samples_split || count < 2 * rules_.min_samples_leaf) return false;
  if (sums_.weight(sums) < 2 * rules_.min_leaf_weight) return false;
  return !sums_.pure(sums);
}

// Takes the cut if its decrease is the largest so far; ties stay with the one found first.
template <class Sums>
void ImpurityGrower<Sums>::consider(const std::int64_t* left, const std::int64_t* all, double node_score,
                                    std::size_t feature, std::size_t bin, bool missing_right, Candidate& best) {
  for (std::size_t l = 0; l < sums_.lanes; ++l) right_[l] = all[l] - left[l];
  const double left_weight = sums_.weight(left);
  const double right_weight = sums_.weight(right_.data());
  if (!(left_weight > 0) || !(right_weight > 0)) return;
  if (left_weight < rules_.min_leaf_weight || right_weight < rules_.min_leaf_weight) return;
  if (sums_.count(left) < rules_.min_samples_leaf || sums_.count(right_.data()) < rules_.min_samples_leaf) return;
  const double gain = sums_.score(left) + sums_.score(right_.data()) - node_score;
  if (gain > best.gain) {
    best.gain = gain;
    best.feature = static_cast<std::int32_t>(feature);
    best.bin = static_cast<std::int32_t>(bin);
    best.missing_right = missing_right;
  }
}

template <class Sums>
void ImpurityGrower<Sums>::best_cut(const Event* events, std::size_t count, std::size_t feature,
                                    const std::int64_t* sums, double node_score, Candidate& best) {
  const std::size_t lanes = sums_.lanes;
  const std::uint8_t* column = columns_.column(feature);
  std::int64_t* cells = cells_.data();
  std::uint64_t occupied[4] = {0, 0, 0, 0};
  if (count <= few_events) {
    for (std::size_t k = 0; k < count; ++k) {
      const std::uint8_t bin = column[events[k].row];
      occupied[bin >> 6U] |= std::uint64_t{1} << (bin & 63U);
      sums_.add(cells + bin * lanes, events[k]);
    }
  } else {
    constexpr std::size_t ahead = 16;
    for (std::size_t k = 0; k < count; ++k) {
      __builtin_prefetch(column + events[std::min(k + ahead, count - 1)].row);
      sums_.add(cells + column[events[k].row] * lanes, events[k]);
    }
    for (std::size_t bin = 0; bin < cells_per_feature; ++bin) {
      if (!sums_.empty(cells + bin * lanes)) occupied[bin >> 6U] |= std::uint64_t{1} << (bin & 63U);
    }
  }
  std::int64_t* missing = cells + missing_bin * lanes;
  const bool any_missing = (occupied[3] >> 63U) != 0;
  occupied[3] &= ~(std::uint64_t{1} << 63U);
  std::fill(left_.begin(), left_.end(), 0);
  std::size_t previous = 0;
  bool first = true;
  for (std::size_t word = 0; word < 4; ++word) {
    for (std::uint64_t bits = occupied[word]; bits != 0; bits &= bits - 1) {
      const std::size_t bin = word * 64 + static_cast<std::size_t>(std::countr_zero(bits));
      std::int64_t* cell = cells + bin * lanes;
      if (first) {
        // Missing values against all others.
        if (any_missing) consider(missing, sums, node_score, feature, 0, false, best);
      } else {
        // Half way between two bins with events.
        const std::size_t cut = previous + (bin - previous + 1) / 2;
        consider(left_.data(), sums, node_score, feature, cut, true, best);
        if (any_missing) {
          for (std::size_t l = 0; l < lanes; ++l) other_[l] = left_[l] + missing[l];
          consider(other_.data(), sums, node_score, feature, cut, false, best);
        }
      }
      for (std::size_t l = 0; l < lanes; ++l) {
        left_[l] += cell[l];
        cell[l] = 0;
      }
      previous = bin;
      first = false;
    }
  }
  if (any_missing) std::fill_n(missing, lanes, 0);
}

template <class Sums>
void ImpurityGrower<Sums>::random_cut(const Event* events, std::size_t count, std::size_t feature,
                                      const std::int64_t* sums, double node_score, double uniform, Candidate& best) {
  const std::uint8_t* column = columns_.column(feature);
  std::uint8_t low = missing_bin;
  std::uint8_t high = 0;
  bool any_missing = false;
  for (std::size_t k = 0; k < count; ++k) {
    const std::uint8_t bin = column[events[k].row];
    any_missing = any_missing || bin == missing_bin;
    low = std::min(low, bin);
    high = bin == missing_bin ? high : std::max(high, bin);
  }
  std::size_t cut = 0;
  if (low >= high) {
    if (!any_missing || low == missing_bin) return;  // constant; else missing values against all others
  } else {
    // Uniform in value between the first and the last cut that leave events on both sides.
    const std::vector<float>& edges = edges_.edges[feature];
    const auto first = static_cast<double>(edges[low]);
    const auto last = static_cast<double>(edges[high - 1U]);
    if (std::isfinite(last - first)) {
      const auto value = static_cast<float>(first + uniform * (last - first));
      const auto from = edges.begin() + low;
      cut = low + static_cast<std::size_t>(std::upper_bound(from, edges.begin() + high, value) - from);
      cut = std::clamp<std::size_t>(cut, low + 1U, high);
    } else {  // infinite values: uniform in bins
      cut = low + 1U + static_cast<std::size_t>(uniform * static_cast<double>(high - low));
    }
  }
  std::fill(left_.begin(), left_.end(), 0);
  std::fill(other_.begin(), other_.end(), 0);  // left and missing
  for (std::size_t k = 0; k < count; ++k) {
    const std::uint8_t bin = column[events[k].row];
    if (bin < cut) sums_.add(left_.data(), events[k]);
    if (bin < cut || bin == missing_bin) sums_.add(other_.data(), events[k]);
  }
  if (cut > 0) consider(left_.data(), sums, node_score, feature, cut, true, best);
  if (any_missing) consider(other_.data(), sums, node_score, feature, cut, false, best);
}

template <class Sums>
typename ImpurityGrower<Sums>::Candidate ImpurityGrower<Sums>::find_split(const Event* events, std::size_t count,
                                                                          const std::int64_t* sums, std::uint32_t node,
                                                                          std::uint32_t number) {
  const double node_score = sums_.score(sums);
  Candidate best;
  // Less than rounding can make out of nothing is no decrease.
  const double least = std::max(rules_.min_decrease, 1e-12 * std::abs(node_score));
  best.gain = least;
  const std::size_t n_features = columns_.events.n_features;
  const bool all = rules_.max_features == 0 || rules_.max_features >= n_features;
  PhiloxBlock words{};
  PhiloxBlock cut_words{};
  for (std::size_t drawn = 0; drawn < n_features; ++drawn) {
    if (!all && drawn >= rules_.max_features && best.feature >= 0) break;
    std::size_t feature = drawn;
    if (!all) {
      if (drawn % 4 == 0) words = features_.block(node, number, static_cast<std::uint32_t>(drawn / 4));
      const std::uint64_t rest = n_features - drawn;
      const auto other = drawn + static_cast<std::size_t>((rest * words.word[drawn % 4]) >> 32U);
      std::swap(order_[drawn], order_[other]);
      feature = order_[drawn];
    }
    if (rules_.random_cuts) {
      if (drawn % 2 == 0) cut_words = cuts_.block(node, number, static_cast<std::uint32_t>(drawn / 2));
      const std::size_t at = 2 * (drawn % 2);
      random_cut(events, count, feature, sums, node_score, uniform_double(cut_words.word[at], cut_words.word[at + 1]),
                 best);
    } else {
      best_cut(events, count, feature, sums, node_score, best);
    }
  }
  if (best.feature < 0) best.gain = 0;
  return best;
}

template <class Sums>
std::size_t ImpurityGrower<Sums>::partition(Event* events, std::size_t count, const Candidate& split) {
  const std::uint8_t* column = columns_.column(static_cast<std::size_t>(split.feature));
  Event* left = events;
  Event* right = spare_.data();
  for (std::size_t k = 0; k < count; ++k) {
    const Event event = events[k];
    const bool to_right = right_of(column[event.row], split.bin, split.missing_right);
    *left = event;
    *right = event;
    left += to_right ? 0 : 1;
    right += to_right ? 1 : 0;
  }
  std::copy(spare_.data(), right, left);
  return static_cast<std::size_t>(left - events);
}

template <class Sums>
ImpurityTree ImpurityGrower<Sums>::grow(std::vector<Event>& events, std::uint32_t number, std::atomic<bool>& stop,
                                        const Context* poll) {
  const std::size_t lanes = sums_.lanes;
  const std::size_t outputs = sums_.outputs();
  order_.resize(columns_.events.n_features);
  for (std::size_t f = 0; f < order_.size(); ++f) order_[f] = static_cast<std::uint32_t>(f);
  if (spare_.size() < events.size()) spare_.resize(events.size());

  ImpurityTree result;
  result.trees.resize(outputs);
  result.decrease.assign(columns_.events.n_features, 0.0);
  Tree& tree = result.trees[0];
  std::vector<Node> nodes;
  std::vector<std::int32_t> open;  // a stack, or a heap by decrease
  std::vector<std::int64_t> sums(lanes);
  std::vector<double> values;  // of every node
  std::size_t looked_at = 0;
  std::size_t polled_at = 0;

  const auto smaller = [&](std::int32_t a, std::int32_t b) {
    const double gain_a = nodes[static_cast<std::size_t>(a)].split.gain;
    const double gain_b = nodes[static_cast<std::size_t>(b)].split.gain;
    return gain_a < gain_b || (gain_a == gain_b && a > b);  // ties: the older node first
  };
  const bool best_first = rules_.max_leaf_nodes != 0;
  const auto add_node = [&](std::size_t begin, std::size_t end, std::int32_t depth) {
    const auto index = static_cast<std::int32_t>(nodes.size());
    nodes.push_back({begin, end, depth, -1, {}});
    std::fill(sums.begin(), sums.end(), 0);
    for (std::size_t k = begin; k < end; ++k) sums_.add(sums.data(), events[k]);
    values.resize(values.size() + outputs);
    sums_.value(sums.data(), values.data() + values.size() - outputs);
    tree.feature.push_back(leaf_feature);
    tree.threshold.push_back(0.0);
    tree.left.push_back(-1);
    tree.right.push_back(-1);
    tree.missing_right.push_back(0);
    tree.weight.push_back(sums_.weight(sums.data()));
    tree.gain.push_back(0.0);
    Node& node = nodes.back();
    if (may_split(node, sums.data())) {
      looked_at += end - begin;
      node.split =
          find_split(events.data() + begin, end - begin, sums.data(), static_cast<std::uint32_t>(index), number);
    }
    if (node.split.feature >= 0) {
      open.push_back(index);
      if (best_first) std::push_heap(open.begin(), open.end(), smaller);
    }
  };
  add_node(0, events.size(), 0);
  std::int32_t n_leaves = 1;
  while (!open.empty() && (!best_first || n_leaves < rules_.max_leaf_nodes)) {
    if (looked_at - polled_at > 100'000) {
      polled_at = looked_at;
      if (poll != nullptr && poll->interrupted()) stop.store(true, std::memory_order_relaxed);
      if (stop.load(std::memory_order_relaxed)) return result;
    }
    if (best_first) std::pop_heap(open.begin(), open.end(), smaller);
    const auto index = static_cast<std::size_t>(open.back());
    open.pop_back();
    const Node node = nodes[index];
    const std::size_t n_left = partition(events.data() + node.begin, node.end - node.begin, node.split);
    const auto left = static_cast<std::int32_t>(nodes.size());
    const auto feature = static_cast<std::size_t>(node.split.feature);
    add_node(node.begin, node.begin + n_left, node.depth + 1);
    add_node(node.begin + n_left, node.end, node.depth + 1);
    nodes[index].left = left;
    tree.feature[index] = node.split.feature;
    tree.threshold[index] = edges_.threshold(feature, static_cast<std::size_t>(node.split.bin));
    tree.left[index] = left;
    tree.right[index] = left + 1;
    // Without missing values in training the larger side takes those of later.
    const std::uint8_t* column = columns_.column(feature);
    bool any_missing = false;
    if (columns_.any_missing[feature] != 0) {
      for (std::size_t k = node.begin; k < node.end && !any_missing; ++k) {
        any_missing = column[events[k].row] == missing_bin;
      }
    }
    const bool larger_right =
        tree.weight[static_cast<std::size_t>(left) + 1] > tree.weight[static_cast<std::size_t>(left)];
    tree.missing_right[index] = (any_missing ? node.split.missing_right : larger_right) ? 1 : 0;
    tree.gain[index] = node.split.gain;
    result.decrease[feature] += node.split.gain;
    ++n_leaves;
  }
  result.leaf.resize(nodes.size(), {0, 0});
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (nodes[i].left < 0) result.leaf[i] = {nodes[i].begin, nodes[i].end};
  }
  for (std::size_t o = 1; o < outputs; ++o) result.trees[o] = tree;
  for (std::size_t o = 0; o < outputs; ++o) {
    std::vector<double>& value = result.trees[o].value;
    value.resize(nodes.size());
    for (std::size_t i = 0; i < nodes.size(); ++i) value[i] = values[i * outputs + o];
  }
  return result;
}

template class ImpurityGrower<PackedCounts>;
template class ImpurityGrower<ClassSums>;
template class ImpurityGrower<TargetSums>;

}  // namespace diskern::trees

#include "trees/forest.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "base/archive.hpp"
#include "base/executor.hpp"
#include "diskern/error.hpp"
#include "trees/device_forest.hpp"
#include "trees/forest_batch.hpp"
#include "trees/forest_link.hpp"
#include "trees/forest_single.hpp"

namespace diskern::trees {

namespace {

[[noreturn]] void refuse(const std::string& what) { throw FormatError("forest: " + what); }

// Where an event goes at one inner node.
bool goes_right(const Tree& tree, std::size_t node, const float* variables, std::size_t n_features) noexcept {
  const std::int32_t feature = tree.feature[node];
  if (feature >= 0) {
    const double value = static_cast<double>(variables[feature]);
    if (std::isnan(value)) return tree.missing_right[node] != 0;
    return value >= tree.threshold[node];
  }
  const double* coefficients = tree.linear_coefficients.data() + tree.linear_begin[node];
  double sum = 0;
  for (std::size_t j = 0; j < n_features; ++j) {
    if (coefficients[j] != 0) sum += coefficients[j] * static_cast<double>(variables[j]);
  }
  if (std::isnan(sum)) return tree.missing_right[node] != 0;
  return sum > tree.threshold[node];
}

std::size_t walk(const Tree& tree, const float* variables, std::size_t n_features) noexcept {
  std::size_t node = 0;
  while (tree.feature[node] != leaf_feature) {
    node = static_cast<std::size_t>(goes_right(tree, node, variables, n_features) ? tree.right[node] : tree.left[node]);
  }
  return node;
}

void validate_tree(const Tree& tree, std::size_t n_features, const std::string& name) {
  const std::size_t n = tree.node_count();
  if (n == 0) refuse(name + " has no nodes");
  if (n > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max())) refuse(name + " has too many nodes");
  const auto check_size = [&](std::size_t size, const char* array, bool optional) {
    if (size == n || (optional && size == 0)) return;
    refuse(name + ": " + array + " has " + std::to_string(size) + " entries for " + std::to_string(n) + " nodes");
  };
  check_size(tree.threshold.size(), "threshold", false);
  check_size(tree.left.size(), "left", false);
  check_size(tree.right.size(), "right", false);
  check_size(tree.missing_right.size(), "missing_right", false);
  check_size(tree.value.size(), "value", false);
  check_size(tree.linear_begin.size(), "linear_begin", true);
  check_size(tree.weight.size(), "weight", true);
  check_size(tree.gain.size(), "gain", true);
  check_size(tree.purity.size(), "purity", true);
  check_size(tree.response_rms.size(), "response_rms", true);
  check_size(tree.swapped.size(), "swapped", true);
  check_size(tree.node_type.size(), "node_type", true);
  if (tree.linear_begin.empty() && !tree.linear_coefficients.empty()) {
    refuse(name + " has linear_coefficients without linear_begin");
  }
  for (const double coefficient : tree.linear_coefficients) {
    if (!std::isfinite(coefficient)) refuse(name + " has a linear coefficient that is not finite");
  }

  std::vector<std::uint8_t> has_parent(n, 0);
  has_parent[0] = 1;
  for (std::size_t i = 0; i < n; ++i) {
    const auto node = [&] { return name + ", node " + std::to_string(i); };
    const std::int32_t feature = tree.feature[i];
    if (feature == leaf_feature) {
      if (tree.left[i] != -1 || tree.right[i] != -1) refuse(node() + " is a leaf with children");
      if (!std::isfinite(tree.value[i])) refuse(node() + " is a leaf whose value is not finite");
      continue;
    }
    if (feature == linear_feature) {
      if (tree.linear_begin.empty()) refuse(node() + " is linear, but the tree has no coefficients");
      const std::int32_t begin = tree.linear_begin[i];
      if (begin < 0 || static_cast<std::size_t>(begin) + n_features > tree.linear_coefficients.size()) {
        refuse(node() + ": its linear coefficients lie outside the array");
      }
    } else if (feature < 0 || static_cast<std::size_t>(feature) >= n_features) {
      refuse(node() + " cuts on variable " + std::to_string(feature) + " of " + std::to_string(n_features));
    }
    if (std::isnan(tree.threshold[i])) refuse(node() + ": the threshold is NaN");
    for (const std::int32_t child : {tree.left[i], tree.right[i]}) {
      if (child <= static_cast<std::int32_t>(i) || static_cast<std::size_t>(child) >= n) {
        refuse(node() + " has child " + std::to_string(child) + ", expected one after it and below " +
               std::to_string(n));
      }
      if (has_parent[static_cast<std::size_t>(child)]++ != 0) {
        refuse(name + ", node " + std::to_string(child) + " has two parents");
      }
    }
  }
  for (std::size_t i = 0; i < n; ++i) {
    if (has_parent[i] == 0) refuse(name + ", node " + std::to_string(i) + " has no parent");
  }
}

// The answer of Aggregation::weighted_median and Aggregation::median_leaf.
double weighted_median(const Forest& forest, const float* variables) noexcept {
  struct Leaf {
    double value;
    std::uint32_t tree;
  };
  std::array<Leaf, maximum_median_trees> leaves;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  const std::size_t n = forest.trees.size();
  const auto n_features = static_cast<std::size_t>(forest.n_features);
  double total = 0;
  for (std::size_t t = 0; t < n; ++t) {
    const Tree& tree = forest.trees[t];
    leaves[t] = {tree.value[walk(tree, variables, n_features)], static_cast<std::uint32_t>(t)};
    total += forest.tree_weight[t];
  }
  // Equal leaves keep the order of their trees: the answer depends on the event alone.
  std::sort(leaves.begin(), leaves.begin() + static_cast<std::ptrdiff_t>(n),
            [](const Leaf& a, const Leaf& b) { return a.value < b.value || (a.value == b.value && a.tree < b.tree); });
  std::size_t t = 0;
  double sum = 0;
  if (forest.aggregation == Aggregation::median_leaf) {
    if (n == 0) return 0;
    while (t + 1 < n && sum + forest.tree_weight[leaves[t].tree] < 0.5 * total) {
      sum += forest.tree_weight[leaves[t++].tree];
    }
    return leaves[t].value;
  }
  while (t < n && sum <= total / 2) sum += forest.tree_weight[leaves[t++].tree];
  const std::size_t sixth = n / 6;
  const std::size_t begin = t > sixth ? t - sixth - 1 : 0;
  const std::size_t end = std::min(n, t + sixth);
  if (begin >= end) return 0;
  double mean = 0;
  for (std::size_t i = begin; i < end; ++i) mean += leaves[i].value;
  return mean / static_cast<double>(end - begin);
}

// The response of the preselection, 0 when no cut matches.
template <class Variable>
double preselect(const Preselection& preselection, const Variable& variable) noexcept {
  double result = 0;
  for (const Preselection::Cut& cut : preselection.cuts) {
    const auto value = static_cast<double>(variable(static_cast<std::size_t>(cut.feature)));
    if (cut.below ? value < cut.value : value > cut.value) result = cut.signal ? 1.0 : -1.0;
  }
  return result;
}

}  // namespace

void validate(const Forest& forest) {
  if (forest.n_features < 1) refuse("n_features is " + std::to_string(forest.n_features) + ", expected at least 1");
  if (forest.n_outputs < 1) refuse("n_outputs is " + std::to_string(forest.n_outputs) + ", expected at least 1");
  const auto n_outputs = static_cast<std::size_t>(forest.n_outputs);
  const auto n_features = static_cast<std::size_t>(forest.n_features);
  if (forest.tree_weight.size() != forest.trees.size()) {
    refuse("tree_weight has " + std::to_string(forest.tree_weight.size()) + " entries for " +
           std::to_string(forest.trees.size()) + " trees");
  }
  if (forest.trees.size() % n_outputs != 0) {
    refuse(std::to_string(forest.trees.size()) + " trees cannot be shared among " + std::to_string(n_outputs) +
           " outputs");
  }
  if (forest.base_score.size() != n_outputs) {
    refuse("base_score has " + std::to_string(forest.base_score.size()) + " entries for " + std::to_string(n_outputs) +
           " outputs");
  }
  for (const double weight : forest.tree_weight) {
    if (!std::isfinite(weight)) refuse("a tree weight is not finite");
  }
  for (const double score : forest.base_score) {
    if (!std::isfinite(score)) refuse("a base score is not finite");
  }
  if (static_cast<std::uint8_t>(forest.aggregation) > static_cast<std::uint8_t>(last_aggregation)) {
    refuse("unknown aggregation");
  }
  if (static_cast<std::uint8_t>(forest.link) > static_cast<std::uint8_t>(last_link))
    refuse("unknown link");
  if (is_median(forest.aggregation)) {
    if (n_outputs != 1) refuse("the weighted median has one output, not " + std::to_string(n_outputs));
    if (forest.trees.size() > maximum_median_trees) {
      refuse("the weighted median takes at most " + std::to_string(maximum_median_trees) + " trees, not " +
             std::to_string(forest.trees.size()));
    }
  }
  if (!forest.preselection.cuts.empty() && n_outputs != 1) refuse("a preselection needs a single output");
  for (const Preselection::Cut& cut : forest.preselection.cuts) {
    if (cut.feature < 0 || cut.feature >= forest.n_features) {
      refuse("the preselection cuts on variable " + std::to_string(cut.feature) + " of " + std::to_string(n_features));
    }
    if (std::isnan(cut.value)) refuse("a preselection cut is NaN");
  }
  for (std::size_t t = 0; t < forest.trees.size(); ++t) {
    validate_tree(forest.trees[t], n_features, "tree " + std::to_string(t));
  }
}

float float_threshold(double threshold) noexcept {
  const auto nearest = static_cast<float>(threshold);
  return static_cast<double>(nearest) < threshold ? std::nextafter(nearest, std::numeric_limits<float>::infinity())
                                                  : nearest;
}

std::int32_t leaf_index(const Tree& tree, const float* variables, std::size_t n_features) noexcept {
  return static_cast<std::int32_t>(walk(tree, variables, n_features));
}

ForestPredictor::ForestPredictor(Forest forest) : forest_(std::move(forest)) {
  validate(forest_);
  batch_ = std::make_shared<const ForestBatch>(forest_);
  single_ = std::make_shared<const ForestSingle>(forest_);
  devices_ = std::make_shared<DeviceForests>();
  for (std::size_t k = 0; k < forest_.base_score.size(); ++k) {
    double norm = 0;
    for (std::size_t t = k; t < forest_.trees.size(); t += forest_.base_score.size()) norm += forest_.tree_weight[t];
    norm_.push_back(norm);
  }
  initial_.assign(norm_.size(), 0.0);
  if (forest_.aggregation == Aggregation::sum) initial_ = forest_.base_score;
  elementwise_ = &elementwise_kernels();
}

void ForestPredictor::evaluate(const float* variables, double* responses) const noexcept {
  if (!forest_.preselection.cuts.empty()) {
    const double decided = preselect(forest_.preselection, [&](std::size_t j) { return variables[j]; });
    if (decided != 0) {
      responses[0] = decided;
      return;
    }
  }
  evaluate_scores(variables, responses);
  apply_link(forest_.link, responses, static_cast<std::size_t>(forest_.n_outputs));
}

void ForestPredictor::evaluate_scores(const float* variables, double* scores) const noexcept {
  const auto n_outputs = static_cast<std::size_t>(forest_.n_outputs);
  const auto n_features = static_cast<std::size_t>(forest_.n_features);
  const std::size_t n_trees = forest_.trees.size();
  switch (forest_.aggregation) {
    case Aggregation::sum:
      if (single_->usable()) {
        std::copy(initial_.begin(), initial_.end(), scores);
        single_->evaluate(variables, scores);
        break;
      }
      for (std::size_t k = 0; k < n_outputs; ++k) {
        double sum = forest_.base_score[k];
        for (std::size_t t = k; t < n_trees; t += n_outputs) {
          const Tree& tree = forest_.trees[t];
          sum += forest_.tree_weight[t] * tree.value[walk(tree, variables, n_features)];
        }
        scores[k] = sum;
      }
      break;
    case Aggregation::weighted_mean:
      if (single_->usable()) {
        std::copy(initial_.begin(), initial_.end(), scores);
        single_->evaluate(variables, scores);
        for (std::size_t k = 0; k < n_outputs; ++k) scores[k] = mean_score(k, scores[k]);
        break;
      }
      for (std::size_t k = 0; k < n_outputs; ++k) {
        double sum = 0;
        for (std::size_t t = k; t < n_trees; t += n_outputs) {
          const Tree& tree = forest_.trees[t];
          sum += forest_.tree_weight[t] * tree.value[walk(tree, variables, n_features)];
        }
        scores[k] = mean_score(k, sum);
      }
      break;
    case Aggregation::weighted_median:
    case Aggregation::median_leaf:
      scores[0] = forest_.base_score[0] + weighted_median(forest_, variables);
      break;
  }
}

double ForestPredictor::mean_score(std::size_t output, double sum) const noexcept {
  const double norm = norm_[output];
  return forest_.base_score[output] + (norm > std::numeric_limits<double>::epsilon() ? sum / norm : 0.0);
}

void ForestPredictor::evaluate(const Context& context, View<const float, 2> events, View<double, 2> responses) const {
  evaluate_batch(context, source_of(events), responses, true);
}

void ForestPredictor::evaluate(const Context& context, const EventSource& events, View<double, 2> responses) const {
  evaluate_batch(context, events, responses, true);
}

void ForestPredictor::evaluate_scores(const Context& context, View<const float, 2> events,
                                      View<double, 2> scores) const {
  evaluate_batch(context, source_of(events), scores, false);
}

void ForestPredictor::evaluate_scores(const Context& context, const EventSource& events, View<double, 2> scores) const {
  evaluate_batch(context, events, scores, false);
}

void ForestPredictor::evaluate_batch(const Context& context, const EventSource& events, View<double, 2> out,
                                     bool with_link) const {
  if (context.device == Device::cuda) {
    devices_->evaluate(context, forest_, events, out, with_link);
    return;
  }
  const std::size_t n = out.rows();
  const double nanoseconds = batch_->method() == BatchMethod::plain
                                 ? 20.0 + 10.0 * static_cast<double>(forest_.trees.size())
                                 : 20.0 + batch_->nanoseconds_per_event();
  // Large enough that a thread's memory is set up rarely, small enough that threads finish together. Events are
  // independent, so the bits do not depend on it.
  const auto threads = static_cast<std::size_t>(context.threads > 0 ? context.threads : available_threads());
  const std::size_t blocks = (n / bitsliced_block) / (4 * threads);
  const std::size_t chunk_size = bitsliced_block * std::clamp<std::size_t>(blocks, 2, 64);
  parallel_for(
      context, chunk_count(n, chunk_size),
      [&](std::size_t chunk) {
        const Range range = chunk_range(n, chunk_size, chunk);
        if (batch_->method() == BatchMethod::plain) {
          evaluate_plainly(events, range.begin, range.end, out, with_link);
        } else {
          evaluate_blocks(events, range.begin, range.end, out, with_link);
        }
      },
      static_cast<double>(n) * nanoseconds);
}

void ForestPredictor::evaluate_plainly(const EventSource& events, std::size_t begin, std::size_t end,
                                       View<double, 2> out, bool with_link) const {
  std::vector<float> variables(input_count());
  std::vector<double> responses(output_count());
  for (std::size_t i = begin; i < end; ++i) {
    for (std::size_t j = 0; j < variables.size(); ++j) variables[j] = event_value(events, i, j);
    if (with_link) {
      evaluate(variables.data(), responses.data());
    } else {
      evaluate_scores(variables.data(), responses.data());
    }
    for (std::size_t k = 0; k < responses.size(); ++k) out(i, k) = responses[k];
  }
}

void ForestPredictor::evaluate_blocks(const EventSource& events, std::size_t begin, std::size_t end,
                                      View<double, 2> out, bool with_link) const {
  const std::size_t n_outputs = output_count();
  // A block costs the same for one event as for all.
  const double most = batch_->nanoseconds_per_event() * bitsliced_block / single_->nanoseconds();
  const std::size_t rest = (end - begin) % bitsliced_block;
  if (batch_->method() == BatchMethod::bitsliced && single_->usable() && static_cast<double>(rest) < most) {
    evaluate_plainly(events, end - rest, end, out, with_link);
    end -= rest;
    if (begin == end) return;
  }
  ForestBatch::Scratch scratch(*batch_);
  double* const sums = scratch.sums();
  for (; begin < end; begin += bitsliced_block) {
    const std::size_t count = std::min(bitsliced_block, end - begin);
    batch_->evaluate(events, begin, count, initial_, scratch);
    if (forest_.aggregation == Aggregation::weighted_mean) {
      for (std::size_t k = 0; k < n_outputs; ++k) {
        for (std::size_t i = 0; i < count; ++i) {
          sums[k * bitsliced_block + i] = mean_score(k, sums[k * bitsliced_block + i]);
        }
      }
    }
    if (with_link) {
      apply_link(forest_.link, *elementwise_, sums, n_outputs, count, bitsliced_block);
      for (std::size_t i = 0; i < count && !forest_.preselection.cuts.empty(); ++i) {
        const double decided =
            preselect(forest_.preselection, [&](std::size_t j) { return event_value(events, begin + i, j); });
        if (decided != 0) sums[i] = decided;
      }
    }
    for (std::size_t k = 0; k < n_outputs; ++k) {
      const double* const of_output = sums + k * bitsliced_block;
      for (std::size_t i = 0; i < count; ++i) out(begin + i, k) = of_output[i];
    }
  }
}

}  // namespace diskern::trees

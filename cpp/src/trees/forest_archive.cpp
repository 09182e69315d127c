// A forest in the model file: the nodes of all trees one after the other, one array per property.
#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "base/archive.hpp"
#include "diskern/error.hpp"
#include "trees/forest.hpp"

namespace diskern::trees {

namespace {

using archive::Group;

constexpr std::int64_t layout_version = 1;

template <class T>
std::vector<T> joined(const std::vector<Tree>& trees, std::vector<T> Tree::*property) {
  std::vector<T> all;
  for (const Tree& tree : trees) all.insert(all.end(), (tree.*property).begin(), (tree.*property).end());
  return all;
}

// Takes one array of the file apart again: each tree gets as many entries as it has nodes.
template <class T>
void divide(const std::vector<T>& all, const std::vector<std::int32_t>& node_counts, std::vector<T> Tree::*property,
            std::vector<Tree>& trees) {
  std::ptrdiff_t begin = 0;
  for (std::size_t t = 0; t < trees.size(); ++t) {
    const std::ptrdiff_t end = begin + node_counts[t];
    (trees[t].*property).assign(all.begin() + begin, all.begin() + end);
    begin = end;
  }
}

// Properties that training may not know: written as a flag per tree and the entries of the trees that have them.
template <class T>
void write_optional(Group& group, const std::string& key, const std::vector<Tree>& trees,
                    std::vector<T> Tree::*property) {
  std::vector<std::uint8_t> present(trees.size());
  for (std::size_t t = 0; t < trees.size(); ++t) present[t] = (trees[t].*property).empty() ? 0 : 1;
  if (std::find(present.begin(), present.end(), std::uint8_t{1}) == present.end()) return;
  Group& child = group.group(key);
  child.set("present", std::move(present));
  child.set("values", joined(trees, property));
}

void take(const Group& group, std::size_t size, const std::vector<double>*& values) {
  values = &group.doubles("values", size);
}
void take(const Group& group, std::size_t size, const std::vector<std::uint8_t>*& values) {
  values = &group.bytes("values", size);
}
void take(const Group& group, std::size_t size, const std::vector<std::int32_t>*& values) {
  values = &group.integers32("values", size);
}

template <class T>
void read_optional(const Group& group, const std::string& key, const std::vector<std::int32_t>& node_counts,
                   std::vector<T> Tree::*property, std::vector<Tree>& trees) {
  if (!group.contains(key)) return;
  const Group& child = group.child(key);
  const std::vector<std::uint8_t>& present = child.bytes("present", trees.size());
  std::vector<std::int32_t> counts(node_counts);
  std::size_t total = 0;
  for (std::size_t t = 0; t < trees.size(); ++t) {
    if (present[t] == 0) counts[t] = 0;
    total += static_cast<std::size_t>(counts[t]);
  }
  const std::vector<T>* values = nullptr;
  take(child, total, values);
  divide(*values, counts, property, trees);
}

}  // namespace

void ForestPredictor::write(Group& group) const {
  const std::vector<Tree>& trees = forest_.trees;
  group.set("layout", layout_version);
  group.set("n_features", static_cast<std::int64_t>(forest_.n_features));
  group.set("n_outputs", static_cast<std::int64_t>(forest_.n_outputs));
  group.set("aggregation", static_cast<std::int64_t>(forest_.aggregation));
  group.set("link", static_cast<std::int64_t>(forest_.link));
  group.set("tree_weight", forest_.tree_weight);
  group.set("base_score", forest_.base_score);

  std::vector<std::int32_t> node_counts;
  std::vector<std::int32_t> coefficient_counts;
  for (const Tree& tree : trees) {
    node_counts.push_back(static_cast<std::int32_t>(tree.node_count()));
    coefficient_counts.push_back(static_cast<std::int32_t>(tree.linear_coefficients.size()));
  }
  group.set("node_counts", node_counts);
  group.set("feature", joined(trees, &Tree::feature));
  group.set("threshold", joined(trees, &Tree::threshold));
  group.set("left", joined(trees, &Tree::left));
  group.set("right", joined(trees, &Tree::right));
  group.set("missing_right", joined(trees, &Tree::missing_right));
  group.set("value", joined(trees, &Tree::value));
  write_optional(group, "linear_begin", trees, &Tree::linear_begin);
  if (group.contains("linear_begin")) {
    group.set("coefficient_counts", coefficient_counts);
    group.set("linear_coefficients", joined(trees, &Tree::linear_coefficients));
  }
  write_optional(group, "weight", trees, &Tree::weight);
  write_optional(group, "gain", trees, &Tree::gain);
  write_optional(group, "purity", trees, &Tree::purity);
  write_optional(group, "response_rms", trees, &Tree::response_rms);
  write_optional(group, "swapped", trees, &Tree::swapped);
  write_optional(group, "node_type", trees, &Tree::node_type);

  if (!forest_.preselection.cuts.empty()) {
    std::vector<std::int32_t> feature;
    std::vector<double> value;
    std::vector<std::uint8_t> below;
    std::vector<std::uint8_t> signal;
    for (const Preselection::Cut& cut : forest_.preselection.cuts) {
      feature.push_back(cut.feature);
      value.push_back(cut.value);
      below.push_back(cut.below ? 1 : 0);
      signal.push_back(cut.signal ? 1 : 0);
    }
    Group& child = group.group("preselection");
    child.set("feature", std::move(feature));
    child.set("value", std::move(value));
    child.set("below", std::move(below));
    child.set("signal", std::move(signal));
  }
}

PredictorPointer ForestPredictor::read(const Group& group) {
  const std::int64_t most = std::numeric_limits<std::int32_t>::max();
  group.integer("layout", layout_version, layout_version);
  Forest forest;
  forest.n_features = static_cast<std::int32_t>(group.integer("n_features", 1, most));
  forest.n_outputs = static_cast<std::int32_t>(group.integer("n_outputs", 1, most));
  forest.aggregation = static_cast<Aggregation>(group.integer("aggregation", 0, static_cast<std::int64_t>(last_aggregation)));
  forest.link = static_cast<Link>(group.integer("link", 0, static_cast<std::int64_t>(last_link)));
  forest.base_score = group.doubles("base_score");
  const std::vector<std::int32_t>& node_counts = group.integers32("node_counts");
  forest.tree_weight = group.doubles("tree_weight", node_counts.size());

  std::size_t total = 0;
  for (const std::int32_t count : node_counts) {
    if (count < 1) throw FormatError("model file: '" + group.path() + "/node_counts' has a tree without nodes");
    total += static_cast<std::size_t>(count);
  }
  // The sizes of all arrays are checked before anything of that size is allocated.
  const std::vector<std::int32_t>& feature = group.integers32("feature", total);
  const std::vector<double>& threshold = group.doubles("threshold", total);
  const std::vector<std::int32_t>& left = group.integers32("left", total);
  const std::vector<std::int32_t>& right = group.integers32("right", total);
  const std::vector<std::uint8_t>& missing_right = group.bytes("missing_right", total);
  const std::vector<double>& value = group.doubles("value", total);
  std::vector<Tree>& trees = forest.trees;
  trees.resize(node_counts.size());
  divide(feature, node_counts, &Tree::feature, trees);
  divide(threshold, node_counts, &Tree::threshold, trees);
  divide(left, node_counts, &Tree::left, trees);
  divide(right, node_counts, &Tree::right, trees);
  divide(missing_right, node_counts, &Tree::missing_right, trees);
  divide(value, node_counts, &Tree::value, trees);
  read_optional(group, "linear_begin", node_counts, &Tree::linear_begin, trees);
  if (group.contains("linear_begin")) {
    const std::vector<std::int32_t>& counts = group.integers32("coefficient_counts", trees.size());
    std::size_t coefficients = 0;
    for (const std::int32_t count : counts) {
      if (count < 0) throw FormatError("model file: '" + group.path() + "/coefficient_counts' has a negative entry");
      coefficients += static_cast<std::size_t>(count);
    }
    divide(group.doubles("linear_coefficients", coefficients), counts, &Tree::linear_coefficients, trees);
  }
  read_optional(group, "weight", node_counts, &Tree::weight, trees);
  read_optional(group, "gain", node_counts, &Tree::gain, trees);
  read_optional(group, "purity", node_counts, &Tree::purity, trees);
  read_optional(group, "response_rms", node_counts, &Tree::response_rms, trees);
  read_optional(group, "swapped", node_counts, &Tree::swapped, trees);
  read_optional(group, "node_type", node_counts, &Tree::node_type, trees);

  if (group.contains("preselection")) {
    const Group& child = group.child("preselection");
    const std::vector<std::int32_t>& cut_feature = child.integers32("feature");
    const std::vector<double>& cut_value = child.doubles("value", cut_feature.size());
    const std::vector<std::uint8_t>& below = child.bytes("below", cut_feature.size());
    const std::vector<std::uint8_t>& signal = child.bytes("signal", cut_feature.size());
    for (std::size_t i = 0; i < cut_feature.size(); ++i) {
      forest.preselection.cuts.push_back({cut_feature[i], cut_value[i], below[i] != 0, signal[i] != 0});
    }
  }
  return std::make_shared<const ForestPredictor>(std::move(forest));
}

}  // namespace diskern::trees

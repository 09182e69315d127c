#include "trees/device_forest.hpp"

#include <algorithm>
#include <limits>
#include <string>

#include "base/device.hpp"
#include "diskern/error.hpp"
#include "trees/forest.hpp"
#include "trees/forest_bitsliced.hpp"

namespace diskern::trees {

namespace {

[[noreturn]] void refuse(const std::string& what) { throw DeviceError("the forest cannot be evaluated on a CUDA device: " + what); }

// Level by level, so that the two children of a node are neighbours.
void pack_tree(const Tree& tree, double weight, PackedForest& packed) {
  const std::size_t begin = packed.nodes.size();
  std::vector<std::int32_t> order = {0};
  for (std::size_t i = 0; i < order.size(); ++i) {
    const auto node = static_cast<std::size_t>(order[i]);
    const bool leaf = tree.feature[node] == leaf_feature;
    if (tree.feature[node] == linear_feature) refuse("a tree has Fisher cuts");
    DeviceNode out{};
    if (leaf) {
      out.threshold = std::numeric_limits<float>::quiet_NaN();
      out.link = static_cast<std::uint32_t>(i) << (device_feature_bits + 1);
    } else {
      out.threshold = float_threshold(tree.threshold[node]);
      out.link = static_cast<std::uint32_t>(tree.feature[node]) |
                 (tree.missing_right[node] != 0 ? 1U << device_feature_bits : 0U) |
                 static_cast<std::uint32_t>(order.size()) << (device_feature_bits + 1);
      order.push_back(tree.left[node]);
      order.push_back(tree.right[node]);
    }
    packed.nodes.push_back(out);
    packed.values.push_back(leaf ? weight * tree.value[node] : 0.0);
  }
  packed.trees.push_back({static_cast<std::uint32_t>(begin), tree_depth(tree)});
}

}  // namespace

PackedForest pack_for_device(const Forest& forest) {
  PackedForest packed;
  packed.n_features = static_cast<std::size_t>(forest.n_features);
  packed.n_outputs = static_cast<std::size_t>(forest.n_outputs);
  if (packed.n_features > most_device_features) {
    refuse("it has " + std::to_string(packed.n_features) + " variables, at most " +
           std::to_string(most_device_features) + " are possible");
  }
  if (is_median(forest.aggregation)) refuse("it answers with a median of the trees");
  std::size_t nodes = 0;
  for (const Tree& tree : forest.trees) {
    if (tree.node_count() > most_device_tree_nodes) {
      refuse("a tree has " + std::to_string(tree.node_count()) + " nodes, at most " +
             std::to_string(most_device_tree_nodes) + " are possible");
    }
    nodes += tree.node_count();
  }
  if (nodes > std::numeric_limits<std::uint32_t>::max()) refuse("it has " + std::to_string(nodes) + " nodes");
  packed.nodes.reserve(nodes);
  packed.values.reserve(nodes);
  for (std::size_t k = 0; k < packed.n_outputs; ++k) {
    double norm = 0;
    bool open = false;
    for (std::size_t t = k; t < forest.trees.size(); t += packed.n_outputs) {
      norm += forest.tree_weight[t];
      pack_tree(forest.trees[t], forest.tree_weight[t], packed);
      const DeviceTree& tree = packed.trees.back();
      const auto number = static_cast<std::uint32_t>(packed.trees.size() - 1);
      const auto end = static_cast<std::uint32_t>(packed.nodes.size());
      if (!open || end - packed.tiles.back().first_node > device_tile_nodes) {
        packed.tiles.push_back({number, number, tree.begin, tree.begin, static_cast<std::uint32_t>(k)});
        open = true;
      }
      packed.tiles.back().end_tree = number + 1;
      packed.tiles.back().end_node = end;
    }
    packed.divisor.push_back(norm > std::numeric_limits<double>::epsilon() ? norm : 0.0);
  }
  packed.mean = forest.aggregation == Aggregation::weighted_mean;
  packed.base_score = forest.base_score;
  packed.initial = packed.mean ? std::vector<double>(packed.n_outputs, 0.0) : forest.base_score;
  packed.link = forest.link;
  for (const Preselection::Cut& cut : forest.preselection.cuts) {
    packed.preselection.push_back({cut.value, static_cast<std::uint32_t>(cut.feature), static_cast<std::uint8_t>(cut.below),
                                   static_cast<std::uint8_t>(cut.signal)});
  }
  return packed;
}

DeviceForests::~DeviceForests() {
  for (const auto& [device, forest] : uploaded_) {
    try {
      const DeviceGuard guard(device);
      cuda_backend()->forest->release(forest);
    } catch (const Error&) {  // NOLINT(bugprone-empty-catch): the driver is gone, and the memory with it
    }
  }
}

void DeviceForests::evaluate(const Context& context, const Forest& forest, const EventSource& events,
                             View<double, 2> out, bool with_link) {
  require_device(context);
  if (events.columns != nullptr) throw DeviceError("events on a CUDA device must be one array, not columns of their own");
  const CudaForestKernels& kernels = *cuda_backend()->forest;
  void* uploaded = nullptr;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    void*& slot = uploaded_[cuda_backend()->current_device()];
    if (slot == nullptr) slot = kernels.upload(pack_for_device(forest), context.stream);
    uploaded = slot;
  }
  kernels.evaluate(uploaded, events, out.rows(), out.data(), out.strides()[0], out.strides()[1], with_link,
                   context.stream);
}

}  // namespace diskern::trees

#pragma once
// A forest packed for evaluation on a GPU, and the table of functions that cuda/ fills. The packing and the walk are
// ordinary C++, so that the processor's tests cover them.

#include <stddef.h>
#include <stdint.h>

#include <map>
#include <mutex>
#include <vector>

#include "base/event_source.hpp"
#include "base/portable.hpp"
#include "diskern/context.hpp"
#include "trees/link.hpp"

namespace diskern::trees {

struct Forest;

// Eight bytes. An event goes right if its float32 value >= threshold, and the right child follows the left one. A leaf
// has the threshold NaN and itself as left child, so that steps beyond it stay there.
struct DeviceNode {
  float threshold;
  uint32_t link;  // feature in the lowest 12 bits, then one bit where NaN goes right, then the left child in the tree
};
constexpr unsigned device_feature_bits = 12;
constexpr size_t most_device_features = size_t{1} << device_feature_bits;
constexpr size_t most_device_tree_nodes = size_t{1} << (32 - device_feature_bits - 1);

DISKERN_HD uint32_t device_step(DeviceNode node, float value) {
  // A comparison with NaN is false on either side.
  const bool missing = value != value;
  const bool right = missing ? (node.link >> device_feature_bits & 1U) != 0 : value >= node.threshold;
  return (node.link >> (device_feature_bits + 1)) + (right ? 1U : 0U);
}
DISKERN_HD uint32_t device_feature(DeviceNode node) { return node.link & ((1U << device_feature_bits) - 1U); }

struct DeviceTree {
  uint32_t begin;  // first node
  uint32_t depth;  // steps that reach every leaf
};

// Trees that a block of threads takes into its fast memory together.
struct DeviceTile {
  uint32_t first_tree;
  uint32_t end_tree;
  uint32_t first_node;
  uint32_t end_node;
  uint32_t output;  // all of one output
};
constexpr size_t device_tile_nodes = 3072;  // 24 KiB; a larger tree is a tile of its own, read where it lies

struct DevicePreselection {
  double value;
  uint32_t feature;
  uint8_t below;
  uint8_t signal;
};

// Trees ordered by output, and in their order within an output: the sums have the bits of the processor's.
struct PackedForest {
  size_t n_features = 0;
  size_t n_outputs = 1;
  std::vector<DeviceNode> nodes;
  std::vector<double> values;  // of a node: tree weight times leaf
  std::vector<DeviceTree> trees;
  std::vector<DeviceTile> tiles;
  std::vector<double> initial;  // what the sum of an output begins with
  bool mean = false;            // the sums are divided and base_score is added
  std::vector<double> divisor;  // by output; 0: the quotient is 0
  std::vector<double> base_score;
  std::vector<DevicePreselection> preselection;
  Link link = Link::identity;
};

// Of a validated forest. Throws DeviceError where the packed form does not hold it: Fisher cuts, medians, more than 4096
// variables, a tree of more than 524288 nodes.
PackedForest pack_for_device(const Forest& forest);

// Filled by cuda/. Pointers in events and responses are to memory of the current device; stream is a cudaStream_t.
struct CudaForestKernels {
  void* (*upload)(const PackedForest& forest, void* stream);
  void (*release)(void* forest) noexcept;
  // events.columns must be null. Response k of event i goes to responses[i * row_stride + k * column_stride].
  void (*evaluate)(const void* forest, const EventSource& events, size_t n, double* responses, ptrdiff_t row_stride,
                   ptrdiff_t column_stride, bool with_link, void* stream);
};

// The copies of a forest on devices: made when a device asks for the first time, kept until the end.
class DeviceForests {
 public:
  DeviceForests() = default;
  ~DeviceForests();
  DeviceForests(const DeviceForests&) = delete;
  DeviceForests& operator=(const DeviceForests&) = delete;

  // As ForestPredictor::evaluate, on the device and the stream of the context; returns before the stream has done it.
  void evaluate(const Context& context, const Forest& forest, const EventSource& events, View<double, 2> out,
                bool with_link);

 private:
  std::mutex mutex_;
  std::map<int, void*> uploaded_;  // by device
};

}  // namespace diskern::trees

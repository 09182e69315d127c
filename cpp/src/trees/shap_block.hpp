#pragma once
// A block of events on its way through the trees, private to TreeExplainer.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "trees/shap.hpp"

namespace diskern::trees {

constexpr std::size_t shap_block = 512;  // events; a multiple of shap_lanes
static_assert(shap_block % shap_lanes == 0);
constexpr std::size_t shap_table_memory = std::size_t{1} << 26;  // bytes of tables held at a time

// What one thread needs for a block of events.
struct TreeExplainer::Block {
  std::size_t events = 0;
  std::size_t lanes = 0;            // events, rounded up to shap_lanes; the last event fills them
  std::vector<float> variables;     // [variable][shap_block]
  std::vector<std::uint8_t> right;  // [cut][shap_block]
  std::vector<std::uint8_t> index;  // of a group
  std::vector<std::uint8_t> bits;   // [variable of a large leaf][shap_block]
  std::vector<const std::uint8_t*> pointers;
  std::vector<std::uint8_t> wanted;
  std::vector<double> scratch;
};

}  // namespace diskern::trees

#pragma once
// Finds the cut of one node as TMVA does: equidistant grid in the node's own range, or the scan of every gap.

#include <cstdint>
#include <vector>

#include "diskern/context.hpp"
#include "trees/tmva_grid.hpp"
#include "trees/tmva_params.hpp"

namespace diskern::trees {

// The events of one node, in event order.
struct NodeEvents {
  const TmvaEntry* entries = nullptr;
  std::size_t count = 0;
  bool with_target = false;  // the tree is grown on targets, else on classes
  double total_signal = 0;   // sums of weights in event order
  double total_background = 0;

  std::size_t event(std::size_t k) const noexcept { return entries[k].event_and_signal >> 1U; }
  std::uint8_t signal(std::size_t k) const noexcept { return entries[k].event_and_signal & 1U; }
  double weight(std::size_t k) const noexcept { return entries[k].weight; }
};

struct Columns {
  std::vector<const float*> column;   // one per variable
  std::vector<std::uint8_t> integer;  // TMVA's type 'I': unit bins
  GroupedValues grouped;              // the same values for grids; empty where nCuts asks for none
  std::size_t count() const noexcept { return column.size(); }
};

struct Split {
  std::int32_t variable = -1;  // -1: none; number of variables: Fisher
  double cut = 0;
  bool cut_type = true;
  double gain = -1;
  double total_signal = 0;
  double total_background = 0;
};

struct SplitLimits {
  double minimum_entries = 0;
  double minimum_weight = 0;
};

// fisher: null, or one coefficient per variable and a constant; the combination is scanned as one more variable.
Split find_grid_split(const Context& context, const TmvaForestParams& params, const Columns& columns,
                      const NodeEvents& events, const std::vector<std::uint8_t>& use_variable,
                      const std::vector<double>* fisher, const SplitLimits& limits);

Split find_exact_split(const Context& context, const TmvaForestParams& params, const Columns& columns,
                       const NodeEvents& events, const std::vector<std::uint8_t>& use_variable,
                       const SplitLimits& limits);

}  // namespace diskern::trees

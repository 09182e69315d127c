#pragma once
// What a grower does with the histograms of a node, for cells of four sums and for planes.

#include <cstddef>
#include <memory>

#include "trees/constraints.hpp"
#include "trees/grower.hpp"
#include "trees/histogram.hpp"
#include "trees/split.hpp"
#include "trees/training_kernels.hpp"

namespace diskern::trees {

template <class Integer>
void subtract_feature(Histogram<Integer>& parent, const Histogram<Integer>& child, std::size_t feature) {
  for (std::size_t c = feature * cells_per_feature; c < (feature + 1) * cells_per_feature; ++c) {
    parent[c] = parent[c] - child[c];
  }
}
inline void subtract_feature(PlaneHistogram& parent, const PlaneHistogram& child, std::size_t feature) {
  training_kernels().subtract_planes(&parent[feature], &child[feature]);
}

template <class Integer>
Split scan_feature(const Histogram<Integer>& histogram, std::size_t feature, std::size_t bin_count,
                   const WideCell& node, const CellScales& scales, const SplitRules& rules) {
  return best_split(histogram.data() + feature * cells_per_feature, bin_count, static_cast<std::int32_t>(feature), node,
                    scales, rules);
}
inline Split scan_feature(const PlaneHistogram& histogram, std::size_t feature, std::size_t bin_count, const WideCell& node,
                   const CellScales& scales, const SplitRules& rules) {
  return best_split(histogram[feature], bin_count, static_cast<std::int32_t>(feature), node, scales, rules);
}

template <class Integer>
Split scan_constrained(const Histogram<Integer>& histogram, const WideCell* squares, std::size_t feature,
                       std::size_t bin_count, const WideCell& node, const CellScales& scales, const GrowerRules& rules,
                       const NodeLimits& limits) {
  return best_constrained_split(histogram.data() + feature * cells_per_feature, squares, bin_count,
                                static_cast<std::int32_t>(feature), node, scales, rules.split, rules.constraints,
                                limits);
}
inline Split scan_constrained(const PlaneHistogram& histogram, const WideCell* squares, std::size_t feature,
                       std::size_t bin_count, const WideCell& node, const CellScales& scales, const GrowerRules& rules,
                       const NodeLimits& limits) {
  WideCell cells[cells_per_feature];
  for (std::size_t i = 0; i < cells_per_feature; ++i) cells[i] = cell_of(histogram[feature], i);
  return best_constrained_split(cells, squares, bin_count, static_cast<std::int32_t>(feature), node, scales,
                                rules.split, rules.constraints, limits);
}

// Every event is in one bin of the first variable.
template <class Integer>
WideCell total(const Histogram<Integer>& histogram) {
  WideCell sums;
  for (std::size_t c = 0; c < cells_per_feature; ++c) {
    const Cell<Integer>& cell = histogram[c];
    sums = sums + WideCell{cell.gradient, cell.hessian, cell.count, cell.weight};
  }
  return sums;
}
inline WideCell total(const PlaneHistogram& histogram) {
  WideCell sums;
  for (std::size_t c = 0; c < cells_per_feature; ++c) sums = sums + cell_of(histogram[0], c);
  return sums;
}

template <class Integer>
std::unique_ptr<Histogram<Integer>> new_histogram(std::size_t n_features, const Histogram<Integer>*) {
  return std::make_unique<Histogram<Integer>>(n_features * cells_per_feature);
}
inline std::unique_ptr<PlaneHistogram> new_histogram(std::size_t n_features, const PlaneHistogram*) {
  return std::make_unique<PlaneHistogram>(n_features);
}

}  // namespace diskern::trees

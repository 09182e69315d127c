#pragma once
// The table of the grid kernels of TMVA mode, which every instruction-set unit fills. Nothing but C headers may be
// included here (cmake/isa.cmake).

#include <stddef.h>
#include <stdint.h>

namespace diskern {

// Variables are kept in groups of this many, whose values of one event lie side by side.
constexpr size_t tmva_group_size = 8;

// A bin of the grid is this many float64. Of either kind: weight of the background, weight of the signal, number of
// entries; with a target then also the sums of weight * target and weight * target^2; the rest is padding.
constexpr size_t tmva_bin_size = 4;
constexpr size_t tmva_target_bin_size = 8;

// One event of a node.
struct TmvaEntry {
  double weight;
  float target;               // 0 where trees are grown on classes
  uint32_t event_and_signal;  // twice the row of the values, plus 1 for signal
};

// The grids of one group of variables: the bin of a value is the integer part of inverse_width * (value - minimum), at
// most last_bin.
struct TmvaGrids {
  double minimum[tmva_group_size];
  double inverse_width[tmva_group_size];
  int32_t last_bin[tmva_group_size];
  int32_t first_bin[tmva_group_size];  // place of bin 0 in the array of bins
  int32_t wanted[tmva_group_size];     // the first n_wanted: which variables of the group are added up
  size_t n_wanted;
};

struct TmvaGridKernels {
  // Smallest and largest value of each variable of the group; values: tmva_group_size per event. count >= 1.
  void (*ranges)(const float* values, const TmvaEntry* entries, size_t count, float* minimum, float* maximum);
  // Adds the entries to the bins, in their order: every bin gets the bits that a plain loop gives it.
  void (*add)(const float* values, const TmvaEntry* entries, size_t count, const TmvaGrids* grids, double* bins);
  void (*add_with_target)(const float* values, const TmvaEntry* entries, size_t count, const TmvaGrids* grids,
                          double* bins);
};

}  // namespace diskern

// Compiled once per instruction set (cmake/isa.cmake). Loops are written so that the compiler makes vector code of them
// at the width of the level; intrinsics stand where it cannot (compressing, permuting). The kernels themselves are in
// the headers, by subject.
#include "trees/training_intrinsics.hpp"
#include "trees/training_binning.hpp"
#include "trees/training_derivatives.hpp"
#include "trees/training_division.hpp"
#include "trees/training_histograms.hpp"
#include "trees/training_scan.hpp"
#include "trees/training_sweep.hpp"
#include "trees/training_table.hpp"

namespace diskern::DISKERN_ISA_NAMESPACE {

extern const TrainingKernels training_kernels;
const TrainingKernels training_kernels = {
    add_rows,     unpack,   add_words,  add_planes, subtract_planes, planes_of,         scan,  mark,      divide,
    pack_entries, sum_rows, bin_values, logistic,   summarise,       logistic_of_units, route, list_node, sum_leaves,
    move_scores};

}  // namespace diskern::DISKERN_ISA_NAMESPACE

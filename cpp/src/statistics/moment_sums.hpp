#pragma once
// Weighted first and second moments in one pass over the rows, in float64: chunks of rows are summed about their own
// mean, then the sums of chunks are brought together (Chan, Golub, LeVeque, COMPSTAT 1982, 30), so that a large offset
// costs no digits. One kernel per instruction set; the bits depend neither on it nor on the number of threads.

#include <cstddef>
#include <functional>
#include <vector>

#include "base/dispatch.hpp"
#include "diskern/context.hpp"
#include "diskern/view.hpp"
#include "statistics/moments_table.hpp"

namespace diskern::statistics {

const MomentsKernels& moments_kernels();
const MomentsKernels& moments_kernels(InstructionSet level);

struct Moments;

// Where the rows of a sum are: contiguous rows of float32 or float64, or anything that a function writes row by row.
struct RowSource {
  const float* floats = nullptr;
  const double* doubles = nullptr;
  std::ptrdiff_t stride = 0;  // elements from row to row
  std::function<void(std::size_t row, double* values)> gather;

  // Rows of a matrix: where its columns are contiguous, read in place.
  static RowSource of(View<const float, 2> rows);
  static RowSource of(View<const double, 2> rows);
};

// Moments of the rows of every group 0 .. groups-1, normalised to the sum of weights. group_of(i): group of row i or a
// negative number for a row that is left out; empty: all rows are of group 0. weight: empty (1 each) or one per row,
// used with its sign. Rows of weight zero do not count, whatever they hold. Values are not judged: NaN, infinity and
// sums of weights that are not positive give moments that are not finite or make no sense. Throws Interrupted.
std::vector<Moments> sum_moments(const Context& context, std::size_t n_rows, std::size_t columns,
                                 const RowSource& source, View<const double> weight, std::size_t groups = 1,
                                 const std::function<std::ptrdiff_t(std::size_t)>& group_of = {});

}  // namespace diskern::statistics

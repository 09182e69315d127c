#pragma once
// The points that k-means works on: the caller's rows, and float32 copies of them, centred and in blocks, for the
// kernels. In few dimensions the copies are made anew whenever they are needed, since memory is slower than that.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/aligned.hpp"
#include "clustering/kmeans_kernels.hpp"
#include "diskern/context.hpp"
#include "diskern/view.hpp"

namespace diskern::clustering {

// Pieces of points, a function of the sizes only (reproducibility level R0). Whole groups, except for the last one.
struct Pieces {
  std::size_t points = 0;  // of each
  std::size_t count = 0;
};
// Throws the InvalidArgument that names a coordinate which is not finite or too large.
[[noreturn]] void refuse_coordinate(double x, std::size_t event, std::size_t variable);

// bytes: what each piece needs beside the points.
Pieces pieces_of(std::size_t points, std::size_t bytes = 0);

// So many points are worked on at once: rows, blocks and labels of few dimensions stay in the first-level cache.
constexpr std::size_t batch_points = 8 * group_points;

// The power of two that brings this extent near 1; single: one that float32 holds.
double scale_of(double extent, bool single);

// float32((row - offset) * scale) in groups of blocks, and the largest norm of each block, rounded upward. Rows of
// float32 want an offset that float32 holds.
template <class T>
void to_groups(const KMeansKernels& kernels, const T* rows, std::size_t count, std::size_t dimensions,
               const double* offset, double scale, float* blocks);
void block_norms(const float* blocks, std::size_t count, std::size_t dimensions, float* norms);

template <class T>
class KMeansPoints {
 public:
  // rows must be contiguous and stay where they are. weight: empty (1 each) or one per row. Throws InvalidArgument: no
  // rows or columns, NaN or infinity, |coordinate| above 1e150, negative weights, none above zero.
  KMeansPoints(const Context& context, View<const T, 2> rows, View<const double> weight);

  std::size_t size() const noexcept { return size_; }
  std::size_t dimensions() const noexcept { return dimensions_; }
  const T* rows() const noexcept { return rows_; }
  const T* row(std::size_t i) const noexcept { return rows_ + i * dimensions_; }
  const double* weights() const noexcept { return weight_.empty() ? nullptr : weight_.data(); }
  double weight(std::size_t i) const noexcept { return weight_.empty() ? 1.0 : weight_[i]; }
  // About the mean of the rows, padded with zeros: subtracted before anything is rounded to float32.
  const std::vector<double>& offset() const noexcept { return offset_; }
  double scale() const noexcept { return scale_; }
  // Groups of the rows from `begin` on (a multiple of group_points); buffer: room for them.
  const float* groups(const KMeansKernels& kernels, std::size_t begin, std::size_t count, float* buffer) const;
  const float* norms() const noexcept { return norms_.data(); }  // one per block
  // One row as the blocks have it.
  void centred(std::size_t i, float* row) const noexcept;
  // Mean of the variances of the columns, unweighted.
  double mean_variance(const Context& context) const;

 private:
  void centre(const Context& context);
  void find_norms(const Context& context);

  const T* rows_;
  std::size_t size_;
  std::size_t dimensions_;
  std::vector<double> weight_;
  std::vector<double> offset_;
  double scale_ = 1.0;
  AlignedVector<float> blocks_;  // empty: made when needed
  AlignedVector<float> norms_;
};

extern template class KMeansPoints<float>;
extern template class KMeansPoints<double>;

}  // namespace diskern::clustering

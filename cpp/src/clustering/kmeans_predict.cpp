// Labels of rows by centres that are given, and distances to these.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "base/executor.hpp"
#include "clustering/kmeans.hpp"
#include "clustering/kmeans_assignment.hpp"
#include "clustering/kmeans_centres.hpp"
#include "diskern/error.hpp"

namespace diskern::clustering {

namespace {

template <class T>
void check_rows(View<const T, 2> rows, View<const double, 2> centres) {
  if (!rows.contiguous() || !centres.contiguous()) {
    throw InvalidArgument("rows and centres must be rows beside each other (C order)");
  }
  if (rows.columns() != centres.columns()) {
    throw InvalidArgument("the rows have " + std::to_string(rows.columns()) + " dimensions, the centres " +
                          std::to_string(centres.columns()));
  }
  check_centres(centres.data(), centres.size(), rows.columns());
}

}  // namespace

KMeansAssigner::KMeansAssigner(const double* centres, std::size_t count, std::size_t dimensions)
    : centres_(centres, centres + count * dimensions), offset_(padded_dimensions(dimensions), 0.0) {
  check_centres(centres, count * dimensions, dimensions);
  for (std::size_t k = 0; k < count; ++k) {
    for (std::size_t d = 0; d < dimensions; ++d) offset_[d] += centres[k * dimensions + d] / static_cast<double>(count);
  }
  // A float32, so that it serves rows of both types.
  for (double& o : offset_) o = std::abs(o) < 1e38 ? static_cast<double>(static_cast<float>(o)) : o;
  double extent = 0;
  for (std::size_t i = 0; i < centres_.size(); ++i) {
    extent = std::max(extent, std::abs(centres[i] - offset_[i % dimensions]));
  }
  if (extent > 0) scale_ = scale_of(extent, true);
  set_.prepare(centres, count, dimensions, offset_.data(), scale_);
  padded_ = padded_rows(centres_, dimensions);
}

template <class T>
void KMeansAssigner::assign(const T* rows, std::size_t count, std::int32_t* labels, Scratch& scratch) const {
  const KMeansKernels& kernels = kmeans_kernels();
  const std::size_t dimensions = set_.dimensions();
  scratch.blocks.resize(batch_points * dimensions);
  scratch.labels.resize(batch_points);
  float norms[batch_points / block_points];
  for (std::size_t begin = 0; begin < count; begin += batch_points) {
    const std::size_t batch = std::min(batch_points, count - begin);
    const T* from = rows + begin * dimensions;
    to_groups(kernels, from, batch, dimensions, offset_.data(), scale_, scratch.blocks.data());
    block_norms(scratch.blocks.data(), batch, dimensions, norms);
    assign_rows(kernels, set_, from, batch, scratch.blocks.data(), norms, scratch.labels.data(), scratch.assignment);
    std::copy_n(scratch.labels.data(), batch, labels + begin);
  }
}

template <class T>
std::vector<std::int32_t> predict_kmeans(const Context& context, View<const T, 2> rows, View<const double, 2> centres,
                                         View<const double> weight, double& inertia) {
  check_rows(rows, centres);
  if (!weight.empty() && (weight.size() != rows.rows() || !weight.contiguous())) {
    throw InvalidArgument("one weight per row is expected: " + std::to_string(rows.rows()) + ", got " +
                          std::to_string(weight.size()));
  }
  const std::size_t n = rows.rows();
  const std::size_t dimensions = rows.columns();
  const KMeansAssigner assigner(centres.data(), centres.rows(), dimensions);
  std::vector<std::int32_t> labels(n);
  const Pieces pieces = pieces_of(n);
  std::vector<double> sums(pieces.count);
  interruptible_for(
      context, pieces.count,
      [&](std::size_t piece) {
        const Range range = chunk_range(n, pieces.points, piece);
        KMeansAssigner::Scratch scratch;
        const T* from = rows.data() + range.begin * dimensions;
        assigner.assign(from, range.end - range.begin, labels.data() + range.begin, scratch);
        sums[piece] = row_kernels<T>(kmeans_kernels())
                          .inertia(from, range.end - range.begin, dimensions, labels.data() + range.begin,
                                   weight.empty() ? nullptr : weight.data() + range.begin,
                                   assigner.padded_centres().data());
      },
      static_cast<double>(n * (centres.rows() + 8)) * static_cast<double>(dimensions + 4) * 0.02);
  inertia = std::accumulate(sums.begin(), sums.end(), 0.0);
  return labels;
}

template <class T>
void transform_kmeans(const Context& context, View<const T, 2> rows, View<const double, 2> centres,
                      View<T, 2> distances) {
  check_rows(rows, centres);
  const std::size_t n = rows.rows();
  const std::size_t dimensions = rows.columns();
  const KMeansKernels& kernels = kmeans_kernels();
  CentreSet set;
  const std::vector<double> zero(dimensions, 0.0);
  set.prepare(centres.data(), centres.rows(), dimensions, zero.data(), 1.0);
  const Pieces pieces = pieces_of(n);
  interruptible_for(
      context, pieces.count,
      [&](std::size_t piece) {
        const Range range = chunk_range(n, pieces.points, piece);
        std::vector<double> point(dimensions);
        std::vector<double> squares(set.transposed_count());
        for (std::size_t i = range.begin; i < range.end; ++i) {
          for (std::size_t d = 0; d < dimensions; ++d) point[d] = static_cast<double>(rows(i, d));
          set.squared_distances(kernels, point.data(), squares.data());
          for (std::size_t k = 0; k < centres.rows(); ++k) distances(i, k) = static_cast<T>(std::sqrt(squares[k]));
        }
      },
      static_cast<double>(n * centres.rows()) * static_cast<double>(dimensions + 4) * 0.2);
}

#define DISKERN_INSTANTIATE(T)                                                                               \
  template void KMeansAssigner::assign(const T*, std::size_t, std::int32_t*, Scratch&) const;                \
  template std::vector<std::int32_t> predict_kmeans(const Context&, View<const T, 2>, View<const double, 2>, \
                                                    View<const double>, double&);                            \
  template void transform_kmeans(const Context&, View<const T, 2>, View<const double, 2>, View<T, 2>);
DISKERN_INSTANTIATE(float)
DISKERN_INSTANTIATE(double)
#undef DISKERN_INSTANTIATE

}  // namespace diskern::clustering

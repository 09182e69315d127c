#include "clustering/kmeans_points.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <type_traits>

#include "base/executor.hpp"
#include "diskern/error.hpp"

namespace diskern::clustering {

namespace {

constexpr double largest_coordinate = 1e150;  // squares of differences stay finite
// Norms within these limits leave their products well inside float32.
constexpr double smallest_norm = 1e-12;
constexpr double largest_norm = 1e12;

template <class T>
[[noreturn]] void refuse(const T* rows, std::size_t size, std::size_t dimensions) {
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t d = 0; d < dimensions; ++d) {
      const auto x = static_cast<double>(rows[i * dimensions + d]);
      if (std::abs(x) <= largest_coordinate) continue;
      refuse_coordinate(x, i, d);
    }
  }
  throw InvalidArgument("the sum of the coordinates of X is not finite");
}

}  // namespace

void refuse_coordinate(double x, std::size_t event, std::size_t variable) {
  const char* what = std::isnan(x) ? "NaN (missing)" : std::isinf(x) ? "infinity" : "a value too large";
  throw InvalidArgument("Input X contains " + std::string(what) + ", first at event " + std::to_string(event) +
                        ", variable " + std::to_string(variable) + "; X must be finite and up to 1e150 here.");
}

Pieces pieces_of(std::size_t points, std::size_t bytes) {
  constexpr std::size_t smallest = 4096;
  constexpr std::size_t most = 256;
  constexpr std::size_t memory = std::size_t{1} << 26;
  std::size_t count = std::min(chunk_count(points, smallest), most);
  if (bytes > 0) count = std::max<std::size_t>(std::min(count, memory / bytes), std::min<std::size_t>(count, 8));
  const std::size_t groups = chunk_count(points, group_points);
  Pieces pieces;
  pieces.points = chunk_count(groups, std::max<std::size_t>(count, 1)) * group_points;
  pieces.count = chunk_count(points, pieces.points);
  return pieces;
}

double scale_of(double extent, bool single) {
  int exponent = 0;
  std::frexp(extent, &exponent);
  return std::ldexp(1.0, single ? std::min(-exponent, 126) : -exponent);
}

template <class T>
void to_groups(const KMeansKernels& kernels, const T* rows, std::size_t count, std::size_t dimensions,
               const double* offset, double scale, float* blocks) {
  const auto& of_rows = row_kernels<T>(kernels);
  const std::size_t block_count = chunk_count(count, group_points) * blocks_per_group;
  for (std::size_t b = 0; b < block_count; ++b) {
    float* block = blocks + b * dimensions * block_points;
    const std::size_t begin = b * block_points;
    if (begin >= count) {
      std::fill_n(block, dimensions * block_points, 0.0F);
      continue;
    }
    of_rows.to_block(rows + begin * dimensions, std::min(block_points, count - begin), dimensions, offset, scale, block);
  }
}

template void to_groups(const KMeansKernels&, const float*, std::size_t, std::size_t, const double*, double, float*);
template void to_groups(const KMeansKernels&, const double*, std::size_t, std::size_t, const double*, double, float*);

void block_norms(const float* blocks, std::size_t count, std::size_t dimensions, float* norms) {
  // The norm is a float32 sum of as many squares; upward by what their rounding may take away.
  const float upward = 1.0F + static_cast<float>(dimensions + 4) * 0x1p-23F;
  const std::size_t block_count = chunk_count(count, group_points) * blocks_per_group;
  for (std::size_t b = 0; b < block_count; ++b) {
    const float* block = blocks + b * dimensions * block_points;
    float squares[block_points] = {};
    for (std::size_t d = 0; d < dimensions; ++d) {
      for (std::size_t i = 0; i < block_points; ++i) {
        squares[i] += block[d * block_points + i] * block[d * block_points + i];
      }
    }
    float largest = 0.0F;
    // What is no number stays: nothing is larger or smaller than it.
    for (const float square : squares) largest = square <= largest ? largest : square;
    norms[b] = std::sqrt(largest) * upward;
  }
}

template <class T>
KMeansPoints<T>::KMeansPoints(const Context& context, View<const T, 2> rows, View<const double> weight)
    : rows_(rows.data()), size_(rows.rows()), dimensions_(rows.columns()) {
  if (context.device != Device::cpu) throw InvalidArgument("k-means runs on the CPU only");
  if (size_ == 0) throw InvalidArgument("no points: at least one is needed");
  if (dimensions_ == 0) throw InvalidArgument("the points have no coordinates");
  if (!rows.contiguous()) throw InvalidArgument("the points must be rows beside each other (C order)");
  if (size_ > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max())) {
    throw InvalidArgument("at most 2^31 - 1 points can be clustered, got " + std::to_string(size_));
  }
  if (!weight.empty()) {
    if (weight.size() != size_) {
      throw InvalidArgument("one weight per point is expected: " + std::to_string(size_) + ", got " +
                            std::to_string(weight.size()));
    }
    double sum = 0;
    bool all_one = true;
    for (std::size_t i = 0; i < size_; ++i) {
      if (!(weight[i] >= 0) || !std::isfinite(weight[i])) {
        throw InvalidArgument("sample_weight of point " + std::to_string(i) + " is " + std::to_string(weight[i]) +
                              "; k-means needs finite weights that are not negative");
      }
      sum += weight[i];
      all_one = all_one && weight[i] == 1.0;
    }
    if (!(sum > 0) || !std::isfinite(sum)) {
      throw InvalidArgument("the sum of sample_weight is " + std::to_string(sum) + ", expected a positive number");
    }
    if (!all_one) {
      weight_.resize(size_);
      for (std::size_t i = 0; i < size_; ++i) weight_[i] = weight[i];
    }
  }
  centre(context);
}

template <class T>
void KMeansPoints<T>::centre(const Context& context) {
  // Any offset near the points will do; the mean of some of them, evenly spread, is.
  constexpr std::size_t most = 1024;
  const std::size_t sample = std::min(size_, most);
  offset_.assign(padded_dimensions(dimensions_), 0.0);
  for (std::size_t s = 0; s < sample; ++s) {
    const T* from = row(s * size_ / sample);
    for (std::size_t d = 0; d < dimensions_; ++d) offset_[d] += static_cast<double>(from[d]) / static_cast<double>(sample);
  }
  for (std::size_t d = 0; d < dimensions_; ++d) {
    if (!(std::abs(offset_[d]) <= largest_coordinate)) refuse(rows_, size_, dimensions_);
    offset_[d] = static_cast<double>(static_cast<T>(offset_[d]));
  }
  const std::size_t groups = chunk_count(size_, group_points);
  if (dimensions_ > register_dimensions) blocks_.resize(groups * group_points * dimensions_);
  norms_.resize(groups * blocks_per_group);
  find_norms(context);
  double largest = 0;
  bool finite = true;
  for (const float norm : norms_) {
    finite = finite && std::isfinite(norm);
    largest = std::max(largest, static_cast<double>(norm));
  }
  if (finite && largest >= smallest_norm && largest <= largest_norm) return;
  // Unusual units: bring them near 1 by a power of two.
  double extent = 0;
  for (std::size_t i = 0; i < size_; ++i) {
    for (std::size_t d = 0; d < dimensions_; ++d) {
      const auto x = static_cast<double>(row(i)[d]);
      if (!(std::abs(x) <= largest_coordinate)) refuse(rows_, size_, dimensions_);
      extent = std::max(extent, std::abs(x - offset_[d]));
    }
  }
  if (extent == 0) return;
  scale_ = scale_of(extent, std::is_same_v<T, float>);
  find_norms(context);
}

template <class T>
void KMeansPoints<T>::find_norms(const Context& context) {
  const KMeansKernels& kernels = kmeans_kernels();
  const Pieces pieces = pieces_of(size_);
  interruptible_for(
      context, pieces.count,
      [&](std::size_t piece) {
        const Range range = chunk_range(size_, pieces.points, piece);
        AlignedVector<float> buffer(blocks_.empty() ? batch_points * dimensions_ : 0);
        for (std::size_t begin = range.begin; begin < range.end; begin += batch_points) {
          const std::size_t count = std::min(batch_points, range.end - begin);
          float* blocks = blocks_.empty() ? buffer.data() : blocks_.data() + begin * dimensions_;
          to_groups(kernels, row(begin), count, dimensions_, offset_.data(), scale_, blocks);
          block_norms(blocks, count, dimensions_, norms_.data() + begin / block_points);
        }
      },
      static_cast<double>(size_ * dimensions_));
}

template <class T>
const float* KMeansPoints<T>::groups(const KMeansKernels& kernels, std::size_t begin, std::size_t count,
                                     float* buffer) const {
  if (!blocks_.empty()) return blocks_.data() + begin * dimensions_;
  to_groups(kernels, row(begin), count, dimensions_, offset_.data(), scale_, buffer);
  return buffer;
}

template <class T>
void KMeansPoints<T>::centred(std::size_t i, float* to) const noexcept {
  for (std::size_t d = 0; d < dimensions_; ++d) {
    to[d] = static_cast<float>((row(i)[d] - static_cast<T>(offset_[d])) * static_cast<T>(scale_));
  }
}

template <class T>
double KMeansPoints<T>::mean_variance(const Context& context) const {
  const KMeansKernels& kernels = kmeans_kernels();
  const Pieces pieces = pieces_of(size_);
  std::vector<double> squares(pieces.count, 0.0);
  std::vector<double> sums(pieces.count * dimensions_, 0.0);
  interruptible_for(
      context, pieces.count,
      [&](std::size_t piece) {
        const Range range = chunk_range(size_, pieces.points, piece);
        const std::size_t count = range.end - range.begin;
        const auto& of_rows = row_kernels<T>(kernels);
        of_rows.sum(row(range.begin), count, dimensions_, offset_.data(), sums.data() + piece * dimensions_);
        squares[piece] = of_rows.inertia(row(range.begin), count, dimensions_, nullptr, nullptr, offset_.data());
      },
      static_cast<double>(size_ * dimensions_));
  // About the offset first, then about the mean, which is near it.
  const auto n = static_cast<double>(size_);
  double total = 0;
  for (const double square : squares) total += square / n;
  for (std::size_t d = 0; d < dimensions_; ++d) {
    double mean = 0;
    for (std::size_t piece = 0; piece < pieces.count; ++piece) mean += sums[piece * dimensions_ + d] / n;
    total -= mean * mean;
  }
  return std::max(total, 0.0) / static_cast<double>(dimensions_);
}

template class KMeansPoints<float>;
template class KMeansPoints<double>;

}  // namespace diskern::clustering

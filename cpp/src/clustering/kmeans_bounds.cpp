#include "clustering/kmeans_bounds.hpp"

#include <algorithm>
#include <cmath>

#include "base/executor.hpp"

namespace diskern::clustering {

namespace {

// Whatever float32 rounds away in a step, and more.
constexpr float upward = 1.0F + 0x1p-21F;
constexpr float downward = 1.0F - 0x1p-21F;
// Bounds this far apart leave no doubt about the order of the distances in float64 either.
constexpr float margin = 1.0F - 0x1p-19F;

}  // namespace

template <class T>
KMeansBounds<T>::KMeansBounds(const KMeansPoints<T>& points) : points_(points) {
  const std::size_t padded = chunk_count(points.size(), group_points) * group_points;
  upper_.assign(padded, 0.0F);
  lower_.assign(padded, 0.0F);
}

template <class T>
void KMeansBounds<T>::move(const std::vector<double>& from, const std::vector<double>& to) {
  const std::size_t dimensions = points_.dimensions();
  const std::size_t clusters = to.size() / dimensions;
  fresh_ = false;
  shift_.resize(clusters);
  drop_.resize(clusters);
  std::size_t farthest = 0;
  float second = 0;
  for (std::size_t k = 0; k < clusters; ++k) {
    double square = 0;
    for (std::size_t d = 0; d < dimensions; ++d) {
      const double moved = (to[k * dimensions + d] - from[k * dimensions + d]) * points_.scale();
      square += moved * moved;
    }
    shift_[k] = static_cast<float>(std::sqrt(square)) * upward;
    if (k == 0) continue;
    if (shift_[k] > shift_[farthest]) {
      second = shift_[farthest];
      farthest = k;
    } else {
      second = std::max(second, shift_[k]);
    }
  }
  for (std::size_t k = 0; k < clusters; ++k) drop_[k] = k == farthest ? second : shift_[farthest];
}

// From the scores s = x.c - |c|^2 / 2: the squared distance is |x|^2 - 2 s, within the band of the block and the rounding
// of |x|^2.
template <class T>
void KMeansBounds<T>::bound(const CentreSet& centres, const float* blocks, const float* norms, std::size_t count,
                            Scratch& scratch, const AssignmentScratch& assignment, float* upper, float* lower) const {
  const std::size_t dimensions = points_.dimensions();
  scratch.squares.resize(chunk_count(count, block_points) * block_points);
  for (std::size_t b = 0; b * block_points < count; ++b) {
    const float* block = blocks + b * dimensions * block_points;
    float* squares = scratch.squares.data() + b * block_points;
    std::fill_n(squares, block_points, 0.0F);
    for (std::size_t d = 0; d < dimensions; ++d) {
      for (std::size_t i = 0; i < block_points; ++i) {
        squares[i] += block[d * block_points + i] * block[d * block_points + i];
      }
    }
    const float error = centres.band(norms[b]) +
                        norms[b] * norms[b] * static_cast<float>(2 * dimensions + 16) * 0x1p-23F;
    const std::size_t end = std::min(block_points, count - b * block_points);
    for (std::size_t i = 0; i < end; ++i) {
      const std::size_t point = b * block_points + i;
      const float near = squares[i] - 2.0F * assignment.first[point];
      const float next = squares[i] - 2.0F * assignment.second[point];
      // Decided in float64: which of the two is the nearer is not in the scores.
      const bool certain = (assignment.uncertain[point / group_points] >> (point % group_points) & 1U) == 0;
      upper[point] = std::sqrt(std::max(near, 0.0F) + error) * upward;
      lower[point] = certain ? std::sqrt(std::max(next - error, 0.0F)) * downward : 0.0F;
    }
  }
}

template <class T>
std::size_t KMeansBounds<T>::assign(const KMeansKernels& kernels, const CentreSet& centres,
                                    const std::vector<double>& coordinates, std::size_t begin, std::size_t count,
                                    std::int32_t* labels, AssignmentScratch& assignment, Scratch& scratch) {
  const std::size_t dimensions = points_.dimensions();
  float* upper = upper_.data() + begin;
  float* lower = lower_.data() + begin;
  assignment.want_scores = true;
  scratch.active.clear();
  if (fresh_) {
    scratch.active.resize(count);
  } else {
    for (std::size_t i = 0; i < count; ++i) {
      const auto label = static_cast<std::size_t>(labels[i]);
      upper[i] = (upper[i] + shift_[label]) * upward;
      lower[i] = (lower[i] - drop_[label]) * downward;
      if (!(upper[i] < lower[i] * margin)) scratch.active.push_back(static_cast<std::uint32_t>(i));
    }
    // The distance to the own centre costs little; often it is enough. A lower bound of zero cannot be enough.
    std::size_t left = 0;
    for (const std::uint32_t i : scratch.active) {
      if (lower[i] > 0) {
        const T* row = points_.row(begin + i);
        const double* centre = coordinates.data() + static_cast<std::size_t>(labels[i]) * dimensions;
        double sum[4] = {};
        for (std::size_t d = 0; d < dimensions; ++d) {
          const double difference = static_cast<double>(row[d]) - centre[d];
          sum[d % 4] += difference * difference;
        }
        const double distance = std::sqrt((sum[0] + sum[1]) + (sum[2] + sum[3])) * points_.scale();
        upper[i] = static_cast<float>(distance) * upward;
        if (upper[i] < lower[i] * margin) continue;
      }
      scratch.active[left++] = i;
    }
    scratch.active.resize(left);
  }
  const std::size_t active = scratch.active.size();
  scratch.looked_at += active;
  if (active == 0) return 0;
  if (active * 4 >= count * 3) {
    const float* blocks = points_.groups(kernels, begin, count, nullptr);
    const float* norms = points_.norms() + begin / block_points;
    const std::size_t decided =
        assign_rows(kernels, centres, points_.row(begin), count, blocks, norms, labels, assignment);
    bound(centres, blocks, norms, count, scratch, assignment, upper, lower);
    return decided;
  }
  // The active ones in blocks of their own.
  const std::size_t padded = chunk_count(active, group_points) * group_points;
  scratch.rows.resize(active * dimensions);
  scratch.blocks.resize(padded * dimensions);
  scratch.norms.resize(padded / block_points);
  scratch.labels.resize(padded);
  for (std::size_t a = 0; a < active; ++a) {
    std::copy_n(points_.row(begin + scratch.active[a]), dimensions, scratch.rows.data() + a * dimensions);
  }
  to_groups(kernels, scratch.rows.data(), active, dimensions, points_.offset().data(), points_.scale(),
            scratch.blocks.data());
  block_norms(scratch.blocks.data(), active, dimensions, scratch.norms.data());
  const std::size_t decided = assign_rows(kernels, centres, scratch.rows.data(), active, scratch.blocks.data(),
                                          scratch.norms.data(), scratch.labels.data(), assignment);
  float* const above = assignment.first.data();  // overwritten point by point
  float* const below = assignment.second.data();
  bound(centres, scratch.blocks.data(), scratch.norms.data(), active, scratch, assignment, above, below);
  for (std::size_t a = 0; a < active; ++a) {
    const std::uint32_t i = scratch.active[a];
    labels[i] = scratch.labels[a];
    upper[i] = above[a];
    lower[i] = below[a];
  }
  return decided;
}

template class KMeansBounds<float>;
template class KMeansBounds<double>;

}  // namespace diskern::clustering

#include "clustering/kmeans_seed_filter.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/executor.hpp"
#include "clustering/kmeans_assignment.hpp"

namespace diskern::clustering {

namespace {

// Of the coordinates: products of two rows stay within 2^28, twice that and squares of distances within 2^31.
constexpr double largest_integer = 16000;

}  // namespace

template <class T>
SeedFilter<T>::SeedFilter(const KMeansPoints<T>& points, const Pieces& pieces)
    : points_(points),
      kernels_(kmeans_kernels()),
      pieces_(pieces),
      dimensions_(points.dimensions()),
      pairs_((points.dimensions() + 1) / 2),
      parts_of_piece_(chunk_count(pieces.points, part_points)) {}

template <class T>
double SeedFilter<T>::sum_of_group(std::size_t group, const float* weight,
                                   const AlignedVector<float>& closest) const noexcept {
  const float* from = closest.data() + group * group_points;
  constexpr std::size_t lanes = 8;
  double sums[lanes] = {};
  for (std::size_t i = 0; i < group_points; i += lanes) {
    for (std::size_t k = 0; k < lanes; ++k) {
      const auto x = static_cast<double>(from[i + k]);
      sums[k] += weight == nullptr ? x : x * static_cast<double>(weight[group * group_points + i + k]);
    }
  }
  double sum = 0;
  for (const double part : sums) sum += part;
  return sum;
}

template <class T>
void SeedFilter<T>::prepare(const Context& context, const AlignedVector<float>& closest, const float* weight) {
  const bool first = coordinates_.empty();
  const std::size_t groups = chunk_count(points_.size(), group_points);
  const std::size_t padded = groups * group_points;
  if (first) {
    coordinates_.resize(padded * pairs_ * 2);
    norms_.resize(padded);
    limits_.resize(padded);
    group_sums_.resize(groups);
    float largest = 0;
    for (std::size_t b = 0; b < groups * blocks_per_group; ++b) largest = std::max(largest, points_.norms()[b]);
    inverse_unit_ = largest > 0 ? static_cast<float>(largest_integer / static_cast<double>(largest)) : 0.0F;
    offset_.assign(points_.offset().begin(), points_.offset().end());
    // Half a unit in each coordinate of the point and of the centre, and a little more for float32, in which the
    // coordinates are scaled and the distances computed.
    slack_ = std::sqrt(static_cast<double>(dimensions_)) * 1.05;
    stretch_ = (1.0 + 1e-5 + static_cast<double>(dimensions_) * 2e-7) * static_cast<double>(inverse_unit_);
  }
  interruptible_for(
      context, pieces_.count,
      [&](std::size_t piece) {
        const Range range = chunk_range(points_.size(), pieces_.points, piece);
        AlignedVector<float> buffer(first && dimensions_ <= register_dimensions ? batch_points * dimensions_ : 0);
        for (std::size_t begin = range.begin; begin < range.end; begin += batch_points) {
          const std::size_t count = std::min(batch_points, range.end - begin);
          const std::size_t blocks = chunk_count(count, group_points) * blocks_per_group;
          if (first) {
            kernels_.to_integers(points_.groups(kernels_, begin, count, buffer.data()), blocks, dimensions_,
                                 inverse_unit_, coordinates_.data() + begin * pairs_ * 2, norms_.data() + begin);
          }
          kernels_.filter_limits(closest.data() + begin, norms_.data() + begin, blocks * block_points, stretch_, slack_,
                                 limits_.data() + begin);
          for (std::size_t g = begin / group_points; g * group_points < begin + count; ++g) {
            group_sums_[g] = sum_of_group(g, weight, closest);
          }
        }
      },
      static_cast<double>(points_.size() * (dimensions_ + 10)));
}

template <class T>
typename SeedFilter<T>::Centres SeedFilter<T>::centres_of(const std::vector<float>& rows) const {
  Centres centres;
  centres.count = rows.size() / dimensions_;
  centres.coordinates.assign(centres.count * pairs_ * 2, 0);
  centres.constant.assign(centres.count, 0);
  for (std::size_t l = 0; l < centres.count; ++l) {
    for (std::size_t d = 0; d < dimensions_; ++d) {
      const auto rounded = static_cast<std::int32_t>(std::lround(rows[l * dimensions_ + d] * inverse_unit_));
      centres.coordinates[l * pairs_ * 2 + d] = static_cast<std::int16_t>(-2 * rounded);
      centres.constant[l] += rounded * rounded;
    }
  }
  return centres;
}

template <class T>
double SeedFilter<T>::pass(const Context& context, const std::vector<float>& chosen, const std::vector<float>& candidates,
                           const float* weight, AlignedVector<float>& closest, std::vector<double>& piece_sums) {
  const std::size_t chosen_count = chosen.size() / dimensions_;
  const std::size_t count = candidates.size() / dimensions_;
  std::vector<float> rows = chosen;
  rows.insert(rows.end(), candidates.begin(), candidates.end());
  const Centres centres = centres_of(rows);
  const auto& of_rows = row_kernels<T>(kernels_);
  std::vector<std::size_t> looked_at(pieces_.count, 0);
  piece_sums.assign(pieces_.count * count, 0.0);
  candidate_count_ = count;
  part_sums_.assign(pieces_.count * parts_of_piece_ * count, 0.0);
  const auto part = [&](Range range, double* sums, std::uint32_t* lists, std::size_t* counts) {
    constexpr std::size_t stride = part_points + block_points;
    const std::size_t begin = range.begin;
    const std::size_t groups = chunk_count(range.end - begin, group_points);
    const NearerRows<T> from{points_.row(begin), dimensions_, offset_.data(), static_cast<T>(points_.scale())};
    kernels_.may_be_nearer(coordinates_.data() + begin * pairs_ * 2, groups * blocks_per_group, pairs_,
                           centres.coordinates.data(), centres.constant.data(), centres.count, limits_.data() + begin,
                           lists, stride, counts);
    // The rows are far apart in memory: all are asked for before the first is waited for.
    std::size_t looked = 0;
    for (std::size_t c = 0; c < centres.count; ++c) {
      for (std::size_t k = 0; k < counts[c]; ++k) __builtin_prefetch(from.rows + lists[c * stride + k] * dimensions_);
      if (c >= chosen_count) looked += counts[c];
    }
    std::uint32_t stale = 0;  // groups whose sums are
    std::uint32_t changed[part_points + 1];
    for (std::size_t c = 0; c < chosen_count; ++c) {
      const std::size_t lowered = of_rows.lower_closest(from, rows.data() + c * dimensions_, lists + c * stride,
                                                        counts[c], closest.data() + begin, changed);
      for (std::size_t k = 0; k < lowered; ++k) {
        const std::size_t i = begin + changed[k];
        kernels_.filter_limits(closest.data() + i, norms_.data() + i, 1, stretch_, slack_, limits_.data() + i);
        stale |= 1U << (changed[k] / group_points);
      }
    }
    double base = 0;
    for (std::size_t g = 0; g < groups; ++g) {
      const std::size_t group = begin / group_points + g;
      if ((stale >> g & 1U) != 0) group_sums_[group] = sum_of_group(group, weight, closest);
      base += group_sums_[group];
    }
    for (std::size_t l = 0; l < count; ++l) {
      const std::size_t c = chosen_count + l;
      sums[l] = base - of_rows.gain(from, rows.data() + c * dimensions_, lists + c * stride, counts[c],
                                    closest.data() + begin, weight == nullptr ? nullptr : weight + begin);
      if (sums[l] > base * 0x1p-20) continue;
      // So little is left that the difference might be rounding only, where nothing may be left.
      AlignedVector<float> buffer(dimensions_ > register_dimensions ? 0 : group_points * dimensions_);
      sums[l] = 0;
      for (std::size_t at = begin; at < range.end; at += group_points) {
        double of_group = 0;
        kernels_.try_seeds(points_.groups(kernels_, at, std::min(group_points, range.end - at), buffer.data()), 1,
                           dimensions_, weight == nullptr ? nullptr : weight + at, nullptr, 0,
                           candidates.data() + l * dimensions_, 1, closest.data() + at, &of_group);
        sums[l] += of_group;
      }
    }
    return looked;
  };
  interruptible_for(
      context, pieces_.count,
      [&](std::size_t piece) {
        const Range range = chunk_range(points_.size(), pieces_.points, piece);
        std::vector<std::uint32_t> lists(centres.count * (part_points + block_points));
        std::vector<std::size_t> counts(centres.count);
        double* part_sums = part_sums_.data() + piece * parts_of_piece_ * count;
        for (std::size_t begin = range.begin; begin < range.end; begin += part_points, part_sums += count) {
          looked_at[piece] +=
              part({begin, std::min(begin + part_points, range.end)}, part_sums, lists.data(), counts.data());
          for (std::size_t l = 0; l < count; ++l) piece_sums[piece * count + l] += part_sums[l];
        }
      },
      static_cast<double>(points_.size() * centres.count * (dimensions_ + 4)) * 0.03);
  std::size_t all = 0;
  for (const std::size_t some : looked_at) all += some;
  return static_cast<double>(all) /
         (static_cast<double>(points_.size()) * static_cast<double>(std::max<std::size_t>(count, 1)));
}

template <class T>
Range SeedFilter<T>::part_of_piece(std::size_t piece, std::size_t l, double& left) const noexcept {
  const Range range = chunk_range(points_.size(), pieces_.points, piece);
  const double* sums = part_sums_.data() + piece * parts_of_piece_ * candidate_count_ + l;
  Range holder = {range.begin, std::min(range.begin + part_points, range.end)};  // the last part with any
  double before = left;
  for (std::size_t p = 0; range.begin + p * part_points < range.end; ++p) {
    const double sum = sums[p * candidate_count_];
    if (sum > 0) {
      const std::size_t begin = range.begin + p * part_points;
      holder = {begin, std::min(begin + part_points, range.end)};
      before = left;
    }
    if (left < sum) break;
    left -= sum;
  }
  left = before;
  return holder;
}

template class SeedFilter<float>;
template class SeedFilter<double>;

}  // namespace diskern::clustering

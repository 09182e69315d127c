#include "clustering/kmeans_assignment.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/executor.hpp"

namespace diskern::clustering {

Nearest nearest_centre(const double* point, const double* centres, std::size_t count, std::size_t dimensions) noexcept {
  Nearest best{0, std::numeric_limits<double>::infinity()};
  for (std::size_t k = 0; k < count; ++k) {
    double sum = 0;
    for (std::size_t d = 0; d < dimensions; ++d) {
      const double difference = point[d] - centres[k * dimensions + d];
      sum += difference * difference;
    }
    if (sum < best.squared_distance) best = {static_cast<std::int32_t>(k), sum};
  }
  return best;
}

void CentreSet::prepare(const double* centres, std::size_t count, std::size_t dimensions, const double* offset,
                        double scale) {
  constexpr float absent = -3.4e38F;  // a score that none falls below
  const bool tiled = dimensions > register_dimensions;
  count_ = count;
  dimensions_ = dimensions;
  padded_ = tiled ? chunk_count(count, tile_centres) * tile_centres : count;
  coordinates_.assign(padded_ * dimensions, 0.0F);
  constant_.assign(padded_, absent);
  transposed_count_ = chunk_count(count, 8) * 8;
  transposed_.assign(transposed_count_ * dimensions, 0.0);
  double largest_square = 0;
  for (std::size_t k = 0; k < count; ++k) {
    double square = 0;
    for (std::size_t d = 0; d < dimensions; ++d) {
      const double c = (centres[k * dimensions + d] - offset[d]) * scale;
      square += c * c;
      const std::size_t place =
          tiled ? (k / tile_centres * dimensions + d) * tile_centres + k % tile_centres : k * dimensions + d;
      coordinates_[place] = static_cast<float>(c);
      transposed_[d * transposed_count_ + k] = centres[k * dimensions + d];
    }
    constant_[k] = static_cast<float>(-0.5 * square);
    largest_square = !(square <= largest_square) ? square : largest_square;
  }
  // A score is x.c - |c|^2 / 2 of centred and scaled coordinates, at most s = |x||c| + |c|^2 / 2 in size. Its error:
  // coordinates and constant rounded to float32 and the sum of d + 1 terms, fused or not, (2 d + 6) 2^-24 s; the lowest
  // bits that give way to the index, 2^(index_bits - 23) s; underflow. The distances it stands for are themselves
  // rounded sums of float64, (d + 4) 2^-53 of (|x| + |c|)^2 each, as are the differences with the offset. All that for
  // two scores, and a little more for what is rounded here.
  const double c = std::sqrt(largest_square) * (1 + 1e-6);
  const auto d = static_cast<double>(dimensions);
  const double error = 2 * ((2 * d + 6) * 0x1p-24 + std::ldexp(1.0, static_cast<int>(index_bits) - 23)) * (1 + 1e-5);
  const double exact = (d + 8) * 0x1p-51;
  band_[0] = error * 0.5 * c * c + exact * c * c + 1e-35;
  band_[1] = error * c + 2 * exact * c;
  band_[2] = exact;
  // Above, products might leave the range of float32. Also where a centre is no number.
  largest_band_ = c < 1e18 ? 1e36 * error : 0.0;
}

Nearest CentreSet::nearest(const KMeansKernels& kernels, const double* point, double* distances) const noexcept {
  squared_distances(kernels, point, distances);
  Nearest best{0, distances[0]};
  for (std::size_t k = 1; k < count_; ++k) {
    if (distances[k] < best.squared_distance) best = {static_cast<std::int32_t>(k), distances[k]};
  }
  return best;
}

template <class T>
std::size_t assign_rows(const KMeansKernels& kernels, const CentreSet& centres, const T* rows, std::size_t count,
                        const float* blocks, const float* norms, std::int32_t* labels, AssignmentScratch& scratch,
                        bool reference, const Ahead& ahead) {
  const std::size_t dimensions = centres.dimensions();
  const std::size_t groups = chunk_count(count, group_points);
  scratch.band.resize(groups * blocks_per_group);
  scratch.uncertain.resize(groups);
  scratch.point.resize(dimensions);
  scratch.distances.resize(centres.transposed_count());
  if (reference) {
    std::fill_n(scratch.uncertain.begin(), groups, ~std::uint64_t{0});
  } else {
    for (std::size_t b = 0; b < groups * blocks_per_group; ++b) scratch.band[b] = centres.band(norms[b]);
    if (scratch.want_scores) {
      scratch.first.resize(groups * group_points);
      scratch.second.resize(groups * group_points);
    }
    for (std::size_t group = 0; group < groups; ++group) {
      const std::size_t begin = group * group_points;
      ahead.fetch(group);
      kernels.assign(blocks + begin * dimensions, 1, scratch.band.data() + group * blocks_per_group, centres.tiles(),
                     labels + begin, scratch.uncertain.data() + group,
                     scratch.want_scores ? scratch.first.data() + begin : nullptr,
                     scratch.want_scores ? scratch.second.data() + begin : nullptr);
    }
  }
  std::size_t decided = 0;
  for (std::size_t group = 0; group < groups; ++group) {
    for (std::uint64_t bits = scratch.uncertain[group]; bits != 0; bits &= bits - 1) {
      const std::size_t i = group * group_points + static_cast<std::size_t>(__builtin_ctzll(bits));
      if (i >= count) {
        labels[i] = 0;  // padding
        continue;
      }
      for (std::size_t d = 0; d < dimensions; ++d) {
        scratch.point[d] = static_cast<double>(rows[i * dimensions + d]);
      }
      labels[i] = centres.nearest(kernels, scratch.point.data(), scratch.distances.data()).label;
      ++decided;
    }
  }
  return decided;
}

template std::size_t assign_rows(const KMeansKernels&, const CentreSet&, const float*, std::size_t, const float*,
                                 const float*, std::int32_t*, AssignmentScratch&, bool, const Ahead&);
template std::size_t assign_rows(const KMeansKernels&, const CentreSet&, const double*, std::size_t, const float*,
                                 const float*, std::int32_t*, AssignmentScratch&, bool, const Ahead&);

}  // namespace diskern::clustering

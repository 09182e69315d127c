#pragma once
// Distances of one query to the points of a leaf and to boxes. Part of the k-d tree kernel unit.

#include "neighbours/kd_tree_vector.hpp"

namespace diskern::DISKERN_ISA_NAMESPACE {

namespace {

// Distances of one query. Internal linkage, so instances of one level never stand in for another's. fixed: number of
// dimensions; 0: as many as the tree says. A Minkowski distance is never below the largest difference (Chebyshev), which
// is what stands in for it in float32.
template <Metric metric, size_t fixed, bool periodic>
struct Distances {
  const KdTreeView& tree;
  const KdQuery& query;
  size_t dimensions;

  DISKERN_INLINE Distances(const KdTreeView& of, const KdQuery& with)
      : tree(of), query(with), dimensions(fixed == 0 ? of.dimensions : fixed) {}

  static DISKERN_INLINE Single::Type accumulate(Single::Type sum, Single::Type difference) {
    if (metric == Metric::euclidean) return Single::square_add(difference, sum);
    if (metric == Metric::manhattan) return Single::add(sum, Single::absolute(difference));
    return Single::larger(sum, Single::absolute(difference));
  }

  // Which of the 16 slots at `slot` of a leaf are within the float32 limit.
  DISKERN_INLINE uint32_t near(size_t leaf, size_t slot, float limit) const {
    const float* x = tree.single + leaf * tree.capacity * dimensions + slot;
    uint32_t mask = 0;
    for (size_t lane = 0; lane < kd_leaf_multiple; lane += Single::lanes) {
      Single::Type sum = Single::broadcast(0.0F);
      for (size_t d = 0; d < dimensions; ++d) {
        Single::Type difference =
            Single::subtract(Single::load(x + d * tree.capacity + lane), Single::broadcast(query.single[d]));
        if (periodic) {
          const Single::Type direct = Single::absolute(difference);
          difference = Single::smaller(Single::subtract(Single::broadcast(tree.period32[d]), direct), direct);
        }
        sum = accumulate(sum, difference);
      }
      mask |= Single::at_most(sum, Single::broadcast(limit)) << lane;
    }
    return mask;
  }

  // Distances to the boxes of the children, and which are within the limit.
  DISKERN_INLINE uint32_t children(const float* box, float limit, float* bound) const {
    const Single::Type zero = Single::broadcast(0.0F);
    uint32_t mask = 0;
    for (size_t lane = 0; lane < kd_fan_out; lane += Single::lanes) {
      Single::Type sum = zero;
      for (size_t d = 0; d < dimensions; ++d) {
        const Single::Type q = Single::broadcast(query.single[d]);
        const Single::Type low = Single::load(box + 2 * d * kd_fan_out + lane);
        const Single::Type high = Single::load(box + (2 * d + 1) * kd_fan_out + lane);
        Single::Type outside =
            Single::larger(Single::larger(Single::subtract(low, q), Single::subtract(q, high)), zero);
        if (periodic) {
          // Around the axis: the period less the way to the farther side.
          const Single::Type farther = Single::larger(Single::subtract(high, q), Single::subtract(q, low));
          const Single::Type around = Single::subtract(Single::broadcast(tree.period32[d]), farther);
          outside = Single::smaller(outside, Single::larger(around, zero));
        }
        sum = accumulate(sum, outside);
      }
      Single::store(bound + lane, sum);
      mask |= Single::at_most(sum, Single::broadcast(limit)) << lane;
    }
    return mask;
  }

  // Which children lie within the limit as a whole (never more than there are).
  DISKERN_INLINE uint32_t swallowed(const float* box, float limit) const {
    uint32_t mask = 0;
    for (size_t lane = 0; lane < kd_fan_out; lane += Single::lanes) {
      Single::Type sum = Single::broadcast(0.0F);
      for (size_t d = 0; d < dimensions; ++d) {
        const Single::Type q = Single::broadcast(query.single[d]);
        const Single::Type low = Single::load(box + 2 * d * kd_fan_out + lane);
        const Single::Type high = Single::load(box + (2 * d + 1) * kd_fan_out + lane);
        sum = accumulate(sum, Single::larger(Single::subtract(high, q), Single::subtract(q, low)));
      }
      mask |= Single::at_most(sum, Single::broadcast(limit)) << lane;
    }
    return mask;
  }

  // Reduced distances in float64 of those of the 16 slots that are in the mask; returns which are within the limit.
  DISKERN_INLINE uint32_t judge(size_t leaf, size_t slot, uint32_t mask, double limit, double* distance) const {
    const double* x = tree.exact + leaf * tree.capacity * dimensions + slot;
    if (metric == Metric::minkowski) {
      uint32_t within = 0;
      for (; mask != 0; mask &= mask - 1) {
        const auto j = static_cast<size_t>(__builtin_ctz(mask));
        double sum = 0;
        for (size_t d = 0; d < dimensions; ++d) {
          double difference = __builtin_fabs(x[d * tree.capacity + j] - query.exact[d]);
          if (periodic) difference = tree.period[d] - difference < difference ? tree.period[d] - difference : difference;
          sum += pow(difference, tree.power);
        }
        distance[j] = sum;
        if (sum <= limit) within |= 1U << j;
      }
      return within;
    }
    uint32_t within = 0;
    constexpr uint32_t block = (1U << Double::lanes) - 1U;
    for (size_t lane = 0; lane < kd_leaf_multiple; lane += Double::lanes) {
      if ((mask >> lane & block) == 0) continue;
      Double::Type sum = Double::broadcast(0.0);
      for (size_t d = 0; d < dimensions; ++d) {
        Double::Type difference = Double::load(x + d * tree.capacity + lane) - Double::broadcast(query.exact[d]);
        if (periodic) {
          const Double::Type direct = Double::absolute(difference);
          difference = Double::smaller(Double::broadcast(tree.period[d]) - direct, direct);
        }
        if (metric == Metric::euclidean) {
          sum = sum + difference * difference;
        } else if (metric == Metric::manhattan) {
          sum = sum + Double::absolute(difference);
        } else {
          sum = Double::larger(sum, Double::absolute(difference));
        }
      }
      Double::store(distance + lane, sum);
      within |= Double::at_most(sum, Double::broadcast(limit)) << lane;
    }
    return within & mask;
  }

  // From a reduced distance to one in the scaled units of float32.
  DISKERN_INLINE double scaled(double reduced) const {
    if (metric == Metric::euclidean) return __builtin_sqrt(reduced) * tree.scale;
    if (metric == Metric::minkowski) return pow(reduced, 1.0 / tree.power) * tree.scale * (1.0 + 1e-12);
    return reduced * tree.scale;
  }
  DISKERN_INLINE double rounding() const { return static_cast<double>(dimensions + 8) * 0x1p-22; }
  // No point within `reduced` has a larger float32 distance. The last addition covers float32's smallest numbers.
  DISKERN_INLINE float upper_limit(double reduced) const {
    // Squares and powers that are too small for float64 have become zero.
    const bool powers = metric == Metric::euclidean || metric == Metric::minkowski;
    const double reach = scaled(powers ? reduced + least_power : reduced) + query.error;
    const double limit = metric == Metric::euclidean ? reach * reach : reach;
    const double safe = limit * (1.0 + rounding()) + 1e-35;
    return safe < 3e38 ? static_cast<float>(safe) : infinity;
  }
  // Every point with a float32 distance up to this is within `reduced`; negative: none is sure to be.
  DISKERN_INLINE float lower_limit(double reduced) const {
    if (metric == Metric::minkowski || reduced < least_power) return -1.0F;
    const double reach = scaled(reduced) - query.error;
    if (!(reach > 0)) return -1.0F;
    const double limit = metric == Metric::euclidean ? reach * reach : reach;
    const double safe = limit * (1.0 - rounding()) - 1e-35;
    return safe < 3e38 ? static_cast<float>(safe) : 3e38F;
  }
};

}  // namespace

}  // namespace diskern::DISKERN_ISA_NAMESPACE

#include "neighbours/kd_tree.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "base/dispatch.hpp"
#include "base/executor.hpp"
#include "diskern/error.hpp"

namespace diskern {

namespace isa_scalar {
extern const KdTreeKernels kd_tree_kernels;
}
namespace isa_avx2 {
extern const KdTreeKernels kd_tree_kernels;
}
namespace isa_avx512 {
extern const KdTreeKernels kd_tree_kernels;
}
namespace isa_neon {
extern const KdTreeKernels kd_tree_kernels;
}

namespace {

constexpr KernelTables<KdTreeKernels> tables = {
    &isa_scalar::kd_tree_kernels,
#if defined(DISKERN_HAVE_AVX2)
    &isa_avx2::kd_tree_kernels,
#else
    nullptr,
#endif
#if defined(DISKERN_HAVE_AVX512)
    &isa_avx512::kd_tree_kernels,
#else
    nullptr,
#endif
#if defined(DISKERN_HAVE_NEON)
    &isa_neon::kd_tree_kernels,
#else
    nullptr,
#endif
};

constexpr double largest_coordinate = 1e150;  // squares of differences stay finite
// Points looked at to choose the dimension of a split.
constexpr std::size_t split_sample = 64;
// Levels of two children after which a thread has a subtree of its own.
constexpr std::size_t shared_levels = 6;
constexpr std::size_t fan_out_bits = 4;
constexpr std::size_t usual_leaf = 32;   // points
constexpr std::size_t full_leaves = 16;  // dimensions from which on leaves may be larger
static_assert(std::size_t{1} << fan_out_bits == kd_fan_out);

void check_points(View<const double, 2> points, const char* what, double largest) {
  for (std::size_t i = 0; i < points.rows(); ++i) {
    for (std::size_t d = 0; d < points.columns(); ++d) {
      if (!(std::abs(points(i, d)) <= largest)) {
        throw InvalidArgument("coordinate " + std::to_string(d) + " of " + what + " " + std::to_string(i) + " is " +
                              std::to_string(points(i, d)) + "; expected finite numbers up to 1e150");
      }
    }
  }
}

}  // namespace

const KdTreeKernels& kd_tree_kernels(InstructionSet level) { return tables.at(level); }

void KdTree::use_kernels(InstructionSet level) { kernels_ = &kd_tree_kernels(level); }

void check_distance(const Distance& distance, std::size_t dimensions) {
  if (distance.metric == Metric::haversine) throw InvalidArgument("a k-d tree has no haversine distance");
  if (distance.metric == Metric::minkowski && !(distance.power > 0 && std::isfinite(distance.power))) {
    throw InvalidArgument("the power of a Minkowski distance must be a positive number, got " +
                          std::to_string(distance.power));
  }
  if (!distance.periods.empty() && distance.periods.size() != dimensions) {
    throw InvalidArgument("one period per dimension is expected: " + std::to_string(dimensions) + ", got " +
                          std::to_string(distance.periods.size()));
  }
  for (const double period : distance.periods) {
    if (!(period >= 0) || !std::isfinite(period)) {
      throw InvalidArgument("periods must be positive numbers (0: not periodic), got " + std::to_string(period));
    }
  }
}

double KdTree::coordinate(double x, std::size_t d) const noexcept {
  // Exact, and the number itself where it is within half a period of zero.
  return period_.empty() || std::isinf(period_[d]) ? x : std::remainder(x, period_[d]);
}

void KdTree::build(const Context& context, View<const double, 2> points, const Distance& distance,
                   View<const double, 2> weights) {
  const std::size_t n = points.rows();
  const std::size_t dimensions = points.columns();
  if (n == 0) throw InvalidArgument("no points: at least one is needed");
  if (dimensions == 0) throw InvalidArgument("the points have no coordinates");
  if (n >= std::numeric_limits<std::uint32_t>::max()) {
    throw InvalidArgument("at most 2^32 - 2 points can be searched, got " + std::to_string(n));
  }
  check_distance(distance, dimensions);
  if (context.device != Device::cpu) throw InvalidArgument("neighbours are searched on the CPU only");
  if (!weights.empty() && weights.rows() != n) {
    throw InvalidArgument("one row of weights per point is expected: " + std::to_string(n) + ", got " +
                          std::to_string(weights.rows()));
  }
  kernels_ = &kd_tree_kernels(instruction_set());
  distance_ = distance;
  period_.clear();
  period32_.clear();
  if (std::any_of(distance.periods.begin(), distance.periods.end(), [](double period) { return period > 0; })) {
    for (const double period : distance.periods) {
      period_.push_back(period > 0 ? period : std::numeric_limits<double>::infinity());
    }
  }

  view_ = {};
  view_.size = n;
  view_.dimensions = dimensions;
  view_.power = distance.power;
  bits_ = 0;
  // Where all leaves may be looked at, empty slots cost as much as points: 25 to 32 or 33 to 48 points a leaf.
  const bool products = distance.metric == Metric::euclidean && period_.empty() && dimensions >= fewest_dimensions_of_products;
  const std::size_t most = products && dimensions >= full_leaves ? largest_leaf : usual_leaf;
  while ((n + (std::size_t{1} << bits_) - 1) >> bits_ > most) ++bits_;
  view_.leaves = std::size_t{1} << bits_;
  const std::size_t longest = (n + view_.leaves - 1) / view_.leaves;
  view_.capacity = (longest + kd_leaf_multiple - 1) / kd_leaf_multiple * kd_leaf_multiple;
  view_.levels = (bits_ + fan_out_bits - 1) / fan_out_bits;
  view_.root_children = bits_ == 0 ? 0 : std::size_t{1} << (bits_ - fan_out_bits * (view_.levels - 1));

  choose_scale(context, points);
  split(context, points);
  fill_leaves(context, points, weights);
  join_boxes();
  half_squares_.clear();
  if (products) sum_squares(context);

  box_pointers_.clear();
  for (const AlignedVector<float>& level : boxes_) box_pointers_.push_back(level.data());
  weight_sum_pointers_.clear();
  for (const std::vector<double>& level : weight_sums_) weight_sum_pointers_.push_back(level.data());
  view_.box = box_pointers_.data();
  view_.single = single_.data();
  view_.exact = exact_.data();
  view_.index = index_.data();
  view_.half_squares = half_squares_.empty() ? nullptr : half_squares_.data();
  view_.period = period_.empty() ? nullptr : period_.data();
  view_.period32 = period_.empty() ? nullptr : period32_.data();
  view_.weight_sums = weight_sum_pointers_.data();
  view_.weights = weights_.data();
}

// The lowest and highest coordinates, row by row since rows are what lies together in memory; false where a coordinate is
// not finite or too large.
bool KdTree::find_extent(const Context& context, View<const double, 2> points, std::vector<double>& low,
                         std::vector<double>& high) const {
  const std::size_t dimensions = points.columns();
  constexpr std::size_t rows_per_chunk = 4096;
  const std::size_t chunks = chunk_count(points.rows(), rows_per_chunk);
  constexpr double infinity = std::numeric_limits<double>::infinity();
  std::vector<double> lows(chunks * dimensions, infinity);
  std::vector<double> highs(chunks * dimensions, -infinity);
  std::vector<std::uint8_t> good(chunks, 1);
  parallel_for(
      context, chunks,
      [&](std::size_t chunk) {
        const Range range = chunk_range(points.rows(), rows_per_chunk, chunk);
        double* lowest = lows.data() + chunk * dimensions;
        double* highest = highs.data() + chunk * dimensions;
        bool all = true;
        for (std::size_t i = range.begin; i < range.end; ++i) {
          for (std::size_t d = 0; d < dimensions; ++d) {
            const double given = points(i, d);
            all = all && std::abs(given) <= largest_coordinate;
            const double x = coordinate(given, d);
            lowest[d] = x < lowest[d] ? x : lowest[d];
            highest[d] = x > highest[d] ? x : highest[d];
          }
        }
        good[chunk] = all ? 1 : 0;
      },
      static_cast<double>(points.rows() * dimensions) * 1.0);
  low.assign(lows.begin(), lows.begin() + static_cast<std::ptrdiff_t>(dimensions));
  high.assign(highs.begin(), highs.begin() + static_cast<std::ptrdiff_t>(dimensions));
  for (std::size_t chunk = 1; chunk < chunks; ++chunk) {
    for (std::size_t d = 0; d < dimensions; ++d) {
      low[d] = std::min(low[d], lows[chunk * dimensions + d]);
      high[d] = std::max(high[d], highs[chunk * dimensions + d]);
    }
  }
  return std::all_of(good.begin(), good.end(), [](std::uint8_t one) { return one != 0; });
}

// float32 holds (x - centre) * scale with values up to about one.
void KdTree::choose_scale(const Context& context, View<const double, 2> points) {
  const std::size_t dimensions = points.columns();
  centre_.assign(dimensions, 0.0);
  single_extent_.assign(dimensions, 0.0);
  double widest = 0;
  std::vector<double> extent(dimensions);
  std::vector<double> low;
  std::vector<double> high;
  if (!find_extent(context, points, low, high)) check_points(points, "point", largest_coordinate);  // names the first
  for (std::size_t d = 0; d < dimensions; ++d) {
    centre_[d] = low[d] / 2 + high[d] / 2;
    extent[d] = std::max(high[d] - centre_[d], centre_[d] - low[d]);
    widest = std::max(widest, extent[d]);
  }
  int exponent = 0;
  if (widest > 0) std::frexp(widest, &exponent);
  view_.scale = std::ldexp(1.0, std::clamp(-exponent, -1000, 1000));
  for (std::size_t d = 0; d < dimensions; ++d) {
    single_extent_[d] = extent[d] * view_.scale;
    if (!period_.empty()) {
      period32_.push_back(static_cast<float>(std::min(period_[d] * view_.scale, 3e38)));
      if (std::isinf(period_[d])) {
        period32_.back() = std::numeric_limits<float>::infinity();
      } else {
        single_extent_[d] += static_cast<double>(period32_.back());
      }
    }
  }
}

// Halves of equal size, again and again: node i of level l has the places n * i / 2^l to n * (i + 1) / 2^l - 1.
void KdTree::split(const Context& context, View<const double, 2> points) {
  struct Key {
    double x;
    std::uint32_t index;
  };
  const std::size_t n = points.rows();
  const std::size_t dimensions = points.columns();
  order_.resize(n);
  std::iota(order_.begin(), order_.end(), 0U);
  split_dimension_.assign(view_.leaves, 0);
  split_value_.assign(view_.leaves, 0.0);
  std::vector<Key> keys(n);
  const auto split_node = [&](std::size_t level, std::size_t node) {
    const std::size_t begin = n * node >> level;
    const std::size_t end = n * (node + 1) >> level;
    const std::size_t middle = n * (2 * node + 1) >> (level + 1);
    const std::size_t step = std::max<std::size_t>((end - begin) / split_sample, 1);
    std::size_t chosen = 0;
    double widest = -1;
    for (std::size_t d = 0; d < dimensions; ++d) {
      double low = coordinate(points(order_[begin], d), d);
      double high = low;
      for (std::size_t i = begin; i < end; i += step) {
        const double x = coordinate(points(order_[i], d), d);
        low = std::min(low, x);
        high = std::max(high, x);
      }
      if (high - low > widest) {
        widest = high - low;
        chosen = d;
      }
    }
    for (std::size_t i = begin; i < end; ++i) keys[i] = {coordinate(points(order_[i], chosen), chosen), order_[i]};
    const auto at = [&](std::size_t i) { return keys.begin() + static_cast<std::ptrdiff_t>(i); };
    if (middle < end) {
      std::nth_element(at(begin), at(middle), at(end), [](const Key& a, const Key& b) { return a.x < b.x; });
      split_value_[(std::size_t{1} << level) + node] = keys[middle].x;
    }
    split_dimension_[(std::size_t{1} << level) + node] = static_cast<std::uint32_t>(chosen);
    for (std::size_t i = begin; i < end; ++i) order_[i] = keys[i].index;
  };
  const std::size_t shared = std::min(shared_levels, bits_);
  const double work = static_cast<double>(n) * 15.0;
  for (std::size_t level = 0; level < shared; ++level) {
    interruptible_for(context, std::size_t{1} << level, [&](std::size_t node) { split_node(level, node); }, work);
  }
  interruptible_for(
      context, std::size_t{1} << shared,
      [&](std::size_t subtree) {
        for (std::size_t level = shared; level < bits_; ++level) {
          const std::size_t nodes = std::size_t{1} << (level - shared);
          for (std::size_t node = subtree * nodes; node < (subtree + 1) * nodes; ++node) split_node(level, node);
        }
      },
      work * static_cast<double>(bits_));
}

void KdTree::fill_leaves(const Context& context, View<const double, 2> points, View<const double, 2> weights) {
  const std::size_t n = view_.size;
  const std::size_t dimensions = view_.dimensions;
  const std::size_t capacity = view_.capacity;
  const std::size_t slots = view_.leaves * capacity;
  view_.weight_columns = weights.empty() ? 0 : weights.columns();
  single_.resize(slots * dimensions);
  exact_.resize(slots * dimensions);
  index_.resize(slots);
  weights_.resize(slots * view_.weight_columns);
  boxes_.resize(view_.levels);
  std::size_t nodes = 1;
  for (std::size_t level = 0; level < view_.levels; ++level) {
    boxes_[level].assign(nodes * 2 * dimensions * kd_fan_out, 0.0F);
    nodes *= level == 0 ? view_.root_children : kd_fan_out;
  }
  weight_sums_.assign(view_.levels + 1, {});
  weight_sums_[view_.levels].assign(view_.leaves * view_.weight_columns, 0.0);
  constexpr std::size_t leaves_per_chunk = 256;
  parallel_for(
      context, chunk_count(view_.leaves, leaves_per_chunk),
      [&](std::size_t chunk) {
        const Range range = chunk_range(view_.leaves, leaves_per_chunk, chunk);
        for (std::size_t leaf = range.begin; leaf < range.end; ++leaf) {
          const std::size_t begin = n * leaf >> bits_;
          const std::size_t count = (n * (leaf + 1) >> bits_) - begin;
          std::sort(order_.begin() + static_cast<std::ptrdiff_t>(begin),
                    order_.begin() + static_cast<std::ptrdiff_t>(begin + count));
          std::uint32_t* index = index_.data() + leaf * capacity;
          std::copy_n(order_.data() + begin, count, index);
          std::fill(index + count, index + capacity, std::numeric_limits<std::uint32_t>::max());
          for (std::size_t d = 0; d < dimensions; ++d) {
            float* single = single_.data() + (leaf * dimensions + d) * capacity;
            double* exact = exact_.data() + (leaf * dimensions + d) * capacity;
            float low = std::numeric_limits<float>::infinity();
            float high = -low;
            for (std::size_t k = 0; k < count; ++k) {
              exact[k] = coordinate(points(index[k], d), d);
              single[k] = static_cast<float>((exact[k] - centre_[d]) * view_.scale);
              low = std::min(low, single[k]);
              high = std::max(high, single[k]);
            }
            std::fill(exact + count, exact + capacity, std::numeric_limits<double>::quiet_NaN());
            std::fill(single + count, single + capacity, std::numeric_limits<float>::quiet_NaN());
            if (view_.levels == 0) continue;
            float* box = boxes_[view_.levels - 1].data() + leaf / kd_fan_out * 2 * dimensions * kd_fan_out;
            // The only inner node may have fewer than 16 children, so its leaves are its own as well.
            box[2 * d * kd_fan_out + leaf % kd_fan_out] = low;
            box[(2 * d + 1) * kd_fan_out + leaf % kd_fan_out] = high;
          }
          for (std::size_t c = 0; c < view_.weight_columns; ++c) {
            double* weight = weights_.data() + (leaf * view_.weight_columns + c) * capacity;
            double sum = 0;
            for (std::size_t k = 0; k < count; ++k) {
              weight[k] = weights(index[k], c);
              sum += weight[k];
            }
            std::fill(weight + count, weight + capacity, 0.0);
            weight_sums_[view_.levels][leaf * view_.weight_columns + c] = sum;
          }
        }
      },
      static_cast<double>(n * dimensions) * 4.0);
}

void KdTree::sum_squares(const Context& context) {
  const std::size_t capacity = view_.capacity;
  half_squares_.resize(view_.leaves * capacity);
  constexpr std::size_t leaves_per_chunk = 256;
  parallel_for(
      context, chunk_count(view_.leaves, leaves_per_chunk),
      [&](std::size_t chunk) {
        const Range range = chunk_range(view_.leaves, leaves_per_chunk, chunk);
        std::vector<double> sum(capacity);
        for (std::size_t leaf = range.begin; leaf < range.end; ++leaf) {
          std::fill(sum.begin(), sum.end(), 0.0);
          for (std::size_t d = 0; d < view_.dimensions; ++d) {
            const float* x = single_.data() + (leaf * view_.dimensions + d) * capacity;
            for (std::size_t k = 0; k < capacity; ++k) sum[k] += static_cast<double>(x[k]) * static_cast<double>(x[k]);
          }
          for (std::size_t k = 0; k < capacity; ++k) half_squares_[leaf * capacity + k] = static_cast<float>(0.5 * sum[k]);
        }
      },
      static_cast<double>(view_.size * view_.dimensions));
  float largest = 0;  // slots without a point have NaN
  for (const float half : half_squares_) largest = half > largest ? half : largest;
  view_.largest_norm = std::sqrt(2.0 * static_cast<double>(largest)) * (1.0 + 1e-6);
}

void KdTree::join_boxes() {
  const std::size_t dimensions = view_.dimensions;
  for (std::size_t level = view_.levels; level-- > 0;) {
    const std::size_t children = level == 0 ? view_.root_children : kd_fan_out;
    const std::size_t nodes = boxes_[level].size() / (2 * dimensions * kd_fan_out);
    if (level > 0) {
      for (std::size_t node = 0; node < nodes; ++node) {
        const float* own = boxes_[level].data() + node * 2 * dimensions * kd_fan_out;
        float* parent = boxes_[level - 1].data() + node / kd_fan_out * 2 * dimensions * kd_fan_out;
        for (std::size_t d = 0; d < dimensions; ++d) {
          const float* low = own + 2 * d * kd_fan_out;
          const float* high = low + kd_fan_out;
          parent[2 * d * kd_fan_out + node % kd_fan_out] = *std::min_element(low, low + children);
          parent[(2 * d + 1) * kd_fan_out + node % kd_fan_out] = *std::max_element(high, high + children);
        }
      }
    }
    weight_sums_[level].assign(nodes * view_.weight_columns, 0.0);
    for (std::size_t node = 0; node < nodes; ++node) {
      for (std::size_t child = 0; child < children; ++child) {
        for (std::size_t c = 0; c < view_.weight_columns; ++c) {
          weight_sums_[level][node * view_.weight_columns + c] +=
              weight_sums_[level + 1][(node * kd_fan_out + child) * view_.weight_columns + c];
        }
      }
    }
  }
}

std::size_t KdTree::memory_bytes() const noexcept {
  std::size_t bytes = (single_.size() + half_squares_.size()) * sizeof(float) + (exact_.size() + weights_.size()) * sizeof(double) +
                      index_.size() * sizeof(std::uint32_t) + order_.size() * sizeof(std::uint32_t) +
                      split_value_.size() * (sizeof(double) + sizeof(std::uint32_t));
  for (const AlignedVector<float>& level : boxes_) bytes += level.size() * sizeof(float);
  for (const std::vector<double>& level : weight_sums_) bytes += level.size() * sizeof(double);
  return bytes;
}

}  // namespace diskern

#include "neighbours/grid.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <functional>
#include <numeric>

#include "base/executor.hpp"

namespace diskern {

namespace {

constexpr std::size_t chunk_size = 16384;
constexpr unsigned digit_bits = 11;
constexpr std::size_t digits = std::size_t{1} << digit_bits;
// More cells than this on an axis and the rounding of a coordinate could reach over the margin of a cell.
constexpr double most_cells = 0x1p38;
// Cells are wider than the radius by this, so that rounding cannot put two points at the radius two cells apart:
// 2 * 2^38 * 2^-52 is far below it.
constexpr double margin = 1.0 + 0x1p-10;
// Neighbourhoods of four dimensions are 27 runs; in five and more, 9 runs of three dimensions examine fewer cells.
constexpr std::size_t most_axes = 4;
constexpr std::size_t axes_of_many_dimensions = 3;
// A table of all cells, occupied or not, up to so many entries per point. For few points cells may be this much wider
// than needed to make one possible: looking into a few empty cells costs less than searching for the occupied ones.
constexpr std::size_t few_points = 262144;
constexpr double entries_per_point = 4;
constexpr double entries_per_point_of_few = 16;
constexpr double most_widening = 4;

// parallel_for that allocates nothing.
template <class Body>
void for_chunks(const Context& context, std::size_t chunks, const Body& body, double work) {
  if (chunks == 1) {
    body(std::size_t{0});
  } else {
    parallel_for(context, chunks, std::cref(body), work);
  }
}

}  // namespace

void Grid::reserve(std::size_t points, std::size_t dimensions) {
  entries_.reserve(points);
  buffer_.reserve(points);
  keys_.reserve(points);
  counts_.reserve(digits);
  original_.reserve(points);
  cells_.reserve(points + 1);
  run_offsets_.reserve(27);
  extremes_.reserve(2 * dimensions * chunk_count(points, chunk_size));
  order_.reserve(dimensions);
  storage_.reserve((points + 8) * dimensions);
  coordinates_.reserve(dimensions);
  const double few = static_cast<double>(std::min(points, few_points)) * entries_per_point_of_few;
  const double many = static_cast<double>(points) * entries_per_point;
  first_cell_.reserve(static_cast<std::size_t>(std::max(few, many)) + 128);
  axes_.reserve(most_axes);
  axes_.resize(std::max(axes_.size(), std::min(dimensions, most_axes)));
  for (Axis& axis : axes_) {
    axis.occupied.reserve(points);
    axis.place.reserve(points);
  }
}

void Grid::find_extent(const Context& context, View<const double, 2> points) {
  const std::size_t n = points.rows();
  const std::size_t chunks = chunk_count(n, chunk_size);
  extremes_.resize(2 * dimensions_ * chunks);
  for_chunks(
      context, chunks,
      [&](std::size_t chunk) {
        const Range range = chunk_range(n, chunk_size, chunk);
        double* low = extremes_.data() + 2 * dimensions_ * chunk;
        double* high = low + dimensions_;
        for (std::size_t d = 0; d < dimensions_; ++d) low[d] = high[d] = points(range.begin, d);
        for (std::size_t i = range.begin; i < range.end; ++i) {
          for (std::size_t d = 0; d < dimensions_; ++d) {
            const double x = points(i, d);
            low[d] = x < low[d] ? x : low[d];
            high[d] = x > high[d] ? x : high[d];
          }
        }
      },
      static_cast<double>(n * dimensions_));
  for (std::size_t d = 0; d < dimensions_; ++d) {
    double& low = extremes_[d];
    double& high = extremes_[dimensions_ + d];
    for (std::size_t chunk = 1; chunk < chunks; ++chunk) {
      low = std::min(low, extremes_[2 * dimensions_ * chunk + d]);
      high = std::max(high, extremes_[(2 * chunk + 1) * dimensions_ + d]);
    }
    // Half of it, because the difference of two float64 may be infinite.
    high = high / 2 - low / 2;
  }
}

// Tells whether the cells were made wider for the sake of a table.
bool Grid::choose_axes(View<const double, 2> points, double radius, bool may_widen) {
  const std::size_t n = points.rows();
  const double* minimum = extremes_.data();
  const double* half_extent = extremes_.data() + dimensions_;
  order_.resize(dimensions_);
  std::iota(order_.begin(), order_.end(), std::size_t{0});
  if (dimensions_ > most_axes) {
    // The widest; the lower of equals.
    std::sort(order_.begin(), order_.end(), [&](std::size_t a, std::size_t b) {
      return half_extent[a] > half_extent[b] || (half_extent[a] == half_extent[b] && a < b);
    });
    order_.resize(axes_of_many_dimensions);
    std::sort(order_.begin(), order_.end());
  }
  const double least_side = radius * margin;
  const auto cells_along = [&](std::size_t d, double side) { return half_extent[d] * 2 / side + 1; };
  const auto cells_with = [&](double side) {
    double product = 1;
    for (const std::size_t d : order_) product *= cells_along(d, side) + 3;
    return product;
  };
  const bool few = n <= few_points;
  const double affordable = static_cast<double>(n) * (few ? entries_per_point_of_few : entries_per_point) + 64;
  double widening = 1;
  if (few && may_widen && cells_with(least_side) > affordable) {
    for (double factor = 1.25; factor <= most_widening; factor += 0.25) {
      if (!(cells_with(least_side * factor) <= affordable)) continue;
      widening = factor;
      break;
    }
  }
  // Keys must stay below 2^62, whatever the extent: then only occupied cells count on an axis, with a gap of one cell
  // between those that are no neighbours.
  const double largest_count = std::exp2(62.0 / static_cast<double>(order_.size()) - 1);
  axes_.resize(order_.size());
  for (std::size_t a = 0; a < order_.size(); ++a) {
    Axis& axis = axes_[a];
    axis.dimension = order_[a];
    axis.minimum = minimum[axis.dimension];
    const double side = std::max(least_side * widening, half_extent[axis.dimension] / most_cells * 2);
    axis.inverse_side = 1.0 / side;
    axis.occupied.clear();
    axis.place.clear();
    const double cells = half_extent[axis.dimension] * 2 * axis.inverse_side + 1;
    if (cells <= largest_count) {
      axis.count = static_cast<std::uint64_t>(cells) + 3;
      continue;
    }
    axis.occupied.resize(n);
    for (std::size_t i = 0; i < n; ++i) {
      axis.occupied[i] = std::floor((points(i, axis.dimension) - axis.minimum) * axis.inverse_side);
    }
    std::sort(axis.occupied.begin(), axis.occupied.end());
    axis.occupied.erase(std::unique(axis.occupied.begin(), axis.occupied.end()), axis.occupied.end());
    axis.place.resize(axis.occupied.size());
    std::uint64_t place = 1;
    for (std::size_t k = 0; k < axis.occupied.size(); ++k) {
      if (k > 0) place += axis.occupied[k] - axis.occupied[k - 1] > 1.0 ? 2 : 1;
      axis.place[k] = place;
    }
    axis.count = place + 2;
  }
  std::uint64_t stride = 1;
  for (std::size_t a = axes_.size(); a-- > 0;) {
    axes_[a].stride = stride;
    stride *= axes_[a].count;
  }
  table_size_ = static_cast<double>(stride) <= affordable ? static_cast<std::size_t>(stride) + 4 : 0;
  run_offsets_.assign(1, 0);
  for (std::size_t a = 0; a + 1 < axes_.size(); ++a) {
    const std::size_t runs = run_offsets_.size();
    const auto step = static_cast<std::int64_t>(axes_[a].stride);
    run_offsets_.resize(3 * runs);
    for (std::size_t r = 0; r < runs; ++r) {
      run_offsets_[runs + r] = run_offsets_[r] - step;
      run_offsets_[2 * runs + r] = run_offsets_[r] + step;
    }
  }
  std::sort(run_offsets_.begin(), run_offsets_.end());
  return widening > 1;
}

std::uint64_t Grid::key(View<const double, 2> points, std::size_t i) const {
  std::uint64_t result = 0;
  for (const Axis& axis : axes_) {
    const double cell = (points(i, axis.dimension) - axis.minimum) * axis.inverse_side;  // not negative
    if (axis.occupied.empty()) {
      result += (static_cast<std::uint64_t>(cell) + 1) * axis.stride;
    } else {
      const auto at =
          std::lower_bound(axis.occupied.begin(), axis.occupied.end(), std::floor(cell)) - axis.occupied.begin();
      result += axis.place[static_cast<std::size_t>(at)] * axis.stride;
    }
  }
  return result;
}

// Radix sort of the words key << index_bits | index by their key, 11 bits at a time; stable, so the number of shares
// does not matter.
void Grid::sort_keys(const Context& context, unsigned key_bits) {
  const std::size_t n = entries_.size();
  constexpr std::size_t smallest_share = 65536;
  const auto threads = static_cast<std::size_t>(context.threads > 0 ? context.threads : available_threads());
  const std::size_t shares = std::clamp<std::size_t>(n / smallest_share, 1, threads);
  const std::size_t share = (n + shares - 1) / shares;
  buffer_.resize(n);
  counts_.resize(shares * digits);
  const double work = static_cast<double>(n) * 3.0;
  for (unsigned shift = index_bits_; shift < index_bits_ + key_bits; shift += digit_bits) {
    for_chunks(
        context, shares,
        [&](std::size_t s) {
          std::uint32_t* count = counts_.data() + s * digits;
          std::fill(count, count + digits, 0U);
          const Range range = chunk_range(n, share, s);
          for (std::size_t i = range.begin; i < range.end; ++i) ++count[(entries_[i] >> shift) & (digits - 1)];
        },
        work);
    std::uint32_t sum = 0;
    for (std::size_t digit = 0; digit < digits; ++digit) {
      for (std::size_t s = 0; s < shares; ++s) {
        const std::uint32_t size = counts_[s * digits + digit];
        counts_[s * digits + digit] = sum;
        sum += size;
      }
    }
    for_chunks(
        context, shares,
        [&](std::size_t s) {
          std::uint32_t* place = counts_.data() + s * digits;
          const Range range = chunk_range(n, share, s);
          for (std::size_t i = range.begin; i < range.end; ++i) {
            buffer_[place[(entries_[i] >> shift) & (digits - 1)]++] = entries_[i];
          }
        },
        work);
    entries_.swap(buffer_);
  }
}

// Keys too long to share a word with their index.
void Grid::sort_long_keys() {
  std::iota(original_.begin(), original_.end(), 0U);
  std::sort(original_.begin(), original_.end(), [&](std::uint32_t a, std::uint32_t b) {
    return keys_[a] < keys_[b] || (keys_[a] == keys_[b] && a < b);
  });
}

// Sorts the points and finds the cells.
void Grid::make_cells(const Context& context, View<const double, 2> points) {
  const std::size_t n = points.rows();
  std::uint64_t largest_key = 1;
  for (const Axis& axis : axes_) largest_key += axis.stride * axis.count;
  const auto key_bits = static_cast<unsigned>(std::bit_width(largest_key));
  index_bits_ = static_cast<unsigned>(std::bit_width(n));
  const bool one_word = key_bits + index_bits_ <= 64;
  (one_word ? entries_ : keys_).resize(n);
  for_chunks(
      context, chunk_count(n, chunk_size),
      [&](std::size_t chunk) {
        const Range range = chunk_range(n, chunk_size, chunk);
        for (std::size_t i = range.begin; i < range.end; ++i) {
          if (one_word) {
            entries_[i] = key(points, i) << index_bits_ | i;
          } else {
            keys_[i] = key(points, i);
          }
        }
      },
      static_cast<double>(n) * 5.0);
  if (one_word) {
    sort_keys(context, key_bits);
  } else {
    sort_long_keys();
  }
  find_cells(context, one_word);
}

void Grid::find_cells(const Context& context, bool one_word) {
  const std::size_t n = original_.size();
  const std::size_t chunks = chunk_count(n, chunk_size);
  const std::uint64_t index_mask = (std::uint64_t{1} << index_bits_) - 1;
  const auto key_at = [&](std::size_t i) { return one_word ? entries_[i] >> index_bits_ : keys_[original_[i]]; };
  // How many begin in each chunk, then where.
  counts_.resize(std::max(counts_.size(), chunks));
  for_chunks(
      context, chunks,
      [&](std::size_t chunk) {
        const Range range = chunk_range(n, chunk_size, chunk);
        std::uint32_t count = range.begin == 0 ? 1 : 0;
        for (std::size_t i = std::max<std::size_t>(range.begin, 1); i < range.end; ++i) {
          count += key_at(i) != key_at(i - 1) ? 1 : 0;
        }
        if (one_word) {
          for (std::size_t i = range.begin; i < range.end; ++i) {
            original_[i] = static_cast<std::uint32_t>(entries_[i] & index_mask);
          }
        }
        counts_[chunk] = count;
      },
      static_cast<double>(n));
  std::uint32_t cells = 0;
  for (std::size_t chunk = 0; chunk < chunks; ++chunk) {
    const std::uint32_t count = counts_[chunk];
    counts_[chunk] = cells;
    cells += count;
  }
  cells_.resize(cells + 1);
  for_chunks(
      context, chunks,
      [&](std::size_t chunk) {
        const Range range = chunk_range(n, chunk_size, chunk);
        std::uint32_t cell = counts_[chunk];
        for (std::size_t i = range.begin; i < range.end; ++i) {
          const std::uint64_t key_of_point = key_at(i);
          if (i == 0 || key_of_point != key_at(i - 1)) cells_[cell++] = {key_of_point, static_cast<std::uint32_t>(i)};
        }
      },
      static_cast<double>(n));
  cells_[cells] = {~std::uint64_t{0}, static_cast<std::uint32_t>(n)};
}

// Whether points share their cells with so many others that narrower cells are worth more than a table.
bool Grid::crowded() const {
  double pairs = 0;
  for (std::size_t cell = 0; cell < cell_count(); ++cell) {
    const double points = cells_[cell + 1].begin - cells_[cell].begin;
    pairs += points * points;
  }
  return pairs > 16.0 * static_cast<double>(size());
}

void Grid::build(const Context& context, View<const double, 2> points, double radius) {
  const std::size_t n = points.rows();
  dimensions_ = points.columns();
  original_.resize(n);
  find_extent(context, points);
  if (choose_axes(points, radius, true)) {
    make_cells(context, points);
    if (crowded()) {
      choose_axes(points, radius, false);
      make_cells(context, points);
    }
  } else {
    make_cells(context, points);
  }

  constexpr std::size_t spare = 8;  // read by the kernels beyond the last point
  const std::size_t stride = n + spare;
  if (storage_.size() < stride * dimensions_) storage_.resize(stride * dimensions_);
  coordinates_.resize(dimensions_);
  for (std::size_t d = 0; d < dimensions_; ++d) {
    coordinates_[d] = storage_.data() + d * stride;
    std::fill_n(storage_.data() + d * stride + n, spare, 0.0);
  }
  for_chunks(
      context, chunk_count(n, chunk_size),
      [&](std::size_t chunk) {
        const Range range = chunk_range(n, chunk_size, chunk);
        for (std::size_t i = range.begin; i < range.end; ++i) {
          constexpr std::size_t ahead = 16;
          __builtin_prefetch(&points(original_[std::min(i + ahead, range.end - 1)], 0));
          for (std::size_t d = 0; d < dimensions_; ++d) storage_[d * stride + i] = points(original_[i], d);
        }
      },
      static_cast<double>(n * dimensions_) * 4.0);
  first_cell_.resize(table_size_);
  std::size_t entry = 0;
  for (std::size_t cell = 0; cell < cells_.size() && table_size_ > 0; ++cell) {
    const std::size_t end = cell + 1 < cells_.size() ? static_cast<std::size_t>(cells_[cell].key) + 1 : table_size_;
    for (; entry < end; ++entry) first_cell_[entry] = static_cast<std::uint32_t>(cell);
  }
}

}  // namespace diskern

#include "trees/histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "trees/training_kernels.hpp"

namespace diskern::trees {

namespace {

// The compiler's vectors: one (or, for 64 bits without AVX, two) loads, adds and stores per cell.
template <class Integer>
struct Lanes;
template <>
struct Lanes<std::int32_t> {
  using Type = std::int32_t __attribute__((vector_size(16), may_alias));
};
template <>
struct Lanes<std::int64_t> {
  using Type = std::int64_t __attribute__((vector_size(32), may_alias));
};

// Row-wise: the features' cells lie far apart, so consecutive additions do not wait for each other.
template <class Integer>
void add_rows(const BinnedEvents& events, const Cell<Integer>* entries, const std::uint32_t* rows, std::size_t begin,
              std::size_t end, Cell<Integer>* histogram) noexcept {
  using Vector = typename Lanes<Integer>::Type;
  const std::size_t n_features = events.n_features;
  const std::size_t stride = events.stride;
  const std::uint8_t* bins = events.bins.data();
  constexpr std::size_t ahead = 16;
  for (std::size_t k = begin; k < end; ++k) {
    std::size_t i = k;
    if (rows != nullptr) {
      const std::size_t next = rows[std::min(k + ahead, end - 1)];
      __builtin_prefetch(bins + next * stride);
      __builtin_prefetch(entries + next);
      i = rows[k];
    }
    const Vector value = *reinterpret_cast<const Vector*>(entries + i);
    const std::uint8_t* row = bins + i * stride;
    Cell<Integer>* cells = histogram;
    std::size_t f = 0;
    for (; f + 4 <= n_features; f += 4, cells += 4 * cells_per_feature) {
      std::uint32_t four;
      std::memcpy(&four, row + f, 4);
      *reinterpret_cast<Vector*>(cells + (four & 255U)) += value;
      *reinterpret_cast<Vector*>(cells + cells_per_feature + ((four >> 8U) & 255U)) += value;
      *reinterpret_cast<Vector*>(cells + 2 * cells_per_feature + ((four >> 16U) & 255U)) += value;
      *reinterpret_cast<Vector*>(cells + 3 * cells_per_feature + (four >> 24U)) += value;
    }
    for (; f < n_features; ++f, cells += cells_per_feature) *reinterpret_cast<Vector*>(cells + row[f]) += value;
  }
}

}  // namespace

PackedLayout packed_layout(double count_sum) noexcept {
  // Larger blocks are unpacked less often, smaller ones leave more bits. With 8192 events gradients keep 11 bits and
  // hessians 12, and unpacking takes 4 % of the time.
  // Small samples are in no hurry, and a tree of few events shows every rounding.
  const std::int64_t largest_block = count_sum <= 4096 ? 512 : 8192;
  PackedLayout layout;
  const double block = std::min(std::ceil(count_sum), static_cast<double>(largest_block));
  layout.block_count = static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(std::max(block, 2.0))));
  layout.count_bits = std::countr_zero(static_cast<std::uint64_t>(layout.block_count)) + 1;
  layout.hessian_bits = (64 - layout.count_bits) / 2;
  return layout;
}

int packed_gradient_bits(const PackedLayout& layout) noexcept {
  return layout.gradient_bits() - 1 - (layout.count_bits - 1);
}

int packed_hessian_bits(const PackedLayout& layout) noexcept { return layout.hessian_bits - (layout.count_bits - 1); }

template <class Integer>
void reference_histogram(const BinnedEvents& events, const Cell<Integer>* entries, const std::uint32_t* rows,
                         std::size_t n, Histogram<Integer>& histogram) {
  histogram.assign(events.n_features * cells_per_feature, Cell<Integer>{});
  for (std::size_t f = 0; f < events.n_features; ++f) {
    for (std::size_t k = 0; k < n; ++k) {
      const std::size_t i = rows == nullptr ? k : rows[k];
      Cell<Integer>& cell = histogram[f * cells_per_feature + events.row(i)[f]];
      cell = cell + entries[i];
    }
  }
}

template <class Integer>
void add_cells(const BinnedEvents& events, const Cell<Integer>* entries, const std::uint32_t* rows, std::size_t first,
               std::size_t n, Histogram<Integer>& histogram) {
  const std::size_t begin = rows == nullptr ? first : 0;
  add_rows(events, entries, rows, begin, begin + n, histogram.data());
}

template void reference_histogram(const BinnedEvents&, const NarrowCell*, const std::uint32_t*, std::size_t,
                                  Histogram<std::int32_t>&);
template void reference_histogram(const BinnedEvents&, const WideCell*, const std::uint32_t*, std::size_t,
                                  Histogram<std::int64_t>&);
template void add_cells(const BinnedEvents&, const NarrowCell*, const std::uint32_t*, std::size_t, std::size_t,
                        Histogram<std::int32_t>&);
template void add_cells(const BinnedEvents&, const WideCell*, const std::uint32_t*, std::size_t, std::size_t,
                        Histogram<std::int64_t>&);

}  // namespace diskern::trees

#pragma once
// Sums of packed entries by variable and bin. Part of the training kernel unit.

#include <stddef.h>
#include <stdint.h>

#include "trees/training_table.hpp"

namespace diskern::DISKERN_ISA_NAMESPACE {

using namespace trees;  // NOLINT(google-build-using-namespace)

namespace {

constexpr size_t widest_tile = 32;  // variables whose words (64 KiB) are worked on at a time

// With the number of variables known the inner loop is two instructions per variable: load the bin, add to memory. The
// variables' words lie far apart, so consecutive additions do not wait for each other.
template <size_t Features>
inline __attribute__((always_inline)) void add_row(const uint8_t* row, uint64_t entry, uint64_t* words) {
#pragma GCC unroll 32
  for (size_t f = 0; f < Features; ++f) words[f * plane_cells + row[f]] += entry;
}

template <size_t Features>
void add_tile(const uint8_t* bins, size_t stride, const uint64_t* entries, const uint32_t* rows, size_t first, size_t n,
              uint64_t* words) {
  if (rows == nullptr) {
    for (size_t i = first; i < first + n; ++i) add_row<Features>(bins + i * stride, entries[i], words);
    return;
  }
  constexpr size_t ahead = 16;
  size_t k = 0;
  for (; k + ahead < n; ++k) {
    const size_t next = rows[k + ahead];
    __builtin_prefetch(bins + next * stride);
    __builtin_prefetch(entries + next);
    const size_t i = rows[k];
    add_row<Features>(bins + i * stride, entries[i], words);
  }
  for (; k < n; ++k) {
    const size_t i = rows[k];
    add_row<Features>(bins + i * stride, entries[i], words);
  }
}

using Tile = void (*)(const uint8_t*, size_t, const uint64_t*, const uint32_t*, size_t, size_t, uint64_t*);
constexpr Tile tiles[widest_tile + 1] = {
    nullptr,      add_tile<1>,  add_tile<2>,  add_tile<3>,  add_tile<4>,  add_tile<5>,  add_tile<6>,
    add_tile<7>,  add_tile<8>,  add_tile<9>,  add_tile<10>, add_tile<11>, add_tile<12>, add_tile<13>,
    add_tile<14>, add_tile<15>, add_tile<16>, add_tile<17>, add_tile<18>, add_tile<19>, add_tile<20>,
    add_tile<21>, add_tile<22>, add_tile<23>, add_tile<24>, add_tile<25>, add_tile<26>, add_tile<27>,
    add_tile<28>, add_tile<29>, add_tile<30>, add_tile<31>, add_tile<32>};

void add_rows(const uint8_t* bins, size_t stride, size_t n_features, const uint64_t* entries, const uint32_t* rows,
              size_t first, size_t n, uint64_t* words) {
  for (size_t begin = 0; begin < n_features; begin += widest_tile) {
    const size_t width = n_features - begin < widest_tile ? n_features - begin : widest_tile;
    tiles[width](bins + begin, stride, entries, rows, first, n, words + begin * plane_cells);
  }
}

template <bool Add>
inline __attribute__((always_inline)) void unpack_into(const uint64_t* __restrict words, const PackedLayout& layout,
                                                       Planes* __restrict planes) {
  const int count_bits = layout.count_bits;
  const int below_gradient = count_bits + layout.hessian_bits;
  const uint64_t count_mask = (uint64_t{1} << count_bits) - 1;
  const uint64_t hessian_mask = (uint64_t{1} << layout.hessian_bits) - 1;
  // Only a gradient may be negative; its sign is extended in 32 bits, since AVX2 has no such shift of 64.
  const uint32_t sign = uint32_t{1} << (63 - below_gradient);
  for (size_t i = 0; i < plane_cells; ++i) {
    const uint64_t word = words[i];
    const auto gradient = static_cast<int32_t>((static_cast<uint32_t>(word >> below_gradient) ^ sign) - sign);
    const auto hessian = static_cast<int32_t>((word >> count_bits) & hessian_mask);
    const auto count = static_cast<int32_t>(word & count_mask);
    planes->gradient[i] = Add ? planes->gradient[i] + gradient : gradient;
    planes->hessian[i] = Add ? planes->hessian[i] + hessian : hessian;
    planes->count[i] = Add ? planes->count[i] + count : count;
  }
}

void unpack(const uint64_t* words, const PackedLayout& layout, bool add, Planes* planes) {
  if (add) {
    unpack_into<true>(words, layout, planes);
  } else {
    unpack_into<false>(words, layout, planes);
  }
}

void add_words(uint64_t* __restrict sum, const uint64_t* __restrict other) {
  for (size_t i = 0; i < plane_cells; ++i) sum[i] += other[i];
}

void add_planes(Planes* __restrict sum, const Planes* __restrict other) {
  for (size_t i = 0; i < plane_cells; ++i) {
    sum->gradient[i] += other->gradient[i];
    sum->hessian[i] += other->hessian[i];
    sum->count[i] += other->count[i];
  }
}

void subtract_planes(Planes* __restrict parent, const Planes* __restrict child) {
  for (size_t i = 0; i < plane_cells; ++i) {
    parent->gradient[i] -= child->gradient[i];
    parent->hessian[i] -= child->hessian[i];
    parent->count[i] -= child->count[i];
  }
}

}  // namespace

}  // namespace diskern::DISKERN_ISA_NAMESPACE

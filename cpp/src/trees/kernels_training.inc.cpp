// Compiled once per instruction set (cmake/isa.cmake). Loops are written so that the compiler makes vector code of them
// at the width of the level; intrinsics stand where it cannot (compressing, permuting).
#include <stddef.h>
#include <stdint.h>
#if defined(__AVX512F__)
// GCC 12 takes the undefined vectors within its own header for an oversight.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#include <immintrin.h>
#endif

#include "base/maths.hpp"
#include "trees/training_table.hpp"

namespace diskern::DISKERN_ISA_NAMESPACE {

using namespace trees;

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
inline __attribute__((always_inline)) void unpack_into(uint64_t* __restrict words, const PackedLayout& layout,
                                                       Planes* __restrict planes) {
  const int count_bits = layout.count_bits;
  const int below_gradient = count_bits + layout.hessian_bits;
  const uint64_t count_mask = (uint64_t{1} << count_bits) - 1;
  const uint64_t hessian_mask = (uint64_t{1} << layout.hessian_bits) - 1;
  // Only a gradient may be negative; its sign is extended in 32 bits, since AVX2 has no such shift of 64.
  const uint32_t sign = uint32_t{1} << (63 - below_gradient);
  for (size_t i = 0; i < plane_cells; ++i) {
    const uint64_t word = words[i];
    words[i] = 0;
    const auto gradient = static_cast<int32_t>((static_cast<uint32_t>(word >> below_gradient) ^ sign) - sign);
    const auto hessian = static_cast<int32_t>((word >> count_bits) & hessian_mask);
    const auto count = static_cast<int32_t>(word & count_mask);
    planes->gradient[i] = Add ? planes->gradient[i] + gradient : gradient;
    planes->hessian[i] = Add ? planes->hessian[i] + hessian : hessian;
    planes->count[i] = Add ? planes->count[i] + count : count;
  }
}

void unpack(uint64_t* words, const PackedLayout& layout, bool add, Planes* planes) {
  if (add) {
    unpack_into<true>(words, layout, planes);
  } else {
    unpack_into<false>(words, layout, planes);
  }
}

void move_words(uint64_t* __restrict sum, uint64_t* __restrict other) {
  for (size_t i = 0; i < plane_cells; ++i) {
    sum[i] += other[i];
    other[i] = 0;
  }
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

constexpr double no_gain = -1e300;

struct Prefix {
  alignas(64) int32_t gradient[plane_cells];
  alignas(64) int32_t hessian[plane_cells];
  alignas(64) int32_t count[plane_cells];
};

// Gains of the cuts begin .. end - 1, whose left sides are the prefixes plus what is shifted to the left; those not
// allowed: no_gain. One division for both sides. Products stay far below the largest float64: sums have 31 bits.
inline __attribute__((always_inline)) void gains_of(const Prefix& left, int32_t gradient, int32_t hessian,
                                                    int32_t count, size_t begin, size_t end, const ScanRequest& r,
                                                    double* __restrict gain) {
  for (size_t i = begin; i < end; ++i) {
    const int32_t left_gradient = left.gradient[i] + gradient;
    const int32_t left_hessian = left.hessian[i] + hessian;
    const int32_t left_count = left.count[i] + count;
    const int32_t right_gradient = r.gradient - left_gradient;
    const int32_t right_hessian = r.hessian - left_hessian;
    const int32_t right_count = r.count - left_count;
    const bool allowed = (left_count >= r.least_count) & (right_count >= r.least_count) &
                         (left_hessian >= r.least_hessian) & (right_hessian >= r.least_hessian);
    const double lg = left_gradient;
    const double rg = right_gradient;
    const double lh = static_cast<double>(left_hessian) + r.lambda;
    const double rh = static_cast<double>(right_hessian) + r.lambda;
    const double value = (lg * lg * rh + rg * rg * lh) / (lh * rh) - r.node_score;
    gain[i] = allowed ? value : no_gain;
  }
}

inline __attribute__((always_inline)) double largest_of(const double* gain, size_t begin, size_t n) {
  constexpr size_t lanes = 8;
  double best[lanes];
  for (double& b : best) b = no_gain;
  size_t i = begin;
  for (; i + lanes <= n; i += lanes) {
    for (size_t k = 0; k < lanes; ++k) best[k] = gain[i + k] > best[k] ? gain[i + k] : best[k];
  }
  double result = no_gain;
  for (; i < n; ++i) result = gain[i] > result ? gain[i] : result;
  for (const double b : best) result = b > result ? b : result;
  return result;
}

// out[i] = in[0] + ... + in[i] for i < n; more may be written, up to plane_cells.
inline __attribute__((always_inline)) void prefix_sums(const int32_t* in, size_t n, int32_t* out) {
#if defined(__AVX512F__)
  const __m512i zero = _mm512_setzero_si512();
  const __m512i last = _mm512_set1_epi32(15);
  __m512i before = zero;
  for (size_t i = 0; i < n; i += 16) {
    __m512i x = _mm512_loadu_si512(in + i);
    x = _mm512_add_epi32(x, _mm512_alignr_epi32(x, zero, 15));
    x = _mm512_add_epi32(x, _mm512_alignr_epi32(x, zero, 14));
    x = _mm512_add_epi32(x, _mm512_alignr_epi32(x, zero, 12));
    x = _mm512_add_epi32(x, _mm512_alignr_epi32(x, zero, 8));
    x = _mm512_add_epi32(x, before);
    before = _mm512_permutexvar_epi32(last, x);
    _mm512_storeu_si512(out + i, x);
  }
#else
  int32_t sum = 0;
  for (size_t i = 0; i < n; ++i) {
    sum += in[i];
    out[i] = sum;
  }
#endif
}

// The first i < n with ascending[i] >= least, else n.
inline __attribute__((always_inline)) size_t first_at_least(const int32_t* ascending, size_t n, int32_t least) {
  size_t first = 0;
  while (n > 0) {
    const size_t half = n / 2;
    const bool below = ascending[first + half] < least;
    first = below ? first + half + 1 : first;
    n = below ? n - half - 1 : half;
  }
  return first;
}

ScanResult scan(const Planes* planes, size_t bin_count, const ScanRequest& request) {
  ScanResult result = {request.least_gain, -1, 0, 0, 0, 0};
  const size_t n = bin_count - 1;  // cuts at the bins 1 .. bin_count - 1
  Prefix prefix;                   // of the left side of cut i + 1
  prefix_sums(planes->gradient, n, prefix.gradient);
  prefix_sums(planes->hessian, n, prefix.hessian);
  prefix_sums(planes->count, n, prefix.count);
  constexpr size_t missing = plane_cells - 1;
  const bool any_missing = planes->count[missing] != 0;
  // Counts rise from cut to cut: those with enough events on both sides, wherever the missing ones go, lie together.
  const int32_t missing_count = planes->count[missing];
  const size_t begin = first_at_least(prefix.count, n, request.least_count - missing_count);
  const size_t end = first_at_least(prefix.count, n, request.count - request.least_count + 1);
  alignas(64) double gain[plane_cells];
  const auto take = [&](double best, int32_t missing_right) {
    size_t i = begin;
    while (gain[i] != best) ++i;
    result.gain = best;
    result.bin = static_cast<int32_t>(i) + 1;
    result.missing_right = missing_right;
    result.gradient = prefix.gradient[i] + (missing_right != 0 ? 0 : planes->gradient[missing]);
    result.hessian = prefix.hessian[i] + (missing_right != 0 ? 0 : planes->hessian[missing]);
    result.count = prefix.count[i] + (missing_right != 0 ? 0 : planes->count[missing]);
  };
  if (any_missing) {
    // The missing ones against all values.
    Prefix nothing;
    nothing.gradient[0] = 0;
    nothing.hessian[0] = 0;
    nothing.count[0] = 0;
    double alone = no_gain;
    gains_of(nothing, planes->gradient[missing], planes->hessian[missing], planes->count[missing], 0, 1, request,
             &alone);
    if (alone > result.gain) {
      result = {alone, 0, 0, planes->gradient[missing], planes->hessian[missing], planes->count[missing]};
    }
  }
  gains_of(prefix, 0, 0, 0, begin, end, request, gain);
  const double right_best = largest_of(gain, begin, end);
  if (right_best > result.gain) take(right_best, 1);
  if (any_missing) {
    gains_of(prefix, planes->gradient[missing], planes->hessian[missing], planes->count[missing], begin, end, request,
             gain);
    const double left_best = largest_of(gain, begin, end);
    if (left_best > result.gain) {
      take(left_best, 0);
    } else if (left_best == result.gain && result.bin > 1 && right_best == result.gain) {
      // Of equal gains the lower bin wins.
      const int32_t before = result.bin;
      size_t i = begin;
      while (gain[i] != left_best) ++i;
      if (static_cast<int32_t>(i) + 1 < before) take(left_best, 0);
    }
  }
  return result;
}

#if defined(__AVX512F__)
inline __attribute__((always_inline)) uint64_t mark_word(const uint8_t* bins, uint32_t bin, uint32_t width) {
  const __m512i values = _mm512_sub_epi8(_mm512_loadu_si512(bins), _mm512_set1_epi8(static_cast<char>(bin)));
  return _mm512_cmple_epu8_mask(values, _mm512_set1_epi8(static_cast<char>(width - 1)));
}
#else
inline __attribute__((always_inline)) uint64_t mark_word(const uint8_t* bins, uint32_t bin, uint32_t width) {
  uint8_t set[64];
  for (size_t k = 0; k < 64; ++k) set[k] = static_cast<uint8_t>(bins[k] - bin) <= static_cast<uint8_t>(width - 1);
  uint64_t word = 0;
  for (size_t b = 0; b < 8; ++b) {
    uint64_t eight;
    __builtin_memcpy(&eight, set + 8 * b, 8);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    eight = __builtin_bswap64(eight);
#endif
    word |= ((eight * 0x0102040810204080U) >> 56U) << (8 * b);
  }
  return word;
}
#endif

size_t mark(const uint8_t* column, const uint32_t* rows, size_t first, size_t n, uint32_t bin, uint32_t width,
            uint64_t* mask) {
  size_t set = 0;
  constexpr size_t block = 256;  // gathered first, so that the vector loads do not wait for the byte stores
  uint8_t gathered[block] = {};
  for (size_t begin = 0; begin < n; begin += block) {
    const size_t size = n - begin < block ? n - begin : block;
    const uint8_t* values = gathered;
    if (rows != nullptr) {
      for (size_t k = 0; k < size; ++k) gathered[k] = column[rows[begin + k]];
    } else if (size == block) {
      values = column + first + begin;
    } else {
      for (size_t k = 0; k < size; ++k) gathered[k] = column[first + begin + k];
    }
    for (size_t k = 0; k < size; k += 64) {
      uint64_t word = mark_word(values + k, bin, width);
      if (size - k < 64) word &= (uint64_t{1} << (size - k)) - 1;
      mask[(begin + k) / 64] = word;
      set += static_cast<size_t>(__builtin_popcountll(word));
    }
  }
  return set;
}

void divide(const uint32_t* rows, size_t first, size_t n, const uint64_t* mask, uint32_t* left, uint32_t* right) {
  size_t k = 0;
#if defined(__AVX512F__)
  // Compressed in the register: to memory it is slow on some processors.
  __m512i ascending = _mm512_add_epi32(_mm512_set1_epi32(static_cast<int>(static_cast<uint32_t>(first))),
                                       _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
  const __m512i step = _mm512_set1_epi32(16);
  for (; k + 16 <= n; k += 16) {
    const auto bits = static_cast<uint32_t>(mask[k / 64] >> (k % 64)) & 0xffffU;
    const auto to_right = static_cast<unsigned>(__builtin_popcount(bits));
    const __m512i row = rows == nullptr ? ascending : _mm512_loadu_si512(rows + k);
    ascending = _mm512_add_epi32(ascending, step);
    const __m512i lefts = _mm512_maskz_compress_epi32(static_cast<__mmask16>(~bits), row);
    const __m512i rights = _mm512_maskz_compress_epi32(static_cast<__mmask16>(bits), row);
    _mm512_mask_storeu_epi32(left, static_cast<__mmask16>(0xffffU >> to_right), lefts);
    _mm512_mask_storeu_epi32(right, static_cast<__mmask16>((1U << to_right) - 1), rights);
    left += 16 - to_right;
    right += to_right;
  }
#else
  // Through arrays of their own, so that the store which does not count hits nobody else's element.
  constexpr size_t block = 256;
  uint32_t lefts[block];
  uint32_t rights[block];
  for (; k + block <= n; k += block) {
    size_t n_left = 0;
    for (size_t w = 0; w < block; w += 64) {
      uint64_t word = mask[(k + w) / 64];
      for (size_t b = 0; b < 64; ++b, word >>= 1U) {
        const uint32_t row = rows == nullptr ? static_cast<uint32_t>(first + k + w + b) : rows[k + w + b];
        lefts[n_left] = row;
        rights[w + b - n_left] = row;
        n_left += (word & 1U) == 0 ? 1 : 0;
      }
    }
    __builtin_memcpy(left, lefts, n_left * sizeof(uint32_t));
    __builtin_memcpy(right, rights, (block - n_left) * sizeof(uint32_t));
    left += n_left;
    right += block - n_left;
  }
#endif
  for (; k < n; ++k) {
    const uint32_t row = rows == nullptr ? static_cast<uint32_t>(first + k) : rows[k];
    if (((mask[k / 64] >> (k % 64)) & 1U) != 0) {
      *right++ = row;
    } else {
      *left++ = row;
    }
  }
}

// Adding this rounds to the nearest integer, ties to even, which then stands in the lowest bits.
constexpr double round_to_integer = 0x1.8p52;

inline __attribute__((always_inline)) int64_t rounded(double x) {
  return static_cast<int64_t>(__builtin_bit_cast(uint64_t, x + round_to_integer) -
                              __builtin_bit_cast(uint64_t, round_to_integer));
}

bool pack_entries(const double* __restrict gradient, const double* __restrict hessian, size_t n, double gradient_scale,
                  double hessian_scale, const PackedLayout& layout, uint64_t* __restrict entries) {
  const int count_bits = layout.count_bits;
  const int below_gradient = layout.count_bits + layout.hessian_bits;
  uint64_t signs = 0;
  for (size_t i = 0; i < n; ++i) {
    const auto g = static_cast<uint64_t>(rounded(gradient[i] * gradient_scale));
    const auto h = static_cast<uint64_t>(rounded(hessian[i] * hessian_scale));
    signs |= h;
    entries[i] = (g << below_gradient) + (h << count_bits) + 1;
  }
  return (signs >> 63U) == 0;
}

void sum_rows(const double* gradient, const double* hessian, const uint32_t* rows, size_t n, double gradient_scale,
              double hessian_scale, int64_t* gradient_sum, int64_t* hessian_sum) {
  int64_t g = 0;
  int64_t h = 0;
  for (size_t k = 0; k < n; ++k) {
    g += rounded(gradient[rows[k]] * gradient_scale);
    h += rounded(hessian[rows[k]] * hessian_scale);
  }
  *gradient_sum += g;
  *hessian_sum += h;
}

void bin_values(const float* values, ptrdiff_t stride, size_t n, const float* edges, uint8_t* out) {
  constexpr size_t block = 64;
  float x[block];
#if defined(__AVX512F__)
  // Five steps among every eighth edge, which fit into two registers, then three among the eight between.
  alignas(64) float pivots[32];
  pivots[0] = 0;  // never looked at
  for (size_t p = 1; p < 32; ++p) pivots[p] = edges[8 * p - 1];
  const __m512 low = _mm512_load_ps(pivots);
  const __m512 high = _mm512_load_ps(pivots + 16);
#endif
  for (size_t begin = 0; begin < n; begin += block) {
    const size_t size = n - begin < block ? n - begin : block;
    for (size_t k = 0; k < size; ++k) x[k] = values[static_cast<ptrdiff_t>(begin + k) * stride];
    for (size_t k = size; k < block; ++k) x[k] = 0;
    uint8_t bins[block];
#if defined(__AVX512F__)
    for (size_t k = 0; k < block; k += 16) {
      const __m512 value = _mm512_loadu_ps(x + k);
      __m512i bin = _mm512_setzero_si512();
      for (int s = 16; s >= 1; s /= 2) {
        const __m512i next = _mm512_add_epi32(bin, _mm512_set1_epi32(s));
        const __m512 edge = _mm512_permutex2var_ps(low, next, high);
        bin = _mm512_mask_mov_epi32(bin, _mm512_cmp_ps_mask(edge, value, _CMP_LE_OQ), next);
      }
      bin = _mm512_slli_epi32(bin, 3);
      for (int s = 4; s >= 1; s /= 2) {
        const __m512i next = _mm512_add_epi32(bin, _mm512_set1_epi32(s));
        const __m512 edge = _mm512_i32gather_ps(_mm512_sub_epi32(next, _mm512_set1_epi32(1)), edges, 4);
        bin = _mm512_mask_mov_epi32(bin, _mm512_cmp_ps_mask(edge, value, _CMP_LE_OQ), next);
      }
      bin = _mm512_mask_mov_epi32(bin, _mm512_cmp_ps_mask(value, value, _CMP_UNORD_Q), _mm512_set1_epi32(255));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(bins + k), _mm512_cvtepi32_epi8(bin));
    }
#else
    uint32_t bin[block] = {};
    for (uint32_t step = 128; step != 0; step /= 2) {
      for (size_t k = 0; k < block; ++k) bin[k] += edges[bin[k] + step - 1] <= x[k] ? step : 0;
    }
    for (size_t k = 0; k < block; ++k) bins[k] = static_cast<uint8_t>(x[k] != x[k] ? 255 : bin[k]);
#endif
    __builtin_memcpy(out + begin, bins, size);
  }
}

void logistic(const double* __restrict score, const double* __restrict sign, size_t n, double* __restrict loss,
              double* __restrict gradient, double* __restrict hessian) {
  // Everything from e = exp(-|margin|), so that nothing overflows and small probabilities keep their digits. In blocks,
  // so that each loop is short enough for the compiler to make vector code of it.
  constexpr size_t block = 64;
  double e[block];
  double sum[block];
  for (size_t begin = 0; begin < n; begin += block) {
    const size_t size = n - begin < block ? n - begin : block;
    for (size_t i = 0; i < size; ++i) e[i] = -maths::absolute(score[begin + i]);
    for (size_t i = size; i < block; ++i) e[i] = 0;
    for (size_t i = 0; i < block; ++i) e[i] = maths::exp(e[i]);
    for (size_t i = 0; i < block; ++i) sum[i] = 1.0 + e[i];
    for (size_t i = 0; i < size; ++i) {
      const double margin = sign[begin + i] * score[begin + i];
      const double large = 1.0 / sum[i];
      const double small = e[i] * large;
      hessian[begin + i] = large * small;
      gradient[begin + i] = -sign[begin + i] * (margin >= 0.0 ? small : large);  // the other class's probability
    }
    for (size_t i = 0; i < block; ++i) sum[i] = maths::log(sum[i]);
    for (size_t i = 0; i < size; ++i) {
      const double margin = sign[begin + i] * score[begin + i];
      loss[begin + i] = sum[i] + (margin >= 0.0 ? 0.0 : -margin);
    }
  }
}

// Eight lanes at every level, so that the order of the additions is the same; the compiler takes as many registers as
// they need.
using Lanes = double __attribute__((vector_size(64)));

inline __attribute__((always_inline)) void load_lanes(const double* from, size_t n, Lanes& lanes) {
  lanes = Lanes{};
  __builtin_memcpy(&lanes, from, n * sizeof(double));
}

DerivativeSummary summarise(const double* weight, const double* loss, const double* gradient, const double* hessian,
                            size_t n) {
  constexpr size_t lanes = 8;
  Lanes losses{};
  Lanes largest_gradient{};
  Lanes largest_hessian{};
  Lanes squares{};
  const auto add = [&](size_t i, size_t size) __attribute__((always_inline)) {
    Lanes w;
    Lanes l;
    Lanes g;
    Lanes h;
    load_lanes(weight + i, size, w);
    load_lanes(loss + i, size, l);
    load_lanes(gradient + i, size, g);
    load_lanes(hessian + i, size, h);
    losses += w * l;
    const Lanes g_size = g < 0.0 ? -g : g;
    largest_gradient = g_size > largest_gradient ? g_size : largest_gradient;
    largest_hessian = h > largest_hessian ? h : largest_hessian;
    squares += (w < 0.0 ? -w : w) * g * g;
  };
  size_t i = 0;
  for (; i + lanes <= n; i += lanes) add(i, lanes);
  if (i < n) add(i, n - i);
  DerivativeSummary result{0, 0, 0, 0};
  for (size_t k = 0; k < lanes; ++k) {
    result.largest_gradient = largest_gradient[k] > result.largest_gradient ? largest_gradient[k] : result.largest_gradient;
    result.largest_hessian = largest_hessian[k] > result.largest_hessian ? largest_hessian[k] : result.largest_hessian;
  }
  const auto total = [](const Lanes& x) {
    return ((x[0] + x[1]) + (x[2] + x[3])) + ((x[4] + x[5]) + (x[6] + x[7]));
  };
  result.loss = total(losses);
  result.squares = total(squares);
  return result;
}

}  // namespace

extern const TrainingKernels training_kernels;
const TrainingKernels training_kernels = {add_rows, unpack, move_words,       add_planes, subtract_planes, scan,     mark,
                                          divide,   pack_entries, sum_rows,   bin_values,      logistic, summarise};

}  // namespace diskern::DISKERN_ISA_NAMESPACE

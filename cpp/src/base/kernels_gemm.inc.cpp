// Compiled once per instruction set (cmake/isa.cmake). A tile of C stays in registers while k runs; elements of A are
// broadcast, rows of B loaded.
#include "base/gemm_table.hpp"
#include "base/vector.hpp"

namespace diskern::DISKERN_ISA_NAMESPACE {

namespace {

struct Tile {
  size_t depth;
  const float* a;
  size_t a_row;
  size_t a_column;
  const float* b;
  size_t b_row;
  float* c;
  size_t c_row;
  const float* bias;
  bool accumulate;
  bool rectify;
};

template <size_t Rows, size_t Vectors>
void multiply_tile(const Tile& tile) {
  Floats sums[Rows][Vectors];
  const float* a = tile.a;
  const float* b = tile.b;
  const size_t a_row = tile.a_row;
  if (tile.accumulate) {
#pragma GCC unroll 16
    for (size_t i = 0; i < Rows; ++i) {
#pragma GCC unroll 4
      for (size_t v = 0; v < Vectors; ++v) sums[i][v] = load(tile.c + i * tile.c_row + v * lanes);
    }
  } else {
#pragma GCC unroll 4
    for (size_t v = 0; v < Vectors; ++v) {
      const Floats start = tile.bias != nullptr ? load(tile.bias + v * lanes) : Floats{};
#pragma GCC unroll 16
      for (size_t i = 0; i < Rows; ++i) sums[i][v] = start;
    }
  }
  for (size_t k = 0; k < tile.depth; ++k) {
    Floats row[Vectors];
#pragma GCC unroll 4
    for (size_t v = 0; v < Vectors; ++v) row[v] = load(b + v * lanes);
#pragma GCC unroll 16
    for (size_t i = 0; i < Rows; ++i) {
      const Floats factor = broadcast(a[i * a_row]);
#pragma GCC unroll 4
      for (size_t v = 0; v < Vectors; ++v) sums[i][v] = multiply_add(factor, row[v], sums[i][v]);
    }
    a += tile.a_column;
    b += tile.b_row;
  }
#pragma GCC unroll 16
  for (size_t i = 0; i < Rows; ++i) {
#pragma GCC unroll 4
    for (size_t v = 0; v < Vectors; ++v) {
      store(tile.c + i * tile.c_row + v * lanes, tile.rectify ? rectified(sums[i][v]) : sums[i][v]);
    }
  }
}

// Rows of a tile with so many vectors per row: the accumulators, one row of B and a broadcast element fill the registers.
template <size_t Vectors>
constexpr size_t tile_rows = (vector_registers - Vectors - 1) / Vectors < 14 ? (vector_registers - Vectors - 1) / Vectors
                                                                            : 14;
constexpr size_t most_vectors = vector_registers == 32 ? 4 : 2;

// The tile with `Rows` rows or, further down, with fewer.
template <size_t Rows, size_t Vectors>
DISKERN_VECTOR_INLINE void multiply_rows(size_t rows, const Tile& tile) {
  if constexpr (Rows == 1) {
    multiply_tile<1, Vectors>(tile);
  } else {
    if (rows == Rows) {
      multiply_tile<Rows, Vectors>(tile);
    } else {
      multiply_rows<Rows - 1, Vectors>(rows, tile);
    }
  }
}

// All rows of a panel of whole vectors. A remainder is spread: two tiles of 8 keep more sums going than 14 and 2.
template <size_t Vectors>
void multiply_panel(size_t rows, Tile tile) {
  constexpr size_t most = tile_rows<Vectors>;
  size_t tiles = (rows + most - 1) / most;
  for (; tiles > 0; --tiles) {
    const size_t here = (rows + tiles - 1) / tiles;
    multiply_rows<most, Vectors>(here, tile);
    rows -= here;
    tile.a += here * tile.a_row;
    tile.c += here * tile.c_row;
  }
}

// Less than a vector of columns: B is copied into whole vectors and the sums are made beside C.
constexpr size_t depth_block = 256;
void multiply_tail(size_t rows, size_t columns, Tile tile) {
  constexpr size_t most = tile_rows<1>;
  alignas(64) float b[depth_block * lanes] = {};
  alignas(64) float c[most * lanes] = {};
  alignas(64) float bias[lanes] = {};
  const float* from = tile.b;
  for (size_t k = 0; k < tile.depth; ++k, from += tile.b_row) {
    for (size_t j = 0; j < columns; ++j) b[k * lanes + j] = from[j];
  }
  if (tile.bias != nullptr) {
    for (size_t j = 0; j < columns; ++j) bias[j] = tile.bias[j];
    tile.bias = bias;
  }
  float* to = tile.c;
  const size_t to_row = tile.c_row;
  tile.b = b;
  tile.b_row = lanes;
  tile.c = c;
  tile.c_row = lanes;
  for (size_t begin = 0; begin < rows; begin += most) {
    const size_t here = rows - begin < most ? rows - begin : most;
    if (tile.accumulate) {
      for (size_t i = 0; i < here; ++i) {
        for (size_t j = 0; j < columns; ++j) c[i * lanes + j] = to[(begin + i) * to_row + j];
      }
    }
    multiply_rows<most, 1>(here, tile);
    for (size_t i = 0; i < here; ++i) {
      for (size_t j = 0; j < columns; ++j) to[(begin + i) * to_row + j] = c[i * lanes + j];
    }
    tile.a += here * tile.a_row;
  }
}

// Rows of B that lie a large power of two apart meet in the same lines of the cache: the panel is copied together, once
// for all rows of A. The sums stay the same.
constexpr size_t conflicting_bytes = 1024;
bool rows_conflict(const MatrixProduct& product, size_t depth) {
  return product.b_row * sizeof(float) % conflicting_bytes == 0 && depth >= 32 && product.rows >= 24;
}
template <size_t Vectors>
void multiply_copied_panel(size_t rows, Tile tile) {
  alignas(64) float b[depth_block * Vectors * lanes];
  const float* from = tile.b;
  for (size_t k = 0; k < tile.depth; ++k, from += tile.b_row) {
#pragma GCC unroll 4
    for (size_t v = 0; v < Vectors; ++v) store(b + (k * Vectors + v) * lanes, load(from + v * lanes));
  }
  tile.b = b;
  tile.b_row = Vectors * lanes;
  multiply_panel<Vectors>(rows, tile);
}

template <size_t Vectors>
void multiply_panel(size_t rows, const Tile& tile, bool copied) {
  if (copied) {
    multiply_copied_panel<Vectors>(rows, tile);
  } else {
    multiply_panel<Vectors>(rows, tile);
  }
}

void multiply(const MatrixProduct& product) {
  // Without a sum there is one block still: it sets C to the bias.
  size_t k = 0;
  do {
    const bool first = k == 0;
    const size_t depth = product.depth - k < depth_block ? product.depth - k : depth_block;
    const bool last = k + depth == product.depth;
    const bool copied = rows_conflict(product, depth);
    for (size_t j = 0; j < product.columns;) {
      Tile tile{depth,
                product.a + k * product.a_column,
                product.a_row,
                product.a_column,
                product.b + k * product.b_row + j,
                product.b_row,
                product.c + j,
                product.c_row,
                product.bias == nullptr ? nullptr : product.bias + j,
                product.accumulate || !first,
                product.rectify && last};
      const size_t left = (product.columns - j) / lanes;
      if (left == 0) {
        multiply_tail(product.rows, product.columns - j, tile);
        break;
      }
      if constexpr (most_vectors == 4) {
        // Five vectors are better as three and two than as four and one.
        const size_t vectors = left == 5 ? 3 : (left < 4 ? left : 4);
        if (vectors == 4) {
          multiply_panel<4>(product.rows, tile, copied);
        } else if (vectors == 3) {
          multiply_panel<3>(product.rows, tile, copied);
        } else if (vectors == 2) {
          multiply_panel<2>(product.rows, tile, copied);
        } else {
          multiply_panel<1>(product.rows, tile, copied);
        }
        j += vectors * lanes;
      } else {
        const size_t vectors = left < 2 ? left : 2;
        if (vectors == 2) {
          multiply_panel<2>(product.rows, tile, copied);
        } else {
          multiply_panel<1>(product.rows, tile, copied);
        }
        j += vectors * lanes;
      }
    }
    k += depth;
  } while (k < product.depth);
}

#if defined(__AVX512F__)
// 16 x 16 in registers: pairs of rows, then of pairs, then blocks of four.
DISKERN_VECTOR_INLINE void transpose_block(const float* from, size_t from_row, float* to, size_t to_row) {
  __m512 r[16];
  __m512 t[16];
#pragma GCC unroll 16
  for (size_t i = 0; i < 16; ++i) r[i] = _mm512_loadu_ps(from + i * from_row);
#pragma GCC unroll 8
  for (size_t i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_ps(r[i], r[i + 1]);
    t[i + 1] = _mm512_unpackhi_ps(r[i], r[i + 1]);
  }
#pragma GCC unroll 4
  for (size_t i = 0; i < 16; i += 4) {
    const __m512d a = _mm512_castps_pd(t[i]);
    const __m512d b = _mm512_castps_pd(t[i + 1]);
    const __m512d c = _mm512_castps_pd(t[i + 2]);
    const __m512d d = _mm512_castps_pd(t[i + 3]);
    r[i] = _mm512_castpd_ps(_mm512_unpacklo_pd(a, c));
    r[i + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(a, c));
    r[i + 2] = _mm512_castpd_ps(_mm512_unpacklo_pd(b, d));
    r[i + 3] = _mm512_castpd_ps(_mm512_unpackhi_pd(b, d));
  }
#pragma GCC unroll 4
  for (size_t i = 0; i < 4; ++i) {
    const __m512 a = _mm512_shuffle_f32x4(r[i], r[i + 4], 0x88);
    const __m512 b = _mm512_shuffle_f32x4(r[i], r[i + 4], 0xdd);
    const __m512 c = _mm512_shuffle_f32x4(r[i + 8], r[i + 12], 0x88);
    const __m512 d = _mm512_shuffle_f32x4(r[i + 8], r[i + 12], 0xdd);
    _mm512_storeu_ps(to + i * to_row, _mm512_shuffle_f32x4(a, c, 0x88));
    _mm512_storeu_ps(to + (i + 8) * to_row, _mm512_shuffle_f32x4(a, c, 0xdd));
    _mm512_storeu_ps(to + (i + 4) * to_row, _mm512_shuffle_f32x4(b, d, 0x88));
    _mm512_storeu_ps(to + (i + 12) * to_row, _mm512_shuffle_f32x4(b, d, 0xdd));
  }
}
#else
DISKERN_VECTOR_INLINE void transpose_block(const float* from, size_t from_row, float* to, size_t to_row) {
  for (size_t j = 0; j < 16; ++j) {
    for (size_t i = 0; i < 16; ++i) to[j * to_row + i] = from[i * from_row + j];
  }
}
#endif

void transpose(const float* from, size_t from_row, size_t rows, size_t columns, float* to, size_t to_row) {
  const size_t whole_rows = rows - rows % 16;
  const size_t whole_columns = columns - columns % 16;
  for (size_t j = 0; j < whole_columns; j += 16) {
    for (size_t i = 0; i < whole_rows; i += 16) {
      transpose_block(from + i * from_row + j, from_row, to + j * to_row + i, to_row);
    }
  }
  for (size_t j = 0; j < columns; ++j) {
    for (size_t i = j < whole_columns ? whole_rows : 0; i < rows; ++i) to[j * to_row + i] = from[i * from_row + j];
  }
}

}  // namespace

extern const GemmKernels gemm_kernels;
const GemmKernels gemm_kernels = {multiply, transpose};

}  // namespace diskern::DISKERN_ISA_NAMESPACE

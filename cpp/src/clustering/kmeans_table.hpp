#pragma once
// The table of k-means kernels that every instruction-set unit fills. Nothing but C headers may be included here
// (cmake/isa.cmake).

#include <stddef.h>
#include <stdint.h>

namespace diskern::clustering {

// Points are kept as float32 in blocks [dimension][16 points]; kernels work on groups of four blocks. A group's last
// points may be padding.
constexpr size_t block_points = 16;
constexpr size_t group_points = 64;
constexpr size_t blocks_per_group = group_points / block_points;

// Up to so many dimensions the points of a block stay in registers; above, centres are taken in tiles.
constexpr size_t register_dimensions = 8;
constexpr size_t tile_centres = 6;
// Scores carry the number of their centre within a set of this size in their lowest bits: 64, or ten whole tiles.
constexpr size_t index_bits = 6;
constexpr size_t centres_per_set = 64;
constexpr size_t centres_per_tiled_set = 60;

struct CentreTiles {
  const float* coordinates;  // [centre][dimension], or [tile][dimension][tile_centres] above register_dimensions
  const float* constant;     // -|c|^2 / 2 of each centre
  size_t count;              // whole tiles above register_dimensions; padding has the lowest float as constant
  size_t dimensions;
};

// Sums, centres and offsets that belong to rows have this many float64 elements per row: up to register_dimensions what
// a register or a few of them hold. What is beyond the dimensions is zero where it is read and means nothing where it
// is written.
constexpr size_t padded_dimensions(size_t dimensions) {
  if (dimensions > register_dimensions) return dimensions;
  size_t padded = 1;
  while (padded < dimensions) padded *= 2;
  return padded;
}

// Rows and how their coordinates become float32, as to_block has it.
template <class T>
struct NearerRows {
  const T* rows;
  size_t dimensions;
  const T* offset;
  T scale;
};

// Rows of float32 or float64 beside each other. All sums are in an order that depends on the sizes only, the same at
// every level.
template <class T>
struct KMeansRowKernels {
  // sums[label] += weight * (row - offset), weights[label] += weight, row by row; weight null: 1 each.
  void (*accumulate)(const T* rows, size_t count, size_t dimensions, const int32_t* labels, const double* weight,
                     const double* offset, double* sums, double* weights);
  // For the rows `which`: from the sums and weights of one label to those of another, weight 1 each.
  void (*move)(const T* rows, size_t count, size_t dimensions, const uint32_t* which, size_t moved, const int32_t* from,
               const int32_t* to, const double* offset, double* sums, double* weights);
  // Sums of the columns of row - offset.
  void (*sum)(const T* rows, size_t count, size_t dimensions, const double* offset, double* sums);
  // The sum of weight * |row - centre of its label|^2; weight null: 1 each, labels null: the first centre for all.
  double (*inertia)(const T* rows, size_t count, size_t dimensions, const int32_t* labels, const double* weight,
                    const double* centres);
  // Squared distance of each row to the centre of its label, summed in the order of the dimensions.
  void (*label_distances)(const T* rows, size_t count, size_t dimensions, const int32_t* labels, const double* centres,
                          double* distances);
  // Block [dimension][16] = float32((row - offset) * scale); rows beyond `count` (1 to 16) are zeros. scale is a power of
  // two. Rows of float32 want an offset that float32 holds: its difference with a float32 is rounded once either way.
  void (*to_block)(const T* rows, size_t count, size_t dimensions, const double* offset, double scale, float* block);
  // Of the points in the list, closest = the smaller of itself and the squared float32 distance to the centre. Writes
  // those that changed, in the order of the list (room for all of it and one more), and returns how many.
  size_t (*lower_closest)(const NearerRows<T>& rows, const float* centre, const uint32_t* list, size_t count,
                          float* closest, uint32_t* changed);
  // The sum over the points in the list, in its order, of weight times what the centre would take from closest. weight
  // null: 1 each.
  double (*gain)(const NearerRows<T>& rows, const float* centre, const uint32_t* list, size_t count,
                 const float* closest, const float* weight);
};

struct KMeansKernels {
  // For each point of the groups the centre of the highest score x.c - |c|^2 / 2, and in `uncertain` (one bit per point)
  // whether the next one comes closer to it than `band` (one number per block), so that rounding may decide. first and
  // second: both scores of each point; null: not wanted.
  void (*assign)(const float* blocks, size_t groups, const float* band, const CentreTiles& centres, int32_t* labels,
                 uint64_t* uncertain, float* first, float* second);
  // Squared distance of a point to each of `count` centres (a multiple of 8), stored as [dimension][count]: sums in the
  // order of the dimensions, without contraction, the same bits at every level.
  void (*squared_distances)(const double* point, const double* centres, size_t count, size_t dimensions,
                            double* distances);
  // closest = the smallest of itself and the squared distances to the `chosen`; then sums[l] = the sum over the points of
  // weight * min(closest, squared distance to candidate l). The same bits at every level. weight null: 1 each.
  void (*try_seeds)(const float* blocks, size_t groups, size_t dimensions, const float* weight, const float* chosen,
                    size_t chosen_count, const float* candidates, size_t candidate_count, float* closest,
                    double* sums);
  // Points as blocks [pair of dimensions][16 points][2], centres as [centre][pair][2]. List l gets, ascending, the points
  // i with constant[l] + point i . centre l < limits[i], and counts[l] how many; lists have room for a block more.
  void (*may_be_nearer)(const int16_t* points, size_t blocks, size_t pairs, const int16_t* centres,
                        const int32_t* constant, size_t count, const int32_t* limits, uint32_t* lists,
                        size_t list_stride, size_t* counts);
  // Blocks [dimension][16] as such integers in units of 1 / inverse_unit, and their squared norms.
  void (*to_integers)(const float* blocks, size_t block_count, size_t dimensions, float inverse_unit, int16_t* integers,
                      int32_t* norms);
  // (sqrt(closest) * stretch + slack)^2 + 1 - norm, truncated; the lowest integer where closest is 0.
  void (*filter_limits)(const float* closest, const int32_t* norms, size_t count, double stretch, double slack,
                        int32_t* limits);
  KMeansRowKernels<float> single_rows;
  KMeansRowKernels<double> double_rows;
};

}  // namespace diskern::clustering

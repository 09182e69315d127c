#pragma once
// The kernels of training on binned events, one table per instruction set (cmake/isa.cmake). Nothing but C headers may
// be included here. All of them work in integers, or in float64 without contraction, so every level gives the same
// bits.

#include <stddef.h>
#include <stdint.h>

namespace diskern::trees {

// Three sums in one 64-bit word, added by one addition: count in the lowest bits, then the hessian, then the gradient,
// which alone may be negative. A word holds the sums of one block of events, of which the sum of counts is at most
// block_count.
struct PackedLayout {
  int32_t count_bits = 14;
  int32_t hessian_bits = 25;
  int64_t block_count = 8192;

  inline __attribute__((always_inline)) int32_t gradient_bits() const { return 64 - count_bits - hessian_bits; }
  inline __attribute__((always_inline)) uint64_t pack(int64_t gradient, int64_t hessian, int64_t count) const {
    return (static_cast<uint64_t>(gradient) << (count_bits + hessian_bits)) +
           (static_cast<uint64_t>(hessian) << count_bits) + static_cast<uint64_t>(count);
  }
};

// Of one variable: the sums of gradients, hessians and counts of each bin.
constexpr size_t plane_cells = 256;
struct alignas(64) Planes {
  int32_t gradient[plane_cells];
  int32_t hessian[plane_cells];
  int32_t count[plane_cells];
};

// A node and the rules for its children. All in the units of the planes, gains too: G^2 / (H + lambda).
struct ScanRequest {
  int32_t gradient;
  int32_t hessian;
  int32_t count;
  int32_t least_hessian;  // at least 1
  int32_t least_count;    // at least 1
  double lambda;
  double node_score;
  double least_gain;  // a cut must gain more
};

struct ScanResult {
  double gain;
  int32_t bin;            // -1: no cut
  int32_t missing_right;  // 0 or 1
  int32_t gradient;       // of the left side
  int32_t hessian;
  int32_t count;
};

// What a tree needs to know of the derivatives of a range of events.
struct DerivativeSummary {
  double loss;  // sum of weight times loss
  double largest_gradient;
  double largest_hessian;  // at least 0
  double squares;          // sum of |weight| times gradient squared
};

// Cuts one node of a sweep: an event of the node goes to the right when its bin lies within bin .. bin + last (mod 256).
struct SweepCut {
  const uint8_t* column;
  uint8_t node;
  uint8_t bin;
  uint8_t last;
};

struct TrainingKernels {
  // Adds entries[i] to the word of each variable's bin, for the events i = rows[0 .. n) or, without rows, first ..
  // first + n - 1. A variable has plane_cells words.
  void (*add_rows)(const uint8_t* bins, size_t stride, size_t n_features, const uint64_t* entries, const uint32_t* rows,
                   size_t first, size_t n, uint64_t* words);
  // Adds the sums in the words of one variable to its planes or stores them there.
  void (*unpack)(const uint64_t* words, const PackedLayout& layout, bool add, Planes* planes);
  // Adds the words of one variable to others.
  void (*add_words)(uint64_t* sum, const uint64_t* other);
  void (*add_planes)(Planes* sum, const Planes* other);
  void (*subtract_planes)(Planes* parent, const Planes* child);
  // From cells of four sums (gradient, hessian, count, weight) of one variable.
  void (*planes_of)(const int32_t* cells, Planes* planes);
  // The best cut of one variable; ties go to the lowest bin, then to missing right.
  ScanResult (*scan)(const Planes* planes, size_t bin_count, const ScanRequest& request);
  // Bit k of mask: whether (column[row k] - bin) as an unsigned number is below width. Returns the number of set bits.
  // Bits behind n in the last word are clear.
  size_t (*mark)(const uint8_t* column, const uint32_t* rows, size_t first, size_t n, uint32_t bin, uint32_t width,
                 uint64_t* mask);
  // Rows with a clear bit to left, with a set bit to right, in their order. Writes no element but those.
  void (*divide)(const uint32_t* rows, size_t first, size_t n, const uint64_t* mask, uint32_t* left, uint32_t* right);
  // Of events of weight one: entries from derivatives, rounded to the nearest integer after multiplication by the
  // scales, whose sums are added to sums[0] (gradient) and sums[1] (hessian). Returns whether no hessian was negative;
  // otherwise the entries are of no use.
  bool (*pack_entries)(const double* gradient, const double* hessian, size_t n, double gradient_scale,
                       double hessian_scale, const PackedLayout& layout, uint64_t* entries, int64_t* sums);
  // Adds the rounded products of value and scale of the given rows to the two sums. The products are below 2^50.
  void (*sum_rows)(const double* gradient, const double* hessian, const uint32_t* rows, size_t n, double gradient_scale,
                   double hessian_scale, int64_t* gradient_sum, int64_t* hessian_sum);
  // out[i] = number of edges <= values[i * stride], 255 for NaN. edges: 256 ascending, padded with NaN.
  void (*bin_values)(const float* values, ptrdiff_t stride, size_t n, const float* edges, uint8_t* out);
  // Binary logistic loss of events of weight one and its derivatives by the score; sign is +1 or -1. No array may
  // overlap another.
  void (*logistic)(const double* score, const double* sign, size_t n, double* loss, double* gradient, double* hessian);
  // Sums run over eight lanes, event i in lane i % 8, which are then added pairwise.
  DerivativeSummary (*summarise)(const double* weight, const double* loss, const double* gradient,
                                 const double* hessian, size_t n);
  // What `logistic` and `summarise` do for events of weight one, with the same derivatives; the loss may differ in its
  // last digits. Class 1 is the one to be found.
  DerivativeSummary (*logistic_of_units)(const double* score, const int32_t* class_index, size_t n, double* gradient,
                                         double* hessian);

  // The sweep: node_of[i] is the node of event i. `first` is a multiple of 64, and node_of and the columns may be read
  // (by `route` written) up to the next multiple of 64 behind first + n.
  // The events of node k go on to 2 k, or to 2 k + 1 where a cut says so.
  void (*route)(const SweepCut* cuts, size_t n_cuts, size_t first, size_t n, uint8_t* node_of);
  // The events first .. first + n - 1 of one node, ascending; returns their number. Up to 15 elements behind the last
  // may be written.
  size_t (*list_node)(const uint8_t* node_of, size_t first, size_t n, uint8_t node, uint32_t* rows);
  // Adds to sums[3 * node] and the two behind it: the rounded products of derivative and scale (as sum_rows), and 1.
  void (*sum_leaves)(const uint8_t* node_of, size_t first, size_t n, const double* gradient, const double* hessian,
                     double gradient_scale, double hessian_scale, size_t n_leaves, int64_t* sums);
  // score[i] += step[node_of[i]]; step has at least 16 elements.
  void (*move_scores)(const uint8_t* node_of, size_t first, size_t n, const double* step, size_t n_leaves,
                      double* score);
};

}  // namespace diskern::trees

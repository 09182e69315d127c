#pragma once
// The table that every instruction-set unit fills for Shapley values. Nothing but C headers may be included here
// (cmake/isa.cmake). Events come in blocks of a multiple of shap_lanes, one byte or float per event and quantity.

#include <stddef.h>
#include <stdint.h>

namespace diskern {

constexpr size_t shap_lanes = 64;

struct ShapKernels {
  // right[i] = 1 where value[i] >= threshold, and for NaN missing_right; else 0.
  void (*compare)(const float* value, size_t count, float threshold, uint8_t missing_right, uint8_t* right);
  // bits[i] |= 2^shift where all conditions hold: right[c][i] == wanted[c].
  void (*add_bit)(const uint8_t* const* right, const uint8_t* wanted, size_t conditions, size_t count, unsigned shift,
                  uint8_t* bits);
  // values[i * stride + place[k]] += table[index[i] * width + k] for all k < width <= 8.
  void (*add_rows)(const double* table, size_t width, const uint8_t* index, size_t count, const int32_t* place,
                   double* values, size_t stride);
  // Adds the values of a leaf in `parts` parts to many events, as leaf_values() (shap_tree.hpp) does. Part h of event i
  // has the rows rows[h] + index[h][i] * points * 8, its products products[h] + index[h][i] * points, and the
  // variables place[begin[h]], ..., place[begin[h + 1] - 1]. scratch has room for `points` numbers.
  void (*add_parts)(const double* const* rows, const double* const* products, const uint8_t* const* index,
                    const size_t* begin, size_t parts, size_t points, size_t count, const int32_t* place,
                    double* scratch, double* values, size_t stride);
};

}  // namespace diskern

#pragma once
// The table of moment sums that every instruction-set unit fills. Nothing but C headers may be included here
// (cmake/isa.cmake).

#include <stddef.h>

namespace diskern::statistics {

// Columns are handled eight at a time: a panel holds eight columns of some rows, row after row, zeros beyond the last
// column. All sums are float64 and run over the rows in their order, one fused multiply-add after the other, so that
// every level gives the same bits.
constexpr size_t panel_columns = 8;

struct MomentsKernels {
  // sums[j] += weight[i] * rows[i * stride + j]; weight nullptr: 1.
  void (*add_float_rows)(const float* rows, ptrdiff_t stride, size_t n, size_t columns, const double* weight,
                         double* sums);
  void (*add_double_rows)(const double* rows, ptrdiff_t stride, size_t n, size_t columns, const double* weight,
                          double* sums);
  // Panels of rows minus shift.
  void (*pack_float)(const float* rows, ptrdiff_t stride, size_t n, size_t columns, const double* shift,
                     double* panels);
  void (*pack_double)(const double* rows, ptrdiff_t stride, size_t n, size_t columns, const double* shift,
                      double* panels);
  // weighted = panels with row i times weight[i].
  void (*weigh)(const double* panels, size_t n, size_t panel_count, const double* weight, double* weighted);
  // products[(8 p + r) * 8 * panel_count + 8 q + c] += sum over rows of left[p][row][r] * right[q][row][c], for q <= p.
  void (*add_products)(const double* left, const double* right, size_t n, size_t panel_count, double* products);
  // sums[8 p + c] += sum over rows of panels[p][row][c].
  void (*add_panels)(const double* panels, size_t n, size_t panel_count, double* sums);
  // responses[i * outputs + k] = sum over j of (rows[i * stride + j] - shift[j]) * panels[k / 8][j][k % 8], for k below
  // outputs: projections on vectors that are packed as panels with a row per column.
  void (*project_float)(const float* rows, ptrdiff_t stride, size_t n, size_t columns, const double* shift,
                        const double* panels, size_t outputs, double* responses);
  void (*project_double)(const double* rows, ptrdiff_t stride, size_t n, size_t columns, const double* shift,
                         const double* panels, size_t outputs, double* responses);
};

}  // namespace diskern::statistics

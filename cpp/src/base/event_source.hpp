#pragma once
// Events as a caller holds them: rows, columns, anything with strides, float32 or float64. Nothing but C headers may be
// included here (cmake/isa.cmake).

#include <stddef.h>

namespace diskern {

// Element (i, j) stands at base[i * row_stride + j * column_stride], or at columns[j][i * row_stride] where columns is
// not null. Strides count elements. Never owns.
struct EventSource {
  const void* base;
  const void* const* columns;
  ptrdiff_t row_stride;
  ptrdiff_t column_stride;
  size_t column_count;
  bool is_double;
};

// Element (i, j) as float32, rounded to the nearest. Leaves no symbol behind.
static inline __attribute__((always_inline)) float event_value(const EventSource& events, size_t i, size_t j) {
  const ptrdiff_t row = static_cast<ptrdiff_t>(i) * events.row_stride;
  const ptrdiff_t offset = events.columns != nullptr ? row : row + static_cast<ptrdiff_t>(j) * events.column_stride;
  const void* base = events.columns != nullptr ? events.columns[j] : events.base;
  return events.is_double ? static_cast<float>(static_cast<const double*>(base)[offset])
                          : static_cast<const float*>(base)[offset];
}

}  // namespace diskern

#pragma once
// Events from NumPy in any layout, without a copy.

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <limits>
#include <string>
#include <vector>

#include "base/event_source.hpp"
#include "base/executor.hpp"
#include "common.hpp"

namespace diskern::python {

// A matrix of float32 or float64 elements with any strides; anything else is refused, never copied.
inline EventSource event_source(const py::array& array, const char* name, std::size_t columns) {
  const bool is_double = py::isinstance<py::array_t<double>>(array);
  if ((!is_double && !py::isinstance<py::array_t<float>>(array)) || array.ndim() != 2) {
    throw InvalidArgument(std::string(name) + " must be a two-dimensional array of float32 or float64, got " +
                          std::string(py::str(array.dtype())) + " with " + std::to_string(array.ndim()) +
                          " dimensions");
  }
  if (static_cast<std::size_t>(array.shape(1)) != columns) {
    throw InvalidArgument(std::string(name) + " has " + std::to_string(array.shape(1)) +
                          " variables, the model was trained with " + std::to_string(columns));
  }
  check_alignment(array, name);
  const py::ssize_t item = array.itemsize();
  return {array.data(), nullptr, array.strides(0) / item, array.strides(1) / item, columns, is_double};
}

// Events [begin, ...) of a source.
inline EventSource from_row(EventSource events, std::size_t begin) {
  const std::ptrdiff_t offset = static_cast<std::ptrdiff_t>(begin) * events.row_stride;
  events.base = events.is_double ? static_cast<const void*>(static_cast<const double*>(events.base) + offset)
                                 : static_cast<const void*>(static_cast<const float*>(events.base) + offset);
  return events;
}

// Refuses finite float64 values that float32 would make infinite.
inline void check_range(const Context& context, const EventSource& events, std::size_t begin, std::size_t end) {
  if (!events.is_double) return;
  constexpr std::size_t chunk_size = 4096;
  // Half a unit above the largest float32: from here on the nearest is infinity.
  constexpr double limit = 0x1.ffffffp127;
  const auto value = [&](std::size_t i, std::size_t j) {
    return static_cast<const double*>(events.base)[static_cast<std::ptrdiff_t>(i) * events.row_stride +
                                                   static_cast<std::ptrdiff_t>(j) * events.column_stride];
  };
  const auto too_large = [&](double x) {
    return std::abs(x) >= limit && std::abs(x) <= std::numeric_limits<double>::max();
  };
  parallel_for(
      context, chunk_count(end - begin, chunk_size),
      [&](std::size_t chunk) {
        const Range range = chunk_range(end - begin, chunk_size, chunk);
        bool any = false;
        if (events.column_stride == 1) {
          for (std::size_t i = begin + range.begin; i < begin + range.end; ++i) {
            const double* row =
                static_cast<const double*>(events.base) + static_cast<std::ptrdiff_t>(i) * events.row_stride;
            for (std::size_t j = 0; j < events.column_count; ++j) any |= too_large(row[j]);
          }
        } else {
          for (std::size_t j = 0; j < events.column_count; ++j) {
            for (std::size_t i = begin + range.begin; i < begin + range.end; ++i) any |= too_large(value(i, j));
          }
        }
        if (!any) return;
        for (std::size_t i = begin + range.begin; i < begin + range.end; ++i) {
          for (std::size_t j = 0; j < events.column_count; ++j) {
            if (!too_large(value(i, j))) continue;
            std::array<char, 32> text{};
            std::snprintf(text.data(), text.size(), "%.17g", value(i, j));
            throw InvalidArgument(
                "Input X contains a value too large for dtype('float32') (infinity there), first at event " +
                std::to_string(i) + ", variable " + std::to_string(j) + ": " + std::string(text.data()));
          }
        }
      },
      static_cast<double>((end - begin) * events.column_count));
}

}  // namespace diskern::python

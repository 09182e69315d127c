// Compiled once per instruction set (cmake/isa.cmake): plain loops over events, which the compiler makes vectors of.
#include "trees/shap_table.hpp"

namespace diskern::DISKERN_ISA_NAMESPACE {

namespace {

void compare(const float* value, size_t count, float threshold, uint8_t missing_right, uint8_t* right) {
  for (size_t begin = 0; begin < count; begin += shap_lanes) {
    uint8_t result[shap_lanes];
    const float* x = value + begin;
    // NaN >= threshold is false, and so is NaN < threshold.
    if (missing_right != 0) {
      for (size_t i = 0; i < shap_lanes; ++i) result[i] = x[i] < threshold ? 0 : 1;
    } else {
      for (size_t i = 0; i < shap_lanes; ++i) result[i] = x[i] >= threshold ? 1 : 0;
    }
    for (size_t i = 0; i < shap_lanes; ++i) right[begin + i] = result[i];
  }
}

void add_bit(const uint8_t* const* right, const uint8_t* wanted, size_t conditions, size_t count, unsigned shift,
             uint8_t* bits) {
  for (size_t begin = 0; begin < count; begin += shap_lanes) {
    uint8_t holds[shap_lanes];
    for (size_t i = 0; i < shap_lanes; ++i) holds[i] = 1;
    for (size_t c = 0; c < conditions; ++c) {
      const uint8_t* r = right[c] + begin;
      const auto flip = static_cast<uint8_t>(wanted[c] ^ 1U);
      for (size_t i = 0; i < shap_lanes; ++i) holds[i] = static_cast<uint8_t>(holds[i] & (r[i] ^ flip));
    }
    uint8_t* b = bits + begin;
    for (size_t i = 0; i < shap_lanes; ++i) b[i] = static_cast<uint8_t>(b[i] | (holds[i] << shift));
  }
}

template <size_t width>
void add_rows_of(const double* table, const uint8_t* index, size_t count, const int32_t* place, double* values,
                 size_t stride) {
  size_t at[width];
  for (size_t k = 0; k < width; ++k) at[k] = static_cast<size_t>(place[k]);
  for (size_t i = 0; i < count; ++i) {
    const double* row = table + index[i] * width;
    double* v = values + i * stride;
    for (size_t k = 0; k < width; ++k) v[at[k]] += row[k];
  }
}

void add_rows(const double* table, size_t width, const uint8_t* index, size_t count, const int32_t* place,
              double* values, size_t stride) {
  switch (width) {
    case 1:
      return add_rows_of<1>(table, index, count, place, values, stride);
    case 2:
      return add_rows_of<2>(table, index, count, place, values, stride);
    case 3:
      return add_rows_of<3>(table, index, count, place, values, stride);
    case 4:
      return add_rows_of<4>(table, index, count, place, values, stride);
    case 5:
      return add_rows_of<5>(table, index, count, place, values, stride);
    case 6:
      return add_rows_of<6>(table, index, count, place, values, stride);
    case 7:
      return add_rows_of<7>(table, index, count, place, values, stride);
    default:
      return add_rows_of<8>(table, index, count, place, values, stride);
  }
}

void add_parts(const double* const* rows, const double* const* products, const uint8_t* const* index,
               const size_t* begin, size_t parts, size_t points, size_t count, const int32_t* place, double* scratch,
               double* values, size_t stride) {
  constexpr size_t lanes = 8;
  for (size_t i = 0; i < count; ++i) {
    double* v = values + i * stride;
    for (size_t part = 0; part < parts; ++part) {
      const double* others = scratch;
      if (parts == 2) {
        others = products[1 - part] + index[1 - part][i] * points;
      } else {
        for (size_t q = 0; q < points; ++q) scratch[q] = 1.0;
        for (size_t other = 0; other < parts; ++other) {
          if (other == part) continue;
          const double* product = products[other] + index[other][i] * points;
          for (size_t q = 0; q < points; ++q) scratch[q] *= product[q];
        }
      }
      const double* row = rows[part] + index[part][i] * points * lanes;
      double sum[lanes] = {0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0};
      for (size_t q = 0; q < points; ++q) {
        const double factor = others[q];
        for (size_t k = 0; k < lanes; ++k) sum[k] += row[q * lanes + k] * factor;
      }
      const int32_t* at = place + begin[part];
      const size_t size = begin[part + 1] - begin[part];
      for (size_t k = 0; k < size; ++k) v[static_cast<size_t>(at[k])] += sum[k];
    }
  }
}

}  // namespace

extern const ShapKernels shap_kernels;
const ShapKernels shap_kernels = {compare, add_bit, add_rows, add_parts};

}  // namespace diskern::DISKERN_ISA_NAMESPACE

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

void leaf(const double* fraction, size_t m, const double* point, const double* weight, size_t points, double leaf_value,
          const uint8_t* const* on, size_t count, double* scratch, double* out) {
  constexpr size_t lanes = 8;
  for (size_t begin = 0; begin < count; begin += lanes) {
    for (size_t j = 0; j < m; ++j) {
      for (size_t i = 0; i < lanes; ++i) out[j * count + begin + i] = 0.0;
    }
    for (size_t q = 0; q < points; ++q) {
      const double t = point[q];
      for (size_t i = 0; i < lanes; ++i) scratch[m * lanes + i] = 1.0;
      for (size_t j = m; j-- > 1;) {
        const double z = fraction[j];
        const double if_on = z + (1.0 - z) * t;
        const double if_off = z * (1.0 - t);
        const uint8_t* bits = on[j] + begin;
        for (size_t i = 0; i < lanes; ++i) {
          scratch[j * lanes + i] = scratch[(j + 1) * lanes + i] * (bits[i] != 0 ? if_on : if_off);
        }
      }
      double before[lanes];
      for (size_t i = 0; i < lanes; ++i) before[i] = weight[q];
      for (size_t j = 0; j < m; ++j) {
        const double z = fraction[j];
        const double if_on = z + (1.0 - z) * t;
        const double if_off = z * (1.0 - t);
        const uint8_t* bits = on[j] + begin;
        double* result = out + j * count + begin;
        for (size_t i = 0; i < lanes; ++i) {
          result[i] += before[i] * scratch[(j + 1) * lanes + i];
          before[i] *= bits[i] != 0 ? if_on : if_off;
        }
      }
    }
    for (size_t j = 0; j < m; ++j) {
      const double if_on = leaf_value * (1.0 - fraction[j]);
      const double if_off = leaf_value * -fraction[j];
      const uint8_t* bits = on[j] + begin;
      double* result = out + j * count + begin;
      for (size_t i = 0; i < lanes; ++i) result[i] *= bits[i] != 0 ? if_on : if_off;
    }
  }
}

}  // namespace

extern const ShapKernels shap_kernels;
const ShapKernels shap_kernels = {compare, add_bit, add_rows, leaf};

}  // namespace diskern::DISKERN_ISA_NAMESPACE

#include "statistics/projection.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "base/archive.hpp"
#include "base/executor.hpp"
#include "base/gemm.hpp"
#include "diskern/error.hpp"
#include "statistics/moment_sums.hpp"

namespace diskern::statistics {

namespace {

constexpr std::int64_t layout_version = 1;
constexpr std::size_t maximum_count = std::numeric_limits<std::int32_t>::max();
constexpr std::size_t single_width = 16;  // columns of float32 matrix products come in whole vectors

void check_finite(const std::vector<double>& values, const char* name) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) {
      throw FormatError(std::string("projection: element ") + std::to_string(i) + " of " + name + " is " +
                        std::to_string(values[i]) + ", expected a finite number");
    }
  }
}

template <class T>
void project_rows(const Context& context, View<const T, 2> events, View<double, 2> responses,
                  const std::vector<double>& mean, std::size_t n_outputs, const std::vector<double>& panels) {
  constexpr std::size_t chunk_size = 1024;
  const std::size_t n = events.rows();
  const std::size_t d = mean.size();
  const MomentsKernels& kernels = moments_kernels();
  const bool read_in_place = d == 1 || events.strides()[1] == 1;
  const bool write_in_place = responses.contiguous();
  parallel_for(
      context, chunk_count(n, chunk_size),
      [&](std::size_t chunk) {
        const Range range = chunk_range(n, chunk_size, chunk);
        const std::size_t count = range.end - range.begin;
        std::vector<T> rows;
        const T* from = events.data() + static_cast<std::ptrdiff_t>(range.begin) * events.strides()[0];
        std::ptrdiff_t stride = events.strides()[0];
        if (!read_in_place) {
          rows.resize(count * d);
          for (std::size_t i = 0; i < count; ++i) {
            for (std::size_t j = 0; j < d; ++j) rows[i * d + j] = events(range.begin + i, j);
          }
          from = rows.data();
          stride = static_cast<std::ptrdiff_t>(d);
        }
        std::vector<double> values;
        double* to = write_in_place ? responses.data() + range.begin * n_outputs : nullptr;
        if (!write_in_place) {
          values.resize(count * n_outputs);
          to = values.data();
        }
        if constexpr (std::is_same_v<T, float>) {
          kernels.project_float(from, stride, count, d, mean.data(), panels.data(), n_outputs, to);
        } else {
          kernels.project_double(from, stride, count, d, mean.data(), panels.data(), n_outputs, to);
        }
        if (write_in_place) return;
        for (std::size_t i = 0; i < count; ++i) {
          for (std::size_t k = 0; k < n_outputs; ++k) responses(range.begin + i, k) = values[i * n_outputs + k];
        }
      },
      static_cast<double>(n * d) * (1.0 + static_cast<double>(n_outputs) * 0.1));
}

}  // namespace

ProjectionPredictor::ProjectionPredictor(std::vector<double> mean, std::size_t n_outputs, std::vector<double> vectors)
    : mean_(std::move(mean)), n_outputs_(n_outputs), vectors_(std::move(vectors)) {
  if (mean_.empty() || mean_.size() > maximum_count) {
    throw FormatError("projection: " + std::to_string(mean_.size()) + " inputs, expected 1 or more");
  }
  if (n_outputs_ < 1 || n_outputs_ > maximum_count) {
    throw FormatError("projection: " + std::to_string(n_outputs_) + " outputs, expected 1 or more");
  }
  if (vectors_.size() != n_outputs_ * mean_.size()) {
    throw FormatError("projection: " + std::to_string(vectors_.size()) + " elements of vectors, expected " +
                      std::to_string(n_outputs_) + " outputs x " + std::to_string(mean_.size()) + " inputs");
  }
  check_finite(mean_, "the mean");
  check_finite(vectors_, "the vectors");
  const std::size_t panel_count = (n_outputs_ + panel_columns - 1) / panel_columns;
  panels_.assign(panel_count * mean_.size() * panel_columns, 0.0);
  for (std::size_t k = 0; k < n_outputs_; ++k) {
    for (std::size_t j = 0; j < mean_.size(); ++j) {
      panels_[(k / panel_columns * mean_.size() + j) * panel_columns + k % panel_columns] =
          vectors_[k * mean_.size() + j];
    }
  }
  const std::size_t width = chunk_count(n_outputs_, single_width) * single_width;
  single_mean_.assign(mean_.begin(), mean_.end());
  single_vectors_.assign(mean_.size() * width, 0.0F);
  single_bias_.assign(width, 0.0F);
  for (std::size_t k = 0; k < n_outputs_; ++k) {
    double bias = 0;
    for (std::size_t j = 0; j < mean_.size(); ++j) {
      const double vector = vectors_[k * mean_.size() + j];
      single_vectors_[j * width + k] = static_cast<float>(vector);
      bias += (static_cast<double>(single_mean_[j]) - mean_[j]) * vector;
    }
    single_bias_[k] = static_cast<float>(bias);
  }
}

void ProjectionPredictor::evaluate(const float* variables, double* responses) const noexcept {
  // The kernels' sums: one fused multiply-add after the other.
  for (std::size_t k = 0; k < n_outputs_; ++k) {
    double sum = 0;
    for (std::size_t j = 0; j < mean_.size(); ++j) {
      sum = std::fma(static_cast<double>(variables[j]) - mean_[j], vectors_[k * mean_.size() + j], sum);
    }
    responses[k] = sum;
  }
}

void ProjectionPredictor::evaluate(const Context& context, View<const float, 2> events, View<double, 2> responses) const {
  project_rows(context, events, responses, mean_, n_outputs_, panels_);
}

void ProjectionPredictor::project(const Context& context, View<const double, 2> events, View<double, 2> responses) const {
  project_rows(context, events, responses, mean_, n_outputs_, panels_);
}

void ProjectionPredictor::project_single(const Context& context, View<const float, 2> events,
                                         View<float, 2> responses) const {
  constexpr std::size_t chunk_size = 1024;
  constexpr std::size_t block_size = 112;  // eight tiles of fourteen rows
  const std::size_t n = events.rows();
  const std::size_t d = mean_.size();
  const std::size_t width = single_bias_.size();
  const GemmKernels& kernels = gemm_kernels();
  const auto n_outputs = static_cast<std::ptrdiff_t>(n_outputs_);
  parallel_for(
      context, chunk_count(n, chunk_size),
      [&](std::size_t chunk) {
        const Range range = chunk_range(n, chunk_size, chunk);
        AlignedVector<float> centred(block_size * d);
        AlignedVector<float> products(block_size * width);
        for (std::size_t begin = range.begin; begin < range.end; begin += block_size) {
          const std::size_t count = std::min(block_size, range.end - begin);
          for (std::size_t i = 0; i < count; ++i) {
            float* to = centred.data() + i * d;
            if (d == 1 || events.strides()[1] == 1) {
              const float* row = &events(begin + i, 0);
              for (std::size_t j = 0; j < d; ++j) to[j] = row[j] - single_mean_[j];
            } else {
              for (std::size_t j = 0; j < d; ++j) to[j] = events(begin + i, j) - single_mean_[j];
            }
          }
          MatrixProduct product{};
          product.rows = count;
          product.columns = width;
          product.depth = d;
          product.a = centred.data();
          product.a_row = d;
          product.a_column = 1;
          product.b = single_vectors_.data();
          product.b_row = width;
          product.c = products.data();
          product.c_row = width;
          product.bias = single_bias_.data();
          kernels.multiply(product);
          for (std::size_t i = 0; i < count; ++i) {
            std::copy_n(products.data() + i * width, n_outputs, &responses(begin + i, 0));
          }
        }
      },
      static_cast<double>(n * d) * (0.5 + static_cast<double>(width) * 0.02));
}

void ProjectionPredictor::write(archive::Group& group) const {
  group.set("layout", layout_version);
  group.set("n_inputs", static_cast<std::int64_t>(mean_.size()));
  group.set("n_outputs", static_cast<std::int64_t>(n_outputs_));
  group.set("mean", mean_);
  group.set("vectors", vectors_);
}

PredictorPointer ProjectionPredictor::read(const archive::Group& group) {
  group.integer("layout", layout_version, layout_version);
  const std::size_t n_inputs = group.count("n_inputs", maximum_count);
  const std::size_t n_outputs = group.count("n_outputs", maximum_count);
  std::vector<double> mean = group.doubles("mean");
  if (mean.size() != n_inputs) {
    throw FormatError("projection: the mean has " + std::to_string(mean.size()) + " elements, expected n_inputs = " +
                      std::to_string(n_inputs));
  }
  return std::make_shared<const ProjectionPredictor>(std::move(mean), n_outputs, group.doubles("vectors"));
}

}  // namespace diskern::statistics

#include "clustering/kmeans_predictor.hpp"

#include <cmath>
#include <limits>
#include <memory>
#include <string>

#include "base/archive.hpp"
#include "base/executor.hpp"
#include "diskern/error.hpp"

namespace diskern::clustering {

namespace {

constexpr std::int64_t layout_version = 1;
constexpr std::size_t maximum_count = std::numeric_limits<std::int32_t>::max();
constexpr std::size_t chunk_size = 1024;

const double* checked(std::size_t n_inputs, std::size_t n_clusters, const std::vector<double>& centres) {
  if (n_inputs < 1 || n_inputs > maximum_count || n_clusters < 1 || n_clusters > maximum_count) {
    throw FormatError("k-means: " + std::to_string(n_clusters) + " clusters of " + std::to_string(n_inputs) +
                      " inputs, expected 1 or more of both");
  }
  // Both factors are below 2^31, so that the product cannot overflow 64 bits.
  if (centres.size() != n_inputs * n_clusters) {
    throw FormatError("k-means: " + std::to_string(centres.size()) + " coordinates, expected " +
                      std::to_string(n_clusters) + " clusters x " + std::to_string(n_inputs) + " inputs");
  }
  for (std::size_t i = 0; i < centres.size(); ++i) {
    if (!(std::abs(centres[i]) <= 1e150)) {
      throw FormatError("k-means: coordinate " + std::to_string(i) + " is " + std::to_string(centres[i]) +
                        ", expected finite numbers up to 1e150");
    }
  }
  return centres.data();
}

}  // namespace

KMeansPredictor::KMeansPredictor(std::size_t n_inputs, std::size_t n_clusters, const std::vector<double>& centres)
    : assigner_(checked(n_inputs, n_clusters, centres), n_clusters, n_inputs) {}

void KMeansPredictor::evaluate(const float* variables, double* responses) const noexcept {
  const std::size_t dimensions = input_count();
  std::size_t best = 0;
  double smallest = std::numeric_limits<double>::infinity();
  const double* centre = centres().data();
  for (std::size_t k = 0; k < cluster_count(); ++k) {
    double sum = 0;
    for (std::size_t d = 0; d < dimensions; ++d) {
      const double difference = static_cast<double>(variables[d]) - *centre++;
      sum += difference * difference;
    }
    if (sum < smallest) {
      smallest = sum;
      best = k;
    }
    if (std::isnan(sum)) smallest = sum;  // a variable that is no number is near to nothing
  }
  responses[0] = std::isnan(smallest) ? smallest : static_cast<double>(best);
  responses[1] = std::sqrt(smallest);
}

void KMeansPredictor::evaluate(const Context& context, View<const float, 2> events, View<double, 2> responses) const {
  evaluate(context, source_of(events), responses);
}

namespace {

template <class T>
void evaluate_rows(const KMeansAssigner& assigner, const EventSource& events, Range range, View<double, 2> responses) {
  const std::size_t dimensions = assigner.dimensions();
  const std::size_t count = range.end - range.begin;
  std::vector<T> rows(count * dimensions);
  for (std::size_t i = 0; i < count; ++i) {
    const std::ptrdiff_t row = static_cast<std::ptrdiff_t>(range.begin + i) * events.row_stride;
    for (std::size_t d = 0; d < dimensions; ++d) {
      rows[i * dimensions + d] =
          events.columns != nullptr
              ? static_cast<const T*>(events.columns[d])[row]
              : static_cast<const T*>(events.base)[row + static_cast<std::ptrdiff_t>(d) * events.column_stride];
    }
  }
  KMeansAssigner::Scratch scratch;
  std::vector<std::int32_t> labels(count);
  std::vector<double> squares(count);
  assigner.assign(rows.data(), count, labels.data(), scratch);
  row_kernels<T>(kmeans_kernels())
      .label_distances(rows.data(), count, dimensions, labels.data(), assigner.padded_centres().data(), squares.data());
  for (std::size_t i = 0; i < count; ++i) {
    responses(range.begin + i, 0) = std::isnan(squares[i]) ? squares[i] : static_cast<double>(labels[i]);
    responses(range.begin + i, 1) = std::sqrt(squares[i]);
  }
}

}  // namespace

void KMeansPredictor::evaluate(const Context& context, const EventSource& events, View<double, 2> responses) const {
  const std::size_t n = responses.rows();
  parallel_for(
      context, chunk_count(n, chunk_size),
      [&](std::size_t chunk) {
        const Range range = chunk_range(n, chunk_size, chunk);
        if (events.is_double) {
          evaluate_rows<double>(assigner_, events, range, responses);
        } else {
          evaluate_rows<float>(assigner_, events, range, responses);
        }
      },
      static_cast<double>(n * (cluster_count() + 16) * (input_count() + 4)) * 0.02);
}

void KMeansPredictor::write(archive::Group& group) const {
  group.set("layout", layout_version);
  group.set("n_inputs", static_cast<std::int64_t>(input_count()));
  group.set("n_clusters", static_cast<std::int64_t>(cluster_count()));
  group.set("centres", centres());
}

PredictorPointer KMeansPredictor::read(const archive::Group& group) {
  group.integer("layout", layout_version, layout_version);
  const std::size_t n_inputs = group.count("n_inputs", maximum_count);
  const std::size_t n_clusters = group.count("n_clusters", maximum_count);
  return std::make_shared<const KMeansPredictor>(n_inputs, n_clusters, group.doubles("centres"));
}

}  // namespace diskern::clustering

#include "clustering/gaussian_mixture_predictor.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/archive.hpp"
#include "base/executor.hpp"
#include "diskern/error.hpp"

namespace diskern::clustering {

namespace {

constexpr std::int64_t layout_version = 1;
constexpr std::size_t maximum_count = std::numeric_limits<std::int32_t>::max();

void check_numbers(const std::vector<double>& values, std::size_t expected, const char* name) {
  if (values.size() != expected) {
    throw FormatError("mixture: " + std::to_string(values.size()) + " " + name + ", expected " + std::to_string(expected));
  }
  for (const double value : values) {
    if (!(std::abs(value) <= 1e150)) throw FormatError(std::string("mixture: one of the ") + name + " is not finite or above 1e150");
  }
}

Mixture checked(Mixture mixture) {
  const std::size_t d = mixture.dimensions;
  const std::size_t components = mixture.components;
  if (d < 1 || d > 100000 || components < 1 || components > 1000000) {
    throw FormatError("mixture: " + std::to_string(components) + " components of " + std::to_string(d) + " inputs");
  }
  check_numbers(mixture.weights, components, "weights");
  check_numbers(mixture.means, components * d, "coordinates of means");
  check_numbers(mixture.factors, mixture.covariance_size(), "numbers of factors");
  double total = 0.0;
  for (const double weight : mixture.weights) {
    if (!(weight > 0)) throw FormatError("mixture: a weight is not positive");
    total += weight;
  }
  if (!(std::abs(total - 1.0) <= 1e-6)) {
    throw FormatError("mixture: the weights sum to " + std::to_string(total) + ", expected 1");
  }
  const bool matrices = mixture.kind == CovarianceKind::full || mixture.kind == CovarianceKind::tied;
  for (std::size_t i = 0; i < mixture.factors.size(); ++i) {
    const bool diagonal = !matrices || i / d % d == i % d;
    if (diagonal && !(mixture.factors[i] > 0)) throw FormatError("mixture: a width is not positive");
  }
  return mixture;
}

}  // namespace

MixturePredictor::MixturePredictor(Mixture mixture) : mixture_(checked(std::move(mixture))), block_(mixture_) {}

void MixturePredictor::evaluate(const float* variables, double* responses) const noexcept {
  const std::size_t components = mixture_.components;
  block_.evaluate_one(variables, responses, responses[components]);
}

void MixturePredictor::evaluate(const Context& context, View<const float, 2> events, View<double, 2> responses) const {
  const std::size_t n = events.rows();
  const std::size_t d = mixture_.dimensions;
  const std::size_t components = mixture_.components;
  constexpr std::size_t chunk_size = 4 * mixture_block;
  parallel_for(
      context, chunk_count(n, chunk_size),
      [&](std::size_t chunk) {
        const Range range = chunk_range(n, chunk_size, chunk);
        std::vector<double> block(d * mixture_block);
        std::vector<double> scratch(block_.scratch_size());
        std::vector<double> values(components * mixture_block);
        double norm[mixture_block];
        for (std::size_t begin = range.begin; begin < range.end; begin += mixture_block) {
          const std::size_t count = std::min(mixture_block, range.end - begin);
          const std::size_t lanes = chunk_count(count, mixture_lanes) * mixture_lanes;
          for (std::size_t i = 0; i < d; ++i) {
            for (std::size_t p = 0; p < lanes; ++p) {
              block[i * mixture_block + p] = static_cast<double>(events(begin + std::min(p, count - 1), i));
            }
          }
          block_.evaluate(block.data(), lanes, scratch.data(), values.data(), norm);
          for (std::size_t p = 0; p < count; ++p) {
            for (std::size_t k = 0; k < components; ++k) responses(begin + p, k) = values[k * mixture_block + p];
            responses(begin + p, components) = norm[p];
          }
        }
      },
      static_cast<double>(n * components * (d * d + 8)));
}

void MixturePredictor::write(archive::Group& group) const {
  group.set("layout", layout_version);
  group.set("covariance", static_cast<std::int64_t>(mixture_.kind));
  group.set("n_inputs", static_cast<std::int64_t>(mixture_.dimensions));
  group.set("n_components", static_cast<std::int64_t>(mixture_.components));
  group.set("weights", mixture_.weights);
  group.set("means", mixture_.means);
  group.set("factors", mixture_.factors);
}

PredictorPointer MixturePredictor::read(const archive::Group& group) {
  group.integer("layout", layout_version, layout_version);
  Mixture mixture;
  mixture.kind = static_cast<CovarianceKind>(group.integer("covariance", 0, 3));
  mixture.dimensions = group.count("n_inputs", maximum_count);
  mixture.components = group.count("n_components", maximum_count);
  mixture.weights = group.doubles("weights");
  mixture.means = group.doubles("means");
  mixture.factors = group.doubles("factors");
  return std::make_shared<const MixturePredictor>(std::move(mixture));
}

}  // namespace diskern::clustering

#include "clustering/fraction_predictor.hpp"

#include <array>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "base/archive.hpp"
#include "diskern/error.hpp"

namespace diskern::clustering {

namespace {

constexpr std::int64_t layout_version = 1;
constexpr std::size_t maximum_count = std::numeric_limits<std::int32_t>::max();

void check(const std::vector<double>& values, std::size_t expected, const char* name) {
  if (values.size() != expected) {
    throw FormatError(std::string("cluster fractions: ") + name + " has " + std::to_string(values.size()) +
                      " elements, expected " + std::to_string(expected));
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!(std::abs(values[i]) <= 1e150)) {
      throw FormatError(std::string("cluster fractions: element ") + std::to_string(i) + " of " + name + " is " +
                        std::to_string(values[i]) + ", expected finite numbers up to 1e150");
    }
  }
}

}  // namespace

FractionPredictor::FractionPredictor(FractionParams params) : params_(std::move(params)) {
  const std::size_t d = params_.n_inputs;
  if (d < 1 || d > most_inputs) {
    throw FormatError("cluster fractions: " + std::to_string(d) + " inputs, expected 1 to " +
                      std::to_string(most_inputs));
  }
  if (params_.n_outputs < 1 || params_.n_outputs > maximum_count || (params_.distance && params_.n_outputs != 1)) {
    throw FormatError("cluster fractions: " + std::to_string(params_.n_outputs) + " outputs, expected " +
                      (params_.distance ? "1 (a distance)" : "1 or more"));
  }
  const std::size_t n = params_.cluster.size();
  if (n == 0 || n > maximum_count) {
    throw FormatError("cluster fractions: " + std::to_string(n) + " points, expected 1 or more");
  }
  check(params_.scale, d, "scale");
  check(params_.points, n * d, "points");
  check(params_.prior, params_.n_outputs, "prior");
  check(params_.fractions, params_.fractions.size(), "fractions");
  if (params_.fractions.empty() || params_.fractions.size() % params_.n_outputs != 0) {
    throw FormatError("cluster fractions: fractions has " + std::to_string(params_.fractions.size()) +
                      " elements, expected some for each of " + std::to_string(params_.n_outputs) + " outputs");
  }
  const auto clusters = static_cast<double>(params_.fractions.size() / params_.n_outputs);
  for (std::size_t i = 0; i < n; ++i) {
    const double cluster = params_.cluster[i];
    if (!(cluster >= 0 && cluster < clusters) || cluster != std::floor(cluster)) {
      throw FormatError("cluster fractions: the cluster of point " + std::to_string(i) + " is " +
                        std::to_string(cluster) + ", expected a whole number below " + std::to_string(clusters));
    }
  }
  if (!(std::abs(params_.radius) <= 1e150)) {
    throw FormatError("cluster fractions: radius is " + std::to_string(params_.radius) + ", expected a finite number");
  }
  tree_.build(Context{}, View<const double, 2>(params_.points.data(), n, d));
}

void FractionPredictor::evaluate(const float* variables, double* responses) const noexcept {
  std::array<double, most_inputs> query;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled below
  std::array<float, most_inputs> scratch;  // NOLINT(cppcoreguidelines-pro-type-member-init): the tree's
  for (std::size_t j = 0; j < params_.n_inputs; ++j) {
    query[j] = static_cast<double>(variables[j]) * params_.scale[j];
    if (std::abs(query[j]) <= 1e150) continue;
    for (std::size_t k = 0; k < params_.n_outputs; ++k) responses[k] = std::numeric_limits<double>::quiet_NaN();
    return;
  }
  double reduced = 0;
  std::uint32_t nearest = 0;
  tree_.nearest(query.data(), 1, &reduced, &nearest, scratch.data());
  if (params_.distance) {
    responses[0] = tree_.real_distance(reduced);
    return;
  }
  const bool noise = params_.radius >= 0 && reduced > params_.radius * params_.radius;
  const double* from =
      noise ? params_.prior.data()
            : params_.fractions.data() + static_cast<std::size_t>(params_.cluster[nearest]) * params_.n_outputs;
  for (std::size_t k = 0; k < params_.n_outputs; ++k) responses[k] = from[k];
}

void FractionPredictor::write(archive::Group& group) const {
  group.set("layout", layout_version);
  group.set("n_inputs", static_cast<std::int64_t>(params_.n_inputs));
  group.set("n_outputs", static_cast<std::int64_t>(params_.n_outputs));
  group.set("distance", static_cast<std::int64_t>(params_.distance ? 1 : 0));
  group.set("radius", params_.radius);
  group.set("scale", params_.scale);
  group.set("points", params_.points);
  group.set("cluster", params_.cluster);
  group.set("fractions", params_.fractions);
  group.set("prior", params_.prior);
}

PredictorPointer FractionPredictor::read(const archive::Group& group) {
  group.integer("layout", layout_version, layout_version);
  FractionParams params;
  params.n_inputs = group.count("n_inputs", maximum_count);
  params.n_outputs = group.count("n_outputs", maximum_count);
  params.distance = group.integer("distance", 0, 1) == 1;
  params.radius = group.real("radius");
  params.scale = group.doubles("scale");
  params.points = group.doubles("points");
  params.cluster = group.doubles("cluster");
  params.fractions = group.doubles("fractions");
  params.prior = group.doubles("prior");
  return std::make_shared<const FractionPredictor>(std::move(params));
}

}  // namespace diskern::clustering

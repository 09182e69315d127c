#include "neighbours/neighbours_predictor.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "base/archive.hpp"
#include "base/exact_sums.hpp"
#include "base/executor.hpp"
#include "diskern/error.hpp"

namespace diskern {

namespace {

constexpr std::int64_t layout_version = 1;
constexpr std::size_t maximum_count = std::numeric_limits<std::int32_t>::max();
constexpr std::size_t maximum_discriminant_inputs = 512;
// Up to which sets of neighbours are sought rather than sorted lists.
constexpr std::size_t most_selected = 100;
constexpr std::size_t most_selected_inputs = 6;
constexpr std::size_t most_selected_outputs = 16;
constexpr const char* weighting_names[] = {"uniform", "inverse_distance", "gaussian", "polynomial", "discriminant"};
constexpr const char* metric_names[] = {"euclidean", "manhattan", "chebyshev", "minkowski"};

template <std::size_t n>
std::size_t find_name(const char* const (&names)[n], const std::string& name, const char* what) {
  for (std::size_t i = 0; i < n; ++i) {
    if (name == names[i]) return i;
  }
  throw FormatError(std::string("neighbours model: ") + what + " '" + name + "' is not known");
}

[[noreturn]] void fail(const std::string& message) { throw FormatError("neighbours model: " + message); }

void check_finite(const std::vector<double>& values, const char* what) {
  for (const double value : values) {
    if (!std::isfinite(value)) fail(std::string(what) + " holds " + std::to_string(value) + ", expected finite numbers");
  }
}

// memory(size) doubles: on the stack where they fit, else of this thread.
struct Memory {
  static constexpr std::size_t small = 2048;
  std::array<double, small> on_stack;
  double* get(std::size_t size) {
    if (size <= small) return on_stack.data();
    thread_local std::vector<double> large;
    if (large.size() < size) large.resize(size);
    return large.data();
  }
};

}  // namespace

NeighboursPredictor::NeighboursPredictor(NeighboursDefinition definition) : definition_(std::move(definition)) {
  const NeighboursDefinition& d = definition_;
  if (d.n_inputs < 1 || d.n_inputs > maximum_count) fail(std::to_string(d.n_inputs) + " inputs, expected 1 or more");
  if (d.n_outputs < 1 || d.n_outputs > maximum_count) fail(std::to_string(d.n_outputs) + " outputs, expected 1 or more");
  const std::size_t n = d.points.size() / d.n_inputs;
  if (n == 0 || n > maximum_count || d.points.size() != n * d.n_inputs) {
    fail(std::to_string(d.points.size()) + " coordinates, expected a multiple of " + std::to_string(d.n_inputs));
  }
  if (d.targets.size() != n * d.n_outputs) {
    fail(std::to_string(d.targets.size()) + " targets, expected " + std::to_string(n * d.n_outputs));
  }
  if (!d.weight.empty() && d.weight.size() != n) {
    fail(std::to_string(d.weight.size()) + " weights, expected " + std::to_string(n));
  }
  if (!d.divisor.empty() && d.divisor.size() != d.n_inputs) {
    fail(std::to_string(d.divisor.size()) + " divisors, expected " + std::to_string(d.n_inputs));
  }
  if (d.k < 1 || d.k > n) fail("k is " + std::to_string(d.k) + ", expected 1 to " + std::to_string(n));
  check_finite(d.points, "the points");
  check_finite(d.targets, "the targets");
  check_finite(d.weight, "the weights");
  for (const double divisor : d.divisor) {
    if (!(divisor > 0) || !std::isfinite(divisor)) fail("divisors must be positive, got " + std::to_string(divisor));
  }
  if (!std::isfinite(d.sigma_factor) || d.sigma_factor == 0) fail("the factor of the Gaussian width must not be zero");
  const bool kernel = d.weighting == NeighbourWeight::gaussian || d.weighting == NeighbourWeight::polynomial ||
                      d.weighting == NeighbourWeight::discriminant;
  if (d.weighting == NeighbourWeight::discriminant) {
    if (d.n_outputs != 1) fail(std::to_string(d.n_outputs) + " outputs of a discriminant, expected 1");
    // Its covariance matrix is made for every event.
    if (d.n_inputs > maximum_discriminant_inputs) {
      fail(std::to_string(d.n_inputs) + " variables of a discriminant, expected at most " +
           std::to_string(maximum_discriminant_inputs));
    }
  }
  if (kernel && d.distance.metric != Metric::euclidean) fail("kernels need the Euclidean distance");
  if (kernel && !d.distance.periods.empty()) fail("kernels need axes without periods");
  fetched_ = std::min(d.k + (d.tmva ? 2 : 0), n);

  scaled_.resize(d.points.size());
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < d.n_inputs; ++j) {
      double x = d.points[i * d.n_inputs + j];
      if (!d.divisor.empty()) x /= d.divisor[j];
      scaled_[i * d.n_inputs + j] = d.tmva ? static_cast<double>(static_cast<float>(x)) : x;
    }
  }
  check_finite(scaled_, "the scaled points");
  average_.assign(d.n_outputs, 0.0);
  double total = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const double weight = d.weight.empty() ? 1.0 : d.weight[i];
    total += weight;
    for (std::size_t o = 0; o < d.n_outputs; ++o) average_[o] += weight * d.targets[i * d.n_outputs + o];
  }
  for (double& one : average_) one = total > 0 ? one / total : std::numeric_limits<double>::quiet_NaN();
  try {
    tree_.build({}, View<const double, 2>(scaled_.data(), n, d.n_inputs), d.distance);
  } catch (const InvalidArgument& error) {
    fail(error.what());
  }
  if (d.weighting == NeighbourWeight::uniform) prepare_sums();
}

void NeighboursPredictor::prepare_sums() {
  const NeighboursDefinition& d = definition_;
  const std::size_t n = d.points.size() / d.n_inputs;
  const std::size_t columns = 1 + d.n_outputs;
  std::vector<double> terms(n * columns);
  std::vector<double> column(n);
  for (std::size_t c = 0; c < columns; ++c) {
    for (std::size_t i = 0; i < n; ++i) {
      const double weight = d.weight.empty() ? 1.0 : d.weight[i];
      column[i] = c == 0 ? weight : weight * d.targets[i * d.n_outputs + c - 1];
    }
    // Where digits would be lost the terms stay as they are and are summed in the order of the neighbours.
    if (!round_for_exact_sums(column, d.k)) return;
    for (std::size_t i = 0; i < n; ++i) terms[i * columns + c] = column[i];
  }
  terms_ = std::move(terms);
  const KdTreeView& view = tree_.view();
  slot_terms_.assign(view.leaves * view.capacity * columns, 0.0);
  for (std::size_t leaf = 0; leaf < view.leaves; ++leaf) {
    for (std::size_t slot = leaf * view.capacity; slot < leaf * view.capacity + tree_.points_of_leaf(leaf); ++slot) {
      std::copy_n(terms_.begin() + static_cast<std::ptrdiff_t>(view.index[slot] * columns), columns,
                  slot_terms_.begin() + static_cast<std::ptrdiff_t>(slot * columns));
    }
  }
}

void NeighboursPredictor::mean(const double* sums, double* responses) const noexcept {
  for (std::size_t o = 0; o < definition_.n_outputs; ++o) {
    responses[o] = sums[0] > 0 ? sums[1 + o] / sums[0] : average_[o];
  }
}

std::size_t NeighboursPredictor::memory_size() const noexcept {
  const std::size_t d = definition_.n_inputs;
  const bool matrix = definition_.weighting == NeighbourWeight::discriminant;
  return std::max(fetched_, 1 + definition_.n_outputs) + d + (matrix ? d * d + 4 * d : 0);
}

void NeighboursPredictor::query_of(const float* variables, double* query) const noexcept {
  for (std::size_t j = 0; j < definition_.n_inputs; ++j) {
    auto x = static_cast<double>(variables[j]);
    if (!definition_.divisor.empty()) x /= definition_.divisor[j];
    query[j] = tree_.coordinate(definition_.tmva ? static_cast<double>(static_cast<float>(x)) : x, j);
  }
}

void NeighboursPredictor::evaluate(const float* variables, double* responses) const noexcept {
  const std::size_t d = definition_.n_inputs;
  for (std::size_t j = 0; j < d; ++j) {
    if (!std::isfinite(variables[j])) {
      std::fill(responses, responses + definition_.n_outputs, std::numeric_limits<double>::quiet_NaN());
      return;
    }
  }
  // Query, distances, indices and what combine needs; indices and float32 take half a double each.
  Memory memory;
  double* query = memory.get(2 * d + 2 * fetched_ + memory_size() + 2);
  double* reduced = query + d;
  auto* index = reinterpret_cast<std::uint32_t*>(reduced + fetched_);
  auto* single = reinterpret_cast<float*>(reduced + fetched_ + (fetched_ + 1) / 2);
  double* rest = reduced + fetched_ + (fetched_ + 1) / 2 + (d + 1) / 2;
  query_of(variables, query);
  tree_.nearest(query, fetched_, reduced, index, single);
  combine(variables, reduced, index, rest, responses);
}

void NeighboursPredictor::evaluate(const Context& context, View<const float, 2> events,
                                   View<double, 2> responses) const {
  const std::size_t n = events.rows();
  const std::size_t d = definition_.n_inputs;
  std::vector<double> queries(n * d);
  std::vector<float> rows(n * d);
  std::vector<std::uint8_t> bad(n, 0);
  constexpr std::size_t chunk_size = 256;
  parallel_for(
      context, chunk_count(n, chunk_size),
      [&](std::size_t chunk) {
        const Range range = chunk_range(n, chunk_size, chunk);
        for (std::size_t i = range.begin; i < range.end; ++i) {
          float* row = rows.data() + i * d;
          for (std::size_t j = 0; j < d; ++j) {
            row[j] = events(i, j);
            if (!std::isfinite(row[j])) {
              bad[i] = 1;
              row[j] = 0;
            }
          }
          query_of(row, queries.data() + i * d);
        }
      },
      static_cast<double>(n * d) * 5.0);
  const View<const double, 2> all(queries.data(), n, d);
  const auto answer = [&](std::size_t i, const double* out) {
    for (std::size_t o = 0; o < definition_.n_outputs; ++o) {
      responses(i, o) = bad[i] != 0 ? std::numeric_limits<double>::quiet_NaN() : out[o];
    }
  };
  if (!terms_.empty() && definition_.n_outputs <= most_selected_outputs && d <= most_selected_inputs &&
      definition_.k <= most_selected && definition_.distance.metric == Metric::euclidean &&
      definition_.distance.periods.empty()) {
    const std::size_t columns = 1 + definition_.n_outputs;
    const auto sum_up = [&](std::size_t i, const std::vector<double>& terms, const std::uint32_t* places) {
      double sums[1 + most_selected_outputs] = {};
      for (std::size_t j = 0; j < definition_.k; ++j) {
        const double* term = terms.data() + places[j] * columns;
        for (std::size_t c = 0; c < columns; ++c) sums[c] += term[c];
      }
      double out[most_selected_outputs];
      mean(sums, out);
      answer(i, out);
    };
    tree_.for_selected(
        context, all, definition_.k,
        [&](std::size_t i, const std::uint32_t* slots) { sum_up(i, slot_terms_, slots); },
        [&](std::size_t i, const std::uint32_t* index) { sum_up(i, terms_, index); });
    return;
  }
  tree_.for_nearest(context, all, fetched_,
                    [&](std::size_t i, const double* reduced, const std::uint32_t* index) {
                      Memory memory;
                      std::array<double, 16> few;
                      std::vector<double> many;
                      double* out = few.data();
                      if (definition_.n_outputs > few.size()) {
                        many.resize(definition_.n_outputs);
                        out = many.data();
                      }
                      combine(rows.data() + i * d, reduced, index, memory.get(memory_size()), out);
                      answer(i, out);
                    });
}

// TMVA's kernels. Its Gaussian takes the differences between the scaled coordinates of the neighbours and the unscaled
// ones of the query, in the widths as well; so does this one, or responses would not be TMVA's. A coordinate without
// spread counts for nothing.
void NeighboursPredictor::tmva_weights(const float* variables, const double* reduced, const std::uint32_t* index,
                                       double* sigma, double* weight) const noexcept {
  const std::size_t d = definition_.n_inputs;
  std::size_t counted = 0;
  if (definition_.weighting == NeighbourWeight::polynomial) {
    double radius = 0;
    for (std::size_t j = 0; j < fetched_ && counted < definition_.k; ++j) {
      if (!(reduced[j] > 0)) continue;
      radius = reduced[j];
      ++counted;
    }
    const double scale = radius > 0 ? 1.0 / std::sqrt(radius) : 0.0;
    for (std::size_t j = 0; j < definition_.k; ++j) {
      const double x = std::sqrt(reduced[j]) * scale;
      const double base = 1.0 - x * x * x;
      weight[j] *= x > 1.0 ? 0.0 : base * base * base;
    }
    return;
  }
  std::fill(sigma, sigma + d, 0.0);
  const auto difference = [&](std::size_t j, std::size_t v) {
    return scaled_[index[j] * d + v] - static_cast<double>(variables[v]);
  };
  for (std::size_t j = 0; j < fetched_ && counted < definition_.k; ++j) {
    if (!(reduced[j] > 0)) continue;
    for (std::size_t v = 0; v < d; ++v) sigma[v] += difference(j, v) * difference(j, v);
    ++counted;
  }
  for (std::size_t v = 0; v < d; ++v) {
    sigma[v] = counted == 0 ? 0.0 : std::abs(definition_.sigma_factor) * std::sqrt(sigma[v] / static_cast<double>(counted));
  }
  for (std::size_t j = 0; j < definition_.k; ++j) {
    double sum = 0;
    for (std::size_t v = 0; v < d; ++v) {
      if (sigma[v] > 0) sum += difference(j, v) * difference(j, v) / (2.0 * sigma[v] * sigma[v]);
    }
    weight[j] *= std::exp(-sum);
  }
}

// Linear discriminant of the fetched neighbours: normal densities with one covariance matrix (divided by their number
// less two), times the share of each class. Event weights do not enter. As in TMVA the neighbours are scaled, the query
// is not.
void NeighboursPredictor::discriminant(const float* variables, const std::uint32_t* index, double* memory,
                                       double* responses) const noexcept {
  const std::size_t d = definition_.n_inputs;
  double* matrix = memory;
  double* mean[2] = {matrix + d * d, matrix + d * d + d};
  double* work = mean[1] + d;
  double* solved = work + d;
  std::fill(matrix, matrix + d * d + 2 * d, 0.0);
  double count[2] = {0, 0};
  const auto class_of = [&](std::size_t j) {
    return static_cast<std::size_t>(definition_.targets[index[j] * definition_.n_outputs] > 0.5 ? 1 : 0);
  };
  for (std::size_t j = 0; j < fetched_; ++j) {
    ++count[class_of(j)];
    for (std::size_t v = 0; v < d; ++v) mean[class_of(j)][v] += scaled_[index[j] * d + v];
  }
  if (count[0] == 0 || count[1] == 0) {
    responses[0] = count[1] > 0 ? 1.0 : 0.0;
    return;
  }
  for (std::size_t c = 0; c < 2; ++c) {
    for (std::size_t v = 0; v < d; ++v) mean[c][v] /= count[c];
  }
  for (std::size_t j = 0; j < fetched_; ++j) {
    for (std::size_t v = 0; v < d; ++v) work[v] = scaled_[index[j] * d + v] - mean[class_of(j)][v];
    for (std::size_t v = 0; v < d; ++v) {
      for (std::size_t u = 0; u <= v; ++u) matrix[v * d + u] += work[v] * work[u];
    }
  }
  const double degrees = std::max(static_cast<double>(fetched_) - 2.0, 1.0);
  double trace = 0;
  for (std::size_t v = 0; v < d; ++v) {
    for (std::size_t u = 0; u <= v; ++u) matrix[v * d + u] /= degrees;
    trace += matrix[v * d + v];
  }
  // Cholesky factor in place; directions without spread get a small one.
  const double floor = trace > 0 ? 1e-9 * trace / static_cast<double>(d) : 1.0;
  for (std::size_t v = 0; v < d; ++v) {
    for (std::size_t u = 0; u <= v; ++u) {
      double sum = matrix[v * d + u];
      for (std::size_t t = 0; t < u; ++t) sum -= matrix[v * d + t] * matrix[u * d + t];
      matrix[v * d + u] = u == v ? std::sqrt(std::max(sum, floor)) : sum / matrix[u * d + u];
    }
  }
  double exponent[2];
  for (std::size_t c = 0; c < 2; ++c) {
    exponent[c] = 0;
    for (std::size_t v = 0; v < d; ++v) {
      double sum = static_cast<double>(variables[v]) - mean[c][v];
      for (std::size_t t = 0; t < v; ++t) sum -= matrix[v * d + t] * solved[t];
      solved[v] = sum / matrix[v * d + v];
      exponent[c] += solved[v] * solved[v];
    }
  }
  responses[0] = 1.0 / (1.0 + count[0] / count[1] * std::exp(0.5 * (exponent[1] - exponent[0])));
}

void NeighboursPredictor::combine(const float* variables, const double* reduced, const std::uint32_t* index,
                                  double* memory, double* responses) const noexcept {
  const NeighboursDefinition& d = definition_;
  if (d.weighting == NeighbourWeight::discriminant) {
    discriminant(variables, index, memory, responses);
    return;
  }
  double* weight = memory;
  if (!terms_.empty()) {
    double* sums = memory;
    std::fill_n(sums, 1 + d.n_outputs, 0.0);
    for (std::size_t j = 0; j < d.k; ++j) {
      const double* term = terms_.data() + index[j] * (1 + d.n_outputs);
      for (std::size_t c = 0; c < 1 + d.n_outputs; ++c) sums[c] += term[c];
    }
    mean(sums, responses);
    return;
  }
  for (std::size_t j = 0; j < d.k; ++j) weight[j] = d.weight.empty() ? 1.0 : d.weight[index[j]];
  if (d.weighting == NeighbourWeight::inverse_distance) {
    const bool some_at_zero = reduced[0] == 0;
    for (std::size_t j = 0; j < d.k; ++j) {
      weight[j] *= some_at_zero ? (reduced[j] == 0 ? 1.0 : 0.0) : 1.0 / tree_.real_distance(reduced[j]);
    }
  } else if (d.weighting != NeighbourWeight::uniform) {
    tmva_weights(variables, reduced, index, memory + fetched_, weight);
  }
  double total = 0;
  for (std::size_t j = 0; j < d.k; ++j) total += weight[j];
  for (std::size_t o = 0; o < d.n_outputs; ++o) {
    double sum = 0;
    for (std::size_t j = 0; j < d.k; ++j) sum += weight[j] * d.targets[index[j] * d.n_outputs + o];
    responses[o] = total > 0 ? sum / total : average_[o];
  }
}

void NeighboursPredictor::write(archive::Group& group) const {
  const NeighboursDefinition& d = definition_;
  group.set("layout", layout_version);
  group.set("n_inputs", static_cast<std::int64_t>(d.n_inputs));
  group.set("n_outputs", static_cast<std::int64_t>(d.n_outputs));
  group.set("k", static_cast<std::int64_t>(d.k));
  group.set("weighting", std::string(weighting_names[static_cast<std::size_t>(d.weighting)]));
  group.set("metric", std::string(metric_names[static_cast<std::size_t>(d.distance.metric)]));
  group.set("power", d.distance.power);
  group.set("periods", d.distance.periods);
  group.set("points", d.points);
  group.set("targets", d.targets);
  group.set("weight", d.weight);
  group.set("divisor", d.divisor);
  group.set("tmva", d.tmva);
  group.set("sigma_factor", d.sigma_factor);
}

PredictorPointer NeighboursPredictor::read(const archive::Group& group) {
  group.integer("layout", layout_version, layout_version);
  NeighboursDefinition d;
  d.n_inputs = group.count("n_inputs", maximum_count);
  d.n_outputs = group.count("n_outputs", maximum_count);
  d.k = group.count("k", maximum_count);
  d.weighting = static_cast<NeighbourWeight>(find_name(weighting_names, group.text("weighting"), "weighting"));
  d.distance.metric = static_cast<Metric>(find_name(metric_names, group.text("metric"), "metric"));
  d.distance.power = group.finite_real("power");
  d.distance.periods = group.doubles("periods");
  d.points = group.doubles("points");
  d.targets = group.doubles("targets");
  d.weight = group.doubles("weight");
  d.divisor = group.doubles("divisor");
  d.tmva = group.boolean("tmva");
  d.sigma_factor = group.finite_real("sigma_factor");
  return std::make_shared<const NeighboursPredictor>(std::move(d));
}

}  // namespace diskern

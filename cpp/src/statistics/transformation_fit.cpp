// Statistics of the steps from training events, with TMVA's conventions (tmva.md 4).
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "diskern/error.hpp"
#include "statistics/moment_sums.hpp"
#include "statistics/moments.hpp"
#include "statistics/smoothing.hpp"
#include "statistics/symmetric_eigen.hpp"
#include "statistics/transformation.hpp"
#include "statistics/transformation_definition.hpp"

namespace diskern::statistics {

namespace {

// The training events on their way through the chain, and which of them belong to a set of statistics.
struct Events {
  std::vector<float> columns;  // events x n_columns
  std::size_t n_columns = 0;
  std::size_t n_classes = 0;
  View<const double> weights;
  View<const std::int32_t> class_index;
  const std::vector<std::string>* class_names = nullptr;
  const std::vector<std::string>* labels = nullptr;

  std::size_t size() const { return n_columns == 0 ? 0 : columns.size() / n_columns; }
  std::size_t set_count() const { return n_classes > 1 ? n_classes + 1 : 1; }
  bool in_set(std::size_t event, std::size_t set) const {
    return set == n_classes || n_classes == 1 || static_cast<std::size_t>(class_index[event]) == set;
  }
  double at(std::size_t event, std::uint32_t column) const {
    return static_cast<double>(columns[event * n_columns + column]);
  }
  std::string set_name(std::size_t set) const {
    return set < n_classes ? "class '" + (*class_names)[set] + "'" : "all classes";
  }
};

// Asks the monitor now and then; called once per event.
void poll(const Context& context, std::size_t event) {
  if (event % 4096 == 0 && context.interrupted()) throw Interrupted();
}

Moments moments(const Context& context, const Events& events, const std::vector<std::uint32_t>& columns,
                std::size_t set, bool weighted, const char* step) {
  RowSource rows;
  rows.gather = [&](std::size_t i, double* values) {
    for (std::size_t j = 0; j < columns.size(); ++j) values[j] = events.at(i, columns[j]);
  };
  Moments result = sum_moments(context, events.size(), columns.size(), rows, weighted ? events.weights : View<const double>{},
                               1, [&](std::size_t i) { return events.in_set(i, set) ? 0 : -1; })[0];
  if (!(result.weight > 0)) {
    throw InvalidArgument(std::string("transformation ") + step + ": the sum of weights of " + events.set_name(set) +
                          " is " + std::to_string(result.weight) + ", expected a positive number");
  }
  return result;
}

StepPointer fit_normalize(const Context& context, const Events& events, StepDefinition definition) {
  std::vector<std::vector<Range>> ranges(events.set_count());
  const std::size_t used =
      definition.reference_class < 0 ? events.set_count() - 1 : static_cast<std::size_t>(definition.reference_class);
  for (std::size_t set = 0; set < ranges.size(); ++set) {
    for (const std::uint32_t column : definition.columns) {
      if (context.interrupted()) throw Interrupted();
      Range range{std::numeric_limits<float>::max(), std::numeric_limits<float>::lowest()};
      for (std::size_t i = 0; i < events.size(); ++i) {
        if (!events.in_set(i, set)) continue;
        const float x = events.columns[i * events.n_columns + column];
        range.minimum = std::min(range.minimum, x);
        range.maximum = std::max(range.maximum, x);
      }
      if (set == used && !(range.minimum < range.maximum)) {
        throw InvalidArgument("transformation N: '" + (*events.labels)[column] + "' is constant (" +
                              std::to_string(range.minimum) + ") in " + events.set_name(set) +
                              ", its range cannot be normalized");
      }
      ranges[set].push_back(range);
    }
  }
  return std::make_shared<NormalizeStep>(std::move(definition.columns), std::move(ranges), definition.reference_class);
}

StepPointer fit_decorrelation(const Context& context, const Events& events, StepDefinition definition) {
  const std::size_t n = definition.columns.size();
  std::vector<std::vector<double>> matrices;
  for (std::size_t set = 0; set < events.set_count(); ++set) {
    const Moments m = moments(context, events, definition.columns, set, true, "D");
    const SymmetricEigen eigen = symmetric_eigen(m.covariance, n);
    // The smallest eigenvalue is only noise of the largest below this.
    const double smallest = static_cast<double>(n) * 1e-14 * eigen.values.front();
    if (!(eigen.values.back() > smallest)) {
      for (std::size_t i = 0; i < n; ++i) {
        if (!(m.covariance[i * n + i] > 0)) {
          throw InvalidArgument("transformation D: the variance of '" + (*events.labels)[definition.columns[i]] +
                                "' is " + std::to_string(m.covariance[i * n + i]) + " in " + events.set_name(set) +
                                ", expected a positive number");
        }
      }
      throw InvalidArgument("transformation D: the covariance matrix of " + events.set_name(set) +
                            " is singular (eigenvalues from " + std::to_string(eigen.values.back()) + " to " +
                            std::to_string(eigen.values.front()) + "); is a variable a sum of others?");
    }
    std::vector<double> matrix(n * n);
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n; ++j) {
        double sum = 0;
        for (std::size_t k = 0; k < n; ++k) {
          sum += eigen.vectors[i * n + k] * eigen.vectors[j * n + k] / std::sqrt(eigen.values[k]);
        }
        matrix[i * n + j] = sum;
      }
    }
    matrices.push_back(std::move(matrix));
  }
  return std::make_shared<DecorrelationStep>(std::move(definition.columns), std::move(matrices),
                                             definition.reference_class);
}

StepPointer fit_principal_components(const Context& context, const Events& events, StepDefinition definition) {
  std::vector<std::vector<double>> means;
  std::vector<std::vector<double>> vectors;
  const std::size_t n = definition.columns.size();
  for (std::size_t set = 0; set < events.set_count(); ++set) {
    Moments m = moments(context, events, definition.columns, set, false, "P");
    // ROOT divides by the trace before it looks for eigenvectors; that changes no vector, only their rounding.
    double trace = 0;
    for (std::size_t i = 0; i < n; ++i) trace += m.covariance[i * n + i];
    if (trace > 0) {
      for (double& element : m.covariance) element /= trace;
    }
    vectors.push_back(symmetric_eigen(std::move(m.covariance), n).vectors);
    means.push_back(std::move(m.mean));
  }
  return std::make_shared<PrincipalComponentsStep>(std::move(definition.columns), std::move(means), std::move(vectors),
                                                   definition.reference_class);
}

struct Weighted {
  float value;
  float weight;
};

// The cumulative distribution of one column and set: bins with at least 10 times the smallest weight and 1/2000 of the
// sum, one smoothing, sums. Weights and sums are float32 as in TMVA.
Cumulative cumulative_distribution(std::vector<Weighted> entries, float sum_of_weights, float smallest_weight,
                                   const std::string& name) {
  constexpr float events_per_bin = 10;
  constexpr float maximum_bins = 2000;
  constexpr float edge_shift = 1e-4F;

  std::vector<Weighted> sorted = entries;
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const Weighted& a, const Weighted& b) { return a.value < b.value; });
  const float per_bin = std::max(smallest_weight * events_per_bin, sum_of_weights / maximum_bins);
  std::vector<float> edges = {sorted.front().value - edge_shift, sorted.front().value};
  float last = sorted.front().value;
  float sum = 0;
  for (const Weighted& entry : sorted) {
    sum += entry.weight;
    if (sum >= per_bin && entry.value > last) {
      last = entry.value;
      edges.push_back(last);
      sum = 0;
    }
  }
  if (sum != 0) edges.push_back(sorted.back().value);
  // TMVA keeps a last bin of no width when the largest value is already an edge; it holds nothing and is left out here,
  // and so is the first one when the shift is below the precision of float32.
  edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
  if (edges.size() < 3) throw InvalidArgument("transformation U/G: " + name + " is constant, it has no distribution");

  Cumulative result;
  result.edges.assign(edges.begin(), edges.end());
  const std::size_t n = edges.size() - 1;
  std::vector<float> bins(n);
  for (const Weighted& entry : entries) {
    const auto above = std::upper_bound(edges.begin(), edges.end(), entry.value);
    const auto bin = static_cast<std::size_t>(above - edges.begin());
    if (bin >= 1 && bin <= n) bins[bin - 1] += entry.weight;  // the largest value is an overflow
  }
  std::vector<double> contents(bins.begin(), bins.end());
  smooth(contents);
  double total = 0;
  for (const double content : contents) {
    const float value = static_cast<float>(content);
    if (value > 0) total += static_cast<double>(value);
  }
  if (!(total > 0)) {
    throw InvalidArgument("transformation U/G: the sum of weights of " + name +
                          " is not positive, it has no distribution");
  }
  double running = 0;
  for (const double content : contents) {
    const float value = static_cast<float>(content);
    if (value > 0) running += static_cast<double>(value);
    result.contents.push_back(static_cast<float>(running / total));
  }
  return result;
}

StepPointer fit_cumulative(const Context& context, const Events& events, StepDefinition definition) {
  std::vector<std::vector<Cumulative>> sets(events.set_count());
  for (std::size_t set = 0; set < sets.size(); ++set) {
    float sum = 0;
    float smallest = 10e10F;
    for (std::size_t i = 0; i < events.size(); ++i) {
      if (!events.in_set(i, set)) continue;
      const float weight = static_cast<float>(events.weights[i]);
      sum += weight;
      smallest = std::min(smallest, weight);
    }
    for (const std::uint32_t column : definition.columns) {
      if (context.interrupted()) throw Interrupted();
      std::vector<Weighted> entries;
      for (std::size_t i = 0; i < events.size(); ++i) {
        if (!events.in_set(i, set)) continue;
        entries.push_back({events.columns[i * events.n_columns + column], static_cast<float>(events.weights[i])});
      }
      sets[set].push_back(cumulative_distribution(std::move(entries), sum, smallest,
                                                  "'" + (*events.labels)[column] + "' in " + events.set_name(set)));
    }
  }
  return std::make_shared<CumulativeStep>(std::move(definition.columns), std::move(sets), definition.kind == 'G',
                                          definition.reference_class);
}

void check_arguments(View<const float, 2> columns, std::size_t n_targets, View<const double> weights,
                     View<const std::int32_t> class_index, const std::vector<std::string>& class_names,
                     const std::vector<std::string>& labels) {
  if (columns.columns() != labels.size()) {
    throw InvalidArgument("column_labels has " + std::to_string(labels.size()) + " entries, columns has " +
                          std::to_string(columns.columns()) + " columns");
  }
  if (n_targets > labels.size()) {
    throw InvalidArgument("n_targets is " + std::to_string(n_targets) + ", there are " + std::to_string(labels.size()) +
                          " columns");
  }
  if (weights.size() != columns.rows() || class_index.size() != columns.rows()) {
    throw InvalidArgument("columns has " + std::to_string(columns.rows()) + " events, weights " +
                          std::to_string(weights.size()) + ", class_index " + std::to_string(class_index.size()));
  }
  if (class_names.empty()) throw InvalidArgument("class_names is empty, expected at least one class");
  if (columns.rows() == 0) throw InvalidArgument("transformations need training events, got none");
  std::vector<std::size_t> counts(class_names.size());
  for (std::size_t i = 0; i < columns.rows(); ++i) {
    const std::int32_t one = class_index[i];
    if (one < 0 || static_cast<std::size_t>(one) >= class_names.size()) {
      throw InvalidArgument("class_index of event " + std::to_string(i) + " is " + std::to_string(one) +
                            ", there are " + std::to_string(class_names.size()) + " classes");
    }
    ++counts[static_cast<std::size_t>(one)];
    if (!std::isfinite(weights[i])) {
      throw InvalidArgument("the weight of event " + std::to_string(i) + " is " + std::to_string(weights[i]));
    }
    for (std::size_t j = 0; j < labels.size(); ++j) {
      if (!std::isfinite(columns(i, j))) {
        throw InvalidArgument("transformations need finite values, '" + labels[j] + "' of event " + std::to_string(i) +
                              " is " + std::to_string(columns(i, j)));
      }
    }
  }
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] == 0) throw InvalidArgument("class '" + class_names[i] + "' has no training events");
  }
}

}  // namespace

TransformationChain fit_transformations(const Context& context, const std::string& definition,
                                        View<const float, 2> columns, std::size_t n_targets, View<const double> weights,
                                        View<const std::int32_t> class_index,
                                        const std::vector<std::string>& class_names,
                                        const std::vector<std::string>& column_labels) {
  if (n_targets > column_labels.size()) n_targets = column_labels.size();
  const std::vector<StepDefinition> definitions =
      parse_transformations(definition, n_targets, class_names, column_labels);
  const std::size_t n_variables = column_labels.size() - n_targets;
  if (definitions.empty()) return TransformationChain(n_variables, n_targets, {});
  check_arguments(columns, n_targets, weights, class_index, class_names, column_labels);

  Events events;
  events.n_columns = columns.columns();
  events.n_classes = class_names.size();
  events.weights = weights;
  events.class_index = class_index;
  events.class_names = &class_names;
  events.labels = &column_labels;
  events.columns.reserve(columns.size());
  for (std::size_t i = 0; i < columns.rows(); ++i) {
    for (std::size_t j = 0; j < columns.columns(); ++j) events.columns.push_back(columns(i, j));
  }

  std::vector<StepPointer> steps;
  for (const StepDefinition& one : definitions) {
    if (context.interrupted()) throw Interrupted();
    StepPointer step;
    switch (one.kind) {
      case 'N':
        step = fit_normalize(context, events, one);
        break;
      case 'D':
        step = fit_decorrelation(context, events, one);
        break;
      case 'P':
        step = fit_principal_components(context, events, one);
        break;
      default:
        step = fit_cumulative(context, events, one);
        break;
    }
    try {
      (void)TransformationChain(n_variables, n_targets, {step});
    } catch (const FormatError& error) {
      throw InvalidArgument(error.what());
    }
    for (std::size_t i = 0; i < events.size(); ++i) {
      poll(context, i);
      step->apply(events.columns.data() + i * events.n_columns, -1);
    }
    steps.push_back(std::move(step));
  }
  return TransformationChain(n_variables, n_targets, std::move(steps));
}

}  // namespace diskern::statistics

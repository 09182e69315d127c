#include "statistics/moments.hpp"

#include <cmath>

#include "diskern/error.hpp"
#include "statistics/moment_sums.hpp"

namespace diskern::statistics {

namespace {

void check_finite(View<const float, 2> events) {
  for (std::size_t i = 0; i < events.rows(); ++i) {
    for (std::size_t j = 0; j < events.columns(); ++j) {
      if (!std::isfinite(events(i, j))) {
        throw InvalidArgument("events: variable " + std::to_string(j) + " of event " + std::to_string(i) + " is " +
                              std::to_string(events(i, j)) + ", expected a finite number");
      }
    }
  }
}

void check_weights(View<const double> weight, std::size_t n_events) {
  if (weight.size() != n_events) {
    throw InvalidArgument("weight has " + std::to_string(weight.size()) +
                          " entries, expected one per event: " + std::to_string(n_events));
  }
  for (std::size_t i = 0; i < n_events; ++i) {
    if (!std::isfinite(weight[i])) {
      throw InvalidArgument("weight of event " + std::to_string(i) + " is " + std::to_string(weight[i]) +
                            ", expected a finite number");
    }
  }
}

}  // namespace

std::vector<Moments> class_moments(const Context& context, View<const float, 2> events, View<const double> weight,
                                   View<const std::int32_t> class_index, std::size_t n_classes,
                                   const std::vector<std::string>& class_names) {
  const std::size_t n_events = events.rows();
  if (n_events == 0 || events.columns() == 0) throw InvalidArgument("events is empty, expected one event or more");
  check_finite(events);
  check_weights(weight, n_events);
  if (class_index.size() != n_events) {
    throw InvalidArgument("class_index has " + std::to_string(class_index.size()) +
                          " entries, expected one per event: " + std::to_string(n_events));
  }
  std::vector<double> sums(n_classes, 0.0);
  std::vector<std::size_t> counts(n_classes, 0);
  for (std::size_t i = 0; i < n_events; ++i) {
    if (class_index[i] < 0 || static_cast<std::size_t>(class_index[i]) >= n_classes) {
      throw InvalidArgument("class_index of event " + std::to_string(i) + " is " + std::to_string(class_index[i]) +
                            ", expected 0 to " + std::to_string(n_classes - 1));
    }
    sums[static_cast<std::size_t>(class_index[i])] += weight[i];
    if (weight[i] != 0.0) ++counts[static_cast<std::size_t>(class_index[i])];
  }
  for (std::size_t c = 0; c < n_classes; ++c) {
    const std::string name = c < class_names.size() ? "class '" + class_names[c] + "'" : "class " + std::to_string(c);
    if (counts[c] == 0) throw InvalidArgument(name + " has no events with a weight other than zero");
    if (!(sums[c] > 0.0)) {
      throw InvalidArgument("the weights of " + name + " sum to " + std::to_string(sums[c]) +
                            ", expected more than zero");
    }
  }
  return sum_moments(context, n_events, events.columns(), RowSource::of(events), weight, n_classes,
                     [&](std::size_t i) { return static_cast<std::ptrdiff_t>(class_index[i]); });
}

Moments combined(const std::vector<Moments>& classes) {
  const std::size_t d = classes.front().mean.size();
  Moments all;
  all.mean.assign(d, 0.0);
  all.covariance.assign(d * d, 0.0);
  for (const Moments& one : classes) {
    all.events += one.events;
    all.weight += one.weight;
    for (std::size_t j = 0; j < d; ++j) all.mean[j] += one.weight * one.mean[j];
  }
  for (double& mean : all.mean) mean /= all.weight;
  for (const Moments& one : classes) {
    for (std::size_t j = 0; j < d; ++j) {
      for (std::size_t k = 0; k < d; ++k) {
        const double between = (one.mean[j] - all.mean[j]) * (one.mean[k] - all.mean[k]);
        all.covariance[j * d + k] += one.weight * (one.covariance[j * d + k] + between);
      }
    }
  }
  for (double& value : all.covariance) value /= all.weight;
  return all;
}

Moments joint_moments(const Context& context, View<const float, 2> events, View<const double, 2> targets,
                      View<const double> weight) {
  const std::size_t n_events = events.rows();
  if (n_events == 0 || events.columns() == 0) throw InvalidArgument("events is empty, expected one event or more");
  check_finite(events);
  check_weights(weight, n_events);
  if (targets.rows() != n_events || targets.columns() == 0) {
    throw InvalidArgument("targets has shape (" + std::to_string(targets.rows()) + ", " +
                          std::to_string(targets.columns()) + "), expected (" + std::to_string(n_events) +
                          ", 1 or more)");
  }
  double sum = 0.0;
  for (std::size_t i = 0; i < n_events; ++i) {
    sum += weight[i];
    for (std::size_t k = 0; k < targets.columns(); ++k) {
      if (!std::isfinite(targets(i, k))) {
        throw InvalidArgument("targets: target " + std::to_string(k) + " of event " + std::to_string(i) + " is " +
                              std::to_string(targets(i, k)) + ", expected a finite number");
      }
    }
  }
  if (!(sum > 0.0)) {
    throw InvalidArgument("the weights sum to " + std::to_string(sum) + ", expected more than zero");
  }
  RowSource rows;
  rows.gather = [&](std::size_t i, double* values) {
    for (std::size_t j = 0; j < events.columns(); ++j) values[j] = static_cast<double>(events(i, j));
    for (std::size_t k = 0; k < targets.columns(); ++k) values[events.columns() + k] = targets(i, k);
  };
  return sum_moments(context, n_events, events.columns() + targets.columns(), rows, weight)[0];
}

}  // namespace diskern::statistics

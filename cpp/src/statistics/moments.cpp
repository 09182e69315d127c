#include "statistics/moments.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/executor.hpp"
#include "diskern/error.hpp"

namespace diskern::statistics {

namespace {

constexpr std::size_t chunk_size = 2048;
constexpr std::size_t slab_chunks = 64;  // between two looks at the interrupt; bounds the memory of partial sums

// sums += the partial sums of all chunks, added in the order of the chunks. add(range, partial) fills one of them.
void sum_over_chunks(const Context& context, std::size_t n_events, double nanoseconds_per_event,
                     std::vector<double>& sums, const std::function<void(Range, double*)>& add) {
  const std::size_t chunks = chunk_count(n_events, chunk_size);
  std::vector<double> partial(std::min(chunks, slab_chunks) * sums.size());
  // About a tenth of a second at most: many variables make an event dear. The sums do not depend on the slabs.
  const double affordable = 1e8 / (static_cast<double>(chunk_size) * nanoseconds_per_event);
  const std::size_t slab = affordable < static_cast<double>(slab_chunks)
                               ? std::max<std::size_t>(1, static_cast<std::size_t>(affordable))
                               : slab_chunks;
  for (std::size_t first = 0; first < chunks; first += slab) {
    if (context.interrupted()) throw Interrupted();
    const std::size_t count = std::min(slab, chunks - first);
    std::fill(partial.begin(), partial.end(), 0.0);
    parallel_for(
        context, count,
        [&](std::size_t chunk) {
          add(chunk_range(n_events, chunk_size, first + chunk), partial.data() + chunk * sums.size());
        },
        static_cast<double>(count * chunk_size) * nanoseconds_per_event);
    for (std::size_t chunk = 0; chunk < count; ++chunk) {
      for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += partial[chunk * sums.size() + i];
    }
  }
}

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

// Column j of an event: a variable, or a target behind the variables.
struct Columns {
  View<const float, 2> events;
  View<const double, 2> targets;
  double operator()(std::size_t i, std::size_t j) const noexcept {
    return j < events.columns() ? static_cast<double>(events(i, j)) : targets(i, j - events.columns());
  }
};

// class_of(i): class of event i.
template <class ClassOf>
std::vector<Moments> moments(const Context& context, const Columns& columns, std::size_t d, View<const double> weight,
                             std::size_t n_classes, const ClassOf& class_of) {
  const std::size_t n_events = weight.size();
  const std::size_t stride = d + 2;  // sums of w x_j, then of w, then the number of events
  std::vector<double> first(n_classes * stride, 0.0);
  sum_over_chunks(context, n_events, 2.0 * static_cast<double>(d), first, [&](Range range, double* partial) {
    for (std::size_t i = range.begin; i < range.end; ++i) {
      const double w = weight[i];
      double* sums = partial + class_of(i) * stride;
      for (std::size_t j = 0; j < d; ++j) sums[j] += w * columns(i, j);
      sums[d] += w;
      if (w != 0.0) sums[d + 1] += 1.0;
    }
  });
  std::vector<Moments> result(n_classes);
  for (std::size_t c = 0; c < n_classes; ++c) {
    const double* sums = first.data() + c * stride;
    result[c].weight = sums[d];
    result[c].events = static_cast<std::size_t>(sums[d + 1]);
    result[c].mean.assign(sums, sums + d);
    for (double& mean : result[c].mean) mean /= result[c].weight;
  }
  std::vector<double> second(n_classes * d * d, 0.0);
  sum_over_chunks(context, n_events, static_cast<double>(d * d), second, [&](Range range, double* partial) {
    std::vector<double> deviation(d);
    for (std::size_t i = range.begin; i < range.end; ++i) {
      const std::size_t c = class_of(i);
      for (std::size_t j = 0; j < d; ++j) deviation[j] = columns(i, j) - result[c].mean[j];
      double* sums = partial + c * d * d;
      for (std::size_t j = 0; j < d; ++j) {
        const double weighted = weight[i] * deviation[j];
        for (std::size_t k = 0; k <= j; ++k) sums[j * d + k] += weighted * deviation[k];
      }
    }
  });
  for (std::size_t c = 0; c < n_classes; ++c) {
    result[c].covariance.resize(d * d);
    for (std::size_t j = 0; j < d; ++j) {
      for (std::size_t k = 0; k <= j; ++k) {
        const double value = second[c * d * d + j * d + k] / result[c].weight;
        result[c].covariance[j * d + k] = value;
        result[c].covariance[k * d + j] = value;
      }
    }
  }
  return result;
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
  return moments(context, {events, {}}, events.columns(), weight, n_classes,
                 [&](std::size_t i) { return static_cast<std::size_t>(class_index[i]); });
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
  return moments(context, {events, targets}, events.columns() + targets.columns(), weight, 1,
                 [](std::size_t) { return std::size_t{0}; })[0];
}

}  // namespace diskern::statistics

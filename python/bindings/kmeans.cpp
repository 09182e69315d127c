// k-means.
#include "clustering/kmeans.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <variant>

#include "clustering/kmeans_predictor.hpp"
#include "clustering/kmeans_seeding.hpp"
#include "clustering/mini_batch_kmeans.hpp"
#include "common.hpp"

namespace diskern::python {

namespace {

using clustering::KMeansParams;
using clustering::KMeansPoints;
using clustering::KMeansResult;
using clustering::KMeansSeeding;
using clustering::KMeansStop;

View<const double> optional_weights(const py::object& weight, std::size_t count) {
  if (weight.is_none()) return {};
  return vector<double>(py::cast<py::array>(weight), "weight", count);
}

bool is_single(const py::array& array) { return py::isinstance<py::array_t<float>>(array); }

template <class T>
py::array_t<T> to_matrix(const std::vector<double>& values, std::size_t columns) {
  py::array_t<T> result({values.size() / columns, columns});
  std::transform(values.begin(), values.end(), result.mutable_data(), [](double x) { return static_cast<T>(x); });
  return result;
}

std::vector<double> values_of(const py::array& array, const char* name) {
  const View<const double, 2> view = matrix<double>(array, name);
  std::vector<double> values;
  values.reserve(view.size());
  for (std::size_t k = 0; k < view.rows(); ++k) {
    for (std::size_t d = 0; d < view.columns(); ++d) values.push_back(view(k, d));
  }
  return values;
}

// Without a copy.
template <class Labels>
py::array_t<std::int32_t> to_labels(Labels labels) {
  auto held = std::make_unique<Labels>(std::move(labels));
  const py::capsule owner(held.get(), [](void* vector) { delete static_cast<Labels*>(vector); });
  Labels* kept = held.release();
  return py::array_t<std::int32_t>({kept->size()}, {sizeof(std::int32_t)}, kept->data(), owner);
}

// Holds the caller's array, which the points refer to.
class HeldPoints {
 public:
  HeldPoints(const py::array& points, const py::object& weight, int threads) : array_(points) {
    PythonMonitor monitor{py::none()};
    const Context context = make_context(threads, 0, &monitor);
    if (is_single(points)) {
      make<float>(context, points, weight);
    } else {
      make<double>(context, points, weight);
    }
  }

  double mean_variance(int threads) const {
    PythonMonitor monitor{py::none()};
    const Context context = make_context(threads, 0, &monitor);
    const py::gil_scoped_release release;
    return std::visit([&](const auto& points) { return points->mean_variance(context); }, points_);
  }

  py::array seed(std::size_t clusters, KMeansSeeding seeding, std::uint64_t seed, std::uint32_t run, int threads) const {
    PythonMonitor monitor{py::none()};
    const Context context = make_context(threads, seed, &monitor);
    std::vector<double> centres;
    std::size_t columns = 0;
    {
      const py::gil_scoped_release release;
      std::visit(
          [&](const auto& points) {
            centres = clustering::seed_kmeans(context, *points, clusters, seeding, run);
            columns = points->dimensions();
          },
          points_);
    }
    return to_matrix<double>(centres, columns);
  }

  py::dict fit(const py::array& centres, std::size_t max_iterations, double tolerance, bool trace, bool reference,
               clustering::KMeansBoundsUse bounds, int threads) const {
    const View<const double, 2> start = matrix<double>(centres, "centres");
    const std::vector<double> from = values_of(centres, "centres");
    PythonMonitor monitor{py::none()};
    const Context context = make_context(threads, 0, &monitor);
    const KMeansParams params{max_iterations, tolerance, trace, reference, bounds};
    KMeansResult result;
    std::size_t columns = 0;
    {
      const py::gil_scoped_release release;
      std::visit(
          [&](const auto& points) {
            columns = points->dimensions();
            if (start.columns() != columns) {
              throw InvalidArgument("the centres have " + std::to_string(start.columns()) +
                                    " dimensions, the points " + std::to_string(columns));
            }
            result = clustering::fit_kmeans(context, params, *points, from);
          },
          points_);
    }
    py::dict made;
    made["centres"] = std::holds_alternative<Single>(points_) ? py::array(to_matrix<float>(result.centres, columns))
                                                              : py::array(to_matrix<double>(result.centres, columns));
    made["labels"] = to_labels(std::move(result.labels));
    made["inertia"] = result.inertia;
    made["used"] = result.used;
    made["iterations"] = result.iterations;
    made["stop"] = result.stop;
    made["shift"] = result.shift;
    made["trace"] = result.trace;
    made["decided_in_double"] = result.decided_in_double;
    made["looked_at"] = result.looked_at;
    return made;
  }

 private:
  using Single = std::unique_ptr<KMeansPoints<float>>;
  using Double = std::unique_ptr<KMeansPoints<double>>;

  template <class T>
  void make(const Context& context, const py::array& points, const py::object& weight) {
    const View<const T, 2> view = matrix<T>(points, "points");
    const View<const double> weights = optional_weights(weight, view.rows());
    const py::gil_scoped_release release;
    points_ = std::make_unique<KMeansPoints<T>>(context, view, weights);
  }

  py::array array_;
  std::variant<Single, Double> points_;
};

template <class T>
py::tuple predict(const py::array& rows, const py::array& centres, const py::object& weight, int threads) {
  const View<const T, 2> view = matrix<T>(rows, "rows");
  const View<const double, 2> of = matrix<double>(centres, "centres");
  const View<const double> weights = optional_weights(weight, view.rows());
  PythonMonitor monitor{py::none()};
  const Context context = make_context(threads, 0, &monitor);
  std::vector<std::int32_t> labels;
  double inertia = 0;
  {
    const py::gil_scoped_release release;
    labels = clustering::predict_kmeans<T>(context, view, of, weights, inertia);
  }
  return py::make_tuple(to_labels(std::move(labels)), inertia);
}

template <class T>
py::array transform(const py::array& rows, const py::array& centres, int threads) {
  const View<const T, 2> view = matrix<T>(rows, "rows");
  const View<const double, 2> of = matrix<double>(centres, "centres");
  PythonMonitor monitor{py::none()};
  const Context context = make_context(threads, 0, &monitor);
  py::array_t<T> distances({view.rows(), of.rows()});
  const View<T, 2> out(distances.mutable_data(), view.rows(), of.rows());
  {
    const py::gil_scoped_release release;
    clustering::transform_kmeans<T>(context, view, of, out);
  }
  return distances;
}

py::array_t<double> to_vector(const std::vector<double>& values) {
  return py::array_t<double>(static_cast<py::ssize_t>(values.size()), values.data());
}

template <class T>
py::dict fit_mini_batches(const py::array& rows, const py::array& centres, const clustering::MiniBatchParams& params,
                          const py::object& weight, std::uint64_t seed, int threads) {
  const View<const T, 2> view = matrix<T>(rows, "rows");
  const View<const double> weights = optional_weights(weight, view.rows());
  const std::vector<double> start = values_of(centres, "centres");
  PythonMonitor monitor{py::none()};
  const Context context = make_context(threads, seed, &monitor);
  clustering::MiniBatchResult result;
  {
    const py::gil_scoped_release release;
    result = clustering::fit_mini_batches<T>(context, params, view, weights, start);
  }
  py::dict made;
  made["centres"] = to_matrix<double>(result.state.centres, view.columns());
  made["weights"] = to_vector(result.state.weights);
  made["steps"] = result.steps;
  made["stop"] = result.stop;
  made["smoothed_inertia"] = result.smoothed_inertia;
  made["batch_inertia"] = result.batch_inertia;
  made["smoothed"] = result.smoothed;
  made["reassigned"] = result.reassigned;
  made["since_reassignment"] = result.since_reassignment;
  return made;
}

template <class T>
py::tuple mini_batch_step(const py::array& rows, const py::array& centres, const py::array& weights,
                          const py::object& weight, double reassignment_ratio, std::uint32_t number, std::uint64_t seed,
                          int threads) {
  const View<const T, 2> view = matrix<T>(rows, "rows");
  const View<const double> of_rows = optional_weights(weight, view.rows());
  clustering::MiniBatchState state;
  state.centres = values_of(centres, "centres");
  const View<const double> seen = vector<double>(weights, "weights", static_cast<std::size_t>(centres.shape(0)));
  for (std::size_t k = 0; k < seen.size(); ++k) state.weights.push_back(seen[k]);
  const Context context = make_context(threads, seed);
  double inertia = 0;
  std::size_t reassigned = 0;
  {
    const py::gil_scoped_release release;
    inertia = clustering::mini_batch_step<T>(context, view, of_rows, state);
    if (reassignment_ratio > 0) {
      reassigned = clustering::reassign_light_clusters<T>(context, view, reassignment_ratio, number, state);
    }
  }
  return py::make_tuple(to_matrix<double>(state.centres, view.columns()), to_vector(state.weights), inertia, reassigned);
}

}  // namespace

void register_kmeans(py::module_& module) {
  py::enum_<KMeansSeeding>(module, "KMeansSeeding", "Where k-means starts.")
      .value("plus_plus", KMeansSeeding::plus_plus)
      .value("random", KMeansSeeding::random)
      .value("parallel", KMeansSeeding::parallel);
  py::enum_<KMeansStop>(module, "KMeansStop", "Why the iterations of k-means ended.")
      .value("iterations", KMeansStop::iterations)
      .value("tolerance", KMeansStop::tolerance)
      .value("labels", KMeansStop::labels)
      .value("interrupted", KMeansStop::interrupted);

  py::enum_<clustering::KMeansBoundsUse>(module, "KMeansBoundsUse", "Whether bounds spare distances.")
      .value("where_they_pay", clustering::KMeansBoundsUse::where_they_pay)
      .value("never", clustering::KMeansBoundsUse::never)
      .value("always", clustering::KMeansBoundsUse::always);

  py::class_<HeldPoints>(module, "KMeansPoints",
                         "Float32 or float64 points (points, dimensions) in C order and their weights, ready for k-means.")
      .def(py::init<const py::array&, const py::object&, int>(), py::arg("points"), py::arg("weight") = py::none(),
           py::arg("threads") = 1)
      .def("mean_variance", &HeldPoints::mean_variance, py::arg("threads") = 1,
           "Mean of the variances of the columns, unweighted.")
      .def("seed", &HeldPoints::seed, py::arg("clusters"), py::arg("seeding"), py::arg("seed"), py::arg("run") = 0,
           py::arg("threads") = 1, "Float64 centres (clusters, dimensions).")
      .def("fit", &HeldPoints::fit, py::arg("centres"), py::arg("max_iterations"), py::arg("tolerance") = 0.0,
           py::arg("trace") = false, py::arg("reference") = false,
           py::arg("bounds") = clustering::KMeansBoundsUse::where_they_pay, py::arg("threads") = 1,
           "Lloyd's iterations from float64 centres: centres, labels, inertia, clusters used, iterations, stop, shift, trace, "
           "decided_in_double, looked_at.");

  module.def(
      "predict_kmeans",
      [](const py::array& rows, const py::array& centres, const py::object& weight, int threads) {
        return is_single(rows) ? predict<float>(rows, centres, weight, threads)
                               : predict<double>(rows, centres, weight, threads);
      },
      py::arg("rows"), py::arg("centres"), py::arg("weight") = py::none(), py::arg("threads") = 1,
      "Labels int32 and inertia of float32 or float64 rows with float64 centres.");
  module.def(
      "transform_kmeans",
      [](const py::array& rows, const py::array& centres, int threads) {
        return is_single(rows) ? transform<float>(rows, centres, threads) : transform<double>(rows, centres, threads);
      },
      py::arg("rows"), py::arg("centres"), py::arg("threads") = 1,
      "Distances (rows, clusters), in the dtype of the rows.");

  py::enum_<clustering::MiniBatchStop>(module, "MiniBatchStop", "Why mini-batch k-means ended.")
      .value("steps", clustering::MiniBatchStop::steps)
      .value("tolerance", clustering::MiniBatchStop::tolerance)
      .value("no_improvement", clustering::MiniBatchStop::no_improvement)
      .value("interrupted", clustering::MiniBatchStop::interrupted);
  module.def(
      "fit_mini_batches",
      [](const py::array& rows, const py::array& centres, std::size_t batch_size, std::size_t steps, double tolerance,
         std::optional<std::size_t> max_no_improvement, double reassignment_ratio, bool trace, const py::object& weight,
         std::uint64_t seed, int threads) {
        const clustering::MiniBatchParams params{
            batch_size, steps, tolerance, max_no_improvement.value_or(clustering::never), reassignment_ratio, trace};
        return is_single(rows) ? fit_mini_batches<float>(rows, centres, params, weight, seed, threads)
                               : fit_mini_batches<double>(rows, centres, params, weight, seed, threads);
      },
      py::arg("rows"), py::arg("centres"), py::arg("batch_size"), py::arg("steps"), py::arg("tolerance"),
      py::arg("max_no_improvement"), py::arg("reassignment_ratio"), py::arg("trace") = false,
      py::arg("weight") = py::none(), py::arg("seed") = 0, py::arg("threads") = 1,
      "k-means on batches drawn from float32 or float64 rows: centres, weights, steps, stop, smoothed_inertia, "
      "batch_inertia, smoothed, reassigned, since_reassignment.");
  module.def(
      "mini_batch_step",
      [](const py::array& rows, const py::array& centres, const py::array& weights, const py::object& weight,
         double reassignment_ratio, std::uint32_t number, std::uint64_t seed, int threads) {
        return is_single(rows) ? mini_batch_step<float>(rows, centres, weights, weight, reassignment_ratio, number, seed,
                                                        threads)
                               : mini_batch_step<double>(rows, centres, weights, weight, reassignment_ratio, number,
                                                         seed, threads);
      },
      py::arg("rows"), py::arg("centres"), py::arg("weights"), py::arg("weight") = py::none(),
      py::arg("reassignment_ratio") = 0.0, py::arg("number") = 0, py::arg("seed") = 0, py::arg("threads") = 1,
      "One batch: centres, weights that the clusters have seen, inertia of the batch, clusters reassigned (ratio 0: none).");

  py::class_<clustering::KMeansPredictor, Predictor, std::shared_ptr<clustering::KMeansPredictor>>(
      module, "KMeansPredictor", "Cluster and distance of the nearest centre.")
      .def(py::init([](const py::array& centres) {
             const View<const double, 2> view = matrix<double>(centres, "centres");
             const std::vector<double> values = values_of(centres, "centres");
             return std::make_shared<clustering::KMeansPredictor>(view.columns(), view.rows(), values);
           }),
           py::arg("centres"))
      .def_property_readonly("centres", [](const clustering::KMeansPredictor& self) {
        return to_matrix<double>(self.centres(), self.input_count());
      });
}

}  // namespace diskern::python

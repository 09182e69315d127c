// Clustering.
#include <memory>
#include <utility>

#include "clustering/clue.hpp"
#include "clustering/dbscan.hpp"
#include "clustering/dbscan_events.hpp"
#include "clustering/fraction_predictor.hpp"
#include "clustering/silhouette.hpp"
#include "common.hpp"

namespace diskern::python {

namespace {

// An array that owns what the vector held.
template <class T>
py::array_t<T> owned(AlignedVector<T>&& values) {
  auto held = std::make_unique<AlignedVector<T>>(std::move(values));
  const AlignedVector<T>& kept = *held;
  const py::capsule owner(held.release(), [](void* vector) { delete static_cast<AlignedVector<T>*>(vector); });
  return py::array_t<T>(static_cast<py::ssize_t>(kept.size()), kept.data(), owner);
}

py::tuple fit_dbscan(const py::array& points, double eps, double min_samples, Metric metric, const py::object& weight,
                     int threads, bool reference, double power, const std::vector<double>& periods, bool tree) {
  const View<const double, 2> view = matrix<double>(points, "points");
  View<const double> weights;
  if (!weight.is_none()) weights = vector<double>(py::cast<py::array>(weight), "weight", view.rows());
  const clustering::DbscanParams params{eps, min_samples, metric, power, periods};
  PythonMonitor monitor{py::none()};
  const Context context = make_context(threads, 0, &monitor);
  clustering::DbscanResult result;
  {
    const py::gil_scoped_release release;
    if (reference) {
      result = clustering::reference_dbscan(params, view, weights);
    } else if (tree) {
      clustering::TreeDbscan().fit(context, params, view, weights, result);
    } else {
      clustering::Dbscan dbscan;
      dbscan.fit(context, params, view, weights);
      result = dbscan.take();
    }
  }
  const std::int64_t n_clusters = result.n_clusters;
  return py::make_tuple(owned(std::move(result.labels)), owned(std::move(result.core)), n_clusters);
}

py::tuple fit_dbscan_events(const py::array& points, const py::array& offsets, double eps, double min_samples,
                            Metric metric, const py::object& weight, int threads, double power,
                            const std::vector<double>& periods) {
  const View<const double, 2> view = matrix<double>(points, "points");
  const View<const std::int64_t> starts =
      vector<std::int64_t>(offsets, "offsets", static_cast<std::size_t>(offsets.size()));
  View<const double> weights;
  if (!weight.is_none()) weights = vector<double>(py::cast<py::array>(weight), "weight", view.rows());
  clustering::DbscanParams params;
  params.eps = eps;
  params.min_samples = min_samples;
  params.metric = metric;
  params.power = power;
  params.periods = periods;
  PythonMonitor monitor{py::none()};
  const Context context = make_context(threads, 0, &monitor);
  const auto n = static_cast<py::ssize_t>(view.rows());
  py::array_t<std::int64_t> labels(n);
  py::array_t<std::uint8_t> core(n);
  py::array_t<std::int64_t> counts(starts.empty() ? 0 : static_cast<py::ssize_t>(starts.size()) - 1);
  {
    std::int64_t* to_labels = labels.mutable_data();
    std::uint8_t* to_core = core.mutable_data();
    std::int64_t* to_counts = counts.mutable_data();
    const py::gil_scoped_release release;
    clustering::dbscan_events(context, params, view, starts, weights, to_labels, to_core, to_counts);
  }
  return py::make_tuple(labels, core, counts);
}

py::array_t<double> silhouettes(const py::array& points, const py::array& labels, std::size_t clusters, int threads) {
  const View<const double, 2> view = matrix<double>(points, "points");
  const View<const std::int64_t> names = vector<std::int64_t>(labels, "labels", view.rows());
  PythonMonitor monitor{py::none()};
  const Context context = make_context(threads, 0, &monitor);
  std::vector<double> result;
  {
    const py::gil_scoped_release release;
    result = clustering::silhouettes(context, view, names, clusters);
  }
  return py::array_t<double>(static_cast<py::ssize_t>(result.size()), result.data());
}

std::vector<double> flat(const py::array& values, const char* name) {
  const View<const double, 2> view = matrix<double>(values, name);
  std::vector<double> result;
  result.reserve(view.size());
  for (std::size_t i = 0; i < view.rows(); ++i) {
    for (std::size_t j = 0; j < view.columns(); ++j) result.push_back(view(i, j));
  }
  return result;
}

std::shared_ptr<clustering::FractionPredictor> make_fractions(const py::array& scale, const py::array& points,
                                                              const py::array& cluster, const py::array& fractions,
                                                              const py::array& prior, double radius, bool distance) {
  const auto list = [](const py::array& values, const char* name) {
    const View<const double> view = vector<double>(values, name, static_cast<std::size_t>(values.size()));
    std::vector<double> result;
    for (std::size_t i = 0; i < view.size(); ++i) result.push_back(view[i]);
    return result;
  };
  clustering::FractionParams params;
  params.scale = list(scale, "scale");
  params.n_inputs = params.scale.size();
  params.prior = list(prior, "prior");
  params.n_outputs = params.prior.size();
  params.cluster = list(cluster, "cluster");
  params.points = flat(points, "points");
  params.fractions = flat(fractions, "fractions");
  params.radius = radius;
  params.distance = distance;
  return std::make_shared<clustering::FractionPredictor>(std::move(params));
}

template <class T>
py::array_t<T> numbers(const std::vector<T>& values) {
  return py::array_t<T>(static_cast<py::ssize_t>(values.size()), values.data());
}

py::tuple fit_clue(const py::array& cells, const py::array& energy, double critical_distance, double critical_density,
                   double seed_distance, double outlier_distance_factor, const py::object& layer, int threads,
                   bool reference) {
  const View<const double, 2> view = matrix<double>(cells, "cells");
  const View<const double> energies = vector<double>(energy, "energy", view.rows());
  View<const std::int64_t> layers;
  if (!layer.is_none()) layers = vector<std::int64_t>(py::cast<py::array>(layer), "layer", view.rows());
  const clustering::ClueParams params{critical_distance, critical_density, seed_distance, outlier_distance_factor};
  PythonMonitor monitor{py::none()};
  const Context context = make_context(threads, 0, &monitor);
  clustering::ClueResult result;
  {
    const py::gil_scoped_release release;
    result = reference ? clustering::reference_clue(params, view, energies, layers)
                       : clustering::clue(context, params, view, energies, layers);
  }
  return py::make_tuple(numbers(result.labels), numbers(result.seeds), numbers(result.density),
                        numbers(result.nearest_higher), numbers(result.distance));
}

}  // namespace

void register_clustering(py::module_& module) {
  module.def("fit_dbscan", &fit_dbscan, py::arg("points"), py::arg("eps"), py::arg("min_samples"), py::arg("metric"),
             py::arg("weight") = py::none(), py::arg("threads") = 1, py::arg("reference") = false,
             py::arg("power") = 2.0, py::arg("periods") = std::vector<double>{}, py::arg("tree") = false,
             "Labels int64 (-1: noise), core points uint8, number of clusters, of float64 points (points, dimensions); "
             "reference: from the definition, in quadratic time; tree: on a k-d tree whatever the density.");
  module.def("fit_dbscan_events", &fit_dbscan_events, py::arg("points"), py::arg("offsets"), py::arg("eps"),
             py::arg("min_samples"), py::arg("metric"), py::arg("weight") = py::none(), py::arg("threads") = 1,
             py::arg("power") = 2.0, py::arg("periods") = std::vector<double>{},
             "Labels int64, core points uint8 and the number of clusters of every event; event e has the float64 points "
             "offsets[e] .. offsets[e + 1] - 1.");
  module.def("silhouettes", &silhouettes, py::arg("points"), py::arg("labels"), py::arg("clusters"),
             py::arg("threads") = 1, "Silhouette of every float64 point; int64 labels 0 .. clusters - 1.");
  py::class_<clustering::FractionPredictor, Predictor, std::shared_ptr<clustering::FractionPredictor>>(
      module, "ClusterFractions", "What part of the training events of an event's cluster was signal.")
      .def(py::init(&make_fractions), py::arg("scale"), py::arg("points"), py::arg("cluster"), py::arg("fractions"),
           py::arg("prior"), py::arg("radius") = -1.0, py::arg("distance") = false,
           "All float64: what variables are multiplied by, points (points, inputs) with their cluster, responses of "
           "each cluster (clusters, outputs) and beyond the radius.");
  module.def("fit_clue", &fit_clue, py::arg("cells"), py::arg("energy"), py::arg("critical_distance"),
             py::arg("critical_density"), py::arg("seed_distance"), py::arg("outlier_distance_factor"),
             py::arg("layer") = py::none(), py::arg("threads") = 1, py::arg("reference") = false,
             "Labels, seeds, densities, nearest higher cells and distances to them of float64 cells and energies and int64 "
             "layers; reference: from the definition, in quadratic time.");
}

}  // namespace diskern::python

// Clustering.
#include "clustering/dbscan.hpp"
#include "common.hpp"

namespace diskern::python {

namespace {

py::tuple fit_dbscan(const py::array& points, double eps, double min_samples, Metric metric, const py::object& weight,
                     int threads, bool reference) {
  const View<const double, 2> view = matrix<double>(points, "points");
  View<const double> weights;
  if (!weight.is_none()) weights = vector<double>(py::cast<py::array>(weight), "weight", view.rows());
  const clustering::DbscanParams params{eps, min_samples, metric};
  PythonMonitor monitor{py::none()};
  const Context context = make_context(threads, 0, &monitor);
  clustering::DbscanResult result;
  {
    const py::gil_scoped_release release;
    if (reference) {
      result = clustering::reference_dbscan(params, view, weights);
    } else {
      clustering::Dbscan dbscan;
      result = dbscan.fit(context, params, view, weights);
    }
  }
  const auto n = static_cast<py::ssize_t>(result.labels.size());
  return py::make_tuple(py::array_t<std::int64_t>(n, result.labels.data()),
                        py::array_t<std::uint8_t>(n, result.core.data()), result.n_clusters);
}

}  // namespace

void register_clustering(py::module_& module) {
  py::enum_<Metric>(module, "Metric", "How the distance of two points is measured.")
      .value("euclidean", Metric::euclidean)
      .value("manhattan", Metric::manhattan)
      .value("chebyshev", Metric::chebyshev);

  module.def("fit_dbscan", &fit_dbscan, py::arg("points"), py::arg("eps"), py::arg("min_samples"), py::arg("metric"),
             py::arg("weight") = py::none(), py::arg("threads") = 1, py::arg("reference") = false,
             "Labels int64 (-1: noise), core points uint8, number of clusters, of float64 points (points, dimensions); "
             "reference: from the definition, in quadratic time.");
}

}  // namespace diskern::python

// Mixtures of normal distributions.
#include "clustering/gaussian_mixture_predictor.hpp"
#include "common.hpp"

namespace diskern::python {

namespace {

using clustering::CovarianceKind;
using clustering::Mixture;
using clustering::MixtureParams;

View<const double> optional_weight(const py::object& weight, std::size_t n) {
  if (weight.is_none()) return {};
  return vector<double>(py::cast<py::array>(weight), "weight", n);
}

std::vector<double> flat_values(const py::array& array, const char* name) {
  const auto values = py::array_t<double, py::array::c_style | py::array::forcecast>::ensure(array);
  if (!values) throw InvalidArgument(std::string(name) + " must be an array of float64");
  return std::vector<double>(values.data(), values.data() + values.size());
}

py::array_t<double> shaped(const std::vector<double>& values, const std::vector<py::ssize_t>& shape) {
  py::array_t<double> result(shape);
  std::copy(values.begin(), values.end(), result.mutable_data());
  return result;
}

std::vector<py::ssize_t> covariance_shape(const Mixture& mixture) {
  const auto k = static_cast<py::ssize_t>(mixture.components);
  const auto d = static_cast<py::ssize_t>(mixture.dimensions);
  switch (mixture.kind) {
    case CovarianceKind::full:
      return {k, d, d};
    case CovarianceKind::tied:
      return {d, d};
    case CovarianceKind::diagonal:
      return {k, d};
    default:
      return {k};
  }
}

void check_shape(const py::array& array, const char* name, const std::vector<py::ssize_t>& expected) {
  const std::vector<py::ssize_t> shape(array.shape(), array.shape() + array.ndim());
  if (shape == expected) return;
  const auto text = [](const std::vector<py::ssize_t>& extents) {
    std::string list;
    for (const py::ssize_t extent : extents) list += (list.empty() ? "" : ", ") + std::to_string(extent);
    return "(" + list + ")";
  };
  throw InvalidArgument(std::string(name) + " of a mixture have the shape " + text(shape) + ", expected " + text(expected));
}

Mixture make_mixture(CovarianceKind kind, const py::array& weights, const py::array& means, const py::array& factors,
                     const py::object& covariances) {
  Mixture mixture;
  mixture.kind = kind;
  if (means.ndim() != 2) throw InvalidArgument("means must have the shape (components, dimensions)");
  mixture.components = static_cast<std::size_t>(means.shape(0));
  mixture.dimensions = static_cast<std::size_t>(means.shape(1));
  check_shape(weights, "weights", {means.shape(0)});
  check_shape(factors, "factors", covariance_shape(mixture));
  mixture.weights = flat_values(weights, "weights");
  mixture.means = flat_values(means, "means");
  mixture.factors = flat_values(factors, "factors");
  if (!covariances.is_none()) {
    const auto array = py::cast<py::array>(covariances);
    check_shape(array, "covariances", covariance_shape(mixture));
    mixture.covariances = flat_values(array, "covariances");
  }
  return mixture;
}

}  // namespace

void register_gaussian_mixture(py::module_& module) {
  py::enum_<CovarianceKind>(module, "CovarianceKind", "What covariances the components of a mixture have.")
      .value("full", CovarianceKind::full)
      .value("tied", CovarianceKind::tied)
      .value("diag", CovarianceKind::diagonal)
      .value("spherical", CovarianceKind::spherical);
  py::class_<Mixture>(module, "Mixture", "Weights, means, covariances and the factors of their inverses.")
      .def(py::init(&make_mixture), py::arg("kind"), py::arg("weights"), py::arg("means"), py::arg("factors"),
           py::arg("covariances") = py::none())
      .def_property_readonly("weights",
                             [](const Mixture& self) {
                               return shaped(self.weights, {static_cast<py::ssize_t>(self.components)});
                             })
      .def_property_readonly("means",
                             [](const Mixture& self) {
                               return shaped(self.means, {static_cast<py::ssize_t>(self.components),
                                                          static_cast<py::ssize_t>(self.dimensions)});
                             })
      .def_property_readonly("covariances",
                             [](const Mixture& self) {
                               if (self.covariances.empty()) throw InvalidArgument("the mixture has no covariances");
                               return shaped(self.covariances, covariance_shape(self));
                             })
      .def_property_readonly("factors", [](const Mixture& self) { return shaped(self.factors, covariance_shape(self)); });
  module.def(
      "factors_of_precisions",
      [](CovarianceKind kind, std::size_t components, std::size_t dimensions, const py::array& precisions) {
        return clustering::factors_of_precisions(kind, components, dimensions, flat_values(precisions, "precisions"));
      },
      py::arg("kind"), py::arg("components"), py::arg("dimensions"), py::arg("precisions"),
      "Upper triangular U with precision = U U^T (flat); roots of variances' inverses.");
  module.def(
      "mixture_of",
      [](const py::array& points, const py::array& responsibilities, CovarianceKind kind, double regularisation,
         const py::object& weight, int threads) {
        const View<const double, 2> view = matrix<double>(points, "points");
        const View<const double, 2> parts = matrix<double>(responsibilities, "responsibilities");
        const View<const double> weights = optional_weight(weight, view.rows());
        PythonMonitor monitor{py::none()};
        const Context context = make_context(threads, 0, &monitor);
        const py::gil_scoped_release release;
        return clustering::mixture_of(context, {parts.columns(), kind, regularisation}, view, weights, parts);
      },
      py::arg("points"), py::arg("responsibilities"), py::arg("kind"), py::arg("regularisation"),
      py::arg("weight") = py::none(), py::arg("threads") = 1,
      "The mixture that float64 responsibilities (points, components) of float64 points give.");
  module.def(
      "fit_mixture",
      [](const py::array& points, const Mixture& start, double regularisation, double tolerance,
         std::size_t most_iterations, double before, const py::object& weight, int threads) {
        const View<const double, 2> view = matrix<double>(points, "points");
        const View<const double> weights = optional_weight(weight, view.rows());
        if (start.dimensions != view.columns()) throw InvalidArgument("the start has other dimensions than the points");
        PythonMonitor monitor{py::none()};
        const Context context = make_context(threads, 0, &monitor);
        clustering::MixtureFit fit;
        {
          const py::gil_scoped_release release;
          fit = clustering::fit_mixture(context, {start.components, start.kind, regularisation}, view, weights, start,
                                        tolerance, most_iterations, before);
        }
        return py::make_tuple(fit.mixture, fit.lower_bounds, fit.converged, fit.interrupted);
      },
      py::arg("points"), py::arg("start"), py::arg("regularisation"), py::arg("tolerance"), py::arg("most_iterations"),
      py::arg("before"), py::arg("weight") = py::none(), py::arg("threads") = 1,
      "Expectation and maximisation from a start: mixture, lower bounds, converged, interrupted.");
  module.def(
      "evaluate_mixture",
      [](const py::array& points, const Mixture& mixture, int threads) {
        const View<const double, 2> view = matrix<double>(points, "points");
        py::array_t<double> density(static_cast<py::ssize_t>(view.rows()));
        py::array_t<double> parts({view.rows(), mixture.components});
        const View<double> density_view(density.mutable_data(), view.rows());
        const View<double, 2> parts_view(parts.mutable_data(), view.rows(), mixture.components);
        PythonMonitor monitor{py::none()};
        const Context context = make_context(threads, 0, &monitor);
        {
          const py::gil_scoped_release release;
          clustering::evaluate_mixture(context, mixture, view, density_view, parts_view);
        }
        return py::make_tuple(density, parts);
      },
      py::arg("points"), py::arg("mixture"), py::arg("threads") = 1,
      "Logarithms of the density of float64 points, and what part each component has.");
  py::class_<clustering::MixturePredictor, Predictor, std::shared_ptr<clustering::MixturePredictor>>(
      module, "MixturePredictor", "Parts of the components and the logarithm of the density.")
      .def(py::init([](const Mixture& mixture) { return std::make_shared<clustering::MixturePredictor>(mixture); }),
           py::arg("mixture"));
}

}  // namespace diskern::python

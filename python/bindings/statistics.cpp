// The linear model, Fisher and LD.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common.hpp"
#include "statistics/discriminants.hpp"
#include "statistics/linear.hpp"

namespace diskern::python {

namespace {

using statistics::DiscriminantResult;
using statistics::FisherMethod;
using statistics::FisherParams;
using statistics::LinearDiscriminantParams;
using statistics::LinearPredictor;
using statistics::Singular;

DiscriminantResult fit_fisher(const FisherParams& params, const py::array& events, const py::array& class_index,
                              const py::array& weight, int threads) {
  const View<const float, 2> variables = matrix<float>(events, "events");
  const View<const std::int32_t> classes = vector<std::int32_t>(class_index, "class_index", variables.rows());
  const View<const double> weights = vector<double>(weight, "weight", variables.rows());
  PythonMonitor monitor{py::none()};
  const Context context = make_context(threads, 0, &monitor);
  const py::gil_scoped_release release;
  return statistics::fit_fisher(context, params, variables, classes, weights);
}

DiscriminantResult fit_linear_discriminant(const LinearDiscriminantParams& params, const py::array& events,
                                           const py::array& targets, const py::array& weight, int threads) {
  const View<const float, 2> variables = matrix<float>(events, "events");
  const View<const double, 2> target_matrix = matrix<double>(targets, "targets");
  const View<const double> weights = vector<double>(weight, "weight", variables.rows());
  PythonMonitor monitor{py::none()};
  const Context context = make_context(threads, 0, &monitor);
  const py::gil_scoped_release release;
  return statistics::fit_linear_discriminant(context, params, variables, target_matrix, weights);
}

py::array_t<double> coefficients(const LinearPredictor& self) {
  py::array_t<double> result({self.output_count(), self.input_count() + 1});
  std::copy(self.coefficients().begin(), self.coefficients().end(), result.mutable_data());
  return result;
}

std::shared_ptr<LinearPredictor> from_coefficients(const py::array& values) {
  const View<const double, 2> view = matrix<double>(values, "coefficients");
  std::vector<double> all;
  for (std::size_t k = 0; k < view.rows(); ++k) {
    for (std::size_t j = 0; j < view.columns(); ++j) all.push_back(view(k, j));
  }
  const std::size_t n_inputs = view.columns() == 0 ? 0 : view.columns() - 1;
  return std::make_shared<LinearPredictor>(n_inputs, view.rows(), std::move(all));
}

}  // namespace

void register_statistics(py::module_& module) {
  py::class_<LinearPredictor, Predictor, std::shared_ptr<LinearPredictor>>(
      module, "Linear", "A linear model: constant plus a sum of coefficient times variable, per output.")
      .def(py::init(&from_coefficients), py::arg("coefficients"),
           "From float64 coefficients of shape (outputs, 1 + inputs), the constant first.")
      .def_property_readonly("coefficients", &coefficients,
                             "float64, shape (outputs, 1 + inputs), the constant first.");

  py::enum_<FisherMethod>(module, "FisherMethod", "Which matrix Fisher inverts.")
      .value("fisher", FisherMethod::fisher)
      .value("mahalanobis", FisherMethod::mahalanobis);
  py::enum_<Singular>(module, "Singular", "What to do with constant or collinear variables.")
      .value("error", Singular::error)
      .value("floor", Singular::floor);
  py::class_<FisherParams>(module, "FisherParams")
      .def(py::init<>())
      .def_readwrite("method", &FisherParams::method)
      .def_readwrite("singular", &FisherParams::singular)
      .def_readwrite("signal_class", &FisherParams::signal_class)
      .def_readwrite("variable_names", &FisherParams::variable_names);
  py::class_<LinearDiscriminantParams>(module, "LinearDiscriminantParams")
      .def(py::init<>())
      .def_readwrite("classification", &LinearDiscriminantParams::classification)
      .def_readwrite("singular", &LinearDiscriminantParams::singular)
      .def_readwrite("variable_names", &LinearDiscriminantParams::variable_names);
  py::class_<DiscriminantResult>(module, "DiscriminantResult")
      .def_property_readonly(
          "predictor",
          [](const DiscriminantResult& self) { return std::const_pointer_cast<LinearPredictor>(self.predictor); })
      .def_readonly("ranking", &DiscriminantResult::ranking)
      .def_readonly("singular", &DiscriminantResult::singular)
      .def_readonly("signal_weight", &DiscriminantResult::signal_weight)
      .def_readonly("background_weight", &DiscriminantResult::background_weight)
      .def_readonly("signal_mean", &DiscriminantResult::signal_mean)
      .def_readonly("background_mean", &DiscriminantResult::background_mean)
      .def_readonly("signal_variance", &DiscriminantResult::signal_variance)
      .def_readonly("background_variance", &DiscriminantResult::background_variance);

  module.def("fit_fisher", &fit_fisher, py::arg("params"), py::arg("events"), py::arg("class_index"), py::arg("weight"),
             py::arg("threads") = 0,
             "TMVA's Fisher discriminant of float32 events, int32 class_index and float64 weight.");
  module.def("fit_linear_discriminant", &fit_linear_discriminant, py::arg("params"), py::arg("events"),
             py::arg("targets"), py::arg("weight"), py::arg("threads") = 0,
             "TMVA's LD: weighted least squares of float64 targets of shape (events, outputs).");
}

}  // namespace diskern::python

// Linear and logistic regression.
#include <memory>
#include <string>
#include <vector>

#include "common.hpp"
#include "statistics/generalised_linear.hpp"

namespace diskern::python {

namespace {

using statistics::LinearFitParams;
using statistics::LinearFitResult;
using statistics::LinearLink;
using statistics::LinearLoss;
using statistics::LinearPredictor;
using statistics::LinearSolver;

LinearFitResult fit_linear(const LinearFitParams& params, const py::array& events, const py::array& target,
                           const py::array& weight, std::uint64_t seed, int threads, const py::object& progress) {
  const View<const float, 2> rows = matrix<float>(events, "events");
  const View<const double, 2> targets = matrix<double>(target, "target");
  const View<const double> weights = vector<double>(weight, "weight", rows.rows());
  PythonMonitor monitor{progress};
  const Context context = make_context(threads, seed, &monitor);
  const py::gil_scoped_release release;
  return statistics::fit_linear(context, params, rows, targets, weights);
}

LinearFitResult fit_logistic(const LinearFitParams& params, const py::array& events, const py::array& class_index,
                             std::int32_t n_classes, std::int32_t signal_class, const py::array& weight,
                             std::uint64_t seed, int threads, const py::object& progress) {
  const View<const float, 2> rows = matrix<float>(events, "events");
  const View<const std::int32_t> classes = vector<std::int32_t>(class_index, "class_index", rows.rows());
  const View<const double> weights = vector<double>(weight, "weight", rows.rows());
  PythonMonitor monitor{progress};
  const Context context = make_context(threads, seed, &monitor);
  const py::gil_scoped_release release;
  return statistics::fit_logistic(context, params, rows, classes, n_classes, signal_class, weights);
}

}  // namespace

void register_generalised_linear(py::module_& module) {
  py::enum_<LinearLoss>(module, "LinearLoss")
      .value("squared", LinearLoss::squared)
      .value("logistic", LinearLoss::logistic);
  py::enum_<LinearSolver>(module, "LinearSolver")
      .value("Newton", LinearSolver::Newton)
      .value("GradientDescent", LinearSolver::GradientDescent)
      .value("Stochastic", LinearSolver::Stochastic)
      .value("MiniBatch", LinearSolver::MiniBatch);
  py::class_<LinearFitParams>(module, "LinearFitParams")
      .def(py::init<>())
      .def_readwrite("loss", &LinearFitParams::loss)
      .def_readwrite("Solver", &LinearFitParams::Solver)
      .def_readwrite("L2", &LinearFitParams::L2)
      .def_readwrite("L1", &LinearFitParams::L1)
      .def_readwrite("Standardise", &LinearFitParams::Standardise)
      .def_readwrite("LearningRate", &LinearFitParams::LearningRate)
      .def_readwrite("MaxIterations", &LinearFitParams::MaxIterations)
      .def_readwrite("BatchSize", &LinearFitParams::BatchSize)
      .def_readwrite("Tolerance", &LinearFitParams::Tolerance)
      .def_readwrite("variable_names", &LinearFitParams::variable_names);
  py::class_<LinearFitResult>(module, "LinearFitResult")
      .def_property_readonly(
          "predictor",
          [](const LinearFitResult& self) { return std::const_pointer_cast<LinearPredictor>(self.predictor); })
      .def_readonly("loss", &LinearFitResult::loss)
      .def_readonly("converged", &LinearFitResult::converged)
      .def_readonly("interrupted", &LinearFitResult::interrupted)
      .def_readonly("ranking", &LinearFitResult::ranking);
  module.def("fit_linear", &fit_linear, py::arg("params"), py::arg("events"), py::arg("target"), py::arg("weight"),
             py::arg("seed") = 0, py::arg("threads") = 0, py::arg("progress") = py::none(),
             "Linear regression of float64 targets, one column per output.");
  module.def("fit_logistic", &fit_logistic, py::arg("params"), py::arg("events"), py::arg("class_index"),
             py::arg("n_classes"), py::arg("signal_class"), py::arg("weight"), py::arg("seed") = 0,
             py::arg("threads") = 0, py::arg("progress") = py::none(), "Logistic regression, of several classes softmax.");
}

}  // namespace diskern::python

// Random forests, extra trees, bagged trees and AdaBoost on quantile bins.
#include "trees/random_forest.hpp"

#include <utility>

#include "common.hpp"
#include "training_sample.hpp"
#include "trees/ada_boost.hpp"
#include "trees/forest.hpp"

namespace diskern::python {

namespace {

using trees::AdaBoostLoss;
using trees::AdaBoostParams;
using trees::AdaBoostResult;
using trees::Criterion;
using trees::GradientBoostingSample;
using trees::RandomForestParams;
using trees::RandomForestResult;

RandomForestResult fit_forest(const RandomForestParams& params, const py::array& events, const py::array& weight,
                              const py::object& class_index, const py::object& target, std::int32_t n_classes,
                              int threads, std::uint64_t seed, py::object progress) {
  const GradientBoostingSample sample = training_sample(events, weight, class_index, target);
  PythonMonitor monitor(std::move(progress));
  const Context context = make_context(threads, seed, &monitor);
  const py::gil_scoped_release release;
  return trees::fit_random_forest(context, params, sample, n_classes);
}

AdaBoostResult fit_boosted(const AdaBoostParams& params, const py::array& events, const py::array& weight,
                           const py::object& class_index, const py::object& target, std::int32_t n_classes, int threads,
                           py::object progress) {
  const GradientBoostingSample sample = training_sample(events, weight, class_index, target);
  PythonMonitor monitor(std::move(progress));
  const Context context = make_context(threads, 0, &monitor);
  const py::gil_scoped_release release;
  return trees::fit_ada_boost(context, params, sample, n_classes);
}

}  // namespace

void register_random_forest(py::module_& module) {
  py::enum_<Criterion>(module, "Criterion", "What a cut improves.")
      .value("gini", Criterion::gini)
      .value("entropy", Criterion::entropy)
      .value("misclassification", Criterion::misclassification)
      .value("squared_error", Criterion::squared_error);

  py::class_<RandomForestParams>(module, "RandomForestParams", "Parameters with their defaults.")
      .def(py::init<>())
      .def_readwrite("n_estimators", &RandomForestParams::n_estimators)
      .def_readwrite("criterion", &RandomForestParams::criterion)
      .def_readwrite("max_depth", &RandomForestParams::max_depth)
      .def_readwrite("max_leaf_nodes", &RandomForestParams::max_leaf_nodes)
      .def_readwrite("min_samples_split", &RandomForestParams::min_samples_split)
      .def_readwrite("min_samples_leaf", &RandomForestParams::min_samples_leaf)
      .def_readwrite("min_weight_fraction_leaf", &RandomForestParams::min_weight_fraction_leaf)
      .def_readwrite("min_impurity_decrease", &RandomForestParams::min_impurity_decrease)
      .def_readwrite("max_features", &RandomForestParams::max_features)
      .def_readwrite("bootstrap", &RandomForestParams::bootstrap)
      .def_readwrite("max_samples", &RandomForestParams::max_samples)
      .def_readwrite("random_cuts", &RandomForestParams::random_cuts)
      .def_readwrite("out_of_bag", &RandomForestParams::out_of_bag)
      .def_readwrite("max_bins", &RandomForestParams::max_bins)
      .def_readwrite("negative_weights", &RandomForestParams::negative_weights);

  py::class_<RandomForestResult>(module, "RandomForestResult", "A trained forest and how it came about.")
      .def_property_readonly(
          "predictor",
          [](const RandomForestResult& self) { return std::const_pointer_cast<Predictor>(self.predictor); })
      .def_readonly("feature_importances", &RandomForestResult::feature_importances)
      .def_property_readonly(
          "out_of_bag",
          [](const RandomForestResult& self) {
            return py::array_t<double>(static_cast<py::ssize_t>(self.out_of_bag.size()), self.out_of_bag.data());
          },
          "Per used event and output, flat; empty unless asked for.")
      .def_readonly("interrupted", &RandomForestResult::interrupted);

  module.def("fit_random_forest", &fit_forest, py::arg("params"), py::arg("events"), py::arg("weight"),
             py::arg("class_index") = py::none(), py::arg("target") = py::none(), py::arg("n_classes") = 0,
             py::arg("threads") = 1, py::arg("seed") = 0, py::arg("progress") = py::none(),
             "Events float32 (events, variables), weight float64, class_index int32 or target float64.");

  py::enum_<AdaBoostLoss>(module, "AdaBoostLoss", "How deviations make the mean loss of a tree (AdaBoost.R2).")
      .value("linear", AdaBoostLoss::linear)
      .value("square", AdaBoostLoss::square)
      .value("exponential", AdaBoostLoss::exponential);

  py::class_<AdaBoostParams>(module, "AdaBoostParams", "Parameters with their defaults.")
      .def(py::init<>())
      .def_readwrite("n_estimators", &AdaBoostParams::n_estimators)
      .def_readwrite("learning_rate", &AdaBoostParams::learning_rate)
      .def_readwrite("real", &AdaBoostParams::real)
      .def_readwrite("loss", &AdaBoostParams::loss)
      .def_readwrite("criterion", &AdaBoostParams::criterion)
      .def_readwrite("max_depth", &AdaBoostParams::max_depth)
      .def_readwrite("min_weight_fraction_leaf", &AdaBoostParams::min_weight_fraction_leaf)
      .def_readwrite("max_bins", &AdaBoostParams::max_bins)
      .def_readwrite("negative_weights", &AdaBoostParams::negative_weights);

  py::class_<AdaBoostResult>(module, "AdaBoostResult", "A boosted forest and how it came about.")
      .def_property_readonly(
          "predictor", [](const AdaBoostResult& self) { return std::const_pointer_cast<Predictor>(self.predictor); })
      .def_readonly("tree_weight", &AdaBoostResult::tree_weight)
      .def_readonly("error_fraction", &AdaBoostResult::error_fraction)
      .def_readonly("feature_gain", &AdaBoostResult::feature_gain)
      .def_readonly("interrupted", &AdaBoostResult::interrupted);

  module.def("fit_ada_boost", &fit_boosted, py::arg("params"), py::arg("events"), py::arg("weight"),
             py::arg("class_index") = py::none(), py::arg("target") = py::none(), py::arg("n_classes") = 0,
             py::arg("threads") = 1, py::arg("progress") = py::none(),
             "Events float32 (events, variables), weight float64, class_index int32 or target float64.");
}

}  // namespace diskern::python

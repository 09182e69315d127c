// What the trees look at: Shapley values, partial dependence, random orders for permutation importance.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "common.hpp"
#include "trees/forest.hpp"
#include "trees/shap.hpp"

namespace diskern::python {

namespace {

using trees::ForestPredictor;
using trees::TreeExplainer;

std::shared_ptr<TreeExplainer> make_explainer(const ForestPredictor& forest, const py::object& background,
                                              const py::object& weight, int threads) {
  if (background.is_none()) {
    const py::gil_scoped_release release;
    return std::make_shared<TreeExplainer>(forest.forest());
  }
  const View<const float, 2> events = matrix<float>(py::cast<py::array>(background), "background");
  if (events.columns() != forest.input_count()) {
    throw InvalidArgument("background has " + std::to_string(events.columns()) +
                          " variables, the forest was trained with " + std::to_string(forest.input_count()));
  }
  if (weight.is_none()) throw InvalidArgument("background needs its weights");
  const View<const double> weights = vector<double>(py::cast<py::array>(weight), "weight", events.rows());
  PythonMonitor monitor{py::none()};
  const Context context = make_context(threads, 0, &monitor);
  const py::gil_scoped_release release;
  return std::make_shared<TreeExplainer>(context, forest.forest(), events, weights);
}

py::array_t<double> explain(const TreeExplainer& self, const py::array& events, int threads,
                            TreeExplainer::Algorithm algorithm) {
  const View<const float, 2> view = matrix<float>(events, "events");
  py::array_t<double> values({view.rows(), self.n_outputs(), self.n_features()});
  const View<double, 2> out(values.mutable_data(), view.rows(), self.n_outputs() * self.n_features());
  PythonMonitor monitor{py::none()};
  const Context context = make_context(threads, 0, &monitor);
  const py::gil_scoped_release release;
  self.explain(context, view, out, algorithm);
  return values;
}

}  // namespace

void register_inspection(py::module_& module) {
  py::class_<TreeExplainer, std::shared_ptr<TreeExplainer>> explainer(
      module, "TreeExplainer", "A forest prepared for the Shapley values of its variables.");
  py::enum_<TreeExplainer::Algorithm>(explainer, "Algorithm", "How the values are found; they are the same bits.")
      .value("automatic", TreeExplainer::Algorithm::automatic)
      .value("tables", TreeExplainer::Algorithm::tables)
      .value("direct", TreeExplainer::Algorithm::direct);
  explainer
      .def(py::init(&make_explainer), py::arg("forest"), py::arg("background") = py::none(),
           py::arg("weight") = py::none(), py::arg("threads") = 1,
           "Path-dependent values without a background sample, interventional ones with it and its weights.")
      .def_property_readonly(
          "base_value",
          [](const TreeExplainer& self) {
            return py::array_t<double>(static_cast<py::ssize_t>(self.base_value().size()), self.base_value().data());
          },
          "The expected score, one per output.")
      .def("explain", &explain, py::arg("events"), py::arg("threads") = 1,
           py::arg("algorithm") = TreeExplainer::Algorithm::automatic,
           "Shapley values, float64 of shape (events, outputs, variables).");

  module.def(
      "random_order",
      [](std::size_t count, std::uint64_t seed, std::uint32_t step) {
        RandomSequence random(seed, Purpose::shuffle, step);
        const std::vector<std::size_t> order = diskern::random_order(count, random);
        py::array_t<std::int64_t> result(static_cast<py::ssize_t>(count));
        for (std::size_t i = 0; i < count; ++i) result.mutable_at(i) = static_cast<std::int64_t>(order[i]);
        return result;
      },
      py::arg("count"), py::arg("seed"), py::arg("step") = 0,
      "0 .. count-1 in random order, the same for the same seed and step on every machine.");
}

}  // namespace diskern::python

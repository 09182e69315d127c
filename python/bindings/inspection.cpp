// What the trees look at: Shapley values, partial dependence, random orders for permutation importance.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "common.hpp"
#include "trees/forest.hpp"
#include "trees/forest_marginal.hpp"
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

py::array_t<double> explain_interactions(const TreeExplainer& self, const py::array& events, int threads,
                                         TreeExplainer::Algorithm algorithm) {
  const View<const float, 2> view = matrix<float>(events, "events");
  py::array_t<double> values({view.rows(), self.n_outputs(), self.n_features(), self.n_features()});
  const View<double, 2> out(values.mutable_data(), view.rows(),
                            self.n_outputs() * self.n_features() * self.n_features());
  PythonMonitor monitor{py::none()};
  const Context context = make_context(threads, 0, &monitor);
  const py::gil_scoped_release release;
  self.explain_interactions(context, view, out, algorithm);
  return values;
}

py::array_t<double> tree_answers(const ForestPredictor& forest, const py::array& events, std::size_t begin,
                                 std::size_t end, int threads) {
  const View<const float, 2> view = matrix<float>(events, "events");
  if (view.columns() != forest.input_count()) {
    throw InvalidArgument("events has " + std::to_string(view.columns()) + " variables, the forest was trained with " +
                          std::to_string(forest.input_count()));
  }
  const std::size_t count = forest.forest().trees.size();
  if (begin > end || end > count) {
    throw InvalidArgument("trees " + std::to_string(begin) + " to " + std::to_string(end) + " of " +
                          std::to_string(count) + " trees were asked for");
  }
  py::array_t<double> answers({view.rows(), end - begin});
  const View<double, 2> out(answers.mutable_data(), view.rows(), end - begin);
  PythonMonitor monitor{py::none()};
  const Context context = make_context(threads, 0, &monitor);
  const py::gil_scoped_release release;
  trees::tree_answers(context, forest.forest(), begin, end, view, out);
  return answers;
}

py::array_t<double> partial_dependence(const ForestPredictor& forest, const std::vector<std::int32_t>& variables,
                                       const py::array& grid, int threads) {
  const View<const float, 2> points = matrix<float>(grid, "grid");
  py::array_t<double> scores({points.rows(), forest.output_count()});
  const View<double, 2> out(scores.mutable_data(), points.rows(), forest.output_count());
  PythonMonitor monitor{py::none()};
  const Context context = make_context(threads, 0, &monitor);
  const py::gil_scoped_release release;
  trees::partial_dependence(context, forest.forest(), variables, points, out);
  return scores;
}

py::array_t<double> link_responses(const ForestPredictor& forest, const py::array& scores) {
  const View<const double, 2> view = matrix<double>(scores, "scores");
  const std::size_t n_outputs = forest.output_count();
  if (view.columns() != n_outputs) {
    throw InvalidArgument("scores has " + std::to_string(view.columns()) + " columns, the forest has " +
                          std::to_string(n_outputs) + " outputs");
  }
  py::array_t<double> responses({view.rows(), n_outputs});
  double* out = responses.mutable_data();
  for (std::size_t i = 0; i < view.rows(); ++i) {
    for (std::size_t k = 0; k < n_outputs; ++k) out[i * n_outputs + k] = view(i, k);
    trees::apply_link(forest.forest().link, out + i * n_outputs, n_outputs);
  }
  return responses;
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
           "Shapley values, float64 of shape (events, outputs, variables).")
      .def("explain_interactions", &explain_interactions, py::arg("events"), py::arg("threads") = 1,
           py::arg("algorithm") = TreeExplainer::Algorithm::automatic,
           "Shapley interaction values, float64 of shape (events, outputs, variables, variables).");

  module.def("tree_answers", &tree_answers, py::arg("forest"), py::arg("events"), py::arg("begin"), py::arg("end"),
             py::arg("threads") = 1,
             "Weight times answer of the trees [begin, end), float64 of shape (events, end - begin).");
  module.def("partial_dependence", &partial_dependence, py::arg("forest"), py::arg("variables"), py::arg("grid"),
             py::arg("threads") = 1,
             "Expected scores with the variables fixed to the rows of grid (float32), by the training weights of the "
             "nodes; float64 of shape (points, outputs).");
  module.def("link_responses", &link_responses, py::arg("forest"), py::arg("scores"),
             "What the link of the forest makes of scores, float64 (events, outputs).");
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

// Gradient boosting on quantile bins.
#include "trees/gradient_boosting.hpp"

#include <optional>

#include "common.hpp"
#include "events.hpp"
#include "trees/binning.hpp"
#include "trees/forest.hpp"

namespace diskern::python {

namespace {

using trees::GradientBoostingParams;
using trees::GradientBoostingResult;
using trees::GradientBoostingSample;

GradientBoostingSample make_sample(const py::array& events, const py::array& weight, const py::object& class_index,
                                   const py::object& target) {
  GradientBoostingSample sample;
  sample.events = matrix<float>(events, "events");
  const std::size_t n = sample.events.rows();
  sample.weight = vector<double>(weight, "weight", n);
  if (class_index.is_none() == target.is_none()) {
    throw InvalidArgument("exactly one of class_index and target must be given");
  }
  if (!class_index.is_none()) {
    sample.class_index = vector<std::int32_t>(py::cast<py::array>(class_index), "class_index", n);
  } else {
    sample.target = vector<double>(py::cast<py::array>(target), "target", n);
  }
  return sample;
}

GradientBoostingResult fit(const GradientBoostingParams& params, const py::array& events, const py::array& weight,
                           const py::object& class_index, const py::object& target, std::int32_t n_classes,
                           const std::optional<py::tuple>& validation, int threads, std::uint64_t seed,
                           py::object progress) {
  const GradientBoostingSample sample = make_sample(events, weight, class_index, target);
  std::optional<GradientBoostingSample> held_out;
  if (validation) {
    if (validation->size() != 3) throw InvalidArgument("validation must be (events, weight, class_index or target)");
    const py::object answer = (*validation)[2];
    held_out = make_sample(py::cast<py::array>((*validation)[0]), py::cast<py::array>((*validation)[1]),
                           class_index.is_none() ? py::none() : answer, class_index.is_none() ? answer : py::none());
  }
  PythonMonitor monitor(std::move(progress));
  const Context context = make_context(threads, seed, &monitor);
  const py::gil_scoped_release release;
  return trees::fit_gradient_boosting(context, params, sample, n_classes, held_out ? &*held_out : nullptr);
}

// The sum over the trees before the link turns it into a probability.
py::array_t<double> raw_scores(const trees::ForestPredictor& predictor, const py::array& events, int threads) {
  const EventSource source = event_source(events, "events", predictor.input_count());
  const auto n = static_cast<std::size_t>(events.shape(0));
  const Context context = make_context(threads, 0);
  py::array_t<double> responses({n, predictor.output_count()});
  const View<double, 2> out(responses.mutable_data(), n, predictor.output_count());
  for_row_slices(n, [&](std::size_t begin, std::size_t end) {
    check_range(context, source, begin, end);
    predictor.evaluate_scores(context, from_row(source, begin), out.slice(begin, end));
  });
  return responses;
}

}  // namespace

void register_gradient_boosting(py::module_& module) {
  py::enum_<trees::NegativeWeights>(module, "NegativeWeights", "What becomes of events of negative weight.")
      .value("keep", trees::NegativeWeights::keep)
      .value("ignore", trees::NegativeWeights::ignore)
      .value("error", trees::NegativeWeights::error);

  py::class_<GradientBoostingParams>(module, "GradientBoostingParams", "Parameters with their defaults.")
      .def(py::init<>())
      .def_readwrite("n_estimators", &GradientBoostingParams::n_estimators)
      .def_readwrite("learning_rate", &GradientBoostingParams::learning_rate)
      .def_readwrite("max_leaf_nodes", &GradientBoostingParams::max_leaf_nodes)
      .def_readwrite("max_depth", &GradientBoostingParams::max_depth)
      .def_readwrite("leaf_wise", &GradientBoostingParams::leaf_wise)
      .def_readwrite("min_samples_leaf", &GradientBoostingParams::min_samples_leaf)
      .def_readwrite("min_child_weight", &GradientBoostingParams::min_child_weight)
      .def_readwrite("min_gain", &GradientBoostingParams::min_gain)
      .def_readwrite("l2_regularization", &GradientBoostingParams::l2_regularization)
      .def_readwrite("max_bins", &GradientBoostingParams::max_bins)
      .def_readwrite("subsample", &GradientBoostingParams::subsample)
      .def_readwrite("n_iter_no_change", &GradientBoostingParams::n_iter_no_change)
      .def_readwrite("tolerance", &GradientBoostingParams::tolerance)
      .def_readwrite("negative_weights", &GradientBoostingParams::negative_weights);

  py::class_<GradientBoostingResult>(module, "GradientBoostingResult", "A trained forest and how it came about.")
      .def_property_readonly(
          "predictor",
          [](const GradientBoostingResult& self) { return std::const_pointer_cast<Predictor>(self.predictor); })
      .def_readonly("training_loss", &GradientBoostingResult::training_loss)
      .def_readonly("validation_loss", &GradientBoostingResult::validation_loss)
      .def_readonly("best_iteration", &GradientBoostingResult::best_iteration)
      .def_readonly("feature_gain", &GradientBoostingResult::feature_gain)
      .def_readonly("interrupted", &GradientBoostingResult::interrupted);

  module.def("fit_gradient_boosting", &fit, py::arg("params"), py::arg("events"), py::arg("weight"),
             py::arg("class_index") = py::none(), py::arg("target") = py::none(), py::arg("n_classes") = 0,
             py::arg("validation") = py::none(), py::arg("threads") = 1, py::arg("seed") = 0,
             py::arg("progress") = py::none(),
             "Events float32 (events, variables), weight float64, class_index int32 or target float64; validation is a "
             "tuple (events, weight, class_index or target).");

  module.def("raw_scores", &raw_scores, py::arg("predictor"), py::arg("events"), py::arg("threads") = 1,
             "Sums over the trees, float64 (events, outputs), before they become probabilities.");

  module.def(
      "find_bin_edges",
      [](const py::array& events, const py::array& weight, int max_bins, const py::object& class_index, int threads) {
        const View<const float, 2> view = matrix<float>(events, "events");
        const View<const double> weights = vector<double>(weight, "weight", view.rows());
        View<const std::int32_t> classes;
        if (!class_index.is_none()) {
          classes = vector<std::int32_t>(py::cast<py::array>(class_index), "class_index", view.rows());
          for (std::size_t i = 0; i < classes.size(); ++i) {
            if (classes[i] < 0) throw InvalidArgument("class_index must not be negative");
          }
        }
        return trees::find_edges(make_context(threads, 0), view, weights, max_bins, classes).edges;
      },
      py::arg("events"), py::arg("weight"), py::arg("max_bins"), py::arg("class_index") = py::none(),
      py::arg("threads") = 1, "Cuts of each variable, ascending; the bin of a value is the number of edges <= value.");
}

}  // namespace diskern::python

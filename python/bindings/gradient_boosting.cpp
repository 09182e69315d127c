// Gradient boosting on quantile bins.
#include "trees/gradient_boosting.hpp"

#include <memory>
#include <optional>
#include <utility>

#include "boosting_callables.hpp"
#include "common.hpp"
#include "events.hpp"
#include "training_sample.hpp"
#include "trees/binning.hpp"
#include "trees/forest.hpp"

namespace diskern::python {

namespace {

using trees::GradientBoostingParams;
using trees::GradientBoostingResult;
using trees::GradientBoostingSample;

GradientBoostingResult fit(const GradientBoostingParams& params, const py::array& events, const py::array& weight,
                           const py::object& class_index, const py::object& target, std::int32_t n_classes,
                           const std::optional<py::tuple>& validation, int threads, std::uint64_t seed,
                           py::object progress, py::object loss, std::optional<trees::Link> loss_link,
                           py::object metric, bool metric_greater_is_better,
                           const std::optional<std::shared_ptr<trees::ForestPredictor>>& initial) {
  const GradientBoostingSample sample = training_sample(events, weight, class_index, target);
  std::optional<GradientBoostingSample> held_out;
  if (validation) {
    if (validation->size() != 3) throw InvalidArgument("validation must be (events, weight, class_index or target)");
    const py::object answer = (*validation)[2];
    held_out = training_sample((*validation)[0], (*validation)[1], class_index.is_none() ? py::none() : answer,
                               class_index.is_none() ? answer : py::none());
  }
  trees::GradientBoostingExtras extras;
  extras.initial = initial ? initial->get() : nullptr;
  std::optional<PythonLoss> python_loss;
  const bool own_loss = !loss.is_none();
  const std::size_t outputs = n_classes > 2 ? static_cast<std::size_t>(n_classes) : 1;
  if (own_loss) {
    const trees::Link usual = n_classes == 0   ? trees::Link::identity
                              : n_classes == 2 ? trees::Link::logistic
                                               : trees::Link::softmax;
    extras.loss = &python_loss.emplace(std::move(loss), loss_link.value_or(usual), outputs);
  } else if (loss_link) {
    throw InvalidArgument("loss_link is for a loss function: every other loss brings its own");
  }
  if (!metric.is_none()) {
    const trees::Link link = own_loss ? extras.loss->link() : trees::make_loss(params, n_classes)->link();
    extras.metric = python_metric(std::move(metric), link, outputs);
    extras.metric_greater_is_better = metric_greater_is_better;
  }
  PythonMonitor monitor(std::move(progress));
  const Context context = make_context(threads, seed, &monitor);
  const py::gil_scoped_release release;
  return trees::fit_gradient_boosting(context, params, sample, n_classes, held_out ? &*held_out : nullptr, extras);
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
      .value("error", trees::NegativeWeights::error)
      .value("clip", trees::NegativeWeights::clip)
      .value("absolute", trees::NegativeWeights::absolute)
      .value("pair", trees::NegativeWeights::pair);

  py::enum_<trees::LossKind>(module, "LossKind", "What gradient boosting minimises.")
      .value("automatic", trees::LossKind::automatic)
      .value("log_loss", trees::LossKind::log_loss)
      .value("one_vs_all", trees::LossKind::one_vs_all)
      .value("squared_error", trees::LossKind::squared_error)
      .value("absolute_error", trees::LossKind::absolute_error)
      .value("huber", trees::LossKind::huber)
      .value("quantile", trees::LossKind::quantile)
      .value("poisson", trees::LossKind::poisson)
      .value("gamma", trees::LossKind::gamma)
      .value("tweedie", trees::LossKind::tweedie);

  py::enum_<trees::BoostingMode>(module, "BoostingMode", "What an iteration of gradient boosting draws or drops.")
      .value("gradient", trees::BoostingMode::gradient)
      .value("goss", trees::BoostingMode::goss)
      .value("dart", trees::BoostingMode::dart);

  py::enum_<trees::ValidationMetric>(module, "ValidationMetric", "What early stopping looks at.")
      .value("automatic", trees::ValidationMetric::automatic)
      .value("loss", trees::ValidationMetric::loss)
      .value("auc", trees::ValidationMetric::auc)
      .value("accuracy", trees::ValidationMetric::accuracy)
      .value("rmse", trees::ValidationMetric::rmse)
      .value("mae", trees::ValidationMetric::mae);

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
      .def_readwrite("negative_weights", &GradientBoostingParams::negative_weights)
      .def_readwrite("early_stopping_metric", &GradientBoostingParams::early_stopping_metric)
      .def_readwrite("loss", &GradientBoostingParams::loss)
      .def_readwrite("quantile", &GradientBoostingParams::quantile)
      .def_readwrite("huber_quantile", &GradientBoostingParams::huber_quantile)
      .def_readwrite("tweedie_power", &GradientBoostingParams::tweedie_power)
      .def_readwrite("l1_regularization", &GradientBoostingParams::l1_regularization)
      .def_readwrite("max_leaf_value", &GradientBoostingParams::max_leaf_value)
      .def_readwrite("min_effective_count", &GradientBoostingParams::min_effective_count)
      .def_readwrite("monotone_constraints", &GradientBoostingParams::monotone_constraints)
      .def_readwrite("interaction_constraints", &GradientBoostingParams::interaction_constraints)
      .def_readwrite("column_fraction_tree", &GradientBoostingParams::column_fraction_tree)
      .def_readwrite("column_fraction_level", &GradientBoostingParams::column_fraction_level)
      .def_readwrite("column_fraction_node", &GradientBoostingParams::column_fraction_node)
      .def_readwrite("boosting", &GradientBoostingParams::boosting)
      .def_readwrite("goss_top_fraction", &GradientBoostingParams::goss_top_fraction)
      .def_readwrite("goss_other_fraction", &GradientBoostingParams::goss_other_fraction)
      .def_readwrite("dropout_rate", &GradientBoostingParams::dropout_rate)
      .def_readwrite("dropout_skip", &GradientBoostingParams::dropout_skip);

  py::class_<GradientBoostingResult>(module, "GradientBoostingResult", "A trained forest and how it came about.")
      .def_property_readonly(
          "predictor",
          [](const GradientBoostingResult& self) { return std::const_pointer_cast<Predictor>(self.predictor); })
      .def_property_readonly("negative_fraction",
                             [](const GradientBoostingResult& self) {
                               py::list result;
                               for (const auto& tree : self.negative_fraction) result.append(copy_of(tree.data(), tree.size()));
                               return result;
                             })
      .def_readonly("training_loss", &GradientBoostingResult::training_loss)
      .def_readonly("validation_loss", &GradientBoostingResult::validation_loss)
      .def_readonly("validation_metric", &GradientBoostingResult::validation_metric)
      .def_readonly("best_iteration", &GradientBoostingResult::best_iteration)
      .def_readonly("feature_gain", &GradientBoostingResult::feature_gain)
      .def_readonly("interrupted", &GradientBoostingResult::interrupted);

  module.def(
      "fit_gradient_boosting", &fit, py::arg("params"), py::arg("events"), py::arg("weight"),
      py::arg("class_index") = py::none(), py::arg("target") = py::none(), py::arg("n_classes") = 0,
      py::arg("validation") = py::none(), py::arg("threads") = 1, py::arg("seed") = 0, py::arg("progress") = py::none(),
      py::arg("loss") = py::none(), py::arg("loss_link") = py::none(), py::arg("metric") = py::none(),
      py::arg("metric_greater_is_better") = false, py::arg("initial") = py::none(),
      "Events float32 (events, variables), weight float64, class_index int32 or target float64; validation is a "
      "tuple (events, weight, class_index or target). "
      "loss(score, target, weight) -> (gradient, hessian[, loss]) in place of params.loss, with loss_link; "
      "metric(target, response, weight) -> number in place of params.early_stopping_metric; initial: a Forest to go "
      "on from.");

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

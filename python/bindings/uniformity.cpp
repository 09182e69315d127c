// Boosting to uniformity.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common.hpp"
#include "training_sample.hpp"
#include "trees/flatness.hpp"
#include "trees/gradient_boosting.hpp"
#include "trees/neighbour_flatness.hpp"
#include "trees/uboost.hpp"
#include "trees/votes.hpp"

namespace diskern::python {

namespace {

using trees::FlatnessParams;
using trees::FlatnessTerm;
using trees::GradientBoostingParams;
using trees::GradientBoostingResult;
using trees::GradientBoostingSample;

GradientBoostingResult fit(const GradientBoostingParams& params, const FlatnessParams& flatness,
                           const py::array& events, const py::array& weight, const py::array& class_index,
                           const py::array& protected_variables, const std::optional<py::tuple>& validation,
                           int threads, std::uint64_t seed, py::object progress) {
  const GradientBoostingSample sample = training_sample(events, weight, class_index, py::none(), protected_variables);
  std::optional<GradientBoostingSample> held_out;
  if (validation) {
    if (validation->size() != 4) {
      throw InvalidArgument("validation must be (events, weight, class_index, protected_variables)");
    }
    held_out = training_sample((*validation)[0], (*validation)[1], (*validation)[2], py::none(), (*validation)[3]);
  }
  PythonMonitor monitor(std::move(progress));
  const Context context = make_context(threads, seed, &monitor);
  const py::gil_scoped_release release;
  trees::FlatnessLoss loss(flatness);
  trees::GradientBoostingExtras extras;
  extras.loss = &loss;
  return trees::fit_gradient_boosting(context, params, sample, 2, held_out ? &*held_out : nullptr, extras);
}

trees::UBoostResult fit_boosted(const trees::UBoostParams& params, const py::array& events, const py::array& weight,
                                const py::array& class_index, const py::array& protected_variables, int threads,
                                std::uint64_t seed, py::object progress) {
  const GradientBoostingSample sample =
      training_sample(events, weight, class_index, py::none(), protected_variables);
  PythonMonitor monitor(std::move(progress));
  const Context context = make_context(threads, seed, &monitor);
  const py::gil_scoped_release release;
  return trees::fit_uboost(context, params, sample);
}

void register_uboost(py::module_& module) {
  using trees::UBoostParams;
  using trees::UBoostResult;
  using trees::VotesPredictor;
  py::class_<VotesPredictor, Predictor, std::shared_ptr<VotesPredictor>>(
      module, "Votes", "The mean of the responses of a forest's outputs, immutable.")
      .def_property_readonly(
          "voters",
          [](const VotesPredictor& self) {
            return std::const_pointer_cast<trees::ForestPredictor>(self.voters());
          },
          "The forest.");
  py::class_<UBoostParams>(module, "UBoostParams", "Parameters with their defaults.")
      .def(py::init<>())
      .def_readwrite("n_estimators", &UBoostParams::n_estimators)
      .def_readwrite("efficiency_steps", &UBoostParams::efficiency_steps)
      .def_readwrite("learning_rate", &UBoostParams::learning_rate)
      .def_readwrite("uniforming_rate", &UBoostParams::uniforming_rate)
      .def_readwrite("smoothing", &UBoostParams::smoothing)
      .def_readwrite("n_neighbors", &UBoostParams::n_neighbours)
      .def_readwrite("max_depth", &UBoostParams::max_depth)
      .def_readwrite("min_weight_fraction_leaf", &UBoostParams::min_weight_fraction_leaf)
      .def_readwrite("max_bins", &UBoostParams::max_bins)
      .def_readwrite("uniform_class", &UBoostParams::uniform_class)
      .def_readwrite("negative_weights", &UBoostParams::negative_weights);
  const auto by_tree = [](const std::vector<double>& values, std::size_t columns) {
    const std::size_t rows = columns == 0 ? 0 : values.size() / columns;
    py::array_t<double> result({rows, columns});
    std::copy(values.begin(), values.end(), result.mutable_data());
    return result;
  };
  py::class_<UBoostResult>(module, "UBoostResult", "Trained forests and how they came about.")
      .def_property_readonly(
          "predictor", [](const UBoostResult& self) { return std::const_pointer_cast<Predictor>(self.predictor); })
      .def_readonly("efficiency", &UBoostResult::efficiency, "At which each forest is flat.")
      .def_property_readonly(
          "error_fraction",
          [by_tree](const UBoostResult& self) { return by_tree(self.error_fraction, self.efficiency.size()); },
          "Of each tree (rows) and forest (columns).")
      .def_property_readonly(
          "deviation", [by_tree](const UBoostResult& self) { return by_tree(self.deviation, self.efficiency.size()); },
          "Mean distance of the local efficiencies from that of the forest, after each tree (rows).")
      .def_readonly("feature_gain", &UBoostResult::feature_gain)
      .def_readonly("interrupted", &UBoostResult::interrupted);
  module.def("fit_uboost", &fit_boosted, py::arg("params"), py::arg("events"), py::arg("weight"),
             py::arg("class_index"), py::arg("protected_variables"), py::arg("threads") = 1, py::arg("seed") = 0,
             py::arg("progress") = py::none(),
             "uBoost: events float32 (events, variables), weight float64, class_index int32 of two classes, "
             "protected_variables float64 (events, protected variables).");
}

py::tuple flatness(const py::array& score, const std::vector<std::int32_t>& bin, const std::vector<double>& weight,
                   double power, int threads, bool from_definition) {
  const View<const double> scores = vector<double>(score, "score", bin.size());
  if (weight.size() != bin.size()) throw InvalidArgument("weight must have one entry per event");
  std::size_t n_bins = 0;
  for (const std::int32_t b : bin) {
    if (b < 0 || b > 65535) throw InvalidArgument("bin must lie within 0 .. 65535, got " + std::to_string(b));
    n_bins = std::max(n_bins, static_cast<std::size_t>(b) + 1);
  }
  std::vector<double> copy(bin.size());
  for (std::size_t i = 0; i < copy.size(); ++i) {
    copy[i] = scores[i];
    if (!(copy[i] - copy[i] == 0)) throw InvalidArgument("score contains NaN or infinity");
  }
  const FlatnessTerm term(bin, weight, n_bins, 0.0, "the class");
  py::array_t<double> derivative(static_cast<py::ssize_t>(bin.size()));
  double* out = derivative.mutable_data();
  double value = 0;
  {
    const py::gil_scoped_release release;
    value = from_definition ? term.reference(copy.data(), power, out)
                            : term.evaluate(make_context(threads, 0), copy.data(), power, out);
  }
  return py::make_tuple(value, derivative);
}

py::tuple neighbour_flatness(const py::array& score, const py::array& variables, const std::vector<double>& weight,
                             double n_neighbours, std::size_t n_neighbourhoods, int threads, bool from_definition) {
  const View<const double, 2> view = matrix<double>(variables, "variables");
  const View<const double> scores = vector<double>(score, "score", view.rows());
  const std::size_t n = view.rows();
  if (weight.size() != n) throw InvalidArgument("weight must have one entry per event");
  std::vector<double> copy(n);
  for (std::size_t i = 0; i < n; ++i) {
    copy[i] = scores[i];
    if (!(copy[i] - copy[i] == 0)) throw InvalidArgument("score contains NaN or infinity");
  }
  std::vector<double> columns;
  for (std::size_t j = 0; j < view.columns(); ++j) {
    for (std::size_t i = 0; i < n; ++i) columns.push_back(view(i, j));
  }
  const Context context = make_context(threads, 0);
  const trees::NeighbourFlatnessTerm term(context, columns.data(), n, view.columns(), weight, n_neighbours,
                                          n_neighbourhoods, "the class");
  py::array_t<double> derivative(static_cast<py::ssize_t>(n));
  double* out = derivative.mutable_data();
  double value = 0;
  {
    const py::gil_scoped_release release;
    value = from_definition ? term.reference(copy.data(), out) : term.evaluate(context, copy.data(), 2.0, out);
  }
  return py::make_tuple(value, derivative);
}

}  // namespace

void register_uniformity(py::module_& module) {
  register_uboost(module);
  py::class_<FlatnessParams>(module, "FlatnessParams", "Parameters with their defaults.")
      .def(py::init<>())
      .def_readwrite("coefficient", &FlatnessParams::coefficient)
      .def_readwrite("power", &FlatnessParams::power)
      .def_readwrite("n_bins", &FlatnessParams::n_bins)
      .def_readwrite("min_events_in_bin", &FlatnessParams::min_events_in_bin)
      .def_readwrite("uniform_classes", &FlatnessParams::uniform_classes)
      .def_readwrite("n_neighbors", &FlatnessParams::n_neighbours, "0: bins.")
      .def_readwrite("n_neighborhoods", &FlatnessParams::n_neighbourhoods);

  module.def("fit_flat_gradient_boosting", &fit, py::arg("params"), py::arg("flatness"), py::arg("events"),
             py::arg("weight"), py::arg("class_index"), py::arg("protected_variables"),
             py::arg("validation") = py::none(), py::arg("threads") = 1, py::arg("seed") = 0,
             py::arg("progress") = py::none(),
             "Logistic loss and flatness: events float32 (events, variables), weight float64, class_index int32 of two "
             "classes, protected_variables float64 (events, protected variables); validation is a tuple of the four.");
  module.def("flatness", &flatness, py::arg("score"), py::arg("bin"), py::arg("weight"), py::arg("power") = 2.0,
             py::arg("threads") = 1, py::arg("from_definition") = false,
             "Flatness of the scores of one class and its derivative by each score, per unit weight.");
  module.def("neighbor_flatness", &neighbour_flatness, py::arg("score"), py::arg("variables"), py::arg("weight"),
             py::arg("n_neighbors"), py::arg("n_neighborhoods") = 5000, py::arg("threads") = 1,
             py::arg("from_definition") = false,
             "Flatness of the scores of one class against their neighbours in the protected variables (finite float64 "
             "of shape (events, variables)), and its derivative by each score, per unit weight.");
  module.def(
      "protected_bins",
      [](const py::array& variables, const py::array& weight, std::int32_t n_bins) {
        const View<const double, 2> view = matrix<double>(variables, "variables");
        const View<const double> weights = vector<double>(weight, "weight", view.rows());
        const std::size_t n = view.rows();
        if (n == 0) throw InvalidArgument("variables has no events");
        if (n_bins < 1) throw InvalidArgument("n_bins must be at least 1");
        std::vector<double> columns;
        std::vector<double> w(n);
        for (std::size_t j = 0; j < view.columns(); ++j) {
          for (std::size_t i = 0; i < n; ++i) {
            columns.push_back(view(i, j));
            if (!(columns.back() - columns.back() == 0)) throw InvalidArgument("variables contains NaN or infinity");
          }
        }
        for (std::size_t i = 0; i < n; ++i) w[i] = weights[i];
        const trees::ProtectedBins bins =
            trees::ProtectedBins::find(columns.data(), n, view.columns(), w.data(), n_bins);
        py::array_t<std::int32_t> result(static_cast<py::ssize_t>(n));
        for (std::size_t i = 0; i < n; ++i) result.mutable_data()[i] = bins.bin(columns.data(), n, i);
        return result;
      },
      py::arg("variables"), py::arg("weight"), py::arg("n_bins"),
      "Bin of each event, int32: n_bins quantiles of |weight| in the first variable, within each as many in the next.");
}

}  // namespace diskern::python

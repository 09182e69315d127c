// Boosting to uniformity.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common.hpp"
#include "trees/flatness.hpp"
#include "trees/gradient_boosting.hpp"

namespace diskern::python {

namespace {

using trees::FlatnessParams;
using trees::FlatnessTerm;
using trees::GradientBoostingParams;
using trees::GradientBoostingResult;
using trees::GradientBoostingSample;

GradientBoostingSample make_sample(const py::object& events, const py::object& weight, const py::object& class_index,
                                   const py::object& variables) {
  GradientBoostingSample sample;
  sample.events = matrix<float>(py::cast<py::array>(events), "events");
  const std::size_t n = sample.events.rows();
  sample.weight = vector<double>(py::cast<py::array>(weight), "weight", n);
  sample.class_index = vector<std::int32_t>(py::cast<py::array>(class_index), "class_index", n);
  sample.spectators = matrix<double>(py::cast<py::array>(variables), "protected_variables");
  return sample;
}

GradientBoostingResult fit(const GradientBoostingParams& params, const FlatnessParams& flatness,
                           const py::array& events, const py::array& weight, const py::array& class_index,
                           const py::array& protected_variables, const std::optional<py::tuple>& validation,
                           int threads, std::uint64_t seed, py::object progress) {
  const GradientBoostingSample sample = make_sample(events, weight, class_index, protected_variables);
  std::optional<GradientBoostingSample> held_out;
  if (validation) {
    if (validation->size() != 4) {
      throw InvalidArgument("validation must be (events, weight, class_index, protected_variables)");
    }
    held_out = make_sample((*validation)[0], (*validation)[1], (*validation)[2], (*validation)[3]);
  }
  PythonMonitor monitor(std::move(progress));
  const Context context = make_context(threads, seed, &monitor);
  const py::gil_scoped_release release;
  trees::FlatnessLoss loss(flatness);
  trees::GradientBoostingExtras extras;
  extras.loss = &loss;
  return trees::fit_gradient_boosting(context, params, sample, 2, held_out ? &*held_out : nullptr, extras);
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

}  // namespace

void register_uniformity(py::module_& module) {
  py::class_<FlatnessParams>(module, "FlatnessParams", "Parameters with their defaults.")
      .def(py::init<>())
      .def_readwrite("coefficient", &FlatnessParams::coefficient)
      .def_readwrite("power", &FlatnessParams::power)
      .def_readwrite("n_bins", &FlatnessParams::n_bins)
      .def_readwrite("min_events_in_bin", &FlatnessParams::min_events_in_bin)
      .def_readwrite("uniform_classes", &FlatnessParams::uniform_classes);

  module.def("fit_flat_gradient_boosting", &fit, py::arg("params"), py::arg("flatness"), py::arg("events"),
             py::arg("weight"), py::arg("class_index"), py::arg("protected_variables"),
             py::arg("validation") = py::none(), py::arg("threads") = 1, py::arg("seed") = 0,
             py::arg("progress") = py::none(),
             "Logistic loss and flatness: events float32 (events, variables), weight float64, class_index int32 of two "
             "classes, protected_variables float64 (events, protected variables); validation is a tuple of the four.");
  module.def("flatness", &flatness, py::arg("score"), py::arg("bin"), py::arg("weight"), py::arg("power") = 2.0,
             py::arg("threads") = 1, py::arg("from_definition") = false,
             "Flatness of the scores of one class and its derivative by each score, per unit weight.");
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

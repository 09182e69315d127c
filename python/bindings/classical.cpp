// TMVA's classical methods: HMatrix, Likelihood.
#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common.hpp"
#include "statistics/hmatrix.hpp"
#include "statistics/likelihood.hpp"

namespace diskern::python {

namespace {

using statistics::Density;
using statistics::DensityHistogram;
using statistics::DensitySettings;
using statistics::HMatrixParams;
using statistics::Interpolation;
using statistics::KernelBorder;
using statistics::KernelWidth;
using statistics::LikelihoodDensity;
using statistics::LikelihoodParams;
using statistics::LikelihoodPredictor;
using statistics::LikelihoodResult;
using ChainPointer = std::shared_ptr<statistics::TransformationChain>;

// Events, classes and weights of a training, checked.
struct Training {
  Training(const py::array& event_array, const py::array& class_array, const py::array& weight_array)
      : events(matrix<float>(event_array, "events")),
        class_index(vector<std::int32_t>(class_array, "class_index", events.rows())),
        weight(vector<double>(weight_array, "weight", events.rows())) {}
  View<const float, 2> events;
  View<const std::int32_t> class_index;
  View<const double> weight;
};

std::shared_ptr<Predictor> fit_hmatrix(const HMatrixParams& params, const std::optional<ChainPointer>& chain,
                                       const py::array& events, const py::array& class_index, const py::array& weight,
                                       int threads) {
  const Training training(events, class_index, weight);
  PythonMonitor monitor{py::none()};
  const Context context = make_context(threads, 0, &monitor);
  const py::gil_scoped_release release;
  return std::const_pointer_cast<statistics::HMatrixPredictor>(statistics::fit_hmatrix(
      context, params, chain.value_or(nullptr), training.events, training.class_index, training.weight));
}

LikelihoodResult fit_likelihood(const LikelihoodParams& params, const std::optional<ChainPointer>& chain,
                                const py::array& events, const py::array& class_index, const py::array& weight,
                                int threads) {
  const Training training(events, class_index, weight);
  PythonMonitor monitor{py::none()};
  const Context context = make_context(threads, 0, &monitor);
  const py::gil_scoped_release release;
  return statistics::fit_likelihood(context, params, chain.value_or(nullptr), training.events, training.class_index,
                                    training.weight);
}

Density make_density(const DensitySettings& settings, double minimum, double maximum, const py::array& contents) {
  const View<const float> view = vector<float>(contents, "contents", static_cast<std::size_t>(contents.size()));
  DensityHistogram histogram{minimum, maximum, {}};
  for (std::size_t i = 0; i < view.size(); ++i) histogram.contents.push_back(view[i]);
  return {settings, std::move(histogram)};
}

template <double (Density::*function)(double) const noexcept>
py::array_t<double> at_each(const Density& self, const py::array& x) {
  const View<const double> view = vector<double>(x, "x", static_cast<std::size_t>(x.size()));
  py::array_t<double> result(static_cast<py::ssize_t>(view.size()));
  for (std::size_t i = 0; i < view.size(); ++i) result.mutable_data()[i] = (self.*function)(view[i]);
  return result;
}

}  // namespace

void register_classical(py::module_& module) {
  py::enum_<Interpolation>(module, "Interpolation", "How a density is drawn through a histogram.")
      .value("Spline0", Interpolation::spline0)
      .value("Spline1", Interpolation::spline1)
      .value("Spline2", Interpolation::spline2)
      .value("Spline3", Interpolation::spline3)
      .value("Spline5", Interpolation::spline5)
      .value("KDE", Interpolation::kernel);
  py::enum_<KernelWidth>(module, "KernelWidth", "Width of the kernels of a density.")
      .value("Nonadaptive", KernelWidth::fixed)
      .value("Adaptive", KernelWidth::adaptive);
  py::enum_<KernelBorder>(module, "KernelBorder", "What becomes of kernels that reach beyond the range.")
      .value("Ignore", KernelBorder::none)
      .value("Renorm", KernelBorder::renormalise)
      .value("Mirror", KernelBorder::mirror);
  py::class_<DensitySettings>(module, "DensitySettings")
      .def(py::init<>())
      .def_readwrite("interpolation", &DensitySettings::interpolation)
      .def_readwrite("minimum_smoothing", &DensitySettings::minimum_smoothing)
      .def_readwrite("maximum_smoothing", &DensitySettings::maximum_smoothing)
      .def_readwrite("kernel_width", &DensitySettings::kernel_width)
      .def_readwrite("kernel_border", &DensitySettings::kernel_border)
      .def_readwrite("fine_factor", &DensitySettings::fine_factor);
  py::class_<Density>(module, "Density", "TMVA's PDF of one variable; immutable.")
      .def(py::init(&make_density), py::arg("settings"), py::arg("minimum"), py::arg("maximum"), py::arg("contents"),
           "From the float32 contents of the bins of a histogram of equal bins.")
      .def("value", &at_each<&Density::value>, py::arg("x"), "The density at float64 x.")
      .def("cumulative", &at_each<&Density::cumulative>, py::arg("x"), "Its integral up to float64 x.");

  py::class_<HMatrixParams>(module, "HMatrixParams")
      .def(py::init<>())
      .def_readwrite("signal_class", &HMatrixParams::signal_class)
      .def_readwrite("variable_names", &HMatrixParams::variable_names);
  module.def("fit_hmatrix", &fit_hmatrix, py::arg("params"), py::arg("chain"), py::arg("events"),
             py::arg("class_index"), py::arg("weight"), py::arg("threads") = 0,
             "TMVA's HMatrix of float32 events before the transformations of chain.");

  py::class_<LikelihoodDensity>(module, "LikelihoodDensity")
      .def(py::init<>())
      .def_readwrite("settings", &LikelihoodDensity::settings)
      .def_readwrite("bins", &LikelihoodDensity::bins)
      .def_readwrite("events_per_bin", &LikelihoodDensity::events_per_bin);
  py::class_<LikelihoodParams>(module, "LikelihoodParams")
      .def(py::init<>())
      .def_readwrite("transform_output", &LikelihoodParams::transform_output)
      .def_readwrite("signal", &LikelihoodParams::signal)
      .def_readwrite("background", &LikelihoodParams::background)
      .def_readwrite("variable_types", &LikelihoodParams::variable_types)
      .def_readwrite("signal_class", &LikelihoodParams::signal_class)
      .def_readwrite("variable_names", &LikelihoodParams::variable_names);
  py::class_<LikelihoodResult>(module, "LikelihoodResult")
      .def_property_readonly("predictor",
                             [](const LikelihoodResult& self) -> std::shared_ptr<Predictor> {
                               return std::const_pointer_cast<LikelihoodPredictor>(self.predictor);
                             })
      .def_readonly("ranking", &LikelihoodResult::ranking)
      .def_property_readonly(
          "empty_bins",
          [](const LikelihoodResult& self) {
            std::map<std::string, std::vector<std::size_t>> counts;
            for (const bool signal : {true, false}) {
              for (const Density& one : signal ? self.predictor->signal() : self.predictor->background()) {
                const std::vector<float>& contents = one.histogram().contents;
                counts[signal ? "signal" : "background"].push_back(
                    static_cast<std::size_t>(std::count(contents.begin(), contents.end(), 0.0F)));
              }
            }
            return counts;
          },
          "Bins without content of the histogram of each variable, for signal and background.");
  module.def("fit_likelihood", &fit_likelihood, py::arg("params"), py::arg("chain"), py::arg("events"),
             py::arg("class_index"), py::arg("weight"), py::arg("threads") = 0,
             "TMVA's Likelihood of float32 events before the transformations of chain.");
}

}  // namespace diskern::python

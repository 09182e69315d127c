// TMVA's MVAPdfs: densities of a classifier's response, and what follows from them.
#include <memory>
#include <vector>

#include "common.hpp"
#include "statistics/response_densities.hpp"

namespace diskern::python {

namespace {

using statistics::ResponseDensities;
using statistics::ResponseDensityParams;
using DensitiesPointer = std::shared_ptr<ResponseDensities>;

DensitiesPointer fit(const ResponseDensityParams& signal, const ResponseDensityParams& background,
                     const py::array& response, const py::array& class_index, std::int32_t signal_class,
                     const py::array& weight) {
  const View<const double> values = vector<double>(response, "response", static_cast<std::size_t>(response.size()));
  const View<const std::int32_t> classes = vector<std::int32_t>(class_index, "class_index", values.size());
  const View<const double> weights = vector<double>(weight, "weight", values.size());
  const py::gil_scoped_release release;
  return std::const_pointer_cast<ResponseDensities>(
      statistics::fit_response_densities(signal, background, values, classes, signal_class, weights));
}

template <class Function>
py::array_t<double> for_each(const py::array& response, const Function& function) {
  const View<const double> values = vector<double>(response, "response", static_cast<std::size_t>(response.size()));
  py::array_t<double> result(static_cast<py::ssize_t>(values.size()));
  double* const out = result.mutable_data();
  const py::gil_scoped_release release;
  for (std::size_t i = 0; i < values.size(); ++i) out[i] = function(values[i]);
  return result;
}

}  // namespace

void register_response_densities(py::module_& module) {
  py::class_<ResponseDensityParams>(module, "ResponseDensityParams")
      .def(py::init<>())
      .def_readwrite("settings", &ResponseDensityParams::settings)
      .def_readwrite("bins", &ResponseDensityParams::bins)
      .def_readwrite("events_per_bin", &ResponseDensityParams::events_per_bin);
  py::class_<ResponseDensities, DensitiesPointer>(module, "ResponseDensities",
                                                  "Densities of the response for signal and background; immutable.")
      .def(py::init<statistics::Density, statistics::Density>(), py::arg("signal"), py::arg("background"))
      .def(
          "probability",
          [](const ResponseDensities& self, const py::array& response, double signal_fraction) {
            return for_each(response, [&](double y) { return self.probability(y, signal_fraction); });
          },
          py::arg("response"), py::arg("signal_fraction") = 0.5,
          "Of events with these float64 responses to be signal.")
      .def(
          "rarity",
          [](const ResponseDensities& self, const py::array& response) {
            return for_each(response, [&](double y) { return self.rarity(y); });
          },
          py::arg("response"), "The part of background with a smaller response.")
      .def_property_readonly("signal", &ResponseDensities::signal)
      .def_property_readonly("background", &ResponseDensities::background);
  module.def("fit_response_densities", &fit, py::arg("signal"), py::arg("background"), py::arg("response"),
             py::arg("class_index"), py::arg("signal_class"), py::arg("weight"),
             "From weighted histograms of float64 responses.");
}

}  // namespace diskern::python

// Minimisers, and TMVA's methods that use them: Cuts.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common.hpp"
#include "statistics/cuts.hpp"
#include "statistics/fitter.hpp"
#include "statistics/formula.hpp"

namespace diskern::python {

namespace {

using statistics::AnnealingParams;
using statistics::CutsEfficiency;
using statistics::CutsFitter;
using statistics::CutSide;
using statistics::CutsParams;
using statistics::CutsPredictor;
using statistics::CutsVariable;
using statistics::DescentParams;
using statistics::FormulaFitter;
using statistics::FormulaLoss;
using statistics::FormulaParams;
using statistics::FormulaPredictor;
using statistics::FormulaResult;
using statistics::GeneticParams;
using statistics::KernelTemperature;
using statistics::MonteCarloParams;

std::shared_ptr<CutsPredictor> fit_cuts(const CutsParams& params, const py::array& events,
                                        const py::array& class_index, const py::array& weight, int threads,
                                        const py::object& progress) {
  const View<const float, 2> variables = matrix<float>(events, "events");
  const View<const std::int32_t> classes = vector<std::int32_t>(class_index, "class_index", variables.rows());
  const View<const double> weights = vector<double>(weight, "weight", variables.rows());
  PythonMonitor monitor{progress};
  const Context context = make_context(threads, 0, &monitor);
  const py::gil_scoped_release release;
  return std::const_pointer_cast<CutsPredictor>(statistics::fit_cuts(context, params, variables, classes, weights));
}

// Signal efficiencies, background efficiencies, lower and upper cuts of every row.
py::tuple table_of(const CutsPredictor& self) {
  const auto n = static_cast<py::ssize_t>(self.table().size());
  const auto d = static_cast<py::ssize_t>(self.input_count());
  py::array_t<double> signal(n);
  py::array_t<double> background(n);
  py::array_t<double> minimum({n, d});
  py::array_t<double> maximum({n, d});
  for (py::ssize_t i = 0; i < n; ++i) {
    const statistics::CutSet& cuts = self.table()[static_cast<std::size_t>(i)];
    signal.mutable_at(i) = cuts.signal_efficiency;
    background.mutable_at(i) = cuts.background_efficiency;
    for (py::ssize_t j = 0; j < d; ++j) {
      minimum.mutable_at(i, j) = cuts.minimum[static_cast<std::size_t>(j)];
      maximum.mutable_at(i, j) = cuts.maximum[static_cast<std::size_t>(j)];
    }
  }
  return py::make_tuple(signal, background, minimum, maximum);
}

statistics::FormulaResult fit_formula(const statistics::FormulaParams& params, const py::array& events,
                                      const py::array& class_index, const py::array& targets, const py::array& weight,
                                      int threads, const py::object& progress) {
  const View<const float, 2> variables = matrix<float>(events, "events");
  const View<const std::int32_t> classes = vector<std::int32_t>(class_index, "class_index", variables.rows());
  const View<const double, 2> target_matrix = matrix<double>(targets, "targets");
  const View<const double> weights = vector<double>(weight, "weight", variables.rows());
  if (target_matrix.rows() != variables.rows()) {
    throw InvalidArgument("targets has " + std::to_string(target_matrix.rows()) + " rows, events has " +
                          std::to_string(variables.rows()));
  }
  PythonMonitor monitor{progress};
  const Context context = make_context(threads, 0, &monitor);
  const py::gil_scoped_release release;
  return statistics::fit_formula(context, params, variables, classes, target_matrix, weights);
}

py::array_t<double> parameters_of(const FormulaPredictor& self) {
  py::array_t<double> result({self.output_count(), self.formula().parameter_count()});
  std::copy(self.parameters().begin(), self.parameters().end(), result.mutable_data());
  return result;
}

}  // namespace

void register_fitter(py::module_& module) {
  py::class_<MonteCarloParams>(module, "MonteCarloParams")
      .def(py::init<>())
      .def_readwrite("SampleSize", &MonteCarloParams::SampleSize)
      .def_readwrite("Sigma", &MonteCarloParams::Sigma)
      .def_readwrite("Seed", &MonteCarloParams::Seed);
  py::class_<GeneticParams>(module, "GeneticParams")
      .def(py::init<>())
      .def_readwrite("PopSize", &GeneticParams::PopSize)
      .def_readwrite("Steps", &GeneticParams::Steps)
      .def_readwrite("Cycles", &GeneticParams::Cycles)
      .def_readwrite("SC_steps", &GeneticParams::SC_steps)
      .def_readwrite("SC_rate", &GeneticParams::SC_rate)
      .def_readwrite("SC_factor", &GeneticParams::SC_factor)
      .def_readwrite("ConvCrit", &GeneticParams::ConvCrit)
      .def_readwrite("SaveBestGen", &GeneticParams::SaveBestGen)
      .def_readwrite("SaveBestCycle", &GeneticParams::SaveBestCycle)
      .def_readwrite("Trim", &GeneticParams::Trim)
      .def_readwrite("Seed", &GeneticParams::Seed);
  py::enum_<KernelTemperature>(module, "KernelTemperature", "How the temperature of simulated annealing goes.")
      .value("IncAdaptive", KernelTemperature::IncAdaptive)
      .value("DecAdaptive", KernelTemperature::DecAdaptive)
      .value("Sqrt", KernelTemperature::Sqrt)
      .value("Log", KernelTemperature::Log)
      .value("Sin", KernelTemperature::Sin)
      .value("Homo", KernelTemperature::Homo)
      .value("Geo", KernelTemperature::Geo);
  py::class_<AnnealingParams>(module, "AnnealingParams")
      .def(py::init<>())
      .def_readwrite("MaxCalls", &AnnealingParams::MaxCalls)
      .def_readwrite("InitialTemp", &AnnealingParams::InitialTemp)
      .def_readwrite("MinTemp", &AnnealingParams::MinTemp)
      .def_readwrite("Eps", &AnnealingParams::Eps)
      .def_readwrite("TempScale", &AnnealingParams::TempScale)
      .def_readwrite("AdaptiveSpeed", &AnnealingParams::AdaptiveSpeed)
      .def_readwrite("TempAdaptiveStep", &AnnealingParams::TempAdaptiveStep)
      .def_readwrite("UseDefaultScale", &AnnealingParams::UseDefaultScale)
      .def_readwrite("UseDefaultTemp", &AnnealingParams::UseDefaultTemp)
      .def_readwrite("KernelTemp", &AnnealingParams::KernelTemp)
      .def_readwrite("Seed", &AnnealingParams::Seed);
  py::class_<DescentParams>(module, "DescentParams")
      .def(py::init<>())
      .def_readwrite("ErrorLevel", &DescentParams::ErrorLevel)
      .def_readwrite("FitStrategy", &DescentParams::FitStrategy)
      .def_readwrite("UseImprove", &DescentParams::UseImprove)
      .def_readwrite("MaxCalls", &DescentParams::MaxCalls)
      .def_readwrite("Tolerance", &DescentParams::Tolerance)
      .def_readwrite("Seed", &DescentParams::Seed);

  py::enum_<CutsFitter>(module, "CutsFitter")
      .value("GA", CutsFitter::GA)
      .value("SA", CutsFitter::SA)
      .value("MC", CutsFitter::MC)
      .value("MCEvents", CutsFitter::MCEvents)
      .value("MINUIT", CutsFitter::MINUIT);
  py::enum_<CutsEfficiency>(module, "CutsEfficiency")
      .value("EffSel", CutsEfficiency::EffSel)
      .value("EffPDF", CutsEfficiency::EffPDF);
  py::enum_<CutSide>(module, "CutSide")
      .value("NotEnforced", CutSide::NotEnforced)
      .value("FMin", CutSide::FMin)
      .value("FMax", CutSide::FMax)
      .value("FSmart", CutSide::FSmart);
  py::class_<CutsVariable>(module, "CutsVariable")
      .def(py::init<>())
      .def_readwrite("side", &CutsVariable::side)
      .def_readwrite("minimum", &CutsVariable::minimum)
      .def_readwrite("maximum", &CutsVariable::maximum);
  py::class_<CutsParams>(module, "CutsParams")
      .def(py::init<>())
      .def_readwrite("fitter", &CutsParams::fitter)
      .def_readwrite("efficiency", &CutsParams::efficiency)
      .def_readwrite("variables", &CutsParams::variables)
      .def_readwrite("genetic", &CutsParams::genetic)
      .def_readwrite("annealing", &CutsParams::annealing)
      .def_readwrite("monte_carlo", &CutsParams::monte_carlo)
      .def_readwrite("descent", &CutsParams::descent)
      .def_readwrite("signal_class", &CutsParams::signal_class)
      .def_readwrite("variable_names", &CutsParams::variable_names);
  py::class_<CutsPredictor, Predictor, std::shared_ptr<CutsPredictor>>(module, "Cuts",
                                                                       "The cuts of every signal efficiency.")
      .def_property_readonly("table", &table_of,
                             "Signal efficiency (lower edge of its bin), background efficiency, lower and upper cuts.")
      .def_property_readonly("working_point", &CutsPredictor::working_point)
      .def(
          "cuts_at",
          [](const CutsPredictor& self, double efficiency) {
            const statistics::CutSet& cuts = self.at(efficiency);
            return py::make_tuple(cuts.minimum, cuts.maximum);
          },
          py::arg("signal_efficiency"), "Lower and upper cuts that belong to a signal efficiency.")
      .def(
          "at_efficiency",
          [](const CutsPredictor& self, double efficiency) {
            return std::const_pointer_cast<CutsPredictor>(self.at_efficiency(efficiency));
          },
          py::arg("signal_efficiency"));
  module.def("fit_cuts", &fit_cuts, py::arg("params"), py::arg("events"), py::arg("class_index"), py::arg("weight"),
             py::arg("threads") = 0, py::arg("progress") = py::none(), "TMVA's Cuts of float32 events.");

  py::enum_<FormulaFitter>(module, "FormulaFitter")
      .value("MC", FormulaFitter::MC)
      .value("GA", FormulaFitter::GA)
      .value("SA", FormulaFitter::SA)
      .value("MINUIT", FormulaFitter::MINUIT);
  py::enum_<FormulaLoss>(module, "FormulaLoss")
      .value("classification", FormulaLoss::classification)
      .value("regression", FormulaLoss::regression)
      .value("multiclass", FormulaLoss::multiclass);
  py::class_<FormulaParams>(module, "FormulaParams")
      .def(py::init<>())
      .def_readwrite("formula", &FormulaParams::formula)
      .def_property(
          "ranges",
          [](const FormulaParams& self) {
            std::vector<std::pair<double, double>> ranges;
            for (const statistics::Interval& one : self.ranges) ranges.emplace_back(one.minimum, one.maximum);
            return ranges;
          },
          [](FormulaParams& self, const std::vector<std::pair<double, double>>& ranges) {
            self.ranges.clear();
            for (const auto& [low, high] : ranges) self.ranges.push_back({low, high});
          })
      .def_readwrite("fitter", &FormulaParams::fitter)
      .def_readwrite("converge", &FormulaParams::converge)
      .def_readwrite("genetic", &FormulaParams::genetic)
      .def_readwrite("annealing", &FormulaParams::annealing)
      .def_readwrite("monte_carlo", &FormulaParams::monte_carlo)
      .def_readwrite("descent", &FormulaParams::descent)
      .def_readwrite("loss", &FormulaParams::loss)
      .def_readwrite("n_classes", &FormulaParams::n_classes)
      .def_readwrite("signal_class", &FormulaParams::signal_class);
  py::class_<FormulaPredictor, Predictor, std::shared_ptr<FormulaPredictor>>(module, "Formula",
                                                                             "A formula with its parameters.")
      .def_property_readonly("formula", [](const FormulaPredictor& self) { return self.formula().text(); })
      .def_property_readonly("is_linear", [](const FormulaPredictor& self) { return self.formula().is_linear(); })
      .def_property_readonly("parameters", &parameters_of, "float64, shape (outputs, parameters).");
  py::class_<FormulaResult>(module, "FormulaResult")
      .def_property_readonly(
          "predictor",
          [](const FormulaResult& self) { return std::const_pointer_cast<FormulaPredictor>(self.predictor); })
      .def_readonly("loss", &FormulaResult::loss)
      .def_readonly("calls", &FormulaResult::calls);
  module.def("fit_formula", &fit_formula, py::arg("params"), py::arg("events"), py::arg("class_index"),
             py::arg("targets"), py::arg("weight"), py::arg("threads") = 0, py::arg("progress") = py::none(),
             "TMVA's FDA of float32 events; float64 targets of shape (events, targets), without columns but in "
             "regression.");
}

}  // namespace diskern::python

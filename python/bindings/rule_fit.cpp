// TMVA's RuleFit.
#include <memory>
#include <string>
#include <vector>

#include "common.hpp"
#include "statistics/rule_ensemble.hpp"
#include "trees/rule_fit.hpp"

namespace diskern::python {

namespace {

using statistics::LinearTerm;
using statistics::Rule;
using statistics::RuleEnsemble;
using trees::RuleFitParams;
using trees::RuleFitResult;
using trees::RuleForest;
using trees::RuleModel;

RuleFitResult fit(const RuleFitParams& params, const py::array& events, const py::array& class_index,
                  const py::array& weight, std::uint64_t seed, int threads, const py::object& progress) {
  const View<const float, 2> rows = matrix<float>(events, "events");
  const View<const std::int32_t> classes = vector<std::int32_t>(class_index, "class_index", rows.rows());
  const View<const double> weights = vector<double>(weight, "weight", rows.rows());
  PythonMonitor monitor{progress};
  const Context context = make_context(threads, seed, &monitor);
  const py::gil_scoped_release release;
  return trees::fit_rules(context, params, rows, classes, weights);
}

py::dict describe(const Rule& rule) {
  py::dict result;
  result["coefficient"] = rule.coefficient;
  result["support"] = rule.support;
  result["signal_fraction"] = rule.signal_fraction;
  result["events"] = rule.events;
  result["importance"] = rule.importance();
  result["variable"] = rule.variable;
  result["minimum"] = rule.minimum;
  result["maximum"] = rule.maximum;
  return result;
}

py::dict describe(const LinearTerm& term) {
  py::dict result;
  result["coefficient"] = term.coefficient;
  result["norm"] = term.norm;
  result["minimum"] = term.minimum;
  result["maximum"] = term.maximum;
  return result;
}

template <class T>
py::list described(const std::vector<T>& terms) {
  py::list result;
  for (const T& term : terms) result.append(describe(term));
  return result;
}

}  // namespace

void register_rule_fit(py::module_& module) {
  py::enum_<RuleModel>(module, "RuleModel")
      .value("ModRuleLinear", RuleModel::ModRuleLinear)
      .value("ModRule", RuleModel::ModRule)
      .value("ModLinear", RuleModel::ModLinear);
  py::enum_<RuleForest>(module, "RuleForest")
      .value("AdaBoost", RuleForest::AdaBoost)
      .value("Random", RuleForest::Random);
  py::class_<RuleFitParams>(module, "RuleFitParams")
      .def(py::init<>())
      .def_readwrite("Model", &RuleFitParams::Model)
      .def_readwrite("nTrees", &RuleFitParams::nTrees)
      .def_readwrite("ForestType", &RuleFitParams::ForestType)
      .def_readwrite("fEventsMin", &RuleFitParams::fEventsMin)
      .def_readwrite("fEventsMax", &RuleFitParams::fEventsMax)
      .def_readwrite("RuleMinDist", &RuleFitParams::RuleMinDist)
      .def_readwrite("MinImp", &RuleFitParams::MinImp)
      .def_readwrite("LinQuantile", &RuleFitParams::LinQuantile)
      .def_readwrite("GDTau", &RuleFitParams::GDTau)
      .def_readwrite("GDTauPrec", &RuleFitParams::GDTauPrec)
      .def_readwrite("GDStep", &RuleFitParams::GDStep)
      .def_readwrite("GDNSteps", &RuleFitParams::GDNSteps)
      .def_readwrite("GDErrScale", &RuleFitParams::GDErrScale)
      .def_readwrite("GDPathEveFrac", &RuleFitParams::GDPathEveFrac)
      .def_readwrite("GDValidEveFrac", &RuleFitParams::GDValidEveFrac)
      .def_readwrite("signal_class", &RuleFitParams::signal_class)
      .def_readwrite("variable_names", &RuleFitParams::variable_names);
  py::class_<RuleEnsemble, Predictor, std::shared_ptr<RuleEnsemble>>(module, "Rules", "TMVA's RuleFit; immutable.")
      .def_property_readonly("offset", &RuleEnsemble::offset)
      .def_property_readonly("rules", [](const RuleEnsemble& self) { return described(self.rules()); })
      .def_property_readonly("linear", [](const RuleEnsemble& self) { return described(self.linear()); })
      .def_property_readonly("variable_importance", &RuleEnsemble::variable_importance);
  py::class_<RuleFitResult>(module, "RuleFitResult")
      .def_property_readonly(
          "predictor",
          [](const RuleFitResult& self) { return std::const_pointer_cast<RuleEnsemble>(self.predictor); })
      .def_readonly("importance", &RuleFitResult::importance)
      .def_readonly("rules_made", &RuleFitResult::rules_made)
      .def_readonly("rules_different", &RuleFitResult::rules_different)
      .def_readonly("tau", &RuleFitResult::tau)
      .def_readonly("steps", &RuleFitResult::steps)
      .def_readonly("still_falling", &RuleFitResult::still_falling)
      .def_readonly("interrupted", &RuleFitResult::interrupted)
      .def_readonly("path_step", &RuleFitResult::path_step)
      .def_readonly("path_error", &RuleFitResult::path_error);
  module.def("fit_rules", &fit, py::arg("params"), py::arg("events"), py::arg("class_index"), py::arg("weight"),
             py::arg("seed") = 0, py::arg("threads") = 0, py::arg("progress") = py::none(),
             "TMVA's RuleFit of float32 events.");
}

}  // namespace diskern::python

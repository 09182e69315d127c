// FDA in TMVA's weight files.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "model/tmva_xml.hpp"

namespace diskern::model::tmva {

PredictorPointer read_formula(const xml::Element& weights, const Context& context) {
  const auto n_parameters = static_cast<std::size_t>(weights.integer(
      "NPars", 1, static_cast<std::int64_t>(statistics::ParametricFormula::maximum_parameters)));
  const auto dimension = static_cast<std::size_t>(weights.integer("NDim", 1, 4096));
  const bool multiclass = context.info.analysis_type == AnalysisType::multiclass;
  const std::size_t outputs = context.info.analysis_type == AnalysisType::classification ? 1 : dimension;
  const std::size_t expected = n_parameters * outputs;
  std::vector<double> parameters(expected);
  std::vector<bool> seen(expected, false);
  for (const xml::Element& one : weights.children("Parameter")) {
    const auto index = static_cast<std::size_t>(one.integer("Index", 0, static_cast<std::int64_t>(expected) - 1));
    if (seen[index]) one.fail("comes twice");
    seen[index] = true;
    parameters[index] = one.number("Value");
  }
  for (std::size_t i = 0; i < expected; ++i) {
    if (!seen[i]) weights.fail("has no parameter " + std::to_string(i));
  }
  return std::make_shared<const statistics::FormulaPredictor>(
      statistics::ParametricFormula(weights.text("Formula"), context.variable_count(), n_parameters),
      std::move(parameters), outputs, multiclass);
}

void write_formula(xml::Writer& writer, const statistics::FormulaPredictor& predictor) {
  writer.attribute("NPars", static_cast<std::int64_t>(predictor.formula().parameter_count()));
  writer.attribute("NDim", static_cast<std::int64_t>(predictor.output_count()));
  writer.attribute("Formula", predictor.formula().text());
  for (std::size_t i = 0; i < predictor.parameters().size(); ++i) {
    writer.open("Parameter");
    writer.attribute("Index", static_cast<std::int64_t>(i));
    writer.attribute("Value", predictor.parameters()[i]);
    writer.close();
  }
}

}  // namespace diskern::model::tmva

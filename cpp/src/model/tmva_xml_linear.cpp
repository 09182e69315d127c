// Fisher and LD in TMVA's weight files.
#include <memory>
#include <vector>

#include "model/tmva_xml.hpp"

namespace diskern::model::tmva {

namespace {

constexpr std::int64_t most_outputs = 65536;

}  // namespace

PredictorPointer read_fisher(const xml::Element& weights, const Context& context) {
  const std::size_t n = context.variable_count();
  const auto count = static_cast<std::int64_t>(n) + 1;
  weights.integer("NCoeff", count, count);
  std::vector<double> coefficients(n + 1);
  std::vector<bool> seen(n + 1, false);
  for (const xml::Element& one : weights.children("Coefficient")) {
    const auto index = static_cast<std::size_t>(one.integer("Index", 0, count - 1));
    if (seen[index]) one.fail("comes twice");
    seen[index] = true;
    coefficients[index] = one.number("Value");
  }
  for (std::size_t i = 0; i < seen.size(); ++i) {
    if (!seen[i]) weights.fail("has no coefficient " + std::to_string(i));
  }
  return std::make_shared<const statistics::LinearPredictor>(n, 1, std::move(coefficients));
}

PredictorPointer read_linear_discriminant(const xml::Element& weights, const Context& context) {
  const std::size_t n = context.variable_count();
  const auto count = static_cast<std::int64_t>(n) + 1;
  weights.integer("NCoeff", count, count);
  const std::vector<xml::Element> elements = weights.children("Coefficient");
  const auto outputs = static_cast<std::size_t>(weights.integer("NOut", 1, most_outputs));
  if (elements.size() != outputs * (n + 1)) {
    weights.fail("has " + std::to_string(elements.size()) + " coefficients, expected " +
                 std::to_string(outputs * (n + 1)));
  }
  std::vector<double> coefficients(elements.size());
  std::vector<bool> seen(elements.size(), false);
  for (const xml::Element& one : elements) {
    const auto output = static_cast<std::size_t>(one.integer("IndexOut", 0, static_cast<std::int64_t>(outputs) - 1));
    const std::size_t index = output * (n + 1) + static_cast<std::size_t>(one.integer("IndexCoeff", 0, count - 1));
    if (seen[index]) one.fail("comes twice");
    seen[index] = true;
    coefficients[index] = one.number("Value");
  }
  return std::make_shared<const statistics::LinearPredictor>(n, outputs, std::move(coefficients));
}

void write_fisher(xml::Writer& writer, const statistics::LinearPredictor& predictor) {
  const std::vector<double>& coefficients = predictor.coefficients();
  writer.attribute("NCoeff", static_cast<std::int64_t>(coefficients.size()));
  for (std::size_t i = 0; i < coefficients.size(); ++i) {
    writer.open("Coefficient");
    writer.attribute("Index", static_cast<std::int64_t>(i));
    writer.attribute("Value", coefficients[i]);
    writer.close();
  }
}

void write_linear_discriminant(xml::Writer& writer, const statistics::LinearPredictor& predictor) {
  const std::size_t count = predictor.input_count() + 1;
  writer.attribute("NOut", static_cast<std::int64_t>(predictor.output_count()));
  writer.attribute("NCoeff", static_cast<std::int64_t>(count));
  for (std::size_t i = 0; i < predictor.coefficients().size(); ++i) {
    writer.open("Coefficient");
    writer.attribute("IndexOut", static_cast<std::int64_t>(i / count));
    writer.attribute("IndexCoeff", static_cast<std::int64_t>(i % count));
    writer.attribute("Value", predictor.coefficients()[i]);
    writer.close();
  }
}

}  // namespace diskern::model::tmva

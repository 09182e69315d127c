// KNN in TMVA's weight files: the training events, of which the reader makes the tree anew.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "diskern/error.hpp"
#include "model/tmva_xml.hpp"
#include "neighbours/tmva_neighbours.hpp"

namespace diskern::model::tmva {

namespace {

constexpr std::int64_t most_events = std::int64_t{1} << 31;

std::vector<double> numbers(const xml::Element& element, std::size_t expected) {
  std::vector<double> values;
  const std::string text = element.content();
  const char* at = text.data();
  const char* end = at + text.size();
  while (true) {
    while (at != end && (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r')) ++at;
    if (at == end) break;
    double value = 0;
    const auto [next, error] = std::from_chars(at, end, value);
    if (error != std::errc() || !std::isfinite(value)) element.fail("holds something else than finite numbers");
    values.push_back(value);
    at = next;
  }
  if (values.size() != expected) {
    element.fail("holds " + std::to_string(values.size()) + " numbers, expected " + std::to_string(expected));
  }
  return values;
}

double number_option(const xml::Element& weights, const Context& context, const char* name, const char* fallback) {
  const std::string text = context.option(name, fallback);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
    weights.fail("needs a number as option " + std::string(name) + ", got '" + text + "'");
  }
  return value;
}

}  // namespace

PredictorPointer read_neighbours(const xml::Element& weights, const Context& context) {
  const auto variables = static_cast<std::int64_t>(context.variable_count());
  const bool regression = context.info.analysis_type == AnalysisType::regression;
  const auto targets = static_cast<std::int64_t>(context.info.targets.size());
  const auto count = weights.integer("NEvents", 1, most_events);
  weights.integer("NVar", variables, variables);
  if (regression) weights.integer("NTgt", std::max<std::int64_t>(targets, 1), targets);
  const std::vector<xml::Element> events = weights.children("Event");
  if (static_cast<std::int64_t>(events.size()) != count) {
    weights.fail("has " + std::to_string(events.size()) + " events, expected " + std::to_string(count));
  }
  TmvaNeighboursParams params;
  const double k = number_option(weights, context, "nkNN", "20");
  if (k < 1 || k > 1e9) weights.fail("needs nkNN of 1 or more, got " + std::to_string(k));
  params.k = static_cast<std::size_t>(k);
  params.scale_fraction = number_option(weights, context, "ScaleFrac", "0.8");
  params.sigma_factor = number_option(weights, context, "SigmaFact", "1");
  params.polynomial = context.option("Kernel", "Gaus") == "Poln";
  params.trim = context.flag("Trim", false);
  params.use_kernel = context.flag("UseKernel", false);
  params.use_weight = context.flag("UseWeight", true);
  params.use_discriminant = context.flag("UseLDA", false);
  TmvaNeighboursSample sample;
  sample.n_variables = static_cast<std::size_t>(variables);
  sample.n_targets = regression ? static_cast<std::size_t>(targets) : 0;
  for (const xml::Element& one : events) {
    sample.is_signal.push_back(one.integer("Type", 1, regression ? 3 : 2) == 1 ? 1 : 0);
    sample.weight.push_back(one.number("Weight"));
    const std::vector<double> values = numbers(one, sample.n_variables + sample.n_targets);
    const auto middle = values.begin() + variables;
    sample.variables.insert(sample.variables.end(), values.begin(), middle);
    sample.targets.insert(sample.targets.end(), middle, values.end());
  }
  try {
    return std::make_shared<const NeighboursPredictor>(tmva_neighbours(params, sample));
  } catch (const FormatError& error) {
    weights.fail(error.what());
  }
}

}  // namespace diskern::model::tmva

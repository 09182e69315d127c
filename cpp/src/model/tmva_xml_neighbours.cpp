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

// Of the options that the file has, or of a model about to be written (weights: null).
double number_option(const xml::Element* weights, const Context& context, const char* name, const char* fallback) {
  const std::string text = context.option(name, fallback);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
    const std::string what = "needs a number as option " + std::string(name) + ", got '" + text + "'";
    if (weights == nullptr) throw InvalidArgument("KNN " + what);
    weights->fail(what);
  }
  return value;
}

TmvaNeighboursParams params_of(const xml::Element* weights, const Context& context) {
  TmvaNeighboursParams params;
  const double k = number_option(weights, context, "nkNN", "20");
  if (k < 1 || k > 1e9) {
    const std::string what = "needs nkNN of 1 or more, got " + std::to_string(k);
    if (weights == nullptr) throw InvalidArgument("KNN " + what);
    weights->fail(what);
  }
  params.k = static_cast<std::size_t>(k);
  params.scale_fraction = number_option(weights, context, "ScaleFrac", "0.8");
  params.sigma_factor = number_option(weights, context, "SigmaFact", "1");
  params.polynomial = context.option("Kernel", "Gaus") == "Poln";
  params.trim = context.flag("Trim", false);
  params.use_kernel = context.flag("UseKernel", false);
  params.use_weight = context.flag("UseWeight", true);
  params.use_discriminant = context.flag("UseLDA", false);
  return params;
}

// The training events as far as the model has them.
TmvaNeighboursSample sample_of(const NeighboursDefinition& definition, bool regression) {
  const std::size_t n = definition.points.size() / definition.n_inputs;
  TmvaNeighboursSample sample;
  sample.n_variables = definition.n_inputs;
  sample.variables = definition.points;
  sample.weight = definition.weight.empty() ? std::vector<double>(n, 1.0) : definition.weight;
  if (regression) {
    sample.n_targets = definition.n_outputs;
    sample.targets = definition.targets;
  }
  for (std::size_t i = 0; i < n; ++i) sample.is_signal.push_back(regression || definition.targets[i] > 0.5 ? 1 : 0);
  return sample;
}

// Whether a reader who applies these options to the events gets the model.
bool reproduce(const TmvaNeighboursParams& params, const NeighboursDefinition& definition, bool regression) {
  try {
    const NeighboursDefinition again = tmva_neighbours(params, sample_of(definition, regression));
    return definition.tmva && again.k == definition.k && again.weighting == definition.weighting &&
           definition.distance.metric == Metric::euclidean && definition.distance.periods.empty() &&
           again.points == definition.points && again.targets == definition.targets &&
           again.weight == definition.weight && again.divisor == definition.divisor &&
           again.sigma_factor == definition.sigma_factor;
  } catch (const FormatError&) {
    return false;
  }
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
  const TmvaNeighboursParams params = params_of(&weights, context);
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

Options neighbours_options(const NeighboursPredictor& predictor, const Context& context) {
  const NeighboursDefinition& definition = predictor.definition();
  const bool regression = context.info.analysis_type == AnalysisType::regression;
  if (context.info.analysis_type == AnalysisType::multiclass) {
    throw InvalidArgument("TMVA has no KNN of several classes, this model cannot be written as a TMVA weight file");
  }
  if (reproduce(params_of(nullptr, context), definition, regression)) return {};
  TmvaNeighboursParams params;
  params.k = definition.k;
  params.scale_fraction = definition.divisor.empty() ? 0.0 : number_option(nullptr, context, "ScaleFrac", "0.8");
  params.sigma_factor = definition.sigma_factor;
  params.polynomial = definition.weighting == NeighbourWeight::polynomial;
  params.use_kernel = params.polynomial || definition.weighting == NeighbourWeight::gaussian;
  params.use_weight = !definition.weight.empty();
  params.use_discriminant = definition.weighting == NeighbourWeight::discriminant;
  if (!reproduce(params, definition, regression)) {
    throw InvalidArgument(
        "a TMVA weight file of KNN holds training events, from which its readers compute the scale of the variables "
        "and the neighbours; this model (trimmed events, other distances or weights) cannot be written as one");
  }
  const auto flag = [](bool value) { return std::string(value ? "True" : "False"); };
  return {{"nkNN", std::to_string(params.k)},
          {"ScaleFrac", xml::to_text(params.scale_fraction)},
          {"SigmaFact", xml::to_text(params.sigma_factor)},
          {"Kernel", params.polynomial ? "Poln" : "Gaus"},
          {"Trim", "False"},
          {"UseKernel", flag(params.use_kernel)},
          {"UseWeight", flag(params.use_weight)},
          {"UseLDA", flag(params.use_discriminant)}};
}

void write_neighbours(xml::Writer& writer, const NeighboursPredictor& predictor, const Context& context) {
  const NeighboursDefinition& definition = predictor.definition();
  const bool regression = context.info.analysis_type == AnalysisType::regression;
  const TmvaNeighboursSample sample = sample_of(definition, regression);
  const std::size_t n = sample.weight.size();
  const std::size_t variables = sample.n_variables;
  const std::size_t targets = sample.n_targets;
  writer.attribute("NEvents", static_cast<std::int64_t>(n));
  writer.attribute("NVar", static_cast<std::int64_t>(variables));
  writer.attribute("NTgt", static_cast<std::int64_t>(targets));
  std::vector<double> values(variables + targets);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < variables; ++j) values[j] = sample.variables[i * variables + j];
    for (std::size_t t = 0; t < targets; ++t) values[variables + t] = sample.targets[i * targets + t];
    writer.open("Event");
    writer.attribute("Type", std::int64_t{sample.is_signal[i] != 0 ? 1 : 2});
    writer.attribute("Weight", sample.weight[i]);
    writer.content(values);
    writer.close();
  }
}

}  // namespace diskern::model::tmva

// A model as sections of diskern's own format: "info", "transformation" (where there is one), "predictor" and "response"
// (where there are densities of it; readers that do not know it pass over it).
#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <utility>

#include "model/implementation.hpp"
#include "model/registry.hpp"

namespace diskern::model {

namespace {

using archive::Group;

void write_variables(Group& info, const char* key, const std::vector<VariableInfo>& variables) {
  std::vector<std::string> expression, label, title, unit, internal, type;
  std::vector<double> minimum, maximum;
  for (const VariableInfo& variable : variables) {
    expression.push_back(variable.expression);
    label.push_back(variable.label);
    title.push_back(variable.title);
    unit.push_back(variable.unit);
    internal.push_back(variable.internal);
    type.emplace_back(1, variable.type);
    minimum.push_back(variable.minimum);
    maximum.push_back(variable.maximum);
  }
  Group& group = info.group(key);
  group.set("expression", std::move(expression));
  group.set("label", std::move(label));
  group.set("title", std::move(title));
  group.set("unit", std::move(unit));
  group.set("internal", std::move(internal));
  group.set("type", std::move(type));
  group.set("minimum", std::move(minimum));
  group.set("maximum", std::move(maximum));
}

std::vector<VariableInfo> read_variables(const Group& info, const char* key) {
  const Group& group = info.child(key);
  const auto& expression = group.texts("expression");
  const std::size_t n = expression.size();
  if (n > maximum_variables) throw FormatError("model file: " + std::to_string(n) + " variables are more than 65536");
  const auto& label = group.texts("label", n);
  const auto& title = group.texts("title", n);
  const auto& unit = group.texts("unit", n);
  const auto& internal = group.texts("internal", n);
  const auto& type = group.texts("type", n);
  const auto& minimum = group.doubles("minimum", n);
  const auto& maximum = group.doubles("maximum", n);
  std::vector<VariableInfo> variables(n);
  for (std::size_t i = 0; i < n; ++i) {
    if (type[i].size() != 1) throw FormatError("model file: '" + group.path() + "/type' must be one letter each");
    variables[i] = {expression[i], label[i], title[i], unit[i], internal[i], type[i][0], minimum[i], maximum[i]};
  }
  return variables;
}

using Pairs = std::vector<std::pair<std::string, std::string>>;

void write_pairs(Group& info, const char* key, const Pairs& pairs) {
  std::vector<std::string> keys, values;
  for (const auto& [name, value] : pairs) {
    keys.push_back(name);
    values.push_back(value);
  }
  Group& group = info.group(key);
  group.set("key", std::move(keys));
  group.set("value", std::move(values));
}

Pairs read_pairs(const Group& info, const char* key) {
  const Group& group = info.child(key);
  const auto& keys = group.texts("key");
  const auto& values = group.texts("value", keys.size());
  Pairs pairs;
  for (std::size_t i = 0; i < keys.size(); ++i) pairs.emplace_back(keys[i], values[i]);
  return pairs;
}

ModelInfo read_info(const Group& group) {
  ModelInfo info;
  info.method = group.text("method");
  info.title = group.text("title");
  info.analysis_type = static_cast<AnalysisType>(group.integer("analysis_type", 0, 2));
  info.variables = read_variables(group, "variables");
  info.spectators = read_variables(group, "spectators");
  info.targets = read_variables(group, "targets");
  info.classes = group.texts("classes");
  info.signal_class = static_cast<int>(group.integer("signal_class", 0, std::numeric_limits<int>::max()));
  info.options = read_pairs(group, "options");
  info.provenance = read_pairs(group, "provenance");
  info.outputs = group.texts("outputs");
  return info;
}

void write_info(Group& group, const ModelInfo& info) {
  group.set("method", info.method);
  group.set("title", info.title);
  group.set("analysis_type", static_cast<std::int64_t>(info.analysis_type));
  write_variables(group, "variables", info.variables);
  write_variables(group, "spectators", info.spectators);
  write_variables(group, "targets", info.targets);
  group.set("classes", info.classes);
  group.set("signal_class", std::int64_t{info.signal_class});
  write_pairs(group, "options", info.options);
  write_pairs(group, "provenance", info.provenance);
  group.set("outputs", info.outputs);
}

// transformation and response may be null.
Model read_parts(const Group& info, const Group* transformation, const Group& predictor, const Group* response) {
  try {
    std::shared_ptr<const statistics::TransformationChain> chain;
    if (transformation != nullptr) {
      chain = std::make_shared<const statistics::TransformationChain>(
          statistics::TransformationChain::read(*transformation));
    }
    return make_model(read_info(info), std::move(chain),
                      read_predictor(predictor.text("kind"), predictor.child("content")),
                      response == nullptr ? nullptr : statistics::ResponseDensities::read(*response));
  } catch (const InvalidArgument& error) {  // the parts do not fit together
    throw FormatError(std::string("model file: ") + error.what());
  }
}

}  // namespace

const char* analysis_type_name(AnalysisType type) noexcept {
  switch (type) {
    case AnalysisType::classification:
      return "Classification";
    case AnalysisType::regression:
      return "Regression";
    case AnalysisType::multiclass:
      return "Multiclass";
  }
  return "Classification";
}

AnalysisType analysis_type_from_name(const std::string& name) {
  for (const AnalysisType type : {AnalysisType::classification, AnalysisType::regression, AnalysisType::multiclass}) {
    if (name == analysis_type_name(type)) return type;
  }
  throw InvalidArgument("analysis_type is '" + name + "', expected Classification, Regression or Multiclass");
}

void complete_info(ModelInfo& info, std::size_t output_count) {
  if (info.variables.size() > maximum_variables || info.spectators.size() > maximum_variables) {
    throw InvalidArgument("a model can have at most 65536 variables and as many spectators");
  }
  if (output_count > maximum_outputs) throw InvalidArgument("a model can have at most 65536 outputs");
  for (const auto* list : {&info.variables, &info.spectators, &info.targets}) {
    for (const VariableInfo& variable : *list) {
      if (variable.label.empty() && variable.expression.empty()) {
        throw InvalidArgument("a variable, spectator or target of the model has neither a label nor an expression");
      }
      const bool letter =
          (variable.type >= 'A' && variable.type <= 'Z') || (variable.type >= 'a' && variable.type <= 'z');
      if (!letter) {
        throw InvalidArgument("the type of '" + variable.label + "' must be a letter such as F or I");
      }
      if (std::isnan(variable.minimum) || std::isnan(variable.maximum)) {
        throw InvalidArgument("the range of '" + variable.label + "' is not a number");
      }
    }
  }
  if (info.signal_class < 0 ||
      (!info.classes.empty() && static_cast<std::size_t>(info.signal_class) >= info.classes.size())) {
    throw InvalidArgument("signal_class is " + std::to_string(info.signal_class) + ", the model has " +
                          std::to_string(info.classes.size()) + " classes");
  }
  if (!info.targets.empty() && info.analysis_type == AnalysisType::regression && info.targets.size() != output_count) {
    throw InvalidArgument("the model has " + std::to_string(info.targets.size()) + " targets and " +
                          std::to_string(output_count) + " outputs");
  }
  if (info.analysis_type == AnalysisType::multiclass && !info.classes.empty() && info.classes.size() != output_count) {
    throw InvalidArgument("the model has " + std::to_string(info.classes.size()) + " classes and " +
                          std::to_string(output_count) + " outputs");
  }
  if (info.outputs.empty()) {
    if (info.analysis_type == AnalysisType::regression && info.targets.size() == output_count) {
      for (const VariableInfo& target : info.targets) info.outputs.push_back(target.label);
    } else if (info.classes.size() == output_count) {
      info.outputs = info.classes;
    } else if (output_count == 1) {
      info.outputs = {info.title.empty() ? "response" : info.title};
    } else {
      for (std::size_t k = 0; k < output_count; ++k) info.outputs.push_back("response" + std::to_string(k));
    }
  }
  if (info.outputs.size() != output_count) {
    throw InvalidArgument("the model names " + std::to_string(info.outputs.size()) + " outputs, its predictor has " +
                          std::to_string(output_count));
  }
}

void write_model(const Model& model, Group& group) {
  const Model::Implementation& implementation = *model.implementation();
  write_info(group.group("info"), implementation.info);
  if (implementation.chain != nullptr) implementation.chain->write(group.group("transformation"));
  Group& predictor = group.group("predictor");
  predictor.set("kind", std::string(implementation.predictor->kind()));
  implementation.predictor->write(predictor.group("content"));
  if (implementation.densities != nullptr) implementation.densities->write(group.group("response"));
}

Model read_model(const Group& group) {
  const auto child = [&](const char* name) { return group.contains(name) ? &group.child(name) : nullptr; };
  return read_parts(group.child("info"), child("transformation"), group.child("predictor"), child("response"));
}

std::vector<std::uint8_t> write_model(const Model& model) {
  const Model::Implementation& implementation = *model.implementation();
  std::vector<archive::Section> sections;
  const auto section = [&](const char* name, bool mandatory = true) -> Group& {
    sections.push_back({name, mandatory, std::make_shared<Group>(name)});
    return *sections.back().content;
  };
  write_info(section("info"), implementation.info);
  if (implementation.chain != nullptr) implementation.chain->write(section("transformation"));
  Group& predictor = section("predictor");
  predictor.set("kind", std::string(implementation.predictor->kind()));
  implementation.predictor->write(predictor.group("content"));
  if (implementation.densities != nullptr) implementation.densities->write(section("response", false));
  return archive::encode(sections);
}

Model read_model(const std::uint8_t* data, std::size_t size, const archive::DecodeOptions& options) {
  const auto sections = archive::decode(data, size, {"info", "transformation", "predictor", "response"}, options);
  const auto find = [&](const char* name) -> const Group* {
    const auto found =
        std::find_if(sections.begin(), sections.end(), [&](const auto& one) { return one.name == name; });
    return found == sections.end() ? nullptr : found->content.get();
  };
  const Group* info = find("info");
  const Group* predictor = find("predictor");
  if (info == nullptr || predictor == nullptr) {
    throw FormatError(std::string("model file: section '") + (info == nullptr ? "info" : "predictor") + "' is missing");
  }
  return read_parts(*info, find("transformation"), *predictor, find("response"));
}

}  // namespace diskern::model

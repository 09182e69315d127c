// The sections that all of TMVA's weight files have in common (tmva.md 3.2).
#include "model/tmva_xml.hpp"

#include <algorithm>
#include <charconv>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "diskern/error.hpp"
#include "model/implementation.hpp"

namespace diskern::model {

namespace {

using tmva::Context;
using xml::Element;

struct Method {
  const char* type;
  PredictorPointer (*read)(const Element& weights, const Context& context);
  bool applies_transformations = false;  // the predictor holds them, the model does not
};
constexpr Method methods[] = {{"BDT", &tmva::read_forest},
                              {"Boost", &tmva::read_boosted},
                              {"CFMlpANN", &tmva::read_cern_network},
                              {"Category", &tmva::read_categories},
                              {"Cuts", &tmva::read_cuts},
                              {"DL", &tmva::read_deep_network},
                              {"FDA", &tmva::read_formula},
                              {"Fisher", &tmva::read_fisher},
                              {"HMatrix", &tmva::read_hmatrix, true},
                              {"KNN", &tmva::read_neighbours},
                              {"LD", &tmva::read_linear_discriminant},
                              {"Likelihood", &tmva::read_likelihood, true},
                              {"MLP", &tmva::read_network},
                              {"PDEFoam", &tmva::read_foams},
                              {"PDERS", &tmva::read_range_search},
                              {"RuleFit", &tmva::read_rules},
                              {"SVM", &tmva::read_kernel_machine},
                              {"TMlpANN", &tmva::read_root_network}};

const Method& find_method(const Element& root, const std::string& type) {
  std::string known;
  for (const Method& method : methods) {
    if (type == method.type) return method;
    known += (known.empty() ? "" : ", ") + std::string(method.type);
  }
  root.fail("is a weight file of method " + type + ", which is not read; those of " + known + " are");
}

std::vector<VariableInfo> read_variables(const Element& list, const char* count_name, const char* element_name,
                                         const char* index_name) {
  const std::vector<Element> elements = list.children(element_name);
  const auto count = static_cast<std::int64_t>(elements.size());
  list.integer(count_name, count, count);
  std::vector<VariableInfo> variables;
  for (const Element& one : elements) {
    const auto index = static_cast<std::int64_t>(variables.size());
    one.integer(index_name, index, index);
    VariableInfo variable;
    variable.expression = one.text("Expression");
    variable.label = one.text("Label");
    variable.title = one.text_or("Title", variable.label.c_str());
    variable.unit = one.text_or("Unit", "");
    variable.internal = one.text_or("Internal", variable.label.c_str());
    const std::string type = one.text_or("Type", "F");
    if (type.size() != 1) one.fail("has Type=\"" + type + "\", expected one letter");
    variable.type = type[0];
    variable.minimum = one.has("Min") ? one.number("Min") : 0.0;
    variable.maximum = one.has("Max") ? one.number("Max") : 0.0;
    variables.push_back(std::move(variable));
  }
  return variables;
}

void read_general_info(const Element& root, ModelInfo& info) {
  bool known = false;
  if (const auto general = root.find("GeneralInfo")) {
    for (const Element& one : general->children("Info")) {
      std::string name = one.text("name");
      std::string value = one.text("value");
      if (name != "AnalysisType") {
        info.provenance.emplace_back(std::move(name), std::move(value));
        continue;
      }
      try {
        info.analysis_type = analysis_type_from_name(value);
      } catch (const FormatError& error) {
        one.fail(std::string("says: ") + error.what());
      } catch (const InvalidArgument& error) {
        one.fail(std::string("says: ") + error.what());
      }
      known = true;
    }
  }
  if (!known && !info.targets.empty()) info.analysis_type = AnalysisType::regression;
}

void read_options(const Element& root, ModelInfo& info) {
  const auto options = root.find("Options");
  if (!options) return;
  std::string modified;
  for (const Element& one : options->children("Option")) {
    std::string name = one.text("name");
    if (one.text_or("modified", "No") == "Yes") modified += (modified.empty() ? "" : ":") + name;
    info.options.emplace_back(std::move(name), one.content());
  }
  info.provenance.emplace_back(tmva::modified_key, modified);
}

void read_classes(const Element& root, ModelInfo& info) {
  const auto list = root.find("Classes");
  if (!list) return;
  const std::vector<Element> elements = list->children("Class");
  const auto count = static_cast<std::int64_t>(elements.size());
  list->integer("NClass", count, count);
  int signal = -1;
  for (const Element& one : elements) {
    const auto index = static_cast<std::int64_t>(info.classes.size());
    one.integer("Index", index, index);
    info.classes.push_back(one.text("Name"));
    if (one.has("Signal") && one.integer("Signal", 0, 1) == 1) signal = static_cast<int>(index);
  }
  info.signal_class = signal >= 0 ? signal : tmva::default_signal_class(info.classes);
}

}  // namespace

namespace tmva {

// "6.40/00 [403456]": the code in brackets.
std::int64_t root_release(const ModelInfo& info) {
  for (const auto& [key, value] : info.provenance) {
    if (key != "ROOT Release") continue;
    const std::size_t bracket = value.find('[');
    if (bracket == std::string::npos) break;
    std::int64_t code = 0;
    const auto [end, error] = std::from_chars(value.data() + bracket + 1, value.data() + value.size(), code);
    if (error == std::errc() && code > 0) return code;
  }
  return current_root;
}

int default_signal_class(const std::vector<std::string>& classes) {
  const auto signal = std::find(classes.begin(), classes.end(), "Signal");
  return signal == classes.end() ? 0 : static_cast<int>(signal - classes.begin());
}

std::string Context::option(const std::string& name, const char* fallback) const {
  for (const auto& [key, value] : info.options) {
    if (key == name) return value;
  }
  return fallback;
}

bool Context::flag(const std::string& name, bool fallback) const {
  return is_true(option(name, fallback ? "True" : "False"));
}

statistics::ClassInputs Context::class_inputs() const {
  return {variable_count(), chain, info.signal_class, info.signal_class == 0 ? 1 : 0};
}

bool is_true(const std::string& value) noexcept {
  return value == "True" || value == "true" || value == "T" || value == "1";
}

bool cuts_include_equality(std::int64_t root) noexcept {
  return (root >= root_version(5, 34, 20) && root < root_version(6, 0, 0)) || root >= root_version(6, 2, 0);
}

bool tanh_is_approximate(const Context& context) {
  // Seen in TMVA of ROOT 6.05 (2015); files of releases 5.32 and 6.33 give the stored responses with the exact
  // function.
  return context.root >= root_version(6, 5, 0) && context.root < root_version(6, 6, 0);
}

// Signal, then background; null where there are none.
std::shared_ptr<const statistics::ResponseDensities> read_response_densities(const Element& root) {
  const auto list = root.find("MVAPdfs");
  if (!list) return nullptr;
  const std::vector<Element> elements = list->children("PDF");
  if (elements.empty()) return nullptr;
  if (elements.size() != 2) {
    list->fail("has " + std::to_string(elements.size()) + " densities, expected those of signal and background");
  }
  return std::make_shared<const statistics::ResponseDensities>(read_density(elements[0]), read_density(elements[1]));
}

namespace {

// Reads something that stands in an element; errors that know no place in the file get that of the element.
template <class Read>
auto placed(const Element& element, const Read& read) {
  const auto is_placed = [](const char* message) {
    return std::string_view(message).find("XML, line") != std::string_view::npos;
  };
  try {
    return read();
  } catch (const FormatError& error) {
    if (is_placed(error.what())) throw;
    element.fail(std::string("holds what makes no sense: ") + error.what());
  } catch (const InvalidArgument& error) {
    element.fail(std::string("holds what makes no sense: ") + error.what());
  }
}

}  // namespace

PredictorPointer read_weights(const Element& owner, const std::string& type, const Context& context) {
  const Element weights = owner.child("Weights");
  return placed(weights, [&] { return find_method(owner, type).read(weights, context); });
}

Model read_method(const Element& root) {
  ModelInfo info;
  const std::string method_and_title = root.text("Method");
  const std::size_t colons = method_and_title.find("::");
  info.method = method_and_title.substr(0, colons);
  info.title = colons == std::string::npos ? info.method : method_and_title.substr(colons + 2);
  const Method& method = find_method(root, info.method);

  info.variables = read_variables(root.child("Variables"), "NVar", "Variable", "VarIndex");
  if (info.variables.empty()) root.fail("declares no variables");
  if (const auto list = root.find("Spectators"))
    info.spectators = read_variables(*list, "NSpec", "Spectator", "SpecIndex");
  if (const auto list = root.find("Targets")) info.targets = read_variables(*list, "NTrgt", "Target", "TargetIndex");
  read_general_info(root, info);
  read_options(root, info);
  read_classes(root, info);
  if (const auto list = root.find("Outputs")) {
    for (const Element& one : list->children("Output")) info.outputs.push_back(one.text("Name"));
  }

  std::shared_ptr<const statistics::TransformationChain> chain;
  if (const auto list = root.find("Transformations")) {
    chain = placed(*list, [&] { return read_transformations(*list, info); });
  }
  const Context context{info, tmva::root_release(info), chain};
  const Element weights = root.child("Weights");
  PredictorPointer predictor = placed(weights, [&] { return method.read(weights, context); });
  if (method.applies_transformations || predictor->own_transformations() != nullptr) chain = nullptr;
  auto densities = read_response_densities(root);
  return make_model(std::move(info), std::move(chain), std::move(predictor), std::move(densities));
}

}  // namespace tmva

Model read_tmva_xml(std::string text) {
  const xml::Document document(std::move(text));
  try {
    const Element root = document.root();
    if (root.name() != "MethodSetup") root.fail("is not the beginning of a TMVA weight file, which is <MethodSetup>");
    return tmva::read_method(root);
  } catch (const InvalidArgument& error) {  // parts that do not fit together
    throw FormatError(std::string("weight file: ") + error.what());
  }
}

}  // namespace diskern::model

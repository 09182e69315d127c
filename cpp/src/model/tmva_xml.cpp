// The sections that all of TMVA's weight files have in common (tmva.md 3.2).
#include "model/tmva_xml.hpp"

#include <algorithm>
#include <charconv>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "diskern/error.hpp"
#include "model/implementation.hpp"

namespace diskern::model {

namespace {

using tmva::Context;
using tmva::Options;
using xml::Element;

// What our own files remember beside TMVA's sections; TMVA's reader passes over them.
constexpr const char* modified_key = "modified options";
constexpr const char* written_root = "6.40/00 [403456]";
constexpr const char* written_tmva = "4.2.1 [262657]";

struct Method {
  const char* type;
  PredictorPointer (*read)(const Element& weights, const Context& context);
  bool applies_transformations = false;  // the predictor holds them, the model does not
};
constexpr Method methods[] = {{"BDT", &tmva::read_forest},
                              {"Cuts", &tmva::read_cuts},
                              {"DL", &tmva::read_deep_network},
                              {"FDA", &tmva::read_formula},
                              {"Fisher", &tmva::read_fisher},
                              {"HMatrix", &tmva::read_hmatrix, true},
                              {"KNN", &tmva::read_neighbours},
                              {"LD", &tmva::read_linear_discriminant},
                              {"Likelihood", &tmva::read_likelihood, true},
                              {"MLP", &tmva::read_network},
                              {"PDERS", &tmva::read_range_search},
                              {"RuleFit", &tmva::read_rules},
                              {"SVM", &tmva::read_kernel_machine}};

const Method& find_method(const Element& root, const std::string& type) {
  std::string known;
  for (const Method& method : methods) {
    if (type == method.type) return method;
    known += (known.empty() ? "" : ", ") + std::string(method.type);
  }
  root.fail("is a weight file of method " + type + ", which is not read; those of " + known + " are");
}

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
  return tmva::current_root;
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
      info.analysis_type = analysis_type_from_name(value);
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
  info.provenance.emplace_back(modified_key, modified);
}

int default_signal_class(const std::vector<std::string>& classes) {
  const auto signal = std::find(classes.begin(), classes.end(), "Signal");
  return signal == classes.end() ? 0 : static_cast<int>(signal - classes.begin());
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
  info.signal_class = signal >= 0 ? signal : default_signal_class(info.classes);
}

Model read(const Element& root) {
  if (root.name() != "MethodSetup") root.fail("is not the beginning of a TMVA weight file, which is <MethodSetup>");
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
  if (const auto list = root.find("Transformations")) chain = tmva::read_transformations(*list, info);
  const Context context{info, root_release(info), chain};
  PredictorPointer predictor = method.read(root.child("Weights"), context);
  if (method.applies_transformations) chain = nullptr;
  return make_model(std::move(info), std::move(chain), std::move(predictor));
}

// ---- writing

void write_variables(xml::Writer& writer, const char* list_name, const char* count_name, const char* element_name,
                     const char* index_name, const std::vector<VariableInfo>& variables) {
  writer.open(list_name);
  writer.attribute(count_name, static_cast<std::int64_t>(variables.size()));
  for (std::size_t i = 0; i < variables.size(); ++i) {
    const VariableInfo& variable = variables[i];
    writer.open(element_name);
    writer.attribute(index_name, static_cast<std::int64_t>(i));
    writer.attribute("Expression", variable.expression);
    writer.attribute("Label", variable.label);
    writer.attribute("Title", variable.title);
    writer.attribute("Unit", variable.unit);
    writer.attribute("Internal", variable.internal);
    writer.attribute("Type", std::string_view(&variable.type, 1));
    writer.attribute("Min", variable.minimum);
    writer.attribute("Max", variable.maximum);
    writer.close();
  }
  writer.close();
}

void write_general_info(xml::Writer& writer, const ModelInfo& info) {
  const auto entry = [&](const std::string& name, const std::string& value) {
    writer.open("Info");
    writer.attribute("name", name);
    writer.attribute("value", value);
    writer.close();
  };
  const auto has = [&](const char* key) {
    return std::any_of(info.provenance.begin(), info.provenance.end(),
                       [&](const auto& one) { return one.first == key; });
  };
  writer.open("GeneralInfo");
  // TMVA's reader wants to know which dialect the file is written in.
  if (!has("TMVA Release")) entry("TMVA Release", written_tmva);
  if (!has("ROOT Release")) entry("ROOT Release", written_root);
  for (const auto& [key, value] : info.provenance) {
    if (key != modified_key && key != "AnalysisType") entry(key, value);
  }
  entry("AnalysisType", analysis_type_name(info.analysis_type));
  writer.close();
}

// What an option means for the evaluation, so that a spelling of the user's own is kept where it says the same.
std::string meaning(const std::string& name, const std::string& value, const ModelInfo& info) {
  if (name == "BoostType") {
    if (value == "Grad") return "Grad";
    return value == "AdaBoostR2" && info.analysis_type == AnalysisType::regression ? "AdaBoostR2" : "mean";
  }
  if (name == "UseYesNoLeaf" || name == "TransformOutput") return tmva::is_true(value) ? "True" : "False";
  if (const auto number = xml::to_number(value)) return xml::to_text(*number);
  return value;
}

Options completed_options(const ModelInfo& info, const Options& needed) {
  Options options = info.options;
  const auto find = [&](const std::string& name) {
    return std::find_if(options.begin(), options.end(), [&](const auto& one) { return one.first == name; });
  };
  const bool gradient = std::any_of(needed.begin(), needed.end(), [](const auto& one) { return one.second == "Grad"; });
  for (const auto& [name, value] : needed) {
    const auto found = find(name);
    if (found == options.end()) {
      options.emplace_back(name, value);
    } else if (name != "HiddenLayers" &&
               !(name == "UseYesNoLeaf" && (gradient || info.analysis_type != AnalysisType::classification)) &&
               meaning(name, found->second, info) != meaning(name, value, info)) {
      found->second = value;
    }
  }
  return options;
}

void write_options(xml::Writer& writer, const ModelInfo& info, const Options& options) {
  const auto known = std::find_if(info.provenance.begin(), info.provenance.end(),
                                  [](const auto& one) { return one.first == modified_key; });
  const std::string modified = known == info.provenance.end() ? "" : ":" + known->second + ":";
  writer.open("Options");
  for (const auto& [name, value] : options) {
    const bool is_modified = modified.empty() || modified.find(":" + name + ":") != std::string::npos;
    writer.open("Option");
    writer.attribute("name", name);
    writer.attribute("modified", is_modified ? "Yes" : "No");
    writer.content(value);
    writer.close();
  }
  writer.close();
}

void write_classes(xml::Writer& writer, const ModelInfo& info) {
  writer.open("Classes");
  writer.attribute("NClass", static_cast<std::int64_t>(info.classes.size()));
  for (std::size_t i = 0; i < info.classes.size(); ++i) {
    writer.open("Class");
    writer.attribute("Name", info.classes[i]);
    writer.attribute("Index", static_cast<std::int64_t>(i));
    if (static_cast<int>(i) == info.signal_class && info.signal_class != default_signal_class(info.classes)) {
      writer.attribute("Signal", std::int64_t{1});
    }
    writer.close();
  }
  writer.close();
}

void write_outputs(xml::Writer& writer, const ModelInfo& info) {
  ModelInfo unnamed = info;
  unnamed.outputs.clear();
  complete_info(unnamed, info.outputs.size());
  if (unnamed.outputs == info.outputs) return;
  writer.open("Outputs");
  for (const std::string& output : info.outputs) {
    writer.open("Output");
    writer.attribute("Name", output);
    writer.close();
  }
  writer.close();
}

}  // namespace

namespace tmva {

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

}  // namespace tmva

Model read_tmva_xml(std::string text) {
  const xml::Document document(std::move(text));
  try {
    return read(document.root());
  } catch (const InvalidArgument& error) {  // parts that do not fit together
    throw FormatError(std::string("weight file: ") + error.what());
  }
}

std::string write_tmva_xml(const Model& model) {
  const Model::Implementation& implementation = *model.implementation();
  const ModelInfo& info = implementation.info;
  const auto* forest = dynamic_cast<const trees::ForestPredictor*>(implementation.predictor.get());
  const auto* linear = dynamic_cast<const statistics::LinearPredictor*>(implementation.predictor.get());
  const auto* net = dynamic_cast<const network::NetworkPredictor*>(implementation.predictor.get());
  const auto* formula = dynamic_cast<const statistics::FormulaPredictor*>(implementation.predictor.get());
  const auto* machine = dynamic_cast<const statistics::KernelMachine*>(implementation.predictor.get());
  const auto* hmatrix = dynamic_cast<const statistics::HMatrixPredictor*>(implementation.predictor.get());
  const auto* cuts = dynamic_cast<const statistics::CutsPredictor*>(implementation.predictor.get());
  const auto* likelihood = dynamic_cast<const statistics::LikelihoodPredictor*>(implementation.predictor.get());
  const auto* neighbours = dynamic_cast<const NeighboursPredictor*>(implementation.predictor.get());
  const auto* range_search = dynamic_cast<const statistics::RangeSearchPredictor*>(implementation.predictor.get());
  const bool fisher = linear != nullptr && info.method != "LD" && info.analysis_type == AnalysisType::classification &&
                      linear->output_count() == 1;

  std::string method;
  Options needed;
  const std::shared_ptr<const statistics::TransformationChain> chain =
      implementation.chain != nullptr ? implementation.chain : implementation.predictor->own_transformations();
  if (forest != nullptr) {
    method = "BDT";
    needed = tmva::forest_options(forest->forest(), info);
  } else if (linear != nullptr) {
    method = fisher ? "Fisher" : "LD";
    if (info.analysis_type == AnalysisType::multiclass) {
      throw InvalidArgument("TMVA has no multiclass LD, this model cannot be written as a TMVA weight file");
    }
  } else if (net != nullptr) {
    method = "MLP";
    needed = tmva::network_options(network::with_folded_inputs(net->network()), info);
  } else if (formula != nullptr) {
    method = "FDA";
  } else if (machine != nullptr) {
    method = "SVM";
  } else if (hmatrix != nullptr) {
    method = "HMatrix";
  } else if (cuts != nullptr) {
    if (cuts->working_point() >= 0.0) {
      throw InvalidArgument("cuts at a working point cannot be written as a TMVA weight file, those of all can");
    }
    method = "Cuts";
  } else if (likelihood != nullptr) {
    method = "Likelihood";
    needed = {{"TransformOutput", likelihood->transform_output() ? "True" : "False"}};
  } else if (neighbours != nullptr) {
    method = "KNN";
    needed = tmva::neighbours_options(*neighbours, Context{info, root_release(info)});
  } else if (range_search != nullptr) {
    method = "PDERS";
    needed = tmva::range_search_options(*range_search);
  } else {
    throw InvalidArgument("a model of kind '" + std::string(implementation.predictor->kind()) +
                          "' cannot be written as a TMVA weight file");
  }

  xml::Writer writer;
  writer.open("MethodSetup");
  writer.attribute("Method", method + "::" + info.title);
  write_general_info(writer, info);
  write_options(writer, info, completed_options(info, needed));
  write_variables(writer, "Variables", "NVar", "Variable", "VarIndex", info.variables);
  write_variables(writer, "Spectators", "NSpec", "Spectator", "SpecIndex", info.spectators);
  write_classes(writer, info);
  if (!info.targets.empty()) write_variables(writer, "Targets", "NTrgt", "Target", "TargetIndex", info.targets);
  write_outputs(writer, info);
  tmva::write_transformations(writer, chain.get(), info);
  writer.open("MVAPdfs");
  writer.close();
  writer.open("Weights");
  if (forest != nullptr) {
    tmva::write_forest(writer, forest->forest(), Context{info, root_release(info)});
  } else if (fisher) {
    tmva::write_fisher(writer, *linear);
  } else if (linear != nullptr) {
    tmva::write_linear_discriminant(writer, *linear);
  } else if (formula != nullptr) {
    tmva::write_formula(writer, *formula);
  } else if (machine != nullptr) {
    tmva::write_kernel_machine(writer, *machine);
  } else if (hmatrix != nullptr) {
    tmva::write_hmatrix(writer, *hmatrix);
  } else if (cuts != nullptr) {
    tmva::write_cuts(writer, *cuts);
  } else if (likelihood != nullptr) {
    tmva::write_likelihood(writer, *likelihood, info);
  } else if (neighbours != nullptr) {
    tmva::write_neighbours(writer, *neighbours, Context{info, root_release(info)});
  } else if (range_search != nullptr) {
    tmva::write_range_search(writer, *range_search, info);
  } else {
    tmva::write_network(writer, network::with_folded_inputs(net->network()), Context{info, root_release(info)});
  }
  writer.close();
  writer.close();
  return writer.text();
}

}  // namespace diskern::model

// The sections that all of TMVA's weight files have in common (tmva.md 3.2), written.
#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "diskern/error.hpp"
#include "model/boosted.hpp"
#include "model/categories.hpp"
#include "model/implementation.hpp"
#include "model/tmva_xml.hpp"
#include "model/tmva_xml_deep.hpp"
#include "trees/votes.hpp"

namespace diskern::model {

namespace {

using tmva::Context;
using tmva::Options;

constexpr const char* written_root = "6.40/00 [403456]";
constexpr const char* written_tmva = "4.2.1 [262657]";

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
    if (key != tmva::modified_key && key != "AnalysisType") entry(key, value);
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
    } else if (name != "HiddenLayers" && name != "InputLayout" && name != "Layout" && name != "Architecture" &&
               !(name == "UseYesNoLeaf" && (gradient || info.analysis_type != AnalysisType::classification)) &&
               meaning(name, found->second, info) != meaning(name, value, info)) {
      found->second = value;
    }
  }
  return options;
}

void write_options(xml::Writer& writer, const ModelInfo& info, const Options& options) {
  const auto known = std::find_if(info.provenance.begin(), info.provenance.end(),
                                  [](const auto& one) { return one.first == tmva::modified_key; });
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
    if (static_cast<int>(i) == info.signal_class && info.signal_class != tmva::default_signal_class(info.classes)) {
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

// What a predictor is as a method of TMVA, and how its <Weights> are written.
struct Writable {
  std::string method;
  Options needed;
  std::function<void(xml::Writer&)> write;
};

Writable writable(const Predictor& predictor, const ModelInfo& info);
void write_method(xml::Writer& writer, const Model& model);

Writable writable_boosted(const BoostedPredictor& boosted, const ModelInfo& info) {
  std::vector<Writable> members;
  for (const BoostedPredictor::Member& member : boosted.members()) members.push_back(writable(*member.predictor, info));
  return {"Boost",
          {{"Boost_Transform", tmva::boost_transform_name(boosted.transform())}},
          [&boosted, &info, members = std::move(members)](xml::Writer& writer) {
            writer.attribute("NMethods", static_cast<std::int64_t>(members.size()));
            for (std::size_t i = 0; i < members.size(); ++i) {
              const BoostedPredictor::Member& member = boosted.members()[i];
              std::string options;
              for (const auto& [name, value] : members[i].needed) {
                options += (options.empty() ? "" : ":") + name + "=" + value;
              }
              std::string number = std::to_string(i);
              number.insert(0, number.size() < 4 ? 4 - number.size() : 0, '0');
              writer.open("Method");
              writer.attribute("Index", static_cast<std::int64_t>(i));
              writer.attribute("Weight", member.weight);
              writer.attribute("MethodSigCut", member.cut);
              writer.attribute("MethodSigCutOrientation", member.orientation);
              writer.attribute("MethodTypeName", members[i].method);
              writer.attribute("MethodName", info.title + "_B" + number);
              writer.attribute("JobName", info.title);
              writer.attribute("Options", options);
              writer.attribute("UseMainMethodTransformation", "true");
              writer.open("Weights");
              members[i].write(writer);
              writer.close();
              writer.close();
            }
          }};
}

Writable writable_categories(const CategoriesPredictor& categories) {
  return {"Category", {}, [&categories](xml::Writer& writer) {
            writer.attribute("NSubMethods", static_cast<std::int64_t>(categories.category_count()));
            for (std::size_t i = 0; i < categories.category_count(); ++i) {
              const Model& model = categories.model(i);
              std::string variables;
              for (const VariableInfo& one : model.info().variables) {
                variables += (variables.empty() ? "" : ":") + one.label;
              }
              writer.open("SubMethod");
              writer.attribute("Index", static_cast<std::int64_t>(i));
              writer.attribute("Cut", categories.cut(i));
              writer.attribute("Variables", variables);
              write_method(writer, model);
              writer.close();
            }
          }};
}

Writable writable(const Predictor& predictor, const ModelInfo& info) {
  if (const auto* forest = dynamic_cast<const trees::ForestPredictor*>(&predictor)) {
    return {"BDT", tmva::forest_options(forest->forest(), info), [forest, &info](xml::Writer& writer) {
              tmva::write_forest(writer, forest->forest(), Context{info, tmva::root_release(info)});
            }};
  }
  if (const auto* linear = dynamic_cast<const statistics::LinearPredictor*>(&predictor)) {
    const bool classification = info.analysis_type == AnalysisType::classification;
    if (linear->link() != statistics::LinearLink::identity) {
      throw InvalidArgument("TMVA has no logistic regression, this model cannot be written as a TMVA weight file");
    }
    if (info.method != "LD" && classification && linear->output_count() == 1) {
      return {"Fisher", {}, [linear](xml::Writer& writer) { tmva::write_fisher(writer, *linear); }};
    }
    if (info.analysis_type == AnalysisType::multiclass) {
      throw InvalidArgument("TMVA has no multiclass LD, this model cannot be written as a TMVA weight file");
    }
    return {"LD", {}, [linear](xml::Writer& writer) { tmva::write_linear_discriminant(writer, *linear); }};
  }
  if (const auto* net = dynamic_cast<const network::NetworkPredictor*>(&predictor)) {
    return {"MLP", tmva::network_options(network::with_folded_inputs(net->network()), info),
            [net, &info](xml::Writer& writer) {
              tmva::write_network(writer, network::with_folded_inputs(net->network()),
                                  Context{info, tmva::root_release(info)});
            }};
  }
  if (const auto* net = dynamic_cast<const network::graph::GraphPredictor*>(&predictor)) {
    return {"DL", tmva::deep_network_options(*net),
            [net](xml::Writer& writer) { tmva::write_deep_network(writer, *net); }};
  }
  if (const auto* formula = dynamic_cast<const statistics::FormulaPredictor*>(&predictor)) {
    return {"FDA", {}, [formula](xml::Writer& writer) { tmva::write_formula(writer, *formula); }};
  }
  if (const auto* machine = dynamic_cast<const statistics::KernelMachine*>(&predictor)) {
    Options needed;
    if (machine->kernel().kernel == statistics::SvmKernel::MultiGauss) needed = {{"Kernel", "MultiGauss"}};
    return {"SVM", needed, [machine](xml::Writer& writer) { tmva::write_kernel_machine(writer, *machine); }};
  }
  if (const auto* rules = dynamic_cast<const statistics::RuleEnsemble*>(&predictor)) {
    return {"RuleFit", {}, [rules](xml::Writer& writer) { tmva::write_rules(writer, *rules); }};
  }
  if (const auto* hmatrix = dynamic_cast<const statistics::HMatrixPredictor*>(&predictor)) {
    return {"HMatrix", {}, [hmatrix](xml::Writer& writer) { tmva::write_hmatrix(writer, *hmatrix); }};
  }
  if (const auto* cuts = dynamic_cast<const statistics::CutsPredictor*>(&predictor)) {
    if (cuts->working_point() >= 0.0) {
      throw InvalidArgument("cuts at a working point cannot be written as a TMVA weight file, those of all can");
    }
    return {"Cuts", {}, [cuts](xml::Writer& writer) { tmva::write_cuts(writer, *cuts); }};
  }
  if (const auto* likelihood = dynamic_cast<const statistics::LikelihoodPredictor*>(&predictor)) {
    return {"Likelihood",
            {{"TransformOutput", likelihood->transform_output() ? "True" : "False"}},
            [likelihood, &info](xml::Writer& writer) { tmva::write_likelihood(writer, *likelihood, info); }};
  }
  if (const auto* neighbours = dynamic_cast<const NeighboursPredictor*>(&predictor)) {
    return {"KNN", tmva::neighbours_options(*neighbours, Context{info, tmva::root_release(info)}),
            [neighbours, &info](xml::Writer& writer) {
              tmva::write_neighbours(writer, *neighbours, Context{info, tmva::root_release(info)});
            }};
  }
  if (const auto* search = dynamic_cast<const statistics::RangeSearchPredictor*>(&predictor)) {
    return {"PDERS", tmva::range_search_options(*search),
            [search, &info](xml::Writer& writer) { tmva::write_range_search(writer, *search, info); }};
  }
  if (const auto* foam = dynamic_cast<const statistics::FoamPredictor*>(&predictor)) {
    return {"PDEFoam", {}, [foam, &info](xml::Writer& writer) { tmva::write_foams(writer, *foam, Context{info}); }};
  }
  if (const auto* boosted = dynamic_cast<const BoostedPredictor*>(&predictor)) return writable_boosted(*boosted, info);
  if (const auto* categories = dynamic_cast<const CategoriesPredictor*>(&predictor)) {
    return writable_categories(*categories);
  }
  if (const auto* votes = dynamic_cast<const trees::VotesPredictor*>(&predictor)) {
    throw InvalidArgument(votes->why_no_sum_of_trees("written as a TMVA weight file"));
  }
  throw InvalidArgument("a model of kind '" + std::string(predictor.kind()) +
                        "' cannot be written as a TMVA weight file");
}

// The attribute Method and all sections, into the element that is open.
void write_method(xml::Writer& writer, const Model& model) {
  const Model::Implementation& implementation = *model.implementation();
  const ModelInfo& info = implementation.info;
  const Writable what = writable(*implementation.predictor, info);
  const std::shared_ptr<const statistics::TransformationChain> chain =
      implementation.chain != nullptr ? implementation.chain : implementation.predictor->own_transformations();
  writer.attribute("Method", what.method + "::" + info.title);
  write_general_info(writer, info);
  write_options(writer, info, completed_options(info, what.needed));
  write_variables(writer, "Variables", "NVar", "Variable", "VarIndex", info.variables);
  write_variables(writer, "Spectators", "NSpec", "Spectator", "SpecIndex", info.spectators);
  write_classes(writer, info);
  if (!info.targets.empty()) write_variables(writer, "Targets", "NTrgt", "Target", "TargetIndex", info.targets);
  write_outputs(writer, info);
  tmva::write_transformations(writer, chain.get(), info);
  writer.open("MVAPdfs");
  if (const auto& densities = implementation.densities; densities != nullptr) {
    tmva::write_density(writer, densities->signal(), info.title + "_PDFSig", info.title + "_tr_S_original");
    tmva::write_density(writer, densities->background(), info.title + "_PDFBkg", info.title + "_tr_B_original");
  }
  writer.close();
  writer.open("Weights");
  what.write(writer);
  writer.close();
}

}  // namespace

std::string write_tmva_xml(const Model& model) {
  xml::Writer writer;
  writer.open("MethodSetup");
  write_method(writer, model);
  writer.close();
  return writer.text();
}

}  // namespace diskern::model

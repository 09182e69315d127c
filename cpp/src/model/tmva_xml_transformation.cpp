// <Transformations> of TMVA's weight files (tmva.md 4).
#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "diskern/error.hpp"
#include "model/tmva_xml.hpp"

namespace diskern::model::tmva {

namespace {

using statistics::Cumulative;
using statistics::StepPointer;
using xml::Element;

// Positions of the selected columns: the variables, followed by the targets.
std::vector<std::uint32_t> read_selection(const Element& transform, const ModelInfo& info) {
  const auto read = [&](const char* list_name, const char* count_name) {
    const Element list = transform.child("Selection").child(list_name);
    const std::vector<Element> elements = list.children(list_name);
    const auto count = static_cast<std::int64_t>(elements.size());
    list.integer(count_name, count, count);
    std::vector<std::uint32_t> columns;
    for (const Element& one : elements) {
      const std::string type = one.text("Type");
      const std::string label = one.text("Label");
      if (type != "Variable" && type != "Target") one.fail("is a " + type + "; transformed spectators are not read");
      const std::vector<VariableInfo>& all = type == "Variable" ? info.variables : info.targets;
      const auto found =
          std::find_if(all.begin(), all.end(), [&](const VariableInfo& variable) { return variable.label == label; });
      if (found == all.end()) one.fail("names " + type + " '" + label + "', which the file does not declare");
      const auto offset = static_cast<std::uint32_t>(found - all.begin());
      columns.push_back(type == "Variable" ? offset : static_cast<std::uint32_t>(info.variables.size()) + offset);
    }
    return columns;
  };
  const std::vector<std::uint32_t> inputs = read("Input", "NInputs");
  if (read("Output", "NOutputs") != inputs) transform.fail("has outputs other than its inputs, which is not read");
  if (inputs.empty()) transform.fail("selects nothing");
  return inputs;
}

// One set of statistics per class and one for all, or a single one.
template <class T>
void check_sets(const Element& transform, const std::vector<std::optional<T>>& sets) {
  if (sets.empty()) transform.fail("has no statistics");
  for (std::size_t c = 0; c < sets.size(); ++c) {
    if (!sets[c]) transform.fail("has no statistics of class " + std::to_string(c));
  }
}

template <class T>
T& place(std::vector<std::optional<T>>& sets, const Element& element, std::size_t most) {
  const auto index = static_cast<std::size_t>(element.integer("ClassIndex", 0, static_cast<std::int64_t>(most) - 1));
  if (sets.size() <= index) sets.resize(index + 1);
  if (sets[index]) element.fail("comes twice");
  sets[index].emplace();
  return *sets[index];
}

template <class T>
std::vector<T> unwrap(std::vector<std::optional<T>>&& sets) {
  std::vector<T> result;
  for (auto& one : sets) result.push_back(std::move(*one));
  return result;
}

StepPointer read_normalize(const Element& transform, std::vector<std::uint32_t> columns, std::size_t most_sets) {
  using Ranges = std::vector<statistics::Range>;
  std::vector<std::optional<Ranges>> sets;
  for (const Element& one : transform.children("Class")) {
    Ranges& ranges = place(sets, one, most_sets);
    const std::vector<Element> elements = one.child("Ranges").children("Range");
    if (elements.size() != columns.size())
      one.fail("has " + std::to_string(elements.size()) + " ranges, expected " + std::to_string(columns.size()));
    for (std::size_t i = 0; i < elements.size(); ++i) {
      elements[i].integer("Index", static_cast<std::int64_t>(i), static_cast<std::int64_t>(i));
      ranges.push_back({static_cast<float>(elements[i].number("Min")), static_cast<float>(elements[i].number("Max"))});
    }
  }
  check_sets(transform, sets);
  return std::make_shared<const statistics::NormalizeStep>(std::move(columns), unwrap(std::move(sets)));
}

StepPointer read_decorrelation(const Element& transform, std::vector<std::uint32_t> columns, std::size_t most_sets) {
  std::vector<std::vector<double>> matrices;
  const auto n = static_cast<std::int64_t>(columns.size());
  for (const Element& one : transform.children("Matrix")) {
    one.integer("Rows", n, n);
    one.integer("Columns", n, n);
    if (matrices.size() == most_sets) one.fail("is one more than there are classes");
    matrices.push_back(one.numbers(columns.size() * columns.size()));
  }
  if (matrices.empty()) transform.fail("has no <Matrix>");
  return std::make_shared<const statistics::DecorrelationStep>(std::move(columns), std::move(matrices));
}

StepPointer read_principal_components(const Element& transform, std::vector<std::uint32_t> columns,
                                      std::size_t most_sets) {
  using Numbers = std::vector<double>;
  std::vector<std::optional<Numbers>> means;
  std::vector<std::optional<Numbers>> eigenvectors;
  const auto n = static_cast<std::int64_t>(columns.size());
  for (const Element& one : transform.children()) {
    if (one.name() == "Statistics") {
      one.integer("NRows", n, n);
      place(means, one, most_sets) = one.numbers(columns.size());
    } else if (one.name() == "Eigenvectors") {
      one.integer("NRows", n, n);
      one.integer("NCols", n, n);
      place(eigenvectors, one, most_sets) = one.numbers(columns.size() * columns.size());
    }
  }
  check_sets(transform, means);
  check_sets(transform, eigenvectors);
  if (means.size() != eigenvectors.size()) transform.fail("has means and eigenvectors of different classes");
  return std::make_shared<const statistics::PrincipalComponentsStep>(std::move(columns), unwrap(std::move(means)),
                                                                     unwrap(std::move(eigenvectors)));
}

Cumulative read_cumulative(const Element& pdf) {
  constexpr std::int64_t most_bins = 1 << 24;
  const Element histogram = pdf.child("Histogram");
  const auto bins = static_cast<std::size_t>(histogram.integer("NBins", 1, most_bins));
  Cumulative cumulative;
  for (const double content : histogram.numbers(bins)) cumulative.contents.push_back(static_cast<float>(content));
  if (histogram.integer("HasEquidistantBins", 0, 1) == 1) {
    const double minimum = histogram.number("XMin");
    const double width = (histogram.number("XMax") - minimum) / static_cast<double>(bins);
    for (std::size_t i = 0; i <= bins; ++i) cumulative.edges.push_back(minimum + static_cast<double>(i) * width);
  } else {
    const Element binning = pdf.child("HistogramBinning");
    binning.integer("NBins", static_cast<std::int64_t>(bins), static_cast<std::int64_t>(bins));
    cumulative.edges = binning.numbers(bins + 1);
  }
  return cumulative;
}

StepPointer read_gauss(const Element& transform, std::vector<std::uint32_t> columns, std::size_t most_sets) {
  const std::string kind = transform.text("FlatOrGauss");
  if (kind != "Flat" && kind != "Gauss") transform.fail("has FlatOrGauss=\"" + kind + "\", expected Flat or Gauss");
  const std::vector<Element> variables = transform.children("Variable");
  if (variables.size() != columns.size()) {
    transform.fail("has " + std::to_string(variables.size()) + " variables, expected " +
                   std::to_string(columns.size()));
  }
  std::vector<std::vector<Cumulative>> sets;
  for (std::size_t j = 0; j < variables.size(); ++j) {
    variables[j].integer("VarIndex", static_cast<std::int64_t>(j), static_cast<std::int64_t>(j));
    const std::vector<Element> classes = variables[j].children();
    if (classes.empty() || classes.size() > most_sets)
      variables[j].fail("has statistics of " + std::to_string(classes.size()) + " classes");
    if (j == 0) sets.resize(classes.size());
    if (classes.size() != sets.size()) variables[j].fail("has statistics of another number of classes than the first");
    for (std::size_t c = 0; c < classes.size(); ++c) {
      if (classes[c].name() != "CumulativePDF_cls" + std::to_string(c))
        classes[c].fail("is not of class " + std::to_string(c));
      sets[c].push_back(read_cumulative(classes[c].child("PDF")));
    }
  }
  return std::make_shared<const statistics::CumulativeStep>(std::move(columns), std::move(sets), kind == "Gauss");
}

StepPointer read_step(const Element& transform, const ModelInfo& info) {
  const std::string name = transform.text("Name");
  if (name != "Normalize" && name != "Decorrelation" && name != "PCA" && name != "Gauss") {
    transform.fail("'" + name + "' is not known, expected Normalize, Decorrelation, PCA or Gauss");
  }
  std::vector<std::uint32_t> columns = read_selection(transform, info);
  const std::size_t most_sets = info.classes.size() + 1;
  if (name == "Normalize") return read_normalize(transform, std::move(columns), most_sets);
  if (name == "Decorrelation") return read_decorrelation(transform, std::move(columns), most_sets);
  if (name == "PCA") return read_principal_components(transform, std::move(columns), most_sets);
  return read_gauss(transform, std::move(columns), most_sets);
}

// ---- writing

void write_selection(xml::Writer& writer, const statistics::TransformationStep& step, const ModelInfo& info) {
  const auto list = [&](const char* name, const char* count_name) {
    writer.open(name);
    writer.attribute(count_name, static_cast<std::int64_t>(step.columns().size()));
    for (const std::uint32_t column : step.columns()) {
      const bool is_variable = column < info.variables.size();
      const VariableInfo& variable =
          is_variable ? info.variables[column] : info.targets[column - info.variables.size()];
      writer.open(name);
      writer.attribute("Type", is_variable ? "Variable" : "Target");
      writer.attribute("Label", variable.label);
      writer.attribute("Expression", variable.expression);
      writer.close();
    }
    writer.close();
  };
  writer.open("Selection");
  list("Input", "NInputs");
  list("Output", "NOutputs");
  writer.close();
}

std::string class_name(const ModelInfo& info, std::size_t set) {
  return set < info.classes.size() ? info.classes[set] : std::string("Combined");
}

void write_normalize(xml::Writer& writer, const statistics::NormalizeStep& step) {
  for (std::size_t c = 0; c < step.ranges().size(); ++c) {
    writer.open("Class");
    writer.attribute("ClassIndex", static_cast<std::int64_t>(c));
    writer.open("Ranges");
    for (std::size_t i = 0; i < step.ranges()[c].size(); ++i) {
      writer.open("Range");
      writer.attribute("Index", static_cast<std::int64_t>(i));
      writer.attribute("Min", static_cast<double>(step.ranges()[c][i].minimum));
      writer.attribute("Max", static_cast<double>(step.ranges()[c][i].maximum));
      writer.close();
    }
    writer.close();
    writer.close();
  }
}

void write_decorrelation(xml::Writer& writer, const statistics::DecorrelationStep& step) {
  const auto n = static_cast<std::int64_t>(step.columns().size());
  for (const std::vector<double>& matrix : step.matrices()) {
    writer.open("Matrix");
    writer.attribute("Rows", n);
    writer.attribute("Columns", n);
    writer.content(matrix);
    writer.close();
  }
}

void write_principal_components(xml::Writer& writer, const statistics::PrincipalComponentsStep& step,
                                const ModelInfo& info) {
  const auto n = static_cast<std::int64_t>(step.columns().size());
  const auto write = [&](const char* name, const std::vector<std::vector<double>>& sets, bool square) {
    for (std::size_t c = 0; c < sets.size(); ++c) {
      writer.open(name);
      writer.attribute("Class", class_name(info, c));
      writer.attribute("ClassIndex", static_cast<std::int64_t>(c));
      writer.attribute("NRows", n);
      if (square) writer.attribute("NCols", n);
      writer.content(sets[c]);
      writer.close();
    }
  };
  write("Statistics", step.means(), false);
  write("Eigenvectors", step.eigenvectors(), true);
}

void write_cumulatives(xml::Writer& writer, const statistics::CumulativeStep& step) {
  const auto& sets = step.cumulatives();
  for (std::size_t j = 0; j < step.columns().size(); ++j) {
    writer.open("Variable");
    writer.attribute("VarIndex", static_cast<std::int64_t>(j));
    for (std::size_t c = 0; c < sets.size(); ++c) {
      const Cumulative& cumulative = sets[c][j];
      const auto bins = static_cast<std::int64_t>(cumulative.contents.size());
      const std::string place = std::to_string(j) + "_cls" + std::to_string(c);
      writer.open("CumulativePDF_cls" + std::to_string(c));
      writer.open("PDF");
      writer.attribute("Name", "GaussTransform var" + std::to_string(j) + " cls" + std::to_string(c));
      writer.attribute("MinNSmooth", std::int64_t{0});
      writer.attribute("MaxNSmooth", std::int64_t{0});
      writer.attribute("InterpolMethod", std::int64_t{1});
      writer.attribute("KDE_type", std::int64_t{0});
      writer.attribute("KDE_iter", std::int64_t{1});
      writer.attribute("KDE_border", std::int64_t{1});
      writer.attribute("KDE_finefactor", 0.0);
      writer.open("Histogram");
      writer.attribute("Name", "Cumulative_Var" + place + "_original");
      writer.attribute("NBins", bins);
      writer.attribute("XMin", cumulative.edges.front());
      writer.attribute("XMax", cumulative.edges.back());
      writer.attribute("HasEquidistantBins", std::int64_t{0});
      writer.content(std::vector<double>(cumulative.contents.begin(), cumulative.contents.end()));
      writer.close();
      writer.open("HistogramBinning");
      writer.attribute("NBins", bins);
      writer.content(cumulative.edges);
      writer.close();
      writer.close();
      writer.close();
    }
    writer.close();
  }
}

}  // namespace

std::shared_ptr<const statistics::TransformationChain> read_transformations(const Element& transformations,
                                                                            const ModelInfo& info) {
  const std::vector<Element> elements = transformations.children("Transform");
  const auto count = static_cast<std::int64_t>(elements.size());
  transformations.integer("NTransformations", count, count);
  if (elements.empty()) return nullptr;
  std::vector<StepPointer> steps;
  for (const Element& one : elements) steps.push_back(read_step(one, info));
  const std::size_t targets = info.analysis_type == AnalysisType::regression ? info.targets.size() : 0;
  return std::make_shared<const statistics::TransformationChain>(info.variables.size(), targets, std::move(steps));
}

void write_transformations(xml::Writer& writer, const statistics::TransformationChain* chain, const ModelInfo& info) {
  writer.open("Transformations");
  writer.attribute("NTransformations", static_cast<std::int64_t>(chain == nullptr ? 0 : chain->steps().size()));
  if (chain != nullptr) {
    for (const StepPointer& step : chain->steps()) {
      if (step->reference_class() >= 0 && step->set_count() > 1) {
        throw InvalidArgument("a transformation by the statistics of one class (" + step->name() + "_" +
                              class_name(info, static_cast<std::size_t>(step->reference_class())) +
                              ") cannot be written as a TMVA weight file, which does not store the class");
      }
      writer.open("Transform");
      const auto* cumulative = dynamic_cast<const statistics::CumulativeStep*>(step.get());
      writer.attribute("Name", cumulative != nullptr ? std::string("Gauss") : step->name());
      if (cumulative != nullptr) writer.attribute("FlatOrGauss", cumulative->gauss() ? "Gauss" : "Flat");
      write_selection(writer, *step, info);
      if (const auto* normalize = dynamic_cast<const statistics::NormalizeStep*>(step.get())) {
        write_normalize(writer, *normalize);
      } else if (const auto* decorrelation = dynamic_cast<const statistics::DecorrelationStep*>(step.get())) {
        write_decorrelation(writer, *decorrelation);
      } else if (const auto* components = dynamic_cast<const statistics::PrincipalComponentsStep*>(step.get())) {
        write_principal_components(writer, *components, info);
      } else if (cumulative != nullptr) {
        write_cumulatives(writer, *cumulative);
      } else {
        throw InvalidArgument("the transformation " + step->name() + " cannot be written as a TMVA weight file");
      }
      writer.close();
    }
  }
  writer.close();
}

}  // namespace diskern::model::tmva

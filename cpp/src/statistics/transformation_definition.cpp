#include "statistics/transformation_definition.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "base/near_miss.hpp"
#include "diskern/error.hpp"

namespace diskern::statistics {

namespace {

struct StepName {
  std::string_view name;
  char kind;
};

constexpr std::array<StepName, 16> step_names = {{{"I", 'I'},
                                                  {"Ident", 'I'},
                                                  {"Identity", 'I'},
                                                  {"D", 'D'},
                                                  {"Deco", 'D'},
                                                  {"Decorrelate", 'D'},
                                                  {"P", 'P'},
                                                  {"PCA", 'P'},
                                                  {"U", 'U'},
                                                  {"Uniform", 'U'},
                                                  {"G", 'G'},
                                                  {"Gauss", 'G'},
                                                  {"N", 'N'},
                                                  {"Norm", 'N'},
                                                  {"Normalise", 'N'},
                                                  {"Normalize", 'N'}}};

struct Part {
  std::string_view text;
  std::size_t position = 0;  // in the definition
};

Part trimmed(Part part) {
  while (!part.text.empty() && part.text.front() == ' ') {
    part.text.remove_prefix(1);
    ++part.position;
  }
  while (!part.text.empty() && part.text.back() == ' ') part.text.remove_suffix(1);
  return part;
}

class DefinitionParser {
 public:
  DefinitionParser(const std::string& definition, std::size_t n_targets, const std::vector<std::string>& class_names,
                   const std::vector<std::string>& labels)
      : definition_(definition), n_targets_(n_targets), classes_(class_names), labels_(labels) {}

  std::vector<StepDefinition> run() {
    std::vector<StepDefinition> steps;
    const Part whole = trimmed({definition_, 0});
    if (whole.text.empty() || whole.text == "None") return steps;
    for (const Part& part : split(whole, ",+")) {
      StepDefinition step = parse_step(trimmed(part));
      if (step.kind != 'I') steps.push_back(std::move(step));
    }
    return steps;
  }

 private:
  [[noreturn]] void fail(std::size_t position, const std::string& message) const {
    std::string text = "VarTransform: " + message;
    text.append(" (column ").append(std::to_string(position + 1)).append(")\n  ").append(definition_).append("\n  ");
    throw InvalidArgument(text.append(position, ' ').append("^"));
  }

  // Splits at separators outside of brackets.
  std::vector<Part> split(Part whole, std::string_view separators) const {
    std::vector<Part> parts;
    int depth = 0;
    std::size_t start = 0;
    std::size_t bracket = 0;
    for (std::size_t i = 0; i < whole.text.size(); ++i) {
      const char c = whole.text[i];
      if (c == '(') {
        if (depth++ == 0) bracket = i;
      } else if (c == ')') {
        if (--depth < 0) fail(whole.position + i, "')' without '('");
      } else if (depth == 0 && separators.find(c) != std::string_view::npos) {
        parts.push_back({whole.text.substr(start, i - start), whole.position + start});
        start = i + 1;
      }
    }
    if (depth != 0) fail(whole.position + bracket, "'(' without ')'");
    parts.push_back({whole.text.substr(start), whole.position + start});
    return parts;
  }

  StepDefinition parse_step(Part part) const {
    StepDefinition step;
    if (part.text.empty()) fail(part.position, "the name of a transformation is expected");
    const std::size_t open = part.text.find('(');
    const Part name = trimmed({part.text.substr(0, std::min(open, part.text.find('_'))), part.position});
    step.kind = kind_of(name);

    // The class suffix stands behind the name or behind the selection.
    Part suffix{part.text.substr(std::min(part.text.size(), name.text.size())), part.position + name.text.size()};
    if (open != std::string_view::npos) {
      const std::size_t close = part.text.rfind(')');
      if (open != name.text.size()) {
        fail(part.position + name.text.size(), "the selection '(...)' is expected before the class");
      }
      select({part.text.substr(open + 1, close - open - 1), part.position + open + 1}, step);
      suffix = {part.text.substr(close + 1), part.position + close + 1};
    } else {
      const bool with_targets = step.kind == 'N' || step.kind == 'U';
      const std::size_t n = with_targets ? labels_.size() : labels_.size() - n_targets_;
      for (std::uint32_t i = 0; i < n; ++i) step.columns.push_back(i);
    }
    suffix = trimmed(suffix);
    if (!suffix.text.empty()) step.reference_class = class_of(suffix);
    return step;
  }

  char kind_of(Part name) const {
    std::vector<std::string> names;
    for (const StepName& one : step_names) {
      if (one.name == name.text) return one.kind;
      names.emplace_back(one.name);
    }
    fail(name.position,
         std::string("there is no transformation '").append(name.text).append("', expected I, N, D, P, U or G") +
             did_you_mean(name.text, names));
  }

  int class_of(Part suffix) const {
    if (suffix.text.front() != '_') fail(suffix.position, "'_' and the name of a class, or a separator is expected");
    const std::string_view name = suffix.text.substr(1);
    if (name == "AllClasses") return -1;
    const auto found = std::find(classes_.begin(), classes_.end(), name);
    if (found == classes_.end()) {
      std::vector<std::string> known = classes_;
      known.emplace_back("AllClasses");
      fail(suffix.position + 1,
           std::string("there is no class '").append(name).append("'") + did_you_mean(name, known));
    }
    return static_cast<int>(found - classes_.begin());
  }

  void select(Part selection, StepDefinition& step) const {
    bool keep_order = false;
    const std::size_t n_variables = labels_.size() - n_targets_;
    const auto add = [&step](std::size_t column) {
      const auto wanted = static_cast<std::uint32_t>(column);
      if (std::find(step.columns.begin(), step.columns.end(), wanted) == step.columns.end())
        step.columns.push_back(wanted);
    };
    for (const Part& each : split(selection, ",")) {
      const Part token = trimmed(each);
      if (token.text == "_REARRANGE_") {
        keep_order = true;
      } else if (token.text == "_V_") {
        for (std::size_t i = 0; i < n_variables; ++i) add(i);
      } else if (token.text == "_T_") {
        for (std::size_t i = n_variables; i < labels_.size(); ++i) add(i);
      } else if (token.text.substr(0, 2) == "_S" && token.text.back() == '_') {
        fail(token.position, "spectators are not transformed");
      } else if (const auto found = std::find(labels_.begin(), labels_.end(), token.text); found != labels_.end()) {
        add(static_cast<std::size_t>(found - labels_.begin()));
      } else if (!add_by_index(token, n_variables, add)) {
        if (token.text.empty()) fail(token.position, "the name of a variable is expected");
        fail(token.position,
             std::string("there is no variable '").append(token.text).append("'") + did_you_mean(token.text, labels_));
      }
    }
    if (step.columns.empty()) fail(selection.position, "the selection is empty");
    // TMVA orders the variables by their index unless _REARRANGE_ is given.
    if (!keep_order) std::sort(step.columns.begin(), step.columns.end());
  }

  template <class Add>
  bool add_by_index(Part token, std::size_t n_variables, Add add) const {
    const std::string_view text = token.text;
    if (text.size() < 4 || text.size() > 8 || text[0] != '_' || (text[1] != 'V' && text[1] != 'T') ||
        text.back() != '_')
      return false;
    std::size_t index = 0;
    for (const char c : text.substr(2, text.size() - 3)) {
      if (c < '0' || c > '9') return false;
      index = 10 * index + static_cast<std::size_t>(c - '0');
    }
    const bool variable = text[1] == 'V';
    const std::size_t count = variable ? n_variables : n_targets_;
    if (index >= count) {
      fail(token.position, std::string("'").append(text).append("' is out of range, there are ") +
                               std::to_string(count) + (variable ? " variables" : " targets"));
    }
    add(variable ? index : n_variables + index);
    return true;
  }

  const std::string& definition_;
  std::size_t n_targets_;
  const std::vector<std::string>& classes_;
  const std::vector<std::string>& labels_;
};

}  // namespace

std::vector<StepDefinition> parse_transformations(const std::string& definition, std::size_t n_targets,
                                                  const std::vector<std::string>& class_names,
                                                  const std::vector<std::string>& column_labels) {
  return DefinitionParser(definition, n_targets, class_names, column_labels).run();
}

}  // namespace diskern::statistics

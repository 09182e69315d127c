#include "model/categories.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/archive.hpp"
#include "base/executor.hpp"
#include "diskern/error.hpp"
#include "model/implementation.hpp"
#include "statistics/cuts.hpp"

namespace diskern::model {

namespace {

constexpr std::int64_t layout_version = 1;
constexpr std::size_t chunk_size = 2048;
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

void check(bool good, const std::string& message) {
  if (!good) throw InvalidArgument(message);
}

bool is_named(const VariableInfo& variable, const std::string& name) {
  return variable.label == name || variable.expression == name || (!name.empty() && variable.internal == name);
}

// Finds names among the variables, then among the spectators, which become columns of the key when they are read.
class Names {
 public:
  Names(const std::vector<VariableInfo>& variables, const std::vector<VariableInfo>& spectators)
      : variables_(variables), spectators_(spectators), place_(spectators.size(), none) {}

  std::uint32_t find(const std::string& name, const std::string& alternative, const std::string& reader) {
    for (const std::string& one : {name, alternative}) {
      if (one.empty()) continue;
      for (std::size_t j = 0; j < variables_.size(); ++j) {
        if (is_named(variables_[j], one)) return static_cast<std::uint32_t>(j);
      }
      for (std::size_t j = 0; j < spectators_.size(); ++j) {
        if (is_named(spectators_[j], one)) return spectator(j);
      }
    }
    std::string known;
    for (const auto* list : {&variables_, &spectators_}) {
      for (const VariableInfo& one : *list) known += (known.empty() ? "" : ", ") + one.label;
    }
    throw InvalidArgument(reader + " reads '" + name + "', which is neither a variable nor a spectator of the dataset (" +
                          known + "); declare it with AddSpectator");
  }

  std::vector<std::string> key_columns;

 private:
  static constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();

  std::uint32_t spectator(std::size_t j) {
    if (place_[j] == none) {
      place_[j] = static_cast<std::uint32_t>(variables_.size() + key_columns.size());
      key_columns.push_back(spectators_[j].label.empty() ? spectators_[j].expression : spectators_[j].label);
    }
    return place_[j];
  }

  const std::vector<VariableInfo>& variables_;
  const std::vector<VariableInfo>& spectators_;
  std::vector<std::uint32_t> place_;
};

std::string cut_text(const std::string& cut) {
  return cut.find_first_not_of(" \t") == std::string::npos ? "1" : cut;  // TMVA's empty cut passes everything
}

}  // namespace

std::shared_ptr<const CategoriesPredictor> CategoriesPredictor::make(const std::vector<VariableInfo>& variables,
                                                                     const std::vector<VariableInfo>& spectators,
                                                                     std::vector<Category> categories) {
  Names names(variables, spectators);
  std::vector<Columns> cut_columns;
  std::vector<Columns> columns;
  for (const Category& one : categories) {
    const ModelInfo& info = one.model.info();
    const std::string reader = "the cut '" + one.cut + "' of category '" + info.title + "'";
    Columns of_cut;
    const expression::Expression parsed = expression::Expression::parse(cut_text(one.cut));
    for (const expression::Input& input : parsed.inputs()) of_cut.push_back(names.find(input.text, "", reader));
    cut_columns.push_back(std::move(of_cut));
    Columns of_model;
    for (const VariableInfo& variable : info.variables) {
      of_model.push_back(names.find(variable.label, variable.expression, "category '" + info.title + "'"));
    }
    columns.push_back(std::move(of_model));
  }
  std::shared_ptr<CategoriesPredictor> result(new CategoriesPredictor(variables.size(), names.key_columns));
  for (std::size_t c = 0; c < categories.size(); ++c) {
    result->add(categories[c].cut, std::move(cut_columns[c]), std::move(columns[c]), std::move(categories[c].model));
  }
  check(!result->parts_.empty(), "a model of categories needs at least one");
  return result;
}

void CategoriesPredictor::add(const std::string& cut, Columns cut_columns, Columns columns, Model model) {
  const PredictorPointer& predictor = model.implementation()->predictor;
  check(dynamic_cast<const KeyedPredictor*>(predictor.get()) == nullptr,
        "a category cannot be made of categories or folds itself");
  check(parts_.size() < maximum_categories, "there can be at most 1000 categories");
  check(key_columns_.size() <= maximum_key_columns, "categories can read at most 64 spectators");
  check(n_variables_ <= maximum_variables, "a model can have at most 65536 variables");
  const std::size_t width = n_variables_ + key_columns_.size();
  const auto fits = [&](const Columns& list) {
    return std::all_of(list.begin(), list.end(), [&](std::uint32_t column) { return column < width; });
  };
  check(fits(columns) && fits(cut_columns), "a category reads a column that does not exist");
  check(columns.size() == model.variable_count(), "a category gives its model " + std::to_string(columns.size()) +
                                                      " variables, which takes " +
                                                      std::to_string(model.variable_count()));
  check(columns.size() <= Inputs::maximum_variables, "a category can have at most 4096 variables");
  expression::Expression parsed = expression::Expression::parse(cut_text(cut));
  check(parsed.inputs().size() == cut_columns.size(), "the cut '" + cut + "' reads " +
                                                          std::to_string(parsed.inputs().size()) + " columns, not " +
                                                          std::to_string(cut_columns.size()));
  check(parts_.empty() || model.output_count() == output_count_, "all categories must have the same number of outputs");
  output_count_ = model.output_count();
  expression::Program program =
      parsed.compile(std::vector<expression::Kind>(parsed.inputs().size(), expression::Kind::unknown));
  parts_.push_back({cut, std::move(cut_columns), std::move(columns), std::move(model), std::move(parsed),
                    std::move(program)});
}

std::int32_t CategoriesPredictor::category(const float* variables, const double* key) const noexcept {
  std::int32_t found = no_category;
  double values[expression::Program::maximum_inputs];
  for (std::size_t c = 0; c < parts_.size(); ++c) {
    const Part& part = parts_[c];
    for (std::size_t i = 0; i < part.cut_columns.size(); ++i) {
      const std::uint32_t column = part.cut_columns[i];
      values[i] = column < n_variables_ ? static_cast<double>(variables[column]) : key[column - n_variables_];
    }
    if (!expression::Expression::passes(part.expression.evaluate(values))) continue;
    if (found != no_category) return several_categories;
    found = static_cast<std::int32_t>(c);
  }
  return found;
}

void CategoriesPredictor::categories(View<const float, 2> events, View<const double, 2> keys,
                                     std::int32_t* result) const {
  const std::size_t n = events.rows();
  std::fill_n(result, n, no_category);
  std::vector<double> passes(n);
  for (std::size_t c = 0; c < parts_.size(); ++c) {
    const Part& part = parts_[c];
    std::vector<expression::Column> columns;
    for (const std::uint32_t column : part.cut_columns) {
      if (column < n_variables_) {
        columns.push_back({events.data() + static_cast<std::ptrdiff_t>(column) * events.strides()[1],
                           events.strides()[0] * static_cast<std::ptrdiff_t>(sizeof(float)),
                           expression::Storage::float32});
      } else {
        columns.push_back({keys.data() + static_cast<std::ptrdiff_t>(column - n_variables_) * keys.strides()[1],
                           keys.strides()[0] * static_cast<std::ptrdiff_t>(sizeof(double)),
                           expression::Storage::float64});
      }
    }
    part.program.evaluate(columns.data(), 0, n, passes.data());
    for (std::size_t i = 0; i < n; ++i) {
      if (!expression::Expression::passes(passes[i])) continue;
      result[i] = result[i] == no_category ? static_cast<std::int32_t>(c) : several_categories;
    }
  }
}

void CategoriesPredictor::evaluate(const float* variables, double* responses) const noexcept {
  if (!key_columns_.empty()) {
    std::fill_n(responses, output_count_, nan);
    return;
  }
  evaluate(variables, nullptr, responses);
}

void CategoriesPredictor::evaluate(const float* variables, const double* key, double* responses) const noexcept {
  const std::int32_t chosen = category(variables, key);
  if (chosen < 0) {
    std::fill_n(responses, output_count_, nan);
    return;
  }
  const Part& part = parts_[static_cast<std::size_t>(chosen)];
  float values[Inputs::maximum_variables];
  for (std::size_t j = 0; j < part.columns.size(); ++j) {
    const std::uint32_t column = part.columns[j];
    values[j] = column < n_variables_ ? variables[column] : static_cast<float>(key[column - n_variables_]);
  }
  part.model.evaluate(values, responses);
}

void CategoriesPredictor::evaluate(const Context& context, View<const float, 2> events,
                                   View<double, 2> responses) const {
  if (!key_columns_.empty()) {
    std::string names;
    for (const std::string& name : key_columns_) names += (names.empty() ? "" : ", ") + name;
    throw InvalidArgument("the model is made of categories: the spectators that their cuts read are needed (" + names +
                          ")");
  }
  evaluate(context, events, View<const double, 2>(nullptr, events.rows(), 0), responses);
}

void CategoriesPredictor::evaluate_chunk(View<const float, 2> events, View<const double, 2> keys,
                                         const std::int32_t* category, View<double, 2> responses) const {
  std::vector<std::size_t> mine;
  std::vector<float> variables;
  std::vector<double> outputs;
  for (std::size_t c = 0; c < parts_.size(); ++c) {
    mine.clear();
    for (std::size_t i = 0; i < events.rows(); ++i) {
      if (category[i] == static_cast<std::int32_t>(c)) mine.push_back(i);
    }
    if (mine.empty()) continue;
    const Part& part = parts_[c];
    const std::size_t d = part.columns.size();
    variables.resize(mine.size() * d);
    outputs.resize(mine.size() * output_count_);
    for (std::size_t j = 0; j < d; ++j) {
      const std::uint32_t column = part.columns[j];
      if (column < n_variables_) {
        for (std::size_t k = 0; k < mine.size(); ++k) variables[k * d + j] = events(mine[k], column);
      } else {
        for (std::size_t k = 0; k < mine.size(); ++k) {
          variables[k * d + j] = static_cast<float>(keys(mine[k], column - n_variables_));
        }
      }
    }
    part.model.evaluate(Context{}, View<const float, 2>(variables.data(), mine.size(), d),
                        View<double, 2>(outputs.data(), mine.size(), output_count_));
    for (std::size_t k = 0; k < mine.size(); ++k) {
      for (std::size_t j = 0; j < output_count_; ++j) responses(mine[k], j) = outputs[k * output_count_ + j];
    }
  }
  for (std::size_t i = 0; i < events.rows(); ++i) {
    if (category[i] >= 0) continue;
    for (std::size_t j = 0; j < output_count_; ++j) responses(i, j) = nan;
  }
}

void CategoriesPredictor::evaluate(const Context& context, View<const float, 2> events, View<const double, 2> keys,
                                   View<double, 2> responses) const {
  const std::size_t n = events.rows();
  check(keys.rows() == n, "key has " + std::to_string(keys.rows()) + " rows, expected one for each of the " +
                              std::to_string(n) + " events");
  check(keys.columns() == key_columns_.size(), "key has " + std::to_string(keys.columns()) +
                                                   " columns, the categories read " +
                                                   std::to_string(key_columns_.size()));
  const std::size_t chunks = chunk_count(n, chunk_size);
  std::vector<std::size_t> ambiguous(chunks, n);  // the first of each chunk
  parallel_for(
      context, chunks,
      [&](std::size_t chunk) {
        const Range range = chunk_range(n, chunk_size, chunk);
        std::int32_t category[chunk_size];
        const View<const float, 2> rows = events.slice(range.begin, range.end);
        const View<const double, 2> key_rows = keys.slice(range.begin, range.end);
        categories(rows, key_rows, category);
        const std::int32_t* const first_row = category;
        const std::int32_t* const end = first_row + rows.rows();
        const std::int32_t* const found = std::find(first_row, end, several_categories);
        if (found != end) ambiguous[chunk] = range.begin + static_cast<std::size_t>(found - first_row);
        evaluate_chunk(rows, key_rows, category, responses.slice(range.begin, range.end));
      },
      static_cast<double>(n) * 200.0);
  const std::size_t first = chunks == 0 ? n : *std::min_element(ambiguous.begin(), ambiguous.end());
  check(first == n, "event " + std::to_string(first) + " belongs to several categories; their cuts must exclude "
                    "each other");
}

std::shared_ptr<const CategoriesPredictor> CategoriesPredictor::at_signal_efficiency(double signal_efficiency) const {
  std::shared_ptr<CategoriesPredictor> result(new CategoriesPredictor(n_variables_, key_columns_));
  for (const Part& part : parts_) {
    result->add(part.cut, part.cut_columns, part.columns, part.model.at_signal_efficiency(signal_efficiency));
  }
  return result;
}

void CategoriesPredictor::write(archive::Group& group) const {
  group.set("layout", layout_version);
  group.set("n_variables", static_cast<std::int64_t>(n_variables_));
  group.set("key_columns", key_columns_);
  for (const Part& part : parts_) {
    archive::Group& child = group.append("categories");
    child.set("cut", part.cut);
    child.set("cut_columns", std::vector<std::int32_t>(part.cut_columns.begin(), part.cut_columns.end()));
    child.set("columns", std::vector<std::int32_t>(part.columns.begin(), part.columns.end()));
    write_model(part.model, child.group("model"));
  }
}

PredictorPointer CategoriesPredictor::read(const archive::Group& group) {
  group.integer("layout", layout_version, layout_version);
  const std::vector<const archive::Group*> children = group.children("categories");
  if (children.empty()) throw FormatError("model file: '" + group.path() + "' has no categories");
  std::shared_ptr<CategoriesPredictor> result(
      new CategoriesPredictor(group.count("n_variables", maximum_variables), group.texts("key_columns")));
  const auto columns = [](const archive::Group& child, const char* key) {
    const std::vector<std::int32_t>& numbers = child.integers32(key);
    return Columns(numbers.begin(), numbers.end());  // negative ones become too large and are refused
  };
  try {
    for (const archive::Group* child : children) {
      const std::string kind = child->child("model").child("predictor").text("kind");
      check(kind != "categories" && kind != "folds", "a category cannot be made of categories or folds itself");
      result->add(child->text("cut"), columns(*child, "cut_columns"), columns(*child, "columns"),
                  read_model(child->child("model")));
    }
  } catch (const InvalidArgument& error) {
    throw FormatError("model file: '" + group.path() + "': " + error.what());
  }
  return result;
}

}  // namespace diskern::model

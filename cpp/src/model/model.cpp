// The Model class: transformations, predictor and inverse transformation behind one immutable object.
#include "diskern/model.hpp"

#include <algorithm>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/device.hpp"
#include "base/executor.hpp"
#include "base/file.hpp"
#include "model/categories.hpp"
#include "model/folds.hpp"
#include "model/foreign.hpp"
#include "model/implementation.hpp"
#include "model/tmva_xml.hpp"
#include "statistics/cuts.hpp"

namespace diskern {

namespace {

constexpr std::size_t chunk_size = 1024;

// Columns beside the variables that the predictor reads; null: none.
const model::KeyedPredictor* keyed_of(const Predictor* predictor) {
  const auto* keyed = dynamic_cast<const model::KeyedPredictor*>(predictor);
  return keyed == nullptr || keyed->key_columns().empty() ? nullptr : keyed;
}

// What a column of the key is computed from: a spectator's expression for categories, itself for folds.
std::vector<model::Inputs::KeyColumn> key_inputs(const Predictor* predictor, const ModelInfo& info) {
  std::vector<model::Inputs::KeyColumn> columns;
  const model::KeyedPredictor* keyed = keyed_of(predictor);
  if (keyed == nullptr) return columns;
  const bool categories = dynamic_cast<const model::CategoriesPredictor*>(predictor) != nullptr;
  for (const std::string& name : keyed->key_columns()) {
    columns.push_back({name, ""});
    if (!categories) continue;
    for (const VariableInfo& spectator : info.spectators) {
      if (spectator.label == name && spectator.expression != name) columns.back().expression = spectator.expression;
    }
  }
  return columns;
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "'" : ", '") + name + "'";
  return text.empty() ? "(none)" : text;
}

// The predictor, where it is made of folds of which a key chooses one; their mean is as any other predictor.
const model::FoldsPredictor* chosen_folds(const Predictor* predictor) {
  const auto* folds = dynamic_cast<const model::FoldsPredictor*>(predictor);
  return folds == nullptr || folds->rule().is_mean() ? nullptr : folds;
}

}  // namespace

Model::Implementation::Implementation(ModelInfo given_info,
                                      std::shared_ptr<const statistics::TransformationChain> given_chain,
                                      PredictorPointer given_predictor,
                                      std::shared_ptr<const statistics::ResponseDensities> given_densities)
    : info(std::move(given_info)),
      chain(std::move(given_chain)),
      predictor(std::move(given_predictor)),
      densities(std::move(given_densities)),
      keyed(keyed_of(predictor.get())),
      folds(chosen_folds(predictor.get())),
      inputs(info.variables, key_inputs(predictor.get(), info)) {
  if (predictor == nullptr) throw InvalidArgument("a model needs a predictor");
  model::complete_info(info, predictor->output_count());
  if (info.variables.size() != predictor->input_count()) {
    throw InvalidArgument("the model lists " + std::to_string(info.variables.size()) +
                          " variables, its predictor takes " + std::to_string(predictor->input_count()));
  }
  if (densities != nullptr &&
      (info.analysis_type != AnalysisType::classification || predictor->output_count() != 1)) {
    throw InvalidArgument("densities of the response belong to a classification with one response");
  }
  if (chain != nullptr && chain->empty()) chain = nullptr;
  if (chain != nullptr && dynamic_cast<const model::KeyedPredictor*>(predictor.get()) != nullptr) {
    throw InvalidArgument(
        "a model of folds or categories has its transformations inside of its parts, not before them");
  }
  if (chain != nullptr && chain->variable_count() != info.variables.size()) {
    throw InvalidArgument("the transformations work on " + std::to_string(chain->variable_count()) +
                          " variables, the model has " + std::to_string(info.variables.size()));
  }
  if (chain != nullptr && chain->target_count() != 0 && chain->target_count() != predictor->output_count()) {
    throw InvalidArgument("the transformations work on " + std::to_string(chain->target_count()) +
                          " targets, the model has " + std::to_string(predictor->output_count()) + " outputs");
  }
}

void Model::Implementation::evaluate(const float* variables, double* outputs) const noexcept {
  if (chain != nullptr) {
    // The chain was refused above this number of columns.
    float transformed[statistics::TransformationChain::maximum_columns];
    std::copy_n(variables, chain->variable_count(), transformed);
    chain->apply(transformed);
    predictor->evaluate(transformed, outputs);
    if (chain->target_count() != 0) chain->invert_targets(outputs);
    return;
  }
  predictor->evaluate(variables, outputs);
}

std::int32_t Model::Implementation::fold_of_inputs(const double* values) const noexcept {
  if (folds == nullptr || !inputs.available()) return -1;
  double key[model::FoldRule::maximum_key_columns];
  inputs.key(values, key);
  return folds->rule().fold(key);
}

void Model::Implementation::check_shapes(const Context& context, View<const float, 2> events,
                                         View<double, 2> outputs) const {
  if (events.device() != context.device || outputs.device() != context.device) {
    throw DeviceError("events, responses and the context must be of one device");
  }
  if (context.device == Device::cuda) {
    require_device(context);
    if (predictor->kind() != "forest") {
      throw DeviceError("a model of " + info.method + " is evaluated on the CPU only; events of a CUDA device were given");
    }
    if (chain != nullptr) {
      throw DeviceError("a model with transformed variables is evaluated on the CPU only; events of a CUDA device were given");
    }
  }
  if (events.columns() != info.variables.size()) {
    throw InvalidArgument("events has " + std::to_string(events.columns()) + " columns, the model has " +
                          std::to_string(info.variables.size()) + " variables");
  }
  if (outputs.rows() != events.rows() || outputs.columns() != predictor->output_count()) {
    throw InvalidArgument("outputs has shape (" + std::to_string(outputs.rows()) + ", " +
                          std::to_string(outputs.columns()) + "), expected (" + std::to_string(events.rows()) + ", " +
                          std::to_string(predictor->output_count()) + ")");
  }
}

void Model::Implementation::evaluate(const Context& context, View<const float, 2> events,
                                     View<double, 2> outputs) const {
  check_shapes(context, events, outputs);
  if (chain == nullptr) {
    predictor->evaluate(context, events, outputs);
    return;
  }
  evaluate(context, source_of(events), outputs);
}

void Model::Implementation::evaluate(const Context& context, const EventSource& events, View<double, 2> outputs) const {
  // The number of rows is that of the outputs; of the events only the columns can be wrong.
  check_shapes(context, View<const float, 2>(nullptr, outputs.rows(), events.column_count, outputs.device()), outputs);
  if (chain == nullptr) {
    predictor->evaluate(context, events, outputs);
    return;
  }
  const std::size_t columns = events.column_count;
  parallel_for(
      context, chunk_count(outputs.rows(), chunk_size),
      [&](std::size_t chunk) {
        const Range range = chunk_range(outputs.rows(), chunk_size, chunk);
        std::vector<float> transformed((range.end - range.begin) * columns);
        for (std::size_t i = range.begin; i < range.end; ++i) {
          float* row = transformed.data() + (i - range.begin) * columns;
          for (std::size_t j = 0; j < columns; ++j) row[j] = event_value(events, i, j);
          chain->apply(row);
        }
        const View<double, 2> rows = outputs.slice(range.begin, range.end);
        predictor->evaluate(Context{}, View<const float, 2>(transformed.data(), range.end - range.begin, columns),
                            rows);
        if (chain->target_count() == 0) return;
        std::vector<double> targets(rows.columns());
        for (std::size_t i = 0; i < rows.rows(); ++i) {
          for (std::size_t k = 0; k < targets.size(); ++k) targets[k] = rows(i, k);
          chain->invert_targets(targets.data());
          for (std::size_t k = 0; k < targets.size(); ++k) rows(i, k) = targets[k];
        }
      },
      static_cast<double>(outputs.rows()) * 200.0);
}

Model::Model(std::shared_ptr<const Implementation> implementation) noexcept
    : implementation_(std::move(implementation)) {}

const ModelInfo& Model::info() const noexcept { return implementation_->info; }
std::size_t Model::variable_count() const noexcept { return implementation_->predictor->input_count(); }
std::size_t Model::output_count() const noexcept { return implementation_->predictor->output_count(); }

void Model::evaluate(const float* variables, double* outputs) const noexcept {
  implementation_->evaluate(variables, outputs);
}
void Model::evaluate(const Context& context, View<const float, 2> events, View<double, 2> outputs) const {
  implementation_->evaluate(context, events, outputs);
}
void Model::evaluate(const Context& context, View<const double, 2> events, View<double, 2> outputs) const {
  if (events.device() != outputs.device()) throw DeviceError("events and responses must be of one device");
  if (events.rows() != outputs.rows()) {
    throw InvalidArgument("events has " + std::to_string(events.rows()) + " rows, outputs has " +
                          std::to_string(outputs.rows()));
  }
  implementation_->evaluate(context, source_of(events), outputs);
}
void Model::evaluate_columns(const Context& context, const std::vector<const float*>& columns,
                             View<double, 2> outputs) const {
  implementation_->evaluate(context, source_of(columns.data(), columns.size()), outputs);
}
void Model::evaluate_columns(const Context& context, const std::vector<const double*>& columns,
                             View<double, 2> outputs) const {
  implementation_->evaluate(context, source_of(columns.data(), columns.size()), outputs);
}

const std::vector<std::string>& Model::key_columns() const noexcept {
  static const std::vector<std::string> none;
  return implementation_->keyed == nullptr ? none : implementation_->keyed->key_columns();
}
int Model::fold(const double* key) const noexcept {
  return implementation_->folds == nullptr ? -1 : implementation_->folds->rule().fold(key);
}
void Model::evaluate(const float* variables, const double* key, double* outputs) const noexcept {
  if (implementation_->keyed == nullptr) {
    implementation_->evaluate(variables, outputs);
  } else {
    implementation_->keyed->evaluate(variables, key, outputs);
  }
}
void Model::evaluate(const Context& context, View<const float, 2> events, View<const double, 2> keys,
                     View<double, 2> outputs) const {
  if (implementation_->keyed == nullptr) {
    implementation_->evaluate(context, events, outputs);
    return;
  }
  implementation_->check_shapes(context, events, outputs);
  implementation_->keyed->evaluate(context, events, keys, outputs);
}

bool Model::has_response_densities() const noexcept { return implementation_->densities != nullptr; }
double Model::probability(double response, double signal_fraction) const noexcept {
  return has_response_densities() ? implementation_->densities->probability(response, signal_fraction)
                                  : std::numeric_limits<double>::quiet_NaN();
}
double Model::rarity(double response) const noexcept {
  return has_response_densities() ? implementation_->densities->rarity(response)
                                  : std::numeric_limits<double>::quiet_NaN();
}

Model Model::at_signal_efficiency(double signal_efficiency) const {
  if (const auto* categories = dynamic_cast<const model::CategoriesPredictor*>(implementation_->predictor.get())) {
    return model::make_model(info(), nullptr, categories->at_signal_efficiency(signal_efficiency));
  }
  const auto* cuts = dynamic_cast<const statistics::CutsPredictor*>(implementation_->predictor.get());
  if (cuts == nullptr) {
    throw InvalidArgument("a signal efficiency is chosen for models of Cuts, this is one of " + info().method);
  }
  return model::make_model(info(), implementation_->chain, cuts->at_efficiency(signal_efficiency));
}

const std::vector<std::string>& Model::inputs() const { return implementation_->inputs.names(); }

void Model::evaluate_inputs(const double* inputs, double* outputs) const noexcept {
  if (!implementation_->inputs.available()) {
    std::fill_n(outputs, output_count(), std::numeric_limits<double>::quiet_NaN());
    return;
  }
  float variables[model::Inputs::maximum_variables];
  implementation_->inputs.evaluate(inputs, variables);
  if (implementation_->keyed == nullptr) {
    implementation_->evaluate(variables, outputs);
    return;
  }
  double key[model::KeyedPredictor::maximum_key_columns];
  implementation_->inputs.key(inputs, key);
  implementation_->keyed->evaluate(variables, key, outputs);
}

std::vector<std::size_t> Model::bind(const std::vector<std::string>& names) const {
  const auto fail = [&](const std::string& problem) {
    std::vector<std::string> wanted;
    for (const VariableInfo& variable : info().variables) wanted.push_back(variable.label);
    throw InvalidArgument(problem + "; the model needs " + joined(wanted) + ", given were " + joined(names));
  };
  std::vector<std::size_t> positions;
  for (const VariableInfo& variable : info().variables) {
    std::size_t position = names.size();
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (names[i] != variable.label && names[i] != variable.expression) continue;
      if (position != names.size()) fail("variable '" + variable.label + "' is given twice");
      position = i;
    }
    if (position == names.size()) fail("variable '" + variable.label + "' is missing");
    positions.push_back(position);
  }
  return positions;
}

void Model::save(const std::string& path) const {
  const std::vector<std::uint8_t> content = bytes();
  write_file(path, content.data(), content.size());
}
std::vector<std::uint8_t> Model::bytes() const { return model::write_model(*this); }
std::size_t Model::memory_bytes() const { return bytes().size() + sizeof(Implementation); }

Model Model::load(const std::string& path) {
  const std::vector<std::uint8_t> content = read_file(path, model::maximum_file_size);
  try {
    return from_bytes(content.data(), content.size());
  } catch (const FormatError& error) {
    throw FormatError("'" + path + "': " + error.what());
  }
}
Model Model::from_bytes(const void* data, std::size_t size) {
  const auto* bytes = static_cast<const std::uint8_t*>(data);
  if (archive::has_magic(bytes, size)) return model::read_model(bytes, size);
  const std::string_view text(static_cast<const char*>(data), size);
  const std::size_t first = text.find_first_not_of("\xEF\xBB\xBF \t\r\n");
  if (first != std::string_view::npos && text[first] == '<') return model::read_tmva_xml(std::string(text));
  if (first != std::string_view::npos && (text[first] == '{' || text[first] == '[')) {
    return model::read_xgboost(std::string(text), model::json::form_of(text));
  }
  if (text.substr(0, 5) == "tree\n" || text.substr(0, 6) == "tree\r\n") return model::read_lightgbm(std::string(text));
  if (text.substr(0, 4) == "binf") {
    throw FormatError(
        "the binary format that XGBoost wrote before 3.1, which is not read: load the file with the XGBoost that wrote "
        "it and save it under a name that ends in .json or .ubj");
  }
  throw FormatError(
      "neither a diskern model file, which begins with the bytes 89 'DISKERN', nor an XML weight file of TMVA, nor "
      "JSON "
      "or UBJSON of XGBoost");
}

namespace model {

Model make_model(ModelInfo info, std::shared_ptr<const statistics::TransformationChain> chain,
                 PredictorPointer predictor, std::shared_ptr<const statistics::ResponseDensities> densities) {
  return Model(std::make_shared<const Model::Implementation>(std::move(info), std::move(chain), std::move(predictor),
                                                             std::move(densities)));
}

}  // namespace model
}  // namespace diskern

#pragma once
// What a Model holds, for the rooms inside the library.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/predictor.hpp"
#include "base/serialization.hpp"
#include "diskern/model.hpp"
#include "model/inputs.hpp"
#include "statistics/response_densities.hpp"
#include "statistics/transformation.hpp"

namespace diskern {

namespace model {
class FoldsPredictor;
class KeyedPredictor;
}

class Model::Implementation {
 public:
  // Validates that the parts fit together (InvalidArgument). chain and densities may be null.
  Implementation(ModelInfo info, std::shared_ptr<const statistics::TransformationChain> chain,
                 PredictorPointer predictor, std::shared_ptr<const statistics::ResponseDensities> densities);

  void evaluate(const float* variables, double* outputs) const noexcept;
  void evaluate(const Context& context, View<const float, 2> events, View<double, 2> outputs) const;
  // As many events as outputs has rows.
  void evaluate(const Context& context, const EventSource& events, View<double, 2> outputs) const;
  void check_shapes(const Context& context, View<const float, 2> events, View<double, 2> outputs) const;
  // Of the columns that inputs names; -1: none.
  int fold_of_inputs(const double* values) const noexcept;

  ModelInfo info;
  std::shared_ptr<const statistics::TransformationChain> chain;  // null: none
  PredictorPointer predictor;
  std::shared_ptr<const statistics::ResponseDensities> densities;  // of the response; null: none
  const model::KeyedPredictor* keyed;  // the predictor, where it needs a key; else null
  const model::FoldsPredictor* folds;  // the predictor, where a key chooses among its folds; else null
  model::Inputs inputs;  // needs the completed info
};

namespace model {

Model make_model(ModelInfo info, std::shared_ptr<const statistics::TransformationChain> chain,
                 PredictorPointer predictor,
                 std::shared_ptr<const statistics::ResponseDensities> densities = nullptr);

// Diskern's own format.
std::vector<std::uint8_t> write_model(const Model& model);
Model read_model(const std::uint8_t* data, std::size_t size, const archive::DecodeOptions& options = {});
// A model as a part of another one.
void write_model(const Model& model, archive::Group& group);
Model read_model(const archive::Group& group);

const char* analysis_type_name(AnalysisType type) noexcept;     // "Classification", "Regression", "Multiclass"
AnalysisType analysis_type_from_name(const std::string& name);  // throws InvalidArgument

// Checks what can be checked without the predictor, and fills empty output names in. Throws InvalidArgument.
void complete_info(ModelInfo& info, std::size_t output_count);

// The largest file that is read.
constexpr std::size_t maximum_file_size = std::size_t{1} << 33;
constexpr std::size_t maximum_variables = 65536;
constexpr std::size_t maximum_outputs = 65536;

}  // namespace model
}  // namespace diskern

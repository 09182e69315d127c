// Any bytes as a model of XGBoost (JSON or UBJSON) or LightGBM, by the first byte; what is read can be written as JSON of
// XGBoost, which reads back, and as ONNX.
#include <cstddef>
#include <cstdint>
#include <string>

#include "evaluate.hpp"
#include "model/foreign.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const char kind = static_cast<char>(data[0]);
  const std::string content(reinterpret_cast<const char*>(data), size);
  try {
    using diskern::model::json::Document;
    const diskern::Model model = kind == '{' || kind == '['
                                     ? diskern::model::read_xgboost(content, diskern::model::json::form_of(content))
                                     : diskern::model::read_lightgbm(content);
    diskern::fuzz::use(model);
    try {
      const std::string text = diskern::model::write_xgboost(model);
      const diskern::Model again = diskern::model::read_xgboost(text, Document::Form::text);
      if (again.variable_count() != model.variable_count()) std::abort();
      (void)diskern::model::write_onnx(model);
    } catch (const diskern::InvalidArgument&) {  // a leaf that is too large, no trees
    }
  } catch (const diskern::FormatError&) {
  }
  return 0;
}

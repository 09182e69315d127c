#pragma once
// Which reader belongs to the predictor kind that a model file names.

#include <string>
#include <vector>

#include "base/predictor.hpp"

namespace diskern::model {

// Throws FormatError for an unknown kind and for content that the reader refuses.
PredictorPointer read_predictor(const std::string& kind, const archive::Group& group);

std::vector<std::string> predictor_kinds();

}  // namespace diskern::model

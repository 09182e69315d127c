#include "model/registry.hpp"

#include "diskern/error.hpp"
#ifdef DISKERN_HAS_NETWORK
#include "network/network.hpp"
#endif
#ifdef DISKERN_HAS_LINEAR
#include "statistics/linear.hpp"
#endif
#include "trees/forest.hpp"

namespace diskern::model {

namespace {

struct Entry {
  const char* kind;
  PredictorPointer (*read)(const archive::Group&);
};

constexpr Entry entries[] = {
    {"forest", &trees::ForestPredictor::read},
#ifdef DISKERN_HAS_NETWORK
    {"network", &network::NetworkPredictor::read},
#endif
#ifdef DISKERN_HAS_LINEAR
    {"linear", &statistics::LinearPredictor::read},
#endif
};

}  // namespace

PredictorPointer read_predictor(const std::string& kind, const archive::Group& group) {
  std::string known;
  for (const Entry& entry : entries) {
    if (kind == entry.kind) return entry.read(group);
    known += (known.empty() ? "" : ", ") + std::string(entry.kind);
  }
  throw FormatError("model file: predictor kind '" + kind + "' is not known, expected one of " + known);
}

std::vector<std::string> predictor_kinds() {
  std::vector<std::string> kinds;
  for (const Entry& entry : entries) kinds.emplace_back(entry.kind);
  return kinds;
}

}  // namespace diskern::model

#include "model/registry.hpp"

#include "clustering/fraction_predictor.hpp"
#include "clustering/gaussian_mixture_predictor.hpp"
#include "clustering/kmeans_predictor.hpp"
#include "diskern/error.hpp"
#include "model/boosted.hpp"
#include "model/categories.hpp"
#include "model/committee.hpp"
#include "model/folds.hpp"
#include "neighbours/neighbours_predictor.hpp"
#include "network/graph/predictor.hpp"
#include "network/network.hpp"
#include "statistics/cuts.hpp"
#include "statistics/foam.hpp"
#include "statistics/formula.hpp"
#include "statistics/hmatrix.hpp"
#include "statistics/kernel_machine.hpp"
#include "statistics/likelihood.hpp"
#include "statistics/linear.hpp"
#include "statistics/range_search.hpp"
#include "statistics/rule_ensemble.hpp"
#include "statistics/projection.hpp"
#include "trees/forest.hpp"
#include "trees/votes.hpp"

namespace diskern::model {

namespace {

struct Entry {
  const char* kind;
  PredictorPointer (*read)(const archive::Group&);
};

constexpr Entry entries[] = {
    {"forest", &trees::ForestPredictor::read},
    {"network", &network::NetworkPredictor::read},
    {"graph", &network::graph::GraphPredictor::read},
    {"linear", &statistics::LinearPredictor::read},
    {"cuts", &statistics::CutsPredictor::read},
    {"foam", &statistics::FoamPredictor::read},
    {"formula", &statistics::FormulaPredictor::read},
    {"hmatrix", &statistics::HMatrixPredictor::read},
    {"kernel machine", &statistics::KernelMachine::read},
    {"range search", &statistics::RangeSearchPredictor::read},
    {"rules", &statistics::RuleEnsemble::read},
    {"likelihood", &statistics::LikelihoodPredictor::read},
    {"projection", &statistics::ProjectionPredictor::read},
    {"neighbours", &NeighboursPredictor::read},
    {"votes", &trees::VotesPredictor::read},
    {"boosted", &BoostedPredictor::read},
    {"folds", &FoldsPredictor::read},
    {"categories", &CategoriesPredictor::read},
    {"committee", &CommitteePredictor::read},
    {"cluster_fraction", &clustering::FractionPredictor::read},
    {"k_means", &clustering::KMeansPredictor::read},
    {"gaussian_mixture", &clustering::MixturePredictor::read},
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

#pragma once
// TMVA's weight files (.weights.xml, tmva.md 3.2 and 3.3).

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "diskern/model.hpp"
#include "model/boosted.hpp"
#include "model/categories.hpp"
#include "model/xml.hpp"
#include "neighbours/neighbours_predictor.hpp"
#include "network/network.hpp"
#include "statistics/cuts.hpp"
#include "statistics/foam.hpp"
#include "statistics/formula.hpp"
#include "statistics/hmatrix.hpp"
#include "statistics/kernel_machine.hpp"
#include "statistics/likelihood.hpp"
#include "statistics/linear.hpp"
#include "statistics/range_search.hpp"
#include "statistics/response_densities.hpp"
#include "statistics/rule_ensemble.hpp"
#include "statistics/transformation.hpp"
#include "trees/forest.hpp"

namespace diskern::model {

// Throws FormatError, for methods that are not read with their name.
Model read_tmva_xml(std::string text);
// Throws InvalidArgument for what TMVA's format cannot express. Reading the text gives the same responses, bit for bit,
// and the same info (beside the releases of TMVA and ROOT, which TMVA's reader wants to find).
std::string write_tmva_xml(const Model& model);

namespace tmva {

// ROOT's version code of the file's "ROOT Release"; without one a current version.
constexpr std::int64_t root_version(int major, int minor, int patch) { return (major << 16) + (minor << 8) + patch; }
constexpr std::int64_t current_root = root_version(6, 40, 0);

struct Context {
  const ModelInfo& info;
  std::int64_t root = current_root;
  // The transformations, for methods that apply them themselves; null: none.
  std::shared_ptr<const statistics::TransformationChain> chain = nullptr;

  std::size_t variable_count() const noexcept { return info.variables.size(); }
  // The value of an option, or the fallback where the file does not have it.
  std::string option(const std::string& name, const char* fallback) const;
  bool flag(const std::string& name, bool fallback) const;
  // The transformations as the two classes apply them.
  statistics::ClassInputs class_inputs() const;
};

// What our own files remember beside TMVA's sections; TMVA's reader passes over them.
constexpr const char* modified_key = "modified options";

std::int64_t root_release(const ModelInfo& info);
int default_signal_class(const std::vector<std::string>& classes);

// A method with all its sections: <MethodSetup>, or <SubMethod> of a Category.
Model read_method(const xml::Element& root);
// <Weights> in owner, of a method of this type. Throws FormatError for types that are not read.
PredictorPointer read_weights(const xml::Element& owner, const std::string& type, const Context& context);

PredictorPointer read_categories(const xml::Element& weights, const Context& context);
PredictorPointer read_boosted(const xml::Element& weights, const Context& context);
const char* boost_transform_name(BoostTransform transform) noexcept;

bool is_true(const std::string& value) noexcept;  // of a boolean option

// Cuts of trees trained by these versions of ROOT send events right where x >= cut, older ones where x > cut.
bool cuts_include_equality(std::int64_t root) noexcept;
// Whether the network was trained and evaluated by a TMVA that takes a rational approximation for the hyperbolic
// tangent.
bool tanh_is_approximate(const Context& context);

std::shared_ptr<const statistics::TransformationChain> read_transformations(const xml::Element& transformations,
                                                                            const ModelInfo& info);
void write_transformations(xml::Writer& writer, const statistics::TransformationChain* chain, const ModelInfo& info);

PredictorPointer read_forest(const xml::Element& weights, const Context& context);
void write_forest(xml::Writer& writer, const trees::Forest& forest, const Context& context);

PredictorPointer read_fisher(const xml::Element& weights, const Context& context);
PredictorPointer read_linear_discriminant(const xml::Element& weights, const Context& context);
void write_fisher(xml::Writer& writer, const statistics::LinearPredictor& predictor);
void write_linear_discriminant(xml::Writer& writer, const statistics::LinearPredictor& predictor);

PredictorPointer read_formula(const xml::Element& weights, const Context& context);
void write_formula(xml::Writer& writer, const statistics::FormulaPredictor& predictor);

PredictorPointer read_kernel_machine(const xml::Element& weights, const Context& context);
void write_kernel_machine(xml::Writer& writer, const statistics::KernelMachine& predictor);
PredictorPointer read_foams(const xml::Element& weights, const Context& context);
void write_foams(xml::Writer& writer, const statistics::FoamPredictor& predictor, const Context& context);
PredictorPointer read_rules(const xml::Element& weights, const Context& context);
void write_rules(xml::Writer& writer, const statistics::RuleEnsemble& predictor);
PredictorPointer read_range_search(const xml::Element& weights, const Context& context);
void write_range_search(xml::Writer& writer, const statistics::RangeSearchPredictor& predictor, const ModelInfo& info);

PredictorPointer read_hmatrix(const xml::Element& weights, const Context& context);
void write_hmatrix(xml::Writer& writer, const statistics::HMatrixPredictor& predictor);

PredictorPointer read_cuts(const xml::Element& weights, const Context& context);
void write_cuts(xml::Writer& writer, const statistics::CutsPredictor& predictor);

std::shared_ptr<const statistics::ResponseDensities> read_response_densities(const xml::Element& root);
statistics::Density read_density(const xml::Element& pdf);
void write_density(xml::Writer& writer, const statistics::Density& density, const std::string& name,
                   const std::string& histogram_name);
PredictorPointer read_likelihood(const xml::Element& weights, const Context& context);
void write_likelihood(xml::Writer& writer, const statistics::LikelihoodPredictor& predictor, const ModelInfo& info);

PredictorPointer read_deep_network(const xml::Element& weights, const Context& context);
PredictorPointer read_network(const xml::Element& weights, const Context& context);
PredictorPointer read_cern_network(const xml::Element& weights, const Context& context);  // CFMlpANN
PredictorPointer read_root_network(const xml::Element& weights, const Context& context);  // TMlpANN
void write_network(xml::Writer& writer, const network::Network& network, const Context& context);

PredictorPointer read_neighbours(const xml::Element& weights, const Context& context);
void write_neighbours(xml::Writer& writer, const NeighboursPredictor& predictor, const Context& context);

// Options that a reader of the file needs to evaluate the method, for models that were not trained by TMVA.
using Options = std::vector<std::pair<std::string, std::string>>;
Options forest_options(const trees::Forest& forest, const ModelInfo& info);
Options network_options(const network::Network& network, const ModelInfo& info);
// Those that the model's own do not say. Throws InvalidArgument for models that are not TMVA's KNN.
Options neighbours_options(const NeighboursPredictor& predictor, const Context& context);
Options range_search_options(const statistics::RangeSearchPredictor& predictor);

}  // namespace tmva
}  // namespace diskern::model

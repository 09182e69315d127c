// The forest handle and training as TMVA does it.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common.hpp"
#include "trees/forest.hpp"
#include "trees/tmva_forest.hpp"

namespace diskern::python {

namespace {

using trees::Forest;
using trees::ForestPredictor;
using trees::Tree;

template <class T>
py::array_t<T> to_array(const std::vector<T>& values) {
  return py::array_t<T>(static_cast<py::ssize_t>(values.size()), values.data());
}

template <class T>
std::vector<T> to_vector(const py::dict& tree, const char* key, bool required) {
  if (!tree.contains(key)) {
    if (required) throw InvalidArgument(std::string("a tree needs the array '") + key + "'");
    return {};
  }
  const auto array = py::array_t<T, py::array::c_style | py::array::forcecast>::ensure(tree[key]);
  if (!array || array.ndim() != 1)
    throw InvalidArgument(std::string("'") + key + "' of a tree must be a vector of numbers");
  return std::vector<T>(array.data(), array.data() + array.size());
}

py::dict tree_arrays(const ForestPredictor& self, py::ssize_t index) {
  const auto n = static_cast<py::ssize_t>(self.forest().trees.size());
  if (index < 0) index += n;
  if (index < 0 || index >= n) throw py::index_error("the forest has " + std::to_string(n) + " trees");
  const Tree& tree = self.forest().trees[static_cast<std::size_t>(index)];
  py::dict result;
  result["feature"] = to_array(tree.feature);
  result["threshold"] = to_array(tree.threshold);
  result["left"] = to_array(tree.left);
  result["right"] = to_array(tree.right);
  result["missing_right"] = to_array(tree.missing_right);
  result["value"] = to_array(tree.value);
  result["linear_begin"] = to_array(tree.linear_begin);
  result["linear_coefficients"] = to_array(tree.linear_coefficients);
  result["weight"] = to_array(tree.weight);
  result["gain"] = to_array(tree.gain);
  result["purity"] = to_array(tree.purity);
  result["response_rms"] = to_array(tree.response_rms);
  result["swapped"] = to_array(tree.swapped);
  result["node_type"] = to_array(tree.node_type);
  return result;
}

std::shared_ptr<ForestPredictor> from_trees(std::int32_t n_features, const std::vector<py::dict>& trees,
                                            const std::optional<std::vector<double>>& tree_weight,
                                            std::int32_t n_outputs,
                                            const std::optional<std::vector<double>>& base_score,
                                            trees::Aggregation aggregation, trees::Link link) {
  Forest forest;
  forest.n_features = n_features;
  forest.n_outputs = n_outputs;
  forest.aggregation = aggregation;
  forest.link = link;
  for (const py::dict& arrays : trees) {
    Tree tree;
    tree.feature = to_vector<std::int32_t>(arrays, "feature", true);
    tree.threshold = to_vector<double>(arrays, "threshold", true);
    tree.left = to_vector<std::int32_t>(arrays, "left", true);
    tree.right = to_vector<std::int32_t>(arrays, "right", true);
    tree.missing_right = to_vector<std::uint8_t>(arrays, "missing_right", true);
    tree.value = to_vector<double>(arrays, "value", true);
    tree.linear_begin = to_vector<std::int32_t>(arrays, "linear_begin", false);
    tree.linear_coefficients = to_vector<double>(arrays, "linear_coefficients", false);
    tree.weight = to_vector<double>(arrays, "weight", false);
    tree.gain = to_vector<double>(arrays, "gain", false);
    tree.purity = to_vector<double>(arrays, "purity", false);
    tree.response_rms = to_vector<double>(arrays, "response_rms", false);
    tree.swapped = to_vector<std::uint8_t>(arrays, "swapped", false);
    tree.node_type = to_vector<std::int32_t>(arrays, "node_type", false);
    forest.trees.push_back(std::move(tree));
  }
  forest.tree_weight = tree_weight ? *tree_weight : std::vector<double>(forest.trees.size(), 1.0);
  forest.base_score =
      base_score ? *base_score : std::vector<double>(static_cast<std::size_t>(std::max(n_outputs, 0)), 0.0);
  return std::make_shared<ForestPredictor>(std::move(forest));
}

py::array_t<std::int32_t> leaf_indices(const ForestPredictor& self, const py::array& events) {
  const View<const float, 2> view = matrix<float>(events, "events");
  const std::size_t n_features = self.input_count();
  if (view.columns() != n_features) {
    throw InvalidArgument("events has " + std::to_string(view.columns()) + " variables, the forest was trained with " +
                          std::to_string(n_features));
  }
  const std::vector<Tree>& forest = self.forest().trees;
  py::array_t<std::int32_t> result({view.rows(), forest.size()});
  std::int32_t* out = result.mutable_data();
  std::vector<float> variables(n_features);
  for_row_slices(view.rows(), [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      for (std::size_t j = 0; j < n_features; ++j) variables[j] = view(i, j);
      for (std::size_t t = 0; t < forest.size(); ++t) {
        out[i * forest.size() + t] = trees::leaf_index(forest[t], variables.data(), n_features);
      }
    }
  });
  return result;
}

void register_forest(py::module_& module) {
  py::enum_<trees::Aggregation>(module, "Aggregation", "How the trees of a forest make one response.")
      .value("sum", trees::Aggregation::sum)
      .value("weighted_mean", trees::Aggregation::weighted_mean)
      .value("weighted_median", trees::Aggregation::weighted_median)
      .value("median_leaf", trees::Aggregation::median_leaf);
  py::enum_<trees::Link>(module, "Link", "What is applied to the aggregated response.")
      .value("identity", trees::Link::identity)
      .value("tmva_gradient", trees::Link::tmva_gradient)
      .value("logistic", trees::Link::logistic)
      .value("softmax", trees::Link::softmax)
      .value("exponential", trees::Link::exponential)
      .value("normalised_logistic", trees::Link::normalised_logistic);
  py::class_<ForestPredictor, Predictor, std::shared_ptr<ForestPredictor>>(module, "Forest",
                                                                           "A trained forest, immutable.")
      .def(py::init(&from_trees), py::arg("n_features"), py::arg("trees"), py::arg("tree_weight") = py::none(),
           py::arg("n_outputs") = 1, py::arg("base_score") = py::none(),
           py::arg("aggregation") = trees::Aggregation::sum, py::arg("link") = trees::Link::identity,
           "A forest of trees given as dictionaries of arrays, as tree(i) returns them.")
      .def_property_readonly("tree_count", [](const ForestPredictor& self) { return self.forest().trees.size(); })
      .def_property_readonly("tree_weight",
                             [](const ForestPredictor& self) { return to_array(self.forest().tree_weight); })
      .def_property_readonly("base_score",
                             [](const ForestPredictor& self) { return to_array(self.forest().base_score); })
      .def_property_readonly("aggregation", [](const ForestPredictor& self) { return self.forest().aggregation; })
      .def_property_readonly("link", [](const ForestPredictor& self) { return self.forest().link; })
      .def_property_readonly(
          "preselection",
          [](const ForestPredictor& self) {
            py::list cuts;
            for (const trees::Preselection::Cut& cut : self.forest().preselection.cuts) {
              cuts.append(py::make_tuple(cut.feature, cut.value, cut.below, cut.signal));
            }
            return cuts;
          },
          "TMVA's DoPreselection: tuples (variable, value, matches below, is signal).")
      .def("tree", &tree_arrays, py::arg("index"), "The arrays of one tree as a dictionary; unknown ones are empty.")
      .def("leaf_index", &leaf_indices, py::arg("events"),
           "Index of the leaf that each event reaches, int32 of shape (events, trees).");
}

trees::TmvaForestResult fit_tmva_forest(const trees::TmvaForestParams& params, trees::TmvaAnalysis analysis,
                                        const py::array& events, const py::array& class_index,
                                        const py::object& targets, const py::array& weight,
                                        const std::string& variable_types, std::int32_t n_classes,
                                        std::int32_t signal_class, int threads, const py::object& progress) {
  trees::TmvaTrainingData data;
  data.events = matrix<float>(events, "events");
  const std::size_t n = data.events.rows();
  data.class_index = vector<std::int32_t>(class_index, "class_index", n);
  data.weight = vector<double>(weight, "weight", n);
  if (!targets.is_none()) data.target = vector<double>(py::cast<py::array>(targets), "targets", n);
  for (const char type : variable_types) {
    if (type != 'F' && type != 'I') {
      throw InvalidArgument(std::string("variable_types holds '") + type + "', expected 'F' or 'I' for each variable");
    }
    data.integer_variable.push_back(type == 'I' ? 1 : 0);
  }
  data.n_classes = n_classes;
  data.signal_class = signal_class;
  PythonMonitor monitor(progress);
  const Context context = make_context(threads, 0, &monitor);
  const py::gil_scoped_release release;
  return trees::fit_tmva_forest(context, params, analysis, data);
}

void register_tmva(py::module_& module) {
  using trees::TmvaForestParams;
  using trees::TmvaForestResult;
  py::enum_<trees::TmvaAnalysis>(module, "TmvaAnalysis")
      .value("Classification", trees::TmvaAnalysis::Classification)
      .value("Regression", trees::TmvaAnalysis::Regression)
      .value("Multiclass", trees::TmvaAnalysis::Multiclass);
  py::enum_<trees::TmvaBoostType>(module, "TmvaBoostType")
      .value("AdaBoost", trees::TmvaBoostType::AdaBoost)
      .value("RealAdaBoost", trees::TmvaBoostType::RealAdaBoost)
      .value("AdaCost", trees::TmvaBoostType::AdaCost)
      .value("Bagging", trees::TmvaBoostType::Bagging)
      .value("AdaBoostR2", trees::TmvaBoostType::AdaBoostR2)
      .value("Grad", trees::TmvaBoostType::Grad)
      .value("SingleTree", trees::TmvaBoostType::SingleTree);
  py::enum_<trees::TmvaSeparation>(module, "TmvaSeparation")
      .value("CrossEntropy", trees::TmvaSeparation::CrossEntropy)
      .value("GiniIndex", trees::TmvaSeparation::GiniIndex)
      .value("GiniIndexWithLaplace", trees::TmvaSeparation::GiniIndexWithLaplace)
      .value("MisClassificationError", trees::TmvaSeparation::MisClassificationError)
      .value("SDivSqrtSPlusB", trees::TmvaSeparation::SDivSqrtSPlusB)
      .value("RegressionVariance", trees::TmvaSeparation::RegressionVariance);
  py::enum_<trees::TmvaAdaBoostR2Loss>(module, "TmvaAdaBoostR2Loss")
      .value("Linear", trees::TmvaAdaBoostR2Loss::Linear)
      .value("Quadratic", trees::TmvaAdaBoostR2Loss::Quadratic)
      .value("Exponential", trees::TmvaAdaBoostR2Loss::Exponential);
  py::enum_<trees::TmvaRegressionLoss>(module, "TmvaRegressionLoss")
      .value("Huber", trees::TmvaRegressionLoss::Huber)
      .value("AbsoluteDeviation", trees::TmvaRegressionLoss::AbsoluteDeviation)
      .value("LeastSquares", trees::TmvaRegressionLoss::LeastSquares);
  py::enum_<trees::TmvaNegWeights>(module, "TmvaNegWeights")
      .value("InverseBoostNegWeights", trees::TmvaNegWeights::InverseBoostNegWeights)
      .value("IgnoreNegWeightsInTraining", trees::TmvaNegWeights::IgnoreNegWeightsInTraining)
      .value("NoNegWeightsInTraining", trees::TmvaNegWeights::NoNegWeightsInTraining)
      .value("PairNegWeightsGlobal", trees::TmvaNegWeights::PairNegWeightsGlobal)
      .value("Pray", trees::TmvaNegWeights::Pray);
  py::enum_<trees::TmvaPruneMethod>(module, "TmvaPruneMethod")
      .value("NoPruning", trees::TmvaPruneMethod::NoPruning)
      .value("ExpectedError", trees::TmvaPruneMethod::ExpectedError)
      .value("CostComplexity", trees::TmvaPruneMethod::CostComplexity);

  py::class_<TmvaForestParams>(module, "TmvaForestParams", "Booking options of TMVA's BDT, by TMVA's names.")
      .def(py::init([](trees::TmvaAnalysis analysis) { return TmvaForestParams::defaults(analysis); }),
           py::arg("analysis") = trees::TmvaAnalysis::Classification, "The defaults of an analysis type.")
      .def_readwrite("NTrees", &TmvaForestParams::NTrees)
      .def_readwrite("MaxDepth", &TmvaForestParams::MaxDepth)
      .def_readwrite("MinNodeSize", &TmvaForestParams::MinNodeSize)
      .def_readwrite("nCuts", &TmvaForestParams::nCuts)
      .def_readwrite("BoostType", &TmvaForestParams::BoostType)
      .def_readwrite("AdaBoostBeta", &TmvaForestParams::AdaBoostBeta)
      .def_readwrite("AdaBoostR2Loss", &TmvaForestParams::AdaBoostR2Loss)
      .def_readwrite("Shrinkage", &TmvaForestParams::Shrinkage)
      .def_readwrite("UseBaggedBoost", &TmvaForestParams::UseBaggedBoost)
      .def_readwrite("BaggedSampleFraction", &TmvaForestParams::BaggedSampleFraction)
      .def_readwrite("UseRandomisedTrees", &TmvaForestParams::UseRandomisedTrees)
      .def_readwrite("UseNvars", &TmvaForestParams::UseNvars)
      .def_readwrite("UsePoissonNvars", &TmvaForestParams::UsePoissonNvars)
      .def_readwrite("UseYesNoLeaf", &TmvaForestParams::UseYesNoLeaf)
      .def_readwrite("NodePurityLimit", &TmvaForestParams::NodePurityLimit)
      .def_readwrite("SeparationType", &TmvaForestParams::SeparationType)
      .def_readwrite("RegressionLossFunctionBDTG", &TmvaForestParams::RegressionLossFunctionBDTG)
      .def_readwrite("HuberQuantile", &TmvaForestParams::HuberQuantile)
      .def_readwrite("NegWeightTreatment", &TmvaForestParams::NegWeightTreatment)
      .def_readwrite("Css", &TmvaForestParams::Css)
      .def_readwrite("Cts_sb", &TmvaForestParams::Cts_sb)
      .def_readwrite("Ctb_ss", &TmvaForestParams::Ctb_ss)
      .def_readwrite("Cbb", &TmvaForestParams::Cbb)
      .def_readwrite("UseFisherCuts", &TmvaForestParams::UseFisherCuts)
      .def_readwrite("MinLinCorrForFisher", &TmvaForestParams::MinLinCorrForFisher)
      .def_readwrite("UseExclusiveVars", &TmvaForestParams::UseExclusiveVars)
      .def_readwrite("DoPreselection", &TmvaForestParams::DoPreselection)
      .def_readwrite("SigToBkgFraction", &TmvaForestParams::SigToBkgFraction)
      .def_readwrite("PruneMethod", &TmvaForestParams::PruneMethod)
      .def_readwrite("PruneStrength", &TmvaForestParams::PruneStrength)
      .def_readwrite("PruningValFraction", &TmvaForestParams::PruningValFraction)
      .def_readwrite("SkipNormalization", &TmvaForestParams::SkipNormalization)
      .def_readwrite("MinNodeSizeByWeight", &TmvaForestParams::MinNodeSizeByWeight);

  py::class_<TmvaForestResult>(module, "TmvaForestResult", "What fit_tmva_forest returns.")
      .def_property_readonly(
          "predictor",
          [](const TmvaForestResult& self) { return std::const_pointer_cast<ForestPredictor>(self.predictor); })
      .def_readonly("interrupted", &TmvaForestResult::interrupted)
      .def_readonly("stopped", &TmvaForestResult::stopped)
      .def_readonly("notes", &TmvaForestResult::notes)
      .def_property_readonly("boost_weight", [](const TmvaForestResult& self) { return to_array(self.boost_weight); })
      .def_property_readonly("error_fraction",
                             [](const TmvaForestResult& self) { return to_array(self.error_fraction); })
      .def_property_readonly("nodes_before_pruning",
                             [](const TmvaForestResult& self) { return to_array(self.nodes_before_pruning); })
      .def_property_readonly("nodes_after_pruning",
                             [](const TmvaForestResult& self) { return to_array(self.nodes_after_pruning); })
      .def_property_readonly("training_loss", [](const TmvaForestResult& self) { return to_array(self.training_loss); })
      .def_property_readonly("importance", [](const TmvaForestResult& self) { return to_array(self.importance); });

  module.def("fit_tmva_forest", &fit_tmva_forest, py::arg("params"), py::arg("analysis"), py::arg("events"),
             py::arg("class_index"), py::arg("targets"), py::arg("weight"), py::arg("variable_types") = "",
             py::arg("n_classes") = 2, py::arg("signal_class") = 0, py::arg("threads") = 0,
             py::arg("progress") = py::none(),
             "Trains a forest as TMVA does: float32 events (n, d), int32 class_index, float64 targets (regression) and "
             "weight, a string of 'F' and 'I' for the variables.");
}

}  // namespace

void register_trees(py::module_& module) {
  register_forest(module);
  register_tmva(module);
}

}  // namespace diskern::python

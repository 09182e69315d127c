// The forest handle.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common.hpp"
#include "trees/forest.hpp"

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
  const py::gil_scoped_release release;
  std::vector<float> variables(n_features);
  for (std::size_t i = 0; i < view.rows(); ++i) {
    for (std::size_t j = 0; j < n_features; ++j) variables[j] = view(i, j);
    for (std::size_t t = 0; t < forest.size(); ++t) {
      out[i * forest.size() + t] = trees::leaf_index(forest[t], variables.data(), n_features);
    }
  }
  return result;
}

void register_forest(py::module_& module) {
  py::enum_<trees::Aggregation>(module, "Aggregation", "How the trees of a forest make one response.")
      .value("sum", trees::Aggregation::sum)
      .value("weighted_mean", trees::Aggregation::weighted_mean)
      .value("weighted_median", trees::Aggregation::weighted_median);
  py::enum_<trees::Link>(module, "Link", "What is applied to the aggregated response.")
      .value("identity", trees::Link::identity)
      .value("tmva_gradient", trees::Link::tmva_gradient)
      .value("logistic", trees::Link::logistic)
      .value("softmax", trees::Link::softmax)
      .value("exponential", trees::Link::exponential);
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

}  // namespace

void register_trees(py::module_& module) { register_forest(module); }

}  // namespace diskern::python

// The fold rule and the predictor of a k-fold training.
#include "model/folds.hpp"

#include <memory>
#include <utility>
#include <vector>

#include "common.hpp"

namespace diskern::python {

namespace {

using model::FoldRule;
using model::FoldsPredictor;

py::array_t<std::int32_t> to_array(const std::vector<std::int32_t>& values) {
  return py::array_t<std::int32_t>(static_cast<py::ssize_t>(values.size()), values.data());
}

std::vector<std::int32_t> folds_of(const FoldRule& self, const py::array& key) {
  const View<const double, 2> keys = matrix<double>(key, "key");
  const py::gil_scoped_release release;
  return self.folds(keys);
}

std::vector<std::int32_t> buckets_of(const FoldRule& self, const py::array& key) {
  const View<const double, 2> keys = matrix<double>(key, "key");
  if (!self.expression_text().empty()) throw InvalidArgument("a fold rule with an expression has no buckets");
  const py::gil_scoped_release release;
  self.folds(keys);  // throws for keys that are missing
  std::vector<std::int32_t> result(keys.rows());
  std::vector<double> event(keys.columns());
  for (std::size_t i = 0; i < keys.rows(); ++i) {
    for (std::size_t j = 0; j < event.size(); ++j) event[j] = keys(i, j);
    result[i] = self.bucket(event.data());
  }
  return result;
}

}  // namespace

void register_folds(py::module_& module) {
  py::class_<FoldRule>(module, "FoldRule", "Which fold an event belongs to, as a function of its key alone.")
      .def_static("hash", &FoldRule::hash, py::arg("n_folds"), py::arg("seed"), py::arg("key_columns"),
                  py::arg("fold_of_bucket") = std::vector<std::int32_t>{},
                  "By a hash of the key's columns to a bucket, and a table from buckets to folds.")
      .def_static("expression", &FoldRule::expression, py::arg("n_folds"), py::arg("text"),
                  "By an expression of columns that gives 0 .. n_folds-1.")
      .def_static("mean", &FoldRule::mean, py::arg("n_folds"), "No fold is chosen: the mean of all answers.")
      .def_property_readonly("is_mean", &FoldRule::is_mean)
      .def_property_readonly("n_folds", &FoldRule::fold_count)
      .def_property_readonly("key_columns", &FoldRule::key_columns)
      .def_property_readonly("text", &FoldRule::expression_text)
      .def_property_readonly("seed", &FoldRule::seed)
      .def_property_readonly("fold_of_bucket", &FoldRule::fold_of_bucket)
      .def(
          "folds", [](const FoldRule& self, const py::array& key) { return to_array(folds_of(self, key)); },
          py::arg("key"), "Fold of each event, int32, of float64 keys of shape (events, key columns).")
      .def(
          "buckets", [](const FoldRule& self, const py::array& key) { return to_array(buckets_of(self, key)); },
          py::arg("key"), "Bucket of each event, int32 (hash only).");

  py::class_<FoldsPredictor, Predictor, std::shared_ptr<FoldsPredictor>>(
      module, "FoldsPredictor", "The models of a k-fold training and the rule that chooses among them.")
      .def(py::init([](FoldRule rule, const std::vector<std::shared_ptr<Predictor>>& predictors,
                       const std::vector<std::shared_ptr<statistics::TransformationChain>>& chains) {
             if (!chains.empty() && chains.size() != predictors.size()) {
               throw InvalidArgument("chains must be empty or have one entry per fold");
             }
             std::vector<FoldsPredictor::Fold> folds;
             for (std::size_t f = 0; f < predictors.size(); ++f) {
               folds.push_back({chains.empty() ? nullptr : chains[f], predictors[f]});
             }
             return std::make_shared<FoldsPredictor>(std::move(rule), std::move(folds));
           }),
           py::arg("rule"), py::arg("predictors"),
           py::arg("chains") = std::vector<std::shared_ptr<statistics::TransformationChain>>{},
           "Predictor f was trained without fold f; chains (None: no transformation) belong to it.")
      .def_property_readonly("rule", &FoldsPredictor::rule)
      .def(
          "fold",
          [](const FoldsPredictor& self, std::size_t index) {
            if (index >= self.folds().size()) throw InvalidArgument("there is no fold " + std::to_string(index));
            return std::const_pointer_cast<Predictor>(self.folds()[index].predictor);
          },
          py::arg("index"), "The predictor of one fold.")
      .def(
          "chain",
          [](const FoldsPredictor& self, std::size_t index) {
            if (index >= self.folds().size()) throw InvalidArgument("there is no fold " + std::to_string(index));
            return std::const_pointer_cast<statistics::TransformationChain>(self.folds()[index].chain);
          },
          py::arg("index"), "The transformations of one fold; None without any.");
}

}  // namespace diskern::python

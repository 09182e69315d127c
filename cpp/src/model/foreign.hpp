#pragma once
// Forests of other libraries: XGBoost (JSON and UBJSON, read and written), LightGBM (text, read), ONNX (written).

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "diskern/model.hpp"
#include "model/json.hpp"
#include "trees/forest.hpp"

namespace diskern::model {

// A model that XGBoost saved (save_model, save_raw). Throws FormatError; what cannot be kept exactly is refused by
// name.
Model read_xgboost(std::string content, json::Document::Form form);
// The text of LightGBM's save_model. Throws FormatError.
Model read_lightgbm(const std::string& text);

// JSON that XGBoost 1.0 and later load. Throws InvalidArgument for what XGBoost's format cannot express.
std::string write_xgboost(const Model& model);
// An ONNX file (operator sets ai.onnx 9 and, for forests, ai.onnx.ml 1). Throws InvalidArgument for what these cannot express.
std::string write_onnx(const Model& model);
// A C++ header that evaluates a dense network without any library; `name` becomes its namespace. Throws InvalidArgument
// for other models and for a name that is no identifier.
std::string write_header(const Model& model, const std::string& name);

namespace foreign {

// A node with more than one cut: the event's way changes at each of the ascending values. Below the first it goes left,
// or right with starts_right; without any cut all numbers go the same way, and only NaN may go another.
struct Cuts {
  std::vector<double> values;
  bool starts_right = false;
};

// A tree in the order of its file, whose nodes may have several cuts.
struct SourceTree {
  trees::Tree tree;
  std::map<std::int32_t, Cuts> several;  // by node; its threshold is not looked at
};

struct AssembledTree {
  trees::Tree tree;
  std::vector<std::int32_t> origin;  // the node of the source for every node
};

// Counts the steps beyond one for every node that splitting several cuts into single ones takes, with a limit.
class NodeBudget {
 public:
  void spend(std::size_t tree);  // throws FormatError

 private:
  static constexpr std::size_t maximum = std::size_t{1} << 22;
  std::size_t spent_ = 0;
};

// The same tree with single cuts and children after their parents; the node numbers of the source where they allow it.
// Throws FormatError for a child out of range, a node with two parents, and when the root is not reached by all nodes
// except the given number of deleted ones.
AssembledTree assemble(SourceTree source, std::size_t tree_number, std::size_t deleted, NodeBudget& budget);

// Trees as the forest orders them: output after output in every round. Throws FormatError where one output has more
// trees than another.
void set_trees(trees::Forest& forest, std::vector<std::vector<trees::Tree>> trees_of_output,
               std::vector<std::vector<double>> weights_of_output);


trees::Tree leaf_tree(double value);

// A forest whose response is base_score[k] + sum of the leaves of output k, as other libraries have it: tree weights
// and averages are multiplied into the leaves. Throws InvalidArgument, which names the format, for preselections,
// linear cuts and medians.
struct SumForest {
  std::vector<std::vector<double>> leaf;  // per tree and node, 0 at inner nodes
  std::vector<double> base_score;
};
SumForest as_sum(const trees::Forest& forest, const std::string& format);

// The forest of a model without transformations; throws InvalidArgument, which names the format. Of uBoost the response
// is the mean of what the forest's outputs say: a format that can have a mean gives mean_of_outputs, which is set to
// whether it must be taken; for the others such a model is an error.
const trees::Forest& forest_of(const Model& model, const std::string& format, bool* mean_of_outputs = nullptr);

std::vector<VariableInfo> to_variables(const std::vector<std::string>& names);

}  // namespace foreign
}  // namespace diskern::model

// Forests as ONNX, and what every ONNX file has around its graph.
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "diskern/error.hpp"
#include "model/foreign.hpp"
#include "model/implementation.hpp"
#include "model/onnx_message.hpp"
#include "network/network.hpp"

namespace diskern::model {

namespace onnx {

std::string file_of(Message graph, const ModelInfo& info, std::size_t n_outputs, bool trees) {
  graph.text(2, info.title.empty() ? (trees ? "forest" : "network") : info.title);
  graph.message(11, tensor("variables", info.variables.size()));
  graph.message(12, tensor("responses", n_outputs));

  std::string variables;
  for (const VariableInfo& variable : info.variables) {
    variables += (variables.empty() ? "" : "\n") + (variable.label.empty() ? variable.expression : variable.label);
  }
  std::string outputs;
  for (const std::string& output : info.outputs) outputs += (outputs.empty() ? "" : "\n") + output;
  Message file;
  file.integer(1, ir_version).text(2, "diskern").text(3, DISKERN_VERSION).message(7, graph);
  file.message(8, Message().text(1, "").integer(2, opset_version));
  if (trees) file.message(8, Message().text(1, "ai.onnx.ml").integer(2, ml_opset_version));
  file.message(14, Message().text(1, "variables").text(2, variables));
  file.message(14, Message().text(1, "responses").text(2, outputs));
  if (file.bytes().size() > maximum_size) throw InvalidArgument("the model takes more than 2 GiB as ONNX");
  return file.bytes();
}

}  // namespace onnx

namespace {

using onnx::attribute;
using onnx::Message;
using onnx::node;
using trees::Forest;
using trees::Link;
using trees::Tree;

constexpr const char* format = "ONNX";

float rounded(double value) {
  const auto result = static_cast<float>(value);
  if (!std::isfinite(result)) {
    throw InvalidArgument("this forest cannot be written as ONNX: a leaf or base score is too large for float32");
  }
  return result;
}

// The attributes of TreeEnsembleRegressor, an entry per node or per leaf.
struct Ensemble {
  std::vector<std::int64_t> tree, node, feature, true_node, false_node, missing_true;
  std::vector<const char*> mode;
  std::vector<float> value;
  std::vector<std::int64_t> leaf_tree, leaf_node, leaf_output;
  std::vector<float> leaf_weight;

  void add_node(std::size_t t, std::size_t i, std::int64_t x, float threshold, std::int64_t left, std::int64_t right,
                bool missing_left) {
    tree.push_back(static_cast<std::int64_t>(t));
    node.push_back(static_cast<std::int64_t>(i));
    feature.push_back(x);
    mode.push_back("BRANCH_LT");
    value.push_back(threshold);
    true_node.push_back(left);
    false_node.push_back(right);
    missing_true.push_back(missing_left ? 1 : 0);
  }
  void add_leaf(std::size_t t, std::size_t i, std::size_t output, float weight) {
    add_node(t, i, 0, 0.0F, 0, 0, false);
    mode.back() = "LEAF";
    leaf_tree.push_back(static_cast<std::int64_t>(t));
    leaf_node.push_back(static_cast<std::int64_t>(i));
    leaf_output.push_back(static_cast<std::int64_t>(output));
    leaf_weight.push_back(weight);
  }

  void add(const Tree& from, const std::vector<double>& leaf, std::size_t t, std::size_t output) {
    if (from.node_count() == 1) {  // some runtimes want a split in every tree
      add_node(t, 0, 0, 0.0F, 1, 2, true);
      add_leaf(t, 1, output, rounded(leaf[0]));
      add_leaf(t, 2, output, rounded(leaf[0]));
      return;
    }
    for (std::size_t i = 0; i < from.node_count(); ++i) {
      if (from.feature[i] == trees::leaf_feature) {
        add_leaf(t, i, output, rounded(leaf[i]));
      } else {
        add_node(t, i, from.feature[i], trees::float_threshold(from.threshold[i]), from.left[i], from.right[i],
                 from.missing_right[i] == 0);
      }
    }
  }
};

}  // namespace

std::string write_onnx(const Model& model) {
  const Model::Implementation& implementation = *model.implementation();
  if (const auto* net = dynamic_cast<const network::NetworkPredictor*>(implementation.predictor.get())) {
    return onnx::write_network(model, net->network());
  }
  bool mean_of_outputs = false;
  const Forest& forest = foreign::forest_of(model, format, &mean_of_outputs);
  const ModelInfo& info = model.info();
  const foreign::SumForest sum = foreign::as_sum(forest, format);
  const auto n_outputs = static_cast<std::size_t>(forest.n_outputs);
  Ensemble ensemble;
  for (std::size_t t = 0; t < forest.trees.size(); ++t) ensemble.add(forest.trees[t], sum.leaf[t], t, t % n_outputs);
  std::vector<float> base_values;
  for (const double score : sum.base_score) base_values.push_back(rounded(score));

  // What is applied to the sums. 2 / (1 + exp(-2 F)) - 1 is tanh F.
  const char* link = nullptr;
  const bool normalised = forest.link == Link::normalised_logistic;
  if (forest.link == Link::logistic || normalised) link = "Sigmoid";
  if (forest.link == Link::tmva_gradient) link = "Tanh";
  if (forest.link == Link::softmax) link = "Softmax";
  if (forest.link == Link::exponential) link = "Exp";

  const char* const linked = mean_of_outputs ? "votes" : "responses";
  Message graph;
  graph.message(
      1, node("TreeEnsembleRegressor", "ai.onnx.ml", {"variables"}, link != nullptr ? "scores" : linked,
              {attribute("aggregate_function", std::string_view("SUM")), attribute("base_values", base_values),
               attribute("n_targets", static_cast<std::int64_t>(n_outputs)),
               attribute("nodes_falsenodeids", ensemble.false_node), attribute("nodes_featureids", ensemble.feature),
               attribute("nodes_missing_value_tracks_true", ensemble.missing_true),
               attribute("nodes_modes", ensemble.mode), attribute("nodes_nodeids", ensemble.node),
               attribute("nodes_treeids", ensemble.tree), attribute("nodes_truenodeids", ensemble.true_node),
               attribute("nodes_values", ensemble.value), attribute("post_transform", std::string_view("NONE")),
               attribute("target_ids", ensemble.leaf_output), attribute("target_nodeids", ensemble.leaf_node),
               attribute("target_treeids", ensemble.leaf_tree), attribute("target_weights", ensemble.leaf_weight)}));
  if (link != nullptr) {
    std::vector<Message> attributes;
    if (forest.link == Link::softmax) attributes.push_back(attribute("axis", std::int64_t{1}));
    graph.message(1, node(link, "", {"scores"}, normalised ? "parts" : linked, attributes));
  }
  if (normalised) {
    graph.message(1, node("ReduceSum", "", {"parts"}, "sum",
                          {attribute("axes", std::vector<std::int64_t>{1}), attribute("keepdims", std::int64_t{1})}));
    graph.message(1, node("Div", "", {"parts", "sum"}, linked, {}));
  }
  if (mean_of_outputs) {
    graph.message(1, node("ReduceMean", "", {"votes"}, "responses",
                          {attribute("axes", std::vector<std::int64_t>{1}), attribute("keepdims", std::int64_t{1})}));
  }
  return onnx::file_of(graph, info, mean_of_outputs ? 1 : n_outputs, true);
}

}  // namespace diskern::model

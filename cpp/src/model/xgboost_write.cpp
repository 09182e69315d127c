// Forests as JSON that XGBoost loads.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include "diskern/error.hpp"
#include "model/foreign.hpp"

namespace diskern::model {

namespace {

using trees::Forest;
using trees::Link;
using trees::Tree;

constexpr const char* format = "a model of XGBoost";

std::string quoted(std::string_view text) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string result = "\"";
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (code < 0x20) {
      result += "\\u00";
      result += digits[code >> 4];
      result += digits[code & 15];
    } else {
      result += c;
    }
  }
  return result + "\"";
}

std::string number(float value) {
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  char buffer[40];
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof(buffer), value);
  std::string text(buffer, error == std::errc() ? end : buffer);
  // XGBoost tells whole numbers and others apart by their spelling.
  if (text.find_first_of(".e") == std::string::npos) text += "E0";
  return text;
}

float rounded(double value, const char* what) {
  const auto result = static_cast<float>(value);
  if (!std::isfinite(result)) {
    throw InvalidArgument(std::string("this forest cannot be written as ") + format + ": " + what +
                          " is too large for float32");
  }
  return result;
}

template <class Item>
void array(std::string& text, const char* key, std::size_t n, const Item& item) {
  text += quoted(key) + ":[";
  for (std::size_t i = 0; i < n; ++i) {
    if (i > 0) text += ',';
    text += item(i);
  }
  text += ']';
}

struct Objective {
  std::string text;     // as it stands in the file
  double factor = 1.0;  // of the leaves
  std::string base_score;
  bool base_score_is_free = false;  // any value stands for itself
  bool classes = false;             // the outputs are classes
};

Objective objective_of(const Forest& forest, const ModelInfo& info) {
  const std::string parameter = R"(,"reg_loss_param":{"scale_pos_weight":"1"}})";
  const std::string logistic = info.analysis_type == AnalysisType::classification && forest.n_outputs == 1
                                   ? R"({"name":"binary:logistic")"
                                   : R"({"name":"reg:logistic")";
  switch (forest.link) {
    case Link::logistic:
      return {logistic + parameter, 1.0, "5E-1", false, false};
    case Link::tmva_gradient:  // 2 / (1 + exp(-2 F)) - 1: XGBoost's probability is half of the response plus 1
      return {logistic + parameter, 2.0, "5E-1", false, false};
    case Link::softmax: {
      if (forest.n_outputs < 2) throw InvalidArgument(std::string("a softmax of one output is not ") + format);
      const std::string count = std::to_string(forest.n_outputs);
      return {R"({"name":"multi:softprob","softmax_multiclass_param":{"num_class":")" + count + "\"}}", 1.0, "0E0",
              true, true};
    }
    case Link::exponential:
      return {R"({"name":"reg:gamma")" + parameter, 1.0, "1E0", false, false};
    case Link::normalised_logistic:
      throw InvalidArgument(std::string("this forest cannot be written as ") + format +
                            ": its responses are logistic functions over their sum");
    case Link::identity:
      break;
  }
  return {R"({"name":"reg:squarederror")" + parameter, 1.0, "0E0", true, false};
}

// The nodes level by level: XGBoost since 1.6 takes the node after the left child for the right one, whatever the file
// says.
struct Order {
  std::vector<std::size_t> node;   // of our tree
  std::vector<std::int32_t> left;  // in the new numbers, -1 for leaves
  std::vector<std::int32_t> right;
  std::vector<std::int32_t> parent;
};
Order level_by_level(const Tree& tree) {
  Order order{{0}, {}, {}, {2147483647}};
  for (std::size_t i = 0; i < order.node.size(); ++i) {
    const std::size_t node = order.node[i];
    const bool leaf = tree.feature[node] == trees::leaf_feature;
    const auto next = static_cast<std::int32_t>(order.node.size());
    order.left.push_back(leaf ? -1 : next);
    order.right.push_back(leaf ? -1 : next + 1);
    if (leaf) continue;
    order.node.push_back(static_cast<std::size_t>(tree.left[node]));
    order.node.push_back(static_cast<std::size_t>(tree.right[node]));
    order.parent.insert(order.parent.end(), 2, static_cast<std::int32_t>(i));
  }
  return order;
}

void write_tree(std::string& text, const Tree& tree, const std::vector<double>& leaf, double factor, std::size_t id,
                std::int32_t n_features) {
  const std::size_t n = tree.node_count();
  const Order order = level_by_level(tree);
  const auto of = [&](std::size_t i) { return order.node[i]; };
  const auto is_leaf = [&](std::size_t i) { return tree.feature[of(i)] == trees::leaf_feature; };
  const auto known = [&](const std::vector<double>& values) {
    return [&](std::size_t i) {
      const bool usable = !values.empty() && std::isfinite(static_cast<float>(values[of(i)]));
      return number(usable ? static_cast<float>(values[of(i)]) : 0.0F);
    };
  };
  const auto zero = [](std::size_t) { return std::string("0"); };
  text += '{';
  array(text, "base_weights", n,
        [&](std::size_t i) { return number(is_leaf(i) ? rounded(factor * leaf[of(i)], "a leaf") : 0.0F); });
  for (const char* key :
       {",\"categories\":[]", ",\"categories_nodes\":[]", ",\"categories_segments\":[]", ",\"categories_sizes\":[],"}) {
    text += key;
  }
  array(text, "default_left", n,
        [&](std::size_t i) { return std::string(!is_leaf(i) && tree.missing_right[of(i)] == 0 ? "true" : "false"); });
  text += ",\"id\":" + std::to_string(id) + ",";
  array(text, "leaf_child_counts", n, zero);
  text += ',';
  array(text, "left_children", n, [&](std::size_t i) { return std::to_string(order.left[i]); });
  text += ',';
  array(text, "loss_changes", n, known(tree.gain));
  text += ',';
  array(text, "parents", n, [&](std::size_t i) { return std::to_string(order.parent[i]); });
  text += ',';
  array(text, "right_children", n, [&](std::size_t i) { return std::to_string(order.right[i]); });
  text += ',';
  array(text, "split_conditions", n, [&](std::size_t i) {
    if (is_leaf(i)) return number(rounded(factor * leaf[of(i)], "a leaf"));
    return number(trees::float_threshold(tree.threshold[of(i)]));
  });
  text += ',';
  array(text, "split_indices", n, [&](std::size_t i) { return std::to_string(is_leaf(i) ? 0 : tree.feature[of(i)]); });
  text += ',';
  array(text, "split_type", n, zero);
  text += ',';
  array(text, "sum_hessian", n, known(tree.weight));
  text += ",\"tree_param\":{\"num_deleted\":\"0\",\"num_feature\":\"" + std::to_string(n_features) +
          "\",\"num_nodes\":\"" + std::to_string(n) + "\",\"size_leaf_vector\":\"1\"}}";
}

}  // namespace

std::string write_xgboost(const Model& model) {
  const Forest& forest = foreign::forest_of(model, format);
  const ModelInfo& info = model.info();
  foreign::SumForest sum = foreign::as_sum(forest, format);
  Objective objective = objective_of(forest, info);
  const auto n_outputs = static_cast<std::size_t>(forest.n_outputs);

  // A base score that the objective would take through its link stands in a first round of single leaves instead.
  const bool equal = std::all_of(sum.base_score.begin(), sum.base_score.end(),
                                 [&](double score) { return score == sum.base_score[0]; });
  const bool none = equal && sum.base_score[0] == 0;
  const bool own_round = !none && !(equal && objective.base_score_is_free);
  if (equal && objective.base_score_is_free) objective.base_score = number(rounded(sum.base_score[0], "a base score"));

  std::string trees;
  std::size_t n_trees = 0;
  const auto add = [&](const Tree& tree, const std::vector<double>& leaf) {
    if (n_trees > 0) trees += ',';
    write_tree(trees, tree, leaf, objective.factor, n_trees++, forest.n_features);
  };
  for (std::size_t k = 0; own_round && k < n_outputs; ++k) add(foreign::leaf_tree(0.0), {sum.base_score[k]});
  for (std::size_t t = 0; t < forest.trees.size(); ++t) add(forest.trees[t], sum.leaf[t]);

  // XGBoost takes no names with these characters: then there are none, and variables are known by their position.
  const auto name = [&](std::size_t j) {
    const VariableInfo& variable = info.variables[j];
    return variable.label.empty() ? variable.expression : variable.label;
  };
  std::size_t n_names = info.variables.size();
  for (std::size_t j = 0; j < info.variables.size(); ++j) {
    if (name(j).find_first_of("[]<") != std::string::npos) n_names = 0;
  }
  std::string text = R"({"learner":{"attributes":{},)";
  array(text, "feature_names", n_names, [&](std::size_t j) { return quoted(name(j)); });
  text += R"(,"feature_types":[],"gradient_booster":{"model":{"gbtree_model_param":{"num_parallel_tree":"1",)";
  text += "\"num_trees\":\"" + std::to_string(n_trees) + "\",\"size_leaf_vector\":\"0\"},";
  array(text, "iteration_indptr", n_trees / n_outputs + 1,
        [&](std::size_t i) { return std::to_string(i * n_outputs); });
  text += ',';
  array(text, "tree_info", n_trees, [&](std::size_t t) { return std::to_string(t % n_outputs); });
  text += ",\"trees\":[" + trees + "]},\"name\":\"gbtree\"},\"learner_model_param\":{\"base_score\":\"" +
          objective.base_score + "\",\"boost_from_average\":\"0\",\"num_class\":\"" +
          std::to_string(objective.classes ? n_outputs : 0) + "\",\"num_feature\":\"" +
          std::to_string(forest.n_features) + "\",\"num_target\":\"" +
          std::to_string(objective.classes ? 1 : n_outputs) + "\"},\"objective\":" + objective.text +
          "},\"version\":[1,7,0]}";
  return text;
}

}  // namespace diskern::model

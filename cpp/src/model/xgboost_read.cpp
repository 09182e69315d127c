// Models of XGBoost, as its versions since 1.0 write them in JSON and since 1.6 in UBJSON.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "diskern/error.hpp"
#include "model/foreign.hpp"
#include "model/implementation.hpp"
#include "model/xml.hpp"

namespace diskern::model {

namespace {

using json::Value;
using trees::Forest;
using trees::Link;
using trees::Tree;

// From the base score, which is in the units of the prediction, to what the trees add to.
enum class Margin : std::uint8_t { itself, logit, logarithm };

struct Objective {
  const char* name;
  AnalysisType analysis_type;
  Link link;
  Margin margin;
};
constexpr AnalysisType classification = AnalysisType::classification;
constexpr AnalysisType regression = AnalysisType::regression;
constexpr Objective objectives[] = {
    {"binary:logistic", classification, Link::logistic, Margin::logit},
    {"binary:logitraw", classification, Link::identity, Margin::itself},
    {"multi:softprob", AnalysisType::multiclass, Link::softmax, Margin::itself},
    {"multi:softmax", AnalysisType::multiclass, Link::softmax, Margin::itself},
    {"reg:squarederror", regression, Link::identity, Margin::itself},
    {"reg:linear", regression, Link::identity, Margin::itself},  // its name before 0.90
    {"reg:squaredlogerror", regression, Link::identity, Margin::itself},
    {"reg:pseudohubererror", regression, Link::identity, Margin::itself},
    {"reg:absoluteerror", regression, Link::identity, Margin::itself},
    {"reg:quantileerror", regression, Link::identity, Margin::itself},
    {"reg:logistic", regression, Link::logistic, Margin::logit},
    {"reg:gamma", regression, Link::exponential, Margin::logarithm},
    {"reg:tweedie", regression, Link::exponential, Margin::logarithm},
    {"count:poisson", regression, Link::exponential, Margin::logarithm},
    {"survival:cox", regression, Link::exponential, Margin::logarithm},
    {"survival:aft", regression, Link::exponential, Margin::logarithm},
    {"rank:pairwise", regression, Link::identity, Margin::itself},
    {"rank:ndcg", regression, Link::identity, Margin::itself},
    {"rank:map", regression, Link::identity, Margin::itself},
};

const Objective& find_objective(const Value& objective) {
  const std::string name = objective.at("name").text();
  std::string known;
  for (const Objective& one : objectives) {
    if (name == one.name) return one;
    known += (known.empty() ? "" : ", ") + std::string(one.name);
  }
  objective.at("name").fail("is '" + name + "', whose response is not read; those of " + known + " are");
}

// Parameters are strings that hold a number; some writers leave the quotes away.
double parameter(const Value& value) {
  if (value.type() != json::Type::text) return value.number();
  const std::string text = value.text();
  const auto number = xml::to_number(text);
  if (!number) value.fail("is '" + text.substr(0, 40) + "', which is no number");
  return *number;
}
std::int64_t count_parameter(const Value& object, const char* key, std::int64_t fallback, std::int64_t minimum,
                             std::int64_t maximum) {
  const auto value = object.find(key);
  if (!value) return fallback;
  const double number = parameter(*value);
  if (!(number >= static_cast<double>(minimum) && number <= static_cast<double>(maximum)) ||
      number != std::floor(number)) {
    value->fail("is " + xml::to_text(number) + ", expected a whole number from " + std::to_string(minimum) + " to " +
                std::to_string(maximum));
  }
  return static_cast<std::int64_t>(number);
}

// "5E-1", 0.5, "[5E-1]" (one for all since 3.1) or "[1E-1,2E-1,7E-1]" (one for each output).
std::vector<double> base_scores(const Value& value, std::size_t n_outputs) {
  std::vector<double> scores;
  if (value.type() == json::Type::numbers) {
    scores = value.numbers();
  } else if (value.type() == json::Type::text && value.text().substr(0, 1) == "[") {
    const std::string text = value.text();
    if (text.back() != ']') value.fail("does not end with ]");
    std::size_t begin = 1;
    while (begin < text.size()) {
      const std::size_t end = std::min(text.find(',', begin), text.size() - 1);
      const auto number = xml::to_number(std::string_view(text).substr(begin, end - begin));
      if (!number) value.fail("holds '" + text.substr(begin, std::min<std::size_t>(end - begin, 40)) + "'");
      scores.push_back(*number);
      begin = end + 1;
    }
  } else {
    scores.push_back(parameter(value));
  }
  if (scores.size() == 1) scores.resize(n_outputs, scores[0]);
  if (scores.size() != n_outputs) {
    value.fail("has " + std::to_string(scores.size()) + " numbers for " + std::to_string(n_outputs) + " outputs");
  }
  return scores;
}

// Before 1.3 the base score of binary:logitraw was a probability, as that of binary:logistic; since then it is itself.
bool logitraw_takes_probability(const Value& root) {
  const auto version = root.find("version");
  if (!version || version->numbers().size() < 2) return false;
  return version->numbers()[0] == 1 && version->numbers()[1] < 3;
}

// In float32, as XGBoost computes it.
double to_margin(double score, Margin margin, const Value& where) {
  const auto value = static_cast<float>(score);
  if (!std::isfinite(value)) where.fail("is not finite");
  if (margin == Margin::logit) {
    if (!(value > 0.0F && value < 1.0F)) {
      where.fail("is " + xml::to_text(score) + ", expected a probability between 0 and 1");
    }
    return static_cast<double>(static_cast<float>(-std::log(static_cast<double>(1.0F / value - 1.0F))));
  }
  if (margin == Margin::logarithm) {
    if (!(value > 0.0F)) where.fail("is " + xml::to_text(score) + ", expected a positive number");
    return static_cast<double>(static_cast<float>(std::log(static_cast<double>(value))));
  }
  return static_cast<double>(value);
}

class TreeReader {
 public:
  TreeReader(std::size_t n_features, std::size_t n_outputs) : n_features_(n_features), n_outputs_(n_outputs) {}

  // One tree, or one for each output where the leaves are vectors.
  std::vector<Tree> read(const Value& value, std::size_t number) {
    const Value& param = value.at("tree_param");
    const std::int64_t most = std::numeric_limits<std::int32_t>::max();
    const auto n = static_cast<std::size_t>(count_parameter(param, "num_nodes", -1, 1, most));
    param.at("num_nodes");
    const auto width = static_cast<std::size_t>(count_parameter(param, "size_leaf_vector", 1, 0, 65536));
    const bool vector_leaves = width > 1;
    if (vector_leaves && width != n_outputs_) {
      param.at("size_leaf_vector")
          .fail("is " + std::to_string(width) + ", expected 1 or the " + std::to_string(n_outputs_) + " outputs");
    }

    foreign::SourceTree source;
    const std::vector<double>& conditions = value.at("split_conditions").numbers(n);
    links(value, n, vector_leaves, source.tree);
    const std::vector<double>& default_left = value.at("default_left").numbers(n);
    const Value features = value.at("split_indices");
    features.numbers(n);
    Tree& tree = source.tree;
    tree.threshold.resize(n, 0.0);
    tree.missing_right.resize(n, 0);
    tree.value.resize(n, 0.0);
    for (std::size_t i = 0; i < n; ++i) {
      if (tree.feature[i] == trees::leaf_feature) {
        if (!vector_leaves) tree.value[i] = static_cast<double>(static_cast<float>(conditions[i]));
        continue;
      }
      tree.feature[i] =
          static_cast<std::int32_t>(features.integer_at(i, 0, static_cast<std::int64_t>(n_features_) - 1));
      tree.threshold[i] = static_cast<double>(static_cast<float>(conditions[i]));
      tree.missing_right[i] = default_left[i] != 0 ? 0 : 1;
    }
    if (const auto known = value.find("sum_hessian")) tree.weight = known->numbers(n);
    if (const auto known = value.find("loss_changes")) tree.gain = known->numbers(n);
    if (const auto types = value.find("split_type")) categories(value, types->numbers(n), source);
    check_parents(value, source.tree);

    std::vector<double> leaves;
    if (vector_leaves) leaves = leaf_vectors(value, tree, n, width);
    const std::size_t deleted = deleted_nodes(features, source.tree);
    count_parameter(param, "num_deleted", 0, static_cast<std::int64_t>(deleted), static_cast<std::int64_t>(deleted));
    const foreign::AssembledTree assembled = foreign::assemble(std::move(source), number, deleted, budget_);
    std::vector<Tree> result(vector_leaves ? width : 1, assembled.tree);
    for (std::size_t k = 0; vector_leaves && k < width; ++k) {
      for (std::size_t i = 0; i < assembled.origin.size(); ++i) {
        result[k].value[i] = leaves[static_cast<std::size_t>(assembled.origin[i]) * width + k];
      }
    }
    return result;
  }

 private:
  std::size_t n_features_;
  std::size_t n_outputs_;
  foreign::NodeBudget budget_;

  static void links(const Value& value, std::size_t n, bool vector_leaves, Tree& tree) {
    const Value left = value.at("left_children");
    const Value right = value.at("right_children");
    left.numbers(n);
    right.numbers(n);
    const auto last = static_cast<std::int64_t>(n) - 1;
    for (std::size_t i = 0; i < n; ++i) {
      const std::int64_t l = left.integer_at(i, -1, last);
      const std::int64_t r = right.integer_at(i, -1, last);
      const bool leaf = l == -1;
      // Trees of vectors keep the number of the leaf in the place of the right child.
      if (leaf && r != -1 && !vector_leaves) right.fail_at(i, "belongs to a node with one child");
      if (!leaf && r == -1) right.fail_at(i, "belongs to a node with one child");
      tree.feature.push_back(leaf ? trees::leaf_feature : 0);
      tree.left.push_back(static_cast<std::int32_t>(leaf ? -1 : l));
      tree.right.push_back(static_cast<std::int32_t>(leaf ? -1 : r));
    }
  }

  // Pruning leaves nodes behind that nothing leads to.
  static std::size_t deleted_nodes(const Value& features, const Tree& tree) {
    constexpr double deleted_feature = 2147483647;
    std::size_t deleted = 0;
    for (std::size_t i = 0; i < tree.node_count(); ++i) {
      if (tree.feature[i] == trees::leaf_feature && features.numbers()[i] == deleted_feature) ++deleted;
    }
    return deleted;
  }

  static void check_parents(const Value& value, const Tree& tree) {
    const auto parents = value.find("parents");
    if (!parents) return;
    const std::vector<double>& given = parents->numbers(tree.node_count());
    for (std::size_t i = 0; i < tree.node_count(); ++i) {
      if (tree.feature[i] == trees::leaf_feature) continue;
      for (const std::int32_t child : {tree.left[i], tree.right[i]}) {
        const auto c = static_cast<std::size_t>(child);
        if (given[c] != static_cast<double>(i)) {
          parents->fail_at(c, "is " + xml::to_text(given[c]) + ", but the node is a child of " + std::to_string(i));
        }
      }
    }
  }

  // Events of the chosen categories go right, all others left. A value belongs to the category of its whole part.
  static void categories(const Value& value, const std::vector<double>& types, foreign::SourceTree& source) {
    constexpr std::int64_t most = (std::int64_t{1} << 24) - 1;  // larger ones are none for XGBoost
    std::vector<std::int64_t> place(types.size(), -1);
    if (const auto nodes = value.find("categories_nodes")) {
      for (std::size_t j = 0; j < nodes->numbers().size(); ++j) {
        place[static_cast<std::size_t>(nodes->integer_at(j, 0, static_cast<std::int64_t>(types.size()) - 1))] =
            static_cast<std::int64_t>(j);
      }
    }
    std::int64_t used = 0;
    for (std::size_t i = 0; i < types.size(); ++i) {
      if (types[i] == 0 || source.tree.feature[i] == trees::leaf_feature) continue;
      if (types[i] != 1) value.at("split_type").fail_at(i, "is " + xml::to_text(types[i]) + ", expected 0 or 1");
      if (place[i] < 0) value.at("split_type").fail_at(i, "is categorical, but not among categories_nodes");
      const auto j = static_cast<std::size_t>(place[i]);
      const Value all = value.at("categories");
      const Value segments = value.at("categories_segments");
      const Value sizes = value.at("categories_sizes");
      const auto total = static_cast<std::int64_t>(all.numbers().size());
      if (segments.size() <= j || sizes.size() <= j) segments.fail("is shorter than categories_nodes");
      const std::int64_t begin = segments.integer_at(j, 0, total);
      const std::int64_t size = sizes.integer_at(j, 0, total - begin);
      used += size;
      if (used > total) sizes.fail("and segments take categories more than once");
      std::vector<std::int64_t> chosen;
      for (std::int64_t c = begin; c < begin + size; ++c) {
        chosen.push_back(all.integer_at(static_cast<std::size_t>(c), 0, most));
      }
      std::sort(chosen.begin(), chosen.end());
      foreign::Cuts cuts;
      for (const std::int64_t category : chosen) {
        const auto low = static_cast<double>(category);
        if (!cuts.values.empty() && cuts.values.back() > low) continue;  // twice
        if (!cuts.values.empty() && cuts.values.back() == low) {
          cuts.values.back() = low + 1;
        } else {
          cuts.values.push_back(low);
          cuts.values.push_back(low + 1);
        }
      }
      source.several.emplace(static_cast<std::int32_t>(i), std::move(cuts));
    }
  }

  // Since 3.1 the leaves' vectors stand in an array of their own, in the order of the numbers in right_children;
  // before, they are among the weights of all nodes.
  static std::vector<double> leaf_vectors(const Value& value, const Tree& tree, std::size_t n, std::size_t width) {
    std::vector<double> leaves(n * width, 0.0);
    const auto own = value.find("leaf_weights");
    const Value all = own ? *own : value.at("base_weights");
    const std::vector<double>& weights = all.numbers();
    if (weights.size() % width != 0 || (!own && weights.size() != n * width)) {
      all.fail("has " + std::to_string(weights.size()) + " numbers for vectors of " + std::to_string(width));
    }
    const Value right = value.at("right_children");
    const auto last = static_cast<std::int64_t>(weights.size() / width) - 1;
    const auto n_leaves = std::count(tree.feature.begin(), tree.feature.end(), trees::leaf_feature);
    if (own && n_leaves != last + 1) all.fail("has not as many vectors as there are leaves");
    for (std::size_t i = 0; i < n; ++i) {
      if (tree.feature[i] != trees::leaf_feature) continue;
      const std::size_t from = own ? static_cast<std::size_t>(right.integer_at(i, 0, last)) : i;
      for (std::size_t k = 0; k < width; ++k) {
        leaves[i * width + k] = static_cast<double>(static_cast<float>(weights[from * width + k]));
      }
    }
    return leaves;
  }
};

std::vector<std::string> texts(const Value& array) {
  std::vector<std::string> result;
  for (const Value& one : array.elements()) result.push_back(one.text());
  return result;
}

std::vector<VariableInfo> read_variables(const Value& learner, std::size_t n_features) {
  std::vector<std::string> names;
  if (const auto given = learner.find("feature_names")) names = texts(*given);
  if (names.empty()) {
    for (std::size_t j = 0; j < n_features; ++j) names.push_back(std::string("f").append(std::to_string(j)));
  }
  if (names.size() != n_features) {
    learner.at("feature_names")
        .fail("has " + std::to_string(names.size()) + " names for " + std::to_string(n_features) + " features");
  }
  std::vector<VariableInfo> variables = foreign::to_variables(names);
  if (const auto given = learner.find("feature_types"); given && given->size() != 0) {
    const std::vector<std::string> types = texts(*given);
    if (types.size() != n_features) given->fail("has not as many entries as there are features");
    for (std::size_t j = 0; j < n_features; ++j) variables[j].type = types[j] == "int" || types[j] == "i" ? 'I' : 'F';
  }
  return variables;
}

void read_provenance(const Value& root, const Value& learner, const char* format, ModelInfo& info) {
  info.provenance.emplace_back("format", format);
  if (const auto version = root.find("version")) {
    std::string text;
    for (std::size_t i = 0; i < version->numbers().size(); ++i) {
      if (i > 0) text += '.';
      text += std::to_string(version->integer_at(i, 0, 1 << 20));
    }
    info.provenance.emplace_back("XGBoost release", text);
  }
  if (const auto attributes = learner.find("attributes")) {
    for (const Value& one : attributes->elements()) info.provenance.emplace_back(one.key(), one.text());
  }
}

// The trees of a booster, and what DART weighs them with.
struct Booster {
  Value model;
  std::vector<double> weights;  // empty: 1
};

Booster find_booster(const Value& learner) {
  const Value booster = learner.at("gradient_booster");
  const std::string name = booster.at("name").text();
  if (name == "gbtree") return {booster.at("model"), {}};
  if (name == "dart") return {booster.at("gbtree").at("model"), booster.at("weight_drop").numbers()};
  booster.at("name").fail("is '" + name + "', which is not read; gbtree and dart are");
}

Model read(const Value& root, const char* format) {
  if (root.type() != json::Type::object || !root.find("learner")) {
    throw FormatError(
        "JSON that is no model of XGBoost, which has a 'learner' (a dump of its trees lacks what they add to: "
        "write the model with save_model)");
  }
  const Value learner = root.at("learner");
  const Value param = learner.at("learner_model_param");
  const Value objective_value = learner.at("objective");
  const Objective& objective = find_objective(objective_value);

  Forest forest;
  param.at("num_feature");
  const auto n_features = static_cast<std::size_t>(
      count_parameter(param, "num_feature", 1, 1, static_cast<std::int64_t>(maximum_variables)));
  const std::int64_t most_outputs = static_cast<std::int64_t>(maximum_outputs);
  const std::int64_t n_classes = std::max<std::int64_t>(1, count_parameter(param, "num_class", 1, 0, most_outputs));
  const std::int64_t n_targets = std::max<std::int64_t>(1, count_parameter(param, "num_target", 1, 0, most_outputs));
  if (n_classes > 1 && n_targets > 1) param.at("num_target").fail("and num_class are both above 1");
  const auto n_outputs = static_cast<std::size_t>(std::max(n_classes, n_targets));
  const bool multiclass = objective.analysis_type == AnalysisType::multiclass;
  if (multiclass != (n_classes > 1)) param.at("num_class").fail("does not fit the objective");
  if (objective.analysis_type == classification && n_outputs > 1) {
    param.at("num_target").fail("is above 1: several labels for one event are not read");
  }
  forest.n_features = static_cast<std::int32_t>(n_features);
  forest.n_outputs = static_cast<std::int32_t>(n_outputs);
  forest.link = objective.link;
  const Value base_score = param.at("base_score");
  const bool old_raw = std::string_view(objective.name) == "binary:logitraw" && logitraw_takes_probability(root);
  for (const double score : base_scores(base_score, n_outputs)) {
    forest.base_score.push_back(to_margin(score, old_raw ? Margin::logit : objective.margin, base_score));
  }

  const Booster booster = find_booster(learner);
  const std::vector<Value> elements = booster.model.at("trees").elements();
  const auto n_trees = static_cast<std::int64_t>(elements.size());
  count_parameter(booster.model.at("gbtree_model_param"), "num_trees", n_trees, n_trees, n_trees);
  const Value group = booster.model.at("tree_info");
  group.numbers(elements.size());
  if (!booster.weights.empty() && booster.weights.size() != elements.size()) {
    learner.at("gradient_booster").at("weight_drop").fail("has not as many entries as there are trees");
  }
  std::vector<std::vector<Tree>> trees_of_output(n_outputs);
  std::vector<std::vector<double>> weights_of_output(n_outputs);
  TreeReader reader(n_features, n_outputs);
  for (std::size_t t = 0; t < elements.size(); ++t) {
    const double weight = booster.weights.empty() ? 1.0 : static_cast<double>(static_cast<float>(booster.weights[t]));
    std::vector<Tree> trees = reader.read(elements[t], t);
    const auto first = static_cast<std::size_t>(group.integer_at(t, 0, static_cast<std::int64_t>(n_outputs) - 1));
    if (trees.size() > 1 && first != 0) group.fail_at(t, "is of a tree for all outputs, expected 0");
    for (std::size_t k = 0; k < trees.size(); ++k) {
      trees_of_output[first + k].push_back(std::move(trees[k]));
      weights_of_output[first + k].push_back(weight);
    }
  }
  foreign::set_trees(forest, std::move(trees_of_output), std::move(weights_of_output));

  ModelInfo info;
  info.method = "BDT";
  info.title = "XGBoost";
  info.analysis_type = objective.analysis_type;
  info.variables = read_variables(learner, n_features);
  if (objective.analysis_type == classification) info.classes = {"0", "1"};
  for (std::int64_t k = 0; multiclass && k < n_classes; ++k) info.classes.push_back(std::to_string(k));
  info.signal_class = objective.analysis_type == classification ? 1 : 0;
  info.options.emplace_back("objective", objective.name);
  info.options.emplace_back("booster", learner.at("gradient_booster").at("name").text());
  read_provenance(root, learner, format, info);
  return make_model(std::move(info), nullptr, std::make_shared<const trees::ForestPredictor>(std::move(forest)));
}

}  // namespace

Model read_xgboost(std::string content, json::Document::Form form) {
  const bool text = form == json::Document::Form::text;
  try {
    const json::Document document(std::move(content), form);
    return read(document.root(), text ? "XGBoost JSON" : "XGBoost UBJSON");
  } catch (const Error& error) {
    throw FormatError(std::string(text ? "XGBoost JSON, " : "XGBoost UBJSON, ") + error.what());
  }
}

}  // namespace diskern::model

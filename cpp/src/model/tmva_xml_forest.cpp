// BDT in TMVA's weight files (tmva.md 3.3, 7.3): forests of decision trees for all boost types.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "diskern/error.hpp"
#include "model/tmva_xml.hpp"

namespace diskern::model::tmva {

namespace {

using trees::Aggregation;
using trees::Forest;
using trees::Link;
using trees::Tree;

constexpr std::int32_t no_type = -99;  // TMVA's nType of leaves that are no signal or background

// What the value of a leaf is.
enum class LeafValue : std::uint8_t { response, type, purity };

struct TreeReader {
  std::size_t n_features;
  LeafValue leaf_value;
  bool equality;  // goes right where x >= cut, otherwise where x > cut

  Tree read(const xml::Element& binary_tree) const;

 private:
  void read_node(const xml::Element& node, bool leaf, Tree& tree) const;
  void read_linear(const xml::Element& node, std::int64_t count, Tree& tree) const;
};

// For float32 variables x > cut is the same as x >= the next larger float.
double next_float(double cut) noexcept {
  return static_cast<double>(std::nextafter(static_cast<float>(cut), std::numeric_limits<float>::infinity()));
}
double previous_float(double cut) noexcept {
  return static_cast<double>(std::nextafter(static_cast<float>(cut), -std::numeric_limits<float>::infinity()));
}

void TreeReader::read_linear(const xml::Element& node, std::int64_t count, Tree& tree) const {
  if (count != static_cast<std::int64_t>(n_features) + 1) {
    node.fail("has NCoef " + std::to_string(count) + ", expected " + std::to_string(n_features + 1));
  }
  std::vector<double> coefficients(n_features + 1);
  std::size_t found = 0;
  for (std::size_t i = 0; i < node.attribute_count(); ++i) {
    const auto [name, value] = node.attribute(i);
    if (name.substr(0, 2) != "fC") continue;
    std::size_t index = 0;
    const auto [end, error] = std::from_chars(name.data() + 2, name.data() + name.size(), index);
    if (error != std::errc() || end != name.data() + name.size() || index > n_features) {
      node.fail("has the unexpected attribute " + std::string(name));
    }
    coefficients[index] = node.number(name.size() < 20 ? name : name.substr(0, 20));
    ++found;
  }
  if (found != coefficients.size()) node.fail("has " + std::to_string(found) + " coefficients fC");
  // TMVA adds the last coefficient to the sum before it compares.
  const double threshold = node.number("Cut") - coefficients.back();
  tree.feature.push_back(trees::linear_feature);
  tree.threshold.push_back(threshold);
  if (tree.linear_coefficients.size() + n_features >
      static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max())) {
    node.fail("is one of too many with linear cuts");
  }
  tree.linear_begin.resize(tree.feature.size(), 0);
  tree.linear_begin.back() = static_cast<std::int32_t>(tree.linear_coefficients.size());
  tree.linear_coefficients.insert(tree.linear_coefficients.end(), coefficients.begin(), coefficients.end() - 1);
}

void TreeReader::read_node(const xml::Element& node, bool leaf, Tree& tree) const {
  constexpr std::int64_t most_coefficients = 1 << 20;
  const std::int64_t coefficients = node.has("NCoef") ? node.integer("NCoef", 0, most_coefficients) : 0;
  if (leaf) {
    tree.feature.push_back(trees::leaf_feature);
    tree.threshold.push_back(0.0);
  } else if (coefficients > 0) {
    read_linear(node, coefficients, tree);
  } else {
    tree.feature.push_back(
        static_cast<std::int32_t>(node.integer("IVar", 0, static_cast<std::int64_t>(n_features) - 1)));
    const double cut = node.number("Cut");
    tree.threshold.push_back(equality ? cut : next_float(cut));
  }
  if (!tree.linear_begin.empty()) tree.linear_begin.resize(tree.feature.size(), 0);
  tree.left.push_back(-1);
  tree.right.push_back(-1);
  // A comparison with NaN is false for TMVA: such an event goes where small values go. Missing is our own attribute.
  tree.missing_right.push_back(!leaf && node.has("Missing") && node.integer("Missing", 0, 1) == 1 ? 1 : 0);
  tree.swapped.push_back(node.integer("cType", 0, 1) == 0 ? 1 : 0);
  const auto type = static_cast<std::int32_t>(node.integer("nType", no_type, 1));
  tree.node_type.push_back(type);
  const double response = node.has("res") ? node.number("res") : static_cast<double>(no_type);
  tree.response_rms.push_back(node.has("rms") ? node.number("rms") : 0.0);
  double purity = 0.5;
  if (node.has("purity")) {
    purity = node.number("purity");
  } else {  // before TMVA 4.1
    const double signal = node.number("nS");
    const double background = node.number("nB");
    tree.weight.push_back(signal + background);
    if (signal + background != 0.0) purity = signal / (signal + background);
  }
  tree.purity.push_back(purity);
  switch (leaf_value) {
    case LeafValue::response:
      tree.value.push_back(response);
      break;
    case LeafValue::purity:
      tree.value.push_back(purity);
      break;
    case LeafValue::type:
      if (leaf && type != 1 && type != -1)
        node.fail("is a leaf of type " + std::to_string(type) + ", expected 1 or -1");
      tree.value.push_back(static_cast<double>(type));
  }
}

Tree TreeReader::read(const xml::Element& binary_tree) const {
  struct Pending {
    xml::Element node;
    std::int32_t parent;
    bool is_right;
  };
  Tree tree;
  std::vector<Pending> pending{{binary_tree.child("Node"), -1, false}};
  while (!pending.empty()) {
    const Pending one = pending.back();
    pending.pop_back();
    const std::vector<xml::Element> children = one.node.children("Node");
    if (!children.empty() && children.size() != 2)
      one.node.fail("has " + std::to_string(children.size()) + " daughters");
    const auto index = static_cast<std::int32_t>(tree.node_count());
    read_node(one.node, children.empty(), tree);
    if (one.parent >= 0) (one.is_right ? tree.right : tree.left)[static_cast<std::size_t>(one.parent)] = index;
    if (children.empty()) continue;
    const bool first_is_left = children[0].text("pos") == "l";
    const xml::Element& left = children[first_is_left ? 0 : 1];
    const xml::Element& right = children[first_is_left ? 1 : 0];
    if (left.text("pos") != "l" || right.text("pos") != "r") one.node.fail("needs daughters with pos l and r");
    // With cType 0 TMVA sends events below the cut right; our right is always above.
    const bool swapped = tree.swapped.back() != 0;
    pending.push_back({right, index, !swapped});
    pending.push_back({left, index, swapped});
  }
  return tree;
}

void read_preselection(const xml::Element& weights, const Context& context, Forest& forest) {
  if (!weights.has("PreselectionLowBkgVar0")) return;
  struct Kind {
    const char* name;
    bool below;
    bool signal;
  };
  static constexpr Kind kinds[] = {
      {"LowBkg", true, false}, {"LowSig", true, true}, {"HighBkg", false, false}, {"HighSig", false, true}};
  for (std::size_t j = 0; j < context.variable_count(); ++j) {
    for (const Kind& kind : kinds) {
      const std::string name = "Preselection" + std::string(kind.name) + "Var" + std::to_string(j);
      if (weights.integer(name, 0, 1) == 0) continue;
      forest.preselection.cuts.push_back(
          {static_cast<std::int32_t>(j), weights.number(name + "Value"), kind.below, kind.signal});
    }
  }
}

}  // namespace

PredictorPointer read_forest(const xml::Element& weights, const Context& context) {
  const std::vector<xml::Element> elements = weights.children("BinaryTree");
  const auto count = static_cast<std::int64_t>(elements.size());
  weights.integer("NTrees", count, count);

  Forest forest;
  forest.n_features = static_cast<std::int32_t>(context.variable_count());
  const std::string boost = context.option("BoostType", "AdaBoost");
  const bool gradient = boost == "Grad";
  const AnalysisType analysis = context.info.analysis_type;
  LeafValue leaf_value = LeafValue::response;
  if (gradient) {
    forest.aggregation = Aggregation::sum;
    if (analysis == AnalysisType::classification) forest.link = Link::tmva_gradient;
    if (analysis == AnalysisType::multiclass) {
      forest.link = Link::softmax;
      forest.n_outputs = static_cast<std::int32_t>(context.info.classes.size());
      if (forest.n_outputs < 2) weights.fail("belongs to a multiclass analysis of fewer than 2 classes");
    }
  } else if (analysis == AnalysisType::regression) {
    forest.aggregation = boost == "AdaBoostR2" ? Aggregation::weighted_median : Aggregation::weighted_mean;
  } else if (analysis == AnalysisType::multiclass) {
    weights.fail("is a multiclass forest of BoostType " + boost + ", TMVA has them with Grad only");
  } else {
    forest.aggregation = Aggregation::weighted_mean;
    leaf_value = context.flag("UseYesNoLeaf", true) ? LeafValue::type : LeafValue::purity;
  }

  forest.base_score.assign(static_cast<std::size_t>(forest.n_outputs), 0.0);
  const bool weighted = !gradient && context.flag("UseWeightedTrees", true);
  const TreeReader reader{context.variable_count(), leaf_value, cuts_include_equality(context.root)};
  for (const xml::Element& element : elements) {
    forest.trees.push_back(reader.read(element));
    const double weight = element.number("boostWeight");
    forest.tree_weight.push_back(weighted ? weight : 1.0);
    // The first "weight" of a gradient regression is what the trees start from.
    if (gradient && analysis == AnalysisType::regression && forest.trees.size() == 1) forest.base_score[0] = weight;
  }
  if (analysis == AnalysisType::classification) read_preselection(weights, context, forest);
  return std::make_shared<const trees::ForestPredictor>(std::move(forest));
}

namespace {

[[noreturn]] void refuse(const std::string& why) {
  throw InvalidArgument("this forest cannot be written as a TMVA weight file: " + why);
}

bool yes_no_leaves(const Forest& forest) {
  for (const Tree& tree : forest.trees) {
    for (std::size_t i = 0; i < tree.node_count(); ++i) {
      if (tree.feature[i] == trees::leaf_feature && tree.value[i] != 1.0 && tree.value[i] != -1.0) return false;
    }
  }
  return true;
}

// The smallest float that is not below the cut: float32 variables go the same way, and TMVA's cuts are floats.
double float_above(double cut) noexcept {
  const auto nearest = static_cast<float>(cut);
  const double value = static_cast<double>(nearest);
  return value >= cut ? value : next_float(cut);
}

class TreeWriter {
 public:
  TreeWriter(xml::Writer& writer, const Forest& forest, const Context& context, LeafValue leaf_value)
      : writer_(writer), forest_(forest), leaf_value_(leaf_value), equality_(cuts_include_equality(context.root)) {}

  void write(const Tree& tree) {
    struct Step {
      std::size_t node;
      int depth;
      char position;
      bool closing;
    };
    std::vector<Step> steps{{0, 0, 's', false}};
    while (!steps.empty()) {
      const Step step = steps.back();
      steps.pop_back();
      if (step.closing) {
        writer_.close();
        continue;
      }
      if (static_cast<std::size_t>(step.depth) + 8 > xml::maximum_depth) refuse("a tree is deeper than 1000 nodes");
      node(tree, step.node, step.depth, step.position);
      steps.push_back({0, 0, ' ', true});
      if (tree.feature[step.node] == trees::leaf_feature) continue;
      const bool swapped = !tree.swapped.empty() && tree.swapped[step.node] != 0;
      const auto left = static_cast<std::size_t>(swapped ? tree.right[step.node] : tree.left[step.node]);
      const auto right = static_cast<std::size_t>(swapped ? tree.left[step.node] : tree.right[step.node]);
      steps.push_back({right, step.depth + 1, 'r', false});
      steps.push_back({left, step.depth + 1, 'l', false});
    }
  }

 private:
  xml::Writer& writer_;
  const Forest& forest_;
  LeafValue leaf_value_;
  bool equality_;

  void node(const Tree& tree, std::size_t i, int depth, char position) {
    const bool leaf = tree.feature[i] == trees::leaf_feature;
    const bool linear = tree.feature[i] == trees::linear_feature;
    writer_.open("Node");
    writer_.attribute("pos", std::string_view(&position, 1));
    writer_.attribute("depth", std::int64_t{depth});
    writer_.attribute("NCoef", linear ? std::int64_t{forest_.n_features} + 1 : std::int64_t{0});
    if (linear) {
      const auto begin = static_cast<std::size_t>(tree.linear_begin[i]);
      const auto n = static_cast<std::size_t>(forest_.n_features);
      for (std::size_t j = 0; j < n; ++j)
        writer_.attribute("fC" + std::to_string(j), tree.linear_coefficients[begin + j]);
      // The offset is a float64 for TMVA, the cut is not.
      writer_.attribute("fC" + std::to_string(n), -tree.threshold[i]);
    }
    writer_.attribute("IVar", leaf     ? std::int64_t{-1}
                              : linear ? std::int64_t{forest_.n_features}
                                       : std::int64_t{tree.feature[i]});
    double cut = 0.0;
    if (!leaf && !linear) {
      cut = float_above(tree.threshold[i]);
      if (!equality_) cut = previous_float(cut);
    }
    writer_.attribute("Cut", cut);
    writer_.attribute("cType", !tree.swapped.empty() && tree.swapped[i] != 0 ? std::int64_t{0} : std::int64_t{1});
    writer_.attribute("res", leaf_value_ == LeafValue::response ? tree.value[i] : static_cast<double>(no_type));
    writer_.attribute("rms", tree.response_rms.empty() ? 0.0 : tree.response_rms[i]);
    const double known_purity = tree.purity.empty() ? 0.5 : tree.purity[i];
    writer_.attribute("purity", leaf_value_ == LeafValue::purity ? tree.value[i] : known_purity);
    std::int64_t type = leaf ? no_type : 0;
    if (!tree.node_type.empty() && tree.node_type[i] >= no_type && tree.node_type[i] <= 1) type = tree.node_type[i];
    if (leaf && leaf_value_ == LeafValue::type) type = tree.value[i] > 0 ? 1 : -1;
    writer_.attribute("nType", type);
    if (!leaf && tree.missing_right[i] != 0) writer_.attribute("Missing", std::int64_t{1});
  }
};

LeafValue written_leaf_value(const Forest& forest, const ModelInfo& info) {
  if (info.analysis_type != AnalysisType::classification || forest.link == Link::tmva_gradient)
    return LeafValue::response;
  return yes_no_leaves(forest) ? LeafValue::type : LeafValue::purity;
}

}  // namespace

Options forest_options(const Forest& forest, const ModelInfo& info) {
  const bool unit_weights =
      std::all_of(forest.tree_weight.begin(), forest.tree_weight.end(), [](double weight) { return weight == 1.0; });
  const bool no_base =
      std::all_of(forest.base_score.begin(), forest.base_score.end(), [](double score) { return score == 0.0; });
  if (forest.trees.empty()) refuse("it has no trees");
  if (info.analysis_type == AnalysisType::classification) {
    if (!no_base || forest.n_outputs != 1) refuse("it has several outputs or starts from another value than 0");
    if (forest.aggregation == Aggregation::sum) {
      if (forest.link != Link::tmva_gradient || !unit_weights)
        refuse("its response is not that of a TMVA gradient forest");
      return {{"BoostType", "Grad"}, {"UseYesNoLeaf", "False"}};
    }
    if (forest.aggregation != Aggregation::weighted_mean || forest.link != Link::identity) {
      refuse("its response is not the weighted mean of its trees");
    }
    return {{"BoostType", unit_weights ? "Bagging" : "AdaBoost"},
            {"UseYesNoLeaf", yes_no_leaves(forest) ? "True" : "False"}};
  }
  if (info.analysis_type == AnalysisType::multiclass) {
    if (forest.aggregation != Aggregation::sum || forest.link != Link::softmax || !unit_weights || !no_base ||
        static_cast<std::size_t>(forest.n_outputs) != info.classes.size()) {
      refuse("its responses are not those of a TMVA multiclass gradient forest");
    }
    return {{"BoostType", "Grad"}, {"UseYesNoLeaf", "False"}};
  }
  if (forest.link != Link::identity || forest.n_outputs != 1) refuse("its response is not that of a TMVA regression");
  if (forest.aggregation == Aggregation::sum) {
    if (!unit_weights) refuse("its trees have weights");
    return {{"BoostType", "Grad"}, {"UseYesNoLeaf", "False"}};
  }
  if (!no_base) refuse("it starts from another value than 0");
  if (forest.aggregation == Aggregation::median_leaf) {
    refuse("its response is the leaf in the middle, TMVA's AdaBoostR2 takes the mean of several");
  }
  return {{"BoostType", forest.aggregation == Aggregation::weighted_median ? "AdaBoostR2" : "Bagging"},
          {"UseYesNoLeaf", "False"}};
}

void write_forest(xml::Writer& writer, const Forest& forest, const Context& context) {
  const bool regression = context.info.analysis_type == AnalysisType::regression;
  const LeafValue leaf_value = written_leaf_value(forest, context.info);
  writer.attribute("NTrees", static_cast<std::int64_t>(forest.trees.size()));
  writer.attribute("AnalysisType", leaf_value == LeafValue::response ? std::int64_t{1} : std::int64_t{0});
  if (!forest.preselection.cuts.empty()) {
    for (std::int32_t j = 0; j < forest.n_features; ++j) {
      for (const bool below : {true, false}) {
        for (const bool signal : {false, true}) {
          const auto found = std::find_if(
              forest.preselection.cuts.begin(), forest.preselection.cuts.end(),
              [&](const auto& cut) { return cut.feature == j && cut.below == below && cut.signal == signal; });
          const bool present = found != forest.preselection.cuts.end();
          const std::string name = "Preselection" + std::string(below ? "Low" : "High") + (signal ? "Sig" : "Bkg") +
                                   "Var" + std::to_string(j);
          writer.attribute(name, std::int64_t{present ? 1 : 0});
          writer.attribute(name + "Value", present ? found->value : 0.0);
        }
      }
    }
  }
  TreeWriter tree_writer(writer, forest, context, leaf_value);
  for (std::size_t t = 0; t < forest.trees.size(); ++t) {
    writer.open("BinaryTree");
    writer.attribute("type", "DecisionTree");
    const bool start = regression && t == 0 && forest.aggregation == Aggregation::sum;
    writer.attribute("boostWeight", start ? forest.base_score[0] : forest.tree_weight[t]);
    writer.attribute("itree", static_cast<std::int64_t>(t));
    tree_writer.write(forest.trees[t]);
    writer.close();
  }
}

}  // namespace diskern::model::tmva

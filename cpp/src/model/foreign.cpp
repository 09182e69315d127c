#include "model/foreign.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "diskern/error.hpp"
#include "model/implementation.hpp"
#include "trees/votes.hpp"

namespace diskern::model::foreign {

namespace {

using trees::Tree;

[[noreturn]] void refuse(std::size_t tree, std::int32_t node, const std::string& what) {
  throw FormatError("tree " + std::to_string(tree) + ", node " + std::to_string(node) + " " + what);
}

std::size_t at(std::int32_t node) noexcept { return static_cast<std::size_t>(node); }

struct Walk {
  std::size_t reached = 0;
  bool ordered = true;  // children come after their parents
};

Walk walk(const Tree& tree, std::size_t tree_number) {
  const std::size_t n = tree.node_count();
  std::vector<std::uint8_t> seen(n, 0);
  std::vector<std::int32_t> pending{0};
  seen[0] = 1;
  Walk walk;
  while (!pending.empty()) {
    const std::int32_t node = pending.back();
    pending.pop_back();
    ++walk.reached;
    if (tree.feature[at(node)] == trees::leaf_feature) continue;
    for (const std::int32_t child : {tree.left[at(node)], tree.right[at(node)]}) {
      if (child < 0 || at(child) >= n) {
        refuse(tree_number, node, "has child " + std::to_string(child) + " of " + std::to_string(n) + " nodes");
      }
      if (seen[at(child)]++ != 0) refuse(tree_number, child, "has two parents");
      walk.ordered = walk.ordered && child > node;
      pending.push_back(child);
    }
  }
  return walk;
}

// Copies the tree level by level and replaces nodes of several cuts by searches among them.
class Expansion {
 public:
  Expansion(const SourceTree& source, std::size_t tree_number, NodeBudget& budget)
      : source_(source), tree_number_(tree_number), budget_(budget) {}

  AssembledTree run() {
    const bool known = source_.several.empty();
    visit({0, 0, none, none, -1, false});
    for (std::size_t next = 0; next < pending_.size(); ++next) visit(pending_[next]);
    if (!known) {  // what training knew of a node does not hold for its parts
      out_.tree.weight.clear();
      out_.tree.gain.clear();
    }
    return std::move(out_);
  }

 private:
  static constexpr std::size_t none = std::numeric_limits<std::size_t>::max();
  struct Step {
    std::int32_t node;
    std::size_t first;  // intervals between the cuts of the node, first to last; of a whole node none
    std::size_t last;
    std::size_t missing;  // the interval where NaN belongs
    std::int32_t parent;
    bool is_right;
  };
  const SourceTree& source_;
  std::size_t tree_number_;
  NodeBudget& budget_;
  AssembledTree out_;
  std::vector<Step> pending_;
  std::size_t steps_ = 0;  // a step leads to a node, or over one that has no choice

  std::int32_t emit(const Step& step) {
    const Tree& from = source_.tree;
    Tree& to = out_.tree;
    const auto index = static_cast<std::int32_t>(to.node_count());
    const std::size_t node = at(step.node);
    to.feature.push_back(from.feature[node]);
    to.threshold.push_back(from.threshold[node]);
    to.left.push_back(-1);
    to.right.push_back(-1);
    to.missing_right.push_back(from.missing_right[node]);
    to.value.push_back(from.value[node]);
    if (!from.weight.empty()) to.weight.push_back(from.weight[node]);
    if (!from.gain.empty()) to.gain.push_back(from.gain[node]);
    out_.origin.push_back(step.node);
    if (step.parent >= 0) (step.is_right ? to.right : to.left)[at(step.parent)] = index;
    return index;
  }

  // Where the events of an interval of the cuts go.
  std::int32_t destination(std::int32_t node, const Cuts& cuts, std::size_t interval) const {
    const bool right = cuts.starts_right != (interval % 2 == 1);
    return (right ? source_.tree.right : source_.tree.left)[at(node)];
  }

  void visit(Step step) {
    // Nodes without a choice lead on.
    while (true) {
      if (++steps_ > source_.tree.node_count()) budget_.spend(tree_number_);
      const auto found = source_.several.find(step.node);
      if (found == source_.several.end()) break;
      const Cuts& cuts = found->second;
      const std::size_t last = cuts.values.size();
      const std::int32_t missing =
          (source_.tree.missing_right[at(step.node)] != 0 ? source_.tree.right : source_.tree.left)[at(step.node)];
      if (step.missing == none) {
        step.first = 0;
        step.last = last;
        step.missing = destination(step.node, cuts, 0) == missing ? 0 : 1;
      }
      if (last == 0 && step.missing == 1) {  // all numbers one way, NaN the other: every number is >= -infinity
        const std::int32_t index = emit(step);
        out_.tree.threshold.back() = -std::numeric_limits<double>::infinity();
        out_.tree.missing_right.back() = 0;
        pending_.push_back({missing, 0, none, none, index, false});
        pending_.push_back({destination(step.node, cuts, 0), 0, none, none, index, true});
        return;
      }
      if (step.first < step.last) {
        const std::size_t middle = (step.first + step.last) / 2;
        const std::int32_t index = emit(step);
        out_.tree.threshold.back() = cuts.values[middle];
        out_.tree.missing_right.back() = step.missing > middle ? 1 : 0;
        pending_.push_back({step.node, step.first, middle, step.missing, index, false});
        pending_.push_back({step.node, middle + 1, step.last, step.missing, index, true});
        return;
      }
      step = {destination(step.node, cuts, step.first), 0, none, none, step.parent, step.is_right};
    }
    const std::int32_t index = emit(step);
    if (source_.tree.feature[at(step.node)] == trees::leaf_feature) return;
    pending_.push_back({source_.tree.left[at(step.node)], 0, none, none, index, false});
    pending_.push_back({source_.tree.right[at(step.node)], 0, none, none, index, true});
  }
};

}  // namespace

void NodeBudget::spend(std::size_t tree) {
  if (++spent_ > maximum) {
    throw FormatError("tree " + std::to_string(tree) +
                      ": its categorical or zero-as-missing splits take too many threshold splits (" +
                      std::to_string(maximum) + " nodes were added to the forest)");
  }
}

AssembledTree assemble(SourceTree source, std::size_t tree_number, std::size_t deleted, NodeBudget& budget) {
  const std::size_t n = source.tree.node_count();
  const Walk walked = walk(source.tree, tree_number);
  if (walked.reached + deleted != n) {
    throw FormatError("tree " + std::to_string(tree_number) + ": " + std::to_string(walked.reached) + " of " +
                      std::to_string(n) + " nodes can be reached from the root" +
                      (deleted != 0 ? ", " + std::to_string(deleted) + " are said to be deleted" : ""));
  }
  if (source.several.empty() && walked.ordered && walked.reached == n) {
    AssembledTree result{std::move(source.tree), std::vector<std::int32_t>(n)};
    for (std::size_t i = 0; i < n; ++i) result.origin[i] = static_cast<std::int32_t>(i);
    return result;
  }
  return Expansion(source, tree_number, budget).run();
}

Tree leaf_tree(double value) {
  Tree tree;
  tree.feature = {trees::leaf_feature};
  tree.threshold = {0.0};
  tree.left = {-1};
  tree.right = {-1};
  tree.missing_right = {0};
  tree.value = {value};
  return tree;
}

void set_trees(trees::Forest& forest, std::vector<std::vector<Tree>> trees_of_output,
               std::vector<std::vector<double>> weights_of_output) {
  const std::size_t rounds = trees_of_output.front().size();
  for (std::size_t k = 0; k < trees_of_output.size(); ++k) {
    if (trees_of_output[k].size() == rounds) continue;
    throw FormatError("output " + std::to_string(k) + " has " + std::to_string(trees_of_output[k].size()) +
                      " trees, output 0 has " + std::to_string(rounds));
  }
  for (std::size_t round = 0; round < rounds; ++round) {
    for (std::size_t k = 0; k < trees_of_output.size(); ++k) {
      forest.trees.push_back(std::move(trees_of_output[k][round]));
      forest.tree_weight.push_back(weights_of_output[k][round]);
    }
  }
}

std::vector<VariableInfo> to_variables(const std::vector<std::string>& names) {
  std::vector<VariableInfo> variables;
  for (const std::string& name : names) {
    VariableInfo variable;
    variable.expression = variable.label = variable.title = variable.internal = name;
    variables.push_back(std::move(variable));
  }
  return variables;
}

const trees::Forest& forest_of(const Model& model, const std::string& format, bool* mean_of_outputs) {
  const Model::Implementation& implementation = *model.implementation();
  const auto* forest = dynamic_cast<const trees::ForestPredictor*>(implementation.predictor.get());
  if (const auto* votes = dynamic_cast<const trees::VotesPredictor*>(implementation.predictor.get())) {
    if (mean_of_outputs == nullptr) throw InvalidArgument(votes->why_no_sum_of_trees("written as " + format));
    *mean_of_outputs = true;
    forest = votes->voters().get();
  }
  if (forest == nullptr) {
    throw InvalidArgument("a model of kind '" + std::string(implementation.predictor->kind()) +
                          "' cannot be written as " + format + ", which takes forests");
  }
  if (implementation.chain != nullptr) {
    throw InvalidArgument("a model with transformations of its variables cannot be written as " + format);
  }
  return forest->forest();
}

SumForest as_sum(const trees::Forest& forest, const std::string& format) {
  const auto refuse_forest = [&](const std::string& why) {
    throw InvalidArgument("this forest cannot be written as " + format + ": " + why);
  };
  if (!forest.preselection.cuts.empty()) refuse_forest("it has a preselection");
  if (forest.trees.empty()) refuse_forest("it has no trees");
  const bool mean = forest.aggregation == trees::Aggregation::weighted_mean;
  if (!mean && forest.aggregation != trees::Aggregation::sum) refuse_forest("its response is a median of its trees");
  const auto n_outputs = static_cast<std::size_t>(forest.n_outputs);
  std::vector<double> norm(n_outputs, 0.0);
  for (std::size_t t = 0; t < forest.trees.size(); ++t) norm[t % n_outputs] += forest.tree_weight[t];
  SumForest result;
  result.base_score = forest.base_score;
  for (std::size_t t = 0; t < forest.trees.size(); ++t) {
    const Tree& tree = forest.trees[t];
    double factor = forest.tree_weight[t];
    if (mean) {
      const double sum = norm[t % n_outputs];
      factor = sum > std::numeric_limits<double>::epsilon() ? factor / sum : 0.0;
    }
    std::vector<double> leaf(tree.node_count(), 0.0);
    for (std::size_t i = 0; i < leaf.size(); ++i) {
      if (tree.feature[i] == trees::linear_feature) refuse_forest("it cuts on linear combinations (Fisher cuts)");
      if (tree.feature[i] == trees::leaf_feature) leaf[i] = factor * tree.value[i];
    }
    result.leaf.push_back(std::move(leaf));
  }
  return result;
}

}  // namespace diskern::model::foreign

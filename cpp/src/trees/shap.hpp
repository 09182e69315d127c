#pragma once
// Shapley values of the variables for the score of a forest (SHAP), exact.

#include <cstdint>
#include <memory>
#include <vector>

#include "base/dispatch.hpp"
#include "diskern/context.hpp"
#include "diskern/view.hpp"
#include "trees/forest.hpp"
#include "trees/shap_table.hpp"
#include "trees/shap_tree.hpp"

namespace diskern::trees {

// The kernels of a level; of this process.
const ShapKernels& shap_kernels(InstructionSet level);
const ShapKernels& shap_kernels();

// Splits the score of each event (what the trees say before the link, without a preselection) into one term per
// variable: score of output k = base_value[k] + sum over j of values[k][j]. The values are those of shap_tree.hpp.
class TreeExplainer {
 public:
  // How the values of groups of leaves are found. The bits of the result are the same.
  enum class Algorithm : std::uint8_t {
    automatic,  // tables where they pay
    tables,     // always
    direct,     // every leaf from its formula, event by event
  };

  // Path-dependent values: absent variables follow the training weights of the nodes. Throws InvalidArgument for
  // forests that are no sum or mean of trees, have linear cuts, or do not know their weights.
  explicit TreeExplainer(const Forest& forest);
  // Interventional values: absent variables are those of the background events, whose weights need a positive sum.
  TreeExplainer(const Context& context, const Forest& forest, View<const float, 2> background,
                View<const double> weight);

  std::size_t n_features() const noexcept { return n_features_; }
  std::size_t n_outputs() const noexcept { return n_outputs_; }
  const std::vector<double>& base_value() const noexcept { return base_value_; }

  // values: events x (outputs * variables), contiguous, variables of one output side by side. Throws Interrupted.
  void explain(const Context& context, View<const float, 2> events, View<double, 2> values,
               Algorithm algorithm = Algorithm::automatic) const;

  // The same values split further among pairs: values is events x (outputs * variables * variables), contiguous and
  // symmetric; each row of variables adds up to the value of its variable. Path-dependent values only: throws
  // InvalidArgument otherwise.
  void explain_interactions(const Context& context, View<const float, 2> events, View<double, 2> values,
                            Algorithm algorithm = Algorithm::automatic) const;

 private:
  struct Block;
  // Of a leaf of many variables, per part; see part_rows().
  struct PartTables {
    std::vector<std::vector<double>> rows;
    std::vector<std::vector<double>> products;
  };
  struct GroupTable {
    std::vector<double> sums;  // per combination of the bits of the group
    PartTables parts;
  };
  void prepare(const Forest& forest, bool with_fractions);
  void read_block(View<const float, 2> events, Block& block) const;
  void cut_block(const ShapTree& tree, Block& block) const;
  void condition_bits(const std::vector<ShapCondition>& conditions, Block& block, unsigned shift,
                      std::uint8_t* bits) const;
  void learn_background(const Context& context, View<const float, 2> background, View<const double> weight);
  void learn_background(ShapTree& tree, View<const float, 2> background, View<const double> weight, double total,
                        Block& block) const;
  std::vector<double> table(const ShapTree& tree, const ShapGroup& group) const;
  void one_leaf(const ShapTree& tree, const ShapLeaf& leaf, const std::uint8_t* on, double* scratch,
                double* values) const noexcept;
  void add_tree(const ShapTree& tree, const std::vector<GroupTable>& tables, Block& block, double* values,
                std::size_t stride) const;
  void group_interactions(const ShapTree& tree, const ShapGroup& group, std::uint32_t index, double* sums) const;
  void add_interactions(const ShapTree& tree, const std::vector<std::vector<double>>& tables, Block& block,
                        double* values, std::size_t stride) const;
  void add_directly(const ShapTree& tree, const ShapGroup& group, const Block& block, double* values,
                    std::size_t stride) const;
  PartTables part_tables(const ShapTree& tree, const ShapGroup& group) const;
  void add_parts(const ShapTree& tree, const ShapGroup& group, const PartTables& tables, Block& block, double* values,
                 std::size_t stride) const;
  void add_large_leaf(const ShapTree& tree, const ShapGroup& group, Block& block, double* values,
                      std::size_t stride) const;

  std::size_t n_features_ = 0;
  std::size_t n_outputs_ = 0;
  bool interventional_ = false;
  std::vector<ShapTree> trees_;
  ShapRules rules_;
  std::size_t longest_path_ = 0;
  std::vector<double> base_value_;
  const ShapKernels* kernels_ = nullptr;
};

}  // namespace diskern::trees

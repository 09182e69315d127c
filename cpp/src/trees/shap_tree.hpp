#pragma once
// One tree as the sum of its leaves, prepared for Shapley values.
//
// A leaf of value v is the function v * (product over the variables j on its path of o_j(x)), where o_j is 1 if x meets
// all the cuts on variable j along the path and else 0. Where variables are left out of the game, path-dependent
// TreeSHAP (Lundberg et al., Nature Machine Intelligence 2 (2020) 56) puts z_j, the product of the fractions of the
// training weight that followed the path at those cuts, in the place of o_j. The Shapley value of variable i is then
//   v (o_i - z_i) * integral over t in [0, 1] of the product over j != i of (z_j + (o_j - z_j) t),
// since the Shapley weight of a set of s among m players is the integral of t^s (1 - t)^(m - 1 - s). Gauss and
// Legendre's rule of m/2 points gives it exactly, and all of its terms are positive.
//
// With a background sample (interventional values) variables that are left out are those of a background event, whose
// own b_j are 0 or 1 as well, and the mean is taken over the sample.
//
// Either way the values of a leaf depend on the event by the bits o_j alone, and those of all leaves below a node by
// the bits of the path to it and the cuts below. Leaves are therefore gathered in groups of at most `group_bits` such
// bits, and where there are many events, one table per group holds the summed values for every combination of its bits.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "trees/forest.hpp"
#include "trees/gauss_legendre.hpp"

namespace diskern::trees {

constexpr std::size_t group_bits = 8;

// Holds where the event goes right (or left) at an inner node.
struct ShapCondition {
  std::uint32_t cut;  // number among the cuts of the tree
  std::uint8_t right;
};

struct ShapLeaf {
  double value = 0;       // times the weight of the tree
  std::size_t begin = 0;  // its variables are [begin, end) of the arrays of the tree
  std::size_t end = 0;
  // Interventional: what bits the background events have, ascending, and the share of the weight that has them.
  std::vector<std::uint64_t> background;
  std::vector<double> background_weight;

  std::size_t size() const noexcept { return end - begin; }
};

struct ShapGroup {
  std::vector<std::int32_t> variable;           // of all its leaves, each once, ascending
  std::vector<std::vector<ShapCondition>> bit;  // bit b of an event: whether all of bit[b] hold
  struct Member {
    std::size_t leaf;
    // Per variable of the leaf: its bit is 1 if the bits `ones` of the group are 1 and the bits `zeros` are 0, and its
    // place in `variable`. Groups of one leaf with more than group_bits bits have the leaf's own bits and no masks.
    std::vector<std::uint32_t> ones;
    std::vector<std::uint32_t> zeros;
    std::vector<std::uint32_t> place;
  };
  std::vector<Member> members;

  bool indexed() const noexcept { return bit.size() <= group_bits; }
  std::size_t table_size() const noexcept { return (std::size_t{1} << bit.size()) * variable.size(); }
};

struct ShapTree {
  struct Cut {
    std::int32_t feature;
    float threshold;  // right: value >= threshold
    std::uint8_t missing_right;
  };
  std::size_t output = 0;
  std::vector<Cut> cuts;
  std::vector<ShapLeaf> leaves;
  // Per variable of each leaf, see ShapLeaf::begin.
  std::vector<std::int32_t> variable;
  std::vector<double> fraction;              // z; empty for interventional values
  std::vector<std::size_t> condition_begin;  // one more entry than variable
  std::vector<ShapCondition> conditions;
  std::vector<ShapGroup> groups;
};

// Throws InvalidArgument, naming the tree, for linear cuts and, with_fractions, for unknown or unusable sums of
// weights.
ShapTree shap_tree(const Tree& tree, const std::string& name, std::size_t output, double scale, bool with_fractions);

// Rules of 1, 2, ... points, enough for every leaf.
using ShapRules = std::vector<GaussLegendre>;

// The variables of a leaf are taken in parts of at most part_bits: what a part contributes to the integrand at every
// point of the rule depends on its own bits only, so that leaves of many variables have small tables as well.
constexpr std::size_t part_bits = 6;
constexpr std::size_t part_lanes = 8;  // what a row has room for
inline std::size_t part_count(std::size_t m) { return (m + part_bits - 1) / part_bits; }
inline std::size_t part_begin(std::size_t m, std::size_t part) { return m * part / part_count(m); }

// For a part of `size` variables with fractions z and bits `on`, of a leaf of value v: product[q] is the product of its
// factors at point q; rows[q * part_lanes + i] is v (o_i - z_i) times the weight of q times the product without i.
void part_rows(const double* z, std::size_t size, double leaf_value, const GaussLegendre& rule, const std::uint8_t* on,
               double* product, double* rows) noexcept;

// The Shapley values of one leaf for an event with the bits `on` (one byte per variable of the leaf): for each variable
// the sum over q of its row times the products of the other parts in their order. scratch has room for
// leaf_scratch(size()) numbers.
void leaf_values(const ShapTree& tree, const ShapLeaf& leaf, const ShapRules& rules, const std::uint8_t* on,
                 double* scratch, double* values) noexcept;
inline std::size_t leaf_scratch(std::size_t m) { return ((m + 1) / 2) * (part_count(m) + part_lanes + 1); }

// The Shapley interaction values of pairs of variables of one leaf (Fujimoto, Kojadinovic and Marichal, Games and
// Economic Behavior 55 (2006) 72), halved, as half of the pair's interaction stands on either side of the diagonal:
//   v/2 (o_i - z_i)(o_j - z_j) * integral of the product over k != i, j of (z_k + (o_k - z_k) t)
// values: size() x size(), 0 on the diagonal. scratch has room for 2 size() + 1 numbers.
void leaf_interactions(const ShapTree& tree, const ShapLeaf& leaf, const ShapRules& rules, const std::uint8_t* on,
                       double* scratch, double* values) noexcept;

// The same as leaf_values from a background sample; at most 64 variables.
void leaf_values_interventional(const ShapLeaf& leaf, std::uint64_t on, double* values) noexcept;

}  // namespace diskern::trees

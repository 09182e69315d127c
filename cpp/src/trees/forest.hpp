#pragma once
// A forest of binary trees as flat arrays: what every tree method trains and what every evaluation walks.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/predictor.hpp"
#include "trees/link.hpp"

namespace diskern {
struct ElementwiseKernels;
}

namespace diskern::trees {

constexpr std::int32_t leaf_feature = -1;    // the node is a leaf
constexpr std::int32_t linear_feature = -2;  // the node cuts on a linear combination (TMVA's Fisher cuts)

// Node 0 is the root; children come after their parent and every other node has exactly one parent.
// An event goes right if value >= threshold, where the float32 variable is widened to float64; a linear node takes the
// sum of coefficient * variable over all variables in ascending order (float64, coefficients of 0 skipped) and goes
// right if that sum > threshold. NaN goes where missing_right says. Infinities are values.
struct Tree {
  std::vector<std::int32_t> feature;
  std::vector<double> threshold;   // compared in float64; exact for float32 variables
  std::vector<std::int32_t> left;  // -1 for leaves
  std::vector<std::int32_t> right;
  std::vector<std::uint8_t> missing_right;  // where NaN goes
  std::vector<double> value;                // response of the node; used at leaves, kept for inner nodes
  // Linear nodes: coefficients of node i are linear_coefficients[linear_begin[i] .. + n_features], one per variable;
  // linear_begin is empty when there are none.
  std::vector<std::int32_t> linear_begin;
  std::vector<double> linear_coefficients;
  // What training knew of the node; empty when unknown, else one entry per node.
  std::vector<double> weight;           // sum of event weights
  std::vector<double> gain;             // separation gain of the split
  std::vector<double> purity;           // signal weight over all weight
  std::vector<double> response_rms;     // TMVA's rms
  std::vector<std::uint8_t> swapped;    // TMVA's cType == 0: its left child is our right one
  std::vector<std::int32_t> node_type;  // TMVA's nType

  std::size_t node_count() const noexcept { return feature.size(); }
};

// Sums run over the trees in their order, in float64.
enum class Aggregation : std::uint8_t {
  sum = 0,              // base_score[k] + sum of tree_weight * leaf over the trees of output k
  weighted_mean = 1,    // base_score[k] + sum of tree_weight * leaf / sum of tree_weight (AdaBoost, Bagging);
                        // the quotient is 0 where the sum of weights is not above the float64 epsilon, as in TMVA
  weighted_median = 2,  // AdaBoostR2 of TMVA: the n leaves sorted, t of them until their cumulative weight exceeds
                        // half, then the plain mean of sorted leaves [t - n/6 - 1, t + n/6) cut to [0, n) (integer
                        // division); one output, at most maximum_median_trees trees
  median_leaf = 3,      // AdaBoostRegressor of scikit-learn (Drucker, ICML 1997): the first of the sorted leaves where
                        // their cumulative weight reaches half of all; one output, at most maximum_median_trees trees
};
constexpr Aggregation last_aggregation = Aggregation::median_leaf;
// Its answer is no sum over the trees.
constexpr bool is_median(Aggregation aggregation) noexcept {
  return aggregation == Aggregation::weighted_median || aggregation == Aggregation::median_leaf;
}
constexpr std::size_t maximum_median_trees = 4096;  // their leaves are sorted on the stack

// TMVA's DoPreselection: cuts that decide before the forest; response -1 (background) or +1 (signal). One output only.
struct Preselection {
  struct Cut {
    std::int32_t feature;
    double value;
    bool below;   // true: matches x < value (low cut); false: x > value (high cut)
    bool signal;  // the response when it matches
  };
  std::vector<Cut> cuts;  // in TMVA's order of checking; the last match wins
};

struct Forest {
  std::int32_t n_features = 0;
  std::int32_t n_outputs = 1;  // tree t belongs to output t % n_outputs; the number of trees is a multiple of it
  std::vector<Tree> trees;
  std::vector<double> tree_weight;  // one per tree
  std::vector<double> base_score;   // one per output
  Aggregation aggregation = Aggregation::sum;
  Link link = Link::identity;
  Preselection preselection;
};

// Throws FormatError unless every index, size and number of the forest is usable: thresholds are not NaN; leaves,
// linear coefficients, tree weights and base scores are finite; what training knew of the nodes is not looked at.
void validate(const Forest& forest);

class DeviceForests;
class ForestBatch;
class ForestSingle;

// Evaluates a validated forest.
class ForestPredictor final : public Predictor {
 public:
  explicit ForestPredictor(Forest forest);  // validates
  std::string_view kind() const noexcept override { return "forest"; }
  std::size_t input_count() const noexcept override { return static_cast<std::size_t>(forest_.n_features); }
  std::size_t output_count() const noexcept override { return static_cast<std::size_t>(forest_.n_outputs); }
  void evaluate(const float* variables, double* responses) const noexcept override;
  void evaluate(const Context& context, View<const float, 2> events, View<double, 2> responses) const override;
  void evaluate(const Context& context, const EventSource& events, View<double, 2> responses) const override;
  // What the trees say before the link turns it into the response.
  void evaluate_scores(const Context& context, View<const float, 2> events, View<double, 2> scores) const;
  void evaluate_scores(const Context& context, const EventSource& events, View<double, 2> scores) const;
  void write(archive::Group& group) const override;
  static PredictorPointer read(const archive::Group& group);

  const Forest& forest() const noexcept { return forest_; }

 private:
  void evaluate_scores(const float* variables, double* scores) const noexcept;
  double mean_score(std::size_t output, double sum) const noexcept;  // of Aggregation::weighted_mean
  void evaluate_batch(const Context& context, const EventSource& events, View<double, 2> out, bool with_link) const;
  void evaluate_plainly(const EventSource& events, std::size_t begin, std::size_t end, View<double, 2> out,
                        bool with_link) const;
  void evaluate_blocks(const EventSource& events, std::size_t begin, std::size_t end, View<double, 2> out,
                       bool with_link) const;

  Forest forest_;
  std::shared_ptr<const ForestBatch> batch_;    // the same trees, packed for many events
  std::shared_ptr<const ForestSingle> single_;  // and for one
  std::shared_ptr<DeviceForests> devices_;      // and on the devices that asked for it
  std::vector<double> initial_;                 // what the sums of an output begin with
  std::vector<double> norm_;                    // sum of the tree weights of an output
  const ElementwiseKernels* elementwise_ = nullptr;
};

// The smallest float that is not below a threshold: for every float x, x >= t and x >= float_threshold(t) agree.
float float_threshold(double threshold) noexcept;

// What the link makes of the n scores of one event, in place.
void apply_link(Link link, double* responses, std::size_t n) noexcept;

// Index of the leaf that an event reaches. The tree must be one that validate() accepts.
std::int32_t leaf_index(const Tree& tree, const float* variables, std::size_t n_features) noexcept;

}  // namespace diskern::trees

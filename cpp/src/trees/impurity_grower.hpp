#pragma once
// Grows classification and regression trees by impurity on binned events: variables drawn anew for each node, best or
// random cuts, nodes down to a single event. Sums are integers, so they depend neither on order nor on threads.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/philox.hpp"
#include "diskern/context.hpp"
#include "trees/binning.hpp"
#include "trees/forest.hpp"
#include "trees/impurity.hpp"

namespace diskern::trees {

// The bins variable by variable: a node looks at few variables of many events.
struct BinnedColumns {
  BinnedEvents events;                    // by variables only
  std::vector<std::uint8_t> any_missing;  // per variable

  const std::uint8_t* column(std::size_t feature) const noexcept { return events.column(feature); }
};
BinnedColumns bin_columns(const Context& context, const BinEdges& edges, View<const float, 2> events);

struct ImpurityRules {
  Criterion criterion = Criterion::gini;
  std::int32_t max_depth = 0;       // 0: no limit
  std::int32_t max_leaf_nodes = 0;  // 0: no limit; else the node of the largest decrease is split next
  double min_samples_split = 2;     // events; one of weight above one counts as often as its weight says
  double min_samples_leaf = 1;
  double min_leaf_weight = 0;    // sum of weights
  double min_decrease = 0;       // of the impurity times the sum of weights
  std::size_t max_features = 0;  // variables that a node looks at, more until one of them can be cut; 0: all
  bool random_cuts = false;      // one cut per variable, uniform in the range of the node (extra trees)
};

// What one unit of the integer sums is worth.
struct ImpurityUnits {
  double weight = 1;
  double count = 1;
  double target = 1;
  double target_shift = 0;  // was taken off the targets
};

// Kinds of sums. `lanes` integers make a cell; an event adds to one.

// Two classes and whole weights: events of class 1 above 2^32, all events below; weights sum up to less than 2^31.
struct PackedCounts {
  struct Event {
    std::uint64_t value;
    std::uint32_t row;
  };
  static constexpr std::size_t lanes = 1;
  std::size_t outputs() const noexcept { return 1; }
  Criterion criterion = Criterion::gini;
  ImpurityUnits units;

  static void add(std::int64_t* cell, const Event& event) noexcept { *cell += static_cast<std::int64_t>(event.value); }
  double weight(const std::int64_t* sums) const noexcept { return static_cast<double>(*sums & 0xffffffff); }
  double count(const std::int64_t* sums) const noexcept { return weight(sums); }
  static bool empty(const std::int64_t* cell) noexcept { return *cell == 0; }
  double score(const std::int64_t* sums) const noexcept {
    const double one = static_cast<double>(*sums >> 32);
    const double both[2] = {weight(sums) - one, one};
    return class_score(criterion, both, 2);
  }
  bool pure(const std::int64_t* sums) const noexcept {
    return (*sums >> 32) == 0 || (*sums >> 32) == (*sums & 0xffffffff);
  }
  void value(const std::int64_t* sums, double* out) const noexcept {
    out[0] = static_cast<double>(*sums >> 32) / weight(sums);
  }
};

// Any number of classes and any weights: sum of weights per class, then the count.
struct ClassSums {
  struct Event {
    std::int64_t weight;
    std::int64_t count;
    std::uint32_t row;
    std::uint32_t class_index;
  };
  static constexpr std::size_t maximum_classes = 255;
  explicit ClassSums(std::size_t classes) : n_classes(classes), lanes(classes + 1) {}
  std::size_t n_classes;
  std::size_t lanes;
  Criterion criterion = Criterion::gini;
  ImpurityUnits units;

  std::size_t outputs() const noexcept { return n_classes == 2 ? 1 : n_classes; }
  void add(std::int64_t* cell, const Event& event) const noexcept {
    cell[event.class_index] += event.weight;
    cell[n_classes] += event.count;
  }
  double weight(const std::int64_t* sums) const noexcept {
    std::int64_t all = 0;
    for (std::size_t k = 0; k < n_classes; ++k) all += sums[k];
    return static_cast<double>(all) * units.weight;
  }
  double count(const std::int64_t* sums) const noexcept { return static_cast<double>(sums[n_classes]) * units.count; }
  bool empty(const std::int64_t* cell) const noexcept { return cell[n_classes] == 0; }
  double score(const std::int64_t* sums) const noexcept {
    double weights[maximum_classes];
    for (std::size_t k = 0; k < n_classes; ++k) weights[k] = static_cast<double>(sums[k]) * units.weight;
    return class_score(criterion, weights, n_classes);
  }
  bool pure(const std::int64_t* sums) const noexcept {
    std::size_t present = 0;
    for (std::size_t k = 0; k < n_classes; ++k) present += sums[k] > 0 ? 1 : 0;
    return present <= 1;
  }
  void value(const std::int64_t* sums, double* out) const noexcept {
    double all = 0;
    for (std::size_t k = 0; k < n_classes; ++k) all += static_cast<double>(sums[k] > 0 ? sums[k] : 0);
    for (std::size_t k = n_classes == 2 ? 1 : 0; k < n_classes; ++k) {
      const double share = all > 0 ? static_cast<double>(sums[k] > 0 ? sums[k] : 0) / all : 0.0;
      out[n_classes == 2 ? 0 : k] = share;
    }
  }
};

// Regression: sums of weight times target, of weights, and the count.
struct TargetSums {
  struct Event {
    std::int64_t target;
    std::int64_t weight;
    std::int64_t count;
    std::uint32_t row;
  };
  static constexpr std::size_t lanes = 4;
  Criterion criterion = Criterion::squared_error;
  ImpurityUnits units;

  std::size_t outputs() const noexcept { return 1; }
  static void add(std::int64_t* cell, const Event& event) noexcept {
    cell[0] += event.target;
    cell[1] += event.weight;
    cell[2] += event.count;
  }
  double weight(const std::int64_t* sums) const noexcept { return static_cast<double>(sums[1]) * units.weight; }
  double count(const std::int64_t* sums) const noexcept { return static_cast<double>(sums[2]) * units.count; }
  static bool empty(const std::int64_t* cell) noexcept { return cell[2] == 0; }
  double score(const std::int64_t* sums) const noexcept {
    return target_score(static_cast<double>(sums[0]) * units.target, weight(sums));
  }
  static bool pure(const std::int64_t*) noexcept { return false; }
  void value(const std::int64_t* sums, double* out) const noexcept {
    const double w = weight(sums);
    out[0] = units.target_shift + (w > 0 ? static_cast<double>(sums[0]) * units.target / w : 0.0);
  }
};

// One tree whose leaves say `outputs` numbers: as many Trees that differ in their values only.
struct ImpurityTree {
  std::vector<Tree> trees;
  std::vector<double> decrease;                           // per variable, impurity times sum of weights
  std::vector<std::pair<std::size_t, std::size_t>> leaf;  // per node: its events in the list given to grow; empty else
};

// A grower per thread; its memory is kept between trees.
template <class Sums>
class ImpurityGrower {
 public:
  using Event = typename Sums::Event;
  ImpurityGrower(const BinnedColumns& columns, const BinEdges& edges, const ImpurityRules& rules, const Sums& sums,
                 std::uint64_t seed);

  // `events` is reordered: those of a leaf lie together. number: of the tree, which seeds its random numbers.
  // stop: looked at now and then; true makes grow return a useless tree. poll, if not null, may set it.
  ImpurityTree grow(std::vector<Event>& events, std::uint32_t number, std::atomic<bool>& stop, const Context* poll);

 private:
  struct Candidate {
    double gain = 0;
    std::int32_t feature = -1;
    std::int32_t bin = 0;
    bool missing_right = false;
  };
  struct Node {
    std::size_t begin;
    std::size_t end;
    std::int32_t depth;
    std::int32_t left = -1;
    Candidate split;
  };
  bool may_split(const Node& node, const std::int64_t* sums) const;
  Candidate find_split(const Event* events, std::size_t count, const std::int64_t* sums, std::uint32_t node,
                       std::uint32_t number);
  void best_cut(const Event* events, std::size_t count, std::size_t feature, const std::int64_t* sums,
                double node_score, Candidate& best);
  void random_cut(const Event* events, std::size_t count, std::size_t feature, const std::int64_t* sums,
                  double node_score, double uniform, Candidate& best);
  void consider(const std::int64_t* left, const std::int64_t* all, double node_score, std::size_t feature,
                std::size_t bin, bool missing_right, Candidate& best);
  std::size_t partition(Event* events, std::size_t count, const Candidate& split);

  const BinnedColumns& columns_;
  const BinEdges& edges_;
  const ImpurityRules& rules_;
  Sums sums_;
  Philox features_;
  Philox cuts_;
  std::vector<std::int64_t> cells_;
  std::vector<std::int64_t> left_;
  std::vector<std::int64_t> other_;
  std::vector<std::int64_t> right_;
  std::vector<std::uint32_t> order_;
  std::vector<Event> spare_;
};

extern template class ImpurityGrower<PackedCounts>;
extern template class ImpurityGrower<ClassSums>;
extern template class ImpurityGrower<TargetSums>;

}  // namespace diskern::trees

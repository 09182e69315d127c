#include "trees/shap_tree.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <utility>

#include "diskern/error.hpp"

namespace diskern::trees {

namespace {

struct PathVariable {
  std::int32_t variable;
  double fraction;
  std::vector<ShapCondition> conditions;
};
using Path = std::vector<PathVariable>;

Path extended(const Path& path, std::int32_t variable, double fraction, ShapCondition condition) {
  Path result = path;
  auto found = std::find_if(result.begin(), result.end(), [&](const auto& p) { return p.variable == variable; });
  if (found == result.end()) found = result.insert(result.end(), PathVariable{variable, 1.0, {}});
  found->fraction *= fraction;
  found->conditions.push_back(condition);
  return result;
}

class Builder {
 public:
  Builder(const Tree& tree, const std::string& name, double scale, bool with_fractions, ShapTree& result)
      : tree_(tree), name_(name), scale_(scale), with_fractions_(with_fractions), result_(result) {}

  void build() {
    const std::size_t n = tree_.node_count();
    if (with_fractions_ && n > 1 && tree_.weight.empty()) {
      throw InvalidArgument(name_ +
                            " does not know the sums of weights of its nodes, which path-dependent SHAP values need: "
                            "give a background sample (interventional values)");
    }
    cut_of_node_.assign(n, 0);
    cuts_below_.assign(n, 0);
    for (std::size_t i = 0; i < n; ++i) {
      const std::int32_t feature = tree_.feature[i];
      if (feature == leaf_feature) continue;
      if (feature == linear_feature) {
        throw InvalidArgument(
            name_ + ", node " + std::to_string(i) +
            " cuts on a linear combination of variables (Fisher cut): its answer cannot be shared out "
            "among single variables by paths");
      }
      cut_of_node_[i] = static_cast<std::uint32_t>(result_.cuts.size());
      result_.cuts.push_back({feature, float_threshold(tree_.threshold[i]), tree_.missing_right[i]});
    }
    for (std::size_t i = n; i-- > 0;) {
      if (tree_.feature[i] == leaf_feature) continue;
      cuts_below_[i] = 1 + cuts_below_[index(tree_.left[i])] + cuts_below_[index(tree_.right[i])];
    }
    result_.condition_begin.push_back(0);
    // Depth first with a stack of its own: trees may be as deep as they have nodes.
    struct Place {
      std::size_t node;
      Path path;
      std::ptrdiff_t group;  // -1: not inside a group yet
    };
    std::vector<Place> stack;
    stack.push_back({0, {}, -1});
    while (!stack.empty()) {
      Place place = std::move(stack.back());
      stack.pop_back();
      const std::size_t node = place.node;
      const bool leaf = tree_.feature[node] == leaf_feature;
      if (place.group < 0 && (leaf || place.path.size() + cuts_below_[node] <= group_bits)) {
        place.group = static_cast<std::ptrdiff_t>(result_.groups.size());
        open_group(node, place.path);
      }
      if (leaf) {
        add_leaf(node, place.path, result_.groups[static_cast<std::size_t>(place.group)]);
        continue;
      }
      const auto [left, right] = fractions(node);
      for (const bool to_right : {true, false}) {  // the left one is taken first
        const std::size_t child = index(to_right ? tree_.right[node] : tree_.left[node]);
        const ShapCondition condition{cut_of_node_[node], static_cast<std::uint8_t>(to_right ? 1 : 0)};
        stack.push_back(
            {child, extended(place.path, tree_.feature[node], to_right ? right : left, condition), place.group});
      }
    }
    for (ShapGroup& group : result_.groups) finish(group);
  }

 private:
  static std::size_t index(std::int32_t node) { return static_cast<std::size_t>(node); }

  // The fractions of the weight that go left and right.
  std::pair<double, double> fractions(std::size_t node) const {
    if (!with_fractions_) return {0.0, 0.0};
    const double left = tree_.weight[index(tree_.left[node])];
    const double right = tree_.weight[index(tree_.right[node])];
    const double sum = left + right;
    if (left == 0 && right == 0) return {0.5, 0.5};  // no training event came here: nothing prefers a branch
    if (!(left >= 0 && right >= 0 && sum > 0 && std::isfinite(sum))) {
      throw InvalidArgument(name_ + ", node " + std::to_string(node) + ": the sums of weights of its branches are " +
                            std::to_string(left) + " and " + std::to_string(right) +
                            ", path-dependent SHAP values need fractions between 0 and 1: give a background sample "
                            "(interventional values)");
    }
    return {left / sum, right / sum};
  }

  void open_group(std::size_t root, const Path& path) {
    ShapGroup group;
    for (const PathVariable& on_path : path) group.bit.push_back(on_path.conditions);
    if (tree_.feature[root] != leaf_feature) {
      std::vector<std::size_t> open = {root};
      while (!open.empty()) {
        const std::size_t node = open.back();
        open.pop_back();
        if (tree_.feature[node] == leaf_feature) continue;
        group.bit.push_back({{cut_of_node_[node], 1}});
        open.push_back(index(tree_.right[node]));
        open.push_back(index(tree_.left[node]));
      }
    }
    path_bits_ = path.size();
    result_.groups.push_back(std::move(group));
  }

  void add_leaf(std::size_t node, const Path& path, ShapGroup& group) {
    ShapLeaf leaf;
    leaf.value = scale_ * tree_.value[node];
    leaf.begin = result_.variable.size();
    ShapGroup::Member member{result_.leaves.size(), {}, {}, {}};
    for (std::size_t k = 0; k < path.size(); ++k) {
      const PathVariable& on_path = path[k];
      result_.variable.push_back(on_path.variable);
      if (with_fractions_) result_.fraction.push_back(on_path.fraction);
      result_.conditions.insert(result_.conditions.end(), on_path.conditions.begin(), on_path.conditions.end());
      result_.condition_begin.push_back(result_.conditions.size());
      group.variable.push_back(on_path.variable);
      if (group.indexed()) add_masks(on_path, k, group, member);
    }
    leaf.end = result_.variable.size();
    result_.leaves.push_back(std::move(leaf));
    group.members.push_back(std::move(member));
  }

  // Which bits of the group make the bit of a variable of a leaf: that of the path to the root of the group, which has
  // the first conditions, and those of the cuts below.
  void add_masks(const PathVariable& on_path, std::size_t k, const ShapGroup& group, ShapGroup::Member& member) const {
    std::uint32_t ones = 0;
    std::uint32_t zeros = 0;
    std::size_t known = 0;
    if (k < path_bits_) {
      ones |= 1U << k;
      known = group.bit[k].size();
    }
    for (std::size_t c = known; c < on_path.conditions.size(); ++c) {
      for (std::size_t b = path_bits_; b < group.bit.size(); ++b) {
        if (group.bit[b].front().cut != on_path.conditions[c].cut) continue;
        (on_path.conditions[c].right != 0 ? ones : zeros) |= 1U << b;
      }
    }
    member.ones.push_back(ones);
    member.zeros.push_back(zeros);
  }

  void finish(ShapGroup& group) const {
    std::sort(group.variable.begin(), group.variable.end());
    group.variable.erase(std::unique(group.variable.begin(), group.variable.end()), group.variable.end());
    for (ShapGroup::Member& member : group.members) {
      const ShapLeaf& leaf = result_.leaves[member.leaf];
      for (std::size_t k = leaf.begin; k < leaf.end; ++k) {
        const auto found = std::lower_bound(group.variable.begin(), group.variable.end(), result_.variable[k]);
        member.place.push_back(static_cast<std::uint32_t>(found - group.variable.begin()));
      }
    }
  }

  const Tree& tree_;
  const std::string& name_;
  double scale_;
  bool with_fractions_;
  ShapTree& result_;
  std::vector<std::uint32_t> cut_of_node_;
  std::vector<std::size_t> cuts_below_;
  std::size_t path_bits_ = 0;  // of the group opened last; its leaves come before the next group is opened
};

// a! b! / (a + b + 1)!: the Shapley weight of a set of a among a + b + 1 players.
double shapley_weight(std::size_t a, std::size_t b) noexcept {
  double weight = 1.0 / static_cast<double>(a + b + 1);
  for (std::size_t k = 1; k <= b; ++k) weight *= static_cast<double>(k) / static_cast<double>(a + k);
  return weight;
}

}  // namespace

ShapTree shap_tree(const Tree& tree, const std::string& name, std::size_t output, double scale, bool with_fractions) {
  ShapTree result;
  result.output = output;
  Builder(tree, name, scale, with_fractions, result).build();
  return result;
}

void part_rows(const double* z, std::size_t size, double leaf_value, const GaussLegendre& rule, const std::uint8_t* on,
               double* product, double* rows) noexcept {
  std::array<double, part_bits + 1> after;   // NOLINT(cppcoreguidelines-pro-type-member-init)
  std::array<double, part_bits> difference;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  for (std::size_t i = 0; i < size; ++i) difference[i] = leaf_value * (on[i] != 0 ? 1.0 - z[i] : -z[i]);
  for (std::size_t q = 0; q < rule.point.size(); ++q) {
    const double t = rule.point[q];
    const auto factor = [&](std::size_t i) { return on[i] != 0 ? z[i] + (1.0 - z[i]) * t : z[i] * (1.0 - t); };
    after[size] = 1.0;
    for (std::size_t i = size; i-- > 0;) after[i] = after[i + 1] * factor(i);
    product[q] = after[0];
    double before = rule.weight[q];
    double* row = rows + q * part_lanes;
    for (std::size_t i = 0; i < size; ++i) {
      row[i] = difference[i] * (before * after[i + 1]);
      before *= factor(i);
    }
    for (std::size_t i = size; i < part_lanes; ++i) row[i] = 0.0;
  }
}

void leaf_values(const ShapTree& tree, const ShapLeaf& leaf, const ShapRules& rules, const std::uint8_t* on,
                 double* scratch, double* values) noexcept {
  const std::size_t m = leaf.size();
  if (m == 0) return;
  const double* z = tree.fraction.data() + leaf.begin;
  const GaussLegendre& rule = rules[(m + 1) / 2 - 1];
  const std::size_t points = rule.point.size();
  const std::size_t parts = part_count(m);
  double* products = scratch;  // [part][point]
  double* others = products + parts * points;
  double* rows = others + points;
  const auto rows_of = [&](std::size_t part) {
    const std::size_t begin = part_begin(m, part);
    part_rows(z + begin, part_begin(m, part + 1) - begin, leaf.value, rule, on + begin, products + part * points, rows);
  };
  for (std::size_t part = 0; part < parts; ++part) rows_of(part);
  for (std::size_t part = 0; part < parts; ++part) {
    if (parts > 1) rows_of(part);
    std::fill(others, others + points, 1.0);
    for (std::size_t other = 0; other < parts; ++other) {
      if (other == part) continue;
      for (std::size_t q = 0; q < points; ++q) others[q] *= products[other * points + q];
    }
    for (std::size_t i = part_begin(m, part); i < part_begin(m, part + 1); ++i) {
      double sum = 0;
      for (std::size_t q = 0; q < points; ++q) sum += rows[q * part_lanes + i - part_begin(m, part)] * others[q];
      values[i] = sum;
    }
  }
}

void leaf_interactions(const ShapTree& tree, const ShapLeaf& leaf, const ShapRules& rules, const std::uint8_t* on,
                       double* scratch, double* values) noexcept {
  const std::size_t m = leaf.size();
  std::fill(values, values + m * m, 0.0);
  if (m < 2) return;
  const double* z = tree.fraction.data() + leaf.begin;
  const GaussLegendre& rule = rules[(m + 1) / 2 - 1];
  double* factor = scratch;
  double* after = scratch + m;
  for (std::size_t q = 0; q < rule.point.size(); ++q) {
    const double t = rule.point[q];
    for (std::size_t i = 0; i < m; ++i) factor[i] = on[i] != 0 ? z[i] + (1.0 - z[i]) * t : z[i] * (1.0 - t);
    after[m] = 1.0;
    for (std::size_t i = m; i-- > 0;) after[i] = after[i + 1] * factor[i];
    double before = rule.weight[q];
    for (std::size_t i = 0; i < m; ++i) {
      double without = before;  // all factors before j but that of i
      for (std::size_t j = i + 1; j < m; ++j) {
        values[i * m + j] += without * after[j + 1];
        without *= factor[j];
      }
      before *= factor[i];
    }
  }
  const auto difference = [&](std::size_t i) { return on[i] != 0 ? 1.0 - z[i] : -z[i]; };
  for (std::size_t i = 0; i < m; ++i) {
    for (std::size_t j = i + 1; j < m; ++j) {
      values[i * m + j] *= 0.5 * leaf.value * (difference(i) * difference(j));
      values[j * m + i] = values[i * m + j];
    }
  }
}

void leaf_values_interventional(const ShapLeaf& leaf, std::uint64_t on, double* values) noexcept {
  const std::size_t m = leaf.size();
  const std::uint64_t all = m == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << m) - 1;
  std::fill(values, values + m, 0.0);
  for (std::size_t b = 0; b < leaf.background.size(); ++b) {
    const std::uint64_t background = leaf.background[b];
    if ((on | background) != all) continue;  // no mixture of the two events reaches the leaf
    const std::uint64_t gained = on & ~background;
    const std::uint64_t lost = background & ~on;
    if (gained == 0 && lost == 0) continue;
    const auto p = static_cast<std::size_t>(std::popcount(gained));
    const auto n = static_cast<std::size_t>(std::popcount(lost));
    const double share = leaf.value * leaf.background_weight[b];
    const double plus = p > 0 ? share * shapley_weight(p - 1, n) : 0.0;
    const double minus = n > 0 ? share * shapley_weight(p, n - 1) : 0.0;
    for (std::size_t j = 0; j < m; ++j) {
      if ((gained >> j & 1U) != 0) values[j] += plus;
      if ((lost >> j & 1U) != 0) values[j] -= minus;
    }
  }
}

}  // namespace diskern::trees

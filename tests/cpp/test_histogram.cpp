// Binning, fixed point, histograms and splits of the gradient boosting engine.
#include <cmath>
#include <limits>
#include <random>

#include "check.hpp"
#include "diskern/error.hpp"
#include "trees/binning.hpp"
#include "trees/fixed_point.hpp"
#include "trees/histogram.hpp"
#include "trees/split.hpp"

using namespace diskern;
using namespace diskern::trees;

namespace {

constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();
constexpr float infinite = std::numeric_limits<float>::infinity();

std::vector<float> random_events(std::size_t n, std::size_t features, std::mt19937_64& random) {
  std::normal_distribution<float> normal;
  std::vector<float> events(n * features);
  for (float& x : events) x = random() % 11 == 0 ? not_a_number : normal(random);
  return events;
}

template <class Integer>
std::vector<Cell<Integer>> random_entries(std::size_t n, std::mt19937_64& random) {
  std::vector<Cell<Integer>> entries(n);
  for (Cell<Integer>& entry : entries) {
    entry = {static_cast<Integer>(static_cast<int>(random() % 20001) - 10000), static_cast<Integer>(random() % 5000),
             static_cast<Integer>(1 + random() % 3), static_cast<Integer>(static_cast<int>(random() % 7) - 2)};
  }
  return entries;
}

template <class Integer>
void fast_equals_reference() {
  std::mt19937_64 random(7);
  for (const std::size_t features : {1UL, 3UL, 4UL, 7UL, 28UL, 33UL, 70UL}) {
    const std::size_t n = 20011;
    const std::vector<float> events = random_events(n, features, random);
    const std::vector<double> weight(n, 1.0);
    const Context context;
    const View<const float, 2> view(events.data(), n, features);
    const BinEdges edges = find_edges(context, view, View<const double>(weight.data(), n), 255);
    const BinnedEvents binned = bin_events(context, edges, view);
    const auto entries = random_entries<Integer>(n, random);
    std::vector<std::uint32_t> rows;
    for (std::size_t i = 0; i < n; ++i) {
      if (random() % 3 == 0) rows.push_back(static_cast<std::uint32_t>(i));
    }
    Histogram<Integer> expected;
    Histogram<Integer> found;
    for (const std::size_t pieces : {1UL, 2UL, 3UL, 8UL}) {  // whatever is added at a time
      const auto add = [&](const std::uint32_t* list, std::size_t size) {
        found.assign(features * cells_per_feature, Cell<Integer>{});
        for (std::size_t k = 0; k < pieces; ++k) {
          const std::size_t begin = k * size / pieces;
          const std::size_t end = (k + 1) * size / pieces;
          const std::uint32_t* some = list == nullptr ? nullptr : list + begin;
          add_cells<Integer>(binned, entries.data(), some, begin, end - begin, found);
        }
      };
      reference_histogram<Integer>(binned, entries.data(), nullptr, n, expected);
      add(nullptr, n);
      CHECK(found == expected);
      for (const std::size_t some : {std::size_t{0}, std::size_t{1}, std::size_t{5}, rows.size()}) {
        reference_histogram<Integer>(binned, entries.data(), rows.data(), some, expected);
        add(rows.data(), some);
        CHECK(found == expected);
      }
    }
  }
}

CellScales unit_scales() { return {}; }

}  // namespace

TEST(narrow_histogram_equals_reference) { fast_equals_reference<std::int32_t>(); }
TEST(wide_histogram_equals_reference) { fast_equals_reference<std::int64_t>(); }

TEST(reference_histogram_from_the_definition) {
  BinnedEvents events;
  events.n_events = 3;
  events.n_features = 2;
  events.stride = 32;
  events.bins.assign(96, 0);
  events.bins[0] = 4;
  events.bins[1] = missing_bin;
  events.bins[32] = 4;
  events.bins[33] = 0;
  events.bins[64] = 9;
  events.bins[65] = 0;
  const std::vector<NarrowCell> entries = {{1, 10, 100, 1000}, {2, 20, 200, 2000}, {4, 40, 400, -4000}};
  Histogram<std::int32_t> histogram;
  reference_histogram(events, entries.data(), nullptr, 3, histogram);
  CHECK((histogram[4] == NarrowCell{3, 30, 300, 3000}));
  CHECK((histogram[9] == NarrowCell{4, 40, 400, -4000}));
  CHECK((histogram[256 + 255] == NarrowCell{1, 10, 100, 1000}));
  CHECK((histogram[256] == NarrowCell{6, 60, 600, -2000}));
}

TEST(bins_count_the_edges_not_above_the_value) {
  const std::vector<float> values = {-infinite, -1.0F, -0.0F, 0.0F, 1.0F, infinite, not_a_number};
  const std::vector<double> weight(values.size(), 1.0);
  const View<const float, 2> view(values.data(), values.size(), 1);
  const BinEdges edges = find_edges({}, view, View<const double>(weight.data(), weight.size()), 255);
  const std::vector<float> expected = {-1.0F, -0.5F, 0.5F, infinite};  // -0 and 0 are one value
  CHECK(edges.edges[0] == expected);
  const BinnedEvents binned = bin_events({}, edges, view);
  const std::vector<std::uint8_t> bins = {0, 1, 2, 2, 3, 4, missing_bin};
  for (std::size_t i = 0; i < values.size(); ++i) {
    CHECK_EQUAL(static_cast<int>(binned.row(i)[0]), static_cast<int>(bins[i]));
    CHECK_EQUAL(static_cast<int>(bin_of(edges.edges[0], values[i])), static_cast<int>(bins[i]));
  }
}

TEST(binned_and_raw_comparison_agree) {
  std::mt19937_64 random(3);
  std::vector<float> values = random_events(5000, 1, random);
  values[17] = infinite;
  values[18] = std::numeric_limits<float>::denorm_min();
  const std::vector<double> weight(values.size(), 1.0);
  for (const int max_bins : {2, 3, 17, 254, 255}) {
    const View<const float, 2> view(values.data(), values.size(), 1);
    const BinEdges edges = find_edges({}, view, View<const double>(weight.data(), weight.size()), max_bins);
    CHECK_EQUAL(edges.bin_count(0), static_cast<std::size_t>(max_bins));
    // the edges themselves and their neighbours as well
    std::vector<float> probes = values;
    for (const float edge : edges.edges[0]) {
      for (const float probe : {edge, std::nextafter(edge, infinite), std::nextafter(edge, -infinite)}) {
        probes.push_back(probe);
      }
    }
    const BinnedEvents binned = bin_events({}, edges, View<const float, 2>(probes.data(), probes.size(), 1));
    for (std::size_t i = 0; i < probes.size(); ++i) {
      CHECK_EQUAL(static_cast<int>(binned.row(i)[0]), static_cast<int>(bin_of(edges.edges[0], probes[i])));
      if (std::isnan(probes[i])) continue;
      for (std::size_t bin = 0; bin < edges.bin_count(0); ++bin) {
        CHECK_EQUAL(static_cast<double>(probes[i]) >= edges.threshold(0, bin), binned.row(i)[0] >= bin);
      }
    }
  }
}

TEST(neighbouring_floats_are_told_apart) {
  const float low = 1.0F;
  const float high = std::nextafter(low, 2.0F);
  const std::vector<float> values = {low, high};
  const std::vector<double> weight = {1.0, 1.0};
  const BinEdges edges =
      find_edges({}, View<const float, 2>(values.data(), 2, 1), View<const double>(weight.data(), 2), 255);
  CHECK(edges.edges[0] == std::vector<float>{high});
}

TEST(max_bins_is_checked) {
  const float value = 1.0F;
  const double weight = 1.0;
  CHECK_THROWS(find_edges({}, View<const float, 2>(&value, 1, 1), View<const double>(&weight, 1), 256),
               InvalidArgument);
  CHECK_THROWS(find_edges({}, View<const float, 2>(&value, 1, 1), View<const double>(&weight, 1), 1), InvalidArgument);
}

TEST(fixed_point_multiplies_the_rounded_unit_value) {
  const FixedPoint fixed = FixedPoint::for_sums(1.0, 1000.0, 62);
  const double value = 1.0 / 3.0;
  CHECK_EQUAL(fixed(3.0, value), 3 * fixed(1.0, value));
  CHECK_EQUAL(fixed(977.0, value), 977 * fixed(1.0, value));
  CHECK_EQUAL(fixed(-5.0, value), -5 * fixed(1.0, value));
  CHECK_NEAR(fixed.value(fixed(1.0, value)), value, 1e-12);
  // sums stay in range
  CHECK(std::abs(fixed(1000.0, 1.0)) < (std::int64_t{1} << 61));
  // tiny weights keep their digits
  const FixedPoint tiny = FixedPoint::for_sums(1.0, 1e-9, 62);
  CHECK_NEAR(tiny.value(tiny(1e-12, value)) / 1e-12, value, 1e-11);
  // a narrow sum of many light events cannot overflow 31 bits
  const FixedPoint narrow = FixedPoint::for_sums(0.99, 1e6, 31);
  CHECK(narrow(1e6, 0.99) < (std::int64_t{1} << 30));
}

TEST(split_ties_go_to_the_lowest_bin) {
  // bins 1 and 2 are empty: cutting at 1, 2 or 3 separates the same events
  std::vector<NarrowCell> cells(cells_per_feature);
  cells[0] = {-40, 10, 10, 10};
  cells[3] = {40, 10, 10, 10};
  const Split split = best_split(cells.data(), 4, 5, WideCell{0, 20, 20, 20}, unit_scales(), SplitRules{});
  CHECK_EQUAL(split.feature, 5);
  CHECK_EQUAL(split.bin, 1);
  CHECK_NEAR(split.gain, 2 * 1600.0 / 10.0, 0.0);
  CHECK(!split.missing_right);
}

TEST(split_learns_where_missing_values_go) {
  std::vector<NarrowCell> cells(cells_per_feature);
  cells[0] = {-40, 10, 10, 10};
  cells[1] = {40, 10, 10, 10};
  cells[missing_bin] = {30, 10, 10, 10};
  Split split = best_split(cells.data(), 2, 0, WideCell{30, 30, 30, 30}, unit_scales(), SplitRules{});
  CHECK_EQUAL(split.bin, 1);
  CHECK(split.missing_right);
  cells[missing_bin].gradient = -30;
  split = best_split(cells.data(), 2, 0, WideCell{-30, 30, 30, 30}, unit_scales(), SplitRules{});
  CHECK_EQUAL(split.bin, 1);
  CHECK(!split.missing_right);
  CHECK((split.left == WideCell{-70, 20, 20, 20}));
  // missing against all values: bin 0
  cells[1].gradient = -40;
  cells[missing_bin].gradient = 90;
  split = best_split(cells.data(), 2, 0, WideCell{10, 30, 30, 30}, unit_scales(), SplitRules{});
  CHECK_EQUAL(split.bin, 0);
  CHECK(!split.missing_right);
}

TEST(missing_values_make_a_small_side_large_enough) {
  std::vector<NarrowCell> cells(cells_per_feature);
  cells[0] = {-40, 30, 30, 30};
  cells[1] = {9, 3, 3, 3};
  cells[missing_bin] = {31, 20, 20, 20};
  SplitRules rules;
  rules.min_samples_leaf = 21;
  const Split split = best_split(cells.data(), 2, 0, WideCell{0, 53, 53, 53}, unit_scales(), rules);
  CHECK_EQUAL(split.bin, 1);
  CHECK(split.missing_right);
  CHECK((split.right == WideCell{40, 23, 23, 23}));
}

TEST(fixed_point_scales_exist_for_any_size_of_values) {
  for (const double largest : {1e120, 1.0, 1e-170, 1e-200, 1e-310}) {
    for (const double weight_sum : {1e-100, 1.0, 1e15}) {
      for (const int bits : {31, 62}) {
        const FixedPoint fixed = FixedPoint::for_sums(largest, weight_sum, bits);
        const std::int64_t sum = fixed(weight_sum, largest);
        CHECK(std::isfinite(fixed.scale) && std::isfinite(fixed.factor) && fixed.inverse > 0);
        CHECK(sum >= 0 && sum < std::int64_t{1} << bits);
        // A sum of weights of 1e15 leaves 11 of 62 bits.
        if (largest < 1e-180 || (weight_sum > 1 && bits == 31)) continue;
        CHECK_NEAR(fixed.value(sum) / (weight_sum * largest), 1.0, weight_sum > 1 ? 0x1p-10 : 1e-7);
      }
    }
  }
}

TEST(binning_of_many_values_stops_when_asked) {
  struct Stop final : Monitor {
    bool interrupted() noexcept override { return true; }
  };
  Stop stop;
  Context context;
  context.monitor = &stop;
  const std::vector<float> events(1'000'000, 1.0F);
  const std::vector<double> weight(1'000'000, 1.0);
  // The same column 200 times: seconds of work, were it not stopped.
  const View<const float, 2> view(events.data(), {1'000'000, 200}, {1, 0});
  CHECK_THROWS(find_edges(context, view, View<const double>(weight.data(), weight.size()), 255), Interrupted);
}

TEST(split_keeps_the_rules) {
  std::vector<WideCell> cells(cells_per_feature);
  cells[0] = {-40, 10, 10, 10};
  cells[1] = {40, 10, 10, 10};
  const WideCell node{0, 20, 20, 20};
  SplitRules rules;
  rules.min_samples_leaf = 11;
  CHECK(!best_split(cells.data(), 2, 0, node, unit_scales(), rules).valid());
  rules.min_samples_leaf = 10;
  CHECK(best_split(cells.data(), 2, 0, node, unit_scales(), rules).valid());
  rules.min_child_weight = 10.5;
  CHECK(!best_split(cells.data(), 2, 0, node, unit_scales(), rules).valid());
  rules.min_child_weight = 0;
  rules.min_gain = 320;
  CHECK(!best_split(cells.data(), 2, 0, node, unit_scales(), rules).valid());
  rules.min_gain = 0;
  rules.lambda_l2 = 6;
  CHECK_NEAR(best_split(cells.data(), 2, 0, node, unit_scales(), rules).gain, 2 * 1600.0 / 16.0, 0.0);
  // equal gradients: nothing to gain
  cells[0].gradient = 40;
  CHECK(!best_split(cells.data(), 2, 0, WideCell{80, 20, 20, 20}, unit_scales(), SplitRules{}).valid());
}

TEST(signed_weights_need_positive_sums_on_both_sides) {
  std::vector<WideCell> cells(cells_per_feature);
  cells[0] = {-40, 10, 10, -1};
  cells[1] = {40, 10, 10, 30};
  const WideCell node{0, 20, 20, 29};
  SplitRules rules;
  rules.signed_weights = true;
  CHECK(!best_split(cells.data(), 2, 0, node, unit_scales(), rules).valid());
  cells[0].weight = 1;
  CHECK(best_split(cells.data(), 2, 0, node, unit_scales(), rules).valid());
  cells[0].hessian = -3;
  CHECK(!best_split(cells.data(), 2, 0, node, unit_scales(), SplitRules{}).valid());
}

// Narrow cells are searched by the vector kernel, wide ones cut after cut.
TEST(cuts_of_narrow_and_wide_cells_are_the_same) {
  std::mt19937_64 random(21);
  for (int trial = 0; trial < 300; ++trial) {
    const std::size_t bin_count = trial % 7 == 0 ? 1 + random() % 3 : 2 + random() % 254;
    const bool missing = random() % 2 == 0;
    const bool sparse = random() % 3 == 0;
    std::vector<NarrowCell> narrow(cells_per_feature);
    std::vector<WideCell> wide(cells_per_feature);
    WideCell node;
    for (std::size_t bin = 0; bin < cells_per_feature; ++bin) {
      if (bin >= bin_count && !(missing && bin == missing_bin)) continue;
      if (sparse && random() % 4 != 0) continue;
      narrow[bin] = {static_cast<std::int32_t>(random() % 2000001) - 1000000,
                     static_cast<std::int32_t>(random() % 500000),
                     static_cast<std::int32_t>(1 + random() % 4000), static_cast<std::int32_t>(1 + random() % 3000)};
      wide[bin] = {narrow[bin].gradient, narrow[bin].hessian, narrow[bin].count, narrow[bin].weight};
      node = node + wide[bin];
    }
    SplitRules rules;
    rules.min_samples_leaf = static_cast<double>(random() % 3 * (random() % 50000));
    rules.min_child_weight = static_cast<double>(random() % 3 * (random() % 1000000));
    rules.lambda_l2 = static_cast<double>(random() % 2 * 1000);
    rules.min_gain = static_cast<double>(random() % 2 * 1000);
    const Split a = best_split(narrow.data(), bin_count, 3, node, unit_scales(), rules);
    const Split b = best_split(wide.data(), bin_count, 3, node, unit_scales(), rules);
    CHECK_EQUAL(a.valid(), b.valid());
    CHECK_EQUAL(a.gain, b.gain);
    if (!a.valid() || !b.valid()) continue;
    CHECK_EQUAL(a.bin, b.bin);
    CHECK_EQUAL(a.missing_right, b.missing_right);
    CHECK(a.left == b.left);
    CHECK(a.right == b.right);
  }
}

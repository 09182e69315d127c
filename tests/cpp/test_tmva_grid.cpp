// The grid kernels of TMVA mode against their definition, bit for bit, on every instruction set of the machine.
#include <cmath>
#include <random>

#include "check.hpp"
#include "trees/tmva_grid.hpp"

using namespace diskern;
using namespace diskern::trees;

namespace {

struct Node {
  std::vector<std::vector<float>> columns;
  std::vector<TmvaEntry> entries;
};

Node random_node(std::size_t n_events, std::size_t n_entries, std::size_t n_variables, std::mt19937_64& random) {
  std::normal_distribution<float> normal;
  Node node;
  node.columns.resize(n_variables);
  for (std::vector<float>& column : node.columns) {
    const float scale = std::exp(10.0F * normal(random));
    for (std::size_t i = 0; i < n_events; ++i) column.push_back(scale * normal(random));
  }
  for (std::size_t k = 0; k < n_entries; ++k) {
    // Ascending, some twice; weights over decades and of both signs, so that the order of a sum shows in its bits.
    const auto event = static_cast<std::uint32_t>(k * n_events / n_entries);
    const double weight = std::exp(4.0 * static_cast<double>(normal(random))) * (random() % 5 == 0 ? -1 : 1);
    node.entries.push_back({weight, normal(random), 2U * event + static_cast<std::uint32_t>(random() % 2)});
  }
  return node;
}

void check_level(const TmvaGridKernels& kernels, const Node& node, std::size_t n_bins, std::mt19937_64& random) {
  const TmvaGridKernels& reference = reference_tmva_grid_kernels();
  const GroupedValues grouped(node.columns);
  const std::size_t count = node.entries.size();
  CHECK_EQUAL(grouped.group_count(), (node.columns.size() + tmva_group_size - 1) / tmva_group_size);
  for (std::size_t g = 0; g < grouped.group_count(); ++g) {
    const float* values = grouped.group(g);
    const std::size_t n = std::min(tmva_group_size, node.columns.size() - g * tmva_group_size);
    for (std::size_t j = 0; j < n; ++j) {
      CHECK_EQUAL(values[3 * tmva_group_size + j], node.columns[g * tmva_group_size + j][3]);
    }
    float minimum[2][tmva_group_size];
    float maximum[2][tmva_group_size];
    reference.ranges(values, node.entries.data(), count, minimum[0], maximum[0]);
    kernels.ranges(values, node.entries.data(), count, minimum[1], maximum[1]);
    TmvaGrids grids{};
    for (std::size_t j = 0; j < n; ++j) {
      CHECK_EQUAL(minimum[0][j], minimum[1][j]);
      CHECK_EQUAL(maximum[0][j], maximum[1][j]);
      grids.minimum[j] = static_cast<double>(minimum[0][j]);
      const double range = static_cast<double>(maximum[0][j]) - grids.minimum[j];
      grids.inverse_width[j] = range > 0 ? 1.0 / (range / static_cast<double>(n_bins)) : 0.0;
      grids.last_bin[j] = static_cast<std::int32_t>(n_bins - 1);
      grids.first_bin[j] = static_cast<std::int32_t>(j * n_bins);
    }
    // Every variable of the group, then a part of them.
    for (const bool all : {true, false}) {
      grids.n_wanted = 0;
      for (std::size_t j = 0; j < n; ++j) {
        if (all || random() % 2 == 0) grids.wanted[grids.n_wanted++] = static_cast<std::int32_t>(j);
      }
      for (const bool with_target : {false, true}) {
        const std::size_t size = with_target ? tmva_target_bin_size : tmva_bin_size;
        std::vector<double> expected(n_bins * tmva_group_size * size, 0.0);
        std::vector<double> found = expected;
        (with_target ? reference.add_with_target : reference.add)(values, node.entries.data(), count, &grids,
                                                                  expected.data());
        (with_target ? kernels.add_with_target : kernels.add)(values, node.entries.data(), count, &grids, found.data());
        double entries = 0;
        for (std::size_t i = 0; i < expected.size(); ++i) {
          CHECK_EQUAL(expected[i], found[i]);
          if (i % size == 2) entries += found[i];
        }
        CHECK_EQUAL(entries, static_cast<double>(count * grids.n_wanted));
      }
    }
  }
}

}  // namespace

TEST(kernels_equal_their_definition) {
  std::mt19937_64 random(17);
  for (const InstructionSet level : supported_instruction_sets()) {
    const TmvaGridKernels& kernels = tmva_grid_kernels(level);
    for (const std::size_t n_variables : {1UL, 4UL, 8UL, 13UL}) {
      for (const std::size_t n_entries : {1UL, 2UL, 23UL, 24UL, 25UL, 3001UL}) {
        check_level(kernels, random_node(2000, n_entries, n_variables, random), 21, random);
      }
    }
    check_level(kernels, random_node(500, 700, 8, random), 5000, random);
  }
}

TEST(reference_sums_are_exact_on_whole_numbers) {
  // Against counts by hand: values 0, 1, .. 9 in bins of width 1, weight k + 1, target 2.
  std::vector<std::vector<float>> columns(1);
  std::vector<TmvaEntry> entries;
  for (std::uint32_t k = 0; k < 10; ++k) {
    columns[0].push_back(static_cast<float>(k));
    entries.push_back({k + 1.0, 2.0F, 2U * k + (k < 5 ? 1U : 0U)});
  }
  TmvaGrids grids{};
  grids.inverse_width[0] = 5.0 / 9.0;  // 5 bins from 0 to 9: the largest value would be in a sixth
  grids.last_bin[0] = 4;
  grids.n_wanted = 1;
  std::vector<double> bins(5 * tmva_target_bin_size, 0.0);
  const GroupedValues grouped(columns);
  reference_tmva_grid_kernels().add_with_target(grouped.group(0), entries.data(), entries.size(), &grids, bins.data());
  const double signal[] = {1 + 2, 3 + 4, 5, 0, 0};
  const double background[] = {0, 0, 6, 7 + 8, 9 + 10};
  for (std::size_t i = 0; i < 5; ++i) {
    const double* bin = bins.data() + i * tmva_target_bin_size;
    CHECK_EQUAL(bin[0], background[i]);
    CHECK_EQUAL(bin[1], signal[i]);
    CHECK_EQUAL(bin[2], 2.0);
    CHECK_EQUAL(bin[3], 2 * (signal[i] + background[i]));
    CHECK_EQUAL(bin[4], 4 * (signal[i] + background[i]));
  }
}

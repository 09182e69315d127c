// The kernels of training against plain definitions, on every instruction set of this machine and at awkward sizes.
#include <cmath>
#include <limits>
#include <random>

#include "check.hpp"
#include "diskern/error.hpp"
#include "trees/gradient_boosting.hpp"
#include "trees/grower.hpp"
#include "trees/training_kernels.hpp"

using namespace diskern;
using namespace diskern::trees;

namespace {

std::vector<std::uint8_t> random_bins(std::size_t n, std::mt19937_64& random) {
  std::vector<std::uint8_t> bins(n);
  for (std::uint8_t& b : bins) b = static_cast<std::uint8_t>(random() % 9 == 0 ? 255 : random() % 255);
  return bins;
}

std::vector<std::uint32_t> some_rows(std::size_t n, unsigned one_in, std::mt19937_64& random) {
  std::vector<std::uint32_t> rows;
  for (std::size_t i = 0; i < n; ++i) {
    if (random() % one_in == 0) rows.push_back(static_cast<std::uint32_t>(i));
  }
  return rows;
}

// One cut after the other, as in the definition of the scan.
ScanResult plain_scan(const Planes& p, std::size_t bin_count, const ScanRequest& r) {
  ScanResult best{r.least_gain, -1, 0, 0, 0, 0};
  const auto consider = [&](std::int32_t g, std::int32_t h, std::int32_t c, std::size_t bin, bool missing_right) {
    if (c < r.least_count || r.count - c < r.least_count) return;
    if (h < r.least_hessian || r.hessian - h < r.least_hessian) return;
    const double left = g;
    const double right = r.gradient - g;
    const double left_hessian = h + r.lambda;
    const double right_hessian = r.hessian - h + r.lambda;
    const double gain =
        (left * left * right_hessian + right * right * left_hessian) / (left_hessian * right_hessian) - r.node_score;
    if (gain > best.gain) best = {gain, static_cast<std::int32_t>(bin), missing_right ? 1 : 0, g, h, c};
  };
  const std::int32_t g0 = p.gradient[255];
  const std::int32_t h0 = p.hessian[255];
  const std::int32_t c0 = p.count[255];
  if (c0 != 0) consider(g0, h0, c0, 0, false);
  std::int32_t g = 0;
  std::int32_t h = 0;
  std::int32_t c = 0;
  for (std::size_t bin = 1; bin < bin_count; ++bin) {
    g += p.gradient[bin - 1];
    h += p.hessian[bin - 1];
    c += p.count[bin - 1];
    consider(g, h, c, bin, true);
    if (c0 != 0) consider(g + g0, h + h0, c + c0, bin, false);
  }
  return best;
}

}  // namespace

TEST(packed_sums_are_the_sums_of_the_definition) {
  std::mt19937_64 random(1);
  for (const InstructionSet level : supported_instruction_sets()) {
    const TrainingKernels& kernels = training_kernels(level);
    for (const std::size_t features : {1UL, 2UL, 7UL, 28UL, 31UL, 32UL, 33UL, 64UL, 70UL}) {
      const std::size_t n = 3001;
      const std::size_t stride = (features + 31) / 32 * 32;
      const std::vector<std::uint8_t> bins = random_bins(n * stride, random);
      const PackedLayout layout = packed_layout(static_cast<double>(n));
      std::vector<std::uint64_t> entries(n);
      std::vector<std::int64_t> gradient(n);
      std::vector<std::int64_t> hessian(n);
      for (std::size_t i = 0; i < n; ++i) {
        gradient[i] = static_cast<std::int64_t>(random() % 2001) - 1000;
        hessian[i] = static_cast<std::int64_t>(random() % 1000);
        entries[i] = layout.pack(gradient[i], hessian[i], 1);
      }
      const std::vector<std::uint32_t> rows = some_rows(n, 3, random);
      for (const bool all : {true, false}) {
        for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{15}, std::size_t{17}, rows.size()}) {
          const std::size_t first = all ? 5 : 0;
          std::vector<std::uint64_t> words(features * plane_cells, 0);
          kernels.add_rows(bins.data(), stride, features, entries.data(), all ? nullptr : rows.data(), first, size,
                           words.data());
          for (std::size_t f = 0; f < features; ++f) {
            std::vector<std::int64_t> expected(3 * plane_cells, 0);
            for (std::size_t k = 0; k < size; ++k) {
              const std::size_t i = all ? first + k : rows[k];
              const std::size_t bin = bins[i * stride + f];
              expected[bin] += gradient[i];
              expected[plane_cells + bin] += hessian[i];
              expected[2 * plane_cells + bin] += 1;
            }
            Planes planes;
            for (std::int32_t& value : planes.gradient) value = 7;
            kernels.unpack(words.data() + f * plane_cells, layout, false, &planes);
            bool equal = true;
            for (std::size_t b = 0; b < plane_cells; ++b) {
              equal = equal && planes.gradient[b] == expected[b] && planes.hessian[b] == expected[plane_cells + b] &&
                      planes.count[b] == expected[2 * plane_cells + b];
            }
            CHECK(equal);
          }
        }
      }
    }
  }
}

TEST(full_blocks_of_extreme_entries_fit_into_their_bits) {
  for (const double count : {1.0, 2.0, 3.0, 600.0, 4096.0, 8192.0, 1e6, 1e9}) {
    const PackedLayout layout = packed_layout(count);
    const std::int64_t gradient = (std::int64_t{1} << packed_gradient_bits(layout)) - 1;
    const std::int64_t hessian = (std::int64_t{1} << packed_hessian_bits(layout)) - 1;
    CHECK(gradient >= 2047 && hessian >= 4095);
    for (const InstructionSet level : supported_instruction_sets()) {
      for (const std::int64_t sign : {1, -1}) {
        std::vector<std::uint64_t> words(plane_cells, 0);
        for (std::int64_t i = 0; i < layout.block_count; ++i) words[3] += layout.pack(sign * gradient, hessian, 1);
        Planes planes{};
        planes.gradient[3] = 5;
        planes.count[4] = 6;
        training_kernels(level).unpack(words.data(), layout, true, &planes);
        CHECK_EQUAL(planes.gradient[3], static_cast<std::int32_t>(sign * gradient * layout.block_count + 5));
        CHECK_EQUAL(planes.hessian[3], static_cast<std::int32_t>(hessian * layout.block_count));
        CHECK_EQUAL(planes.count[3], static_cast<std::int32_t>(layout.block_count));
        CHECK_EQUAL(planes.count[4], 6);
      }
    }
  }
}

TEST(planes_over_several_blocks_are_the_sums) {
  std::mt19937_64 random(2);
  BinnedEvents events;
  events.n_events = 20011;
  events.n_features = 3;
  events.stride = 32;
  const std::vector<std::uint8_t> bins = random_bins(events.n_events * 32, random);
  events.bins.assign(bins.begin(), bins.end());
  for (std::size_t i = 0; i < events.n_events; ++i) events.bins[i * 32 + 1] = 9;  // all in one bin
  const PackedLayout layout = packed_layout(static_cast<double>(events.n_events));
  std::vector<std::uint64_t> entries(events.n_events);
  std::vector<WideCell> cells(events.n_events);
  for (std::size_t i = 0; i < events.n_events; ++i) {
    cells[i] = {static_cast<std::int64_t>(random() % 4095) - 2047, static_cast<std::int64_t>(random() % 4096), 1, 1};
    entries[i] = layout.pack(cells[i].gradient, cells[i].hessian, 1);
  }
  PlaneHistogram found(3);
  Histogram<std::int64_t> expected;
  reference_histogram(events, cells.data(), nullptr, events.n_events, expected);
  // In one part and in several, of which each, some or none fill a block; twice, since words must be cleared again.
  for (const std::size_t n_parts : {1UL, 2UL, 3UL, 7UL}) {
    std::vector<HistogramPart<PackedEntry>> parts;
    std::vector<PlaneHistogram> planes(n_parts, PlaneHistogram(3));
    for (std::size_t p = 0; p < n_parts; ++p) {
      parts.emplace_back(3);
    }
    for (int repeat = 0; repeat < 2; ++repeat) {
      for (std::size_t p = 0; p < n_parts; ++p) {
        const std::size_t begin = events.n_events * p * p / (n_parts * n_parts);
        const std::size_t end = events.n_events * (p + 1) * (p + 1) / (n_parts * n_parts);
        const std::size_t middle = (begin + end) / 2;
        parts[p].start(p == 0 ? &found : &planes[p]);
        parts[p].add(events, layout, entries.data(), nullptr, begin, middle - begin);
        parts[p].add(events, layout, entries.data(), nullptr, middle, end - middle);
      }
      for (std::size_t f = 0; f < 3; ++f) {
        HistogramPart<PackedEntry>::collect(layout, parts.data(), n_parts, f);
        for (std::size_t b = 0; b < cells_per_feature; ++b) CHECK(cell_of(found[f], b) == expected[f * 256 + b]);
      }
    }
  }
}

TEST(scans_find_the_cut_of_the_definition) {
  std::mt19937_64 random(3);
  std::size_t with_cut = 0;
  std::size_t to_the_left = 0;
  for (int round = 0; round < 3000; ++round) {
    Planes planes{};
    const std::size_t bin_count = 1 + random() % 255;
    ScanRequest request{};
    const bool missing = random() % 2 == 0;
    // Few different sums, so that equal gains abound; empty bins too.
    const auto range = static_cast<int>(1 + random() % 5);
    for (std::size_t b = 0; b < plane_cells; ++b) {
      if (b >= bin_count && !(missing && b == 255)) continue;
      if (random() % 3 == 0) continue;
      planes.count[b] = static_cast<std::int32_t>(1 + random() % 3);
      planes.gradient[b] = static_cast<int>(random() % 7) % (2 * range + 1) - range;
      planes.hessian[b] = static_cast<std::int32_t>(random() % 3);
      request.gradient += planes.gradient[b];
      request.hessian += planes.hessian[b];
      request.count += planes.count[b];
    }
    request.least_count = 1 + static_cast<std::int32_t>(random() % 20);
    request.least_hessian = 1 + static_cast<std::int32_t>(random() % 5);
    request.lambda = random() % 2 == 0 ? 0.0 : 1.0;
    const ScanResult expected = plain_scan(planes, bin_count, request);
    with_cut += expected.bin >= 0 ? 1 : 0;
    to_the_left += expected.bin > 0 && expected.missing_right == 0 ? 1 : 0;
    for (const InstructionSet level : supported_instruction_sets()) {
      const ScanResult found = training_kernels(level).scan(&planes, bin_count, request);
      CHECK_EQUAL(found.bin, expected.bin);
      CHECK_EQUAL(found.gain, expected.gain);
      if (expected.bin < 0) continue;
      CHECK_EQUAL(found.missing_right, expected.missing_right);
      CHECK_EQUAL(found.gradient, expected.gradient);
      CHECK_EQUAL(found.hessian, expected.hessian);
      CHECK_EQUAL(found.count, expected.count);
    }
  }
  CHECK(with_cut > 1500 && to_the_left > 300);
}

TEST(more_events_than_32_bits_can_number_are_refused) {
  // Views of one event, again and again.
  const float event[2] = {1.0F, 2.0F};
  const double one = 1.0;
  const std::int32_t label = 1;
  for (const int shift : {32, 40, 61}) {
    const std::size_t n = std::size_t{1} << static_cast<unsigned>(shift);
    GradientBoostingSample sample;
    sample.events = View<const float, 2>(event, {n, 2}, {0, 1});
    sample.weight = View<const double>(&one, {n}, {0});
    sample.class_index = View<const std::int32_t>(&label, {n}, {0});
    CHECK_THROWS(fit_gradient_boosting({}, {}, sample, 2), InvalidArgument);
  }
}

TEST(rows_are_divided_in_their_order) {
  std::mt19937_64 random(4);
  const std::size_t n = 5000;
  std::vector<std::uint8_t> column = random_bins(n, random);
  const std::vector<std::uint32_t> rows = some_rows(n, 2, random);
  for (const InstructionSet level : supported_instruction_sets()) {
    const TrainingKernels& kernels = training_kernels(level);
    for (const bool all : {true, false}) {
      for (const std::size_t size : {0UL, 1UL, 15UL, 16UL, 63UL, 64UL, 65UL, 255UL, 256UL, 257UL, 511UL, 2000UL}) {
        for (const std::uint32_t bin : {0U, 1U, 128U, 254U}) {
          for (const std::uint32_t end : {255U, 256U}) {
            const std::size_t first = all ? 77 : 0;
            std::vector<std::uint32_t> expected_left;
            std::vector<std::uint32_t> expected_right;
            for (std::size_t k = 0; k < size; ++k) {
              const std::uint32_t row = all ? static_cast<std::uint32_t>(first + k) : rows[k];
              const std::uint32_t value = column[row];
              (value >= bin && value < end ? expected_right : expected_left).push_back(row);
            }
            std::vector<std::uint64_t> mask(size / 64 + 1, ~std::uint64_t{0});
            const std::uint32_t* list = all ? nullptr : rows.data();
            const std::size_t right = kernels.mark(column.data(), list, first, size, bin, end - bin, mask.data());
            CHECK_EQUAL(right, expected_right.size());
            // one element more, which must stay as it is
            std::vector<std::uint32_t> found_left(expected_left.size() + 1, 123456);
            std::vector<std::uint32_t> found_right(expected_right.size() + 1, 123456);
            kernels.divide(list, first, size, mask.data(), found_left.data(), found_right.data());
            expected_left.push_back(123456);
            expected_right.push_back(123456);
            CHECK(found_left == expected_left);
            CHECK(found_right == expected_right);
          }
        }
      }
    }
  }
}

TEST(values_are_binned_as_by_counting_edges) {
  std::mt19937_64 random(5);
  std::normal_distribution<float> normal;
  constexpr float infinity = std::numeric_limits<float>::infinity();
  for (const std::size_t n_edges : {0UL, 1UL, 2UL, 7UL, 8UL, 100UL, 253UL, 254UL}) {
    std::vector<float> edges(n_edges);
    for (float& e : edges) e = normal(random);
    std::sort(edges.begin(), edges.end());
    std::vector<float> padded(256, std::numeric_limits<float>::quiet_NaN());
    std::copy(edges.begin(), edges.end(), padded.begin());
    std::vector<float> values = {infinity, -infinity, std::numeric_limits<float>::quiet_NaN(), 0.0F, -0.0F};
    for (int i = 0; i < 500; ++i) values.push_back(normal(random));
    for (const float e : edges) {
      for (const float v : {e, std::nextafter(e, infinity), std::nextafter(e, -infinity)}) values.push_back(v);
    }
    for (const InstructionSet level : supported_instruction_sets()) {
      for (const std::size_t stride : {1UL, 3UL}) {
        for (const std::size_t n : {std::size_t{1}, std::size_t{63}, std::size_t{65}, values.size()}) {
          std::vector<float> strided(n * stride, 1e9F);
          for (std::size_t i = 0; i < n; ++i) strided[i * stride] = values[i];
          std::vector<std::uint8_t> found(n + 1, 77);
          training_kernels(level).bin_values(strided.data(), static_cast<std::ptrdiff_t>(stride), n, padded.data(),
                                             found.data());
          bool equal = found[n] == 77;
          for (std::size_t i = 0; i < n; ++i) equal = equal && found[i] == bin_of(edges, values[i]);
          CHECK(equal);
        }
      }
    }
  }
}

TEST(derivatives_are_rounded_to_the_nearest) {
  std::mt19937_64 random(6);
  std::normal_distribution<double> normal;
  const PackedLayout layout = packed_layout(1e6);
  std::vector<double> gradient(1003);
  std::vector<double> hessian(1003);
  for (double& g : gradient) g = normal(random) * 0.25;
  for (double& h : hessian) h = std::abs(normal(random)) * 0.25;
  gradient[0] = 0.5 / 1024;  // ties go to the even integer
  gradient[1] = -1.5 / 1024;
  for (const InstructionSet level : supported_instruction_sets()) {
    const TrainingKernels& kernels = training_kernels(level);
    for (const std::size_t n : {0UL, 1UL, 7UL, 1003UL}) {
      std::vector<std::uint64_t> entries(n + 1, 5);
      std::int64_t sums[2] = {3, 0};
      CHECK(kernels.pack_entries(gradient.data(), hessian.data(), n, 1024.0, 2048.0, layout, entries.data(), sums));
      std::int64_t gradient_sum = 3;
      std::int64_t hessian_sum = 0;
      std::vector<std::uint32_t> rows(n);
      std::int64_t expected_gradient = 3;
      std::int64_t expected_hessian = 0;
      for (std::size_t i = 0; i < n; ++i) {
        const std::int64_t g = std::llrint(gradient[i] * 1024.0);
        const std::int64_t h = std::llrint(hessian[i] * 2048.0);
        CHECK_EQUAL(entries[i], layout.pack(g, h, 1));
        rows[i] = static_cast<std::uint32_t>(n - 1 - i);
        expected_gradient += g;
        expected_hessian += h;
      }
      CHECK_EQUAL(entries[n], std::uint64_t{5});
      kernels.sum_rows(gradient.data(), hessian.data(), rows.data(), n, 1024.0, 2048.0, &gradient_sum, &hessian_sum);
      CHECK_EQUAL(sums[0], expected_gradient);
      CHECK_EQUAL(sums[1], expected_hessian);
      CHECK_EQUAL(gradient_sum, expected_gradient);
      CHECK_EQUAL(hessian_sum, expected_hessian);
    }
    hessian[500] = -0.125;
    std::vector<std::uint64_t> entries(1003);
    std::int64_t sums[2] = {0, 0};
    CHECK(!kernels.pack_entries(gradient.data(), hessian.data(), 1003, 1024.0, 2048.0, layout, entries.data(), sums));
    hessian[500] = 0.125;
  }
}

TEST(logistic_loss_and_summary_are_the_definition_with_the_same_bits_everywhere) {
  std::mt19937_64 random(11);
  std::normal_distribution<double> normal;
  const TrainingKernels& scalar = training_kernels(InstructionSet::scalar);
  for (const std::size_t n : {1UL, 2UL, 7UL, 8UL, 9UL, 63UL, 64UL, 65UL, 1000UL, 1024UL, 9001UL}) {
    std::vector<double> score(n);
    std::vector<double> sign(n);
    std::vector<double> weight(n);
    for (std::size_t i = 0; i < n; ++i) {
      score[i] = normal(random) * (i % 13 == 0 ? 300.0 : 3.0);
      sign[i] = random() % 2 == 0 ? 1.0 : -1.0;
      weight[i] = normal(random) + 1.0;
    }
    std::vector<double> expected(3 * n);
    scalar.logistic(score.data(), sign.data(), n, expected.data(), expected.data() + n, expected.data() + 2 * n);
    double sum = 0;
    double squares = 0;
    double largest_gradient = 0;
    double largest_hessian = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const double margin = sign[i] * score[i];
      const double wrong = 1.0 / (1.0 + std::exp(margin));
      CHECK_NEAR(expected[i], std::log1p(std::exp(-std::abs(margin))) + std::max(0.0, -margin), 1e-13 * (1.0 + std::abs(margin)));
      CHECK_NEAR(expected[n + i], -sign[i] * wrong, 1e-14);
      CHECK_NEAR(expected[2 * n + i], wrong * (1.0 / (1.0 + std::exp(-margin))), 1e-14);
      sum += weight[i] * expected[i];
      squares += std::abs(weight[i]) * expected[n + i] * expected[n + i];
      largest_gradient = std::max(largest_gradient, std::abs(expected[n + i]));
      largest_hessian = std::max(largest_hessian, expected[2 * n + i]);
    }
    for (const InstructionSet level : supported_instruction_sets()) {
      const TrainingKernels& kernels = training_kernels(level);
      std::vector<double> found(3 * n);
      kernels.logistic(score.data(), sign.data(), n, found.data(), found.data() + n, found.data() + 2 * n);
      CHECK(found == expected);
      const DerivativeSummary summary =
          kernels.summarise(weight.data(), found.data(), found.data() + n, found.data() + 2 * n, n);
      const DerivativeSummary same =
          scalar.summarise(weight.data(), found.data(), found.data() + n, found.data() + 2 * n, n);
      CHECK_NEAR(summary.loss, sum, 1e-9 * (1.0 + std::abs(sum)));
      CHECK_NEAR(summary.squares, squares, 1e-9 * (1.0 + squares));
      CHECK_EQUAL(summary.largest_gradient, largest_gradient);
      CHECK_EQUAL(summary.largest_hessian, largest_hessian);
      CHECK_EQUAL(summary.loss, same.loss);
      CHECK_EQUAL(summary.squares, same.squares);

      // Events of weight one in one go: the same derivatives and, but for rounding, the same sums.
      const std::vector<double> ones(n, 1.0);
      std::vector<std::int32_t> classes(n);
      for (std::size_t i = 0; i < n; ++i) classes[i] = sign[i] > 0 ? 1 : static_cast<std::int32_t>(2 * (i % 2));
      std::vector<double> derivatives(2 * n + 1, -5.0);
      const DerivativeSummary units =
          kernels.logistic_of_units(score.data(), classes.data(), n, derivatives.data(), derivatives.data() + n);
      CHECK(std::equal(expected.begin() + static_cast<std::ptrdiff_t>(n), expected.end(), derivatives.begin()));
      CHECK_EQUAL(derivatives[2 * n], -5.0);
      const DerivativeSummary of_ones =
          scalar.summarise(ones.data(), expected.data(), expected.data() + n, expected.data() + 2 * n, n);
      CHECK_NEAR(units.loss, of_ones.loss, 1e-12 * of_ones.loss);
      CHECK_NEAR(units.squares, of_ones.squares, 1e-12 * of_ones.squares);
      CHECK_EQUAL(units.largest_gradient, of_ones.largest_gradient);
      CHECK_EQUAL(units.largest_hessian, of_ones.largest_hessian);
      std::vector<double> again(2 * n);
      const DerivativeSummary of_scalar =
          scalar.logistic_of_units(score.data(), classes.data(), n, again.data(), again.data() + n);
      CHECK_EQUAL(units.loss, of_scalar.loss);
      CHECK_EQUAL(units.squares, of_scalar.squares);
    }
  }
}

TEST(sweeps_move_events_as_the_definition_says) {
  std::mt19937_64 random(12);
  std::normal_distribution<double> normal;
  for (const InstructionSet level : supported_instruction_sets()) {
    const TrainingKernels& kernels = training_kernels(level);
    for (const std::size_t n : {1UL, 63UL, 64UL, 65UL, 1000UL, 4096UL}) {
      for (const std::size_t first : {0UL, 128UL}) {
        const std::size_t room = (first + n + 63) / 64 * 64;
        const std::vector<std::uint8_t> one = random_bins(room, random);
        const std::vector<std::uint8_t> other = random_bins(room, random);
        std::vector<std::uint8_t> node_of(room);
        for (std::uint8_t& node : node_of) node = static_cast<std::uint8_t>(random() % 4);
        // The third node has no cut; the last sends the missing ones to the left, the first to the right.
        const SweepCut cuts[] = {{one.data(), 0, 100, 155}, {other.data(), 1, 0, 254}, {other.data(), 3, 7, 247}};
        std::vector<std::uint8_t> expected = node_of;
        for (std::size_t i = first; i < first + n; ++i) {
          const std::uint8_t node = node_of[i];
          const bool right = (node == 0 && one[i] >= 100) || (node == 1 && other[i] < 255) ||
                             (node == 3 && other[i] >= 7 && other[i] < 255);
          expected[i] = static_cast<std::uint8_t>(2 * node + (right ? 1 : 0));
        }
        kernels.route(cuts, 3, first, n, node_of.data());
        CHECK(std::equal(expected.begin(), expected.begin() + static_cast<std::ptrdiff_t>(first + n), node_of.begin()));
        for (std::size_t i = 0; i < room; ++i) node_of[i] = static_cast<std::uint8_t>(node_of[i] % 8);

        std::vector<double> gradient(room);
        std::vector<double> hessian(room);
        for (double& g : gradient) g = normal(random);
        for (double& h : hessian) h = std::abs(normal(random));
        for (const std::size_t leaves : {8UL, 16UL, 64UL}) {
          if (leaves == 64) {
            for (std::size_t i = 0; i < room; ++i) node_of[i] = static_cast<std::uint8_t>(random() % 64);
          }
          std::vector<std::int64_t> sums(3 * leaves, 1);
          std::vector<std::int64_t> expected_sums(3 * leaves, 1);
          std::vector<double> step(64);
          for (double& s : step) s = normal(random);
          std::vector<double> score(room, 1.5);
          std::vector<double> expected_score(room, 1.5);
          for (std::size_t i = first; i < first + n; ++i) {
            expected_sums[3 * node_of[i]] += std::llrint(gradient[i] * 0x1p40);
            expected_sums[3 * node_of[i] + 1] += std::llrint(hessian[i] * 0x1p39);
            expected_sums[3 * node_of[i] + 2] += 1;
            expected_score[i] += step[node_of[i]];
          }
          kernels.sum_leaves(node_of.data(), first, n, gradient.data(), hessian.data(), 0x1p40, 0x1p39, leaves,
                             sums.data());
          CHECK(sums == expected_sums);
          kernels.move_scores(node_of.data(), first, n, step.data(), leaves, score.data());
          CHECK(score == expected_score);
        }
        for (const std::uint8_t node : {0, 5}) {
          std::vector<std::uint32_t> expected_rows;
          for (std::size_t i = first; i < first + n; ++i) {
            if (node_of[i] == node) expected_rows.push_back(static_cast<std::uint32_t>(i));
          }
          std::vector<std::uint32_t> rows(n + 16);
          rows.resize(kernels.list_node(node_of.data(), first, n, node, rows.data()));
          CHECK(rows == expected_rows);
        }
      }
    }
  }
}

TEST(sweeps_grow_the_same_trees) {
  std::mt19937_64 random(13);
  std::normal_distribution<float> normal;
  const std::size_t features = 5;
  for (const std::size_t n : {70UL, 5000UL, 40000UL}) {
    std::vector<float> values(n * features);
    for (float& x : values) x = random() % 13 == 0 ? std::numeric_limits<float>::quiet_NaN() : normal(random);
    const View<const float, 2> view(values.data(), n, features);
    const std::vector<double> weight(n, 1.0);
    const BinEdges edges = find_edges({}, view, View<const double>(weight.data(), n), 255);
    const BinnedEvents binned = bin_events({}, edges, view);
    const PackedLayout layout = packed_layout(static_cast<double>(n));
    std::vector<std::uint64_t> packed(n);
    std::vector<WideCell> wide(n);
    WideCell all;
    for (std::size_t i = 0; i < n; ++i) {
      const float x = values[i * features];
      const double g = (std::isnan(x) ? 0.5 : std::sin(3.0F * x)) * 1000 + static_cast<double>(random() % 1000);
      wide[i] = {static_cast<std::int64_t>(g), static_cast<std::int64_t>(random() % 1000), 1, 1};
      packed[i] = layout.pack(wide[i].gradient, wide[i].hessian, 1);
      all = all + wide[i];
    }
    Grower<PackedEntry> packed_grower(binned, edges, layout);
    Grower<std::int64_t> wide_grower(binned, edges);
    GrownTree expected;
    GrownTree found;
    for (const bool leaf_wise : {true, false}) {
      for (std::int32_t depth = 1; depth <= deepest_sweep; ++depth) {
        for (const double least : {1.0, static_cast<double>(n) / 9, static_cast<double>(n)}) {
          GrowerRules rules;
          rules.leaf_wise = leaf_wise;
          rules.max_leaf_nodes = 0;
          rules.max_depth = depth;
          rules.split.min_samples_leaf = least;
          CHECK(may_sweep(rules));
          packed_grower.grow({}, rules, {}, packed.data(), nullptr, expected);
          for (const int threads : {1, 2, 3, 5, 8}) {
            Context context;
            context.threads = threads;
            const EventShares shares = event_shares(context, n);
            for (const int way : {0, 1, 2}) {
              std::vector<std::size_t> seen(n, 0);
              const LeafWork at_leaves = [&](std::size_t share, const Range& range, const std::uint8_t*) {
                for (std::size_t i = range.begin; i < range.end; ++i) seen[i] += 1 + shares.share_of(i) - share;
              };
              if (way == 2) {  // the root's histogram comes along with the entries, after one that is of no use
                packed_grower.start_root(context);
                packed_grower.add_root(0, {0, n / 2}, packed.data());
                packed_grower.drop_root();
                packed_grower.start_root(context);
                for_event_shares(context, n, [&](std::size_t share, const Range& range) {
                  packed_grower.add_root(share, range, packed.data());
                });
                packed_grower.know_root(all);
              }
              if (way == 0) {
                wide_grower.sweep(context, rules, {}, wide.data(), found, at_leaves);
              } else {
                packed_grower.sweep(context, rules, {}, packed.data(), found, at_leaves);
              }
              CHECK(seen == std::vector<std::size_t>(n, 1));
              CHECK_EQUAL(found.nodes.size(), expected.nodes.size());
              bool equal = true;
              for (std::size_t k = 0; k < std::min(found.nodes.size(), expected.nodes.size()); ++k) {
                const GrownNode& a = found.nodes[k];
                const GrownNode& b = expected.nodes[k];
                equal = equal && a.split.feature == b.split.feature && a.split.bin == b.split.bin &&
                        a.split.gain == b.split.gain && a.split.missing_right == b.split.missing_right &&
                        a.left == b.left && a.right == b.right && a.depth == b.depth && a.sums == b.sums;
                if (b.left >= 0) continue;
                for (std::size_t place = b.begin; place < b.end; ++place) {
                  equal = equal && found.leaves[found.leaf_of[expected.rows[place]]] == static_cast<std::int32_t>(k);
                }
              }
              CHECK(equal);
            }
          }
        }
      }
    }
  }
}

// Trees of packed entries and of wide cells of the same sums are the same, for any number of threads.
TEST(packed_trees_are_those_of_wide_cells) {
  std::mt19937_64 random(7);
  std::normal_distribution<float> normal;
  const std::size_t n = 60000;
  const std::size_t features = 6;
  std::vector<float> values(n * features);
  for (float& x : values) x = random() % 13 == 0 ? std::numeric_limits<float>::quiet_NaN() : normal(random);
  const View<const float, 2> view(values.data(), n, features);
  const std::vector<double> weight(n, 1.0);
  const BinEdges edges = find_edges({}, view, View<const double>(weight.data(), n), 255);
  const BinnedEvents binned = bin_events({}, edges, view);
  for (std::size_t f = 0; f < features; ++f) {
    bool equal = true;
    for (std::size_t i = 0; i < n; ++i) equal = equal && binned.column(f)[i] == binned.row(i)[f];
    CHECK(equal);
  }
  const PackedLayout layout = packed_layout(static_cast<double>(n));
  std::vector<std::uint64_t> packed(n);
  std::vector<WideCell> wide(n);
  for (std::size_t i = 0; i < n; ++i) {
    const float x = values[i * features];
    const double g = (std::isnan(x) ? 0.5 : std::sin(3.0F * x)) * 1000 + static_cast<double>(random() % 1000);
    wide[i] = {static_cast<std::int64_t>(g), static_cast<std::int64_t>(random() % 1000), 1, 1};
    packed[i] = layout.pack(wide[i].gradient, wide[i].hessian, 1);
  }
  std::vector<std::uint32_t> rows = some_rows(n, 3, random);
  Grower<PackedEntry> packed_grower(binned, edges, layout);
  Grower<std::int64_t> wide_grower(binned, edges);
  GrownTree expected;
  GrownTree found;
  for (const bool leaf_wise : {true, false}) {
    for (const bool all : {true, false}) {
      for (const std::int32_t leaves : {2, 31, 0}) {
        GrowerRules rules;
        rules.leaf_wise = leaf_wise;
        rules.max_leaf_nodes = leaves;
        rules.max_depth = leaves == 0 ? 7 : 0;
        rules.split.min_samples_leaf = 30;
        rules.most_histograms = static_cast<std::size_t>(random() % 4);  // 1 to 3: many are given up
        Context context;
        wide_grower.grow(context, rules, {}, wide.data(), all ? nullptr : &rows, expected);
        CHECK(expected.nodes.size() > 2);
        for (const int threads : {1, 2, 3, 5, 8}) {
          context.threads = threads;
          packed_grower.grow(context, rules, {}, packed.data(), all ? nullptr : &rows, found);
          CHECK(found.rows == expected.rows);
          CHECK_EQUAL(found.nodes.size(), expected.nodes.size());
          bool equal = true;
          for (std::size_t k = 0; k < std::min(found.nodes.size(), expected.nodes.size()); ++k) {
            const GrownNode& a = found.nodes[k];
            const GrownNode& b = expected.nodes[k];
            equal = equal && a.split.feature == b.split.feature && a.split.bin == b.split.bin &&
                    a.split.gain == b.split.gain && a.split.missing_right == b.split.missing_right &&
                    a.left == b.left && a.right == b.right && a.begin == b.begin && a.end == b.end &&
                    a.depth == b.depth && a.sums == b.sums;
          }
          CHECK(equal);
        }
      }
    }
  }
}

// Events of many different weights are sorted with their weights, repeated ones by their values alone: two ways to the
// same cuts.
TEST(edges_do_not_depend_on_how_repeated_events_are_written) {
  std::mt19937_64 random(8);
  std::normal_distribution<float> normal;
  for (int round = 0; round < 60; ++round) {
    const std::size_t n = 30 + random() % 3000;
    const auto kind = random() % 5;
    std::vector<float> values(n);
    for (float& x : values) {
      x = normal(random);
      if (kind == 1) x = std::round(x * 40.0F);
      if (kind == 2 && random() % 3 != 0) x = static_cast<float>(random() % 3) - 1.0F;
      if (kind == 3 && random() % 10 == 0) x = std::numeric_limits<float>::infinity();
      if (kind == 4 && x > 0.7F) x = 0.7F;
      if (random() % 20 == 0) x = std::numeric_limits<float>::quiet_NaN();
    }
    std::vector<double> weight(n);
    std::vector<std::int32_t> label(n);
    std::vector<float> repeated;
    std::vector<std::int32_t> repeated_label;
    for (std::size_t i = 0; i < n; ++i) {
      const auto times = static_cast<int>(random() % 21);
      weight[i] = times;
      label[i] = values[i] > 0.5F || random() % 10 == 0 ? 1 : 0;
      for (int k = 0; k < times; ++k) {
        repeated.push_back(values[i]);
        repeated_label.push_back(label[i]);
      }
    }
    const std::vector<double> ones(repeated.size(), 1.0);
    for (const int max_bins : {2, 3, 10, 64, 255}) {
      for (const bool classes : {false, true}) {
        View<const std::int32_t> one_class;
        View<const std::int32_t> other_class;
        if (classes) {
          one_class = View<const std::int32_t>(label.data(), n);
          other_class = View<const std::int32_t>(repeated_label.data(), repeated.size());
        }
        const BinEdges one = find_edges({}, View<const float, 2>(values.data(), n, 1),
                                        View<const double>(weight.data(), n), max_bins, one_class);
        const BinEdges other = find_edges({}, View<const float, 2>(repeated.data(), repeated.size(), 1),
                                          View<const double>(ones.data(), ones.size()), max_bins, other_class);
        CHECK(one.edges == other.edges);
      }
    }
  }
}

// Moments in one pass against two passes in long double; the bits of threads and instruction sets against each other.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "base/dispatch.hpp"
#include "check.hpp"
#include "statistics/moment_sums.hpp"
#include "statistics/moments.hpp"

using namespace diskern;
using namespace diskern::statistics;

namespace {

struct Rows {
  std::vector<double> values;
  std::vector<double> weight;
  std::size_t columns;
  std::size_t size() const { return values.size() / columns; }
  View<const double, 2> view() const { return {values.data(), size(), columns}; }
  View<const double> weights() const { return {weight.data(), weight.size()}; }
};

// Correlated columns of very different widths, on an offset.
Rows random_rows(std::size_t n, std::size_t columns, double offset, bool signed_weights, unsigned seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  Rows rows{{}, {}, columns};
  for (std::size_t i = 0; i < n; ++i) {
    const double common = normal(random);
    for (std::size_t j = 0; j < columns; ++j) {
      const double width = std::exp2(static_cast<double>(j % 7) - 3);
      rows.values.push_back(offset + width * (normal(random) + common));
    }
    rows.weight.push_back(signed_weights ? static_cast<double>(random() % 7) - 1.0 : 0.5 + static_cast<double>(random() % 3));
  }
  return rows;
}

Moments two_passes(const Rows& rows, const std::vector<double>& weight) {
  const std::size_t d = rows.columns;
  std::vector<long double> mean(d, 0);
  std::vector<long double> covariance(d * d, 0);
  long double sum = 0;
  Moments result;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    sum += static_cast<long double>(weight[i]);
    if (weight[i] != 0.0) ++result.events;
    for (std::size_t j = 0; j < d; ++j) mean[j] += static_cast<long double>(weight[i]) * static_cast<long double>(rows.values[i * d + j]);
  }
  for (long double& m : mean) m /= sum;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (std::size_t j = 0; j < d; ++j) {
      const long double a = static_cast<long double>(rows.values[i * d + j]) - mean[j];
      for (std::size_t k = 0; k < d; ++k) {
        covariance[j * d + k] += static_cast<long double>(weight[i]) * a * (static_cast<long double>(rows.values[i * d + k]) - mean[k]);
      }
    }
  }
  result.weight = static_cast<double>(sum);
  for (const long double m : mean) result.mean.push_back(static_cast<double>(m));
  for (const long double c : covariance) result.covariance.push_back(static_cast<double>(c / sum));
  return result;
}

void check_close(const Moments& found, const Moments& expected, double offset) {
  const std::size_t d = expected.mean.size();
  CHECK_EQUAL(found.events, expected.events);
  CHECK_NEAR(found.weight, expected.weight, 1e-12 * std::abs(expected.weight));
  for (std::size_t j = 0; j < d; ++j) {
    CHECK_NEAR(found.mean[j], expected.mean[j], 1e-13 * (10 + std::abs(offset)));
    for (std::size_t k = 0; k < d; ++k) {
      const double scale = std::sqrt(expected.covariance[j * d + j] * expected.covariance[k * d + k]);
      CHECK_NEAR(found.covariance[j * d + k], expected.covariance[j * d + k], 1e-12 * scale * (1 + std::abs(offset) * 1e-3));
      CHECK_EQUAL(found.covariance[j * d + k], found.covariance[k * d + j]);
    }
  }
}

}  // namespace

TEST(two_passes_say_the_same) {
  for (const std::size_t columns : {1UL, 2UL, 7UL, 8UL, 9UL, 50UL, 65UL}) {
    for (const std::size_t n : {1UL, 2UL, 127UL, 1024UL, 1025UL, 20011UL}) {
      if (columns > 9 && n > 2000) continue;
      for (const double offset : {0.0, 1e7}) {
        const Rows rows = random_rows(n, columns, offset, false, 1);
        const std::vector<double> ones(n, 1.0);
        if (n > 1) {
          check_close(sum_moments({}, n, columns, RowSource::of(rows.view()), {})[0], two_passes(rows, ones), offset);
          check_close(sum_moments({}, n, columns, RowSource::of(rows.view()), rows.weights())[0],
                      two_passes(rows, rows.weight), offset);
        } else {
          CHECK_EQUAL(sum_moments({}, n, columns, RowSource::of(rows.view()), {})[0].covariance[0], 0.0);
        }
      }
    }
  }
}

TEST(signed_weights_and_weights_of_zero) {
  Rows rows = random_rows(5000, 5, 100.0, true, 2);
  const Moments expected = two_passes(rows, rows.weight);
  check_close(sum_moments({}, rows.size(), 5, RowSource::of(rows.view()), rows.weights())[0], expected, 100.0);
  // A first chunk that counts for nothing, far away.
  for (std::size_t i = 0; i < 2000; ++i) {
    rows.weight[i] = 0;
    for (std::size_t j = 0; j < 5; ++j) rows.values[i * 5 + j] = 1e12;
  }
  check_close(sum_moments({}, rows.size(), 5, RowSource::of(rows.view()), rows.weights())[0],
              two_passes(rows, rows.weight), 100.0);
}

// Integer weights are events that come several times.
TEST(weights_are_repetitions) {
  const Rows rows = random_rows(700, 4, 3.0, false, 3);
  Rows repeated{{}, {}, 4};
  std::vector<double> weight(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    weight[i] = static_cast<double>(i % 4);
    for (std::size_t k = 0; k < i % 4; ++k) {
      repeated.values.insert(repeated.values.end(), rows.values.begin() + static_cast<std::ptrdiff_t>(4 * i),
                             rows.values.begin() + static_cast<std::ptrdiff_t>(4 * i + 4));
    }
  }
  const Moments a = sum_moments({}, rows.size(), 4, RowSource::of(rows.view()), {weight.data(), weight.size()})[0];
  const Moments b = sum_moments({}, repeated.size(), 4, RowSource::of(repeated.view()), {})[0];
  CHECK_EQUAL(a.weight, b.weight);
  for (std::size_t j = 0; j < 16; ++j) CHECK_NEAR(a.covariance[j], b.covariance[j], 1e-12);
}

TEST(groups_threads_and_layouts) {
  const std::size_t n = 70000;
  const Rows rows = random_rows(n, 6, 10.0, true, 4);
  const auto group = [](std::size_t i) { return static_cast<std::ptrdiff_t>(i * 2654435761U % 4) - 1; };
  Context many;
  many.threads = 3;
  const auto a = sum_moments({}, n, 6, RowSource::of(rows.view()), rows.weights(), 3, group);
  const auto b = sum_moments(many, n, 6, RowSource::of(rows.view()), rows.weights(), 3, group);
  for (std::size_t g = 0; g < 3; ++g) {
    CHECK(a[g].mean == b[g].mean);
    CHECK(a[g].covariance == b[g].covariance);
    std::vector<double> weight = rows.weight;
    for (std::size_t i = 0; i < n; ++i) weight[i] = group(i) == static_cast<std::ptrdiff_t>(g) ? weight[i] : 0.0;
    check_close(a[g], two_passes(rows, weight), 10.0);
  }
  // The same numbers by columns, and as every other row of a larger matrix: the same bits.
  std::vector<double> columns(6 * n);
  std::vector<double> spread(12 * n, std::nan(""));
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < 6; ++j) {
      columns[j * n + i] = rows.values[i * 6 + j];
      spread[i * 12 + j] = rows.values[i * 6 + j];
    }
  }
  const auto plain = sum_moments({}, n, 6, RowSource::of(rows.view()), {})[0];
  const View<const double, 2> by_columns(columns.data(), {n, 6}, {1, static_cast<std::ptrdiff_t>(n)});
  const View<const double, 2> every_other(spread.data(), {n, 6}, {12, 1});
  CHECK(sum_moments(many, n, 6, RowSource::of(by_columns), {})[0].covariance == plain.covariance);
  CHECK(sum_moments(many, n, 6, RowSource::of(every_other), {})[0].covariance == plain.covariance);
}

TEST(float32_is_float64_of_the_same_numbers) {
  const Rows rows = random_rows(3000, 11, 5.0, false, 5);
  std::vector<float> single(rows.values.begin(), rows.values.end());
  const std::vector<double> twice(single.begin(), single.end());
  const auto a = sum_moments({}, 3000, 11, RowSource::of(View<const float, 2>(single.data(), 3000, 11)), rows.weights())[0];
  const auto b = sum_moments({}, 3000, 11, RowSource::of(View<const double, 2>(twice.data(), 3000, 11)), rows.weights())[0];
  CHECK(a.mean == b.mean);
  CHECK(a.covariance == b.covariance);
}

// Every kernel of every level that this machine has, against the scalar one, bit for bit.
TEST(instruction_sets_give_the_same_bits) {
  const MomentsKernels& scalar = moments_kernels(InstructionSet::scalar);
  for (const InstructionSet level : supported_instruction_sets()) {
    const MomentsKernels& kernels = moments_kernels(level);
    for (const std::size_t columns : {1UL, 7UL, 8UL, 13UL, 24UL}) {
      for (const std::size_t n : {1UL, 3UL, 8UL, 101UL}) {
        const Rows rows = random_rows(n, columns, 2.0, true, 6);
        std::vector<float> single(rows.values.begin(), rows.values.end());
        const std::size_t panels = (columns + panel_columns - 1) / panel_columns;
        const std::size_t width = panels * panel_columns;
        const auto stride = static_cast<std::ptrdiff_t>(columns);
        const auto run = [&](const MomentsKernels& k, bool floats) {
          std::vector<double> sums(width, 0.25);
          std::vector<double> panel(n * width, std::nan(""));
          std::vector<double> weighted(n * width, std::nan(""));
          std::vector<double> products(width * width, 0.5);
          std::vector<double> first(width, 0.125);
          std::vector<double> responses(n * columns, std::nan(""));
          std::vector<double> vectors(width * columns);
          for (std::size_t i = 0; i < vectors.size(); ++i) vectors[i] = 0.1 * static_cast<double>(i % 17) - 0.7;
          if (floats) {
            k.add_float_rows(single.data(), stride, n, columns, nullptr, sums.data());
            k.add_float_rows(single.data(), stride, n, columns, rows.weight.data(), sums.data());
            k.pack_float(single.data(), stride, n, columns, sums.data(), panel.data());
            k.project_float(single.data(), stride, n, columns, sums.data(), vectors.data(), columns, responses.data());
          } else {
            k.add_double_rows(rows.values.data(), stride, n, columns, nullptr, sums.data());
            k.add_double_rows(rows.values.data(), stride, n, columns, rows.weight.data(), sums.data());
            k.pack_double(rows.values.data(), stride, n, columns, sums.data(), panel.data());
            k.project_double(rows.values.data(), stride, n, columns, sums.data(), vectors.data(), columns, responses.data());
          }
          k.weigh(panel.data(), n, panels, rows.weight.data(), weighted.data());
          k.add_panels(weighted.data(), n, panels, first.data());
          k.add_products(weighted.data(), panel.data(), n, panels, products.data());
          std::vector<double> all = sums;
          for (const auto* part : {&panel, &weighted, &products, &first, &responses}) {
            all.insert(all.end(), part->begin(), part->end());
          }
          return all;
        };
        for (const bool floats : {false, true}) {
          const std::vector<double> expected = run(scalar, floats);
          CHECK(std::none_of(expected.begin(), expected.end(), [](double x) { return std::isnan(x); }));
          CHECK(run(kernels, floats) == expected);
        }
      }
    }
  }
}

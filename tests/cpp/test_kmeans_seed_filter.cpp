// The filter of k-means++: potentials and distances against plain loops in float64, and the same lists and bits at every
// level.
#include "clustering/kmeans_seed_filter.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "check.hpp"
#include "clustering/kmeans_seeding.hpp"

using namespace diskern;
using namespace diskern::clustering;

namespace {

struct Case {
  std::size_t n;
  std::size_t dimensions;
  double spread;
  double offset;
  double outlier;  // this times as far out is the last point
};

constexpr Case cases[] = {{5000, 2, 1, 0, 1},    {9000, 3, 1e-6, 1000, 1}, {4097, 8, 1e9, 0, 1},     {130, 7, 1, 0, 1},
                          {3000, 9, 1, 5, 1},    {2000, 64, 1, 0, 1},      {6000, 8, 1, 0, 1000},    {6000, 4, 1, -3, 1e6},
                          {4096, 5, 1, 100, 10}, {1500, 17, 1, 0, 1},      {2500, 6, 1e-20, 0, 1.0}};

template <class T>
std::vector<T> cloud(const Case& of, std::mt19937_64& random) {
  std::normal_distribution<double> normal;
  std::vector<T> x;
  for (std::size_t i = 0; i < of.n; ++i) {
    const double far = i + 1 == of.n ? of.outlier : 1.0;
    // Some points are twins of others.
    for (std::size_t d = 0; d < of.dimensions; ++d) {
      x.push_back(i % 50 == 49 ? x[x.size() - 7 * of.dimensions]
                               : static_cast<T>(of.offset + of.spread * far * normal(random)));
    }
  }
  return x;
}

double squared(const std::vector<float>& a, std::size_t i, const std::vector<float>& b, std::size_t j, std::size_t d) {
  double sum = 0;
  for (std::size_t k = 0; k < d; ++k) {
    const double difference = static_cast<double>(a[i * d + k]) - static_cast<double>(b[j * d + k]);
    sum += difference * difference;
  }
  return sum;
}

template <class T>
void check_against_definition(const Case& of, bool weighted, int threads) {
  std::mt19937_64 random(17);
  const std::vector<T> x = cloud<T>(of, random);
  const std::size_t d = of.dimensions;
  std::vector<double> weights;
  for (std::size_t i = 0; weighted && i < of.n; ++i) weights.push_back(static_cast<double>(random() % 4));
  Context context;
  context.threads = threads;
  const KMeansPoints<T> points(context, {x.data(), of.n, d}, {weights.data(), weights.size()});
  std::vector<float> rows(of.n * d);
  for (std::size_t i = 0; i < of.n; ++i) points.centred(i, rows.data() + i * d);
  const auto row = [&](std::size_t i) {
    return std::vector<float>(rows.begin() + static_cast<std::ptrdiff_t>(i * d),
                              rows.begin() + static_cast<std::ptrdiff_t>((i + 1) * d));
  };
  const std::size_t padded = (of.n + group_points - 1) / group_points * group_points;
  AlignedVector<float> closest(padded);
  AlignedVector<float> weight(padded);
  std::vector<double> nearest(of.n);
  for (std::size_t i = 0; i < padded; ++i) {
    weight[i] = i < of.n && weighted ? static_cast<float>(weights[i]) : i < of.n ? 1.0F : 0.0F;
    if (i < of.n) nearest[i] = squared(rows, i, rows, 3, d);
    closest[i] = i < of.n ? static_cast<float>(nearest[i]) : 0.0F;
  }
  const float* some = weighted ? weight.data() : nullptr;
  const Pieces pieces = pieces_of(of.n);
  SeedFilter<T> filter(points, pieces);
  filter.prepare(context, closest, some);
  std::vector<double> sums;
  for (int step = 0; step < 4; ++step) {
    const std::vector<float> chosen = row(random() % of.n);
    std::vector<float> candidates;
    for (int l = 0; l < 5; ++l) {
      const std::vector<float> one = l == 4 ? chosen : row(random() % of.n);
      candidates.insert(candidates.end(), one.begin(), one.end());
    }
    const double looked_at = filter.pass(context, chosen, candidates, some, closest, sums);
    CHECK(looked_at <= 1.0);
    std::vector<double> expected(5, 0.0);
    for (std::size_t i = 0; i < of.n; ++i) {
      nearest[i] = std::min(nearest[i], squared(rows, i, chosen, 0, d));
      CHECK(std::abs(static_cast<double>(closest[i]) - nearest[i]) <= 1e-5 * nearest[i]);
      for (std::size_t l = 0; l < 5; ++l) {
        expected[l] += static_cast<double>(weight[i]) * std::min(nearest[i], squared(rows, i, candidates, l, d));
      }
    }
    for (std::size_t l = 0; l < 5; ++l) {
      double sum = 0;
      for (std::size_t piece = 0; piece < pieces.count; ++piece) sum += sums[piece * 5 + l];
      CHECK(std::abs(sum - expected[l]) <= 2e-5 * expected[l]);
      // The parts of a piece add up to it, and the share leads to a point that has some of it.
      double left = 0.5 * sums[l];
      const Range part = filter.part_of_piece(0, l, left);
      CHECK(part.begin < part.end && part.end <= pieces.points);
      CHECK(left <= 0.5 * sums[l]);
    }
  }
}

}  // namespace

TEST(potentials_are_those_of_the_definition) {
  for (const Case& of : cases) {
    check_against_definition<float>(of, false, 1);
    check_against_definition<double>(of, true, 2);
  }
}

TEST(nothing_is_left_where_all_points_are_taken) {
  // Two places: with both taken the sums are zero, not what rounding leaves.
  std::vector<float> x;
  for (int i = 0; i < 9000; ++i) x.insert(x.end(), {i % 2 == 0 ? 0.1F : 0.7F, 0.3F, 1e3F * static_cast<float>(i % 2)});
  const KMeansPoints<float> points({}, {x.data(), 9000, 3}, {});
  AlignedVector<float> closest(9024, 0.0F);
  std::vector<float> one(3);
  std::vector<float> other(3);
  points.centred(0, one.data());
  points.centred(1, other.data());
  for (std::size_t i = 1; i < 9000; i += 2) closest[i] = static_cast<float>(squared(other, 0, one, 0, 3));
  SeedFilter<float> filter(points, pieces_of(9000));
  filter.prepare({}, closest, nullptr);
  std::vector<double> sums;
  filter.pass({}, one, other, nullptr, closest, sums);
  for (const double sum : sums) CHECK_EQUAL(sum, 0.0);
}

TEST(lists_are_complete_and_the_same_at_every_level) {
  std::mt19937_64 random(5);
  for (const std::size_t dimensions : {2UL, 3UL, 7UL, 8UL, 11UL, 20UL}) {
    const Case of{640, dimensions, 1.0, 0.0, 3.0};
    const std::vector<float> x = cloud<float>(of, random);
    const KMeansPoints<float> points({}, {x.data(), of.n, dimensions}, {});
    const std::size_t pairs = (dimensions + 1) / 2;
    std::vector<float> reference;
    std::vector<std::vector<std::uint32_t>> lists;
    for (const InstructionSet level : supported_instruction_sets()) {
      const KMeansKernels& kernels = kmeans_kernels(level);
      AlignedVector<float> buffer(of.n * dimensions);
      const float* blocks = points.groups(kernels, 0, of.n, buffer.data());
      AlignedVector<std::int16_t> integers(of.n * pairs * 2);
      AlignedVector<std::int32_t> norms(of.n);
      AlignedVector<std::int32_t> limits(of.n);
      AlignedVector<float> closest(of.n);
      for (std::size_t i = 0; i < of.n; ++i) closest[i] = static_cast<float>(i % 7) * 0.3F;
      kernels.to_integers(blocks, of.n / block_points, dimensions, 1500.0F, integers.data(), norms.data());
      kernels.filter_limits(closest.data(), norms.data(), of.n, 1500.0, 5.0, limits.data());
      std::vector<std::int16_t> centres;
      std::vector<std::int32_t> constant;
      for (std::size_t l = 0; l < 12; ++l) {
        std::int32_t norm = 0;
        for (std::size_t d = 0; d < 2 * pairs; ++d) {
          const std::size_t at = ((l * 40 / 16 * pairs + d / 2) * 16 + l * 40 % 16) * 2 + d % 2;
          centres.push_back(static_cast<std::int16_t>(-2 * integers[at]));
          norm += integers[at] * integers[at];
        }
        constant.push_back(norm);
      }
      for (const std::size_t count : {1UL, 3UL, 7UL, 12UL}) {
        constexpr std::size_t stride = 640 + block_points;
        std::vector<std::uint32_t> found(count * stride);
        std::vector<std::size_t> counts(count);
        kernels.may_be_nearer(integers.data(), of.n / block_points, pairs, centres.data(), constant.data(), count,
                              limits.data(), found.data(), stride, counts.data());
        for (std::size_t l = 0; l < count; ++l) {
          std::vector<std::uint32_t> expected;
          for (std::size_t i = 0; i < of.n; ++i) {
            std::int64_t value = constant[l];
            for (std::size_t d = 0; d < 2 * pairs; ++d) {
              const std::size_t at = ((i / 16 * pairs + d / 2) * 16 + i % 16) * 2 + d % 2;
              value += std::int64_t{integers[at]} * centres[l * 2 * pairs + d];
            }
            if (value < limits[i]) expected.push_back(static_cast<std::uint32_t>(i));
          }
          CHECK(std::equal(expected.begin(), expected.end(), found.begin() + static_cast<std::ptrdiff_t>(l * stride),
                           found.begin() + static_cast<std::ptrdiff_t>(l * stride + counts[l])));
          // What they are looked at for: the same bits at every level.
          std::vector<float> centre(dimensions);
          points.centred(l * 40, centre.data());
          std::vector<float> offset(points.offset().begin(), points.offset().end());
          const NearerRows<float> rows{x.data(), dimensions, offset.data(), static_cast<float>(points.scale())};
          const double gain = kernels.single_rows.gain(rows, centre.data(), expected.data(), expected.size(),
                                                       closest.data(), nullptr);
          std::vector<std::uint32_t> changed(expected.size() + 1);
          AlignedVector<float> lowered = closest;
          const std::size_t n = kernels.single_rows.lower_closest(rows, centre.data(), expected.data(), expected.size(),
                                                                  lowered.data(), changed.data());
          std::vector<float> all(lowered.begin(), lowered.end());
          all.push_back(static_cast<float>(n));
          all.push_back(static_cast<float>(gain));
          if (level == InstructionSet::scalar) {
            reference.insert(reference.end(), all.begin(), all.end());
            lists.push_back(expected);
          } else {
            const auto at = static_cast<std::ptrdiff_t>(
                (count == 1 ? 0 : count == 3 ? 1 : count == 7 ? 4 : 11) + l);
            CHECK(lists[static_cast<std::size_t>(at)] == expected);
            CHECK(std::equal(all.begin(), all.end(), reference.begin() + at * static_cast<std::ptrdiff_t>(all.size())));
          }
        }
      }
    }
  }
}

// Long enough for the filter; the same starts for any number of threads.
TEST(starts_do_not_depend_on_the_threads) {
  std::mt19937_64 random(8);
  const Case of{30000, 5, 1.0, 0.0, 1.0};
  const std::vector<float> x = cloud<float>(of, random);
  std::vector<double> first;
  for (const int threads : {1, 2, 5}) {
    Context context;
    context.threads = threads;
    context.seed = 3;
    const KMeansPoints<float> points(context, {x.data(), of.n, of.dimensions}, {});
    const std::vector<double> starts = seed_kmeans(context, points, 40, KMeansSeeding::plus_plus, 0);
    if (first.empty()) first = starts;
    CHECK(starts == first);
  }
}

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <tuple>
#include <vector>

#include "base/executor.hpp"
#include "base/philox.hpp"
#include "base/random.hpp"
#include "check.hpp"
#include "diskern/error.hpp"

using diskern::Philox;
using diskern::PhiloxBlock;
using diskern::Purpose;
using diskern::RandomSequence;

namespace {

bool equal(const PhiloxBlock& a, const PhiloxBlock& b) { return std::equal(a.word, a.word + 4, b.word); }

}  // namespace

TEST(published_vectors) {
  // Known answers of Philox4x32-10 published with Random123 (kat_vectors).
  CHECK(equal(diskern::philox4x32({{0, 0, 0, 0}}, 0, 0), {{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}}));
  CHECK(equal(diskern::philox4x32({{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}}, 0xffffffff, 0xffffffff),
              {{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}}));
  CHECK(equal(diskern::philox4x32({{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}}, 0xa4093822, 0x299f31d0),
              {{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}}));
}

TEST(seed_purpose_event_step_and_element_all_count) {
  std::set<std::tuple<std::uint32_t, std::uint32_t, std::uint32_t, std::uint32_t>> seen;
  std::size_t drawn = 0;
  const auto see = [&](const PhiloxBlock& block) {
    seen.insert({block.word[0], block.word[1], block.word[2], block.word[3]});
    ++drawn;
  };
  see(Philox(1, Purpose::test).block(2, 3, 4));
  see(Philox(2, Purpose::test).block(2, 3, 4));
  see(Philox(1ULL << 32, Purpose::test).block(2, 3, 4));
  see(Philox(1, Purpose::split).block(2, 3, 4));
  see(Philox(1, Purpose::test).block(3, 3, 4));
  see(Philox(1, Purpose::test).block(2ULL << 32, 3, 4));
  see(Philox(1, Purpose::test).block(2, 4, 4));
  see(Philox(1, Purpose::test).block(2, 3, 5));
  CHECK_EQUAL(seen.size(), drawn);
  // Pinned, so that a seed means the same in every release.
  CHECK_EQUAL(Philox(42, Purpose::shuffle).block(7, 1, 2).word[0], 0x571b8488U);
  CHECK_EQUAL(Philox(42, Purpose::generator).normals(7).first, 0x1.a3ace1ec78f75p-2);
}

TEST(uniform_numbers_stay_in_the_half_open_interval) {
  CHECK_EQUAL(diskern::uniform_float(0), 0.0F);
  CHECK(diskern::uniform_float(0xffffffff) < 1.0F);
  CHECK_EQUAL(diskern::uniform_float(0xffffffff), 1.0F - 0x1p-24F);
  CHECK_EQUAL(diskern::uniform_double(0, 0), 0.0);
  CHECK_EQUAL(diskern::uniform_double(0xffffffff, 0xffffffff), 1.0 - 0x1p-53);
  const Philox philox(3, Purpose::test);
  double sum = 0.0;
  std::vector<int> histogram(64);
  constexpr int count = 640'000;
  for (int i = 0; i < count; ++i) {
    const double u = philox.uniform(static_cast<std::uint64_t>(i));
    sum += u;
    ++histogram[static_cast<std::size_t>(u * 64.0)];
  }
  CHECK_NEAR(sum / count, 0.5, 5.0 * std::sqrt(1.0 / 12.0 / count));
  double chi2 = 0.0;
  for (const int n : histogram) chi2 += std::pow(n - count / 64.0, 2) / (count / 64.0);
  CHECK(chi2 > 25.0 && chi2 < 125.0);  // 63 degrees of freedom
}

TEST(normal_numbers_have_the_moments_and_tails) {
  const Philox philox(4, Purpose::test);
  constexpr int pairs = 500'000;
  double moment[5] = {};
  double product = 0.0;
  int beyond_three = 0;
  for (int i = 0; i < pairs; ++i) {
    const auto [a, b] = philox.normals(static_cast<std::uint64_t>(i));
    product += a * b;
    for (const double x : {a, b}) {
      double power = 1.0;
      for (double& m : moment) {
        m += power;
        power *= x;
      }
      beyond_three += std::fabs(x) > 3.0 ? 1 : 0;
    }
  }
  const double n = moment[0];
  CHECK_NEAR(moment[1] / n, 0.0, 5.0 / std::sqrt(n));
  CHECK_NEAR(moment[2] / n, 1.0, 5.0 * std::sqrt(2.0 / n));
  CHECK_NEAR(moment[3] / n, 0.0, 5.0 * std::sqrt(15.0 / n));
  CHECK_NEAR(moment[4] / n, 3.0, 5.0 * std::sqrt(96.0 / n));
  CHECK_NEAR(product / pairs, 0.0, 5.0 / std::sqrt(pairs));
  CHECK_NEAR(beyond_three / n, 0.0026998, 5.0 * std::sqrt(0.0027 / n));
  // The largest radius is finite.
  const auto extreme = diskern::normal_pair({{0xffffffff, 0xffffffff, 0, 0}});
  CHECK(std::isfinite(extreme.first) && extreme.first > 8.5);
  CHECK_EQUAL(diskern::normal_pair({{0, 0, 0, 0}}).first, 0.0);
}

TEST(numbers_do_not_depend_on_threads) {
  const Philox philox(5, Purpose::test);
  std::vector<double> serial(10'000);
  for (std::size_t i = 0; i < serial.size(); ++i) serial[i] = philox.normals(i).second;
  for (const int threads : {2, 3, 8}) {
    diskern::Context context;
    context.threads = threads;
    std::vector<double> parallel(serial.size());
    diskern::parallel_for(context, diskern::chunk_count(serial.size(), 97), [&](std::size_t chunk) {
      const diskern::Range range = diskern::chunk_range(serial.size(), 97, chunk);
      for (std::size_t i = range.begin; i < range.end; ++i) parallel[i] = philox.normals(i).second;
    });
    CHECK(parallel == serial);
  }
}

TEST(below_is_unbiased_and_strict) {
  RandomSequence random(6, Purpose::test);
  std::vector<int> histogram(7);
  constexpr int count = 700'000;
  for (int i = 0; i < count; ++i) ++histogram[random.below(7)];
  for (const int n : histogram) CHECK_NEAR(n, count / 7.0, 5.0 * std::sqrt(count / 7.0));
  for (int i = 0; i < 100; ++i) CHECK_EQUAL(random.below(1), std::uint64_t{0});
  // Just above 2^63 nearly every second draw is refused: a wrong rejection would halve the range.
  const std::uint64_t bound = (std::uint64_t{1} << 63) + 1;
  bool upper = false;
  for (int i = 0; i < 200; ++i) {
    const std::uint64_t drawn = random.below(bound);
    CHECK(drawn < bound);
    upper = upper || drawn > bound / 4 * 3;
  }
  CHECK(upper);
  CHECK_THROWS(random.below(0), diskern::InvalidArgument);
}

TEST(shuffle_is_a_permutation_and_repeatable) {
  RandomSequence random(7, Purpose::shuffle);
  std::vector<std::size_t> order = diskern::random_order(1000, random);
  RandomSequence again(7, Purpose::shuffle);
  CHECK(diskern::random_order(1000, again) == order);
  CHECK(diskern::random_order(1000, again) != order);
  RandomSequence other_step(7, Purpose::shuffle, 1);
  CHECK(diskern::random_order(1000, other_step) != order);
  std::sort(order.begin(), order.end());
  for (std::size_t i = 0; i < order.size(); ++i) CHECK_EQUAL(order[i], i);
  CHECK(diskern::random_order(0, random).empty());
  // All 24 orders of four are equally likely.
  std::vector<int> seen(256);
  for (int i = 0; i < 24'000; ++i) {
    const std::vector<std::size_t> four = diskern::random_order(4, random);
    ++seen[four[0] * 64 + four[1] * 16 + four[2] * 4 + four[3]];
  }
  int distinct = 0;
  for (const int n : seen) {
    if (n == 0) continue;
    ++distinct;
    CHECK_NEAR(n, 1000, 5.0 * std::sqrt(1000.0));
  }
  CHECK_EQUAL(distinct, 24);
}

TEST(poisson_and_exponential_moments) {
  RandomSequence random(8, Purpose::bagging);
  for (const double mean : {0.1, 1.0, 5.0, 16.0, 40.0}) {
    double sum = 0.0;
    double square = 0.0;
    constexpr int count = 100'000;
    for (int i = 0; i < count; ++i) {
      const auto k = static_cast<double>(random.poisson(mean));
      sum += k;
      square += k * k;
    }
    const double average = sum / count;
    CHECK_NEAR(average, mean, 5.0 * std::sqrt(mean / count));
    CHECK_NEAR(square / count - average * average, mean, 5.0 * std::sqrt((mean + 2.0 * mean * mean) / count));
  }
  CHECK_EQUAL(random.poisson(0.0), std::uint64_t{0});
  CHECK_THROWS(random.poisson(-1.0), diskern::InvalidArgument);
  CHECK_THROWS(random.poisson(std::numeric_limits<double>::infinity()), diskern::InvalidArgument);
  CHECK_THROWS(random.poisson(std::nan("")), diskern::InvalidArgument);
  double sum = 0.0;
  for (int i = 0; i < 100'000; ++i) sum += random.exponential();
  CHECK_NEAR(sum / 1e5, 1.0, 5.0 / std::sqrt(1e5));
  double normal_square = 0.0;
  for (int i = 0; i < 100'000; ++i) normal_square += std::pow(random.normal(), 2);
  CHECK_NEAR(normal_square / 1e5, 1.0, 5.0 * std::sqrt(2.0 / 1e5));
}

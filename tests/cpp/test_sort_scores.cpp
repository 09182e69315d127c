// The score at a place of the order of all scores: by selection as by sorting.
#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "check.hpp"
#include "trees/sort_scores.hpp"

using namespace diskern;
using namespace diskern::trees;

namespace {

double by_sorting(const std::vector<double>& score, const std::vector<std::int64_t>& weight, double wanted) {
  std::vector<std::uint64_t> keys, other_keys;
  std::vector<std::uint32_t> order, other_order;
  sort_scores(Context{}, score.data(), score.size(), keys, order, other_keys, other_order);
  std::int64_t above = 0;
  for (std::size_t end = keys.size(); end > 0;) {
    std::size_t begin = end;
    while (begin > 0 && keys[begin - 1] == keys[end - 1]) above += weight[order[--begin]];
    if (static_cast<double>(above) >= wanted) return score_of_key(keys[begin]);
    end = begin;
  }
  return score_of_key(keys[0]);
}

}  // namespace

TEST(selection_finds_what_sorting_finds) {
  std::mt19937_64 random(7);
  std::normal_distribution<double> normal;
  for (const std::size_t n : {1UL, 2UL, 3UL, 17UL, 1000UL, 20011UL}) {
    for (int kind = 0; kind < 5; ++kind) {
      std::vector<double> score(n);
      std::vector<std::int64_t> weight(n);
      std::int64_t total = 0;
      for (std::size_t i = 0; i < n; ++i) {
        score[i] = normal(random);
        if (kind == 1) score[i] = std::round(score[i]);                                  // many ties, 0 and -0
        if (kind == 2) score[i] = std::ldexp(score[i], static_cast<int>(random() % 2000) - 1000);
        if (kind == 3) score[i] = 3.0 + static_cast<double>(random() % 50) * 0x1p-51;    // the last bits differ
        if (kind == 4) score[i] = -0.25;
        weight[i] = random() % 4 == 0 ? 0 : static_cast<std::int64_t>(random() % 1000);
        total += weight[i];
      }
      std::vector<std::uint64_t> keys;
      std::vector<std::uint32_t> events;
      for (const double wanted : {0.0, -1.0}) {  // nothing is wanted: the highest score gives it
        const double found = score_above_which(
            score.data(), n, [&](std::size_t i) { return weight[i]; }, wanted, keys, events);
        CHECK_EQUAL(found, *std::max_element(score.begin(), score.end()));
      }
      for (const double fraction : {1e-9, 0.001, 0.1, 0.5, 0.75, 0.999, 1.0, 1.5}) {
        const double wanted = fraction * static_cast<double>(total) + 1e-3;
        const double found = score_above_which(
            score.data(), n, [&](std::size_t i) { return weight[i]; }, wanted, keys, events);
        CHECK_EQUAL(found, by_sorting(score, weight, wanted));
      }
    }
  }
}

#pragma once
// Scores sorted by their bits: a radix sort that is stable, threaded, and free of the number of threads. And the score
// at a place of that order without sorting.

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/portable.hpp"
#include "diskern/context.hpp"

namespace diskern::trees {

// An integer for each score such that they are in the same order; 0 and -0 have the same.
inline std::uint64_t key_of_score(double score) noexcept {
  const std::uint64_t bits = maths::to_bits(score + 0.0);
  return bits >> 63U != 0 ? ~bits : bits | (std::uint64_t{1} << 63U);
}
inline double score_of_key(std::uint64_t key) noexcept {
  return maths::from_bits(key >> 63U != 0 ? key ^ (std::uint64_t{1} << 63U) : ~key);
}

// keys: of the scores, ascending; order[k]: the event of keys[k], ascending among equal ones. The others are scratch.
void sort_scores(const Context& context, const double* score, std::size_t n, std::vector<std::uint64_t>& keys,
                 std::vector<std::uint32_t>& order, std::vector<std::uint64_t>& keys_other,
                 std::vector<std::uint32_t>& order_other);

// The largest score such that weight(event), an integer that is not negative, sums up to `wanted` at least over the
// events of this score or a higher one; the lowest score where there is none, the highest where nothing is wanted. keys and events are scratch. n > 0.
template <class Weight>
double score_above_which(const double* score, std::size_t n, const Weight& weight, double wanted,
                         std::vector<std::uint64_t>& keys, std::vector<std::uint32_t>& events) {
  constexpr unsigned digit_bits = 11;
  constexpr std::size_t digits = std::size_t{1} << digit_bits;
  keys.resize(n);
  events.resize(n);
  for (std::size_t i = 0; i < n; ++i) {
    keys[i] = key_of_score(score[i]);
    events[i] = static_cast<std::uint32_t>(i);
  }
  if (!(wanted > 0.0)) return score_of_key(*std::max_element(keys.begin(), keys.end()));
  // Of the keys that are left only those of one digit stay, from the highest bits in which they differ.
  std::int64_t above = 0;
  for (std::size_t left = n;;) {
    std::uint64_t different = 0;
    for (std::size_t k = 0; k < left; ++k) different |= keys[k] ^ keys[0];
    if (different == 0) return score_of_key(keys[0]);
    const auto top = static_cast<unsigned>(std::bit_width(different));
    const unsigned shift = top > digit_bits ? top - digit_bits : 0;
    const auto digit_of = [&](std::uint64_t key) { return (key >> shift) & (digits - 1); };
    std::array<std::int64_t, digits> sums{};
    for (std::size_t k = 0; k < left; ++k) sums[digit_of(keys[k])] += weight(events[k]);
    std::size_t digit = digits;
    while (digit > 0 && static_cast<double>(above + sums[digit - 1]) < wanted) above += sums[--digit];
    if (digit == 0) return score_of_key(*std::min_element(keys.data(), keys.data() + left));
    --digit;
    std::size_t kept = 0;
    for (std::size_t k = 0; k < left; ++k) {
      const std::uint64_t key = keys[k];
      const std::uint32_t event = events[k];
      keys[kept] = key;
      events[kept] = event;
      kept += digit_of(key) == digit ? 1 : 0;
    }
    left = kept;
  }
}

}  // namespace diskern::trees

#pragma once
// Scores sorted by their bits: a radix sort that is stable, threaded, and free of the number of threads.

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

}  // namespace diskern::trees

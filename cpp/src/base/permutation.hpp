#pragma once
// An order of 0 .. count-1 that needs no memory and gives each place by itself, so that threads shuffle what they work
// on: a Feistel network over the smallest power of two that holds count, walked until the result lies below count
// (Black and Rogaway, "Ciphers with arbitrary finite domains", 2002). Below 4096 a Fisher-Yates shuffle, whose orders
// are all equally likely.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/random.hpp"

namespace diskern {

class Permutation {
 public:
  // `step` separates orders of one purpose, e.g. one per epoch. Without a seed: the natural order.
  explicit Permutation(std::size_t count) : count_(count) {}
  Permutation(std::size_t count, std::uint64_t seed, Purpose purpose, std::uint32_t step) : count_(count) {
    RandomSequence random(seed, purpose, step);
    if (count < listed_below) {
      list_ = random_order(count, random);
      return;
    }
    shuffled_ = true;
    int bits = 0;
    while ((std::uint64_t{1} << bits) < count) ++bits;
    low_bits_ = bits / 2;
    low_mask_ = (std::uint64_t{1} << low_bits_) - 1;
    high_mask_ = (std::uint64_t{1} << (bits - low_bits_)) - 1;
    for (std::uint64_t& key : keys_) key = (std::uint64_t{random.word()} << 32U) | random.word();
  }

  std::size_t size() const noexcept { return count_; }
  std::size_t operator[](std::size_t i) const noexcept {
    if (!list_.empty()) return list_[i];
    if (!shuffled_) return i;
    std::uint64_t value = i;
    do {
      std::uint64_t low = value & low_mask_;
      std::uint64_t high = value >> low_bits_;
      for (int round = 0; round < rounds; round += 2) {
        high ^= mix(low ^ keys_[round]) & high_mask_;
        low ^= mix(high ^ keys_[round + 1]) & low_mask_;
      }
      value = (high << low_bits_) | low;
    } while (value >= count_);
    return static_cast<std::size_t>(value);
  }

 private:
  static constexpr std::size_t listed_below = 4096;
  static constexpr int rounds = 6;
  static std::uint64_t mix(std::uint64_t x) noexcept {
    x *= 0x9e3779b97f4a7c15ULL;
    x ^= x >> 32U;
    x *= 0xd6e8feb86659fd93ULL;
    return x >> 32U;
  }

  std::size_t count_;
  bool shuffled_ = false;
  int low_bits_ = 0;
  std::uint64_t low_mask_ = 0;
  std::uint64_t high_mask_ = 0;
  std::uint64_t keys_[rounds] = {};
  std::vector<std::size_t> list_;
};

}  // namespace diskern

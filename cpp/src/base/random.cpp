#include "base/random.hpp"

#include <cmath>
#include <string>

#include "diskern/error.hpp"

namespace diskern {

std::uint32_t RandomSequence::word() {
  if (used_ == 4) {
    block_ = philox_.block(next_block_++, step_);
    used_ = 0;
  }
  return block_.word[used_++];
}

double RandomSequence::uniform() {
  const std::uint32_t high = word();
  return uniform_double(high, word());
}

std::uint64_t RandomSequence::below(std::uint64_t bound) {
  if (bound == 0) throw InvalidArgument("a random number below 0 was asked for, expected a bound of at least 1");
  // Values from the incomplete last interval are drawn again, so that every result is equally likely.
  const std::uint64_t incomplete = (0 - bound) % bound;  // 2^64 mod bound
  while (true) {
    const std::uint64_t high = word();
    const std::uint64_t drawn = (high << 32) | word();
    if (drawn >= incomplete) return drawn % bound;
  }
}

double RandomSequence::normal() {
  if (has_spare_normal_) {
    has_spare_normal_ = false;
    return spare_normal_;
  }
  PhiloxBlock words{};
  for (std::uint32_t& one : words.word) one = word();
  const NormalPair pair = normal_pair(words);
  spare_normal_ = pair.second;
  has_spare_normal_ = true;
  return pair.first;
}

double RandomSequence::exponential() { return -maths::log(1.0 - uniform()); }

std::uint64_t RandomSequence::poisson(double mean) {
  if (!(mean >= 0.0) || !std::isfinite(mean)) {
    throw InvalidArgument("the mean of a Poisson distribution is " + std::to_string(mean) +
                          ", expected a finite number >= 0");
  }
  // A sum of Poisson numbers is one: large means are cut into pieces for which inversion keeps its precision.
  constexpr double piece = 16.0;
  std::uint64_t total = 0;
  while (mean > 0.0) {
    const double now = mean > piece ? piece : mean;
    mean -= now;
    double probability = maths::exp(-now);
    double left = uniform() - probability;
    // The tail beyond 200 has no probability that a double uniform could reach.
    for (std::uint64_t k = 1; left >= 0.0 && k < 200; ++k) {
      ++total;
      probability *= now / static_cast<double>(k);
      left -= probability;
    }
  }
  return total;
}

std::vector<std::size_t> random_order(std::size_t count, RandomSequence& random) {
  std::vector<std::size_t> order(count);
  for (std::size_t i = 0; i < count; ++i) order[i] = i;
  shuffle(order.data(), count, random);
  return order;
}

}  // namespace diskern

#pragma once
// Philox4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC11): a function of a
// key (seed and purpose) and a counter (event, step, element), without state. The numbers therefore do not depend on
// threads, on how a batch is cut, or on the device. Compiles for CPU and CUDA.

#include "base/maths.hpp"
#include "base/portable.hpp"

namespace diskern {

struct PhiloxBlock {
  uint32_t word[4];
};

// The bare function of the paper: ten rounds over a counter of four words with a key of two.
DISKERN_HD PhiloxBlock philox4x32(PhiloxBlock counter, uint32_t key0, uint32_t key1) {
  for (int round = 0; round < 10; ++round) {
    const uint64_t product0 = uint64_t{0xD2511F53U} * counter.word[0];
    const uint64_t product1 = uint64_t{0xCD9E8D57U} * counter.word[2];
    counter = {{static_cast<uint32_t>(product1 >> 32) ^ counter.word[1] ^ key0, static_cast<uint32_t>(product1),
                static_cast<uint32_t>(product0 >> 32) ^ counter.word[3] ^ key1, static_cast<uint32_t>(product0)}};
    key0 += 0x9E3779B9U;
    key1 += 0xBB67AE85U;
  }
  return counter;
}

// What random numbers are for. Two purposes never share a sequence, so a new use cannot change an old one's numbers.
// The values are part of what a seed means: append, never renumber.
enum class Purpose : uint32_t {
  test = 0,
  split = 1,
  bagging = 2,
  features = 3,
  initialisation = 4,
  shuffle = 5,
  dropout = 6,
  generator = 7,
  bootstrap = 8,
  folds = 9,
  random_cuts = 10,
  seeding = 11,
  minimisation = 12,
};

// [0, 1) with all 24 or 53 bits of the mantissa.
DISKERN_HD float uniform_float(uint32_t word) { return static_cast<float>(word >> 8) * 0x1p-24F; }
DISKERN_HD double uniform_double(uint32_t high, uint32_t low) {
  return static_cast<double>(((uint64_t{high} << 32) | low) >> 11) * 0x1p-53;
}

struct NormalPair {
  double first;
  double second;
};

// Box-Muller, with the functions of maths.hpp. The first uniform is taken in (0, 1], so the logarithm is finite.
DISKERN_HD NormalPair normal_pair(const PhiloxBlock& block) {
  const double radius_uniform = 1.0 - uniform_double(block.word[0], block.word[1]);
  const double radius = maths::square_root(-2.0 * maths::log(radius_uniform));
  const maths::SineCosine turn = maths::sine_cosine_of_turn(uniform_double(block.word[2], block.word[3]));
  return {radius * turn.cosine, radius * turn.sine};
}

// The random numbers of one seed and purpose, addressed by event (row of the sample), step (epoch, tree, ...) and
// element (variable, unit, ...).
class Philox {
 public:
  // Seed and purpose are three words and a key has two, so Philox itself mixes them.
  DISKERN_HD_MEMBER Philox(uint64_t seed, Purpose purpose) {
    const PhiloxBlock mixed = philox4x32(
        {{static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32), static_cast<uint32_t>(purpose), 0}}, 0, 0);
    key0_ = mixed.word[0];
    key1_ = mixed.word[1];
  }

  DISKERN_HD_MEMBER PhiloxBlock block(uint64_t event, uint32_t step = 0, uint32_t element = 0) const {
    return philox4x32({{static_cast<uint32_t>(event), static_cast<uint32_t>(event >> 32), step, element}}, key0_,
                      key1_);
  }
  DISKERN_HD_MEMBER double uniform(uint64_t event, uint32_t step = 0, uint32_t element = 0) const {
    const PhiloxBlock words = block(event, step, element);
    return uniform_double(words.word[0], words.word[1]);
  }
  DISKERN_HD_MEMBER NormalPair normals(uint64_t event, uint32_t step = 0, uint32_t element = 0) const {
    return normal_pair(block(event, step, element));
  }

 private:
  uint32_t key0_;
  uint32_t key1_;
};

}  // namespace diskern

#include "trees/sort_scores.hpp"

#include "base/executor.hpp"

namespace diskern::trees {

namespace {

constexpr unsigned digit_bits = 11;
constexpr std::size_t digits = std::size_t{1} << digit_bits;
constexpr std::size_t chunk_size = 65536;

}  // namespace

void sort_scores(const Context& context, const double* score, std::size_t n, std::vector<std::uint64_t>& keys,
                 std::vector<std::uint32_t>& order, std::vector<std::uint64_t>& keys_other,
                 std::vector<std::uint32_t>& order_other) {
  keys.resize(n);
  keys_other.resize(n);
  order.resize(n);
  order_other.resize(n);
  const std::size_t chunks = chunk_count(n, chunk_size);
  std::vector<std::uint64_t> differing(chunks, 0);  // bits that are not the same in all keys
  const std::uint64_t first = n == 0 ? 0 : key_of_score(score[0]);
  parallel_for(
      context, chunks,
      [&](std::size_t c) {
        const Range range = chunk_range(n, chunk_size, c);
        std::uint64_t bits = 0;
        for (std::size_t i = range.begin; i < range.end; ++i) {
          keys[i] = key_of_score(score[i]);
          order[i] = static_cast<std::uint32_t>(i);
          bits |= keys[i] ^ first;
        }
        differing[c] = bits;
      },
      static_cast<double>(n) * 1.5);
  std::uint64_t different = 0;
  for (const std::uint64_t bits : differing) different |= bits;

  std::vector<std::uint32_t> places(chunks * digits);
  for (unsigned shift = 0; shift < 64; shift += digit_bits) {
    if (((different >> shift) & (digits - 1)) == 0) continue;
    parallel_for(
        context, chunks,
        [&](std::size_t c) {
          const Range range = chunk_range(n, chunk_size, c);
          std::uint32_t* counts = places.data() + c * digits;
          for (std::size_t d = 0; d < digits; ++d) counts[d] = 0;
          for (std::size_t i = range.begin; i < range.end; ++i) ++counts[(keys[i] >> shift) & (digits - 1)];
        },
        static_cast<double>(n) * 1.0);
    std::uint32_t sum = 0;
    for (std::size_t d = 0; d < digits; ++d) {
      for (std::size_t c = 0; c < chunks; ++c) {
        const std::uint32_t count = places[c * digits + d];
        places[c * digits + d] = sum;
        sum += count;
      }
    }
    parallel_for(
        context, chunks,
        [&](std::size_t c) {
          const Range range = chunk_range(n, chunk_size, c);
          std::uint32_t* next = places.data() + c * digits;
          for (std::size_t i = range.begin; i < range.end; ++i) {
            const std::uint32_t to = next[(keys[i] >> shift) & (digits - 1)]++;
            keys_other[to] = keys[i];
            order_other[to] = order[i];
          }
        },
        static_cast<double>(n) * 2.5);
    keys.swap(keys_other);
    order.swap(order_other);
  }
}

}  // namespace diskern::trees

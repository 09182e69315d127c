#pragma once
// What candidates for the next centre would lower. Part of the k-means kernel unit.

#include "clustering/kmeans_vector.hpp"

namespace diskern::DISKERN_ISA_NAMESPACE {

using namespace clustering;  // NOLINT(google-build-using-namespace)

namespace {

// The same bits at every level: fused multiplications round once wherever they are made, and sums are per lane of a block
// of 16.
// A fixed tree over the 16 sums: of the halves, then of the halves of that.
DISKERN_INLINE float sum_of_block(float* sums) {
#if defined(__AVX2__)
  const __m256 eight = _mm256_add_ps(_mm256_loadu_ps(sums), _mm256_loadu_ps(sums + 8));
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
#else
  for (size_t half = block_points / 2; half > 0; half /= 2) {
    for (size_t i = 0; i < half; ++i) sums[i] += sums[i + half];
  }
  return sums[0];
#endif
}

template <size_t fixed>
struct Seeds {
  static DISKERN_INLINE Floats distance(const float* from, const float* centre, size_t dimensions) {
    Floats sum = broadcast(0.0F);
    for (size_t d = 0; d < dimensions; ++d) {
      const Floats difference = load(from + d * block_points) - broadcast(centre[d]);
      sum = fused(difference, difference, sum);
    }
    return sum;
  }

  // at_once candidates, whose sums stay in registers.
  template <size_t at_once>
  static void pass(const float* blocks, size_t groups, size_t given, const float* weight, const float* chosen,
                   size_t chosen_count, const float* const* candidates, float* closest, double* sums) {
    const size_t dimensions = fixed == 0 ? given : fixed;
    // Few float32 additions per lane before they go into a float64 sum.
    for (size_t group = 0; group < groups; ++group) {
      float values[at_once][block_points];
      for (size_t v = 0; v < vectors_per_block; ++v) {
        Floats lane_sums[at_once];
        for (size_t l = 0; l < at_once; ++l) lane_sums[l] = broadcast(0.0F);
        for (size_t b = 0; b < blocks_per_group; ++b) {
          const size_t block = group * blocks_per_group + b;
          const float* from = blocks + block * dimensions * block_points + v * lanes;
          const size_t point = block * block_points + v * lanes;
          Floats near = load(closest + point);
          if (chosen_count > 0) {
            for (size_t c = 0; c < chosen_count; ++c) {
              near = smaller(near, distance(from, chosen + c * dimensions, dimensions));
            }
            store(closest + point, near);
          }
          const Floats factor = weight == nullptr ? broadcast(1.0F) : load(weight + point);
          Floats square[at_once];
          for (size_t l = 0; l < at_once; ++l) square[l] = broadcast(0.0F);
          for (size_t d = 0; d < dimensions; ++d) {
            const Floats x = load(from + d * block_points);
            for (size_t l = 0; l < at_once; ++l) {
              const Floats difference = x - broadcast(candidates[l][d]);
              square[l] = fused(difference, difference, square[l]);
            }
          }
          for (size_t l = 0; l < at_once; ++l) lane_sums[l] = lane_sums[l] + smaller(near, square[l]) * factor;
        }
        for (size_t l = 0; l < at_once; ++l) store(values[l] + v * lanes, lane_sums[l]);
      }
      for (size_t l = 0; l < at_once; ++l) sums[l] += static_cast<double>(sum_of_block(values[l]));
    }
  }

  static void run(const float* blocks, size_t groups, size_t given, const float* weight, const float* chosen,
                  size_t chosen_count, const float* candidates, size_t candidate_count, float* closest, double* sums) {
    const size_t dimensions = fixed == 0 ? given : fixed;
    constexpr size_t most = 8;
    // Without candidates there are still the distances to the chosen ones to be taken into account.
    for (size_t first = 0; first == 0 || first < candidate_count; first += most) {
      const size_t rest = candidate_count - first;
      const size_t count = rest < most ? rest : most;
      const float* rows[most];
      double total[most] = {};
      // Filled up with the last one, or any, whose sums nobody asked for.
      for (size_t l = 0; l < most; ++l) {
        rows[l] = count == 0 ? chosen : candidates + (first + (l < count ? l : count - 1)) * dimensions;
      }
      const size_t new_chosen = first == 0 ? chosen_count : 0;
      if (count <= 2) {
        pass<2>(blocks, groups, dimensions, weight, chosen, new_chosen, rows, closest, total);
      } else if (count <= 4) {
        pass<4>(blocks, groups, dimensions, weight, chosen, new_chosen, rows, closest, total);
      } else if (count <= 6) {
        pass<6>(blocks, groups, dimensions, weight, chosen, new_chosen, rows, closest, total);
      } else {
        pass<8>(blocks, groups, dimensions, weight, chosen, new_chosen, rows, closest, total);
      }
      for (size_t l = 0; l < count; ++l) sums[first + l] = total[l];
    }
  }
};

void try_seeds(const float* blocks, size_t groups, size_t dimensions, const float* weight, const float* chosen,
               size_t chosen_count, const float* candidates, size_t candidate_count, float* closest, double* sums) {
#define DISKERN_SEEDS(fixed)                                                                             \
  Seeds<fixed>::run(blocks, groups, dimensions, weight, chosen, chosen_count, candidates, candidate_count, \
                    closest, sums)
  switch (dimensions) {
    case 1:
      return DISKERN_SEEDS(1);
    case 2:
      return DISKERN_SEEDS(2);
    case 3:
      return DISKERN_SEEDS(3);
    case 4:
      return DISKERN_SEEDS(4);
    case 5:
      return DISKERN_SEEDS(5);
    case 6:
      return DISKERN_SEEDS(6);
    case 7:
      return DISKERN_SEEDS(7);
    case 8:
      return DISKERN_SEEDS(8);
    default:
      return DISKERN_SEEDS(0);
  }
#undef DISKERN_SEEDS
}

}  // namespace

}  // namespace diskern::DISKERN_ISA_NAMESPACE

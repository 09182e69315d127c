#pragma once
// Seeding looks at all points for each candidate, most of which are nearer to a centre that they have already. Integers
// of 16 bits tell them apart from the others: a bound on their rounding makes sure that no point is missed, and those
// left are looked at in float32.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/aligned.hpp"
#include "base/executor.hpp"
#include "clustering/kmeans_points.hpp"
#include "diskern/context.hpp"

namespace diskern::clustering {

template <class T>
class SeedFilter {
 public:
  SeedFilter(const KMeansPoints<T>& points, const Pieces& pieces);

  // Whether points of so many dimensions can have one.
  static bool possible(std::size_t dimensions) noexcept { return dimensions >= 2 && dimensions <= most_dimensions; }
  bool ready() const noexcept { return !limits_.empty(); }
  // For points whose squared distances to the nearest centre so far are these. weight: null or one per point.
  void prepare(const Context& context, const AlignedVector<float>& closest, const float* weight);
  // Takes the chosen ones into account, then tells how much each candidate would leave of each piece:
  // piece_sums[piece * count + l]. Rows as KMeansPoints::centred has them. Returns how many distances were looked at, as a
  // share of those of all points to all candidates.
  double pass(const Context& context, const std::vector<float>& chosen, const std::vector<float>& candidates,
              const float* weight, AlignedVector<float>& closest, std::vector<double>& piece_sums);
  // Where in a piece the share `left` of what candidate `l` of the last pass would leave is reached; `left` becomes the
  // share within.
  Range part_of_piece(std::size_t piece, std::size_t l, double& left) const noexcept;

 private:
  static constexpr std::size_t most_dimensions = 128;
  static constexpr std::size_t part_points = 16 * group_points;  // worked on at once

  // Centres as the kernels want them.
  struct Centres {
    std::size_t count = 0;
    AlignedVector<std::int16_t> coordinates;
    std::vector<std::int32_t> constant;
  };
  Centres centres_of(const std::vector<float>& rows) const;
  double sum_of_group(std::size_t group, const float* weight, const AlignedVector<float>& closest) const noexcept;

  const KMeansPoints<T>& points_;
  const KMeansKernels& kernels_;
  Pieces pieces_;
  std::size_t dimensions_;
  std::size_t pairs_;
  std::size_t parts_of_piece_;
  std::vector<T> offset_;
  float inverse_unit_ = 0;
  double slack_ = 0;
  double stretch_ = 1;
  AlignedVector<std::int16_t> coordinates_;  // blocks [pair][16 points][2]
  AlignedVector<std::int32_t> norms_;        // squared, of the integers
  AlignedVector<std::int32_t> limits_;
  std::vector<double> group_sums_;  // of weight times closest
  std::size_t candidate_count_ = 0;
  std::vector<double> part_sums_;  // (pieces, parts, candidates)
};

extern template class SeedFilter<float>;
extern template class SeedFilter<double>;

}  // namespace diskern::clustering

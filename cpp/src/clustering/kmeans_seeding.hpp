#pragma once
// Where k-means starts. Random numbers are functions of seed, run and step, so results depend neither on the number of
// threads nor on the instruction set.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "clustering/kmeans_points.hpp"
#include "diskern/context.hpp"

namespace diskern::clustering {

enum class KMeansSeeding : std::uint8_t {
  // Arthur and Vassilvitskii, SODA 2007, 1027: a point is drawn with a probability proportional to its weight and its
  // squared distance to the points drawn before. Of 2 + log(clusters) points drawn in each step the one that lowers the
  // inertia most is taken, as by scikit-learn.
  plus_plus = 0,
  // Different points, drawn with probabilities proportional to their weights.
  random = 1,
  // k-means|| (Bahmani et al., PVLDB 5 (2012) 622): in five rounds about 2 x clusters points each, drawn independently
  // with a probability proportional to weight and squared distance; then k-means++ of these, each weighted with the
  // points nearest to it.
  parallel = 2,
};

// Centres (clusters x dimensions). run: separates the starts of one seed. The distances in the probabilities are float32
// of the centred points; where all of them vanish although points are left, any point is drawn by weight. Throws
// InvalidArgument: no clusters, more clusters than points (random: than points with weight).
template <class T>
std::vector<double> seed_kmeans(const Context& context, const KMeansPoints<T>& points, std::size_t clusters,
                                KMeansSeeding seeding, std::uint32_t run);

}  // namespace diskern::clustering

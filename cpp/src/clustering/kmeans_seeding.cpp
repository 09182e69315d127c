#include "clustering/kmeans_seeding.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>

#include "base/executor.hpp"
#include "base/philox.hpp"
#include "clustering/kmeans_assignment.hpp"
#include "clustering/kmeans_seed_filter.hpp"
#include "diskern/error.hpp"

namespace diskern::clustering {

namespace {

constexpr std::size_t parallel_rounds = 5;
constexpr std::size_t parallel_oversampling = 2;
// The first centres are nearer than those before for many points; then it is worth while to look for these first, as
// long as they are few (of all points, for each candidate).
constexpr std::size_t steps_of_all_points = 6;
constexpr std::size_t fewest_steps_with_filter = 8;
constexpr double most_looked_at = 0.08;
constexpr std::size_t steps_between_questions = 8;

// The points and how far each is from the nearest of those drawn so far.
template <class T>
class Seeder {
 public:
  Seeder(const Context& context, const KMeansPoints<T>& points, std::uint32_t run)
      : context_(context),
        points_(points),
        kernels_(kmeans_kernels()),
        random_(context.seed, Purpose::seeding),
        run_(run),
        dimensions_(points.dimensions()),
        pieces_(pieces_of(points.size())),
        filter_(points, pieces_) {
    const std::size_t padded = chunk_count(points.size(), group_points) * group_points;
    closest_.resize(padded);
    std::fill_n(closest_.begin(), points.size(), std::numeric_limits<float>::max());
    std::fill(closest_.begin() + static_cast<std::ptrdiff_t>(points.size()), closest_.end(), 0.0F);
    if (points.weights() != nullptr) {
      // Only ratios matter; the largest is 1 so that float32 holds them.
      const double largest = *std::max_element(points.weights(), points.weights() + points.size());
      weight_.assign(padded, 0.0F);
      for (std::size_t i = 0; i < points.size(); ++i) weight_[i] = static_cast<float>(points.weight(i) / largest);
    }
  }

  // A number in [0, 1) for one draw of one step.
  double uniform(std::uint64_t draw, std::uint32_t step) const { return random_.uniform(draw, step, run_); }

  // The point at `share` of the sum of the weights.
  std::size_t by_weight(double share) const {
    if (weight_.empty()) {
      return std::min(static_cast<std::size_t>(share * static_cast<double>(points_.size())), points_.size() - 1);
    }
    double sum = 0;
    for (std::size_t i = 0; i < points_.size(); ++i) sum += static_cast<double>(weight_[i]);
    double left = share * sum;
    std::size_t last = 0;
    for (std::size_t i = 0; i < points_.size(); ++i) {
      if (weight_[i] == 0) continue;
      last = i;
      left -= static_cast<double>(weight_[i]);
      if (left < 0) break;
    }
    return last;
  }

  // The next calls of `potentials` pick the points that a candidate may change first, if they are few.
  void allow_filter() { filter_allowed_ = SeedFilter<T>::possible(dimensions_); }

  // Takes the `chosen` into account and returns for each candidate the potential, sum of weight times squared distance,
  // that it would leave.
  std::vector<double> potentials(const std::vector<std::size_t>& chosen, const std::vector<std::size_t>& candidates) {
    const std::size_t count = candidates.size();
    const std::vector<float> chosen_rows = centred(chosen);
    const std::vector<float> rows = centred(candidates);
    if (filter_allowed_ && steps_without_ == 0) {
      const float* weight = weight_.empty() ? nullptr : weight_.data();
      if (!filtering_) filter_.prepare(context_, closest_, weight);
      filtering_ = filter_.pass(context_, chosen_rows, rows, weight, closest_, piece_sums_) < most_looked_at;
      if (!filtering_) steps_without_ = pause_ *= 2;
      return totals(count);
    }
    if (steps_without_ > 0) --steps_without_;
    piece_sums_.assign(pieces_.count * count, 0.0);
    const double work = static_cast<double>(points_.size() * (count + chosen.size()) * (dimensions_ + 1)) * 0.05;
    interruptible_for(
        context_, pieces_.count,
        [&](std::size_t piece) {
          const Range range = chunk_range(points_.size(), pieces_.points, piece);
          AlignedVector<float> buffer(dimensions_ > register_dimensions ? 0 : batch_points * dimensions_);
          std::vector<double> sums(count);
          for (std::size_t begin = range.begin; begin < range.end; begin += batch_points) {
            const std::size_t batch = std::min(batch_points, range.end - begin);
            const float* blocks = points_.groups(kernels_, begin, batch, buffer.data());
            const Ahead ahead = rows_ahead(points_.row(begin), batch, dimensions_);
            for (std::size_t group = 0; group * group_points < batch; ++group) {
              const std::size_t at = group * group_points;
              ahead.fetch(group);
              kernels_.try_seeds(blocks + at * dimensions_, 1, dimensions_,
                                 weight_.empty() ? nullptr : weight_.data() + begin + at, chosen_rows.data(),
                                 chosen.size(), rows.data(), count, closest_.data() + begin + at, sums.data());
              for (std::size_t l = 0; l < count; ++l) piece_sums_[piece * count + l] += sums[l];
            }
          }
        },
        work);
    return totals(count);
  }

  std::vector<float> centred(const std::vector<std::size_t>& points) const {
    std::vector<float> rows(points.size() * dimensions_);
    for (std::size_t l = 0; l < points.size(); ++l) points_.centred(points[l], rows.data() + l * dimensions_);
    return rows;
  }

  // The point at `share` of the potential that candidate `l` of the last call would leave.
  std::size_t by_potential(double share, double total, std::size_t candidate, std::size_t l, std::size_t count) {
    double left = share * total;
    std::size_t piece = 0;
    std::size_t holder = 0;  // the last piece with any
    for (; piece < pieces_.count; ++piece) {
      const double sum = piece_sums_[piece * count + l];
      if (sum > 0) holder = piece;
      if (left < sum) break;
      left -= sum;
    }
    if (piece == pieces_.count) {
      piece = holder;
      left = std::numeric_limits<double>::infinity();
    }
    // Then the group of points, the last one with any if rounding leads beyond.
    const Range range = filtering_ ? filter_.part_of_piece(piece, l, left)
                                   : chunk_range(points_.size(), pieces_.points, piece);
    std::vector<float> centre(dimensions_);
    points_.centred(candidate, centre.data());
    AlignedVector<float> buffer(dimensions_ > register_dimensions ? 0 : group_points * dimensions_);
    std::size_t at = range.begin;
    double before = left;
    for (std::size_t begin = range.begin; begin < range.end; begin += group_points) {
      const std::size_t in_group = std::min(group_points, range.end - begin);
      double sum = 0;
      kernels_.try_seeds(points_.groups(kernels_, begin, in_group, buffer.data()), 1, dimensions_,
                         weight_.empty() ? nullptr : weight_.data() + begin, nullptr, 0, centre.data(), 1,
                         closest_.data() + begin, &sum);
      if (sum > 0) {
        at = begin;
        before = left;
      }
      if (left < sum) break;
      left -= sum;
    }
    // And the point.
    std::vector<float> row(dimensions_);
    std::size_t last = at;
    for (std::size_t i = at; i < std::min(at + group_points, range.end); ++i) {
      points_.centred(i, row.data());
      float distance = 0.0F;
      for (std::size_t d = 0; d < dimensions_; ++d) {
        const float difference = row[d] - centre[d];
        distance = std::fma(difference, difference, distance);
      }
      const double mass = static_cast<double>(std::min(closest_[i], distance)) *
                          (weight_.empty() ? 1.0 : static_cast<double>(weight_[i]));
      if (!(mass > 0)) continue;
      last = i;
      before -= mass;
      if (before < 0) break;
    }
    return last;
  }

  const AlignedVector<float>& closest() const { return closest_; }

 private:
  // Of all pieces.
  std::vector<double> totals(std::size_t count) const {
    std::vector<double> sums(count, 0.0);
    for (std::size_t piece = 0; piece < pieces_.count; ++piece) {
      for (std::size_t l = 0; l < count; ++l) sums[l] += piece_sums_[piece * count + l];
    }
    return sums;
  }

  const Context& context_;
  const KMeansPoints<T>& points_;
  const KMeansKernels& kernels_;
  Philox random_;
  std::uint32_t run_;
  std::size_t dimensions_;
  Pieces pieces_;
  AlignedVector<float> closest_;
  AlignedVector<float> weight_;      // empty: 1 each
  std::vector<double> piece_sums_;  // (pieces, candidates)
  SeedFilter<T> filter_;
  bool filter_allowed_ = false;
  bool filtering_ = false;          // the last step was
  std::size_t steps_without_ = 0;   // until it is tried again
  std::size_t pause_ = 4;
};

template <class T>
std::vector<std::size_t> plus_plus(const Context& context, const KMeansPoints<T>& points, std::size_t clusters,
                                   std::uint32_t run) {
  Seeder<T> seeder(context, points, run);
  const std::size_t trials = 2 + static_cast<std::size_t>(std::log(static_cast<double>(clusters)));
  std::vector<std::size_t> chosen = {seeder.by_weight(seeder.uniform(0, 0))};
  std::vector<double> totals = seeder.potentials({}, chosen);
  std::size_t best = 0;
  std::size_t count = 1;
  std::vector<std::size_t> candidates;
  for (std::size_t step = 1; step < clusters; ++step) {
    // A step is too short for its loop to ask.
    if (step % steps_between_questions == 0 && context.interrupted()) throw Interrupted();
    if (step == steps_of_all_points && clusters - step >= fewest_steps_with_filter) seeder.allow_filter();
    candidates.resize(trials);
    const double total = totals[best];
    for (std::size_t l = 0; l < trials; ++l) {
      const double share = seeder.uniform(l, static_cast<std::uint32_t>(step));
      candidates[l] = total > 0 ? seeder.by_potential(share, total, chosen.back(), best, count) : seeder.by_weight(share);
    }
    totals = seeder.potentials({chosen.back()}, candidates);
    count = trials;
    best = static_cast<std::size_t>(std::min_element(totals.begin(), totals.end()) - totals.begin());
    chosen.push_back(candidates[best]);
  }
  return chosen;
}

// Efraimidis and Spirakis, Inf. Process. Lett. 97 (2006) 181: the largest of u^(1/w), here as the smallest of -log(u)/w.
template <class T>
std::vector<std::size_t> without_return(const Context& context, const KMeansPoints<T>& points, std::size_t clusters,
                                        std::uint32_t run) {
  const Philox random(context.seed, Purpose::seeding);
  std::vector<std::pair<double, std::size_t>> keys;
  keys.reserve(points.size());
  for (std::size_t i = 0; i < points.size(); ++i) {
    const double weight = points.weight(i);
    if (weight > 0) keys.emplace_back(-maths::log(1.0 - random.uniform(i, 0, run)) / weight, i);
  }
  if (keys.size() < clusters) {
    throw InvalidArgument("only " + std::to_string(keys.size()) + " points have a positive sample_weight, n_clusters=" +
                          std::to_string(clusters) + " different ones are to be drawn");
  }
  std::partial_sort(keys.begin(), keys.begin() + static_cast<std::ptrdiff_t>(clusters), keys.end());
  std::vector<std::size_t> chosen(clusters);
  for (std::size_t k = 0; k < clusters; ++k) chosen[k] = keys[k].second;
  return chosen;
}

template <class T>
std::vector<double> rows_of(const KMeansPoints<T>& points, const std::vector<std::size_t>& chosen) {
  std::vector<double> centres;
  centres.reserve(chosen.size() * points.dimensions());
  for (const std::size_t i : chosen) {
    for (std::size_t d = 0; d < points.dimensions(); ++d) centres.push_back(static_cast<double>(points.row(i)[d]));
  }
  return centres;
}

template <class T>
std::vector<std::size_t> parallel(const Context& context, const KMeansPoints<T>& points, std::size_t clusters,
                                  std::uint32_t run) {
  Seeder<T> seeder(context, points, run);
  std::vector<std::size_t> candidates = {seeder.by_weight(seeder.uniform(0, 0))};
  std::vector<std::size_t> drawn = candidates;
  const double wanted = static_cast<double>(parallel_oversampling * clusters);
  for (std::size_t round = 1; round <= parallel_rounds; ++round) {
    // The potential of a candidate that is taken into account already is that of all so far.
    const double total = seeder.potentials(drawn, {drawn.front()})[0];
    if (!(total > 0)) break;
    drawn.clear();
    double largest = 1;
    if (points.weights() != nullptr) largest = *std::max_element(points.weights(), points.weights() + points.size());
    for (std::size_t i = 0; i < points.size(); ++i) {
      const double mass = static_cast<double>(seeder.closest()[i]) * points.weight(i) / largest;
      if (seeder.uniform(i, static_cast<std::uint32_t>(round)) * total < wanted * mass) drawn.push_back(i);
    }
    candidates.insert(candidates.end(), drawn.begin(), drawn.end());
    if (drawn.empty()) break;
  }
  if (candidates.size() <= clusters) return plus_plus(context, points, clusters, run);
  // Weight of each candidate: the points nearest to it.
  CentreSet set;
  const std::vector<double> centres = rows_of(points, candidates);
  set.prepare(centres.data(), candidates.size(), points.dimensions(), points.offset().data(), points.scale());
  const Pieces pieces = pieces_of(points.size(), candidates.size() * sizeof(double));
  std::vector<double> weights(pieces.count * candidates.size(), 0.0);
  interruptible_for(
      context, pieces.count,
      [&](std::size_t piece) {
        const Range range = chunk_range(points.size(), pieces.points, piece);
        AssignmentScratch scratch;
        AlignedVector<float> buffer(points.dimensions() > register_dimensions ? 0 : batch_points * points.dimensions());
        std::int32_t labels[batch_points];
        double* sums = weights.data() + piece * candidates.size();
        for (std::size_t begin = range.begin; begin < range.end; begin += batch_points) {
          const std::size_t count = std::min(batch_points, range.end - begin);
          assign_rows(kmeans_kernels(), set, points.row(begin), count,
                      points.groups(kmeans_kernels(), begin, count, buffer.data()),
                      points.norms() + begin / block_points, labels, scratch);
          for (std::size_t i = 0; i < count; ++i) sums[static_cast<std::size_t>(labels[i])] += points.weight(begin + i);
        }
      },
      static_cast<double>(points.size() * candidates.size() * (points.dimensions() + 4)) * 0.02);
  std::vector<double> sums(candidates.size(), 0.0);
  for (std::size_t piece = 0; piece < pieces.count; ++piece) {
    for (std::size_t k = 0; k < sums.size(); ++k) sums[k] += weights[piece * sums.size() + k];
  }
  const KMeansPoints<double> few(context, View<const double, 2>(centres.data(), sums.size(), points.dimensions()),
                                 View<const double>(sums.data(), sums.size()));
  std::vector<std::size_t> chosen = plus_plus(context, few, clusters, run + 0x80000000U);
  for (std::size_t& k : chosen) k = candidates[k];
  return chosen;
}

}  // namespace

template <class T>
std::vector<double> seed_kmeans(const Context& context, const KMeansPoints<T>& points, std::size_t clusters,
                                KMeansSeeding seeding, std::uint32_t run) {
  if (clusters == 0) throw InvalidArgument("n_clusters must be 1 or more, got 0");
  if (clusters > points.size()) {
    throw InvalidArgument("n_samples=" + std::to_string(points.size()) +
                          " should be >= n_clusters=" + std::to_string(clusters));
  }
  switch (seeding) {
    case KMeansSeeding::random:
      return rows_of(points, without_return(context, points, clusters, run));
    case KMeansSeeding::parallel:
      return rows_of(points, parallel(context, points, clusters, run));
    case KMeansSeeding::plus_plus:
      break;
  }
  return rows_of(points, plus_plus(context, points, clusters, run));
}

template std::vector<double> seed_kmeans(const Context&, const KMeansPoints<float>&, std::size_t, KMeansSeeding,
                                         std::uint32_t);
template std::vector<double> seed_kmeans(const Context&, const KMeansPoints<double>&, std::size_t, KMeansSeeding,
                                         std::uint32_t);

}  // namespace diskern::clustering

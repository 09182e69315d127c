// Lloyd's iterations.
#include "clustering/kmeans.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>
#include <string>
#include <utility>

#include "base/executor.hpp"
#include "clustering/kmeans_assignment.hpp"
#include "clustering/kmeans_bounds.hpp"
#include "clustering/kmeans_centres.hpp"
#include "diskern/error.hpp"

namespace diskern::clustering {

namespace {

// Sums are made anew in every so many iterations.
constexpr std::size_t refresh = 16;

template <class T>
class Lloyd {
 public:
  Lloyd(const Context& context, const KMeansParams& params, const KMeansPoints<T>& points, std::size_t clusters)
      : context_(context),
        params_(params),
        points_(points),
        kernels_(kmeans_kernels()),
        clusters_(clusters),
        dimensions_(points.dimensions()),
        width_(padded_dimensions(dimensions_)),
        stride_(clusters * (width_ + 1)),
        pieces_(pieces_of(points.size(), stride_ * sizeof(double))),
        labels_(chunk_count(points.size(), group_points) * group_points),
        partial_(pieces_.count * stride_),
        changed_(pieces_.count),
        decided_(pieces_.count),
        looked_at_(pieces_.count),
        inertia_(pieces_.count),
        sums_(stride_) {
    may_move_ = points.weights() == nullptr && evenly_spread();
    const bool possible = dimensions_ > register_dimensions && !params.reference && clusters > 1;
    if (possible && params.bounds == KMeansBoundsUse::always) bounds_.emplace(points);
    may_bound_ = possible && params.bounds == KMeansBoundsUse::where_they_pay && bounds_may_pay(clusters, dimensions_);
  }

  KMeansResult run(const std::vector<double>& start) {
    KMeansResult result;
    result.centres = start;
    std::vector<double> next(start.size());
    bool few_changed = false;
    for (std::size_t iteration = 0; iteration < params_.max_iterations; ++iteration) {
      incremental_ = may_move_ && iteration % refresh != 0 && few_changed;
      try {
        assign(context_, result, false);
      } catch (const Interrupted&) {
        if (iteration == 0) throw;
        result.stop = KMeansStop::interrupted;
        break;
      }
      update(result.centres, next);
      result.shift = 0;
      for (std::size_t i = 0; i < next.size(); ++i) {
        const double moved = next[i] - result.centres[i];
        result.shift += moved * moved;
      }
      const std::size_t changed = std::accumulate(changed_.begin(), changed_.end(), std::size_t{0});
      few_changed = changed < points_.size() / 3;
      first_ = false;
      if (bounds_) {
        bounds_->move(result.centres, next);
      } else if (may_bound_ && bounds_pay_from(changed, points_.size())) {
        bounds_.emplace(points_);
      }
      std::swap(result.centres, next);
      result.iterations = iteration + 1;
      if (params_.trace) result.trace.push_back(inertia(result.centres));
      if (changed == 0) {
        result.stop = KMeansStop::labels;
        break;
      }
      if (result.shift <= params_.tolerance) {
        result.stop = KMeansStop::tolerance;
        break;
      }
      if (context_.interrupted()) {
        result.stop = KMeansStop::interrupted;
        break;
      }
    }
    bool rounded = false;
    for (double& c : result.centres) {
      const auto as_points = static_cast<double>(static_cast<T>(c));
      rounded = rounded || as_points != c;
      c = as_points;
    }
    if (rounded) bounds_.reset();
    // Labels belong to the centres before the last step, or before rounding.
    Context quiet = context_;
    quiet.monitor = nullptr;
    if (result.stop != KMeansStop::labels || rounded) {
      assign(quiet, result, true);
    } else {
      result.inertia = inertia(result.centres);
    }
    result.used = count_used();
    labels_.resize(points_.size());
    result.labels = std::move(labels_);
    return result;
  }

 private:
  // Sums from which points are taken away keep the rounding of what was in them. That is nothing beside the sums of
  // unweighted points, unless a few points lie very much farther out than the others.
  bool evenly_spread() const {
    const std::size_t blocks = chunk_count(points_.size(), block_points);
    const float largest = *std::max_element(points_.norms(), points_.norms() + blocks);
    const auto within = static_cast<std::size_t>(
        std::count_if(points_.norms(), points_.norms() + blocks, [&](float norm) { return norm * 1e6F >= largest; }));
    return 2 * within >= blocks;
  }

  std::size_t count_used() const {
    std::vector<std::uint8_t> used(pieces_.count * clusters_, 0);
    parallel_for(
        context_, pieces_.count,
        [&](std::size_t piece) {
          const Range range = chunk_range(points_.size(), pieces_.points, piece);
          std::uint8_t* of_piece = used.data() + piece * clusters_;
          for (std::size_t i = range.begin; i < range.end; ++i) of_piece[static_cast<std::size_t>(labels_[i])] = 1;
        },
        static_cast<double>(points_.size()));
    std::size_t count = 0;
    for (std::size_t k = 0; k < clusters_; ++k) {
      bool any = false;
      for (std::size_t piece = 0; piece < pieces_.count; ++piece) any = any || used[piece * clusters_ + k] != 0;
      count += any ? 1U : 0U;
    }
    return count;
  }

  // Labels of all points, and the sums of the clusters or, with the last labels, the inertia.
  void assign(const Context& context, KMeansResult& result, bool last) {
    set_.prepare(result.centres.data(), clusters_, dimensions_, points_.offset().data(), points_.scale());
    if (last) padded_ = padded_rows(result.centres, dimensions_);
    const double work = static_cast<double>(points_.size() * clusters_) * static_cast<double>(dimensions_ + 4) * 0.02;
    interruptible_for(
        context, pieces_.count, [&](std::size_t piece) { assign_piece(piece, result.centres, last); }, work);
    result.looked_at += std::accumulate(looked_at_.begin(), looked_at_.end(), std::size_t{0});
    result.decided_in_double += std::accumulate(decided_.begin(), decided_.end(), std::size_t{0});
    if (last) result.inertia = std::accumulate(inertia_.begin(), inertia_.end(), 0.0);
  }

  void assign_piece(std::size_t piece, const std::vector<double>& centres, bool last) {
    const Range range = chunk_range(points_.size(), pieces_.points, piece);
    double* sums = partial_.data() + piece * stride_;
    double* weights = sums + clusters_ * width_;
    if (!last && !incremental_) std::fill_n(sums, stride_, 0.0);
    AssignmentScratch scratch;
    typename KMeansBounds<T>::Scratch of_bounds;
    AlignedVector<float> buffer(dimensions_ > register_dimensions ? 0 : batch_points * dimensions_);
    std::int32_t labels[batch_points];
    std::uint32_t which[batch_points + 1];
    std::size_t changed = 0;
    std::size_t decided = 0;
    double inertia = 0;
    for (std::size_t begin = range.begin; begin < range.end; begin += batch_points) {
      const std::size_t count = std::min(batch_points, range.end - begin);
      const T* rows = points_.row(begin);
      const double* weight = points_.weights() == nullptr ? nullptr : points_.weights() + begin;
      std::int32_t* kept = labels_.data() + begin;
      if (bounds_) {
        std::copy_n(kept, count, labels);
        decided += bounds_->assign(kernels_, set_, centres, begin, count, labels, scratch, of_bounds);
      } else {
        decided += assign_rows(kernels_, set_, rows, count, points_.groups(kernels_, begin, count, buffer.data()),
                               points_.norms() + begin / block_points, labels, scratch, params_.reference,
                               rows_ahead(rows, count, dimensions_));
        of_bounds.looked_at += count;
      }
      const auto& of_rows = row_kernels<T>(kernels_);
      if (first_) {
        changed += count;
      } else {
        std::size_t moved = 0;
        for (std::size_t i = 0; i < count; ++i) {
          which[moved] = static_cast<std::uint32_t>(i);
          moved += kept[i] != labels[i] ? 1U : 0U;
        }
        changed += moved;
        if (!last && incremental_) {
          of_rows.move(rows, count, dimensions_, which, moved, kept, labels, points_.offset().data(), sums, weights);
        }
      }
      std::copy_n(labels, count, kept);
      if (last) {
        inertia += of_rows.inertia(rows, count, dimensions_, labels, weight, padded_.data());
      } else if (!incremental_) {
        of_rows.accumulate(rows, count, dimensions_, labels, weight, points_.offset().data(), sums, weights);
      }
    }
    changed_[piece] = changed;
    decided_[piece] = decided;
    looked_at_[piece] = of_bounds.looked_at;
    inertia_[piece] = inertia;
  }

  // The means of the clusters.
  void update(const std::vector<double>& centres, std::vector<double>& next) {
    // Piece after piece, so that the order of the sum does not depend on the threads.
    constexpr std::size_t width = 4096;
    parallel_for(
        context_, chunk_count(stride_, width),
        [&](std::size_t chunk) {
          const Range range = chunk_range(stride_, width, chunk);
          std::fill(sums_.begin() + static_cast<std::ptrdiff_t>(range.begin),
                    sums_.begin() + static_cast<std::ptrdiff_t>(range.end), 0.0);
          for (std::size_t piece = 0; piece < pieces_.count; ++piece) {
            const double* from = partial_.data() + piece * stride_;
            for (std::size_t i = range.begin; i < range.end; ++i) sums_[i] += from[i];
          }
        },
        static_cast<double>(stride_ * pieces_.count) * 0.5);
    double* weights = sums_.data() + clusters_ * width_;
    relocate(centres, weights);
    std::size_t heaviest = 0;
    for (std::size_t k = 1; k < clusters_; ++k) {
      if (weights[k] > weights[heaviest]) heaviest = k;
    }
    const std::vector<double>& offset = points_.offset();
    for (std::size_t k = 0; k < clusters_; ++k) {
      const std::size_t from = weights[k] > 0 ? k : heaviest;
      for (std::size_t d = 0; d < dimensions_; ++d) {
        next[k * dimensions_ + d] = offset[d] + sums_[from * width_ + d] / weights[from];
      }
    }
  }

  // scikit-learn's rule: in the order of their numbers, clusters without weight get the points farthest from their
  // centres, farthest first (of equal ones the lowest index), which leave their clusters.
  void relocate(const std::vector<double>& centres, double* weights) {
    std::vector<std::size_t> empty;
    for (std::size_t k = 0; k < clusters_; ++k) {
      if (!(weights[k] > 0)) empty.push_back(k);
    }
    if (empty.empty()) return;
    std::vector<double> distances(points_.size());
    const std::vector<double> padded = padded_rows(centres, dimensions_);
    parallel_for(
        context_, pieces_.count,
        [&](std::size_t piece) {
          const Range range = chunk_range(points_.size(), pieces_.points, piece);
          row_kernels<T>(kernels_).label_distances(points_.row(range.begin), range.end - range.begin, dimensions_,
                                                   labels_.data() + range.begin, padded.data(),
                                                   distances.data() + range.begin);
        },
        static_cast<double>(points_.size() * dimensions_));
    std::vector<std::uint32_t> order(points_.size());
    std::iota(order.begin(), order.end(), 0U);
    const std::size_t count = std::min(empty.size(), order.size());
    std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count), order.end(),
                      [&](std::uint32_t a, std::uint32_t b) {
                        return distances[a] != distances[b] ? distances[a] > distances[b] : a < b;
                      });
    if (distances[order[0]] == 0) return;  // fewer distinct points than clusters
    const std::vector<double>& offset = points_.offset();
    for (std::size_t e = 0; e < count; ++e) {
      const std::size_t i = order[e];
      const auto donor = static_cast<std::size_t>(labels_[i]);
      const std::size_t to = empty[e];
      const double weight = points_.weight(i);
      for (std::size_t d = 0; d < dimensions_; ++d) {
        const double moved = weight * (static_cast<double>(points_.row(i)[d]) - offset[d]);
        sums_[donor * width_ + d] -= moved;
        sums_[to * width_ + d] = moved;
      }
      weights[donor] -= weight;
      weights[to] = weight;
    }
  }

  double inertia(const std::vector<double>& centres) const {
    const std::vector<double> padded = padded_rows(centres, dimensions_);
    std::vector<double> sums(pieces_.count);
    parallel_for(
        context_, pieces_.count,
        [&](std::size_t piece) {
          const Range range = chunk_range(points_.size(), pieces_.points, piece);
          // In the batches of assign_piece, for the same bits.
          for (std::size_t begin = range.begin; begin < range.end; begin += batch_points) {
            sums[piece] += row_kernels<T>(kernels_).inertia(
                points_.row(begin), std::min(batch_points, range.end - begin), dimensions_, labels_.data() + begin,
                points_.weights() == nullptr ? nullptr : points_.weights() + begin, padded.data());
          }
        },
        static_cast<double>(points_.size() * dimensions_));
    return std::accumulate(sums.begin(), sums.end(), 0.0);
  }

  const Context& context_;
  const KMeansParams& params_;
  const KMeansPoints<T>& points_;
  const KMeansKernels& kernels_;
  std::size_t clusters_;
  std::size_t dimensions_;
  std::size_t width_;   // of the sums of one cluster
  std::size_t stride_;  // sums and weights of all clusters
  Pieces pieces_;
  AlignedVector<std::int32_t> labels_;
  std::vector<double> partial_;  // (pieces, stride)
  std::vector<std::size_t> changed_;
  std::vector<std::size_t> decided_;
  std::vector<std::size_t> looked_at_;
  std::vector<double> inertia_;
  std::vector<double> padded_;  // the last centres
  std::vector<double> sums_;
  CentreSet set_;
  bool may_bound_ = false;
  bool may_move_ = false;     // whether sums may be changed by the points that change their label
  bool incremental_ = false;  // whether they are in this iteration
  bool first_ = true;         // no labels yet
  std::optional<KMeansBounds<T>> bounds_;
};

}  // namespace

template <class T>
KMeansResult fit_kmeans(const Context& context, const KMeansParams& params, const KMeansPoints<T>& points,
                        const std::vector<double>& centres) {
  check_centres(centres.data(), centres.size(), points.dimensions());
  const std::size_t clusters = centres.size() / points.dimensions();
  if (clusters > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max())) {
    throw InvalidArgument("at most 2^31 - 1 clusters are possible, got " + std::to_string(clusters));
  }
  if (params.max_iterations == 0) throw InvalidArgument("max_iterations must be 1 or more, got 0");
  if (!(params.tolerance >= 0)) {
    throw InvalidArgument("the tolerance must be 0 or more, got " + std::to_string(params.tolerance));
  }
  return Lloyd<T>(context, params, points, clusters).run(centres);
}

template KMeansResult fit_kmeans(const Context&, const KMeansParams&, const KMeansPoints<float>&,
                                 const std::vector<double>&);
template KMeansResult fit_kmeans(const Context&, const KMeansParams&, const KMeansPoints<double>&,
                                 const std::vector<double>&);

}  // namespace diskern::clustering

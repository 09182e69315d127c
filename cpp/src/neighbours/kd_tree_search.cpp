// Searches of many queries, on several threads.
#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <utility>

#include "base/executor.hpp"
#include "diskern/error.hpp"
#include "neighbours/kd_tree.hpp"

namespace diskern {

namespace {

constexpr std::size_t queries_per_chunk = 256;

struct FoundMemory {
  std::vector<std::uint32_t> index;
  std::vector<double> distance;
  KdFound found{};

  FoundMemory() {
    found.owner = this;
    found.grow = [](KdFound& self) {
      auto* memory = static_cast<FoundMemory*>(self.owner);
      const std::size_t capacity = std::max<std::size_t>(2 * self.capacity, 256);
      memory->index.resize(capacity);
      memory->distance.resize(capacity);
      self.index = memory->index.data();
      self.distance = memory->distance.data();
      self.capacity = capacity;
    };
  }
  FoundMemory(const FoundMemory&) = delete;
  FoundMemory& operator=(const FoundMemory&) = delete;
};

}  // namespace

double KdTree::reduced_distance(double real) const noexcept {
  switch (distance_.metric) {
    case Metric::euclidean:
      return real * real;
    case Metric::minkowski:
      return std::pow(real, distance_.power);
    default:
      return real;
  }
}

double KdTree::real_distance(double reduced) const noexcept {
  switch (distance_.metric) {
    case Metric::euclidean:
      return std::sqrt(reduced);
    case Metric::minkowski:
      return std::pow(reduced, 1.0 / distance_.power);
    default:
      return reduced;
  }
}

void KdTree::check_queries(View<const double, 2> queries) const {
  if (queries.columns() != view_.dimensions) {
    throw InvalidArgument("queries have " + std::to_string(queries.columns()) + " coordinates, the points have " +
                          std::to_string(view_.dimensions));
  }
  for (std::size_t i = 0; i < queries.rows(); ++i) {
    for (std::size_t d = 0; d < queries.columns(); ++d) {
      if (!(std::abs(queries(i, d)) <= 1e150)) {
        throw InvalidArgument("coordinate " + std::to_string(d) + " of query " + std::to_string(i) + " is " +
                              std::to_string(queries(i, d)) + "; expected finite numbers up to 1e150");
      }
    }
  }
}

KdQuery KdTree::prepare(const double* query, float* scratch) const noexcept {
  double error = 0;
  for (std::size_t d = 0; d < view_.dimensions; ++d) {
    const double scaled = (query[d] - centre_[d]) * view_.scale;
    scratch[d] = static_cast<float>(std::clamp(scaled, -3e38, 3e38));
    error += std::abs(scaled) + single_extent_[d];
  }
  // Coordinates are rounded by up to 2^-24 of themselves, the query's too.
  return {query, scratch, error * 0x1p-22, 0};
}

std::uint32_t KdTree::home_leaf(const double* query) const noexcept {
  std::size_t node = 1;
  for (std::size_t level = 0; level < bits_; ++level) {
    node = 2 * node + (query[split_dimension_[node]] >= split_value_[node] ? 1 : 0);
  }
  return static_cast<std::uint32_t>(node - view_.leaves);
}

template <class Body>
void KdTree::over_queries(const Context& context, View<const double, 2> queries, double work, const Body& body) const {
  check_queries(queries);
  const std::size_t n = queries.rows();
  const std::size_t dimensions = view_.dimensions;
  // Neighbouring queries look at the same leaves: in the order of their leaves these stay in the cache.
  std::vector<std::uint32_t> home(n);
  std::vector<std::uint32_t> order(n);
  const std::size_t chunks = chunk_count(n, queries_per_chunk);
  parallel_for(
      context, chunks,
      [&](std::size_t chunk) {
        const Range range = chunk_range(n, queries_per_chunk, chunk);
        std::vector<double> query(dimensions);
        for (std::size_t i = range.begin; i < range.end; ++i) {
          for (std::size_t d = 0; d < dimensions; ++d) query[d] = coordinate(queries(i, d), d);
          home[i] = home_leaf(query.data());
        }
      },
      static_cast<double>(n) * 100.0);
  std::vector<std::uint32_t> place(view_.leaves + 1, 0);
  for (std::size_t i = 0; i < n; ++i) ++place[home[i] + 1];
  for (std::size_t leaf = 0; leaf < view_.leaves; ++leaf) place[leaf + 1] += place[leaf];
  for (std::size_t i = 0; i < n; ++i) order[place[home[i]]++] = static_cast<std::uint32_t>(i);
  interruptible_for(
      context, chunks,
      [&](std::size_t chunk) {
        const Range range = chunk_range(n, queries_per_chunk, chunk);
        std::vector<double> query(dimensions);
        std::vector<float> scratch(dimensions);
        auto state = body.start();
        for (std::size_t k = range.begin; k < range.end; ++k) {
          const std::size_t i = order[k];
          for (std::size_t d = 0; d < dimensions; ++d) query[d] = coordinate(queries(i, d), d);
          KdQuery prepared = prepare(query.data(), scratch.data());
          prepared.home = home[i];
          body.one(state, prepared, i);
        }
        body.end(state, chunk);
      },
      static_cast<double>(n) * work);
}

namespace {

struct NearestState {
  std::vector<double> distance;
  std::vector<std::uint32_t> index;
};

}  // namespace

void KdTree::nearest(const Context& context, View<const double, 2> queries, std::size_t k, View<double, 2> distances,
                     View<std::int64_t, 2> indices) const {
  check_k(k);
  struct Body {
    const KdTree& tree;
    std::size_t k;
    View<double, 2> distances;
    View<std::int64_t, 2> indices;
    NearestState start() const { return {std::vector<double>(k), std::vector<std::uint32_t>(k)}; }
    void one(NearestState& state, const KdQuery& query, std::size_t i) const {
      tree.kernels_->nearest(tree.view_, tree.distance_.metric, query, k, state.distance.data(), state.index.data());
      for (std::size_t j = 0; j < k; ++j) {
        distances(i, j) = tree.real_distance(state.distance[j]);
        indices(i, j) = state.index[j];
      }
    }
    void end(NearestState&, std::size_t) const {}
  };
  over_queries(context, queries, 1000.0 + 50.0 * static_cast<double>(k), Body{*this, k, distances, indices});
}

void KdTree::check_k(std::size_t k) const {
  if (k == 0 || k > view_.size) {
    throw InvalidArgument("k must be 1 to the number of points (" + std::to_string(view_.size) + "), got " +
                          std::to_string(k));
  }
}

void KdTree::nearest_of_points(const Context& context, std::size_t k, View<double, 2> distances,
                               View<std::int64_t, 2> indices) const {
  check_k(k);
  const std::size_t dimensions = view_.dimensions;
  constexpr std::size_t leaves_per_chunk = 8;
  interruptible_for(
      context, chunk_count(view_.leaves, leaves_per_chunk),
      [&](std::size_t chunk) {
        const Range range = chunk_range(view_.leaves, leaves_per_chunk, chunk);
        std::vector<double> query(dimensions);
        std::vector<float> scratch(dimensions);
        NearestState state{std::vector<double>(k), std::vector<std::uint32_t>(k)};
        for (std::size_t leaf = range.begin; leaf < range.end; ++leaf) {
          const std::size_t count = (view_.size * (leaf + 1) >> bits_) - (view_.size * leaf >> bits_);
          for (std::size_t slot = 0; slot < count; ++slot) {
            for (std::size_t d = 0; d < dimensions; ++d) {
              query[d] = view_.exact[(leaf * dimensions + d) * view_.capacity + slot];
            }
            KdQuery prepared = prepare(query.data(), scratch.data());
            prepared.home = static_cast<std::uint32_t>(leaf);
            kernels_->nearest(view_, distance_.metric, prepared, k, state.distance.data(), state.index.data());
            const std::size_t i = view_.index[leaf * view_.capacity + slot];
            for (std::size_t j = 0; j < k; ++j) {
              distances(i, j) = real_distance(state.distance[j]);
              indices(i, j) = state.index[j];
            }
          }
        }
      },
      static_cast<double>(view_.size) * (1000.0 + 50.0 * static_cast<double>(k)));
}

void KdTree::nearest(const double* query, std::size_t k, double* reduced, std::uint32_t* index,
                     float* scratch) const noexcept {
  KdQuery prepared = prepare(query, scratch);
  prepared.home = home_leaf(query);
  kernels_->nearest(view_, distance_.metric, prepared, k, reduced, index);
}

namespace {

double check_radius(double radius) {
  if (!(radius >= 0) || !std::isfinite(radius)) {
    throw InvalidArgument("the radius must be a finite number, not negative, got " + std::to_string(radius));
  }
  return radius;
}

}  // namespace

WithinRadius KdTree::within(const Context& context, View<const double, 2> queries, double radius,
                            bool sort_by_distance) const {
  struct Found {
    std::size_t query;
    std::vector<std::int64_t> indices;
    std::vector<double> distances;
  };
  struct Body {
    struct State {
      std::unique_ptr<FoundMemory> memory = std::make_unique<FoundMemory>();
      std::vector<std::pair<double, std::uint32_t>> sorted;
    };
    const KdTree& tree;
    double limit;
    bool sort_by_distance;
    std::vector<Found>& results;
    State start() const { return {}; }
    void one(State& state, const KdQuery& query, std::size_t i) const {
      KdFound& found = state.memory->found;
      found.size = 0;
      tree.kernels_->within(tree.view_, tree.distance_.metric, query, limit, found);
      state.sorted.resize(found.size);
      for (std::size_t j = 0; j < found.size; ++j) state.sorted[j] = {found.distance[j], found.index[j]};
      if (sort_by_distance) {
        std::sort(state.sorted.begin(), state.sorted.end());
      } else {
        std::sort(state.sorted.begin(), state.sorted.end(),
                  [](const auto& a, const auto& b) { return a.second < b.second; });
      }
      Found& result = results[i];
      result.indices.reserve(found.size);
      result.distances.reserve(found.size);
      for (const auto& [distance, index] : state.sorted) {
        result.indices.push_back(index);
        result.distances.push_back(tree.real_distance(distance));
      }
    }
    void end(State&, std::size_t) const {}
  };
  const double limit = reduced_distance(check_radius(radius));
  std::vector<Found> results(queries.rows());
  over_queries(context, queries, 3000.0, Body{*this, limit, sort_by_distance, results});
  WithinRadius result;
  result.offsets.assign(queries.rows() + 1, 0);
  for (std::size_t i = 0; i < results.size(); ++i) {
    result.offsets[i + 1] = result.offsets[i] + static_cast<std::int64_t>(results[i].indices.size());
  }
  result.indices.reserve(static_cast<std::size_t>(result.offsets.back()));
  result.distances.reserve(static_cast<std::size_t>(result.offsets.back()));
  for (Found& one : results) {
    result.indices.insert(result.indices.end(), one.indices.begin(), one.indices.end());
    result.distances.insert(result.distances.end(), one.distances.begin(), one.distances.end());
    one = {};
  }
  return result;
}

void KdTree::count_within(const Context& context, View<const double, 2> queries, double radius,
                          View<std::int64_t> counts, std::size_t enough) const {
  struct Body {
    const KdTree& tree;
    double limit;
    std::size_t enough;
    View<std::int64_t> counts;
    int start() const { return 0; }
    void one(int, const KdQuery& query, std::size_t i) const {
      counts[i] = static_cast<std::int64_t>(
          tree.kernels_->count(tree.view_, tree.distance_.metric, query, limit, enough));
    }
    void end(int, std::size_t) const {}
  };
  const double limit = reduced_distance(check_radius(radius));
  over_queries(context, queries, 1000.0, Body{*this, limit, enough, counts});
}

std::size_t KdTree::box_sums(const double* low, const double* high, double* sums, float* scratch) const noexcept {
  float* low32 = scratch;
  float* high32 = scratch + view_.dimensions;
  for (std::size_t d = 0; d < view_.dimensions; ++d) {
    low32[d] = static_cast<float>(std::clamp((low[d] - centre_[d]) * view_.scale, -3e38, 3e38));
    high32[d] = static_cast<float>(std::clamp((high[d] - centre_[d]) * view_.scale, -3e38, 3e38));
  }
  return kernels_->box_sums(view_, {low, high, low32, high32}, sums);
}

}  // namespace diskern

// Searches of many queries, on several threads.
#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <utility>

#include "base/dispatch.hpp"
#include "base/executor.hpp"
#include "diskern/error.hpp"
#include "neighbours/kd_select_table.hpp"
#include "neighbours/kd_tree.hpp"

namespace diskern {

namespace isa_scalar {
extern const KdSelectKernels kd_select_kernels;
}
namespace isa_avx2 {
extern const KdSelectKernels kd_select_kernels;
}
namespace isa_avx512 {
extern const KdSelectKernels kd_select_kernels;
}
namespace isa_neon {
extern const KdSelectKernels kd_select_kernels;
}

namespace {

constexpr std::size_t queries_per_chunk = 240;  // whole groups of 12, 8 and 6; at least five of the largest leaves

// The share of the leaves that a search down the tree looks at from which on looking at all of them is less work.
constexpr double share_for_differences = 0.4;
// A vector of a leaf costs the tree a chain of additions per dimension, so that many dimensions make it slower still.
double share_for_products(std::size_t dimensions) { return dimensions < 48 ? 0.25 : 0.15; }

constexpr KernelTables<KdSelectKernels> select_tables = {
    &isa_scalar::kd_select_kernels,
#if defined(DISKERN_HAVE_AVX2)
    &isa_avx2::kd_select_kernels,
#else
    nullptr,
#endif
#if defined(DISKERN_HAVE_AVX512)
    &isa_avx512::kd_select_kernels,
#else
    nullptr,
#endif
#if defined(DISKERN_HAVE_NEON)
    &isa_neon::kd_select_kernels,
#else
    nullptr,
#endif
};

const KdSelectKernels& kd_select_kernels(InstructionSet level) { return select_tables.at(level); }

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
        const std::size_t count = range.end - range.begin;
        std::vector<double> exact(count * dimensions);
        std::vector<float> single(count * dimensions);
        std::vector<KdQuery> prepared(count);
        for (std::size_t k = 0; k < count; ++k) {
          const std::size_t i = order[range.begin + k];
          double* query = exact.data() + k * dimensions;
          for (std::size_t d = 0; d < dimensions; ++d) query[d] = coordinate(queries(i, d), d);
          prepared[k] = prepare(query, single.data() + k * dimensions);
          prepared[k].home = home[i];
        }
        body(prepared.data(), order.data() + range.begin, count);
      },
      static_cast<double>(n) * work);
}

void KdTree::check_k(std::size_t k) const {
  if (k == 0 || k > view_.size) {
    throw InvalidArgument("k must be 1 to the number of points (" + std::to_string(view_.size) + "), got " +
                          std::to_string(k));
  }
}

// body(row, reduced distances, indices) for a block of queries.
template <class Body>
void KdTree::nearest_of_block(const KdQuery* queries, const std::uint32_t* rows, std::size_t count, std::size_t k,
                              SearchOrder search, const Body& body) const {
  static_assert(queries_per_chunk <= kd_scan_queries);
  const bool by_tree = search == SearchOrder::tree;
  std::vector<double> distance((by_tree ? 1 : count) * k);
  std::vector<std::uint32_t> index(distance.size());
  if (search == SearchOrder::products && within_range_of_products(queries, count)) {
    AlignedVector<float> packed(product_packed(view_.dimensions));
    AlignedVector<float> scores(kd_scan_queries * product_candidates(k));
    AlignedVector<std::uint32_t> places(scores.size());
    kernels_->scan_products(view_, queries, count, k, {packed.data(), scores.data(), places.data()}, distance.data(),
                            index.data());
  } else if (!by_tree) {
    kernels_->scan(view_, distance_.metric, queries, count, k, distance.data(), index.data());
  }
  for (std::size_t q = 0; q < count; ++q) {
    if (by_tree) kernels_->nearest(view_, distance_.metric, queries[q], k, distance.data(), index.data());
    const std::size_t offset = by_tree ? 0 : q * k;
    body(rows[q], distance.data() + offset, index.data() + offset);
  }
}

bool KdTree::within_range_of_products(const KdQuery* queries, std::size_t count) const noexcept {
  for (std::size_t q = 0; q < count; ++q) {
    for (std::size_t d = 0; d < view_.dimensions; ++d) {
      if (!(std::abs(queries[q].single[d]) < 1e15F)) return false;
    }
  }
  return true;
}

bool KdTree::products_resolve(const KdQuery& query, double reduced) const noexcept {
  double square = 0;
  for (std::size_t d = 0; d < view_.dimensions; ++d) {
    square += static_cast<double>(query.single[d]) * static_cast<double>(query.single[d]);
  }
  const double norm = view_.largest_norm;
  const double error = static_cast<double>(view_.dimensions) * 0x1p-23 * (norm * norm / 2 + std::sqrt(square) * norm);
  return error < 0.02 * reduced * view_.scale * view_.scale;
}

// Which search is the least work, tried on some of the queries.
template <class Get>
SearchOrder KdTree::choose_search(SearchOrder order, std::size_t n, std::size_t k, const Get& get) const {
  if (order == SearchOrder::tree || !can_scan()) return SearchOrder::tree;
  if (order == SearchOrder::scan) return order;
  constexpr std::size_t most_neighbours = 1024;  // of which candidates are kept
  const bool can_multiply = can_use_products() && k <= most_neighbours;
  if (order == SearchOrder::products) return can_multiply ? order : SearchOrder::scan;
  constexpr std::size_t sample = 16;
  constexpr std::size_t fewest_dimensions = 6;
  if (view_.dimensions < fewest_dimensions || n < sample || view_.leaves < sample) return SearchOrder::tree;
  std::vector<double> distance(k);
  std::vector<std::uint32_t> index(k);
  std::size_t visited = 0;
  std::size_t resolved = 0;
  for (std::size_t s = 0; s < sample; ++s) {
    const KdQuery query = get(n / sample * s);
    kernels_->nearest(view_, distance_.metric, query, k, distance.data(), index.data());
    visited += kernels_->leaves_visited(view_, distance_.metric, query, distance[k - 1]);
    if (can_multiply && products_resolve(query, distance[k - 1])) ++resolved;
  }
  const double share = static_cast<double>(visited) / static_cast<double>(sample * view_.leaves);
  if (resolved > sample / 2) {
    return share > share_for_products(view_.dimensions) ? SearchOrder::products : SearchOrder::tree;
  }
  return share > share_for_differences ? SearchOrder::scan : SearchOrder::tree;
}

void KdTree::nearest(const Context& context, View<const double, 2> queries, std::size_t k, View<double, 2> distances,
                     View<std::int64_t, 2> indices, SearchOrder search) const {
  search_nearest(context, queries, k, search,
                 [&](std::size_t row, const double* distance, const std::uint32_t* index) {
                   for (std::size_t j = 0; j < k; ++j) {
                     distances(row, j) = real_distance(distance[j]);
                     indices(row, j) = index[j];
                   }
                 });
}

void KdTree::for_nearest(const Context& context, View<const double, 2> queries, std::size_t k,
                         const std::function<void(std::size_t, const double*, const std::uint32_t*)>& body) const {
  search_nearest(context, queries, k, SearchOrder::automatic, body);
}

void KdTree::for_selected(const Context& context, View<const double, 2> queries, std::size_t k,
                          const std::function<void(std::size_t, const std::uint32_t*)>& by_slot,
                          const std::function<void(std::size_t, const std::uint32_t*)>& by_index) const {
  check_k(k);
  if (distance_.metric != Metric::euclidean || view_.period != nullptr) {
    throw InvalidArgument("sets of nearest points are found by the Euclidean distance without periods only");
  }
  const KdSelectKernels& kernels = kd_select_kernels(instruction_set());
  over_queries(context, queries, 500.0 + 10.0 * static_cast<double>(k),
               [&](const KdQuery* some, const std::uint32_t* rows, std::size_t count) {
                 // Neighbouring queries have their k-th neighbour about as far away. A limit a little above finds the
                 // candidates at once mostly; the answers do not depend on it.
                 constexpr float reach = 1.4F;
                 constexpr float more = 1.8F;
                 constexpr int tries = 4;
                 KdSelection selection;
                 std::vector<double> distance(k);
                 std::vector<std::uint32_t> index(k);
                 float guess = 0.0F;
                 for (std::size_t q = 0; q < count; ++q) {
                   KdSelected outcome = guess > 0.0F ? KdSelected::too_few : KdSelected::ambiguous;
                   float limit = reach * guess;
                   for (int i = 0; i < tries && outcome == KdSelected::too_few; ++i, limit *= more) {
                     outcome = kernels.select(view_, some[q], k, limit, guess, &selection);
                   }
                   if (outcome == KdSelected::found) {
                     guess = 0.5F * (guess + selection.kth);
                     by_slot(rows[q], selection.slot);
                     continue;
                   }
                   kernels_->nearest(view_, distance_.metric, some[q], k, distance.data(), index.data());
                   guess = static_cast<float>(distance[k - 1] * view_.scale * view_.scale);
                   by_index(rows[q], index.data());
                 }
               });
}

template <class Body>
void KdTree::search_nearest(const Context& context, View<const double, 2> queries, std::size_t k, SearchOrder search,
                            const Body& body) const {
  check_k(k);
  check_queries(queries);
  std::vector<double> exact(view_.dimensions);
  std::vector<float> single(view_.dimensions);
  const SearchOrder chosen = choose_search(search, queries.rows(), k, [&](std::size_t i) {
    for (std::size_t d = 0; d < view_.dimensions; ++d) exact[d] = coordinate(queries(i, d), d);
    KdQuery query = prepare(exact.data(), single.data());
    query.home = home_leaf(exact.data());
    return query;
  });
  over_queries(context, queries, work_of_nearest(k), [&](const KdQuery* some, const std::uint32_t* rows, std::size_t count) {
    nearest_of_block(some, rows, count, k, chosen, body);
  });
}

double KdTree::work_of_nearest(std::size_t k) const noexcept { return 1000.0 + 50.0 * static_cast<double>(k); }

KdQuery KdTree::query_of_slot(std::size_t leaf, std::size_t slot, double* exact, float* single) const noexcept {
  for (std::size_t d = 0; d < view_.dimensions; ++d) {
    exact[d] = view_.exact[(leaf * view_.dimensions + d) * view_.capacity + slot];
  }
  KdQuery query = prepare(exact, single);
  query.home = static_cast<std::uint32_t>(leaf);
  return query;
}

void KdTree::nearest_of_points(const Context& context, std::size_t k, View<double, 2> distances,
                               View<std::int64_t, 2> indices, SearchOrder search) const {
  check_k(k);
  const std::size_t dimensions = view_.dimensions;
  std::vector<double> one(dimensions);
  std::vector<float> one_single(dimensions);
  const SearchOrder chosen = choose_search(search, view_.size, k, [&](std::size_t i) {
    return query_of_slot(i * view_.leaves / view_.size, 0, one.data(), one_single.data());
  });
  const std::size_t leaves_per_chunk = queries_per_chunk / view_.capacity;
  interruptible_for(
      context, chunk_count(view_.leaves, leaves_per_chunk),
      [&](std::size_t chunk) {
        const Range range = chunk_range(view_.leaves, leaves_per_chunk, chunk);
        std::vector<double> exact(queries_per_chunk * dimensions);
        std::vector<float> single(queries_per_chunk * dimensions);
        std::vector<KdQuery> prepared;
        std::vector<std::uint32_t> rows;
        for (std::size_t leaf = range.begin; leaf < range.end; ++leaf) {
          for (std::size_t slot = 0; slot < points_of_leaf(leaf); ++slot) {
            const std::size_t offset = prepared.size() * dimensions;
            prepared.push_back(query_of_slot(leaf, slot, exact.data() + offset, single.data() + offset));
            rows.push_back(view_.index[leaf * view_.capacity + slot]);
          }
        }
        nearest_of_block(prepared.data(), rows.data(), rows.size(), k, chosen,
                         [&](std::size_t row, const double* distance, const std::uint32_t* index) {
                           for (std::size_t j = 0; j < k; ++j) {
                             distances(row, j) = real_distance(distance[j]);
                             indices(row, j) = index[j];
                           }
                         });
      },
      static_cast<double>(view_.size) * work_of_nearest(k));
}

void KdTree::nearest(const double* query, std::size_t k, double* reduced, std::uint32_t* index,
                     float* scratch) const noexcept {
  KdQuery prepared = prepare(query, scratch);
  prepared.home = home_leaf(query);
  kernels_->nearest(view_, distance_.metric, prepared, k, reduced, index);
}

namespace {

double check_radius(double radius) {
  if (!(radius >= 0)) {
    throw InvalidArgument("the radius must be a number, not negative, got " + std::to_string(radius));
  }
  return radius;
}

}  // namespace

WithinRadius KdTree::within(const Context& context, View<const double, 2> queries, double radius,
                            bool sort_by_distance) const {
  struct Found {
    std::vector<std::int64_t> indices;
    std::vector<double> distances;
  };
  const double limit = reduced_distance(check_radius(radius));
  std::vector<Found> results(queries.rows());
  over_queries(context, queries, 3000.0, [&](const KdQuery* some, const std::uint32_t* rows, std::size_t count) {
    FoundMemory memory;
    KdFound& found = memory.found;
    std::vector<std::pair<double, std::uint32_t>> sorted;
    for (std::size_t q = 0; q < count; ++q) {
      found.size = 0;
      kernels_->within(view_, distance_.metric, some[q], limit, found);
      sorted.resize(found.size);
      for (std::size_t j = 0; j < found.size; ++j) sorted[j] = {found.distance[j], found.index[j]};
      if (sort_by_distance) {
        std::sort(sorted.begin(), sorted.end());
      } else {
        std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
      }
      Found& result = results[rows[q]];
      result.indices.reserve(found.size);
      result.distances.reserve(found.size);
      for (const auto& [distance, index] : sorted) {
        result.indices.push_back(index);
        result.distances.push_back(real_distance(distance));
      }
    }
  });
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
  const double limit = reduced_distance(check_radius(radius));
  over_queries(context, queries, 1000.0, [&](const KdQuery* some, const std::uint32_t* rows, std::size_t count) {
    for (std::size_t q = 0; q < count; ++q) {
      counts[rows[q]] =
          static_cast<std::int64_t>(kernels_->count(view_, distance_.metric, some[q], limit, enough));
    }
  });
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

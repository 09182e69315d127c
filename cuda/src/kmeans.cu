// k-means: a thread finds the nearest centre of a point in float64, so labels are those of the definition, and adds the
// point to its cluster in fixed point (clustering/device_kmeans.hpp), so sums do not depend on the order of the threads.
// The few centres are moved by the processor between two passes.
#include "kmeans.cuh"

#include <cuda_runtime.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <string>
#include <type_traits>
#include <vector>

#include "base/philox.hpp"
#include "points.cuh"

namespace diskern::cuda {

namespace {

using clustering::DeviceKMeansParams;
using clustering::DeviceKMeansResult;
using clustering::DevicePoints;

constexpr int threads = point_threads;
constexpr int most_register_dimensions = 8;
constexpr std::size_t chunk = 2048;  // points whose distances are summed together while centres are drawn
constexpr int most_trials = 32;

// The sum over the threads of a block in an order that is always the same; in thread 0.
__device__ double block_sum(double value) {
  __shared__ double of_warp[threads / 32];
  for (unsigned distance = 16; distance > 0; distance /= 2) value += __shfl_down_sync(0xffffffffU, value, distance);
  __syncthreads();  // the last sum has been read
  if (threadIdx.x % 32 == 0) of_warp[threadIdx.x / 32] = value;
  __syncthreads();
  double sum = 0;
  if (threadIdx.x == 0) {
    for (int w = 0; w < threads / 32; ++w) sum += of_warp[w];
  }
  return sum;
}

// The coordinates of one point: in registers where there are few (Dimensions of them), else read whenever they are
// needed.
template <int Dimensions>
struct Point {
  const DevicePoints& points;
  std::size_t i;
  double x[Dimensions > 0 ? Dimensions : 1];

  __device__ Point(const DevicePoints& all, std::size_t index) : points(all), i(index) {
    for (int d = 0; d < Dimensions; ++d) x[d] = coordinate(all, index, static_cast<std::size_t>(d));
  }
  __device__ double operator[](std::size_t d) const {
    if constexpr (Dimensions > 0) {
      return x[d];
    } else {
      return coordinate(points, i, d);
    }
  }
  __device__ double squared_distance(const double* centre, std::size_t dimensions) const {
    double sum = 0;
    if constexpr (Dimensions > 0) {
      for (int d = 0; d < Dimensions; ++d) {
        const double difference = x[d] - centre[d];
        sum += difference * difference;
      }
    } else {
      for (std::size_t d = 0; d < dimensions; ++d) {
        const double difference = coordinate(points, i, d) - centre[d];
        sum += difference * difference;
      }
    }
    return sum;
  }
};

struct Sums {
  unsigned long long* sums;    // (clusters, dimensions), fixed point
  unsigned long long* counts;  // of points by cluster
  unsigned long long* changed;
  const double* middle;  // of the extent, by dimension
  const double* scale;
};

// Labels, and the inertia of each block. Shared: the centres, and sums of up to device_points_between_flushes points,
// are in shared memory. sums.sums may be null: nothing is added up then.
template <int Dimensions, bool Shared>
__global__ void __launch_bounds__(threads)
    assign(DevicePoints points, const double* centres, unsigned clusters, std::int32_t* labels, Sums sums, double* inertia) {
  DISKERN_DYNAMIC_SHARED(double, shared_centres);
  const auto dimensions = static_cast<unsigned>(points.dimensions);
  const unsigned cells = clusters * dimensions;
  int* const high = reinterpret_cast<int*>(shared_centres + cells);
  int* const low = high + cells;
  int* const count = low + cells;
  const bool adding = sums.sums != nullptr;
  const double* const near_centres = Shared ? shared_centres : centres;
  if (Shared) {
    for (unsigned c = threadIdx.x; c < cells; c += threads) shared_centres[c] = centres[c];
    if (adding) {
      for (unsigned c = threadIdx.x; c < 2 * cells + clusters; c += threads) high[c] = 0;
    }
    __syncthreads();
  }
  const auto flush = [&] {
    __syncthreads();
    for (unsigned c = threadIdx.x; c < cells; c += threads) {
      const long long sum = (static_cast<long long>(high[c]) << clustering::device_low_bits) + low[c];
      if (sum != 0) atomicAdd(&sums.sums[c], static_cast<unsigned long long>(sum));
      high[c] = 0;
      low[c] = 0;
    }
    for (unsigned c = threadIdx.x; c < clusters; c += threads) {
      if (count[c] != 0) atomicAdd(&sums.counts[c], static_cast<unsigned long long>(count[c]));
      count[c] = 0;
    }
    __syncthreads();
  };
  double own_inertia = 0;
  unsigned long long own_changed = 0;
  unsigned rounds = 0;
  for (std::size_t first = static_cast<std::size_t>(blockIdx.x) * threads; first < points.n;
       first += static_cast<std::size_t>(gridDim.x) * threads) {
    const std::size_t i = first + threadIdx.x;
    if (i < points.n) {
      const Point<Dimensions> point(points, i);
      double smallest = point.squared_distance(near_centres, dimensions);
      unsigned nearest = 0;
      for (unsigned c = 1; c < clusters; ++c) {
        const double distance = point.squared_distance(near_centres + c * dimensions, dimensions);
        if (distance < smallest) {
          smallest = distance;
          nearest = c;
        }
      }
      own_inertia += smallest;
      if (adding) {
        own_changed += labels[i] != static_cast<std::int32_t>(nearest) ? 1 : 0;
        for (unsigned d = 0; d < dimensions; ++d) {
          const std::int64_t fixed = clustering::device_fixed(coordinate(points, i, d) - sums.middle[d], sums.scale[d]);
          const unsigned cell = nearest * dimensions + d;
          if (Shared) {
            atomicAdd(&high[cell], clustering::device_high(fixed));
            atomicAdd(&low[cell], clustering::device_low(fixed));
          } else {
            atomicAdd(&sums.sums[cell], static_cast<unsigned long long>(fixed));
          }
        }
        if (Shared) {
          atomicAdd(&count[nearest], 1);
        } else {
          atomicAdd(&sums.counts[nearest], 1ULL);
        }
      }
      labels[i] = static_cast<std::int32_t>(nearest);
    }
    if (Shared && adding && ++rounds == clustering::device_points_between_flushes / threads) {
      flush();
      rounds = 0;
    }
  }
  if (Shared && adding) flush();
  if (own_changed != 0) atomicAdd(sums.changed, own_changed);
  const double sum = block_sum(own_inertia);
  if (threadIdx.x == 0) inertia[blockIdx.x] = sum;
}

// Squared distances of all points to the centres they are labelled with.
__global__ void __launch_bounds__(threads)
    label_distances(DevicePoints points, const double* centres, const std::int32_t* labels, double* distances) {
  for (std::size_t i = static_cast<std::size_t>(blockIdx.x) * threads + threadIdx.x; i < points.n;
       i += static_cast<std::size_t>(gridDim.x) * threads) {
    const double* const centre = centres + static_cast<std::size_t>(labels[i]) * points.dimensions;
    distances[i] = Point<0>(points, i).squared_distance(centre, points.dimensions);
  }
}

// Sums of deviations from the middle and of their squares, by block: [block][2 d], [block][2 d + 1].
__global__ void __launch_bounds__(threads) spread(DevicePoints points, const double* middle, double* partial) {
  for (std::size_t d = 0; d < points.dimensions; ++d) {
    double sum = 0;
    double squares = 0;
    for (std::size_t i = static_cast<std::size_t>(blockIdx.x) * threads + threadIdx.x; i < points.n;
         i += static_cast<std::size_t>(gridDim.x) * threads) {
      const double deviation = coordinate(points, i, d) - middle[d];
      sum += deviation;
      squares += deviation * deviation;
    }
    sum = block_sum(sum);
    squares = block_sum(squares);
    if (threadIdx.x == 0) {
      partial[(blockIdx.x * points.dimensions + d) * 2] = sum;
      partial[(blockIdx.x * points.dimensions + d) * 2 + 1] = squares;
    }
  }
}

__global__ void fetch(DevicePoints points, const std::uint64_t* indices, unsigned count, double* out) {
  for (std::size_t c = threadIdx.x; c < count * points.dimensions; c += blockDim.x) {
    out[c] = coordinate(points, indices[c / points.dimensions], c % points.dimensions);
  }
}

// What the sum of the distances would be with each of some candidates: by block.
__global__ void __launch_bounds__(threads)
    try_candidates(DevicePoints points, const double* candidates, int trials, const double* closest, double* partial) {
  for (int t = 0; t < trials; ++t) {
    const double* const candidate = candidates + static_cast<std::size_t>(t) * points.dimensions;
    double sum = 0;
    for (std::size_t i = static_cast<std::size_t>(blockIdx.x) * threads + threadIdx.x; i < points.n;
         i += static_cast<std::size_t>(gridDim.x) * threads) {
      const double distance = Point<0>(points, i).squared_distance(candidate, points.dimensions);
      sum += distance < closest[i] ? distance : closest[i];
    }
    sum = block_sum(sum);
    if (threadIdx.x == 0) partial[static_cast<std::size_t>(t) * gridDim.x + blockIdx.x] = sum;
  }
}

// Takes a centre: distances to the nearest one, and their sums by chunk, one block each.
__global__ void __launch_bounds__(threads)
    take_centre(DevicePoints points, const double* centre, bool first, double* closest, double* chunk_sums) {
  double sum = 0;
  for (unsigned k = threadIdx.x; k < chunk; k += threads) {
    const std::size_t i = blockIdx.x * chunk + k;
    if (i >= points.n) break;
    const double distance = Point<0>(points, i).squared_distance(centre, points.dimensions);
    const double smaller = first || distance < closest[i] ? distance : closest[i];
    closest[i] = smaller;
    sum += smaller;
  }
  sum = block_sum(sum);
  if (threadIdx.x == 0) chunk_sums[blockIdx.x] = sum;
}

template <int Dimensions>
void start_assign(bool shared, std::size_t bytes, unsigned blocks, const DevicePoints& points, const double* centres,
                  unsigned clusters, std::int32_t* labels, const Sums& sums, double* inertia, void* stream) {
  if (shared) {
    launch("assigning points to centres", assign<Dimensions, true>, blocks, threads, bytes, stream, points, centres,
           clusters, labels, sums, inertia);
  } else {
    launch("assigning points to centres", assign<Dimensions, false>, blocks, threads, 0, stream, points, centres, clusters,
           labels, sums, inertia);
  }
}

void wait(void* stream) { check(cudaStreamSynchronize(stream_of(stream)), "waiting for k-means"); }

void check_centres(const DevicePoints& points, const std::vector<double>& centres) {
  if (points.n == 0 || points.dimensions == 0) throw InvalidArgument("no points: at least one with one coordinate is needed");
  if (centres.empty() || centres.size() % points.dimensions != 0) {
    throw InvalidArgument("the centres have " + std::to_string(centres.size()) + " coordinates, expected a multiple of " +
                          std::to_string(points.dimensions));
  }
  if (centres.size() > std::numeric_limits<std::int32_t>::max()) {
    throw InvalidArgument("the centres have " + std::to_string(centres.size()) + " coordinates, at most 2^31 - 1 are possible");
  }
  for (const double c : centres) {
    if (!std::isfinite(c)) throw InvalidArgument("the centres are not all finite");
  }
}

// One pass over the points.
class Pass {
 public:
  Pass(const DevicePoints& points, std::size_t clusters, void* stream)
      : points_(points),
        clusters_(clusters),
        stream_(stream),
        blocks_(point_blocks(points.n)),
        centres_(clusters * points.dimensions, stream),
        inertia_(blocks_, stream),
        host_inertia_(blocks_) {
    const std::size_t cells = clusters * points.dimensions;
    shared_bytes_ = cells * (sizeof(double) + 2 * sizeof(int)) + clusters * sizeof(int);
    shared_ = shared_bytes_ <= most_shared_bytes();
  }

  // sums.sums null: labels and inertia only.
  double run(const std::vector<double>& centres, std::int32_t* labels, const Sums& sums) {
    centres_.take(centres.data());
    const auto go = [&](auto dimensions) {
      start_assign<decltype(dimensions)::value>(shared_, shared_bytes_, blocks_, points_, centres_.data(),
                                                static_cast<unsigned>(clusters_), labels, sums, inertia_.data(), stream_);
    };
    switch (points_.dimensions) {
      case 1:
        go(std::integral_constant<int, 1>());
        break;
      case 2:
        go(std::integral_constant<int, 2>());
        break;
      case 3:
        go(std::integral_constant<int, 3>());
        break;
      case 4:
        go(std::integral_constant<int, 4>());
        break;
      case 5:
        go(std::integral_constant<int, 5>());
        break;
      case 6:
        go(std::integral_constant<int, 6>());
        break;
      case 7:
        go(std::integral_constant<int, 7>());
        break;
      case most_register_dimensions:
        go(std::integral_constant<int, most_register_dimensions>());
        break;
      default:
        go(std::integral_constant<int, 0>());
    }
    inertia_.give(host_inertia_.data());
    wait(stream_);
    return std::accumulate(host_inertia_.begin(), host_inertia_.end(), 0.0);
  }
  const double* centres() const { return centres_.data(); }  // of the last run

 private:
  DevicePoints points_;
  std::size_t clusters_;
  void* stream_;
  unsigned blocks_;
  DeviceArray<double> centres_;
  DeviceArray<double> inertia_;
  std::vector<double> host_inertia_;
  std::size_t shared_bytes_ = 0;
  bool shared_ = false;
};

class Fit {
 public:
  Fit(const DeviceKMeansParams& params, const DevicePoints& points, std::size_t clusters, std::int32_t* labels, void* stream)
      : params_(params),
        points_(points),
        clusters_(clusters),
        labels_(labels),
        stream_(stream),
        pass_(points, clusters, stream),
        middle_(points.dimensions),
        scale_(points.dimensions),
        totals_(clusters * points.dimensions + clusters + 1) {
    const std::vector<double> extent = extent_of(points, stream);
    for (std::size_t d = 0; d < points.dimensions; ++d) {
      const double low = extent[d];
      const double high = extent[points.dimensions + d];
      middle_[d] = low + (high - low) / 2;
      scale_[d] = clustering::device_scale(std::max(high - middle_[d], middle_[d] - low));
    }
    there_middle_ = upload(middle_, stream);
    there_scale_ = upload(scale_, stream);
    there_totals_ = DeviceArray<unsigned long long>(totals_.size(), stream);
  }

  DeviceKMeansResult run(const std::vector<double>& start) {
    DeviceKMeansResult result;
    result.centres = start;
    check(cudaMemsetAsync(labels_, 0xff, points_.n * sizeof(std::int32_t), stream_of(stream_)), "filling labels");
    std::vector<double> next(start.size());
    for (std::size_t iteration = 0; iteration < params_.max_iterations; ++iteration) {
      there_totals_.fill_bytes(0);
      unsigned long long* const totals = there_totals_.data();
      const Sums sums{totals, totals + start.size(), totals + start.size() + clusters_, there_middle_.data(),
                      there_scale_.data()};
      pass_.run(result.centres, labels_, sums);
      there_totals_.give(totals_.data());
      wait(stream_);
      move(next);
      double shift = 0;
      for (std::size_t i = 0; i < next.size(); ++i) shift += (next[i] - result.centres[i]) * (next[i] - result.centres[i]);
      std::swap(result.centres, next);
      result.iterations = iteration + 1;
      if (totals_.back() == 0) {
        result.converged = true;
        break;
      }
      if (shift <= params_.tolerance) {
        result.converged = true;
        break;
      }
    }
    if (!points_.is_double) {
      for (double& c : result.centres) c = static_cast<double>(static_cast<float>(c));
    }
    // One more pass: labels and inertia of the centres that are returned.
    result.inertia = pass_.run(result.centres, labels_, Sums{});
    std::vector<std::int32_t> labels(points_.n);
    check(cudaMemcpyAsync(labels.data(), labels_, labels.size() * sizeof(std::int32_t), cudaMemcpyDeviceToHost,
                          stream_of(stream_)),
          "copying labels");
    wait(stream_);
    std::vector<char> used(clusters_, 0);
    for (const std::int32_t label : labels) used[static_cast<std::size_t>(label)] = 1;
    result.used = static_cast<std::size_t>(std::count(used.begin(), used.end(), 1));
    return result;
  }

 private:
  // The means of the clusters; as KMeansFit::update and relocate of the processor.
  void move(std::vector<double>& next) {
    const std::size_t dimensions = points_.dimensions;
    std::vector<double> deviation(clusters_ * dimensions, 0.0);
    std::vector<double> count(clusters_);
    for (std::size_t k = 0; k < clusters_; ++k) {
      count[k] = static_cast<double>(totals_[clusters_ * dimensions + k]);
      for (std::size_t d = 0; d < dimensions; ++d) {
        if (scale_[d] == 0) continue;  // all coordinates are the middle
        deviation[k * dimensions + d] = static_cast<double>(static_cast<long long>(totals_[k * dimensions + d])) / scale_[d];
      }
    }
    relocate(deviation, count);
    const auto heaviest = static_cast<std::size_t>(std::max_element(count.begin(), count.end()) - count.begin());
    for (std::size_t k = 0; k < clusters_; ++k) {
      const std::size_t from = count[k] > 0 ? k : heaviest;
      for (std::size_t d = 0; d < dimensions; ++d) {
        next[k * dimensions + d] = middle_[d] + deviation[from * dimensions + d] / count[from];
      }
    }
  }

  // Empty clusters get the points farthest from their centres, farthest first, of equal ones the lowest index.
  void relocate(std::vector<double>& deviation, std::vector<double>& count) {
    std::vector<std::size_t> empty;
    for (std::size_t k = 0; k < clusters_; ++k) {
      if (!(count[k] > 0)) empty.push_back(k);
    }
    if (empty.empty()) return;
    const std::size_t n = points_.n;
    const DeviceArray<double> there(n, stream_);
    launch("measuring points", label_distances, point_blocks(n), threads, 0, stream_, points_, pass_.centres(), labels_,
           there.data());
    std::vector<double> distances(n);
    there.give(distances.data());
    wait(stream_);
    std::vector<std::uint32_t> order(n);
    std::iota(order.begin(), order.end(), 0U);
    const std::size_t taken = std::min(empty.size(), n);
    std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(taken), order.end(),
                      [&](std::uint32_t a, std::uint32_t b) {
                        return distances[a] != distances[b] ? distances[a] > distances[b] : a < b;
                      });
    if (distances[order[0]] == 0) return;  // fewer distinct points than clusters
    for (std::size_t e = 0; e < taken; ++e) {
      const std::vector<double> point = fetch_points({order[e]}, points_, stream_);
      std::int32_t donor = 0;
      check(cudaMemcpyAsync(&donor, labels_ + order[e], sizeof donor, cudaMemcpyDeviceToHost, stream_of(stream_)),
            "copying a label");
      wait(stream_);
      for (std::size_t d = 0; d < points_.dimensions; ++d) {
        const double moved = point[d] - middle_[d];
        deviation[static_cast<std::size_t>(donor) * points_.dimensions + d] -= moved;
        deviation[empty[e] * points_.dimensions + d] = moved;
      }
      count[static_cast<std::size_t>(donor)] -= 1;
      count[empty[e]] = 1;
    }
  }

 public:
  static std::vector<double> fetch_points(const std::vector<std::uint64_t>& indices, const DevicePoints& points,
                                          void* stream) {
    const DeviceArray<std::uint64_t> there = upload(indices, stream);
    const DeviceArray<double> out(indices.size() * points.dimensions, stream);
    launch("fetching points", fetch, 1, threads, 0, stream, points, there.data(), static_cast<unsigned>(indices.size()),
           out.data());
    std::vector<double> host(out.size());
    out.give(host.data());
    wait(stream);
    return host;
  }

 private:
  const DeviceKMeansParams& params_;
  DevicePoints points_;
  std::size_t clusters_;
  std::int32_t* labels_;
  void* stream_;
  Pass pass_;
  std::vector<double> middle_;
  std::vector<double> scale_;
  std::vector<unsigned long long> totals_;  // sums, counts, changed labels
  DeviceArray<double> there_middle_;
  DeviceArray<double> there_scale_;
  DeviceArray<unsigned long long> there_totals_;
};

DeviceKMeansResult fit(const DeviceKMeansParams& params, const DevicePoints& points, const std::vector<double>& centres,
                       std::int32_t* labels, void* stream) {
  check_centres(points, centres);
  return Fit(params, points, centres.size() / points.dimensions, labels, stream).run(centres);
}

double predict(const DevicePoints& points, const std::vector<double>& centres, std::int32_t* labels, void* stream) {
  check_centres(points, centres);
  extent_of(points, stream);  // refuses what is no number
  return Pass(points, centres.size() / points.dimensions, stream).run(centres, labels, Sums{});
}

double mean_variance(const DevicePoints& points, void* stream) {
  const std::size_t dimensions = points.dimensions;
  const std::vector<double> extent = extent_of(points, stream);
  std::vector<double> middle(dimensions);
  for (std::size_t d = 0; d < dimensions; ++d) middle[d] = extent[d] + (extent[dimensions + d] - extent[d]) / 2;
  const DeviceArray<double> there = upload(middle, stream);
  const unsigned blocks = point_blocks(points.n);
  const DeviceArray<double> partial(std::size_t{2} * blocks * dimensions, stream);
  launch("summing the spread of points", spread, blocks, threads, 0, stream, points, there.data(), partial.data());
  std::vector<double> host(partial.size());
  partial.give(host.data());
  wait(stream);
  double total = 0;
  for (std::size_t d = 0; d < dimensions; ++d) {
    double sum = 0;
    double squares = 0;
    for (std::size_t b = 0; b < blocks; ++b) {
      sum += host[(b * dimensions + d) * 2];
      squares += host[(b * dimensions + d) * 2 + 1];
    }
    const auto n = static_cast<double>(points.n);
    total += std::max(squares / n - sum / n * (sum / n), 0.0);
  }
  return total / static_cast<double>(dimensions);
}

std::vector<double> seed(const DevicePoints& points, std::size_t clusters, std::uint64_t seed_value, std::uint32_t run,
                         void* stream) {
  const std::size_t n = points.n;
  const std::size_t dimensions = points.dimensions;
  if (n == 0 || dimensions == 0) throw InvalidArgument("no points: at least one with one coordinate is needed");
  if (clusters == 0 || clusters > n) {
    throw InvalidArgument("n_samples=" + std::to_string(n) + " should be >= n_clusters=" + std::to_string(clusters) + ".");
  }
  extent_of(points, stream);  // refuses what is no number
  const Philox random(seed_value, Purpose::seeding);
  const int trials = std::min(2 + static_cast<int>(std::log(static_cast<double>(clusters))), most_trials);
  const auto chunks = static_cast<unsigned>((n + chunk - 1) / chunk);
  const unsigned blocks = point_blocks(n);
  const DeviceArray<double> closest(n, stream);
  const DeviceArray<double> chunk_sums(chunks, stream);
  const DeviceArray<double> partial(static_cast<std::size_t>(trials) * blocks, stream);
  DeviceArray<double> candidates(static_cast<std::size_t>(trials) * dimensions, stream);
  std::vector<double> sums(chunks);
  std::vector<double> of_blocks(partial.size());

  std::vector<double> centres;
  const auto take = [&](const double* centre) {
    const bool first = centres.empty();
    centres.insert(centres.end(), centre, centre + dimensions);
    const DeviceArray<double> there = upload(std::vector<double>(centre, centre + dimensions), stream);
    launch("taking a centre", take_centre, chunks, threads, 0, stream, points, there.data(), first, closest.data(),
           chunk_sums.data());
    chunk_sums.give(sums.data());
    wait(stream);
  };
  const auto first = std::min(static_cast<std::uint64_t>(random.uniform(0, 0, run) * static_cast<double>(n)),
                              static_cast<std::uint64_t>(n - 1));
  take(Fit::fetch_points({first}, points, stream).data());
  std::vector<double> of_chunk(chunk);
  // The point at a share of the sum of the distances.
  const auto draw = [&](double share) -> std::uint64_t {
    double left = share * std::accumulate(sums.begin(), sums.end(), 0.0);
    std::size_t c = 0;
    while (c + 1 < chunks && left >= sums[c]) left -= sums[c++];
    const std::size_t begin = c * chunk;
    const std::size_t size = std::min(chunk, n - begin);
    check(cudaMemcpyAsync(of_chunk.data(), closest.data() + begin, size * sizeof(double), cudaMemcpyDeviceToHost,
                          stream_of(stream)),
          "copying distances");
    wait(stream);
    std::size_t i = 0;
    std::size_t last = 0;  // that is not a centre already
    for (; i < size; ++i) {
      if (of_chunk[i] == 0) continue;
      last = i;
      if (left < of_chunk[i]) break;
      left -= of_chunk[i];
    }
    return begin + (i < size ? i : last);
  };
  for (std::uint32_t step = 1; step < clusters; ++step) {
    std::vector<std::uint64_t> drawn;
    for (int t = 0; t < trials; ++t) drawn.push_back(draw(random.uniform(static_cast<std::uint64_t>(t), step, run)));
    const std::vector<double> coordinates = Fit::fetch_points(drawn, points, stream);
    candidates.take(coordinates.data());
    launch("trying candidates", try_candidates, blocks, threads, 0, stream, points, candidates.data(), trials,
           closest.data(), partial.data());
    partial.give(of_blocks.data());
    wait(stream);
    std::size_t best = 0;
    double smallest = std::numeric_limits<double>::infinity();
    for (std::size_t t = 0; t < static_cast<std::size_t>(trials); ++t) {
      const auto begin = of_blocks.begin() + static_cast<std::ptrdiff_t>(t * blocks);
      const double potential = std::accumulate(begin, begin + static_cast<std::ptrdiff_t>(blocks), 0.0);
      if (potential < smallest) {
        smallest = potential;
        best = t;
      }
    }
    take(coordinates.data() + best * dimensions);
  }
  return centres;
}

}  // namespace

const clustering::CudaKMeansKernels kmeans_kernels = {fit, seed, mean_variance, predict};

}  // namespace diskern::cuda

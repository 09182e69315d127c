#pragma once
// The nearest of a set of centres: fast in float32, and certain, because points for which rounding might decide are
// decided in float64.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "base/aligned.hpp"
#include "clustering/kmeans_kernels.hpp"

namespace diskern::clustering {

struct Nearest {
  std::int32_t label;
  double squared_distance;
};

// What "nearest" means everywhere: the squared distance is the sum over the dimensions, in their order, of the squared
// differences, in float64 without contraction; of equal ones the lowest label.
Nearest nearest_centre(const double* point, const double* centres, std::size_t count, std::size_t dimensions) noexcept;

class CentreSet {
 public:
  // centres: (count, dimensions). offset and scale are those of the blocks that will be compared with them.
  void prepare(const double* centres, std::size_t count, std::size_t dimensions, const double* offset, double scale);

  std::size_t size() const noexcept { return count_; }
  std::size_t dimensions() const noexcept { return dimensions_; }
  CentreTiles tiles() const noexcept { return {coordinates_.data(), constant_.data(), padded_, dimensions_}; }
  // By how much the scores of two centres must differ for a block of points of this norm, so that their order is that of
  // the distances in float64; infinity where float32 cannot tell.
  float band(float norm) const noexcept {
    const auto x = static_cast<double>(norm);
    const double band = (band_[2] * x + band_[1]) * x + band_[0];
    return band < largest_band_ ? static_cast<float>(band) : std::numeric_limits<float>::infinity();
  }
  // distances: scratch of transposed_count() elements.
  Nearest nearest(const KMeansKernels& kernels, const double* point, double* distances) const noexcept;
  std::size_t transposed_count() const noexcept { return transposed_count_; }
  // Squared distances of a point to all centres; transposed_count() elements are written.
  void squared_distances(const KMeansKernels& kernels, const double* point, double* distances) const noexcept {
    kernels.squared_distances(point, transposed_.data(), transposed_count_, dimensions_, distances);
  }

 private:
  std::size_t count_ = 0;
  std::size_t padded_ = 0;
  std::size_t dimensions_ = 0;
  AlignedVector<float> coordinates_;
  std::vector<float> constant_;
  AlignedVector<double> transposed_;  // [dimension][count rounded up to eight]
  std::size_t transposed_count_ = 0;
  double band_[3] = {};  // coefficients of the powers of the norm
  double largest_band_ = 0;
};

// Scratch of one piece of work.
struct AssignmentScratch {
  std::vector<float> band;
  std::vector<std::uint64_t> uncertain;
  std::vector<double> point;
  std::vector<double> distances;
  bool want_scores = false;
  std::vector<float> first;   // with want_scores: the highest score of each point,
  std::vector<float> second;  // and the next one
};

// Asks for memory that will be read soon, a share of it at each of a number of steps, so that it comes in while something
// else is computed.
struct Ahead {
  const char* from = nullptr;
  std::size_t bytes_per_group = 0;

  void fetch(std::size_t group) const noexcept {
    constexpr std::size_t line = 64;
    for (std::size_t b = 0; b < bytes_per_group; b += line) {
      __builtin_prefetch(from + group * bytes_per_group + b, 0, 2);  // into the second-level cache
    }
  }
};

// The rows of the batch after the one of `count` rows at `rows`, of few dimensions; asked for beyond the end does no harm.
template <class T>
Ahead rows_ahead(const T* rows, std::size_t count, std::size_t dimensions) noexcept {
  if (dimensions > register_dimensions) return {};
  return {reinterpret_cast<const char*>(rows + count * dimensions), group_points * dimensions * sizeof(T)};
}

// Labels of `count` rows, whose blocks are given; labels has room for whole groups. Returns how many were decided in
// float64. reference: all of them.
template <class T>
std::size_t assign_rows(const KMeansKernels& kernels, const CentreSet& centres, const T* rows, std::size_t count,
                        const float* blocks, const float* norms, std::int32_t* labels, AssignmentScratch& scratch,
                        bool reference = false, const Ahead& ahead = {});

}  // namespace diskern::clustering

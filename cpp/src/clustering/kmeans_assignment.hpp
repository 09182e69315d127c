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
};

// Labels of `count` rows, whose blocks are given; labels has room for whole groups. Returns how many were decided in
// float64. reference: all of them.
template <class T>
std::size_t assign_rows(const KMeansKernels& kernels, const CentreSet& centres, const T* rows, std::size_t count,
                        const float* blocks, const float* norms, std::int32_t* labels, AssignmentScratch& scratch,
                        bool reference = false);

}  // namespace diskern::clustering

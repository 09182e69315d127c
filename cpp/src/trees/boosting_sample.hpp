#pragma once
// The sample that is boosted: packed, free of events of weight zero, and known to be of the right shapes.

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "diskern/context.hpp"
#include "diskern/view.hpp"
#include "trees/boosting_params.hpp"

namespace diskern::trees {

// As the caller gives it. Exactly one of class_index and target is set (not empty).
struct GradientBoostingSample {
  View<const float, 2> events;
  View<const double> weight;
  View<const std::int32_t> class_index;
  View<const double> target;
  // Columns that the loss looks at and the trees do not (say the mass, in which the response shall be flat); may be
  // empty. float64 (events, columns), finite.
  View<const double, 2> spectators;
};

// An array of a sample: the caller's where that can be used as it is (it then outlives this), else one of its own, or
// one value that all events have, which is kept for a piece of them only.
template <class T>
class SampleArray {
 public:
  static constexpr std::size_t piece_size = 1024;

  SampleArray() = default;
  explicit SampleArray(const T* data, std::size_t size) : data_(data), size_(size) {}
  static SampleArray repeated(T value, std::size_t size) {
    SampleArray result(std::vector<T>(piece_size, value));
    result.size_ = size;
    result.within_ = piece_size - 1;
    return result;
  }
  explicit SampleArray(std::vector<T> own) : own_(std::move(own)), data_(own_.data()), size_(own_.size()) {}
  SampleArray(SampleArray&&) noexcept = default;
  SampleArray& operator=(SampleArray&&) noexcept = default;
  SampleArray(const SampleArray&) = delete;
  SampleArray& operator=(const SampleArray&) = delete;
  ~SampleArray() = default;

  // Whether the array is there as a whole: data(), begin() and end() must not be used otherwise.
  bool whole() const noexcept { return within_ == ~std::size_t{0}; }
  const T* data() const noexcept { return data_; }
  const T* begin() const noexcept { return data_; }
  const T* end() const noexcept { return data_ + size_; }
  // Of the elements from `begin`, a multiple of piece_size, up to the next one.
  const T* piece(std::size_t begin) const noexcept { return data_ + (begin & within_); }
  View<const T> view() const noexcept { return {data_, {size_}, {whole() ? 1 : 0}}; }
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  const T& operator[](std::size_t i) const noexcept { return data_[i & within_]; }

 private:
  std::vector<T> own_;
  const T* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t within_ = ~std::size_t{0};  // bits of an index that lead to a place
};

struct BoostingSample {
  std::size_t n = 0;
  std::size_t n_features = 0;
  std::vector<float> storage;
  View<const float, 2> events;  // the caller's, in whatever order they lie, or those in storage
  SampleArray<double> weight;
  SampleArray<std::int32_t> class_index;
  SampleArray<double> target;  // in classification: +1 for class 1, -1 otherwise, or empty
  std::size_t n_spectators = 0;
  std::vector<double> spectators;  // column by column: variable j of event i at j * n + i
  double absolute_weight = 0;      // sum of |w|
  double signed_weight = 0;        // sum of w
  bool any_negative = false;
  bool unit_weights = false;       // all weights are one

  // The variables of an event beside each other: where they lie so, else copied to `place`, which has n_features numbers.
  const float* row(std::size_t i, float* place) const noexcept {
    if (events.strides()[1] == 1) return &events(i, 0);
    for (std::size_t j = 0; j < n_features; ++j) place[j] = events(i, j);
    return place;
  }
};

// n_classes: 0 for regression. `name` begins the errors. signs: in classification, whether there is a target. repeat:
// whether weights that are one element, seen n times (a stride of 0), may stay so. Throws InvalidArgument, Interrupted.
BoostingSample pack_sample(const Context& context, const GradientBoostingSample& sample, std::int32_t n_classes,
                           NegativeWeights policy, const std::string& name, bool signs = true,
                           bool repeat = false);

}  // namespace diskern::trees

#pragma once
// One event at a time through a network of sums, in float64: the fast form of what sequential.cpp writes out.

#include <cstddef>
#include <vector>

#include "base/aligned.hpp"
#include "network/backpropagation.hpp"
#include "network/sequential_kernels.hpp"

namespace diskern::network {

class SequentialSums {
 public:
  // For a shape whose layers have the input function sum.
  explicit SequentialSums(const Shape& shape);

  void take(const std::vector<double>& parameters);
  void give(std::vector<double>& parameters) const;

  void forward(const Events& events, std::size_t i);
  // Scores before the last activation, and after it.
  const double* sums() const noexcept { return layers_.back().sums; }
  const double* outputs() const noexcept { return layers_.back().outputs_of; }
  // d loss / d score, to be set between forward and update; the padding stays zero.
  double* deltas() noexcept { return layers_.back().deltas; }
  void update(double learning_rate);

 private:
  Shape shape_;
  const SequentialKernels& kernels_;
  AlignedVector<double> storage_;
  double* inputs_ = nullptr;
  std::vector<SequentialLayer> layers_;
};

}  // namespace diskern::network

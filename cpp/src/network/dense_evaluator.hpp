#pragma once
// Evaluation of a dense network in float32.

#include <cstddef>

#include "base/aligned.hpp"
#include "diskern/context.hpp"
#include "diskern/view.hpp"
#include "network/dense_forward.hpp"
#include "network/network.hpp"

namespace diskern::network {

// One event and many give the same bits, for any number of threads and every instruction set.
class DenseEvaluator {
 public:
  explicit DenseEvaluator(const Network& network);  // valid, with Arithmetic::float32

  // Without allocation. `most` is at least the widest layer.
  template <std::size_t most>
  [[gnu::noinline]] void evaluate_one(const float* variables, double* responses) const noexcept {
    // NOLINTNEXTLINE(modernize-avoid-c-arrays): left uninitialised on purpose
    alignas(64) float scratch[2 * most];
    evaluate_one_in(variables, responses, scratch, scratch + most);
  }
  void evaluate(const Context& context, View<const float, 2> events, View<double, 2> responses) const;

 private:
  void evaluate_one_in(const float* variables, double* responses, float* current, float* next) const noexcept;
  // The outputs of an event, in float, into responses.
  void respond(const float* outputs, double* responses, std::size_t stride) const noexcept;

  DenseTables tables_;
  DenseLayout layout_;
  bool softmax_;
  AlignedVector<float> parameters_;
  AlignedVector<float> shift_;  // empty: none
  AlignedVector<float> scale_;
};

}  // namespace diskern::network

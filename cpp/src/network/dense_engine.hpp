#pragma once
// Gradient steps of a dense network in float32, over many threads.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/executor.hpp"
#include "base/permutation.hpp"
#include "diskern/context.hpp"
#include "network/backpropagation.hpp"
#include "network/dense_forward.hpp"
#include "network/loss_kernels.hpp"
#include "network/optimizer.hpp"

namespace diskern::network {

// Events in float32: variables as they came, seen as (x - shift) * scale; targets and weights as training wants them.
class FloatEvents {
 public:
  explicit FloatEvents(const Events& events);
  std::size_t size() const noexcept { return size_; }

  const float* variables() const noexcept { return variables_; }
  std::size_t variables_row() const noexcept { return row_; }
  const float* shift() const noexcept { return shift_.empty() ? nullptr : shift_.data(); }
  const float* scale() const noexcept { return scale_.empty() ? nullptr : scale_.data(); }
  const float* targets() const noexcept { return targets_.data(); }
  const float* weight() const noexcept { return weight_.data(); }

 private:
  std::size_t size_ = 0;
  const float* variables_ = nullptr;
  std::size_t row_ = 0;
  std::vector<float> copied_;  // where the columns do not lie beside each other
  std::vector<float> shift_;
  std::vector<float> scale_;
  std::vector<float> targets_;
  std::vector<float> weight_;
};

// A batch is cut into chunks, a chunk into blocks of events that stay in the cache while they go through all layers and
// back. Chunks depend on batch and network only and their gradients are added in order, so the weights do not depend on
// the number of threads.
class DenseEngine {
 public:
  // dropout: probability with which a hidden neuron of an event is left out in step(), the others being divided by 1
  // minus it; drawn by seed, step, place of the event and neuron.
  DenseEngine(const Shape& shape, Loss loss, const LossParams& loss_params, double dropout = 0.0);

  // The sum of weight x loss over events order[begin] .. order[begin + count - 1], and the sum of its gradients, in the
  // layout's order.
  double gradient(const Context& context, const FloatEvents& events, const Permutation& order, std::size_t begin,
                  std::size_t count, const float* parameters, float* gradient);
  // The same with a step of the optimizer at the end: the gradient is divided by count. Returns the loss before.
  double step(const Context& context, const FloatEvents& events, const Permutation& order, std::size_t begin,
              std::size_t count, Optimizer& optimizer, double rate, float* parameters);
  // The sum of weight x loss over all events. Interrupted when the user asks to stop.
  double loss(const Context& context, const FloatEvents& events, const float* parameters) const;

  const DenseLayout& layout() const noexcept { return layout_; }
  std::vector<ParameterRange> ranges() const;
  // After the weights were changed from outside.
  void weights_changed(const float* parameters);

 private:
  std::size_t chunk_rows(std::size_t count) const noexcept;
  // What is drawn in a step; null: nothing.
  struct Draw {
    std::uint64_t seed;
    std::uint32_t step;
  };
  double gradient_of_chunk(const FloatEvents& events, const Permutation& order, Range range, const float* parameters,
                           float* gradient, const Draw* draw) const;
  // masks: one factor for each number of the hidden layers, layer after layer; empty: none.
  void backward(std::size_t rows, DenseBuffers& buffers, const float* parameters, bool accumulate, float* gradient,
                const AlignedVector<float>& masks) const;
  void drop(std::size_t l, std::size_t first_event, std::size_t rows, const Draw& draw, float* mask,
            float* values) const;
  double sum_chunks(const Context& context, const FloatEvents& events, const Permutation& order, std::size_t begin,
                    std::size_t count, const float* parameters, const Draw* draw = nullptr);

  DenseTables tables_;
  const LossKernels& loss_kernels_;
  const OptimizerKernels& vectors_;
  Loss loss_;
  LossParams loss_params_;
  double dropout_;
  DenseLayout layout_;
  AlignedVector<float> transposed_;
  std::vector<AlignedVector<float>> gradients_;  // one per chunk
  std::vector<double> losses_;
  std::size_t chunks_ = 0;
};

}  // namespace diskern::network

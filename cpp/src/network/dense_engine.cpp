#include "network/dense_engine.hpp"

#include <algorithm>
#include <utility>

#include "base/executor.hpp"
#include "base/philox.hpp"

namespace diskern::network {

namespace {

constexpr std::size_t block_rows = 96;  // a multiple of the rows of every tile of a matrix product
constexpr float one = 1.0F;

// A cautious guess, for the executor: less work than waking a thread takes is done at once.
double nanoseconds(const DenseLayout& layout, std::size_t events, double passes) noexcept {
  return passes * static_cast<double>(layout.operations) * static_cast<double>(events) / 50.0;
}

// Memory of the calling thread, kept from step to step.
struct Scratch {
  DenseBuffers buffers;
  std::vector<std::size_t> index;
  std::vector<float> targets;
  std::vector<float> weight;
  AlignedVector<float> masks;
};
Scratch& scratch() {
  thread_local Scratch mine;
  return mine;
}

}  // namespace

FloatEvents::FloatEvents(const Events& events) : size_(events.size()) {
  const std::size_t columns = events.variables.columns();
  if (events.variables.strides()[1] == 1 && events.variables.strides()[0] >= 0) {
    variables_ = events.variables.data();
    row_ = static_cast<std::size_t>(events.variables.strides()[0]);
  } else {
    copied_.resize(size_ * columns);
    for (std::size_t i = 0; i < size_; ++i) {
      for (std::size_t j = 0; j < columns; ++j) copied_[i * columns + j] = events.variables(i, j);
    }
    variables_ = copied_.data();
    row_ = columns;
  }
  for (const double value : events.shift) shift_.push_back(static_cast<float>(value));
  for (const double value : events.scale) scale_.push_back(static_cast<float>(value));
  const std::size_t outputs = events.targets.columns();
  targets_.resize(size_ * outputs);
  weight_.resize(size_);
  for (std::size_t i = 0; i < size_; ++i) {
    for (std::size_t k = 0; k < outputs; ++k) targets_[i * outputs + k] = static_cast<float>(events.target(i, k));
    weight_[i] = static_cast<float>(events.weight[i]);
  }
}

DenseEngine::DenseEngine(const Shape& shape, Loss loss, const LossParams& loss_params, double dropout)
    : loss_kernels_(loss_kernels()),
      vectors_(optimizer_kernels()),
      loss_(loss),
      loss_params_(loss_params),
      dropout_(dropout),
      layout_(shape) {
  transposed_.assign(layout_.transposed, 0.0F);
}

std::vector<ParameterRange> DenseEngine::ranges() const {
  std::vector<ParameterRange> ranges;
  for (const DenseFloatLayer& layer : layout_.layers) {
    ranges.push_back({layer.weights, layer.biases, true});
    ranges.push_back({layer.biases, layer.biases + padded(layer.output_row), false});
  }
  return ranges;
}

void DenseEngine::weights_changed(const float* parameters) {
  for (std::size_t l = 1; l < layout_.layers.size(); ++l) {
    const DenseFloatLayer& layer = layout_.layers[l];
    if (layer.output_row == 1) continue;
    tables_.gemm->transpose(parameters + layer.weights, layer.output_row, layer.inputs, layer.outputs,
                            transposed_.data() + layer.transposed, layer.input_row);
  }
}

// Two blocks or more, and few enough chunks that their gradients stay below 64 MiB.
std::size_t DenseEngine::chunk_rows(std::size_t count) const noexcept {
  const std::size_t most = std::clamp<std::size_t>((std::size_t{16} << 20U) / layout_.parameters, 4, 64);
  const std::size_t blocks = (count + block_rows - 1) / block_rows;
  if (blocks < 4) {
    // Halves, so that two threads have something to do.
    return std::max<std::size_t>((count + 1) / 2, 1);
  }
  return std::max<std::size_t>(2, (blocks + most - 1) / most) * block_rows;
}

void DenseEngine::drop(std::size_t l, std::size_t first_event, std::size_t rows, const Draw& draw, float* mask,
                       float* values) const {
  const Philox philox(draw.seed, Purpose::dropout);
  const DenseFloatLayer& layer = layout_.layers[l];
  const auto scale = static_cast<float>(1.0 / (1.0 - dropout_));
  // Kept are words of at least this.
  const auto bound = static_cast<std::uint64_t>(dropout_ * 0x1p32);
  constexpr std::uint32_t numbers_per_layer = std::uint32_t{1} << 24U;
  for (std::size_t i = 0; i < rows; ++i) {
    float* factor = mask + i * layer.output_row;
    float* value = values + i * layer.output_row;
    for (std::size_t j = 0; j < layer.output_row; j += 4) {
      const PhiloxBlock words = philox.block(first_event + i, draw.step,
                                             static_cast<std::uint32_t>(l) * numbers_per_layer +
                                                 static_cast<std::uint32_t>(j / 4));
      for (std::size_t k = 0; k < 4; ++k) {
        factor[j + k] = words.word[k] >= bound ? scale : 0.0F;
        value[j + k] *= factor[j + k];
      }
    }
  }
}

void DenseEngine::backward(std::size_t rows, DenseBuffers& buffers, const float* parameters, bool accumulate,
                           float* gradient, const AlignedVector<float>& masks) const {
  const GemmKernels& gemm = *tables_.gemm;
  const float* mask = masks.data() + masks.size();
  const float* delta = buffers.activation(layout_.layers.size());  // the loss has put its slopes there
  for (std::size_t l = layout_.layers.size(); l-- > 0;) {
    const DenseFloatLayer& layer = layout_.layers[l];
    const float* in = buffers.activation(l);
    float* previous = buffers.deltas(l % 2);
    if (layer.output_row == 1) {
      gemm.multiply({1, layer.input_row, rows, delta, 0, 1, in, layer.input_row, gradient + layer.weights,
                     layer.input_row, nullptr, accumulate, false});
      // What stands in the padding of the inputs is not always zero.
      for (std::size_t i = layer.inputs; i < layer.input_row; ++i) gradient[layer.weights + i] = 0.0F;
      float sum = accumulate ? gradient[layer.biases] : 0.0F;
      for (std::size_t i = 0; i < rows; ++i) sum += delta[i];
      if (!accumulate) std::fill_n(gradient + layer.biases, padded(1), 0.0F);
      gradient[layer.biases] = sum;
      if (l == 0) return;
      gemm.multiply({rows, layer.input_row, 1, delta, 1, 1, parameters + layer.weights, layer.input_row, previous,
                     layer.input_row, nullptr, false, false});
    } else {
      gemm.multiply({layer.inputs, layer.output_row, rows, in, 1, layer.input_row, delta, layer.output_row,
                     gradient + layer.weights, layer.output_row, nullptr, accumulate, false});
      gemm.multiply({1, layer.output_row, rows, &one, 0, 0, delta, layer.output_row, gradient + layer.biases,
                     layer.output_row, nullptr, accumulate, false});
      if (l == 0) return;
      gemm.multiply({rows, layer.input_row, layer.outputs, delta, layer.output_row, 1,
                     transposed_.data() + layer.transposed, layer.input_row, previous, layer.input_row, nullptr, false,
                     false});
    }
    const DenseFloatLayer& before = layout_.layers[l - 1];
    if (!masks.empty()) {
      // Derivatives want the values as they were before some of them were dropped; where they were, they do not count.
      mask -= block_rows * before.output_row;
      const auto kept = static_cast<float>(1.0 - dropout_);
      float* value = buffers.activation(l);
      for (std::size_t i = 0; i < rows * before.output_row; ++i) {
        previous[i] *= mask[i];
        value[i] *= kept;
      }
    }
    tables_.activation->backward(before.activation, buffers.sums(l - 1), buffers.activation(l), previous,
                                 rows * before.output_row);
    delta = previous;
  }
}

double DenseEngine::gradient_of_chunk(const FloatEvents& events, const Permutation& order, Range range,
                                      const float* parameters, float* gradient, const Draw* draw) const {
  Scratch& mine = scratch();
  mine.buffers.prepare(layout_, block_rows, true);
  const std::size_t columns = layout_.layers.front().inputs;
  const std::size_t outputs = layout_.layers.back().outputs;
  const std::size_t scores_row = layout_.layers.back().output_row;
  mine.index.resize(block_rows);
  mine.targets.resize(block_rows * outputs);
  mine.weight.resize(block_rows);
  std::size_t masked = 0;
  if (draw != nullptr) {
    for (std::size_t l = 0; l + 1 < layout_.layers.size(); ++l) masked += block_rows * layout_.layers[l].output_row;
  }
  mine.masks.resize(masked);
  double loss = 0.0;
  for (std::size_t begin = range.begin; begin < range.end; begin += block_rows) {
    const std::size_t rows = std::min(block_rows, range.end - begin);
    for (std::size_t i = 0; i < rows; ++i) mine.index[i] = order[begin + i];
    tables_.dense->gather(events.variables(), events.variables_row(), mine.index.data(), rows, columns, events.shift(),
                          events.scale(), mine.buffers.inputs(), layout_.layers.front().input_row);
    for (std::size_t i = 0; i < rows; ++i) {
      mine.weight[i] = events.weight()[mine.index[i]];
      for (std::size_t k = 0; k < outputs; ++k) {
        mine.targets[i * outputs + k] = events.targets()[mine.index[i] * outputs + k];
      }
    }
    if (masked == 0) {
      dense_forward(tables_, layout_, parameters, rows, mine.buffers, false);
    } else {
      float* mask = mine.masks.data();
      for (std::size_t l = 0; l < layout_.layers.size(); ++l) {
        const bool hidden = l + 1 < layout_.layers.size();
        dense_forward_layer(tables_, layout_.layers[l], l, parameters, rows, mine.buffers, hidden);
        if (!hidden) break;
        drop(l, begin, rows, *draw, mask, mine.buffers.activation(l + 1));
        mask += block_rows * layout_.layers[l].output_row;
      }
    }
    const std::size_t last = layout_.layers.size();
    float* scores = mine.buffers.sums(last - 1);
    loss += loss_kernels_.evaluate(
        loss_, loss_params_,
        {rows, outputs, scores, scores_row, mine.targets.data(), outputs, mine.weight.data()},
        gradient != nullptr ? mine.buffers.activation(last) : scores);
    if (gradient != nullptr) {
      backward(rows, mine.buffers, parameters, begin != range.begin, gradient, mine.masks);
    }
  }
  return loss;
}

double DenseEngine::sum_chunks(const Context& context, const FloatEvents& events, const Permutation& order,
                               std::size_t begin, std::size_t count, const float* parameters, const Draw* draw) {
  const std::size_t rows = chunk_rows(count);
  chunks_ = chunk_count(count, rows);
  losses_.assign(chunks_, 0.0);
  while (gradients_.size() < chunks_) gradients_.emplace_back(layout_.parameters, 0.0F);
  parallel_for(
      context, chunks_,
      [&](std::size_t chunk) {
        const Range range = chunk_range(count, rows, chunk);
        losses_[chunk] = gradient_of_chunk(events, order, {begin + range.begin, begin + range.end}, parameters,
                                           gradients_[chunk].data(), draw);
      },
      nanoseconds(layout_, count, 3.0));
  double loss = 0.0;
  for (std::size_t chunk = 0; chunk < chunks_; ++chunk) loss += losses_[chunk];
  return loss;
}

double DenseEngine::gradient(const Context& context, const FloatEvents& events, const Permutation& order,
                             std::size_t begin, std::size_t count, const float* parameters, float* gradient) {
  weights_changed(parameters);
  const double loss = sum_chunks(context, events, order, begin, count, parameters);
  std::copy(gradients_[0].begin(), gradients_[0].end(), gradient);
  for (std::size_t chunk = 1; chunk < chunks_; ++chunk) {
    vectors_.add(gradients_[chunk].data(), gradient, layout_.parameters);
  }
  return loss;
}

double DenseEngine::step(const Context& context, const FloatEvents& events, const Permutation& order,
                         std::size_t begin, std::size_t count, Optimizer& optimizer, double rate, float* parameters) {
  const Draw draw{context.seed, static_cast<std::uint32_t>(optimizer.steps())};
  const double loss = sum_chunks(context, events, order, begin, count, parameters, dropout_ > 0.0 ? &draw : nullptr);
  optimizer.begin_step(rate, 1.0 / static_cast<double>(count));
  float* total = gradients_[0].data();
  constexpr std::size_t part_size = 1U << 13U;  // with the state of the optimizer 128 KiB
  const std::size_t parts = chunk_count(layout_.parameters, part_size);
  const double cost = static_cast<double>(layout_.parameters) * (1.0 + 0.2 * static_cast<double>(chunks_));
  const auto merge = [&](Range range) {
    for (std::size_t chunk = 1; chunk < chunks_; ++chunk) {
      vectors_.add(gradients_[chunk].data() + range.begin, total + range.begin, range.end - range.begin);
    }
  };
  if (optimizer.clips_norm()) {
    merge({0, layout_.parameters});
    optimizer.clip(vectors_.sum_of_squares(total, layout_.parameters));
  }
  parallel_for(
      context, parts,
      [&](std::size_t part) {
        const Range range = chunk_range(layout_.parameters, part_size, part);
        if (!optimizer.clips_norm()) merge(range);
        optimizer.apply(range.begin, range.end, total, parameters);
      },
      cost);
  weights_changed(parameters);
  return loss;
}

double DenseEngine::loss(const Context& context, const FloatEvents& events, const float* parameters) const {
  constexpr std::size_t rows = 16 * block_rows;
  const Permutation natural(events.size());
  const std::size_t chunks = chunk_count(events.size(), rows);
  std::vector<double> parts(chunks, 0.0);
  interruptible_for(
      context, chunks,
      [&](std::size_t chunk) {
        parts[chunk] =
            gradient_of_chunk(events, natural, chunk_range(events.size(), rows, chunk), parameters, nullptr,
                              nullptr);
      },
      nanoseconds(layout_, events.size(), 1.0));
  double sum = 0.0;
  for (const double part : parts) sum += part;
  return sum;
}

}  // namespace diskern::network

#include "network/backpropagation.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/executor.hpp"
#include "network/activation.hpp"
#include "network/loss_functions.hpp"

namespace diskern::network {

namespace {

// ln(1 + e^x) without overflow.
double softplus(double x) noexcept { return x > 0.0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)); }

double sign(double x) noexcept { return x > 0.0 ? 1.0 : (x < 0.0 ? -1.0 : 0.0); }

// Sum over the lanes of a * b, as four partial sums.
template <std::size_t N>
double lane_product(const double* a, const double* b) noexcept {
  double partial[4] = {0.0, 0.0, 0.0, 0.0};
  for (std::size_t e = 0; e < N; e += 4) {
    for (std::size_t q = 0; q < 4; ++q) partial[q] += a[e + q] * b[e + q];
  }
  return (partial[0] + partial[1]) + (partial[2] + partial[3]);
}

template <std::size_t N>
double lane_sum(const double* a) noexcept {
  double partial[4] = {0.0, 0.0, 0.0, 0.0};
  for (std::size_t e = 0; e < N; e += 4) {
    for (std::size_t q = 0; q < 4; ++q) partial[q] += a[e + q];
  }
  return (partial[0] + partial[1]) + (partial[2] + partial[3]);
}

// Up to 64 chunks of whole blocks.
std::size_t chunk_size_for(std::size_t count, std::size_t lanes) noexcept {
  const std::size_t blocks = (count + lanes - 1) / lanes;
  return std::max<std::size_t>(4, (blocks + 63) / 64) * lanes;
}

}  // namespace

Backpropagation::Backpropagation(Shape shape, Loss loss, const LossParams& loss_params)
    : shape_(std::move(shape)), loss_(loss), loss_params_(loss_params) {
  std::size_t values = 0;
  std::size_t activations = shape_.n_inputs();
  activation_offset_.push_back(0);
  for (const LayerShape& layer : shape_.layers) {
    value_offset_.push_back(values);
    activation_offset_.push_back(activations);
    values += layer.n_outputs;
    activations += layer.n_outputs;
  }
  value_offset_.push_back(values);
  activation_offset_.push_back(activations);
}

double Backpropagation::sum(const Context& context, const Events& events, const std::size_t* index, std::size_t count,
                            const std::vector<double>& parameters, std::vector<double>* gradient) {
  const std::size_t chunk_size = chunk_size_for(count, lanes);
  const std::size_t chunks = chunk_count(count, chunk_size);
  while (workspaces_.size() < chunks) {
    Workspace work;
    work.values.resize(value_offset_.back() * lanes);
    work.activations.resize(activation_offset_.back() * lanes);
    work.deltas.resize(shape_.largest_width() * lanes);
    work.previous.resize(shape_.largest_width() * lanes);
    work.gradient.resize(shape_.parameters);
    workspaces_.push_back(std::move(work));
  }
  const double cost = static_cast<double>(count) * static_cast<double>(shape_.parameters) * 1.5;
  interruptible_for(
      context, chunks,
      [&](std::size_t chunk) {
        Workspace& work = workspaces_[chunk];
        work.loss = 0.0;
        if (gradient != nullptr) std::fill(work.gradient.begin(), work.gradient.end(), 0.0);
        const Range range = chunk_range(count, chunk_size, chunk);
        for (std::size_t begin = range.begin; begin < range.end; begin += lanes) {
          block(events, index + begin, std::min(lanes, range.end - begin), parameters.data(), gradient != nullptr,
                work);
        }
      },
      cost);
  double loss = 0.0;
  for (std::size_t chunk = 0; chunk < chunks; ++chunk) loss += workspaces_[chunk].loss;
  if (gradient != nullptr) {
    gradient->assign(shape_.parameters, 0.0);
    for (std::size_t chunk = 0; chunk < chunks; ++chunk) {
      const std::vector<double>& part = workspaces_[chunk].gradient;
      for (std::size_t p = 0; p < part.size(); ++p) (*gradient)[p] += part[p];
    }
  }
  return loss;
}

// Sets work.deltas to weight x d loss / d value of the output layer; lanes beyond count get 0.
double Backpropagation::output_loss(const Events& events, const std::size_t* index, std::size_t count,
                                    Workspace& work) const {
  const LayerShape& layer = shape_.layers.back();
  const std::size_t n_outputs = layer.n_outputs;
  const double* values = work.values.data() + value_offset_[shape_.layers.size() - 1] * lanes;
  const double* outputs = work.activations.data() + activation_offset_[shape_.layers.size()] * lanes;
  double total = 0.0;
  for (std::size_t e = 0; e < lanes; ++e) {
    if (e >= count) {
      for (std::size_t k = 0; k < n_outputs; ++k) work.deltas[k * lanes + e] = 0.0;
      continue;
    }
    const std::size_t i = index[e];
    const double weight = events.weight[i];
    double loss = 0.0;
    if (loss_ == Loss::squared) {
      for (std::size_t k = 0; k < n_outputs; ++k) {
        const double y = outputs[k * lanes + e];
        const double difference = y - events.target(i, k);
        loss += 0.5 * difference * difference;
        work.deltas[k * lanes + e] = weight * difference * derivative(layer.activation, values[k * lanes + e], y);
      }
    } else if (loss_ == Loss::cross_entropy) {
      // The derivative of the sigmoid cancels against that of the logarithm: no division by an output that reached 0.
      const double target = events.target(i, 0);
      const double value = values[e];
      loss = target * softplus(-value) + (1.0 - target) * softplus(value);
      work.deltas[e] = weight * (outputs[e] - target);
    } else if (loss_ != Loss::softmax_cross_entropy) {
      std::vector<double> scores(n_outputs);
      std::vector<double> targets(n_outputs);
      for (std::size_t k = 0; k < n_outputs; ++k) {
        scores[k] = values[k * lanes + e];
        targets[k] = events.target(i, k);
      }
      loss = loss_of_event(loss_, loss_params_, scores.data(), targets.data(), n_outputs, scores.data());
      for (std::size_t k = 0; k < n_outputs; ++k) work.deltas[k * lanes + e] = weight * scores[k];
    } else {
      double largest = outputs[e];
      for (std::size_t k = 1; k < n_outputs; ++k) largest = std::max(largest, outputs[k * lanes + e]);
      double norm = 0.0;
      for (std::size_t k = 0; k < n_outputs; ++k) norm += std::exp(outputs[k * lanes + e] - largest);
      const double log_norm = std::log(norm);
      for (std::size_t k = 0; k < n_outputs; ++k) {
        const double logarithm = outputs[k * lanes + e] - largest - log_norm;
        const double target = events.target(i, k);
        if (target != 0.0) loss -= target * logarithm;
        work.deltas[k * lanes + e] = weight * (std::exp(logarithm) - target);
      }
    }
    total += weight * loss;
  }
  return total;
}

void Backpropagation::block(const Events& events, const std::size_t* index, std::size_t count, const double* parameters,
                            bool with_gradient, Workspace& work) const {
  const std::size_t n_layers = shape_.layers.size();
  double* inputs = work.activations.data();
  for (std::size_t j = 0; j < shape_.n_inputs(); ++j) {
    for (std::size_t e = 0; e < lanes; ++e) inputs[j * lanes + e] = e < count ? events.variable(index[e], j) : 0.0;
  }
  for (std::size_t l = 0; l < n_layers; ++l) {
    const LayerShape& layer = shape_.layers[l];
    const double* in = work.activations.data() + activation_offset_[l] * lanes;
    double* value = work.values.data() + value_offset_[l] * lanes;
    double* out = work.activations.data() + activation_offset_[l + 1] * lanes;
    for (std::size_t o = 0; o < layer.n_outputs; ++o, value += lanes, out += lanes) {
      const double* weights = parameters + layer.weights + o * layer.n_inputs;
      const double bias = parameters[layer.biases + o];
      double sums[lanes] = {};
      switch (layer.input_function) {
        case InputFunction::sum:
          for (std::size_t i = 0; i < layer.n_inputs; ++i) {
            const double w = weights[i];
            for (std::size_t e = 0; e < lanes; ++e) sums[e] += w * in[i * lanes + e];
          }
          for (std::size_t e = 0; e < lanes; ++e) value[e] = sums[e] + bias;
          break;
        case InputFunction::sum_of_squares:
          for (std::size_t i = 0; i < layer.n_inputs; ++i) {
            for (std::size_t e = 0; e < lanes; ++e) {
              const double product = weights[i] * in[i * lanes + e];
              sums[e] += product * product;
            }
          }
          for (std::size_t e = 0; e < lanes; ++e) value[e] = sums[e] + bias * bias;
          break;
        case InputFunction::sum_of_absolutes:
          for (std::size_t i = 0; i < layer.n_inputs; ++i) {
            for (std::size_t e = 0; e < lanes; ++e) sums[e] += std::abs(weights[i] * in[i * lanes + e]);
          }
          for (std::size_t e = 0; e < lanes; ++e) value[e] = sums[e] + std::abs(bias);
          break;
      }
      for (std::size_t e = 0; e < lanes; ++e) out[e] = activate(layer.activation, value[e]);
    }
  }
  work.loss += output_loss(events, index, count, work);
  if (!with_gradient) return;

  for (std::size_t l = n_layers; l-- > 0;) {
    const LayerShape& layer = shape_.layers[l];
    const double* in = work.activations.data() + activation_offset_[l] * lanes;
    const bool first = l == 0;
    if (!first) std::fill_n(work.previous.begin(), layer.n_inputs * lanes, 0.0);
    for (std::size_t o = 0; o < layer.n_outputs; ++o) {
      const double* delta = work.deltas.data() + o * lanes;
      const double* weights = parameters + layer.weights + o * layer.n_inputs;
      double* weight_gradient = work.gradient.data() + layer.weights + o * layer.n_inputs;
      double& bias_gradient = work.gradient[layer.biases + o];
      const double bias = parameters[layer.biases + o];
      const double delta_sum = lane_sum<lanes>(delta);
      switch (layer.input_function) {
        case InputFunction::sum:
          bias_gradient += delta_sum;
          for (std::size_t i = 0; i < layer.n_inputs; ++i) {
            weight_gradient[i] += lane_product<lanes>(delta, in + i * lanes);
            if (first) continue;
            const double w = weights[i];
            double* previous = work.previous.data() + i * lanes;
            for (std::size_t e = 0; e < lanes; ++e) previous[e] += w * delta[e];
          }
          break;
        case InputFunction::sum_of_squares:
          bias_gradient += 2.0 * bias * delta_sum;
          for (std::size_t i = 0; i < layer.n_inputs; ++i) {
            const double w = weights[i];
            double products[lanes];
            for (std::size_t e = 0; e < lanes; ++e) products[e] = 2.0 * delta[e] * in[i * lanes + e];
            weight_gradient[i] += w * lane_product<lanes>(products, in + i * lanes);
            if (first) continue;
            double* previous = work.previous.data() + i * lanes;
            for (std::size_t e = 0; e < lanes; ++e) previous[e] += w * w * products[e];
          }
          break;
        case InputFunction::sum_of_absolutes:
          bias_gradient += sign(bias) * delta_sum;
          for (std::size_t i = 0; i < layer.n_inputs; ++i) {
            const double w = weights[i];
            double products[lanes];
            for (std::size_t e = 0; e < lanes; ++e) products[e] = delta[e] * sign(w * in[i * lanes + e]);
            weight_gradient[i] += lane_product<lanes>(products, in + i * lanes);
            if (first) continue;
            double* previous = work.previous.data() + i * lanes;
            for (std::size_t e = 0; e < lanes; ++e) previous[e] += w * products[e];
          }
          break;
      }
    }
    if (first) break;
    // Through the activation of the layer before.
    const LayerShape& before = shape_.layers[l - 1];
    const double* value = work.values.data() + value_offset_[l - 1] * lanes;
    for (std::size_t i = 0; i < layer.n_inputs * lanes; ++i) {
      work.deltas[i] = work.previous[i] * derivative(before.activation, value[i], in[i]);
    }
  }
}

}  // namespace diskern::network

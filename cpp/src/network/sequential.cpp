// TMVA's back propagation: event by event, and in batches.
#include <chrono>
#include <cmath>
#include <limits>
#include <utility>

#include "network/activation.hpp"
#include "network/loss_functions.hpp"
#include "network/sequential_sums.hpp"
#include "network/session.hpp"

namespace diskern::network {

namespace {

constexpr double not_known = std::numeric_limits<double>::quiet_NaN();

struct LossOf {
  Loss kind;
  LossParams params;
};

// weight x d loss / d score of the outputs y = activation(sums).
void output_deltas(const LossOf& loss, const Events& events, std::size_t i, Activation activation, const double* sums,
                   const double* y, std::size_t n_outputs, double* deltas) {
  const double weight = events.weight[i];
  if (loss.kind == Loss::cross_entropy) {
    deltas[0] = weight * (y[0] - events.target(i, 0));
    return;
  }
  if (loss.kind == Loss::squared) {
    for (std::size_t k = 0; k < n_outputs; ++k) {
      deltas[k] = (y[k] - events.target(i, k)) * weight * derivative(activation, sums[k], y[k]);
    }
    return;
  }
  if (loss.kind == Loss::softmax_cross_entropy) {
    double largest = y[0];
    double norm = 0.0;
    for (std::size_t k = 0; k < n_outputs; ++k) largest = y[k] > largest ? y[k] : largest;
    for (std::size_t k = 0; k < n_outputs; ++k) norm += std::exp(y[k] - largest);
    for (std::size_t k = 0; k < n_outputs; ++k) {
      deltas[k] = weight * (std::exp(y[k] - largest) / norm - events.target(i, k));
    }
    return;
  }
  std::vector<double> targets(n_outputs);
  for (std::size_t k = 0; k < n_outputs; ++k) targets[k] = events.target(i, k);
  loss_of_event(loss.kind, loss.params, sums, targets.data(), n_outputs, deltas);
  for (std::size_t k = 0; k < n_outputs; ++k) deltas[k] *= weight;
}

// One event forward and back, the sums in TMVA's order so that its weights are met closely.
class OneEvent {
 public:
  OneEvent(const Shape& shape, const LossOf& loss) : shape_(shape), loss_(loss) {
    activations_.emplace_back(shape.n_inputs());
    for (const LayerShape& layer : shape.layers) {
      values_.emplace_back(layer.n_outputs);
      activations_.emplace_back(layer.n_outputs);
      deltas_.emplace_back(layer.n_outputs);
    }
  }

  void update(const Events& events, std::size_t i, double learning_rate, std::vector<double>& parameters) {
    for (std::size_t j = 0; j < shape_.n_inputs(); ++j) activations_[0][j] = events.variable(i, j);
    for (std::size_t l = 0; l < shape_.layers.size(); ++l) forward(l, parameters.data());
    const std::size_t last = shape_.layers.size() - 1;
    output_deltas(loss_, events, i, shape_.layers[last].activation, values_[last].data(), activations_[last + 1].data(),
                  shape_.n_outputs(), deltas_[last].data());
    for (std::size_t l = shape_.layers.size(); l-- > 1;) backward(l, parameters.data());
    for (std::size_t l = 0; l < shape_.layers.size(); ++l) step(l, learning_rate, parameters.data());
  }

 private:
  void forward(std::size_t l, const double* parameters) {
    const LayerShape& layer = shape_.layers[l];
    const std::vector<double>& in = activations_[l];
    const double* weights = parameters + layer.weights;
    for (std::size_t o = 0; o < layer.n_outputs; ++o, weights += layer.n_inputs) {
      const double bias = parameters[layer.biases + o];
      double sum = 0.0;
      for (std::size_t i = 0; i < layer.n_inputs; ++i) sum += term(layer.input_function, weights[i] * in[i]);
      sum += term(layer.input_function, bias);
      values_[l][o] = sum;
      activations_[l + 1][o] = activate(layer.activation, sum);
    }
  }

  // Deltas of the layer before layer l.
  void backward(std::size_t l, const double* parameters) {
    const LayerShape& layer = shape_.layers[l];
    for (std::size_t i = 0; i < layer.n_inputs; ++i) {
      const double x = activations_[l][i];
      double error = 0.0;
      for (std::size_t o = 0; o < layer.n_outputs; ++o) {
        const double w = parameters[layer.weights + o * layer.n_inputs + i];
        error += w * slope(layer.input_function, w * x) * deltas_[l][o];
      }
      deltas_[l - 1][i] = error * derivative(shape_.layers[l - 1].activation, values_[l - 1][i], x);
    }
  }

  void step(std::size_t l, double learning_rate, double* parameters) {
    const LayerShape& layer = shape_.layers[l];
    for (std::size_t o = 0; o < layer.n_outputs; ++o) {
      const double delta = deltas_[l][o];
      double* weights = parameters + layer.weights + o * layer.n_inputs;
      for (std::size_t i = 0; i < layer.n_inputs; ++i) {
        const double x = activations_[l][i];
        weights[i] += -learning_rate * (delta * slope(layer.input_function, weights[i] * x) * x);
      }
      double& bias = parameters[layer.biases + o];
      bias += -learning_rate * (delta * slope(layer.input_function, bias));
    }
  }

  static double term(InputFunction function, double product) noexcept {
    if (function == InputFunction::sum_of_squares) return product * product;
    if (function == InputFunction::sum_of_absolutes) return std::abs(product);
    return product;
  }

  // d term / d product. TMVA leaves this factor out of its gradient (for sum it is 1).
  static double slope(InputFunction function, double product) noexcept {
    if (function == InputFunction::sum_of_squares) return 2.0 * product;
    if (function == InputFunction::sum_of_absolutes) return product > 0.0 ? 1.0 : (product < 0.0 ? -1.0 : 0.0);
    return 1.0;
  }

  const Shape& shape_;
  LossOf loss_;
  std::vector<std::vector<double>> values_;
  std::vector<std::vector<double>> activations_;
  std::vector<std::vector<double>> deltas_;
};

// TMVA's cycle of epochs: sampling, decay of the learning rate (faster in the last 5 %), convergence.
// epoch(order, learning rate) trains one epoch and returns false if the user asked to stop.
template <class Epoch>
void cycle(Session& session, NetworkFit& fit, const Epoch& epoch) {
  const NetworkParams& params = session.params;
  double learning_rate = params.optimizer.learning_rate;
  std::int32_t late_epoch = static_cast<std::int32_t>(params.epochs * 0.95) - 1;
  std::vector<std::size_t> order;
  for (std::int32_t i = 0; i < params.epochs; ++i) {
    session.sample(i);
    order.resize(session.active.size());
    for (std::size_t k = 0; k < order.size(); ++k) order[k] = k;
    tmva_shuffle(order, session.random);
    for (std::size_t& position : order) position = session.active[position];
    epoch(order, learning_rate);
    learning_rate *= 1.0 - (i >= late_epoch ? std::sqrt(params.decay_rate) : params.decay_rate);
    if (!session.finish_epoch(i, not_known)) return;
    if (!session.tested() || !session.converged()) continue;
    if (static_cast<double>(static_cast<float>(i) / static_cast<float>(params.epochs)) < params.sampling_epoch &&
        params.sampling < 1.0) {
      i = static_cast<std::int32_t>(params.sampling_epoch * params.epochs);
      session.reset_convergence();
    } else if (late_epoch > i) {
      late_epoch = i;  // a last phase with a quickly falling learning rate
    } else {
      fit.converged = true;
      return;
    }
  }
}

}  // namespace

void tmva_shuffle(std::vector<std::size_t>& index, TmvaRandom& random) {
  const double last = static_cast<double>(index.size()) - 1.0;
  for (std::size_t i = 0; i < index.size(); ++i) {
    const auto j = static_cast<std::size_t>(random.uniform() * last);
    std::swap(index[i], index[j]);
  }
}

void train_sequential(Session& session, NetworkFit& fit) {
  using Clock = std::chrono::steady_clock;
  const Shape& shape = session.engine.shape();
  const LossOf loss{session.params.loss, session.params.loss_params};
  const bool sums = session.params.input_function == InputFunction::sum;
  OneEvent one(shape, loss);
  SequentialSums fast(shape);
  auto asked = Clock::now();
  cycle(session, fit, [&](const std::vector<std::size_t>& order, double learning_rate) {
    if (sums) fast.take(session.parameters);
    for (std::size_t k = 0; k < order.size(); ++k) {
      if (k % 1024 == 1023) {
        // The user is asked now and then: a thousand events may take far less time than the question.
        if (const auto now = Clock::now(); now - asked > std::chrono::milliseconds(50)) {
          asked = now;
          if (session.interrupted()) break;
        }
      }
      if (!sums) {
        one.update(session.training, order[k], learning_rate, session.parameters);
        continue;
      }
      fast.forward(session.training, order[k]);
      output_deltas(loss, session.training, order[k], shape.layers.back().activation, fast.sums(), fast.outputs(),
                    shape.n_outputs(), fast.deltas());
      fast.update(learning_rate);
    }
    if (sums) fast.give(session.parameters);
  });
}

void train_batch(Session& session, NetworkFit& fit) {
  const std::size_t n = session.training.size();
  const std::size_t wanted = static_cast<std::size_t>(session.params.batch_size);
  std::vector<double> gradient;
  cycle(session, fit, [&](const std::vector<std::size_t>& order, double learning_rate) {
    const std::size_t batch = wanted < 1 || wanted > n ? order.size() : wanted;
    for (std::size_t begin = 0; begin < order.size(); begin += batch) {
      if (session.interrupted()) return;
      const std::size_t count = begin + batch < order.size() ? batch : order.size() - begin;
      session.engine.sum(session.context, session.training, order.data() + begin, count, session.parameters, &gradient);
      const double factor = learning_rate / static_cast<double>(count);
      for (std::size_t p = 0; p < gradient.size(); ++p) session.parameters[p] -= factor * gradient[p];
    }
  });
}

}  // namespace diskern::network

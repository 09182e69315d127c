// Adam (Kingma and Ba, arXiv:1412.6980) on shuffled mini-batches.
#include <algorithm>
#include <cmath>
#include <random>

#include "network/session.hpp"

namespace diskern::network {

namespace {

// Fisher and Yates, written out since std::shuffle differs between standard libraries.
void shuffle(std::vector<std::size_t>& index, std::mt19937_64& generator) {
  for (std::size_t i = index.size(); i-- > 1;) {
    const double unit = static_cast<double>(generator() >> 11U) * 0x1.0p-53;
    std::swap(index[i], index[static_cast<std::size_t>(unit * static_cast<double>(i + 1))]);
  }
}

}  // namespace

void train_adam(Session& session, NetworkFit& fit) {
  const NetworkParams& params = session.params;
  const Shape& shape = session.engine.shape();
  const std::size_t n = session.training.size();
  const std::size_t batch =
      params.batch_size < 1 ? n : std::min<std::size_t>(static_cast<std::size_t>(params.batch_size), n);
  std::mt19937_64 generator(session.context.seed ^ 0xd1b54a32d192ed03ULL);
  std::vector<double> first(shape.parameters, 0.0);
  std::vector<double> second(shape.parameters, 0.0);
  std::vector<double> gradient;
  std::vector<std::size_t> order = session.active;
  double power_1 = 1.0;
  double power_2 = 1.0;
  for (std::int32_t epoch = 0; epoch < params.epochs; ++epoch) {
    shuffle(order, generator);
    double loss = 0.0;
    for (std::size_t begin = 0; begin < n && !session.interrupted(); begin += batch) {
      const std::size_t count = std::min(batch, n - begin);
      loss += session.engine.sum(session.context, session.training, order.data() + begin, count, session.parameters,
                                 &gradient);
      const double scale = 1.0 / static_cast<double>(count);
      for (const LayerShape& layer : shape.layers) {
        for (std::size_t p = layer.weights; p < layer.biases; ++p) gradient[p] += params.l2 * session.parameters[p];
      }
      power_1 *= params.beta_1;
      power_2 *= params.beta_2;
      const double rate = params.learning_rate * std::sqrt(1.0 - power_2) / (1.0 - power_1);
      for (std::size_t p = 0; p < shape.parameters; ++p) {
        const double g = gradient[p] * scale;
        first[p] = params.beta_1 * first[p] + (1.0 - params.beta_1) * g;
        second[p] = params.beta_2 * second[p] + (1.0 - params.beta_2) * g * g;
        session.parameters[p] -= rate * first[p] / (std::sqrt(second[p]) + params.epsilon);
      }
    }
    // The mean over the epoch, while the weights moved: at no cost.
    if (!session.finish_epoch(epoch, session.loss_sum_to_report(loss, session.training, session.active))) return;
    if (session.tested() && session.converged()) {
      fit.converged = true;
      return;
    }
  }
}

}  // namespace diskern::network

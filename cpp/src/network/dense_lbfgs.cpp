// L-BFGS for dense networks: the whole sample at once, in float64.
#include <cmath>
#include <vector>

#include "network/lbfgs.hpp"
#include "network/session.hpp"

namespace diskern::network {

void train_lbfgs(Session& session, NetworkFit& fit) {
  const NetworkParams& params = session.params;
  const double events = static_cast<double>(session.training.size());
  const double l2 = params.optimizer.l2 + params.l2_per_event / events;
  std::vector<double> sum;
  double loss_alone = 0.0;  // of the last point, without the penalty
  Lbfgs search([&](const std::vector<double>& x, std::vector<double>& gradient) {
    loss_alone = session.engine.sum(session.context, session.training, session.active.data(), session.active.size(), x,
                                    &sum);
    double value = loss_alone / events;
    for (std::size_t p = 0; p < x.size(); ++p) gradient[p] = sum[p] / events;
    for (const LayerShape& layer : session.engine.shape().layers) {
      for (std::size_t p = layer.weights; p < layer.biases; ++p) {
        value += 0.5 * l2 * x[p] * x[p];
        gradient[p] += l2 * x[p];
      }
    }
    return value;
  });
  search.begin(session.parameters);
  const auto stop = [&] { return session.interrupted(); };
  for (std::int32_t epoch = 0; epoch < params.epochs; ++epoch) {
    if (!search.step(stop)) {
      if (fit.interrupted) return;
      // It usually means that the minimum is reached to rounding.
      session.finish_epoch(epoch, Session::not_known);
      fit.message = "no lower loss was found in iteration " + std::to_string(epoch + 1) + ", training ended";
      fit.converged = true;
      return;
    }
    session.parameters = search.x();
    if (!session.finish_epoch(epoch, session.loss_sum_to_report(loss_alone, session.training, session.active))) return;
    if (session.tested() && session.converged()) {
      fit.converged = true;
      return;
    }
  }
}

}  // namespace diskern::network

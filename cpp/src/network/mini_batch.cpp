// Training by shuffled mini-batches with one of the optimizers: in float32, or in float64 for networks that need it and
// as the reference in tests.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>

#include "base/permutation.hpp"
#include "network/dense_engine.hpp"
#include "network/session.hpp"

namespace diskern::network {

namespace {

// The weights while they move.
class Stepper {
 public:
  virtual ~Stepper() = default;
  // A step on events order[begin] .. order[begin + count - 1]; the sum of weight x loss before it.
  virtual double step(const Permutation& order, std::size_t begin, std::size_t count, double rate) = 0;
  // Into session.parameters: the weights of a model after this step.
  virtual void publish() = 0;
  // The sum of weight x loss over the validation sample with the published weights; NaN: not computed here.
  virtual double validation_loss() = 0;
};

OptimizerParams optimizer_params(const NetworkParams& params, std::size_t batch) {
  OptimizerParams result = params.optimizer;
  result.l2 += params.l2_per_event / static_cast<double>(batch);
  return result;
}

class FloatStepper final : public Stepper {
 public:
  FloatStepper(Session& session, std::size_t batch, std::uint64_t steps)
      : session_(session),
        engine_(session.engine.shape(), session.params.loss, session.params.loss_params, session.params.dropout),
        training_(session.training),
        weights_(engine_.layout().parameters),
        optimizer_(optimizer_params(session.params, batch), engine_.ranges(), weights_.size()),
        steps_(steps) {
    if (session.has_validation) validation_ = std::make_unique<FloatEvents>(session.validation);
    engine_.layout().to_float(session.engine.shape(), session.parameters.data(), weights_.data());
    engine_.weights_changed(weights_.data());
    if (session.params.averaging.kind != Averaging::none) mean_ = weights_;
  }

  double step(const Permutation& order, std::size_t begin, std::size_t count, double rate) override {
    const double loss = engine_.step(session_.context, training_, order, begin, count, optimizer_, rate, weights_.data());
    if (!mean_.empty()) average();
    return loss;
  }
  void publish() override {
    engine_.layout().to_double(session_.engine.shape(), model().data(), session_.parameters.data());
  }
  double validation_loss() override { return engine_.loss(session_.context, *validation_, model().data()); }

 private:
  void average() {
    const double fraction = averaging_fraction(session_.params.averaging, optimizer_.steps(), steps_);
    if (fraction >= 1.0) {
      mean_ = weights_;
    } else {
      optimizer_kernels().blend(weights_.data(), static_cast<float>(fraction), mean_.data(), mean_.size());
    }
  }
  const AlignedVector<float>& model() const { return mean_.empty() ? weights_ : mean_; }

  Session& session_;
  DenseEngine engine_;
  FloatEvents training_;
  std::unique_ptr<FloatEvents> validation_;
  AlignedVector<float> weights_;
  Optimizer optimizer_;
  std::uint64_t steps_;  // of the whole training
  AlignedVector<float> mean_;
};

class DoubleStepper final : public Stepper {
 public:
  DoubleStepper(Session& session, std::size_t batch)
      : session_(session),
        optimizer_(optimizer_params(session.params, batch)),
        first_(session.parameters.size(), 0.0),
        second_(session.parameters.size(), 0.0) {}

  double step(const Permutation& order, std::size_t begin, std::size_t count, double rate) override {
    index_.resize(count);
    for (std::size_t i = 0; i < count; ++i) index_[i] = order[begin + i];
    const double loss = session_.engine.sum(session_.context, session_.training, index_.data(), count,
                                            session_.parameters, &gradient_);
    OptimizerStep<double> weights = optimizer_step(optimizer_, rate, 1.0 / static_cast<double>(count), ++steps_,
                                                   power_1_, power_2_);
    if (optimizer_.clip_norm > 0.0) {
      double squares = 0.0;
      for (const double g : gradient_) squares += g * g;
      const double norm = std::sqrt(squares) * weights.gradient_factor;
      if (norm > optimizer_.clip_norm) weights.gradient_factor *= optimizer_.clip_norm / norm;
    }
    OptimizerStep<double> biases = weights;
    biases.l1 = 0.0;
    biases.l2 = 0.0;
    biases.shrink = 1.0;
    with_optimizer(optimizer_.kind, [&](auto tag) {
      for (const LayerShape& layer : session_.engine.shape().layers) {
        for (std::size_t p = layer.weights; p < layer.biases + layer.n_outputs; ++p) {
          optimizer_update<decltype(tag)::value>(p < layer.biases ? weights : biases, gradient_[p],
                                                 session_.parameters[p], first_[p], second_[p]);
        }
      }
    });
    return loss;
  }
  void publish() override {}
  double validation_loss() override { return Session::not_known; }

 private:
  Session& session_;
  OptimizerParams optimizer_;
  std::vector<std::size_t> index_;
  std::vector<double> gradient_;
  std::vector<double> first_;
  std::vector<double> second_;
  std::uint64_t steps_ = 0;
  double power_1_ = 1.0;
  double power_2_ = 1.0;
};

}  // namespace

bool trains_in_float(const NetworkParams& params) noexcept {
  return params.solver == Solver::mini_batch && !params.double_precision &&
         params.input_function == InputFunction::sum && params.activation != Activation::tmva_tanh;
}

void train_mini_batch(Session& session, NetworkFit& fit) {
  using Clock = std::chrono::steady_clock;
  const NetworkParams& params = session.params;
  const std::size_t n = session.training.size();
  const std::size_t batch =
      params.batch_size < 1 ? n : std::min<std::size_t>(static_cast<std::size_t>(params.batch_size), n);
  const std::uint64_t steps_per_epoch = (n + batch - 1) / batch;
  const auto epochs = static_cast<std::uint64_t>(params.epochs);
  Schedule schedule(params.schedule, params.optimizer.learning_rate, steps_per_epoch * epochs);
  std::unique_ptr<Stepper> stepper;
  if (trains_in_float(params)) {
    stepper = std::make_unique<FloatStepper>(session, batch, steps_per_epoch * epochs);
  } else {
    stepper = std::make_unique<DoubleStepper>(session, batch);
  }
  std::uint64_t step = 0;
  auto asked = Clock::now();
  for (std::int32_t epoch = 0; epoch < params.epochs; ++epoch) {
    const Permutation order(n, session.context.seed, Purpose::shuffle, static_cast<std::uint32_t>(epoch));
    double loss = 0.0;
    for (std::size_t begin = 0; begin < n && std::isfinite(loss); begin += batch) {
      // The user is asked now and then: steps may be far shorter than the question.
      if (const auto now = Clock::now(); now - asked > std::chrono::milliseconds(50)) {
        asked = now;
        if (session.interrupted()) break;
      }
      loss += stepper->step(order, begin, std::min(batch, n - begin), schedule.rate(step++));
    }
    stepper->publish();
    const bool due = session.has_validation && (session.due(epoch) || session.interrupted());
    const double validation_loss =
        due ? session.validation_loss_to_report(stepper->validation_loss()) : Session::not_known;
    // The mean over the epoch, while the weights moved: at no cost.
    if (!session.finish_epoch(epoch, session.loss_sum_to_report(loss, session.training, session.active),
                              validation_loss)) {
      return;
    }
    schedule.finish_epoch(session.tested() ? session.monitored() : Session::not_known);
    if (session.tested() && session.converged()) {
      fit.converged = true;
      return;
    }
  }
}

}  // namespace diskern::network

// TMVA's TrainingMethod=GA: the weights as parameters of the genetic algorithm, the loss over all events as its estimator.
#include <memory>
#include <vector>

#include "base/executor.hpp"
#include "network/dense_engine.hpp"
#include "network/session.hpp"
#include "statistics/fitter.hpp"

namespace diskern::network {

namespace {

// The loss per event of networks of sums in float32, of others in float64.
class LossObjective final : public statistics::Objective {
 public:
  LossObjective(Session& session, bool in_float) : session_(session) {
    if (!in_float) return;
    engine_ = std::make_unique<DenseEngine>(session.engine.shape(), session.params.loss, session.params.loss_params);
    events_ = std::make_unique<FloatEvents>(session.training);
    weights_.assign(engine_->layout().parameters, 0.0F);
  }

  void evaluate(const Context& context, const std::vector<std::vector<double>>& points,
                std::vector<double>& values) override {
    values.resize(points.size());
    for (std::size_t i = 0; i < points.size(); ++i) {
      double sum = 0.0;
      if (engine_ != nullptr) {
        engine_->layout().to_float(session_.engine.shape(), points[i].data(), weights_.data());
        sum = engine_->loss(context, *events_, weights_.data());
      } else {
        sum = session_.engine.sum(context, session_.training, session_.active.data(), session_.active.size(), points[i],
                                  nullptr);
      }
      values[i] = session_.loss_sum_to_report(sum, session_.training, session_.active);
    }
  }

 private:
  Session& session_;
  std::unique_ptr<DenseEngine> engine_;
  std::unique_ptr<FloatEvents> events_;
  AlignedVector<float> weights_;
};

}  // namespace

void train_genetic(Session& session, NetworkFit& fit) {
  const NetworkParams& params = session.params;
  const bool in_float = params.input_function == InputFunction::sum && params.activation != Activation::tmva_tanh;
  LossObjective objective(session, in_float);
  statistics::GeneticParams genetic;
  genetic.PopSize = params.genetic_population;
  genetic.Steps = params.genetic_steps;
  genetic.Cycles = params.genetic_cycles;
  genetic.Seed = params.random_seed;
  const std::vector<statistics::Interval> ranges(session.parameters.size(),
                                                 {-params.genetic_range, params.genetic_range});
  // Interrupted leaves with an exception: there is no best network before the end.
  const statistics::FitResult result = statistics::fit_genetic(session.context, genetic, ranges, objective);
  session.parameters = result.parameters;
  // One epoch, whatever the test rate.
  session.finish_epoch(params.test_rate - 1, result.value);
  fit.epochs = 1;
  fit.curve_epoch.assign(fit.curve_epoch.size(), 1.0);
}

}  // namespace diskern::network

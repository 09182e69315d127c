#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <random>
#include <string>

#include "check.hpp"
#include "diskern/error.hpp"
#include "network/activation.hpp"
#include "network/backpropagation.hpp"
#include "network/session.hpp"
#include "network/training.hpp"

using diskern::Context;
using diskern::InvalidArgument;
using diskern::View;
using namespace diskern::network;

namespace {

struct Sample {
  std::size_t n;
  std::size_t d;
  std::size_t k;
  std::vector<float> values;
  std::vector<double> target_values;
  std::vector<double> weights;
  TrainingData data() const {
    TrainingData result;
    result.variables = View<const float, 2>(values.data(), n, d);
    result.targets = View<const double, 2>(target_values.data(), n, k);
    result.weight = View<const double>(weights.data(), n);
    return result;
  }
};

double unit(std::mt19937& generator) { return static_cast<double>(generator()) / 4294967296.0; }

// Targets: for a cross entropy 0 or 1 from the sum of the variables (one-hot for several), else a curve.
Sample make_sample(std::size_t n, Loss loss, std::size_t k, std::uint32_t seed = 3) {
  Sample sample{n, 3, k, {}, {}, {}};
  std::mt19937 generator(seed);
  for (std::size_t i = 0; i < n; ++i) {
    double sum = 0.0;
    for (std::size_t j = 0; j < 3; ++j) {
      sample.values.push_back(static_cast<float>(2.0 * unit(generator) - 1.0));
      sum += static_cast<double>(sample.values.back());
    }
    const auto cls = static_cast<std::size_t>(
        std::min(std::max((sum + 1.0) * 0.5 * static_cast<double>(k), 0.0), static_cast<double>(k) - 1.0));
    for (std::size_t o = 0; o < k; ++o) {
      if (loss == Loss::squared) {
        sample.target_values.push_back(std::sin(2.0 * sum) + static_cast<double>(o));
      } else if (loss == Loss::cross_entropy) {
        sample.target_values.push_back(sum > 0.1 ? 1.0 : 0.0);
      } else {
        sample.target_values.push_back(o == cls ? 1.0 : 0.0);
      }
    }
    sample.weights.push_back(i % 7 == 3 ? -0.3 : 0.5 + unit(generator));
  }
  return sample;
}

Events events_of(const Sample& sample) {
  Events events;
  const TrainingData data = sample.data();
  events.variables = data.variables;
  events.targets = data.targets;
  events.weight = data.weight;
  return events;
}

std::string name(Activation activation, InputFunction input, Loss loss) {
  return "activation " + std::to_string(static_cast<int>(activation)) + ", input " +
         std::to_string(static_cast<int>(input)) + ", loss " + std::to_string(static_cast<int>(loss));
}

}  // namespace

TEST(gradients_by_central_differences) {
  for (const Activation activation :
       {Activation::linear, Activation::sigmoid, Activation::tanh, Activation::radial, Activation::relu}) {
    for (const InputFunction input :
         {InputFunction::sum, InputFunction::sum_of_squares, InputFunction::sum_of_absolutes}) {
      for (const Loss loss : {Loss::squared, Loss::cross_entropy, Loss::softmax_cross_entropy}) {
        const std::size_t k = loss == Loss::cross_entropy ? 1 : 3;
        const Sample sample = make_sample(23, loss, k);
        Events events = events_of(sample);
        events.shift = {0.1, -0.2, 0.3};
        events.scale = {1.5, 0.7, 1.0};
        if (loss == Loss::squared) {
          events.target_shift = {0.5, 1.0, 0.0};
          events.target_scale = {2.0, 1.0, 0.5};
        }
        const Activation output = loss == Loss::cross_entropy ? Activation::sigmoid : Activation::linear;
        Backpropagation engine(make_shape(3, {4, 3}, k, activation, output, input), loss);
        std::vector<double> parameters(engine.shape().parameters);
        std::mt19937 generator(11);
        for (double& value : parameters) value = 1.4 * unit(generator) - 0.7;
        std::vector<std::size_t> index(sample.n);
        std::iota(index.begin(), index.end(), std::size_t{0});
        std::vector<double> gradient;
        engine.sum(Context{}, events, index.data(), index.size(), parameters, &gradient);
        double worst = 0.0;
        for (std::size_t p = 0; p < parameters.size(); ++p) {
          constexpr double step = 1e-6;
          std::vector<double> moved = parameters;
          moved[p] += step;
          const double above = engine.sum(Context{}, events, index.data(), index.size(), moved, nullptr);
          moved[p] -= 2.0 * step;
          const double below = engine.sum(Context{}, events, index.data(), index.size(), moved, nullptr);
          const double difference = (above - below) / (2.0 * step);
          worst = std::max(worst, std::abs(difference - gradient[p]) / (1.0 + std::abs(difference)));
        }
        if (!(worst < 1e-7)) {
          check::fail(__FILE__, __LINE__, name(activation, input, loss), ": gradient off by ", worst);
        }
      }
    }
  }
}

TEST(the_loss_is_that_of_the_evaluated_network) {
  const Sample sample = make_sample(100, Loss::squared, 2);
  const Events events = events_of(sample);
  for (const InputFunction input :
       {InputFunction::sum, InputFunction::sum_of_squares, InputFunction::sum_of_absolutes}) {
    Backpropagation engine(make_shape(3, {5}, 2, Activation::tmva_tanh, Activation::linear, input), Loss::squared);
    std::vector<double> parameters(engine.shape().parameters);
    std::mt19937 generator(5);
    for (double& value : parameters) value = unit(generator) - 0.5;
    const NetworkPredictor model(to_network(engine.shape(), parameters, Output::identity));
    double expected = 0.0;
    for (std::size_t i = 0; i < sample.n; ++i) {
      double y[2];
      model.evaluate(sample.values.data() + 3 * i, y);
      for (std::size_t o = 0; o < 2; ++o) {
        const double difference = y[o] - sample.target_values[2 * i + o];
        expected += sample.weights[i] * 0.5 * difference * difference;
      }
    }
    std::vector<std::size_t> index(sample.n);
    std::iota(index.begin(), index.end(), std::size_t{0});
    CHECK_NEAR(engine.sum(Context{}, events, index.data(), sample.n, parameters, nullptr), expected, 1e-12);
  }
}

TEST(every_solver_gives_the_same_for_any_number_of_threads) {
  const Sample sample = make_sample(3000, Loss::cross_entropy, 1);
  const Sample apart = make_sample(500, Loss::cross_entropy, 1, 8);
  const TrainingData validation = apart.data();
  for (const Solver solver : {Solver::sequential, Solver::batch, Solver::bfgs, Solver::mini_batch}) {
    NetworkParams params = solver == Solver::mini_batch ? NetworkParams{} : NetworkParams::tmva(3);
    params.solver = solver;
    params.hidden_layers = {6, 4};
    params.epochs = 6;
    params.batch_size = solver == Solver::sequential ? 0 : 700;
    params.test_rate = 2;
    Context one;
    one.seed = 5;
    Context three = one;
    three.threads = 3;
    const NetworkFit a = fit_network(one, params, sample.data(), &validation);
    const NetworkFit b = fit_network(three, params, sample.data(), &validation);
    for (std::size_t l = 0; l < 3; ++l) {
      CHECK(a.predictor->network().layers[l].weights == b.predictor->network().layers[l].weights);
      CHECK(a.predictor->network().layers[l].biases == b.predictor->network().layers[l].biases);
    }
    CHECK(a.training_loss == b.training_loss);
    CHECK(a.validation_loss == b.validation_loss);
    CHECK_EQUAL(a.epochs, 6);
    CHECK_EQUAL(a.curve_epoch.size(), std::size_t{3});
    CHECK(a.training_loss.back() < a.training_loss.front());
  }
}

TEST(sequential_on_one_event_is_batch_on_one_event) {
  const Sample sample = make_sample(1, Loss::squared, 2);
  for (const InputFunction input :
       {InputFunction::sum, InputFunction::sum_of_squares, InputFunction::sum_of_absolutes}) {
    NetworkParams params = NetworkParams::tmva(3);
    params.loss = Loss::squared;
    params.activation = Activation::tanh;
    params.input_function = input;
    params.hidden_layers = {3};
    params.epochs = 3;
    params.test_rate = 1;
    params.optimizer.learning_rate = 1e-3;
    const NetworkFit a = fit_network(Context{}, params, sample.data());
    params.solver = Solver::batch;
    const NetworkFit b = fit_network(Context{}, params, sample.data());
    for (std::size_t p = 0; p < 9; ++p) {
      CHECK_NEAR(a.predictor->network().layers[0].weights[p], b.predictor->network().layers[0].weights[p], 1e-14);
    }
  }
}

TEST(standardised_training_is_folded_into_the_layers) {
  // The same events in other units: the responses agree, scaled back.
  Sample sample = make_sample(400, Loss::squared, 1);
  for (double& weight : sample.weights) weight = std::abs(weight);
  Sample other = sample;
  for (std::size_t i = 0; i < other.values.size(); ++i) other.values[i] = 64.0F * other.values[i] + 512.0F;
  for (double& target : other.target_values) target = 1000.0 * target - 40.0;
  NetworkParams params;
  params.loss = Loss::squared;
  params.activation = Activation::tanh;
  params.hidden_layers = {5};
  params.epochs = 15;
  params.standardise_targets = true;
  const NetworkFit a = fit_network(Context{}, params, sample.data());
  const NetworkFit b = fit_network(Context{}, params, other.data());
  for (std::size_t i = 0; i < 50; ++i) {
    double y = 0.0;
    double z = 0.0;
    a.predictor->evaluate(sample.values.data() + 3 * i, &y);
    b.predictor->evaluate(other.values.data() + 3 * i, &z);
    CHECK_NEAR(z, 1000.0 * y - 40.0, 0.05);  // the float32 variables were rounded differently
  }
}

TEST(the_best_weights_on_validation_are_kept) {
  const Sample sample = make_sample(40, Loss::cross_entropy, 1);
  const Sample apart = make_sample(400, Loss::cross_entropy, 1, 12);
  const TrainingData validation = apart.data();
  NetworkParams params;
  params.hidden_layers = {30, 30};
  params.epochs = 300;
  params.l2_per_event = 0.0;
  params.optimizer.learning_rate = 0.01;
  const NetworkFit fit = fit_network(Context{}, params, sample.data(), &validation);
  const auto smallest = std::min_element(fit.validation_loss.begin(), fit.validation_loss.end());
  CHECK(fit.best_epoch < 300);
  CHECK_EQUAL(static_cast<double>(fit.best_epoch),
              fit.curve_epoch[static_cast<std::size_t>(smallest - fit.validation_loss.begin())]);
  params.convergence_tests = 10;
  const NetworkFit stopped = fit_network(Context{}, params, sample.data(), &validation);
  CHECK(stopped.converged);
  CHECK(stopped.epochs < 300);
}

TEST(sampling_draws_anew_at_every_test) {
  const Sample sample = make_sample(2000, Loss::squared, 1);
  NetworkParams params = NetworkParams::tmva(3);
  params.loss = Loss::squared;
  params.sampling = 0.3;
  params.sampling_epoch = 0.5;
  params.epochs = 100;
  params.test_rate = 10;
  NetworkFit fit;
  const Context context;
  Session session(context, params, make_shape(3, {2}, 1, Activation::tanh, Activation::linear, InputFunction::sum),
                  events_of(sample), Events{}, fit);
  session.sample(0);
  const std::vector<std::size_t> first = session.active;
  CHECK_EQUAL(first.size(), std::size_t{600});
  for (std::size_t i = 1; i < first.size(); ++i) CHECK(first[i] > first[i - 1]);
  // Spread over all events: each tenth of them gives its share.
  for (std::size_t tenth = 0; tenth < 10; ++tenth) {
    const auto share = std::count_if(first.begin(), first.end(), [&](std::size_t i) { return i / 200 == tenth; });
    CHECK(share > 35 && share < 90);
  }
  session.sample(5);
  CHECK(session.active == first);
  session.sample(9);
  CHECK(session.active != first);
  CHECK_EQUAL(session.active.size(), std::size_t{600});
  session.sample(50);
  CHECK_EQUAL(session.active.size(), std::size_t{2000});
}

TEST(unusable_parameters_and_events) {
  const auto message = [](const std::function<void(NetworkParams&)>& change,
                          const std::function<void(Sample&)>& spoil) {
    NetworkParams params;
    params.epochs = 2;
    params.hidden_layers = {3};
    Sample sample = make_sample(50, Loss::cross_entropy, 1);
    change(params);
    spoil(sample);
    try {
      fit_network(Context{}, params, sample.data());
    } catch (const InvalidArgument& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  const auto same = [](Sample&) {};
  const auto keep = [](NetworkParams&) {};
  CHECK(message(keep, same).empty());
  const auto says = [](const std::string& text, const char* word) { return text.find(word) != std::string::npos; };
  CHECK(says(message([](NetworkParams& p) { p.hidden_layers = {0}; }, same), "hidden_layers"));
  CHECK(says(message([](NetworkParams& p) { p.epochs = 0; }, same), "epochs"));
  CHECK(says(message([](NetworkParams& p) { p.optimizer.learning_rate = std::nan(""); }, same), "learning_rate"));
  CHECK(says(message([](NetworkParams& p) { p.optimizer.l2 = -1; }, same), "l2"));
  CHECK(says(message([](NetworkParams& p) { p.regulator = true; }, same), "regulator"));
  CHECK(says(message([](NetworkParams& p) { p.sampling = 0.5; }, same), "sampling"));
  CHECK(says(message([](NetworkParams& p) { p.loss = Loss::softmax_cross_entropy; }, same), "softmax_cross_entropy"));
  CHECK(says(message([](NetworkParams& p) { p.input_function = InputFunction::sum_of_squares; }, same), "standardise"));
  CHECK(says(message(
                 [](NetworkParams& p) {
                   p.solver = Solver::bfgs;
                   p.hidden_layers = {4000};
                 },
                 same),
             "bfgs"));
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(says(message(keep, [&](Sample& s) { s.values[4] = static_cast<float>(nan); }), "variable 1 of event 1 is nan"));
  CHECK(says(message(keep, [&](Sample& s) { s.target_values[4] = nan; }), "target 0 of event 4"));
  CHECK(says(message(keep, [&](Sample& s) { s.weights[9] = nan; }), "weight of event 9"));
  CHECK(says(message(keep, [](Sample& s) { s.target_values[0] = 2.0; }), "expected 0 to 1"));
  CHECK(says(message(keep, [](Sample& s) { s.target_values.assign(50, 1.0); }), "one class"));
  CHECK(says(message(keep, [](Sample& s) { s.weights.assign(50, 0.0); }), "weights sum to 0"));
  CHECK(says(message(keep, [](Sample& s) { s.n = 0; }), "empty"));
}

TEST(divergence_is_an_error_or_the_best_so_far) {
  const Sample sample = make_sample(200, Loss::squared, 1);
  const TrainingData validation = sample.data();
  NetworkParams params = NetworkParams::tmva(3);
  params.loss = Loss::squared;
  params.activation = Activation::linear;
  params.optimizer.learning_rate = 3.0;
  params.epochs = 50;
  CHECK_THROWS(fit_network(Context{}, params, sample.data()), diskern::Error);
  // Slower divergence, with tests on the way: what was reached before is returned and said.
  params.optimizer.learning_rate = 0.6;
  params.decay_rate = 0.0;
  params.solver = Solver::batch;
  params.test_rate = 1;
  params.hidden_layers = {30, 30};
  const NetworkFit fit = fit_network(Context{}, params, sample.data(), &validation);
  CHECK(fit.diverged);
  CHECK(fit.message.find("diverged") != std::string::npos);
  for (const double value : fit.predictor->network().layers[0].weights) CHECK(std::isfinite(value));
}

TEST(an_interrupt_returns_the_best_so_far) {
  struct Stop final : diskern::Monitor {
    int calls = 0;
    bool interrupted() noexcept override { return ++calls > 40; }
  };
  const Sample sample = make_sample(500, Loss::cross_entropy, 1);
  for (const Solver solver : {Solver::sequential, Solver::batch, Solver::bfgs, Solver::mini_batch}) {
    Stop stop;
    Context context;
    context.monitor = &stop;
    NetworkParams params = solver == Solver::mini_batch ? NetworkParams{} : NetworkParams::tmva(3);
    params.solver = solver;
    params.hidden_layers = {4};
    params.epochs = 1000;
    const NetworkFit fit = fit_network(context, params, sample.data());
    CHECK(fit.interrupted);
    CHECK(fit.epochs < 100);
    CHECK(fit.predictor != nullptr);
  }
}

TEST(regulators_stop_when_asked_and_are_bounded) {
  struct Stop final : diskern::Monitor {
    int left = 1 << 30;
    bool interrupted() noexcept override { return left-- <= 0; }
  };
  const Sample sample = make_sample(300, Loss::cross_entropy, 1);
  NetworkParams params = NetworkParams::tmva(3);
  params.loss = Loss::cross_entropy;
  params.solver = Solver::bfgs;
  params.hidden_layers = {3};
  params.regulator = true;
  params.epochs = 12;
  Stop monitor;
  Context context;
  context.monitor = &monitor;
  (void)fit_network(context, params, sample.data());
  const int asked = (1 << 30) - monitor.left;
  CHECK(asked > 300);  // once for every event in each update, beside the epochs
  monitor.left = 150;
  const NetworkFit fit = fit_network(context, params, sample.data());
  CHECK(fit.interrupted);
  CHECK(fit.epochs < 12);
  params.hidden_layers = {600};
  CHECK_THROWS(fit_network(Context{}, params, sample.data()), InvalidArgument);
}

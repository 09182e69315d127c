#include "network/training.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/executor.hpp"
#include "diskern/error.hpp"
#include "network/loss.hpp"
#include "network/optimizer.hpp"
#include "network/session.hpp"

namespace diskern::network {

namespace {

void require(bool condition, const std::string& message) {
  if (!condition) throw InvalidArgument(message);
}

std::string number(double value) {
  std::string text = std::to_string(value);
  return text;
}

void check_params(const NetworkParams& params, std::size_t n_outputs) {
  for (const std::int32_t width : params.hidden_layers) {
    require(width >= 1 && width <= maximum_width, "hidden_layers: a layer of " + std::to_string(width) +
                                                      " neurons, expected 1 to " + std::to_string(maximum_width));
  }
  require(params.epochs >= 1, "epochs is " + std::to_string(params.epochs) + ", expected 1 or more");
  check_optimizer(params.optimizer);
  check_schedule(params.schedule);
  check_loss(params.loss, params.loss_params);
  require(params.decay_rate >= 0.0 && params.decay_rate < 1.0,
          "decay_rate is " + number(params.decay_rate) + ", expected 0 to below 1");
  require(params.test_rate >= 1, "test_rate is " + std::to_string(params.test_rate) + ", expected 1 or more");
  require(std::isfinite(params.convergence_improve) && params.convergence_improve >= 0.0,
          "convergence_improve is " + number(params.convergence_improve) + ", expected 0 or more");
  require(std::isfinite(params.l2_per_event) && params.l2_per_event >= 0.0,
          "l2_per_event is " + number(params.l2_per_event) + ", expected 0 or more");
  check_averaging(params.averaging);
  require(params.dropout >= 0.0 && params.dropout < 1.0,
          "dropout is " + number(params.dropout) + ", expected 0 to below 1");
  require(!(params.dropout > 0.0) || trains_in_float(params), "dropout is available with mini-batches in float32 only");
  require(params.averaging.kind == Averaging::none || trains_in_float(params),
          "averaging is available with mini-batches in float32 only");
  require(params.sampling > 0.0 && params.sampling <= 1.0,
          "sampling is " + number(params.sampling) + ", expected above 0 to 1");
  require(params.sampling_epoch >= 0.0 && params.sampling_epoch <= 1.0,
          "sampling_epoch is " + number(params.sampling_epoch) + ", expected 0 to 1");
  require(params.weight_range > 0.0 && params.weight_range <= 1.0,
          "weight_range is " + number(params.weight_range) + ", expected above 0 to 1");
  require(params.solver != Solver::genetic || params.weight_range >= 1.0,
          "weight_range below 1 is not available with the solver genetic");
  require(params.genetic_population >= 10,
          "genetic_population is " + std::to_string(params.genetic_population) + ", expected 10 or more");
  require(params.genetic_steps >= 1,
          "genetic_steps is " + std::to_string(params.genetic_steps) + ", expected 1 or more");
  require(params.genetic_cycles >= 1,
          "genetic_cycles is " + std::to_string(params.genetic_cycles) + ", expected 1 or more");
  require(params.genetic_range > 0.0 && std::isfinite(params.genetic_range),
          "genetic_range is " + number(params.genetic_range) + ", expected a positive number");
  require(params.solver != Solver::genetic || params.sampling >= 0.999999,
          "sampling below 1 is not available with the solver genetic");
  require(params.solver != Solver::mini_batch || params.sampling >= 0.999999,
          "sampling below 1 is not available with mini-batches, which are samples already");
  require(params.reset_step >= 1, "reset_step is " + std::to_string(params.reset_step) + ", expected 1 or more");
  require(params.tau > 1.0 && std::isfinite(params.tau), "tau is " + number(params.tau) + ", expected more than 1");
  require(params.loss != Loss::cross_entropy || n_outputs == 1,
          "the loss cross_entropy takes one output, got " + std::to_string(n_outputs));
  require(params.loss != Loss::softmax_cross_entropy || n_outputs >= 2,
          "the loss softmax_cross_entropy takes two outputs or more, got " + std::to_string(n_outputs));
  if (params.solver == Solver::lbfgs) {
    require(params.sampling >= 0.999999, "sampling below 1 is not available with the solver lbfgs");
    require(!(params.optimizer.l1 > 0.0), "l1 is for mini-batches: the solver lbfgs needs a smooth loss");
    require(!(params.optimizer.weight_decay > 0.0), "weight_decay is for adamw, not for the solver lbfgs");
    require(!(params.optimizer.clip_norm > 0.0), "clip_norm is for mini-batches, not for the solver lbfgs");
    require(params.schedule.kind == ScheduleKind::constant, "a schedule is for mini-batches, not for the solver lbfgs");
  }
  if (params.regulator) {
    require(params.solver == Solver::bfgs, "regulator is available with the solver bfgs only");
    require(n_outputs == 1 && params.input_function == InputFunction::sum,
            "regulator is available for one output and the input function sum only");
  }
}

void check_events(const TrainingData& data, std::size_t n_variables, std::size_t n_outputs, const NetworkParams& params,
                  const std::string& name) {
  require(
      n_variables <= static_cast<std::size_t>(maximum_width),
      name + " has " + std::to_string(n_variables) + " variables, expected at most " + std::to_string(maximum_width));
  const std::size_t n = data.variables.rows();
  require(n >= 1, name + " is empty, expected one event or more");
  require(data.variables.columns() == n_variables && n_variables >= 1,
          name + " has " + std::to_string(data.variables.columns()) + " variables, expected " +
              std::to_string(std::max<std::size_t>(n_variables, 1)));
  require(data.targets.rows() == n && data.targets.columns() == n_outputs && n_outputs >= 1,
          name + ": targets has shape (" + std::to_string(data.targets.rows()) + ", " +
              std::to_string(data.targets.columns()) + "), expected (" + std::to_string(n) + ", " +
              std::to_string(std::max<std::size_t>(n_outputs, 1)) + ")");
  require(data.weight.size() == n, name + ": weight has " + std::to_string(data.weight.size()) +
                                       " entries, expected one per event: " + std::to_string(n));
  const bool targets_are_shares = params.loss == Loss::cross_entropy || params.loss == Loss::softmax_cross_entropy ||
                                  params.loss == Loss::multi_label || params.loss == Loss::hinge ||
                                  params.loss == Loss::kullback_leibler;
  std::vector<double> per_class(std::max<std::size_t>(2, n_outputs), 0.0);
  double sum = 0.0;
  // Messages are only built where there is something to say: this loop sees every value.
  const auto refuse = [&](const std::string& what, std::size_t i, double value, const char* expected) {
    throw InvalidArgument(name + ": " + what + " of event " + std::to_string(i) + " is " + number(value) +
                          ", expected " + expected);
  };
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n_variables; ++j) {
      const double value = static_cast<double>(data.variables(i, j));
      if (!std::isfinite(value)) refuse("variable " + std::to_string(j), i, value, "a finite number");
    }
    if (!std::isfinite(data.weight[i])) refuse("weight", i, data.weight[i], "a finite number");
    sum += data.weight[i];
    for (std::size_t k = 0; k < n_outputs; ++k) {
      const double target = data.targets(i, k);
      if (!std::isfinite(target)) refuse("target " + std::to_string(k), i, target, "a finite number");
      if (params.loss == Loss::poisson && target < 0.0) {
        refuse("target " + std::to_string(k), i, target, "0 or more for a number of counts");
      }
      if (!targets_are_shares) continue;
      if (!(target >= 0.0 && target <= 1.0)) {
        refuse("target " + std::to_string(k), i, target, "0 to 1 for a cross entropy");
      }
      const double share = std::abs(data.weight[i]);
      if (params.loss == Loss::cross_entropy || params.loss == Loss::hinge) {
        per_class[0] += share * (1.0 - target);
        per_class[1] += share * target;
      } else {
        per_class[k] += share * target;
      }
    }
  }
  require(sum > 0.0, name + ": the weights sum to " + number(sum) + ", expected more than zero");
  if (name != "training") return;
  const bool two_classes = params.loss == Loss::cross_entropy || (params.loss == Loss::hinge && n_outputs == 1);
  if (!two_classes && params.loss != Loss::softmax_cross_entropy) return;
  for (std::size_t k = 0; k < (two_classes ? 2 : n_outputs); ++k) {
    require(per_class[k] > 0.0,
            name + ": no events with a weight other than zero for " +
                (two_classes ? (k == 0 ? std::string("the background (target 0)") : std::string("the signal (target 1)"))
                             : "class " + std::to_string(k)) +
                ": all are of one class");
  }
}

void fold_targets(Network& network, const std::vector<double>& shift, const std::vector<double>& scale) {
  DenseLayer& layer = network.layers.back();
  const std::size_t n = static_cast<std::size_t>(layer.n_inputs);
  for (std::size_t k = 0; k < shift.size(); ++k) {
    for (std::size_t i = 0; i < n; ++i) layer.weights[k * n + i] /= scale[k];
    layer.biases[k] = layer.biases[k] / scale[k] + shift[k];
  }
}

// Mean and 1 / deviation of every column, weighted with the absolute weight so that the spread is never negative;
// constant columns get the scale 1. Chunks of fixed size are added in order.
template <class T>
void standardise(const Context& context, View<const T, 2> values, View<const double> weight, std::vector<double>& shift,
                 std::vector<double>& scale) {
  constexpr std::size_t chunk_size = 4096;
  const std::size_t n = values.rows();
  const std::size_t columns = values.columns();
  const std::size_t chunks = chunk_count(n, chunk_size);
  std::vector<double> parts(chunks * columns);
  std::vector<double> weights(chunks);
  // The mean of (x - shift)^power.
  const auto means = [&](const std::vector<double>& from, int power) {
    std::fill(parts.begin(), parts.end(), 0.0);
    std::fill(weights.begin(), weights.end(), 0.0);
    interruptible_for(
        context, chunks,
        [&](std::size_t chunk) {
          double* sums = parts.data() + chunk * columns;
          const Range range = chunk_range(n, chunk_size, chunk);
          for (std::size_t i = range.begin; i < range.end; ++i) {
            const double w = std::abs(weight[i]);
            weights[chunk] += w;
            for (std::size_t j = 0; j < columns; ++j) {
              const double x = static_cast<double>(values(i, j)) - from[j];
              sums[j] += power == 1 ? w * x : w * (x * x);
            }
          }
        },
        static_cast<double>(n * columns));
    std::vector<double> result(columns, 0.0);
    double total = 0.0;
    for (std::size_t chunk = 0; chunk < chunks; ++chunk) {
      total += weights[chunk];
      for (std::size_t j = 0; j < columns; ++j) result[j] += parts[chunk * columns + j];
    }
    for (double& value : result) value /= total;
    return result;
  };
  shift = means(std::vector<double>(columns, 0.0), 1);
  for (const double variance : means(shift, 2)) {
    const double mean = shift[scale.size()];
    const bool constant = !(variance > 1e-24 * mean * mean) || !(variance > 0.0);
    scale.push_back(constant ? 1.0 : 1.0 / std::sqrt(variance));
  }
}

}  // namespace

NetworkParams NetworkParams::tmva(std::int32_t n_variables) {
  NetworkParams params;
  params.hidden_layers = {n_variables, std::max(n_variables - 1, 1)};
  params.activation = Activation::sigmoid;
  params.solver = Solver::sequential;
  params.initialisation = Initialisation::tmva;
  params.random_seed = 1;
  params.epochs = 500;
  params.optimizer.learning_rate = 0.02;
  params.decay_rate = 0.01;
  params.batch_size = 0;
  params.l2_per_event = 0.0;
  params.test_rate = 10;
  params.convergence_tests = -1;
  params.convergence_improve = 1e-30;
  params.keep_best = false;
  params.normalise_weights = false;
  params.tmva_estimator = true;
  params.standardise_inputs = false;
  return params;
}

NetworkFit fit_network(const Context& context, const NetworkParams& given, const TrainingData& training,
                       const TrainingData* validation) {
  NetworkParams params = given;
  const std::size_t n_variables = training.variables.columns();
  const std::size_t n_outputs = training.targets.columns();
  check_params(params, n_outputs);
  check_events(training, n_variables, n_outputs, params, "training");
  if (validation != nullptr) check_events(*validation, n_variables, n_outputs, params, "validation");

  Activation output_activation = Activation::linear;
  if (params.loss == Loss::cross_entropy || params.loss == Loss::multi_label) output_activation = Activation::sigmoid;
  if (params.loss == Loss::poisson) output_activation = Activation::exponential;
  const Shape shape = make_shape(n_variables, params.hidden_layers, n_outputs, params.activation, output_activation,
                                 params.input_function);
  require(params.solver != Solver::bfgs || shape.parameters <= 10000,
          "the solver bfgs keeps a matrix of weights x weights: " + std::to_string(shape.parameters) +
              " weights are too many, expected at most 10000; use adam");
  require(!params.regulator || shape.parameters <= 2000,
          "regulator inverts a matrix of weights x weights: " + std::to_string(shape.parameters) +
              " weights are too many, expected at most 2000");
  require(!params.standardise_inputs || params.input_function == InputFunction::sum,
          "standardise_inputs is available for the input function sum only");
  const bool scales_with_targets = params.loss == Loss::squared || params.loss == Loss::absolute ||
                                   params.loss == Loss::quantile || (params.loss == Loss::huber && n_outputs == 1);
  require(!params.standardise_targets || (scales_with_targets && params.input_function == InputFunction::sum),
          std::string("standardise_targets is available for the input function sum and the losses squared, absolute, ") +
              "quantile and, with one target, huber; the loss is " + name(params.loss));

  Events events;
  events.variables = training.variables;
  events.targets = training.targets;
  events.weight = training.weight;
  Events apart;
  if (validation != nullptr) {
    apart.variables = validation->variables;
    apart.targets = validation->targets;
    apart.weight = validation->weight;
  }
  std::vector<double> normalised;
  if (params.normalise_weights) {
    double sum = 0.0;
    for (std::size_t i = 0; i < events.size(); ++i) sum += std::abs(training.weight[i]);
    normalised.resize(events.size());
    for (std::size_t i = 0; i < normalised.size(); ++i) {
      normalised[i] = training.weight[i] * (static_cast<double>(normalised.size()) / sum);
    }
    events.weight = View<const double>(normalised.data(), normalised.size());
  }
  if (params.standardise_inputs || params.standardise_targets) {
    if (params.standardise_inputs) {
      standardise(context, training.variables, events.weight, events.shift, events.scale);
    }
    if (params.standardise_targets) {
      standardise(context, training.targets, events.weight, events.target_shift, events.target_scale);
      params.loss_params.huber_distance *= events.target_scale.front();  // it has the unit of the target
    }
    apart.shift = events.shift;
    apart.scale = events.scale;
    apart.target_shift = events.target_shift;
    apart.target_scale = events.target_scale;
  }

  NetworkFit fit;
  Session session(context, params, shape, events, apart, fit);
  session.initialise();
  try {
    switch (params.solver) {
      case Solver::sequential:
        train_sequential(session, fit);
        break;
      case Solver::batch:
        train_batch(session, fit);
        break;
      case Solver::bfgs:
        train_bfgs(session, fit);
        break;
      case Solver::genetic:
        train_genetic(session, fit);
        break;
      case Solver::lbfgs:
        train_lbfgs(session, fit);
        break;
      case Solver::mini_batch:
        train_mini_batch(session, fit);
        break;
    }
  } catch (const Interrupted&) {
    // Within a sum over many events. Without a whole epoch there is nothing to keep.
    if (!session.has_whole_epoch()) throw;
    fit.interrupted = true;
  }
  Network network = to_network(shape, session.result(), params.output);
  network.input_shift = events.shift;
  network.input_scale = events.scale;
  if (trains_in_float(params)) {
    network.arithmetic = Arithmetic::float32;
  } else {
    network = with_folded_inputs(network);
  }
  if (!events.target_shift.empty()) fold_targets(network, events.target_shift, events.target_scale);
  fit.predictor = std::make_shared<const NetworkPredictor>(std::move(network));
  return fit;
}

}  // namespace diskern::network

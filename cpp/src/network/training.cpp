#include "network/training.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "diskern/error.hpp"
#include "network/session.hpp"
#include "statistics/moments.hpp"

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
  require(std::isfinite(params.learning_rate) && params.learning_rate > 0.0,
          "learning_rate is " + number(params.learning_rate) + ", expected a positive number");
  require(params.decay_rate >= 0.0 && params.decay_rate < 1.0,
          "decay_rate is " + number(params.decay_rate) + ", expected 0 to below 1");
  require(params.test_rate >= 1, "test_rate is " + std::to_string(params.test_rate) + ", expected 1 or more");
  require(std::isfinite(params.convergence_improve) && params.convergence_improve >= 0.0,
          "convergence_improve is " + number(params.convergence_improve) + ", expected 0 or more");
  require(std::isfinite(params.l2) && params.l2 >= 0.0, "l2 is " + number(params.l2) + ", expected 0 or more");
  require(params.beta_1 >= 0.0 && params.beta_1 < 1.0,
          "beta_1 is " + number(params.beta_1) + ", expected 0 to below 1");
  require(params.beta_2 >= 0.0 && params.beta_2 < 1.0,
          "beta_2 is " + number(params.beta_2) + ", expected 0 to below 1");
  require(params.epsilon > 0.0, "epsilon is " + number(params.epsilon) + ", expected a positive number");
  require(params.sampling > 0.0 && params.sampling <= 1.0,
          "sampling is " + number(params.sampling) + ", expected above 0 to 1");
  require(params.sampling_epoch >= 0.0 && params.sampling_epoch <= 1.0,
          "sampling_epoch is " + number(params.sampling_epoch) + ", expected 0 to 1");
  require(params.solver != Solver::adam || params.sampling >= 0.999999,
          "sampling below 1 is not available with Adam, whose mini-batches are samples already");
  require(params.reset_step >= 1, "reset_step is " + std::to_string(params.reset_step) + ", expected 1 or more");
  require(params.tau > 1.0 && std::isfinite(params.tau), "tau is " + number(params.tau) + ", expected more than 1");
  require(params.loss != Loss::cross_entropy || n_outputs == 1,
          "the loss cross_entropy takes one output, got " + std::to_string(n_outputs));
  require(params.loss != Loss::softmax_cross_entropy || n_outputs >= 2,
          "the loss softmax_cross_entropy takes two outputs or more, got " + std::to_string(n_outputs));
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
  std::vector<double> per_class(params.loss == Loss::cross_entropy ? 2 : n_outputs, 0.0);
  double sum = 0.0;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n_variables; ++j) {
      require(std::isfinite(data.variables(i, j)), name + ": variable " + std::to_string(j) + " of event " +
                                                       std::to_string(i) + " is " + number(data.variables(i, j)) +
                                                       ", expected a finite number");
    }
    require(std::isfinite(data.weight[i]), name + ": weight of event " + std::to_string(i) + " is " +
                                               number(data.weight[i]) + ", expected a finite number");
    sum += data.weight[i];
    for (std::size_t k = 0; k < n_outputs; ++k) {
      const double target = data.targets(i, k);
      require(std::isfinite(target), name + ": target " + std::to_string(k) + " of event " + std::to_string(i) +
                                         " is " + number(target) + ", expected a finite number");
      if (params.loss == Loss::squared) continue;
      require(target >= 0.0 && target <= 1.0, name + ": target " + std::to_string(k) + " of event " +
                                                  std::to_string(i) + " is " + number(target) +
                                                  ", expected 0 to 1 for a cross entropy");
      const double share = std::abs(data.weight[i]);
      if (params.loss == Loss::cross_entropy) {
        per_class[0] += share * (1.0 - target);
        per_class[1] += share * target;
      } else {
        per_class[k] += share * target;
      }
    }
  }
  require(sum > 0.0, name + ": the weights sum to " + number(sum) + ", expected more than zero");
  if (params.loss == Loss::squared || name != "training") return;
  for (std::size_t k = 0; k < per_class.size(); ++k) {
    require(per_class[k] > 0.0,
            name + ": no events with a weight other than zero for " +
                (params.loss == Loss::cross_entropy
                     ? (k == 0 ? std::string("the background (target 0)") : std::string("the signal (target 1)"))
                     : "class " + std::to_string(k)) +
                ": all are of one class");
  }
}

// x -> (x - mean) / deviation folded into a layer with the input function sum.
void fold_inputs(Network& network, const std::vector<double>& shift, const std::vector<double>& scale) {
  DenseLayer& layer = network.layers.front();
  const std::size_t n = shift.size();
  for (std::size_t o = 0; o < layer.biases.size(); ++o) {
    for (std::size_t j = 0; j < n; ++j) {
      double& weight = layer.weights[o * n + j];
      weight *= scale[j];
      layer.biases[o] -= weight * shift[j];
    }
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

// Mean and 1 / deviation of columns [begin, end) of the moments; constant columns get the scale 1.
void standard(const statistics::Moments& moments, std::size_t begin, std::size_t end, std::vector<double>& shift,
              std::vector<double>& scale) {
  const std::size_t width = moments.mean.size();
  for (std::size_t j = begin; j < end; ++j) {
    const double variance = moments.covariance[j * width + j];
    shift.push_back(moments.mean[j]);
    const bool constant = !(variance > 1e-24 * moments.mean[j] * moments.mean[j]) || !(variance > 0.0);
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
  params.learning_rate = 0.02;
  params.decay_rate = 0.01;
  params.batch_size = 0;
  params.l2 = 0.0;
  params.test_rate = 10;
  params.convergence_tests = -1;
  params.convergence_improve = 1e-30;
  params.keep_best = false;
  params.normalise_weights = false;
  params.tmva_estimator = true;
  params.standardise_inputs = false;
  return params;
}

NetworkFit fit_network(const Context& context, const NetworkParams& params, const TrainingData& training,
                       const TrainingData* validation) {
  const std::size_t n_variables = training.variables.columns();
  const std::size_t n_outputs = training.targets.columns();
  check_params(params, n_outputs);
  check_events(training, n_variables, n_outputs, params, "training");
  if (validation != nullptr) check_events(*validation, n_variables, n_outputs, params, "validation");

  const Activation output_activation = params.loss == Loss::cross_entropy ? Activation::sigmoid : Activation::linear;
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
  require(!params.standardise_targets || (params.loss == Loss::squared && params.input_function == InputFunction::sum),
          "standardise_targets is available for the squared loss and the input function sum only");

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
    // With absolute weights, so that the spread is never negative.
    std::vector<double> absolute(events.size());
    for (std::size_t i = 0; i < absolute.size(); ++i) absolute[i] = std::abs(events.weight[i]);
    const statistics::Moments moments = statistics::joint_moments(context, training.variables, training.targets,
                                                                  View<const double>(absolute.data(), absolute.size()));
    if (params.standardise_inputs) standard(moments, 0, n_variables, events.shift, events.scale);
    if (params.standardise_targets) {
      standard(moments, n_variables, n_variables + n_outputs, events.target_shift, events.target_scale);
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
      case Solver::adam:
        train_adam(session, fit);
        break;
    }
  } catch (const Interrupted&) {
    // Within a sum over many events. Without a whole epoch there is nothing to keep.
    if (!session.has_whole_epoch()) throw;
    fit.interrupted = true;
  }
  Network network = to_network(shape, session.result(), params.output);
  if (!events.shift.empty()) fold_inputs(network, events.shift, events.scale);
  if (!events.target_shift.empty()) fold_targets(network, events.target_shift, events.target_scale);
  fit.predictor = std::make_shared<const NetworkPredictor>(std::move(network));
  return fit;
}

}  // namespace diskern::network

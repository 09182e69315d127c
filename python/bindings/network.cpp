// Networks and their training.
#include "network/network.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common.hpp"
#include "network/activation.hpp"
#include "network/loss.hpp"
#include "network/optimizer.hpp"
#include "network/training.hpp"

namespace diskern::python {

namespace {

using network::Activation;
using network::DenseLayer;
using network::InputFunction;
using network::Network;
using network::NetworkFit;
using network::NetworkParams;
using network::NetworkPredictor;

py::list layers_of(const NetworkPredictor& self) {
  py::list layers;
  for (const DenseLayer& layer : self.network().layers) {
    py::array_t<double> weights({layer.n_outputs, layer.n_inputs});
    std::copy(layer.weights.begin(), layer.weights.end(), weights.mutable_data());
    py::dict entry;
    entry["weights"] = weights;
    entry["biases"] = py::array_t<double>(static_cast<py::ssize_t>(layer.biases.size()), layer.biases.data());
    entry["activation"] = layer.activation;
    entry["input_function"] = layer.input_function;
    layers.append(entry);
  }
  return layers;
}

std::shared_ptr<NetworkPredictor> from_layers(const std::vector<py::dict>& layers, network::Output output,
                                              network::Arithmetic arithmetic, std::vector<double> input_shift,
                                              std::vector<double> input_scale) {
  Network network;
  network.output = output;
  network.arithmetic = arithmetic;
  network.input_shift = std::move(input_shift);
  network.input_scale = std::move(input_scale);
  for (const py::dict& entry : layers) {
    for (const char* key : {"weights", "biases", "activation", "input_function"}) {
      if (!entry.contains(key)) throw InvalidArgument(std::string("a layer needs '") + key + "'");
    }
    const py::array weights = entry["weights"];
    const py::array biases = entry["biases"];
    const View<const double, 2> matrix_of_weights = matrix<double>(weights, "weights");
    const View<const double> vector_of_biases = vector<double>(biases, "biases", matrix_of_weights.rows());
    DenseLayer layer;
    layer.n_outputs = static_cast<std::int32_t>(matrix_of_weights.rows());
    layer.n_inputs = static_cast<std::int32_t>(matrix_of_weights.columns());
    for (std::size_t o = 0; o < matrix_of_weights.rows(); ++o) {
      for (std::size_t i = 0; i < matrix_of_weights.columns(); ++i) layer.weights.push_back(matrix_of_weights(o, i));
      layer.biases.push_back(vector_of_biases[o]);
    }
    layer.activation = entry["activation"].cast<Activation>();
    layer.input_function = entry["input_function"].cast<InputFunction>();
    network.layers.push_back(std::move(layer));
  }
  return std::make_shared<NetworkPredictor>(std::move(network));
}

NetworkFit fit_network(const NetworkParams& params, const py::array& events, const py::array& targets,
                       const py::array& weight, const std::optional<py::array>& validation_events,
                       const std::optional<py::array>& validation_targets,
                       const std::optional<py::array>& validation_weight, int threads, std::uint64_t seed,
                       const py::object& progress) {
  network::TrainingData training;
  training.variables = matrix<float>(events, "events");
  training.targets = matrix<double>(targets, "targets");
  training.weight = vector<double>(weight, "weight", training.variables.rows());
  network::TrainingData validation;
  if (validation_events) {
    if (!validation_targets || !validation_weight) {
      throw InvalidArgument("validation_events needs validation_targets and validation_weight");
    }
    validation.variables = matrix<float>(*validation_events, "validation_events");
    validation.targets = matrix<double>(*validation_targets, "validation_targets");
    validation.weight = vector<double>(*validation_weight, "validation_weight", validation.variables.rows());
  }
  PythonMonitor monitor(progress);
  const Context context = make_context(threads, seed, &monitor);
  const py::gil_scoped_release release;
  return network::fit_network(context, params, training, validation_events ? &validation : nullptr);
}

}  // namespace

// NOLINTBEGIN(bugprone-macro-parentheses): the argument is the path of a member.
#define DISKERN_MEMBER(path)                                                               \
  [](const NetworkParams& self) { return self.path; },                                     \
      [](NetworkParams& self, decltype(NetworkParams{}.path) value) { self.path = value; }
// NOLINTEND(bugprone-macro-parentheses)

void register_network(py::module_& module) {
  py::enum_<Activation> activation(module, "Activation", "What a neuron does with the sum of its inputs.");
  for (int kind = 0; kind <= static_cast<int>(network::last_activation); ++kind) {
    activation.value(network::name(static_cast<Activation>(kind)), static_cast<Activation>(kind));
  }
  py::enum_<InputFunction>(module, "InputFunction", "How a neuron combines its weighted inputs.")
      .value("sum", InputFunction::sum)
      .value("sum_of_squares", InputFunction::sum_of_squares)
      .value("sum_of_absolutes", InputFunction::sum_of_absolutes);
  py::enum_<network::Output>(module, "NetworkOutput", "What is applied to the outputs of a network.")
      .value("identity", network::Output::identity)
      .value("softmax", network::Output::softmax);
  py::enum_<network::Solver>(module, "NetworkSolver", "How a network is trained.")
      .value("sequential", network::Solver::sequential)
      .value("batch", network::Solver::batch)
      .value("bfgs", network::Solver::bfgs)
      .value("mini_batch", network::Solver::mini_batch)
      .value("lbfgs", network::Solver::lbfgs)
      .value("genetic", network::Solver::genetic);
  py::enum_<network::Loss> loss(module, "NetworkLoss", "What training minimises.");
  for (int kind = 0; kind <= static_cast<int>(network::last_loss); ++kind) {
    loss.value(network::name(static_cast<network::Loss>(kind)), static_cast<network::Loss>(kind));
  }
  py::enum_<network::Initialisation> initialisation(module, "NetworkInitialisation",
                                                    "The weights that training starts from.");
  for (int kind = 0; kind <= static_cast<int>(network::last_initialisation); ++kind) {
    initialisation.value(network::name(static_cast<network::Initialisation>(kind)),
                         static_cast<network::Initialisation>(kind));
  }
  py::enum_<network::OptimizerKind> optimizer(module, "OptimizerKind", "The rule by which gradients move weights.");
  for (int kind = 0; kind <= static_cast<int>(network::last_optimizer); ++kind) {
    optimizer.value(network::name(static_cast<network::OptimizerKind>(kind)),
                    static_cast<network::OptimizerKind>(kind));
  }
  py::enum_<network::ScheduleKind> schedule(module, "ScheduleKind", "How the learning rate changes.");
  for (int kind = 0; kind <= static_cast<int>(network::ScheduleKind::exponential); ++kind) {
    schedule.value(network::name(static_cast<network::ScheduleKind>(kind)), static_cast<network::ScheduleKind>(kind));
  }
  py::enum_<network::Averaging>(module, "Averaging", "Whether the model has weights averaged over steps.")
      .value("none", network::Averaging::none)
      .value("exponential", network::Averaging::exponential)
      .value("tail", network::Averaging::tail);
  py::enum_<network::Arithmetic>(module, "NetworkArithmetic", "In which a network evaluates.")
      .value("float64", network::Arithmetic::float64)
      .value("float32", network::Arithmetic::float32);

  py::class_<NetworkParams>(module, "NetworkParams", "Parameters of network training with their defaults.")
      .def(py::init<>())
      .def_static("tmva", &NetworkParams::tmva, py::arg("n_variables"), "TMVA's defaults.")
      .def_readwrite("hidden_layers", &NetworkParams::hidden_layers)
      .def_readwrite("activation", &NetworkParams::activation)
      .def_readwrite("input_function", &NetworkParams::input_function)
      .def_readwrite("loss", &NetworkParams::loss)
      .def_readwrite("output", &NetworkParams::output)
      .def_readwrite("solver", &NetworkParams::solver)
      .def_readwrite("initialisation", &NetworkParams::initialisation)
      .def_readwrite("random_seed", &NetworkParams::random_seed)
      .def_readwrite("epochs", &NetworkParams::epochs)
      .def_property("learning_rate", DISKERN_MEMBER(optimizer.learning_rate))
      .def_readwrite("decay_rate", &NetworkParams::decay_rate)
      .def_readwrite("batch_size", &NetworkParams::batch_size)
      .def_property("l2", DISKERN_MEMBER(optimizer.l2))
      .def_property("optimizer", DISKERN_MEMBER(optimizer.kind))
      .def_property("momentum", DISKERN_MEMBER(optimizer.momentum))
      .def_property("rho", DISKERN_MEMBER(optimizer.rho))
      .def_property("l1", DISKERN_MEMBER(optimizer.l1))
      .def_property("weight_decay", DISKERN_MEMBER(optimizer.weight_decay))
      .def_property("clip_value", DISKERN_MEMBER(optimizer.clip_value))
      .def_property("clip_norm", DISKERN_MEMBER(optimizer.clip_norm))
      .def_property("huber_distance", DISKERN_MEMBER(loss_params.huber_distance))
      .def_property("quantile", DISKERN_MEMBER(loss_params.quantile))
      .def_property("schedule", DISKERN_MEMBER(schedule.kind))
      .def_property("schedule_factor", DISKERN_MEMBER(schedule.factor))
      .def_property("schedule_period", DISKERN_MEMBER(schedule.period))
      .def_property("schedule_final_fraction", DISKERN_MEMBER(schedule.final_fraction))
      .def_property("schedule_warmup_fraction", DISKERN_MEMBER(schedule.warmup_fraction))
      .def_readwrite("l2_per_event", &NetworkParams::l2_per_event)
      .def_readwrite("dropout", &NetworkParams::dropout)
      .def_readwrite("sampling_training", &NetworkParams::sampling_training)
      .def_readwrite("sampling_testing", &NetworkParams::sampling_testing)
      .def_readwrite("weight_range", &NetworkParams::weight_range)
      .def_property("averaging", DISKERN_MEMBER(averaging.kind))
      .def_property("averaging_decay", DISKERN_MEMBER(averaging.decay))
      .def_property("averaging_start", DISKERN_MEMBER(averaging.start))
      .def_readwrite("double_precision", &NetworkParams::double_precision)
      .def_property("beta_1", DISKERN_MEMBER(optimizer.beta_1))
      .def_property("beta_2", DISKERN_MEMBER(optimizer.beta_2))
      .def_property("epsilon", DISKERN_MEMBER(optimizer.epsilon))
      .def_readwrite("test_rate", &NetworkParams::test_rate)
      .def_readwrite("convergence_tests", &NetworkParams::convergence_tests)
      .def_readwrite("convergence_improve", &NetworkParams::convergence_improve)
      .def_readwrite("keep_best", &NetworkParams::keep_best)
      .def_readwrite("reset_step", &NetworkParams::reset_step)
      .def_readwrite("tau", &NetworkParams::tau)
      .def_readwrite("regulator", &NetworkParams::regulator)
      .def_readwrite("genetic_population", &NetworkParams::genetic_population)
      .def_readwrite("genetic_steps", &NetworkParams::genetic_steps)
      .def_readwrite("genetic_cycles", &NetworkParams::genetic_cycles)
      .def_readwrite("genetic_range", &NetworkParams::genetic_range)
      .def_readwrite("update_limit", &NetworkParams::update_limit)
      .def_readwrite("sampling", &NetworkParams::sampling)
      .def_readwrite("sampling_epoch", &NetworkParams::sampling_epoch)
      .def_readwrite("normalise_weights", &NetworkParams::normalise_weights)
      .def_readwrite("tmva_estimator", &NetworkParams::tmva_estimator)
      .def_readwrite("standardise_inputs", &NetworkParams::standardise_inputs)
      .def_readwrite("standardise_targets", &NetworkParams::standardise_targets);

  py::class_<NetworkPredictor, Predictor, std::shared_ptr<NetworkPredictor>>(module, "Network",
                                                                             "A trained network, immutable.")
      .def(py::init(&from_layers), py::arg("layers"), py::arg("output") = network::Output::identity,
           py::arg("arithmetic") = network::Arithmetic::float64, py::arg("input_shift") = std::vector<double>(),
           py::arg("input_scale") = std::vector<double>(),
           "A network of layers given as dictionaries, as the attribute layers returns them.")
      .def_property_readonly("layers", &layers_of,
                             "One dictionary per layer: weights (outputs, inputs), biases, activation, input_function.")
      .def_property_readonly("output", [](const NetworkPredictor& self) { return self.network().output; })
      .def_property_readonly("arithmetic", [](const NetworkPredictor& self) { return self.network().arithmetic; })
      .def_property_readonly(
          "input_shift", [](const NetworkPredictor& self) { return py::array(py::cast(self.network().input_shift)); },
          "The first layer sees (x - input_shift) * input_scale; empty: x itself.")
      .def_property_readonly(
          "input_scale", [](const NetworkPredictor& self) { return py::array(py::cast(self.network().input_scale)); });

  py::class_<NetworkFit>(module, "NetworkFit")
      .def_property_readonly(
          "predictor", [](const NetworkFit& self) { return std::const_pointer_cast<NetworkPredictor>(self.predictor); })
      .def_readonly("interrupted", &NetworkFit::interrupted)
      .def_readonly("diverged", &NetworkFit::diverged)
      .def_readonly("converged", &NetworkFit::converged)
      .def_readonly("epochs", &NetworkFit::epochs)
      .def_readonly("best_epoch", &NetworkFit::best_epoch)
      .def_readonly("curve_epoch", &NetworkFit::curve_epoch)
      .def_readonly("training_loss", &NetworkFit::training_loss)
      .def_readonly("validation_loss", &NetworkFit::validation_loss)
      .def_readonly("message", &NetworkFit::message);

  module.def("fit_network", &fit_network, py::arg("params"), py::arg("events"), py::arg("targets"), py::arg("weight"),
             py::arg("validation_events") = py::none(), py::arg("validation_targets") = py::none(),
             py::arg("validation_weight") = py::none(), py::arg("threads") = 0, py::arg("seed") = 0,
             py::arg("progress") = py::none(),
             "Trains a network on float32 events and float64 targets of shape (events, outputs).");
}

}  // namespace diskern::python

#pragma once
// The parameters of network training: the only place where their defaults live.

#include <cstdint>
#include <vector>

#include "network/averaging.hpp"
#include "network/initialisation.hpp"
#include "network/loss_kind.hpp"
#include "network/network.hpp"
#include "network/optimizer_kind.hpp"
#include "network/schedule.hpp"

namespace diskern::network {

enum class Solver : std::uint8_t {
  sequential = 0,  // TMVA's BP: the weights change after every event, events in shuffled order
  batch = 1,       // TMVA's BP with BPMode=batch: plain gradient descent on batches in shuffled order
  bfgs = 2,        // TMVA's BFGS: the whole sample at once, line search by a factor Tau and a parabola
  genetic = 4,     // TMVA's GA: the weights are parameters of its genetic algorithm
  lbfgs = 5,       // L-BFGS (lbfgs.hpp): the whole sample at once, in float64
  mini_batch = 3,  // shuffled mini-batches and one of the optimizers (optimizer_kind.hpp), in float32
};

struct NetworkParams {
  // Defaults of the estimators.
  std::vector<std::int32_t> hidden_layers = {100};
  Activation activation = Activation::relu;
  InputFunction input_function = InputFunction::sum;
  Loss loss = Loss::cross_entropy;
  LossParams loss_params;
  Output output = Output::identity;  // what the model applies to its outputs; softmax for several classes
  Solver solver = Solver::mini_batch;
  Initialisation initialisation = Initialisation::automatic;
  std::uint32_t random_seed = 1;  // of Initialisation::tmva, TMVA's shuffling and sampling
  std::int32_t epochs = 200;
  OptimizerParams optimizer;  // the learning rate is that of sequential and batch, too
  ScheduleParams schedule;    // of the learning rate of mini-batches
  double decay_rate = 0.0;        // sequential, batch: learning rate x (1 - decay_rate) after each epoch, and
                                  // x (1 - sqrt(decay_rate)) in the last 5 % of the epochs
  std::int32_t batch_size = 200;  // events; 0: all of them. Mini-batches are cut to the number of events
  double l2_per_event = 1e-4;     // mini-batches: this / batch size is added to optimizer.l2
  bool double_precision = false;  // mini-batches: train in float64, far more slowly
  double dropout = 0.0;           // mini-batches in float32: of hidden neurons
  AveragingParams averaging;      // of mini-batches in float32
  std::int32_t test_rate = 1;           // the losses are computed every that many epochs
  std::int32_t convergence_tests = -1;  // stop after that many tests without improvement; < 0: never
  double convergence_improve = 1e-4;    // an improvement is more than this
  bool keep_best = true;              // return the weights with the smallest validation loss, where there is validation
  std::int32_t reset_step = 50;       // BFGS: steepest descent every that many epochs in the first half
  double tau = 3.0;                   // BFGS: factor of the line search
  std::int32_t genetic_population = 300;  // genetic: individuals of a generation
  std::int32_t genetic_steps = 30;        // generations without improvement that end a cycle
  std::int32_t genetic_cycles = 3;
  double genetic_range = 3.0;  // weights lie between -this and this
  bool regulator = false;             // BFGS: Bayesian regulators, one per input and hidden layer
  std::int32_t update_limit = 10000;  // most updates of the regulators
  double sampling = 1.0;              // fraction of the events used, drawn anew at every test
  double sampling_epoch = 1.0;        // fraction of the epochs in which sampling is used
  bool sampling_training = true;      // of which events: those of training
  bool sampling_testing = false;      // and those of validation
  double weight_range = 1.0;          // fraction of the weight, of the events with the smallest losses, in the losses
                                      // that are reported and judged (TMVA's WeightRange); training sees all events
  bool normalise_weights = true;      // scale the event weights to a mean absolute value of 1
  bool tmva_estimator = false;        // losses are reported as TMVA's estimator: 2 x sum of w loss / events
  bool standardise_inputs = true;     // train on (x - mean) / deviation and fold that into the first layer
  bool standardise_targets = false;   // the same for targets, folded into the last layer (linear outputs)

  // TMVA's defaults (tmva.md 2.11) for a sample of n_variables.
  static NetworkParams tmva(std::int32_t n_variables);
};

// Whether fit_network trains in float32, and the model then evaluates in it.
bool trains_in_float(const NetworkParams& params) noexcept;

}  // namespace diskern::network

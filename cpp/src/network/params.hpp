#pragma once
// The parameters of network training: the only place where their defaults live.

#include <cstdint>
#include <vector>

#include "network/initialisation.hpp"
#include "network/loss_kind.hpp"
#include "network/network.hpp"

namespace diskern::network {

enum class Solver : std::uint8_t {
  sequential = 0,  // TMVA's BP: the weights change after every event, events in shuffled order
  batch = 1,       // TMVA's BP with BPMode=batch: plain gradient descent on batches in shuffled order
  bfgs = 2,        // TMVA's BFGS: the whole sample at once, line search by a factor Tau and a parabola
  adam = 3,        // Kingma and Ba, arXiv:1412.6980, on mini-batches
};

struct NetworkParams {
  // Defaults of the estimators.
  std::vector<std::int32_t> hidden_layers = {100};
  Activation activation = Activation::relu;
  InputFunction input_function = InputFunction::sum;
  Loss loss = Loss::cross_entropy;
  LossParams loss_params;
  Output output = Output::identity;  // what the model applies to its outputs; softmax for several classes
  Solver solver = Solver::adam;
  Initialisation initialisation = Initialisation::automatic;
  std::uint32_t random_seed = 1;  // of Initialisation::tmva, TMVA's shuffling and sampling
  std::int32_t epochs = 200;
  double learning_rate = 0.001;
  double decay_rate = 0.0;        // sequential, batch: learning rate x (1 - decay_rate) after each epoch, and
                                  // x (1 - sqrt(decay_rate)) in the last 5 % of the epochs
  std::int32_t batch_size = 200;  // events; 0: all of them. Adam cuts it to the number of events
  double l2 = 1e-4;               // Adam: l2 / batch size x weight is added to the gradient (not for biases)
  double beta_1 = 0.9;            // Adam
  double beta_2 = 0.999;
  double epsilon = 1e-8;
  std::int32_t test_rate = 1;           // the losses are computed every that many epochs
  std::int32_t convergence_tests = -1;  // stop after that many tests without improvement; < 0: never
  double convergence_improve = 1e-4;    // an improvement is more than this
  bool keep_best = true;              // return the weights with the smallest validation loss, where there is validation
  std::int32_t reset_step = 50;       // BFGS: steepest descent every that many epochs in the first half
  double tau = 3.0;                   // BFGS: factor of the line search
  bool regulator = false;             // BFGS: Bayesian regulators, one per input and hidden layer
  std::int32_t update_limit = 10000;  // most updates of the regulators
  double sampling = 1.0;              // fraction of the events used, drawn anew at every test
  double sampling_epoch = 1.0;        // fraction of the epochs in which sampling is used
  bool normalise_weights = true;      // scale the event weights to a mean absolute value of 1
  bool tmva_estimator = false;        // losses are reported as TMVA's estimator: 2 x sum of w loss / events
  bool standardise_inputs = true;     // train on (x - mean) / deviation and fold that into the first layer
  bool standardise_targets = false;   // the same for targets, folded into the last layer (linear outputs)

  // TMVA's defaults (tmva.md 2.11) for a sample of n_variables.
  static NetworkParams tmva(std::int32_t n_variables);
};

}  // namespace diskern::network

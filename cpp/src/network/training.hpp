#pragma once
// Training of networks.

#include <memory>
#include <string>
#include <vector>

#include "network/backpropagation.hpp"
#include "network/network.hpp"
#include "network/params.hpp"

namespace diskern::network {

// Events and what they should give: events x outputs. For cross_entropy the target is 1 (signal) or 0, for
// softmax_cross_entropy 1 in the column of the class.
struct TrainingData {
  View<const float, 2> variables;
  View<const double, 2> targets;
  View<const double> weight;
};

struct NetworkFit {
  std::shared_ptr<const NetworkPredictor> predictor;
  bool interrupted = false;
  bool diverged = false;            // the weights did not stay finite; those returned are from before
  bool converged = false;           // stopped by the convergence tests
  std::int32_t epochs = 0;          // epochs done
  std::int32_t best_epoch = 0;      // the epoch of the returned weights
  std::vector<double> curve_epoch;  // where the losses were computed
  std::vector<double> training_loss;
  std::vector<double> validation_loss;  // empty without validation
  std::string message;                  // what the user should know; may be empty
};

// Trains a network. Event weights, negative ones included, multiply the loss of their event.
// Throws InvalidArgument for unusable parameters or events, Error when the training diverges (weights that are no
// longer finite) and there is no earlier state to return. On interrupt, and on divergence after a validation test, the
// best weights so far are returned and the result says so.
NetworkFit fit_network(const Context& context, const NetworkParams& params, const TrainingData& training,
                       const TrainingData* validation = nullptr);

}  // namespace diskern::network

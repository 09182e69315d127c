#pragma once
// Generative adversarial networks: a generator turns random numbers into events, a discriminator learns to tell them
// from real ones, and the generator learns from what gives it away (arXiv:1406.2661).

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "diskern/context.hpp"
#include "network/graph/predictor.hpp"
#include "network/initialisation.hpp"
#include "network/optimizer.hpp"

namespace diskern::network::graph {

// s is the score of the discriminator.
enum class AdversarialLoss : std::uint8_t {
  non_saturating = 0,  // cross entropy of sigmoid(s); the generator maximises ln sigmoid(s) of its events
  hinge = 1,           // max(0, 1 - s) of real, max(0, 1 + s) of generated events; the generator maximises s
  wasserstein = 2,     // the mean of s of generated events less that of real ones; the generator maximises s
};
const char* name(AdversarialLoss loss) noexcept;
// Throws InvalidArgument for unknown names.
AdversarialLoss adversarial_loss_of_name(const std::string& name);

struct AdversarialParams {
  AdversarialLoss loss = AdversarialLoss::non_saturating;
  double smoothing = 0.0;  // real events have the target 1 - smoothing; non_saturating only
  // Times the mean squared length of the score's gradient by the event at real events, halved (R1, arXiv:1801.04406);
  // for wasserstein times that of (length - 1)^2 between real and generated events (arXiv:1704.00028).
  double gradient_penalty = 0.0;
  std::int32_t epochs = 50;
  std::int32_t batch_size = 64;
  std::int32_t discriminator_steps = 1;  // for each step of the generator
  double averaging = 0.999;              // of the generator's weights over steps; 0: the last weights
  OptimizerParams generator;
  OptimizerParams discriminator;
  Initialisation initialisation = Initialisation::automatic;
};

struct AdversarialData {
  View<const float, 2> events;
  View<const float, 2> conditions;  // known of each event, given to both networks; may have no columns
  View<const double> weight;        // 0 or more
};

struct AdversarialFit {
  std::shared_ptr<const GraphPredictor> generator;      // random numbers and conditions to an event
  std::shared_ptr<const GraphPredictor> discriminator;  // an event and conditions to a score
  bool interrupted = false;
  bool diverged = false;  // the weights are those of the last epoch that was finite
  std::int32_t epochs = 0;
  // Means over each epoch per unit weight, while the weights moved.
  std::vector<double> discriminator_loss;  // without penalty
  std::vector<double> generator_loss;
  std::vector<double> penalty;
  std::vector<double> real_score;
  std::vector<double> generated_score;
  std::string message;
};

// Part of fit_adversarial: throws InvalidArgument for networks, parameters or events that do not go together.
void check_adversarial(const Graph& generator, const Graph& discriminator, const AdversarialParams& params,
                       const AdversarialData& data);

// generator: inputs are latent numbers, then conditions; one output, the numbers of an event. discriminator: inputs are
// an event, then conditions; one output of one number. Throws InvalidArgument for what does not fit, Error when training
// diverges in its first epoch.
AdversarialFit fit_adversarial(const Context& context, const GraphPointer& generator, const GraphPointer& discriminator,
                               const AdversarialParams& params, const AdversarialData& data);

}  // namespace diskern::network::graph

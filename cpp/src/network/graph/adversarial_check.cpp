// What fit_adversarial can take.
#include <array>
#include <cmath>
#include <string>

#include "diskern/error.hpp"
#include "network/graph/adversarial.hpp"

namespace diskern::network::graph {

namespace {

constexpr std::array<const char*, 3> names{"non_saturating", "hinge", "wasserstein"};

}  // namespace

const char* name(AdversarialLoss loss) noexcept { return names[static_cast<std::size_t>(loss)]; }

AdversarialLoss adversarial_loss_of_name(const std::string& given) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (given == names[i]) return static_cast<AdversarialLoss>(i);
  }
  throw InvalidArgument("loss is '" + given + "', expected 'non_saturating', 'hinge' or 'wasserstein'");
}

void check_adversarial(const Graph& generator, const Graph& discriminator, const AdversarialParams& params,
                       const AdversarialData& data) {
  const auto refuse = [](const std::string& what) { throw InvalidArgument(what); };
  const std::size_t n = data.events.rows();
  const std::size_t numbers = data.events.columns();
  const std::size_t conditions = data.conditions.columns();
  if (n < 2) refuse("events: there are " + std::to_string(n) + ", expected 2 or more");
  if (data.conditions.rows() != n) {
    refuse("conditions are of " + std::to_string(data.conditions.rows()) + " events, expected " + std::to_string(n));
  }
  if (data.weight.size() != n) refuse("weight has " + std::to_string(data.weight.size()) + " entries");
  if (generator.outputs().size() != 1 || generator.output_count() != numbers) {
    refuse("generator: it gives " + std::to_string(generator.output_count()) + " numbers in " +
           std::to_string(generator.outputs().size()) + " outputs, an event has " + std::to_string(numbers));
  }
  if (generator.input_count() <= conditions) {
    refuse("generator: it takes " + std::to_string(generator.input_count()) + " numbers, of which " +
           std::to_string(conditions) + " are conditions and none is left to be random");
  }
  if (discriminator.outputs().size() != 1 || discriminator.output_count() != 1) {
    refuse("discriminator: it must give one number, got " + std::to_string(discriminator.output_count()));
  }
  if (discriminator.input_count() != numbers + conditions) {
    refuse("discriminator: it takes " + std::to_string(discriminator.input_count()) + " numbers, expected " +
           std::to_string(numbers) + " of an event and " + std::to_string(conditions) + " conditions");
  }
  double sum = 0.0;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < numbers; ++j) {
      if (!std::isfinite(data.events(i, j))) {
        refuse("events: number " + std::to_string(j) + " of event " + std::to_string(i) + " is not finite");
      }
    }
    for (std::size_t j = 0; j < conditions; ++j) {
      if (!std::isfinite(data.conditions(i, j))) {
        refuse("conditions: number " + std::to_string(j) + " of event " + std::to_string(i) + " is not finite");
      }
    }
    if (!std::isfinite(data.weight[i]) || data.weight[i] < 0.0) {
      refuse("weight of event " + std::to_string(i) + " is " + std::to_string(data.weight[i]) +
             "; a distribution to learn needs weights of 0 or more");
    }
    sum += data.weight[i];
  }
  if (!(sum > 0.0)) refuse("weight: all of them are zero");
  if (params.epochs < 1) refuse("epochs is " + std::to_string(params.epochs) + ", expected 1 or more");
  if (params.batch_size < 2) refuse("batch_size is " + std::to_string(params.batch_size) + ", expected 2 or more");
  if (params.discriminator_steps < 1) {
    refuse("discriminator_steps is " + std::to_string(params.discriminator_steps) + ", expected 1 or more");
  }
  if (!(params.smoothing >= 0.0 && params.smoothing < 0.5)) refuse("smoothing must lie from 0 to below 0.5");
  if (params.smoothing > 0.0 && params.loss != AdversarialLoss::non_saturating) {
    refuse(std::string("smoothing is for the loss non_saturating, got ") + name(params.loss));
  }
  if (!(params.gradient_penalty >= 0.0 && std::isfinite(params.gradient_penalty))) {
    refuse("gradient_penalty must be 0 or more");
  }
  if (!(params.averaging >= 0.0 && params.averaging < 1.0)) refuse("averaging must lie from 0 to below 1");
  if (params.initialisation == Initialisation::tmva) refuse("initialisation is 'tmva', which is TMVA's MLP's only");
  check_optimizer(params.generator);
  check_optimizer(params.discriminator);
}

}  // namespace diskern::network::graph

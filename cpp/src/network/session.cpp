#include "network/session.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "diskern/error.hpp"

namespace diskern::network {

namespace {

std::uint32_t tmva_seed(const Context& context, const NetworkParams& params) {
  // TMVA's RandomSeed=0 asks for another seed each time: the caller draws it.
  return params.random_seed != 0 ? params.random_seed : static_cast<std::uint32_t>(context.seed % 0xfffffffeULL) + 1U;
}

}  // namespace

Session::Session(const Context& the_context, const NetworkParams& the_params, Shape shape, Events the_training,
                 Events the_validation, NetworkFit& fit)
    : context(the_context),
      params(the_params),
      engine(std::move(shape), the_params.loss, the_params.loss_params),
      training(std::move(the_training)),
      validation(std::move(the_validation)),
      has_validation(validation.size() > 0),
      random(tmva_seed(the_context, the_params)),
      fit_(fit),
      sampling_random_(tmva_seed(the_context, the_params)) {
  all_.resize(training.size());
  std::iota(all_.begin(), all_.end(), std::size_t{0});
  active = all_;
  validation_index_.resize(validation.size());
  std::iota(validation_index_.begin(), validation_index_.end(), std::size_t{0});
}

void Session::initialise() {
  const Shape& shape = engine.shape();
  parameters.assign(shape.parameters, 0.0);
  if (params.initialisation == Initialisation::tmva) {
    // TMVA's order of synapses: layer, neuron they come from (the bias last), neuron they go to.
    for (const LayerShape& layer : shape.layers) {
      for (std::size_t i = 0; i <= layer.n_inputs; ++i) {
        for (std::size_t o = 0; o < layer.n_outputs; ++o) {
          const std::size_t p = i < layer.n_inputs ? layer.weights + o * layer.n_inputs + i : layer.biases + o;
          parameters[p] = 4.0 * random.uniform() - 2.0;
        }
      }
    }
    return;
  }
  std::vector<float> weights;
  for (std::size_t l = 0; l < shape.layers.size(); ++l) {
    const LayerShape& layer = shape.layers[l];
    weights.resize(layer.biases - layer.weights);
    network::initialise(params.initialisation, layer.activation, layer.n_inputs, layer.n_outputs, context.seed,
                        static_cast<std::uint32_t>(l), weights.data(), weights.size());
    for (std::size_t p = 0; p < weights.size(); ++p) parameters[layer.weights + p] = static_cast<double>(weights[p]);
    // Inputs that are summed up without their sign move nothing at zero bias; a small one has a gradient.
    if (layer.input_function != InputFunction::sum) {
      for (std::size_t p = layer.biases; p < layer.biases + layer.n_outputs; ++p) parameters[p] = 0.1;
    }
  }
}

void Session::sample(std::int32_t epoch) {
  if (params.sampling >= 0.999999) return;
  const float progress = static_cast<float>(epoch) / static_cast<float>(params.epochs);
  if (!(static_cast<double>(progress) < params.sampling_epoch)) {
    active = all_;
    validation_index_.resize(validation.size());
    std::iota(validation_index_.begin(), validation_index_.end(), std::size_t{0});
    return;
  }
  if ((epoch + 1) % params.test_rate != 0 && epoch != 0) return;
  if (params.sampling_training) active = draw(all_.size());
  if (params.sampling_testing && has_validation) validation_index_ = draw(validation.size());
}

std::vector<std::size_t> Session::draw(std::size_t n) {
  // TMVA draws sorted positions in float32 and walks through the events until the running sum passes each of them.
  const std::size_t wanted =
      std::max<std::size_t>(1, static_cast<std::size_t>(params.sampling * static_cast<double>(n)));
  std::vector<float> positions(wanted);
  for (float& position : positions) position = static_cast<float>(sampling_random_.uniform() * static_cast<double>(n));
  std::sort(positions.begin(), positions.end());
  std::vector<std::size_t> drawn;
  float running = 0.000000001F;
  std::size_t next = 0;
  for (std::size_t i = 0; i < n && next < wanted; ++i) {
    running += 1.0F;
    if (running >= positions[next]) {
      drawn.push_back(i);
      ++next;
    }
  }
  return drawn;
}

double Session::loss_sum_to_report(double sum, const Events& events, const std::vector<std::size_t>& index) const {
  if (params.tmva_estimator) return 2.0 * sum / static_cast<double>(index.size());
  double weight = 0.0;
  for (const std::size_t i : index) weight += std::abs(events.weight[i]);
  return weight > 0.0 ? sum / weight : not_known;
}

// TMVA's estimator with WeightRange: events in the order of their losses, until their weights are more than the range.
double Session::loss_in_range(const Events& events, const std::vector<std::size_t>& index) {
  const std::vector<double> one(events.size(), 1.0);
  Events unweighted = events;
  unweighted.weight = View<const double>(one.data(), one.size());
  std::vector<std::pair<double, double>> losses;  // with the weight
  double total = 0.0;
  for (const std::size_t i : index) {
    losses.emplace_back(engine.sum(context, unweighted, &i, 1, parameters, nullptr), events.weight[i]);
    total += events.weight[i];
  }
  std::sort(losses.begin(), losses.end());
  const double range = params.weight_range * total;
  double sum = 0.0;
  double weight = 0.0;
  for (const auto& [loss, w] : losses) {
    weight += w;
    if (weight <= range) sum += w * loss;
  }
  return (params.tmva_estimator ? 2.0 : 1.0) * sum / range;
}

double Session::loss_of(const Events& events, const std::vector<std::size_t>& index) {
  if (params.weight_range < 1.0) return loss_in_range(events, index);
  return loss_sum_to_report(engine.sum(context, events, index.data(), index.size(), parameters, nullptr), events,
                            index);
}

bool Session::finite() const noexcept {
  return std::all_of(parameters.begin(), parameters.end(), [](double value) { return std::isfinite(value); });
}

bool Session::interrupted() {
  if (!fit_.interrupted) fit_.interrupted = context.interrupted();
  return fit_.interrupted;
}

bool Session::finish_epoch(std::int32_t epoch, double training_loss, double validation_loss) {
  tested_ = false;
  if (!finite()) {
    diverged_ = true;
    fit_.message = "the weights were no longer finite in epoch " + std::to_string(epoch + 1);
    return false;
  }
  fit_.epochs = epoch + 1;
  const bool stopping = interrupted();
  if (due(epoch) || stopping) {
    tested_ = true;
    if (params.weight_range < 1.0) training_loss = validation_loss = not_known;  // those of all events
    if (std::isnan(training_loss)) training_loss = loss_of(training, active);
    if (has_validation && std::isnan(validation_loss)) validation_loss = loss_of(validation, validation_index_);
    monitored_ = has_validation ? validation_loss : training_loss;
    fit_.curve_epoch.push_back(static_cast<double>(epoch + 1));
    fit_.training_loss.push_back(training_loss);
    if (has_validation) fit_.validation_loss.push_back(validation_loss);
    if (!std::isfinite(monitored_)) {
      diverged_ = true;
      fit_.message = "the loss was " + std::to_string(monitored_) + " in epoch " + std::to_string(epoch + 1);
      return false;
    }
    if (good_.empty() || monitored_ < good_loss_) {
      good_ = parameters;
      good_loss_ = monitored_;
      good_epoch_ = epoch + 1;
    }
    if (has_validation && (best_.empty() || monitored_ < best_loss_)) {
      best_ = parameters;
      best_loss_ = monitored_;
      fit_.best_epoch = epoch + 1;
    }
  }
  last_finite_ = parameters;
  last_finite_epoch_ = epoch + 1;
  context.report(
      {static_cast<std::size_t>(epoch + 1), static_cast<std::size_t>(params.epochs), training_loss, validation_loss});
  return !stopping && !interrupted();
}

bool Session::converged() {
  if (params.convergence_tests < 0) return false;
  if (counter_ < 0) reference_ = monitored_;
  if (reference_ - monitored_ <= params.convergence_improve) {
    ++counter_;
  } else {
    counter_ = 0;
    reference_ = monitored_;
  }
  return counter_ >= params.convergence_tests;
}

std::vector<double> Session::result() {
  if (diverged_) {
    fit_.message += "; a smaller learning rate, normalised variables or smaller weights help";
    if (!good_.empty()) {
      fit_.diverged = true;
      fit_.best_epoch = good_epoch_;
      fit_.message = "training diverged: " + fit_.message + "; the weights of epoch " + std::to_string(good_epoch_) +
                     ", with the smallest " + (has_validation ? "validation" : "training") + " loss, are kept";
      return good_;
    }
    throw Error("network training diverged: " + fit_.message);
  }
  if (!best_.empty() && (params.keep_best || fit_.interrupted)) return best_;
  if (last_finite_.empty()) return parameters;  // stopped within the first epoch
  fit_.best_epoch = last_finite_epoch_;
  return last_finite_;
}

}  // namespace diskern::network

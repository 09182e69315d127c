#include "network/graph/training.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "base/executor.hpp"
#include "base/random.hpp"
#include "diskern/error.hpp"
#include "network/graph/batch.hpp"
#include "network/loss_kernels.hpp"

namespace diskern::network::graph {

namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

std::size_t target_count(const Graph& graph, const GraphParams& params) {
  std::size_t count = 0;
  for (std::size_t o = 0; o < params.losses.size(); ++o) {
    if (!params.losses[o].is_value) count += graph.size(graph.outputs()[o].value);
  }
  return count;
}

// What each loss can take as targets, as the trainer of dense networks has it.
void check_targets(const Graph& graph, const GraphParams& params, View<const float, 2> targets, const char* which) {
  std::size_t column = 0;
  for (std::size_t o = 0; o < params.losses.size(); ++o) {
    if (params.losses[o].is_value) continue;
    const std::size_t end = column + graph.size(graph.outputs()[o].value);
    const Loss loss = params.losses[o].loss;
    const bool shares = loss == Loss::cross_entropy || loss == Loss::softmax_cross_entropy ||
                        loss == Loss::multi_label || loss == Loss::hinge || loss == Loss::kullback_leibler;
    if (shares || loss == Loss::poisson) {
      for (std::size_t i = 0; i < targets.rows(); ++i) {
        for (std::size_t k = column; k < end; ++k) {
          const float target = targets(i, k);
          if (target >= 0.0F && (!shares || target <= 1.0F)) continue;
          throw InvalidArgument(std::string(which) + " targets: number " + std::to_string(k) + " of event " +
                                std::to_string(i) + " is " + std::to_string(target) + ", the loss " + name(loss) +
                                " of output " + std::to_string(o) + " takes " + (shares ? "0 to 1" : "0 or more"));
        }
      }
    }
    column = end;
  }
}

void check_params(const Graph& graph, const GraphParams& params) {
  const auto refuse = [](const std::string& what) { throw InvalidArgument(what); };
  if (params.losses.size() != graph.outputs().size()) {
    refuse("losses has " + std::to_string(params.losses.size()) + " entries, the network has " +
           std::to_string(graph.outputs().size()) + " outputs");
  }
  for (std::size_t o = 0; o < params.losses.size(); ++o) {
    const OutputLoss& loss = params.losses[o];
    check_loss(loss.loss, loss.params);
    const std::size_t size = graph.size(graph.outputs()[o].value);
    if (!loss.is_value && loss.loss == Loss::cross_entropy && size != 1) {
      refuse("the loss cross_entropy is for one number, output " + std::to_string(o) + " has " + std::to_string(size));
    }
    if (!loss.is_value && size < 2 &&
        (loss.loss == Loss::softmax_cross_entropy || loss.loss == Loss::kullback_leibler)) {
      refuse(std::string("the loss ") + name(loss.loss) + " is for 2 or more numbers, output " + std::to_string(o) +
             " has " + std::to_string(size));
    }
    if (!std::isfinite(loss.factor)) refuse("the factor of loss " + std::to_string(o) + " is not finite");
  }
  if (params.epochs < 1) refuse("epochs is " + std::to_string(params.epochs) + ", expected 1 or more");
  if (params.batch_size < 0) refuse("batch_size is " + std::to_string(params.batch_size) + ", expected 0 or more");
  if (params.test_rate < 1) refuse("test_rate is " + std::to_string(params.test_rate) + ", expected 1 or more");
  if (std::isnan(params.convergence_improve)) refuse("convergence_improve is NaN");
  if (params.initialisation == Initialisation::tmva) {
    refuse("initialisation is 'tmva', which is TMVA's MLP's only; choose another one");
  }
  check_optimizer(params.optimizer);
  check_schedule(params.schedule);
}

// Weights of |w| of mean 1 as float32, with what they were divided by.
struct Sample {
  View<const float, 2> variables;
  View<const float, 2> targets;
  std::vector<float> weight;
  double total = 0.0;  // sum of |weight|

  std::size_t size() const noexcept { return weight.size(); }
};

Sample make_sample(const Graph& graph, const GraphParams& params, const GraphData& data, const char* which) {
  const auto refuse = [which](const std::string& what) { throw InvalidArgument(std::string(which) + what); };
  const std::size_t n = data.variables.rows();
  if (n == 0) refuse(": no events");
  if (data.variables.columns() != graph.input_count()) {
    refuse(" events have " + std::to_string(data.variables.columns()) + " numbers, the inputs of the network have " +
           std::to_string(graph.input_count()));
  }
  const std::size_t targets = target_count(graph, params);
  if (data.targets.rows() != n || data.targets.columns() != targets) {
    refuse(" targets have the shape (" + std::to_string(data.targets.rows()) + ", " +
           std::to_string(data.targets.columns()) + "), expected (" + std::to_string(n) + ", " +
           std::to_string(targets) + ")");
  }
  if (data.weight.size() != n) {
    refuse(" weights are " + std::to_string(data.weight.size()) + ", expected one for each of " + std::to_string(n) +
           " events");
  }
  Sample sample;
  sample.variables = data.variables;
  sample.targets = data.targets;
  double sum = 0.0;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < data.variables.columns(); ++j) {
      if (!std::isfinite(data.variables(i, j))) {
        refuse(" events: number " + std::to_string(j) + " of event " + std::to_string(i) +
               " is not finite: " + std::to_string(data.variables(i, j)));
      }
    }
    for (std::size_t k = 0; k < targets; ++k) {
      if (!std::isfinite(data.targets(i, k))) {
        refuse(" targets: number " + std::to_string(k) + " of event " + std::to_string(i) +
               " is not finite: " + std::to_string(data.targets(i, k)));
      }
    }
    if (!std::isfinite(data.weight[i])) refuse(" weights: that of event " + std::to_string(i) + " is not finite");
    sum += std::abs(data.weight[i]);
  }
  if (!(sum > 0.0)) refuse(" weights: all of them are zero");
  check_targets(graph, params, data.targets, which);
  const double scale = params.normalise_weights ? static_cast<double>(n) / sum : 1.0;
  sample.total = sum * scale;
  for (std::size_t i = 0; i < n; ++i) sample.weight.push_back(static_cast<float>(data.weight[i] * scale));

  std::vector<float> numbers;
  for (const Node& node : graph.nodes()) {
    const Layer& layer = graph.layer_of(node);
    if (std::string(layer.kind()) != "embedding" || node.inputs[0] >= graph.inputs().size()) continue;
    const Input& input = graph.inputs()[node.inputs[0]];
    numbers.resize(graph.size(node.inputs[0]));
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < numbers.size(); ++j) numbers[j] = data.variables(i, input.column + j);
      layer.check_input(numbers.data(), i);
    }
  }
  return sample;
}

// Constants of layers that standardise an input: mean and deviation per channel by the weights' absolute values. A
// channel that is constant is shifted only.
void standardise(const Graph& graph, const Sample& sample, std::vector<float>& parameters) {
  for (const Node& node : graph.nodes()) {
    const Layer& layer = graph.layer_of(node);
    if (!layer.standardises() || node.inputs[0] >= graph.inputs().size()) continue;
    const Input& input = graph.inputs()[node.inputs[0]];
    const std::size_t channels = input.shape.back();
    const std::size_t rows = graph.size(node.inputs[0]) / channels;
    float* constants = parameters.data() + graph.parameter_offset(node.layer);
    for (std::size_t c = 0; c < channels; ++c) {
      double total = 0.0;
      double sum = 0.0;
      for (std::size_t i = 0; i < sample.size(); ++i) {
        const double weight = std::abs(static_cast<double>(sample.weight[i]));
        for (std::size_t r = 0; r < rows; ++r) {
          sum += weight * static_cast<double>(sample.variables(i, input.column + r * channels + c));
        }
        total += weight * static_cast<double>(rows);
      }
      const double mean = sum / total;
      double squares = 0.0;
      for (std::size_t i = 0; i < sample.size(); ++i) {
        const double weight = std::abs(static_cast<double>(sample.weight[i]));
        for (std::size_t r = 0; r < rows; ++r) {
          const double d = static_cast<double>(sample.variables(i, input.column + r * channels + c)) - mean;
          squares += weight * d * d;
        }
      }
      const double deviation = std::sqrt(squares / total);
      constants[c] = static_cast<float>(mean);
      constants[channels + c] =
          deviation > 1e-12 * std::abs(mean) && deviation > 0.0 ? static_cast<float>(1.0 / deviation) : 1.0F;
    }
  }
}

void load(const Graph& graph, const Sample& sample, const std::size_t* index, std::size_t count, Tile<float>& tile) {
  for (std::size_t i = 0; i < graph.inputs().size(); ++i) {
    const std::size_t size = graph.size(i);
    const std::size_t column = graph.inputs()[i].column;
    for (std::size_t e = 0; e < count; ++e) {
      const View<const float> row = sample.variables.row(index[e]);
      float* out = tile.input(i) + e * size;
      if (row.strides()[0] == 1) {
        std::copy_n(row.data() + column, size, out);
      } else {
        for (std::size_t j = 0; j < size; ++j) out[j] = row[column + j];
      }
    }
  }
}

// Sum of weight times loss; slopes of output o go where place(o) says.
template <class Place>
double sum_losses(const Graph& graph, const GraphParams& params, const Sample& sample, const std::size_t* index,
                  std::size_t count, const Tile<float>& tile, const Place& place) {
  double sum = 0.0;
  std::size_t column = 0;
  std::vector<float> targets;
  std::vector<float> weight(count);
  for (std::size_t e = 0; e < count; ++e) weight[e] = sample.weight[index[e]];
  for (std::size_t o = 0; o < graph.outputs().size(); ++o) {
    const OutputLoss& loss = params.losses[o];
    const std::size_t size = graph.size(graph.outputs()[o].value);
    const float* scores = tile.output(o);
    float* slopes = place(o);
    double one = 0.0;
    if (loss.is_value) {
      for (std::size_t e = 0; e < count; ++e) {
        for (std::size_t k = 0; k < size; ++k) {
          one += static_cast<double>(weight[e]) * static_cast<double>(scores[e * size + k]);
          slopes[e * size + k] = weight[e];
        }
      }
    } else {
      targets.resize(count * size);
      for (std::size_t e = 0; e < count; ++e) {
        for (std::size_t k = 0; k < size; ++k) targets[e * size + k] = sample.targets(index[e], column + k);
      }
      column += size;
      const EventLosses events{count, size, scores, size, targets.data(), size, weight.data()};
      one = loss_kernels().evaluate(loss.loss, loss.params, events, slopes);
    }
    sum += loss.factor * one;
    if (loss.factor != 1.0) {
      for (std::size_t i = 0; i < count * size; ++i) slopes[i] *= static_cast<float>(loss.factor);
    }
  }
  return sum;
}

// Mean loss per unit weight with everything random switched off.
double mean_loss(const Context& context, const Graph& graph, const GraphParams& params, const Sample& sample,
                 const std::vector<float>& parameters) {
  constexpr std::size_t tile_events = 32;
  constexpr std::size_t chunk_size = 8 * tile_events;
  const Plan plan(graph, tile_events, false);
  std::vector<float> prepared(graph.prepared_size());
  graph.prepare(parameters.data(), prepared.data());
  const std::size_t n = sample.size();
  std::vector<double> sums(chunk_count(n, chunk_size), 0.0);
  std::size_t widest = 1;
  for (const Output& output : graph.outputs()) widest = std::max(widest, graph.size(output.value));
  parallel_for(
      context, sums.size(),
      [&](std::size_t chunk) {
        const Range range = chunk_range(n, chunk_size, chunk);
        AlignedVector<float> memory(plan.size());
        std::vector<float> slopes(tile_events * widest);
        std::vector<std::size_t> index(tile_events);
        Tile<float> tile(graph, plan, memory.data());
        for (std::size_t first = range.begin; first < range.end; first += tile_events) {
          const std::size_t count = std::min(tile_events, range.end - first);
          std::iota(index.begin(), index.end(), first);
          Tile<float>::Step step;
          step.events = count;
          step.parameters = parameters.data();
          step.prepared = prepared.data();
          load(graph, sample, index.data(), count, tile);
          tile.forward(step, 0, graph.nodes().size());
          sums[chunk] +=
              sum_losses(graph, params, sample, index.data(), count, tile, [&](std::size_t) { return slopes.data(); });
        }
      },
      static_cast<double>(n) * nanoseconds_per_event(graph) / 3.0);
  return std::accumulate(sums.begin(), sums.end(), 0.0) / sample.total;
}

// What stays of a training: losses at the tests, the best weights, the reason of its end.
class Course {
 public:
  Course(const Context& context, const GraphParams& params, GraphFit& fit)
      : context_(context), params_(params), fit_(fit) {}

  bool interrupted() {
    if (!fit_.interrupted) fit_.interrupted = context_.interrupted();
    return fit_.interrupted;
  }

  void diverge(std::string why) {
    diverged_ = true;
    fit_.message = std::move(why);
  }

  // Returns false when training must end. validation: gives the validation loss, NaN where there is none.
  template <class ValidationLoss>
  bool finish_epoch(std::int32_t epoch, double training_loss, const std::vector<float>& parameters, bool has_validation,
                    const ValidationLoss& validation) {
    if (!std::isfinite(training_loss)) {
      diverge("the loss was " + std::to_string(training_loss) + " in epoch " + std::to_string(epoch + 1));
      return false;
    }
    fit_.epochs = epoch + 1;
    const bool stopping = interrupted();
    double validation_loss = nan;
    if ((epoch + 1) % params_.test_rate == 0 || stopping) {
      if (has_validation) validation_loss = validation();
      monitored_ = has_validation ? validation_loss : training_loss;
      if (!std::isfinite(monitored_)) {
        diverge("the validation loss was " + std::to_string(monitored_) + " in epoch " + std::to_string(epoch + 1));
        return false;
      }
      fit_.curve_epoch.push_back(static_cast<double>(epoch + 1));
      fit_.training_loss.push_back(training_loss);
      if (has_validation) fit_.validation_loss.push_back(validation_loss);
      if (has_validation && (best_.empty() || monitored_ < best_loss_)) {
        best_ = parameters;
        best_loss_ = monitored_;
        fit_.best_epoch = epoch + 1;
      }
      if (params_.convergence_tests >= 0) {
        if (counter_ < 0 || reference_ - monitored_ > params_.convergence_improve) {
          counter_ = 0;
          reference_ = monitored_;
        } else {
          ++counter_;
        }
        fit_.converged = counter_ >= std::max(params_.convergence_tests, 1);
      }
    }
    last_ = parameters;
    last_epoch_ = epoch + 1;
    context_.report({static_cast<std::size_t>(epoch + 1), static_cast<std::size_t>(params_.epochs), training_loss,
                     validation_loss});
    return !stopping && !interrupted() && !fit_.converged;
  }
  double monitored() const noexcept { return monitored_; }

  std::vector<float> result(const std::vector<float>& parameters) {
    if (diverged_) {
      fit_.message += "; a smaller learning rate, scaled inputs or clip_norm help";
      // What training had reached before is worth returning only if it was tested on events apart.
      if (best_.empty()) throw Error("network training diverged: " + fit_.message);
      fit_.diverged = true;
      fit_.message = "training diverged: " + fit_.message + "; the weights of epoch " +
                     std::to_string(fit_.best_epoch) + ", with the smallest validation loss, are kept";
      return best_;
    }
    if (!best_.empty() && (params_.keep_best || fit_.interrupted)) return best_;
    if (last_.empty()) return parameters;  // stopped within the first epoch
    fit_.best_epoch = last_epoch_;
    return last_;
  }

 private:
  const Context& context_;
  const GraphParams& params_;
  GraphFit& fit_;
  std::vector<float> best_;
  std::vector<float> last_;
  std::int32_t last_epoch_ = 0;
  double best_loss_ = 0.0;
  double monitored_ = nan;
  double reference_ = 0.0;
  std::int32_t counter_ = -1;
  bool diverged_ = false;
};

std::vector<ParameterRange> ranges_of(const Graph& graph) {
  std::vector<ParameterRange> ranges;
  for (std::size_t l = 0; l < graph.layers().size(); ++l) {
    std::size_t begin = graph.parameter_offset(l);
    for (const ParameterInfo& info : graph.layers()[l]->parameters()) {
      ranges.push_back({begin, begin + info.size(), info.trained && info.decays});
      begin += info.size();
    }
  }
  return ranges;
}

void apply(const Context& context, Optimizer& optimizer, const AlignedVector<float>& gradient,
           std::vector<float>& parameters) {
  constexpr std::size_t piece = 16384;
  parallel_for(
      context, chunk_count(parameters.size(), piece),
      [&](std::size_t chunk) {
        const Range range = chunk_range(parameters.size(), piece, chunk);
        optimizer.apply(range.begin, range.end, gradient.data(), parameters.data());
      },
      0.5 * static_cast<double>(parameters.size()));
}

bool all_finite(const std::vector<float>& values) {
  return std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); });
}

}  // namespace

std::vector<float> start_parameters(const Graph& graph, Initialisation initialisation, std::uint64_t seed) {
  // The activation behind a layer, where there is one.
  std::vector<Activation> behind(graph.layers().size(), Activation::linear);
  for (const Node& node : graph.nodes()) {
    const Activation function = graph.layer_of(node).function();
    const std::size_t v = node.inputs[0];
    if (function != Activation::linear && v >= graph.inputs().size()) {
      behind[graph.nodes()[v - graph.inputs().size()].layer] = function;
    }
  }
  std::vector<float> parameters(graph.parameter_count(), 0.0F);
  std::uint32_t number = 0;
  for (std::size_t l = 0; l < graph.layers().size(); ++l) {
    float* place = parameters.data() + graph.parameter_offset(l);
    for (const ParameterInfo& info : graph.layers()[l]->parameters()) {
      if (info.start == Start::ones) std::fill_n(place, info.size(), 1.0F);
      if (info.start == Start::weights) {
        initialise(initialisation, behind[l], info.inputs, info.outputs, seed, number++, place, info.size());
      }
      place += info.size();
    }
  }
  return parameters;
}

GraphFit fit_graph(const Context& context, const GraphPointer& graph, const GraphParams& params,
                   const GraphData& training_data, const GraphData* validation_data, const std::vector<float>* start) {
  check_params(*graph, params);
  const Sample training = make_sample(*graph, params, training_data, "training");
  Sample validation;
  if (validation_data != nullptr) validation = make_sample(*graph, params, *validation_data, "validation");
  const bool has_validation = validation_data != nullptr;

  std::vector<float> parameters;
  if (start != nullptr) {
    if (start->size() != graph->parameter_count()) {
      throw InvalidArgument("start has " + std::to_string(start->size()) + " parameters, the network has " +
                            std::to_string(graph->parameter_count()));
    }
    parameters = *start;
  } else {
    parameters = start_parameters(*graph, params.initialisation, context.seed);
    standardise(*graph, training, parameters);
  }

  const std::size_t n = training.size();
  const std::size_t batch_size =
      params.batch_size == 0 ? n : std::min<std::size_t>(static_cast<std::size_t>(params.batch_size), n);
  const std::size_t batches = chunk_count(n, batch_size);
  GraphFit fit;
  Course course(context, params, fit);
  Batch<float> batch(*graph, batch_size);
  Optimizer optimizer(params.optimizer, ranges_of(*graph), graph->parameter_count());
  Schedule schedule(params.schedule, params.optimizer.learning_rate,
                    static_cast<std::uint64_t>(batches) * static_cast<std::uint64_t>(params.epochs));
  AlignedVector<float> gradient(graph->parameter_count());
  std::uint64_t step = 0;
  bool running = true;
  for (std::int32_t epoch = 0; epoch < params.epochs && running; ++epoch) {
    RandomSequence random(context.seed, Purpose::shuffle, static_cast<std::uint32_t>(epoch));
    const std::vector<std::size_t> order = random_order(n, random);
    double loss = 0.0;
    bool whole = true;
    for (std::size_t b = 0; b < batches; ++b) {
      if (course.interrupted()) {
        whole = false;
        break;
      }
      const Range range = chunk_range(n, batch_size, b);
      const std::size_t* index = order.data() + range.begin;
      Batch<float>::Work work;
      work.events = range.end - range.begin;
      work.seed = context.seed;
      work.step = static_cast<std::uint32_t>(step);
      work.load = [&](std::size_t first, std::size_t count, Tile<float>& tile) {
        load(*graph, training, index + first, count, tile);
      };
      work.loss = [&](std::size_t first, std::size_t count, Tile<float>& tile) {
        return sum_losses(*graph, params, training, index + first, count, tile,
                          [&](std::size_t o) { return tile.output_gradient(o); });
      };
      loss += batch.gradient(context, work, parameters.data(), gradient.data());
      optimizer.begin_step(schedule.rate(step), 1.0 / static_cast<double>(work.events));
      if (optimizer.clips_norm()) {
        optimizer.clip(optimizer_kernels().sum_of_squares(gradient.data(), gradient.size()));
      }
      apply(context, optimizer, gradient, parameters);
      batch.update_state(parameters.data(), work.events);
      ++step;
      if (!std::isfinite(loss)) break;
    }
    if (!whole) break;
    if (!all_finite(parameters)) {
      course.diverge("the weights were no longer finite in epoch " + std::to_string(epoch + 1));
      break;
    }
    running = course.finish_epoch(epoch, loss / training.total, parameters, has_validation,
                                  [&] { return mean_loss(context, *graph, params, validation, parameters); });
    if (running) schedule.finish_epoch(course.monitored());
  }
  fit.predictor = std::make_shared<const GraphPredictor>(graph, course.result(parameters));
  return fit;
}

}  // namespace diskern::network::graph

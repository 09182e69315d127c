#include "network/graph/training.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <type_traits>
#include <utility>

#include "base/executor.hpp"
#include "base/random.hpp"
#include "diskern/error.hpp"
#include "network/graph/batch.hpp"
#include "network/graph/course.hpp"
#include "network/graph/sample.hpp"
#include "network/graph/update.hpp"
#include "network/graph/whole_sample.hpp"

namespace diskern::network::graph {

namespace {

// Events of a batch: rows of a sample.
struct Rows {
  const Sample* sample = nullptr;
  const std::size_t* index = nullptr;
  std::size_t events = 0;
};

// Batches of a sample in memory, in a new order each epoch.
class MemoryBatches {
 public:
  MemoryBatches(const Sample& sample, const GraphParams& params, std::uint64_t seed)
      : sample_(sample),
        size_(params.batch_size == 0 ? sample.size()
                                     : std::min<std::size_t>(static_cast<std::size_t>(params.batch_size), sample.size())),
        seed_(seed) {}

  std::size_t count() const noexcept { return chunk_count(sample_.size(), size_); }
  std::size_t largest() const noexcept { return size_; }
  void begin_epoch(std::int32_t epoch) {
    RandomSequence random(seed_, Purpose::shuffle, static_cast<std::uint32_t>(epoch));
    order_ = random_order(sample_.size(), random);
  }
  bool next(std::size_t b, Rows& rows) {
    const Range range = chunk_range(sample_.size(), size_, b);
    rows = {&sample_, order_.data() + range.begin, range.end - range.begin};
    return true;
  }

 private:
  const Sample& sample_;
  std::size_t size_;
  std::uint64_t seed_;
  std::vector<std::size_t> order_;
};

// Batches from a source. Their weights are scaled as those of its first events.
class SourceBatches {
 public:
  SourceBatches(const Graph& graph, const GraphParams& params, BatchSource& source, const char* which, double scale)
      : graph_(graph), params_(params), source_(source), which_(which), scale_(scale), order_(source.largest()) {
    if (source.batches() == 0 || source.largest() == 0) throw InvalidArgument(std::string(which) + ": no events");
    std::iota(order_.begin(), order_.end(), std::size_t{0});
  }

  std::size_t count() const { return source_.batches(); }
  std::size_t largest() const { return source_.largest(); }
  void begin_epoch(std::int32_t epoch) { source_.begin_epoch(epoch); }
  bool next(std::size_t, Rows& rows) {
    GraphData data;
    if (!source_.next(data)) return false;
    sample_ = make_sample(graph_, params_, data, which_, &scale_);
    if (sample_.size() > order_.size()) throw InvalidArgument(std::string(which_) + ": a batch has too many events");
    rows = {&sample_, order_.data(), sample_.size()};
    return true;
  }

 private:
  const Graph& graph_;
  const GraphParams& params_;
  BatchSource& source_;
  const char* which_;
  double scale_;
  Sample sample_;
  std::vector<std::size_t> order_;
};

// Epochs over what gives batches; validation: gives the mean validation loss of parameters, or is empty.
template <class Batches>
GraphFit run_epochs(const Context& context, const GraphPointer& graph, const GraphParams& params, Batches& batches,
                    std::vector<float> parameters,
                    const std::function<double(const std::vector<float>& parameters)>& validation) {
  GraphFit fit;
  Course course(context, params, fit);
  Batch<float> batch(*graph, batches.largest());
  Optimizer optimizer(params.optimizer, ranges_of(*graph), graph->parameter_count());
  const std::uint64_t steps = static_cast<std::uint64_t>(batches.count()) * static_cast<std::uint64_t>(params.epochs);
  Schedule schedule(params.schedule, params.optimizer.learning_rate, steps);
  AlignedVector<float> gradient(graph->parameter_count());
  // The weights of the model: those that train, or their mean. Running averages of layers are averaged with them.
  std::vector<float> mean;
  if (params.averaging.kind != Averaging::none) mean = parameters;
  const std::vector<float>& model = mean.empty() ? parameters : mean;
  std::uint64_t step = 0;
  bool running = true;
  for (std::int32_t epoch = 0; epoch < params.epochs && running; ++epoch) {
    batches.begin_epoch(epoch);
    double loss = 0.0;
    double total = 0.0;
    bool whole = true;
    for (std::size_t b = 0; b < batches.count(); ++b) {
      if (course.interrupted()) {
        whole = false;
        break;
      }
      Rows rows;
      if (!batches.next(b, rows)) {
        course.interrupt();
        whole = false;
        break;
      }
      Batch<float>::Work work;
      work.events = rows.events;
      work.seed = context.seed;
      work.step = static_cast<std::uint32_t>(step);
      work.load = [&](std::size_t first, std::size_t count, Tile<float>& tile) {
        load(*graph, *rows.sample, rows.index + first, count, tile);
      };
      work.loss = [&](std::size_t first, std::size_t count, Tile<float>& tile) {
        return sum_losses(*graph, params, *rows.sample, rows.index + first, count, tile,
                          [&](std::size_t o) { return tile.output_gradient(o); });
      };
      loss += batch.gradient(context, work, parameters.data(), gradient.data());
      if (b == 0 || !std::is_same_v<Batches, MemoryBatches>) total += rows.sample->total;
      optimizer.begin_step(schedule.rate(step), 1.0 / static_cast<double>(work.events));
      if (optimizer.clips_norm()) {
        optimizer.clip(optimizer_kernels().sum_of_squares(gradient.data(), gradient.size()));
      }
      apply(context, optimizer, gradient, parameters);
      batch.update_state(parameters.data(), work.events);
      ++step;
      if (!mean.empty()) {
        const double fraction = averaging_fraction(params.averaging, step, steps);
        if (fraction >= 1.0) {
          mean = parameters;
        } else {
          optimizer_kernels().blend(parameters.data(), static_cast<float>(fraction), mean.data(), mean.size());
        }
      }
      if (!std::isfinite(loss)) break;
    }
    if (!whole) break;
    if (!all_finite(parameters)) {
      course.diverge("the weights were no longer finite in epoch " + std::to_string(epoch + 1));
      break;
    }
    try {
      running = course.finish_epoch(epoch, loss / total, model, static_cast<bool>(validation),
                                    [&] { return validation(model); });
    } catch (const Interrupted&) {  // while the validation events were read
      course.interrupt();
      break;
    }
    if (running) schedule.finish_epoch(course.monitored());
  }
  fit.predictor = std::make_shared<const GraphPredictor>(graph, course.result(model));
  return fit;
}

std::vector<float> first_parameters(const Graph& graph, const GraphParams& params, const Sample& sample,
                                    std::uint64_t seed, const std::vector<float>* start) {
  if (start != nullptr) {
    if (start->size() != graph.parameter_count()) {
      throw InvalidArgument("start has " + std::to_string(start->size()) + " parameters, the network has " +
                            std::to_string(graph.parameter_count()));
    }
    return *start;
  }
  std::vector<float> parameters = start_parameters(graph, params.initialisation, seed);
  standardise(graph, sample, parameters);
  return parameters;
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
  std::function<double(const std::vector<float>&)> validation_loss;
  if (validation_data != nullptr) {
    validation = make_sample(*graph, params, *validation_data, "validation");
    validation_loss = [&](const std::vector<float>& parameters) {
      return mean_loss(context, *graph, params, validation, parameters);
    };
  }
  std::vector<float> parameters = first_parameters(*graph, params, training, context.seed, start);
  if (params.solver != GraphSolver::mini_batch) {
    return fit_whole_sample(context, graph, params, training, std::move(parameters), validation_loss);
  }
  MemoryBatches batches(training, params, context.seed);
  return run_epochs(context, graph, params, batches, std::move(parameters), validation_loss);
}

GraphFit fit_graph(const Context& context, const GraphPointer& graph, const GraphParams& params, BatchSource& source,
                   const GraphData* validation_data, BatchSource* validation_source, const std::vector<float>* start) {
  check_params(*graph, params);
  if (params.solver != GraphSolver::mini_batch) {
    throw InvalidArgument(std::string("solver is '") + name(params.solver) +
                          "', which needs all events in memory; a stream needs mini-batches");
  }
  std::vector<float> parameters;
  double scale = 1.0;
  {
    const Sample first = make_sample(*graph, params, source.first(), "training");
    parameters = first_parameters(*graph, params, first, context.seed, start);
    scale = first.scale;
  }
  SourceBatches batches(*graph, params, source, "training", scale);
  Sample validation;
  std::function<double(const std::vector<float>&)> validation_loss;
  if (validation_data != nullptr) {
    validation = make_sample(*graph, params, *validation_data, "validation");
    validation_loss = [&](const std::vector<float>& now) {
      return mean_loss(context, *graph, params, validation, now);
    };
  } else if (validation_source != nullptr) {
    validation_loss = [&](const std::vector<float>& now) {
      // Loss per unit weight: the scale of weights does not matter.
      SourceBatches apart(*graph, params, *validation_source, "validation", 1.0);
      apart.begin_epoch(0);
      double sum = 0.0;
      double total = 0.0;
      for (std::size_t b = 0; b < apart.count(); ++b) {
        Rows rows;
        if (!apart.next(b, rows)) throw Interrupted();
        if (rows.sample->total > 0.0) {
          sum += mean_loss(context, *graph, params, *rows.sample, now) * rows.sample->total;
        }
        total += rows.sample->total;
      }
      if (!(total > 0.0)) throw InvalidArgument("validation weights: all of them are zero");
      return sum / total;
    };
  }
  return run_epochs(context, graph, params, batches, std::move(parameters), validation_loss);
}

}  // namespace diskern::network::graph
